/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-readiness.h"
#include "gateway/dou-user-set.h"

/* No user has this id, but looking it up takes the user, video and social services down to their
 * tables. */
#define PROBE_ID 1

static void
users_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (DouUserSet) users = NULL;
  GError *error = NULL;

  users = dou_user_set_load_finish (result, &error);
  if (users == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
feed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (DouBatchResults) pages = NULL;
  const gint64 id = PROBE_ID;
  GError *error = NULL;

  pages = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  if (pages == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  dou_user_set_load_async (g_task_get_task_data (task), 0, &id, 1,
                           g_task_get_cancellable (task), users_cb, g_object_ref (task));
}

/**
 * dou_readiness_check_async:
 * @backend: the services
 * @cancellable: (nullable): gives up
 * @callback: called with the verdict
 * @user_data: for @callback
 *
 * Asks every service something that it must read from its database.
 */
void
dou_readiness_check_async (DouBackend *backend, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GVariant *request = g_variant_new ("(xu)", G_GINT64_CONSTANT (0), 1);

  g_task_set_source_tag (task, dou_readiness_check_async);
  g_task_set_task_data (task, g_object_ref (backend), g_object_unref);
  dou_batcher_submit_async (dou_backend_get_batcher (backend, DOU_BACKEND_GET_FEED), &request, 1,
                            cancellable, feed_cb, g_object_ref (task));
}

/**
 * dou_readiness_check_finish:
 * @result: of dou_readiness_check_async()
 * @error: return location: the first service that did not answer
 *
 * Returns: whether all services answered
 */
gboolean
dou_readiness_check_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_readiness_check_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
