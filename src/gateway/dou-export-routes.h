/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-object-address.h"
#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouExportRoutes:
 *
 * What users take along of what is kept of them.
 */
#define DOU_TYPE_EXPORT_ROUTES (dou_export_routes_get_type ())
G_DECLARE_FINAL_TYPE (DouExportRoutes, dou_export_routes, DOU, EXPORT_ROUTES, GObject)

DouExportRoutes *dou_export_routes_new (DouContext *context, GDBusConnection *connection,
                                        DouObjectAddress *objects);
void dou_export_routes_add (DouExportRoutes *self, DouRouter *router);

G_END_DECLS
