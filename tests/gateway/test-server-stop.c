/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway/dou-test-server.h"
#include "lib/dou-test-wait.h"

#define HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define LATER "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
#define MIB (1024 * 1024)

static void
finish_stop (DouTestServer *server, GAsyncResult **result)
{
  g_autoptr (GAsyncResult) stopped = dou_test_wait_result (result);
  g_autoptr (GError) error = NULL;

  g_assert_true (dou_server_stop_finish (server->server, stopped, &error));
  g_assert_no_error (error);
}

static void
assert_last_answer (DouTestClient *client, guint http_code)
{
  g_autoptr (DouTestAnswer) answer = dou_test_client_receive (client);
  g_autofree char *connection = dou_test_answer_get_header (answer, "Connection");

  g_assert_cmpuint (answer->code, ==, http_code);
  g_assert_cmpstr (connection, ==, "close");
  g_assert_cmpint (dou_test_client_wait_end (client), ==, DOU_TEST_END_ORDERLY);
}

static void
assert_refuses_connections (DouTestServer *server)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons (server->port),
                                       .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (connect (fd, (const struct sockaddr *) &address, sizeof address), ==, -1);
  g_assert_cmpint (errno, ==, ECONNREFUSED);
  close (fd);
}

/* Test that an idle server ends at once, and that idle clients see it. */
static void
test_idle (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) idle = dou_test_server_connect (server);
  g_autoptr (DouTestAnswer) answer = NULL;
  GAsyncResult *result = NULL;

  dou_test_client_send (idle, HELLO);
  answer = dou_test_client_receive (idle);
  dou_test_server_wait_connections (server, 1);

  dou_server_stop_async (server->server, dou_test_wait_result_cb, &result);
  g_assert_cmpuint (dou_server_get_n_connections (server->server), ==, 0);
  assert_refuses_connections (server);
  finish_stop (server, &result);

  g_assert_cmpint (dou_test_client_wait_end (idle), ==, DOU_TEST_END_ORDERLY);
}

/* Test that who has connected before the end is answered: a client that has sent nothing yet, one that
 * has begun, and one whose second request is still in the socket. One that goes on sending nothing is
 * not waited for. */
static void
test_accepted (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) silent = dou_test_server_connect (server);
  g_autoptr (DouTestClient) new = dou_test_server_connect (server);
  g_autoptr (DouTestClient) half = dou_test_server_connect (server);
  g_autoptr (DouTestClient) again = dou_test_server_connect (server);
  g_autoptr (DouTestAnswer) answer = NULL;
  GAsyncResult *result = NULL;

  dou_test_client_send (again, HELLO);
  answer = dou_test_client_receive (again);
  dou_test_client_send (half, "GET /hello");
  dou_test_server_wait_connections (server, 4);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  dou_test_client_send (again, HELLO);

  dou_server_stop_async (server->server, dou_test_wait_result_cb, &result);
  dou_test_client_send (half, " HTTP/1.1\r\nHost: a\r\n\r\n");
  dou_test_client_send (new, HELLO);
  assert_last_answer (again, 200);
  assert_last_answer (half, 200);
  assert_last_answer (new, 200);
  g_assert_null (result);
  finish_stop (server, &result);
  g_assert_cmpint (dou_test_client_wait_end (silent), ==, DOU_TEST_END_ORDERLY);
}

/* Test that what is in flight is finished: a request in a handler, an upload, a form, a slow
 * reader; and that each is told that it is the last. */
