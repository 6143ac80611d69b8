/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>

#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"
#include "user/dou-user-impl.h"

/* The least that libsodium takes. */
#define CHEAP_PASSES 1
#define CHEAP_MEMORY 8192

/* Of calls and of waiting for the service, in ms. */
#define TIMEOUT 20000

typedef struct
{
  DouDatabaseAddress *address; /* (owned) */
  char *directory;           /* (owned) */
  DouTestBus *bus;           /* (owned) */
  DouService *service;       /* (owned) the connection of the service's process */
  DouUserStore *store;       /* (owned) */
  DouPasswordHasher *hasher; /* (owned) */
  DouUserImpl *impl;         /* (owned) */
  GDBusConnection *peer;     /* (owned) the connection of a client's process */
} Fixture;

static GVariant *
call_by_name (Fixture *fixture, const char *interface, const char *method, GVariant *arguments,
              GError **error)
{
  return dou_test_service_call (fixture->peer, "org.doutok.User", interface, method, arguments, NULL, error);
}

static GVariant *
call (Fixture *fixture, const char *method, const char *arguments, GError **error)
{
  return call_by_name (fixture, "org.doutok.User1", method, g_variant_new_parsed (arguments),
                       error);
}

static void
assert_reply (Fixture *fixture, const char *method, const char *arguments, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (fixture, method, arguments, &error);

  dou_test_service_assert_reply (reply, error, expected);
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *) data;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouUserManager) manager = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->bus = dou_test_bus_new ();
  fixture->service = dou_test_service_new (fixture->bus);
  fixture->peer = dou_test_bus_connect (fixture->bus);

  fixture->address = dou_test_engine_create (fixture->directory, "user");
  fixture->store = dou_user_store_open (fixture->address, &error);
  g_assert_no_error (error);
  fixture->hasher
      = dou_password_hasher_new_with_cost (CHEAP_PASSES, CHEAP_MEMORY, DOU_USER_ITEMS_MAX);
  manager = dou_user_manager_new (fixture->store, fixture->hasher, 32, &error);
  g_assert_no_error (error);
  fixture->impl = dou_user_impl_new (fixture->service, manager);
  g_assert_true (dou_service_export (fixture->service, G_DBUS_INTERFACE_SKELETON (fixture->impl),
                                     "/org/doutok/User", "org.doutok.User", &error));

  dou_test_service_await (fixture->peer, "org.doutok.User");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->impl));
  dou_test_bus_disconnect (fixture->peer);
  g_clear_object (&fixture->service);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->impl);
  g_assert_finalize_object (fixture->hasher);
  g_assert_finalize_object (fixture->store);
  dou_test_bus_free (fixture->bus);
  dou_test_engine_remove (fixture->address);
  dou_test_dir_remove (fixture->directory);
}

/* Test that a message with more items than one call may have is refused as a whole. */
static void
test_too_many_items (Fixture *fixture, gconstpointer data)
{
  GVariantBuilder accounts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xss)"));
  GVariantBuilder credentials = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));
  GVariantBuilder ids = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ax"));
  GVariantBuilder changes = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xa{ss})"));
  const char *methods[]
      = { "Register", "Login", "GetUsers", "SetProfiles", "ChangePasswords", "GetGenerations" };
  GVariant *arguments[G_N_ELEMENTS (methods)];

  for (gint64 i = 0; i <= DOU_USER_ITEMS_MAX; i++)
    {
      g_variant_builder_add (&accounts, "(xss)", i, "a", "b");
      g_variant_builder_add (&credentials, "(ss)", "a", "b");
      g_variant_builder_add (&ids, "x", i);
      g_variant_builder_add (&changes, "(xa{ss})", i, NULL);
    }
  arguments[0] = g_variant_new ("(a(xss))", &accounts);
  arguments[1] = g_variant_new ("(a(ss))", &credentials);
  arguments[2] = g_variant_new ("(ax)", &ids);
  arguments[3] = g_variant_new ("(a(xa{ss}))", &changes);
  arguments[4] = g_variant_ref_sink (arguments[0]);
  arguments[5] = g_variant_ref_sink (arguments[2]);

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply
          = call_by_name (fixture, "org.doutok.User1", methods[i], arguments[i], &error);

      g_assert_null (reply);
      dou_test_service_assert_error (error, "org.doutok.Error.TooLarge");
    }
  g_variant_unref (arguments[4]);
  g_variant_unref (arguments[5]);
}

