/* SPDX-License-Identifier: Apache-2.0 */

/* Removes what belonged to deleted videos: in this domain their files, in the social domain their
 * likes and comments. Their rows are gone already, and each has left a mark in the store that it is
 * unclean. Only when nothing is left the mark goes, so whatever is interrupted or fails here, in
 * the social service or on the disk, is done again: by the next call about the same video, after a
 * pause, or at the next start. Every step may be done twice, and by two at once.
 *
 * That the gateway asks the social domain was rejected: it keeps nothing, and if it dies between its
 * two calls nobody would know that the second one is missing.
 *
 * A call waits for the social domain, because counters are read from there, and for the files, so that
 * nobody can fetch them any more; but no longer than a caller likes to wait. Without an object store another node has
 * the files of what it has published; when it hears that something has changed it looks for rows that are gone.
 * While a video is being transcoded its files belong to the transcoder, which is told to let go of it.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-video-cleaner.h"

/* Seconds after which a call does not wait for files any more. Some hundreds are gone by then. */
#define FILES_PATIENCE 2
/* Changes by other nodes that wait to be looked at, and how many are looked at at a time. */
#define MAX_HEARD 8192
#define LOOK_SIZE 256

struct _DouVideoCleaner
{
  GObject parent_instance;

  DouVideoStore *store;           /* (owned) */
  DouMediaStore *media;           /* (owned) */
  DouVideoTranscoder *transcoder; /* (owned) */
  DouVideoSocial *social;         /* (owned) (nullable) */
  GCancellable *cancellable;      /* (owned) of what nobody waits for; cancelled by the stop */
  GPtrArray *waiting;             /* (unowned) (element-type Sweep) for the transcoder */
  GArray *heard;                  /* (owned) (element-type gint64) videos that may be gone */
  gboolean is_looking;            /* for some of them, or removing their files */
  gboolean is_overfull;           /* some were not taken, which has been said */
  guint n_busy;                   /* sweeps, and asking for one */
  guint retry_delay;              /* seconds */
  guint retry_id;
};

G_DEFINE_FINAL_TYPE (DouVideoCleaner, dou_video_cleaner, G_TYPE_OBJECT)

