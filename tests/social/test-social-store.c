/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-database-transaction.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "social/dou-social-operation.h"

#define STATEMENTS "/org/doutok/sql/social/sqlite/statements.sql"
#define NAME_MARK "-- name: "

typedef struct
{
  char *directory;       /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouSocialStore *store; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "social");
  fixture->store = dou_social_store_open (fixture->address, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_social_store_close (fixture->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->store);
  dou_test_dir_remove (fixture->directory);
  dou_test_engine_remove (fixture->address);
}

static GArray *
set_favorites (Fixture *fixture, const DouSocialLink *links, guint n_links)
{
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *outcomes;

  g_array_append_vals (items, links, n_links);
  dou_social_store_set_links_async (fixture->store, DOU_SOCIAL_FAVORITES, items, NULL,
                                    dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  outcomes = dou_social_store_set_links_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, n_links);
  return outcomes;
}

static void
add_comments (Fixture *fixture, gint64 video, guint n_comments, const char *text)
{
  g_autoptr (GArray) drafts = dou_social_drafts_new (n_comments);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) outcomes = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 1; i <= n_comments; i++)
    {
      DouSocialDraft draft = { i, 1, video, 9, g_strdup (text), g_strdup ("") };

      g_array_append_val (drafts, draft);
    }
  dou_social_store_add_comments_async (fixture->store, drafts, 1000, 0, NULL,
                                       dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  outcomes = dou_social_store_add_comments_finish (fixture->store, result, &error);
  g_assert_no_error (error);
}

static GArray *
list_comments (Fixture *fixture, gint64 video, gint64 cursor, guint limit, gsize page_bytes)
{
  const DouSocialPageRequest request = { video, cursor, limit };
  g_autoptr (GArray) requests = g_array_new (FALSE, FALSE, sizeof request);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *pages;

  g_array_append_val (requests, request);
  dou_social_store_list_comments_async (fixture->store, requests, page_bytes, NULL,
                                        dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  pages = dou_social_store_list_comments_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return pages;
}

/* Test that a file which is no database is refused, and left as it is. */
static void
test_not_a_database (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "other.db", NULL);
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  g_autofree char *text = g_strnfill (8192, 'x');
  g_autofree char *after = NULL;
  g_autoptr (DouSocialStore) store = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  store = dou_social_store_open (address, &error);
  g_assert_null (store);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
  g_assert_cmpstr (after, ==, text);
}

/* Test that a page of comments ends where it would become too large, goes on from there, and is
 * never empty for that. */
static void
test_page_bytes (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (1000, 'x');
  gint64 cursor = G_MAXINT64;
  guint n_read = 0;

  add_comments (fixture, 20, 25, text);
  do
    {
      g_autoptr (GArray) pages = list_comments (fixture, 20, cursor, 1000, 10 * 1100);
      const DouSocialCommentPage *page = &g_array_index (pages, DouSocialCommentPage, 0);

      n_read += page->comments->len;
      g_assert_cmpuint (page->comments->len, ==, MIN (10, 25 - (n_read - page->comments->len)));
      cursor = page->cursor;
    }
  while (cursor != 0);
  g_assert_cmpuint (n_read, ==, 25);

  {
    g_autoptr (GArray) pages = list_comments (fixture, 20, 2, 1000, 1);

    g_assert_cmpuint (g_array_index (pages, DouSocialCommentPage, 0).comments->len, ==, 1);
    g_assert_cmpint (g_array_index (pages, DouSocialCommentPage, 0).cursor, ==, 0);
  }
}

/* Test what is told of links: whether they changed, and for whom a like counted. */
static void
test_outcomes (Fixture *fixture, gconstpointer data)
{
  const DouSocialLink links[] = { { 1, 20, 9, TRUE }, { 2, 20, 9, FALSE }, { 3, 20, 8, TRUE } };
  const DouSocialLink again[] = { { 1, 20, 7, FALSE }, { 3, 20, 9, TRUE } };
  g_autoptr (GArray) outcomes = set_favorites (fixture, links, G_N_ELEMENTS (links));
  const DouSocialLinkOutcome *outcome = (DouSocialLinkOutcome *) (gpointer) outcomes->data;

  g_assert_true (outcome[0].changed && !outcome[1].changed && outcome[2].changed);
  g_assert_cmpint (outcome[0].author, ==, 9);

  g_array_unref (outcomes);
  outcomes = set_favorites (fixture, again, G_N_ELEMENTS (again));
  outcome = (DouSocialLinkOutcome *) (gpointer) outcomes->data;
  g_assert_true (outcome[0].changed && !outcome[1].changed);
  g_assert_cmpint (outcome[0].author, ==, 9);
}

