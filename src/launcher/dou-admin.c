/* SPDX-License-Identifier: Apache-2.0 */

/* What the commands of the administration have in common. They do nothing themselves: each is one call
 * of an interface org.doutok.….Admin of the running server, which knows who calls and writes it down.
 * Rejected: to open the databases beside the server, which nobody would hear of. */

#include "config.h"

#include <stdlib.h>

#include <glib/gi18n.h>

#include "common/dou-id-minter.h"
#include "common/dou-service.h"
#include "launcher/dou-admin.h"
#include "launcher/dou-running.h"

/* Of one call, in ms: longer than a service may take to start. */
#define TIMEOUT 30000

static void
print_commands (const char *command, const DouCommand *commands, gsize n_commands)
{
  g_print (_ ("Usage:\n  %s COMMAND [OPTION…]\n\nCommands:\n"), command);
  for (gsize i = 0; i < n_commands; i++)
    g_print ("  %-15s %s\n", commands[i].name, _ (commands[i].summary));
}

/**
 * dou_admin_run:
 * @command: such as `doutok user`
 * @commands: (array length=n_commands): what may follow
 * @n_commands: how many
 * @argc: number of arguments
 * @argv: arguments
 *
 * Finds the second word of a command and runs that.
 *
 * Returns: the exit status
 */
int
dou_admin_run (const char *command, const DouCommand *commands, gsize n_commands, int argc,
               char **argv)
{
  if (argc < 2)
    return dou_command_refuse (command, _ ("“%s” needs one more word"), argv[0]);

  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))
    {
      print_commands (command, commands, n_commands);
      return EXIT_SUCCESS;
    }

  for (gsize i = 0; i < n_commands; i++)
    if (g_str_equal (argv[1], commands[i].name))
      return commands[i].run (argc - 1, argv + 1);

  return dou_command_refuse (command, _ ("there is no command “%s”"), argv[1]);
}

/* Returns: whether the command line makes sense; if not, that was said */
static gboolean
dou_admin_parse (DouAdmin *self, const DouAdminUsage *usage, int argc, char **argv)
{
  const GOptionEntry places[] = { DOU_SETTINGS_PLACES (&self->settings), G_OPTION_ENTRY_NULL };
  const GOptionEntry reason[] = {
    { "why", 0, 0, G_OPTION_ARG_STRING, &self->why, N_ ("The reason, for the audit log"),
      N_ ("TEXT") },
    G_OPTION_ENTRY_NULL,
  };
  const GOptionEntry rest[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->words, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (usage->words);
  g_autoptr (GError) error = NULL;

  g_set_prgname (usage->command);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (usage->options != NULL)
    g_option_context_add_main_entries (context, usage->options, GETTEXT_PACKAGE);
  if (usage->acts)
    g_option_context_add_main_entries (context, reason, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, places, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, rest, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, usage->summary);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      dou_command_refuse (usage->command, "%s", error->message);
      return FALSE;
    }

  g_set_prgname ("doutok");
  if (usage->words == NULL && self->words != NULL)
    {
      dou_command_refuse (usage->command, _ ("“%s” is one argument too many"), self->words[0]);
      return FALSE;
    }
  if (usage->words != NULL && self->words == NULL)
    {
      dou_command_refuse (usage->command, _ ("%s is missing"), usage->words);
      return FALSE;
    }

  return TRUE;
}

/**
 * dou_admin_begin:
 * @self: all zero
 * @usage: what the command takes
 * @argc: number of arguments
 * @argv: arguments
 * @exit_status: (out): how to end if that fails
 *
 * Reads the command line, and connects to the running server.
 *
 * Returns: whether both went well; if not, it was said why
 */
gboolean
dou_admin_begin (DouAdmin *self, const DouAdminUsage *usage, int argc, char **argv,
                 int *exit_status)
{
  g_autoptr (GError) error = NULL;

  *exit_status = DOU_COMMAND_EXIT_USAGE;
  if (!dou_admin_parse (self, usage, argc, argv))
    return FALSE;

  self->connection = dou_running_connect (&self->settings, &self->runtime_dir, &error);
  if (self->connection == NULL)
    *exit_status = dou_service_fail ("doutok", error);
  return self->connection != NULL;
}

void
dou_admin_clear (DouAdmin *self)
{
  dou_settings_clear (&self->settings);
  g_clear_pointer (&self->why, g_free);
  g_clear_pointer (&self->words, g_strfreev);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->runtime_dir, g_free);
}

