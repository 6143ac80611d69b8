/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

/**
 * DouServer:
 *
 * The HTTP front end: accepts connections on its own listeners, parks idle ones, gives libsoup only
 * those with a request to read, enforces the limits, and calls the handler that the router finds.
 */
#define DOU_TYPE_SERVER (dou_server_get_type ())
G_DECLARE_FINAL_TYPE (DouServer, dou_server, DOU, SERVER, GObject)

DouServer *
dou_server_new (DouConfig *config, DouRouter *router, DouRateLimiter *limiter, GError **error);
gboolean dou_server_add_listener (DouServer *self, int fd, GError **error);

void dou_server_stop_async (DouServer *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_server_stop_finish (DouServer *self, GAsyncResult *result, GError **error);

guint dou_server_get_n_connections (DouServer *self);
guint dou_server_get_n_requests (DouServer *self);

G_END_DECLS
