/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouDatabaseOutage:
 *
 * What the threads of one database know of its server being away. May be used by any of them.
 */
typedef struct _DouDatabaseOutage DouDatabaseOutage;

DouDatabaseOutage *dou_database_outage_new (void);
void dou_database_outage_free (DouDatabaseOutage *self);

gboolean dou_database_outage_may_try (DouDatabaseOutage *self, GError **error);
gboolean dou_database_outage_report (DouDatabaseOutage *self, const GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouDatabaseOutage, dou_database_outage_free)

G_END_DECLS