/**
 * dou_admin_call:
 * @self: a command that has begun
 * @service: such as `User`
 * @interface: what comes after `org.doutok.`, such as `User1.Admin`
 * @method: its method
 * @items: (transfer floating): its only argument
 * @reply: the type of its only result
 * @error: return location
 *
 * Returns: (transfer full): the result, or %NULL
 */
GVariant *
dou_admin_call (DouAdmin *self, const char *service, const char *interface, const char *method,
                GVariant *items, const char *reply, GError **error)
{
  g_autofree char *name = g_strconcat ("org.doutok.", service, NULL);
  g_autofree char *path = g_strconcat ("/org/doutok/", service, NULL);
  g_autofree char *full_interface = g_strconcat ("org.doutok.", interface, NULL);
  g_autofree char *type = g_strconcat ("(", reply, ")", NULL);
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      self->connection, name, path, full_interface, method, g_variant_new_tuple (&items, 1),
      G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, error);

  if (answer != NULL)
    return g_variant_get_child_value (answer, 0);

  g_dbus_error_strip_remote_error (*error);
  return NULL;
}

/**
 * dou_admin_tell:
 * @word: what the command was given
 * @status: what became of it
 * @done: what to say of success, translated
 *
 * Returns: whether it was done
 */
gboolean
dou_admin_tell (const char *word, DouStatus status, const char *done)
{
  if (status == DOU_STATUS_OK)
    g_print ("%s: %s\n", word, done);
  else
    g_printerr ("doutok: %s: %s\n", word, _ (dou_status_get_info (status)->message));
  return status == DOU_STATUS_OK;
}

/**
 * dou_admin_tell_all:
 * @self: a command that has begun
 * @statuses: `ai`, what became of each word
 * @done: what to say of success, translated
 *
 * Returns: the exit status
 */
int
dou_admin_tell_all (DouAdmin *self, GVariant *statuses, const char *done)
{
  int exit_status = EXIT_SUCCESS;

  for (gsize i = 0; i < g_variant_n_children (statuses); i++)
    {
      gint32 status;

      g_variant_get_child (statuses, i, "i", &status);
      if (!dou_admin_tell (self->words[i], (DouStatus) status, done))
        exit_status = EXIT_FAILURE;
    }

  return exit_status;
}

/**
 * dou_admin_find_users:
 * @self: a command that has begun
 * @error: return location
 *
 * A user is named by name or, if nobody has that name, by id.
 *
 * Returns: (transfer full) (element-type gint64) (nullable): for each word an id, of a user or not
 */
GArray *
dou_admin_find_users (DouAdmin *self, GError **error)
{
  g_autoptr (GVariant) found = dou_admin_call (
      self, "User", "User1.Admin", "FindAccounts",
      g_variant_new_strv ((const char *const *) self->words, -1), "ax", error);
  GArray *ids;
  const gint64 *elements;
  gsize n_ids;

  if (found == NULL)
    return NULL;

  ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  elements = g_variant_get_fixed_array (found, &n_ids, sizeof (gint64));
  for (gsize i = 0; i < n_ids; i++)
    {
      gint64 id = elements[i];

      if (id == 0)
        g_ascii_string_to_signed (self->words[i], 10, 1, DOU_ID_MAX, &id, NULL);
      g_array_append_val (ids, id);
    }

  return ids;
}

/**
 * dou_admin_parse_ids:
 * @self: a command that has begun
 * @usage: of the command
 * @exit_status: (out): how to end if that fails
 *
 * Returns: (transfer full) (element-type gint64) (nullable): all words as ids; %NULL if one is none, and
 *   then that was said
 */
GArray *
dou_admin_parse_ids (DouAdmin *self, const DouAdminUsage *usage, int *exit_status)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (char **word = self->words; *word != NULL; word++)
    {
      gint64 id;

      if (!g_ascii_string_to_signed (*word, 10, 1, DOU_ID_MAX, &id, NULL))
        {
          *exit_status = dou_command_refuse (usage->command, _ ("“%s” is not an id"), *word);
          return NULL;
        }
      g_array_append_val (ids, id);
    }

  return g_steal_pointer (&ids);
}

/**
 * dou_admin_describe_time:
 * @milliseconds: since 1970
 *
 * Returns: (transfer full): date and time of day, as they are here
 */
char *
dou_admin_describe_time (gint64 milliseconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (milliseconds / 1000);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M:%S")
                      : g_strdup_printf ("%" G_GINT64_FORMAT, milliseconds);
}
