/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-transaction.h"

G_BEGIN_DECLS

DouTransaction *dou_database_schema_connect (const DouDatabaseAddress *address, gboolean read_only,
                                             GError **error);
gboolean dou_database_schema_migrate (DouTransaction *transaction, const char *domain,
                                      guint *version, GError **error);
gboolean dou_database_schema_load (DouTransaction *transaction, const char *domain, GError **error);

G_END_DECLS
