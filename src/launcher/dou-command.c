/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdarg.h>

#include <glib/gi18n.h>

#include "launcher/dou-command.h"

/**
 * dou_command_refuse:
 * @command: the command, such as `doutok serve`
 * @format: what is wrong with the command line
 *
 * Returns: the exit status, after a line that says what is wrong and one that says where help is
 */
int
dou_command_refuse (const char *command, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_printerr ("doutok: %s\n", message);
  g_printerr (_ ("Try “%s --help”.\n"), command);
  return DOU_COMMAND_EXIT_USAGE;
}

/**
 * dou_command_parse:
 * @command: the command, such as `doutok serve`
 * @summary: (nullable): a paragraph for its --help
 * @entries: its options
 * @argc: (inout): number of arguments, that of the command's own name included
 * @argv: (inout): arguments
 *
 * Reads options. An argument that is no option is refused; --help prints and ends the program.
 *
 * Returns: %FALSE if the command line was refused and that was said
 */
gboolean
dou_command_parse (const char *command, const char *summary, const GOptionEntry *entries, int *argc,
                   char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  /* The first line of --help shows the name of the program. */
  g_set_prgname (command);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, summary);

  if (!g_option_context_parse (context, argc, argv, &error))
    {
      dou_command_refuse (command, "%s", error->message);
      return FALSE;
    }
  if (*argc > 1)
    {
      dou_command_refuse (command, _ ("“%s” is one argument too many"), (*argv)[1]);
      return FALSE;
    }

  g_set_prgname ("doutok");
  return TRUE;
}
