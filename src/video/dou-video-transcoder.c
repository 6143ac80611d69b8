/* SPDX-License-Identifier: Apache-2.0 */

/* Transcodes what was published as it came and does not play everywhere, one video at a time.
 *
 * That a video needs it is a column of its row, so nothing is forgotten in a restart. Which one is next,
 * and that no other node is at it, is the matter of dou-video-jobs.c, which also counts an attempt before
 * it begins, so that a video which ends the whole service is not tried for ever; an attempt that an
 * orderly stop cuts short is not counted. One that fails is tried again after those that have been tried
 * less, and after a pause. After the last one the video stays as it came, and its row says why. That the object store
 * cannot be reached is not the video's fault, and counts neither; nor does that the file is not here and not
 * there, unless this is the node that has published it: nobody else would have it.
 *
 * For each: take it, begin in the media store, probe, transcode, place, let the row name the new file,
 * tell, settle, which removes the old file. The steps in the media store make it leave no stray file at
 * any point (dou-media-store.c). From the beginning to a new file that is placed it is in
 * dou-video-transcoder-work.c, and what then becomes of the video, however that went, in
 * dou-video-transcoder-end.c.
 *
 * A video may be deleted meanwhile, or be another node's, which took this one for dead. The write to its
 * row tells, and then nothing is told, and the files are to be those that the row names now. Those of a
 * deleted one are removed by whoever deletes it, but not before “released”, so that the two do not work in
 * one directory.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <glib/gstdio.h>

#include "video/dou-video-transcoder-private.h"

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
void
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

/* The video that is being worked on is not to be transcoded any more. @done: whether it was */
void
dou_video_transcoder_tell_ended (DouVideoTranscoder *self, gboolean done)
{
  g_signal_emit (self, signals[SIGNAL_ENDED], 0, self->task->id, done);
}

/* The database does not work: a matter of another time, not of this video. What was begun may be taken
 * up again when it is not this node's any more. */
void
dou_video_transcoder_give_way (DouVideoTranscoder *self, const GError *error)
{
  g_warning ("Transcoding has to wait: %s", error->message);
  dou_video_jobs_end (self->jobs, FALSE);
  dou_video_jobs_look_after (self->jobs, self->retry_delay * G_GINT64_CONSTANT (1000));
  dou_video_transcoder_rest (self);
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
