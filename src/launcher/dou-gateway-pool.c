/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-status.h"
#include "launcher/dou-gateway-pool.h"
#include "launcher/dou-process.h"

struct _DouGatewayPool
{
  GObject parent_instance;

  GPtrArray *gateways; /* (owned) (element-type DouGatewayProcess) */
  GTask *start;        /* (owned) (nullable) until all are ready */
  GTask *stop;         /* (owned) (nullable) until none is left */
};

G_DEFINE_FINAL_TYPE (DouGatewayPool, dou_gateway_pool, G_TYPE_OBJECT)

static void
dou_gateway_pool_dispose (GObject *object)
{
  DouGatewayPool *self = DOU_GATEWAY_POOL (object);

  for (guint i = 0; self->gateways != NULL && i < self->gateways->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->gateways, i), self);
  g_clear_pointer (&self->gateways, g_ptr_array_unref);

  G_OBJECT_CLASS (dou_gateway_pool_parent_class)->dispose (object);
}

static void
dou_gateway_pool_class_init (DouGatewayPoolClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_gateway_pool_dispose;
}

static void
dou_gateway_pool_init (DouGatewayPool *self)
{
  self->gateways = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
dou_gateway_pool_complete_start (DouGatewayPool *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->start);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
ready_cb (DouGatewayProcess *gateway, gpointer user_data)
{
  DouGatewayPool *self = user_data;

  for (guint i = 0; i < self->gateways->len; i++)
    if (!dou_gateway_process_is_ready (g_ptr_array_index (self->gateways, i)))
      return;

  if (self->start != NULL)
    dou_gateway_pool_complete_start (self, NULL);
}

static void
failed_cb (DouGatewayProcess *gateway, int wait_status, gpointer user_data)
{
  DouGatewayPool *self = user_data;
  g_autofree char *how = dou_process_describe_status (wait_status);

  if (self->start != NULL)
    dou_gateway_pool_complete_start (
        self, g_error_new (DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                           "doutok-gateway ended before it was ready (%s)", how));
}

static void
dou_gateway_pool_check_stopped (DouGatewayPool *self)
{
  g_autoptr (GTask) task = NULL;

  for (guint i = 0; i < self->gateways->len; i++)
    if (!dou_gateway_process_is_stopped (g_ptr_array_index (self->gateways, i)))
      return;

  task = g_steal_pointer (&self->stop);
  g_task_return_boolean (task, TRUE);
}

static void
stopped_cb (DouGatewayProcess *gateway, gpointer user_data)
{
  dou_gateway_pool_check_stopped (user_data);
}

/**
 * dou_gateway_pool_new:
 * @reaper: who hears of the end of processes
 * @argv: the program and the options that all gateways share
 * @n_gateways: how many there are to be
 * @sockets: (element-type DouListenSockets): with @n_gateways sockets each
 *
 * Returns: (transfer full): a pool that is not started
 */
DouGatewayPool *
dou_gateway_pool_new (DouReaper *reaper, const char *const *argv, guint n_gateways,
                      GPtrArray *sockets)
{
  DouGatewayPool *self = g_object_new (DOU_TYPE_GATEWAY_POOL, NULL);

  for (guint i = 0; i < n_gateways; i++)
    {
      DouGatewayProcess *gateway = dou_gateway_process_new (reaper, argv, i, sockets);

      g_signal_connect (gateway, "ready", G_CALLBACK (ready_cb), self);
      g_signal_connect (gateway, "failed", G_CALLBACK (failed_cb), self);
      g_signal_connect (gateway, "stopped", G_CALLBACK (stopped_cb), self);
      g_ptr_array_add (self->gateways, gateway);
    }

  return self;
}

/**
 * dou_gateway_pool_start_async:
 * @self: a pool
 * @callback: called when all gateways answer requests
 * @user_data: for @callback
 *
 * Given up by dou_gateway_pool_stop_async().
 */
void
dou_gateway_pool_start_async (DouGatewayPool *self, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (DOU_IS_GATEWAY_POOL (self));
  g_return_if_fail (self->start == NULL && self->stop == NULL);

  self->start = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->start, dou_gateway_pool_start_async);

  for (guint i = 0; i < self->gateways->len; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!dou_gateway_process_start (g_ptr_array_index (self->gateways, i), &error))
        {
          dou_gateway_pool_complete_start (self, g_steal_pointer (&error));
          return;
        }
    }
}

/**
 * dou_gateway_pool_start_finish:
 * @self: a pool
 * @result: of dou_gateway_pool_start_async()
 * @error: return location for %DOU_STATUS_UNAVAILABLE, or %G_IO_ERROR_CANCELLED
 *
 * Returns: whether all gateways answer; if not, some may run and want to be stopped
 */
gboolean
dou_gateway_pool_start_finish (DouGatewayPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_gateway_pool_start_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_gateway_pool_stop_async:
 * @self: a pool
 * @callback: called when no gateway is left
 * @user_data: for @callback
 *
 * Stops accepting connections, and waits for the requests in flight for at most 5 seconds.
 */
void
dou_gateway_pool_stop_async (DouGatewayPool *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_GATEWAY_POOL (self));
  g_return_if_fail (self->stop == NULL);

  self->stop = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stop, dou_gateway_pool_stop_async);

  if (self->start != NULL)
    dou_gateway_pool_complete_start (
        self, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The start was given up"));

  for (guint i = 0; i < self->gateways->len; i++)
    dou_gateway_process_stop (g_ptr_array_index (self->gateways, i));

  /* For those that were not running; the others say it themselves. */
  dou_gateway_pool_check_stopped (self);
}

/**
 * dou_gateway_pool_stop_finish:
 * @self: a pool
 * @result: of dou_gateway_pool_stop_async()
 * @error: return location; never set
 *
 * Returns: %TRUE
 */
gboolean
dou_gateway_pool_stop_finish (DouGatewayPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_gateway_pool_stop_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_gateway_pool_get_pid:
 * @self: a pool
 * @index: number of a gateway
 *
 * Returns: the id of its process, 0 if there is none just now
 */
GPid
dou_gateway_pool_get_pid (DouGatewayPool *self, guint index)
{
  g_return_val_if_fail (DOU_IS_GATEWAY_POOL (self), 0);
  g_return_val_if_fail (index < self->gateways->len, 0);

  return dou_gateway_process_get_pid (g_ptr_array_index (self->gateways, index));
}
