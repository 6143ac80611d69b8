/* SPDX-License-Identifier: Apache-2.0 */

/* The threads around a database.
 *
 * One writer, since SQLite lets only one write at a time anyway: waiting in our queue is fair and
 * costs nothing, waiting for the engine's lock is a sleep of growing length. On a server, every node
 * has one, which fills its commits the better the more there is to do. It takes whatever
 * is waiting, up to GROUP_SIZE jobs, into one commit; alone, a job leaves at once. Some readers, so
 * that a slow read does not hold up the others, and a slow disk holds up no read. Each thread has a
 * connection of its own. A job is answered after its commit, in the main context it came from.
 *
 * Queues are bounded: a job over the bound is refused at once with DOU_STATUS_UNAVAILABLE, which
 * the client is told as “busy, try again”, rather than kept until its client has gone.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-database-worker.h"
#include "common/dou-status.h"
#include "common/dou-task.h"
#include "common/dou-trace.h"

/* Jobs in one commit. A gateway keeps only a few batches of a method in flight, so more are seldom
 * waiting; and the first of them waits for the last. */
#define GROUP_SIZE 16

/* Jobs that may wait in one queue. Each is a whole batch of a gateway. */
#define QUEUE_LIMIT 256

typedef struct
{
  GQueue jobs;     /* (owned) (element-type DouDatabaseJob) */
  GCond changed;   /* jobs or closed did */
  gboolean closed; /* nothing more comes: threads end when the queue is empty */
} Queue;

struct _DouDatabase
{
  GObject parent_instance;

  char *domain; /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouDatabaseOutage *outage;   /* (owned) */
  char *engine; /* (owned) */
  guint schema_version;
  GMutex mutex; /* guards the queues */
  Queue writes;
  Queue reads;
  GThread *writer;    /* (owned) (nullable) */
  GPtrArray *readers; /* (owned) (element-type GThread) */
};

G_DEFINE_FINAL_TYPE (DouDatabase, dou_database, G_TYPE_OBJECT)

/* What a thread is started with. */
typedef struct
{
  DouDatabase *database;     /* (unowned) outlives its threads */
  DouDatabaseWorker *worker; /* (owned) */
  Queue *queue;              /* (unowned) of the database */
  guint group_size;          /* the most jobs to take at once */
} Thread;

static void
job_free (DouDatabaseJob *job)
{
  g_clear_object (&job->task);
  g_clear_error (&job->error);
  g_free (job);
}

static gboolean
job_return_cb (gpointer user_data)
{
  DouDatabaseJob *job = user_data;
  const DouTraceContext *former = dou_trace_enter_kept (&job->trace);

  if (job->error != NULL)
    g_task_return_error (job->task, g_steal_pointer (&job->error));
  else
    g_task_return_boolean (job->task, TRUE);

  dou_trace_enter (former);
  return G_SOURCE_REMOVE;
}

/* Waits for jobs and takes up to @max. Returns how many; 0 when the queue is closed and empty. */
static guint
dou_database_pop (DouDatabase *self, Queue *queue, DouDatabaseJob **jobs, guint max)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  guint n_jobs = 0;

  while (queue->jobs.length == 0 && !queue->closed)
    g_cond_wait (&queue->changed, &self->mutex);

  while (n_jobs < max && queue->jobs.length > 0)
    jobs[n_jobs++] = g_queue_pop_head (&queue->jobs);
  return n_jobs;
}

static gpointer
thread_func (gpointer data)
{
  g_autofree Thread *self = data;
  DouDatabaseJob *taken[GROUP_SIZE];
  guint n_taken;

  while ((n_taken = dou_database_pop (self->database, self->queue, taken, self->group_size)) > 0)
    {
      DouDatabaseJob *wanted[GROUP_SIZE];
      guint n_wanted = 0;

      for (guint i = 0; i < n_taken; i++)
        if (!g_cancellable_set_error_if_cancelled (g_task_get_cancellable (taken[i]->task),
                                                   &taken[i]->error))
          wanted[n_wanted++] = taken[i];

      if (n_wanted > 0)
        dou_database_worker_run (self->worker, wanted, n_wanted);
      for (guint i = 0; i < n_taken; i++)
        dou_task_invoke (taken[i]->task, job_return_cb, taken[i], (GDestroyNotify) job_free);
    }

  dou_database_worker_free (self->worker);
  return NULL;
}

static void
dou_database_dispose (GObject *object)
{
  dou_database_close (DOU_DATABASE (object));

  G_OBJECT_CLASS (dou_database_parent_class)->dispose (object);
}

static void
dou_database_finalize (GObject *object)
{
  DouDatabase *self = DOU_DATABASE (object);

  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->writes.changed);
  g_cond_clear (&self->reads.changed);
  g_ptr_array_unref (self->readers);
  g_free (self->domain);
  g_clear_pointer (&self->address, dou_database_address_free);
  dou_database_outage_free (self->outage);
  g_free (self->engine);

  G_OBJECT_CLASS (dou_database_parent_class)->finalize (object);
}

