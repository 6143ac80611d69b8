/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers of nodes, against a redis-server. */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "common/dou-redis.h"
#include "common/dou-status.h"
#include "launcher/dou-node-lease.h"
#include "launcher/dou-test-tree.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-wait.h"

#define N_NODES 2

typedef struct
{
  DouTestRedis *server;     /* (owned) */
  char *states[N_NODES];    /* (owned) state directories */
  DouNodeLease *leases[N_NODES]; /* (owned) (nullable) */
  guint n_lost;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_redis_new (NULL);
  for (guint i = 0; i < N_NODES; i++)
    fixture->states[i] = dou_test_dir_new ();
}

static gboolean
is_gone (gpointer data)
{
  return *(gpointer *) data == NULL;
}

/* As if its process were killed; an answer that is under way holds it. */
static void
drop (Fixture *fixture, guint node)
{
  gpointer gone = fixture->leases[node];

  if (gone == NULL)
    return;

  g_object_add_weak_pointer (gone, &gone);
  g_object_run_dispose (G_OBJECT (fixture->leases[node]));
  g_clear_object (&fixture->leases[node]);
  dou_test_wait_until (is_gone, &gone);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_NODES; i++)
    {
      drop (fixture, i);
      dou_test_dir_remove (fixture->states[i]);
    }
  dou_test_redis_free (fixture->server);
  g_test_assert_expected_messages ();
}

static void
lost_cb (DouNodeLease *lease, GError *error, Fixture *fixture)
{
  g_test_message ("%s", error->message);
  fixture->n_lost++;
}

static void
make (Fixture *fixture, guint node, const char *number)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autofree char *url = dou_test_redis_get_url (fixture->server);
  g_autoptr (GError) error = NULL;

  g_assert_false (dou_node_lease_is_wanted (config));
  dou_config_set (config, DOU_CONFIG_DATABASE_ENGINE, "postgresql", &error);
  g_assert_no_error (error);
  g_assert_false (dou_node_lease_is_wanted (config));
  dou_config_set (config, DOU_CONFIG_REDIS_URL, url, &error);
  g_assert_no_error (error);
  dou_config_set (config, DOU_CONFIG_NODE_ID, number, &error);
  g_assert_no_error (error);
  g_assert_true (dou_node_lease_is_wanted (config));

  fixture->leases[node] = dou_node_lease_new (config, fixture->states[node], &error);
  g_assert_no_error (error);
  g_signal_connect (fixture->leases[node], "lost", G_CALLBACK (lost_cb), fixture);
}

static gboolean
take (Fixture *fixture, guint node, GError **error)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_node_lease_take_async (fixture->leases[node], dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  return dou_node_lease_take_finish (fixture->leases[node], result, error);
}

static void
assert_takes (Fixture *fixture, guint node, const char *number)
{
  g_autoptr (GError) error = NULL;

  make (fixture, node, number);
  take (fixture, node, &error);
  g_assert_no_error (error);
}

static void
assert_refused (Fixture *fixture, guint node, const char *number)
{
  g_autoptr (GError) error = NULL;

  make (fixture, node, number);
  g_assert_false (take (fixture, node, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, g_get_host_name ()));
  g_assert_nonnull (strstr (error->message, number));
  drop (fixture, node);
}

static gboolean
is_there (gpointer data)
{
  return dou_redis_get_trouble (data) == NULL;
}

/* Returns: (transfer full): whose number it is, empty if nobody's */
static char *
get_owner (Fixture *fixture, const char *key)
{
  const char *const words[] = { "GET", key, NULL };
  g_autofree char *url = dou_test_redis_get_url (fixture->server);
  g_autoptr (DouRedisAddress) address = dou_redis_address_parse (url);
  g_autoptr (DouRedis) redis = dou_redis_new (address, NULL);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;

  dou_test_wait_until (is_there, redis);
  dou_redis_command_async (redis, words, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  answer = dou_redis_command_finish (redis, result, &error);
  g_assert_no_error (error);
  return g_strdup (g_variant_is_of_type (answer, G_VARIANT_TYPE_STRING)
                       ? g_variant_get_string (answer, NULL)
                       : "");
}

/* Test that a number that another node has is refused, again and again, and that others are free. */
static void
test_taken (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->states[0], "node", NULL);
  struct stat status;

  assert_takes (fixture, 0, "7");
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);

  for (guint i = 0; i < 3; i++)
    assert_refused (fixture, 1, "7");
  assert_takes (fixture, 1, "8");
  g_assert_cmpuint (fixture->n_lost, ==, 0);
}

