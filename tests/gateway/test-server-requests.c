/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "gateway/dou-cors.h"
#include "gateway/dou-test-server.h"

#define END "HTTP/1.1\r\nHost: example.org:8080\r\n\r\n"

static char *
get_member (DouTestAnswer *answer, const char *name)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, answer->body, (gssize) answer->length, &error);
  g_assert_no_error (error);
  return g_strdup (
      json_object_get_string_member (json_node_get_object (json_parser_get_root (parser)), name));
}

static void
assert_member (DouTestAnswer *answer, const char *name, const char *expected)
{
  g_autofree char *value = get_member (answer, name);

  g_assert_cmpstr (value, ==, expected);
}

/* Test that what is no request, or one with several readings, is refused in our own words, no
 * matter whether we or libsoup found out, and that the connection ends there. */
static void
test_malformed (DouTestServer *server, gconstpointer data)
{
  const char *bad[] = {
    "nonsense\r\n\r\n",
    "GET /hello\r\n\r\n",
    "GET /hello HTTP/1.1\r\n\r\n",
    "GET /hello HTTP/1.1\nHost: a\n\n",
    "GET /hello HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET /%zz " END,
    "GET /echo?a=%z " END,
    "GET https://a/hello " END,
    "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
    "chunked\r\n\r\n0\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\na",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na",
    "POST /echo HTTP/1.1\r\nHost: a\r\nX: a\r\n Content-Length: 1\r\n\r\na",
    "\x16\x03\x01\x02\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (DouTestClient) client = dou_test_server_connect (server);
      g_autoptr (DouTestAnswer) answer = NULL;

      g_test_message ("%s", bad[i]);
      dou_test_client_send (client, bad[i]);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 400, DOU_STATUS_BAD_REQUEST);
      dou_test_answer_assert_header (answer, "Connection", "close");
      g_assert_cmpint (dou_test_client_wait_end (client), ==, DOU_TEST_END_ORDERLY);
    }

  g_assert_cmpuint (server->n_handled, ==, 0);
}

/* Test that a head without an end is refused when it is too long, and not before. */
static void
test_long_head (DouTestServer *server, gconstpointer data)
{
  g_autofree char *filling = g_strnfill (16 * 1024, 'a');
  g_autofree char *fitting = g_strdup_printf ("GET /hello HTTP/1.1\r\nHost: a\r\nX: %.*s\r\n\r\n",
                                              16 * 1024 - 37, filling);
  g_autofree char *too_long = g_strdup_printf ("GET /hello HTTP/1.1\r\nHost: a\r\nX: %s", filling);
  g_autoptr (DouTestAnswer) good = dou_test_server_exchange (server, fitting);
  g_autoptr (DouTestAnswer) bad = dou_test_server_exchange (server, too_long);

  g_assert_cmpuint (strlen (fitting), ==, 16 * 1024);
  dou_test_assert_status (good, 200, DOU_STATUS_OK);
  dou_test_assert_status (bad, 413, DOU_STATUS_TOO_LARGE);
  dou_test_answer_assert_header (bad, "Connection", "close");
}

/* Test that an unknown path and a wrong method are told apart, and that one may go on after them.
 */
static void
test_routes (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  const char *unknown[] = { "/", "/hell", "/hello/x", "/Hello", "/files", "/hello//x", "/?/hello" };
  const char *climbing[] = { "/files%2f..%2fhello", "/files/..%2Fhello", "/files/.%2F" };

  for (gsize i = 0; i < G_N_ELEMENTS (unknown); i++)
    {
      g_autofree char *request = g_strdup_printf ("GET %s " END, unknown[i]);
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (client, request);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 404, DOU_STATUS_NOT_FOUND);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (climbing); i++)
    {
      g_autofree char *request = g_strdup_printf ("GET %s " END, climbing[i]);
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (client, request);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 400, DOU_STATUS_BAD_REQUEST);
    }

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (client, i == 0 ? "DELETE /hello " END : "PUT /upload " END);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 405, DOU_STATUS_METHOD_NOT_ALLOWED);
      dou_test_answer_assert_header (answer, "Allow", i == 0 ? "GET, HEAD" : "POST");
      dou_test_answer_assert_header (answer, "Connection", NULL);
    }
}

/* Test that slashes do not matter, escapes are undone, and nothing is redirected. */
static void
test_paths (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  const char *paths[] = { "/files/a/b", "/files/a/b/", "//files///a/b//", "/%66iles%2fa%2Fb",
                          "http://example.org/files/a/b" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *request = g_strdup_printf ("GET %s " END, paths[i]);
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (client, request);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
      assert_member (answer, "path", "/files/a/b");
    }
}

