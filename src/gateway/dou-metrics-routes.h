/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouMetricsRoutes:
 *
 * What all processes of this node measure, for those who may see it.
 */
#define DOU_TYPE_METRICS_ROUTES (dou_metrics_routes_get_type ())
G_DECLARE_FINAL_TYPE (DouMetricsRoutes, dou_metrics_routes, DOU, METRICS_ROUTES, GObject)

DouMetricsRoutes *dou_metrics_routes_new (DouConfig *config, GError **error);
void dou_metrics_routes_add (DouMetricsRoutes *self, DouRouter *router);

G_END_DECLS