static void
dou_database_class_init (DouDatabaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_database_dispose;
  object_class->finalize = dou_database_finalize;
}

static void
dou_database_init (DouDatabase *self)
{
  self->readers = g_ptr_array_new ();
  self->outage = dou_database_outage_new ();
  g_mutex_init (&self->mutex);
  g_queue_init (&self->writes.jobs);
  g_cond_init (&self->writes.changed);
  g_queue_init (&self->reads.jobs);
  g_cond_init (&self->reads.changed);
}

/* The engine would make the file readable for everybody, and say only “unable to open”. Its other
 * files take over the mode of this one. */
static gboolean
create_file (const char *path, GError **error)
{
  int fd = g_open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0 && errno != EEXIST)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s", g_strerror (errno));
      return FALSE;
    }

  if (fd >= 0)
    close (fd);
  return TRUE;
}

static GThread *
dou_database_start_thread (DouDatabase *self, DouDatabaseWorker *worker, gboolean writes)
{
  Thread *thread = g_new0 (Thread, 1);

  thread->database = self;
  thread->worker = worker;
  thread->queue = writes ? &self->writes : &self->reads;
  thread->group_size = writes ? GROUP_SIZE : 1;
  return g_thread_new (writes ? "dou-writer" : "dou-reader", thread_func, thread);
}

/* The writer comes first: it brings the tables up to date before anybody reads them. */
static gboolean
dou_database_start (DouDatabase *self, GError **error)
{
  g_autoptr (GPtrArray) readers = NULL;
  g_autoptr (DouDatabaseWorker) writer = NULL;

  if (dou_database_address_is_file (self->address) && !create_file (self->address->path, error))
    return FALSE;

  writer = dou_database_worker_new (self->domain, self->address, self->outage, TRUE, error);
  if (writer == NULL)
    return FALSE;

  self->schema_version = dou_database_worker_get_schema_version (writer);
  self->engine = dou_database_worker_get_engine (writer, error);
  if (self->engine == NULL)
    return FALSE;

  readers = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_database_worker_free);
  for (guint i = 0; i < self->address->n_readers; i++)
    {
      DouDatabaseWorker *reader
          = dou_database_worker_new (self->domain, self->address, self->outage, FALSE, error);

      if (reader == NULL)
        return FALSE;
      g_ptr_array_add (readers, reader);
    }

  self->writer = dou_database_start_thread (self, g_steal_pointer (&writer), TRUE);
  g_ptr_array_set_free_func (readers, NULL);
  for (guint i = 0; i < self->address->n_readers; i++)
    g_ptr_array_add (self->readers,
                     dou_database_start_thread (self, g_ptr_array_index (readers, i), FALSE));
  return TRUE;
}

/**
 * dou_database_open:
 * @domain: whose SQL to use; its resource is registered already
 * @address: where. A file ends in `.db`, and is made if absent, in a directory that exists; a relative
 *   path comes from a state directory that is empty, and is refused. A database on a server exists
 * @error: return location
 *
 * Opens the database, brings its tables up to date and starts the threads. This waits for the disk or
 * the server, and for as long as a migration takes.
 *
 * The domain's static library must name its resource (call its generated `…_get_resource ()`), or
 * the linker drops it.
 *
 * Returns: (transfer full): the database, or %NULL with %DOU_STATUS_UNAVAILABLE (it cannot be used, or
 *   was written by a newer program) or %DOU_STATUS_INTERNAL; the message says which database it is
 */
DouDatabase *
dou_database_open (const char *domain, const DouDatabaseAddress *address, GError **error)
{
  g_autoptr (DouDatabase) self = NULL;
  g_autofree char *description = NULL;

  g_return_val_if_fail (domain != NULL, NULL);
  g_return_val_if_fail (address != NULL && address->n_readers > 0, NULL);

  description = dou_database_address_describe (address);
  if (dou_database_address_is_file (address) && !g_path_is_absolute (address->path))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("Cannot open the database “%s”: no state directory is configured"), description);
      return NULL;
    }

  self = g_object_new (DOU_TYPE_DATABASE, NULL);
  self->domain = g_strdup (domain);
  self->address = dou_database_address_copy (address);
  if (!dou_database_start (self, error))
    {
      g_prefix_error (error, _ ("Cannot open the database “%s”: "), description);
      return NULL;
    }

  return g_steal_pointer (&self);
}

static void
dou_database_close_queue (DouDatabase *self, Queue *queue)
{
  g_mutex_lock (&self->mutex);
  queue->closed = TRUE;
  g_cond_broadcast (&queue->changed);
  g_mutex_unlock (&self->mutex);
}

