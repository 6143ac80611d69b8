/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-test-server.h"

#define MAX_FORM (64 * 1024)
#define MIB (1024 * 1024)

static char *
make_head (const char *path, gsize length, const char *more)
{
  return g_strdup_printf ("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n"
                          "Content-Type: application/x-www-form-urlencoded\r\n%s\r\n",
                          path, length, more);
}

static void
send_head (DouTestClient *client, const char *path, gsize length, const char *more)
{
  g_autofree char *head = make_head (path, length, more);

  dou_test_client_send (client, head);
}

/* The refusal is there before anything of the body was sent, and can be read also by a client that
 * then sends some of it. */
static void
assert_refused (DouTestClient *client, guint http_code, DouStatus status)
{
  static const char piece[100000];
  g_autoptr (DouTestAnswer) answer = dou_test_client_receive (client);
  g_autofree char *connection = dou_test_answer_get_header (answer, "Connection");

  dou_test_assert_status (answer, http_code, status);
  g_assert_cmpstr (connection, ==, "close");
  dou_test_client_send_all (client, piece, sizeof piece);
  dou_test_client_shut_down (client);
  g_assert_cmpint (dou_test_client_wait_end (client), ==, DOU_TEST_END_ORDERLY);
}

/* Test that what is decided by the head is decided before the body, and before a client that waits
 * for `100 Continue` is told to send it. */
static void
test_early_refusal (DouTestServer *server, gconstpointer data)
{
  const struct
  {
    const char *path;
    gsize length;
    guint http_code;
    DouStatus status;
  } cases[] = {
    { "/nothing", 1, 404, DOU_STATUS_NOT_FOUND },
    { "/nothing", 1000 * MIB, 404, DOU_STATUS_NOT_FOUND },
    { "/hello", 1, 405, DOU_STATUS_METHOD_NOT_ALLOWED },
    { "/echo", MAX_FORM + 1, 413, DOU_STATUS_TOO_LARGE },
    { "/echo?a=%ff", 10, 200, DOU_STATUS_BAD_PARAMETER },
    { "/upload", 4 * MIB + 1, 413, DOU_STATUS_TOO_LARGE },
    { "/small", 11, 413, DOU_STATUS_TOO_LARGE },
    { "/upload", G_GUINT64_CONSTANT (999999999999999999), 413, DOU_STATUS_TOO_LARGE },
  };

  dou_config_set (server->config, DOU_CONFIG_MAX_UPLOAD, "3MiB", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DouTestClient) client = dou_test_server_connect (server);
      g_autoptr (DouTestClient) waiting = dou_test_server_connect (server);

      g_test_message ("%s, %" G_GSIZE_FORMAT, cases[i].path, cases[i].length);
      send_head (client, cases[i].path, cases[i].length, "");
      assert_refused (client, cases[i].http_code, cases[i].status);
      send_head (waiting, cases[i].path, cases[i].length, "Expect: 100-continue\r\n");
      assert_refused (waiting, cases[i].http_code, cases[i].status);
    }

  g_assert_cmpuint (server->n_handled + server->n_sinks, ==, 0);
  dou_test_server_wait_connections (server, 0);
}

