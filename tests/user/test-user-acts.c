/* SPDX-License-Identifier: Apache-2.0 */

/* What the administration does to users, by the manager and the store, and its audit log. */

#include "config.h"

#include <string.h>

#include "common/dou-database-transaction.h"
#include "common/dou-generation.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"
#include "user/dou-test-accounts.h"

/* Entries that a test dates back are about this and higher ones. */
#define OLD_TARGET 100

static const DouCaller caller = { 1000, (char *) "root" };

static void
generations_changed_cb (DouUserManager *manager, GArray *generations, gpointer user_data)
{
  g_array_append_vals (user_data, generations->data, generations->len);
}

static GArray *
listen_to_generations (DouTestAccounts *fixture)
{
  GArray *heard = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));

  g_signal_connect (fixture->manager, "generations-changed", G_CALLBACK (generations_changed_cb),
                    heard);
  return heard;
}

static void
assert_heard (GArray *heard, guint i, gint64 id, gint64 generation)
{
  g_assert_cmpuint (heard->len, >, i);
  g_assert_cmpint (g_array_index (heard, DouUserGeneration, i).id, ==, id);
  g_assert_cmpint (g_array_index (heard, DouUserGeneration, i).generation, ==, generation);
}

/* @expected: (array length=n_bans) */
static void
assert_bans (DouTestAccounts *fixture, const DouUserBan *bans, guint n_bans,
             const DouStatus *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_manager_set_bans_async (fixture->manager, bans, n_bans, &caller, NULL,
                                   dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_user_manager_set_bans_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (DouStatus), expected,
                   n_bans * sizeof (DouStatus));
}

static void
set_ban (DouTestAccounts *fixture, gint64 id, gboolean ban, const char *why)
{
  const DouUserBan item = { id, ban, why };
  const DouStatus done = DOU_STATUS_OK;

  assert_bans (fixture, &item, 1, &done);
}

static void
assert_reset (DouTestAccounts *fixture, gint64 id, const char *password, const char *why,
              DouStatus expected)
{
  const DouUserReset item = { id, password, why };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_manager_reset_passwords_async (fixture->manager, &item, 1, &caller, NULL,
                                          dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_user_manager_reset_passwords_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (statuses->len, ==, 1);
  g_assert_cmpint (g_array_index (statuses, DouStatus, 0), ==, expected);
}

static void
assert_login (DouTestAccounts *fixture, const char *name, const char *password, DouStatus expected)
{
  const DouUserAccount account = { 0, name, password };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) outcomes = NULL;

  dou_user_manager_login_async (fixture->manager, &account, 1, NULL, dou_test_wait_result_cb,
                                &waited);
  result = dou_test_wait_result (&waited);
  outcomes = dou_user_manager_login_finish (fixture->manager, result, NULL);
  g_assert_cmpint (g_array_index (outcomes, DouUserOutcome, 0).status, ==, expected);
  if (expected != DOU_STATUS_OK)
    g_assert_cmpint (g_array_index (outcomes, DouUserOutcome, 0).id, ==, 0);
}

static void
assert_generation (DouTestAccounts *fixture, gint64 id, gint64 expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) generations = NULL;

  dou_user_manager_get_generations_async (fixture->manager, &id, 1, NULL, dou_test_wait_result_cb,
                                          &waited);
  result = dou_test_wait_result (&waited);
  generations = dou_user_manager_get_generations_finish (fixture->manager, result, NULL);
  g_assert_cmpint (g_array_index (generations, gint64, 0), ==, expected);
}

static gboolean
is_banned (DouTestAccounts *fixture, gint64 id)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) users = NULL;

  dou_user_manager_get_users_async (fixture->manager, &id, 1, NULL, dou_test_wait_result_cb,
                                    &waited);
  result = dou_test_wait_result (&waited);
  users = dou_user_manager_get_users_finish (fixture->manager, result, NULL);
  return ((const DouUser *) g_ptr_array_index (users, 0))->banned != 0;
}

