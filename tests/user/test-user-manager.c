/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-wait.h"
#include "user/dou-test-accounts.h"

/* Test that bad names, passwords and ids are refused without being hashed, and change nothing. */
static void
test_refused (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *long_name = g_strnfill (33, 'n');
  g_autofree char *long_password = g_strnfill (33, 'p');
  const struct
  {
    DouUserAccount account;
    DouStatus status;
  } cases[] = {
    { { 1, "", "pw" }, DOU_STATUS_BAD_USER_NAME },
    { { 1, " \t ", "pw" }, DOU_STATUS_BAD_USER_NAME },
    { { 1, "a\nb", "pw" }, DOU_STATUS_BAD_USER_NAME },
    { { 1, "a\x7f", "pw" }, DOU_STATUS_BAD_USER_NAME },
    { { 1, "\xff", "pw" }, DOU_STATUS_BAD_USER_NAME },
    { { 1, long_name, "pw" }, DOU_STATUS_BAD_USER_NAME },
    { { 1, "Ann", "" }, DOU_STATUS_BAD_PASSWORD },
    { { 1, "Ann", "\xff" }, DOU_STATUS_BAD_PASSWORD },
    { { 1, "Ann", long_password }, DOU_STATUS_BAD_PASSWORD },
    { { 0, "Ann", "pw" }, DOU_STATUS_BAD_PARAMETER },
    { { -1, "Ann", "pw" }, DOU_STATUS_BAD_PARAMETER },
    { { G_GINT64_CONSTANT (1) << 53, "Ann", "pw" }, DOU_STATUS_BAD_PARAMETER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    dou_test_accounts_assert_registered (fixture, cases[i].account.id, cases[i].account.name,
                                         cases[i].account.password, cases[i].status);

  g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, 0);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 0);
  dou_test_accounts_assert_login (fixture, "Ann", "pw", 0);
}

/* Test that names which differ only in case, composition or white space around them are one
 * name. */
static void
test_variants (DouTestAccounts *fixture, gconstpointer data)
{
  const char *variants[][4] = {
    { "Ann", "aNN", " ann ",
      "\xe3\x80\x80"
      "ANN" },
    { "Straße", "STRASSE", "strasse", "straSSe" },
    { "É", "é", "e\xcc\x81", "E\xcc\x81" },
    { "ΣΊΣΥΦΟΣ", "σίσυφος", "Σίσυφοσ", "σίσυφος " },
    { "ДОМ", "дом", "Дом", "доМ" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      gint64 id = (gint64) (i + 1) * 10;

      dou_test_accounts_assert_registered (fixture, id, variants[i][0], "pw", DOU_STATUS_OK);
      for (gsize j = 1; j < 4; j++)
        {
          dou_test_accounts_assert_registered (fixture, id + (gint64) j, variants[i][j], "pw",
                                               DOU_STATUS_USER_EXISTS);
          dou_test_accounts_assert_login (fixture, variants[i][j], "pw", id);
        }
    }

  dou_test_accounts_assert_registered (fixture, 1000, "Ånn", "pw", DOU_STATUS_OK);
}

/* Test that of one name twice in a call the first wins, that one account twice in a call is one,
 * and that neither harms the rest. */
static void
test_twice_in_a_call (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserAccount accounts[]
      = { { 1, "Ann", "pw1" }, { 2, "ann", "pw2" }, { 3, "", "pw" },
          { 1, "Ann", "pw1" }, { 4, "Bob", "pw4" }, { 5, "ANN", "pw5" } };
  g_autoptr (GArray) outcomes
      = dou_test_accounts_register (fixture, accounts, G_N_ELEMENTS (accounts));

  dou_test_accounts_assert_outcome (outcomes, 0, DOU_STATUS_OK, 1);
  dou_test_accounts_assert_outcome (outcomes, 1, DOU_STATUS_USER_EXISTS, 0);
  dou_test_accounts_assert_outcome (outcomes, 2, DOU_STATUS_BAD_USER_NAME, 0);
  dou_test_accounts_assert_outcome (outcomes, 3, DOU_STATUS_OK, 1);
  dou_test_accounts_assert_outcome (outcomes, 4, DOU_STATUS_OK, 4);
  dou_test_accounts_assert_outcome (outcomes, 5, DOU_STATUS_USER_EXISTS, 0);
  g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, 2);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 2);
  dou_test_accounts_assert_login (fixture, "ann", "pw1", 1);
}