/* Test that an answer has the headers it needs, once each, and none that tells what wrote it. */
static void
test_headers (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (server, "GET /hello " END);
  g_autofree char *date = dou_test_answer_get_header (answer, "Date");
  g_autofree char *length = dou_test_answer_get_header (answer, "Content-Length");
  g_autoptr (GDateTime) time = soup_date_time_new_from_http_string (date);

  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  g_assert_nonnull (time);
  g_assert_cmpint (g_ascii_strtoll (length, NULL, 10), ==, (gint64) answer->length);
  dou_test_answer_assert_header (answer, "Server", NULL);
  dou_test_answer_assert_header (answer, "Connection", NULL);
  dou_test_answer_assert_header (answer, "Retry-After", NULL);
}

/* Test that HEAD is answered like GET, without the body. */
static void
test_head (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  const char *paths[] = { "/hello", "/big", "/nothing" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *get = g_strdup_printf ("GET %s " END, paths[i]);
      g_autofree char *head = g_strdup_printf ("HEAD %s " END, paths[i]);
      g_autoptr (DouTestAnswer) whole = NULL;
      g_autoptr (DouTestAnswer) part = NULL;
      g_autofree char *length = NULL;

      dou_test_client_send (client, get);
      whole = dou_test_client_receive (client);
      dou_test_client_send (client, head);
      part = dou_test_client_receive_head (client);

      length = dou_test_answer_get_header (part, "Content-Length");
      g_assert_cmpuint (part->code, ==, whole->code);
      g_assert_cmpint (g_ascii_strtoll (length, NULL, 10), ==, (gint64) whole->length);
    }
}

/* Test that a connection is closed after its answer if the client asked for it, or speaks HTTP/1.0.
 */
static void
test_close (DouTestServer *server, gconstpointer data)
{
  const char *requests[] = {
    "GET /hello HTTP/1.0\r\n\r\n",
    "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "GET /big HTTP/1.1\r\nHost: a\r\nConnection: TE, Close\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\na",
  };

  server->big_size = 4 * 1024 * 1024;
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autoptr (DouTestClient) client = dou_test_server_connect (server);
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (client, requests[i]);
      answer = dou_test_client_receive (client);
      g_assert_cmpuint (answer->code, ==, 200);
      dou_test_answer_assert_header (answer, "Connection", "close");
      g_assert_cmpint (dou_test_client_wait_end (client), ==, DOU_TEST_END_ORDERLY);
    }

  dou_test_server_wait_connections (server, 0);
}

/* Test that a head may come byte by byte, and empty lines before it. */
static void
test_byte_by_byte (DouTestServer *server, gconstpointer data)
{
  static const char request[] = "\r\n\nPOST /echo?a=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                                "Content-Type: application/x-www-form-urlencoded\r\n\r\nb=2";
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);

  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;

      for (gsize i = 0; i < strlen (request); i++)
        {
          dou_test_client_send_all (client, request + i, 1);
          while (g_main_context_iteration (NULL, FALSE))
            ;
        }

      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
      assert_member (answer, "a", "1");
      assert_member (answer, "b", "2");
    }
}

/* Test that requests which come in one piece are all answered, in their order, bodies among them.
 */
static void
test_pipelined (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  const char *paths[] = { "/files/0", "/echo", "/nothing", "/echo", "/files/4" };

  dou_test_client_send (
      client,
      "GET /files/0 " END "POST /echo?a=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET "
      "GET /nothing " END "POST /echo?a=3 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
      "GET /files/4 " END);
  dou_test_client_shut_down (client);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (DouTestAnswer) answer = dou_test_client_receive (client);

      if (i == 2)
        dou_test_assert_status (answer, 404, DOU_STATUS_NOT_FOUND);
      else
        assert_member (answer, "path", paths[i]);
    }

  g_assert_cmpint (dou_test_client_wait_end (client), ==, DOU_TEST_END_ORDERLY);
}

/* Test that the next request waits until the one before it is answered, however late. */
static void
test_pipelined_late (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);

  dou_test_client_send (client, "GET /later " END "GET /later " END);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DouRequest) request = NULL;
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_server_wait_pending (server, 1);
      g_assert_cmpuint (server->n_handled, ==, i + 1);
      request = g_queue_pop_head (&server->pending);
      dou_request_reply_status (request, DOU_STATUS_OK);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
    }
}

/* Test that a connection lasts for as many requests as there are. */
static void
test_keep_alive (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);

  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (client, "GET /hello " END);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 200, DOU_STATUS_OK);
      g_assert_cmpuint (dou_server_get_n_connections (server->server), ==, 1);
    }

  g_assert_cmpuint (server->n_handled, ==, 1000);
}

