/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-authenticator.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"
#include "user/dou-user-impl.h"

#define KEY "one AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define OTHER_KEY "one AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n"

/* Milliseconds since 1970. */
#define NOW G_GINT64_CONSTANT (1700000000000)
/* Of tokens, in seconds. */
#define LIFETIME 3600

/* The least that libsodium takes. */
#define CHEAP_PASSES 1
#define CHEAP_MEMORY 8192

/* The user service as it is, on a bus with a gateway's half of it. */
typedef struct
{
  char *directory; /* (owned) */
  DouTestBus *bus; /* (owned) */

  DouService *service;       /* (owned) (nullable) the connection of the service's process */
  DouUserStore *store;       /* (owned) (nullable) */
  DouPasswordHasher *hasher; /* (owned) (nullable) */
  DouUserImpl *impl;         /* (owned) (nullable) */
  guint filter;
  gint n_calls; /* of GetGenerations that came in; counted in a thread of GDBus */

  GDBusConnection *connection;     /* (owned) of the gateway's process */
  DouManualClock *clock;           /* (owned) */
  DouBackend *backend;             /* (owned) */
  DouAuthenticator *authenticator; /* (owned) */
} Fixture;

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

static void
start_service (Fixture *fixture)
{
  g_autofree char *option
      = g_strconcat ("--bus-address=", dou_test_bus_get_address (fixture->bus), NULL);
  g_autofree char *path = g_build_filename (fixture->directory, "user.db", NULL);
  char *arguments[] = { "test", option, NULL };
  char **argv = arguments;
  int argc = 2;
  g_autoptr (DouUserManager) manager = NULL;
  g_autoptr (GError) error = NULL;

  fixture->service = dou_service_new ("test", &argc, &argv, NULL, &error);
  g_assert_no_error (error);
  fixture->store = dou_user_store_open (path, &error);
  g_assert_no_error (error);
  fixture->hasher = dou_password_hasher_new_with_cost (CHEAP_PASSES, CHEAP_MEMORY, 64);
  manager = dou_user_manager_new (fixture->store, fixture->hasher, 32, &error);
  g_assert_no_error (error);
  fixture->impl = dou_user_impl_new (fixture->service, manager);
  fixture->filter = g_dbus_connection_add_filter (dou_service_get_connection (fixture->service),
                                                  count_calls, &fixture->n_calls, NULL);
  g_assert_true (dou_service_export (fixture->service, G_DBUS_INTERFACE_SKELETON (fixture->impl),
                                     "/org/doutok/User", "org.doutok.User", &error));
  dou_test_wait_until (has_owner, dou_backend_get_user (fixture->backend));
}

static void
stop_service (Fixture *fixture)
{
  g_dbus_connection_remove_filter (dou_service_get_connection (fixture->service), fixture->filter);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->impl));
  g_clear_object (&fixture->service);
  dou_test_wait_until (has_no_owner, dou_backend_get_user (fixture->backend));
  g_assert_finalize_object (g_steal_pointer (&fixture->impl));
  g_assert_finalize_object (g_steal_pointer (&fixture->hasher));
  g_assert_finalize_object (g_steal_pointer (&fixture->store));
}

static DouTokenKeys *
make_keys (Fixture *fixture, const char *text)
{
  g_autofree char *path = g_build_filename (fixture->directory, "token-keys", NULL);
  g_autoptr (GError) error = NULL;
  DouTokenKeys *keys;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  keys = dou_token_keys_new_from_file (path, &error);
  g_assert_no_error (error);
  return keys;
}

static GVariant *
call (Fixture *fixture, const char *method, const char *arguments)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *reply;

  g_dbus_connection_call (fixture->connection, "org.doutok.User", "/org/doutok/User",
                          "org.doutok.User1", method, g_variant_new_parsed (arguments), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  reply = g_dbus_connection_call_finish (fixture->connection, result, &error);
  g_assert_no_error (error);
  return reply;
}

/* Users 1 and 2 exist. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (DouTokenKeys) keys = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->bus = dou_test_bus_new ();
  fixture->connection = dou_test_bus_connect (fixture->bus);
  fixture->clock = dou_manual_clock_new (NOW);
  fixture->backend = dou_backend_new (fixture->connection, config, &error);
  g_assert_no_error (error);
  keys = make_keys (fixture, KEY);
  fixture->authenticator
      = dou_authenticator_new (keys, DOU_CLOCK (fixture->clock), fixture->backend, LIFETIME);

  start_service (fixture);
  reply = call (fixture, "Register", "([(int64 1, 'Ann', 'pw'), (2, 'Bob', 'pw')],)");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_test_assert_expected_messages ();
  if (fixture->service != NULL)
    stop_service (fixture);
  g_assert_finalize_object (fixture->authenticator);
  g_assert_finalize_object (fixture->backend);
  g_assert_finalize_object (fixture->clock);
  dou_test_bus_disconnect (fixture->connection);
  dou_test_bus_free (fixture->bus);
  dou_test_dir_remove (fixture->directory);
}

static char *
issue (Fixture *fixture, gint64 user_id, gint64 generation)
{
  g_autoptr (GError) error = NULL;
  char *token = dou_authenticator_issue (fixture->authenticator, user_id, generation, &error);

  g_assert_no_error (error);
  return token;
}

static gboolean
prepare (Fixture *fixture, const char *token, GError **error)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_authenticator_prepare_async (fixture->authenticator, token, NULL, dou_test_wait_result_cb,
                                   &waited);
  result = dou_test_wait_result (&waited);
  return dou_authenticator_prepare_finish (fixture->authenticator, result, error);
}

static void
assert_prepared (Fixture *fixture, const char *token)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (prepare (fixture, token, &error));
  g_assert_no_error (error);
  g_assert_true (dou_authenticator_can_check (fixture->authenticator, token));
}

/* @expected: whom @token stands for, or 0 */
static void
assert_check (Fixture *fixture, const char *token, DouStatus status, gint64 expected)
{
  gint64 user_id = -1;

  g_assert_cmpint (dou_authenticator_check (fixture->authenticator, token, &user_id), ==, status);
  g_assert_cmpint (user_id, ==, expected);
}

