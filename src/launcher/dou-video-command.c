/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok video …`. A video is named by its id: it is in addresses, and titles are not unique. */

#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-service.h"
#include "launcher/dou-admin.h"

#define INTERFACE "Video1.Admin"

/* What the service says of a video. */
#define TRANSCODE_WANTED 1
#define TRANSCODE_FAILED 2

static GVariant *
call (DouAdmin *admin, const char *method, GVariant *items, const char *reply, GError **error)
{
  return dou_admin_call (admin, "Video", INTERFACE, method, items, reply, error);
}

/* Begins a command about videos. Returns: whether that went well, with the @ids (element-type gint64) of
 * all words */
static gboolean
begin (DouAdmin *admin, const DouAdminUsage *usage, int argc, char **argv, GArray **ids,
       int *exit_status)
{
  if (!dou_admin_begin (admin, usage, argc, argv, exit_status))
    return FALSE;

  *ids = dou_admin_parse_ids (admin, usage, exit_status);
  return *ids != NULL;
}

static int
set_hidden (const DouAdminUsage *usage, gboolean hide, const char *done, int argc, char **argv)
{
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GArray) ids = NULL;
  int exit_status;

  if (!begin (&admin, usage, argc, argv, &ids, &exit_status))
    return exit_status;

  return dou_admin_act (&admin, "Video", "SetHidden", dou_admin_make_switches (&admin, ids, hide),
                        done);
}

static int
hide_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok video hide", _ ("ID…"),
          _ ("Hides videos, by id: they are in no list, for nobody, until that ends."), NULL, TRUE };

  return set_hidden (&usage, TRUE, _ ("hidden"), argc, argv);
}

static int
unhide_command (int argc, char **argv)
{
  const DouAdminUsage usage = { "doutok video unhide", _ ("ID…"),
                                _ ("Shows videos again, by id, where they were."), NULL, TRUE };

  return set_hidden (&usage, FALSE, _ ("no longer hidden"), argc, argv);
}

/* Does with all ids what @method does, which takes each with a reason. */
static int
act (const DouAdminUsage *usage, const char *method, const char *done, int argc, char **argv)
{
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GArray) ids = NULL;
  int exit_status;

  if (!begin (&admin, usage, argc, argv, &ids, &exit_status))
    return exit_status;

  return dou_admin_act (&admin, "Video", method, dou_admin_make_acts (&admin, ids), done);
}

static int
retry_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok video retry", _ ("ID…"),
          _ ("Has videos transcoded, by id, that were given up: three more attempts."), NULL, TRUE };

  return act (&usage, "RetryTranscodes", _ ("not given up"), argc, argv);
}

static int
delete_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok video delete", _ ("ID…"),
          _ ("Deletes videos, by id, with their files, likes and comments."), NULL, TRUE };

  return act (&usage, "RemoveVideos", _ ("deleted"), argc, argv);
}

static void
print_listed (GVariant *record)
{
  g_autofree char *published = NULL;
  const char *title;
  gint64 id, author, time, hidden;

  g_variant_get (record, "(xx&sxx)", &id, &author, &title, &time, &hidden);
  published = dou_admin_describe_time (time);
  g_print ("%-16" G_GINT64_FORMAT " %s  %-16" G_GINT64_FORMAT " %s", id, published, author, title);
  if (hidden != 0)
    {
      g_autofree char *since = dou_admin_describe_time (hidden);

      g_print (_ (" (hidden since %s)"), since);
    }
  g_print ("\n");
}

static void
print_failed (GVariant *record)
{
  g_autofree char *published = NULL;
  const char *title, *trouble;
  gint64 id, author, time;

  g_variant_get (record, "(xx&sx&s)", &id, &author, &title, &time, &trouble);
  published = dou_admin_describe_time (time);
  g_print ("%-16" G_GINT64_FORMAT " %s  %-16" G_GINT64_FORMAT " %s: %s\n", id, published, author, title,
           trouble);
}

static int
list_command (int argc, char **argv)
{
  static const DouAdminList all
      = { "Video", INTERFACE, "ListVideos", "a(xbu)", "aa(xxsxx)", print_listed };
  static const DouAdminList failed
      = { "Video", INTERFACE, "ListFailed", "a(xu)", "aa(xxsxs)", print_failed };
  gboolean only_hidden = FALSE;
  gboolean only_failed = FALSE;
  int count = DOU_ADMIN_LIST_COUNT;
  const GOptionEntry options[] = {
    { "hidden", 0, 0, G_OPTION_ARG_NONE, &only_hidden, N_ ("Only what is hidden"), NULL },
    { "failed", 0, 0, G_OPTION_ARG_NONE, &only_failed, N_ ("Only what could not be transcoded, and why"),
      NULL },
    { "count", 0, 0, G_OPTION_ARG_INT, &count, N_ ("The most lines"), N_ ("NUMBER") },
    G_OPTION_ENTRY_NULL,
  };
  const DouAdminUsage usage
      = { "doutok video list", NULL,
          _ ("Lists videos, the newest first: id, when it was published, id of the author, title."),
          options, FALSE };
  g_auto (DouAdmin) admin = { 0 };
  int exit_status;

  return dou_admin_begin (&admin, &usage, argc, argv, &exit_status)
             ? dou_admin_list (&admin, only_failed ? &failed : &all, only_hidden, count)
             : exit_status;
}

static GVariant *
make_id (gint64 id)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &id, 1, sizeof id);
}

/* What happens in the background, if anything does or did in vain. */
static gboolean
print_transcode (DouAdmin *admin, gint64 id, GError **error)
{
  g_autoptr (GVariant) transcodes
      = call (admin, "GetTranscodes", make_id (id), "a(iuus)", error);
  const char *trouble;
  guint32 state, n_attempts;

  if (transcodes == NULL)
    return FALSE;

  g_variant_get_child (transcodes, 0, "(iuu&s)", NULL, &state, &n_attempts, &trouble);
  if (state == TRANSCODE_WANTED)
    g_print (_ ("  transcoding  to be done, begun %u times\n"), n_attempts);
  else if (state == TRANSCODE_FAILED)
    g_print (_ ("  transcoding  given up after %u attempts\n"), n_attempts);
  if (*trouble != '\0')
    g_print (_ ("  failed       %s\n"), trouble);
  return TRUE;
}

static gboolean
print_record (DouAdmin *admin, GVariant *record, GError **error)
{
  g_autoptr (GVariant) accounts = NULL;
  g_autoptr (GVariant) counts = NULL;
  g_autofree char *published = NULL;
  const char *title, *file, *cover, *name;
  gint64 id, author, time, hidden, n_likes, n_comments;

  g_variant_get (record, "(ixx&s&s&sxx)", NULL, &id, &author, &title, &file, &cover, &time,
                 &hidden);
  accounts = dou_admin_call (admin, "User", "User1.Admin", "GetAccounts", make_id (author),
                             "a(ixssxx)", error);
  if (accounts != NULL)
    counts = dou_admin_call (admin, "Social", "Social1", "GetVideoCounts", make_id (id), "a(xx)",
                             error);
  if (counts == NULL)
    return FALSE;

  g_variant_get_child (accounts, 0, "(ix&ssxx)", NULL, NULL, &name, NULL, NULL, NULL);
  g_variant_get_child (counts, 0, "(xx)", &n_likes, &n_comments);
  published = dou_admin_describe_time (time);
  g_print (_ ("%s\n  id           %lld\n  author       %s (%lld)\n  published    %s\n"
              "  files        %s, %s\n  likes        %lld\n  comments     %lld\n"),
           title, (long long) id, name, (long long) author, published, file, cover,
           (long long) n_likes, (long long) n_comments);
  if (hidden != 0)
    {
      g_autofree char *since = dou_admin_describe_time (hidden);

      g_print (_ ("  hidden since %s\n"), since);
    }
  return print_transcode (admin, id, error);
}

static int
show_command (int argc, char **argv)
{
  const DouAdminUsage usage = { "doutok video show", _ ("ID…"),
                                _ ("Shows what is known of videos, by id."), NULL, FALSE };
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GVariant) records = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!begin (&admin, &usage, argc, argv, &ids, &exit_status))
    return exit_status;

  records = call (&admin, "GetRecords",
                  g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids->data, ids->len,
                                             sizeof (gint64)),
                  "a(ixxsssxx)", &error);
  if (records == NULL)
    return dou_service_fail ("doutok", error);

  return dou_admin_show_all (&admin, records, print_record);
}

/**
 * dou_video_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok video …`.
 *
 * Returns: the exit status
 */
int
dou_video_command (int argc, char **argv)
{
  static const DouCommand commands[] = {
    { "list", N_ ("list videos"), list_command },
    { "show", N_ ("show what is known of videos"), show_command },
    { "hide", N_ ("hide videos"), hide_command },
    { "unhide", N_ ("show videos again"), unhide_command },
    { "retry", N_ ("have videos transcoded that were given up"), retry_command },
    { "delete", N_ ("delete videos"), delete_command },
  };

  return dou_admin_run ("doutok video", commands, G_N_ELEMENTS (commands), argc, argv);
}
