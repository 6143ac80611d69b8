/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-wait.h"
#include "user/dou-test-accounts.h"

static void
changed_cb (DouUserManager *manager, GArray *ids, gpointer user_data)
{
  g_array_append_vals (user_data, ids->data, ids->len);
}

static GArray *
change_finish (DouTestAccounts *fixture, GAsyncResult **waited)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (waited);
  g_autoptr (GError) error = NULL;
  GArray *outcomes = dou_user_manager_change_passwords_finish (fixture->manager, result, &error);

  g_assert_no_error (error);
  return outcomes;
}

/* @generation: the one that is expected, 0 if the change must fail */
static void
assert_password_changed (DouTestAccounts *fixture, gint64 id, const char *old_password,
                         const char *new_password, DouStatus status, gint64 generation)
{
  const DouUserPasswordChange change = { id, old_password, new_password };
  GAsyncResult *waited = NULL;
  g_autoptr (GArray) outcomes = NULL;

  dou_user_manager_change_passwords_async (fixture->manager, &change, 1, NULL,
                                           dou_test_wait_result_cb, &waited);
  outcomes = change_finish (fixture, &waited);
  g_assert_cmpuint (outcomes->len, ==, 1);
  dou_test_accounts_assert_outcome (outcomes, 0, status, status == DOU_STATUS_OK ? id : 0);
  g_assert_cmpint (g_array_index (outcomes, DouUserOutcome, 0).generation, ==, generation);
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
  g_assert_cmpuint (generations->len, ==, 1);
  g_assert_cmpint (g_array_index (generations, gint64, 0), ==, expected);
}

static void
generations_changed_cb (DouUserManager *manager, GArray *generations, gpointer user_data)
{
  g_array_append_vals (user_data, generations->data, generations->len);
}

/* Test that a password is not changed by who does not know it, nor to one that nobody could
 * register with, and that what can be seen at once is not hashed. */
static void
test_refused (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *long_password = g_strnfill (33, 'p');
  g_autofree char *huge_password = g_strnfill (1000000, 'p');
  guint64 before;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  before = dou_password_hasher_get_n_runs (fixture->hasher);
  assert_password_changed (fixture, 1, "pw", "", DOU_STATUS_BAD_PASSWORD, 0);
  assert_password_changed (fixture, 1, "pw", "\xff", DOU_STATUS_BAD_PASSWORD, 0);
  assert_password_changed (fixture, 1, "pw", long_password, DOU_STATUS_BAD_PASSWORD, 0);
  assert_password_changed (fixture, 1, huge_password, "new", DOU_STATUS_BAD_CREDENTIALS, 0);
  assert_password_changed (fixture, 2, "pw", "new", DOU_STATUS_USER_NOT_FOUND, 0);
  assert_password_changed (fixture, 0, "pw", "new", DOU_STATUS_USER_NOT_FOUND, 0);
  g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, before);

  assert_password_changed (fixture, 1, "PW", "new", DOU_STATUS_BAD_CREDENTIALS, 0);
  assert_password_changed (fixture, 1, "", "new", DOU_STATUS_BAD_CREDENTIALS, 0);
  assert_password_changed (fixture, 1, "\xff", "new", DOU_STATUS_BAD_CREDENTIALS, 0);
  dou_test_accounts_assert_login (fixture, "Ann", "pw", 1);
  assert_generation (fixture, 1, 0);
}

/* Test that the new password counts from then on and the old one no more, and that it is
 * announced once, however often the call comes, to the next process too. */
