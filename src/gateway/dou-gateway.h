/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

/**
 * DouGateway:
 *
 * One front-end process: the services behind, the routes, and the server in front.
 */
#define DOU_TYPE_GATEWAY (dou_gateway_get_type ())
G_DECLARE_FINAL_TYPE (DouGateway, dou_gateway, DOU, GATEWAY, GObject)

DouGateway *dou_gateway_new (DouService *service, guint index, GError **error);
DouRouter *dou_gateway_get_router (DouGateway *self);
gboolean dou_gateway_add_listener (DouGateway *self, int fd, GError **error);
void dou_gateway_announce (DouGateway *self, int ready_fd);

G_END_DECLS
