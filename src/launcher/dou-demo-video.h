/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* As many differ in more than their colours. */
#define DOU_DEMO_VIDEO_KINDS 9

char *dou_demo_video_get_title (guint index);
gboolean dou_demo_video_make (guint index, const char *path, GCancellable *cancellable,
                              GError **error);

G_END_DECLS
