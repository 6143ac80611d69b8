/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-redis.h"

G_BEGIN_DECLS

/**
 * DouVideoQueue:
 *
 * Videos that are to be transcoded, in a Redis that several nodes share. Whoever has taken one keeps it, or
 * drops it when it is done; of who does neither others get it.
 */
#define DOU_TYPE_VIDEO_QUEUE (dou_video_queue_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoQueue, dou_video_queue, DOU, VIDEO_QUEUE, GObject)

DouVideoQueue *dou_video_queue_new (DouRedis *redis, const char *key, const char *consumer,
                                    gint64 lease);

gboolean dou_video_queue_is_up (DouVideoQueue *self);

void dou_video_queue_add (DouVideoQueue *self, gint64 id);
void dou_video_queue_restock (DouVideoQueue *self, GArray *ids);

void dou_video_queue_take_async (DouVideoQueue *self, GAsyncReadyCallback callback,
                                 gpointer user_data);
char *dou_video_queue_take_finish (DouVideoQueue *self, GAsyncResult *result, gint64 *id,
                                   GError **error);

void dou_video_queue_keep (DouVideoQueue *self, const char *entry);
void dou_video_queue_drop (DouVideoQueue *self, const char *entry);

G_END_DECLS
