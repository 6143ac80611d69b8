/* SPDX-License-Identifier: Apache-2.0 */

/* Jobs on one connection.
 *
 * Group commit: what costs is the commit (an fsync), not the rows, so jobs that wait together share
 * a transaction. If one of them fails, or the commit, everything is rolled back and each runs again
 * in a transaction of its own, so that only the bad one fails. Savepoints around each job were
 * rejected: they cost two statements a job in the usual case to save work in the rare one.
 *
 * What reads and asks one thing only, as nearly everything does, needs no transaction for it. What asks more is run
 * again, in one, when it asks for the second time; and from then on begins one at once.
 *
 * Where several nodes write to one server, their transactions may get into each other's way. The
 * engine then rolls one of them back (deadlock, serialization failure), which runs again as it was.
 *
 * A connection that was lost, or on which SQLite ended a transaction by itself (a disk error does
 * that), is closed, and a new one opened for the next job. A job in whose middle it was lost runs once
 * more; if it had been committed in truth, it finds everything as it wants it, since all writes may be
 * repeated. One that the server left without an answer for too long does not: its time is over.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-database-schema.h"
#include "common/dou-database-worker.h"
#include "common/dou-metrics.h"
#include "common/dou-status.h"
#include "common/dou-trace.h"

/* How often a transaction runs that is rolled back since another was in its way, and the longest
 * pause between, in microseconds, so that the two do not meet again. One more in the way each time is
 * already unlikely. */
#define CONFLICT_TRIES 10
#define CONFLICT_PAUSE 20000

struct _DouDatabaseWorker
{
  char *domain;                /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouDatabaseOutage *outage;   /* (unowned) of the database */
  gboolean writes;             /* whether jobs may change things */
  guint schema_version;        /* of a writer */
  DouTransaction *transaction; /* (owned) (nullable) NULL once the connection broke */

  DouMetric *succeeded; /* (unowned) transactions */
  DouMetric *failed;    /* (unowned) transactions */
  DouMetric *time;      /* (unowned) spent on them */
  DouMetric *sizes;     /* (unowned) jobs in each */
};