/* What a page of the audit log says, without numbers and times: `ACTION TARGET WHY` a line. */
static char *
list_audit (DouTestAccounts *fixture, gint64 before, guint count, gint64 *last)
{
  g_autoptr (GVariant) asked
      = g_variant_ref_sink (g_variant_new_parsed ("[(%x, %u)]", before, count));
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariantIter) entries = NULL;
  GString *text = g_string_new (NULL);
  const char *login, *action, *why;
  gint64 number, time, uid, target;

  dou_user_store_list_audit_async (fixture->store, asked, dou_test_wait_result_cb, &waited);
  pages = dou_test_records_wait (&waited);
  g_variant_get_child (pages, 0, "a(xxxssxs)", &entries);
  while (g_variant_iter_next (entries, "(xxx&s&sx&s)", &number, &time, &uid, &login, &action,
                              &target, &why))
    {
      gint64 age = g_get_real_time () / 1000 - time;

      g_assert_cmpint (number, >, 0);
      g_assert_cmpint (age, >=, 0);
      g_assert_true (age < 3600 * 1000 || target >= OLD_TARGET);
      g_assert_cmpint (uid, ==, caller.uid);
      g_assert_cmpstr (login, ==, caller.login);
      g_string_append_printf (text, "%s %" G_GINT64_FORMAT " %s\n", action, target, why);
      if (last != NULL)
        *last = number;
    }

  return g_string_free (text, FALSE);
}

static void
assert_audit (DouTestAccounts *fixture, const char *expected)
{
  g_autofree char *actual = list_audit (fixture, 0, 100, NULL);

  g_assert_cmpstr (actual, ==, expected);
}

static void
register_two (DouTestAccounts *fixture)
{
  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 2, "Bob", "pw", DOU_STATUS_OK);
}

/* Test that who does not exist, a user who was named before in the call, and a reason that is too long
 * or has lines are refused, without a trace and without harm to the others of the call. */
static void
test_refused (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (DOU_AUDIT_WHY_MAX, 'w');
  g_autofree char *too_long = g_strnfill (DOU_AUDIT_WHY_MAX + 1, 'w');
  g_autofree char *expected = g_strdup_printf ("user reset-password 1 \nuser ban 2 %s\n", longest);
  const DouUserBan bans[] = { { 1, TRUE, too_long }, { 3, TRUE, "gone" }, { 2, TRUE, longest },
                              { 2, FALSE, "twice" }, { 4, TRUE, "two\nlines" } };
  const DouStatus statuses[] = { DOU_STATUS_BAD_PARAMETER, DOU_STATUS_USER_NOT_FOUND, DOU_STATUS_OK,
                                 DOU_STATUS_BAD_PARAMETER, DOU_STATUS_BAD_PARAMETER };

  register_two (fixture);
  assert_bans (fixture, bans, G_N_ELEMENTS (bans), statuses);
  assert_bans (fixture, NULL, 0, NULL);
  assert_login (fixture, "Ann", "pw", DOU_STATUS_OK);
  assert_login (fixture, "Bob", "pw", DOU_STATUS_USER_BANNED);

  assert_reset (fixture, 3, "new", "", DOU_STATUS_USER_NOT_FOUND);
  assert_reset (fixture, 1, "", "", DOU_STATUS_BAD_PASSWORD);
  assert_reset (fixture, 1, "new", "two\nlines", DOU_STATUS_BAD_PARAMETER);
  assert_login (fixture, "Ann", "pw", DOU_STATUS_OK);
  assert_reset (fixture, 1, "new", "", DOU_STATUS_OK);
  assert_audit (fixture, expected);
}

/* Test that who is banned cannot log in, however often it is done, and is told so only with the right
 * password; that it ends with the ban; and that each is told of and written down once. */
static void
test_ban (DouTestAccounts *fixture, gconstpointer data)
{
  g_autoptr (GArray) heard = NULL;

  register_two (fixture);
  heard = listen_to_generations (fixture);
  set_ban (fixture, 1, TRUE, "spam");
  set_ban (fixture, 1, TRUE, "again");
  g_assert_cmpuint (heard->len, ==, 1);
  assert_heard (heard, 0, 1, 1 + DOU_GENERATION_BANNED);
  assert_generation (fixture, 1, 1 + DOU_GENERATION_BANNED);
  assert_generation (fixture, 2, 0);
  assert_login (fixture, "Ann", "pw", DOU_STATUS_USER_BANNED);
  assert_login (fixture, "Ann", "wrong", DOU_STATUS_BAD_CREDENTIALS);
  assert_login (fixture, "Bob", "pw", DOU_STATUS_OK);
  g_assert_true (is_banned (fixture, 1));
  g_assert_false (is_banned (fixture, 2));

  set_ban (fixture, 1, FALSE, "");
  set_ban (fixture, 1, FALSE, "again");
  g_assert_cmpuint (heard->len, ==, 2);
  assert_heard (heard, 1, 1, 2);
  assert_generation (fixture, 1, 2);
  assert_login (fixture, "Ann", "pw", DOU_STATUS_OK);
  g_assert_false (is_banned (fixture, 1));
  assert_audit (fixture, "user unban 1 \nuser ban 1 spam\n");
}

