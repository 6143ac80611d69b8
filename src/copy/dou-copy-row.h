/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "common/dou-json-writer.h"

G_BEGIN_DECLS

/**
 * DouCopyRow:
 *
 * One row, whose columns are numbers, texts or NULL: read from a JSON array, which every engine can
 * make of a row.
 */
typedef struct _DouCopyRow DouCopyRow;

/**
 * DouCopySum:
 * @n_rows: how many rows
 * @parts: what their checksums add up to
 *
 * What is in a table, in whatever order it is read.
 */
typedef struct
{
  guint64 n_rows;
  guint64 parts[2];
} DouCopySum;

DouCopyRow *dou_copy_row_new (guint n_columns);
void dou_copy_row_free (DouCopyRow *self);

void dou_copy_row_set_hexadecimal (DouCopyRow *self, guint column);
gboolean dou_copy_row_parse (DouCopyRow *self, const char *json, GError **error);
void dou_copy_row_write (DouCopyRow *self, DouJsonWriter *writer);
void dou_copy_row_write_columns (DouCopyRow *self, const guint *columns, guint n_columns,
                                 DouJsonWriter *writer);
void dou_copy_row_add_to_sum (DouCopyRow *self, DouCopySum *sum);

gboolean dou_copy_sum_equal (const DouCopySum *a, const DouCopySum *b);
char *dou_copy_sum_to_string (const DouCopySum *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouCopyRow, dou_copy_row_free)

G_END_DECLS
