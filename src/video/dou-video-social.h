/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouVideoSocial:
 *
 * The social domain, as the video domain sees it: there are things that go with a video.
 */
#define DOU_TYPE_VIDEO_SOCIAL (dou_video_social_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoSocial, dou_video_social, DOU, VIDEO_SOCIAL, GObject)

DouVideoSocial *dou_video_social_new (GDBusConnection *connection, GError **error);

void dou_video_social_remove_async (DouVideoSocial *self, const gint64 *videos, guint n_videos,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean dou_video_social_remove_finish (DouVideoSocial *self, GAsyncResult *result,
                                         GError **error);

G_END_DECLS