/* Test that rubbish, and what others have signed, is refused without a question. */
static void
test_forged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTokenKeys) other_keys = make_keys (fixture, OTHER_KEY);
  const DouTokenClaims claims = { 1, 0, NOW / 1000 + LIFETIME };
  g_autofree char *forged = dou_token_keys_sign (other_keys, &claims, NOW / 1000, NULL);
  const char *tokens[] = { "", "rubbish", "a.b.c", forged };

  for (gsize i = 0; i < G_N_ELEMENTS (tokens); i++)
    {
      g_assert_true (dou_authenticator_can_check (fixture->authenticator, tokens[i]));
      assert_check (fixture, tokens[i], DOU_STATUS_UNAUTHORIZED, 0);
      assert_prepared (fixture, tokens[i]);
    }
  g_assert_cmpint (g_atomic_int_get (&fixture->n_calls), ==, 0);
}

/* Test that a token of somebody who does not exist is not valid. */
static void
test_unknown_user (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = issue (fixture, 9, 0);

  assert_prepared (fixture, token);
  assert_check (fixture, token, DOU_STATUS_UNAUTHORIZED, 0);
}

/* Test that nobody is let in before it is known whether the password was changed. */
static void
test_unprepared (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = issue (fixture, 1, 0);

  g_assert_false (dou_authenticator_can_check (fixture->authenticator, token));
  assert_check (fixture, token, DOU_STATUS_UNAVAILABLE, 0);
}

/* Test that nobody is let in while the service that knows is gone, and that whatever was known before
 * is asked for again when it is back. */
static void
test_service_gone (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = issue (fixture, 1, 0);
  g_autoptr (GError) error = NULL;

  assert_prepared (fixture, token);
  assert_check (fixture, token, DOU_STATUS_OK, 1);

  stop_service (fixture);
  g_assert_false (dou_authenticator_can_check (fixture->authenticator, token));
  g_test_expect_message ("doutok", G_LOG_LEVEL_INFO, "*sending the batch again");
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "GetGenerations: *");
  g_assert_false (prepare (fixture, token, &error));
  g_assert_cmpint (dou_status_from_error (error), ==, DOU_STATUS_UNAVAILABLE);
  assert_check (fixture, token, DOU_STATUS_UNAVAILABLE, 0);

  start_service (fixture);
  assert_prepared (fixture, token);
  assert_check (fixture, token, DOU_STATUS_OK, 1);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_calls), ==, 2);
}

/* Test that a user is asked about once, and known from then on with every token. */
static void
test_known (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = issue (fixture, 1, 0);
  g_autofree char *later = NULL;

  assert_prepared (fixture, token);
  dou_manual_clock_set (fixture->clock, NOW + 1000);
  later = issue (fixture, 1, 0);
  g_assert_cmpstr (later, !=, token);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (dou_authenticator_can_check (fixture->authenticator, later));
      assert_check (fixture, later, DOU_STATUS_OK, 1);
      assert_check (fixture, token, DOU_STATUS_OK, 1);
      assert_prepared (fixture, token);
    }
  g_assert_cmpint (g_atomic_int_get (&fixture->n_calls), ==, 1);
}

/* Test that a remembered token expires like any other. */
static void
test_expiry (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = issue (fixture, 1, 0);

  assert_prepared (fixture, token);
  dou_manual_clock_set (fixture->clock, NOW + LIFETIME * 1000 - 1);
  assert_check (fixture, token, DOU_STATUS_OK, 1);
  dou_manual_clock_set (fixture->clock, NOW + LIFETIME * 1000);
  assert_check (fixture, token, DOU_STATUS_UNAUTHORIZED, 0);
}

/* Test that who changes the password finds the older tokens dead when the answer is there, without
 * another question, and the newer ones good; and that others do not notice. */
