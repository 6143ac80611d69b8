/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * DouWebsocketHandshake:
 *
 * How libsoup answers who asks to speak WebSocket.
 */
#define DOU_TYPE_WEBSOCKET_HANDSHAKE (dou_websocket_handshake_get_type ())
G_DECLARE_FINAL_TYPE (DouWebsocketHandshake, dou_websocket_handshake, DOU, WEBSOCKET_HANDSHAKE, GObject)

DouWebsocketHandshake *dou_websocket_handshake_new (void);
gboolean dou_websocket_handshake_answer (DouWebsocketHandshake *self, SoupMessageHeaders *asked,
                                         SoupMessageHeaders *answer);

G_END_DECLS
