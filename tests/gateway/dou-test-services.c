/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-call-requests.h"
#include "common/dou-status.h"
#include "gateway/dou-test-services.h"
#include "lib/dou-test-wait.h"

#include "dou-dbus-chat.h"
#include "dou-dbus-social.h"

static void
called_cb (GDBusConnection *connection, const char *sender, const char *path,
           const char *interface, const char *method, GVariant *parameters,
           GDBusMethodInvocation *invocation, gpointer user_data)
{
  DouTestServices *self = user_data;

  self->n_calls++;
  g_ptr_array_add (self->calls, invocation);
}

static const GDBusInterfaceVTable vtable = { .method_call = called_cb };

/* Until the bus has done all that this connection has asked of it. */
static void
settle (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId",
      NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

  g_assert_no_error (error);
}

static void
export (DouTestServices *self, const char *name, GDBusInterfaceInfo *interface)
{
  g_autofree char *bus_name = g_strconcat ("org.doutok.", name, NULL);
  g_autofree char *path = g_strconcat ("/org/doutok/", name, NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_register_object (self->service, path, interface, &vtable, self, NULL, &error);
  g_assert_no_error (error);
  reply = g_dbus_connection_call_sync (
      self->service, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", bus_name, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
      &error);
  g_assert_no_error (error);
}

static void
start (DouTestServices *self)
{
  self->service = dou_test_bus_connect (self->bus);
  dou_call_requests_listen (self->service);
  export (self, "User", dou_dbus_user1_interface_info ());
  export (self, "Video", dou_dbus_video1_interface_info ());
  export (self, "Social", dou_dbus_social1_interface_info ());
  export (self, "Chat", dou_dbus_chat1_interface_info ());
}

void
dou_test_services_set_up (DouTestServices *self, gconstpointer data)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (GError) error = NULL;

  self->bus = dou_test_bus_new ();
  self->calls = g_ptr_array_new ();
  start (self);
  self->connection = dou_test_bus_connect (self->bus);
  self->backend = dou_backend_new (self->connection, config, &error);
  g_assert_no_error (error);
  self->watch = dou_watch_new (dou_test_bus_get_address (self->bus), &error);
  g_assert_no_error (error);
}

void
dou_test_services_tear_down (DouTestServices *self, gconstpointer data)
{
  g_test_assert_expected_messages ();
  g_assert_cmpuint (self->calls->len, ==, 0);
  g_ptr_array_unref (self->calls);
  g_assert_finalize_object (self->backend);
  g_assert_finalize_object (self->watch);
  dou_test_bus_disconnect (self->connection);
  dou_test_bus_disconnect (self->service);
  dou_test_bus_free (self->bus);
}

/**
 * dou_test_services_restart:
 * @self: services without calls to answer
 *
 * Ends them, and starts others in their place. The gateway has heard it.
 */
void
dou_test_services_restart (DouTestServices *self)
{
  g_assert_cmpuint (self->calls->len, ==, 0);
  dou_test_bus_disconnect (g_steal_pointer (&self->service));
  start (self);
  dou_watch_catch_up (self->watch);
}

/* Waits for the oldest call of @method. */
static GDBusMethodInvocation *
take_call (DouTestServices *self, const char *method)
{
  for (;;)
    {
      for (guint i = 0; i < self->calls->len; i++)
        {
          GDBusMethodInvocation *call = g_ptr_array_index (self->calls, i);

          if (g_str_equal (g_dbus_method_invocation_get_method_name (call), method))
            return g_ptr_array_steal_index (self->calls, i);
        }
      g_main_context_iteration (NULL, TRUE);
    }
}

/**
 * dou_test_services_answer:
 * @self: services
 * @method: what is called, or will be
 * @items: what is expected to be asked for, as text
 * @results: the answer, as text
 *
 * Answers the oldest call, and waits until the answer is on its way.
 */
void
dou_test_services_answer (DouTestServices *self, const char *method, const char *items,
                          const char *results)
{
  GDBusMethodInvocation *call = take_call (self, method);
  const GDBusMethodInfo *info = g_dbus_method_invocation_get_method_info (call);
  g_autofree char *type = g_strdup_printf ("(%s)", info->out_args[0]->signature);
  g_autofree char *text = g_strdup_printf ("(%s,)", results);
  g_autofree char *asked
      = g_variant_print (g_dbus_method_invocation_get_parameters (call), FALSE);
  g_autofree char *expected = g_strdup_printf ("(%s,)", items);
  g_autoptr (GError) error = NULL;
  GVariant *answer;

  g_assert_cmpstr (asked, ==, expected);
  answer = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_method_invocation_return_value (call, answer);
  g_variant_unref (answer);
  settle (self->service);
}

/* Answers the oldest call with an error. */
void
dou_test_services_refuse (DouTestServices *self, const char *method)
{
  g_dbus_method_invocation_return_error (take_call (self, method), DOU_ERROR,
                                         DOU_STATUS_UNAVAILABLE, "full");
  settle (self->service);
}

/**
 * dou_test_services_emit:
 * @self: services
 * @service: such as `User`
 * @signal: of it
 * @arguments: as text, with types
 *
 * Tells something. When this returns, the gateway has heard it.
 */
void
dou_test_services_emit (DouTestServices *self, const char *service, const char *signal,
                        const char *arguments)
{
  g_autofree char *path = g_strconcat ("/org/doutok/", service, NULL);
  g_autofree char *interface = g_strdup_printf ("org.doutok.%s1", service);
  g_autoptr (GError) error = NULL;

  g_dbus_connection_emit_signal (self->service, NULL, path, interface, signal,
                                 g_variant_new_parsed (arguments), &error);
  g_assert_no_error (error);
  settle (self->service);
  dou_watch_catch_up (self->watch);
}
