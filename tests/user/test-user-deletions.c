/* SPDX-License-Identifier: Apache-2.0 */

/* Users who are deleted, by themselves and by the administration, as the manager and the store have it. */

#include "config.h"

#include "common/dou-generation.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"
#include "user/dou-test-accounts.h"

static const DouCaller caller = { 1000, (char *) "root" };

/* @expected: (array length=n_deletions) */
static void
assert_deleted (DouTestAccounts *fixture, const DouUserDeletion *deletions, guint n_deletions,
                const DouCaller *by, const DouStatus *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_manager_delete_async (fixture->manager, deletions, n_deletions, by, NULL,
                                 dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_user_manager_delete_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (DouStatus), expected,
                   n_deletions * sizeof (DouStatus));
}

static void
delete_one (DouTestAccounts *fixture, gint64 id, const char *password, DouStatus expected)
{
  const DouUserDeletion deletion = { id, password, NULL };

  assert_deleted (fixture, &deletion, 1, NULL, &expected);
}

static gint64
get_generation (DouTestAccounts *fixture, gint64 id)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) generations = NULL;

  dou_user_manager_get_generations_async (fixture->manager, &id, 1, NULL, dou_test_wait_result_cb,
                                          &waited);
  result = dou_test_wait_result (&waited);
  generations = dou_user_manager_get_generations_finish (fixture->manager, result, NULL);
  return g_array_index (generations, gint64, 0);
}

static void
assert_pending (DouTestAccounts *fixture, const gint64 *expected, guint n_expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) ids = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_list_deletions_async (fixture->store, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  ids = dou_user_store_list_deletions_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (ids->data, ids->len * sizeof (gint64), expected, n_expected * sizeof (gint64));
}

static void
forget (DouTestAccounts *fixture, gint64 id)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_forget_deletions_async (fixture->store, &id, 1, NULL, dou_test_wait_result_cb,
                                         &waited);
  result = dou_test_wait_result (&waited);
  g_assert_true (dou_user_store_forget_deletions_finish (fixture->store, result, &error));
  g_assert_no_error (error);
}

static void
register_one (DouTestAccounts *fixture, gint64 id, const char *name, DouStatus expected)
{
  dou_test_accounts_assert_registered (fixture, id, name, "secret", expected);
}

static void
generations_changed_cb (DouUserManager *manager, GArray *generations, gpointer user_data)
{
  g_array_append_vals (user_data, generations->data, generations->len);
}

static void
deleted_cb (DouUserManager *manager, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Test that who shows a wrong password, or is banned, stays; and nobody is told anything. */
static void
test_refused (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserBan ban = { 2, TRUE, "" };
  g_autofree char *long_password = g_strnfill (1000, 'x');
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  guint n_told = 0;

  g_signal_connect (fixture->manager, "deleted", G_CALLBACK (deleted_cb), &n_told);
  register_one (fixture, 1, "Ann", DOU_STATUS_OK);
  register_one (fixture, 2, "Bob", DOU_STATUS_OK);
  delete_one (fixture, 1, "wrong", DOU_STATUS_BAD_CREDENTIALS);
  delete_one (fixture, 1, "", DOU_STATUS_BAD_CREDENTIALS);
  delete_one (fixture, 1, long_password, DOU_STATUS_BAD_CREDENTIALS);

  dou_user_manager_set_bans_async (fixture->manager, &ban, 1, &caller, NULL,
                                   dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_user_manager_set_bans_finish (fixture->manager, result, NULL);
  delete_one (fixture, 2, "secret", DOU_STATUS_USER_BANNED);

  g_assert_cmpuint (n_told, ==, 0);
  assert_pending (fixture, NULL, 0);
  dou_test_accounts_assert_login (fixture, "ann", "secret", 1);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 2);
}

/* Test that who is deleted is nobody at once, everywhere; and that the name is free only when all that was
 * the user's is gone. */
static void
test_delete (DouTestAccounts *fixture, gconstpointer data)
{
  const gint64 ann = 1;
  g_autoptr (GArray) heard = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));
  guint n_told = 0;

  g_signal_connect (fixture->manager, "generations-changed", G_CALLBACK (generations_changed_cb),
                    heard);
  g_signal_connect (fixture->manager, "deleted", G_CALLBACK (deleted_cb), &n_told);
  register_one (fixture, 1, "Ann", DOU_STATUS_OK);
  register_one (fixture, 2, "Bob", DOU_STATUS_OK);
  delete_one (fixture, 1, "secret", DOU_STATUS_OK);
  g_assert_cmpuint (heard->len, ==, 1);
  g_assert_cmpint (g_array_index (heard, DouUserGeneration, 0).id, ==, 1);
  g_assert_cmpint (g_array_index (heard, DouUserGeneration, 0).generation, ==,
                   DOU_GENERATION_DELETED);
  g_assert_cmpuint (n_told, ==, 1);
  g_assert_cmpint (get_generation (fixture, 1), ==, -1);
  dou_test_accounts_assert_login (fixture, "ann", "secret", 0);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 1);

  /* Sent again, as after a lost reply. */
  delete_one (fixture, 1, "secret", DOU_STATUS_OK);
  g_assert_cmpuint (n_told, ==, 1);

  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  assert_pending (fixture, &ann, 1);
  register_one (fixture, 3, "ANN", DOU_STATUS_USER_EXISTS);
  register_one (fixture, 1, "ann", DOU_STATUS_USER_EXISTS);
  register_one (fixture, 4, "annie", DOU_STATUS_OK);
  forget (fixture, 1);
  forget (fixture, 1);
  assert_pending (fixture, NULL, 0);
  register_one (fixture, 3, "ANN", DOU_STATUS_OK);
  dou_test_accounts_assert_login (fixture, "ann", "secret", 3);
  dou_test_accounts_assert_login (fixture, "bob", "secret", 2);
}

