/* SPDX-License-Identifier: Apache-2.0 */

/* Videos: how one is published (dou-video-publish.c) or deleted (dou-video-deletions.c), how lists
 * of them are read (dou-video-pages.c), what the administration does (dou-video-acts.c), what of them is
 * remembered (dou-video-manager-newest.c), what comes before all that (dou-video-manager-start.c), and what
 * all of it shares: counts, signals and the stop.
 *
 * The stop takes nothing more, ends transcoding, and gives what is being published some time before it
 * ends that too; whoever has sent it is told to try again, and nothing is left of it.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "video/dou-video-manager-private.h"

/* Seconds that publishing may go on after the stop. The service waits for 4. */
#define STOP_GRACE 3

G_DEFINE_FINAL_TYPE (DouVideoManager, dou_video_manager, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_WORK_COUNTS_CHANGED,
  N_SIGNALS
};

enum
{
  PROP_VIDEO_COUNT = 1,
  PROP_PENDING_TRANSCODES,
  PROP_FAILED_TRANSCODES,
  PROP_BUSY,
  N_PROPS
};

static guint signals[N_SIGNALS];
static GParamSpec *props[N_PROPS];

static void
dou_video_manager_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  DouVideoManager *self = DOU_VIDEO_MANAGER (object);

  switch (prop_id)
    {
    case PROP_VIDEO_COUNT:
      g_value_set_int64 (value, dou_video_manager_get_video_count (self));
      break;
    case PROP_PENDING_TRANSCODES:
      g_value_set_uint (value, self->pending_transcodes);
      break;
    case PROP_FAILED_TRANSCODES:
      g_value_set_uint (value, self->failed_transcodes);
      break;
    case PROP_BUSY:
      g_value_set_boolean (value, self->busy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
dou_video_manager_dispose (GObject *object)
{
  DouVideoManager *self = DOU_VIDEO_MANAGER (object);

  g_clear_handle_id (&self->stop_id, g_source_remove);
  if (self->transcoder != NULL)
    g_signal_handlers_disconnect_by_data (self->transcoder, self);
  g_clear_object (&self->transcoder);
  if (self->cleaner != NULL)
    g_signal_handlers_disconnect_by_data (self->cleaner, self);
  g_clear_object (&self->cleaner);
  g_clear_object (&self->importer);
  g_clear_object (&self->media);
  g_clear_object (&self->store);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->publications, g_hash_table_unref);
  g_clear_pointer (&self->withdrawals, g_hash_table_unref);
  g_clear_pointer (&self->newest, dou_video_newest_free);

  G_OBJECT_CLASS (dou_video_manager_parent_class)->dispose (object);
}

static void
dou_video_manager_class_init (DouVideoManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags
      = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = dou_video_manager_get_property;
  object_class->dispose = dou_video_manager_dispose;

  /**
   * DouVideoManager:video-count:
   *
   * Videos in the store.
   */
  props[PROP_VIDEO_COUNT]
      = g_param_spec_int64 ("video-count", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * DouVideoManager:pending-transcodes:
   *
   * Videos that wait to be transcoded, or are being.
   */
  props[PROP_PENDING_TRANSCODES]
      = g_param_spec_uint ("pending-transcodes", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DouVideoManager:failed-transcodes:
   *
   * Videos that could not be transcoded, and stay as they came.
   */
  props[PROP_FAILED_TRANSCODES]
      = g_param_spec_uint ("failed-transcodes", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DouVideoManager:busy:
   *
   * Whether something is under way that an orderly end waits for.
   */
  props[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * DouVideoManager::changed:
   * @ids: (element-type gint64): of videos
   *
   * These are not what they were, or are new. Emitted before the call that made the change returns.
   */
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", DOU_TYPE_VIDEO_MANAGER, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ARRAY);

  /**
   * DouVideoManager::work-counts-changed:
   * @authors: (element-type gint64): ids of users
   *
   * These have another number of videos. Emitted before the call that made the change returns.
   */
  signals[SIGNAL_WORK_COUNTS_CHANGED]
      = g_signal_new ("work-counts-changed", DOU_TYPE_VIDEO_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ARRAY);
}

static void
dou_video_manager_init (DouVideoManager *self)
{
  self->publications = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->withdrawals = dou_video_manager_new_withdrawals ();
  self->cancellable = g_cancellable_new ();
}

static void
emit_one (DouVideoManager *self, guint signal, gint64 id)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_array_append_val (ids, id);
  g_signal_emit (self, signals[signal], 0, ids);
}

/* What is told in time makes an orderly end wait. */
void
dou_video_manager_update_busy (DouVideoManager *self)
{
  gboolean busy = g_hash_table_size (self->publications) > 0 || self->n_settling > 0
                  || self->reading_newest || dou_video_transcoder_is_busy (self->transcoder)
                  || dou_video_cleaner_is_busy (self->cleaner);

  if (busy == self->busy)
    return;

  self->busy = busy;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BUSY]);
}

/* Of a video that is published, and whose files nobody here works on any more. */
void
dou_video_manager_transcode (DouVideoManager *self, gint64 id)
{
  dou_video_transcoder_add (self->transcoder, id);
  dou_video_manager_update_busy (self);
}

void
dou_video_manager_set_transcodes (DouVideoManager *self, gint64 n_pending, gint64 n_failed)
{
  if (n_pending != self->pending_transcodes)
    {
      self->pending_transcodes = (guint) n_pending;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PENDING_TRANSCODES]);
    }
  if (n_failed != self->failed_transcodes)
    {
      self->failed_transcodes = (guint) n_failed;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FAILED_TRANSCODES]);
    }
}

