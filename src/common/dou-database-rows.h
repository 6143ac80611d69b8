/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"

G_BEGIN_DECLS

/* How dou-database-model.c fills a DouRows: cell after cell, row after row. */

DouRows *dou_rows_new (const char *columns, guint n_rows);
void dou_rows_add_int64 (DouRows *self, gint64 value);
void dou_rows_add_text (DouRows *self, const char *value);

G_END_DECLS