static void
test_in_flight (DouTestServer *server, gconstpointer data)
{
  static const char piece[MIB];
  g_autoptr (DouTestClient) waiting = dou_test_server_connect (server);
  g_autoptr (DouTestClient) uploader = dou_test_server_connect (server);
  g_autoptr (DouTestClient) form = dou_test_server_connect (server);
  g_autoptr (DouTestClient) reader = dou_test_server_connect (server);
  g_autoptr (DouRequest) request = NULL;
  g_autoptr (DouTestAnswer) big = NULL;
  GAsyncResult *result = NULL;

  server->big_size = 16 * MIB;
  dou_test_client_send (waiting, LATER);
  dou_test_client_send (uploader,
                        "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n");
  dou_test_client_send (form, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  dou_test_client_send (reader, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  dou_test_server_wait_requests (server, 4);
  dou_test_server_wait_pending (server, 1);

  dou_server_stop_async (server->server, dou_test_wait_result_cb, &result);
  g_assert_cmpuint (dou_server_get_n_requests (server->server), ==, 4);
  assert_refuses_connections (server);

  dou_test_client_send_all (uploader, piece, sizeof piece);
  assert_last_answer (uploader, 200);
  dou_test_client_send (form, "=1");
  assert_last_answer (form, 200);
  /* This answer had begun before. */
  big = dou_test_client_receive (reader);
  g_assert_cmpuint (big->length, ==, server->big_size);
  g_assert_cmpint (dou_test_client_wait_end (reader), ==, DOU_TEST_END_ORDERLY);

  g_assert_null (result);
  request = g_queue_pop_head (&server->pending);
  g_assert_false (g_cancellable_is_cancelled (dou_request_get_cancellable (request)));
  dou_request_reply_status (request, DOU_STATUS_OK);
  assert_last_answer (waiting, 200);

  finish_stop (server, &result);
  g_assert_cmpuint (dou_server_get_n_requests (server->server), ==, 0);
}

/* Test that a server which is dropped cancels what it did not wait for, and that late answers do no
 * harm. */
static void
test_dropped (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) waiting = dou_test_server_connect (server);
  g_autoptr (DouTestClient) uploader = dou_test_server_connect (server);
  g_autoptr (DouRequest) request = NULL;

  dou_test_client_send (waiting, LATER);
  dou_test_client_send (uploader,
                        "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  dou_test_server_wait_requests (server, 2);
  dou_test_server_wait_pending (server, 1);

  g_assert_finalize_object (server->server);
  server->server = NULL;
  g_assert_cmpuint (server->n_sinks, ==, 0);
  request = g_queue_pop_head (&server->pending);
  g_assert_true (g_cancellable_is_cancelled (dou_request_get_cancellable (request)));
  dou_request_reply_status (request, DOU_STATUS_OK);
  g_assert_finalize_object (g_steal_pointer (&request));

  dou_test_client_wait_end (waiting);
  dou_test_client_wait_end (uploader);
}

/* Test that a client which leaves is not waited for any more. */
static void
test_left (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  GAsyncResult *result = NULL;

  dou_test_client_send (client, LATER);
  dou_test_server_wait_pending (server, 1);
  dou_server_stop_async (server->server, dou_test_wait_result_cb, &result);
  dou_test_client_reset (client);
  finish_stop (server, &result);
}

/* Test that what is wrong in the configuration is told when the server is made. */
static void
test_bad_configuration (DouTestServer *server, gconstpointer data)
{
  const struct
  {
    DouConfigKey key;
    const char *value;
  } bad[] = {
    { DOU_CONFIG_TRUSTED_PROXIES, "10.0.0.0/8; nonsense" },
    { DOU_CONFIG_TRUSTED_PROXIES, "10.0.0.0/33" },
    { DOU_CONFIG_PUBLIC_URL, "example.org" },
    { DOU_CONFIG_PUBLIC_URL, "ftp://example.org" },
    { DOU_CONFIG_PUBLIC_URL, "http://" },
    { DOU_CONFIG_PUBLIC_URL, "https://example.org/?a=b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (DouConfig) config = dou_config_new ();
      g_autoptr (DouRateLimiter) limiter = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (dou_config_set (config, bad[i].key, bad[i].value, NULL));
      g_assert_true (dou_config_set (config, DOU_CONFIG_RATE_LIMITS, "off", NULL));
      limiter = dou_rate_limiter_new (config, "/nonexistent", &error);
      g_assert_no_error (error);
      g_assert_null (dou_server_new (config, server->router, limiter, &error));
      g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);
      g_assert_nonnull (strstr (error->message, dou_config_key_get_name (bad[i].key)));
    }
}

/* Test that only a listening socket is listened to, and that any other stays with its owner. */
static void
test_bad_socket (DouTestServer *server, gconstpointer data)
{
  g_autoptr (GSocket) gsocket
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  const int bad[] = { g_socket_get_fd (gsocket), 0, -1, 9999 };

  dou_test_server_start (server);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (dou_server_add_listener (server->server, bad[i], &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
    }
}

#define ADD(name, function)                                                                        \
  g_test_add ("/gateway/server/stop/" name, DouTestServer, NULL, dou_test_server_set_up, function, \
              dou_test_server_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("bad-configuration", test_bad_configuration);
  ADD ("bad-socket", test_bad_socket);
  ADD ("idle", test_idle);
  ADD ("accepted", test_accepted);
  ADD ("in-flight", test_in_flight);
  ADD ("dropped", test_dropped);
  ADD ("left", test_left);

  return g_test_run ();
}
