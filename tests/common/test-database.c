/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-database.h"
#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

/* The subprocess of test_kill() finds the database here. */
#define PATH_VARIABLE "DOU_TEST_DATABASE"

/* More jobs than any queue takes. */
#define TOO_MANY_JOBS 1000

typedef struct
{
  char *directory;       /* (owned) */
  char *path;            /* (owned) */
  GResource *resource;   /* (owned) (nullable) the SQL of the domain, as registered */
  DouDatabase *database; /* (owned) (nullable) */
} Fixture;

/* Registers the domain's SQL as another release of the program had it. */
static void
use_release (Fixture *fixture, const char *release)
{
  g_autofree char *name = g_strdup_printf ("database-%s.gresource", release);
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "common", name, NULL);
  g_autoptr (GError) error = NULL;

  if (fixture->resource != NULL)
    {
      g_resources_unregister (fixture->resource);
      g_clear_pointer (&fixture->resource, g_resource_unref);
    }

  fixture->resource = g_resource_load (path, &error);
  g_assert_no_error (error);
  g_resources_register (fixture->resource);
}

static DouDatabase *
open_database (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  DouDatabase *database = dou_database_open ("test", address, &error);

  g_assert_no_error (error);
  return database;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, "a b=c;d%.db", NULL);
  use_release (fixture, "v1");
}

static void
set_up_open (Fixture *fixture, gconstpointer data)
{
  set_up (fixture, data);
  fixture->database = open_database (fixture->path);
}

static void
close_database (Fixture *fixture)
{
  if (fixture->database != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->database));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close_database (fixture);
  g_resources_unregister (fixture->resource);
  g_resource_unref (fixture->resource);
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->path);
}

/* One statement as a job. */
typedef struct
{
  const char *statement;
  const char *columns; /* (nullable) if it returns no rows */
  const char *json;    /* (nullable) */
  guint n_runs;        /* how often the job was begun */
  gint64 n_changed;
  DouRows *rows;        /* (owned) (nullable) */
  GAsyncResult *result; /* (owned) (nullable) */
} Step;

static gboolean
step_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Step *step = data;

  step->n_runs++;
  g_clear_pointer (&step->rows, dou_rows_free);
  if (step->columns == NULL)
    return dou_transaction_execute (transaction, step->statement, step->json, &step->n_changed,
                                    error);

  step->rows
      = dou_transaction_query (transaction, step->statement, step->columns, step->json, error);
  return step->rows != NULL;
}

static void
step_clear (Step *step)
{
  g_clear_pointer (&step->rows, dou_rows_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Step, step_clear)

static void
start_write (DouDatabase *database, Step *step, GCancellable *cancellable)
{
  dou_database_write_async (database, step_func, step, NULL, cancellable, dou_test_wait_result_cb,
                            &step->result);
}

static gboolean
finish_write (DouDatabase *database, Step *step, GError **error)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (&step->result);

  return dou_database_write_finish (database, result, error);
}

static gboolean
write_step (DouDatabase *database, Step *step, GError **error)
{
  start_write (database, step, NULL);
  return finish_write (database, step, error);
}

static gboolean
read_step (DouDatabase *database, Step *step, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dou_database_read_async (database, step_func, step, NULL, NULL, dou_test_wait_result_cb,
                           &step->result);
  result = dou_test_wait_result (&step->result);
  return dou_database_read_finish (database, result, error);
}

static gint64
read_number (DouDatabase *database, const char *statement)
{
  g_auto (Step) step = { statement, "x" };
  g_autoptr (GError) error = NULL;

  read_step (database, &step, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dou_rows_get_n_rows (step.rows), ==, 1);
  return dou_rows_get_int64 (step.rows, 0, 0);
}

static void
insert (DouDatabase *database, const char *json)
{
  g_auto (Step) step = { "insert-items", NULL, json };
  g_autoptr (GError) error = NULL;

  write_step (database, &step, &error);
  g_assert_no_error (error);
}

