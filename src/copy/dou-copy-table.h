/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "copy/dou-copy-end.h"
#include "copy/dou-copy-row.h"
#include "copy/dou-copy.h"

G_BEGIN_DECLS

/**
 * DouCopyTables:
 * @from: where rows come from
 * @to: where they go
 * @progress: (element-type utf8 DouCopyProgress): how far each table is
 * @n_rows: the most to read at a time
 * @n_done: rows that were copied, or compared
 * @n_total: that there are
 * @request: whom to tell
 *
 * The copying of tables.
 */
typedef struct
{
  DouCopyEnd *from;
  DouCopyEnd *to;
  GHashTable *progress;
  guint n_rows;
  guint64 n_done;
  guint64 n_total;
  const DouCopyRequest *request;
} DouCopyTables;

gboolean dou_copy_tables_count (DouCopyTables *self, GError **error);
gboolean dou_copy_tables_copy (DouCopyTables *self, guint index, GError **error);
gboolean dou_copy_tables_sum (DouCopyTables *self, DouCopyEnd *end, guint index, DouCopySum *sum,
                              GError **error);

G_END_DECLS
