/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "lib/dou-test-wait.h"

#include "database-fixture.h"

/* The subprocess of test_kill() finds the database here. */
#define PATH_VARIABLE "DOU_TEST_DATABASE"

/* More jobs than any queue takes. */
#define TOO_MANY_JOBS 1000

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
test_no_directory (DatabaseFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "absent", "x.db", NULL);

  assert_refused (path, "Cannot open the database *: No such file or directory");
  assert_refused ("/proc/x.db", "Cannot open the database *: *");
  assert_refused ("x.db", "Cannot open the database *: no state directory *");
}

/* Test that a file which cannot be written is refused. */
static void
test_read_only (DatabaseFixture *fixture, gconstpointer data)
{
  database_fixture_close (fixture);
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
test_not_a_database (DatabaseFixture *fixture, gconstpointer data)
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
test_newer (DatabaseFixture *fixture, gconstpointer data)
{
  database_fixture_use_release (fixture, "v2");
  fixture->database = database_fixture_open (fixture->path);
  database_fixture_close (fixture);

  database_fixture_use_release (fixture, "v1");
  assert_refused (fixture->path, "*newer program*version 2*up to 1");
}

/* Test that a migration which fails half-way leaves the database as it was. */
static void
test_broken_migration (DatabaseFixture *fixture, gconstpointer data)
{
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (fixture->path);
  g_autoptr (GError) error = NULL;
  g_auto (Step) tables = { "list-tables", "s" };

  database_fixture_insert (fixture->database, "[[1,\"kept\"]]");
  database_fixture_close (fixture);

  database_fixture_use_release (fixture, "broken");
  g_assert_null (dou_database_open ("test", address, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_nonnull (strstr (error->message, "0002-broken.sql"));
  g_clear_error (&error);

  database_fixture_use_release (fixture, "v1");
  fixture->database = database_fixture_open (fixture->path);
  g_assert_cmpuint (dou_database_get_schema_version (fixture->database), ==, 1);
  g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 1);
  g_assert_true (step_read (fixture->database, &tables, &error));
  g_assert_cmpuint (dou_rows_get_n_rows (tables.rows), ==, 3);
  g_assert_cmpstr (dou_rows_get_text (tables.rows, 0, 0), ==, "items");
  g_assert_cmpstr (dou_rows_get_text (tables.rows, 1, 0), ==, "links");
  g_assert_cmpstr (dou_rows_get_text (tables.rows, 2, 0), ==, "schema_version");
}

/* Test that a migration runs once, on the data of the release before it. */
static void
test_migration (DatabaseFixture *fixture, gconstpointer data)
{
  database_fixture_insert (fixture->database, "[[1,\"a\"],[2,\"b\"]]");
  database_fixture_close (fixture);

  database_fixture_use_release (fixture, "v2");
  for (guint i = 0; i < 2; i++)
    {
      fixture->database = database_fixture_open (fixture->path);
      g_assert_cmpuint (dou_database_get_schema_version (fixture->database), ==, 2);
      g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 2);
      database_fixture_close (fixture);
    }
}

/* Test what an operator and the D-Bus property see, and that the file is nobody else's to read. */
static void
test_properties (DatabaseFixture *fixture, gconstpointer data)
{
  g_auto (Step) mode = { "get-journal-mode", "s" };
  GStatBuf info;

  g_assert_true (g_str_has_prefix (dou_database_get_engine (fixture->database), "SQLite 3."));
  g_assert_cmpuint (dou_database_get_schema_version (fixture->database), ==, 1);
  g_assert_true (step_read (fixture->database, &mode, NULL));
  g_assert_cmpstr (dou_rows_get_text (mode.rows, 0, 0), ==, "wal");
  g_assert_cmpint (database_fixture_read_number (fixture->database, "get-synchronous"), ==, 2);
  g_assert_cmpint (database_fixture_read_number (fixture->database, "get-foreign-keys"), ==, 1);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

/* Test that a batch goes in as one JSON text, and that what comes back is what was sent: texts that
 * look like SQL, NULL and empty ones, the largest numbers. */
static void
test_batch (DatabaseFixture *fixture, gconstpointer data)
{
  g_auto (Step) write = { "insert-items", NULL,
                          "[[1,\"a\",null],[2,\"'\\\"\\\\;##x::string --$1?\",\"\"],"
                          "[9223372036854775807,\"抖音 👩‍👧\",\"n\"],[3,\"a\",null]]" };
  g_auto (Step) read = { "get-items", "xss", "[9223372036854775807,2,1,3]" };
  g_autoptr (GError) error = NULL;

  g_assert_true (step_write (fixture->database, &write, &error));
  g_assert_no_error (error);
  g_assert_cmpint (write.n_changed, ==, 3);

  g_assert_true (step_read (fixture->database, &read, &error));
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
test_bad_neighbour (DatabaseFixture *fixture, gconstpointer data)
{
  Gate gate = { 0 };
  Step steps[] = {
    { "insert-items", NULL, "[[1,\"a\"]]" },
    { "insert-items-strictly", NULL, "[[2,\"b\"],[3,\"a\"]]" },
    { "insert-links", NULL, "[77]" },
    { "insert-items", NULL, "[[4,\"d\"]]" },
  };

  gate_block_writer (fixture->database, &gate);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    step_start_write (fixture->database, &steps[i], NULL);
  gate_open (&gate);

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean bad = i == 1 || i == 2;

      g_assert_cmpint (step_finish_write (fixture->database, &steps[i], &error), ==, !bad);
      if (bad)
        g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
      else
        g_assert_no_error (error);
    }

  g_assert_cmpuint (steps[0].n_runs, ==, 2);
  g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 2);
}

/* Test that an error in the middle of a result is an error, not a short result. */
static void
test_late_error (DatabaseFixture *fixture, gconstpointer data)
{
  g_auto (Step) step = { "get-absolute", "x", "[-1,-2,-9223372036854775808]" };
  g_autoptr (GError) error = NULL;

  g_assert_false (step_read (fixture->database, &step, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);

  step.json = "[-1,-2]";
  g_clear_error (&error);
  g_assert_true (step_read (fixture->database, &step, &error));
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
test_careless (DatabaseFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *waited = NULL;

  dou_database_write_async (fixture->database, careless_func, NULL, NULL, NULL,
                            dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_false (dou_database_write_finish (fixture->database, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 0);
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
test_reader_writes (DatabaseFixture *fixture, gconstpointer data)
{
  g_auto (Step) step = { "insert-items", NULL, "[[1,\"a\"]]" };
  g_autoptr (GError) error = NULL;

  expect_complaint ("attempt to write a readonly database");
  g_assert_false (step_read (fixture->database, &step, &error));
  g_assert_nonnull (error);
  g_test_assert_expected_messages ();
  g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 0);
}

/* Test that a read which begins after a write was answered sees it, on whichever reader. */
static void
test_read_your_writes (DatabaseFixture *fixture, gconstpointer data)
{
  for (gint64 i = 1; i <= 200; i++)
    {
      g_autofree char *json
          = g_strdup_printf ("[[%" G_GINT64_FORMAT ",\"n%" G_GINT64_FORMAT "\"]]", i, i);

      database_fixture_insert (fixture->database, json);
      g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, i);
    }
}

/* Test that reads run beside each other and beside a write. */
static void
test_parallel (DatabaseFixture *fixture, gconstpointer data)
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
test_queue_bound (DatabaseFixture *fixture, gconstpointer data)
{
  g_autofree Step *steps = g_new0 (Step, TOO_MANY_JOBS);
  Gate gate = { 0 };
  guint n_done = 0;
  guint n_refused = 0;

  gate_block_writer (fixture->database, &gate);
  for (guint i = 0; i < TOO_MANY_JOBS; i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = "[[1,\"a\"]]";
      step_start_write (fixture->database, &steps[i], NULL);
    }
  gate_open (&gate);

  for (guint i = 0; i < TOO_MANY_JOBS; i++)
    {
      g_autoptr (GError) error = NULL;

      if (step_finish_write (fixture->database, &steps[i], &error))
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
test_cancelled (DatabaseFixture *fixture, gconstpointer data)
{
  Gate gate = { 0 };
  Step early = { "insert-items", NULL, "[[1,\"a\"]]" };
  Step other = { "insert-items", NULL, "[[2,\"b\"]]" };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  gate_block_writer (fixture->database, &gate);
  step_start_write (fixture->database, &early, cancellable);
  step_start_write (fixture->database, &other, NULL);
  g_cancellable_cancel (cancellable);
  gate_open (&gate);

  g_assert_false (step_finish_write (fixture->database, &early, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (early.n_runs, ==, 0);
  g_clear_error (&error);
  g_assert_true (step_finish_write (fixture->database, &other, &error));
  g_assert_no_error (error);
}

/* Test that closing loses nothing that was queued, and refuses what comes after it. */
static void
test_close (DatabaseFixture *fixture, gconstpointer data)
{
  Gate gate = { 0 };
  Step steps[100] = { 0 };
  Step late = { "insert-items", NULL, "[[1000,\"late\"]]" };
  g_autofree char *log = g_strconcat (fixture->path, "-wal", NULL);
  g_autoptr (GError) error = NULL;

  gate_block_writer (fixture->database, &gate);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = g_strdup_printf ("[[%u,\"n%u\"]]", i + 1, i);
      step_start_write (fixture->database, &steps[i], NULL);
    }
  gate_open (&gate);
  dou_database_close (fixture->database);
  g_assert_false (g_file_test (log, G_FILE_TEST_EXISTS));

  g_assert_false (step_write (fixture->database, &late, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_assert_true (step_finish_write (fixture->database, &steps[i], NULL));
      g_free ((char *) steps[i].json);
    }

  database_fixture_close (fixture);
  fixture->database = database_fixture_open (fixture->path);
  g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 100);
}

/* Test that the database may be dropped with writes under way, which still are answered. */
static void
test_drop (DatabaseFixture *fixture, gconstpointer data)
{
  Step steps[50] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = "[[1,\"a\"]]";
      step_start_write (fixture->database, &steps[i], NULL);
    }
  g_object_unref (g_steal_pointer (&fixture->database));

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    g_object_unref (dou_test_wait_result (&steps[i].result));
}

/* Test that a full disk fails the write with its cause, and that the next one is none the worse. */
static void
test_disk_full (DatabaseFixture *fixture, gconstpointer data)
{
  g_auto (Step) few = { "allow-few-pages", "x" };
  g_auto (Step) many = { "allow-many-pages", "x" };
  g_autofree char *filler = g_strnfill (200000, 'x');
  g_autofree char *json = g_strdup_printf ("[[1,\"%s\"]]", filler);
  Step big = { "insert-items", NULL, json };
  Step small = { "insert-items", NULL, "[[2,\"b\"]]" };
  g_autoptr (GError) error = NULL;

  g_assert_true (step_write (fixture->database, &few, NULL));
  /* Once for the three. */
  expect_complaint ("database or disk is full");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (step_write (fixture->database, &big, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
      g_assert_nonnull (strstr (error->message, "full"));
      g_clear_error (&error);
    }

  g_test_assert_expected_messages ();
  g_assert_true (step_write (fixture->database, &small, &error));
  g_assert_no_error (error);
  g_assert_true (step_write (fixture->database, &many, NULL));
  g_assert_true (step_write (fixture->database, &big, &error));
  g_assert_no_error (error);
  g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 2);
}

/* Test that a connection on which the engine gave up a transaction by itself is replaced. */
static void
test_broken_connection (DatabaseFixture *fixture, gconstpointer data)
{
  Step bad = { "insert-items-or-rollback", NULL, "[[1,\"a\"],[2,\"a\"]]" };

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *json = g_strdup_printf ("[[%u,\"n%u\"]]", i + 10, i);
      g_autoptr (GError) error = NULL;

      g_assert_false (step_write (fixture->database, &bad, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
      database_fixture_insert (fixture->database, json);
      g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, i + 1);
    }
}

/* Test that another process's lock is waited for, but not for ever, and not once for each write. */
static void
test_locked (DatabaseFixture *fixture, gconstpointer data)
{
  g_autoptr (DouDatabase) other = database_fixture_open (fixture->path);
  Gate gate = { 0 };
  Step steps[20] = { 0 };
  Step after = { "insert-items", NULL, "[[2,\"b\"]]" };
  g_autoptr (GError) error = NULL;

  expect_complaint ("database is locked");
  gate_block_writer (other, &gate);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      steps[i].statement = "insert-items";
      steps[i].json = "[[1,\"a\"]]";
      step_start_write (fixture->database, &steps[i], NULL);
    }

  g_assert_false (step_finish_write (fixture->database, &steps[0], &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "locked"));
  g_clear_error (&error);
  g_test_assert_expected_messages ();

  gate_open (&gate);
  for (guint i = 1; i < G_N_ELEMENTS (steps); i++)
    step_finish_write (fixture->database, &steps[i], NULL);
  g_assert_true (step_write (fixture->database, &after, &error));
  g_assert_no_error (error);
}

/* The other half of test_kill(): dies right after a write was answered. */
static void
test_kill_subprocess (void)
{
  DatabaseFixture fixture = { 0 };

  database_fixture_use_release (&fixture, "v1");
  fixture.database = database_fixture_open (g_getenv (PATH_VARIABLE));
  database_fixture_insert (fixture.database, "[[1,\"kept\"]]");
  kill (getpid (), SIGKILL);
}

/* Test that what was answered survives a process that is killed in the next moment. */
static void
test_kill (DatabaseFixture *fixture, gconstpointer data)
{
  g_setenv (PATH_VARIABLE, fixture->path, TRUE);
  g_test_trap_subprocess ("/common/database/kill/subprocess", 0, 0);
  g_assert_false (g_test_trap_has_passed ());
  g_unsetenv (PATH_VARIABLE);

  fixture->database = database_fixture_open (fixture->path);
  g_assert_cmpint (database_fixture_read_number (fixture->database, "count-items"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, set_up_func, func)                                                               \
  g_test_add ("/common/database/" name, DatabaseFixture, NULL, set_up_func, func, database_fixture_tear_down)
  ADD ("no-directory", database_fixture_set_up, test_no_directory);
  ADD ("read-only", database_fixture_set_up_open, test_read_only);
  ADD ("not-a-database", database_fixture_set_up, test_not_a_database);
  ADD ("newer", database_fixture_set_up, test_newer);
  ADD ("broken-migration", database_fixture_set_up_open, test_broken_migration);
  ADD ("migration", database_fixture_set_up_open, test_migration);
  ADD ("properties", database_fixture_set_up_open, test_properties);
  ADD ("batch", database_fixture_set_up_open, test_batch);
  ADD ("bad-neighbour", database_fixture_set_up_open, test_bad_neighbour);
  ADD ("late-error", database_fixture_set_up_open, test_late_error);
  ADD ("careless", database_fixture_set_up_open, test_careless);
  ADD ("reader-writes", database_fixture_set_up_open, test_reader_writes);
  ADD ("read-your-writes", database_fixture_set_up_open, test_read_your_writes);
  ADD ("parallel", database_fixture_set_up_open, test_parallel);
  ADD ("queue-bound", database_fixture_set_up_open, test_queue_bound);
  ADD ("cancelled", database_fixture_set_up_open, test_cancelled);
  ADD ("close", database_fixture_set_up_open, test_close);
  ADD ("drop", database_fixture_set_up_open, test_drop);
  ADD ("disk-full", database_fixture_set_up_open, test_disk_full);
  ADD ("broken-connection", database_fixture_set_up_open, test_broken_connection);
  ADD ("locked", database_fixture_set_up_open, test_locked);
  ADD ("kill", database_fixture_set_up, test_kill);
#undef ADD
  g_test_add_func ("/common/database/kill/subprocess", test_kill_subprocess);

  return g_test_run ();
}