/* Test that a refusal costs nobody the connection if the body was there already. */
static void
test_refused_whole (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  g_autoptr (DouTestAnswer) first = NULL;
  g_autoptr (DouTestAnswer) second = NULL;

  dou_test_client_send (client, "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=1"
                                "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  first = dou_test_client_receive (client);
  dou_test_assert_status (first, 404, DOU_STATUS_NOT_FOUND);
  second = dou_test_client_receive (client);
  dou_test_assert_status (second, 200, DOU_STATUS_OK);
}

/* Test the largest form, in pieces, after an invitation. */
static void
test_largest_form (DouTestServer *server, gconstpointer data)
{
  g_autofree char *filling = g_strnfill (MAX_FORM, 'x');
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  g_autoptr (DouTestAnswer) invitation = NULL;
  g_autoptr (DouTestAnswer) answer = NULL;

  memcpy (filling, "a=1&b=2&c=", strlen ("a=1&b=2&c="));
  send_head (client, "/echo", MAX_FORM, "Expect: 100-continue\r\n");
  invitation = dou_test_client_receive_head (client);
  g_assert_cmpstr (invitation->head, ==, "HTTP/1.1 100 Continue\r\n\r\n");

  for (gsize sent = 0; sent < MAX_FORM; sent += 1024)
    {
      g_assert_false (dou_test_client_has_input (client));
      dou_test_client_send_all (client, filling + sent, 1024);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }

  answer = dou_test_client_receive (client);
  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  g_assert_nonnull (strstr (answer->body, "\"a\":\"1\",\"b\":\"2\""));
}

/* Test that an upload arrives as it was sent, in pieces, and that the connection goes on. */
static void
test_upload (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  g_autofree guint8 *body = g_malloc (20 * MIB);
  guint8 checksum = 0;

  for (gsize i = 0; i < 20 * MIB; i++)
    checksum ^= body[i] = (guint8) (i * 31 + i / 999);

  for (guint round = 1; round <= 2; round++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;
      g_autofree char *head = make_head ("/upload?a=1", 20 * MIB, "");
      gsize head_length = strlen (head);
      g_autofree guint8 *both = g_malloc (head_length + 5000);

      /* The beginning of the body comes together with the head. */
      memcpy (both, head, head_length);
      memcpy (both + head_length, body, 5000);
      dou_test_client_send_all (client, both, head_length + 5000);
      dou_test_client_send_all (client, body + 5000, 20 * MIB - 5000);

      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
      g_assert_nonnull (strstr (answer->body, "\"a\":\"1\""));
      g_assert_cmpuint (server->n_written, ==, round * 20 * MIB);
      g_assert_cmpuint (server->n_last_write, <=, 64 * 1024);
      g_assert_cmpuint (server->checksum, ==, round % 2 == 1 ? checksum : 0);
      g_assert_cmpuint (server->n_sinks, ==, 0);
    }
}

/* Test that the largest upload that its sink takes is taken, and that it is told when it may come.
 */
static void
test_largest_upload (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  g_autoptr (DouTestAnswer) invitation = NULL;
  g_autoptr (DouTestAnswer) answer = NULL;

  send_head (client, "/small", 10, "Expect: 100-continue\r\n");
  invitation = dou_test_client_receive_head (client);
  g_assert_cmpuint (invitation->code, ==, 100);
  dou_test_client_send (client, "0123456789");
  answer = dou_test_client_receive (client);
  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  g_assert_cmpuint (server->n_written, ==, 10);
}

/* Test that an empty upload goes the same way. */
static void
test_empty_upload (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (
      server, "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");

  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  g_assert_cmpuint (server->n_written, ==, 0);
}

/* Test that a sink that cannot be opened refuses the body unseen. */
static void
test_sink_open (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);

  server->open_status = DOU_STATUS_DISK_FULL;
  send_head (client, "/upload", MIB, "Expect: 100-continue\r\n");
  assert_refused (client, 503, DOU_STATUS_DISK_FULL);
  g_assert_cmpuint (server->n_handled + server->n_written, ==, 0);
}

/* Test that a client which is refused in the middle of its upload, and goes on sending, gets to
 * read why. */
static void
test_sink_write (DouTestServer *server, gconstpointer data)
{
  static const char piece[64 * 1024];
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  gsize sent = 0;

  server->write_status = DOU_STATUS_TOO_LARGE;
  server->write_limit = 3 * MIB;
  send_head (client, "/upload", 100 * MIB, "");
  while (!dou_test_client_has_input (client))
    {
      sent += dou_test_client_send_some (client, piece, sizeof piece);
      g_main_context_iteration (NULL, FALSE);
    }

  g_assert_cmpuint (sent, >, 3 * MIB);
  g_assert_cmpuint (sent, <, 30 * MIB);
  g_assert_cmpuint (server->n_written, <=, 3 * MIB + 64 * 1024);
  assert_refused (client, 413, DOU_STATUS_TOO_LARGE);
  g_assert_cmpuint (server->n_handled, ==, 0);
}

