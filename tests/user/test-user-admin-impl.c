/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.User1.Admin on a real bus, beside org.doutok.User1. */

#include "config.h"

#include <unistd.h>

#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"
#include "user/dou-user-admin-impl.h"
#include "user/dou-user-impl.h"

/* The least that libsodium takes. */
#define CHEAP_PASSES 1
#define CHEAP_MEMORY 8192

typedef struct
{
  char *directory;         /* (owned) */
  DouTestBus *bus;         /* (owned) */
  DouService *service;     /* (owned) the connection of the service's process */
  DouUserImpl *impl;       /* (owned) */
  DouUserAdminImpl *admin; /* (owned) */
  GDBusConnection *peer;   /* (owned) the connection of a client's process */
} Fixture;

static GVariant *
call (Fixture *fixture, const char *interface, const char *method, GVariant *arguments,
      GError **error)
{
  return dou_test_service_call (fixture->peer, "org.doutok.User", interface, method, arguments, NULL, error);
}

static void
assert_reply_of (Fixture *fixture, const char *interface, const char *method,
                 const char *arguments, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = call (fixture, interface, method, g_variant_new_parsed (arguments), &error);

  dou_test_service_assert_reply (reply, error, expected);
}

static void
assert_reply (Fixture *fixture, const char *method, const char *arguments, const char *expected)
{
  assert_reply_of (fixture, "org.doutok.User1.Admin", method, arguments, expected);
}

static void
export (Fixture *fixture)
{
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_in (fixture->directory, "user");
  g_autoptr (GError) error = NULL;
  g_autoptr (DouUserStore) store = dou_user_store_open (address, &error);
  g_autoptr (DouPasswordHasher) hasher
      = dou_password_hasher_new_with_cost (CHEAP_PASSES, CHEAP_MEMORY, DOU_USER_ITEMS_MAX);
  g_autoptr (DouUserManager) manager = dou_user_manager_new (store, hasher, 32, &error);

  g_assert_no_error (error);
  fixture->impl = dou_user_impl_new (fixture->service, manager);
  fixture->admin = dou_user_admin_impl_new (fixture->service, manager);
  g_assert_true (dou_service_add_interface (
      fixture->service, G_DBUS_INTERFACE_SKELETON (fixture->admin), "/org/doutok/User", &error));
  g_assert_true (dou_service_export (fixture->service, G_DBUS_INTERFACE_SKELETON (fixture->impl),
                                     "/org/doutok/User", "org.doutok.User", &error));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->bus = dou_test_bus_new ();
  fixture->service = dou_test_service_new (fixture->bus);
  fixture->peer = dou_test_bus_connect (fixture->bus);
  export (fixture);

  dou_test_service_await (fixture->peer, "org.doutok.User");
  assert_reply_of (fixture, "org.doutok.User1", "Register",
                   "([(int64 1, 'Ann', 'pw'), (2, 'Bob', 'pw')],)", "([(0, 1, 0), (0, 2, 0)],)");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->impl));
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->admin));
  dou_test_bus_disconnect (fixture->peer);
  g_clear_object (&fixture->service);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->admin);
  g_assert_finalize_object (fixture->impl);
  dou_test_bus_free (fixture->bus);
  dou_test_dir_remove (fixture->directory);
}

static void
assert_too_large (Fixture *fixture, const char *method, GVariant *item, guint n_items)
{
  g_autofree GVariant **items = g_new (GVariant *, n_items);
  g_autoptr (GVariant) kept = g_variant_ref_sink (item);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *name = NULL;
  GVariant *array;

  for (guint i = 0; i < n_items; i++)
    items[i] = kept;
  array = g_variant_new_array (NULL, items, n_items);
  reply = call (fixture, "org.doutok.User1.Admin", method, g_variant_new_tuple (&array, 1), &error);
  g_assert_null (reply);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "org.doutok.Error.TooLarge");
}

/* Test that calls with more items than they may have are refused as a whole. */
static void
test_too_many_items (Fixture *fixture, gconstpointer data)
{
  const guint n = DOU_USER_ITEMS_MAX + 1;

  assert_too_large (fixture, "FindAccounts", g_variant_new_string ("Ann"), n);
  assert_too_large (fixture, "GetAccounts", g_variant_new_int64 (1), n);
  assert_too_large (fixture, "SetBans", g_variant_new ("(xbs)", (gint64) 1, TRUE, ""), n);
  assert_too_large (fixture, "ResetPasswords", g_variant_new ("(xss)", (gint64) 1, "new", ""), n);
  assert_too_large (fixture, "ExportAccounts", g_variant_new ("(xs)", (gint64) 1, ""), n);
  assert_too_large (fixture, "ListAccounts", g_variant_new ("(xbu)", (gint64) 0, FALSE, 1u),
                    DOU_USER_ACCOUNT_PAGES_MAX + 1);
  assert_too_large (fixture, "GetAudit", g_variant_new ("(xu)", (gint64) 0, 1u),
                    DOU_AUDIT_PAGES_MAX + 1);
  assert_reply (fixture, "GetAudit", "([(int64 0, uint32 10)],)", "([[]],)");
}