/* Test that arguments of another type, and methods that do not exist, are refused by the bus. */
static void
test_wrong_arguments (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *method;
    const char *arguments;
    const char *error;
  } cases[] = {
    { "Register", "([('a', 'b')],)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "Register", "@() ()", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "Login", "([(int64 1, 'a', 'b')],)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "GetUsers", "('x',)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "GetUsers", "([1, 2],)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "SetProfiles", "([(int64 1, 'signature')],)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "Drop", "@() ()", "org.freedesktop.DBus.Error.UnknownMethod" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = call (fixture, cases[i].method, cases[i].arguments, &error);

      g_assert_null (reply);
      dou_test_service_assert_error (error, cases[i].error);
    }
}

/* Test that texts of a megabyte harm nobody. */
static void
test_huge_texts (Fixture *fixture, gconstpointer data)
{
  g_autofree char *huge = g_strnfill (1000000, 'x');
  GVariantBuilder accounts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xss)"));
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_variant_builder_add (&accounts, "(xss)", (gint64) 1, huge, "pw");
  g_variant_builder_add (&accounts, "(xss)", (gint64) 2, "Bob", huge);
  g_variant_builder_add (&accounts, "(xss)", (gint64) 3, "Ann", "pw");
  reply = call_by_name (fixture, "org.doutok.User1", "Register",
                        g_variant_new ("(a(xss))", &accounts), &error);
  g_assert_no_error (error);
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, "([(16, 0, 0), (17, 0, 0), (0, 3, 0)],)");
}

/* Test that a call fails with one of our errors when the database is gone. */
static void
test_no_database (Fixture *fixture, gconstpointer data)
{
  const char *calls[][2] = { { "Register", "([(int64 1, 'Ann', 'pw')],)" },
                             { "Login", "([('Ann', 'pw')],)" },
                             { "GetUsers", "([int64 1],)" },
                             { "SetProfiles", "([(int64 1, {'signature': 's'})],)" },
                             { "ChangePasswords", "([(int64 1, 'pw', 'new')],)" },
                             { "GetGenerations", "([int64 1],)" } };

  dou_user_store_close (fixture->store);
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = call (fixture, calls[i][0], calls[i][1], &error);

      g_assert_null (reply);
      dou_test_service_assert_error (error, "org.doutok.Error.Unavailable");
    }
}

/* Test the methods of accounts, each item with its own result. */
static void
test_methods (Fixture *fixture, gconstpointer data)
{
  assert_reply (fixture, "Register",
                "([(int64 1, 'Ann', 'pw'), (2, ' ANN', 'x'), (3, '', 'x'), (4, '抖音', '密码')],)",
                "([(0, 1, 0), (5, 0, 0), (16, 0, 0), (0, 4, 0)],)");
  assert_reply (fixture, "Login",
                "([('ann', 'pw'), ('ann', 'PW'), ('nobody', 'pw'), ('抖音', '密码')],)",
                "([(0, 1, 0), (7, 0, 0), (7, 0, 0), (0, 4, 0)],)");
  assert_reply (fixture, "GetUsers", "([int64 4, 2, 1, 4],)",
                "([(0, 4, '抖音', '', '', ''), (14, 2, '', '', '', ''), (0, 1, 'Ann', '', '', ''), "
                "(0, 4, '抖音', '', '', '')],)");
  assert_reply (fixture, "Register", "(@a(xss) [],)", "([],)");
  assert_reply (fixture, "Login", "(@a(ss) [],)", "([],)");
  assert_reply (fixture, "GetUsers", "(@ax [],)", "([],)");
}

