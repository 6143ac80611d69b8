/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-router.h"

G_BEGIN_DECLS

/**
 * DouResourceRoutes:
 *
 * Files that are compiled in, served as they are: the interface description and its page. Each gets
 * a route of its own, GET and HEAD, with a content type by its extension, an entity tag by its
 * content, and gzip for those who take it.
 */
#define DOU_TYPE_RESOURCE_ROUTES (dou_resource_routes_get_type ())
G_DECLARE_FINAL_TYPE (DouResourceRoutes, dou_resource_routes, DOU, RESOURCE_ROUTES, GObject)

DouResourceRoutes *dou_resource_routes_new (GResource *resource,
                                            const char *root,
                                            const char *policy);
void dou_resource_routes_add (DouResourceRoutes *self, DouRouter *router);

G_END_DECLS