static void
test_change (DouTestAccounts *fixture, gconstpointer data)
{
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) generations = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  g_signal_connect (fixture->manager, "changed", G_CALLBACK (changed_cb), changed);
  g_signal_connect (fixture->manager, "generations-changed", G_CALLBACK (generations_changed_cb),
                    generations);

  assert_password_changed (fixture, 1, "pw", "new", DOU_STATUS_OK, 1);
  assert_password_changed (fixture, 1, "pw", "new", DOU_STATUS_OK, 1);
  assert_password_changed (fixture, 1, "pw", "other", DOU_STATUS_BAD_CREDENTIALS, 0);
  dou_test_accounts_assert_login (fixture, "Ann", "pw", 0);
  dou_test_accounts_assert_login (fixture, "Ann", "new", 1);
  assert_password_changed (fixture, 1, "new", "pw", DOU_STATUS_OK, 2);

  g_assert_cmpuint (changed->len, ==, 2);
  g_assert_cmpuint (generations->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (g_array_index (generations, DouUserGeneration, i).id, ==, 1);
      g_assert_cmpint (g_array_index (generations, DouUserGeneration, i).generation, ==, i + 1);
    }

  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  assert_password_changed (fixture, 1, "new", "pw", DOU_STATUS_OK, 2);
  assert_generation (fixture, 1, 2);
  assert_generation (fixture, 2, -1);
}

/* Test that to change a password to what it is changes nothing. */
static void
test_to_same (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  before = dou_test_accounts_get_hash (fixture, "ann");
  assert_password_changed (fixture, 1, "pw", "pw", DOU_STATUS_OK, 0);
  assert_password_changed (fixture, 1, "wrong", "wrong", DOU_STATUS_BAD_CREDENTIALS, 0);
  after = dou_test_accounts_get_hash (fixture, "ann");
  g_assert_cmpstr (after, ==, before);
}

/* Test that of changes from one password which come together, in one call and in many, exactly one
 * is made, and that none of them harms another user's. */
static void
test_race (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserPasswordChange together[] = {
    { 1, "pw", "new-1" }, { 2, "pw", "theirs" }, { 1, "pw", "new-2" }, { 1, "bad", "new-3" }
  };
  GAsyncResult *waited[16] = { NULL };
  guint n_made = 0;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 2, "Bob", "pw", DOU_STATUS_OK);
  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    dou_user_manager_change_passwords_async (fixture->manager, together, G_N_ELEMENTS (together),
                                             NULL, dou_test_wait_result_cb, &waited[i]);

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      g_autoptr (GArray) outcomes = change_finish (fixture, &waited[i]);
      gboolean first = g_array_index (outcomes, DouUserOutcome, 0).status == DOU_STATUS_OK;
      gboolean second = g_array_index (outcomes, DouUserOutcome, 2).status == DOU_STATUS_OK;

      g_assert_true (first != second);
      n_made += first ? 1 : 0;
      dou_test_accounts_assert_outcome (outcomes, first ? 2 : 0, DOU_STATUS_BAD_CREDENTIALS, 0);
      dou_test_accounts_assert_outcome (outcomes, first ? 0 : 2, DOU_STATUS_OK, 1);
      dou_test_accounts_assert_outcome (outcomes, 1, DOU_STATUS_OK, 2);
      dou_test_accounts_assert_outcome (outcomes, 3, DOU_STATUS_BAD_CREDENTIALS, 0);
      g_assert_cmpint (g_array_index (outcomes, DouUserOutcome, first ? 0 : 2).generation, ==, 1);
    }

  /* All were answered alike: the one that was made is the one that the others found made. */
  g_assert_true (n_made == 0 || n_made == G_N_ELEMENTS (waited));
  dou_test_accounts_assert_login (fixture, "Ann", n_made > 0 ? "new-1" : "new-2", 1);
  dou_test_accounts_assert_login (fixture, "Bob", "theirs", 2);
  assert_generation (fixture, 1, 1);
  assert_generation (fixture, 2, 1);
}

/* Whether a login with the old password, begun together with the first change or a later one, was
 * earlier than that change.
 */
static gboolean
change_beside_login (DouTestAccounts *fixture, const char *old_password, const char *new_password,
                     guint n_changes)
{
  const DouUserAccount account = { 0, "Ann", old_password };
  const DouUserPasswordChange change = { 1, old_password, new_password };
  GAsyncResult *login = NULL;
  GAsyncResult *changed = NULL;
  GAsyncResult *result;
  g_autoptr (GArray) outcomes = NULL;
  g_autoptr (GArray) logins = NULL;

  dou_user_manager_login_async (fixture->manager, &account, 1, NULL, dou_test_wait_result_cb,
                                &login);
  dou_user_manager_change_passwords_async (fixture->manager, &change, 1, NULL,
                                           dou_test_wait_result_cb, &changed);
  result = dou_test_wait_result (&login);
  logins = dou_user_manager_login_finish (fixture->manager, result, NULL);
  g_object_unref (result);
  outcomes = change_finish (fixture, &changed);
  dou_test_accounts_assert_outcome (outcomes, 0, DOU_STATUS_OK, 1);
  if (g_array_index (logins, DouUserOutcome, 0).status == DOU_STATUS_BAD_CREDENTIALS)
    return FALSE;

  dou_test_accounts_assert_outcome (logins, 0, DOU_STATUS_OK, 1);
  g_assert_cmpint (g_array_index (logins, DouUserOutcome, 0).generation, ==, n_changes);
  return TRUE;
}

