/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-database-transaction.h"
#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "user/dou-user-store.h"

/* Ids as large as they get. */
#define FIRST_ID (DOU_ID_MAX - 10000)

typedef struct
{
  char *directory;     /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouUserStore *store; /* (owned) (nullable) */
} Fixture;

static void
open_store (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = dou_user_store_open (fixture->address, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "user");
  open_store (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->store);
  dou_test_dir_remove (fixture->directory);
  dou_test_engine_remove (fixture->address);
}

static GArray *
add (DouUserStore *store, const DouUserRow *rows, guint n_rows, gint64 *n_added)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *owners;

  dou_user_store_add_async (store, rows, n_rows, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  owners = dou_user_store_add_finish (store, result, n_added, &error);
  g_assert_no_error (error);
  return owners;
}

/* Adds @rows and checks who has their names then. */
static void
assert_added (Fixture *fixture, const DouUserRow *rows, guint n_rows, const gint64 *expected,
              gint64 expected_added)
{
  gint64 n_added = -1;
  g_autoptr (GArray) owners = add (fixture->store, rows, n_rows, &n_added);

  g_assert_cmpmem (owners->data, owners->len * sizeof (gint64), expected, n_rows * sizeof (gint64));
  g_assert_cmpint (n_added, ==, expected_added);
}

static GArray *
find (DouUserStore *store, const char *const *keys, guint n_keys)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *secrets;

  dou_user_store_find_async (store, keys, n_keys, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  secrets = dou_user_store_find_finish (store, result, &error);
  g_assert_no_error (error);
  return secrets;
}

static void
assert_hash (Fixture *fixture, const char *key, const char *expected)
{
  g_autoptr (GArray) secrets = find (fixture->store, &key, 1);

  g_assert_cmpuint (secrets->len, ==, 1);
  g_assert_cmpstr (g_array_index (secrets, DouUserSecret, 0).password_hash, ==, expected);
}

static void
replace_hash (Fixture *fixture, gint64 id, const char *old_hash, const char *new_hash)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_replace_hash_async (fixture->store, id, old_hash, new_hash, NULL,
                                     dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_true (dou_user_store_replace_hash_finish (fixture->store, result, &error));
  g_assert_no_error (error);
}

/* Makes @edits and checks what each did. */
static void
assert_edited (Fixture *fixture, const DouUserEdit *edits, guint n_edits,
               const DouUserEffect *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) effects = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_edit_async (fixture->store, edits, n_edits, NULL, dou_test_wait_result_cb,
                             &waited);
  result = dou_test_wait_result (&waited);
  effects = dou_user_store_edit_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (effects->data, effects->len * sizeof (DouUserEffect), expected,
                   n_edits * sizeof (DouUserEffect));
}

static void
assert_profile (Fixture *fixture, gint64 id, const char *signature, const char *avatar,
                const char *background_image)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) users = NULL;
  const DouUser *user;

  dou_user_store_get_async (fixture->store, &id, 1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  users = dou_user_store_get_finish (fixture->store, result, NULL);
  user = g_ptr_array_index (users, 0);
  g_assert_cmpstr (user->signature, ==, signature);
  g_assert_cmpstr (user->avatar, ==, avatar);
  g_assert_cmpstr (user->background_image, ==, background_image);
}

/* Makes @changes and checks the generation that each led to. */
static void
assert_changed (Fixture *fixture, const DouUserHashChange *changes, guint n_changes,
                const gint64 *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) generations = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_change_hashes_async (fixture->store, changes, n_changes, NULL,
                                      dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  generations = dou_user_store_change_hashes_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (generations->data, generations->len * sizeof (gint64), expected,
                   n_changes * sizeof (gint64));
}

static void
assert_generations (Fixture *fixture, const gint64 *ids, guint n_ids, const gint64 *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) generations = NULL;
  g_autoptr (GError) error = NULL;

  dou_user_store_get_generations_async (fixture->store, ids, n_ids, NULL, dou_test_wait_result_cb,
                                        &waited);
  result = dou_test_wait_result (&waited);
  generations = dou_user_store_get_generations_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (generations->data, generations->len * sizeof (gint64), expected,
                   n_ids * sizeof (gint64));
}

static gint64
count (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  gint64 n = dou_user_store_count (fixture->store, &error);

  g_assert_no_error (error);
  return n;
}

/* Test that a file which is no database is refused by name. */
static void
test_not_a_database (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "other.db", NULL);
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  g_autofree char *junk = g_strnfill (10000, '?');
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, junk, -1, NULL));
  g_assert_null (dou_user_store_open (address, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, path));
}

