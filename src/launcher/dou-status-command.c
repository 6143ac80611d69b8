/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>

#include "common/dou-database-address.h"
#include "common/dou-paths.h"
#include "common/dou-service.h"
#include "common/dou-status.h"
#include "launcher/dou-command.h"
#include "launcher/dou-domain.h"
#include "launcher/dou-overview.h"
#include "launcher/dou-running.h"
#include "launcher/dou-settings.h"

/* Seconds between two looks. */
#define INTERVAL 1
/* Milliseconds that a service may take to say how much it has. */
#define CALL_TIMEOUT 2000
/* What clears a terminal, and begins at its top. */
#define CLEAR_SCREEN "\033[H\033[J"

typedef struct
{
  GMainLoop *loop;             /* (owned) */
  GDBusConnection *connection; /* (owned) */
  DouOverview *overview;       /* (owned) */
  DouConfig *config;           /* (owned) (nullable) of the server */
  gboolean watch;
} Status;

static GVariant *
get_properties (Status *self, const DouDomain *domain)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      self->connection, domain->bus_name, domain->object_path, "org.freedesktop.DBus.Properties",
      "GetAll", g_variant_new ("(s)", domain->interface), G_VARIANT_TYPE ("(a{sv})"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_TIMEOUT, NULL, NULL);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

/* Hours and minutes, or days. */
static char *
describe_age (gint64 milliseconds)
{
  gint64 minutes = milliseconds / (60 * 1000);

  if (minutes < 60)
    return g_strdup_printf (_ ("%d min"), (int) minutes);
  if (minutes < 48 * 60)
    return g_strdup_printf (_ ("%d h %d min"), (int) (minutes / 60), (int) (minutes % 60));
  return g_strdup_printf (_ ("%d days"), (int) (minutes / (24 * 60)));
}

/* Of look-ups, those that needed no database; nothing if there were none. */
static char *
describe_cache (GVariant *properties)
{
  guint64 hits = 0;
  guint64 misses = 0;

  g_variant_lookup (properties, "CacheHits", "t", &hits);
  g_variant_lookup (properties, "CacheMisses", "t", &misses);
  if (hits + misses == 0)
    return g_strdup ("");

  return g_strdup_printf (_ (", %.1f %% hits"), 100.0 * (double) hits / (double) (hits + misses));
}

/* One line for a service: what it has, and for how long it has been there. */
static void
print_service (const DouDomain *domain, GVariant *properties)
{
  g_autofree char *age = NULL;
  g_autofree char *cache = describe_cache (properties);
  const char *engine = "";
  GVariantIter iter;
  const char *name;
  GVariant *value;
  gint64 start = 0;
  g_autoptr (GString) counts = g_string_new (NULL);

  g_variant_lookup (properties, "Engine", "&s", &engine);
  g_variant_lookup (properties, "StartTime", "x", &start);
  age = describe_age (g_get_real_time () / 1000 - start);
  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (g_str_has_suffix (name, "Count") && g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
        g_string_append_printf (counts, ", %s %" G_GINT64_FORMAT, name, g_variant_get_int64 (value));
      /* As a rule none have failed. */
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32)
               && (g_str_has_prefix (name, "Pending")
                   || (g_str_has_prefix (name, "Failed") && g_variant_get_uint32 (value) > 0)))
        g_string_append_printf (counts, ", %s %u", name, g_variant_get_uint32 (value));
      g_variant_unref (value);
    }

  g_print ("%-12s %s, %s%s%s\n", domain->name, engine, age, counts->str, cache);
}

/* What files of a domain take, and what is in its log of changes. */
static guint64
measure_database (const char *state_dir, const DouDomain *domain)
{
  static const char *const endings[] = { ".db", ".db-wal" };
  guint64 size = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *name = g_strconcat (domain->name, endings[i], NULL);
      g_autofree char *path = g_build_filename (state_dir, name, NULL);
      struct stat status;

      if (stat (path, &status) == 0)
        size += (guint64) status.st_size;
    }

  return size;
}

