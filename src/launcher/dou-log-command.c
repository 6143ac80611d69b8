/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok log-level`: what the processes of the running server write into the log. Every process on the bus
 * has the object of data/dbus/org.doutok.Log1.xml, and a name by which it is found here. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "common/dou-log.h"
#include "common/dou-service.h"
#include "common/dou-status.h"
#include "launcher/dou-command.h"
#include "launcher/dou-running.h"
#include "launcher/dou-settings.h"

#define COMMAND "doutok log-level"
#define NAME_PREFIX "org.doutok."
#define OBJECT_PATH "/org/doutok/Log"
#define INTERFACE "org.doutok.Log1"
/* Milliseconds that a process may take to answer. */
#define CALL_TIMEOUT 5000

static GVariant *
call (GDBusConnection *connection, const char *name, const char *path, const char *interface,
      const char *method, GVariant *parameters, const char *reply_type, GError **error)
{
  GVariant *reply = g_dbus_connection_call_sync (
      connection, name, path, interface, method, parameters, G_VARIANT_TYPE (reply_type),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_TIMEOUT, NULL, error);

  if (reply == NULL && error != NULL)
    g_dbus_error_strip_remote_error (*error);
  return reply;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* (transfer full) (element-type utf8) (nullable) who has a log, sorted */
static GPtrArray *
list_names (GDBusConnection *connection, GError **error)
{
  g_autoptr (GVariant) reply
      = call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
              "ListNames", NULL, "(as)", error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree const char **all = NULL;

  if (reply == NULL)
    return NULL;

  g_variant_get (reply, "(^a&s)", &all);
  for (gsize i = 0; all[i] != NULL; i++)
    if (g_str_has_prefix (all[i], NAME_PREFIX))
      g_ptr_array_add (names, g_strdup (all[i]));

  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

/* Whether a process is of a part: the names of gateways have a number behind it. */
static gboolean
is_of_part (const char *name, const char *part)
{
  const char *own = name + strlen (NAME_PREFIX);
  gsize length = strlen (part);

  return g_ascii_strncasecmp (own, part, length) == 0
         && strspn (own + length, "0123456789") == strlen (own + length);
}

static gboolean
show_levels (GDBusConnection *connection, GPtrArray *names, GError **error)
{
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autoptr (GVariant) reply = call (connection, name, OBJECT_PATH, "org.freedesktop.DBus.Properties",
                                         "Get", g_variant_new ("(ss)", INTERFACE, "Level"), "(v)", error);
      g_autoptr (GVariant) value = NULL;
      g_autofree char *own = NULL;

      if (reply == NULL)
        return FALSE;

      g_variant_get (reply, "(v)", &value);
      own = g_ascii_strdown (name + strlen (NAME_PREFIX), -1);
      g_print ("%-10s %s\n", own, g_variant_get_string (value, NULL));
    }

  return TRUE;
}

static gboolean
set_level (GDBusConnection *connection, GPtrArray *names, const char *part, const char *level,
           GError **error)
{
  guint n_found = 0;

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autoptr (GVariant) reply = NULL;

      if (!is_of_part (name, part))
        continue;

      n_found++;
      reply = call (connection, name, OBJECT_PATH, INTERFACE, "SetLevel", g_variant_new ("(s)", level),
                    "()", error);
      if (reply == NULL)
        return FALSE;
    }

  if (n_found > 0)
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, _ ("No part “%s” is running"), part);
  return FALSE;
}

static gboolean
run (DouSettings *settings, char **words, GError **error)
{
  g_autofree char *directory = NULL;
  g_autoptr (GDBusConnection) connection = dou_running_connect (settings, &directory, error);
  g_autoptr (GPtrArray) names = connection != NULL ? list_names (connection, error) : NULL;

  if (names == NULL)
    return FALSE;

  return words != NULL ? set_level (connection, names, words[0], words[1], error)
                       : show_levels (connection, names, error);
}

/**
 * dou_log_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok log-level [PART LEVEL]`.
 *
 * Returns: the exit status
 */
int
dou_log_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  DouLogLevel level;
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, N_ ("[PART LEVEL]") },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse (COMMAND,
                          _ ("Shows which lines the processes of the running server log, or changes it for\n"
                             "one part (gateway, user, video, social or chat) until that is started again.\n"
                             "LEVEL is debug, info or warning."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;
  if (words != NULL && g_strv_length (words) != 2)
    return dou_command_refuse (COMMAND, _ ("“log-level” needs a part and a level, or neither"));
  if (words != NULL && !dou_log_level_parse (words[1], &level))
    return dou_command_refuse (COMMAND, _ ("there is no level “%s”"), words[1]);

  return run (&settings, words, &error) ? EXIT_SUCCESS : dou_service_fail ("doutok", error);
}