/* Returns statement by name, as they lie in the program. */
static GHashTable *
load_statements (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resources_lookup_data (STATEMENTS, 0, &error);
  GHashTable *statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;

  g_assert_no_error (error);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  parts = g_strsplit (text, NAME_MARK, -1);
  for (char **part = parts + 1; *part != NULL; part++)
    {
      g_auto (GStrv) lines = g_strsplit (*part, "\n", -1);
      g_autoptr (GString) sql = g_string_new ("EXPLAIN QUERY PLAN ");

      for (char **line = lines + 1; *line != NULL; line++)
        if (!g_str_has_prefix (*line, "--"))
          g_string_append_printf (sql, "%s\n", *line);
      g_hash_table_insert (statements, g_strdup (lines[0]),
                           g_strdup (g_strchomp (sql->str)));
    }

  return statements;
}

/* Test that the library believes of no transaction that has ended that it goes on: it would keep all of them, one
 * inside the other, and go through them at each statement. The class warns of it, which ends the test. */
static void
test_ended (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GArray) outcomes
          = set_favorites (fixture, &(DouSocialLink){ 1, 2 + i, 3, TRUE }, 1);
      g_autoptr (GArray) pages = list_comments (fixture, 1, G_MAXINT64, 1, 1000);

      g_assert_cmpuint (pages->len, ==, 1);
    }
}

/* A read of the totals, twice, and what is written between by somebody else. */
typedef struct
{
  DouTransaction *other; /* (owned) */
  gint64 whom;           /* who is followed next */
  guint n_runs;
  gint64 follows[2]; /* read by the last run */
} Twice;

static gboolean
read_follows (DouTransaction *transaction, gint64 *follows, GError **error)
{
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, "get-totals", "xxx", NULL, error);

  if (rows != NULL)
    *follows = dou_rows_get_int64 (rows, 0, 2);
  return rows != NULL;
}

static gboolean
twice_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Twice *twice = data;
  g_autofree char *sql = g_strdup_printf ("INSERT INTO follows (%s, whom) VALUES (1, %" G_GINT64_FORMAT ")",
                                          dou_test_engine_is_server () ? "user_id" : "user", twice->whom++);
  g_autoptr (GError) local_error = NULL;

  twice->n_runs++;
  if (!read_follows (transaction, &twice->follows[0], error))
    return FALSE;

  dou_transaction_run_sql (twice->other, sql, &local_error);
  g_assert_no_error (local_error);
  return read_follows (transaction, &twice->follows[1], error);
}

static gboolean
once_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Twice *twice = data;

  twice->n_runs++;
  return read_follows (transaction, &twice->follows[0], error);
}

static gboolean
write_func (DouTransaction *transaction, gpointer data, GError **error)
{
  return dou_transaction_execute (transaction, "add-follows", "[[1,99]]", NULL, error);
}

static gboolean
read_with (Fixture *fixture, DouDatabaseFunc func, gpointer data, GError **error)
{
  DouDatabase *database = dou_social_store_get_database (fixture->store);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_database_read_async (database, func, data, NULL, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  return dou_database_read_finish (database, result, error);
}

/* Test that a read which asks twice sees one state of the database, though others write meanwhile; that the first
 * to do so is run again in a transaction, and no other; that one which asks once sees what was written before it,
 * also after such; and that none writes. */
static void
test_late (Fixture *fixture, gconstpointer data)
{
  Twice twice = { NULL, 2, 0, { 0, 0 } };
  g_autoptr (GError) error = NULL;

  twice.other = dou_transaction_open (fixture->address, &error);
  g_assert_no_error (error);

  /* All readers learn it, each for itself. */
  for (guint i = 0; i < 2 * fixture->address->n_readers; i++)
    {
      g_assert_true (read_with (fixture, once_func, &twice, &error));
      g_assert_no_error (error);
      g_assert_cmpint (twice.follows[0], ==, twice.whom - 2);

      twice.n_runs = 0;
      g_assert_true (read_with (fixture, twice_func, &twice, &error));
      g_assert_no_error (error);
      g_assert_cmpint (twice.follows[0], ==, twice.follows[1]);
      g_assert_cmpint (twice.follows[0], ==, twice.whom - 3);
      g_assert_cmpuint (twice.n_runs, <=, 2);
    }

  /* Of what the engine says of it, MariaDB has nothing that could pass. */
  if (!g_str_equal (dou_test_engine_get_name (), "mysql"))
    g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "The database: add-follows:*");
  g_assert_false (read_with (fixture, write_func, NULL, &error));
  g_assert_nonnull (error);
  g_test_assert_expected_messages ();
  g_assert_true (read_with (fixture, once_func, &twice, NULL));
  g_assert_cmpint (twice.follows[0], ==, twice.whom - 2);
  dou_transaction_close (twice.other);
}

/* What may be read from end to end is the parameter, and a page that was found; and nothing may be
 * sorted but the parameter. */