/* A job that has begun and waits to be let go. */
typedef struct
{
  GMutex mutex;
  GCond changed;
  guint n_inside;
  guint n_needed; /* all go when so many are inside */
} Gate;

static gboolean
gate_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Gate *gate = data;
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&gate->mutex);
  gate->n_inside++;
  g_cond_broadcast (&gate->changed);
  while (gate->n_inside < gate->n_needed)
    g_assert_true (g_cond_wait_until (&gate->changed, &gate->mutex, deadline));
  g_mutex_unlock (&gate->mutex);
  return TRUE;
}

/* Returns once the writer is inside the gate, with its transaction open. */
static void
block_writer (DouDatabase *database, Gate *gate)
{
  gate->n_needed = 2;
  dou_database_write_async (database, gate_func, gate, NULL, NULL, NULL, NULL);
  g_mutex_lock (&gate->mutex);
  while (gate->n_inside == 0)
    g_cond_wait (&gate->changed, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
}

static void
open_gate (Gate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->n_inside++;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->mutex);
}

static void
assert_refused (const char *path, const char *pattern)
{
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  g_autoptr (DouDatabase) database = NULL;
  g_autoptr (GError) error = NULL;

  database = dou_database_open ("test", address, &error);
  g_assert_null (database);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_test_message ("%s", error->message);
  g_assert_true (g_pattern_match_simple (pattern, error->message));
  g_assert_nonnull (strstr (error->message, path));
}

/* Test that a place where no file can be made is refused, with the reason. */
static void
test_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "absent", "x.db", NULL);

  assert_refused (path, "Cannot open the database *: No such file or directory");
  assert_refused ("/proc/x.db", "Cannot open the database *: *");
  assert_refused ("x.db", "Cannot open the database *: no state directory *");
}

/* Test that a file which cannot be written is refused. */
static void
test_read_only (Fixture *fixture, gconstpointer data)
{
  close_database (fixture);
  g_assert_cmpint (g_chmod (fixture->path, 0400), ==, 0);
  if (g_access (fixture->path, W_OK) == 0)
    {
      g_test_skip ("this user may write everything");
      return;
    }

  assert_refused (fixture->path, "Cannot open the database *: *readonly*");
}

/* Test that a file which is something else is refused, and stays what it is. */
static void
test_not_a_database (Fixture *fixture, gconstpointer data)
{
  g_autofree char *before = g_strnfill (8192, 'x');
  g_autofree char *after = NULL;

  g_assert_true (g_file_set_contents (fixture->path, before, -1, NULL));
  assert_refused (fixture->path, "Cannot open the database *: *not a database");
  g_assert_true (g_file_get_contents (fixture->path, &after, NULL, NULL));
  g_assert_cmpstr (after, ==, before);
}

/* Test that a database which a newer program wrote is refused, naming both versions. */
static void
test_newer (Fixture *fixture, gconstpointer data)
{
  use_release (fixture, "v2");
  fixture->database = open_database (fixture->path);
  close_database (fixture);

  use_release (fixture, "v1");
  assert_refused (fixture->path, "*newer program*version 2*up to 1");
}

