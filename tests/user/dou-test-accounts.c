/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "user/dou-test-accounts.h"

/* The least that libsodium takes. */
#define CHEAP_MEMORY 8192

static void
dou_test_accounts_start (DouTestAccounts *self, guint passes, guint max_pending, glong max_password)
{
  g_autoptr (GError) error = NULL;

  self->store = dou_user_store_open (self->address, &error);
  g_assert_no_error (error);
  self->hasher = dou_password_hasher_new_with_cost (passes, CHEAP_MEMORY, max_pending);
  self->manager = dou_user_manager_new (self->store, self->hasher, max_password, &error);
  g_assert_no_error (error);
}

static void
dou_test_accounts_stop (DouTestAccounts *self)
{
  dou_user_store_close (self->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->manager);
  g_assert_finalize_object (self->hasher);
  g_assert_finalize_object (self->store);
}

void
dou_test_accounts_set_up (DouTestAccounts *self, gconstpointer data)
{
  self->directory = dou_test_dir_new ();
  self->address = dou_test_engine_create (self->directory, "user");
  dou_test_accounts_start (self, DOU_TEST_ACCOUNTS_PASSES, DOU_TEST_ACCOUNTS_MAX_PENDING,
                           DOU_TEST_ACCOUNTS_MAX_PASSWORD);
}

void
dou_test_accounts_tear_down (DouTestAccounts *self, gconstpointer data)
{
  dou_test_accounts_stop (self);
  dou_test_dir_remove (self->directory);
  dou_test_engine_remove (self->address);
}

/**
 * dou_test_accounts_restart:
 * @self: a fixture, of whose objects nobody else holds a reference
 * @passes: of the hasher
 * @max_pending: of the hasher
 * @max_password: of the manager
 *
 * Replaces everything but the database, as another process would find it.
 */
void
dou_test_accounts_restart (DouTestAccounts *self, guint passes, guint max_pending,
                           glong max_password)
{
  dou_test_accounts_stop (self);
  dou_test_accounts_start (self, passes, max_pending, max_password);
}

/**
 * dou_test_accounts_register:
 * @self: a fixture
 * @accounts: (array length=n_accounts): who wants to register
 * @n_accounts: how many
 *
 * Returns: (transfer full) (element-type DouUserOutcome): what became of them
 */
GArray *
dou_test_accounts_register (DouTestAccounts *self, const DouUserAccount *accounts, guint n_accounts)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *outcomes;

  dou_user_manager_register_async (self->manager, accounts, n_accounts, NULL,
                                   dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  outcomes = dou_user_manager_register_finish (self->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, n_accounts);
  return outcomes;
}

/**
 * dou_test_accounts_get_hash:
 * @self: a fixture
 * @key: under which somebody's name is unique
 *
 * Returns: (transfer full): the hash of the password
 */
char *
dou_test_accounts_get_hash (DouTestAccounts *self, const char *key)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) secrets = NULL;

  dou_user_store_find_async (self->store, &key, 1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  secrets = dou_user_store_find_finish (self->store, result, NULL);
  return g_strdup (g_array_index (secrets, DouUserSecret, 0).password_hash);
}

void
dou_test_accounts_assert_outcome (GArray *outcomes, guint i, DouStatus status, gint64 id)
{
  g_assert_cmpint (g_array_index (outcomes, DouUserOutcome, i).status, ==, status);
  g_assert_cmpint (g_array_index (outcomes, DouUserOutcome, i).id, ==, id);
}

void
dou_test_accounts_assert_registered (DouTestAccounts *self, gint64 id, const char *name,
                                     const char *password, DouStatus expected)
{
  const DouUserAccount account = { id, name, password };
  g_autoptr (GArray) outcomes = dou_test_accounts_register (self, &account, 1);

  dou_test_accounts_assert_outcome (outcomes, 0, expected, expected == DOU_STATUS_OK ? id : 0);
}

/**
 * dou_test_accounts_assert_login:
 * @self: a fixture
 * @name: a name
 * @password: a password
 * @expected: the id of the user, or 0 if the login must fail
 */
void
dou_test_accounts_assert_login (DouTestAccounts *self, const char *name, const char *password,
                                gint64 expected)
{
  const DouUserAccount account = { 0, name, password };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) outcomes = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_manager_login_async (self->manager, &account, 1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  outcomes = dou_user_manager_login_finish (self->manager, result, &error);
  g_assert_no_error (error);
  dou_test_accounts_assert_outcome (
      outcomes, 0, expected != 0 ? DOU_STATUS_OK : DOU_STATUS_BAD_CREDENTIALS, expected);
}
