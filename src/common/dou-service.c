/* SPDX-License-Identifier: Apache-2.0 */

/* One process on the private bus.
 *
 * A main() makes its service, builds its parts around it, exports them and runs:
 *
 *     service = dou_service_new ("doutok-user", &argc, &argv, NULL, &error);
 *     … store, manager, impl …
 *     dou_service_export (service, impl, "/org/doutok/User", "org.doutok.User", &error);
 *     return dou_service_run (service);
 *
 * The connection is made by address (--bus-address, else DBUS_STARTER_ADDRESS, which the bus sets when
 * it activates a service), since G_BUS_TYPE_STARTER knows only the well-known buses. A connection made
 * by address does not end the process when the bus goes away, so "closed" does it here: without its
 * bus a service has nobody to serve and must not stay behind as an orphan.
 *
 * SIGTERM and SIGINT: the "stopping" signal (the gateway stops accepting), then as soon as nobody
 * holds the service any more, or after DRAIN_TIMEOUT, the loop ends.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "common/dou-call-requests.h"
#include "common/dou-locale.h"
#include "common/dou-log-impl.h"
#include "common/dou-log.h"
#include "common/dou-metrics.h"
#include "common/dou-paths.h"
#include "common/dou-service.h"
#include "common/dou-status.h"
#include "common/dou-trace.h"

/* Seconds that work in flight may take to end; the launcher kills at 5. */
#define DRAIN_TIMEOUT 4

/* What precedes the name of the part in that of its program. */
#define PROGRAM_PREFIX "doutok-"

struct _DouService
{
  GObject parent_instance;

  DouConfig *config;           /* (owned) */
  char *address;               /* (owned) of the bus */
  GDBusConnection *connection; /* (owned) */
  GMainLoop *loop;             /* (owned) */
  GDBusInterfaceSkeleton *log; /* (owned) (nullable) */
  guint name_id;               /* of g_bus_own_name, or 0 */
  guint term_id;
  guint int_id;
  guint drain_id;
  guint n_holds;
  gboolean stopping;
  int exit_status;
};

G_DEFINE_FINAL_TYPE (DouService, dou_service, G_TYPE_OBJECT)

enum
{
  SIGNAL_STOPPING,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_service_dispose (GObject *object)
{
  DouService *self = DOU_SERVICE (object);

  g_clear_handle_id (&self->name_id, g_bus_unown_name);
  g_clear_handle_id (&self->term_id, g_source_remove);
  g_clear_handle_id (&self->int_id, g_source_remove);
  g_clear_handle_id (&self->drain_id, g_source_remove);
  if (self->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      /* Closing takes precedence over what waits to be sent: the last replies. */
      g_dbus_connection_flush_sync (self->connection, NULL, NULL);
      g_dbus_connection_close_sync (self->connection, NULL, NULL);
    }
  dou_trace_close ();
  g_clear_object (&self->log);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->address, g_free);
  g_clear_object (&self->config);
  g_clear_pointer (&self->loop, g_main_loop_unref);

  G_OBJECT_CLASS (dou_service_parent_class)->dispose (object);
}

