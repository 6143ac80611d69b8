/* SPDX-License-Identifier: Apache-2.0 */

/* Copies from SQLite to the engine under test, and back. */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "common/dou-database.h"
#include "common/dou-status.h"
#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-end.h"
#include "copy/dou-copy-plan.h"
#include "copy-fixture.h"
#include "lib/dou-test-engine.h"

static void
progress_cb (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  g_assert_cmpuint (done, <=, total);
}

/* Returns: (transfer full) (nullable) */
static GPtrArray *
try_copy (DouConfig *from, DouConfig *to, guint n_rows, GError **error)
{
  DouCopyRequest request
      = { .from = from, .to = to, .n_rows = n_rows, .progress = progress_cb };

  return dou_copy (&request, error);
}

static void
copy (DouConfig *from, DouConfig *to, guint n_rows)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = try_copy (from, to, n_rows, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < lines->len; i++)
    {
      const DouCopyLine *line = g_ptr_array_index (lines, i);

      g_test_message ("%s: %u, %s", line->title, (guint) line->n_rows, line->checksum);
      g_assert_true (line->is_equal);
    }
}

static void
assert_refused (DouConfig *from, DouConfig *to, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = try_copy (from, to, 0, &error);

  g_assert_null (lines);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, message));
}

/* Test that every row of every kind arrives as it was, there and back, and with batches of any size. */
static void
test_there_and_back (CopyFixture *fixture, gconstpointer data)
{
  guint n_rows = GPOINTER_TO_UINT (data);

  copy (fixture->first, fixture->middle, n_rows);
  copy (fixture->middle, fixture->last, n_rows);
  copy_fixture_assert_same_files (fixture->first, fixture->last);
}

static const char *
get_totals (void)
{
  return dou_test_engine_is_server () ? "SELECT users FROM user_totals" : "SELECT users FROM totals";
}

/* Test that the target works as if it had always been there: what is counted goes on to be counted, and
 * no number is used twice. */
static void
test_goes_on (CopyFixture *fixture, gconstpointer data)
{
  const char *user = dou_test_engine_is_server () ? "user_id" : "user";
  g_autofree char *like
      = g_strdup_printf ("INSERT INTO favorites (%s, video, author) VALUES (77, 10, 1)", user);
  g_autofree char *follow = g_strdup_printf ("INSERT INTO follows (%s, whom) VALUES (1, -1)", user);
  g_autofree char *counts
      = g_strdup_printf ("SELECT total_favorited FROM user_counts WHERE %s = 1", user);
  g_autofree char *unfollow = g_strdup_printf ("DELETE FROM follows WHERE %s = 2", user);

  copy (fixture->first, fixture->middle, 0);
  g_assert_cmpint (copy_fixture_get_number (fixture->middle, "user", get_totals ()), ==, 5);
  copy_fixture_execute (fixture->middle, "user",
                        "INSERT INTO users (id, name, name_key, password_hash) "
                        "VALUES (3, 'x', 'x', '')");
  g_assert_cmpint (copy_fixture_get_number (fixture->middle, "user", get_totals ()), ==, 6);

  g_assert_cmpint (copy_fixture_get_number (fixture->middle, "social", counts), ==, 3);
  copy_fixture_execute (fixture->middle, "social", like);
  g_assert_cmpint (copy_fixture_get_number (fixture->middle, "social", counts), ==, 4);
  g_assert_cmpint (copy_fixture_get_number (fixture->middle, "social",
                                            "SELECT max(sequence) FROM favorites"), >, 40);

  copy_fixture_execute (fixture->middle, "social", follow);
  copy_fixture_execute (fixture->middle, "social", unfollow);
  copy (fixture->middle, fixture->last, 0);
  g_assert_cmpint (copy_fixture_get_number (fixture->last, "social",
                                            "SELECT count(*) FROM follows WHERE mutual = 1"), ==, 2);
}

