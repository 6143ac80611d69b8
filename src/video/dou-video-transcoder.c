/* SPDX-License-Identifier: Apache-2.0 */

/* Transcodes what was published as it came and does not play everywhere, one video at a time.
 *
 * That a video needs it is a column of its row, so nothing is forgotten in a restart. Which one is next,
 * and that no other node is at it, is the matter of dou-video-jobs.c, which also counts an attempt before
 * it begins, so that a video which ends the whole service is not tried for ever; an attempt that an
 * orderly stop cuts short is not counted. One that fails is tried again after those that have been tried
 * less, and after a pause. After the last one the video stays as it came, and its row says why. That the object store
 * does not have the file, or cannot be reached, is not the video's fault, and counts neither.
 *
 * For each: take it, begin in the media store, probe, transcode, place, let the row name the new file,
 * tell, settle, which removes the old file. The steps in the media store make it leave no stray file at
 * any point (dou-media-store.c).
 *
 * A video may be deleted meanwhile, or be another node's, which took this one for dead. The write to its
 * row tells, and then nothing is told, and the files are to be those that the row names now. Those of a
 * deleted one are removed by whoever deletes it, but not before “released”, so that the two do not work in
 * one directory.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-probe.h"
#include "common/dou-metrics.h"
#include "video/dou-video-transcoder.h"

#define MAX_ATTEMPTS DOU_VIDEO_TRANSCODER_MAX_ATTEMPTS

/* Why, if no attempt has lived to say so. */
#define FATAL "each attempt ended with the service"

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

  if (self->jobs != NULL)
    g_signal_handlers_disconnect_by_data (self->jobs, self);
  g_clear_object (&self->jobs);
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

/* It would be in vain. */
static void
lost_cb (DouVideoJobs *jobs, gpointer user_data)
{
  DouVideoTranscoder *self = user_data;

  g_info ("Video %" G_GINT64_FORMAT " is not transcoded here any more",
          dou_video_transcoder_get_current (self));
  g_cancellable_cancel (self->run);
}

/**
 * dou_video_transcoder_new:
 * @store: has the rows
 * @media: where the files are
 * @jobs: says what is to be done
 * @runner: runs ffmpeg
 * @max_duration: the longest video, in milliseconds
 * @retry_delay: seconds to wait after a failure before the same is tried again
 *
 * Returns: (transfer full): a transcoder that waits to be woken
 */
DouVideoTranscoder *
dou_video_transcoder_new (DouVideoStore *store, DouMediaStore *media, DouVideoJobs *jobs,
                          DouMediaRunner *runner, gint64 max_duration, guint retry_delay)
{
  DouVideoTranscoder *self = g_object_new (DOU_TYPE_VIDEO_TRANSCODER, NULL);

  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
  self->jobs = g_object_ref (jobs);
  self->runner = g_object_ref (runner);
  self->max_duration = max_duration;
  self->retry_delay = retry_delay;
  g_signal_connect_swapped (jobs, "ready", G_CALLBACK (dou_video_transcoder_wake), self);
  g_signal_connect (jobs, "lost", G_CALLBACK (lost_cb), self);
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
  if (id != 0)
    g_signal_emit (self, signals[SIGNAL_RELEASED], 0, id);

  self->busy = FALSE;
  if (self->again)
    dou_video_transcoder_wake (self);
  if (!self->busy)
    g_signal_emit (self, signals[SIGNAL_IDLE], 0);
}

/* The database does not work: a matter of another time, not of this video. What was begun may be taken
 * up again when it is not this node's any more. */
static void
dou_video_transcoder_give_way (DouVideoTranscoder *self, const GError *error)
{
  g_warning ("Transcoding has to wait: %s", error->message);
  dou_video_jobs_end (self->jobs, FALSE);
  dou_video_jobs_look_after (self->jobs, self->retry_delay * G_GINT64_CONSTANT (1000));
  dou_video_transcoder_rest (self);
}

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
    g_signal_emit (self, signals[SIGNAL_ENDED], 0, self->task->id,
                   row->transcode == DOU_VIDEO_TRANSCODE_NONE);

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

static void
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

static void
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
static void
dou_video_transcoder_wait_for_store (DouVideoTranscoder *self, const GError *error)
{
  g_info ("Video %" G_GINT64_FORMAT " has to wait for the object store: %s", self->task->id, error->message);
  dou_video_transcoder_put_back (self, error, self->retry_delay * G_GINT64_CONSTANT (1000));
}

static void
placed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_media_store_place_finish (DOU_MEDIA_STORE (source), result, &error))
    {
      if (g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
        dou_video_transcoder_wait_for_store (self, error);
      else
        dou_video_transcoder_fail (self, error);
      return;
    }

  dou_metric_add (dou_metrics_get ("doutok_transcodes_total", "outcome=\"success\""), 1);
  g_free (self->task->file);
  self->task->file = dou_media_store_name_transcoded (self->task->id);
  g_free (self->task->trouble);
  self->task->trouble = g_strdup ("");
  dou_video_transcoder_update (self, DOU_VIDEO_TRANSCODE_NONE, 0);
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

/* The file is not here and not in the object store, but may be in the state directory of another node, from before
 * there was such a store. */
static void
dou_video_transcoder_leave (DouVideoTranscoder *self, const GError *error)
{
  g_warning ("Video %" G_GINT64_FORMAT " is left to the node that has its file, or until that is in the object "
             "store: %s",
             self->task->id, error->message);
  dou_video_jobs_leave (self->jobs, self->task->id);
  dou_video_transcoder_put_back (self, error, 0);
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
  else if (g_error_matches (error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
    dou_video_transcoder_leave (self, error);
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

/* The attempt is counted already. One that was never heard of again was the last. */
static void
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

static void
taken_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoTranscoder) self = user_data;
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (GError) error = NULL;

  if (!dou_video_jobs_take_finish (DOU_VIDEO_JOBS (source), result, &task, &error))
    dou_video_transcoder_give_way (self, error);
  else if (task == NULL)
    dou_video_transcoder_rest (self);
  else
    {
      self->task = g_steal_pointer (&task);
      self->run = g_cancellable_new ();
      /* The stop came while it was being taken. */
      if (is_stopped (self))
        g_cancellable_cancel (self->run);
      dou_video_transcoder_begin (self);
    }
}

/**
 * dou_video_transcoder_add:
 * @self: a transcoder
 * @id: of a video that is to be transcoded, as its row says
 *
 * It is done here or on another node.
 */
void
dou_video_transcoder_add (DouVideoTranscoder *self, gint64 id)
{
  g_return_if_fail (DOU_IS_VIDEO_TRANSCODER (self));

  dou_video_jobs_add (self->jobs, id);
  dou_video_transcoder_wake (self);
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
  dou_video_jobs_take_async (self->jobs, taken_cb, g_object_ref (self));
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

  dou_video_jobs_stop (self->jobs);
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
