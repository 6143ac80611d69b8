/* SPDX-License-Identifier: Apache-2.0 */

/* Tables, a batch of rows at a time: read in the order of the primary key, behind the last key of the
 * batch before; written by one statement in one transaction, together with how far that is. What is in
 * memory is a batch, however long the table.
 *
 * One thread reads and writes in turn. A second one would hide the shorter of both times; but the source
 * stands still meanwhile in any case, and a second thread has its own ways to fail. */

#include "config.h"

#include <string.h>

#include "copy/dou-copy-mark.h"
#include "copy/dou-copy-statements.h"
#include "copy/dou-copy-table.h"

/* Bytes of a statement's parameter: below the 16 MiB that MariaDB takes by default in any escape. */
#define MAX_BATCH (4 * 1024 * 1024)

static gboolean
parse (DouCopyRow *row, const DouCopySide *side, const char *json, GError **error)
{
  if (dou_copy_row_parse (row, json, error))
    return TRUE;

  g_prefix_error (error, "%s: ", side->table->title);
  return FALSE;
}

/* Returns: (transfer full) (nullable): the key of a row that was parsed */
static char *
get_key (DouCopyRow *row, const DouCopySide *side)
{
  g_auto (DouJsonWriter) writer = { 0 };

  if (side->key->len == 0)
    return NULL;

  dou_json_writer_init (&writer, 0);
  dou_copy_row_write_columns (row, (const guint *) side->key->data, side->key->len, &writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_copy_tables_count:
 * @self: the copying
 * @error: return location
 *
 * Returns: whether it is known how many rows there are
 */
gboolean
dou_copy_tables_count (DouCopyTables *self, GError **error)
{
  self->n_total = 0;
  for (guint i = 0; i < self->from->sides->len; i++)
    {
      const DouCopySide *side = g_ptr_array_index (self->from->sides, i);
      DouTransaction *database = dou_copy_end_get_database (self->from, side->table->domain);
      gint64 n_rows = 0;
      gboolean done = dou_transaction_begin (database, FALSE, error)
                      && dou_transaction_allow_time (database, error)
                      && dou_copy_statements_count (database, side, &n_rows, error)
                      && dou_transaction_commit (database, error);

      if (!done)
        {
          dou_transaction_rollback (database);
          return FALSE;
        }
      self->n_total += (guint64) n_rows;
    }

  return TRUE;
}

/* @json: (nullable): rows; @key: (nullable): of the last one; @n_rows: that the table has then */
static gboolean
write_batch (DouCopyTables *self, const DouCopySide *side, const char *json, const char *key,
             gint64 n_rows, GError **error)
{
  DouTransaction *database = dou_copy_end_get_database (self->to, side->table->domain);
  const char *title = side->table->title;
  gboolean is_first = !g_hash_table_contains (self->progress, title);
  gboolean done;

  self->request->progress (title, self->n_done, self->n_total, self->request->user_data);
  done = dou_transaction_begin (database, TRUE, error)
         && dou_transaction_allow_time (database, error)
         && (!is_first || !side->table->is_seeded
             || dou_copy_statements_delete (database, side, error))
         && (json == NULL || dou_copy_statements_insert (database, side, json, error))
         && dou_copy_mark_set_progress (database, self->progress, title, key, n_rows, error)
         && dou_transaction_commit (database, error);
  if (!done)
    {
      dou_transaction_rollback (database);
      g_prefix_error (error, "%s: ", title);
    }
  return done;
}

/* Writes rows from @first on, as many as fit. Returns the next one, or 0 with @error. */
static guint
write_some (DouCopyTables *self, guint index, DouCopyRow *row, DouRows *rows, guint first,
            char **key, gint64 *n_rows, GError **error)
{
  const DouCopySide *from = g_ptr_array_index (self->from->sides, index);
  const DouCopySide *to = g_ptr_array_index (self->to->sides, index);
  g_auto (DouJsonWriter) writer = { 0 };
  g_autofree char *json = NULL;
  guint next;

  dou_json_writer_init (&writer, 0);
  dou_json_writer_begin_array (&writer);
  for (next = first; next < dou_rows_get_n_rows (rows) && writer.buffer->len < MAX_BATCH; next++)
    {
      const char *text = dou_rows_get_text (rows, next, 0);

      /* One that is too long on its own goes alone. */
      if (next > first && writer.buffer->len + strlen (text) > MAX_BATCH)
        break;
      if (!parse (row, from, text, error))
        return 0;
      dou_copy_row_write (row, &writer);
    }
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);

  g_free (*key);
  *key = get_key (row, from);
  *n_rows += next - first;
  if (!write_batch (self, to, json, *key, *n_rows, error))
    return 0;

  self->n_done += next - first;
  return next;
}

static gboolean
copy_rows (DouCopyTables *self, guint index, char **key, gint64 *n_rows, GError **error)
{
  const DouCopySide *side = g_ptr_array_index (self->from->sides, index);
  DouTransaction *database = dou_copy_end_get_database (self->from, side->table->domain);
  g_autoptr (DouCopyRow) row = dou_copy_statements_new_row (database, side);
  guint n_read;

  do
    {
      g_autoptr (DouRows) rows = dou_copy_statements_read (database, side, *key, error);

      if (rows == NULL)
        return FALSE;

      n_read = dou_rows_get_n_rows (rows);
      for (guint i = 0; i < n_read;)
        {
          i = write_some (self, index, row, rows, i, key, n_rows, error);
          if (i == 0)
            return FALSE;
        }
    }
  while (n_read == self->n_rows && *key != NULL);

  return TRUE;
}

/**
 * dou_copy_tables_copy:
 * @self: the copying
 * @index: of a table of the plan
 * @error: return location
 *
 * Returns: whether all its rows are there
 */
gboolean
dou_copy_tables_copy (DouCopyTables *self, guint index, GError **error)
{
  const DouCopySide *side = g_ptr_array_index (self->to->sides, index);
  const DouCopyProgress *before = g_hash_table_lookup (self->progress, side->table->title);
  g_autofree char *key = before != NULL ? g_strdup (before->key) : NULL;
  gint64 n_rows = before != NULL ? before->n_rows : 0;

  self->n_done += (guint64) n_rows;
  if (before != NULL && key == NULL)
    return TRUE;
  if (!copy_rows (self, index, &key, &n_rows, error))
    return FALSE;

  /* What came with the table gives way also to nothing. */
  return n_rows > 0 || !side->table->is_seeded || write_batch (self, side, NULL, NULL, 0, error);
}

/**
 * dou_copy_tables_sum:
 * @self: the copying
 * @end: one of its ends
 * @index: of a table of the plan
 * @sum: (out): what is in it
 * @error: return location
 *
 * Returns: whether it could be read
 */
gboolean
dou_copy_tables_sum (DouCopyTables *self, DouCopyEnd *end, guint index, DouCopySum *sum,
                     GError **error)
{
  const DouCopySide *side = g_ptr_array_index (end->sides, index);
  DouTransaction *database = dou_copy_end_get_database (end, side->table->domain);
  g_autoptr (DouCopyRow) row = dou_copy_statements_new_row (database, side);
  g_autofree char *key = NULL;
  guint n_read;

  *sum = (DouCopySum){ 0 };
  do
    {
      g_autoptr (DouRows) rows = NULL;

      self->request->progress ("comparison", self->n_done, 2 * self->n_total,
                               self->request->user_data);
      rows = dou_copy_statements_read (database, side, key, error);
      if (rows == NULL)
        return FALSE;

      n_read = dou_rows_get_n_rows (rows);
      for (guint i = 0; i < n_read; i++)
        {
          if (!parse (row, side, dou_rows_get_text (rows, i, 0), error))
            return FALSE;
          dou_copy_row_add_to_sum (row, sum);
        }
      g_clear_pointer (&key, g_free);
      key = n_read > 0 ? get_key (row, side) : NULL;
      self->n_done += n_read;
    }
  while (n_read == self->n_rows && key != NULL);

  return TRUE;
}
