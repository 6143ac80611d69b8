/* SPDX-License-Identifier: Apache-2.0 */

/* What dbus-daemon reads and leaves in the runtime directory:
 *
 *     RUNTIME/bus                    the socket
 *     RUNTIME/bus.conf               the bus: who may do what, and its limits
 *     RUNTIME/services/NAME.service  which program to start for which name
 *
 * The bus lets in the user who runs it and nobody else, root included, and gives out names of DouTok
 * alone. All limits are finite: a client that does not read its messages is cut off at
 * MAX_QUEUED_BYTES, instead of filling the memory of the bus.
 */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-bus-config.h"

/* dbus-daemon's own limit (_DBUS_MAX_SUN_PATH_LENGTH), lower than the kernel's 107. */
#define MAX_SOCKET_PATH 99

/* The largest message: a batch of thousands of items is far below. */
#define MAX_MESSAGE_BYTES (16 * 1024 * 1024)

/* What may wait in the bus from or to one connection. */
#define MAX_QUEUED_BYTES (64 * 1024 * 1024)

/* Uploads in one Publish call, and on their way through the bus. */
#define MAX_MESSAGE_FDS 64
#define MAX_QUEUED_FDS 256

/* 16 gateways, the services, the launcher, and a few people with busctl. */
#define MAX_CONNECTIONS 128

/* Calls without a reply yet, of one connection. */
#define MAX_PENDING_REPLIES 4096

/* How long a service may take from its start to owning its name. */
#define SERVICE_START_TIMEOUT_MS 25000

static const char bus_config_format[]
    = "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
      " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
      "<busconfig>\n"
      "  <listen>%s</listen>\n"
      "  <auth>EXTERNAL</auth>\n"
      "  <servicedir>%s</servicedir>\n"
      "  <policy context=\"default\">\n"
      "    <deny user=\"*\"/>\n"
      "    <allow user=\"%u\"/>\n"
      "    <deny own=\"*\"/>\n"
      "    <allow own_prefix=\"org.doutok\"/>\n"
      "    <allow send_destination=\"*\"/>\n"
      "    <allow receive_sender=\"*\"/>\n"
      "    <deny send_destination=\"org.freedesktop.DBus\"\n"
      "          send_interface=\"org.freedesktop.DBus\"\n"
      "          send_member=\"UpdateActivationEnvironment\"/>\n"
      "  </policy>\n"
      "  <limit name=\"max_message_size\">%d</limit>\n"
      "  <limit name=\"max_incoming_bytes\">%d</limit>\n"
      "  <limit name=\"max_outgoing_bytes\">%d</limit>\n"
      "  <limit name=\"max_message_unix_fds\">%d</limit>\n"
      "  <limit name=\"max_incoming_unix_fds\">%d</limit>\n"
      "  <limit name=\"max_outgoing_unix_fds\">%d</limit>\n"
      "  <limit name=\"max_completed_connections\">%d</limit>\n"
      "  <limit name=\"max_connections_per_user\">%d</limit>\n"
      "  <limit name=\"max_replies_per_connection\">%d</limit>\n"
      "  <limit name=\"service_start_timeout\">%d</limit>\n"
      "</busconfig>\n";

/**
 * dou_bus_config_get_path:
 * @runtime_dir: the runtime directory
 *
 * Returns: (transfer full): where dou_bus_config_write() writes
 */
char *
dou_bus_config_get_path (const char *runtime_dir)
{
  return g_build_filename (runtime_dir, "bus.conf", NULL);
}

/**
 * dou_bus_config_get_address:
 * @runtime_dir: the runtime directory
 * @error: return location, if the path of a socket there would be too long
 *
 * Returns: (transfer full): the D-Bus address of the bus in @runtime_dir
 */
