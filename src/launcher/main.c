/* SPDX-License-Identifier: Apache-2.0 */

/* doutok(1): finds the command and runs it. */

#include "config.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-paths.h"
#include "launcher/dou-command.h"

static const DouCommand commands[] = {
  { "serve", N_ ("run the server"), dou_serve_command },
  { "demo", N_ ("fill a running server with demo users and videos"), dou_demo_command },
  { "check", N_ ("say what is missing or wrong"), dou_check_command },
  { "backup", N_ ("copy all that a server keeps, beside the running server"), dou_backup_command },
  { "restore", N_ ("put a backup into an empty state directory"), dou_restore_command },
  { "verify", N_ ("say whether databases and files are whole, here or in a backup"),
    dou_verify_command },
  { "status", N_ ("show what the running server does"), dou_status_command },
  { "log-level", N_ ("show or change what the running server logs"), dou_log_command },
  { "bus", N_ ("“bus address”: the private bus of the running server"), dou_bus_command },
};

static void
print_help (void)
{
  g_print (_ ("Usage:\n  doutok COMMAND [OPTION…]\n\nCommands:\n"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-9s %s\n", commands[i].name, _ (commands[i].summary));
  g_print (_ ("\nOptions:\n"
              "  --help     show this; “doutok COMMAND --help” shows the options of a command\n"
              "  --version  show the version\n"));
}

/* What the environment asks for: the first of these that is set, as setlocale(3) has it. */
static const char *
get_wanted_locale (void)
{
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_getenv (variables[i]);

      if (value != NULL && *value != '\0')
        return value;
    }

  return "C";
}

/* Whether an element of LANGUAGE, or the name of a locale, is Chinese of any kind. */
static gboolean
is_chinese (const char *language)
{
  return g_str_has_prefix (language, "zh") && !g_ascii_isalpha (language[2]);
}

/* There is one translation into Chinese, but gettext has no way from zh, zh_TW, zh_HK or zh_SG to it: behind
 * each of these it is named as well.
 *
 * @languages: as in LANGUAGE, the most wanted one first
 *
 * Returns: (transfer full) */
static char *
add_translations (const char *languages)
{
  g_auto (GStrv) wanted = g_strsplit (languages, ":", -1);
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; wanted[i] != NULL; i++)
    g_string_append_printf (all, "%s%s%s", i > 0 ? ":" : "", wanted[i],
                            is_chinese (wanted[i]) ? ":zh_CN" : "");

  return g_string_free (g_steal_pointer (&all), FALSE);
}

/* A bare Debian has no locales but C and C.UTF-8, so that of the user's language is often not there.
 * gettext translates in C.UTF-8, too, into what LANGUAGE says (dou-status-messages.c has more about
 * that), and people are shown UTF-8 in any case. */
static void
set_up_locale (void)
{
  g_autofree char *directory = dou_paths_get_locale_dir ();
  const char *locale = get_wanted_locale ();
  const char *set = g_getenv ("LANGUAGE");
  g_autofree char *wanted = set != NULL && *set != '\0' ? g_strdup (set)
                                                        : g_strndup (locale, strcspn (locale, ".@"));
  g_autofree char *languages = add_translations (wanted);

  if (setlocale (LC_ALL, "") == NULL)
    setlocale (LC_ALL, "C.UTF-8");
  g_setenv ("LANGUAGE", languages, TRUE);
  if (g_str_equal (setlocale (LC_CTYPE, NULL), "C"))
    setlocale (LC_CTYPE, "C.UTF-8");
  bindtextdomain (GETTEXT_PACKAGE, directory);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

int
main (int argc, char **argv)
{
  set_up_locale ();
  g_set_prgname ("doutok");
  /* Standard output belongs to what a command is asked for. */
  g_log_writer_default_set_use_stderr (TRUE);

  if (argc < 2)
    return dou_command_refuse ("doutok", "%s", _ ("a command is missing"));

  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (g_str_equal (argv[1], "--version"))
    {
      g_print ("doutok %s\n", DOU_VERSION);
      return EXIT_SUCCESS;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[1], commands[i].name))
      return commands[i].run (argc - 1, argv + 1);

  return dou_command_refuse (
      "doutok", *argv[1] == '-' ? _ ("there is no option “%s”") : _ ("there is no command “%s”"),
      argv[1]);
}
