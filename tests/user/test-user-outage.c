/* SPDX-License-Identifier: Apache-2.0 */

/* A store whose server goes away, in either way, and two nodes that write the same rows. */

#include "config.h"

#include <signal.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "user/dou-user-store.h"

/* Seconds after which a call to a silent server must have failed: a client waits for 15. */
#define PATIENCE 14

/* Calls of each node, and names in each call, of which all nodes want all. */
#define N_NODES 2
#define N_CALLS 20
#define N_NAMES 50

typedef struct
{
  char *directory;             /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouUserStore *store;         /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "user");
  fixture->store = dou_user_store_open (fixture->address, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->store);
  dou_test_engine_remove (fixture->address);
  dou_test_dir_remove (fixture->directory);
}

static void
begin_to_add (Fixture *fixture, gint64 id, const char *name, GAsyncResult **result)
{
  const DouUserRow row = { id, name, name, "hash" };

  dou_user_store_add_async (fixture->store, &row, 1, NULL, dou_test_wait_result_cb, result);
}

static gboolean
finish_adding (Fixture *fixture, GAsyncResult **waited, GError **error)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (waited);
  gint64 n_added;
  g_autoptr (GArray) owners = dou_user_store_add_finish (fixture->store, result, &n_added, error);

  return owners != NULL;
}

static gboolean
add (Fixture *fixture, gint64 id, const char *name, GError **error)
{
  GAsyncResult *waited = NULL;

  begin_to_add (fixture, id, name, &waited);
  return finish_adding (fixture, &waited, error);
}

static gboolean
get (Fixture *fixture, gint64 id, gboolean *exists, GError **error)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) users = NULL;

  dou_user_store_get_async (fixture->store, &id, 1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  users = dou_user_store_get_finish (fixture->store, result, error);
  if (users == NULL)
    return FALSE;

  *exists = g_ptr_array_index (users, 0) != NULL;
  return TRUE;
}

static void
assert_failed_in_time (const GError *error, gint64 begun, GTimeSpan limit)
{
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_test_message ("%s after %" G_GINT64_FORMAT " ms", error->message,
                  (g_get_monotonic_time () - begun) / 1000);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, limit);
}

/* Each of the store's connections finds out by itself, so all are asked: a reader and the writer at the same
 * time, and once more. */
static void
assert_unavailable (Fixture *fixture, GTimeSpan limit)
{
  for (guint i = 0; i < 2; i++)
    {
      gint64 begun = g_get_monotonic_time ();
      GAsyncResult *adding = NULL;
      g_autoptr (GError) get_error = NULL;
      g_autoptr (GError) add_error = NULL;
      gboolean exists;

      begin_to_add (fixture, 2, "other", &adding);
      g_assert_false (get (fixture, 1, &exists, &get_error));
      assert_failed_in_time (get_error, begun, limit);
      g_assert_false (finish_adding (fixture, &adding, &add_error));
      assert_failed_in_time (add_error, begun, limit);
    }
}

/* The store comes back by itself, with all that was answered. */
static void
assert_comes_back (Fixture *fixture)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  g_autoptr (GError) error = NULL;
  gboolean exists = FALSE;

  while (!get (fixture, 1, &exists, NULL) || !add (fixture, 3, "after", NULL))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }

  g_assert_true (exists);
  get (fixture, 3, &exists, &error);
  g_assert_no_error (error);
  g_assert_true (exists);
}

