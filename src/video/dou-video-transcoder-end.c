/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of a video that was worked on: its row is changed, everybody is told, and the files are made
 * to be those that the row names, in this order, so that a crash in between leaves what the next start can
 * set right.
 *
 * A failure counts as an attempt if it may be the video's fault; a stop and an object store that is away
 * do not.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-metrics.h"
#include "video/dou-video-transcoder-private.h"

#define MAX_ATTEMPTS DOU_VIDEO_TRANSCODER_MAX_ATTEMPTS

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_over = self->task->transcode != DOU_VIDEO_TRANSCODE_WANTED;

  /* The next start tries again. */
  if (!dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("Files of a transcoded video are left: %s", error->message);

  dou_video_jobs_end (self->jobs, is_over);
  self->again = TRUE;
  dou_video_transcoder_rest (self);
}

static void
dou_video_transcoder_settle (DouVideoTranscoder *self, gboolean exists)
{
  dou_media_store_settle_async (self->media, self->task->id, exists ? self->task->file : NULL,
                                exists ? self->task->cover : NULL, settled_cb,
                                g_object_ref (self));
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_media_store_remove_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("A file of a video that could not be transcoded may be left: %s", error->message);
  dou_video_transcoder_settle (self, TRUE);
}

/* With an object store nodes do not remove each other's results. There will be no other one of this video. */
static void
dou_video_transcoder_give_up (DouVideoTranscoder *self)
{
  g_autofree char *name = dou_media_store_name_transcoded (self->task->id);
  const char *const names[] = { name, NULL };

  dou_media_store_remove_async (self->media, names, removed_cb, g_object_ref (self));
}

/* The row is on disk as it is to be. If it is not, the files of both are left as they are. */
static void
updated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (DouVideoTask) row = NULL;
  g_autoptr (GError) error = NULL;
  gboolean held;

  if (!dou_video_store_change_task_finish (DOU_VIDEO_STORE (source), result, &held, &row, &error))
    {
      dou_video_transcoder_give_way (self, error);
      return;
    }

  /* Whatever happened: the files are to be those that the row names. */
  if (row != NULL)
    {
      g_free (self->task->file);
      self->task->file = g_steal_pointer (&row->file);
    }
  self->task->transcode = row != NULL ? row->transcode : DOU_VIDEO_TRANSCODE_NONE;
  if (held && row->transcode != DOU_VIDEO_TRANSCODE_WANTED)
    dou_video_transcoder_tell_ended (self, row->transcode == DOU_VIDEO_TRANSCODE_NONE);

  if (held && row->transcode == DOU_VIDEO_TRANSCODE_FAILED)
    dou_video_transcoder_give_up (self);
  else
    dou_video_transcoder_settle (self, row != NULL);
}

/* @pause: milliseconds until it may be tried again */
static void
dou_video_transcoder_update (DouVideoTranscoder *self, DouVideoTranscode transcode, gint64 pause)
{
  self->task->transcode = transcode;
  dou_video_jobs_let_go (self->jobs);
  dou_video_store_update_task_async (self->store, self->task, pause, updated_cb,
                                     g_object_ref (self));
}

void
dou_video_transcoder_give_up_if_last (DouVideoTranscoder *self)
{
  DouVideoTask *task = self->task;

  if (task->n_attempts < MAX_ATTEMPTS)
    {
      dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_WANTED,
                                   self->retry_delay * G_GINT64_CONSTANT (1000));
      return;
    }

  g_info ("Video %" G_GINT64_FORMAT " stays as it came after %u attempts: %s", task->id,
             task->n_attempts, task->trouble);
  dou_metric_add (dou_metrics_get ("doutok_transcodes_total", "outcome=\"given-up\""), 1);
  dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_FAILED, 0);
}

/* What ffmpeg says may be long, and anything. */
static char *
make_trouble (const char *message)
{
  g_autofree char *valid = g_utf8_make_valid (message, -1);

  return g_utf8_strlen (valid, -1) <= DOU_VIDEO_TROUBLE_MAX
             ? g_steal_pointer (&valid)
             : g_utf8_substring (valid, 0, DOU_VIDEO_TROUBLE_MAX);
}

void
dou_video_transcoder_fail (DouVideoTranscoder *self, const GError *error)
{
  DouVideoTask *task = self->task;

  /* The attempt does not count. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      task->n_attempts--;
      dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_WANTED, 0);
      return;
    }

  g_info ("Video %" G_GINT64_FORMAT " could not be transcoded, attempt %u of %d: %s", task->id,
          task->n_attempts, MAX_ATTEMPTS, error->message);
  dou_metric_add (dou_metrics_get ("doutok_transcodes_total", "outcome=\"failure\""), 1);
  g_free (task->trouble);
  task->trouble = make_trouble (error->message);
  dou_video_transcoder_give_up_if_last (self);
}

/* As if it had not been begun. @pause: milliseconds until it may be tried again */
static void
dou_video_transcoder_put_back (DouVideoTranscoder *self, const GError *error, gint64 pause)
{
  DouVideoTask *task = self->task;

  task->n_attempts--;
  g_free (task->trouble);
  task->trouble = make_trouble (error->message);
  dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_WANTED, pause);
}

/* The object store may be well again soon. */
void
dou_video_transcoder_wait_for_store (DouVideoTranscoder *self, const GError *error)
{
  g_info ("Video %" G_GINT64_FORMAT " has to wait for the object store: %s", self->task->id, error->message);
  dou_video_transcoder_put_back (self, error, self->retry_delay * G_GINT64_CONSTANT (1000));
}

/* The file is not here and not in the object store, but may be in the state directory of another node, from before
 * there was such a store. */
void
dou_video_transcoder_leave (DouVideoTranscoder *self, const GError *error)
{
  g_warning ("Video %" G_GINT64_FORMAT " is left to the node that has its file, or until that is in the object "
             "store: %s",
             self->task->id, error->message);
  dou_video_jobs_leave (self->jobs, self->task->id);
  dou_video_transcoder_put_back (self, error, 0);
}

/* The new file is placed. */
void
dou_video_transcoder_succeed (DouVideoTranscoder *self)
{
  dou_metric_add (dou_metrics_get ("doutok_transcodes_total", "outcome=\"success\""), 1);
  g_free (self->task->file);
  self->task->file = dou_media_store_name_transcoded (self->task->id);
  g_free (self->task->trouble);
  self->task->trouble = g_strdup ("");
  dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_NONE, 0);
}
