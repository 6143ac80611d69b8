/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-test-users.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"

#define KEY "one AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

/* The least that libsodium takes. */
#define CHEAP_PASSES 1
#define CHEAP_MEMORY 8192

static GDBusMessage *
count_calls (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
             gpointer user_data)
{
  if (incoming && g_strcmp0 (g_dbus_message_get_member (message), "GetGenerations") == 0)
    g_atomic_int_inc ((gint *) user_data);

  return message;
}

static gboolean
has_owner (gpointer data)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (data);

  return owner != NULL;
}

static gboolean
has_no_owner (gpointer data)
{
  return !has_owner (data);
}

void
dou_test_users_start_service (DouTestUsers *self)
{
  g_autofree char *path = g_build_filename (self->directory, "user.db", NULL);
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  g_autoptr (DouUserManager) manager = NULL;
  g_autoptr (GError) error = NULL;

  self->service = dou_test_service_new (self->bus);
  self->store = dou_user_store_open (address, &error);
  g_assert_no_error (error);
  self->hasher = dou_password_hasher_new_with_cost (CHEAP_PASSES, CHEAP_MEMORY, 64);
  manager = dou_user_manager_new (self->store, self->hasher, 32, &error);
  g_assert_no_error (error);
  self->impl = dou_user_impl_new (self->service, manager);
  self->filter = g_dbus_connection_add_filter (dou_service_get_connection (self->service),
                                               count_calls, &self->n_calls, NULL);
  g_assert_true (dou_service_export (self->service, G_DBUS_INTERFACE_SKELETON (self->impl),
                                     "/org/doutok/User", "org.doutok.User", &error));
  dou_test_wait_until (has_owner, dou_backend_get_user (self->backend));
}

void
dou_test_users_stop_service (DouTestUsers *self)
{
  g_dbus_connection_remove_filter (dou_service_get_connection (self->service), self->filter);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->impl));
  g_clear_object (&self->service);
  dou_test_wait_until (has_no_owner, dou_backend_get_user (self->backend));
  g_assert_finalize_object (g_steal_pointer (&self->impl));
  g_assert_finalize_object (g_steal_pointer (&self->hasher));
  g_assert_finalize_object (g_steal_pointer (&self->store));
}

DouTokenKeys *
dou_test_users_make_keys (DouTestUsers *self, const char *text)
{
  g_autofree char *path = g_build_filename (self->directory, "token-keys", NULL);
  g_autoptr (GError) error = NULL;
  DouTokenKeys *keys;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  keys = dou_token_keys_new_from_file (path, &error);
  g_assert_no_error (error);
  return keys;
}

/**
 * dou_test_users_call:
 * @self: a fixture
 * @method: of the user service
 * @arguments: for it, as text
 *
 * Calls the service as the gateway would, and waits for the answer.
 */
void
dou_test_users_call (DouTestUsers *self, const char *method, const char *arguments)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_call (self->connection, "org.doutok.User", "/org/doutok/User",
                          "org.doutok.User1", method, g_variant_new_parsed (arguments), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  reply = g_dbus_connection_call_finish (self->connection, result, &error);
  g_assert_no_error (error);
}

guint
dou_test_users_get_n_calls (DouTestUsers *self)
{
  return (guint) g_atomic_int_get (&self->n_calls);
}

void
dou_test_users_set_up (DouTestUsers *self, gconstpointer data)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (DouTokenKeys) keys = NULL;
  g_autoptr (GError) error = NULL;

  self->directory = dou_test_dir_new ();
  self->bus = dou_test_bus_new ();
  self->connection = dou_test_bus_connect (self->bus);
  self->clock = dou_manual_clock_new (DOU_TEST_USERS_NOW);
  self->backend = dou_backend_new (self->connection, config, &error);
  g_assert_no_error (error);
  self->watch = dou_watch_new (dou_test_bus_get_address (self->bus), &error);
  g_assert_no_error (error);
  keys = dou_test_users_make_keys (self, KEY);
  self->authenticator = dou_authenticator_new (keys, DOU_CLOCK (self->clock), self->backend,
                                               self->watch, DOU_TEST_USERS_LIFETIME);

  dou_test_users_start_service (self);
  dou_test_users_call (self, "Register", "([(int64 1, 'Ann', 'pw'), (2, 'Bob', 'pw')],)");
}

void
dou_test_users_tear_down (DouTestUsers *self, gconstpointer data)
{
  g_test_assert_expected_messages ();
  if (self->service != NULL)
    dou_test_users_stop_service (self);
  g_assert_finalize_object (self->authenticator);
  g_assert_finalize_object (self->backend);
  g_assert_finalize_object (self->watch);
  g_assert_finalize_object (self->clock);
  dou_test_bus_disconnect (self->connection);
  dou_test_bus_free (self->bus);
  dou_test_dir_remove (self->directory);
}

char *
dou_test_users_issue (DouTestUsers *self, gint64 user_id, gint64 generation)
{
  g_autoptr (GError) error = NULL;
  char *token = dou_authenticator_issue (self->authenticator, user_id, generation, &error);

  g_assert_no_error (error);
  return token;
}
