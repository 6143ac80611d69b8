/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

void dou_report_routes_add (DouRouter *router, DouContext *context);

G_END_DECLS
