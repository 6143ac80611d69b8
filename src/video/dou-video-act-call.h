/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-video-manager.h"

G_BEGIN_DECLS

GTask *dou_video_act_call_new (DouVideoManager *manager, gpointer source_tag, guint n_items,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_video_act_call_take (GTask *task, guint place, const gint64 *id, const char *why);
gint64 dou_video_act_call_get_asked (GTask *task, guint i);
void dou_video_act_call_refuse (GTask *task, guint i, DouStatus status);
void dou_video_act_call_return (GTask *task);

G_END_DECLS
