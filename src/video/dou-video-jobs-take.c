/* SPDX-License-Identifier: Apache-2.0 */

/* The search for the next video that this node transcodes: through the queue, while there is one, and else
 * through pages of the database. Whatever turns up is only this node's when its claim has been written;
 * what is not to be had is passed over, and the search goes on.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "video/dou-video-jobs-private.h"

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

static void dou_video_jobs_try_next (DouVideoJobs *self);
static void dou_video_jobs_try_queue (DouVideoJobs *self);

static Take *
dou_video_jobs_get_take (DouVideoJobs *self)
{
  return g_task_get_task_data (self->taking);
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

/* An orderly end does not wait for Redis. */
void
dou_video_jobs_stop_taking (DouVideoJobs *self)
{
  Take *take = self->taking != NULL ? dou_video_jobs_get_take (self) : NULL;

  if (take != NULL && take->entry == NULL && take->page == NULL)
    dou_video_jobs_return (self, NULL);
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

  if (dou_video_jobs_is_left (self, task->id)
      || (!dou_video_jobs_is_own (self, task->id) && !dou_media_store_can_read (self->media, task->file)))
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
  else if (dou_video_jobs_is_left (self, id))
    /* It is had from this node when nothing was heard of it for the lease. */
    dou_video_jobs_try_queue (self);
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