/* Test that while the server is gone everything fails soon, and that nothing that was answered is
 * lost. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "The database * is away: *");
  add (fixture, 1, "before", &error);
  g_assert_no_error (error);

  dou_test_engine_kill ();
  assert_unavailable (fixture, 3 * G_TIME_SPAN_SECOND);
  g_test_assert_expected_messages ();

  g_test_expect_message ("doutok", G_LOG_LEVEL_MESSAGE, "The database * is back");
  dou_test_engine_restart ();
  assert_comes_back (fixture);
  g_test_assert_expected_messages ();
}

/* Test that a server that was restarted between two calls is not noticed. */
static void
test_restarted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean exists;

  add (fixture, 1, "before", &error);
  g_assert_no_error (error);
  dou_test_engine_kill ();
  dou_test_engine_restart ();

  for (guint i = 0; i < 4; i++)
    {
      get (fixture, 1, &exists, &error);
      g_assert_no_error (error);
      g_assert_true (exists);
    }
  add (fixture, 2, "after", &error);
  g_assert_no_error (error);
}

/* Test that a server that takes calls and never answers is given up in time. */
static void
test_silent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "The database * is away: *");
  add (fixture, 1, "before", &error);
  g_assert_no_error (error);

  dou_test_engine_signal (SIGSTOP);
  assert_unavailable (fixture, PATIENCE * G_TIME_SPAN_SECOND);
  g_test_assert_expected_messages ();

  g_test_expect_message ("doutok", G_LOG_LEVEL_MESSAGE, "The database * is back");
  dou_test_engine_signal (SIGCONT);
  assert_comes_back (fixture);
  g_test_assert_expected_messages ();
}

/* Test that nodes which register the same names at the same time, each in an order of its own, get
 * into each other's way without harm: each name has one owner, whom all of them name. */
static void
test_nodes (Fixture *fixture, gconstpointer data)
{
  DouUserStore *stores[N_NODES];
  GAsyncResult *waited[N_NODES][N_CALLS] = { { NULL } };
  g_autoptr (GHashTable) owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  char names[N_CALLS][N_NODES][N_NAMES][32];
  g_autoptr (GError) error = NULL;
  gint64 n_added = 0;

  for (guint node = 0; node < N_NODES; node++)
    {
      stores[node] = dou_user_store_open (fixture->address, &error);
      g_assert_no_error (error);
    }

  for (guint call = 0; call < N_CALLS; call++)
    for (guint node = 0; node < N_NODES; node++)
      {
        DouUserRow rows[N_NAMES];

        for (guint i = 0; i < N_NAMES; i++)
          {
            guint number = (guint) g_test_rand_int_range (0, N_NAMES * 4);

            g_snprintf (names[call][node][i], sizeof names[call][node][i], "name%u", number);
            rows[i] = (DouUserRow){ 1 + ((gint64) call * N_NODES + node) * N_NAMES + i,
                                    names[call][node][i], names[call][node][i], "hash" };
          }
        dou_user_store_add_async (stores[node], rows, N_NAMES, NULL, dou_test_wait_result_cb,
                                  &waited[node][call]);
      }

  for (guint call = 0; call < N_CALLS; call++)
    for (guint node = 0; node < N_NODES; node++)
      {
        g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[node][call]);
        g_autoptr (GArray) ids = NULL;
        gint64 n;

        ids = dou_user_store_add_finish (stores[node], result, &n, &error);
        g_assert_no_error (error);
        n_added += n;
        for (guint i = 0; i < N_NAMES; i++)
          {
            gint64 id = g_array_index (ids, gint64, i);
            gint64 *known = g_hash_table_lookup (owners, names[call][node][i]);

            g_assert_cmpint (id, >, 0);
            if (known == NULL)
              g_hash_table_insert (owners, g_strdup (names[call][node][i]),
                                   g_memdup2 (&id, sizeof id));
            else
              g_assert_cmpint (id, ==, *known);
          }
      }

  for (guint node = 0; node < N_NODES; node++)
    g_assert_finalize_object (stores[node]);
  g_assert_cmpint (n_added, ==, g_hash_table_size (owners));
  g_assert_cmpint (dou_user_store_count (fixture->store, &error), ==, n_added);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/user/outage/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("killed", test_killed);
  ADD ("restarted", test_restarted);
  ADD ("silent", test_silent);
  ADD ("nodes", test_nodes);
#undef ADD

  return g_test_run ();
}