/* Test that another password ends all logins, also of who is banned and stays so. */
static void
test_reset_password (DouTestAccounts *fixture, gconstpointer data)
{
  g_autoptr (GArray) heard = NULL;

  register_two (fixture);
  heard = listen_to_generations (fixture);
  assert_reset (fixture, 1, "new", "forgotten", DOU_STATUS_OK);
  assert_heard (heard, 0, 1, 1);
  assert_login (fixture, "Ann", "pw", DOU_STATUS_BAD_CREDENTIALS);
  assert_login (fixture, "Ann", "new", DOU_STATUS_OK);

  set_ban (fixture, 1, TRUE, "spam");
  assert_reset (fixture, 1, "other", "", DOU_STATUS_OK);
  assert_heard (heard, 2, 1, 3 + DOU_GENERATION_BANNED);
  assert_login (fixture, "Ann", "other", DOU_STATUS_USER_BANNED);
  assert_audit (fixture, "user reset-password 1 \nuser ban 1 spam\n"
                         "user reset-password 1 forgotten\n");
}

/* Test that who is banned cannot get a login by changing the password. */
static void
test_change_password (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserPasswordChange change = { 1, "pw", "new" };
  g_autoptr (GArray) heard = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) outcomes = NULL;
  GAsyncResult *waited = NULL;

  register_two (fixture);
  set_ban (fixture, 1, TRUE, "");
  heard = listen_to_generations (fixture);
  dou_user_manager_change_passwords_async (fixture->manager, &change, 1, NULL,
                                           dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  outcomes = dou_user_manager_change_passwords_finish (fixture->manager, result, NULL);
  dou_test_accounts_assert_outcome (outcomes, 0, DOU_STATUS_USER_BANNED, 0);
  g_assert_cmpint (g_array_index (outcomes, DouUserOutcome, 0).generation, ==, 0);
  g_assert_cmpuint (heard->len, ==, 0);
  assert_login (fixture, "Ann", "pw", DOU_STATUS_USER_BANNED);
}

/* Test that a change of the password which was under way when the ban came is not made. */
static void
test_change_beside_ban (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *hash = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) generations = NULL;
  DouUserHashChange change = { 1, NULL, "another hash" };
  GAsyncResult *waited = NULL;

  register_two (fixture);
  hash = dou_test_accounts_get_hash (fixture, "ann");
  change.old_hash = hash;
  set_ban (fixture, 1, TRUE, "");
  dou_user_store_change_hashes_async (fixture->store, &change, 1, NULL, dou_test_wait_result_cb,
                                      &waited);
  result = dou_test_wait_result (&waited);
  generations = dou_user_store_change_hashes_finish (fixture->store, result, NULL);
  g_assert_cmpint (g_array_index (generations, gint64, 0), ==, -1);
  after = dou_test_accounts_get_hash (fixture, "ann");
  g_assert_cmpstr (after, ==, hash);
}

/* Names, each with a `!` if banned, the newest first. */
static char *
list_accounts (DouTestAccounts *fixture, gint64 before, gboolean only_banned, guint count)
{
  g_autoptr (GVariant) asked
      = g_variant_ref_sink (g_variant_new_parsed ("[(%x, %b, %u)]", before, only_banned, count));
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariantIter) accounts = NULL;
  GString *text = g_string_new (NULL);
  const char *name;
  gint64 banned;

  dou_user_store_list_accounts_async (fixture->store, asked, dou_test_wait_result_cb, &waited);
  pages = dou_test_records_wait (&waited);
  g_variant_get_child (pages, 0, "a(xsx)", &accounts);
  while (g_variant_iter_next (accounts, "(x&sx)", NULL, &name, &banned))
    g_string_append_printf (text, "%s%s ", name, banned != 0 ? "!" : "");

  return g_string_free (text, FALSE);
}

static void
assert_listed (DouTestAccounts *fixture, gint64 before, gboolean only_banned, guint count,
               const char *expected)
{
  g_autofree char *actual = list_accounts (fixture, before, only_banned, count);

  g_assert_cmpstr (actual, ==, expected);
}

