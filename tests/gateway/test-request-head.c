/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-head-reader.h"

typedef struct
{
  DouHeadReader *reader;  /* (owned) */
  GSocketAddress *local;  /* (owned) */
  GSocketAddress *remote; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->reader = dou_head_reader_new ();
  fixture->local = g_inet_socket_address_new_from_string ("127.0.0.1", 8080);
  fixture->remote = g_inet_socket_address_new_from_string ("192.0.2.1", 40000);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->reader);
  g_assert_finalize_object (fixture->local);
  g_assert_finalize_object (fixture->remote);
}

static SoupServerMessage *
read_head (Fixture *fixture, const char *head)
{
  return dou_head_reader_read (fixture->reader, head, strlen (head), fixture->local,
                               fixture->remote);
}

/* Test that what libsoup refuses is no message, and that the reader works on after it. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  const char *bad[] = {
    "",
    "\r\n\r\n",
    "nonsense\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /?a=%z HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (SoupServerMessage) message = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (read_head (fixture, bad[i]));
      message = read_head (fixture, "GET /good HTTP/1.1\r\nHost: a\r\n\r\n");
      g_assert_nonnull (message);
      g_assert_finalize_object (g_steal_pointer (&message));
    }
}

/* Test that a message has all that was in the head, with the path as it was sent. */
static void
test_message (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SoupServerMessage) message
      = read_head (fixture, "POST //douyin/f%C3%A9ed/?a=%26b HTTP/1.1\r\nHost: a:80\r\n"
                            "Content-Length: 1000\r\nX-Twice: 1\r\nx-twice: 2\r\n"
                            "Expect: 100-continue\r\n\r\n");
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  GUri *uri = soup_server_message_get_uri (message);

  g_assert_cmpstr (soup_server_message_get_method (message), ==, "POST");
  g_assert_cmpstr (g_uri_get_path (uri), ==, "//douyin/f%C3%A9ed/");
  g_assert_cmpstr (g_uri_get_query (uri), ==, "a=%26b");
  g_assert_cmpstr (soup_message_headers_get_one (headers, "Host"), ==, "a:80");
  g_assert_cmpstr (soup_message_headers_get_list (headers, "X-Twice"), ==, "1, 2");
  g_assert_true (soup_server_message_get_remote_address (message) == fixture->remote);
  g_assert_true (soup_server_message_get_local_address (message) == fixture->local);

  g_assert_finalize_object (g_steal_pointer (&message));
}

/* Test that a message lives on when the reader is gone. */
static void
test_outlived (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SoupServerMessage) message
      = read_head (fixture, "GET /path HTTP/1.0\r\nUser-Agent: b\r\n\r\n");

  g_assert_finalize_object (fixture->reader);
  g_assert_cmpstr (g_uri_get_path (soup_server_message_get_uri (message)), ==, "/path");
  fixture->reader = dou_head_reader_new ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/gateway/head-reader/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/gateway/head-reader/message", Fixture, NULL, set_up, test_message, tear_down);
  g_test_add ("/gateway/head-reader/outlived", Fixture, NULL, set_up, test_outlived, tear_down);

  return g_test_run ();
}
