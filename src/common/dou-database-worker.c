/* SPDX-License-Identifier: Apache-2.0 */

/* Jobs on one connection.
 *
 * Group commit: what costs is the commit (an fsync), not the rows, so jobs that wait together share
 * a transaction. If one of them fails, or the commit, everything is rolled back and each runs again
 * in a transaction of its own, so that only the bad one fails. Savepoints around each job were
 * rejected: they cost two statements a job in the usual case to save work in the rare one.
 *
 * A connection on which the engine ended a transaction by itself (a disk error does that) is
 * closed, and a new one opened for the next job: the library would believe in the transaction for
 * ever.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-database-schema.h"
#include "common/dou-database-worker.h"
#include "common/dou-metrics.h"
#include "common/dou-status.h"

/* How long a connection that could not be opened again is taken for lost without another try. Until
 * then every job fails at once. The library leaks some 100 kB with each try that fails. */
#define RECONNECT_INTERVAL (1 * G_TIME_SPAN_SECOND)

struct _DouDatabaseWorker
{
  char *domain;                /* (owned) */
  char *path;                  /* (owned) */
  gboolean writes;             /* whether jobs may change things */
  guint schema_version;        /* of a writer */
  DouTransaction *transaction; /* (owned) (nullable) NULL once the connection broke */
  GError *lost;                /* (owned) (nullable) why no new one could be opened */
  gint64 lost_until;           /* monotonic time of the next try */

  DouMetric *succeeded; /* (unowned) transactions */
  DouMetric *failed;    /* (unowned) transactions */
  DouMetric *time;      /* (unowned) spent on them */
  DouMetric *sizes;     /* (unowned) jobs in each */
};

static gboolean
dou_database_worker_connect (DouDatabaseWorker *self, gboolean migrate, GError **error)
{
  g_autoptr (DouTransaction) transaction = NULL;

  transaction = dou_database_schema_connect (self->path, !self->writes, error);
  if (transaction == NULL)
    return FALSE;
  if (migrate
      && !dou_database_schema_migrate (transaction, self->domain, &self->schema_version, error))
    return FALSE;
  if (!dou_database_schema_load (transaction, self->domain, error))
    return FALSE;

  self->transaction = g_steal_pointer (&transaction);
  return TRUE;
}

static void
dou_database_worker_measure (DouDatabaseWorker *self)
{
  g_autofree char *labels = g_strdup_printf ("database=\"%s\",kind=\"%s\"", self->domain,
                                             self->writes ? "write" : "read");
  g_autofree char *succeeded = g_strconcat (labels, ",outcome=\"success\"", NULL);
  g_autofree char *failed = g_strconcat (labels, ",outcome=\"failure\"", NULL);

  self->succeeded = dou_metrics_get ("doutok_database_transactions_total", succeeded);
  self->failed = dou_metrics_get ("doutok_database_transactions_total", failed);
  self->time = dou_metrics_get ("doutok_database_seconds_total", labels);
  self->sizes = dou_metrics_get ("doutok_database_batch_jobs", labels);
}

/**
 * dou_database_worker_new:
 * @domain: whose SQL to use
 * @path: the database file
 * @writes: whether jobs may change things; such a worker brings the tables up to date first, and
 *   there must have been one before there is one that only reads
 * @error: return location
 *
 * Returns: (transfer full): a worker with an open connection, or %NULL
 */