static void
dou_service_class_init (DouServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_service_dispose;

  /**
   * DouService::stopping:
   *
   * The process was asked to end. Handlers refuse new work; work in flight holds the service.
   */
  signals[SIGNAL_STOPPING] = g_signal_new ("stopping", DOU_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_service_init (DouService *self)
{
  self->config = dou_config_new ();
  self->loop = g_main_loop_new (NULL, FALSE);
}

static gboolean
drain_timeout_cb (gpointer user_data)
{
  DouService *self = user_data;

  self->drain_id = 0;
  g_warning ("%u requests did not end in time", self->n_holds);
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
signal_cb (gpointer user_data)
{
  dou_service_quit (user_data, EXIT_SUCCESS);
  return G_SOURCE_CONTINUE;
}

static void
closed_cb (GDBusConnection *connection, gboolean remote_peer_vanished, GError *error,
           gpointer user_data)
{
  DouService *self = user_data;

  g_info ("The bus is gone: ending");
  /* GLib forgets the connection at this signal, but takes a reference to it if asking for the name fails later. Nobody
   * asks any more then; this handler comes before GLib's, as it is older. */
  g_clear_handle_id (&self->name_id, g_bus_unown_name);
  self->exit_status = self->stopping ? self->exit_status : EXIT_FAILURE;
  g_main_loop_quit (self->loop);
}

static gboolean
dou_service_connect (DouService *self, const char *address, GError **error)
{
  if (address == NULL)
    address = g_getenv ("DBUS_STARTER_ADDRESS");
  if (address == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("No bus: give --bus-address, or let the bus start this program"));
      return FALSE;
    }

  self->connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
  if (self->connection == NULL)
    {
      g_prefix_error (error, _ ("Cannot connect to the bus at %s: "), address);
      return FALSE;
    }

  self->address = g_strdup (address);
  g_signal_connect (self->connection, "closed", G_CALLBACK (closed_cb), self);
  return TRUE;
}

static void
dou_service_open_log (DouService *self, const char *program)
{
  const char *part = g_str_has_prefix (program, PROGRAM_PREFIX) ? program + strlen (PROGRAM_PREFIX)
                                                                : program;
  DouLogLevel level;
  gboolean is_valid
      = dou_log_levels_parse (dou_config_get_string (self->config, DOU_CONFIG_LOG_LEVEL), part, &level);

  g_assert (is_valid);
  dou_log_open (part, (DouLogFormat) dou_config_get_int64 (self->config, DOU_CONFIG_LOG_FORMAT), level);
}

/**
 * dou_service_new:
 * @program: name for the log and --help
 * @argc: (inout): of main()
 * @argv: (inout): of main()
 * @entries: (nullable): further options
 * @error: return location
 *
 * Reads --bus-address, --config and @entries, loads the configuration and connects to the bus.
 *
 * Returns: (transfer full): the service, or %NULL
 */
DouService *
dou_service_new (const char *program, int *argc, char ***argv, const GOptionEntry *entries,
                 GError **error)
{
  g_autoptr (DouService) self = g_object_new (DOU_TYPE_SERVICE, NULL);
  g_autoptr (GOptionContext) context = NULL;
  g_autofree char *address = NULL;
  g_autofree char *config = NULL;
  const GOptionEntry own_entries[] = {
    { "bus-address", 0, 0, G_OPTION_ARG_STRING, &address, N_ ("D-Bus address of the private bus"),
      N_ ("ADDRESS") },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &config, N_ ("Configuration file"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL,
  };

  dou_locale_set_up ();
  g_set_prgname (program);

  context = g_option_context_new (NULL);
  g_option_context_set_summary (context, _ ("Part of DouTok; started by “doutok serve”."));
  g_option_context_add_main_entries (context, own_entries, NULL);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);

  if (!g_option_context_parse (context, argc, argv, error))
    return NULL;
  if (config != NULL && !dou_config_load_file (self->config, config, error))
    return NULL;
  dou_service_open_log (self, program);
  if (!dou_service_connect (self, address, error))
    return NULL;
  dou_call_requests_listen (self->connection);
  self->log = dou_log_impl_export (self->connection, error);
  if (self->log == NULL)
    return NULL;

  /* A peer that hangs up is an error of that one write, never the end of the process. */
  signal (SIGPIPE, SIG_IGN);
  self->term_id = g_unix_signal_add (SIGTERM, signal_cb, self);
  self->int_id = g_unix_signal_add (SIGINT, signal_cb, self);
  return g_steal_pointer (&self);
}

DouConfig *
dou_service_get_config (DouService *self)
{
  g_return_val_if_fail (DOU_IS_SERVICE (self), NULL);

  return self->config;
}

/**
 * dou_service_get_state_dir:
 * @self: a service
 *
 * Returns: (transfer none): the state directory, which the launcher has made and resolved
 */
const char *
dou_service_get_state_dir (DouService *self)
{
  g_return_val_if_fail (DOU_IS_SERVICE (self), NULL);

  return dou_config_get_string (self->config, DOU_CONFIG_STATE_DIR);
}

GDBusConnection *
dou_service_get_connection (DouService *self)
{
  g_return_val_if_fail (DOU_IS_SERVICE (self), NULL);

  return self->connection;
}

/**
 * dou_service_measure:
 * @self: a service that has not begun to work
 * @slot: of this process among all, a #DouMetricsSlot
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * From now on what is measured here can be seen, if there is a runtime directory, and so can traces, if
 * they are to go anywhere.
 *
 * Returns: whether they can
 */
gboolean
dou_service_measure (DouService *self, guint slot, GError **error)
{
  const char *directory;
  g_autofree char *path = NULL;

  g_return_val_if_fail (DOU_IS_SERVICE (self), FALSE);

  directory = dou_config_get_string (self->config, DOU_CONFIG_RUNTIME_DIR);
  path = g_build_filename (directory, DOU_PATHS_METRICS, NULL);
  if (*directory != '\0' && !dou_metrics_open (path, slot, g_get_prgname (), error))
    return FALSE;

  return dou_trace_open (g_get_prgname (), self->config, error);
}

/**
 * dou_service_get_bus_address:
 * @self: a service
 *
 * Returns: (transfer none): where the bus is, for another connection to it
 */
const char *
dou_service_get_bus_address (DouService *self)
{
  g_return_val_if_fail (DOU_IS_SERVICE (self), NULL);

  return self->address;
}

static void
name_lost_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  DouService *self = user_data;

  /* With the bus all names go, which closed_cb() sees to. */
  if (self->stopping || g_dbus_connection_is_closed (self->connection))
    return;

  g_warning ("Lost the name %s", name);
  dou_service_quit (self, EXIT_FAILURE);
}

/**
 * dou_service_add_interface:
 * @self: a service that is not exported yet
 * @skeleton: another interface of its object
 * @object_path: its path
 * @error: return location
 *
 * Returns: whether the interface will be there when dou_service_export() takes the name
 */
gboolean
dou_service_add_interface (DouService *self, GDBusInterfaceSkeleton *skeleton,
                           const char *object_path, GError **error)
{
  g_return_val_if_fail (DOU_IS_SERVICE (self), FALSE);
  g_return_val_if_fail (self->name_id == 0, FALSE);

  return g_dbus_interface_skeleton_export (skeleton, self->connection, object_path, error);
}

/**
 * dou_service_export:
 * @self: a service
 * @skeleton: the object
 * @object_path: its path
 * @bus_name: the name to own, once the object is there to be called
 * @error: return location
 *
 * Returns: whether the object could be exported; losing the name later ends the service
 */
gboolean
dou_service_export (DouService *self, GDBusInterfaceSkeleton *skeleton, const char *object_path,
                    const char *bus_name, GError **error)
{
  g_return_val_if_fail (DOU_IS_SERVICE (self), FALSE);
  g_return_val_if_fail (self->name_id == 0, FALSE);

  if (!g_dbus_interface_skeleton_export (skeleton, self->connection, object_path, error))
    return FALSE;

  self->name_id = g_bus_own_name_on_connection (self->connection, bus_name,
                                                G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, NULL,
                                                name_lost_cb, self, NULL);
  return TRUE;
}

/**
 * dou_service_add_name:
 * @self: a service that exports nothing of its own
 * @bus_name: a name under which its log is found
 *
 * Nobody depends on the name, so losing it changes nothing.
 */
void
dou_service_add_name (DouService *self, const char *bus_name)
{
  g_return_if_fail (DOU_IS_SERVICE (self));
  g_return_if_fail (self->name_id == 0);

  self->name_id = g_bus_own_name_on_connection (self->connection, bus_name,
                                                G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
}

/**
 * dou_service_hold:
 * @self: a service
 *
 * Work has begun that an orderly end waits for. Paired with dou_service_release().
 */
void
dou_service_hold (DouService *self)
{
  g_return_if_fail (DOU_IS_SERVICE (self));

  self->n_holds++;
}

void
dou_service_release (DouService *self)
{
  g_return_if_fail (DOU_IS_SERVICE (self));
  g_return_if_fail (self->n_holds > 0);

  self->n_holds--;
  if (self->n_holds == 0 && self->stopping)
    g_main_loop_quit (self->loop);
}

/**
 * dou_service_quit:
 * @self: a service
 * @exit_status: what main() is to return
 *
 * Begins the orderly end. A second call changes nothing.
 */
void
dou_service_quit (DouService *self, int exit_status)
{
  g_return_if_fail (DOU_IS_SERVICE (self));

  if (self->stopping)
    return;

  self->stopping = TRUE;
  self->exit_status = exit_status;
  g_signal_emit (self, signals[SIGNAL_STOPPING], 0);

  if (self->n_holds == 0)
    g_main_loop_quit (self->loop);
  else
    self->drain_id = g_timeout_add_seconds (DRAIN_TIMEOUT, drain_timeout_cb, self);
}

/**
 * dou_service_run:
 * @self: a service
 *
 * Runs until a signal, dou_service_quit(), or the loss of the bus.
 *
 * Returns: the exit status for main()
 */
int
dou_service_run (DouService *self)
{
  g_return_val_if_fail (DOU_IS_SERVICE (self), EXIT_FAILURE);

  if (!self->stopping || self->n_holds > 0)
    g_main_loop_run (self->loop);

  return self->exit_status;
}

/**
 * dou_service_fail:
 * @program: name of the program
 * @error: (transfer none): why it cannot start
 *
 * Returns: the exit status for main(), after one line on standard error
 */
int
dou_service_fail (const char *program, GError *error)
{
  g_printerr ("%s: %s\n", program, error->message);
  return EXIT_FAILURE;
}
