/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The most WebSockets of one user: as many devices as anybody has at hand. */
#define DOU_WEBSOCKET_SLOTS_MAX 8

/**
 * DouWebsocketSlots:
 *
 * Counts the WebSockets of each user over all gateways of this machine.
 */
#define DOU_TYPE_WEBSOCKET_SLOTS (dou_websocket_slots_get_type ())
G_DECLARE_FINAL_TYPE (DouWebsocketSlots, dou_websocket_slots, DOU, WEBSOCKET_SLOTS, GObject)

DouWebsocketSlots *dou_websocket_slots_new (const char *path, GError **error);
gboolean dou_websocket_slots_take (DouWebsocketSlots *self, gint64 user, guint *slot);
void dou_websocket_slots_give_back (DouWebsocketSlots *self, gint64 user, guint slot);

G_END_DECLS
