/* SPDX-License-Identifier: Apache-2.0 */

/* doutok(1): finds the command and runs it. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-locale.h"
#include "launcher/dou-admin.h"
#include "launcher/dou-command.h"

static const DouCommand commands[] = {
  { "serve", N_ ("run the server"), dou_serve_command },
  { "demo", N_ ("fill a running server with demo users and videos"), dou_demo_command },
  { "check", N_ ("say what is missing or wrong"), dou_check_command },
  { "backup", N_ ("copy all that a server keeps, beside the running server"), dou_backup_command },
  { "restore", N_ ("put a backup into an empty state directory"), dou_restore_command },
  { "verify", N_ ("say whether databases and files are whole, here or in a backup"),
    dou_verify_command },
  { "copy", N_ ("move all that a server keeps to another database or directory"), dou_copy_command },
  { "status", N_ ("show what the running server does"), dou_status_command },
  { "log-level", N_ ("show or change what the running server logs"), dou_log_command },
  { "reload", N_ ("make the running server read its word list anew"), dou_reload_command },
  { "user", N_ ("list, ban and help users"), dou_user_command },
  { "video", N_ ("list, hide and delete videos"), dou_video_command },
  { "comment", N_ ("delete comments"), dou_comment_command },
  { "report", N_ ("list and resolve what users have reported"), dou_report_command },
  { "audit", N_ ("list what the administration did"), dou_audit_command },
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

int
main (int argc, char **argv)
{
  dou_locale_set_up ();
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
