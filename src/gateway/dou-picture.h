/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

GBytes *dou_picture_draw_avatar (gint64 id);
GBytes *dou_picture_draw_background (gint64 id);

G_END_DECLS
