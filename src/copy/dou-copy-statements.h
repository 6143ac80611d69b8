/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-transaction.h"
#include "copy/dou-copy-row.h"
#include "copy/dou-copy-side.h"

G_BEGIN_DECLS

/* Statements about one table, which a connection has under these names: see dou-copy-statements.c. */

void dou_copy_statements_add_reads (DouTransaction *database, const DouCopySide *side, guint n_rows);
void dou_copy_statements_add_writes (DouTransaction *database, const DouCopySide *side);

DouCopyRow *dou_copy_statements_new_row (DouTransaction *database, const DouCopySide *side);
DouRows *dou_copy_statements_read (DouTransaction *database, const DouCopySide *side,
                                   const char *key, GError **error);
gboolean dou_copy_statements_count (DouTransaction *database, const DouCopySide *side,
                                    gint64 *n_rows, GError **error);
gboolean dou_copy_statements_is_empty (DouTransaction *database, const DouCopySide *side,
                                       gboolean *is_empty, GError **error);
gboolean dou_copy_statements_delete (DouTransaction *database, const DouCopySide *side,
                                     GError **error);
gboolean dou_copy_statements_insert (DouTransaction *database, const DouCopySide *side,
                                     const char *json, GError **error);

G_END_DECLS