/* Test where parameters and the token are looked for. */
static void
test_parameters (DouTestServer *server, gconstpointer data)
{
  static const char both[] = "POST /echo?a=1+%E4%BD%A0&token=null HTTP/1.1\r\nHost: a\r\n"
                             "Authorization: bearer  abc.def\r\nContent-Length: 7\r\n"
                             "Content-Type: application/x-www-form-urlencoded\r\n\r\na=2&b=3";
  static const char fields[]
      = "--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--b--\r\n";
  g_autofree char *multipart
      = g_strdup_printf ("GET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %" G_GSIZE_FORMAT
                         "\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n%s",
                         strlen (fields), fields);
  g_autoptr (DouTestAnswer) from_both = dou_test_server_exchange (server, both);
  g_autoptr (DouTestAnswer) from_multipart = dou_test_server_exchange (server, multipart);
  g_autoptr (DouTestAnswer) from_none = dou_test_server_exchange (server, "GET /echo?token= " END);

  assert_member (from_both, "a", "1 你");
  assert_member (from_both, "b", "3");
  assert_member (from_both, "token", "abc.def");
  assert_member (from_multipart, "token", "abc");
  assert_member (from_multipart, "b", "2");
  assert_member (from_none, "token", "(none)");
}

/* Test that parameters which cannot be read are refused, and one may go on after that. */
static void
test_bad_parameters (DouTestServer *server, gconstpointer data)
{
  const char *bad[] = {
    "GET /echo?a=%ff " END,
    "GET /echo?a=%00 " END,
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\na=%",
  };
  g_autoptr (DouTestClient) client = dou_test_server_connect (server);
  g_autoptr (DouTestAnswer) cut = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;

      dou_test_client_send (client, bad[i]);
      answer = dou_test_client_receive (client);
      dou_test_assert_status (answer, 200, DOU_STATUS_BAD_PARAMETER);
    }

  dou_test_client_send (client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                                "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n");
  cut = dou_test_client_receive (client);
  dou_test_assert_status (cut, 400, DOU_STATUS_BAD_REQUEST);
  g_assert_cmpuint (server->n_handled, ==, 0);
}

/* Test that links lead to where the request was sent, and to our own address if it does not say. */
static void
test_origin (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestAnswer) named = dou_test_server_exchange (server, "GET /echo " END);
  g_autoptr (DouTestAnswer) odd
      = dou_test_server_exchange (server, "GET /echo HTTP/1.1\r\nHost: a(b\r\n\r\n");
  g_autoptr (DouTestAnswer) unnamed
      = dou_test_server_exchange (server, "GET /echo HTTP/1.0\r\n\r\n");
  g_autofree char *own = g_strdup_printf ("http://127.0.0.1:%u", server->port);

  assert_member (named, "origin", "http://example.org:8080");
  assert_member (unnamed, "origin", own);
  if (odd->code == 200)
    assert_member (odd, "origin", own);
}

/* Test that the envelope is in the client's language. */
static void
test_language (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestAnswer) chinese = dou_test_server_exchange (server, "GET /hello " END);
  g_autoptr (DouTestAnswer) english = dou_test_server_exchange (
      server, "GET /echo HTTP/1.1\r\nHost: a\r\nAccept-Language: en-GB,en;q=0.8\r\n\r\n");

  assert_member (chinese, "status_msg", "成功");
  assert_member (english, "status_msg", "success");
}

/* Test that a handler that forgets a request does not keep its client waiting. */
static void
test_unanswered (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = NULL;

  g_test_expect_message ("doutok", G_LOG_LEVEL_CRITICAL, "/drop: nobody answered*");
  answer = dou_test_server_exchange (server, "GET /drop " END);
  g_test_assert_expected_messages ();
  dou_test_assert_status (answer, 200, DOU_STATUS_INTERNAL);
}

/* Test that answers of all kinds are no pages, and that no other page is allowed to read them. */
static void
test_protection (DouTestServer *server, gconstpointer data)
{
  const char *requests[] = {
    "GET /hello HTTP/1.1\r\nHost: a\r\nOrigin: https://example.com\r\n\r\n",
    "POST /hello HTTP/1.1\r\nHost: a\r\nOrigin: https://example.com\r\n\r\n",
    "OPTIONS /hello HTTP/1.1\r\nHost: a\r\nOrigin: https://example.com\r\n"
    "Access-Control-Request-Method: GET\r\n\r\n",
    "GET /nothing HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n\r\n",
    "nonsense\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (server, requests[i]);

      g_test_message ("%s", requests[i]);
      dou_test_answer_assert_header (answer, "X-Content-Type-Options", "nosniff");
      dou_test_answer_assert_header (answer, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
      dou_test_answer_assert_header (answer, "Referrer-Policy", "no-referrer");
      g_assert_null (strstr (answer->head, "Access-Control-"));
    }

  {
    g_autoptr (DouTestAnswer) big = dou_test_server_exchange (server, "GET /big " END);

    dou_test_answer_assert_header (big, "X-Content-Type-Options", "nosniff");
    dou_test_answer_assert_header (big, "Content-Security-Policy", NULL);
  }
}

static void
allow_origins (DouTestServer *server, const char *origins)
{
  g_autoptr (GError) error = NULL;

  dou_config_set (server->config, DOU_CONFIG_CORS_ORIGINS, origins, &error);
  g_assert_no_error (error);
}

/* Test that what is no origin is refused at the start. */
static void
test_bad_origins (DouTestServer *server, gconstpointer data)
{
  const char *bad[] = { "example.org", "https://example.org/", "https://a/b", "ftp://a", "null",
                        "https://a?b", "https://u@a", "https://" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (DouCors) cors = NULL;
      g_autoptr (GError) error = NULL;

      allow_origins (server, bad[i]);
      cors = dou_cors_new (server->config, &error);
      g_test_message ("%s", bad[i]);
      g_assert_null (cors);
      g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);
    }
}

