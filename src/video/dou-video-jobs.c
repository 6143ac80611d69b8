/* SPDX-License-Identifier: Apache-2.0 */

/* Who transcodes which video.
 *
 * The truth is in the database: a row says that its video is to be transcoded, and a claim in it who is at
 * it (dou-video-store-transcodes.c). It is renewed while the work goes on; of a process that has died, or
 * hangs, others take it over when it is not. That alone makes nodes agree, and is all there is with a
 * database of one node, without Redis, and while Redis is away: then a node asks the database when it has
 * published something, when it has finished something, and now and then.
 *
 * With Redis and an object store, where every node can read every file, nodes take videos from a queue
 * there (dou-video-queue.c), which hands out each once, in order. What the queue says is taken for a hint:
 * the claim in the database decides. What it has lost, or was never told, is put into it again by a look
 * into the database now and then.
 *
 * Files in a state directory can be read by one node alone, so such a video is left to whoever has its
 * file, and nothing of it goes into the queue. When nodes have moved to an object store there may be some that were
 * not transcoded before; which these are is seen when the file is not to be had, and then, too, it is left to others.
 * All but the one that has published the video, as its id tells: what that one does not have, and the object store
 * neither, is nowhere, and each look for it counts as an attempt that has failed, so that it is given up in the end.
 *
 * How the next one is found is in dou-video-jobs-take.c.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-id-minter.h"
#include "video/dou-video-jobs-private.h"

/* Parts of the lease after which it is renewed: two attempts may fail. */
#define RENEWALS 3
/* What is left to others is tried again after this: its file may have been brought into the object store. */
#define LEFT_TIME (10 * G_TIME_SPAN_MINUTE)
/* So many are remembered; if there are more, some are tried too soon. */
#define MAX_LEFT 4096
/* Milliseconds between two looks into the queue of who has nothing to do. */
#define POLL_INTERVAL 1000

G_DEFINE_FINAL_TYPE (DouVideoJobs, dou_video_jobs, G_TYPE_OBJECT)

enum
{
  SIGNAL_READY,
  SIGNAL_LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_video_jobs_clear_timers (DouVideoJobs *self)
{
  g_clear_handle_id (&self->look_id, g_source_remove);
  g_clear_handle_id (&self->poll_id, g_source_remove);
  g_clear_handle_id (&self->renewal_id, g_source_remove);
  g_clear_handle_id (&self->sweep_id, g_source_remove);
}

static void
dou_video_jobs_dispose (GObject *object)
{
  DouVideoJobs *self = DOU_VIDEO_JOBS (object);

  dou_video_jobs_clear_timers (self);
  if (self->queue != NULL)
    g_signal_handlers_disconnect_by_data (self->queue, self);
  g_clear_object (&self->queue);
  g_clear_object (&self->taking);
  g_clear_pointer (&self->current, dou_video_task_free);
  g_clear_object (&self->store);
  g_clear_object (&self->media);

  G_OBJECT_CLASS (dou_video_jobs_parent_class)->dispose (object);
}

static void
dou_video_jobs_finalize (GObject *object)
{
  g_hash_table_unref (DOU_VIDEO_JOBS (object)->left);

  G_OBJECT_CLASS (dou_video_jobs_parent_class)->finalize (object);
}

static void
dou_video_jobs_class_init (DouVideoJobsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_jobs_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_video_jobs_finalize;

  /**
   * DouVideoJobs::ready:
   *
   * There may be something to be taken.
   */
  signals[SIGNAL_READY] = g_signal_new ("ready", DOU_TYPE_VIDEO_JOBS, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 0);

  /**
   * DouVideoJobs::lost:
   *
   * What was begun here is somebody else's now, or not to be done any more.
   */
  signals[SIGNAL_LOST] = g_signal_new ("lost", DOU_TYPE_VIDEO_JOBS, G_SIGNAL_RUN_LAST, 0, NULL,
                                       NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_video_jobs_init (DouVideoJobs *self)
{
  self->left = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
}

gboolean
dou_video_jobs_has_queue (DouVideoJobs *self)
{
  return self->queue != NULL && dou_video_queue_is_up (self->queue);
}

static void
dou_video_jobs_tell_ready (DouVideoJobs *self)
{
  g_signal_emit (self, signals[SIGNAL_READY], 0);
}

static void
stocked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoJobs) self = user_data;
  g_autoptr (GPtrArray) tasks
      = dou_video_store_get_tasks_finish (DOU_VIDEO_STORE (source), result, NULL);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; tasks != NULL && i < tasks->len; i++)
    {
      const DouVideoTask *task = g_ptr_array_index (tasks, i);

      g_array_append_val (ids, task->id);
    }

