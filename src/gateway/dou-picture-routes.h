/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-router.h"

G_BEGIN_DECLS

void dou_picture_routes_add (DouRouter *router);

G_END_DECLS
