/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-resource-routes.h"
#include "gateway/dou-test-server.h"
#include "test-files.h"

#define POLICY "default-src 'none'; script-src 'self'"
/* The only one that is long enough to be compressed. */
#define LONG "/docs/long.css"

typedef struct
{
  DouTestServer server;     /* (owned) */
  DouResourceRoutes *files; /* (owned) */
} Fixture;

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_server_set_up (&fixture->server, NULL);
  fixture->files
      = dou_resource_routes_new (test_files_get_resource (), "/org/doutok/test/files", POLICY);
  dou_resource_routes_add (fixture->files, fixture->server.router);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_server_tear_down (&fixture->server, NULL);
  g_assert_finalize_object (fixture->files);
}

/* Sends a request with more headers, each with its CRLF. */
static DouTestAnswer *
request (Fixture *fixture, const char *method, const char *path, const char *headers)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);

  return dou_test_client_request (client, method, path, headers);
}

static GBytes *
get_file (const char *path)
{
  g_autofree char *full = g_strconcat ("/org/doutok/test/files", path, NULL);
  g_autoptr (GError) error = NULL;
  GBytes *bytes = g_resource_lookup_data (test_files_get_resource (), full, 0, &error);

  g_assert_no_error (error);
  return bytes;
}

static void
assert_is_file (DouTestAnswer *answer, const char *path)
{
  g_autoptr (GBytes) bytes = get_file (path);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_assert_cmpuint (answer->code, ==, 200);
  g_assert_cmpmem (answer->body, answer->length, data, size);
}

/* Test that there is nothing but the files: no folder, no name of another kind. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  const char *paths[] = {
    "/index.html", "/docs/index.html", "/icons", "/icons/", "/docs/long.css.gz", "/docs/long",
    "/Docs",       "/docs/long.css%00",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (DouTestAnswer) answer = request (fixture, "GET", paths[i], "");

      g_test_message ("%s", paths[i]);
      g_assert_true (answer->code == 404 || answer->code == 400);
      dou_test_answer_assert_header (answer, "ETag", NULL);
    }
}

/* Test that a file takes no other methods than GET and HEAD. */
static void
test_method_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = request (fixture, "POST", "/docs", "Content-Length: 0\r\n");

  dou_test_assert_status (answer, 405, DOU_STATUS_METHOD_NOT_ALLOWED);
  dou_test_answer_assert_header (answer, "Allow", "GET, HEAD");
}

/* Test that every file is at its path, with the type of its extension. */
static void
test_files (Fixture *fixture, gconstpointer data)
{
  const char *cases[][3] = {
    { "/", "/index.html", "text/html; charset=utf-8" },
    { "/docs", "/docs/index.html", "text/html; charset=utf-8" },
    { "/docs/", "/docs/index.html", "text/html; charset=utf-8" },
    { "//docs//page.js", "/docs/page.js", "text/javascript; charset=utf-8" },
    { "/docs/long.css?v=1", "/docs/long.css", "text/css; charset=utf-8" },
    { "/description.json", "/description.json", "application/json; charset=utf-8" },
    { "/icons/dot.svg", "/icons/dot.svg", "image/svg+xml; charset=utf-8" },
    { "/icons/blob.bin", "/icons/blob.bin", "application/octet-stream" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DouTestAnswer) answer = request (fixture, "GET", cases[i][0], "");

      g_test_message ("%s", cases[i][0]);
      assert_is_file (answer, cases[i][1]);
      dou_test_answer_assert_header (answer, "Content-Type", cases[i][2]);
      dou_test_answer_assert_header (answer, "Content-Security-Policy", POLICY);
      dou_test_answer_assert_header (answer, "X-Content-Type-Options", "nosniff");
      dou_test_answer_assert_header (answer, "X-Frame-Options", "DENY");
      dou_test_answer_assert_header (answer, "Referrer-Policy", "no-referrer");
      dou_test_answer_assert_header (answer, "Cross-Origin-Opener-Policy", "same-origin");
      dou_test_answer_assert_header (answer, "Cross-Origin-Resource-Policy", "same-origin");
      dou_test_answer_assert_header (answer, "Cache-Control", "no-cache");
      dou_test_answer_assert_header (answer, "Content-Encoding", NULL);
    }
}

/* Test that HEAD tells what GET would send. */
static void
test_head (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) head = request (fixture, "HEAD", LONG, "");
  g_autoptr (GBytes) bytes = get_file (LONG);
  g_autofree char *size = g_strdup_printf ("%" G_GSIZE_FORMAT, g_bytes_get_size (bytes));

  g_assert_cmpuint (head->code, ==, 200);
  dou_test_answer_assert_header (head, "Content-Length", size);
  dou_test_answer_assert_header (head, "Content-Type", "text/css; charset=utf-8");
}

