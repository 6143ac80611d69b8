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
 * file, and nothing of it goes into the queue.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "video/dou-video-jobs.h"

/* Parts of the lease after which it is renewed: two attempts may fail. */
#define RENEWALS 3
/* Milliseconds between two looks into the queue of who has nothing to do. */
#define POLL_INTERVAL 1000

struct _DouVideoJobs
{
  GObject parent_instance;

  DouVideoStore *store; /* (owned) */
  DouMediaStore *media; /* (owned) */
  DouVideoQueue *queue; /* (owned) (nullable) */
  GTask *taking;        /* (owned) (nullable) */
  DouVideoTask *current; /* (owned) (nullable) what is being worked on: id, claim and entry */
  gint64 lease;         /* milliseconds; 0 if there is no other node */
  guint look_id;
  guint poll_id;
  guint renewal_id;
  guint sweep_id;
  gboolean is_stopped;
};

G_DEFINE_FINAL_TYPE (DouVideoJobs, dou_video_jobs, G_TYPE_OBJECT)

enum
{
  SIGNAL_READY,
  SIGNAL_LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* A search: the data of its task. */
typedef struct
{
  GPtrArray *page; /* (owned) (nullable) (element-type DouVideoTask) of the database */
  guint next;      /* in it */
  gint64 wait;     /* milliseconds after which something may be begun; 0 if there is nothing */
  char *entry;     /* (owned) (nullable) in the queue */
} Take;

static void
take_free (Take *take)
{
  g_clear_pointer (&take->page, g_ptr_array_unref);
  g_free (take->entry);
  g_free (take);
}

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
dou_video_jobs_class_init (DouVideoJobsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_jobs_dispose;

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
}

static gboolean
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
 * @lease: milliseconds after which what a node is silent about is taken over by another; 0 if there is no
 *   other node
 *
 * Returns: (transfer full): jobs, from the database alone
 */
DouVideoJobs *
dou_video_jobs_new (DouVideoStore *store, DouMediaStore *media, gint64 lease)
{
  DouVideoJobs *self = g_object_new (DOU_TYPE_VIDEO_JOBS, NULL);

  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
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

/* The search is over. @task: (transfer full) (nullable) */
static void
dou_video_jobs_return (DouVideoJobs *self, DouVideoTask *task)
{
  g_autoptr (GTask) taking = g_steal_pointer (&self->taking);

  g_task_return_pointer (taking, task, (GDestroyNotify) dou_video_task_free);
}

/* @error: (transfer full) */
static void
dou_video_jobs_fail (DouVideoJobs *self, GError *error)
{
  g_autoptr (GTask) taking = g_steal_pointer (&self->taking);

  g_task_return_error (taking, error);
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
  Take *take;

  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));

  self->is_stopped = TRUE;
  g_clear_handle_id (&self->look_id, g_source_remove);
  g_clear_handle_id (&self->poll_id, g_source_remove);
  g_clear_handle_id (&self->sweep_id, g_source_remove);

  /* An orderly end does not wait for Redis. */
  take = self->taking != NULL ? g_task_get_task_data (self->taking) : NULL;
  if (take != NULL && take->entry == NULL && take->page == NULL)
    dou_video_jobs_return (self, NULL);
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

static void dou_video_jobs_try_next (DouVideoJobs *self);
static void dou_video_jobs_try_queue (DouVideoJobs *self);

static Take *
dou_video_jobs_get_take (DouVideoJobs *self)
{
  return g_task_get_task_data (self->taking);
}

static void
claimed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoJobs) self = user_data;
  g_autoptr (DouVideoTask) task = NULL;
  GError *error = NULL;
  gboolean held;

  if (!dou_video_store_change_task_finish (DOU_VIDEO_STORE (source), result, &held, &task, &error))
    dou_video_jobs_fail (self, error);
  else if (held)
    dou_video_jobs_return (self, g_steal_pointer (&task));
  else
    dou_video_jobs_try_next (self);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoJobs) self = user_data;
  Take *take = dou_video_jobs_get_take (self);
  GError *error = NULL;
  GPtrArray *page = dou_video_store_get_tasks_finish (DOU_VIDEO_STORE (source), result, &error);

  if (page == NULL)
    {
      dou_video_jobs_fail (self, error);
      return;
    }

  g_clear_pointer (&take->page, g_ptr_array_unref);
  take->page = page;
  take->next = 0;
  dou_video_jobs_try_next (self);
}

static void
dou_video_jobs_list (DouVideoJobs *self)
{
  Take *take = dou_video_jobs_get_take (self);
  const DouVideoTask *last = take->page != NULL && take->page->len > 0
                                 ? g_ptr_array_index (take->page, take->page->len - 1)
                                 : NULL;

  /* That there is a page says that it is the database's turn. */
  if (take->page == NULL)
    take->page = g_ptr_array_new ();
  dou_video_store_list_tasks_async (self->store, last, listed_cb, g_object_ref (self));
}