/* Test that of 64 calls for one name at the same time exactly one wins. */
static void
test_race (DouTestAccounts *fixture, gconstpointer data)
{
  GAsyncResult *waited[64] = { NULL };
  gint64 winner = 0;

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      const DouUserAccount account = { i + 1, i % 2 == 0 ? "Ann" : "aNN", "pw" };

      dou_user_manager_register_async (fixture->manager, &account, 1, NULL, dou_test_wait_result_cb,
                                       &waited[i]);
    }

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);
      g_autoptr (GArray) outcomes = NULL;
      g_autoptr (GError) error = NULL;

      outcomes = dou_user_manager_register_finish (fixture->manager, result, &error);
      g_assert_no_error (error);
      if (g_array_index (outcomes, DouUserOutcome, 0).status == DOU_STATUS_OK)
        {
          g_assert_cmpint (winner, ==, 0);
          winner = i + 1;
          dou_test_accounts_assert_outcome (outcomes, 0, DOU_STATUS_OK, winner);
        }
      else
        dou_test_accounts_assert_outcome (outcomes, 0, DOU_STATUS_USER_EXISTS, 0);
    }

  g_assert_cmpint (winner, !=, 0);
  dou_test_accounts_assert_login (fixture, "ann", "pw", winner);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 1);
}

/* Test that a call whose reply was lost may come again, to the next process too, and costs no
 * hash. */
static void
test_retry (DouTestAccounts *fixture, gconstpointer data)
{
  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, 0);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 1);
}

/* Test that an id which belongs to somebody is not given to a second name. */
static void
test_id_taken (DouTestAccounts *fixture, gconstpointer data)
{
  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 1, "Bob", "pw", DOU_STATUS_BAD_PARAMETER);
  dou_test_accounts_assert_login (fixture, "Bob", "pw", 0);
  dou_test_accounts_assert_registered (fixture, 2, "Bob", "pw", DOU_STATUS_OK);
}

/* Test that a password is as long as it has characters, is taken as it is, and keeps working when
 * the limit is lowered. */
static void
test_password_length (DouTestAccounts *fixture, gconstpointer data)
{
  g_autoptr (GString) password = g_string_new (NULL);

  for (guint i = 0; i < DOU_TEST_ACCOUNTS_MAX_PASSWORD; i++)
    g_string_append (password, "🔑");
  dou_test_accounts_assert_registered (fixture, 1, "Ann", password->str, DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 2, "Bob", " \n\x01", DOU_STATUS_OK);
  dou_test_accounts_assert_login (fixture, "Bob", "", 0);
  dou_test_accounts_assert_login (fixture, "Bob", " \n", 0);
  dou_test_accounts_assert_login (fixture, "Bob", " \n\x01", 2);

  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES, DOU_TEST_ACCOUNTS_MAX_PENDING, 8);
  dou_test_accounts_assert_login (fixture, "Ann", password->str, 1);
  g_string_append (password, "🔑");
  dou_test_accounts_assert_registered (fixture, 3, "Joe", password->str, DOU_STATUS_BAD_PASSWORD);
}

/* Test that an unknown user, a name that nobody can have, and a wrong password fail alike, and that
 * each costs exactly one run of the hasher. */
static void
test_same_cost (DouTestAccounts *fixture, gconstpointer data)
{
  const char *names[] = { "Ann", "nobody", "", "\xff", "a\nb" };
  guint64 before;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  before = dou_password_hasher_get_n_runs (fixture->hasher);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      dou_test_accounts_assert_login (fixture, names[i], "wrong", 0);
      g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, before + i + 1);
    }
}

/* Test that a password too long to be anybody's costs nothing, whoever's name it comes with. */
static void
test_huge_password (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *password = g_strnfill (1000000, 'p');
  guint64 before;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  before = dou_password_hasher_get_n_runs (fixture->hasher);
  dou_test_accounts_assert_login (fixture, "Ann", password, 0);
  dou_test_accounts_assert_login (fixture, "nobody", password, 0);
  g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, before);
}

/* Test that accounts over the hasher's bound are told to try again, and are not half there. */
static void
test_overload (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserAccount accounts[] = {
    { 1, "a", "pw" }, { 2, "b", "pw" }, { 3, "c", "pw" }, { 4, "d", "pw" }, { 5, "C", "pw" }
  };
  g_autoptr (GArray) outcomes = NULL;

  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES, 2, DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  outcomes = dou_test_accounts_register (fixture, accounts, G_N_ELEMENTS (accounts));
  dou_test_accounts_assert_outcome (outcomes, 0, DOU_STATUS_OK, 1);
  dou_test_accounts_assert_outcome (outcomes, 1, DOU_STATUS_OK, 2);
  for (guint i = 2; i < 5; i++)
    dou_test_accounts_assert_outcome (outcomes, i, DOU_STATUS_UNAVAILABLE, 0);

  dou_test_accounts_assert_registered (fixture, 3, "c", "pw", DOU_STATUS_OK);
}

