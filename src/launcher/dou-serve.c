/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "backup/dou-restore.h"
#include "common/dou-log.h"
#include "common/dou-service.h"
#include "common/dou-status.h"
#include "copy/dou-copy.h"
#include "launcher/dou-command.h"
#include "launcher/dou-listen-sockets.h"
#include "launcher/dou-launcher.h"
#include "launcher/dou-settings.h"

/* One run of `doutok serve`. */
typedef struct
{
  DouLauncher *launcher; /* (unowned) */
  GMainLoop *loop;       /* (owned) */
  gboolean stopping;
  int exit_status;
} Serve;

static void
stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Serve *serve = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_launcher_stop_finish (DOU_LAUNCHER (source), result, &error))
    serve->exit_status = dou_service_fail ("doutok", error);

  g_main_loop_quit (serve->loop);
}

static void
serve_stop (Serve *serve)
{
  if (serve->stopping)
    return;

  serve->stopping = TRUE;
  dou_launcher_stop_async (serve->launcher, stopped_cb, serve);
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Serve *serve = user_data;
  g_autoptr (GError) error = NULL;
  GPtrArray *sockets;

  if (!dou_launcher_start_finish (DOU_LAUNCHER (source), result, &error))
    {
      if (serve->stopping)
        return;
      serve->exit_status = dou_service_fail ("doutok", error);
      serve_stop (serve);
      return;
    }

  sockets = dou_launcher_get_sockets (serve->launcher);
  for (guint i = 0; i < sockets->len; i++)
    g_print ("doutok: ready on %s\n", dou_listen_sockets_get_uri (g_ptr_array_index (sockets, i)));
  fflush (stdout);
}

static void
failed_cb (DouLauncher *launcher, GError *error, gpointer user_data)
{
  Serve *serve = user_data;

  serve->exit_status = dou_service_fail ("doutok", error);
  serve_stop (serve);
}

static gboolean
signal_cb (gpointer user_data)
{
  Serve *serve = user_data;

  if (serve->stopping)
    dou_launcher_kill (serve->launcher);
  else
    serve_stop (serve);

  return G_SOURCE_CONTINUE;
}

/* Every connection is a descriptor, and gateways inherit the limit. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return;

  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) < 0)
    g_message ("The limit of open files stays low");
}

static int
serve (DouConfig *config, GError **error)
{
  g_autoptr (DouReaper) reaper = dou_reaper_new (error);
  g_autoptr (DouDirectories) directories = NULL;
  g_autoptr (DouLauncher) launcher = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Serve run = { .loop = loop, .exit_status = EXIT_SUCCESS };
  const int signals[] = { SIGTERM, SIGINT, SIGHUP };
  guint ids[G_N_ELEMENTS (signals)];

  if (reaper == NULL)
    return EXIT_FAILURE;

  directories
      = dou_directories_open (dou_config_get_string (config, DOU_CONFIG_STATE_DIR),
                              dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR), error);
  if (directories == NULL)
    return EXIT_FAILURE;
  if (dou_restore_is_unfinished (dou_directories_get_state_dir (directories)))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("A backup was being restored into %s and is not complete: let “doutok "
                      "restore” go on first"),
                   dou_directories_get_state_dir (directories));
      return EXIT_FAILURE;
    }
  if (dou_copy_is_unfinished (dou_directories_get_state_dir (directories)))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("A copy into %s is not finished: let “doutok copy” go on first"),
                   dou_directories_get_state_dir (directories));
      return EXIT_FAILURE;
    }

  launcher = dou_launcher_new (reaper, config, directories);
  run.launcher = launcher;
  g_signal_connect (launcher, "failed", G_CALLBACK (failed_cb), &run);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    ids[i] = g_unix_signal_add (signals[i], signal_cb, &run);

  dou_launcher_start_async (launcher, started_cb, &run);
  g_main_loop_run (loop);

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (ids[i]);
  return run.exit_status;
}

static void
open_log (DouConfig *config)
{
  DouLogLevel level;
  gboolean is_valid = dou_log_levels_parse (dou_config_get_string (config, DOU_CONFIG_LOG_LEVEL),
                                            "launcher", &level);

  g_assert (is_valid);
  dou_log_open ("launcher", (DouLogFormat) dou_config_get_int64 (config, DOU_CONFIG_LOG_FORMAT), level);
}

/**
 * dou_serve_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok serve`: the server, in the foreground.
 *
 * Returns: the exit status
 */
int
dou_serve_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_autoptr (DouConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    { "listen", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings.listen,
      N_ ("Where to listen; may be given several times; port 0 picks one"), N_ ("ADDRESS:PORT") },
    { "workers", 0, 0, G_OPTION_ARG_STRING, &settings.workers,
      N_ ("Gateway processes; 0 = one per processor core"), N_ ("N") },
    { "public-url", 0, 0, G_OPTION_ARG_STRING, &settings.public_url,
      N_ ("The address that phones reach this server at"), N_ ("URL") },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok serve",
                          _ ("Runs the server until SIGTERM or Ctrl-C. When it answers requests it "
                             "prints “doutok: ready on URL”."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  config = dou_settings_merge (&settings, &error);
  if (config == NULL)
    return dou_service_fail ("doutok", error);

  open_log (config);
  umask (0077);
  signal (SIGPIPE, SIG_IGN);
  raise_descriptor_limit ();

  exit_status = serve (config, &error);
  return error != NULL ? dou_service_fail ("doutok", error) : exit_status;
}