/* Test that a node that was killed has its number again at once, and nobody else; also if what it had
 * written about itself is damaged, after which it is another one. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->states[0], "node", NULL);

  assert_takes (fixture, 0, "7");
  drop (fixture, 0);
  assert_refused (fixture, 1, "7");
  assert_takes (fixture, 0, "7");
  drop (fixture, 0);

  g_assert_true (g_file_set_contents (path, "0123456789abcdeX", -1, NULL));
  assert_refused (fixture, 0, "7");
  assert_takes (fixture, 0, "8");
}

/* Test that a number that was given back is anybody's. */
static void
test_released (Fixture *fixture, gconstpointer data)
{
  g_autofree char *owner = NULL;

  assert_takes (fixture, 0, "0");
  owner = get_owner (fixture, "doutok@0:node:0");
  g_assert_cmpstr (owner, !=, "");
  dou_node_lease_release (fixture->leases[0]);
  do
    {
      g_free (owner);
      owner = get_owner (fixture, "doutok@0:node:0");
    }
  while (*owner != '\0');
  assert_takes (fixture, 1, "0");
}

static gboolean
has_lost (gpointer data)
{
  return ((Fixture *) data)->n_lost > 0;
}

/* Test that nodes start without Redis, and that when it comes exactly one of two with the same number keeps
 * it. */
static void
test_absent (Fixture *fixture, gconstpointer data)
{
  g_autofree char *owner = NULL;
  guint n_owners = 0;

  dou_test_redis_kill (fixture->server);
  for (guint i = 0; i < N_NODES; i++)
    g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Redis at * is away: *");
  for (guint i = 0; i < N_NODES; i++)
    assert_takes (fixture, i, "15");
  g_test_assert_expected_messages ();
  g_assert_cmpuint (fixture->n_lost, ==, 0);

  for (guint i = 0; i < N_NODES; i++)
    g_test_expect_message ("doutok", G_LOG_LEVEL_MESSAGE, "Redis at * is back");
  dou_test_redis_start (fixture->server);
  dou_test_wait_until (has_lost, fixture);
  g_test_assert_expected_messages ();

  owner = get_owner (fixture, "doutok@0:node:15");
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *path = g_build_filename (fixture->states[i], "node", NULL);
      g_autofree char *name = NULL;

      g_assert_true (g_file_get_contents (path, &name, NULL, NULL));
      n_owners += g_str_has_prefix (owner, name);
    }
  g_assert_cmpuint (n_owners, ==, 1);
  g_assert_cmpuint (fixture->n_lost, ==, 1);
}

/* Test that a Redis that hangs keeps no node from starting. */
static void
test_hanging (Fixture *fixture, gconstpointer data)
{
  dou_test_redis_signal (fixture->server, SIGSTOP);
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Redis at * is away: *");
  assert_takes (fixture, 0, "3");
  g_test_assert_expected_messages ();
}

static DouTestRun *
serve (DouTestTree *tree, const char *url, guint number)
{
  g_autofree char *path = g_build_filename (tree->path, "doutok.conf", NULL);
  g_autofree char *text = g_strdup_printf (
      "[server]\nlisten=127.0.0.1:0\n[database]\nengine=postgresql\n[node]\nid=%u\n[redis]\nurl=%s\n",
      number, url);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return dou_test_run_new (tree, NULL, "serve", "--config", path, "--state-dir", tree->state_dir,
                           "--runtime-dir", tree->runtime_dir, NULL);
}

static void
assert_ready (DouTestRun *run)
{
  g_autofree char *line = dou_test_run_read_line (run);

  g_assert_true (g_str_has_prefix (line, "doutok: ready on "));
}

/* Test that `doutok serve` with the number of a live node ends at once and says why, and starts with
 * another one. */
static void
test_serve (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestTree) tree = dou_test_tree_new ();
  g_autoptr (DouTestTree) other_tree = dou_test_tree_new ();
  g_autofree char *url = dou_test_redis_get_url (fixture->server);
  g_autoptr (DouTestRun) run = serve (tree, url, 4);
  g_autoptr (DouTestRun) refused = NULL;
  g_autoptr (DouTestRun) other = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;

  assert_ready (run);
  refused = serve (other_tree, url, 4);
  g_assert_cmpint (dou_test_run_wait (refused, &output, &errors), ==, EXIT_FAILURE);
  g_assert_cmpstr (output, ==, "");
  g_assert_true (g_str_has_prefix (errors, "doutok: Another node, on "));

  other = serve (other_tree, url, 5);
  assert_ready (other);
  g_subprocess_send_signal (other->process, SIGTERM);
  g_assert_cmpint (dou_test_run_wait (other, NULL, NULL), ==, EXIT_SUCCESS);
  g_subprocess_send_signal (run->process, SIGTERM);
  g_assert_cmpint (dou_test_run_wait (run, NULL, NULL), ==, EXIT_SUCCESS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/launcher/node-lease/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("taken", test_taken);
  ADD ("killed", test_killed);
  ADD ("released", test_released);
  ADD ("absent", test_absent);
  ADD ("hanging", test_hanging);
  ADD ("serve", test_serve);
#undef ADD

  return g_test_run ();
}