static void
print_files (const char *state_dir, const char *left)
{
  g_autofree char *used = NULL;
  guint64 size = 0;

  for (gsize i = 0; i < dou_n_domains; i++)
    size += measure_database (state_dir, &dou_domains[i]);
  used = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  g_print (_ ("store        %s of databases on this disk, %s are free\n"), used, left);
}

/* How much there is on the disk, and how much more there may be. Videos are not added up: there may be millions. What a
 * database on a server takes there is a matter of that server's tools. */
static void
print_store (DouConfig *config)
{
  const char *state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_from_config (config, "user", NULL);
  g_autofree char *place = NULL;
  g_autofree char *left = NULL;
  struct statvfs disk;

  if (address == NULL || statvfs (state_dir, &disk) != 0)
    return;

  left = g_format_size_full ((guint64) disk.f_bavail * disk.f_frsize, G_FORMAT_SIZE_IEC_UNITS);
  if (dou_database_address_is_file (address))
    {
      print_files (state_dir, left);
      return;
    }

  place = dou_database_address_describe (address);
  g_print (_ ("store        database %s, %s are free on this disk\n"), place, left);
}

static void
print_status (Status *self)
{
  g_autofree char *text = dou_overview_describe (self->overview);

  if (self->watch)
    g_print ("%s", CLEAR_SCREEN);
  g_print ("DouTok %s\n\n%s", DOU_VERSION, text);
  if (self->config != NULL)
    print_store (self->config);
  for (gsize i = 0; i < dou_n_domains; i++)
    {
      g_autoptr (GVariant) properties = get_properties (self, &dou_domains[i]);

      if (properties != NULL)
        print_service (&dou_domains[i], properties);
      else
        g_print ("%-12s %s\n", dou_domains[i].name, _ ("does not answer"));
    }
  fflush (stdout);
}

static gboolean
look_cb (gpointer user_data)
{
  Status *self = user_data;

  dou_overview_look (self->overview);
  print_status (self);
  if (!self->watch || g_dbus_connection_is_closed (self->connection))
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
quit_cb (gpointer user_data)
{
  Status *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* (transfer full) (nullable): what the server was started with */
static DouConfig *
read_config (const char *runtime_dir)
{
  g_autofree char *path = g_build_filename (runtime_dir, "doutok.conf", NULL);
  g_autoptr (DouConfig) config = dou_config_new ();

  return dou_config_load_file (config, path, NULL) ? g_steal_pointer (&config) : NULL;
}

static gboolean
status_run (Status *self, DouSettings *settings, GError **error)
{
  g_autofree char *directory = NULL;
  g_autofree char *path = NULL;
  const DouMetricsPage *page;

  self->connection = dou_running_connect (settings, &directory, error);
  if (self->connection == NULL)
    return FALSE;

  path = g_build_filename (directory, DOU_PATHS_METRICS, NULL);
  page = dou_metrics_map (path, error);
  if (page == NULL)
    return FALSE;

  self->config = read_config (directory);
  self->overview = dou_overview_new (page);
  self->loop = g_main_loop_new (NULL, FALSE);
  g_timeout_add_seconds (INTERVAL, look_cb, self);
  g_unix_signal_add (SIGINT, quit_cb, self);
  g_unix_signal_add (SIGTERM, quit_cb, self);
  g_main_loop_run (self->loop);
  return TRUE;
}

/**
 * dou_status_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok status`.
 *
 * Returns: the exit status
 */
int
dou_status_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  Status status = { 0 };
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    { "watch", 0, 0, G_OPTION_ARG_NONE, &status.watch, N_ ("Look again every second, until Ctrl-C"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok status",
                          _ ("Shows what the running server does: processes, requests, calls, "
                             "databases.\nRates are those of the last second."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  status_run (&status, &settings, &error);
  g_clear_pointer (&status.overview, dou_overview_free);
  g_clear_pointer (&status.loop, g_main_loop_unref);
  g_clear_object (&status.connection);
  g_clear_object (&status.config);
  return error != NULL ? dou_service_fail ("doutok", error) : EXIT_SUCCESS;
}