static void
test_changed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old_token = issue (fixture, 1, 0);
  g_autofree char *new_token = issue (fixture, 1, 1);
  g_autofree char *other_token = issue (fixture, 2, 0);
  g_autoptr (GVariant) reply = NULL;

  assert_prepared (fixture, old_token);
  assert_prepared (fixture, other_token);
  assert_check (fixture, old_token, DOU_STATUS_OK, 1);

  reply = call (fixture, "ChangePasswords", "([(int64 1, 'pw', 'new')],)");
  assert_check (fixture, old_token, DOU_STATUS_UNAUTHORIZED, 0);
  assert_check (fixture, new_token, DOU_STATUS_OK, 1);
  assert_check (fixture, other_token, DOU_STATUS_OK, 2);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_calls), ==, 2);
}

/* Test that a change which was made before this gateway knew the user counts, and outlives the
 * service. */
static void
test_changed_before (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old_token = issue (fixture, 1, 0);
  g_autofree char *new_token = issue (fixture, 1, 1);
  g_autoptr (GVariant) reply = call (fixture, "ChangePasswords", "([(int64 1, 'pw', 'new')],)");

  stop_service (fixture);
  start_service (fixture);
  assert_prepared (fixture, old_token);
  assert_check (fixture, old_token, DOU_STATUS_UNAUTHORIZED, 0);
  assert_check (fixture, new_token, DOU_STATUS_OK, 1);
}

/* Test that an answer which is overtaken by a change does not bring the older tokens back. */
static void
test_overtaken (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = issue (fixture, 1, 0);
  GVariant *generations = g_variant_new_parsed ("[(int64 1, int64 5)]");
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_authenticator_prepare_async (fixture->authenticator, token, NULL, dou_test_wait_result_cb,
                                   &waited);
  dou_dbus_user1_emit_generations_changed (DOU_DBUS_USER1 (fixture->impl), generations);
  result = dou_test_wait_result (&waited);
  g_assert_true (dou_authenticator_prepare_finish (fixture->authenticator, result, NULL));
  g_assert_cmpint (g_atomic_int_get (&fixture->n_calls), ==, 1);
  assert_check (fixture, token, DOU_STATUS_UNAUTHORIZED, 0);
}

static gboolean
is_remembered (Fixture *fixture, gint64 user_id)
{
  g_autofree char *token = issue (fixture, user_id, 0);

  return dou_authenticator_can_check (fixture->authenticator, token);
}

typedef struct
{
  Fixture *fixture; /* (unowned) */
  gint64 user_id;
} Wanted;

static gboolean
is_wanted_remembered (gpointer data)
{
  const Wanted *wanted = data;

  return is_remembered (wanted->fixture, wanted->user_id);
}

/* Test that only so many users are remembered, those who were seen last. */
static void
test_bounded (Fixture *fixture, gconstpointer data)
{
  const gint64 last = DOU_AUTHENTICATOR_MAX_REMEMBERED + 100;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xx)"));
  Wanted wanted = { fixture, last };

  for (gint64 i = 1; i <= last; i++)
    g_variant_builder_add (&builder, "(xx)", i, (gint64) 1);
  dou_dbus_user1_emit_generations_changed (DOU_DBUS_USER1 (fixture->impl),
                                           g_variant_builder_end (&builder));
  dou_test_wait_until (is_wanted_remembered, &wanted);

  g_assert_false (is_remembered (fixture, 1));
  g_assert_false (is_remembered (fixture, 100));
  g_assert_true (is_remembered (fixture, 101));
}

/* Test that many who come at one time are asked about in a few calls, and all get their answer. */
static void
test_together (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *waited[64] = { NULL };
  g_autofree char *first = issue (fixture, 1, 0);
  g_autofree char *second = issue (fixture, 2, 0);

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    dou_authenticator_prepare_async (fixture->authenticator, i % 2 == 0 ? first : second, NULL,
                                     dou_test_wait_result_cb, &waited[i]);
  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);

      g_assert_true (dou_authenticator_prepare_finish (fixture->authenticator, result, NULL));
    }

  assert_check (fixture, first, DOU_STATUS_OK, 1);
  assert_check (fixture, second, DOU_STATUS_OK, 2);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_calls), <=, 4);
}

/* Test that a client which hangs up while it is asked about leaves nothing behind. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *token = issue (fixture, 1, 0);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_authenticator_prepare_async (fixture->authenticator, token, cancellable,
                                   dou_test_wait_result_cb, &waited);
  g_cancellable_cancel (cancellable);
  result = dou_test_wait_result (&waited);
  g_assert_false (dou_authenticator_prepare_finish (fixture->authenticator, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_prepared (fixture, token);
  assert_check (fixture, token, DOU_STATUS_OK, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/gateway/authenticator/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("forged", test_forged);
  ADD ("unknown-user", test_unknown_user);
  ADD ("unprepared", test_unprepared);
  ADD ("service-gone", test_service_gone);
  ADD ("known", test_known);
  ADD ("expiry", test_expiry);
  ADD ("changed", test_changed);
  ADD ("changed-before", test_changed_before);
  ADD ("overtaken", test_overtaken);
  ADD ("bounded", test_bounded);
  ADD ("together", test_together);
  ADD ("cancelled", test_cancelled);
#undef ADD

  return g_test_run ();
}
