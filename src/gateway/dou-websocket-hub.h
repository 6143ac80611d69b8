/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-websocket-slots.h"
#include "gateway/dou-websocket-thread.h"

G_BEGIN_DECLS

/**
 * DouWebsocketHub:
 *
 * All WebSockets of a gateway, in a thread of their own. What is here is for the thread that made
 * the hub.
 */
#define DOU_TYPE_WEBSOCKET_HUB (dou_websocket_hub_get_type ())
G_DECLARE_FINAL_TYPE (DouWebsocketHub, dou_websocket_hub, DOU, WEBSOCKET_HUB, GObject)

/**
 * DouWebsocketFunc:
 * @hub: the hub
 * @text: what came; to be answered once with dou_websocket_hub_answer(), at once or later
 * @user_data: of dou_websocket_hub_listen()
 */
typedef void (*DouWebsocketFunc) (DouWebsocketHub *hub, const DouWebsocketText *text,
                                  gpointer user_data);

DouWebsocketHub *dou_websocket_hub_new (DouWebsocketSlots *slots, const DouWebsocketLimits *limits,
                                        guint max_sessions);
void dou_websocket_hub_listen (DouWebsocketHub *self, DouWebsocketFunc func, gpointer user_data);

gboolean dou_websocket_hub_reserve (DouWebsocketHub *self, gint64 user, guint *slot);
void dou_websocket_hub_cancel (DouWebsocketHub *self, gint64 user, guint slot);
void dou_websocket_hub_add (DouWebsocketHub *self, const DouWebsocketTicket *ticket, int fd);

gboolean dou_websocket_hub_has_user (DouWebsocketHub *self, gint64 user);
GArray *dou_websocket_hub_get_users (DouWebsocketHub *self);
guint dou_websocket_hub_get_n_sessions (DouWebsocketHub *self);
void dou_websocket_hub_push (DouWebsocketHub *self, gint64 user, GBytes *text);
void dou_websocket_hub_push_to_all (DouWebsocketHub *self, GBytes *text);
void dou_websocket_hub_answer (DouWebsocketHub *self, guint64 session, GBytes *text);
void dou_websocket_hub_end_generations (DouWebsocketHub *self, gint64 user, gint64 generation);
void dou_websocket_hub_close_all (DouWebsocketHub *self);

G_END_DECLS
