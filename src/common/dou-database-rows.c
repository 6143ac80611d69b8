/* SPDX-License-Identifier: Apache-2.0 */

/* The result of a query, copied out of the library's data model at once: the model belongs to its
 * connection and thread, and reads its rows only as they are asked for, so that an error could come
 * late. A copy may travel to the main loop. All texts lie in one chunk. */

#include "config.h"

#include <string.h>

#include "common/dou-database-rows.h"

/* Bytes of a block of texts: a page of 30 users or videos with their names and titles. */
#define TEXT_BLOCK 4096

typedef union
{
  gint64 number;
  const char *text; /* (nullable) lies in the chunk */
} Cell;

struct _DouRows
{
  GArray *cells;      /* (owned) (element-type Cell) row after row */
  GStringChunk *text; /* (owned) */
  char *columns;      /* (owned) a letter for each column: x or s */
  guint n_columns;
};

/**
 * dou_rows_new:
 * @columns: a letter for each column, `x` for a 64-bit integer or `s` for text
 * @n_rows: how many rows are to be expected
 *
 * Returns: (transfer full): an empty result
 */
DouRows *
dou_rows_new (const char *columns, guint n_rows)
{
  DouRows *self = g_new0 (DouRows, 1);

  self->columns = g_strdup (columns);
  self->n_columns = (guint) strlen (columns);
  self->cells = g_array_sized_new (FALSE, FALSE, sizeof (Cell), self->n_columns * n_rows);
  self->text = g_string_chunk_new (TEXT_BLOCK);
  return self;
}

/**
 * dou_rows_free:
 * @self: (transfer full): a result
 */
void
dou_rows_free (DouRows *self)
{
  g_array_unref (self->cells);
  g_string_chunk_free (self->text);
  g_free (self->columns);
  g_free (self);
}

void
dou_rows_add_int64 (DouRows *self, gint64 value)
{
  Cell cell = { .number = value };

  g_array_append_val (self->cells, cell);
}

void
dou_rows_add_text (DouRows *self, const char *value)
{
  Cell cell = { .text = value != NULL ? g_string_chunk_insert (self->text, value) : NULL };

  g_array_append_val (self->cells, cell);
}

/**
 * dou_rows_get_n_rows:
 * @self: a result
 *
 * Returns: how many rows it has
 */
guint
dou_rows_get_n_rows (DouRows *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->cells->len / self->n_columns;
}

static const Cell *
get_cell (DouRows *self, guint row, guint column, char type)
{
  g_assert (row < dou_rows_get_n_rows (self));
  g_assert (column < self->n_columns && self->columns[column] == type);

  return &g_array_index (self->cells, Cell, row * self->n_columns + column);
}

/**
 * dou_rows_get_int64:
 * @self: a result
 * @row: which row, from 0
 * @column: which column, from 0; it was asked for as `x`
 *
 * Returns: the number; 0 if it is NULL in the database
 */
gint64
dou_rows_get_int64 (DouRows *self, guint row, guint column)
{
  g_return_val_if_fail (self != NULL, 0);

  return get_cell (self, row, column, 'x')->number;
}

/**
 * dou_rows_get_text:
 * @self: a result
 * @row: which row, from 0
 * @column: which column, from 0; it was asked for as `s`
 *
 * Returns: (transfer none) (nullable): the text, which lives as long as @self
 */
const char *
dou_rows_get_text (DouRows *self, guint row, guint column)
{
  g_return_val_if_fail (self != NULL, NULL);

  return get_cell (self, row, column, 's')->text;
}