/* Of those that other nodes have published this one may not have heard yet. */
static void
dou_video_manager_add_transcodes (DouVideoManager *self, gint64 n_pending, gint64 n_failed)
{
  self->n_transcode_changes++;
  dou_video_manager_set_transcodes (self, MAX (self->pending_transcodes + n_pending, 0),
                                    MAX (self->failed_transcodes + n_failed, 0));
}

/* Everybody is to know of @video before its author hears that it is published. */
void
dou_video_manager_report_published (DouVideoManager *self, const DouVideo *video,
                                    gboolean transcode)
{
  const DouVideoPlace place = { video->id, video->publish_time };

  dou_video_newest_add (self->newest, &place);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VIDEO_COUNT]);
  emit_one (self, SIGNAL_CHANGED, video->id);
  emit_one (self, SIGNAL_WORK_COUNTS_CHANGED, video->author);

  if (transcode)
    dou_video_manager_add_transcodes (self, 1, 0);
}

/* Everybody is to know that @deleted (element-type DouVideoDeleted) are gone before their authors
 * hear it. */
void
dou_video_manager_report_deleted (DouVideoManager *self, GArray *deleted)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) authors = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  gint64 n_pending = 0;
  gint64 n_failed = 0;

  if (deleted->len == 0)
    return;

  for (guint i = 0; i < deleted->len; i++)
    {
      DouVideoDeleted *video = &g_array_index (deleted, DouVideoDeleted, i);

      if (!video->hidden)
        dou_video_newest_remove (self->newest, &video->place);
      n_pending += video->transcode == DOU_VIDEO_TRANSCODE_WANTED;
      n_failed += video->transcode == DOU_VIDEO_TRANSCODE_FAILED;
      g_array_append_val (ids, video->place.id);
      if (g_hash_table_add (seen, &video->author))
        g_array_append_val (authors, video->author);
    }

  dou_video_manager_read_newest (self);
  dou_video_manager_update_busy (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VIDEO_COUNT]);
  dou_video_manager_add_transcodes (self, -n_pending, -n_failed);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, ids);
  g_signal_emit (self, signals[SIGNAL_WORK_COUNTS_CHANGED], 0, authors);
}

/* The same for @hidden (element-type DouVideoHidden), those that are hidden since, or no longer are. */
void
dou_video_manager_report_hidden (DouVideoManager *self, GArray *hidden)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) authors = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < hidden->len; i++)
    {
      DouVideoHidden *video = &g_array_index (hidden, DouVideoHidden, i);

      if (!video->changed)
        continue;
      if (video->hidden)
        dou_video_newest_remove (self->newest, &video->place);
      else
        dou_video_newest_add (self->newest, &video->place);
      g_array_append_val (ids, video->place.id);
      if (g_hash_table_add (seen, &video->author))
        g_array_append_val (authors, video->author);
    }

  if (ids->len == 0)
    return;

  dou_video_manager_read_newest (self);
  dou_video_manager_update_busy (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VIDEO_COUNT]);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, ids);
  g_signal_emit (self, signals[SIGNAL_WORK_COUNTS_CHANGED], 0, authors);
}

/* The same for @ids (element-type gint64) that were given up, and are to be transcoded. */
void
dou_video_manager_report_retried (DouVideoManager *self, GArray *ids)
{
  if (ids->len == 0)
    return;

  dou_video_manager_add_transcodes (self, ids->len, -(gint64) ids->len);
  for (guint i = 0; i < ids->len; i++)
    dou_video_manager_transcode (self, g_array_index (ids, gint64, i));
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, ids);
}

static void
transcode_ended_cb (DouVideoTranscoder *transcoder, gint64 id, gboolean done, gpointer user_data)
{
  DouVideoManager *self = user_data;

  dou_video_manager_add_transcodes (self, -1, done ? 0 : 1);
  if (done)
    emit_one (self, SIGNAL_CHANGED, id);
}

