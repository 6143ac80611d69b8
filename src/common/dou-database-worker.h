/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-outage.h"
#include "common/dou-database.h"
#include "common/dou-trace-context.h"

G_BEGIN_DECLS

/**
 * DouDatabaseJob:
 *
 * A function that waits for a connection, and what became of it.
 */
typedef struct
{
  GTask *task; /* (owned) whose task data is the data of the function */
  DouDatabaseFunc func;
  DouTraceContext trace; /* of dou_trace_keep(), for what the function is called */
  GError *error;         /* (owned) (nullable) */
} DouDatabaseJob;

/**
 * DouDatabaseWorker:
 *
 * A connection and how jobs are run on it. Belongs to one thread at a time.
 */
typedef struct _DouDatabaseWorker DouDatabaseWorker;

DouDatabaseWorker *dou_database_worker_new (const char *domain, const DouDatabaseAddress *address,
                                            DouDatabaseOutage *outage, gboolean writes,
                                            GError **error);
void dou_database_worker_free (DouDatabaseWorker *self);

guint dou_database_worker_get_schema_version (DouDatabaseWorker *self);
char *dou_database_worker_get_engine (DouDatabaseWorker *self, GError **error);
void dou_database_worker_run (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouDatabaseWorker, dou_database_worker_free)

G_END_DECLS