/* Test that a migration which fails half-way leaves the database as it was. */
static void
test_broken_migration (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (fixture->path);
  g_autoptr (GError) error = NULL;
  g_auto (Step) tables = { "list-tables", "s" };

  insert (fixture->database, "[[1,\"kept\"]]");
  close_database (fixture);

  use_release (fixture, "broken");
  g_assert_null (dou_database_open ("test", address, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_nonnull (strstr (error->message, "0002-broken.sql"));
  g_clear_error (&error);

  use_release (fixture, "v1");
  fixture->database = open_database (fixture->path);
  g_assert_cmpuint (dou_database_get_schema_version (fixture->database), ==, 1);
  g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 1);
  g_assert_true (read_step (fixture->database, &tables, &error));
  g_assert_cmpuint (dou_rows_get_n_rows (tables.rows), ==, 3);
  g_assert_cmpstr (dou_rows_get_text (tables.rows, 0, 0), ==, "items");
  g_assert_cmpstr (dou_rows_get_text (tables.rows, 1, 0), ==, "links");
  g_assert_cmpstr (dou_rows_get_text (tables.rows, 2, 0), ==, "schema_version");
}

/* Test that a migration runs once, on the data of the release before it. */
static void
test_migration (Fixture *fixture, gconstpointer data)
{
  insert (fixture->database, "[[1,\"a\"],[2,\"b\"]]");
  close_database (fixture);

  use_release (fixture, "v2");
  for (guint i = 0; i < 2; i++)
    {
      fixture->database = open_database (fixture->path);
      g_assert_cmpuint (dou_database_get_schema_version (fixture->database), ==, 2);
      g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 2);
      close_database (fixture);
    }
}

/* Test what an operator and the D-Bus property see, and that the file is nobody else's to read. */
static void
test_properties (Fixture *fixture, gconstpointer data)
{
  g_auto (Step) mode = { "get-journal-mode", "s" };
  GStatBuf info;

  g_assert_true (g_str_has_prefix (dou_database_get_engine (fixture->database), "SQLite 3."));
  g_assert_cmpuint (dou_database_get_schema_version (fixture->database), ==, 1);
  g_assert_true (read_step (fixture->database, &mode, NULL));
  g_assert_cmpstr (dou_rows_get_text (mode.rows, 0, 0), ==, "wal");
  g_assert_cmpint (read_number (fixture->database, "get-synchronous"), ==, 2);
  g_assert_cmpint (read_number (fixture->database, "get-foreign-keys"), ==, 1);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

/* Test that a batch goes in as one JSON text, and that what comes back is what was sent: texts that
 * look like SQL, NULL and empty ones, the largest numbers. */
static void
test_batch (Fixture *fixture, gconstpointer data)
{
  g_auto (Step) write = { "insert-items", NULL,
                          "[[1,\"a\",null],[2,\"'\\\"\\\\;##x::string --$1?\",\"\"],"
                          "[9223372036854775807,\"抖音 👩‍👧\",\"n\"],[3,\"a\",null]]" };
  g_auto (Step) read = { "get-items", "xss", "[9223372036854775807,2,1,3]" };
  g_autoptr (GError) error = NULL;

  g_assert_true (write_step (fixture->database, &write, &error));
  g_assert_no_error (error);
  g_assert_cmpint (write.n_changed, ==, 3);

  g_assert_true (read_step (fixture->database, &read, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dou_rows_get_n_rows (read.rows), ==, 3);
  g_assert_cmpint (dou_rows_get_int64 (read.rows, 0, 0), ==, G_MAXINT64);
  g_assert_cmpstr (dou_rows_get_text (read.rows, 0, 1), ==, "抖音 👩‍👧");
  g_assert_cmpstr (dou_rows_get_text (read.rows, 1, 1), ==, "'\"\\;##x::string --$1?");
  g_assert_cmpstr (dou_rows_get_text (read.rows, 1, 2), ==, "");
  g_assert_null (dou_rows_get_text (read.rows, 2, 2));
}

/* Test that of several writes waiting for one commit only the bad one fails: by its own statement,
 * or only at the commit. */
static void
test_bad_neighbour (Fixture *fixture, gconstpointer data)
{
  Gate gate = { 0 };
  Step steps[] = {
    { "insert-items", NULL, "[[1,\"a\"]]" },
    { "insert-items-strictly", NULL, "[[2,\"b\"],[3,\"a\"]]" },
    { "insert-links", NULL, "[77]" },
    { "insert-items", NULL, "[[4,\"d\"]]" },
  };

  block_writer (fixture->database, &gate);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    start_write (fixture->database, &steps[i], NULL);
  open_gate (&gate);

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean bad = i == 1 || i == 2;

      g_assert_cmpint (finish_write (fixture->database, &steps[i], &error), ==, !bad);
      if (bad)
        g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
      else
        g_assert_no_error (error);
    }

  g_assert_cmpuint (steps[0].n_runs, ==, 2);
  g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 2);
}