enum
{
  SIGNAL_IDLE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Some videos, on their way out. */
typedef struct
{
  DouVideoCleaner *cleaner; /* (owned) */
  GTask *task;              /* (owned) (nullable) who waits for it */
  GArray *ids;              /* (owned) (element-type gint64) */
  GArray *clean;            /* (owned) (element-type gint64) those that have no files any more */
  GError *error;            /* (owned) (nullable) of the social domain */
  guint next;               /* whose files are next */
  guint patience_id;
  gboolean is_heard; /* another node has deleted them, and does the rest */
  gboolean told;     /* the social domain has answered */
  gboolean swept;    /* there are no files left to be removed */
  gboolean hurrying; /* who waits does not wait for files any more */
} Sweep;

static void
dou_video_cleaner_dispose (GObject *object)
{
  DouVideoCleaner *self = DOU_VIDEO_CLEANER (object);

  g_clear_handle_id (&self->retry_id, g_source_remove);
  if (self->transcoder != NULL)
    g_signal_handlers_disconnect_by_data (self->transcoder, self);
  g_clear_object (&self->transcoder);
  g_clear_object (&self->social);
  g_clear_object (&self->media);
  g_clear_object (&self->store);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  g_clear_pointer (&self->heard, g_array_unref);

  G_OBJECT_CLASS (dou_video_cleaner_parent_class)->dispose (object);
}

static void
dou_video_cleaner_class_init (DouVideoCleanerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_cleaner_dispose;

  /**
   * DouVideoCleaner::idle:
   *
   * Nothing is under way any more.
   */
  signals[SIGNAL_IDLE] = g_signal_new ("idle", DOU_TYPE_VIDEO_CLEANER, G_SIGNAL_RUN_LAST, 0, NULL,
                                       NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_video_cleaner_init (DouVideoCleaner *self)
{
  self->cancellable = g_cancellable_new ();
  self->waiting = g_ptr_array_new ();
  self->heard = g_array_new (FALSE, FALSE, sizeof (gint64));
}

static void sweep_next_file (Sweep *sweep);
static void dou_video_cleaner_look (DouVideoCleaner *self);

static void
released_cb (DouVideoTranscoder *transcoder, gint64 id, gpointer user_data)
{
  DouVideoCleaner *self = user_data;
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new ();
  for (guint i = 0; i < waiting->len; i++)
    sweep_next_file (g_ptr_array_index (waiting, i));
}

/**
 * dou_video_cleaner_new:
 * @store: says what is unclean
 * @media: where the files are
 * @transcoder: may be working on them
 * @social: (nullable): what else goes with a video; %NULL if nothing does
 * @retry_delay: seconds to wait before what could not be done is tried again
 *
 * Returns: (transfer full): a cleaner
 */
DouVideoCleaner *
dou_video_cleaner_new (DouVideoStore *store, DouMediaStore *media, DouVideoTranscoder *transcoder,
                       DouVideoSocial *social, guint retry_delay)
{
  DouVideoCleaner *self = g_object_new (DOU_TYPE_VIDEO_CLEANER, NULL);

  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
  self->transcoder = g_object_ref (transcoder);
  self->social = social != NULL ? g_object_ref (social) : NULL;
  self->retry_delay = retry_delay;
  g_signal_connect (transcoder, "released", G_CALLBACK (released_cb), self);
  return self;
}

static gboolean
is_stopped (DouVideoCleaner *self)
{
  return g_cancellable_is_cancelled (self->cancellable);
}

static void
dou_video_cleaner_rest (DouVideoCleaner *self)
{
  self->n_busy--;
  if (self->n_busy == 0)
    g_signal_emit (self, signals[SIGNAL_IDLE], 0);
}

static gboolean
retry_cb (gpointer user_data)
{
  DouVideoCleaner *self = user_data;

  self->retry_id = 0;
  dou_video_cleaner_resume (self);
  return G_SOURCE_REMOVE;
}

static void
dou_video_cleaner_retry (DouVideoCleaner *self)
{
  if (self->retry_id == 0 && !is_stopped (self))
    self->retry_id = g_timeout_add_seconds (self->retry_delay, retry_cb, self);
}

static void
sweep_free (Sweep *sweep)
{
  g_autoptr (DouVideoCleaner) cleaner = sweep->cleaner;

  g_assert (sweep->task == NULL);

  g_clear_handle_id (&sweep->patience_id, g_source_remove);
  g_clear_error (&sweep->error);
  g_array_unref (sweep->ids);
  g_array_unref (sweep->clean);
  g_free (sweep);
  dou_video_cleaner_rest (cleaner);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sweep, sweep_free)

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Sweep) sweep = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_video_store_set_clean_finish (DOU_VIDEO_STORE (source), result, &error))
    {
      g_warning ("It is not noted that deleted videos are gone: %s", error->message);
      dou_video_cleaner_retry (sweep->cleaner);
    }
  /* There may be more than one list had. */
  else if (sweep->ids->len == DOU_VIDEO_UNCLEAN_MAX && sweep->clean->len == sweep->ids->len)
    dou_video_cleaner_resume (sweep->cleaner);
}

/* @sweep: (transfer full): all that could be done is done. */
static void
sweep_settle (Sweep *sweep)
{
  g_autoptr (Sweep) owned = sweep;
  DouVideoCleaner *self = sweep->cleaner;

  if (sweep->is_heard)
    {
      self->is_looking = FALSE;
      dou_video_cleaner_look (self);
      return;
    }
  if (sweep->error != NULL || sweep->clean->len < sweep->ids->len)
    dou_video_cleaner_retry (self);
  if (sweep->error == NULL && sweep->clean->len > 0)
    dou_video_store_set_clean_async (self->store, sweep->clean, settled_cb,
                                     g_steal_pointer (&owned));
}

/* Something has been done, or has failed. */
static void
sweep_advance (Sweep *sweep)
{
  g_autoptr (GTask) task = NULL;

  if (!sweep->told)
    return;

  if (sweep->swept || sweep->hurrying)
    task = g_steal_pointer (&sweep->task);
  if (task != NULL && sweep->error != NULL)
    g_task_return_error (task, g_error_copy (sweep->error));
  else if (task != NULL)
    g_task_return_boolean (task, TRUE);

  if (sweep->swept)
    sweep_settle (sweep);
}

