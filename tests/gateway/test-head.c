/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-head.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

static void
assert_refused (const char *text, gsize length)
{
  g_autofree char *escaped = g_strescape (text, NULL);
  DouHead head;

  g_test_message ("“%s”", escaped);
  g_assert_false (dou_head_parse (&head, text, length));
}

static DouHead
assert_accepted (const char *text)
{
  g_autofree char *escaped = g_strescape (text, NULL);
  DouHead head;

  g_test_message ("“%s”", escaped);
  g_assert_true (dou_head_parse (&head, text, strlen (text)));
  return head;
}

/* Test that a head with several readings is refused, whichever of them libsoup would choose. */
static void
test_ambiguous (void)
{
  const char *bad[] = {
    "Content-Length: 1\r\nContent-Length: 1\r\n",
    "Content-Length: 1\r\nContent-Length: 2\r\n",
    "content-length: 1\r\nCONTENT-LENGTH: 1\r\n",
    "Content-Length: 1, 1\r\n",
    "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding:\r\n",
    "transfer-encoding: gzip, chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding\t: chunked\r\n",
    "Content-Length : 1\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: +1\r\n",
    "Content-Length: 0x1\r\n",
    "Content-Length: 1.0\r\n",
    "Content-Length: 1e1\r\n",
    "Content-Length: 1 1\r\n",
    "Content-Length: 1a\r\n",
    "Content-Length:\r\n",
    "Content-Length: \r\n",
    "Content-Length: \"1\"\r\n",
    "Content-Length: 9999999999999999999\r\n",
    "Content-Length: 18446744073709551617\r\n",
    " Content-Length: 1\r\n",
    "X: a\r\n Content-Length: 1\r\n",
    "X: a\r\n\tb\r\n",
    "X: a\nContent-Length: 1\r\n",
    "X: a\rContent-Length: 1\r\n",
    "X: a\r\r\n",
    "Host: b\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strconcat (GET, bad[i], "\r\n", NULL);

      assert_refused (text, strlen (text));
    }
}

/* Test that what is no request line is refused. */
static void
test_request_line (void)
{
  const char *bad[] = {
    "",
    "GET",
    "GET /",
    "GET  / HTTP/1.1",
    " GET / HTTP/1.1",
    "GET / HTTP/1.1 ",
    "GET /\tHTTP/1.1",
    "GET /a b HTTP/1.1",
    "GET / HTTP/1.2",
    "GET / HTTP/2.0",
    "GET / HTTP/1.10",
    "GET / HTTP/01.1",
    "GET / http/1.1",
    "GET / HTTP/1.",
    "GET / HTTP/1",
    "GET / XTTP/1.1",
    "G@T / HTTP/1.1",
    "G\x01T / HTTP/1.1",
    "GET /\x7f HTTP/1.1",
    "GET /\x01 HTTP/1.1",
    "GET a HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "CONNECT a:80 HTTP/1.1",
    "PRI * HTTP/2.0",
    "\x16\x03\x01",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strconcat (bad[i], "\r\nHost: a\r\n\r\n", NULL);

      assert_refused (text, strlen (text));
    }
}

/* Test that headers of another form are refused, and control characters anywhere. */
static void
test_headers (void)
{
  static const char nul_in_value[] = GET "X: a\0b\r\n\r\n";
  static const char nul_in_name[] = GET "X\0Y: a\r\n\r\n";
  static const char nul_in_line[] = "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n";
  const char *bad[] = { ":\r\n",       ": a\r\n",     "X\r\n",        "X Y: a\r\n", "X\x01: a\r\n",
                        "X: \x01\r\n", "X: \x7f\r\n", "X: a\x08\r\n", "(X): a\r\n", "Ä: a\r\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strconcat (GET, bad[i], "\r\n", NULL);

      assert_refused (text, strlen (text));
    }

  assert_refused (nul_in_value, sizeof nul_in_value - 1);
  assert_refused (nul_in_name, sizeof nul_in_name - 1);
  assert_refused (nul_in_line, sizeof nul_in_line - 1);
}

