/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-store.h"
#include "video/dou-video-social.h"
#include "video/dou-video-store.h"
#include "video/dou-video-transcoder.h"

G_BEGIN_DECLS

/* Seconds before what could not be cleaned is tried again. */
#define DOU_VIDEO_CLEANER_RETRY_DELAY 60

/**
 * DouVideoCleaner:
 *
 * Removes all that belonged to deleted videos.
 */
#define DOU_TYPE_VIDEO_CLEANER (dou_video_cleaner_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoCleaner, dou_video_cleaner, DOU, VIDEO_CLEANER, GObject)

DouVideoCleaner *dou_video_cleaner_new (DouVideoStore *store, DouMediaStore *media,
                                        DouVideoTranscoder *transcoder, DouVideoSocial *social,
                                        guint retry_delay);

void dou_video_cleaner_resume (DouVideoCleaner *self);
void dou_video_cleaner_stop (DouVideoCleaner *self);
gboolean dou_video_cleaner_is_busy (DouVideoCleaner *self);
void dou_video_cleaner_look_for_gone (DouVideoCleaner *self, const gint64 *ids, guint n_ids);

void dou_video_cleaner_clean_async (DouVideoCleaner *self, GArray *ids,
                                    GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_video_cleaner_clean_finish (DouVideoCleaner *self, GAsyncResult *result,
                                         GError **error);

G_END_DECLS
