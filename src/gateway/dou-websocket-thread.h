/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-language.h"
#include "gateway/dou-mailbox.h"
#include "gateway/dou-websocket-session.h"

G_BEGIN_DECLS

/**
 * DouWebsocketTicket:
 * @user: whose session it is to be
 * @slot: what was reserved for it
 * @generation: of the password, when the token was issued
 * @lifetime: microseconds until the token expires
 * @language: to answer in
 *
 * What somebody comes in with.
 */
typedef struct
{
  gint64 user;
  guint slot;
  gint64 generation;
  gint64 lifetime;
  DouLanguage language;
} DouWebsocketTicket;

/**
 * DouWebsocketText:
 * @session: the number of the session
 * @user: whose session it is
 * @language: of the client
 * @text: what it says, valid UTF-8
 *
 * What came over a WebSocket.
 */
typedef struct
{
  guint64 session;
  gint64 user;
  DouLanguage language;
  GBytes *text; /* (owned) */
} DouWebsocketText;

/**
 * DouWebsocketOrderKind:
 * @DOU_WEBSOCKET_ORDER_ADD: @number, @ticket, @fd, @deadline: there is a new session
 * @DOU_WEBSOCKET_ORDER_PUSH: @ticket.user, @text: for all sessions of a user
 * @DOU_WEBSOCKET_ORDER_PUSH_TO_ALL: @text: for all sessions
 * @DOU_WEBSOCKET_ORDER_ANSWER: @number, @text: to the last text of a session
 * @DOU_WEBSOCKET_ORDER_END_GENERATIONS: @ticket.user, @ticket.generation: close the sessions of a
 *   user that are of an earlier generation
 * @DOU_WEBSOCKET_ORDER_CLOSE_ALL: @code: close all sessions
 * @DOU_WEBSOCKET_ORDER_QUIT: end
 *
 * What the thread can be told to do, and what of an order it looks at then.
 */
typedef enum
{
  DOU_WEBSOCKET_ORDER_ADD,
  DOU_WEBSOCKET_ORDER_PUSH,
  DOU_WEBSOCKET_ORDER_PUSH_TO_ALL,
  DOU_WEBSOCKET_ORDER_ANSWER,
  DOU_WEBSOCKET_ORDER_END_GENERATIONS,
  DOU_WEBSOCKET_ORDER_CLOSE_ALL,
  DOU_WEBSOCKET_ORDER_QUIT,
} DouWebsocketOrderKind;

typedef struct
{
  DouWebsocketOrderKind kind;
  guint64 number; /* of a session */
  DouWebsocketTicket ticket;
  int fd;          /* (owned) a connected socket on which the handshake is done, or -1 */
  gint64 deadline; /* monotonic time in microseconds */
  gushort code;
  GBytes *text; /* (owned) (nullable) */
} DouWebsocketOrder;

/**
 * DouWebsocketReport:
 * @text: what came; without its text: the session is over
 * @slot: of the session
 *
 * What happened.
 */
typedef struct
{
  DouWebsocketText text;
  guint slot;
} DouWebsocketReport;

/**
 * DouWebsocketThread:
 *
 * Where WebSockets live.
 */
typedef struct _DouWebsocketThread DouWebsocketThread;

DouWebsocketThread *dou_websocket_thread_new (const DouWebsocketLimits *limits,
                                              DouMailbox *reports);
void dou_websocket_thread_free (DouWebsocketThread *self);

void dou_websocket_thread_post (DouWebsocketThread *self, DouWebsocketOrder *order);
guint dou_websocket_thread_get_n_orders (DouWebsocketThread *self);

DouWebsocketOrder *dou_websocket_order_new (DouWebsocketOrderKind kind, GBytes *text);
void dou_websocket_report_free (DouWebsocketReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouWebsocketThread, dou_websocket_thread_free)

G_END_DECLS