static void
assert_step (const char *name, const char *step)
{
  if (g_str_has_prefix (name, "recount-"))
    return;
  if (strstr (step, "VIRTUAL TABLE") != NULL || g_str_has_prefix (step, "SCAN (subquery-"))
    return;
  if ((g_str_has_prefix (name, "add-") || g_str_has_prefix (name, "audit-"))
      && g_str_has_suffix (step, "ORDER BY"))
    return;
  /* Its oldest entries, up to a LIMIT. */
  if (g_str_equal (name, "forget-audit") && g_str_has_suffix (step, "SCAN social_audit"))
    return;

  if (strstr (step, "SCAN") != NULL || strstr (step, "TEMP B-TREE") != NULL)
    g_error ("Statement “%s”: %s", name, step);
}

/* Test that every statement finds its rows by an index, so that what it costs does not depend on
 * how much there is; only the recount reads everything. */
static void
test_plans (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) statements = load_statements ();
  g_autoptr (DouTransaction) transaction = NULL;
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer name, sql;

  transaction = dou_transaction_open (fixture->address, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (statements), >, 30);

  g_hash_table_iter_init (&iter, statements);
  while (g_hash_table_iter_next (&iter, &name, &sql))
    {
      g_autoptr (DouRows) rows = NULL;

      dou_transaction_add_statement (transaction, name, sql);
      rows = dou_transaction_query (transaction, name, "xxxs",
                                    strstr (sql, "##json") != NULL ? "[]" : NULL, &error);
      g_assert_no_error (error);
      g_test_message ("%s", (const char *) name);
      for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
        {
          g_test_message ("    %s", dou_rows_get_text (rows, i, 3));
          assert_step (name, dou_rows_get_text (rows, i, 3));
        }
    }
}

/* Measure likes in batches of 64, one batch after the other, each committed to disk. */
static void
test_speed (Fixture *fixture, gconstpointer data)
{
  const guint n_batches = 1000;
  const guint n_links = 64;
  g_autofree DouSocialLink *links = g_new0 (DouSocialLink, n_links);
  double cost;

  for (guint pass = 0; pass < 2; pass++)
    {
      g_test_timer_start ();
      for (guint batch = 0; batch < n_batches; batch++)
        {
          g_autoptr (GArray) outcomes = NULL;

          for (guint i = 0; i < n_links; i++)
            links[i] = (DouSocialLink){ 1 + (batch * 7919 + i * 104729) % 10007,
                                        1 + batch * n_links + i, 1 + i, TRUE };
          outcomes = set_favorites (fixture, links, n_links);
        }
      cost = g_test_timer_elapsed () * 1e6 / (n_batches * n_links);
      g_test_minimized_result (cost, "%s: %.2f us a like", pass == 0 ? "new" : "repeated", cost);
    }
}

/* Measure the first and the last page of a list of a million. */
static void
test_long_list (Fixture *fixture, gconstpointer data)
{
  const guint n_pages = 1000;
  const guint n_runs = 100;
  const gint64 cursors[] = { G_MAXINT64, 1001 };
  g_autoptr (DouTransaction) transaction = NULL;
  g_autoptr (GError) error = NULL;

  transaction = dou_transaction_open (fixture->address, &error);
  g_assert_no_error (error);
  g_assert_true (dou_transaction_run_sql (
      transaction,
      "INSERT INTO follows (user, whom) SELECT 1, 2 + value FROM (WITH RECURSIVE n (value) AS "
      "(SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 999999) SELECT value FROM n)",
      &error));

  for (gsize i = 0; i < G_N_ELEMENTS (cursors); i++)
    {
      double cost;

      g_test_timer_start ();
      for (guint run = 0; run < n_runs; run++)
        {
          const DouSocialPageRequest request = { 1, cursors[i], 1000 };
          g_autoptr (GArray) requests = g_array_new (FALSE, FALSE, sizeof request);
          GAsyncResult *waited = NULL;
          g_autoptr (GAsyncResult) result = NULL;
          g_autoptr (GArray) pages = NULL;

          g_array_append_val (requests, request);
          dou_social_store_list_async (fixture->store, DOU_SOCIAL_LIST_FOLLOWS, requests, NULL,
                                       dou_test_wait_result_cb, &waited);
          result = dou_test_wait_result (&waited);
          pages = dou_social_store_list_finish (fixture->store, result, NULL);
          g_assert_cmpuint (g_array_index (pages, DouSocialPage, 0).ids->len, ==, 1000);
        }
      cost = g_test_timer_elapsed () * 1e6 / n_runs;
      g_test_minimized_result (cost, "page %u: %.0f us", i == 0 ? 1 : n_pages, cost);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/social/store/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("not-a-database", test_not_a_database);
  ADD ("page-bytes", test_page_bytes);
  ADD ("outcomes", test_outcomes);
  ADD ("ended", test_ended);
  ADD ("late", test_late);
  if (g_test_perf ())
    {
      ADD ("speed", test_speed);
      ADD ("long-list", test_long_list);
    }
  if (!dou_test_engine_is_server ())
    ADD ("plans", test_plans);
#undef ADD

  return g_test_run ();
}
