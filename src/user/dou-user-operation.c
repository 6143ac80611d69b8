/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-generation.h"
#include "common/dou-json-writer.h"
#include "common/dou-store-task.h"
#include "user/dou-user-operation.h"

/* Bytes of JSON for an id and what separates it from the next. */
#define ID_SIZE 20

static void
dou_user_operation_free (DouUserOperation *self)
{
  g_free (self->change_json);
  g_free (self->query_json);
  g_clear_pointer (&self->rows, dou_rows_free);
  g_free (self);
}

static gboolean
dou_user_operation_change (DouUserOperation *self, DouTransaction *transaction, GError **error)
{
  if (self->audit != NULL
      && !dou_transaction_execute (transaction, self->audit, self->change_json, NULL, error))
    return FALSE;
  if (self->remember != NULL
      && !dou_transaction_execute (transaction, self->remember, self->change_json, NULL, error))
    return FALSE;

  return self->change == NULL
         || dou_transaction_execute (transaction, self->change, self->change_json, &self->n_changed,
                                     error);
}

static gboolean
dou_user_operation_query (DouUserOperation *self, DouTransaction *transaction, GError **error)
{
  g_clear_pointer (&self->rows, dou_rows_free);
  if (self->query == NULL)
    return TRUE;

  self->rows
      = dou_transaction_query (transaction, self->query, self->columns, self->query_json, error);
  return self->rows != NULL;
}

static gboolean
operation_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouUserOperation *self = data;

  if (self->asks_first)
    return dou_user_operation_query (self, transaction, error)
           && dou_user_operation_change (self, transaction, error);

  return dou_user_operation_change (self, transaction, error)
         && dou_user_operation_query (self, transaction, error);
}

/**
 * dou_user_operation_new:
 * @store: whose call it is
 * @source_tag: of the task
 * @cancellable: (nullable): of the task
 * @callback: of the task
 * @user_data: passed to @callback
 *
 * Returns: (transfer full): a task with an empty #DouUserOperation
 */
GTask *
dou_user_operation_new (DouUserStore *store, gpointer source_tag, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (store, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_new0 (DouUserOperation, 1),
                        (GDestroyNotify) dou_user_operation_free);
  return task;
}

/**
 * dou_user_operation_write:
 * @task: (transfer full): of dou_user_operation_new(), with what to do
 */
void
dou_user_operation_write (GTask *task)
{
  DouDatabase *database = dou_user_store_get_database (g_task_get_source_object (task));

  dou_store_task_write (task, database, operation_func);
}

/**
 * dou_user_operation_read:
 * @task: (transfer full): of dou_user_operation_new(), with what to ask
 */
void
dou_user_operation_read (GTask *task)
{
  DouDatabase *database = dou_user_store_get_database (g_task_get_source_object (task));

  dou_store_task_read (task, database, operation_func);
}

/**
 * dou_user_operation_finish:
 * @store: a store
 * @result: of the callback
 * @source_tag: the function that began the call
 * @error: return location
 *
 * Returns: (transfer none) (nullable): what was done, as long as @result is there; or %NULL
 */
DouUserOperation *
dou_user_operation_finish (DouUserStore *store, GAsyncResult *result, gpointer source_tag,
                           GError **error)
{
  return dou_store_task_finish (store, result, source_tag, error);
}

/**
 * dou_user_operation_make_ids_json:
 * @ids: (array length=n_ids): ids
 * @n_ids: how many
 *
 * Returns: (transfer full): the parameter of a statement that asks for each of them
 */
char *
dou_user_operation_make_ids_json (const gint64 *ids, guint n_ids)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_ids * ID_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_ids; i++)
    dou_json_writer_int64 (&writer, ids[i]);
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_operation_get_numbers:
 * @self: an operation that was done
 *
 * Returns: (transfer full) (element-type gint64): the first column of its rows
 */
GArray *
dou_user_operation_get_numbers (DouUserOperation *self)
{
  guint n_rows = dou_rows_get_n_rows (self->rows);
  GArray *numbers = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      gint64 number = dou_rows_get_int64 (self->rows, i, 0);

      g_array_append_val (numbers, number);
    }

  return numbers;
}

/**
 * dou_user_operation_get_generations:
 * @self: an operation that was done, whose rows are generations and times of bans
 *
 * Returns: (transfer full) (element-type gint64): the generation of each, as others are told of it:
 *   with %DOU_GENERATION_BANNED
 */
GArray *
dou_user_operation_get_generations (DouUserOperation *self)
{
  GArray *generations = dou_user_operation_get_numbers (self);

  for (guint i = 0; i < generations->len; i++)
    if (dou_rows_get_int64 (self->rows, i, 1) != 0)
      g_array_index (generations, gint64, i) += DOU_GENERATION_BANNED;
  return generations;
}

static void
secret_clear (gpointer data)
{
  DouUserSecret *secret = data;

  g_free (secret->password_hash);
}

/**
 * dou_user_operation_get_secrets:
 * @self: an operation that was done, whose rows are ids, hashes, generations and times of bans
 *
 * Returns: (transfer full) (element-type DouUserSecret): its rows
 */
GArray *
dou_user_operation_get_secrets (DouUserOperation *self)
{
  guint n_rows = dou_rows_get_n_rows (self->rows);
  GArray *secrets = g_array_sized_new (FALSE, FALSE, sizeof (DouUserSecret), n_rows);

  g_array_set_clear_func (secrets, secret_clear);
  for (guint i = 0; i < n_rows; i++)
    {
      DouUserSecret secret = { dou_rows_get_int64 (self->rows, i, 0),
                               g_strdup (dou_rows_get_text (self->rows, i, 1)),
                               dou_rows_get_int64 (self->rows, i, 2),
                               dou_rows_get_int64 (self->rows, i, 3) };

      g_array_append_val (secrets, secret);
    }

  return secrets;
}