  if (ids->len > 0 && dou_video_jobs_has_queue (self))
    dou_video_queue_restock (self->queue, ids);
}

static gboolean
sweep_cb (gpointer user_data)
{
  DouVideoJobs *self = user_data;

  if (dou_video_jobs_has_queue (self))
    dou_video_store_list_tasks_async (self->store, NULL, stocked_cb, g_object_ref (self));
  else
    dou_video_jobs_tell_ready (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
poll_cb (gpointer user_data)
{
  DouVideoJobs *self = user_data;

  if (dou_video_jobs_has_queue (self))
    dou_video_jobs_tell_ready (self);
  return G_SOURCE_CONTINUE;
}

/* Redis has come, or gone. */
static void
queue_changed_cb (DouVideoQueue *queue, gpointer user_data)
{
  sweep_cb (user_data);
  dou_video_jobs_tell_ready (user_data);
}

/**
 * dou_video_jobs_new:
 * @store: says what is to be done
 * @media: has the files
 * @node: the number of this node, as in the ids that it makes
 * @lease: milliseconds after which what a node is silent about is taken over by another; 0 if there is no
 *   other node
 *
 * Returns: (transfer full): jobs, from the database alone
 */
DouVideoJobs *
dou_video_jobs_new (DouVideoStore *store, DouMediaStore *media, guint node, gint64 lease)
{
  DouVideoJobs *self = g_object_new (DOU_TYPE_VIDEO_JOBS, NULL);

  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
  self->node = node;
  self->lease = lease;
  if (lease > 0)
    self->sweep_id = g_timeout_add ((guint) lease, sweep_cb, self);
  return self;
}

/**
 * dou_video_jobs_set_queue:
 * @self: jobs that nobody has taken yet, with a lease and all files in an object store
 * @queue: shared by all nodes
 */
void
dou_video_jobs_set_queue (DouVideoJobs *self, DouVideoQueue *queue)
{
  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));
  g_return_if_fail (self->queue == NULL && self->lease > 0);

  self->queue = g_object_ref (queue);
  self->poll_id = g_timeout_add (POLL_INTERVAL, poll_cb, self);
  g_signal_connect (queue, "changed", G_CALLBACK (queue_changed_cb), self);
}

/**
 * dou_video_jobs_stop:
 * @self: jobs
 *
 * There is nothing to be taken any more. What was taken is kept.
 */
void
dou_video_jobs_stop (DouVideoJobs *self)
{
  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));

  self->is_stopped = TRUE;
  g_clear_handle_id (&self->look_id, g_source_remove);
  g_clear_handle_id (&self->poll_id, g_source_remove);
  g_clear_handle_id (&self->sweep_id, g_source_remove);
  dou_video_jobs_stop_taking (self);
}

/**
 * dou_video_jobs_add:
 * @self: jobs
 * @id: of a video that is to be transcoded, as its row says
 */
void
dou_video_jobs_add (DouVideoJobs *self, gint64 id)
{
  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));

  if (dou_video_jobs_has_queue (self))
    dou_video_queue_add (self->queue, id);
}

static gboolean
look_cb (gpointer user_data)
{
  DouVideoJobs *self = user_data;

  self->look_id = 0;
  dou_video_jobs_tell_ready (self);
  return G_SOURCE_REMOVE;
}

/**
 * dou_video_jobs_look_after:
 * @self: jobs
 * @milliseconds: after which there may be something to be taken
 */
void
dou_video_jobs_look_after (DouVideoJobs *self, gint64 milliseconds)
{
  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));

  if (self->look_id == 0 && !self->is_stopped)
    self->look_id = g_timeout_add ((guint) CLAMP (milliseconds, 0, G_MAXINT) + 1, look_cb, self);
}