static gboolean
patience_cb (gpointer user_data)
{
  Sweep *sweep = user_data;

  sweep->patience_id = 0;
  sweep->hurrying = TRUE;
  sweep_advance (sweep);
  return G_SOURCE_REMOVE;
}

static void
told_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Sweep *sweep = user_data;

  if (!dou_video_social_remove_finish (DOU_VIDEO_SOCIAL (source), result, &sweep->error)
      && !g_error_matches (sweep->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_warning ("Likes and comments of deleted videos are left: %s", sweep->error->message);

  sweep->told = TRUE;
  sweep_advance (sweep);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Sweep *sweep = user_data;
  gint64 id = g_array_index (sweep->ids, gint64, sweep->next);
  g_autoptr (GError) error = NULL;

  if (dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_array_append_val (sweep->clean, id);
  else
    g_warning ("Files of a deleted video are left: %s", error->message);

  sweep->next++;
  sweep_next_file (sweep);
}

static void
sweep_next_file (Sweep *sweep)
{
  DouVideoCleaner *self = sweep->cleaner;
  gint64 id;

  if (sweep->next == sweep->ids->len || is_stopped (self))
    {
      sweep->swept = TRUE;
      sweep_advance (sweep);
      return;
    }

  id = g_array_index (sweep->ids, gint64, sweep->next);
  if (dou_video_transcoder_get_current (self->transcoder) == id)
    {
      g_ptr_array_add (self->waiting, sweep);
      dou_video_transcoder_drop_current (self->transcoder);
      return;
    }

  dou_media_store_settle_async (self->media, id, NULL, NULL, removed_cb, sweep);
}

/* @task: (transfer full) (nullable): who waits */
static void
sweep_start (DouVideoCleaner *self, GArray *ids, GTask *task)
{
  Sweep *sweep = g_new0 (Sweep, 1);

  sweep->cleaner = g_object_ref (self);
  sweep->task = task;
  sweep->ids = g_array_ref (ids);
  sweep->clean = g_array_new (FALSE, FALSE, sizeof (gint64));
  sweep->told = self->social == NULL;
  self->n_busy++;
  if (task != NULL)
    sweep->patience_id = g_timeout_add_seconds (FILES_PATIENCE, patience_cb, sweep);
  if (self->social != NULL)
    dou_video_social_remove_async (self->social, (const gint64 *) (gpointer) ids->data, ids->len,
                                   task == NULL ? self->cancellable : NULL, told_cb, sweep);
  sweep_next_file (sweep);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoCleaner) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids
      = dou_video_store_list_unclean_finish (DOU_VIDEO_STORE (source), result, &error);

  if (ids == NULL)
    {
      g_warning ("Deleted videos are not cleaned up yet: %s", error->message);
      dou_video_cleaner_retry (self);
    }
  else if (ids->len > 0 && !is_stopped (self))
    {
      g_info ("Cleaning up what is left of %u deleted videos", ids->len);
      sweep_start (self, ids, NULL);
    }

  dou_video_cleaner_rest (self);
}

/* Some videos that may be gone. */
typedef struct
{
  DouVideoCleaner *cleaner; /* (owned) */
  GArray *ids;              /* (owned) (element-type gint64) */
} Look;

static void
look_free (Look *look)
{
  g_object_unref (look->cleaner);
  g_array_unref (look->ids);
  g_free (look);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Look, look_free)

/* Only their files are left to be removed. @ids: (element-type gint64) */
static void
sweep_start_heard (DouVideoCleaner *self, GArray *ids)
{
  Sweep *sweep = g_new0 (Sweep, 1);

  g_debug ("Removing files of %u videos that another node has deleted", ids->len);
  sweep->cleaner = g_object_ref (self);
  sweep->ids = g_array_ref (ids);
  sweep->clean = g_array_new (FALSE, FALSE, sizeof (gint64));
  sweep->is_heard = TRUE;
  sweep->told = TRUE;
  self->n_busy++;
  sweep_next_file (sweep);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Look) look = user_data;
  DouVideoCleaner *self = look->cleaner;
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) videos
      = dou_video_store_get_videos_finish (DOU_VIDEO_STORE (source), result, &error);

  if (videos == NULL)
    g_warning ("Files of videos that another node has deleted may be left: %s", error->message);
  for (guint i = 0; videos != NULL && i < videos->len; i++)
    if (g_ptr_array_index (videos, i) == NULL)
      g_array_append_val (gone, g_array_index (look->ids, gint64, i));
  if (gone->len > 0 && !is_stopped (self))
    {
      sweep_start_heard (self, gone);
    }
  else
    {
      self->is_looking = FALSE;
      dou_video_cleaner_look (self);
    }
  dou_video_cleaner_rest (self);
}

