/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launcher/dou-reaper.h"

G_BEGIN_DECLS

/**
 * DouGatewayProcess:
 *
 * One place in the pool of gateways: a process, and another one after it if it dies.
 */
#define DOU_TYPE_GATEWAY_PROCESS (dou_gateway_process_get_type ())
G_DECLARE_FINAL_TYPE (DouGatewayProcess, dou_gateway_process, DOU, GATEWAY_PROCESS, GObject)

DouGatewayProcess *dou_gateway_process_new (DouReaper *reaper, const char *const *argv, guint index,
                             GPtrArray *sockets);

gboolean dou_gateway_process_start (DouGatewayProcess *self, GError **error);
void dou_gateway_process_stop (DouGatewayProcess *self);
gboolean dou_gateway_process_is_ready (DouGatewayProcess *self);
gboolean dou_gateway_process_is_stopped (DouGatewayProcess *self);
GPid dou_gateway_process_get_pid (DouGatewayProcess *self);

G_END_DECLS
