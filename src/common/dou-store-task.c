/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of a store: the data of a call's task is a job that a thread of the database does, and in which the
 * one who finishes the call finds what it came to. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-store-task.h"

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dou_database_write_finish (DOU_DATABASE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dou_database_read_finish (DOU_DATABASE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dou_store_task_write:
 * @task: (transfer full): of a store, with its job
 * @database: of the store
 * @func: does the job, in the thread that writes
 */
void
dou_store_task_write (GTask *task, DouDatabase *database, DouDatabaseFunc func)
{
  dou_database_write_async (database, func, g_task_get_task_data (task), NULL,
                            g_task_get_cancellable (task), written_cb, task);
}

/**
 * dou_store_task_read:
 * @task: (transfer full): of a store, with its job
 * @database: of the store
 * @func: does the job, in a thread that reads
 */
void
dou_store_task_read (GTask *task, DouDatabase *database, DouDatabaseFunc func)
{
  dou_database_read_async (database, func, g_task_get_task_data (task), NULL,
                           g_task_get_cancellable (task), read_cb, task);
}

/**
 * dou_store_task_finish:
 * @store: whose call it was
 * @result: of the callback
 * @source_tag: the function that began the call
 * @error: return location
 *
 * Returns: (transfer none) (nullable): the job that is done, as long as @result is there; or %NULL
 */
gpointer
dou_store_task_finish (gpointer store, GAsyncResult *result, gpointer source_tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, store), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;

  return g_task_get_task_data (G_TASK (result));
}