/* Test that a login which makes the hash anew meanwhile neither undoes a change nor is in its way.
 * On a server each has a connection of its own, which may take long to be made: a login that was
 * refused since the change came first is tried again, beside the next change.
 */
static void
test_beside_rehash (DouTestAccounts *fixture, gconstpointer data)
{
  const char *passwords[] = { "pw", "new-1", "new-2", "new-3", "new-4", "new-5" };
  guint passes = DOU_TEST_ACCOUNTS_PASSES;
  guint n_changes = 0;
  gboolean beside;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", passwords[0], DOU_STATUS_OK);
  do
    {
      dou_test_accounts_restart (fixture, ++passes, DOU_TEST_ACCOUNTS_MAX_PENDING,
                                 DOU_TEST_ACCOUNTS_MAX_PASSWORD);
      beside = change_beside_login (fixture, passwords[n_changes], passwords[n_changes + 1],
                                    n_changes);
      n_changes++;
    }
  while (!beside && n_changes + 1 < G_N_ELEMENTS (passwords));
  g_assert_true (beside);

  dou_test_accounts_restart (fixture, passes, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  dou_test_accounts_assert_login (fixture, "Ann", passwords[n_changes], 1);
  dou_test_accounts_assert_login (fixture, "Ann", passwords[n_changes - 1], 0);
  assert_generation (fixture, 1, n_changes);
}

/* Test that a change over the hasher's bound is told to try again, and is not half there. */
static void
test_overload (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserPasswordChange changes[] = { { 1, "pw", "new" }, { 2, "pw", "new" } };
  GAsyncResult *waited = NULL;
  g_autoptr (GArray) outcomes = NULL;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 2, "Bob", "pw", DOU_STATUS_OK);
  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES, 1, DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  dou_user_manager_change_passwords_async (fixture->manager, changes, 2, NULL,
                                           dou_test_wait_result_cb, &waited);
  outcomes = change_finish (fixture, &waited);
  dou_test_accounts_assert_outcome (outcomes, 0, DOU_STATUS_OK, 1);
  dou_test_accounts_assert_outcome (outcomes, 1, DOU_STATUS_UNAVAILABLE, 0);
  dou_test_accounts_assert_login (fixture, "Bob", "pw", 2);
  assert_generation (fixture, 2, 0);
}

/* Test that a call fails as a whole when the database is gone. */
static void
test_no_database (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserPasswordChange change = { 1, "pw", "new" };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_close (fixture->store);
  dou_user_manager_change_passwords_async (fixture->manager, &change, 1, NULL,
                                           dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_user_manager_change_passwords_finish (fixture->manager, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that an empty call is answered. */
static void
test_empty (DouTestAccounts *fixture, gconstpointer data)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GArray) outcomes = NULL;

  dou_user_manager_change_passwords_async (fixture->manager, NULL, 0, NULL, dou_test_wait_result_cb,
                                           &waited);
  outcomes = change_finish (fixture, &waited);
  g_assert_cmpuint (outcomes->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/user/change-passwords/" name, DouTestAccounts, NULL, dou_test_accounts_set_up,     \
              func, dou_test_accounts_tear_down)
  ADD ("refused", test_refused);
  ADD ("overload", test_overload);
  ADD ("no-database", test_no_database);
  ADD ("change", test_change);
  ADD ("to-same", test_to_same);
  ADD ("race", test_race);
  ADD ("beside-rehash", test_beside_rehash);
  ADD ("empty", test_empty);
#undef ADD

  return g_test_run ();
}
