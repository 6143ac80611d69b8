/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-transaction.h"

G_BEGIN_DECLS

/**
 * DouCopyProgress:
 * @key: (nullable): of the last row, a JSON array; %NULL if the table has no keys
 * @n_rows: how many are there
 *
 * How far the copy of a table is.
 */
typedef struct
{
  char *key;
  gint64 n_rows;
} DouCopyProgress;

gboolean dou_copy_mark_is_set (DouTransaction *database, gboolean *is_set, GError **error);
gboolean dou_copy_mark_begin (DouTransaction *database, const char *source, GError **error);
gboolean dou_copy_mark_resume (DouTransaction *database, const char *source, GHashTable *progress,
                               GError **error);
gboolean dou_copy_mark_finish (DouTransaction *database, GError **error);

GHashTable *dou_copy_mark_new_progress (void);
gboolean dou_copy_mark_set_progress (DouTransaction *database, GHashTable *progress,
                                     const char *table, const char *key, gint64 n_rows,
                                     GError **error);

G_END_DECLS
