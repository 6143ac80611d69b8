/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-runner.h"
#include "video/dou-media-store.h"
#include "video/dou-video-jobs.h"
#include "video/dou-video-store.h"

G_BEGIN_DECLS

/* Seconds before what could not be transcoded is tried again. */
#define DOU_VIDEO_TRANSCODER_RETRY_DELAY 60
/* How often it is tried. */
#define DOU_VIDEO_TRANSCODER_MAX_ATTEMPTS 3

/**
 * DouVideoTranscoder:
 *
 * Transcodes videos in the background, one at a time.
 */
#define DOU_TYPE_VIDEO_TRANSCODER (dou_video_transcoder_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoTranscoder, dou_video_transcoder, DOU, VIDEO_TRANSCODER, GObject)

DouVideoTranscoder *dou_video_transcoder_new (DouVideoStore *store, DouMediaStore *media,
                                              DouVideoJobs *jobs, DouMediaRunner *runner,
                                              gint64 max_duration, guint retry_delay);

void dou_video_transcoder_add (DouVideoTranscoder *self, gint64 id);
void dou_video_transcoder_wake (DouVideoTranscoder *self);
void dou_video_transcoder_stop (DouVideoTranscoder *self);
gint64 dou_video_transcoder_get_current (DouVideoTranscoder *self);
void dou_video_transcoder_drop_current (DouVideoTranscoder *self);
gboolean dou_video_transcoder_is_busy (DouVideoTranscoder *self);

G_END_DECLS