/* Test the list of users page by page, and that of who is banned. */
static void
test_list (DouTestAccounts *fixture, gconstpointer data)
{
  register_two (fixture);
  dou_test_accounts_assert_registered (fixture, 3, "Cid", "pw", DOU_STATUS_OK);
  set_ban (fixture, 1, TRUE, "");
  set_ban (fixture, 3, TRUE, "");
  assert_listed (fixture, 0, FALSE, 10, "Cid! Bob Ann! ");
  assert_listed (fixture, 0, FALSE, 2, "Cid! Bob ");
  assert_listed (fixture, 2, FALSE, 2, "Ann! ");
  assert_listed (fixture, 0, TRUE, 10, "Cid! Ann! ");
  assert_listed (fixture, 3, TRUE, 10, "Ann! ");
  assert_listed (fixture, 1, FALSE, 10, "");
  assert_listed (fixture, 0, FALSE, 0, "");
}

/* Test that users are found by name as they log in with it, and what is known of them. */
static void
test_find_and_show (DouTestAccounts *fixture, gconstpointer data)
{
  const char *names[] = { "nobody", " ANN ", "", "Bob", "\x01" };
  const gint64 ids[] = { 0, 1, 0, 2, 0 };
  const gint64 asked[] = { 2, 7, 1 };
  g_autoptr (GAsyncResult) found_result = NULL;
  g_autoptr (GAsyncResult) got_result = NULL;
  g_autoptr (GArray) found = NULL;
  g_autoptr (GVariant) accounts = NULL;
  GAsyncResult *waited = NULL;
  gint32 status;
  gint64 id, generation, banned;
  const char *name;

  register_two (fixture);
  set_ban (fixture, 1, TRUE, "");
  dou_user_manager_find_async (fixture->manager, names, G_N_ELEMENTS (names), NULL,
                               dou_test_wait_result_cb, &waited);
  found_result = dou_test_wait_result (&waited);
  found = dou_user_manager_find_finish (fixture->manager, found_result, NULL);
  g_assert_cmpmem (found->data, found->len * sizeof (gint64), ids, sizeof ids);

  waited = NULL;
  dou_user_store_get_accounts_async (fixture->store, asked, G_N_ELEMENTS (asked), NULL,
                                     dou_test_wait_result_cb, &waited);
  got_result = dou_test_wait_result (&waited);
  accounts = dou_user_store_get_accounts_finish (fixture->store, got_result, NULL);
  g_assert_cmpuint (g_variant_n_children (accounts), ==, 3);
  g_variant_get_child (accounts, 0, "(ix&ssxx)", &status, &id, &name, NULL, &generation, &banned);
  g_assert_cmpint (status, ==, DOU_STATUS_OK);
  g_assert_cmpint (id, ==, 2);
  g_assert_cmpstr (name, ==, "Bob");
  g_assert_cmpint (banned, ==, 0);
  g_variant_get_child (accounts, 1, "(ixssxx)", &status, NULL, NULL, NULL, NULL, NULL);
  g_assert_cmpint (status, ==, DOU_STATUS_USER_NOT_FOUND);
  g_variant_get_child (accounts, 2, "(ixssxx)", &status, &id, NULL, NULL, &generation, &banned);
  g_assert_cmpint (status, ==, DOU_STATUS_OK);
  g_assert_cmpint (id, ==, 1);
  g_assert_cmpint (generation, ==, 1);
  g_assert_cmpint (banned, >, 0);
}

/* Test that the log is read page by page, the newest first. */
static void
test_audit_pages (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *none = NULL;
  gint64 last = 0;

  register_two (fixture);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *why = g_strdup_printf ("“%u”", i);

      set_ban (fixture, 1, i % 2 == 0, why);
    }
  first = list_audit (fixture, 0, 2, &last);
  g_assert_cmpstr (first, ==, "user ban 1 “2”\nuser unban 1 “1”\n");
  second = list_audit (fixture, last, 2, &last);
  g_assert_cmpstr (second, ==, "user ban 1 “0”\n");
  none = list_audit (fixture, last, 2, &last);
  g_assert_cmpstr (none, ==, "");
}

