/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-request-head.h"

static DouRequestHead *
parse (const char *text)
{
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string ("192.0.2.1", 40000);
  /* Nothing follows it that the parser could run into. */
  g_autofree char *copy = g_memdup2 (text, strlen (text) + (*text == '\0'));

  return dou_request_head_parse (copy, strlen (text), remote);
}

/* Test that what libsoup's server refuses is no head. */
static void
test_refused (void)
{
  const char *bad[] = {
    "",
    "\r\n",
    "\r\n\r\n",
    "nonsense\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /?a=%z HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      g_assert_null (parse (bad[i]));
    }
}

/* Test that a head has all that was sent, with the path as it was. */
static void
test_whole (void)
{
  g_autoptr (DouRequestHead) head = parse ("POST //douyin/f%C3%A9ed/?a=%26b HTTP/1.1\r\nHost: a:80\r\n"
                                           "Content-Length: 1000\r\nX-Twice: 1\r\nx-twice: 2\r\n"
                                           "Expect: 100-continue\r\n\r\n");

  g_assert_cmpstr (head->method, ==, "POST");
  g_assert_cmpstr (g_uri_get_path (head->uri), ==, "//douyin/f%C3%A9ed/");
  g_assert_cmpstr (g_uri_get_query (head->uri), ==, "a=%26b");
  g_assert_cmpstr (soup_message_headers_get_one (head->headers, "host"), ==, "a:80");
  g_assert_cmpstr (soup_message_headers_get_one (head->headers, "Expect"), ==, "100-continue");
  g_assert_cmpstr (soup_message_headers_get_list (head->headers, "X-Twice"), ==, "1, 2");
  g_assert_cmpint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (head->remote)), ==, 40000);
}

/* Test the other forms that a target may have. */
static void
test_targets (void)
{
  static const struct
  {
    const char *head;
    const char *path;
    const char *query;
  } good[] = {
    { "GET http://b/path?q HTTP/1.1\r\nHost: a\r\n\r\n", "/path", "q" },
    { "GET HTTP://b:80/path HTTP/1.1\r\nHost: a\r\n\r\n", "/path", NULL },
    { "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "/", NULL },
    { "GET http://u:p@[::1]?q HTTP/1.1\r\nHost: a\r\n\r\n", "/", "q" },
    { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "/", NULL },
    { "GET /path?q HTTP/1.0\r\nUser-Agent: b\r\n\r\n", "/path", "q" },
    { "GET /path HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "/path", NULL },
    { "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "/", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (DouRequestHead) head = parse (good[i].head);

      g_test_message ("%s", good[i].head);
      g_assert_nonnull (head);
      g_assert_cmpstr (g_uri_get_path (head->uri), ==, good[i].path);
      g_assert_cmpstr (g_uri_get_query (head->uri), ==, good[i].query);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/request-head/refused", test_refused);
  g_test_add_func ("/gateway/request-head/whole", test_whole);
  g_test_add_func ("/gateway/request-head/targets", test_targets);

  return g_test_run ();
}
