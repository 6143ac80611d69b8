/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "common/dou-database-transaction.h"
#include "lib/dou-test-plans.h"

#define NAME_MARK "-- name: "

/* What reads through everything because that is what it is for. */
#define RECOUNT_PREFIX "recount-"

/* Whether a step reads only what the statement was given, what a part of it gave, or the one row of a
 * table of totals. An index that is made for a statement is as bad as a scan. */
static gboolean
is_cheap (const char *step)
{
  if (strstr (step, "AUTOMATIC") != NULL)
    return FALSE;

  return !g_str_has_prefix (step, "SCAN ") || strstr (step, " VIRTUAL TABLE ") != NULL
         || g_str_has_prefix (step, "SCAN (subquery-") || g_str_equal (step, "SCAN CONSTANT ROW")
         || g_str_equal (step, "SCAN totals");
}

static void
check_statement (DouTransaction *transaction, const char *name, const char *sql,
                 const char *const *exceptions, GHashTable *used)
{
  g_autofree char *explained = g_strconcat ("EXPLAIN QUERY PLAN ", sql, NULL);
  const char *json = strstr (sql, "##json") != NULL ? "[]" : NULL;
  g_autoptr (DouRows) rows = NULL;
  g_autoptr (GError) error = NULL;

  dou_transaction_add_statement (transaction, name, explained);
  rows = dou_transaction_query (transaction, name, "xxxs", json, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      const char *step = dou_rows_get_text (rows, i, 3);
      g_autofree char *line = g_strdup_printf ("%s: %s", name, step);

      if (is_cheap (step))
        continue;
      if (!g_strv_contains (exceptions, line))
        g_error ("A statement reads too much, or needs to be made an exception: “%s”", line);
      g_hash_table_add (used, g_steal_pointer (&line));
    }
}

/**
 * dou_test_plans_assert_no_scan:
 * @domain: whose statements
 * @address: the database of a store that was opened, and so has its tables and knows its statements
 * @exceptions: (array zero-terminated=1): steps that are right though they look expensive, as
 *   “statement: step”; each must be there
 *
 * Asks the engine how it goes about each statement of the domain, and asserts that none reads through
 * a table that grows.
 */
void
dou_test_plans_assert_no_scan (const char *domain, const DouDatabaseAddress *address,
                               const char *const *exceptions)
{
  g_autofree char *resource
      = g_strdup_printf ("/org/doutok/sql/%s/sqlite/statements.sql", domain);
  g_autoptr (GHashTable) used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resources_lookup_data (resource, 0, &error);
  g_autoptr (DouTransaction) transaction = NULL;
  g_auto (GStrv) parts = NULL;

  g_assert_no_error (error);
  transaction = dou_transaction_open (address, &error);
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
      if (!g_str_has_prefix (*part, RECOUNT_PREFIX))
        check_statement (transaction, *part, g_strstrip (end + 1), exceptions, used);
    }

  g_assert_cmpuint (g_hash_table_size (used), ==, g_strv_length ((char **) exceptions));
}