/* Test that a login makes the hash anew once its cost is not the one in use, and a failed login and
 * a second one do not. */
static void
test_rehash (DouTestAccounts *fixture, gconstpointer data)
{
  g_autofree char *cheap = NULL;
  g_autofree char *same = NULL;
  g_autofree char *dear = NULL;
  g_autofree char *last = NULL;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  cheap = dou_test_accounts_get_hash (fixture, "ann");

  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES + 1, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  dou_test_accounts_assert_login (fixture, "Ann", "wrong", 0);
  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES + 1, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  same = dou_test_accounts_get_hash (fixture, "ann");
  g_assert_cmpstr (same, ==, cheap);

  dou_test_accounts_assert_login (fixture, "Ann", "pw", 1);
  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES + 1, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  dear = dou_test_accounts_get_hash (fixture, "ann");
  g_assert_cmpstr (dear, !=, cheap);

  dou_test_accounts_assert_login (fixture, "Ann", "pw", 1);
  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES + 1, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  last = dou_test_accounts_get_hash (fixture, "ann");
  g_assert_cmpstr (last, ==, dear);
}

/* Test that a call fails as a whole when the database is gone, and that nobody is told of a
 * change. */
static void
test_no_database (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserAccount account = { 1, "Ann", "pw" };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_close (fixture->store);
  dou_user_manager_register_async (fixture->manager, &account, 1, NULL, dou_test_wait_result_cb,
                                   &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_user_manager_register_finish (fixture->manager, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 0);
}

static void
changed_cb (DouUserManager *manager, GArray *ids, gpointer user_data)
{
  g_array_append_vals (user_data, ids->data, ids->len);
}

/* Test that a change is announced by the time the call returns, for those whom it made and no
 * others, and is in the count. */
static void
test_changed (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserAccount accounts[] = { { 2, "Bob", "pw" }, { 3, "ann", "pw" }, { 4, "Joe", "pw" } };
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) outcomes = NULL;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  g_signal_connect (fixture->manager, "changed", G_CALLBACK (changed_cb), changed);
  outcomes = dou_test_accounts_register (fixture, accounts, G_N_ELEMENTS (accounts));
  g_assert_cmpuint (changed->len, ==, 2);
  g_assert_cmpint (g_array_index (changed, gint64, 0), ==, 2);
  g_assert_cmpint (g_array_index (changed, gint64, 1), ==, 4);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 3);
  dou_test_accounts_assert_login (fixture, "Bob", "pw", 2);
  g_assert_cmpuint (changed->len, ==, 2);
}

/* Test that the count is right from the start, and after each change. */
static void
test_count (DouTestAccounts *fixture, gconstpointer data)
{
  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 2, "Bob", "pw", DOU_STATUS_OK);
  dou_test_accounts_restart (fixture, DOU_TEST_ACCOUNTS_PASSES, DOU_TEST_ACCOUNTS_MAX_PENDING,
                             DOU_TEST_ACCOUNTS_MAX_PASSWORD);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 2);
  dou_test_accounts_assert_registered (fixture, 3, "Joe", "pw", DOU_STATUS_OK);
  g_assert_cmpint (dou_user_manager_get_user_count (fixture->manager), ==, 3);
}

/* Test that empty calls are answered. */
static void
test_empty (DouTestAccounts *fixture, gconstpointer data)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) outcomes = dou_test_accounts_register (fixture, NULL, 0);
  g_autoptr (GArray) logins = NULL;

  dou_user_manager_login_async (fixture->manager, NULL, 0, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  logins = dou_user_manager_login_finish (fixture->manager, result, NULL);
  g_assert_cmpuint (logins->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/user/manager/" name, DouTestAccounts, NULL, dou_test_accounts_set_up, func,        \
              dou_test_accounts_tear_down)
  ADD ("refused", test_refused);
  ADD ("variants", test_variants);
  ADD ("twice-in-a-call", test_twice_in_a_call);
  ADD ("race", test_race);
  ADD ("retry", test_retry);
  ADD ("id-taken", test_id_taken);
  ADD ("password-length", test_password_length);
  ADD ("same-cost", test_same_cost);
  ADD ("huge-password", test_huge_password);
  ADD ("overload", test_overload);
  ADD ("rehash", test_rehash);
  ADD ("no-database", test_no_database);
  ADD ("changed", test_changed);
  ADD ("count", test_count);
  ADD ("empty", test_empty);
#undef ADD

  return g_test_run ();
}
