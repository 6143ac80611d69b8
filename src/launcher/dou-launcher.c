/* SPDX-License-Identifier: Apache-2.0 */

/* The start and the end of everything.
 *
 * Start: sockets, files and names are checked first, at once and without starting anything, so that
 * what is commonly wrong (port taken, no ffmpeg) is said immediately. Where there are other nodes, next
 * comes whether one of them has the same number. Then the bus, then the services
 * (a question to each, which makes the bus start it), then the gateways; each step waits for the one
 * before, so that an error names its cause and not a consequence.
 *
 * End: in the other order. The gateways stop accepting and finish what is in flight, for which they
 * need the services; the services finish their transactions, for which they need nobody; the bus goes
 * last. After that no child may be left, and the reaper waits for just that.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <glib/gstdio.h>
#include <systemd/sd-daemon.h>
#include <glib/gi18n.h>

#include "common/dou-paths.h"
#include "common/dou-object-address.h"
#include "common/dou-status.h"
#include "common/dou-tls.h"
#include "launcher/dou-domain.h"
#include "launcher/dou-gateway-pool.h"
#include "launcher/dou-listen-sockets.h"
#include "launcher/dou-node-lease.h"
#include "launcher/dou-private-bus.h"
#include "launcher/dou-process.h"
#include "launcher/dou-programs.h"
#include "launcher/dou-launcher.h"
#include "launcher/dou-token-keys.h"
#include "launcher/dou-watchdog.h"
#include "launcher/dou-word-list.h"

/* A start takes well under a second. This is for a database that is being migrated or recovered. */
#define START_TIMEOUT_SECONDS 30

/* How long orphans (an ffmpeg, a service that hangs) may take to end once the bus is gone. */
#define DRAIN_TIMEOUT_MS 5000

/* Gateways beyond this gain nothing: the services behind them are the limit. */
#define MAX_GATEWAYS 16

struct _DouLauncher
{
  GObject parent_instance;

  DouReaper *reaper;           /* (owned) */
  DouConfig *config;           /* (owned) */
  DouDirectories *directories; /* (owned) */
  GPtrArray *sockets;          /* (owned) (nullable) (element-type DouListenSockets) */
  DouNodeLease *lease;         /* (owned) (nullable) if there are other nodes to ask */
  DouPrivateBus *bus;          /* (owned) (nullable) */
  DouGatewayPool *pool;        /* (owned) (nullable) */
  DouWatchdog *watchdog;       /* (owned) (nullable) once ready */

  GTask *start;              /* (owned) (nullable) while starting */
  GCancellable *cancellable; /* (owned) of the start */
  guint start_id;            /* timeout of the start, or 0 */
  const char *awaited;       /* what the start is waiting for */
  guint n_probes;            /* services that have not answered yet */

  GTask *stop; /* (owned) (nullable) while stopping */
};

G_DEFINE_FINAL_TYPE (DouLauncher, dou_launcher, G_TYPE_OBJECT)

enum
{
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static char *
dou_launcher_get_config_path (DouLauncher *self)
{
  return g_build_filename (dou_directories_get_runtime_dir (self->directories), "doutok.conf",
                           NULL);
}

/* What the processes share they make themselves. Rates that a killed server has left count in the time of
 * another boot, metrics may be those of another version, and words those of another file. */
static void
dou_launcher_forget_shared (DouLauncher *self)
{
  const char *const names[] = { DOU_PATHS_RATES, DOU_PATHS_METRICS, DOU_PATHS_WORDS };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (
          dou_directories_get_runtime_dir (self->directories), names[i], NULL);

      g_unlink (path);
    }
}

static void
dou_launcher_dispose (GObject *object)
{
  DouLauncher *self = DOU_LAUNCHER (object);

  g_clear_handle_id (&self->start_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->watchdog);
  g_clear_object (&self->pool);
  if (self->bus != NULL)
    g_signal_handlers_disconnect_by_data (self->bus, self);
  g_clear_object (&self->bus);
  if (self->lease != NULL)
    g_signal_handlers_disconnect_by_data (self->lease, self);
  g_clear_object (&self->lease);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  if (self->directories != NULL)
    {
      g_autofree char *config_path = dou_launcher_get_config_path (self);

      g_unlink (config_path);
      dou_launcher_forget_shared (self);
    }
  g_clear_object (&self->directories);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->config);
  g_clear_object (&self->reaper);

  G_OBJECT_CLASS (dou_launcher_parent_class)->dispose (object);
}