/* Test that a closed store answers with an error. */
static void
test_closed (Fixture *fixture, gconstpointer data)
{
  const DouUserRow row = { 1, "Ann", "ann", "h" };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 n_added;

  dou_user_store_close (fixture->store);
  dou_user_store_add_async (fixture->store, &row, 1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_user_store_add_finish (fixture->store, result, &n_added, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_clear_error (&error);

  g_assert_cmpint (dou_user_store_count (fixture->store, &error), ==, -1);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that a name is given once: within a batch, and to a later one; and that neither the taken
 * names nor a taken id keep the others out. */
static void
test_taken (Fixture *fixture, gconstpointer data)
{
  const DouUserRow first[]
      = { { 1, "Ann", "ann", "h1" }, { 2, "ANN", "ann", "h2" }, { 3, "Bob", "bob", "h3" } };
  const DouUserRow second[]
      = { { 4, "ann", "ann", "h4" }, { 3, "Eve", "eve", "h5" }, { 5, "Joe", "joe", "h6" } };

  assert_added (fixture, first, 3, (const gint64[]){ 1, 1, 3 }, 2);
  assert_added (fixture, second, 3, (const gint64[]){ 1, 0, 5 }, 1);
  assert_hash (fixture, "ann", "h1");
  assert_hash (fixture, "eve", NULL);
  g_assert_cmpint (count (fixture), ==, 3);
}

/* Test that the same call may come again. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  const DouUserRow rows[] = { { 1, "Ann", "ann", "h1" }, { 2, "Bob", "bob", "h2" } };
  const DouUserRow again[] = { { 1, "Ann", "ann", "other" }, { 2, "Bob", "bob", "other" } };

  assert_added (fixture, rows, 2, (const gint64[]){ 1, 2 }, 2);
  assert_added (fixture, again, 2, (const gint64[]){ 1, 2 }, 0);
  assert_hash (fixture, "ann", "h1");
}

/* Test that a hash which is no longer the old one stays, and that of nobody is no error. */
static void
test_replace_hash (Fixture *fixture, gconstpointer data)
{
  const DouUserRow row = { 1, "Ann", "ann", "h1" };

  assert_added (fixture, &row, 1, (const gint64[]){ 1 }, 1);
  replace_hash (fixture, 1, "stale", "h2");
  assert_hash (fixture, "ann", "h1");
  replace_hash (fixture, 7, "h1", "h2");
  assert_hash (fixture, "ann", "h1");
  replace_hash (fixture, 1, "h1", "h2");
  assert_hash (fixture, "ann", "h2");
}

/* Test that only the members that were named change, that nobody else does, and that it is known
 * what was different. */
static void
test_edit (Fixture *fixture, gconstpointer data)
{
  const DouUserRow rows[] = { { 1, "Ann", "ann", "h1" }, { 2, "Bob", "bob", "h2" } };
  const DouUserEdit first[] = { { .id = 7, .signature = "nobody" },
                                { .id = 2, .signature = "null", .avatar = "a" },
                                { .id = 1 } };
  const DouUserEdit second[] = { { .id = 2, .signature = "", .background_image = "b" },
                                 { .id = 1, .signature = "", .avatar = "" } };
  const DouUserEdit third[]
      = { { .id = 2, .signature = "", .avatar = "a", .background_image = "b" } };

  assert_added (fixture, rows, 2, (const gint64[]){ 1, 2 }, 2);
  assert_edited (fixture, first, 3,
                 (const DouUserEffect[]){ DOU_USER_ABSENT, DOU_USER_CHANGED, DOU_USER_SAME });
  assert_profile (fixture, 2, "null", "a", "");
  assert_edited (fixture, second, 2, (const DouUserEffect[]){ DOU_USER_CHANGED, DOU_USER_SAME });
  assert_profile (fixture, 2, "", "a", "b");
  assert_edited (fixture, third, 1, (const DouUserEffect[]){ DOU_USER_SAME });
  assert_profile (fixture, 1, "", "", "");
  assert_hash (fixture, "bob", "h2");
}

/* Test that a password is changed only where the hash is still the old one, once whatever comes in
 * one batch, and that each change counts. */
static void
test_change_hashes (Fixture *fixture, gconstpointer data)
{
  const DouUserRow rows[] = { { 1, "Ann", "ann", "h1" }, { 2, "Bob", "bob", "h2" } };
  const DouUserHashChange bad[] = { { 1, "stale", "h3" }, { 7, "h1", "h3" } };
  const DouUserHashChange good[] = { { 2, "h2", "h4" }, { 1, "stale", "h3" }, { 1, "h1", "h5" } };
  const DouUserHashChange twice[] = { { 2, "h4", "h6" }, { 2, "h4", "h7" } };
  const gint64 ids[] = { 2, 7, 1, 0, 2 };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) generations = NULL;

  assert_added (fixture, rows, 2, (const gint64[]){ 1, 2 }, 2);
  assert_changed (fixture, bad, 2, (const gint64[]){ -1, -1 });
  assert_generations (fixture, ids, 5, (const gint64[]){ 0, -1, 0, -1, 0 });
  assert_changed (fixture, good, 3, (const gint64[]){ 1, -1, 1 });
  assert_changed (fixture, good, 3, (const gint64[]){ 1, -1, 1 });
  assert_hash (fixture, "ann", "h5");
  replace_hash (fixture, 1, "h5", "h8");
  assert_generations (fixture, ids, 5, (const gint64[]){ 1, -1, 1, -1, 1 });

  dou_user_store_change_hashes_async (fixture->store, twice, 2, NULL, dou_test_wait_result_cb,
                                      &waited);
  result = dou_test_wait_result (&waited);
  generations = dou_user_store_change_hashes_finish (fixture->store, result, NULL);
  g_assert_cmpint (
      MIN (g_array_index (generations, gint64, 0), g_array_index (generations, gint64, 1)), ==, -1);
  g_assert_cmpint (
      MAX (g_array_index (generations, gint64, 0), g_array_index (generations, gint64, 1)), ==, 2);
  assert_generations (fixture, ids, 1, (const gint64[]){ 2 });
}

/* Test that a name and an id lead to the same secret. */
static void
test_secrets (Fixture *fixture, gconstpointer data)
{
  const DouUserRow row = { 5, "Ann", "ann", "h1" };
  const DouUserHashChange change = { 5, "h1", "h2" };
  const gint64 ids[] = { 6, 5 };
  const char *keys[] = { "bob", "ann" };
  g_autoptr (GArray) found = NULL;
  g_autoptr (GArray) got = NULL;
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  assert_added (fixture, &row, 1, (const gint64[]){ 5 }, 1);
  assert_changed (fixture, &change, 1, (const gint64[]){ 1 });

  found = find (fixture->store, keys, 2);
  dou_user_store_get_secrets_async (fixture->store, ids, 2, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  got = dou_user_store_get_secrets_finish (fixture->store, result, NULL);
  g_assert_cmpuint (got->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      const DouUserSecret *by_key = &g_array_index (found, DouUserSecret, i);
      const DouUserSecret *by_id = &g_array_index (got, DouUserSecret, i);

      g_assert_cmpint (by_key->id, ==, i == 1 ? 5 : 0);
      g_assert_cmpint (by_id->id, ==, by_key->id);
      g_assert_cmpint (by_key->generation, ==, i == 1 ? 1 : 0);
      g_assert_cmpint (by_id->generation, ==, by_key->generation);
      g_assert_cmpstr (by_key->password_hash, ==, i == 1 ? "h2" : NULL);
      g_assert_cmpstr (by_id->password_hash, ==, by_key->password_hash);
    }
}

/* Test that users who registered before passwords could be changed have the generation 0, and that
 * those who registered before there was a total are counted. */
static void
test_migration (Fixture *fixture, gconstpointer data)
{
  const char *steps_back[] = { "DROP TRIGGER users_inserted",
                               "DROP TRIGGER users_deleted",
                               "DROP TABLE totals",
                               "ALTER TABLE users DROP COLUMN generation",
                               "DROP TABLE user_deletions",
                               "DROP TABLE user_audit",
                               "DROP INDEX users_banned",
                               "ALTER TABLE users DROP COLUMN banned",
                               "UPDATE schema_version SET version = 1 WHERE domain = 'user'" };
  const DouUserRow row = { 1, "Ann", "ann", "h1" };
  DouTransaction *connection;
  g_autoptr (GError) error = NULL;
  gint64 id = 1;

  assert_added (fixture, &row, 1, &id, 1);
  g_assert_finalize_object (fixture->store);

  connection = dou_transaction_open (fixture->address, &error);
  for (gsize i = 0; i < G_N_ELEMENTS (steps_back); i++)
    {
      dou_transaction_run_sql (connection, steps_back[i], &error);
      g_assert_no_error (error);
    }
  dou_transaction_close (connection);

  open_store (fixture);
  g_assert_cmpuint (dou_user_store_get_schema_version (fixture->store), ==, 5);
  assert_generations (fixture, &id, 1, (const gint64[]){ 0 });
  assert_hash (fixture, "ann", "h1");
  g_assert_cmpint (count (fixture), ==, 1);
}

/* Test that answers come in the order of the question, for those who are not there and those who
 * were asked for twice too. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  const DouUserRow rows[] = { { 10, "Ann", "ann", "h1" }, { 20, "Bob", "bob", "h2" } };
  const char *keys[] = { "bob", "nobody", "ann", "bob", "" };
  const gint64 expected_ids[] = { 20, 0, 10, 20, 0 };
  const gint64 ids[] = { 20, 0, -1, 10, 20, G_MAXINT64 };
  const char *expected_names[] = { "Bob", NULL, NULL, "Ann", "Bob", NULL };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) secrets = NULL;
  g_autoptr (GPtrArray) users = NULL;

  assert_added (fixture, rows, 2, (const gint64[]){ 10, 20 }, 2);

  secrets = find (fixture->store, keys, G_N_ELEMENTS (keys));
  g_assert_cmpuint (secrets->len, ==, G_N_ELEMENTS (keys));
  for (guint i = 0; i < secrets->len; i++)
    g_assert_cmpint (g_array_index (secrets, DouUserSecret, i).id, ==, expected_ids[i]);

  dou_user_store_get_async (fixture->store, ids, G_N_ELEMENTS (ids), NULL, dou_test_wait_result_cb,
                            &waited);
  result = dou_test_wait_result (&waited);
  users = dou_user_store_get_finish (fixture->store, result, NULL);
  g_assert_cmpuint (users->len, ==, G_N_ELEMENTS (ids));
  for (guint i = 0; i < users->len; i++)
    {
      const DouUser *user = g_ptr_array_index (users, i);

      g_assert_cmpstr (user != NULL ? user->name : NULL, ==, expected_names[i]);
      if (user != NULL)
        g_assert_cmpint (user->id, ==, ids[i]);
    }
}

/* Test that texts of every kind come back as they went in. */
static void
test_texts (Fixture *fixture, gconstpointer data)
{
  const char *texts[] = { "'",
                          "\"",
                          "\\",
                          "a'b\"c\\d",
                          "##x::string",
                          "?1 $2 :a",
                          "; DROP TABLE users",
                          "抖音👩‍👩‍👧",
                          "%_",
                          "<&>",
                          "null",
                          "1e400",
                          "007" };
  DouUserRow rows[G_N_ELEMENTS (texts)];
  gint64 ids[G_N_ELEMENTS (texts)];
  g_autoptr (GArray) secrets = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      ids[i] = i + 1;
      rows[i] = (DouUserRow){ ids[i], texts[i], texts[i], texts[i] };
    }

  assert_added (fixture, rows, G_N_ELEMENTS (texts), ids, G_N_ELEMENTS (texts));
  secrets = find (fixture->store, texts, G_N_ELEMENTS (texts));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_cmpstr (g_array_index (secrets, DouUserSecret, i).password_hash, ==, texts[i]);
}

/* Test that a large batch works, and that everything is there after closing and opening. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  const guint n = 4096;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree DouUserRow *rows = g_new (DouUserRow, n);
  g_autoptr (GArray) owners = NULL;
  gint64 n_added;

  for (guint i = 0; i < n; i++)
    {
      char *name = g_strdup_printf ("user%u", i);

      g_ptr_array_add (names, name);
      rows[i] = (DouUserRow){ FIRST_ID + i, name, name, "h" };
    }

  owners = add (fixture->store, rows, n, &n_added);
  g_assert_cmpint (n_added, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (g_array_index (owners, gint64, i), ==, FIRST_ID + i);

  g_assert_finalize_object (fixture->store);
  open_store (fixture);
  g_assert_cmpint (count (fixture), ==, n);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/user/store/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("not-a-database", test_not_a_database);
  ADD ("closed", test_closed);
  ADD ("taken", test_taken);
  ADD ("again", test_again);
  ADD ("replace-hash", test_replace_hash);
  ADD ("edit", test_edit);
  ADD ("change-hashes", test_change_hashes);
  ADD ("secrets", test_secrets);
  ADD ("order", test_order);
  ADD ("texts", test_texts);
  ADD ("many", test_many);
  if (!dou_test_engine_is_server ())
    ADD ("migration", test_migration);
#undef ADD

  return g_test_run ();
}