/**
 * dou_database_close:
 * @self: a database
 *
 * Takes no more jobs, waits until all that are queued have run, and ends the threads. What became
 * of them is still told as the main contexts run on. A second call does nothing.
 */
void
dou_database_close (DouDatabase *self)
{
  g_return_if_fail (DOU_IS_DATABASE (self));

  dou_database_close_queue (self, &self->reads);
  for (guint i = 0; i < self->readers->len; i++)
    g_thread_join (g_ptr_array_index (self->readers, i));
  g_ptr_array_set_size (self->readers, 0);

  dou_database_close_queue (self, &self->writes);
  g_clear_pointer (&self->writer, g_thread_join);
}

/**
 * dou_database_get_engine:
 * @self: a database
 *
 * Returns: (transfer none): name and version, such as `SQLite 3.40.1`
 */
const char *
dou_database_get_engine (DouDatabase *self)
{
  g_return_val_if_fail (DOU_IS_DATABASE (self), NULL);

  return self->engine;
}

/**
 * dou_database_get_schema_version:
 * @self: a database
 *
 * Returns: the number of the newest migration, which the database has
 */
guint
dou_database_get_schema_version (DouDatabase *self)
{
  g_return_val_if_fail (DOU_IS_DATABASE (self), 0);

  return self->schema_version;
}

/**
 * dou_database_is_file:
 * @self: a database
 *
 * Returns: whether it is a file of SQLite, rather than on a server
 */
gboolean
dou_database_is_file (DouDatabase *self)
{
  g_return_val_if_fail (DOU_IS_DATABASE (self), FALSE);

  return dou_database_address_is_file (self->address);
}

static gboolean
dou_database_push (DouDatabase *self, Queue *queue, DouDatabaseFunc func, GTask *task)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  DouDatabaseJob *job;

  if (queue->closed || queue->jobs.length >= QUEUE_LIMIT)
    return FALSE;

  job = g_new0 (DouDatabaseJob, 1);
  job->task = g_object_ref (task);
  job->func = func;
  dou_trace_keep (&job->trace);
  g_queue_push_tail (&queue->jobs, job);
  g_cond_signal (&queue->changed);
  return TRUE;
}

static void
dou_database_submit (DouDatabase *self, Queue *queue, gpointer source_tag, DouDatabaseFunc func,
                     gpointer data, GDestroyNotify destroy, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, data, destroy);
  /* What is committed is committed, and is told so, though nobody wanted it any more. */
  g_task_set_check_cancellable (task, FALSE);

  if (!dou_database_push (self, queue, func, task))
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                             "Too much is waiting for the database, or it is closed");
}

/**
 * dou_database_write_async:
 * @self: a database
 * @func: (scope async): what to do; see #DouDatabaseFunc
 * @data: (nullable): passed to @func
 * @destroy: (nullable): frees @data, in the main context of the caller, after @callback
 * @cancellable: (nullable): prevents @func from starting; once it has started it runs to its end
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Runs @func in a transaction that may change things, possibly together with other such functions.
 */
void
dou_database_write_async (DouDatabase *self, DouDatabaseFunc func, gpointer data,
                          GDestroyNotify destroy, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_DATABASE (self));
  g_return_if_fail (func != NULL);

  dou_database_submit (self, &self->writes, dou_database_write_async, func, data, destroy,
                       cancellable, callback, user_data);
}

/**
 * dou_database_write_finish:
 * @self: a database
 * @result: of the callback
 * @error: return location
 *
 * Returns: whether everything is committed and on disk. If not, nothing was changed, and the error
 *   is that of the function, %DOU_STATUS_UNAVAILABLE (too much is queued, database locked, disk
 *   full or broken), %DOU_STATUS_INTERNAL, or %G_IO_ERROR_CANCELLED
 */
gboolean
dou_database_write_finish (DouDatabase *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_database_write_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_database_read_async:
 * @self: a database
 * @func: (scope async): what to do; see #DouDatabaseFunc
 * @data: (nullable): passed to @func
 * @destroy: (nullable): frees @data, in the main context of the caller, after @callback
 * @cancellable: (nullable): prevents @func from starting; once it has started it runs to its end
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Runs @func in a transaction that sees one state of the database throughout: everything that was
 * answered as written before this call, or more. Writing in it is an error.
 */
void
dou_database_read_async (DouDatabase *self, DouDatabaseFunc func, gpointer data,
                         GDestroyNotify destroy, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_DATABASE (self));
  g_return_if_fail (func != NULL);

  dou_database_submit (self, &self->reads, dou_database_read_async, func, data, destroy,
                       cancellable, callback, user_data);
}

/**
 * dou_database_read_finish:
 * @self: a database
 * @result: of the callback
 * @error: return location
 *
 * Returns: whether the function did what it should; errors as of dou_database_write_finish()
 */
gboolean
dou_database_read_finish (DouDatabase *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_database_read_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
