/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-engine.h"
#include "common/dou-database.h"

G_BEGIN_DECLS

/* What dou-database.c and dou-database-schema.c do with a connection, beside what stores do. */

DouTransaction *dou_transaction_open (const DouDatabaseAddress *address, GError **error);
void dou_transaction_close (DouTransaction *self);
const char *dou_transaction_get_engine_name (DouTransaction *self);
DouDatabaseTrouble dou_transaction_get_trouble (DouTransaction *self);

void dou_transaction_add_statement (DouTransaction *self, const char *name, const char *sql);
gboolean dou_transaction_prepare (DouTransaction *self, const char *name, GError **error);
gboolean dou_transaction_has_statement (DouTransaction *self, const char *name);
gboolean dou_transaction_run_sql (DouTransaction *self, const char *sql, GError **error);

gboolean dou_transaction_begin (DouTransaction *self, gboolean write, GError **error);
void dou_transaction_begin_late (DouTransaction *self);
gboolean dou_transaction_commit (DouTransaction *self, GError **error);
gboolean dou_transaction_rollback (DouTransaction *self);
gboolean dou_transaction_is_broken (DouTransaction *self);
gboolean dou_transaction_lock_migrations (DouTransaction *self, GError **error);
void dou_transaction_unlock_migrations (DouTransaction *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTransaction, dou_transaction_close)

G_END_DECLS
