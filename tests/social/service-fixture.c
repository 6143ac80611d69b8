/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"

#include "service-fixture.h"

void
service_start_call (GDBusConnection *connection, const char *interface, const char *method,
                    GVariant *arguments, GAsyncResult **waited)
{
  g_dbus_connection_call (connection, NAME, PATH, interface, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, dou_test_wait_result_cb, waited);
}

GVariant *
service_finish_call (GDBusConnection *connection, GAsyncResult **waited, GError **error)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (waited);

  return g_dbus_connection_call_finish (connection, result, error);
}

GVariant *
service_call (ServiceFixture *fixture, const char *method, GVariant *arguments, GError **error)
{
  return dou_test_service_call (fixture->peer, NAME, INTERFACE, method, arguments, NULL, error);
}

void
service_assert_reply (ServiceFixture *fixture, const char *method, const char *arguments, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = service_call (fixture, method, g_variant_new_parsed (arguments), &error);

  dou_test_service_assert_reply (reply, error, expected);
}

void
service_assert_fails (ServiceFixture *fixture, const char *method, GVariant *arguments, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = service_call (fixture, method, arguments, &error);

  g_assert_null (reply);
  dou_test_service_assert_error (error, name);
}

void
service_fixture_set_up (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (DouSocialManager) manager = NULL;
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->bus = dou_test_bus_new ();
  fixture->service = dou_test_service_new (fixture->bus);
  fixture->peer = dou_test_bus_connect (fixture->bus);

  fixture->address = dou_test_engine_create (fixture->directory, "social");
  fixture->store = dou_social_store_open (fixture->address, &error);
  g_assert_no_error (error);
  manager = dou_social_manager_new (fixture->store, clock, &error);
  g_assert_no_error (error);
  fixture->impl = dou_social_impl_new (fixture->service, manager);
  g_assert_true (dou_service_export (fixture->service, G_DBUS_INTERFACE_SKELETON (fixture->impl),
                                     PATH, NAME, &error));

  dou_test_service_await (fixture->peer, NAME);
}

void
service_fixture_tear_down (ServiceFixture *fixture, gconstpointer data)
{
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->impl));
  dou_test_bus_disconnect (fixture->peer);
  g_clear_object (&fixture->service);
  dou_social_store_close (fixture->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->impl);
  g_assert_finalize_object (fixture->store);
  dou_test_bus_free (fixture->bus);
  dou_test_dir_remove (fixture->directory);
  dou_test_engine_remove (fixture->address);
}