/* Test that an error in the middle of a result is an error, not a short result. */
static void
test_late_error (Fixture *fixture, gconstpointer data)
{
  g_auto (Step) step = { "get-absolute", "x", "[-1,-2,-9223372036854775808]" };
  g_autoptr (GError) error = NULL;

  g_assert_false (read_step (fixture->database, &step, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);

  step.json = "[-1,-2]";
  g_clear_error (&error);
  g_assert_true (read_step (fixture->database, &step, &error));
  g_assert_cmpuint (dou_rows_get_n_rows (step.rows), ==, 2);
}

static gboolean
careless_func (DouTransaction *transaction, gpointer data, GError **error)
{
  return dou_transaction_execute (transaction, "insert-items", "[[1,\"a\"]]", NULL, error)
         && (dou_transaction_execute (transaction, "insert-items-strictly", "[[2,\"a\"]]", NULL,
                                      NULL)
             || TRUE);
}

/* Test that a function which overlooks an error commits nothing. */
static void
test_careless (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *waited = NULL;

  dou_database_write_async (fixture->database, careless_func, NULL, NULL, NULL,
                            dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_false (dou_database_write_finish (fixture->database, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 0);
}

/* What the operator is told of a failure that is nobody's bug, once. */
static void
expect_complaint (const char *cause)
{
  g_autofree char *pattern = g_strdup_printf ("The database: *%s*", cause);

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, pattern);
}

/* Test that a write sent to the readers is refused. */
static void
test_reader_writes (Fixture *fixture, gconstpointer data)
{
  g_auto (Step) step = { "insert-items", NULL, "[[1,\"a\"]]" };
  g_autoptr (GError) error = NULL;

  expect_complaint ("attempt to write a readonly database");
  g_assert_false (read_step (fixture->database, &step, &error));
  g_assert_nonnull (error);
  g_test_assert_expected_messages ();
  g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 0);
}

/* Test that a read which begins after a write was answered sees it, on whichever reader. */
static void
test_read_your_writes (Fixture *fixture, gconstpointer data)
{
  for (gint64 i = 1; i <= 200; i++)
    {
      g_autofree char *json
          = g_strdup_printf ("[[%" G_GINT64_FORMAT ",\"n%" G_GINT64_FORMAT "\"]]", i, i);

      insert (fixture->database, json);
      g_assert_cmpint (read_number (fixture->database, "count-items"), ==, i);
    }
}

/* Test that reads run beside each other and beside a write. */
static void
test_parallel (Fixture *fixture, gconstpointer data)
{
  Gate gate = { .n_needed = 3 };
  GAsyncResult *results[3] = { NULL, NULL, NULL };

  dou_database_write_async (fixture->database, gate_func, &gate, NULL, NULL,
                            dou_test_wait_result_cb, &results[0]);
  for (guint i = 1; i < 3; i++)
    dou_database_read_async (fixture->database, gate_func, &gate, NULL, NULL,
                             dou_test_wait_result_cb, &results[i]);
  for (guint i = 0; i < 3; i++)
    g_object_unref (dou_test_wait_result (&results[i]));
}

/* Test that a write over the bound is refused at once, and that nothing below the bound is. */
static void
test_queue_bound (Fixture *fixture, gconstpointer data)
{
  g_autofree Step *steps = g_new0 (Step, TOO_MANY_JOBS);
  Gate gate = { 0 };
  guint n_done = 0;
  guint n_refused = 0;

  block_writer (fixture->database, &gate);
  for (guint i = 0; i < TOO_MANY_JOBS; i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = "[[1,\"a\"]]";
      start_write (fixture->database, &steps[i], NULL);
    }
  open_gate (&gate);

  for (guint i = 0; i < TOO_MANY_JOBS; i++)
    {
      g_autoptr (GError) error = NULL;

      if (finish_write (fixture->database, &steps[i], &error))
        n_done++;
      else
        {
          g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
          g_assert_cmpuint (steps[i].n_runs, ==, 0);
          n_refused++;
        }
      g_assert_cmpint (n_refused > 0, ==, error != NULL);
    }

  g_assert_cmpuint (n_done, >=, 64);
  g_assert_cmpuint (n_refused, >, 0);
}

/* Test that a cancelled write does not run, unless it has begun; then it is told as done. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  Gate gate = { 0 };
  Step early = { "insert-items", NULL, "[[1,\"a\"]]" };
  Step other = { "insert-items", NULL, "[[2,\"b\"]]" };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  block_writer (fixture->database, &gate);
  start_write (fixture->database, &early, cancellable);
  start_write (fixture->database, &other, NULL);
  g_cancellable_cancel (cancellable);
  open_gate (&gate);

  g_assert_false (finish_write (fixture->database, &early, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (early.n_runs, ==, 0);
  g_clear_error (&error);
  g_assert_true (finish_write (fixture->database, &other, &error));
  g_assert_no_error (error);
}

/* Test that closing loses nothing that was queued, and refuses what comes after it. */
static void
test_close (Fixture *fixture, gconstpointer data)
{
  Gate gate = { 0 };
  Step steps[100] = { 0 };
  Step late = { "insert-items", NULL, "[[1000,\"late\"]]" };
  g_autofree char *log = g_strconcat (fixture->path, "-wal", NULL);
  g_autoptr (GError) error = NULL;

  block_writer (fixture->database, &gate);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = g_strdup_printf ("[[%u,\"n%u\"]]", i + 1, i);
      start_write (fixture->database, &steps[i], NULL);
    }
  open_gate (&gate);
  dou_database_close (fixture->database);
  g_assert_false (g_file_test (log, G_FILE_TEST_EXISTS));

  g_assert_false (write_step (fixture->database, &late, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_assert_true (finish_write (fixture->database, &steps[i], NULL));
      g_free ((char *) steps[i].json);
    }

  close_database (fixture);
  fixture->database = open_database (fixture->path);
  g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 100);
}

