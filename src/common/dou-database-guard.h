/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-address.h"

G_BEGIN_DECLS

/**
 * DouDatabaseGuard:
 *
 * Frees a thread that waits for a server which has fallen silent.
 */
typedef struct _DouDatabaseGuard DouDatabaseGuard;

DouDatabaseGuard *dou_database_guard_new (const DouDatabaseAddress *address);
void dou_database_guard_free (DouDatabaseGuard *self);

void dou_database_guard_begin_opening (DouDatabaseGuard *self, guint seconds);
gboolean dou_database_guard_end_opening (DouDatabaseGuard *self);
void dou_database_guard_begin (DouDatabaseGuard *self, guint seconds);
gboolean dou_database_guard_end (DouDatabaseGuard *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouDatabaseGuard, dou_database_guard_free)

G_END_DECLS
