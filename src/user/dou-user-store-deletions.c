/* SPDX-License-Identifier: Apache-2.0 */

/* Deleted users. The row goes at once, so that every other statement sees nobody, and with it in the same
 * transaction comes one that keeps the id and the name, until everything of the user is gone in all
 * domains (dou-user-eraser.c). A flag in the row itself was rejected: every statement, index and counter
 * would have to know of it, and the hash of the password would stay. */

#include "config.h"

#include "common/dou-json-writer.h"
#include "user/dou-user-operation.h"

static char *
make_deletions_json (const DouUserDeletion *deletions, guint n_deletions, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_deletions * DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_deletions; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, deletions[i].id);
      if (deletions[i].password != NULL)
        dou_json_writer_string (&writer, deletions[i].password);
      else
        dou_json_writer_raw (&writer, "null", -1);
      if (caller != NULL)
        dou_audit_write (&writer, now, caller, deletions[i].why);
      else
        dou_json_writer_int64 (&writer, now);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_delete_async:
 * @self: a store
 * @deletions: (array length=n_deletions): users, each once; if they want it themselves, with the hashes
 *   that their passwords were verified against
 * @n_deletions: how many
 * @caller: (nullable): who does it for the administration; then it is written into the audit log
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * A user whose hash is another one by now, or who was banned meanwhile, stays.
 */
void
dou_user_store_delete_async (DouUserStore *self, const DouUserDeletion *deletions,
                             guint n_deletions, const DouCaller *caller, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_delete_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->asks_first = TRUE;
  operation->query = "find-deletions";
  operation->query_json = make_deletions_json (deletions, n_deletions, caller);
  operation->columns = "x";
  operation->audit = caller != NULL ? "audit-deletions" : NULL;
  operation->remember = "remember-deletions";
  operation->change = "delete-users";
  operation->change_json = g_strdup (operation->query_json);
  dou_user_operation_write (task);
}

/**
 * dou_user_store_delete_finish:
 * @self: a store
 * @result: of the callback
 * @n_deleted: (out): how many are no more
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each the id if the user was deleted now, else 0;
 *   or %NULL
 */
GArray *
dou_user_store_delete_finish (DouUserStore *self, GAsyncResult *result, gint64 *n_deleted,
                              GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_delete_async, error);

  if (operation == NULL)
    return NULL;

  *n_deleted = operation->n_changed;
  return dou_user_operation_get_numbers (operation);
}

/**
 * dou_user_store_list_deletions_async:
 * @self: a store
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_list_deletions_async (DouUserStore *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_list_deletions_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->query = "list-deletions";
  operation->columns = "x";
  dou_user_operation_read (task);
}

/**
 * dou_user_store_list_deletions_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): deleted users of whom something may be left, the first
 *   64; or %NULL
 */
GArray *
dou_user_store_list_deletions_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_list_deletions_async, error);

  return operation != NULL ? dou_user_operation_get_numbers (operation) : NULL;
}

/**
 * dou_user_store_forget_deletions_async:
 * @self: a store
 * @ids: (array length=n_ids): deleted users of whom nothing is left
 * @n_ids: how many
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * From then on their names are free.
 */
void
dou_user_store_forget_deletions_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_forget_deletions_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->change = "forget-deletions";
  operation->change_json = dou_user_operation_make_ids_json (ids, n_ids);
  dou_user_operation_write (task);
}

gboolean
dou_user_store_forget_deletions_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  return dou_user_operation_finish (self, result, dou_user_store_forget_deletions_async, error)
         != NULL;
}