/* Test that a profile changes by what is right, item by item. */
static void
test_profiles (Fixture *fixture, gconstpointer data)
{
  assert_reply (fixture, "Register", "([(int64 1, 'Ann', 'pw'), (2, 'Bob', 'pw')],)",
                "([(0, 1, 0), (0, 2, 0)],)");
  assert_reply (
      fixture, "SetProfiles",
      "([(int64 1, {'signature': 'hi', 'avatar': 'avatar/07/28672.jpg'}), (9, {}), "
      "(2, {'signature': 'lost', 'name': 'Eve'}), (2, {'signature': '\\t'}), "
      "(2, {'avatar': '../7.jpg'}), (1, {'background_image': 'background/ff/1044480.jpg'})],)",
      "([0, 14, 3, 29, 3, 0],)");
  assert_reply (fixture, "GetUsers", "([int64 1, 2],)",
                "([(0, 1, 'Ann', 'avatar/07/28672.jpg', 'background/ff/1044480.jpg', 'hi'), "
                "(0, 2, 'Bob', '', '', '')],)");
  assert_reply (fixture, "SetProfiles", "([(int64 1, {'avatar': '', 'signature': ''})],)",
                "([0],)");
  assert_reply (fixture, "GetUsers", "([int64 1],)",
                "([(0, 1, 'Ann', '', 'background/ff/1044480.jpg', '')],)");
  assert_reply (fixture, "SetProfiles", "(@a(xa{ss}) [],)", "([],)");
}

/* Test that a password changes where the old one is right, item by item, and that a call may come
 * again. */
static void
test_passwords (Fixture *fixture, gconstpointer data)
{
  const char *changes
      = "([(int64 1, 'pw', 'new'), (2, 'PW', 'new'), (2, 'pw', ''), (9, 'a', 'b')],)";

  assert_reply (fixture, "Register", "([(int64 1, 'Ann', 'pw'), (2, 'Bob', 'pw')],)",
                "([(0, 1, 0), (0, 2, 0)],)");
  assert_reply (fixture, "ChangePasswords", changes, "([(0, 1), (7, 0), (17, 0), (14, 0)],)");
  assert_reply (fixture, "ChangePasswords", changes, "([(0, 1), (7, 0), (17, 0), (14, 0)],)");
  assert_reply (fixture, "Login",
                "([('Ann', 'pw'), ('Ann', 'new'), ('Bob', 'pw'), ('Bob', 'new')],)",
                "([(7, 0, 0), (0, 1, 1), (0, 2, 0), (7, 0, 0)],)");
  assert_reply (fixture, "Register", "([(int64 1, 'Ann', 'pw')],)", "([(0, 1, 0)],)");
  assert_reply (fixture, "GetGenerations", "([int64 2, 9, 1, 1],)", "([0, -1, 1, 1],)");
  assert_reply (fixture, "ChangePasswords", "(@a(xss) [],)", "([],)");
  assert_reply (fixture, "GetGenerations", "(@ax [],)", "([],)");
}

/* Signals and replies in the order in which they come. */
typedef struct
{
  GString *order; /* (owned) */
  gboolean replied;
} Record;

static void
changed_cb (GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *signal, GVariant *arguments, gpointer user_data)
{
  g_autofree char *text = g_variant_print (arguments, FALSE);
  Record *record = user_data;

  g_string_append_printf (record->order, "%s %s ", signal, text);
}

static void
replied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  Record *record = user_data;

  g_assert_nonnull (reply);
  g_string_append (record->order, "reply");
  record->replied = TRUE;
}

/* Calls, and checks which signals come before the reply. */
static void
assert_record (Fixture *fixture, Record *record, const char *method, const char *arguments,
               const char *expected)
{
  g_string_truncate (record->order, 0);
  record->replied = FALSE;
  g_dbus_connection_call (fixture->peer, "org.doutok.User", "/org/doutok/User", "org.doutok.User1",
                          method, g_variant_new_parsed (arguments), NULL, G_DBUS_CALL_FLAGS_NONE,
                          TIMEOUT, NULL, replied_cb, record);
  dou_test_wait_until (is_true, &record->replied);
  g_assert_cmpstr (record->order->str, ==, expected);
}

/* Test that who changes something hears of it before the reply, and that a login, and what was so
 * already, change nothing. */