/* Test that what is there is left alone. */
static void
test_not_empty (CopyFixture *fixture, gconstpointer data)
{
  g_autofree char *path
      = g_build_filename (dou_config_get_string (fixture->last, DOU_CONFIG_STATE_DIR), "token-keys",
                          NULL);

  copy (fixture->first, fixture->middle, 0);
  assert_refused (fixture->first, fixture->middle, "is not empty");
  assert_refused (fixture->middle, fixture->first, "is not empty");
  assert_refused (fixture->first, fixture->first, "Both configurations lead to");
  assert_refused (fixture->middle, fixture->middle, "");

  g_assert_true (g_file_set_contents (path, "x", -1, NULL));
  assert_refused (fixture->first, fixture->last, "it has token-keys");
}

/* Test that a text which not every engine can keep is found before half of it is copied. */
static void
test_zero_byte (CopyFixture *fixture, gconstpointer data)
{
  g_autoptr (DouDatabaseAddress) address
      = dou_database_address_new_from_config (fixture->middle, "video", NULL);
  g_autoptr (DouDatabase) database = NULL;
  g_autoptr (GError) error = NULL;

  copy_fixture_execute (fixture->first, "video",
                        "UPDATE videos SET title = CAST(x'610062' AS TEXT) WHERE id = 11");
  assert_refused (fixture->first, fixture->middle, "video.videos: a row has a text");

  /* No server starts on the half that is there. */
  database = dou_database_open ("video", address, &error);
  g_assert_null (database);
  g_assert_nonnull (strstr (error->message, "a copy into it is not finished"));
  g_assert_true (
      dou_copy_is_unfinished (dou_config_get_string (fixture->middle, DOU_CONFIG_STATE_DIR)));
  /* Nor is it anybody's source. */
  assert_refused (fixture->middle, fixture->last, "is not finished");
}

/* Test that half of one copy does not become half of another, and that it goes on when it can. */
static void
test_other_source (CopyFixture *fixture, gconstpointer data)
{
  g_autoptr (DouConfig) other = copy_fixture_make_config (fixture, "other");

  copy (fixture->first, other, 0);
  copy_fixture_execute (fixture->first, "video",
                        "UPDATE videos SET title = CAST(x'610062' AS TEXT) WHERE id = 11");
  assert_refused (fixture->first, fixture->middle, "video.videos");
  assert_refused (other, fixture->middle, "was under way");
  copy_fixture_execute (fixture->first, "video", "UPDATE videos SET title = 'a' WHERE id = 11");
  copy (fixture->first, fixture->middle, 0);
  copy (fixture->middle, fixture->last, 0);
  copy_fixture_assert_same_files (fixture->first, fixture->last);
}

/* Test that a difference is seen, and keeps the copy from being finished. */
static void
test_difference (CopyFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = NULL;
  guint n_different = 0;

  copy_fixture_execute (fixture->first, "video",
                        "UPDATE videos SET title = CAST(x'610062' AS TEXT) WHERE id = 11");
  assert_refused (fixture->first, fixture->middle, "video.videos");
  /* Behind the back of the copy. */
  copy_fixture_execute (fixture->first, "video", "UPDATE videos SET title = 'a' WHERE id = 11");
  copy_fixture_execute (fixture->middle, "user", "UPDATE users SET name = 'Anna' WHERE id = 1");

  lines = try_copy (fixture->first, fixture->middle, 0, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < lines->len; i++)
    {
      const DouCopyLine *line = g_ptr_array_index (lines, i);

      g_assert_cmpint (line->is_equal, !=, g_str_equal (line->title, "user.users"));
      n_different += line->is_equal ? 0 : 1;
    }
  g_assert_cmpuint (n_different, ==, 1);
  g_assert_true (
      dou_copy_is_unfinished (dou_config_get_string (fixture->middle, DOU_CONFIG_STATE_DIR)));
}

/* Test that tables of another version are not taken for those of this one. */
static void
test_versions (CopyFixture *fixture, gconstpointer data)
{
  g_autoptr (DouConfig) none = copy_fixture_make_config (fixture, "none");

  assert_refused (none, fixture->middle, "There is no database");
  copy_fixture_execute (fixture->first, "chat",
                        "UPDATE schema_version SET version = 1 WHERE domain = 'chat'");
  assert_refused (fixture->first, fixture->middle, "chat tables have version 1");
  copy_fixture_execute (fixture->first, "chat",
                        "UPDATE schema_version SET version = 99 WHERE domain = 'chat'");
  assert_refused (fixture->first, fixture->middle, "chat tables have version 99");
}