/* Test that the database may be dropped with writes under way, which still are answered. */
static void
test_drop (Fixture *fixture, gconstpointer data)
{
  Step steps[50] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = "[[1,\"a\"]]";
      start_write (fixture->database, &steps[i], NULL);
    }
  g_object_unref (g_steal_pointer (&fixture->database));

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    g_object_unref (dou_test_wait_result (&steps[i].result));
}

/* Test that a full disk fails the write with its cause, and that the next one is none the worse. */
static void
test_disk_full (Fixture *fixture, gconstpointer data)
{
  g_auto (Step) few = { "allow-few-pages", "x" };
  g_auto (Step) many = { "allow-many-pages", "x" };
  g_autofree char *filler = g_strnfill (200000, 'x');
  g_autofree char *json = g_strdup_printf ("[[1,\"%s\"]]", filler);
  Step big = { "insert-items", NULL, json };
  Step small = { "insert-items", NULL, "[[2,\"b\"]]" };
  g_autoptr (GError) error = NULL;

  g_assert_true (write_step (fixture->database, &few, NULL));
  /* Once for the three. */
  expect_complaint ("database or disk is full");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (write_step (fixture->database, &big, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
      g_assert_nonnull (strstr (error->message, "full"));
      g_clear_error (&error);
    }

  g_test_assert_expected_messages ();
  g_assert_true (write_step (fixture->database, &small, &error));
  g_assert_no_error (error);
  g_assert_true (write_step (fixture->database, &many, NULL));
  g_assert_true (write_step (fixture->database, &big, &error));
  g_assert_no_error (error);
  g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 2);
}