/* Test that the database itself refuses to change an entry, or to forget one before it is a year old. */
static void
test_append_only (DouTestAccounts *fixture, gconstpointer data)
{
  const char *changes[] = { "UPDATE user_audit SET why = 'another'", "DELETE FROM user_audit" };
  DouTransaction *connection;
  g_autoptr (GError) error = NULL;

  register_two (fixture);
  set_ban (fixture, 1, TRUE, "spam");
  connection = dou_transaction_open (fixture->address, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_assert_false (dou_transaction_run_sql (connection, changes[i], &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, "audit log"));
      g_clear_error (&error);
    }
  g_assert_true (dou_transaction_run_sql (
      connection,
      "INSERT INTO user_audit (acted, uid, login, action, target, why) VALUES (0, 0, '', '', 0, '')",
      &error));
  g_assert_true (
      dou_transaction_run_sql (connection, "DELETE FROM user_audit WHERE acted = 0", &error));
  g_assert_no_error (error);
  dou_transaction_close (connection);
  assert_audit (fixture, "user ban 1 spam\n");
}

typedef struct
{
  DouTestAccounts *fixture; /* (unowned) */
  const char *expected;
} Awaited;

static gboolean
has_audit (gpointer data)
{
  const Awaited *awaited = data;
  g_autofree char *actual = list_audit (awaited->fixture, 0, 100, NULL);

  if (g_str_equal (actual, awaited->expected))
    return TRUE;

  /* What is waited for may have come while it was read, and then nothing else wakes who waits. */
  g_main_context_wakeup (g_main_context_get_thread_default ());
  return FALSE;
}

/* Test that what is older than a year goes by itself, in the order of its age, and the rest stays. */
static void
test_retention (DouTestAccounts *fixture, gconstpointer data)
{
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  gint64 now = dou_clock_get_real_time (clock);
  const gint64 times[]
      = { 0, now - DOU_AUDIT_MEMORY - 60000, now - DOU_AUDIT_MEMORY + 60000 };
  Awaited awaited = { fixture, "user ban 1 spam\nold 102 \n" };
  g_autoptr (DouRetention) retention = NULL;
  g_autoptr (GError) error = NULL;
  DouTransaction *connection = dou_transaction_open (fixture->address, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *sql = g_strdup_printf (
          "INSERT INTO user_audit (acted, uid, login, action, target, why) "
          "VALUES (%" G_GINT64_FORMAT ", 1000, 'root', 'old', %u, '')",
          times[i], OLD_TARGET + i);

      g_assert_true (dou_transaction_run_sql (connection, sql, &error));
    }
  dou_transaction_close (connection);
  register_two (fixture);
  set_ban (fixture, 1, TRUE, "spam");

  retention = dou_user_store_start_retention (fixture->store, clock);
  dou_test_wait_until (has_audit, &awaited);

  /* A second run finds nothing. */
  dou_retention_run (retention);
  set_ban (fixture, 1, FALSE, "");
  assert_audit (fixture, "user unban 1 \nuser ban 1 spam\nold 102 \n");
}

/* Test that nothing is done when the database is gone. */
static void
test_no_database (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserBan ban = { 1, TRUE, "" };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_close (fixture->store);
  dou_user_manager_set_bans_async (fixture->manager, &ban, 1, &caller, NULL,
                                   dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_user_manager_set_bans_finish (fixture->manager, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that what is known of a user is given, whoever is banned or unknown, and that it is written down. */
static void
test_export (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserExport exports[] = { { 1, "by “mail”" }, { 77, "" } };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) accounts = NULL;
  g_autofree char *text = NULL;

  register_two (fixture);
  dou_user_manager_export_async (fixture->manager, exports, G_N_ELEMENTS (exports), &caller, NULL,
                                 dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  accounts = dou_user_manager_export_finish (fixture->manager, result, NULL);
  text = g_variant_print (accounts, FALSE);
  g_assert_cmpstr (text, ==, "[(0, 1, 'Ann', '', '', '', 0), (14, 0, '', '', '', '', 0)]");
  assert_audit (fixture, "user export 1 by “mail”\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/user/acts/" name, DouTestAccounts, NULL, dou_test_accounts_set_up, func,           \
              dou_test_accounts_tear_down)
  ADD ("refused", test_refused);
  ADD ("no-database", test_no_database);
  ADD ("append-only", test_append_only);
  ADD ("retention", test_retention);
  ADD ("ban", test_ban);
  ADD ("reset-password", test_reset_password);
  ADD ("change-password", test_change_password);
  ADD ("change-beside-ban", test_change_beside_ban);
  ADD ("list", test_list);
  ADD ("find-and-show", test_find_and_show);
  ADD ("audit-pages", test_audit_pages);
  ADD ("export", test_export);
#undef ADD

  return g_test_run ();
}
