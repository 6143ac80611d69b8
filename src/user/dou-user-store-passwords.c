/* SPDX-License-Identifier: Apache-2.0 */

/* The hashes of passwords. Each is replaced only where it is still the one that was looked at: what
 * was changed meanwhile, by whomever, stays. */

#include "config.h"

#include "common/dou-json-writer.h"
#include "user/dou-user-operation.h"

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
  g_auto (DouJsonWriter) writer = { 0 };
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  dou_json_writer_init (&writer, DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_int64 (&writer, id);
  dou_json_writer_string (&writer, old_hash);
  dou_json_writer_string (&writer, new_hash);
  dou_json_writer_end_array (&writer);
  dou_json_writer_end_array (&writer);

  task = dou_user_operation_new (self, dou_user_store_replace_hash_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->change = "replace-password-hashes";
  operation->change_json = dou_json_writer_steal (&writer, NULL);
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
