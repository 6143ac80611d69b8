/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/dou-status.h"
#include "launcher/dou-gateway-pool.h"
#include "launcher/dou-listen-sockets.h"
#include "launcher/dou-private-bus.h"
#include "launcher/dou-test-tree.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

#define N_GATEWAYS 2

typedef struct
{
  DouReaper *reaper;    /* (owned) */
  char *root;           /* (owned) */
  DouPrivateBus *bus;   /* (owned) */
  DouGatewayPool *pool; /* (owned) */
  char *uri;            /* (owned) where they listen */
} Fixture;

static void
set_up_bus (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *kept = NULL;
  g_autoptr (GError) error = NULL;

  fixture->reaper = dou_reaper_new (&error);
  g_assert_no_error (error);
  fixture->root = dou_test_dir_new ();
  fixture->bus = dou_private_bus_new (fixture->reaper, fixture->root, &error);
  g_assert_no_error (error);
  dou_private_bus_start_async (fixture->bus, -1, NULL, dou_test_wait_result_cb, &kept);
  result = dou_test_wait_result (&kept);
  dou_private_bus_start_finish (fixture->bus, result, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const char *const addresses[] = { "127.0.0.1:0", NULL };
  g_autofree char *stand_in = g_test_build_filename (G_TEST_BUILT, "launcher", "stand-in", NULL);
  g_autofree char *program = NULL;
  const char *argv[] = { NULL, "--bus-address", NULL, NULL };
  g_autoptr (GPtrArray) sockets = NULL;
  g_autoptr (GError) error = NULL;

  set_up_bus (fixture);
  program = g_build_filename (fixture->root, "doutok-gateway", NULL);
  g_assert_cmpint (symlink (stand_in, program), ==, 0);

  sockets = dou_listen_sockets_open_all (addresses, N_GATEWAYS, &error);
  g_assert_no_error (error);
  fixture->uri = g_strdup (dou_listen_sockets_get_uri (g_ptr_array_index (sockets, 0)));

  argv[0] = program;
  argv[2] = dou_private_bus_get_address (fixture->bus);
  fixture->pool = dou_gateway_pool_new (fixture->reaper, argv, N_GATEWAYS, sockets);
}

static void
stop (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *kept = NULL;

  dou_gateway_pool_stop_async (fixture->pool, dou_test_wait_result_cb, &kept);
  result = dou_test_wait_result (&kept);
  g_assert_true (dou_gateway_pool_stop_finish (fixture->pool, result, NULL));
  for (guint i = 0; i < N_GATEWAYS; i++)
    g_assert_cmpint (dou_gateway_pool_get_pid (fixture->pool, i), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GAsyncResult) drained = NULL;
  GAsyncResult *kept = NULL;

  g_assert_finalize_object (fixture->pool);
  dou_private_bus_stop_async (fixture->bus, dou_test_wait_result_cb, &kept);
  stopped = dou_test_wait_result (&kept);
  g_clear_object (&stopped);
  g_assert_finalize_object (fixture->bus);

  /* LeakSanitizer looks at a process from a child of it, which comes to us if that is ended meanwhile. */
  dou_reaper_drain_async (fixture->reaper, 20000, dou_test_wait_result_cb, &kept);
  drained = dou_test_wait_result (&kept);
  g_assert_true (dou_reaper_drain_finish (fixture->reaper, drained, NULL));
  g_clear_object (&drained);
  g_assert_finalize_object (fixture->reaper);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_free (fixture->uri);
  dou_test_dir_remove (fixture->root);
}

static gboolean
start (Fixture *fixture, const char *stand_in, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *kept = NULL;

  if (stand_in != NULL)
    g_setenv ("DOU_STAND_IN", stand_in, TRUE);
  dou_gateway_pool_start_async (fixture->pool, dou_test_wait_result_cb, &kept);
  g_unsetenv ("DOU_STAND_IN");
  result = dou_test_wait_result (&kept);
  return dou_gateway_pool_start_finish (fixture->pool, result, error);
}

/* Asks whichever gateway the kernel chooses. Returns its process id, or 0 if nobody listens. */
static GPid
ask (Fixture *fixture)
{
  g_autoptr (GSocketConnection) connection = dou_test_connect (fixture->uri);
  char text[16] = "";

  if (connection == NULL)
    return 0;

  g_assert_true (g_input_stream_read_all (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)), text, sizeof text - 1, NULL, NULL,
      NULL));
  return (GPid) g_ascii_strtoll (text, NULL, 10);
}