static gboolean
dou_database_worker_connect (DouDatabaseWorker *self, gboolean migrate, GError **error)
{
  g_autoptr (DouTransaction) transaction = NULL;

  transaction = dou_database_schema_connect (self->address, !self->writes, error);
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
 * @address: where its tables are
 * @outage: (transfer none): shared by all workers of the database; outlives them
 * @writes: whether jobs may change things; such a worker brings the tables up to date first, and
 *   there must have been one before there is one that only reads
 * @error: return location
 *
 * Returns: (transfer full): a worker with an open connection, or %NULL
 */
DouDatabaseWorker *
dou_database_worker_new (const char *domain, const DouDatabaseAddress *address,
                         DouDatabaseOutage *outage, gboolean writes, GError **error)
{
  g_autoptr (DouDatabaseWorker) self = g_new0 (DouDatabaseWorker, 1);

  self->domain = g_strdup (domain);
  self->address = dou_database_address_copy (address);
  self->outage = outage;
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

  if (dou_transaction_has_statement (self->transaction, "database-checkpoint"))
    rows = dou_transaction_query (self->transaction, "database-checkpoint", "xxx", NULL, NULL);
}

/**
 * dou_database_worker_free:
 * @self: (transfer full): a worker; one that writes goes last, and moves SQLite's log into the database
 */
void
dou_database_worker_free (DouDatabaseWorker *self)
{
  if (self->writes && self->transaction != NULL)
    dou_database_worker_checkpoint (self);
  g_clear_pointer (&self->transaction, dou_transaction_close);
  g_free (self->domain);
  dou_database_address_free (self->address);
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
  g_autofree char *description = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean is_news;

  if (self->transaction != NULL)
    return TRUE;
  if (!dou_database_outage_may_try (self->outage, error))
    return FALSE;

  description = dou_database_address_describe (self->address);
  dou_database_worker_connect (self, FALSE, &cause);
  is_news = dou_database_outage_report (self->outage, cause);
  if (cause == NULL)
    {
      if (is_news)
        g_message ("The database “%s” is back", description);
      return TRUE;
    }

  if (is_news)
    g_warning ("The database “%s” is away: %s", description, cause->message);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

/* @hung_up: (out): whether it failed since the server had closed the connection */
static gboolean
dou_database_worker_begin_once (DouDatabaseWorker *self, gboolean *hung_up, GError **error)
{
  *hung_up = FALSE;
  if (!dou_database_worker_ensure_connected (self, error))
    return FALSE;
  if (!self->writes)
    {
      dou_transaction_begin_late (self->transaction);
      return TRUE;
    }
  if (dou_transaction_begin (self->transaction, TRUE, error))
    return TRUE;

  *hung_up = dou_transaction_get_trouble (self->transaction) == DOU_DATABASE_TROUBLE_LOST;
  if (dou_transaction_is_broken (self->transaction))
    g_clear_pointer (&self->transaction, dou_transaction_close);
  return FALSE;
}

/* If no transaction can be begun, none of @jobs can run. That the server hung up is noticed only when
 * it is spoken to, and no reason to refuse anything as long as it takes a new connection. */
static gboolean
dou_database_worker_begin (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  g_autoptr (GError) error = NULL;
  gboolean hung_up;

  if (dou_database_worker_begin_once (self, &hung_up, &error))
    return TRUE;
  if (hung_up)
    {
      g_clear_error (&error);
      if (dou_database_worker_begin_once (self, &hung_up, &error))
        return TRUE;
    }

  for (guint i = 0; i < n_jobs; i++)
    jobs[i]->error = g_error_copy (error);
  return FALSE;
}

static gboolean
job_run (DouDatabaseJob *job, DouTransaction *transaction)
{
  const DouTraceContext *former = dou_trace_enter_kept (&job->trace);
  gboolean done = job->func (transaction, g_task_get_task_data (job->task), &job->error);

  dou_trace_enter (former);
  g_assert (done == (job->error == NULL));
  return done;
}

/* The span of a commit that @jobs share: that of the first one that is to be seen, with links to the
 * others. That of a transaction that only reads does nothing. */
static DouSpan *
begin_commit_span (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  DouSpan *span = NULL;

  for (guint i = 0; i < n_jobs && self->writes; i++)
    if (span != NULL && jobs[i]->trace.is_sampled)
      dou_span_add_link (span, &jobs[i]->trace);
    else if (span == NULL)
      span = dou_trace_begin (&jobs[i]->trace, DOU_SPAN_CLIENT, "COMMIT");

  if (span == NULL)
    return NULL;

  dou_span_add_text (span, "db.system.name", dou_transaction_get_engine_name (self->transaction));
  dou_span_add_text (span, "db.namespace", self->domain);
  dou_span_add_number (span, "doutok.batch.jobs", n_jobs);
  return span;
}

static gboolean
dou_database_worker_commit (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  DouSpan *span = begin_commit_span (self, jobs, n_jobs);
  gboolean done = dou_transaction_commit (self->transaction, &jobs[0]->error);

  if (!done)
    dou_span_fail (span, jobs[0]->error->message);
  dou_trace_end (span);
  return done;
}

/* Runs all of @jobs in the transaction that was begun, and commits it or rolls it back. */
static DouDatabaseTrouble
dou_database_worker_run_begun (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  gint64 begun = g_get_monotonic_time ();
  DouDatabaseTrouble trouble;
  gboolean done = TRUE;

  for (guint i = 0; i < n_jobs && done; i++)
    done = job_run (jobs[i], self->transaction);

  done = done && dou_database_worker_commit (self, jobs, n_jobs);
  trouble = dou_transaction_get_trouble (self->transaction);
  dou_metric_add (self->time, g_get_monotonic_time () - begun);
  if (trouble != DOU_DATABASE_TROUBLE_BEGIN)
    {
      dou_metric_add (done ? self->succeeded : self->failed, 1);
      dou_metric_observe (self->sizes, n_jobs);
    }
  if (done)
    return DOU_DATABASE_TROUBLE_NONE;

  /* A function may fail for a reason of its own. */
  if (trouble == DOU_DATABASE_TROUBLE_NONE)
    trouble = DOU_DATABASE_TROUBLE_BUG;
  if (!dou_transaction_rollback (self->transaction))
    g_clear_pointer (&self->transaction, dou_transaction_close);
  return trouble;
}

static void
clear_errors (DouDatabaseJob **jobs, guint n_jobs)
{
  for (guint i = 0; i < n_jobs; i++)
    g_clear_error (&jobs[i]->error);
}

/* Jobs fail one by one, unless there is no transaction for any of them. */
static gboolean
have_all_failed (DouDatabaseJob **jobs, guint n_jobs)
{
  for (guint i = 0; i < n_jobs; i++)
    if (jobs[i]->error == NULL)
      return FALSE;

  return TRUE;
}

/* Runs all of @jobs in one transaction, and again if that is promising. Returns whether they are
 * done; if not, at least one of them has an error. */
static gboolean
dou_database_worker_run_together (DouDatabaseWorker *self, DouDatabaseJob **jobs, guint n_jobs)
{
  gboolean was_lost = FALSE;

  for (guint i = 1; dou_database_worker_begin (self, jobs, n_jobs); i++)
    {
      DouDatabaseTrouble trouble = dou_database_worker_run_begun (self, jobs, n_jobs);
      gboolean is_begin = trouble == DOU_DATABASE_TROUBLE_BEGIN;
      gboolean is_conflict = trouble == DOU_DATABASE_TROUBLE_CONFLICT && i < CONFLICT_TRIES;
      gboolean is_loss = trouble == DOU_DATABASE_TROUBLE_LOST && !was_lost;

      if (trouble == DOU_DATABASE_TROUBLE_NONE)
        return TRUE;
      if (!is_conflict && !is_loss && !is_begin)
        return FALSE;

      was_lost = was_lost || is_loss;
      clear_errors (jobs, n_jobs);
      if (is_conflict)
        g_usleep ((gulong) g_random_int_range (0, CONFLICT_PAUSE));
    }

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
  if (dou_database_worker_run_together (self, jobs, n_jobs) || have_all_failed (jobs, n_jobs))
    return;

  g_debug ("A group of %u writes of %s failed; each runs alone", n_jobs, self->domain);
  clear_errors (jobs, n_jobs);
  for (guint i = 0; i < n_jobs; i++)
    dou_database_worker_run_together (self, jobs + i, 1);
}