/* Test that who has the file is told so, and that files are told apart. */
static void
test_not_modified (Fixture *fixture, gconstpointer data)
{
  const char *methods[] = { "GET", "HEAD" };
  g_autoptr (DouTestAnswer) root = request (fixture, "GET", "/", "");
  g_autoptr (DouTestAnswer) docs = request (fixture, "GET", "/docs", "");
  g_autofree char *root_tag = dou_test_answer_get_header (root, "ETag");
  g_autofree char *docs_tag = dou_test_answer_get_header (docs, "ETag");
  g_autofree char *condition = g_strdup_printf ("If-None-Match: W/\"x\", %s\r\n", docs_tag);

  g_assert_cmpstr (root_tag, !=, docs_tag);
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (DouTestAnswer) same = request (fixture, methods[i], "/docs", condition);
      g_autoptr (DouTestAnswer) other = request (fixture, methods[i], "/", condition);

      g_assert_cmpuint (same->code, ==, 304);
      dou_test_answer_assert_header (same, "ETag", docs_tag);
      dou_test_answer_assert_header (same, "Cache-Control", "no-cache");
      dou_test_answer_assert_header (same, "Content-Length", NULL);
      g_assert_cmpuint (other->code, ==, 200);
    }
}

static void
assert_is_compressed (DouTestAnswer *answer)
{
  g_autoptr (GConverter) decompressor
      = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GBytes) expected = get_file (LONG);
  g_autofree char *plain = g_malloc (2 * g_bytes_get_size (expected));
  gsize n_read, n_written;
  g_autoptr (GError) error = NULL;

  dou_test_answer_assert_header (answer, "Content-Encoding", "gzip");
  g_assert_cmpuint (answer->length, <, g_bytes_get_size (expected));
  g_converter_convert (decompressor, answer->body, answer->length, plain,
                       2 * g_bytes_get_size (expected), G_CONVERTER_INPUT_AT_END, &n_read,
                       &n_written, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (plain, n_written, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));
}

/* Test that gzip goes to those who take it and to nobody else. */
static void
test_gzip (Fixture *fixture, gconstpointer data)
{
  const char *takers[] = { "gzip", "gzip, deflate, br", "br;q=1, GZIP;q=0.1", "*", "br, *;q=0.5" };
  const char *others[] = { "", "br", "identity", "gzip;q=0", "*, gzip;q=0", "*;q=0", ";;,=" };

  for (gsize i = 0; i < G_N_ELEMENTS (takers); i++)
    {
      g_autofree char *header = g_strdup_printf ("Accept-Encoding: %s\r\n", takers[i]);
      g_autoptr (DouTestAnswer) answer = request (fixture, "GET", LONG, header);

      g_test_message ("%s", takers[i]);
      assert_is_compressed (answer);
      dou_test_answer_assert_header (answer, "Vary", "Accept-Encoding");
      dou_test_answer_assert_header (answer, "Content-Type", "text/css; charset=utf-8");
    }

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *header = g_strdup_printf ("Accept-Encoding: %s\r\n", others[i]);
      g_autoptr (DouTestAnswer) answer = request (fixture, "GET", LONG, header);

      g_test_message ("%s", others[i]);
      assert_is_file (answer, LONG);
      dou_test_answer_assert_header (answer, "Vary", "Accept-Encoding");
      dou_test_answer_assert_header (answer, "Content-Encoding", NULL);
    }
}

/* Test that the two forms of a file have tags of their own, each of which is recognised. */
static void
test_gzip_tags (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) plain = request (fixture, "GET", LONG, "");
  g_autoptr (DouTestAnswer) gzip = request (fixture, "GET", LONG, "Accept-Encoding: gzip\r\n");
  g_autofree char *plain_tag = dou_test_answer_get_header (plain, "ETag");
  g_autofree char *gzip_tag = dou_test_answer_get_header (gzip, "ETag");
  g_autofree char *has_plain
      = g_strdup_printf ("Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", plain_tag);
  g_autofree char *has_gzip
      = g_strdup_printf ("Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", gzip_tag);
  g_autoptr (DouTestAnswer) other = request (fixture, "GET", LONG, has_plain);
  g_autoptr (DouTestAnswer) same = request (fixture, "GET", LONG, has_gzip);

  g_assert_cmpstr (plain_tag, !=, gzip_tag);
  g_assert_cmpuint (other->code, ==, 200);
  g_assert_cmpuint (same->code, ==, 304);
  dou_test_answer_assert_header (same, "Vary", "Accept-Encoding");
}

#define ADD(path, function)                                                                        \
  g_test_add ("/gateway/resource-routes/" path, Fixture, NULL, fixture_set_up, function,           \
              fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("refused", test_refused);
  ADD ("method-refused", test_method_refused);
  ADD ("files", test_files);
  ADD ("head", test_head);
  ADD ("not-modified", test_not_modified);
  ADD ("gzip", test_gzip);
  ADD ("gzip-tags", test_gzip_tags);

  return g_test_run ();
}