static void
dou_launcher_class_init (DouLauncherClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_launcher_dispose;

  /**
   * DouLauncher::failed:
   * @error: why
   *
   * The running server has lost what it cannot do without, and wants to be stopped.
   */
  signals[SIGNAL_FAILED] = g_signal_new ("failed", DOU_TYPE_LAUNCHER, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
dou_launcher_init (DouLauncher *self)
{
  self->cancellable = g_cancellable_new ();
}

/**
 * dou_launcher_new:
 * @reaper: who hears of the end of processes
 * @config: the merged configuration; the runtime directory is set in it
 * @directories: where the server is to live
 *
 * Returns: (transfer full): a launcher that is not started
 */
DouLauncher *
dou_launcher_new (DouReaper *reaper, DouConfig *config, DouDirectories *directories)
{
  DouLauncher *self = g_object_new (DOU_TYPE_LAUNCHER, NULL);

  self->reaper = g_object_ref (reaper);
  self->config = g_object_ref (config);
  self->directories = g_object_ref (directories);
  return self;
}

/**
 * dou_launcher_get_sockets:
 * @self: a launcher
 *
 * Returns: (transfer none) (element-type DouListenSockets): where it listens, once it has started
 */
GPtrArray *
dou_launcher_get_sockets (DouLauncher *self)
{
  g_return_val_if_fail (DOU_IS_LAUNCHER (self), NULL);

  return self->sockets;
}

static void
dou_launcher_complete_start (DouLauncher *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->start);

  g_clear_handle_id (&self->start_id, g_source_remove);
  if (error != NULL)
    {
      g_cancellable_cancel (self->cancellable);
      g_task_return_error (task, error);
    }
  else
    {
      g_task_return_boolean (task, TRUE);
    }
}

static gboolean
start_timeout_cb (gpointer user_data)
{
  DouLauncher *self = user_data;

  self->start_id = 0;
  dou_launcher_complete_start (self, g_error_new (DOU_ERROR, DOU_STATUS_TIMEOUT,
                                                  "Not ready after %d seconds: %s did not answer",
                                                  START_TIMEOUT_SECONDS, self->awaited));
  return G_SOURCE_REMOVE;
}

static void
bus_died_cb (DouPrivateBus *bus, int wait_status, gpointer user_data)
{
  DouLauncher *self = user_data;
  g_autofree char *how = dou_process_describe_status (wait_status);
  g_autoptr (GError) error
      = g_error_new (DOU_ERROR, DOU_STATUS_UNAVAILABLE, "The private bus has ended (%s)", how);

  if (self->start != NULL)
    dou_launcher_complete_start (self, g_steal_pointer (&error));
  else if (self->stop == NULL)
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

static guint
dou_launcher_get_n_gateways (DouLauncher *self)
{
  guint n_workers = (guint) dou_config_get_int64 (self->config, DOU_CONFIG_WORKERS);

  return n_workers > 0 ? n_workers : MIN (g_get_num_processors (), MAX_GATEWAYS);
}

static gboolean
dou_launcher_write_config (DouLauncher *self, GError **error)
{
  g_autofree char *path = dou_launcher_get_config_path (self);
  g_autoptr (GError) local_error = NULL;

  if (!dou_config_set (self->config, DOU_CONFIG_STATE_DIR,
                       dou_directories_get_state_dir (self->directories), error)
      || !dou_config_set (self->config, DOU_CONFIG_RUNTIME_DIR,
                          dou_directories_get_runtime_dir (self->directories), error))
    return FALSE;

  if (dou_config_save (self->config, path, &local_error))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot write %s: %s"), path,
               local_error->message);
  return FALSE;
}

/* Those of systemd, or our own. */
static gboolean
dou_launcher_open_sockets (DouLauncher *self, GError **error)
{
  guint n_gateways = dou_launcher_get_n_gateways (self);
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (!dou_tls_load (self->config, &certificate, error))
    return FALSE;

  self->sockets = dou_listen_sockets_take_all (n_gateways, error);
  if (self->sockets != NULL && self->sockets->len == 0)
    {
      g_ptr_array_unref (self->sockets);
      self->sockets = dou_listen_sockets_open_all (
          dou_config_get_list (self->config, DOU_CONFIG_LISTEN), n_gateways, error);
    }
  if (self->sockets == NULL)
    return FALSE;

  for (guint i = 0; certificate != NULL && i < self->sockets->len; i++)
    dou_listen_sockets_set_secure (g_ptr_array_index (self->sockets, i));
  return TRUE;
}

static void
lease_lost_cb (DouNodeLease *lease, GError *error, gpointer user_data)
{
  DouLauncher *self = user_data;

  if (self->start != NULL)
    dou_launcher_complete_start (self, g_error_copy (error));
  else if (self->stop == NULL)
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

static gboolean
dou_launcher_make_lease (DouLauncher *self, GError **error)
{
  if (!dou_node_lease_is_wanted (self->config))
    return TRUE;

  self->lease = dou_node_lease_new (self->config, dou_directories_get_state_dir (self->directories),
                                    error);
  if (self->lease == NULL)
    return FALSE;

  g_signal_connect (self->lease, "lost", G_CALLBACK (lease_lost_cb), self);
  return TRUE;
}

/* All that can be found out without starting anything. */
static gboolean
dou_launcher_prepare (DouLauncher *self, GError **error)
{
  g_autofree char *config_path = dou_launcher_get_config_path (self);
  g_autoptr (DouObjectAddress) objects = NULL;

  if (!dou_programs_check (error) || !dou_object_address_load (self->config, &objects, error))
    return FALSE;

  dou_launcher_forget_shared (self);
  if (!dou_launcher_open_sockets (self, error)
      || !dou_token_keys_ensure (dou_directories_get_state_dir (self->directories), error)
      || !dou_launcher_make_lease (self, error) || !dou_launcher_write_config (self, error)
      || !dou_word_list_publish (self->config, NULL, error))
    return FALSE;

  self->bus = dou_private_bus_new (self->reaper,
                                   dou_directories_get_runtime_dir (self->directories), error);
  if (self->bus == NULL || !dou_domains_add_to_bus (self->bus, config_path, error))
    return FALSE;

  g_signal_connect (self->bus, "died", G_CALLBACK (bus_died_cb), self);
  return TRUE;
}

static void
pool_started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouLauncher) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_gateway_pool_start_finish (DOU_GATEWAY_POOL (source), result, &error))
    {
      if (self->start != NULL)
        dou_launcher_complete_start (self, g_steal_pointer (&error));
      return;
    }
  if (self->start == NULL)
    return;

  self->watchdog = dou_watchdog_new (dou_private_bus_get_connection (self->bus));
  sd_notify (0, "READY=1");
  dou_launcher_complete_start (self, NULL);
}