/* Test that neither end may be in use. Each refusal takes its time, so each engine tries one. */
static void
test_in_use (CopyFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTransaction) other = NULL;

  copy (fixture->first, fixture->middle, 0);
  if (!dou_test_engine_is_server ())
    {
      g_test_skip ("Files are locked by their directory");
      return;
    }

  other = copy_fixture_connect (fixture->middle, "user");
  if (g_str_equal (dou_test_engine_get_name (), "postgresql"))
    assert_refused (fixture->middle, fixture->last, "is in use, connections of others: 1");
  else
    assert_refused (fixture->first, fixture->middle, "is in use, connections of others: 1");
}

/* Test that media and keys stay where they are if both ends have them in one directory. */
static void
test_one_directory (CopyFixture *fixture, gconstpointer data)
{
  if (!dou_test_engine_is_server ())
    {
      g_test_skip ("Two sets of files need two directories");
      return;
    }

  g_assert_true (dou_config_set (fixture->middle, DOU_CONFIG_STATE_DIR,
                                 dou_config_get_string (fixture->first, DOU_CONFIG_STATE_DIR), NULL));
  copy (fixture->first, fixture->middle, 0);
  copy (fixture->middle, fixture->last, 0);
  copy_fixture_assert_same_files (fixture->first, fixture->last);
}

/* Rows of each kind, each made from a number from 1 on. */
static void
fill_with_many (CopyFixture *fixture)
{
  static const struct
  {
    const char *domain;
    guint n_rows;
    const char *table;
    const char *values;
  } kinds[] = {
    { "user", 20000, "users (id, name, name_key, password_hash)",
      "i + 1000, 'user ' || i, 'user ' || i, '$argon2id$v=19$m=19456,t=2,p=1$' || i" },
    { "video", 100000,
      "videos (id, author_id, title, file, cover, publish_time, transcode)",
      "i + 1000, 1000 + i % 20000, '视频 ' || i, 'video/00/' || i || '.mp4', 'cover/00/' || i || '.jpg', "
      "1700000000000 + i, 0" },
    { "social", 300000, "favorites (user, video, author)",
      "1000 + i % 20000, 1000 + i / 3, 1000 + i / 3 % 20000" },
    { "social", 60000, "follows (user, whom)", "1000 + i % 20000, 21000 + i / 20000" },
    { "social", 100000, "comments (id, video, user, text, created)",
      "i + 1000, 1000 + i % 100000, 1000 + i % 20000, 'a comment of ordinary length ' || i, i" },
    { "chat", 100000, "messages (receiver, sender, time, id, text)",
      "1000 + i % 1000, 2000 + i % 1001, i + 100, i + 10000, 'a message of ordinary length ' || i" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *sql = g_strdup_printf (
          "INSERT INTO %s WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %u) "
          "SELECT %s FROM n",
          kinds[i].table, kinds[i].n_rows, kinds[i].values);

      copy_fixture_execute (fixture->first, kinds[i].domain, sql);
    }
}

/* Test that 100,000 videos, and what belongs to them, are the same after both ways. */
static void
test_many (CopyFixture *fixture, gconstpointer data)
{
  gint64 begun, there, back;

  if (g_getenv ("DOUTOK_TEST_LONG") == NULL)
    {
      g_test_skip ("It takes minutes: --long");
      return;
    }

  fill_with_many (fixture);
  begun = g_get_monotonic_time ();
  copy (fixture->first, fixture->middle, 0);
  there = g_get_monotonic_time ();
  copy (fixture->middle, fixture->last, 0);
  back = g_get_monotonic_time ();
  g_test_message ("there in %.1f s, back in %.1f s", (double) (there - begun) / G_USEC_PER_SEC,
                  (double) (back - there) / G_USEC_PER_SEC);
  copy_fixture_assert_same_files (fixture->first, fixture->last);
}

/* Test that videos in a bucket are not forgotten, and that files have a place to go beside one. */
static void
test_object_store (CopyFixture *fixture, gconstpointer data)
{
  g_assert_true (dou_config_set (fixture->middle, DOU_CONFIG_MEDIA_STORE, "s3", NULL));
  g_assert_true (dou_config_set (fixture->middle, DOU_CONFIG_S3_BUCKET, "videos", NULL));
  copy (fixture->first, fixture->middle, 0);
  assert_refused (fixture->middle, fixture->last, "name the same bucket");

  g_assert_true (dou_config_set (fixture->last, DOU_CONFIG_MEDIA_STORE, "s3", NULL));
  assert_refused (fixture->middle, fixture->last, "name the same bucket");

  g_assert_true (dou_config_set (fixture->last, DOU_CONFIG_S3_BUCKET, "videos", NULL));
  copy (fixture->middle, fixture->last, 0);
  copy_fixture_assert_same_files (fixture->first, fixture->last);
}

static gboolean
is_of_copy_itself (const char *table)
{
  return g_str_equal (table, "schema_version") || g_str_equal (table, "token_keys");
}

/* Test that there is no column, of any engine, that is not copied: a new migration cannot be forgotten. */
static void
test_columns (CopyFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCopyPlan) plan = dou_copy_plan_new (&error);
  g_autoptr (DouCopyEnd) end = dou_copy_end_open (fixture->middle, FALSE, &error);
  guint n_columns = 0;

  g_assert_no_error (error);
  g_assert_true (dou_copy_end_migrate (end, plan, &error));
  g_assert_true (dou_copy_end_find_tables (end, plan, 1, &error));
  g_assert_no_error (error);

  for (guint i = 0; i < end->databases->len; i++)
    {
      DouTransaction *database = g_ptr_array_index (end->databases, i);
      g_autoptr (GPtrArray) columns = dou_copy_catalog_list_columns (database, &error);

      g_assert_no_error (error);
      for (guint j = 0; j < columns->len; j++)
        {
          const DouCopyColumn *column = g_ptr_array_index (columns, j);

          g_test_message ("%s.%s", column->table, column->name);
          n_columns++;
          g_assert_true (is_of_copy_itself (column->table)
                         || dou_copy_side_is_known (dou_transaction_get_engine_name (database),
                                                    end->sides, column->table, column->name));
        }
    }
  g_assert_cmpuint (n_columns, >, 60);
}