/* Test that a gateway which ends before it is ready is an error and is not started again. */
static void
test_failing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (start (fixture, "doutok-gateway=fail", &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "exit status 3"));
  stop (fixture);
}

/* Test that a start can be given up. */
static void
test_given_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) started = NULL;
  GAsyncResult *kept = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("DOU_STAND_IN", "doutok-gateway=mute", TRUE);
  dou_gateway_pool_start_async (fixture->pool, dou_test_wait_result_cb, &kept);
  g_unsetenv ("DOU_STAND_IN");
  stop (fixture);

  started = dou_test_wait_result (&kept);
  g_assert_false (dou_gateway_pool_start_finish (fixture->pool, started, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Test that all gateways answer on the one port, and nobody after the stop. */
static void
test_shared_port (Fixture *fixture, gconstpointer data)
{
  const guint n_tries = 200;
  guint n_first = 0;
  g_autoptr (GError) error = NULL;

  start (fixture, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n_tries; i++)
    {
      GPid pid = ask (fixture);

      n_first += pid == dou_gateway_pool_get_pid (fixture->pool, 0);
      g_assert_true (pid == dou_gateway_pool_get_pid (fixture->pool, 0)
                     || pid == dou_gateway_pool_get_pid (fixture->pool, 1));
    }
  g_assert_cmpuint (n_first, >, 0);
  g_assert_cmpuint (n_first, <, n_tries);

  stop (fixture);
  g_assert_cmpint (ask (fixture), ==, 0);
}

static gboolean
has_gateway (gpointer data)
{
  return dou_gateway_pool_get_pid (data, 0) != 0;
}

static gboolean
has_no_gateway (gpointer data)
{
  return dou_gateway_pool_get_pid (data, 0) == 0;
}

/* Test that a gateway which dies is replaced, again and again, and that connections which came
 * meanwhile have waited for it. */
static void
test_restart (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  start (fixture, NULL, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 3; i++)
    {
      GPid former = dou_gateway_pool_get_pid (fixture->pool, 0);
      g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);

      g_assert_cmpint (kill (former, SIGKILL), ==, 0);
      dou_test_wait_until (has_no_gateway, fixture->pool);

      /* Enough of them that the kernel gives some to the socket of the dead one. */
      for (guint j = 0; j < 32; j++)
        {
          GSocketConnection *connection = dou_test_connect (fixture->uri);

          g_assert_nonnull (connection);
          g_ptr_array_add (connections, connection);
        }

      dou_test_wait_until (has_gateway, fixture->pool);
      g_assert_cmpint (dou_gateway_pool_get_pid (fixture->pool, 0), !=, former);
      for (guint j = 0; j < connections->len; j++)
        {
          GInputStream *answer
              = g_io_stream_get_input_stream (g_ptr_array_index (connections, j));
          char byte;

          g_assert_cmpint (g_input_stream_read (answer, &byte, 1, NULL, &error), ==, 1);
        }
    }

  stop (fixture);
}

/* Test that a gateway which does not end is killed. */
static void
test_stubborn (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  start (fixture, "doutok-gateway=stubborn", &error);
  g_assert_no_error (error);
  stop (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/gateway-pool/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("failing", test_failing);
  ADD ("given-up", test_given_up);
  ADD ("shared-port", test_shared_port);
  ADD ("restart", test_restart);
  ADD ("stubborn", test_stubborn);
#undef ADD

  return g_test_run ();
}
