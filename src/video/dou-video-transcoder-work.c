/* SPDX-License-Identifier: Apache-2.0 */

/* The work on one video: its file is opened and probed, ffmpeg makes another one of it, and that takes its
 * place in the media store. The row still names the old one at the end; what is made of that, as of any step
 * that fails, is in dou-video-transcoder-end.c.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-object-store.h"
#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-probe.h"
#include "video/dou-video-transcoder-private.h"

#define MAX_ATTEMPTS DOU_VIDEO_TRANSCODER_MAX_ATTEMPTS

/* Why, if no attempt has lived to say so. */
#define FATAL "each attempt ended with the service"
/* What is said before the last place that was looked into. */
#define LOST "its file is lost: "

static void
placed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_media_store_place_finish (DOU_MEDIA_STORE (source), result, &error))
    {
      /* That it refuses is no more the video's fault than that it is away. */
      if (g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE)
          || error->domain == DOU_OBJECT_ERROR)
        dou_video_transcoder_wait_for_store (self, error);
      else
        dou_video_transcoder_fail (self, error);
      return;
    }

  dou_video_transcoder_succeed (self);
}

static void
transcoded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autofree char *name = dou_media_store_name_transcoded (self->task->id);
  g_autoptr (GError) error = NULL;

  if (dou_media_transcode_finish (result, &error))
    dou_media_store_place_async (self->media, self->task->id, -1, name, NULL, NULL, placed_cb,
                                 g_object_ref (self));
  else
    dou_video_transcoder_fail (self, error);
}

static void
probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree DouMediaInfo *info = dou_media_probe_finish (result, &error);
  g_autofree char *directory
      = dou_media_store_get_work_directory (self->media, self->task->id);
  const DouMediaJob job = {
    .info = info,
    .fd = self->fd,
    .directory = directory,
    .max_duration = self->max_duration,
  };

  if (info != NULL)
    dou_media_transcode_async (self->runner, &job, self->run, transcoded_cb,
                               g_object_ref (self));
  else
    dou_video_transcoder_fail (self, error);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;

  self->fd = dou_media_store_open_finish (DOU_MEDIA_STORE (source), result, &error);
  if (self->fd >= 0)
    dou_media_probe_async (self->runner, self->fd, self->max_duration, self->run, probed_cb,
                           g_object_ref (self));
  else if (g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
    dou_video_transcoder_wait_for_store (self, error);
  else if (g_error_matches (error, DOU_ERROR, DOU_STATUS_NOT_FOUND)
           && !dou_video_jobs_is_own (self->jobs, self->task->id))
    dou_video_transcoder_leave (self, error);
  else
    {
      if (g_error_matches (error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
        g_prefix_error (&error, LOST);
      dou_video_transcoder_fail (self, error);
    }
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;

  if (dou_media_store_begin_finish (DOU_MEDIA_STORE (source), result, &error))
    dou_media_store_open_async (self->media, self->task->id, self->task->file, self->run, opened_cb,
                                g_object_ref (self));
  else
    dou_video_transcoder_fail (self, error);
}

/* The attempt is counted already. One that was never heard of again was the last. */
void
dou_video_transcoder_begin (DouVideoTranscoder *self)
{
  DouVideoTask *task = self->task;

  dou_video_jobs_begin (self->jobs, task);
  if (task->n_attempts <= MAX_ATTEMPTS)
    {
      dou_media_store_begin_async (self->media, task->id, begun_cb, g_object_ref (self));
      return;
    }

  task->n_attempts = MAX_ATTEMPTS;
  if (*task->trouble == '\0')
    {
      g_free (task->trouble);
      task->trouble = g_strdup (FATAL);
    }
  dou_video_transcoder_give_up_if_last (self);
}
