/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-store.h"
#include "video/dou-video-queue.h"
#include "video/dou-video-store.h"

G_BEGIN_DECLS

/**
 * DouVideoJobs:
 *
 * Which video this node is to transcode next, one at a time, whatever other nodes do.
 */
#define DOU_TYPE_VIDEO_JOBS (dou_video_jobs_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoJobs, dou_video_jobs, DOU, VIDEO_JOBS, GObject)

DouVideoJobs *dou_video_jobs_new (DouVideoStore *store, DouMediaStore *media, guint node, gint64 lease);
void dou_video_jobs_set_queue (DouVideoJobs *self, DouVideoQueue *queue);
void dou_video_jobs_stop (DouVideoJobs *self);

void dou_video_jobs_add (DouVideoJobs *self, gint64 id);
void dou_video_jobs_look_after (DouVideoJobs *self, gint64 milliseconds);

void dou_video_jobs_take_async (DouVideoJobs *self, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean dou_video_jobs_take_finish (DouVideoJobs *self, GAsyncResult *result, DouVideoTask **task,
                                     GError **error);

void dou_video_jobs_begin (DouVideoJobs *self, const DouVideoTask *task);
void dou_video_jobs_let_go (DouVideoJobs *self);
gboolean dou_video_jobs_is_own (DouVideoJobs *self, gint64 id);
void dou_video_jobs_leave (DouVideoJobs *self, gint64 id);
void dou_video_jobs_end (DouVideoJobs *self, gboolean is_over);

G_END_DECLS
