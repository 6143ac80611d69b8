/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok reload`: what the running server reads anew. That is the file of unwanted words; all else of the
 * configuration holds from the start to the end of a server. */

#include "config.h"

#include <stdlib.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "common/dou-service.h"
#include "common/dou-status.h"
#include "launcher/dou-command.h"
#include "launcher/dou-running.h"
#include "launcher/dou-settings.h"
#include "launcher/dou-word-list.h"

#define COMMAND "doutok reload"

/* The server's own configuration: that of the command line may be a newer one. */
static DouConfig *
read_config (DouSettings *settings, GError **error)
{
  g_autofree char *directory = NULL;
  g_autoptr (GDBusConnection) connection = dou_running_connect (settings, &directory, error);
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autofree char *path = NULL;

  if (connection == NULL)
    return NULL;

  path = g_build_filename (directory, "doutok.conf", NULL);
  return dou_config_load_file (config, path, error) ? g_steal_pointer (&config) : NULL;
}

static gboolean
run (DouSettings *settings, GError **error)
{
  g_autoptr (DouConfig) config = read_config (settings, error);
  const char *file;
  guint n_words;

  if (config == NULL)
    return FALSE;

  file = dou_config_get_string (config, DOU_CONFIG_WORDS_FILE);
  if (*file == '\0')
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                           _ ("The running server has no words-file"));
      return FALSE;
    }
  if (!dou_word_list_publish (config, &n_words, error))
    return FALSE;

  g_print (_ ("%s: %u words"), file, n_words);
  g_print ("\n");
  return TRUE;
}

/**
 * dou_reload_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok reload`.
 *
 * Returns: the exit status
 */
int
dou_reload_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse (COMMAND,
                          _ ("Makes the running server read the file of unwanted words anew. If anything is\n"
                             "wrong with it, the words of before remain."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  return run (&settings, &error) ? EXIT_SUCCESS : dou_service_fail ("doutok", error);
}