/* Test that there is no domain that is not copied. */
static void
test_domains (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) domains = g_resources_enumerate_children ("/org/doutok/sql", 0, &error);
  const char *const others[] = { "database/", "token/", "catalog/", "copy/" };
  guint n_domains = 0;

  g_assert_no_error (error);
  for (guint i = 0; domains[i] != NULL; i++)
    {
      gboolean is_other = FALSE;

      for (gsize j = 0; j < G_N_ELEMENTS (others); j++)
        is_other = is_other || g_str_equal (domains[i], others[j]);
      n_domains += is_other ? 0 : 1;
    }
  g_assert_cmpuint (n_domains, ==, DOU_COPY_N_DOMAINS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func, data) \
  g_test_add ("/copy/" name, CopyFixture, data, copy_fixture_set_up, func, copy_fixture_tear_down)
  ADD ("columns", test_columns, NULL);
  g_test_add_func ("/copy/domains", test_domains);
  ADD ("there-and-back", test_there_and_back, NULL);
  ADD ("there-and-back/one-row", test_there_and_back, GUINT_TO_POINTER (1));
  ADD ("goes-on", test_goes_on, NULL);
  ADD ("not-empty", test_not_empty, NULL);
  ADD ("zero-byte", test_zero_byte, NULL);
  ADD ("other-source", test_other_source, NULL);
  ADD ("difference", test_difference, NULL);
  ADD ("versions", test_versions, NULL);
  ADD ("in-use", test_in_use, NULL);
  ADD ("one-directory", test_one_directory, NULL);
  ADD ("object-store", test_object_store, NULL);
  ADD ("many", test_many, NULL);
#undef ADD

  return g_test_run ();
}
