/* SPDX-License-Identifier: Apache-2.0 */

/* Whether the databases open, and whether their counters are right, found out by those who open and
 * count them: the services. A running server is
 * asked over its bus. If there is none, a bus and the services are started for the question, on the
 * real state directory, which is locked meanwhile, and in a temporary runtime directory. Looking at
 * the files from here was rejected: it would repeat, and sooner or later contradict, what a service
 * does when it starts.
 *
 * A database that is not there yet is not made; in one on a server, tables are, as a start would.
 */

#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "launcher/dou-check-databases.h"
#include "launcher/dou-directories.h"
#include "launcher/dou-private-bus.h"
#include "launcher/dou-wait.h"

/* How long what was started for the question may take to end by itself. */
#define DRAIN_TIMEOUT_MS 5000

/* What a service says when it cannot start is read up to here. */
#define MAX_LOG_BYTES 16384

/* The last line that the service itself wrote before it gave up says more than the error that the bus
 * makes of its end. Returns NULL if there is none. */
static char *
read_last_line (const DouDomain *domain, int log_fd)
{
  g_autofree char *text = g_malloc0 (MAX_LOG_BYTES + 1);
  g_autofree char *prefix = g_strdup_printf ("doutok-%s: ", domain->name);
  g_auto (GStrv) lines = NULL;

  if (log_fd < 0 || pread (log_fd, text, MAX_LOG_BYTES, 0) <= 0)
    return NULL;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = g_strv_length (lines); i > 0; i--)
    if (g_str_has_prefix (lines[i - 1], prefix))
      return g_utf8_make_valid (lines[i - 1], -1);

  return NULL;
}

static void
recount (const DouDomain *domain, GDBusConnection *connection, const DouCheckDatabasesFuncs *funcs)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 n_wrong;

  dou_domain_recount_async (domain, connection, dou_wait_result_cb, &result);
  n_wrong = dou_domain_recount_finish (dou_wait_for_result (&result), &error);
  funcs->counters (domain, n_wrong, error, funcs->user_data);
}

static void
ask (const DouDomain *domain, GDBusConnection *connection, int log_fd,
     const DouCheckDatabasesFuncs *funcs)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *description = NULL;
  g_autofree char *last_line = NULL;

  dou_domain_probe_async (domain, connection, NULL, dou_wait_result_cb, &result);
  description = dou_domain_probe_finish (dou_wait_for_result (&result), &error);

  last_line = description == NULL ? read_last_line (domain, log_fd) : NULL;
  if (last_line != NULL)
    {
      g_clear_error (&error);
      error = g_error_new_literal (DOU_ERROR, DOU_STATUS_UNAVAILABLE, last_line);
    }

  funcs->database (domain, description, error, funcs->user_data);
  if (description != NULL && domain->counts && funcs->counters != NULL)
    recount (domain, connection, funcs);
}

static gboolean
ask_running (const char *state_dir, const DouCheckDatabasesFuncs *funcs, GError **error)
{
  g_autofree char *address = dou_directories_read_bus (state_dir, error);
  g_autoptr (GDBusConnection) connection = NULL;

  if (address == NULL)
    return FALSE;

  connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, error);
  if (connection == NULL)
    return FALSE;

  for (gsize i = 0; i < dou_n_domains; i++)
    ask (&dou_domains[i], connection, -1, funcs);

  g_dbus_connection_close_sync (connection, NULL, NULL);
  return TRUE;
}

static void
stop (DouPrivateBus *bus, DouReaper *reaper)
{
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GAsyncResult) drained = NULL;

  dou_private_bus_stop_async (bus, dou_wait_result_cb, &stopped);
  dou_wait_for_result (&stopped);
  dou_reaper_drain_async (reaper, DRAIN_TIMEOUT_MS, dou_wait_result_cb, &drained);
  dou_wait_for_result (&drained);
}

/* What is on a server is found out by asking it. */
static gboolean
database_exists (const DouDomain *domain, DouConfig *config)
{
  const char *state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);
  g_autofree char *name = g_strconcat (domain->name, ".db", NULL);
  g_autofree char *path = g_build_filename (state_dir, name, NULL);

  return !g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite")
         || g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
ask_own (DouReaper *reaper, DouPrivateBus *bus, DouConfig *config,
         const DouCheckDatabasesFuncs *funcs, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  int log_fd = memfd_create ("log", MFD_CLOEXEC);
  gboolean started;

  dou_private_bus_start_async (bus, log_fd, NULL, dou_wait_result_cb, &result);
  started = dou_private_bus_start_finish (bus, dou_wait_for_result (&result), error);

  for (gsize i = 0; started && i < dou_n_domains; i++)
    if (database_exists (&dou_domains[i], config))
      ask (&dou_domains[i], dou_private_bus_get_connection (bus), log_fd, funcs);
    else
      funcs->database (&dou_domains[i], "not made yet", NULL, funcs->user_data);

  stop (bus, reaper);
  if (log_fd >= 0)
    g_close (log_fd, NULL);
  return started;
}

/* For services that nobody is to see: the runtime directory is that of a server, which may not run, or
 * another one. */
static gboolean
save_config (DouConfig *config, const char *path, GError **error)
{
  g_autofree char *runtime_dir = g_strdup (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR));
  gboolean saved;

  dou_config_set (config, DOU_CONFIG_RUNTIME_DIR, "", NULL);
  saved = dou_config_save (config, path, error);
  dou_config_set (config, DOU_CONFIG_RUNTIME_DIR, runtime_dir, NULL);
  return saved;
}

/**
 * dou_check_databases:
 * @reaper: who hears of the end of processes
 * @config: the merged configuration; its state directory exists
 * @funcs: what is told
 * @error: return location
 *
 * Returns: %FALSE if nobody could be asked
 */
gboolean
dou_check_databases (DouReaper *reaper, DouConfig *config, const DouCheckDatabasesFuncs *funcs,
                     GError **error)
{
  const char *state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (DouDirectories) directories = dou_directories_open (state_dir, "", &local_error);
  g_autoptr (DouPrivateBus) bus = NULL;
  g_autofree char *config_path = NULL;
  const char *runtime_dir;
  gboolean asked;

  if (g_error_matches (local_error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
    return ask_running (state_dir, funcs, error);
  if (directories == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  runtime_dir = dou_directories_get_runtime_dir (directories);
  config_path = g_build_filename (runtime_dir, "doutok.conf", NULL);
  bus = dou_private_bus_new (reaper, runtime_dir, error);
  asked = bus != NULL && save_config (config, config_path, error)
          && dou_domains_add_to_bus (bus, config_path, error)
          && ask_own (reaper, bus, config, funcs, error);

  g_unlink (config_path);
  g_clear_object (&bus);
  return asked;
}