/* Test that empty calls are answered. */
static void
test_empty (Fixture *fixture, gconstpointer data)
{
  assert_reply (fixture, "FindAccounts", "(@as [],)", "([],)");
  assert_reply (fixture, "GetAccounts", "(@ax [],)", "([],)");
  assert_reply (fixture, "SetBans", "(@a(xbs) [],)", "([],)");
  assert_reply (fixture, "ResetPasswords", "(@a(xss) [],)", "([],)");
  assert_reply (fixture, "ExportAccounts", "(@a(xs) [],)", "([],)");
  assert_reply (fixture, "ListAccounts", "(@a(xbu) [],)", "([],)");
  assert_reply (fixture, "GetAudit", "(@a(xu) [],)", "([],)");
}

/* Test that what is done over one interface is seen over the other, and who did it is written down. */
static void
test_acts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariant) page = NULL;
  g_autoptr (GError) error = NULL;
  const char *login, *action, *why;
  gint64 uid, target;

  assert_reply (fixture, "FindAccounts", "(['ann', 'Zoe'],)", "([1, 0],)");
  assert_reply (fixture, "ListAccounts", "([(int64 0, false, uint32 9), (0, true, 9)],)",
                "([[(2, 'Bob', 0), (1, 'Ann', 0)], []],)");
  assert_reply (fixture, "SetBans", "([(int64 1, true, 'spam'), (7, true, '')],)", "([0, 14],)");
  assert_reply_of (fixture, "org.doutok.User1", "Login", "([('Ann', 'pw'), ('Bob', 'pw')],)",
                   "([(35, 0, 0), (0, 2, 0)],)");
  assert_reply_of (fixture, "org.doutok.User1", "GetUsers", "([int64 1, 2],)",
                   "([(35, 1, '', '', '', ''), (0, 2, 'Bob', '', '', '')],)");
  assert_reply_of (fixture, "org.doutok.User1", "GetGenerations", "([int64 1, 2],)",
                   "([4611686018427387905, 0],)");
  assert_reply (fixture, "ResetPasswords", "([(int64 2, 'new', 'asked by phone')],)", "([0],)");
  assert_reply_of (fixture, "org.doutok.User1", "Login", "([('Bob', 'new')],)", "([(0, 2, 1)],)");

  reply = call (fixture, "org.doutok.User1.Admin", "GetAudit",
                g_variant_new_parsed ("([(int64 0, uint32 9)],)"), &error);
  g_assert_no_error (error);
  pages = g_variant_get_child_value (reply, 0);
  page = g_variant_get_child_value (pages, 0);
  g_assert_cmpuint (g_variant_n_children (page), ==, 2);
  g_variant_get_child (page, 0, "(xxx&s&sx&s)", NULL, NULL, &uid, &login, &action, &target, &why);
  g_assert_cmpint (uid, ==, getuid ());
  g_assert_cmpstr (login, !=, "");
  g_assert_cmpstr (action, ==, "user reset-password");
  g_assert_cmpint (target, ==, 2);
  g_assert_cmpstr (why, ==, "asked by phone");
}

/* Test that what is known of users is given, of who is banned too, and that it is written down for each;
 * a user is named once, with a reason of one line. */
static void
test_export (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariantIter) entries = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  const char *action, *why;
  gint64 target;

  assert_reply_of (fixture, "org.doutok.User1", "SetProfiles",
                   "([(int64 2, {'signature': 'Hi', 'avatar': 'avatar/00/17.jpg'})],)", "([0],)");
  assert_reply (fixture, "ExportAccounts",
                "([(int64 2, 'asked by mail'), (2, 'again'), (7, ''), (1, 'two\\nlines'), (1, '')],)",
                "([(0, 2, 'Bob', 'avatar/00/17.jpg', '', 'Hi', 0), (3, 0, '', '', '', '', 0),"
                " (14, 0, '', '', '', '', 0), (3, 0, '', '', '', '', 0),"
                " (0, 1, 'Ann', '', '', '', 0)],)");

  reply = call (fixture, "org.doutok.User1.Admin", "GetAudit",
                g_variant_new_parsed ("([(int64 0, uint32 9)],)"), &error);
  g_assert_no_error (error);
  pages = g_variant_get_child_value (reply, 0);
  g_variant_get_child (pages, 0, "a(xxxssxs)", &entries);
  while (g_variant_iter_next (entries, "(xxx&s&sx&s)", NULL, NULL, NULL, NULL, &action, &target,
                              &why))
    g_string_append_printf (text, "%s %" G_GINT64_FORMAT " %s\n", action, target, why);
  g_assert_cmpstr (text->str, ==, "user export 1 \nuser export 2 asked by mail\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/user/admin-impl/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("too-many-items", test_too_many_items);
  ADD ("empty", test_empty);
  ADD ("acts", test_acts);
  ADD ("export", test_export);
#undef ADD

  return g_test_run ();
}
