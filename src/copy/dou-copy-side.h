/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "copy/dou-copy-plan.h"

G_BEGIN_DECLS

/**
 * DouCopyField:
 * @name: (nullable): of the column in the database; %NULL if it is computed
 * @type: (nullable): what the engine calls its type, in lower case
 * @expression: (nullable): computes what has no column
 *
 * What one column of a plan is in a database.
 */
typedef struct
{
  char *name;
  char *type;
  const char *expression;
} DouCopyField;

/**
 * DouCopySide:
 * @table: what it is in the plan
 * @name: in the database
 * @fields: (element-type DouCopyField): one for each column of @table
 * @key: (element-type guint): the primary key, as indices of @fields; empty if there is one row only
 * @has_number: whether a column `id` numbers the one row
 * @extra: (nullable): a statement that fills what the engine keeps in another table, from the same rows
 *
 * A table of a plan as a database has it.
 */
typedef struct
{
  const DouCopyTable *table;
  char *name;
  GPtrArray *fields;
  GArray *key;
  gboolean has_number;
  const char *extra;
} DouCopySide;

DouCopySide *dou_copy_side_new (const DouCopyTable *table, const char *engine, GPtrArray *columns,
                                GError **error);
void dou_copy_side_free (DouCopySide *self);

gboolean dou_copy_side_is_known (const char *engine, GPtrArray *sides, const char *table,
                                 const char *column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouCopySide, dou_copy_side_free)

G_END_DECLS
