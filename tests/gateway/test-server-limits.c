/* SPDX-License-Identifier: Apache-2.0 */

/* Many connections, too many, and those that take their time. */

#include "config.h"

#include <string.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include "gateway/dou-test-server.h"
#include "lib/dou-test-wait.h"

#define HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define MIB (1024 * 1024)

/* Both ends are in this process. */
static guint
allow_descriptors (guint n_connections)
{
  const rlim_t spare = 100;
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = MIN (limit.rlim_max, 2 * n_connections + spare);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  return (guint) MIN (n_connections, (limit.rlim_cur - spare) / 2);
}

static void
set (DouTestServer *server, DouConfigKey key, const char *value)
{
  g_autoptr (GError) error = NULL;

  dou_config_set (server->config, key, value, &error);
  g_assert_no_error (error);
}

static GPtrArray *
connect_many (DouTestServer *server, guint n)
{
  GPtrArray *clients = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_test_client_free);
  guint n_before = dou_server_get_n_connections (server->server);

  for (guint i = 0; i < n; i++)
    {
      g_ptr_array_add (clients, dou_test_server_connect (server));
      /* So that the queue of the socket never overflows. */
      if (i % 64 == 63)
        dou_test_server_wait_connections (server, n_before + i + 1);
    }

  dou_test_server_wait_connections (server, n_before + n);
  return clients;
}

static void
exchange_with_all (GPtrArray *clients)
{
  for (guint i = 0; i < clients->len; i++)
    dou_test_client_send (g_ptr_array_index (clients, i), HELLO);

  for (guint i = 0; i < clients->len; i++)
    {
      g_autoptr (DouTestAnswer) answer = dou_test_client_receive (g_ptr_array_index (clients, i));

      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
    }
}

/* Test that one connection too many is told so, can read it, and that room is room again. */
static void
test_too_many (DouTestServer *server, gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;
  g_autoptr (DouTestAnswer) again = NULL;

  set (server, DOU_CONFIG_MAX_CONNECTIONS, "16");
  dou_test_server_start (server);
  clients = connect_many (server, 16);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DouTestClient) client = dou_test_server_connect (server);
      g_autoptr (DouTestAnswer) answer = NULL;
      g_autofree char *retry = NULL;

      dou_test_client_send (client, HELLO);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 503, DOU_STATUS_UNAVAILABLE);
      retry = dou_test_answer_get_header (answer, "Retry-After");
      g_assert_cmpstr (retry, ==, "1");
      g_assert_cmpint (dou_test_client_wait_end (client), ==, DOU_TEST_END_ORDERLY);
    }

  exchange_with_all (clients);
  g_ptr_array_set_size (clients, 15);
  dou_test_server_wait_connections (server, 15);
  again = dou_test_server_exchange (server, HELLO);
  dou_test_assert_status (again, 200, DOU_STATUS_OK);
}

/* Test that far too many are not even waited for. */
static void
test_far_too_many (DouTestServer *server, gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;

  set (server, DOU_CONFIG_MAX_CONNECTIONS, "16");
  dou_test_server_start (server);
  clients = connect_many (server, 16 + 64);

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (server, "");

      dou_test_assert_status (answer, 503, DOU_STATUS_UNAVAILABLE);
      g_assert_cmpuint (dou_server_get_n_connections (server->server), ==, 16 + 64);
    }
}

/* Test that one address can have so many connections, is told when it wants more, and can again when it
 * has fewer. */
static void
test_too_many_of_one (DouTestServer *server, gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;
  g_autoptr (DouTestAnswer) refused = NULL;
  g_autoptr (DouTestAnswer) again = NULL;

  set (server, DOU_CONFIG_MAX_CONNECTIONS_PER_ADDRESS, "8");
  dou_test_server_start (server);
  clients = connect_many (server, 8);

  refused = dou_test_server_exchange (server, HELLO);
  dou_test_assert_status (refused, 503, DOU_STATUS_UNAVAILABLE);
  exchange_with_all (clients);

  g_ptr_array_set_size (clients, 7);
  dou_test_server_wait_connections (server, 7);
  again = dou_test_server_exchange (server, HELLO);
  dou_test_assert_status (again, 200, DOU_STATUS_OK);
}

/* Test that a trusted proxy has as many connections as it needs. */
static void
test_proxy (DouTestServer *server, gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;

  set (server, DOU_CONFIG_MAX_CONNECTIONS_PER_ADDRESS, "8");
  set (server, DOU_CONFIG_TRUSTED_PROXIES, "127.0.0.0/8");
  dou_test_server_start (server);
  clients = connect_many (server, 32);
  exchange_with_all (clients);
}

/* Test that an address that asks too often is told how long to wait, and an upload before it is read;
 * behind a trusted proxy each client counts by itself. */
