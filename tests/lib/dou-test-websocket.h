/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * DouTestWebsocket:
 *
 * A client with a WebSocket, and what the server has said that nobody has looked at yet.
 */
typedef struct _DouTestWebsocket DouTestWebsocket;

DouTestWebsocket *dou_test_websocket_new (const char *url);
void dou_test_websocket_free (DouTestWebsocket *self);

void dou_test_websocket_say (DouTestWebsocket *self, const char *text);
JsonObject *dou_test_websocket_hear (DouTestWebsocket *self);
guint dou_test_websocket_get_n_heard (DouTestWebsocket *self);
gboolean dou_test_websocket_is_closed (DouTestWebsocket *self);
gushort dou_test_websocket_wait_closed (DouTestWebsocket *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestWebsocket, dou_test_websocket_free)

G_END_DECLS
