/* SPDX-License-Identifier: Apache-2.0 */

/* Profiles. A change looks first, and says of each user what it is about to do; since there is one
 * writer, nothing comes between. */

#include "config.h"

#include "common/dou-json-writer.h"
#include "user/dou-user-operation.h"

static void
write_member (DouJsonWriter *writer, const char *value)
{
  if (value != NULL)
    dou_json_writer_string (writer, value);
  else
    dou_json_writer_raw (writer, "null", -1);
}

static char *
make_edits_json (const DouUserEdit *edits, guint n_edits)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_edits * DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_edits; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, edits[i].id);
      write_member (&writer, edits[i].signature);
      write_member (&writer, edits[i].avatar);
      write_member (&writer, edits[i].background_image);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_edit_async:
 * @self: a store
 * @edits: (array length=n_edits): what to change, each user once
 * @n_edits: how many
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_edit_async (DouUserStore *self, const DouUserEdit *edits, guint n_edits,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_edit_async, cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->asks_first = TRUE;
  operation->query = "find-profile-changes";
  operation->query_json = make_edits_json (edits, n_edits);
  operation->columns = "xx";
  operation->change = "update-profiles";
  operation->change_json = g_strdup (operation->query_json);
  dou_user_operation_write (task);
}

/**
 * dou_user_store_edit_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUserEffect): what each edit did; or %NULL
 */
GArray *
dou_user_store_edit_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_edit_async, error);
  GArray *effects;
  guint n_rows;

  if (operation == NULL)
    return NULL;

  n_rows = dou_rows_get_n_rows (operation->rows);
  effects = g_array_sized_new (FALSE, FALSE, sizeof (DouUserEffect), n_rows);
  for (guint i = 0; i < n_rows; i++)
    {
      DouUserEffect effect = DOU_USER_ABSENT;

      if (dou_rows_get_int64 (operation->rows, i, 0) != 0)
        effect = dou_rows_get_int64 (operation->rows, i, 1) != 0 ? DOU_USER_CHANGED : DOU_USER_SAME;
      g_array_append_val (effects, effect);
    }

  return effects;
}
