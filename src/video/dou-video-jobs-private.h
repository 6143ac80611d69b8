/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-video-jobs.h"

G_BEGIN_DECLS

/* What the files of the jobs share, and nobody else sees. */

struct _DouVideoJobs
{
  GObject parent_instance;

  DouVideoStore *store; /* (owned) */
  DouMediaStore *media; /* (owned) */
  DouVideoQueue *queue; /* (owned) (nullable) */
  GTask *taking;        /* (owned) (nullable) */
  DouVideoTask *current; /* (owned) (nullable) what is being worked on: id, claim and entry */
  guint node;           /* the number of this one */
  gint64 lease;         /* milliseconds; 0 if there is no other node */
  GHashTable *left;     /* (owned) (element-type gint64 gint64) for others: until when, in monotonic time */
  guint look_id;
  guint poll_id;
  guint renewal_id;
  guint sweep_id;
  gboolean is_stopped;
};

gboolean dou_video_jobs_has_queue (DouVideoJobs *self);
void dou_video_jobs_stop_taking (DouVideoJobs *self);
gboolean dou_video_jobs_is_left (DouVideoJobs *self, gint64 id);

G_END_DECLS