/* Test that many in one call each have their own result, and who comes twice is deleted once. */
static void
test_many (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserDeletion deletions[] = {
    { 1, "secret", NULL }, { 2, "wrong", NULL }, { 1, "secret", NULL },
    { 9, "secret", NULL }, { 3, "secret", NULL },
  };
  const DouStatus expected[] = { DOU_STATUS_OK, DOU_STATUS_BAD_CREDENTIALS, DOU_STATUS_UNAVAILABLE,
                                 DOU_STATUS_OK, DOU_STATUS_OK };
  const gint64 pending[] = { 1, 3 };

  register_one (fixture, 1, "a", DOU_STATUS_OK);
  register_one (fixture, 2, "b", DOU_STATUS_OK);
  register_one (fixture, 3, "c", DOU_STATUS_OK);
  assert_deleted (fixture, deletions, G_N_ELEMENTS (deletions), NULL, expected);
  assert_pending (fixture, pending, G_N_ELEMENTS (pending));
  dou_test_accounts_assert_login (fixture, "b", "secret", 2);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 1);
}

/* Test that the administration needs no password, and that what it does is written down, once. */
static void
test_administration (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserDeletion deletions[]
      = { { 1, NULL, "asked by letter" }, { 1, NULL, "" }, { 2, NULL, "two\nlines" }, { 9, NULL, "" } };
  const DouStatus expected[] = { DOU_STATUS_OK, DOU_STATUS_BAD_PARAMETER, DOU_STATUS_BAD_PARAMETER,
                                 DOU_STATUS_USER_NOT_FOUND };
  const DouStatus gone = DOU_STATUS_USER_NOT_FOUND;
  g_autoptr (GVariant) asked
      = g_variant_ref_sink (g_variant_new_parsed ("[(int64 0, uint32 10)]"));
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariant) entry = NULL;
  g_autoptr (GVariant) entries = NULL;
  const char *action, *why;
  gint64 target;

  register_one (fixture, 1, "Ann", DOU_STATUS_OK);
  register_one (fixture, 2, "Bob", DOU_STATUS_OK);
  assert_deleted (fixture, deletions, G_N_ELEMENTS (deletions), &caller, expected);
  assert_deleted (fixture, deletions, 1, &caller, &gone);
  g_assert_cmpint (get_generation (fixture, 1), ==, -1);
  dou_test_accounts_assert_login (fixture, "bob", "secret", 2);

  dou_user_store_list_audit_async (fixture->store, asked, dou_test_wait_result_cb, &waited);
  pages = dou_test_records_wait (&waited);
  entries = g_variant_get_child_value (pages, 0);
  g_assert_cmpuint (g_variant_n_children (entries), ==, 1);
  entry = g_variant_get_child_value (entries, 0);
  g_variant_get (entry, "(xxx&s&sx&s)", NULL, NULL, NULL, NULL, &action, &target, &why);
  g_assert_cmpstr (action, ==, "user delete");
  g_assert_cmpint (target, ==, 1);
  g_assert_cmpstr (why, ==, "asked by letter");
}

/* Test that nothing is done without a database, and that this is said. */
static void
test_no_database (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserDeletion deletion = { 1, "secret", NULL };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_close (fixture->store);
  dou_user_manager_delete_async (fixture->manager, &deletion, 1, NULL, NULL,
                                 dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_user_manager_delete_finish (fixture->manager, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/user/deletions/" name, DouTestAccounts, NULL, dou_test_accounts_set_up, func,      \
              dou_test_accounts_tear_down)
  ADD ("refused", test_refused);
  ADD ("no-database", test_no_database);
  ADD ("delete", test_delete);
  ADD ("many", test_many);
  ADD ("administration", test_administration);
#undef ADD

  return g_test_run ();
}
