/* SPDX-License-Identifier: Apache-2.0 */

/* The first byte chooses the method, `A` the first one of the interface. The rest is its arguments: as
 * text if a round bracket follows, otherwise in GVariant's own form, of which whatever is not in order
 * reads as zero or empty; that is what can come over a bus, which looks at types and UTF-8 only.
 *
 * Every call must be answered, by one result for each item or by an error of ours. A warning ends the
 * program: what a caller says is nothing that is wrong with the service.
 *
 * The object is real, as are its database and the connection, which is one from end to end, without a
 * bus between. Descriptors are not sent, so that no handle is valid: what stands in files is for the
 * targets of the media parsers. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#include "fuzz/dbus.h"
#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

#define OBJECT_PATH "/org/doutok/Fuzz"
#define ERROR_PREFIX "org.doutok.Error."
/* Of a call, in ms. */
#define TIMEOUT 30000

static char *directory;
static DouTestBus *bus;
static DouService *service;
static GDBusConnection *server;
static GDBusConnection *client;

static void
clean_up (void)
{
  dou_test_bus_free (bus);
  dou_test_dir_remove (directory);
}

/**
 * fuzz_dbus_get_directory:
 *
 * Returns: (transfer none): an empty directory for the target, removed at the end
 */
const char *
fuzz_dbus_get_directory (void)
{
  if (directory == NULL)
    {
      directory = dou_test_dir_new ();
      bus = dou_test_bus_new ();
      atexit (clean_up);
    }

  return directory;
}

/**
 * fuzz_dbus_get_service:
 *
 * Returns: (transfer none): what the object belongs to
 */
DouService *
fuzz_dbus_get_service (void)
{
  if (service == NULL)
    {
      g_autofree char *option = NULL;
      char *arguments[] = { (char *) "fuzz", NULL, NULL };
      char **argv = arguments;
      int argc = 2;
      g_autoptr (GError) error = NULL;

      fuzz_dbus_get_directory ();
      option = g_strconcat ("--bus-address=", dou_test_bus_get_address (bus), NULL);
      arguments[1] = option;
      service = dou_service_new ("fuzz", &argc, &argv, NULL, &error);
      g_assert_no_error (error);
    }

  return service;
}

static void
connect_end (int fd, const char *guid, GAsyncResult **pending)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = NULL;

  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  g_dbus_connection_new (G_IO_STREAM (stream), guid,
                         guid != NULL ? G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                                      : G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                         NULL, NULL, dou_test_wait_result_cb, pending);
}

static GDBusConnection *
finish_end (GAsyncResult **pending)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (pending);
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);

  g_assert_no_error (error);
  return connection;
}

/**
 * fuzz_dbus_export:
 * @skeleton: the object that fuzz_dbus_call() will call
 */
void
fuzz_dbus_export (GDBusInterfaceSkeleton *skeleton)
{
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GError) error = NULL;
  GAsyncResult *server_end = NULL;
  GAsyncResult *client_end = NULL;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  connect_end (fds[0], guid, &server_end);
  connect_end (fds[1], NULL, &client_end);
  server = finish_end (&server_end);
  client = finish_end (&client_end);
  g_dbus_interface_skeleton_export (skeleton, server, OBJECT_PATH, &error);
  g_assert_no_error (error);
}

/* (nullable) if the text is none */
static GVariant *
make_arguments (const GDBusMethodInfo *method, const uint8_t *data, size_t size)
{
  g_autoptr (GString) signature = g_string_new ("(");
  g_autoptr (GVariantType) type = NULL;
  g_autoptr (GVariant) value = NULL;

  for (GDBusArgInfo **argument = method->in_args; argument != NULL && *argument != NULL; argument++)
    g_string_append (signature, (*argument)->signature);
  g_string_append_c (signature, ')');
  type = g_variant_type_new (signature->str);

  if (size > 0 && data[0] == '(')
    {
      const char *text = (const char *) data;

      /* GLib's reader of text takes UTF-8 for granted. */
      if (g_utf8_validate_len (text, size, NULL))
        value = g_variant_parse (type, text, text + size, NULL, NULL);
    }
  else
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, size);

      value = g_variant_ref_sink (g_variant_new_from_bytes (type, bytes, FALSE));
    }

  return value != NULL ? g_variant_get_normal_form (value) : NULL;
}

static void
check_reply (GVariant *arguments, GVariant *reply)
{
  g_autoptr (GVariant) items = NULL;
  g_autoptr (GVariant) results = NULL;

  if (g_variant_n_children (arguments) == 0)
    return;

  items = g_variant_get_child_value (arguments, 0);
  results = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (results), ==, g_variant_n_children (items));
}

/**
 * fuzz_dbus_call:
 * @skeleton: the object
 * @data: the method and its arguments
 * @size: bytes of @data
 */
void
fuzz_dbus_call (GDBusInterfaceSkeleton *skeleton, const uint8_t *data, size_t size)
{
  const GDBusInterfaceInfo *info = g_dbus_interface_skeleton_get_info (skeleton);
  g_autoptr (GVariant) arguments = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *pending = NULL;
  guint n_methods = 0;
  const GDBusMethodInfo *method;

  if (size < 1)
    return;

  while (info->methods[n_methods] != NULL)
    n_methods++;
  method = info->methods[(guint8) (data[0] - 'A') % n_methods];
  arguments = make_arguments (method, data + 1, size - 1);
  if (arguments == NULL)
    return;

  g_dbus_connection_call (client, NULL, OBJECT_PATH, info->name, method->name, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  reply = g_dbus_connection_call_finish (client, result, &error);
  if (reply != NULL)
    check_reply (arguments, reply);
  else
    {
      g_autofree char *name = g_dbus_error_get_remote_error (error);

      if (name == NULL || !g_str_has_prefix (name, ERROR_PREFIX))
        g_error ("%s: %s", method->name, error->message);
    }
}
