/* SPDX-License-Identifier: Apache-2.0 */

/* The hashes of passwords, and how often each was changed. A hash is replaced only where it is
 * still the one that was looked at: what was changed meanwhile, by whomever, stays. New hashes have
 * a salt, so whoever finds the own one afterwards is the one who made the change. */

#include "config.h"

#include "common/dou-json-writer.h"
#include "user/dou-user-operation.h"

static char *
make_changes_json (const DouUserHashChange *changes, guint n_changes)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_changes * DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_changes; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, changes[i].id);
      dou_json_writer_string (&writer, changes[i].old_hash);
      dou_json_writer_string (&writer, changes[i].new_hash);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_replace_hash_async:
 * @self: a store
 * @id: a user
 * @old_hash: the hash that the user had
 * @new_hash: a hash of the same password
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Replaces the hash of a user's password, unless it is no longer @old_hash: a password that was
 * changed meanwhile must not come back.
 */
void
dou_user_store_replace_hash_async (DouUserStore *self, gint64 id, const char *old_hash,
                                   const char *new_hash, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  const DouUserHashChange change = { id, old_hash, new_hash };
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_replace_hash_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->change = "replace-password-hashes";
  operation->change_json = make_changes_json (&change, 1);
  dou_user_operation_write (task);
}

/**
 * dou_user_store_replace_hash_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: whether the hash was replaced, or was not the old one any more
 */
gboolean
dou_user_store_replace_hash_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  return dou_user_operation_finish (self, result, dou_user_store_replace_hash_async, error) != NULL;
}

/**
 * dou_user_store_get_secrets_async:
 * @self: a store
 * @ids: (array length=n_ids): ids of users; the same may come twice
 * @n_ids: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_get_secrets_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_get_secrets_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->query = "get-secrets";
  operation->query_json = dou_user_operation_make_ids_json (ids, n_ids);
  operation->columns = "xsxx";
  dou_user_operation_read (task);
}

/**
 * dou_user_store_get_secrets_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUserSecret): for each id its user's, or %NULL
 */
GArray *
dou_user_store_get_secrets_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_get_secrets_async, error);

  return operation != NULL ? dou_user_operation_get_secrets (operation) : NULL;
}

/**
 * dou_user_store_change_hashes_async:
 * @self: a store
 * @changes: (array length=n_changes): passwords to change; of several of one user at most one is
 *   made
 * @n_changes: how many
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Gives each user a new password, and the next generation, unless the hash is no longer the old
 * one.
 */
void
dou_user_store_change_hashes_async (DouUserStore *self, const DouUserHashChange *changes,
                                    guint n_changes, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_change_hashes_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->change = "change-passwords";
  operation->change_json = make_changes_json (changes, n_changes);
  operation->query = "get-password-changes";
  operation->query_json = g_strdup (operation->change_json);
  operation->columns = "x";
  dou_user_operation_write (task);
}

/**
 * dou_user_store_change_hashes_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each change the generation that it led to, -1
 * if it was not made; or %NULL
 */
GArray *
dou_user_store_change_hashes_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_change_hashes_async, error);

  return operation != NULL ? dou_user_operation_get_numbers (operation) : NULL;
}

/**
 * dou_user_store_get_generations_async:
 * @self: a store
 * @ids: (array length=n_ids): ids, of users or not
 * @n_ids: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_get_generations_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_get_generations_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->query = "get-generations";
  operation->query_json = dou_user_operation_make_ids_json (ids, n_ids);
  operation->columns = "xx";
  dou_user_operation_read (task);
}

/**
 * dou_user_store_get_generations_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each id its user's generation, with
 *   %DOU_GENERATION_BANNED if that is so; -1 if there is none; or %NULL
 */
GArray *
dou_user_store_get_generations_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_get_generations_async, error);

  return operation != NULL ? dou_user_operation_get_generations (operation) : NULL;
}
