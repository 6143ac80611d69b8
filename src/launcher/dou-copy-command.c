/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "common/dou-service.h"
#include "common/dou-status.h"
#include "copy/dou-copy.h"
#include "launcher/dou-command.h"
#include "launcher/dou-directories.h"
#include "launcher/dou-progress.h"
#include "launcher/dou-settings.h"

typedef struct
{
  DouSettings from;
  DouSettings to;
} Options;

static void
options_clear (Options *self)
{
  dou_settings_clear (&self->from);
  dou_settings_clear (&self->to);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static void
progress_cb (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  dou_progress_show (user_data, what, done, total);
}

static gboolean
check_directory (DouConfig *config, GError **error)
{
  const char *state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);

  if (g_file_test (state_dir, G_FILE_TEST_IS_DIR))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("There is no state directory %s"),
               state_dir);
  return FALSE;
}

static DouDirectories *
lock_directory (DouConfig *config, GError **error)
{
  return dou_directories_open (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), "", error);
}

static gboolean
is_same_directory (DouConfig *from, DouConfig *to)
{
  return g_str_equal (dou_config_get_string (from, DOU_CONFIG_STATE_DIR),
                      dou_config_get_string (to, DOU_CONFIG_STATE_DIR));
}

/* Copies while no server can start on either end. */
static GPtrArray *
copy (DouConfig *from, DouConfig *to, GError **error)
{
  g_autoptr (DouDirectories) from_directories = NULL;
  g_autoptr (DouDirectories) to_directories = NULL;
  DouProgress progress;
  DouCopyRequest request = { .from = from, .to = to, .progress = progress_cb };
  GPtrArray *lines;

  if (!check_directory (from, error))
    return NULL;
  from_directories = lock_directory (from, error);
  if (from_directories == NULL)
    return NULL;
  if (!is_same_directory (from, to))
    {
      to_directories = lock_directory (to, error);
      if (to_directories == NULL)
        return NULL;
    }

  dou_progress_init (&progress, 0);
  request.user_data = &progress;
  lines = dou_copy (&request, error);
  dou_progress_end (&progress);
  return lines;
}

/* Returns the exit status. */
static int
print_lines (GPtrArray *lines)
{
  gboolean are_equal = TRUE;

  for (guint i = 0; i < lines->len; i++)
    {
      const DouCopyLine *line = g_ptr_array_index (lines, i);

      g_print ("%-28s %12" G_GUINT64_FORMAT "  %s%s%s\n", line->title, line->n_rows, line->checksum,
               line->is_equal ? "" : "  ", line->is_equal ? "" : _ ("DIFFERENT"));
      are_equal = are_equal && line->is_equal;
    }

  if (are_equal)
    {
      g_print (_ ("Both ends are equal.\n"));
      return EXIT_SUCCESS;
    }

  g_printerr (_ ("doutok: not all is equal: the copy is not finished\n"));
  return EXIT_FAILURE;
}

static int
run (Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouConfig) from = dou_settings_merge (&options->from, &error);
  g_autoptr (DouConfig) to = from != NULL ? dou_settings_merge (&options->to, &error) : NULL;
  g_autoptr (GPtrArray) lines = NULL;

  if (to == NULL)
    return dou_service_fail ("doutok", error);

  /* It holds secrets. */
  umask (0077);
  lines = copy (from, to, &error);
  return lines != NULL ? print_lines (lines) : dou_service_fail ("doutok", error);
}

/**
 * dou_copy_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok copy --from FILE --to FILE`.
 *
 * Returns: the exit status
 */
int
dou_copy_command (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  const GOptionEntry entries[] = {
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &options.from.config,
      N_ ("Configuration of the server to copy"), N_ ("FILE") },
    { "to", 0, 0, G_OPTION_ARG_FILENAME, &options.to.config,
      N_ ("Configuration of the one that is to have the same"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok copy",
                          _ ("Copies all that one server keeps to where another one, which is empty, "
                             "keeps it: databases of whatever engine, videos, pictures and token "
                             "keys. Neither server may run. At the end both are compared. After an "
                             "interruption the same command goes on."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  if (argc > 1)
    return dou_command_refuse ("doutok copy", _ ("“%s” is not expected"), argv[1]);
  if (options.from.config == NULL || options.to.config == NULL)
    return dou_command_refuse ("doutok copy", "%s", _ ("both --from and --to are needed"));

  return run (&options);
}
