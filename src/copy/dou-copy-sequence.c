/* SPDX-License-Identifier: Apache-2.0 */

/* Keys that count upwards: what was used once is never used again, also where its row is gone. So the
 * number that comes next is a part of what is copied. */

#include "config.h"

#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-sequence.h"

static DouTransaction *
get_database (DouCopyEnd *end, const DouCopySide *side)
{
  return dou_copy_end_get_database (end, side->table->domain);
}

/**
 * dou_copy_sequence_get:
 * @end: an end
 * @index: of a table of the plan, which has a sequence
 * @next: (out): the number that comes next
 * @error: return location
 *
 * Returns: whether it is known
 */
gboolean
dou_copy_sequence_get (DouCopyEnd *end, guint index, gint64 *next, GError **error)
{
  const DouCopySide *side = g_ptr_array_index (end->sides, index);
  DouTransaction *database = get_database (end, side);
  g_autoptr (DouRows) rows = dou_transaction_query (database, "list-sequences", "ss", NULL, error);
  g_autofree char *name = g_strconcat ("sequence ", side->table->title, NULL);

  *next = 1;
  for (guint i = 0; rows != NULL && i < dou_rows_get_n_rows (rows); i++)
    if (g_str_equal (dou_rows_get_text (rows, i, 0), side->name))
      return dou_copy_catalog_get_number (database, name, dou_rows_get_text (rows, i, 1), next,
                                          error);

  return rows != NULL;
}

static gboolean
set_in_sqlite (DouTransaction *database, const char *table, gint64 next, GError **error)
{
  g_autofree char *forget
      = g_strdup_printf ("DELETE FROM sqlite_sequence WHERE name = '%s'", table);
  g_autofree char *set = g_strdup_printf (
      "INSERT INTO sqlite_sequence (name, seq) VALUES ('%s', %" G_GINT64_FORMAT ")", table, next - 1);

  /* One that was never used has no row. */
  return dou_transaction_run_sql (database, forget, error)
         && (next == 1 || dou_transaction_run_sql (database, set, error));
}

/**
 * dou_copy_sequence_set:
 * @end: an end
 * @index: of a table of the plan, which has a sequence
 * @next: the number that comes next
 * @error: return location
 *
 * Returns: whether it does
 */
gboolean
dou_copy_sequence_set (DouCopyEnd *end, guint index, gint64 next, GError **error)
{
  const DouCopySide *side = g_ptr_array_index (end->sides, index);
  DouTransaction *database = get_database (end, side);
  const char *engine = dou_transaction_get_engine_name (database);
  const DouCopyField *key
      = g_ptr_array_index (side->fields, g_array_index (side->key, guint, 0));
  g_autofree char *sql = NULL;

  if (g_str_equal (engine, "sqlite"))
    return set_in_sqlite (database, side->name, next, error);

  if (g_str_equal (engine, "postgresql"))
    sql = g_strdup_printf (
        "SELECT setval(pg_get_serial_sequence('%s', '%s'), %" G_GINT64_FORMAT ", false)",
        side->name, key->name, next);
  else
    sql = g_strdup_printf ("ALTER TABLE %s AUTO_INCREMENT = %" G_GINT64_FORMAT, side->name, next);
  return dou_transaction_run_sql (database, sql, error);
}
