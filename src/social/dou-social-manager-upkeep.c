/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "social/dou-social-manager.h"

/* Microseconds after which a removal goes on without its caller, whose own patience is short. Some
 * ten thousand likes are gone by then. */
#define REMOVAL_PATIENCE (2 * G_TIME_SPAN_SECOND)

/* A removal; the data of the call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type gint32) of each video */
  gint64 deadline;  /* monotonic time when the call returns, complete or not */
  gint64 now;       /* time of the call */
  gboolean returned;
} RemovalCall;

static void
removal_call_free (RemovalCall *self)
{
  g_array_unref (self->statuses);
  g_free (self);
}

static void
removal_return (GTask *task)
{
  RemovalCall *call = g_task_get_task_data (task);

  if (call->returned)
    return;

  call->returned = TRUE;
  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

static void
removal_fail (GTask *task, GError *error)
{
  RemovalCall *call = g_task_get_task_data (task);

  if (call->returned)
    {
      g_warning ("Cannot go on removing what belongs to removed videos: %s", error->message);
      g_error_free (error);
      return;
    }

  call->returned = TRUE;
  g_task_return_error (task, error);
}

static void
report_removed (DouSocialManager *self, GArray *favorites, GArray *comments)
{
  g_autoptr (DouSocialChanges) changes = dou_social_changes_new ();

  for (guint i = 0; i < favorites->len; i++)
    dou_social_changes_add_link (changes, DOU_SOCIAL_FAVORITES,
                                 &g_array_index (favorites, DouSocialLink, i));
  for (guint i = 0; i < comments->len; i++)
    dou_social_changes_add_comments (changes, g_array_index (comments, gint64, i), -1);
  dou_social_manager_report (self, changes);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RemovalCall *call = g_task_get_task_data (task);
  g_autoptr (GArray) favorites = NULL;
  g_autoptr (GArray) comments = NULL;
  g_autoptr (GArray) none = NULL;
  GError *error = NULL;
  gboolean done;

  if (!dou_social_store_remove_videos_finish (DOU_SOCIAL_STORE (source), result, &favorites,
                                              &comments, &done, &error))
    {
      removal_fail (task, error);
      return;
    }

  report_removed (g_task_get_source_object (task), favorites, comments);
  if (done || g_get_monotonic_time () >= call->deadline)
    removal_return (task);
  if (done)
    return;

  none = g_array_new (FALSE, FALSE, sizeof (gint64));
  dou_social_store_remove_videos_async (DOU_SOCIAL_STORE (source), none, call->now,
                                        g_task_get_cancellable (task), removed_cb,
                                        g_object_ref (task));
}

/**
 * dou_social_manager_remove_videos_async:
 * @self: a manager
 * @videos: (element-type gint64): videos that are no more
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Removes likes, comments and feelings of @videos, resolves the reports of them, and what an earlier call that was
 * interrupted left over, piece by piece. If that takes long, the call returns before it is complete.
 */
void
dou_social_manager_remove_videos_async (DouSocialManager *self, GArray *videos,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GArray) wanted = NULL;
  RemovalCall *call;
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  call = g_new0 (RemovalCall, 1);
  call->deadline = g_get_monotonic_time () + REMOVAL_PATIENCE;
  call->now = dou_clock_get_real_time (dou_social_manager_get_clock (self));
  wanted = g_array_sized_new (FALSE, FALSE, sizeof (gint64), videos->len);
  call->statuses = g_array_sized_new (FALSE, FALSE, sizeof (gint32), videos->len);
  for (guint i = 0; i < videos->len; i++)
    {
      gint64 video = g_array_index (videos, gint64, i);
      gint32 status = DOU_STATUS_BAD_PARAMETER;

      if (dou_social_id_is_valid (video))
        {
          status = DOU_STATUS_OK;
          g_array_append_val (wanted, video);
        }
      g_array_append_val (call->statuses, status);
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_social_manager_remove_videos_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) removal_call_free);
  dou_social_store_remove_videos_async (dou_social_manager_get_store (self), wanted, call->now,
                                        cancellable, removed_cb, task);
}

/**
 * dou_social_manager_remove_videos_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, BadParameter; or %NULL,
 *   with the errors of dou_database_write_finish(). Something may have been removed then, and the
 *   rest will be by the next call, or at the next start
 */
GArray *
dou_social_manager_remove_videos_finish (DouSocialManager *self, GAsyncResult *result,
                                         GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_social_manager_remove_videos_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
recounted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (DouSocialChanges) changes = dou_social_changes_new ();
  g_autoptr (GArray) videos = NULL;
  g_autoptr (GArray) users = NULL;
  GError *error = NULL;
  gint64 n_wrong;

  n_wrong = dou_social_store_recount_finish (DOU_SOCIAL_STORE (source), result, &videos, &users,
                                             &changes->added, &error);
  if (n_wrong < 0)
    {
      g_task_return_error (task, error);
      return;
    }

  dou_social_changes_add_ids (changes->videos, videos);
  dou_social_changes_add_ids (changes->users, users);
  dou_social_manager_report (g_task_get_source_object (task), changes);
  g_task_return_int (task, n_wrong);
}

/**
 * dou_social_manager_recount_async:
 * @self: a manager
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Counts everything anew and sets right what is wrong.
 */
void
dou_social_manager_recount_async (DouSocialManager *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_social_manager_recount_async);
  g_task_set_check_cancellable (task, FALSE);
  dou_social_store_recount_async (dou_social_manager_get_store (self), cancellable, recounted_cb,
                                  task);
}

/**
 * dou_social_manager_recount_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: how many counters were wrong; or -1, with the errors of dou_database_write_finish()
 */
gint64
dou_social_manager_recount_finish (DouSocialManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_social_manager_recount_async), -1);

  return g_task_propagate_int (G_TASK (result), error);
}
