/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "chat/dou-chat-manager.h"
#include "common/dou-id-minter.h"

/* Microseconds after which a call answers that not all is done: others wait for it. */
#define PATIENCE (2 * G_TIME_SPAN_SECOND)

/* A removal; the data of the call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type DouStatus) of each user */
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

static void removed_cb (GObject *source, GAsyncResult *result, gpointer user_data);

/* @task: (transfer full) */
static void
remove_piece (GTask *task)
{
  DouChatManager *self = g_task_get_source_object (task);
  RemovalCall *call = g_task_get_task_data (task);

  dou_chat_store_remove_users_async (
      dou_chat_manager_get_store (self), (const gint64 *) (gpointer) call->users->data,
      call->users->len, g_task_get_cancellable (task), removed_cb, task);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  RemovalCall *call = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean done;
  gint64 n_removed
      = dou_chat_store_remove_users_finish (DOU_CHAT_STORE (source), result, &done, &error);

  if (n_removed < 0)
    {
      g_task_return_error (task, error);
      return;
    }

  dou_chat_manager_report_removed (g_task_get_source_object (task), n_removed);
  if (!done && g_get_monotonic_time () < call->deadline)
    {
      remove_piece (g_steal_pointer (&task));
      return;
    }

  for (guint i = 0; !done && i < call->statuses->len; i++)
    if (g_array_index (call->statuses, DouStatus, i) == DOU_STATUS_OK)
      g_array_index (call->statuses, DouStatus, i) = DOU_STATUS_UNAVAILABLE;
  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/**
 * dou_chat_manager_remove_users_async:
 * @self: a manager
 * @users: (array length=n_users): users who are no more
 * @n_users: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Removes their conversations, piece by piece. Nobody is told: nothing is kept of messages that would have
 * to be forgotten.
 */
void
dou_chat_manager_remove_users_async (DouChatManager *self, const gint64 *users, guint n_users,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  RemovalCall *call;
  GTask *task;

  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  call = g_new0 (RemovalCall, 1);
  call->deadline = g_get_monotonic_time () + PATIENCE;
  call->users = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_users);
  call->statuses = g_array_sized_new (FALSE, FALSE, sizeof (DouStatus), n_users);
  for (guint i = 0; i < n_users; i++)
    {
      DouStatus status = users[i] > 0 && users[i] <= DOU_ID_MAX ? DOU_STATUS_OK
                                                                : DOU_STATUS_BAD_PARAMETER;

      if (status == DOU_STATUS_OK)
        g_array_append_val (call->users, users[i]);
      g_array_append_val (call->statuses, status);
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_chat_manager_remove_users_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) removal_call_free);
  remove_piece (task);
}

/**
 * dou_chat_manager_remove_users_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouStatus): for each 0 if nothing is left, Unavailable if it is to
 *   be called again, BadParameter; or %NULL, with the errors of dou_database_write_finish()
 */
GArray *
dou_chat_manager_remove_users_finish (DouChatManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_chat_manager_remove_users_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