/* Test that a connection on which the engine gave up a transaction by itself is replaced. */
static void
test_broken_connection (Fixture *fixture, gconstpointer data)
{
  Step bad = { "insert-items-or-rollback", NULL, "[[1,\"a\"],[2,\"a\"]]" };

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *json = g_strdup_printf ("[[%u,\"n%u\"]]", i + 10, i);
      g_autoptr (GError) error = NULL;

      g_assert_false (write_step (fixture->database, &bad, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
      insert (fixture->database, json);
      g_assert_cmpint (read_number (fixture->database, "count-items"), ==, i + 1);
    }
}

/* Test that another process's lock is waited for, but not for ever, and not once for each write. */
static void
test_locked (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouDatabase) other = open_database (fixture->path);
  Gate gate = { 0 };
  Step steps[20] = { 0 };
  Step after = { "insert-items", NULL, "[[2,\"b\"]]" };
  g_autoptr (GError) error = NULL;

  expect_complaint ("database is locked");
  block_writer (other, &gate);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = "[[1,\"a\"]]";
      start_write (fixture->database, &steps[i], NULL);
    }

  g_assert_false (finish_write (fixture->database, &steps[0], &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "locked"));
  g_clear_error (&error);
  g_test_assert_expected_messages ();

  open_gate (&gate);
  for (guint i = 1; i < G_N_ELEMENTS (steps); i++)
    finish_write (fixture->database, &steps[i], NULL);
  g_assert_true (write_step (fixture->database, &after, &error));
  g_assert_no_error (error);
}

/* The other half of test_kill(): dies right after a write was answered. */
static void
test_kill_subprocess (void)
{
  Fixture fixture = { 0 };

  use_release (&fixture, "v1");
  fixture.database = open_database (g_getenv (PATH_VARIABLE));
  insert (fixture.database, "[[1,\"kept\"]]");
  kill (getpid (), SIGKILL);
}

/* Test that what was answered survives a process that is killed in the next moment. */
static void
test_kill (Fixture *fixture, gconstpointer data)
{
  g_setenv (PATH_VARIABLE, fixture->path, TRUE);
  g_test_trap_subprocess ("/common/database/kill/subprocess", 0, 0);
  g_assert_false (g_test_trap_has_passed ());
  g_unsetenv (PATH_VARIABLE);

  fixture->database = open_database (fixture->path);
  g_assert_cmpint (read_number (fixture->database, "count-items"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, set_up_func, func)                                                               \
  g_test_add ("/common/database/" name, Fixture, NULL, set_up_func, func, tear_down)
  ADD ("no-directory", set_up, test_no_directory);
  ADD ("read-only", set_up_open, test_read_only);
  ADD ("not-a-database", set_up, test_not_a_database);
  ADD ("newer", set_up, test_newer);
  ADD ("broken-migration", set_up_open, test_broken_migration);
  ADD ("migration", set_up_open, test_migration);
  ADD ("properties", set_up_open, test_properties);
  ADD ("batch", set_up_open, test_batch);
  ADD ("bad-neighbour", set_up_open, test_bad_neighbour);
  ADD ("late-error", set_up_open, test_late_error);
  ADD ("careless", set_up_open, test_careless);
  ADD ("reader-writes", set_up_open, test_reader_writes);
  ADD ("read-your-writes", set_up_open, test_read_your_writes);
  ADD ("parallel", set_up_open, test_parallel);
  ADD ("queue-bound", set_up_open, test_queue_bound);
  ADD ("cancelled", set_up_open, test_cancelled);
  ADD ("close", set_up_open, test_close);
  ADD ("drop", set_up_open, test_drop);
  ADD ("disk-full", set_up_open, test_disk_full);
  ADD ("broken-connection", set_up_open, test_broken_connection);
  ADD ("locked", set_up_open, test_locked);
  ADD ("kill", set_up, test_kill);
#undef ADD
  g_test_add_func ("/common/database/kill/subprocess", test_kill_subprocess);

  return g_test_run ();
}
