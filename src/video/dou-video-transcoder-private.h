/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-video-transcoder.h"

G_BEGIN_DECLS

/* What the files of the transcoder share, and nobody else sees. */

struct _DouVideoTranscoder
{
  GObject parent_instance;

  DouVideoStore *store;      /* (owned) */
  DouVideoJobs *jobs;        /* (owned) */
  DouMediaStore *media;      /* (owned) */
  DouMediaRunner *runner;    /* (owned) */
  GCancellable *cancellable; /* (owned) cancelled by the stop */
  GCancellable *run;         /* (owned) (nullable) of the task: cancelled by the stop, too */
  DouVideoTask *task;        /* (owned) (nullable) what is being worked on */
  int fd;                    /* (owned) or -1: its file as it came */
  gint64 max_duration;       /* milliseconds */
  guint retry_delay;         /* seconds */
  gboolean busy;  /* asking, or working */
  gboolean again; /* asked to look again meanwhile */
};

void dou_video_transcoder_rest (DouVideoTranscoder *self);
void dou_video_transcoder_give_way (DouVideoTranscoder *self, const GError *error);
void dou_video_transcoder_tell_ended (DouVideoTranscoder *self, gboolean done);

void dou_video_transcoder_begin (DouVideoTranscoder *self);

void dou_video_transcoder_succeed (DouVideoTranscoder *self);
void dou_video_transcoder_fail (DouVideoTranscoder *self, const GError *error);
void dou_video_transcoder_give_up_if_last (DouVideoTranscoder *self);
void dou_video_transcoder_wait_for_store (DouVideoTranscoder *self, const GError *error);
void dou_video_transcoder_leave (DouVideoTranscoder *self, const GError *error);

G_END_DECLS