typedef struct
{
  DouVideoJobs *jobs; /* (owned) */
  gint64 claim;
} Renewal;

/* The entry in the queue is kept only while the claim holds. */
static void
renewed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Renewal *renewal = user_data;
  g_autoptr (DouVideoJobs) self = renewal->jobs;
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (GError) error = NULL;
  gboolean held;

  if (!dou_video_store_change_task_finish (DOU_VIDEO_STORE (source), result, &held, &task, &error))
    g_warning ("That a video is being transcoded cannot be noted: %s", error->message);
  else if (self->renewal_id == 0 || self->current->claim != renewal->claim)
    return;
  else if (!held)
    g_signal_emit (self, signals[SIGNAL_LOST], 0);
  else if (self->current->entry != NULL && dou_video_jobs_has_queue (self))
    dou_video_queue_keep (self->queue, self->current->entry);
}

static gboolean
renewal_cb (gpointer user_data)
{
  DouVideoJobs *self = user_data;
  Renewal *renewal = g_new (Renewal, 1);

  *renewal = (Renewal){ g_object_ref (self), self->current->claim };
  dou_video_store_renew_task_async (self->store, self->current, self->lease, renewed_cb, renewal);
  return G_SOURCE_CONTINUE;
}

/**
 * dou_video_jobs_begin:
 * @self: jobs
 * @task: what was taken
 *
 * Keeps it for this node until its end.
 */
void
dou_video_jobs_begin (DouVideoJobs *self, const DouVideoTask *task)
{
  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));
  g_return_if_fail (self->current == NULL);

  self->current = g_new0 (DouVideoTask, 1);
  self->current->id = task->id;
  self->current->claim = task->claim;
  self->current->entry = g_strdup (task->entry);
  if (self->lease > 0)
    self->renewal_id = g_timeout_add ((guint) (self->lease / RENEWALS), renewal_cb, self);
}

/**
 * dou_video_jobs_let_go:
 * @self: jobs
 *
 * What was begun is not kept any more: what comes of it is being written.
 */
void
dou_video_jobs_let_go (DouVideoJobs *self)
{
  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));

  g_clear_handle_id (&self->renewal_id, g_source_remove);
}

gboolean
dou_video_jobs_is_left (DouVideoJobs *self, gint64 id)
{
  const gint64 *until = g_hash_table_lookup (self->left, &id);

  return until != NULL && *until > g_get_monotonic_time ();
}

/**
 * dou_video_jobs_is_own:
 * @self: jobs
 * @id: of a video
 *
 * Returns: whether no other node is to be waited for if its file is not to be had here: this one has published it,
 *   or is the only one
 */
gboolean
dou_video_jobs_is_own (DouVideoJobs *self, gint64 id)
{
  g_return_val_if_fail (DOU_IS_VIDEO_JOBS (self), FALSE);

  return self->lease == 0 || dou_id_get_node (id) == self->node;
}

/**
 * dou_video_jobs_leave:
 * @self: jobs
 * @id: of a video whose file is not to be had here
 *
 * Does not take it for a while, so that another node may, which has the file.
 */
void
dou_video_jobs_leave (DouVideoJobs *self, gint64 id)
{
  gint64 until = g_get_monotonic_time () + LEFT_TIME;

  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));

  if (g_hash_table_size (self->left) >= MAX_LEFT)
    g_hash_table_remove_all (self->left);
  g_hash_table_replace (self->left, g_memdup2 (&id, sizeof id), g_memdup2 (&until, sizeof until));
}

/**
 * dou_video_jobs_end:
 * @self: jobs
 * @is_over: whether nobody has to do anything about it any more
 *
 * What was begun is this node's no more. If it is not over it comes again.
 */
void
dou_video_jobs_end (DouVideoJobs *self, gboolean is_over)
{
  g_autoptr (DouVideoTask) task = NULL;

  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));

  dou_video_jobs_let_go (self);
  task = g_steal_pointer (&self->current);
  if (is_over && task != NULL && task->entry != NULL && dou_video_jobs_has_queue (self))
    dou_video_queue_drop (self->queue, task->entry);
}
