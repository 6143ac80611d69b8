/* SPDX-License-Identifier: Apache-2.0 */

/* Clients that leave, or do not read: whenever it is, and in whatever way, nothing may be left of
 * them. */

#include "config.h"

#include <string.h>

#include <sys/socket.h>

#include "gateway/dou-test-server.h"
#include "lib/dou-test-wait.h"

#define HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define LATER "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
#define BIG "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
#define MIB (1024 * 1024)

typedef enum
{
  LEAVE_CLOSE,
  LEAVE_SHUT_DOWN,
  LEAVE_RESET,
  N_LEAVES
} Leave;

static void
leave (DouTestClient *client, Leave way)
{
  if (way == LEAVE_CLOSE)
    dou_test_client_free (client);
  else if (way == LEAVE_RESET)
    {
      dou_test_client_reset (client);
      dou_test_client_free (client);
    }
  else
    {
      dou_test_client_shut_down (client);
      dou_test_client_wait_end (client);
      dou_test_client_free (client);
    }
}

/* Test that one may leave before, in and after a request, that no descriptor stays, and that the
 * server goes on. */
static void
test_left (DouTestServer *server, gconstpointer data)
{
  const char *beginnings[] = { "", "\r\n", "G", "GET /hello HTTP/1.1\r\nHost: a\r\n", HELLO "GET" };
  guint n_before;

  dou_test_server_start (server);
  n_before = dou_test_count_descriptors ();

  for (gsize i = 0; i < G_N_ELEMENTS (beginnings); i++)
    for (guint way = 0; way < N_LEAVES; way++)
      {
        DouTestClient *client = dou_test_server_connect (server);

        dou_test_server_wait_connections (server, 1);
        dou_test_client_send (client, beginnings[i]);
        while (g_main_context_iteration (NULL, FALSE))
          ;
        if (g_str_has_prefix (beginnings[i], HELLO))
          dou_test_answer_free (dou_test_client_receive (client));

        leave (client, way);
        dou_test_server_wait_connections (server, 0);
        g_assert_cmpuint (dou_test_count_descriptors (), ==, n_before);
      }
}

/* Test that a request whose client is known to be gone is cancelled, and that its answer does no
 * harm. */
static void
test_gone_while_handled (DouTestServer *server, gconstpointer data)
{
  for (guint round = 0; round < 2; round++)
    {
      DouTestClient *client = dou_test_server_connect (server);
      g_autoptr (DouRequest) request = NULL;
      g_autoptr (GCancellable) cancellable = NULL;

      dou_test_client_send (client, LATER);
      dou_test_server_wait_pending (server, 1);
      request = g_queue_pop_head (&server->pending);
      if (round == 0)
        cancellable = g_object_ref (dou_request_get_cancellable (request));

      leave (client, LEAVE_RESET);
      dou_test_server_wait_connections (server, 0);
      if (round == 1)
        cancellable = g_object_ref (dou_request_get_cancellable (request));
      g_assert_true (g_cancellable_is_cancelled (cancellable));
      g_assert_cmpuint (dou_server_get_n_requests (server->server), ==, 0);

      dou_request_reply_status (request, DOU_STATUS_OK);
      g_assert_finalize_object (g_steal_pointer (&request));
    }
}

/* Test that a request which nobody answers after its client is gone is no bug. */
static void
test_gone_and_dropped (DouTestServer *server, gconstpointer data)
{
  DouTestClient *client = dou_test_server_connect (server);

  dou_test_client_send (client, LATER);
  dou_test_server_wait_pending (server, 1);
  leave (client, LEAVE_RESET);
  dou_test_server_wait_connections (server, 0);
  g_assert_finalize_object (g_queue_pop_head (&server->pending));
}

/* Test that a client which has closed its side is answered nevertheless: it may still be reading.
 */
