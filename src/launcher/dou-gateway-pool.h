/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launcher/dou-gateway-process.h"

G_BEGIN_DECLS

/**
 * DouGatewayPool:
 *
 * All gateways: ready when each of them is, stopped when none is left.
 */
#define DOU_TYPE_GATEWAY_POOL (dou_gateway_pool_get_type ())
G_DECLARE_FINAL_TYPE (DouGatewayPool, dou_gateway_pool, DOU, GATEWAY_POOL, GObject)

DouGatewayPool *dou_gateway_pool_new (DouReaper *reaper, const char *const *argv, guint n_gateways,
                                      GPtrArray *sockets);

void dou_gateway_pool_start_async (DouGatewayPool *self, GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dou_gateway_pool_start_finish (DouGatewayPool *self, GAsyncResult *result,
                                        GError **error);
void dou_gateway_pool_stop_async (DouGatewayPool *self, GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dou_gateway_pool_stop_finish (DouGatewayPool *self, GAsyncResult *result, GError **error);

GPid dou_gateway_pool_get_pid (DouGatewayPool *self, guint index);

G_END_DECLS
