/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct sqlite3 sqlite3;

sqlite3 *dou_sqlite_open (const char *path, gboolean is_copy, GError **error);
sqlite3 *dou_sqlite_create (const char *path, GError **error);
gboolean dou_sqlite_execute (sqlite3 *database, const char *statement, GError **error);
gboolean dou_sqlite_check (sqlite3 *database, const char *path, const char *pragma,
                           GError **error);
void dou_sqlite_set_error (GError **error, sqlite3 *database, const char *path);

G_END_DECLS