/* Test that the pages that are named, and no others, may read answers of all kinds. */
static void
test_origins (DouTestServer *server, gconstpointer data)
{
  const char *requests[] = { "GET /hello", "GET /nothing", "POST /hello", "GET /big" };
  const char *others[] = { "https://example.net", "https://example.org.evil.net", "null",
                           "http://example.org" };

  allow_origins (server, "https://example.org;http://localhost:3000");
  for (gsize i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "%s HTTP/1.1\r\nHost: a\r\nOrigin: http://localhost:3000\r\n\r\n", requests[i]);
      g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (server, text);

      dou_test_answer_assert_header (answer, "Access-Control-Allow-Origin", "http://localhost:3000");
      dou_test_answer_assert_header (answer, "Access-Control-Allow-Credentials", NULL);
      dou_test_answer_assert_header (answer, "Vary", "Origin");
    }

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "GET /hello HTTP/1.1\r\nHost: a\r\nOrigin: %s\r\n\r\n", others[i]);
      g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (server, text);

      g_assert_cmpuint (answer->code, ==, 200);
      g_assert_null (strstr (answer->head, "Access-Control-"));
      dou_test_answer_assert_header (answer, "Vary", "Origin");
    }
}

/* Test that a browser which asks beforehand is told, for a page that is named only. */
static void
test_preflight (DouTestServer *server, gconstpointer data)
{
  const char *named = "OPTIONS /echo HTTP/1.1\r\nHost: a\r\nOrigin: https://example.org\r\n"
                      "Access-Control-Request-Method: POST\r\n\r\n";
  const char *other = "OPTIONS /echo HTTP/1.1\r\nHost: a\r\nOrigin: https://example.net\r\n"
                      "Access-Control-Request-Method: POST\r\n\r\n";
  g_autoptr (DouTestAnswer) allowed = NULL;
  g_autoptr (DouTestAnswer) refused = NULL;

  allow_origins (server, "https://example.org");
  allowed = dou_test_server_exchange (server, named);
  refused = dou_test_server_exchange (server, other);

  g_assert_cmpuint (allowed->code, ==, 204);
  dou_test_answer_assert_header (allowed, "Access-Control-Allow-Origin", "https://example.org");
  dou_test_answer_assert_header (allowed, "Access-Control-Allow-Methods", "GET, HEAD, POST");
  g_assert_nonnull (strstr (allowed->head, "Authorization"));
  dou_test_assert_status (refused, 405, DOU_STATUS_METHOD_NOT_ALLOWED);
  g_assert_null (strstr (refused->head, "Access-Control-"));
}

/* Test that all pages may be allowed. */
static void
test_any_origin (DouTestServer *server, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = NULL;

  allow_origins (server, "*");
  answer = dou_test_server_exchange (
      server, "GET /hello HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n\r\n");
  dou_test_answer_assert_header (answer, "Access-Control-Allow-Origin", "*");
  dou_test_answer_assert_header (answer, "Vary", NULL);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/gateway/server/requests/" name, DouTestServer, NULL, dou_test_server_set_up,       \
              function, dou_test_server_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("malformed", test_malformed);
  ADD ("long-head", test_long_head);
  ADD ("routes", test_routes);
  ADD ("paths", test_paths);
  ADD ("headers", test_headers);
  ADD ("head", test_head);
  ADD ("close", test_close);
  ADD ("byte-by-byte", test_byte_by_byte);
  ADD ("pipelined", test_pipelined);
  ADD ("pipelined-late", test_pipelined_late);
  ADD ("keep-alive", test_keep_alive);
  ADD ("parameters", test_parameters);
  ADD ("bad-parameters", test_bad_parameters);
  ADD ("origin", test_origin);
  ADD ("protection", test_protection);
  ADD ("bad-origins", test_bad_origins);
  ADD ("origins", test_origins);
  ADD ("preflight", test_preflight);
  ADD ("any-origin", test_any_origin);
  ADD ("language", test_language);
  ADD ("unanswered", test_unanswered);

  return g_test_run ();
}