/* Whether @task may be begun here and now. */
static gboolean
dou_video_jobs_is_for_us (DouVideoJobs *self, const DouVideoTask *task)
{
  Take *take = dou_video_jobs_get_take (self);

  if (self->lease > 0 && !dou_media_store_can_read (self->media, task->file))
    return FALSE;
  if (task->wait == 0)
    return TRUE;

  take->wait = take->wait == 0 ? task->wait : MIN (take->wait, task->wait);
  return FALSE;
}

/* The next one of the page, or else of the next page. */
static void
dou_video_jobs_try_next (DouVideoJobs *self)
{
  Take *take = dou_video_jobs_get_take (self);

  while (!self->is_stopped && take->next < take->page->len)
    {
      const DouVideoTask *task = g_ptr_array_index (take->page, take->next++);

      if (dou_video_jobs_is_for_us (self, task))
        {
          dou_video_store_claim_task_async (self->store, task->id, self->lease, claimed_cb,
                                            g_object_ref (self));
          return;
        }
    }

  if (!self->is_stopped && take->page->len == DOU_VIDEO_TASKS_MAX)
    {
      dou_video_jobs_list (self);
      return;
    }

  if (take->wait > 0)
    dou_video_jobs_look_after (self, take->wait);
  dou_video_jobs_return (self, NULL);
}

/* Who was at it may have died before the files of the past were removed. */
static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoJobs) self = user_data;
  Take *take = dou_video_jobs_get_take (self);

  if (dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, NULL))
    dou_video_queue_drop (self->queue, take->entry);
  g_clear_pointer (&take->entry, g_free);
  dou_video_jobs_try_queue (self);
}

/* It was not to be had. If it is only somebody else's at present, it comes again. */
static void
dou_video_jobs_pass_over (DouVideoJobs *self, const DouVideoTask *task)
{
  Take *take = dou_video_jobs_get_take (self);

  if (task != NULL && task->transcode != DOU_VIDEO_TRANSCODE_WANTED)
    {
      dou_media_store_settle_async (self->media, task->id, task->file, task->cover, settled_cb,
                                    g_object_ref (self));
      return;
    }

  if (task == NULL)
    dou_video_queue_drop (self->queue, take->entry);
  g_clear_pointer (&take->entry, g_free);
  dou_video_jobs_try_queue (self);
}

static void
claimed_entry_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoJobs) self = user_data;
  Take *take = dou_video_jobs_get_take (self);
  g_autoptr (DouVideoTask) task = NULL;
  GError *error = NULL;
  gboolean held;

  if (!dou_video_store_change_task_finish (DOU_VIDEO_STORE (source), result, &held, &task, &error))
    {
      dou_video_jobs_fail (self, error);
      return;
    }
  if (!held)
    {
      dou_video_jobs_pass_over (self, task);
      return;
    }

  task->entry = g_steal_pointer (&take->entry);
  dou_video_jobs_return (self, g_steal_pointer (&task));
}

static void
taken_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) taking = user_data;
  DouVideoJobs *self = g_task_get_source_object (taking);
  Take *take = g_task_get_task_data (taking);
  g_autofree char *entry = NULL;
  g_autoptr (GError) error = NULL;
  gint64 id;

  entry = dou_video_queue_take_finish (DOU_VIDEO_QUEUE (source), result, &id, &error);
  /* The stop did not wait. */
  if (taking != self->taking)
    return;

  if (error != NULL)
    dou_video_jobs_list (self);
  else if (entry == NULL)
    dou_video_jobs_return (self, NULL);
  else
    {
      take->entry = g_steal_pointer (&entry);
      dou_video_store_claim_task_async (self->store, id, self->lease, claimed_entry_cb,
                                        g_object_ref (self));
    }
}

static void
dou_video_jobs_try_queue (DouVideoJobs *self)
{
  if (self->is_stopped)
    dou_video_jobs_return (self, NULL);
  else
    dou_video_queue_take_async (self->queue, taken_cb, g_object_ref (self->taking));
}

/**
 * dou_video_jobs_take_async:
 * @self: jobs, of which nothing is being taken
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_jobs_take_async (DouVideoJobs *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_JOBS (self));
  g_return_if_fail (self->taking == NULL);

  self->taking = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->taking, dou_video_jobs_take_async);
  g_task_set_task_data (self->taking, g_new0 (Take, 1), (GDestroyNotify) take_free);
  if (dou_video_jobs_has_queue (self))
    dou_video_jobs_try_queue (self);
  else
    dou_video_jobs_list (self);
}

/**
 * dou_video_jobs_take_finish:
 * @self: jobs
 * @result: of the callback
 * @task: (out) (transfer full) (nullable): what is this node's now, an attempt at it counted; %NULL if there
 *   is nothing to be done at present
 * @error: return location
 *
 * Returns: whether the database could be asked
 */
gboolean
dou_video_jobs_take_finish (DouVideoJobs *self, GAsyncResult *result, DouVideoTask **task,
                            GError **error)
{
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_jobs_take_async), FALSE);

  *task = g_task_propagate_pointer (G_TASK (result), &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
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
