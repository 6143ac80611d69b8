/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-gather.h"
#include "gateway/dou-readiness.h"

/* No user has this id, but looking it up takes the user, video and social services down to their
 * tables. */
#define PROBE_ID 1

static void
gathered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!dou_gather_run_finish (DOU_GATHER (source), result, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * dou_readiness_check_async:
 * @backend: the services
 * @cancellable: (nullable): gives up
 * @callback: called with the verdict
 * @user_data: for @callback
 *
 * Asks every service something that it must read from its database, whatever the gateway remembers.
 */
void
dou_readiness_check_async (DouBackend *backend, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  static const DouBackendMethod methods[] = { DOU_BACKEND_GET_USERS, DOU_BACKEND_GET_WORK_COUNTS,
                                              DOU_BACKEND_GET_USER_COUNTS };
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (DouGather) gather = dou_gather_new (backend);
  GVariant *item = g_variant_new ("(xu)", G_GINT64_CONSTANT (0), 1);

  g_task_set_source_tag (task, dou_readiness_check_async);
  dou_gather_add (gather, DOU_BACKEND_GET_FEED, &item, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      item = g_variant_new_int64 (PROBE_ID);
      dou_gather_add (gather, methods[i], &item, 1);
    }
  dou_gather_run_async (gather, cancellable, gathered_cb, g_object_ref (task));
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