static void
dou_launcher_start_gateways (DouLauncher *self)
{
  g_autofree char *program = dou_paths_get_program ("doutok-gateway");
  g_autofree char *config_path = dou_launcher_get_config_path (self);
  const char *const argv[] = {
    program, "--config", config_path, "--bus-address", dou_private_bus_get_address (self->bus), NULL
  };

  self->awaited = "doutok-gateway";
  self->pool = dou_gateway_pool_new (self->reaper, argv, dou_launcher_get_n_gateways (self),
                                     self->sockets);
  dou_gateway_pool_start_async (self->pool, pool_started_cb, g_object_ref (self));
}

static void
probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouLauncher) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *database = dou_domain_probe_finish (result, &error);

  if (self->start == NULL)
    return;

  if (database == NULL)
    dou_launcher_complete_start (self, g_steal_pointer (&error));
  else if (--self->n_probes == 0)
    dou_launcher_start_gateways (self);
}

static void
bus_started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouLauncher) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean started = dou_private_bus_start_finish (DOU_PRIVATE_BUS (source), result, &error);

  if (self->start == NULL)
    return;

  if (!started
      || !dou_directories_publish_bus (self->directories, dou_private_bus_get_address (self->bus),
                                       &error))
    {
      dou_launcher_complete_start (self, g_steal_pointer (&error));
      return;
    }

  self->awaited = "a service";
  self->n_probes = (guint) dou_n_domains;
  for (gsize i = 0; i < dou_n_domains; i++)
    dou_domain_probe_async (&dou_domains[i], dou_private_bus_get_connection (self->bus),
                            self->cancellable, probed_cb, g_object_ref (self));
}

