/* SPDX-License-Identifier: Apache-2.0 */

/* Transcodes what was published as it came and does not play everywhere, one video at a time.
 *
 * That a video needs it is a column of its row, so nothing is forgotten in a restart; the one to do
 * next is asked of the database. An attempt is counted before it begins, so that a video which ends
 * the whole service is not tried for ever; an attempt that an orderly stop cuts short is not
 * counted. One that fails is tried again after those that have been tried less, and after a pause.
 *
 * For each: count the attempt, begin in the media store, probe, transcode, place, let the row name
 * the new file, tell, settle, which removes the old file. The steps in the media store make it
 * leave no stray file at any point (dou-media-store.c). Its work directory exists from publishing
 * on.
 *
 * A video may be deleted meanwhile. Both writes to its row tell that it is gone, and then nothing is
 * begun, or told. Its files are removed by whoever deletes it, but not before “released”, so that the
 * two do not work in one directory.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-probe.h"
#include "common/dou-metrics.h"
#include "video/dou-video-transcoder.h"

/* A first one, and three more. */
#define MAX_ATTEMPTS 4

struct _DouVideoTranscoder
{
  GObject parent_instance;

  DouVideoStore *store;      /* (owned) */
  DouMediaStore *media;      /* (owned) */
  DouMediaRunner *runner;    /* (owned) */
  GCancellable *cancellable; /* (owned) cancelled by the stop */
  GCancellable *run;         /* (owned) (nullable) of the task: cancelled by the stop, too */
  DouVideoTask *task;        /* (owned) (nullable) what is being worked on */
  gboolean placed;           /* and it names the new file */
  int fd;                    /* (owned) or -1: its file as it came */
  gint64 max_duration;       /* milliseconds */
  guint retry_delay;         /* seconds */
  gint64 retry_at;           /* monotonic time before which nothing is tried again */
  guint retry_id;
  gboolean busy;  /* asking, or working */
  gboolean again; /* asked to look again meanwhile */
};

G_DEFINE_FINAL_TYPE (DouVideoTranscoder, dou_video_transcoder, G_TYPE_OBJECT)

enum
{
  SIGNAL_ENDED,
  SIGNAL_RELEASED,
  SIGNAL_IDLE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_video_transcoder_dispose (GObject *object)
{
  DouVideoTranscoder *self = DOU_VIDEO_TRANSCODER (object);

  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_pointer (&self->task, dou_video_task_free);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->run);
  g_clear_object (&self->store);
  g_clear_object (&self->media);
  g_clear_object (&self->runner);

  G_OBJECT_CLASS (dou_video_transcoder_parent_class)->dispose (object);
}

static void
dou_video_transcoder_finalize (GObject *object)
{
  DouVideoTranscoder *self = DOU_VIDEO_TRANSCODER (object);

  if (self->fd >= 0)
    g_close (self->fd, NULL);

  G_OBJECT_CLASS (dou_video_transcoder_parent_class)->finalize (object);
}

