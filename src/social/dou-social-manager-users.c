/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "social/dou-social-manager.h"

/* Microseconds after which a call answers that not all is done: others wait for it. */
#define PATIENCE (2 * G_TIME_SPAN_SECOND)

/* A removal; the data of the call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type gint32) of each user */
  GArray *users;    /* (owned) (element-type gint64) those that are ids */
  gint64 deadline;  /* monotonic time when the call returns, complete or not */
} RemovalCall;

static void
removal_call_free (RemovalCall *self)
{
  g_array_unref (self->statuses);
  g_array_unref (self->users);
  g_free (self);
}

static void
removal_return (GTask *task, gboolean done)
{
  RemovalCall *call = g_task_get_task_data (task);

  for (guint i = 0; !done && i < call->statuses->len; i++)
    if (g_array_index (call->statuses, gint32, i) == DOU_STATUS_OK)
      g_array_index (call->statuses, gint32, i) = DOU_STATUS_UNAVAILABLE;

  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouSocialManager *self = g_task_get_source_object (task);
  RemovalCall *call = g_task_get_task_data (task);
  g_autoptr (DouSocialChanges) changes = NULL;
  GError *error = NULL;
  gboolean done;

  changes = dou_social_store_remove_users_finish (DOU_SOCIAL_STORE (source), result, &done, &error);
  if (changes == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  dou_social_manager_report (self, changes);
  if (done || g_get_monotonic_time () >= call->deadline)
    removal_return (task, done);
  else
    dou_social_store_remove_users_async (
        DOU_SOCIAL_STORE (source), call->users,
        dou_clock_get_real_time (dou_social_manager_get_clock (self)),
        g_task_get_cancellable (task), removed_cb, g_object_ref (task));
}

/**
 * dou_social_manager_remove_users_async:
 * @self: a manager
 * @users: (element-type gint64): users who are no more
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Removes what they like, follow, block, wrote, feel and reported, and who follows and blocks them, piece
 * by piece; and resolves reports of them.
 */
void
dou_social_manager_remove_users_async (DouSocialManager *self, GArray *users,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  RemovalCall *call;
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  call = g_new0 (RemovalCall, 1);
  call->deadline = g_get_monotonic_time () + PATIENCE;
  call->users = g_array_sized_new (FALSE, FALSE, sizeof (gint64), users->len);
  call->statuses = g_array_sized_new (FALSE, FALSE, sizeof (gint32), users->len);
  for (guint i = 0; i < users->len; i++)
    {
      gint64 user = g_array_index (users, gint64, i);
      gint32 status
          = dou_social_id_is_valid (user) ? DOU_STATUS_OK : DOU_STATUS_BAD_PARAMETER;

      if (status == DOU_STATUS_OK)
        g_array_append_val (call->users, user);
      g_array_append_val (call->statuses, status);
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_social_manager_remove_users_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) removal_call_free);
  dou_social_store_remove_users_async (
      dou_social_manager_get_store (self), call->users,
      dou_clock_get_real_time (dou_social_manager_get_clock (self)), cancellable, removed_cb, task);
}

/**
 * dou_social_manager_remove_users_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0 if nothing is left,
 *   Unavailable if it is to be called again, BadParameter; or %NULL, with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_social_manager_remove_users_finish (DouSocialManager *self, GAsyncResult *result,
                                        GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_social_manager_remove_users_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
