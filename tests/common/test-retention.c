/* SPDX-License-Identifier: Apache-2.0 */

/* What retention does when one of its statements fails, told by what it counts and by what is left. */

#include "config.h"

#include "common/dou-database-transaction.h"
#include "common/dou-metrics-page.h"
#include "common/dou-retention.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

/* Here a row is as old as its number says. */
#define KEEP 1000
#define N_OLD 5
#define OLDEST 1
#define NEW KEEP

typedef struct
{
  char *directory;             /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  GResource *resource;         /* (owned) */
  DouDatabase *database;       /* (owned) */
  DouManualClock *clock;       /* (owned) */
} Fixture;

/* A link may go before the item that it is of. */
static const DouRetentionRule rules[] = {
  { "links", "forget-links", 0 },
  { "items", "forget-items", KEEP },
};

/* Of this program, which opens them once. */
static const DouMetricsPage *page;

static void
run_sql (Fixture *fixture, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouTransaction) connection = dou_transaction_open (fixture->address, &error);

  g_assert_no_error (error);
  dou_transaction_run_sql (connection, sql, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *bundle
      = g_test_build_filename (G_TEST_BUILT, "common", "database-v1.gresource", NULL);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  path = g_build_filename (fixture->directory, "test.db", NULL);
  fixture->address = dou_database_address_new_for_file (path);
  fixture->resource = g_resource_load (bundle, &error);
  g_assert_no_error (error);
  g_resources_register (fixture->resource);
  fixture->database = dou_database_open ("test", fixture->address, &error);
  g_assert_no_error (error);
  fixture->clock = dou_manual_clock_new (KEEP + NEW);

  for (guint i = 0; i < N_OLD; i++)
    {
      g_autofree char *sql
          = g_strdup_printf ("INSERT INTO items (id, name) VALUES (%u, 'old %u')", OLDEST + i, i);

      run_sql (fixture, sql);
    }
  run_sql (fixture, "INSERT INTO items (id, name) VALUES (" G_STRINGIFY (NEW) ", 'new')");
  run_sql (fixture, "INSERT INTO links (item) VALUES (" G_STRINGIFY (NEW) ")");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->clock);
  g_assert_finalize_object (fixture->database);
  g_resources_unregister (fixture->resource);
  g_resource_unref (fixture->resource);
  dou_database_address_free (fixture->address);
  dou_test_dir_remove (fixture->directory);
}

static gint64
count (const char *family, const char *label)
{
  DouMetricSum sum;

  g_assert_true (dou_metrics_add_up (page, family, label, &sum));
  return sum.value;
}

static gboolean
has_run (gpointer data)
{
  return count ("doutok_retention_runs_total", NULL) == GPOINTER_TO_INT (data);
}

static void
wait_for_run (int number)
{
  dou_test_wait_until (has_run, GINT_TO_POINTER (number));
}

static void
assert_rows (Fixture *fixture, const char *table, gint64 expected)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM %s", table);
  g_autoptr (GError) error = NULL;
  g_autoptr (DouTransaction) connection = dou_transaction_open (fixture->address, &error);
  g_autoptr (DouRows) rows = NULL;

  g_assert_no_error (error);
  dou_transaction_add_statement (connection, "count", sql);
  rows = dou_transaction_query (connection, "count", "x", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dou_rows_get_int64 (rows, 0, 0), ==, expected);
}

static void
assert_counted (const char *family, gint64 links, gint64 items)
{
  g_assert_cmpint (count (family, "what=\"links\""), ==, links);
  g_assert_cmpint (count (family, "what=\"items\""), ==, items);
}

/* Test that a statement that fails takes nothing away, is counted, holds up none of the others, however many
 * steps they need, and has its turn again at the next run. */
static void
test_failure (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouRetention) retention = NULL;

  run_sql (fixture, "CREATE TRIGGER broken BEFORE DELETE ON links "
                    "BEGIN SELECT RAISE (ABORT, 'the disk is full, or the like'); END");
  retention = dou_retention_new (fixture->database, DOU_CLOCK (fixture->clock), rules,
                                 G_N_ELEMENTS (rules));
  wait_for_run (1);
  assert_counted ("doutok_retention_failures_total", 1, 0);
  assert_counted ("doutok_retention_removed_rows_total", 0, N_OLD);
  assert_rows (fixture, "links", 1);
  assert_rows (fixture, "items", 1);

  run_sql (fixture, "DROP TRIGGER broken");
  dou_retention_run (retention);
  wait_for_run (2);
  assert_counted ("doutok_retention_failures_total", 1, 0);
  assert_counted ("doutok_retention_removed_rows_total", 1, N_OLD);
  assert_rows (fixture, "links", 0);
  assert_rows (fixture, "items", 1);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  char *directory;
  g_autofree char *path = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  directory = dou_test_dir_new ();
  path = g_build_filename (directory, "metrics", NULL);
  dou_metrics_open (path, DOU_METRICS_USER, "test", &error);
  g_assert_no_error (error);
  page = dou_metrics_map (path, &error);
  g_assert_no_error (error);

  g_test_add ("/retention/failure", Fixture, NULL, set_up, test_failure, tear_down);
  status = g_test_run ();

  dou_metrics_unmap (page);
  dou_test_dir_remove (directory);
  return status;
}
