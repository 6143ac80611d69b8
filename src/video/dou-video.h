/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouVideo:
 *
 * A published video, or one that is about to be.
 */
typedef struct
{
  gint64 id;
  gint64 author;
  char *title;         /* (owned) in normal form C */
  char *file;          /* (owned) path below /media/ */
  char *cover;         /* (owned) path below /media/ */
  gint64 publish_time; /* milliseconds since 1970-01-01 UTC; unique */
  gint64 hidden;       /* since when, in milliseconds since 1970; 0 if not */
} DouVideo;

void dou_video_free (DouVideo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouVideo, dou_video_free)

/**
 * DouVideoPlace:
 *
 * A video's place in a list that is ordered by time.
 */
typedef struct
{
  gint64 id;
  gint64 publish_time;
} DouVideoPlace;

G_END_DECLS
