/* SPDX-License-Identifier: Apache-2.0 */

/* The server that runs, for commands that have something to ask it. */

#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-bus-config.h"
#include "launcher/dou-directories.h"
#include "launcher/dou-running.h"

#define ADDRESS_PREFIX "unix:path="

/**
 * dou_running_find:
 * @settings: what the command line says
 * @error: return location
 *
 * Looks in the runtime directory that was named, else where the state directory says.
 *
 * Returns: (transfer full): the address of the bus; whether anybody is there is another question
 */
char *
dou_running_find (DouSettings *settings, GError **error)
{
  g_autoptr (DouConfig) config = dou_settings_merge (settings, error);

  if (config == NULL)
    return NULL;

  if (settings->runtime_dir != NULL)
    return dou_bus_config_get_address (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR),
                                       error);

  return dou_directories_read_bus (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), error);
}

/**
 * dou_running_connect:
 * @settings: what the command line says
 * @runtime_dir: (out): the runtime directory
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): a connection to the bus of the running server
 */
GDBusConnection *
dou_running_connect (DouSettings *settings, char **runtime_dir, GError **error)
{
  g_autofree char *address = dou_running_find (settings, error);
  g_autofree char *socket = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GError) local_error = NULL;

  if (address == NULL)
    return NULL;

  connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &local_error);
  if (connection == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("No doutok is running at %s: %s"),
                   address, local_error->message);
      return NULL;
    }

  g_assert (g_str_has_prefix (address, ADDRESS_PREFIX));
  socket = g_uri_unescape_string (address + strlen (ADDRESS_PREFIX), NULL);
  *runtime_dir = g_path_get_dirname (socket);
  return g_steal_pointer (&connection);
}