/* Test that HTTP/1.1 needs a Host header, and that lines end in CRLF. */
static void
test_incomplete (void)
{
  const char *bad[] = {
    "GET / HTTP/1.1\r\n\r\n",
    "\r\n",
    "\r\n\r\n",
    GET,
    GET "\n",
    "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/1.1\r\nHost: a\n\r\n",
    GET "\r\nX: a\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i], strlen (bad[i]));
}

/* Test what is said about the body. */
static void
test_body (void)
{
  DouHead head = assert_accepted (GET "\r\n");

  g_assert_cmpuint (head.content_length, ==, 0);
  g_assert_true (head.keep_alive);
  g_assert_false (head.expects_continue);

  head = assert_accepted (GET "Content-Length: 0\r\n\r\n");
  g_assert_cmpuint (head.content_length, ==, 0);
  head = assert_accepted (GET "content-length:\t 007 \r\nExpect: 100-Continue\r\n\r\n");
  g_assert_cmpuint (head.content_length, ==, 7);
  g_assert_true (head.expects_continue);
  head = assert_accepted (GET "Content-Length: 999999999999999999\r\nX-Content-Length: 1\r\n\r\n");
  g_assert_cmpuint (head.content_length, ==, G_GUINT64_CONSTANT (999999999999999999));
}

/* Test when the connection is to be closed. */
static void
test_connection (void)
{
  g_assert_true (assert_accepted (GET "Connection: keep-alive\r\n\r\n").keep_alive);
  g_assert_true (assert_accepted (GET "Connection: closed, x-close\r\n\r\n").keep_alive);
  g_assert_true (assert_accepted (GET "Connection:\r\n\r\n").keep_alive);
  g_assert_false (assert_accepted (GET "Connection: close\r\n\r\n").keep_alive);
  g_assert_false (assert_accepted (GET "connection: Upgrade ,\tCLOSE\r\n\r\n").keep_alive);
  g_assert_false (assert_accepted (GET "Connection: a\r\nConnection: close\r\n\r\n").keep_alive);
  g_assert_false (assert_accepted ("GET / HTTP/1.0\r\n\r\n").keep_alive);
  g_assert_false (assert_accepted ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  g_assert_false (
      assert_accepted ("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

/* Test that what is unusual, but has one reading, is let through. */
static void
test_accepted (void)
{
  const char *good[] = {
    "GET http://a/b?c=d HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /\xe4\xbd\xa0?a=\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "M-SEARCH /a%zz HTTP/1.1\r\nHost:\r\n\r\n",
    GET "X:\r\nY: \t \r\nZ: a\tb \xff\r\nX: again\r\nHosts: b\r\n\r\n",
    GET "!#$%&'*+-.^_`|~: strange\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    assert_accepted (good[i]);
}

/* Test that the end is found wherever the pieces are cut, and not before it is there. */
static void
test_end (void)
{
  const char *heads[] = { GET "\r\n", GET "\n", "GET / HTTP/1.1\nHost: a\n\n", "a\n\n", "a\n\r\n" };
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      gsize length = strlen (heads[i]);

      g_string_printf (text, "%s%s", heads[i], "body\r\n\r\n");
      g_assert_cmpuint (dou_head_find_end (text->str, text->len, 0), ==, length);

      for (gsize n = 0; n <= length; n++)
        for (gsize seen = 0; seen <= n && n < length; seen++)
          {
            g_assert_cmpuint (dou_head_find_end (text->str, n, seen), ==, 0);
            g_assert_cmpuint (dou_head_find_end (text->str, length, n), ==, length);
          }
    }

  g_assert_cmpuint (dou_head_find_end ("\n\r", 2, 0), ==, 0);
  g_assert_cmpuint (dou_head_find_end ("\r\r\n", 3, 0), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/head/ambiguous", test_ambiguous);
  g_test_add_func ("/gateway/head/request-line", test_request_line);
  g_test_add_func ("/gateway/head/headers", test_headers);
  g_test_add_func ("/gateway/head/incomplete", test_incomplete);
  g_test_add_func ("/gateway/head/body", test_body);
  g_test_add_func ("/gateway/head/connection", test_connection);
  g_test_add_func ("/gateway/head/accepted", test_accepted);
  g_test_add_func ("/gateway/head/end", test_end);

  return g_test_run ();
}
