/* SPDX-License-Identifier: Apache-2.0 */

/* A service in the process of its test, and what its clients see of it. */

#include "config.h"

#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"

/* In ms. */
#define CALL_TIMEOUT 30000

/**
 * dou_test_service_new:
 * @bus: a bus
 *
 * Returns: (transfer full): a service with a connection of its own, and nothing on it
 */
DouService *
dou_test_service_new (DouTestBus *bus)
{
  g_autofree char *option = g_strconcat ("--bus-address=", dou_test_bus_get_address (bus), NULL);
  char *arguments[] = { (char *) "test", option, NULL };
  char **argv = arguments;
  int argc = 2;
  g_autoptr (GError) error = NULL;
  DouService *service = dou_service_new ("test", &argc, &argv, NULL, &error);

  g_assert_no_error (error);
  return service;
}

static void
appeared_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *) data;
}

/**
 * dou_test_service_await:
 * @peer: a client's connection
 * @bus_name: of a service
 *
 * Waits until somebody has the name.
 */
void
dou_test_service_await (GDBusConnection *peer, const char *bus_name)
{
  gboolean appeared = FALSE;
  guint watch = g_bus_watch_name_on_connection (peer, bus_name, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                appeared_cb, NULL, &appeared, NULL);

  dou_test_wait_until (is_true, &appeared);
  g_bus_unwatch_name (watch);
}

/**
 * dou_test_service_call:
 * @peer: a client's connection
 * @bus_name: of a service, whose one object has the path that the name tells
 * @interface: of the object
 * @method: of the interface
 * @arguments: (transfer floating) (nullable): a tuple
 * @files: (nullable): what goes with them
 * @error: return location
 *
 * Returns: (transfer full): the reply, or %NULL
 */
GVariant *
dou_test_service_call (GDBusConnection *peer, const char *bus_name, const char *interface, const char *method,
                       GVariant *arguments, GUnixFDList *files, GError **error)
{
  g_autoptr (GString) path = g_string_new (bus_name);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  g_string_prepend_c (path, '.');
  g_string_replace (path, ".", "/", 0);
  g_dbus_connection_call_with_unix_fd_list (peer, bus_name, path->str, interface, method, arguments, NULL,
                                            G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT, files, NULL,
                                            dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  return g_dbus_connection_call_with_unix_fd_list_finish (peer, NULL, result, error);
}

/**
 * dou_test_service_assert_reply:
 * @reply: (nullable): of a call
 * @error: (nullable): of it
 * @expected: the reply as text, without types
 */
void
dou_test_service_assert_reply (GVariant *reply, const GError *error, const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

/**
 * dou_test_service_assert_error:
 * @error: (nullable): of a call
 * @name: what it is to be called on the bus
 */
void
dou_test_service_assert_error (const GError *error, const char *name)
{
  g_autofree char *actual = NULL;

  g_assert_nonnull (error);
  actual = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (actual, ==, name);
}