static void
test_changed_before_reply (Fixture *fixture, gconstpointer data)
{
  Record record = { g_string_new (NULL), FALSE };
  guint subscription = g_dbus_connection_signal_subscribe (
      fixture->peer, "org.doutok.User", "org.doutok.User1", NULL, "/org/doutok/User", NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, changed_cb, &record, NULL);

  assert_record (fixture, &record, "Register",
                 "([(int64 7, 'Ann', 'pw'), (8, 'ann', 'pw'), (9, 'Bob', 'pw')],)",
                 "Changed ([7, 9],) reply");
  assert_record (fixture, &record, "Login", "([('ann', 'pw')],)", "reply");
  assert_record (fixture, &record, "SetProfiles",
                 "([(int64 7, {'signature': ''}), (9, {'signature': 'hi'}), (8, {})],)",
                 "Changed ([9],) reply");
  assert_record (fixture, &record, "SetProfiles", "([(int64 9, {'signature': 'hi'})],)", "reply");
  assert_record (fixture, &record, "ChangePasswords",
                 "([(int64 7, 'pw', 'new'), (9, 'wrong', 'new'), (8, 'pw', 'new')],)",
                 "Changed ([7],) GenerationsChanged ([(7, 1)],) reply");
  assert_record (fixture, &record, "ChangePasswords", "([(int64 7, 'pw', 'new')],)", "reply");
  g_dbus_connection_signal_unsubscribe (fixture->peer, subscription);
  g_string_free (record.order, TRUE);
}

static GVariant *
get_property (Fixture *fixture, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = call_by_name (fixture, "org.freedesktop.DBus.Properties", "Get",
                      g_variant_new ("(ss)", "org.doutok.User1", name), &error);
  g_autoptr (GVariant) boxed = NULL;

  g_assert_no_error (error);
  boxed = g_variant_get_child_value (reply, 0);
  return g_variant_get_variant (boxed);
}

/* Test the properties, and that the number of users follows what happens. */
static void
test_properties (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) version = get_property (fixture, "Version");
  g_autoptr (GVariant) engine = get_property (fixture, "Engine");
  g_autoptr (GVariant) schema = get_property (fixture, "SchemaVersion");
  g_autoptr (GVariant) start = get_property (fixture, "StartTime");
  g_autoptr (GVariant) before = get_property (fixture, "UserCount");
  g_autoptr (GVariant) after = NULL;
  gint64 now = g_get_real_time () / 1000;

  g_assert_cmpstr (g_variant_get_string (version, NULL), ==, DOU_VERSION);
  g_assert_true (g_str_has_prefix (g_variant_get_string (engine, NULL),
                                   dou_test_engine_get_title ()));
  g_assert_cmpuint (g_variant_get_uint32 (schema), ==, 5);
  g_assert_cmpint (g_variant_get_int64 (start), <=, now);
  g_assert_cmpint (g_variant_get_int64 (start), >, now - 3600000);
  g_assert_cmpint (g_variant_get_int64 (before), ==, 0);

  assert_reply (fixture, "Register", "([(int64 1, 'Ann', 'pw'), (2, 'Bob', 'pw')],)",
                "([(0, 1, 0), (0, 2, 0)],)");
  after = get_property (fixture, "UserCount");
  g_assert_cmpint (g_variant_get_int64 (after), ==, 2);
}

static void
assert_cache (Fixture *fixture, guint64 hits, guint64 misses)
{
  g_autoptr (GVariant) counted_hits = get_property (fixture, "CacheHits");
  g_autoptr (GVariant) counted_misses = get_property (fixture, "CacheMisses");

  g_assert_cmpuint (g_variant_get_uint64 (counted_hits), ==, hits);
  g_assert_cmpuint (g_variant_get_uint64 (counted_misses), ==, misses);
}

/* Test that who is asked for again is not read again, until there is something new to say. */
static void
test_cache (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) bytes = NULL;

  assert_reply (fixture, "Register", "([(int64 1, 'Ann', 'pw'), (2, 'Bob', 'pw')],)",
                "([(0, 1, 0), (0, 2, 0)],)");
  assert_cache (fixture, 0, 0);
  assert_reply (fixture, "GetUsers", "([int64 1, 5],)",
                "([(0, 1, 'Ann', '', '', ''), (14, 5, '', '', '', '')],)");
  assert_cache (fixture, 0, 2);
  bytes = get_property (fixture, "CacheBytes");
  g_assert_cmpuint (g_variant_get_uint64 (bytes), >, 0);
  assert_reply (fixture, "GetUsers", "([int64 5, 1, 2],)",
                "([(14, 5, '', '', '', ''), (0, 1, 'Ann', '', '', ''), (0, 2, 'Bob', '', '', '')],)");
  assert_cache (fixture, 1, 4);
  assert_reply (fixture, "GetUsers", "([int64 2, 1],)",
                "([(0, 2, 'Bob', '', '', ''), (0, 1, 'Ann', '', '', '')],)");
  assert_cache (fixture, 3, 4);
  assert_reply (fixture, "SetProfiles", "([(int64 1, {'signature': 'hi'})],)", "([0],)");
  assert_reply (fixture, "GetUsers", "([int64 2, 1],)",
                "([(0, 2, 'Bob', '', '', ''), (0, 1, 'Ann', '', '', 'hi')],)");
  assert_cache (fixture, 4, 5);
}

