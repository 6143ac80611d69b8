/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-status.h"
#include "lib/dou-test-wait.h"
#include "user/dou-password-hasher.h"

/* The least that libsodium takes. */
#define CHEAP_PASSES 1
#define CHEAP_MEMORY 8192

#define MAX_PENDING 8

typedef struct
{
  DouPasswordHasher *hasher; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->hasher = dou_password_hasher_new_with_cost (CHEAP_PASSES, CHEAP_MEMORY, MAX_PENDING);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->hasher != NULL)
    g_assert_finalize_object (fixture->hasher);
}

static char *
make_hash (DouPasswordHasher *hasher, const char *password)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *hash;

  dou_password_hasher_hash_async (hasher, password, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  hash = dou_password_hasher_hash_finish (hasher, result, &error);
  g_assert_no_error (error);
  return hash;
}

static gboolean
verify (DouPasswordHasher *hasher, const char *password, const char *hash, char **new_hash)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *unwanted = NULL;
  gboolean matches = FALSE;

  dou_password_hasher_verify_async (hasher, password, hash, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_true (dou_password_hasher_verify_finish (
      hasher, result, &matches, new_hash != NULL ? new_hash : &unwanted, &error));
  g_assert_no_error (error);
  return matches;
}

/* Test that nothing but the password itself matches, whatever the hash is. */
static void
test_wrong (Fixture *fixture, gconstpointer data)
{
  g_autofree char *hash = make_hash (fixture->hasher, "secret");
  const char *passwords[] = { "", "Secret", "secret ", " secret", "secre", "secrets" };
  const char *hashes[] = { "", "secret", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$$" };

  for (gsize i = 0; i < G_N_ELEMENTS (passwords); i++)
    g_assert_false (verify (fixture->hasher, passwords[i], hash, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (hashes); i++)
    g_assert_false (verify (fixture->hasher, "secret", hashes[i], NULL));
}

/* Test that a user who does not exist costs a run too, and has no password. */
static void
test_unknown (Fixture *fixture, gconstpointer data)
{
  guint64 before = dou_password_hasher_get_n_runs (fixture->hasher);

  g_assert_false (verify (fixture->hasher, "secret", NULL, NULL));
  g_assert_false (verify (fixture->hasher, "", NULL, NULL));
  g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, before + 2);
}

/* Test that passwords over the bound are refused at once, and only they. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *waited[MAX_PENDING + 3] = { NULL };
  g_autofree char *hash = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    dou_password_hasher_hash_async (fixture->hasher, "secret", NULL, dou_test_wait_result_cb,
                                    &waited[i]);
  g_assert_cmpuint (dou_password_hasher_get_n_runs (fixture->hasher), ==, MAX_PENDING);

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);
      g_autoptr (GError) error = NULL;
      g_autofree char *one = NULL;

      one = dou_password_hasher_hash_finish (fixture->hasher, result, &error);
      if (i < MAX_PENDING)
        g_assert_no_error (error);
      else
        g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
    }

  hash = make_hash (fixture->hasher, "secret");
  g_assert_nonnull (hash);
}

/* Test that what was cancelled before its turn is not hashed. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  dou_password_hasher_hash_async (fixture->hasher, "secret", cancellable, dou_test_wait_result_cb,
                                  &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_password_hasher_hash_finish (fixture->hasher, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Test that a password matches its hash, that hashes of one password differ, and that passwords of
 * all kinds work. */
static void
test_right (Fixture *fixture, gconstpointer data)
{
  g_autofree char *long_password = g_strnfill (512, 'x');
  const char *passwords[] = { "secret", "", " ", "密码🔑", "a\n\t\x01z", long_password };

  for (gsize i = 0; i < G_N_ELEMENTS (passwords); i++)
    {
      g_autofree char *hash = make_hash (fixture->hasher, passwords[i]);
      g_autofree char *other = make_hash (fixture->hasher, passwords[i]);
      g_autofree char *new_hash = NULL;

      g_assert_cmpstr (hash, !=, other);
      g_assert_true (verify (fixture->hasher, passwords[i], hash, &new_hash));
      g_assert_null (new_hash);
    }
}

/* Test that the cost in use is the recommended one, and stands in the hash. */
static void
test_cost (void)
{
  g_autoptr (DouPasswordHasher) hasher = dou_password_hasher_new ();
  g_autofree char *hash = make_hash (hasher, "secret");

  g_assert_true (g_str_has_prefix (hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
  g_assert_true (verify (hasher, "secret", hash, NULL));
}

/* Test that a right password of a hash with another cost brings a new hash, and a wrong one
 * none. */
static void
test_rehash (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouPasswordHasher) dearer
      = dou_password_hasher_new_with_cost (CHEAP_PASSES + 1, CHEAP_MEMORY * 2, MAX_PENDING);
  g_autofree char *hash = make_hash (fixture->hasher, "secret");
  g_autofree char *none = NULL;
  g_autofree char *new_hash = NULL;

  g_assert_false (verify (dearer, "wrong", hash, &none));
  g_assert_null (none);

  g_assert_true (verify (dearer, "secret", hash, &new_hash));
  g_assert_nonnull (strstr (new_hash, "m=16,t=2,p=1"));
  g_assert_true (verify (dearer, "secret", new_hash, &none));
  g_assert_null (none);
}

/* Test that the hasher may be dropped with passwords under way, which are still answered. */
static void
test_drop (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *waited[MAX_PENDING] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    dou_password_hasher_hash_async (fixture->hasher, "secret", NULL, dou_test_wait_result_cb,
                                    &waited[i]);
  g_clear_object (&fixture->hasher);
  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    g_object_unref (dou_test_wait_result (&waited[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/user/password-hasher/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("wrong", test_wrong);
  ADD ("unknown", test_unknown);
  ADD ("bound", test_bound);
  ADD ("cancelled", test_cancelled);
  ADD ("right", test_right);
  ADD ("rehash", test_rehash);
  ADD ("drop", test_drop);
#undef ADD
  g_test_add_func ("/user/password-hasher/cost", test_cost);

  return g_test_run ();
}
