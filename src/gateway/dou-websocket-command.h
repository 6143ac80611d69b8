/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "common/dou-json-writer.h"
#include "common/dou-status.h"

G_BEGIN_DECLS

/**
 * DouWebsocketVerb:
 * @DOU_WEBSOCKET_SEND: send a message
 * @DOU_WEBSOCKET_READ: mark as read
 */
typedef enum
{
  DOU_WEBSOCKET_SEND,
  DOU_WEBSOCKET_READ,
} DouWebsocketVerb;

/**
 * DouWebsocketCommand:
 * @verb: what to do
 * @ref: JSON of the client's reference: a string, a whole number, or `null` if it gave none
 * @user: whom it is about
 * @content: of a message; empty otherwise
 * @request_id: of a message, to be able to send it again; empty if the client gave none
 * @time: up to when was read, in milliseconds since 1970-01-01 UTC
 *
 * What a client says over a WebSocket.
 */
typedef struct
{
  DouWebsocketVerb verb;
  char *ref; /* (owned) */
  gint64 user;
  char *content;    /* (owned) */
  char *request_id; /* (owned) */
  gint64 time;
} DouWebsocketCommand;

DouStatus dou_websocket_command_parse (DouWebsocketCommand *self, const char *text, gsize length);
void dou_websocket_command_clear (DouWebsocketCommand *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouWebsocketCommand, dou_websocket_command_clear)

G_END_DECLS
