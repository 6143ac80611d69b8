/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "backup/dou-archive.h"
#include "backup/dou-backup.h"
#include "common/dou-service.h"
#include "launcher/dou-command.h"
#include "launcher/dou-progress.h"
#include "launcher/dou-settings.h"

#define MIB (1024 * 1024)

static gboolean
has_file_databases (DouConfig *config)
{
  return g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite");
}

/* What the tools of the engine are for is left to them. */
static int
tell_about_server (DouConfig *config)
{
  const char *engine = dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE);

  g_printerr (_ ("doutok: files and token keys are backed up. The databases are on a server, and "
                 "are not in this backup: save the database “%s” with %s\n"),
              dou_config_get_string (config, DOU_CONFIG_DATABASE_NAME),
              g_str_equal (engine, "postgresql") ? "pg_dump --format=custom"
                                                 : "mariadb-dump --single-transaction");
  return EXIT_FAILURE;
}

static int
run (DouSettings *settings, const char *directory)
{
  g_autofree char *path = g_canonicalize_filename (directory, NULL);
  g_autofree char *config_path = dou_settings_get_config_path (settings);
  g_autoptr (GError) error = NULL;
  g_autoptr (DouConfig) config = dou_settings_merge (settings, &error);
  DouProgress progress;
  DouBackupResult result;
  DouBackupRequest request;
  gboolean done;

  if (config == NULL)
    return dou_service_fail ("doutok", error);

  /* It holds secrets. */
  umask (0077);
  dou_progress_init (&progress, 0);
  request = (DouBackupRequest){
    .state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR),
    .config_path = config_path,
    .directory = path,
    .has_databases = has_file_databases (config),
    .progress = dou_progress_show_cb,
    .user_data = &progress,
  };
  done = dou_archive_is_name (path) ? dou_backup_make_file (&request, &result, &error)
                                    : dou_backup_make (&request, &result, &error);
  dou_progress_end (&progress);
  if (!done)
    return dou_service_fail ("doutok", error);

  g_print (_ ("%s: a whole backup. %u files, %u MiB; %u of them were new. It holds secrets: token "
              "keys, hashes of passwords, messages.\n"),
           path, (guint) result.n_media, (guint) (result.media_size / MIB), (guint) result.n_copied);
  return request.has_databases ? EXIT_SUCCESS : tell_about_server (config);
}

/**
 * dou_backup_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok backup DIR|FILE`.
 *
 * Returns: the exit status
 */
int
dou_backup_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_auto (GStrv) directories = NULL;
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &directories, NULL, N_ ("DIR|FILE") },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok backup",
                          _ ("Copies databases, videos, pictures and token keys into a directory, or "
                             "into a file whose name ends with .tar, .tar.gz, .tgz or .tar.zst, beside "
                             "the running server. A directory that has a backup already is brought "
                             "up to date: only new files are copied. Until a new backup is complete "
                             "the former one stays."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  if (directories == NULL || directories[1] != NULL)
    return dou_command_refuse ("doutok backup", "%s", _ ("one directory or file is needed"));

  return run (&settings, directories[0]);
}
