/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-database-address.h"

G_BEGIN_DECLS

/**
 * DouDatabase:
 *
 * The tables of one domain, on one engine, behind one writer thread and a few reader threads. It
 * is the only place with database threads and libgda in it; stores hand it functions that run
 * there.
 *
 * Statements live in data/sql/DOMAIN/ENGINE/statements.sql, each under a line `-- name: NAME`, and
 * take at most one parameter: a JSON text, `##json::string`. Migrations are numbered files beside
 * it, NNNN-what.sql, their statements separated by a line `-- next`. Both are compiled in as the
 * resource /org/doutok/sql/DOMAIN/ENGINE/…
 */
#define DOU_TYPE_DATABASE (dou_database_get_type ())
G_DECLARE_FINAL_TYPE (DouDatabase, dou_database, DOU, DATABASE, GObject)

/**
 * DouTransaction:
 *
 * One connection while a #DouDatabaseFunc runs. Belongs to its thread; never kept.
 */
typedef struct _DouTransaction DouTransaction;

/**
 * DouRows:
 *
 * The whole result of a query, in memory. Rows and columns count from 0.
 */
typedef struct _DouRows DouRows;

/**
 * DouDatabaseFunc:
 * @transaction: where to run statements
 * @data: of the caller; results are left here too
 * @error: return location
 *
 * Runs in a thread of the database. It may be run more than once, each time in a fresh
 * transaction after the former was rolled back, so it must begin by resetting what it leaves in
 * @data. After a statement failed it must return: nothing of it will be committed.
 *
 * Returns: %FALSE to roll back, with @error set
 */
typedef gboolean (*DouDatabaseFunc) (DouTransaction *transaction, gpointer data, GError **error);

DouDatabase *dou_database_open (const char *domain, const DouDatabaseAddress *address,
                                GError **error);
void dou_database_close (DouDatabase *self);

const char *dou_database_get_engine (DouDatabase *self);
guint dou_database_get_schema_version (DouDatabase *self);
gboolean dou_database_is_file (DouDatabase *self);

void dou_database_write_async (DouDatabase *self, DouDatabaseFunc func, gpointer data,
                               GDestroyNotify destroy, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_database_write_finish (DouDatabase *self, GAsyncResult *result, GError **error);
void dou_database_read_async (DouDatabase *self, DouDatabaseFunc func, gpointer data,
                              GDestroyNotify destroy, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_database_read_finish (DouDatabase *self, GAsyncResult *result, GError **error);

DouRows *dou_transaction_query (DouTransaction *self, const char *name, const char *columns,
                                const char *json, GError **error);
gboolean dou_transaction_execute (DouTransaction *self, const char *name, const char *json,
                                  gint64 *n_changed, GError **error);
gboolean dou_transaction_allow_time (DouTransaction *self, GError **error);

guint dou_rows_get_n_rows (DouRows *self);
gint64 dou_rows_get_int64 (DouRows *self, guint row, guint column);
const char *dou_rows_get_text (DouRows *self, guint row, guint column);
void dou_rows_free (DouRows *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouRows, dou_rows_free)

G_END_DECLS
