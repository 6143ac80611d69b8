/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok report …`: what users have reported. To resolve a report changes nothing else: what is to be done
 * about a video, a comment or a user is a command of its own. */

#include "config.h"

#include <glib/gi18n.h>

#include "launcher/dou-admin.h"

#define INTERFACE "Social1.Admin"

typedef enum
{
  KIND_VIDEO = 1,
  KIND_COMMENT = 2,
  KIND_USER = 3,
} Kind;

/* Returns: (transfer full): a text of several lines in one */
static char *
make_line (const char *text)
{
  return g_strdelimit (g_strdup (text), "\n\t", ' ');
}

/* Of a comment that is not there any more nothing but the id is known. */
static char *
describe_target (gint32 kind, gint64 target, gint64 writer, gint64 video)
{
  switch (kind)
    {
    case KIND_VIDEO:
      return g_strdup_printf (_ ("video %lld"), (long long) target);
    case KIND_USER:
      return g_strdup_printf (_ ("user %lld"), (long long) target);
    case KIND_COMMENT:
    default:
      return writer == 0 ? g_strdup_printf (_ ("comment %lld, which is gone"), (long long) target)
                         : g_strdup_printf (_ ("comment %lld of user %lld, video %lld"),
                                            (long long) target, (long long) writer,
                                            (long long) video);
    }
}

static void
print_report (GVariant *report)
{
  g_autofree char *what = NULL;
  g_autofree char *when = NULL;
  g_autofree char *why = NULL;
  const char *reason, *text;
  gint64 id, reporter, target, created, resolved, writer, video;
  gint32 kind;

  g_variant_get (report, "(xxix&sxxxx&s)", &id, &reporter, &kind, &target, &reason, &created,
                 &resolved, &writer, &video, &text);
  what = describe_target (kind, target, writer, video);
  when = dou_admin_describe_time (created);
  why = make_line (reason);
  g_print ("%-6" G_GINT64_FORMAT " %s  %s\n", id, when, what);
  if (*text != '\0')
    {
      g_autofree char *line = make_line (text);

      g_print ("       “%s”\n", line);
    }
  g_print (_ ("       user %lld: %s\n"), (long long) reporter, why);
  if (resolved != 0)
    {
      g_autofree char *end = dou_admin_describe_time (resolved);

      g_print (_ ("       resolved %s\n"), end);
    }
}

static int
list_command (int argc, char **argv)
{
  static const DouAdminList list
      = { "Social", INTERFACE, "ListReports", "a(xbu)", "aa(xxixsxxxxs)", print_report };
  gboolean all = FALSE;
  int count = DOU_ADMIN_LIST_COUNT;
  const GOptionEntry options[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &all, N_ ("Also what is resolved"), NULL },
    { "count", 0, 0, G_OPTION_ARG_INT, &count, N_ ("The most reports"), N_ ("NUMBER") },
    G_OPTION_ENTRY_NULL,
  };
  const DouAdminUsage usage
      = { "doutok report list", NULL,
          _ ("Lists what users have reported and nobody has resolved, the newest first: number, time and\n"
             "what it is about; the text of a comment; who reported it and why."),
          options, FALSE };
  g_auto (DouAdmin) admin = { 0 };
  int exit_status;

  return dou_admin_begin (&admin, &usage, argc, argv, &exit_status)
             ? dou_admin_list (&admin, &list, all, count)
             : exit_status;
}

/* Returns: (transfer floating) (nullable): `a(xs)`; %NULL if a word is no number, which is said */
static GVariant *
make_resolutions (DouAdmin *admin, const char *command)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xs)"));

  for (char **word = admin->words; *word != NULL; word++)
    {
      gint64 id;

      if (!g_ascii_string_to_signed (*word, 10, 1, G_MAXINT64, &id, NULL))
        {
          dou_command_refuse (command, _ ("“%s” is not the number of a report"), *word);
          return NULL;
        }
      g_variant_builder_add (&builder, "(xs)", id, admin->why != NULL ? admin->why : "");
    }

  return g_variant_builder_end (&builder);
}

static int
resolve_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok report resolve", _ ("REPORT…"),
          _ ("Marks reports as done with, by their numbers. What they are about stays as it is."), NULL,
          TRUE };
  g_auto (DouAdmin) admin = { 0 };
  GVariant *resolutions;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;

  resolutions = make_resolutions (&admin, usage.command);
  if (resolutions == NULL)
    return DOU_COMMAND_EXIT_USAGE;

  return dou_admin_act (&admin, "Social", "ResolveReports", resolutions, _ ("resolved"));
}

/**
 * dou_report_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok report …`.
 *
 * Returns: the exit status
 */
int
dou_report_command (int argc, char **argv)
{
  static const DouCommand commands[] = {
    { "list", N_ ("list what users have reported"), list_command },
    { "resolve", N_ ("mark reports as done with"), resolve_command },
  };

  return dou_admin_run ("doutok report", commands, G_N_ELEMENTS (commands), argc, argv);
}
