/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-store-task.h"
#include "social/dou-social-operation.h"

/* Bytes of JSON for one row: three ids of 16 digits, and what is between them. */
#define ROW_SIZE 64

static void
dou_social_operation_free (DouSocialOperation *self)
{
  g_clear_pointer (&self->items, g_array_unref);
  g_clear_pointer (&self->results, g_array_unref);
  g_clear_pointer (&self->others, g_array_unref);
  g_clear_pointer (&self->changes, dou_social_changes_free);
  g_free (self);
}

/**
 * dou_social_operation_new:
 * @store: whose call it is
 * @source_tag: of the task
 * @func: what to do in a thread of the database, with a #DouSocialOperation
 * @items: (nullable): what is asked about
 * @cancellable: (nullable): of the task
 * @callback: of the task
 * @user_data: passed to @callback
 *
 * Returns: (transfer full): a task with its #DouSocialOperation
 */
GTask *
dou_social_operation_new (DouSocialStore *store, gpointer source_tag, DouDatabaseFunc func,
                          GArray *items, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (store, cancellable, callback, user_data);
  DouSocialOperation *self = g_new0 (DouSocialOperation, 1);

  self->func = func;
  self->items = items != NULL ? g_array_ref (items) : NULL;
  g_task_set_source_tag (task, source_tag);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, self, (GDestroyNotify) dou_social_operation_free);
  return task;
}

/**
 * dou_social_operation_write:
 * @task: (transfer full): of dou_social_operation_new()
 */
void
dou_social_operation_write (GTask *task)
{
  DouSocialOperation *self = g_task_get_task_data (task);
  DouDatabase *database = dou_social_store_get_database (g_task_get_source_object (task));

  dou_store_task_write (task, database, self->func);
}

/**
 * dou_social_operation_read:
 * @task: (transfer full): of dou_social_operation_new()
 */
void
dou_social_operation_read (GTask *task)
{
  DouSocialOperation *self = g_task_get_task_data (task);
  DouDatabase *database = dou_social_store_get_database (g_task_get_source_object (task));

  dou_store_task_read (task, database, self->func);
}

/**
 * dou_social_operation_finish:
 * @store: a store
 * @result: of the callback
 * @source_tag: the function that began the call
 * @error: return location
 *
 * Returns: (transfer none) (nullable): what was done, as long as @result is there; or %NULL
 */
DouSocialOperation *
dou_social_operation_finish (DouSocialStore *store, GAsyncResult *result, gpointer source_tag,
                             GError **error)
{
  return dou_store_task_finish (store, result, source_tag, error);
}

/**
 * dou_social_operation_finish_results:
 * @store: a store
 * @result: of the callback
 * @source_tag: the function that began the call
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the results, or %NULL
 */
GArray *
dou_social_operation_finish_results (DouSocialStore *store, GAsyncResult *result,
                                     gpointer source_tag, GError **error)
{
  DouSocialOperation *self = dou_social_operation_finish (store, result, source_tag, error);

  return self != NULL ? g_array_ref (self->results) : NULL;
}

/**
 * dou_social_operation_reset_results:
 * @self: an operation
 * @element_size: bytes of one result
 * @length: how many
 *
 * Returns: (transfer none): the operation's results, all zero
 */
GArray *
dou_social_operation_reset_results (DouSocialOperation *self, guint element_size, guint length)
{
  g_clear_pointer (&self->results, g_array_unref);
  self->results = g_array_sized_new (FALSE, TRUE, element_size, length);
  g_array_set_size (self->results, length);
  return self->results;
}

/**
 * dou_social_operation_get_ids_json:
 * @ids: (element-type gint64): ids
 *
 * Returns: (transfer full): them as a JSON array
 */
char *
dou_social_operation_get_ids_json (GArray *ids)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, ids->len * ROW_SIZE / 3);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < ids->len; i++)
    dou_json_writer_int64 (&writer, g_array_index (ids, gint64, i));
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_social_operation_count_alike:
 * @requests: (element-type DouSocialPageRequest): pages that are wanted
 * @first: one of them
 * @max_rows: that one statement is to read
 *
 * Returns: how many, from @first on, one statement may answer: they have the same limit, which not every engine
 *   takes from a row
 */
guint
dou_social_operation_count_alike (GArray *requests, guint first, guint max_rows)
{
  guint limit = g_array_index (requests, DouSocialPageRequest, first).limit;
  guint most = MAX (1, max_rows / limit);
  guint n = 1;

  while (n < most && first + n < requests->len
         && g_array_index (requests, DouSocialPageRequest, first + n).limit == limit)
    n++;
  return n;
}

/**
 * dou_social_operation_get_pages_json:
 * @requests: (array length=n_requests): what is asked for
 * @n_requests: how many, of the same limit
 *
 * Returns: (transfer full): the parameter of a statement that reads pages. It asks for one row
 *   more than is wanted, which tells whether there is a next page
 */
char *
dou_social_operation_get_pages_json (const DouSocialPageRequest *requests, guint n_requests)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_social_operation_begin_json (&writer, n_requests);
  for (guint i = 0; i < n_requests; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, requests[i].owner);
      dou_json_writer_int64 (&writer, requests[i].cursor);
      dou_json_writer_int64 (&writer, requests[i].limit + 1);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_social_operation_begin_json:
 * @writer: an uninitialised writer, which is left inside an array of rows
 * @n_rows: how many are to be expected
 */
void
dou_social_operation_begin_json (DouJsonWriter *writer, guint n_rows)
{
  dou_json_writer_init (writer, n_rows * ROW_SIZE);
  dou_json_writer_begin_array (writer);
}

/**
 * dou_social_operation_execute_rows:
 * @transaction: a transaction
 * @name: a statement
 * @writer: of dou_social_operation_begin_json(), with all rows; cleared
 * @error: return location
 *
 * Ends the array and executes @name with it, unless there are no rows.
 *
 * Returns: whether that went well
 */
gboolean
dou_social_operation_execute_rows (DouTransaction *transaction, const char *name,
                                   DouJsonWriter *writer, GError **error)
{
  gboolean is_empty = !writer->need_comma;
  g_autofree char *json = NULL;

  dou_json_writer_end_array (writer);
  json = dou_json_writer_steal (writer, NULL);
  return is_empty || dou_transaction_execute (transaction, name, json, NULL, error);
}