static void
dou_video_transcoder_class_init (DouVideoTranscoderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_transcoder_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_video_transcoder_finalize;

  /**
   * DouVideoTranscoder::ended:
   * @id: of a video
   * @done: whether it was transcoded, and its row names the new file
   *
   * A video is not to be transcoded any more.
   */
  signals[SIGNAL_ENDED]
      = g_signal_new ("ended", DOU_TYPE_VIDEO_TRANSCODER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_BOOLEAN);

  /**
   * DouVideoTranscoder::released:
   * @id: of a video
   *
   * A video is not being worked on any more, whatever came of it.
   */
  signals[SIGNAL_RELEASED]
      = g_signal_new ("released", DOU_TYPE_VIDEO_TRANSCODER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 1, G_TYPE_INT64);

  /**
   * DouVideoTranscoder::idle:
   *
   * Nothing is under way any more.
   */
  signals[SIGNAL_IDLE] = g_signal_new ("idle", DOU_TYPE_VIDEO_TRANSCODER, G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_video_transcoder_init (DouVideoTranscoder *self)
{
  self->cancellable = g_cancellable_new ();
  self->fd = -1;
}

/**
 * dou_video_transcoder_new:
 * @store: says what is to be done
 * @media: where the files are
 * @runner: runs ffmpeg
 * @max_duration: the longest video, in milliseconds
 * @retry_delay: seconds to wait after a failure before anything is tried again
 *
 * Returns: (transfer full): a transcoder that waits to be woken
 */
DouVideoTranscoder *
dou_video_transcoder_new (DouVideoStore *store, DouMediaStore *media, DouMediaRunner *runner,
                          gint64 max_duration, guint retry_delay)
{
  DouVideoTranscoder *self = g_object_new (DOU_TYPE_VIDEO_TRANSCODER, NULL);

  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
  self->runner = g_object_ref (runner);
  self->max_duration = max_duration;
  self->retry_delay = retry_delay;
  return self;
}

static gboolean
is_stopped (DouVideoTranscoder *self)
{
  return g_cancellable_is_cancelled (self->cancellable);
}

/* One is done with, or there was none. */
static void
dou_video_transcoder_rest (DouVideoTranscoder *self)
{
  g_autoptr (DouVideoTranscoder) alive = g_object_ref (self);
  gint64 id = dou_video_transcoder_get_current (self);

  if (self->fd >= 0)
    g_close (self->fd, NULL);
  self->fd = -1;
  g_clear_pointer (&self->task, dou_video_task_free);
  g_clear_object (&self->run);
  self->placed = FALSE;
  if (id != 0)
    g_signal_emit (self, signals[SIGNAL_RELEASED], 0, id);

  self->busy = FALSE;
  if (self->again)
    dou_video_transcoder_wake (self);
  if (!self->busy)
    g_signal_emit (self, signals[SIGNAL_IDLE], 0);
}

static gboolean
retry_cb (gpointer user_data)
{
  DouVideoTranscoder *self = user_data;

  self->retry_id = 0;
  dou_video_transcoder_wake (self);
  return G_SOURCE_REMOVE;
}

static void
dou_video_transcoder_retry_after (DouVideoTranscoder *self, gint64 microseconds)
{
  if (self->retry_id == 0 && !is_stopped (self))
    self->retry_id = g_timeout_add ((guint) (microseconds / 1000) + 1, retry_cb, self);
}

/* The database does not work: a matter of another time, not of this video. */
static void
dou_video_transcoder_give_way (DouVideoTranscoder *self, const GError *error)
{
  g_warning ("Transcoding has to wait: %s", error->message);
  dou_video_transcoder_retry_after (self, self->retry_delay * G_TIME_SPAN_SECOND);
  dou_video_transcoder_rest (self);
}

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;

  /* The next start tries again. */
  if (!dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("Files of a transcoded video are left: %s", error->message);

  self->again = TRUE;
  dou_video_transcoder_rest (self);
}

/* Whatever happened: the files are to be those that the row names. */
static void
dou_video_transcoder_settle (DouVideoTranscoder *self, gboolean exists)
{
  dou_media_store_settle_async (self->media, self->task->id, exists ? self->task->file : NULL,
                                exists ? self->task->cover : NULL, settled_cb,
                                g_object_ref (self));
}

/* The row is on disk as it is to be. If it is not, the files of both are left as they are. */
static void
updated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean exists;

  if (!dou_video_store_update_task_finish (DOU_VIDEO_STORE (source), result, &exists, &error))
    {
      dou_video_transcoder_give_way (self, error);
      return;
    }

  if (exists && (self->placed || self->task->n_attempts >= MAX_ATTEMPTS))
    g_signal_emit (self, signals[SIGNAL_ENDED], 0, self->task->id, self->placed);

  dou_video_transcoder_settle (self, exists);
}

static void
dou_video_transcoder_update (DouVideoTranscoder *self, DouVideoTranscode transcode)
{
  dou_video_store_update_task_async (self->store, self->task, transcode, updated_cb,
                                     g_object_ref (self));
}

static void
dou_video_transcoder_fail (DouVideoTranscoder *self, const GError *error)
{
  DouVideoTask *task = self->task;

  /* The attempt does not count. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      task->n_attempts--;
      dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_WANTED);
      return;
    }

  g_info ("Video %" G_GINT64_FORMAT " could not be transcoded, attempt %u of %d: %s", task->id,
          task->n_attempts, MAX_ATTEMPTS, error->message);
  self->retry_at = g_get_monotonic_time () + self->retry_delay * G_TIME_SPAN_SECOND;
  dou_metric_add (dou_metrics_get ("doutok_transcodes_total", "outcome=\"failure\""), 1);
  if (task->n_attempts >= MAX_ATTEMPTS)
    dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_FAILED);
  else
    dou_video_transcoder_settle (self, TRUE);
}

static void
placed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_media_store_place_finish (DOU_MEDIA_STORE (source), result, &error))
    {
      dou_video_transcoder_fail (self, error);
      return;
    }

  self->placed = TRUE;
  dou_metric_add (dou_metrics_get ("doutok_transcodes_total", "outcome=\"success\""), 1);
  g_free (self->task->file);
  self->task->file = dou_media_store_name_transcoded (self->task->id);
  dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_NONE);
}

static void
transcoded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autofree char *name = dou_media_store_name_transcoded (self->task->id);
  g_autoptr (GError) error = NULL;

  if (dou_media_transcode_finish (result, &error))
    dou_media_store_place_async (self->media, self->task->id, -1, name, NULL, placed_cb,
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
  else
    dou_video_transcoder_fail (self, error);
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

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean exists;

  if (!dou_video_store_update_task_finish (DOU_VIDEO_STORE (source), result, &exists, &error))
    dou_video_transcoder_give_way (self, error);
  else if (exists)
    dou_media_store_begin_async (self->media, self->task->id, begun_cb, g_object_ref (self));
  else
    {
      self->again = TRUE;
      dou_video_transcoder_rest (self);
    }
}

/* What was tried before waits; what was not, comes first and does not. */
static gboolean
dou_video_transcoder_must_wait (DouVideoTranscoder *self, const DouVideoTask *task)
{
  gint64 rest = self->retry_at - g_get_monotonic_time ();

  if (task->n_attempts == 0 || rest <= 0)
    return FALSE;

  dou_video_transcoder_retry_after (self, rest);
  return TRUE;
}

/* An attempt is counted first. One that was never heard of again was the last. */
static void
dou_video_transcoder_begin (DouVideoTranscoder *self)
{
  if (self->task->n_attempts >= MAX_ATTEMPTS)
    {
      dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_FAILED);
      return;
    }

  self->task->n_attempts++;
  dou_video_store_update_task_async (self->store, self->task, DOU_VIDEO_TRANSCODE_WANTED,
                                     counted_cb, g_object_ref (self));
}

static void
got_next_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (GError) error = NULL;

  if (!dou_video_store_get_next_task_finish (DOU_VIDEO_STORE (source), result, &task, &error))
    dou_video_transcoder_give_way (self, error);
  else if (task == NULL || is_stopped (self) || dou_video_transcoder_must_wait (self, task))
    dou_video_transcoder_rest (self);
  else
    {
      self->task = g_steal_pointer (&task);
      self->run = g_cancellable_new ();
      dou_video_transcoder_begin (self);
    }
}

