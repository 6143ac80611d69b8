/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-paths.h"
#include "common/dou-status.h"
#include "launcher/dou-domain.h"

/* Longer than the bus waits for a service to start (dou-bus-config.c), so that its answer arrives. */
#define PROBE_TIMEOUT_MS 15000
/* A recount reads all tables: a second for each million rows, and there may be many. */
#define RECOUNT_TIMEOUT_MS (10 * 60 * 1000)

const DouDomain dou_domains[] = {
  { "user", "org.doutok.User", "/org/doutok/User", "org.doutok.User1", FALSE },
  { "video", "org.doutok.Video", "/org/doutok/Video", "org.doutok.Video1", TRUE },
  { "social", "org.doutok.Social", "/org/doutok/Social", "org.doutok.Social1", TRUE },
  { "chat", "org.doutok.Chat", "/org/doutok/Chat", "org.doutok.Chat1", FALSE },
};
const gsize dou_n_domains = G_N_ELEMENTS (dou_domains);

/**
 * dou_domains_add_to_bus:
 * @bus: a bus that is not started
 * @config_path: the merged configuration
 * @error: return location
 *
 * Returns: whether the bus will know all services
 */
gboolean
dou_domains_add_to_bus (DouPrivateBus *bus, const char *config_path, GError **error)
{
  for (gsize i = 0; i < dou_n_domains; i++)
    {
      g_autofree char *name = g_strconcat ("doutok-", dou_domains[i].name, NULL);
      g_autofree char *program = dou_paths_get_program (name);
      const char *const argv[] = { program, "--config", config_path, NULL };

      if (!dou_private_bus_add_service (bus, dou_domains[i].bus_name, argv, error))
        return FALSE;
    }

  return TRUE;
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const DouDomain *domain = g_task_get_task_data (task);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GError) error = NULL;
  const char *engine = NULL;
  guint32 schema;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "doutok-%s: %s",
                               domain->name, error->message);
      return;
    }

  properties = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (properties, "Engine", "&s", &engine)
      || !g_variant_lookup (properties, "SchemaVersion", "u", &schema))
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_SERVICE,
                               "doutok-%s has not the properties of %s", domain->name,
                               domain->interface);
      return;
    }

  g_task_return_pointer (task, g_strdup_printf ("%s, schema %u", engine, schema), g_free);
}

/**
 * dou_domain_probe_async:
 * @domain: a service
 * @connection: to the private bus
 * @cancellable: (nullable): to give up
 * @callback: called when it has answered
 * @user_data: for @callback
 *
 * Asks a service for its properties, which starts it if it is not running and opens its database.
 */
void
dou_domain_probe_async (const DouDomain *domain, GDBusConnection *connection,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, dou_domain_probe_async);
  g_task_set_task_data (task, (gpointer) domain, NULL);
  g_dbus_connection_call (connection, domain->bus_name, domain->object_path,
                          "org.freedesktop.DBus.Properties", "GetAll",
                          g_variant_new ("(s)", domain->interface), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, PROBE_TIMEOUT_MS, cancellable, answered_cb, task);
}

/**
 * dou_domain_probe_finish:
 * @result: of dou_domain_probe_async()
 * @error: return location for %DOU_STATUS_UNAVAILABLE, %DOU_STATUS_SERVICE or
 *   %G_IO_ERROR_CANCELLED
 *
 * Returns: (transfer full): the database it has opened, such as `SQLite 3.40.1, schema 1`; or %NULL
 */
char *
dou_domain_probe_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_domain_probe_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
recounted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const DouDomain *domain = g_task_get_task_data (task);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  gint64 n_wrong;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "doutok-%s: %s",
                               domain->name, error->message);
      return;
    }

  g_variant_get (reply, "(x)", &n_wrong);
  g_task_return_int (task, n_wrong);
}

/**
 * dou_domain_recount_async:
 * @domain: a service that keeps counters
 * @connection: to the private bus
 * @callback: called when it has answered
 * @user_data: for @callback
 *
 * Lets a service count everything anew and set right what is wrong. Its writes wait meanwhile.
 */
void
dou_domain_recount_async (const DouDomain *domain, GDBusConnection *connection,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, dou_domain_recount_async);
  g_task_set_task_data (task, (gpointer) domain, NULL);
  g_dbus_connection_call (connection, domain->bus_name, domain->object_path, domain->interface,
                          "Recount", NULL, G_VARIANT_TYPE ("(x)"), G_DBUS_CALL_FLAGS_NONE,
                          RECOUNT_TIMEOUT_MS, NULL, recounted_cb, task);
}

/**
 * dou_domain_recount_finish:
 * @result: of dou_domain_recount_async()
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: how many counters were wrong, or -1
 */
gint64
dou_domain_recount_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_domain_recount_async), -1);

  return g_task_propagate_int (G_TASK (result), error);
}
