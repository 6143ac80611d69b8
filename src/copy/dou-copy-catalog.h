/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-transaction.h"

G_BEGIN_DECLS

/**
 * DouCopyColumn:
 * @table: whose it is
 * @name: in the database
 * @type: what the engine calls its type, in lower case
 * @key: place in the primary key, from 1; or 0
 *
 * A column of a database.
 */
typedef struct
{
  char *table;
  char *name;
  char *type;
  guint key;
} DouCopyColumn;

DouTransaction *dou_copy_catalog_connect (const DouDatabaseAddress *address, GError **error);
GPtrArray *dou_copy_catalog_list_columns (DouTransaction *database, GError **error);
gboolean dou_copy_catalog_get_version (DouTransaction *database, const char *domain, guint *version,
                                       GError **error);
gboolean dou_copy_catalog_get_number (DouTransaction *database, const char *name, const char *sql,
                                      gint64 *number, GError **error);

G_END_DECLS
