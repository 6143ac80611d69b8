/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-info.h"
#include "video/dou-media-runner.h"

G_BEGIN_DECLS

/* What the jobs call their results, in the directory that they are given. */
#define DOU_MEDIA_VIDEO_FILE "video"
#define DOU_MEDIA_COVER_FILE "cover"

/**
 * DouMediaJob:
 * @info: of the file
 * @fd: the file; its offset is neither used nor changed, and it may be closed after the call
 * @directory: (nullable): absolute path of where the result goes
 * @max_duration: milliseconds that a video may last
 *
 * What every job of this file needs.
 */
typedef struct
{
  const DouMediaInfo *info; /* (unowned) */
  int fd;
  const char *directory;    /* (unowned) (nullable) */
  gint64 max_duration;
} DouMediaJob;

void dou_media_copy_async (DouMediaRunner *runner, const DouMediaJob *job,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean dou_media_copy_finish (GAsyncResult *result, GError **error);

void dou_media_transcode_async (DouMediaRunner *runner, const DouMediaJob *job,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean dou_media_transcode_finish (GAsyncResult *result, GError **error);

G_END_DECLS