/* Test that a client which goes on sending for ever is not listened to for ever. */
static void
test_endless (DouTestServer *server, gconstpointer data)
{
  static const char piece[256 * 1024];
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  gsize sent = 0;

  send_head (client, "/nothing", 1000 * MIB, "");
  dou_test_server_wait_connections (server, 1);
  while (dou_server_get_n_connections (server->server) > 0)
    {
      sent += dou_test_client_send_some (client, piece, sizeof piece);
      g_main_context_iteration (NULL, FALSE);
    }

  g_assert_cmpuint (sent, >=, 64 * MIB);
  g_assert_cmpuint (sent, <, 100 * MIB);
}

/* Test that a complete upload that its sink does not like is answered, and the connection goes on.
 */
static void
test_sink_close (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  g_autoptr (DouTestAnswer) first = NULL;
  g_autoptr (DouTestAnswer) second = NULL;

  server->close_status = DOU_STATUS_MEDIA_DAMAGED;
  send_head (client, "/upload", 3, "");
  dou_test_client_send (client, "abc");
  first = dou_test_client_receive (client);
  dou_test_assert_status (first, 200, DOU_STATUS_MEDIA_DAMAGED);
  g_assert_cmpuint (server->n_handled, ==, 0);
  g_assert_cmpuint (server->n_sinks, ==, 0);

  server->close_status = DOU_STATUS_OK;
  send_head (client, "/upload", 3, "");
  dou_test_client_send (client, "abc");
  second = dou_test_client_receive (client);
  dou_test_assert_status (second, 200, DOU_STATUS_OK);
}

/* Test that others are served while a fast client uploads. */
static void
test_fairness (DouTestServer *server, gconstpointer data)
{
  static const char piece[256 * 1024];
  g_autoptr (DouTestClient) uploader = dou_test_server_connect (server);
  g_autoptr (DouTestClient) other = dou_test_server_connect (server);
  gsize sent = 0;

  send_head (uploader, "/upload", 100 * MIB, "");
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;
      gsize before;

      /* There is always something to read from the uploader. */
      sent += dou_test_client_send_some (uploader, piece, sizeof piece);
      before = server->n_written;
      dou_test_client_send (other, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
      answer = dou_test_client_receive (other);
      g_assert_cmpuint (server->n_written - before, <=, MIB);
    }

  g_assert_cmpuint (sent, >, MIB);
}

/* Test that a client which leaves in the middle of a body leaves nothing behind, in whatever way it
 * goes. */
static void
test_left (DouTestServer *server, gconstpointer data)
{
  const char *paths[] = { "/echo", "/upload" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    for (guint way = 0; way < 3; way++)
      {
        g_autoptr (DouTestClient) client = dou_test_server_connect (server);

        send_head (client, paths[i], 1000, "");
        dou_test_client_send (client, "some");
        dou_test_server_wait_requests (server, 1);

        if (way == 0)
          g_clear_pointer (&client, dou_test_client_free);
        else if (way == 1)
          dou_test_client_shut_down (client);
        else
          dou_test_client_reset (client);

        dou_test_server_wait_connections (server, 0);
        g_assert_cmpuint (server->n_sinks, ==, 0);
        g_assert_cmpuint (dou_server_get_n_requests (server->server), ==, 0);
      }

  g_assert_cmpuint (server->n_handled, ==, 0);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/gateway/server/bodies/" name, DouTestServer, NULL, dou_test_server_set_up,         \
              function, dou_test_server_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("early-refusal", test_early_refusal);
  ADD ("refused-whole", test_refused_whole);
  ADD ("largest-form", test_largest_form);
  ADD ("upload", test_upload);
  ADD ("largest-upload", test_largest_upload);
  ADD ("empty-upload", test_empty_upload);
  ADD ("sink-open", test_sink_open);
  ADD ("sink-write", test_sink_write);
  ADD ("endless", test_endless);
  ADD ("sink-close", test_sink_close);
  ADD ("fairness", test_fairness);
  ADD ("left", test_left);

  return g_test_run ();
}
