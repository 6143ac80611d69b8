/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-media.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

void dou_media_routes_add (DouRouter *router, DouMedia *media);

G_END_DECLS