static void
test_too_often (DouTestServer *server, gconstpointer data)
{
  static const char upload[]
      = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
  g_autoptr (DouTestAnswer) refused = NULL;
  g_autoptr (DouTestAnswer) missing = NULL;
  g_autoptr (DouTestAnswer) forwarded = NULL;
  g_autoptr (DouTestAnswer) refused_upload = NULL;
  g_autofree char *wait = NULL;

  set (server, DOU_CONFIG_RATE_LIMITS, "on");
  set (server, DOU_CONFIG_RATE_GENERAL, "24/d burst 3");
  set (server, DOU_CONFIG_TRUSTED_PROXIES, "127.0.0.0/8");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (server, HELLO);

      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
    }

  refused = dou_test_server_exchange (server, HELLO);
  dou_test_assert_status (refused, 429, DOU_STATUS_RATE_LIMITED);
  wait = dou_test_answer_get_header (refused, "Retry-After");
  g_assert_cmpint (g_ascii_strtoll (wait, NULL, 10), >, 3590);
  g_assert_cmpint (g_ascii_strtoll (wait, NULL, 10), <=, 3600);
  missing = dou_test_server_exchange (server, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  dou_test_assert_status (missing, 429, DOU_STATUS_RATE_LIMITED);
  refused_upload = dou_test_server_exchange (server, upload);
  dou_test_assert_status (refused_upload, 429, DOU_STATUS_RATE_LIMITED);
  g_assert_cmpuint (server->n_written, ==, 0);

  forwarded = dou_test_server_exchange (
      server, "GET /hello HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
  dou_test_assert_status (forwarded, 200, DOU_STATUS_OK);
  g_assert_cmpuint (server->n_handled, ==, 4);
}

/* Test that connections which come and go leave no descriptor and no object. */
static void
test_come_and_go (DouTestServer *server, gconstpointer data)
{
  guint n_before;

  allow_descriptors (100);
  dou_test_server_start (server);
  n_before = dou_test_count_descriptors ();

  for (guint round = 0; round < 20; round++)
    {
      g_autoptr (GPtrArray) clients = connect_many (server, 100);

      if (round % 2 == 0)
        exchange_with_all (clients);
      g_clear_pointer (&clients, g_ptr_array_unref);
      dou_test_server_wait_connections (server, 0);
    }

  g_assert_cmpuint (dou_test_count_descriptors (), ==, n_before);
  g_assert_cmpuint (server->n_handled, ==, 1000);
}

/* Processor seconds that @n rounds take. */
static double
measure (GPtrArray *clients, guint n)
{
  clock_t start = clock ();

  for (guint i = 0; i < n; i++)
    exchange_with_all (clients);

  return (double) (clock () - start) / CLOCKS_PER_SEC;
}

/* Test that idle connections cost those that are busy next to nothing: with libsoup's own listener,
 * the same request took fifteen times as long. */
static void
test_beside_idle_ones (DouTestServer *server, gconstpointer data)
{
  const guint n_wanted = 5000;
  guint n_idle = allow_descriptors (n_wanted + 64) - 64;
  g_autoptr (GPtrArray) busy = NULL;
  g_autoptr (GPtrArray) idle = NULL;
  double alone, beside;

  if (n_idle < n_wanted)
    g_test_message ("The limit of descriptors allows %u idle connections only", n_idle);

  set (server, DOU_CONFIG_MAX_CONNECTIONS, "16384");
  set (server, DOU_CONFIG_MAX_CONNECTIONS_PER_ADDRESS, "16384");
  dou_test_server_start (server);
  busy = connect_many (server, 64);
  measure (busy, 2);
  alone = measure (busy, 10);

  idle = connect_many (server, n_idle);
  for (guint i = 0; i < n_idle; i += 2)
    {
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (g_ptr_array_index (idle, i), HELLO);
      answer = dou_test_client_receive (g_ptr_array_index (idle, i));
    }
  beside = measure (busy, 10);

  g_test_message ("640 requests: %.0f ms of CPU alone, %.0f ms beside %u idle connections",
                  1000 * alone, 1000 * beside, n_idle);
  g_assert_cmpfloat (beside, <, 4 * alone + 0.05);
}

/* Test that a lack of descriptors is told to those who come, and is over when it is over. */
static void
test_no_descriptors (DouTestServer *server, gconstpointer data)
{
  struct rlimit limit, low;
  g_autoptr (GPtrArray) clients
      = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_test_client_free);
  g_autoptr (DouTestAnswer) again = NULL;

  dou_test_server_start (server);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  for (guint i = 0; i < 100; i++)
    g_ptr_array_add (clients, dou_test_server_connect (server));

  low = limit;
  low.rlim_cur = dou_test_count_descriptors () + 10;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &low));

  for (guint i = 0; i < clients->len; i++)
    {
      DouTestClient *client = g_ptr_array_index (clients, i);
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send_some (client, HELLO, strlen (HELLO));
      if (i >= 20)
        {
          answer = dou_test_client_receive (client);
          dou_test_assert_status (answer, 503, DOU_STATUS_UNAVAILABLE);
        }
    }

  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  g_ptr_array_set_size (clients, 0);
  dou_test_server_wait_connections (server, 0);
  again = dou_test_server_exchange (server, HELLO);
  dou_test_assert_status (again, 200, DOU_STATUS_OK);
}