/**
 * dou_video_transcoder_wake:
 * @self: a transcoder
 *
 * There may be something to do.
 */
void
dou_video_transcoder_wake (DouVideoTranscoder *self)
{
  g_return_if_fail (DOU_IS_VIDEO_TRANSCODER (self));

  self->again = self->busy;
  if (self->busy || is_stopped (self))
    return;

  self->busy = TRUE;
  dou_video_store_get_next_task_async (self->store, got_next_cb, g_object_ref (self));
}

/**
 * dou_video_transcoder_stop:
 * @self: a transcoder
 *
 * Begins nothing any more, ends ffmpeg, and removes what it has written so far: “idle” tells when.
 */
void
dou_video_transcoder_stop (DouVideoTranscoder *self)
{
  g_return_if_fail (DOU_IS_VIDEO_TRANSCODER (self));

  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_cancellable_cancel (self->run);
}

/**
 * dou_video_transcoder_get_current:
 * @self: a transcoder
 *
 * Returns: the video that is being worked on, or 0
 */
gint64
dou_video_transcoder_get_current (DouVideoTranscoder *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_TRANSCODER (self), 0);

  return self->task != NULL ? self->task->id : 0;
}

/**
 * dou_video_transcoder_drop_current:
 * @self: a transcoder
 *
 * Ends ffmpeg for the video that is being worked on, since nobody wants it any more: “released” tells
 * when.
 */
void
dou_video_transcoder_drop_current (DouVideoTranscoder *self)
{
  g_return_if_fail (DOU_IS_VIDEO_TRANSCODER (self));

  g_cancellable_cancel (self->run);
}

gboolean
dou_video_transcoder_is_busy (DouVideoTranscoder *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_TRANSCODER (self), FALSE);

  return self->busy;
}
