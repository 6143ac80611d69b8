/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-dir.h"
#include "lib/dou-test-plans.h"
#include "user/dou-user-store.h"

static const char *const exceptions[] = {
  /* The oldest entries, up to a limit. */
  "forget-audit: SCAN user_audit",
  /* Who is just being deleted, up to a limit: hardly ever anybody. */
  "list-deletions: SCAN user_deletions",
  NULL,
};

/* Test that no statement reads through a table that grows. */
static void
test_no_scan (void)
{
  char *directory = dou_test_dir_new ();
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_in (directory, "user");
  g_autoptr (GError) error = NULL;
  g_autoptr (DouUserStore) store = dou_user_store_open (address, &error);

  g_assert_no_error (error);
  dou_test_plans_assert_no_scan ("user", address, exceptions);
  g_clear_object (&store);
  dou_test_dir_remove (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/user/plans/no-scan", test_no_scan);

  return g_test_run ();
}
