/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "backup/dou-restore.h"
#include "common/dou-service.h"
#include "launcher/dou-command.h"
#include "launcher/dou-directories.h"
#include "launcher/dou-progress.h"
#include "launcher/dou-settings.h"

/* Returns: (transfer full) (nullable): what was restored */
static DouManifest *
restore (const char *path, const char *state_dir, DouProgress *progress, GError **error)
{
  gboolean is_file = g_file_test (path, G_FILE_TEST_IS_REGULAR);
  g_autoptr (DouManifest) manifest = NULL;
  g_autoptr (DouDirectories) directories = NULL;

  if (!is_file)
    {
      manifest = dou_manifest_load (path, error);
      if (manifest == NULL)
        return NULL;
    }
  directories = dou_directories_open (state_dir, "", error);
  if (directories == NULL)
    return NULL;
  if (is_file)
    return dou_restore_archive (path, state_dir, dou_progress_show_cb, progress, error);

  return dou_restore (path, manifest, state_dir, dou_progress_show_cb, progress, error)
             ? g_steal_pointer (&manifest)
             : NULL;
}

static int
run (DouSettings *settings, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouConfig) config = dou_settings_merge (settings, &error);
  g_autoptr (DouManifest) manifest = NULL;
  const char *state_dir;
  DouProgress progress;

  if (config == NULL)
    return dou_service_fail ("doutok", error);

  umask (0077);
  state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);
  dou_progress_init (&progress, 0);
  manifest = restore (path, state_dir, &progress, &error);
  dou_progress_end (&progress);
  if (manifest == NULL)
    return dou_service_fail ("doutok", error);

  g_print (_ ("%s is as it was at %s, with %u files.\n"), state_dir, manifest->created,
           (guint) manifest->n_media);
  if (dou_manifest_find (manifest, "doutok.conf") != NULL)
    g_print (_ ("The configuration of that server is %s/%s/doutok.conf; it was left where it is.\n"),
             path, manifest->snapshot);
  return EXIT_SUCCESS;
}

/**
 * dou_restore_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok restore DIR|FILE`.
 *
 * Returns: the exit status
 */
int
dou_restore_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_auto (GStrv) directories = NULL;
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &directories, NULL, N_ ("DIR|FILE") },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok restore",
                          _ ("Puts what “doutok backup” has copied into an empty state directory, "
                             "on which no server runs. Each file is compared with its checksum. "
                             "After an interruption the same command goes on."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  if (directories == NULL || directories[1] != NULL)
    return dou_command_refuse ("doutok restore", "%s", _ ("one directory or file is needed"));

  return run (&settings, directories[0]);
}
