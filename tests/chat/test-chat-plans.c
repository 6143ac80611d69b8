/* SPDX-License-Identifier: Apache-2.0 */

/* How the engine goes about the statements of the chat domain: asked of the engine itself, for each
 * statement in the file. */

#include "config.h"

#include <string.h>

#include "chat/dou-chat-store.h"
#include "common/dou-database-transaction.h"
#include "lib/dou-test-dir.h"

#define STATEMENTS "/org/doutok/sql/chat/sqlite/statements.sql"
#define NAME_MARK "-- name: "

typedef struct
{
  char *directory;             /* (owned) */
  DouTransaction *transaction; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (DouDatabaseAddress) address = NULL;
  g_autoptr (DouChatStore) store = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  path = g_build_filename (fixture->directory, "chat.db", NULL);
  address = dou_database_address_new_for_file (path);
  store = dou_chat_store_open (address, &error);
  g_assert_no_error (error);

  fixture->transaction = dou_transaction_open (address, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_transaction_close (fixture->transaction);
  dou_test_dir_remove (fixture->directory);
}

/* What is passed through from end to end may be a parameter, a table that has one row, or what
 * steps of their own have brought together. What is searched is searched by an id, or by two users at least:
 * all messages of one user are as good as a whole table. */
static gboolean
is_cheap (const char *step)
{
  if (g_str_has_prefix (step, "SCAN "))
    return strstr (step, " VIRTUAL TABLE ") != NULL || g_str_equal (step, "SCAN totals")
           || g_str_has_prefix (step, "SCAN (subquery-");
  if (g_str_has_prefix (step, "SEARCH "))
    return strstr (step, "(id=?)") != NULL || strstr (step, "(rowid=?)") != NULL
           || strstr (step, "=? AND ") != NULL
           /* The conversations of somebody who is no more, up to a limit. */
           || g_str_equal (step, "SEARCH c USING COVERING INDEX conversations_by_message (reader=?)");

  return TRUE;
}

static void
assert_plan (Fixture *fixture, const char *name, const char *sql)
{
  g_autofree char *explained = g_strconcat ("EXPLAIN QUERY PLAN ", sql, NULL);
  const char *json = strstr (sql, "##json") != NULL ? "[]" : NULL;
  g_autoptr (DouRows) rows = NULL;
  g_autoptr (GError) error = NULL;

  dou_transaction_add_statement (fixture->transaction, name, explained);
  rows = dou_transaction_query (fixture->transaction, name, "xxxs", json, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      const char *step = dou_rows_get_text (rows, i, 3);

      if (!is_cheap (step))
        g_error ("Statement “%s” reads too much: %s", name, step);
    }
}

/* Test that no statement reads through a table that grows. */
static void
test_no_scan (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resources_lookup_data (STATEMENTS, 0, &error);
  g_auto (GStrv) parts = NULL;

  g_assert_no_error (error);
  parts = g_strsplit (g_bytes_get_data (bytes, NULL), NAME_MARK, -1);
  g_assert_cmpuint (g_strv_length (parts), >, 5);

  for (char **part = parts + 1; *part != NULL; part++)
    {
      char *end = strchr (*part, '\n');
      char *comment = strstr (end, "\n--");

      *end = '\0';
      if (comment != NULL)
        *comment = '\0';
      assert_plan (fixture, *part, g_strstrip (end + 1));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/chat/plans/no-scan", Fixture, NULL, set_up, test_no_scan, tear_down);

  return g_test_run ();
}
