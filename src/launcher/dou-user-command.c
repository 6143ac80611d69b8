/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok user …`. A user is named by name or, if nobody has that name, by id. */

#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include <glib/gi18n.h>
#include <sys/random.h>

#include "common/dou-id-minter.h"
#include "common/dou-service.h"
#include "launcher/dou-admin.h"

#define INTERFACE "User1.Admin"

/* Letters and digits that nobody takes for another one, 32 of them. */
static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
/* Of a new password: 80 random bits. */
#define PASSWORD_LENGTH 16

G_STATIC_ASSERT (sizeof alphabet == 32 + 1);

static GVariant *
call (DouAdmin *admin, const char *method, GVariant *items, const char *reply, GError **error)
{
  return dou_admin_call (admin, "User", INTERFACE, method, items, reply, error);
}

static int
set_bans (const DouAdminUsage *usage, gboolean ban, const char *done, int argc, char **argv)
{
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, usage, argc, argv, &exit_status))
    return exit_status;

  ids = dou_admin_find_users (&admin, &error);
  if (ids == NULL)
    return dou_service_fail ("doutok", error);

  return dou_admin_act (&admin, "User", "SetBans", dou_admin_make_switches (&admin, ids, ban),
                        done);
}

static int
ban_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok user ban", _ ("USER…"),
          _ ("Bans users, by name or id: they cannot log in, are logged out everywhere at once, and\n"
             "nothing of theirs is shown until the ban ends."),
          NULL, TRUE };

  return set_bans (&usage, TRUE, _ ("banned"), argc, argv);
}

static int
unban_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok user unban", _ ("USER…"),
          _ ("Ends bans of users, by name or id. They may log in, and are shown again."), NULL,
          TRUE };

  return set_bans (&usage, FALSE, _ ("no longer banned"), argc, argv);
}

static int
delete_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok user delete", _ ("USER…"),
          _ ("Deletes users, by name or id, with everything that is theirs: videos, pictures, likes,\n"
             "comments, follows, and all their conversations. Nothing brings it back."),
          NULL, TRUE };
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;

  ids = dou_admin_find_users (&admin, &error);
  if (ids == NULL)
    return dou_service_fail ("doutok", error);

  return dou_admin_act (&admin, "User", "DeleteAccounts", dou_admin_make_acts (&admin, ids),
                        _ ("deleted"));
}

/* Returns: (transfer full): a password that nobody can guess */
static char *
make_password (void)
{
  guint8 bytes[PASSWORD_LENGTH];
  char *password = g_malloc0 (PASSWORD_LENGTH + 1);

  /* As few bytes as these always come at once. */
  if (getrandom (bytes, sizeof bytes, 0) != (gssize) sizeof bytes)
    g_error ("Cannot get random bytes: %s", g_strerror (errno));
  for (guint i = 0; i < PASSWORD_LENGTH; i++)
    password[i] = alphabet[bytes[i] % 32];
  return password;
}

static int
reset_password_command (int argc, char **argv)
{
  const DouAdminUsage usage
      = { "doutok user reset-password", _ ("USER…"),
          _ ("Gives users, by name or id, new passwords, which are printed, and logs them out."), NULL,
          TRUE };
  g_auto (DouAdmin) admin = { 0 };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xss)"));
  g_autoptr (GPtrArray) passwords = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GVariant) statuses = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;

  ids = dou_admin_find_users (&admin, &error);
  if (ids == NULL)
    return dou_service_fail ("doutok", error);

  for (guint i = 0; i < ids->len; i++)
    {
      g_ptr_array_add (passwords, make_password ());
      g_variant_builder_add (&builder, "(xss)", g_array_index (ids, gint64, i),
                             g_ptr_array_index (passwords, i), admin.why != NULL ? admin.why : "");
    }
  statuses = call (&admin, "ResetPasswords", g_variant_builder_end (&builder), "ai", &error);
  if (statuses == NULL)
    return dou_service_fail ("doutok", error);

  exit_status = EXIT_SUCCESS;
  for (guint i = 0; i < passwords->len; i++)
    {
      gint32 status;

      g_variant_get_child (statuses, i, "i", &status);
      if (!dou_admin_tell (admin.words[i], (DouStatus) status, g_ptr_array_index (passwords, i)))
        exit_status = EXIT_FAILURE;
    }
  return exit_status;
}

static void
print_listed (GVariant *record)
{
  const char *name;
  gint64 id, banned;

  g_variant_get (record, "(x&sx)", &id, &name, &banned);
  if (banned != 0)
    {
      g_autofree char *time = dou_admin_describe_time (banned);

      g_print (_ ("%-16lld %s (banned since %s)\n"), (long long) id, name, time);
    }
  else
    g_print ("%-16" G_GINT64_FORMAT " %s\n", id, name);
}

static int
list_command (int argc, char **argv)
{
  static const DouAdminList list
      = { "User", INTERFACE, "ListAccounts", "a(xbu)", "aa(xsx)", print_listed };
  gboolean only_banned = FALSE;
  int count = DOU_ADMIN_LIST_COUNT;
  const GOptionEntry options[] = {
    { "banned", 0, 0, G_OPTION_ARG_NONE, &only_banned, N_ ("Only who is banned"), NULL },
    { "count", 0, 0, G_OPTION_ARG_INT, &count, N_ ("The most lines"), N_ ("NUMBER") },
    G_OPTION_ENTRY_NULL,
  };
  const DouAdminUsage usage
      = { "doutok user list", NULL, _ ("Lists users, the newest first: id, name."), options,
          FALSE };
  g_auto (DouAdmin) admin = { 0 };
  int exit_status;

  return dou_admin_begin (&admin, &usage, argc, argv, &exit_status)
             ? dou_admin_list (&admin, &list, only_banned, count)
             : exit_status;
}

/* What the other services know of one user. */
static gboolean
print_counts (DouAdmin *admin, gint64 id, GError **error)
{
  g_autoptr (GVariant) works
      = dou_admin_call (admin, "Video", "Video1", "GetWorkCounts",
                        g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &id, 1, sizeof id), "ax",
                        error);
  g_autoptr (GVariant) counts = NULL;
  gint64 n_works, follows, followers, favorited, favorites;

  if (works == NULL)
    return FALSE;

  counts = dou_admin_call (admin, "Social", "Social1", "GetUserCounts",
                           g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &id, 1, sizeof id),
                           "a(xxxx)", error);
  if (counts == NULL)
    return FALSE;

  g_variant_get_child (works, 0, "x", &n_works);
  g_variant_get_child (counts, 0, "(xxxx)", &follows, &followers, &favorited, &favorites);
  g_print (_ ("  videos       %lld, liked %lld times\n"
              "  likes        %lld\n"
              "  follows      %lld, followed by %lld\n"),
           (long long) n_works, (long long) favorited, (long long) favorites, (long long) follows,
           (long long) followers);
  return TRUE;
}

static gboolean
print_account (DouAdmin *admin, GVariant *account, GError **error)
{
  g_autofree char *registered = NULL;
  const char *name, *signature;
  gint64 id, banned;

  g_variant_get (account, "(ix&s&sxx)", NULL, &id, &name, &signature, NULL, &banned);
  registered = dou_admin_describe_time (dou_id_get_time (id));
  g_print (_ ("%s\n  id           %lld\n  registered   %s\n"), name, (long long) id, registered);
  if (*signature != '\0')
    g_print (_ ("  signature    %s\n"), signature);
  if (banned != 0)
    {
      g_autofree char *since = dou_admin_describe_time (banned);

      g_print (_ ("  banned since %s\n"), since);
    }
  return print_counts (admin, id, error);
}

static int
show_command (int argc, char **argv)
{
  const DouAdminUsage usage = { "doutok user show", _ ("USER…"),
                                _ ("Shows what is known of users, by name or id."), NULL, FALSE };
  g_auto (DouAdmin) admin = { 0 };
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GVariant) accounts = NULL;
  g_autoptr (GError) error = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;

  ids = dou_admin_find_users (&admin, &error);
  if (ids != NULL)
    accounts = call (&admin, "GetAccounts",
                     g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids->data, ids->len,
                                                sizeof (gint64)),
                     "a(ixssxx)", &error);
  if (accounts == NULL)
    return dou_service_fail ("doutok", error);

  return dou_admin_show_all (&admin, accounts, print_account);
}

/**
 * dou_user_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok user …`.
 *
 * Returns: the exit status
 */
int
dou_user_command (int argc, char **argv)
{
  static const DouCommand commands[] = {
    { "list", N_ ("list users"), list_command },
    { "show", N_ ("show what is known of users"), show_command },
    { "ban", N_ ("ban users"), ban_command },
    { "unban", N_ ("end bans"), unban_command },
    { "reset-password", N_ ("give users new passwords"), reset_password_command },
    { "delete", N_ ("delete users"), delete_command },
    { "export", N_ ("write all that is kept of a user into a file"), dou_export_command },
  };

  return dou_admin_run ("doutok user", commands, G_N_ELEMENTS (commands), argc, argv);
}