/* Looks for the first that may be gone, and when their files are removed for the next. */
static void
dou_video_cleaner_look (DouVideoCleaner *self)
{
  guint n = MIN (self->heard->len, LOOK_SIZE);
  Look *look;

  if (self->is_looking || n == 0 || is_stopped (self))
    return;

  look = g_new (Look, 1);
  look->cleaner = g_object_ref (self);
  look->ids = g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (gint64)), self->heard->data, n);
  g_array_remove_range (self->heard, 0, n);
  self->is_overfull = self->is_overfull && self->heard->len > 0;
  self->is_looking = TRUE;
  self->n_busy++;
  dou_video_store_get_videos_async (self->store, (const gint64 *) (gpointer) look->ids->data, n,
                                    looked_cb, look);
}

/**
 * dou_video_cleaner_look_for_gone:
 * @self: a cleaner
 * @ids: (array length=n_ids): of videos that another node has changed
 * @n_ids: how many
 *
 * Removes the files that are here of those that are no more. What is in an object store the other node removes. If too
 * many wait already, files may be left.
 */
void
dou_video_cleaner_look_for_gone (DouVideoCleaner *self, const gint64 *ids, guint n_ids)
{
  g_return_if_fail (DOU_IS_VIDEO_CLEANER (self));

  if (is_stopped (self) || n_ids == 0 || dou_media_store_is_remote (self->media))
    return;
  if (n_ids > MAX_HEARD - self->heard->len)
    {
      if (!self->is_overfull)
        g_warning ("Files of %u videos that other nodes have changed, and maybe of more, are not "
                   "looked at: too many wait",
                   n_ids);
      self->is_overfull = TRUE;
      return;
    }

  g_array_append_vals (self->heard, ids, n_ids);
  dou_video_cleaner_look (self);
}

/**
 * dou_video_cleaner_resume:
 * @self: a cleaner
 *
 * Goes on with all that was not finished.
 */
void
dou_video_cleaner_resume (DouVideoCleaner *self)
{
  g_return_if_fail (DOU_IS_VIDEO_CLEANER (self));

  if (is_stopped (self))
    return;

  self->n_busy++;
  dou_video_store_list_unclean_async (self->store, listed_cb, g_object_ref (self));
}

/**
 * dou_video_cleaner_stop:
 * @self: a cleaner
 *
 * Begins nothing any more, and leaves what is not done to the next start: “idle” tells when.
 */
void
dou_video_cleaner_stop (DouVideoCleaner *self)
{
  g_return_if_fail (DOU_IS_VIDEO_CLEANER (self));

  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
}

gboolean
dou_video_cleaner_is_busy (DouVideoCleaner *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_CLEANER (self), FALSE);

  return self->n_busy > 0;
}

/**
 * dou_video_cleaner_clean_async:
 * @self: a cleaner
 * @ids: (element-type gint64): one or more videos that are deleted and unclean; not to be changed
 *   any more
 * @callback: called when nothing is left of them, or this is only a matter of time
 * @user_data: for @callback
 */
void
dou_video_cleaner_clean_async (DouVideoCleaner *self, GArray *ids, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_VIDEO_CLEANER (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_video_cleaner_clean_async);
  sweep_start (self, ids, task);
}

/**
 * dou_video_cleaner_clean_finish:
 * @self: a cleaner
 * @result: of the callback
 * @error: return location
 *
 * Returns: whether the likes and comments are gone for everybody; if not, the errors of
 *   dou_video_social_remove_finish(), and it is tried again later
 */
gboolean
dou_video_cleaner_clean_finish (DouVideoCleaner *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_cleaner_clean_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
