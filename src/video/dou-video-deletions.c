/* SPDX-License-Identifier: Apache-2.0 */

/* How videos are deleted: find out whose they are, decide, delete the rows, tell everybody, remove
 * what belonged to them, answer.
 *
 * Whose a video is never changes, so the decision stays right until the deletion. Who deleted one
 * before is told again that it is done, as after a lost reply, and waits again for what is not done
 * yet; for everybody else it is not there. The administration may delete what it likes, and is told the
 * same as an author, but what it deletes is written down.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-video-manager-private.h"

/* Many deletions that came together: the data of their task. */
typedef struct
{
  DouVideoDeletion *deletions; /* (owned) */
  guint n_deletions;
  DouVideoRemoval *removals; /* (owned) (nullable) the same, if it is the administration that deletes */
  DouCaller caller;          /* (owned) who that is */
  GArray *statuses; /* (owned) (element-type gint32) of each, 0 unless it is refused */
  GArray *wanted;   /* (owned) (element-type gint64) to be deleted, each once */
  GArray *unclean;  /* (owned) (element-type gint64) to be cleaned up after, each once */
} Call;

static void
call_free (Call *call)
{
  for (guint i = 0; call->removals != NULL && i < call->n_deletions; i++)
    g_free ((char *) call->removals[i].why);
  g_free (call->removals);
  g_free (call->caller.login);
  g_free (call->deletions);
  g_array_unref (call->statuses);
  g_array_unref (call->wanted);
  g_array_unref (call->unclean);
  g_free (call);
}

static void
call_return (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

static DouStatus
judge (const Call *call, const DouVideoDeletion *deletion, const DouVideoState *state)
{
  if (state->author == 0)
    return DOU_STATUS_VIDEO_NOT_FOUND;
  if (call->removals != NULL || state->author == deletion->user)
    return DOU_STATUS_OK;

  return state->deleted ? DOU_STATUS_VIDEO_NOT_FOUND : DOU_STATUS_NOT_PERMITTED;
}

static void
call_decide (Call *call, GArray *states)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < call->n_deletions; i++)
    {
      DouVideoDeletion *deletion = &call->deletions[i];
      const DouVideoState *state = &g_array_index (states, DouVideoState, i);
      DouStatus status = (DouStatus) g_array_index (call->statuses, gint32, i);

      if (status == DOU_STATUS_OK)
        status = judge (call, deletion, state);
      g_array_index (call->statuses, gint32, i) = (gint32) status;
      if (status != DOU_STATUS_OK || !g_hash_table_add (seen, &deletion->video))
        continue;
      if (!state->deleted)
        g_array_append_val (call->wanted, deletion->video);
      if (!state->deleted || state->unclean)
        g_array_append_val (call->unclean, deletion->video);
    }
}

static gboolean
call_awaits (Call *call, gint64 video)
{
  for (guint i = 0; i < call->unclean->len; i++)
    if (g_array_index (call->unclean, gint64, i) == video)
      return TRUE;

  return FALSE;
}

/* The videos are deleted for good, but their author sees it only when counters have followed. */
static void
call_postpone (Call *call, DouStatus status)
{
  for (guint i = 0; i < call->n_deletions; i++)
    {
      gint32 *own = &g_array_index (call->statuses, gint32, i);

      if (*own == DOU_STATUS_OK && call_awaits (call, call->deletions[i].video))
        *own = (gint32) status;
    }
}

static void
cleaned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_video_cleaner_clean_finish (DOU_VIDEO_CLEANER (source), result, &error))
    call_postpone (g_task_get_task_data (task), DOU_STATUS_UNAVAILABLE);

  call_return (task);
}

