/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-wait.h"
#include "user/dou-test-accounts.h"

static void
changed_cb (DouUserManager *manager, GArray *ids, gpointer user_data)
{
  g_array_append_vals (user_data, ids->data, ids->len);
}

/* @expected: (array length=n_edits) */
static void
assert_edited (DouTestAccounts *fixture, const DouUserEdit *edits, guint n_edits,
               const DouStatus *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_manager_set_profiles_async (fixture->manager, edits, n_edits, NULL,
                                       dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_user_manager_set_profiles_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (DouStatus), expected,
                   n_edits * sizeof (DouStatus));
}

static char *
get_signature (DouTestAccounts *fixture, gint64 id)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) users = NULL;

  dou_user_manager_get_users_async (fixture->manager, &id, 1, NULL, dou_test_wait_result_cb,
                                    &waited);
  result = dou_test_wait_result (&waited);
  users = dou_user_manager_get_users_finish (fixture->manager, result, NULL);
  return g_strdup (((DouUser *) g_ptr_array_index (users, 0))->signature);
}

/* Test that a call fails as a whole when the database is gone, and that nobody is told of a change.
 */
static void
test_no_database (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserEdit edit = { .id = 1, .signature = "hi" };
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  g_signal_connect (fixture->manager, "changed", G_CALLBACK (changed_cb), changed);
  dou_user_store_close (fixture->store);
  dou_user_manager_set_profiles_async (fixture->manager, &edit, 1, NULL, dou_test_wait_result_cb,
                                       &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_user_manager_set_profiles_finish (fixture->manager, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpuint (changed->len, ==, 0);
}

/* Test that a bad edit changes nothing and harms no other, that edits of one user come one after
 * the other, and that exactly those are announced for whom something is different. */
static void
test_edits (DouTestAccounts *fixture, gconstpointer data)
{
  const DouUserEdit edits[] = {
    { .id = 1, .signature = "first" },
    { .id = 1, .status = DOU_STATUS_BAD_PARAMETER, .signature = "bad" },
    { .id = 9, .signature = "nobody" },
    { .id = 2, .signature = "gone" },
    { .id = 1, .signature = "last" },
    { .id = 2, .signature = "" },
    { .id = 9 },
    { .id = -1, .signature = "nobody" },
  };
  const DouStatus expected[] = {
    DOU_STATUS_OK,
    DOU_STATUS_BAD_PARAMETER,
    DOU_STATUS_USER_NOT_FOUND,
    DOU_STATUS_OK,
    DOU_STATUS_OK,
    DOU_STATUS_OK,
    DOU_STATUS_USER_NOT_FOUND,
    DOU_STATUS_USER_NOT_FOUND,
  };
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *signature = NULL;

  dou_test_accounts_assert_registered (fixture, 1, "Ann", "pw", DOU_STATUS_OK);
  dou_test_accounts_assert_registered (fixture, 2, "Bob", "pw", DOU_STATUS_OK);
  g_signal_connect (fixture->manager, "changed", G_CALLBACK (changed_cb), changed);

  assert_edited (fixture, edits, G_N_ELEMENTS (edits), expected);
  signature = get_signature (fixture, 1);
  g_assert_cmpstr (signature, ==, "last");
  g_assert_cmpuint (changed->len, ==, 1);
  g_assert_cmpint (g_array_index (changed, gint64, 0), ==, 1);

  assert_edited (fixture, edits, G_N_ELEMENTS (edits), expected);
  assert_edited (fixture, edits + 1, 1, expected + 1);
  assert_edited (fixture, NULL, 0, NULL);
  g_assert_cmpuint (changed->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/user/set-profiles/" name, DouTestAccounts, NULL, dou_test_accounts_set_up, func,   \
              dou_test_accounts_tear_down)
  ADD ("no-database", test_no_database);
  ADD ("edits", test_edits);
#undef ADD

  return g_test_run ();
}