/* Test that of 64 calls for one name over two connections exactly one wins. */
static void
test_race (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *other = dou_test_bus_connect (fixture->bus);
  GAsyncResult *waited[64] = { NULL };
  guint n_won = 0;

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    g_dbus_connection_call (i % 2 == 0 ? fixture->peer : other, "org.doutok.User",
                            "/org/doutok/User", "org.doutok.User1", "Register",
                            g_variant_new_parsed ("([(%x, 'Ann', 'pw')],)", (gint64) i + 1), NULL,
                            G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, dou_test_wait_result_cb,
                            &waited[i]);

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GVariant) outcomes = NULL;
      gint32 status;
      gint64 id;

      reply = g_dbus_connection_call_finish (i % 2 == 0 ? fixture->peer : other, result, NULL);
      outcomes = g_variant_get_child_value (reply, 0);
      g_variant_get_child (outcomes, 0, "(ixx)", &status, &id, NULL);
      if (status == DOU_STATUS_OK)
        n_won++;
      else
        g_assert_cmpint (status, ==, DOU_STATUS_USER_EXISTS);
    }

  g_assert_cmpuint (n_won, ==, 1);
  dou_test_bus_disconnect (other);
}

/* Test that a client which hangs up in mid-call leaves nothing behind, and its call is done. */
static void
test_client_gone (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *other = dou_test_bus_connect (fixture->bus);

  g_dbus_connection_call (other, "org.doutok.User", "/org/doutok/User", "org.doutok.User1",
                          "Register", g_variant_new_parsed ("([(int64 1, 'Ann', 'pw')],)"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, NULL, NULL);
  g_assert_true (g_dbus_connection_flush_sync (other, NULL, NULL));
  dou_test_bus_disconnect (other);

  while (TRUE)
    {
      g_autoptr (GVariant) count = get_property (fixture, "UserCount");

      if (g_variant_get_int64 (count) == 1)
        break;
    }
  assert_reply (fixture, "Login", "([('Ann', 'pw')],)", "([(0, 1, 0)],)");
}

static gboolean
has_begun (gpointer data)
{
  return dou_password_hasher_get_n_runs (data) > 0;
}

/* Test that a call under way is answered when the process is told to end, and that it ends then. */
static void
test_drain (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_dbus_connection_call (fixture->peer, "org.doutok.User", "/org/doutok/User", "org.doutok.User1",
                          "Register", g_variant_new_parsed ("([(int64 1, 'Ann', 'pw')],)"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, dou_test_wait_result_cb, &waited);
  dou_test_wait_until (has_begun, fixture->hasher);

  dou_service_quit (fixture->service, EXIT_SUCCESS);
  g_assert_cmpint (dou_service_run (fixture->service), ==, EXIT_SUCCESS);
  dou_user_store_close (fixture->store);
  g_clear_object (&fixture->service);

  result = dou_test_wait_result (&waited);
  reply = g_dbus_connection_call_finish (fixture->peer, result, &error);
  g_assert_no_error (error);
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, "([(0, 1, 0)],)");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/user/impl/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("too-many-items", test_too_many_items);
  ADD ("wrong-arguments", test_wrong_arguments);
  ADD ("huge-texts", test_huge_texts);
  ADD ("no-database", test_no_database);
  ADD ("methods", test_methods);
  ADD ("profiles", test_profiles);
  ADD ("passwords", test_passwords);
  ADD ("changed-before-reply", test_changed_before_reply);
  ADD ("properties", test_properties);
  ADD ("cache", test_cache);
  ADD ("race", test_race);
  ADD ("client-gone", test_client_gone);
  ADD ("drain", test_drain);
#undef ADD

  return g_test_run ();
}
