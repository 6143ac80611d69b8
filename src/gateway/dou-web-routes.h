/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-resource-routes.h"

G_BEGIN_DECLS

DouResourceRoutes *dou_web_routes_new (const char *media_origin);

G_END_DECLS