static void
dou_launcher_start_bus (DouLauncher *self)
{
  self->awaited = "dbus-daemon";
  dou_private_bus_start_async (self->bus, -1, self->cancellable, bus_started_cb,
                               g_object_ref (self));
}

static void
leased_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouLauncher) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean leased = dou_node_lease_take_finish (DOU_NODE_LEASE (source), result, &error);

  if (self->start == NULL)
    return;

  if (leased)
    dou_launcher_start_bus (self);
  else
    dou_launcher_complete_start (self, g_steal_pointer (&error));
}

/**
 * dou_launcher_start_async:
 * @self: a launcher that was not started before
 * @callback: called when every service and gateway answers
 * @user_data: for @callback
 *
 * Takes at most 30 seconds. Given up by dou_launcher_stop_async(), which is also to be called if the
 * start fails.
 */
void
dou_launcher_start_async (DouLauncher *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (DOU_IS_LAUNCHER (self));
  g_return_if_fail (self->start == NULL && self->bus == NULL);

  self->start = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->start, dou_launcher_start_async);

  if (!dou_launcher_prepare (self, &error))
    {
      dou_launcher_complete_start (self, g_steal_pointer (&error));
      return;
    }

  self->awaited = "Redis";
  self->start_id = g_timeout_add_seconds (START_TIMEOUT_SECONDS, start_timeout_cb, self);
  if (self->lease != NULL)
    dou_node_lease_take_async (self->lease, leased_cb, g_object_ref (self));
  else
    dou_launcher_start_bus (self);
}

/**
 * dou_launcher_start_finish:
 * @self: a launcher
 * @result: of dou_launcher_start_async()
 * @error: return location for a %DOU_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * Returns: whether the server is ready
 */
gboolean
dou_launcher_start_finish (DouLauncher *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_launcher_start_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
drained_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouLauncher) self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->stop);
  g_autoptr (GError) error = NULL;

  if (dou_reaper_drain_finish (DOU_REAPER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
dou_launcher_drain (DouLauncher *self)
{
  dou_reaper_drain_async (self->reaper, DRAIN_TIMEOUT_MS, drained_cb, g_object_ref (self));
}

static void
bus_stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouLauncher) self = user_data;

  dou_launcher_drain (self);
}

static void
dou_launcher_stop_bus (DouLauncher *self)
{
  if (self->bus != NULL)
    dou_private_bus_stop_async (self->bus, bus_stopped_cb, g_object_ref (self));
  else
    dou_launcher_drain (self);
}

static void
pool_stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouLauncher) self = user_data;

  /* Only gateways make ids. */
  if (self->lease != NULL)
    dou_node_lease_release (self->lease);
  dou_launcher_stop_bus (self);
}

/**
 * dou_launcher_stop_async:
 * @self: a launcher, started or starting
 * @callback: called when nothing is left
 * @user_data: for @callback
 *
 * Takes at most 5 seconds for the gateways and as much again for services that hang.
 */
void
dou_launcher_stop_async (DouLauncher *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_LAUNCHER (self));
  g_return_if_fail (self->stop == NULL);

  self->stop = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stop, dou_launcher_stop_async);
  sd_notify (0, "STOPPING=1");

  if (self->start != NULL)
    dou_launcher_complete_start (
        self, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The start was given up"));

  g_clear_object (&self->watchdog);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  if (self->pool != NULL)
    dou_gateway_pool_stop_async (self->pool, pool_stopped_cb, g_object_ref (self));
  else
    dou_launcher_stop_bus (self);
}

/**
 * dou_launcher_stop_finish:
 * @self: a launcher
 * @result: of dou_launcher_stop_async()
 * @error: return location for %DOU_STATUS_TIMEOUT
 *
 * Returns: whether no process is left
 */
gboolean
dou_launcher_stop_finish (DouLauncher *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_launcher_stop_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_launcher_kill:
 * @self: a launcher that is being stopped
 *
 * Cuts the orderly end short: everything is killed, and the stop completes as soon as it is gone.
 */
void
dou_launcher_kill (DouLauncher *self)
{
  g_return_if_fail (DOU_IS_LAUNCHER (self));

  dou_reaper_kill_all (self->reaper);
}