static void
test_half_closed (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  g_autoptr (DouRequest) request = NULL;
  g_autoptr (DouTestAnswer) answer = NULL;

  dou_test_client_send (client, LATER);
  dou_test_client_shut_down (client);
  dou_test_server_wait_pending (server, 1);
  while (g_main_context_iteration (NULL, FALSE))
    ;

  request = g_queue_pop_head (&server->pending);
  g_assert_false (g_cancellable_is_cancelled (dou_request_get_cancellable (request)));
  dou_request_reply_status (request, DOU_STATUS_OK);
  answer = dou_test_client_receive (client);
  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  g_assert_cmpint (dou_test_client_wait_end (client), ==, DOU_TEST_END_ORDERLY);
}

/* Test that an answer to a client which has closed its socket meanwhile does no harm, nor the next
 * one. */
static void
test_closed_while_handled (DouTestServer *server, gconstpointer data)
{
  DouTestClient *client = dou_test_server_connect (server);

  dou_test_client_send (client, LATER LATER);
  dou_test_server_wait_pending (server, 1);
  leave (client, LEAVE_CLOSE);

  while (dou_server_get_n_connections (server->server) > 0)
    {
      g_autoptr (DouRequest) request = g_queue_pop_head (&server->pending);

      if (request != NULL)
        dou_request_reply_status (request, DOU_STATUS_OK);
      g_main_context_iteration (NULL, FALSE);
    }
}

/* Test that one may leave in the middle of an answer. */
static void
test_left_while_answered (DouTestServer *server, gconstpointer data)
{
  const Leave ways[] = { LEAVE_CLOSE, LEAVE_RESET };

  server->big_size = 32 * MIB;
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      DouTestClient *client = dou_test_server_connect (server);

      dou_test_client_send (client, BIG);
      dou_test_server_wait_requests (server, 1);
      dou_test_answer_free (dou_test_client_receive_head (client));
      leave (client, ways[i]);
      dou_test_server_wait_connections (server, 0);
    }
}

/* The server has nothing to do until the client reads. */
static gboolean
is_stuck (gpointer data)
{
  DouTestServer *server = data;

  return dou_server_get_n_requests (server->server) == 1 && !g_main_context_pending (NULL);
}

/* Test that an answer arrives whole and unchanged, also if the client takes a long time to read it.
 */
static void
test_slow_reader (DouTestServer *server, gconstpointer data)
{
  const int small = 16 * 1024;
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);

  setsockopt (dou_test_client_get_fd (client), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  server->big_size = 24 * MIB + 1;

  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;
      g_autoptr (DouTestAnswer) other = NULL;

      dou_test_client_send (client, BIG);
      dou_test_wait_until (is_stuck, server);
      other = dou_test_server_exchange (server, HELLO);
      dou_test_assert_status (other, 200, DOU_STATUS_OK);

      answer = dou_test_client_receive (client);
      g_assert_cmpuint (answer->code, ==, 200);
      g_assert_cmpuint (answer->length, ==, server->big_size);
      for (gsize i = 0; i < answer->length; i++)
        if ((guint8) answer->body[i] != (guint8) (i * 7 + i / 251))
          g_error ("Byte %" G_GSIZE_FORMAT " is wrong", i);
    }
}

/* Test that a fast reader of a large answer does not keep others waiting. */
static void
test_fairness (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) reader = dou_test_server_connect (server);
  g_autoptr (DouTestClient) other = dou_test_server_connect (server);

  server->big_size = 64 * MIB;
  dou_test_client_send (reader, BIG);
  dou_test_server_wait_requests (server, 1);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_has_input (reader);
      dou_test_client_send (other, HELLO);
      answer = dou_test_client_receive (other);
      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
    }
  g_assert_cmpuint (dou_server_get_n_requests (server->server), ==, 1);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/gateway/server/hang-ups/" name, DouTestServer, NULL, dou_test_server_set_up,       \
              function, dou_test_server_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("left", test_left);
  ADD ("gone-while-handled", test_gone_while_handled);
  ADD ("gone-and-dropped", test_gone_and_dropped);
  ADD ("half-closed", test_half_closed);
  ADD ("closed-while-handled", test_closed_while_handled);
  ADD ("left-while-answered", test_left_while_answered);
  ADD ("slow-reader", test_slow_reader);
  ADD ("fairness", test_fairness);

  return g_test_run ();
}