/* @task: (transfer full) */
static void
clean (GTask *task)
{
  g_autoptr (GTask) owned = task;
  DouVideoManager *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  if (call->unclean->len == 0)
    {
      call_return (task);
      return;
    }

  dou_video_cleaner_clean_async (self->cleaner, call->unclean, cleaned_cb,
                                 g_steal_pointer (&owned));
  dou_video_manager_update_busy (self);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GArray) deleted = NULL;
  GError *error = NULL;

  deleted = dou_video_store_delete_finish (DOU_VIDEO_STORE (source), result, &error);
  if (deleted == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  dou_video_manager_report_deleted (g_task_get_source_object (task), deleted);
  clean (g_steal_pointer (&task));
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GArray) states = NULL;
  GError *error = NULL;

  states = dou_video_store_find_states_finish (DOU_VIDEO_STORE (source), result, &error);
  if (states == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  call_decide (call, states);
  if (call->wanted->len > 0 && call->removals != NULL)
    dou_video_store_remove_async (DOU_VIDEO_STORE (source), call->wanted, call->removals,
                                  call->n_deletions, &call->caller, deleted_cb,
                                  g_steal_pointer (&task));
  else if (call->wanted->len > 0)
    dou_video_store_delete_async (DOU_VIDEO_STORE (source), call->wanted, deleted_cb,
                                  g_steal_pointer (&task));
  else
    clean (g_steal_pointer (&task));
}

static Call *
call_new (guint n_deletions)
{
  Call *call = g_new0 (Call, 1);

  call->deletions = g_new0 (DouVideoDeletion, n_deletions);
  call->n_deletions = n_deletions;
  call->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), n_deletions);
  g_array_set_size (call->statuses, n_deletions);
  call->wanted = g_array_new (FALSE, FALSE, sizeof (gint64));
  call->unclean = g_array_new (FALSE, FALSE, sizeof (gint64));
  return call;
}

/* @call: (transfer full) */
static void
start (DouVideoManager *self, Call *call, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autofree gint64 *ids = g_new (gint64, call->n_deletions);
  GTask *task = g_task_new (self, NULL, callback, user_data);

  for (guint i = 0; i < call->n_deletions; i++)
    ids[i] = call->deletions[i].video;
  g_task_set_source_tag (task, dou_video_manager_delete_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  dou_video_store_find_states_async (self->store, ids, call->n_deletions, found_cb, task);
}

/**
 * dou_video_manager_delete_async:
 * @self: a manager
 * @deletions: (array length=n_deletions): which, and who wants it
 * @n_deletions: how many
 * @callback: called once they are gone, with all that belonged to them, or refused
 * @user_data: for @callback
 */
void
dou_video_manager_delete_async (DouVideoManager *self, const DouVideoDeletion *deletions,
                                guint n_deletions, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  call = call_new (n_deletions);
  for (guint i = 0; i < n_deletions; i++)
    call->deletions[i] = deletions[i];
  start (self, call, callback, user_data);
}

/* Removals that are refused, and those of who was named before, come without a video. */
static void
call_add_removals (Call *call, const DouVideoRemoval *removals)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);

  call->removals = g_new0 (DouVideoRemoval, call->n_deletions);
  for (guint i = 0; i < call->n_deletions; i++)
    {
      gboolean good = dou_audit_may_act (seen, &removals[i].id, removals[i].why);

      call->removals[i].id = call->deletions[i].video = good ? removals[i].id : 0;
      call->removals[i].why = g_strdup (good ? removals[i].why : "");
      if (!good)
        g_array_index (call->statuses, gint32, i) = DOU_STATUS_BAD_PARAMETER;
    }
}

/**
 * dou_video_manager_remove_async:
 * @self: a manager
 * @removals: (array length=n_removals): what the administration deletes
 * @n_removals: how many
 * @caller: who does it
 * @callback: called once they are gone, with all that belonged to them, or refused; for
 *   dou_video_manager_delete_finish(), whose statuses may be BadParameter, too (the reason, or the video
 *   was named before)
 * @user_data: for @callback
 */
void
dou_video_manager_remove_async (DouVideoManager *self, const DouVideoRemoval *removals,
                                guint n_removals, const DouCaller *caller,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  call = call_new (n_removals);
  call->caller = (DouCaller){ caller->uid, g_strdup (caller->login) };
  call_add_removals (call, removals);
  start (self, call, callback, user_data);
}

/**
 * dou_video_manager_delete_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, VideoNotFound,
 *   NotPermitted, or Unavailable (it is deleted, but not yet all that belonged to it); or %NULL if
 *   nothing was done, with the errors of dou_database_write_finish()
 */
GArray *
dou_video_manager_delete_finish (DouVideoManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_manager_delete_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