char *
dou_bus_config_get_address (const char *runtime_dir, GError **error)
{
  g_autofree char *path = g_build_filename (runtime_dir, "bus", NULL);
  g_autofree char *escaped = NULL;

  if (strlen (path) > MAX_SOCKET_PATH)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("The runtime directory %s is too deep: the path of the socket in it would have "
                      "%zu bytes, and %d are the most"),
                   runtime_dir, strlen (path), MAX_SOCKET_PATH);
      return NULL;
    }

  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

static gboolean
write_file (const char *path, const char *text, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &local_error))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot write %s: %s"), path,
               local_error->message);
  return FALSE;
}

/**
 * dou_bus_config_write:
 * @runtime_dir: the runtime directory
 * @error: return location
 *
 * Removes what a killed run has left there, and writes the configuration of a bus without services.
 *
 * Returns: whether it is written
 */
gboolean
dou_bus_config_write (const char *runtime_dir, GError **error)
{
  g_autofree char *address = dou_bus_config_get_address (runtime_dir, error);
  g_autofree char *services = g_build_filename (runtime_dir, "services", NULL);
  g_autofree char *path = dou_bus_config_get_path (runtime_dir);
  g_autofree char *address_markup = NULL;
  g_autofree char *services_markup = NULL;
  g_autofree char *text = NULL;

  if (address == NULL)
    return FALSE;

  dou_bus_config_remove (runtime_dir);
  if (g_mkdir (services, 0700) < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot make %s: %s"), services,
                   g_strerror (errno));
      return FALSE;
    }

  address_markup = g_markup_escape_text (address, -1);
  services_markup = g_markup_escape_text (services, -1);
  text = g_strdup_printf (bus_config_format, address_markup, services_markup, geteuid (),
                          MAX_MESSAGE_BYTES, MAX_QUEUED_BYTES, MAX_QUEUED_BYTES, MAX_MESSAGE_FDS,
                          MAX_QUEUED_FDS, MAX_QUEUED_FDS, MAX_CONNECTIONS, MAX_CONNECTIONS,
                          MAX_PENDING_REPLIES, SERVICE_START_TIMEOUT_MS);
  return write_file (path, text, error);
}

/**
 * dou_bus_config_write_service:
 * @runtime_dir: the runtime directory
 * @bus_name: a name
 * @argv: the program that the bus starts for it, absolute, and its arguments
 * @error: return location
 *
 * Two layers of quoting lie between a path and its place in the file: Exec is split like a line of the
 * shell, and before that the file's own escapes are undone. g_shell_quote() and #GKeyFile make both.
 *
 * Returns: whether the file is written
 */
gboolean
dou_bus_config_write_service (const char *runtime_dir, const char *bus_name,
                              const char *const *argv, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GString) command = g_string_new (NULL);
  g_autofree char *base = g_strconcat (bus_name, ".service", NULL);
  g_autofree char *path = g_build_filename (runtime_dir, "services", base, NULL);
  g_autofree char *text = NULL;

  for (gsize i = 0; argv[i] != NULL; i++)
    {
      g_autofree char *quoted = g_shell_quote (argv[i]);

      g_string_append_printf (command, "%s%s", i == 0 ? "" : " ", quoted);
    }

  g_key_file_set_string (file, "D-BUS Service", "Name", bus_name);
  g_key_file_set_string (file, "D-BUS Service", "Exec", command->str);
  text = g_key_file_to_data (file, NULL, NULL);
  return write_file (path, text, error);
}

/**
 * dou_bus_config_remove:
 * @runtime_dir: the runtime directory
 *
 * Removes everything that this file describes. What is not there is no error.
 */
void
dou_bus_config_remove (const char *runtime_dir)
{
  g_autofree char *socket = g_build_filename (runtime_dir, "bus", NULL);
  g_autofree char *config = dou_bus_config_get_path (runtime_dir);
  g_autofree char *services = g_build_filename (runtime_dir, "services", NULL);
  g_autoptr (GDir) directory = g_dir_open (services, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (services, name, NULL);

      if (g_str_has_suffix (name, ".service"))
        g_unlink (path);
    }

  g_rmdir (services);
  g_unlink (config);
  g_unlink (socket);
}