/* A client that is always a little bit alive. */
typedef struct
{
  DouTestClient *client; /* (unowned) */
  const char *rest;
} Dripper;

static gboolean
drip_cb (gpointer user_data)
{
  Dripper *dripper = user_data;

  dou_test_client_send_some (dripper->client, dripper->rest++, 1);
  return *dripper->rest != '\0' ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Test that whoever is too slow is told so, however alive it looks, and that silence is just ended.
 */
static void
test_slow (DouTestServer *server, gconstpointer data)
{
  g_autofree char *endless = g_strnfill (1000, 'x');
  const char *beginnings[] = {
    "GET /hello HTTP/1.1\r\nX: ",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n",
    "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
  };
  DouTestClient *clients[G_N_ELEMENTS (beginnings)];
  Dripper drippers[G_N_ELEMENTS (beginnings)];
  guint drips[G_N_ELEMENTS (beginnings)];
  g_autoptr (DouTestClient) silent = NULL;
  g_autoptr (DouTestClient) idle = NULL;
  g_autoptr (DouTestAnswer) first = NULL;
  g_autoptr (DouTestAnswer) invitation = NULL;

  set (server, DOU_CONFIG_REQUEST_TIMEOUT, "1s");
  set (server, DOU_CONFIG_IDLE_TIMEOUT, "1s");
  silent = dou_test_server_connect (server);
  idle = dou_test_server_connect (server);

  for (gsize i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      clients[i] = dou_test_server_connect (server);
      dou_test_client_send (clients[i], beginnings[i]);
      drippers[i].client = clients[i];
      drippers[i].rest = endless;
      drips[i] = g_timeout_add (50, drip_cb, &drippers[i]);
    }

  dou_test_client_send (idle, HELLO);
  first = dou_test_client_receive (idle);
  dou_test_assert_status (first, 200, DOU_STATUS_OK);
  invitation = dou_test_client_receive_head (clients[3]);
  g_assert_cmpuint (invitation->code, ==, 100);
  g_source_remove (drips[3]);

  for (gsize i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      g_autoptr (DouTestAnswer) answer = dou_test_client_receive (clients[i]);

      dou_test_assert_status (answer, 408, DOU_STATUS_TIMEOUT);
      if (i != 3)
        g_source_remove (drips[i]);
      dou_test_client_shut_down (clients[i]);
      g_assert_cmpint (dou_test_client_wait_end (clients[i]), ==, DOU_TEST_END_ORDERLY);
      dou_test_client_free (clients[i]);
    }

  g_assert_cmpint (dou_test_client_wait_end (silent), ==, DOU_TEST_END_ORDERLY);
  g_assert_cmpint (dou_test_client_wait_end (idle), ==, DOU_TEST_END_ORDERLY);
  dou_test_server_wait_connections (server, 0);
  g_assert_cmpuint (server->n_handled, ==, 1);
}

/* Test that a client that does not read its answer is broken off, and one that does slowly is not.
 */
static void
test_stalled (DouTestServer *server, gconstpointer data)
{
  const int small = 4096;
  g_autoptr (DouTestClient) stalled = NULL;
  g_autoptr (DouTestClient) slow = NULL;
  guint8 buffer[8192];

  set (server, DOU_CONFIG_IDLE_TIMEOUT, "1s");
  server->big_size = 16 * MIB;
  stalled = dou_test_server_connect (server);
  slow = dou_test_server_connect (server);
  setsockopt (dou_test_client_get_fd (slow), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);

  dou_test_client_send (stalled, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  dou_test_client_send (slow, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  dou_test_server_wait_requests (server, 2);

  /* The slow one reads as long as there is the other. */
  while (dou_server_get_n_connections (server->server) == 2)
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (recv (dou_test_client_get_fd (slow), buffer, sizeof buffer, 0), !=, 0);
    }

  g_assert_cmpuint (dou_server_get_n_requests (server->server), ==, 1);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/gateway/server/limits/" name, DouTestServer, NULL, dou_test_server_set_up,         \
              function, dou_test_server_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("too-many", test_too_many);
  ADD ("far-too-many", test_far_too_many);
  ADD ("too-many-of-one", test_too_many_of_one);
  ADD ("proxy", test_proxy);
  ADD ("too-often", test_too_often);
  ADD ("come-and-go", test_come_and_go);
  ADD ("beside-idle-ones", test_beside_idle_ones);
  ADD ("no-descriptors", test_no_descriptors);
  ADD ("slow", test_slow);
  ADD ("stalled", test_stalled);

  return g_test_run ();
}