DouDatabaseWorker *
dou_database_worker_new (const char *domain, const char *path, gboolean writes, GError **error)
{
  g_autoptr (DouDatabaseWorker) self = g_new0 (DouDatabaseWorker, 1);

  self->domain = g_strdup (domain);
  self->path = g_strdup (path);
  self->writes = writes;
  dou_database_worker_measure (self);
  if (!dou_database_worker_connect (self, writes, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* Failing here costs nothing but a longer next start. */
static void
dou_database_worker_checkpoint (DouDatabaseWorker *self)
{
  g_autoptr (DouRows) rows = NULL;

  rows = dou_transaction_query (self->transaction, "database-checkpoint", "xxx", NULL, NULL);
}

/**
 * dou_database_worker_free:
 * @self: (transfer full): a worker; one that writes goes last, and moves the log into the database
 */
void
dou_database_worker_free (DouDatabaseWorker *self)
{
  if (self->writes && self->transaction != NULL)
    dou_database_worker_checkpoint (self);
  g_clear_pointer (&self->transaction, dou_transaction_close);
  g_clear_error (&self->lost);
  g_free (self->domain);
  g_free (self->path);
  g_free (self);
}

/**
 * dou_database_worker_get_schema_version:
 * @self: a worker that writes
 *
 * Returns: the number of the newest migration
 */
guint
dou_database_worker_get_schema_version (DouDatabaseWorker *self)
{
  return self->schema_version;
}

/**
 * dou_database_worker_get_engine:
 * @self: a worker
 * @error: return location
 *
 * Returns: (transfer full): name and version of the engine, or %NULL
 */
char *
dou_database_worker_get_engine (DouDatabaseWorker *self, GError **error)
{
  g_autoptr (DouRows) rows = NULL;

  rows = dou_transaction_query (self->transaction, "database-engine", "s", NULL, error);
  return rows != NULL ? g_strdup (dou_rows_get_text (rows, 0, 0)) : NULL;
}

static gboolean
dou_database_worker_ensure_connected (DouDatabaseWorker *self, GError **error)
{
  if (self->transaction != NULL)
    return TRUE;

  if (self->lost == NULL || g_get_monotonic_time () >= self->lost_until)
    {
      g_clear_error (&self->lost);
      if (dou_database_worker_connect (self, FALSE, &self->lost))
        return TRUE;

      g_warning ("Cannot open the database “%s” again: %s", self->path, self->lost->message);
      self->lost_until = g_get_monotonic_time () + RECONNECT_INTERVAL;
    }

  g_propagate_error (error, g_error_copy (self->lost));
  return FALSE;
}

/* If no transaction can be begun, none of @jobs can run. */
static gboolean
dou_database_worker_begin (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  g_autoptr (GError) error = NULL;

  if (dou_database_worker_ensure_connected (self, &error)
      && dou_transaction_begin (self->transaction, self->writes, &error))
    return TRUE;

  for (guint i = 0; i < n_jobs; i++)
    jobs[i]->error = g_error_copy (error);
  return FALSE;
}

static gboolean
job_run (DouDatabaseJob *job, DouTransaction *transaction)
{
  gboolean done = job->func (transaction, g_task_get_task_data (job->task), &job->error);

  g_assert (done == (job->error == NULL));
  return done;
}

/* Runs all of @jobs in the transaction that was begun, and commits it or rolls it back. */
static gboolean
dou_database_worker_run_begun (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  gint64 begun = g_get_monotonic_time ();
  gboolean done = TRUE;

  for (guint i = 0; i < n_jobs && done; i++)
    done = job_run (jobs[i], self->transaction);

  done = done && dou_transaction_commit (self->transaction, &jobs[0]->error);
  dou_metric_add (done ? self->succeeded : self->failed, 1);
  dou_metric_add (self->time, g_get_monotonic_time () - begun);
  dou_metric_observe (self->sizes, n_jobs);
  if (done)
    return TRUE;

  if (!dou_transaction_rollback (self->transaction))
    g_clear_pointer (&self->transaction, dou_transaction_close);
  return FALSE;
}

/**
 * dou_database_worker_run:
 * @self: a worker
 * @jobs: (array length=n_jobs): what to run; without errors yet
 * @n_jobs: at least 1
 *
 * Runs @jobs, in one transaction if all goes well. Those that did not commit have their errors set.
 */
void
dou_database_worker_run (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  if (!dou_database_worker_begin (self, jobs, n_jobs)
      || dou_database_worker_run_begun (self, jobs, n_jobs) || n_jobs == 1)
    return;

  g_debug ("A group of %u writes of %s failed; each runs alone", n_jobs, self->domain);
  for (guint i = 0; i < n_jobs; i++)
    g_clear_error (&jobs[i]->error);

  for (guint i = 0; i < n_jobs; i++)
    {
      if (!dou_database_worker_begin (self, jobs + i, n_jobs - i))
        return;
      dou_database_worker_run_begun (self, jobs + i, 1);
    }
}
