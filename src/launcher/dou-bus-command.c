/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "common/dou-service.h"
#include "common/dou-status.h"
#include "launcher/dou-command.h"
#include "launcher/dou-running.h"
#include "launcher/dou-settings.h"

static gboolean
check_address (const char *address, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GIOStream) stream = g_dbus_address_get_stream_sync (address, NULL, NULL, &local_error);

  if (stream != NULL)
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("No doutok is running at %s: %s"),
               address, local_error->message);
  return FALSE;
}

static int
print_address (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = { DOU_SETTINGS_PLACES (&settings), G_OPTION_ENTRY_NULL };

  if (!dou_command_parse ("doutok bus address",
                          _ ("Prints the D-Bus address of the running server, as in\n"
                             "  busctl --address=$(doutok bus address) list"),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  address = dou_running_find (&settings, &error);
  if (address == NULL || !check_address (address, &error))
    return dou_service_fail ("doutok", error);

  g_print ("%s\n", address);
  return EXIT_SUCCESS;
}

/**
 * dou_bus_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok bus address`.
 *
 * Returns: the exit status
 */
int
dou_bus_command (int argc, char **argv)
{
  if (argc < 2)
    return dou_command_refuse ("doutok bus", _ ("“bus” needs one more word: address"));

  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))
    {
      g_print (_ ("Usage:\n  doutok bus address [OPTION…]\n"));
      return EXIT_SUCCESS;
    }
  if (!g_str_equal (argv[1], "address"))
    return dou_command_refuse ("doutok bus", _ ("there is no command “%s”"), argv[1]);

  return print_address (argc - 1, argv + 1);
}