static void
idle_cb (GObject *part, gpointer user_data)
{
  dou_video_manager_update_busy (user_data);
}

/**
 * dou_video_manager_new:
 * @store: the rows
 * @media: the files
 * @importer: takes files in
 * @transcoder: works in the background; woken by this
 * @cleaner: goes on with deletions that were interrupted, and does those that come
 * @error: return location
 *
 * Waits for the database and the disk, and removes what a crash has left.
 *
 * Returns: (transfer full): a manager, or %NULL
 */
DouVideoManager *
dou_video_manager_new (DouVideoStore *store, DouMediaStore *media, DouMediaImporter *importer,
                       DouVideoTranscoder *transcoder, DouVideoCleaner *cleaner, GError **error)
{
  g_autoptr (DouVideoManager) self = g_object_new (DOU_TYPE_VIDEO_MANAGER, NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  gboolean ready;

  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
  self->importer = g_object_ref (importer);
  self->transcoder = g_object_ref (transcoder);
  self->cleaner = g_object_ref (cleaner);

  g_main_context_push_thread_default (context);
  ready = dou_video_manager_recover (self, error) && dou_video_manager_load (self, error);
  g_main_context_pop_thread_default (context);
  if (!ready)
    return NULL;

  g_signal_connect (transcoder, "ended", G_CALLBACK (transcode_ended_cb), self);
  g_signal_connect (transcoder, "idle", G_CALLBACK (idle_cb), self);
  g_signal_connect (cleaner, "idle", G_CALLBACK (idle_cb), self);
  dou_video_cleaner_resume (cleaner);
  dou_video_transcoder_wake (transcoder);
  dou_video_manager_update_busy (self);
  return g_steal_pointer (&self);
}

static gboolean
stop_timeout_cb (gpointer user_data)
{
  DouVideoManager *self = user_data;

  self->stop_id = 0;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/**
 * dou_video_manager_stop:
 * @self: a manager
 *
 * Begins the orderly end. It is over when nothing is busy any more.
 */
void
dou_video_manager_stop (DouVideoManager *self)
{
  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  if (self->stopping)
    return;

  self->stopping = TRUE;
  self->stop_id = g_timeout_add_seconds (STOP_GRACE, stop_timeout_cb, self);
  dou_video_manager_stop_withdrawals (self);
  dou_video_transcoder_stop (self->transcoder);
  dou_video_cleaner_stop (self->cleaner);
}

/**
 * dou_video_manager_get_store:
 * @self: a manager
 *
 * Returns: (transfer none): for what is asked without any rule
 */
DouVideoStore *
dou_video_manager_get_store (DouVideoManager *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_MANAGER (self), NULL);

  return self->store;
}

gint64
dou_video_manager_get_video_count (DouVideoManager *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_MANAGER (self), 0);

  return dou_video_newest_get_n_videos (self->newest);
}

guint
dou_video_manager_get_pending_transcodes (DouVideoManager *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_MANAGER (self), 0);

  return self->pending_transcodes;
}

/**
 * dou_video_manager_get_newest_misses:
 * @self: a manager
 *
 * Returns: pages of the feed that the database was asked for since the start, since they were not in memory
 */
guint64
dou_video_manager_get_newest_misses (DouVideoManager *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_MANAGER (self), 0);

  return self->newest_misses;
}

gboolean
dou_video_manager_is_busy (DouVideoManager *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_MANAGER (self), FALSE);

  return self->busy;
}

static void
recounted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoManager *self = g_task_get_source_object (task);
  g_autoptr (GArray) authors = NULL;
  GError *error = NULL;
  gint64 n_videos, n_wrong;

  authors = dou_video_store_recount_finish (DOU_VIDEO_STORE (source), result, &n_videos, &n_wrong,
                                            &error);
  if (authors == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  /* Writes are told in their order: this one too. */
  dou_video_newest_set_n_videos (self->newest, n_videos);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VIDEO_COUNT]);
  if (authors->len > 0)
    g_signal_emit (self, signals[SIGNAL_WORK_COUNTS_CHANGED], 0, authors);
  g_task_return_int (task, n_wrong);
}

/**
 * dou_video_manager_recount_async:
 * @self: a manager
 * @callback: called with the result
 * @user_data: for @callback
 *
 * Counts everything anew and sets right what is wrong.
 */
void
dou_video_manager_recount_async (DouVideoManager *self, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_video_manager_recount_async);
  dou_video_store_recount_async (self->store, recounted_cb, task);
}

/**
 * dou_video_manager_recount_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: how many counters were wrong; or -1, with the errors of dou_database_write_finish()
 */
gint64
dou_video_manager_recount_finish (DouVideoManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_manager_recount_async), -1);

  return g_task_propagate_int (G_TASK (result), error);
}
