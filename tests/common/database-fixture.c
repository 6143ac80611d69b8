/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

#include "database-fixture.h"

/* Registers the domain's SQL as another release of the program had it. */
void
database_fixture_use_release (DatabaseFixture *fixture, const char *release)
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

DouDatabase *
database_fixture_open (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  DouDatabase *database = dou_database_open ("test", address, &error);

  g_assert_no_error (error);
  return database;
}

void
database_fixture_set_up (DatabaseFixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, "a b=c;d%.db", NULL);
  database_fixture_use_release (fixture, "v1");
}

void
database_fixture_set_up_open (DatabaseFixture *fixture, gconstpointer data)
{
  database_fixture_set_up (fixture, data);
  fixture->database = database_fixture_open (fixture->path);
}

void
database_fixture_close (DatabaseFixture *fixture)
{
  if (fixture->database != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->database));
}

void
database_fixture_tear_down (DatabaseFixture *fixture, gconstpointer data)
{
  database_fixture_close (fixture);
  g_resources_unregister (fixture->resource);
  g_resource_unref (fixture->resource);
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->path);
}

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

void
step_clear (Step *step)
{
  g_clear_pointer (&step->rows, dou_rows_free);
}

void
step_start_write (DouDatabase *database, Step *step, GCancellable *cancellable)
{
  dou_database_write_async (database, step_func, step, NULL, cancellable, dou_test_wait_result_cb,
                            &step->result);
}

gboolean
step_finish_write (DouDatabase *database, Step *step, GError **error)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (&step->result);

  return dou_database_write_finish (database, result, error);
}

gboolean
step_write (DouDatabase *database, Step *step, GError **error)
{
  step_start_write (database, step, NULL);
  return step_finish_write (database, step, error);
}

gboolean
step_read (DouDatabase *database, Step *step, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dou_database_read_async (database, step_func, step, NULL, NULL, dou_test_wait_result_cb,
                           &step->result);
  result = dou_test_wait_result (&step->result);
  return dou_database_read_finish (database, result, error);
}

gint64
database_fixture_read_number (DouDatabase *database, const char *statement)
{
  g_auto (Step) step = { statement, "x" };
  g_autoptr (GError) error = NULL;

  step_read (database, &step, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dou_rows_get_n_rows (step.rows), ==, 1);
  return dou_rows_get_int64 (step.rows, 0, 0);
}

void
database_fixture_insert (DouDatabase *database, const char *json)
{
  g_auto (Step) step = { "insert-items", NULL, json };
  g_autoptr (GError) error = NULL;

  step_write (database, &step, &error);
  g_assert_no_error (error);
}

gboolean
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
void
gate_block_writer (DouDatabase *database, Gate *gate)
{
  gate->n_needed = 2;
  dou_database_write_async (database, gate_func, gate, NULL, NULL, NULL, NULL);
  g_mutex_lock (&gate->mutex);
  while (gate->n_inside == 0)
    g_cond_wait (&gate->changed, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
}

void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->n_inside++;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->mutex);
}
