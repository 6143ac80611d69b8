/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "gateway/dou-media-routes.h"
#include "gateway/dou-test-server.h"
#include "lib/dou-test-dir.h"

#define VIDEO "/media/video/3f/63.mp4"
#define VIDEO_SIZE (3 * 1024 * 1024 + 5)
/* Of VIDEO; Thu, 01 Jun 2023 12:00:00 GMT. */
#define VIDEO_TIME 1685620800
#define VIDEO_DATE "Thu, 01 Jun 2023 12:00:00 GMT"

typedef struct
{
  DouTestServer server; /* (owned) */
  char *directory;      /* (owned) the state directory */
  DouMedia *media;      /* (owned) */
  guint8 *content;      /* (owned) of VIDEO */
  char *etag;           /* (owned) of VIDEO */
} Fixture;

static void
add_file (Fixture *fixture, const char *path, const void *content, gsize length)
{
  const struct timespec times[2] = { { VIDEO_TIME, 0 }, { VIDEO_TIME, 0 } };
  g_autofree char *full = g_build_filename (fixture->directory, path, NULL);
  g_autofree char *parent = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (full, content, (gssize) length, &error);
  g_assert_no_error (error);
  g_assert_no_errno (utimensat (AT_FDCWD, full, times, 0));
}

/* Sends a request with more headers, each with its CRLF. */
static DouTestAnswer *
request (Fixture *fixture, const char *method, const char *path, const char *headers)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autofree char *text
      = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: example.org\r\n%s\r\n", method, path, headers);

  dou_test_client_send (client, text);
  return g_str_equal (method, "HEAD") ? dou_test_client_receive_head (client)
                                      : dou_test_client_receive (client);
}

static DouTestAnswer *
get (Fixture *fixture, const char *path, const char *name, const char *value)
{
  g_autofree char *header = g_strdup_printf ("%s: %s\r\n", name, value);

  return request (fixture, "GET", path, header);
}

static void
assert_header (DouTestAnswer *answer, const char *name, const char *expected)
{
  g_autofree char *value = dou_test_answer_get_header (answer, name);

  g_assert_cmpstr (value, ==, expected);
}

static void
assert_length (DouTestAnswer *answer, gsize expected)
{
  g_autofree char *text = g_strdup_printf ("%" G_GSIZE_FORMAT, expected);

  assert_header (answer, "Content-Length", text);
}

static void
assert_part (Fixture *fixture, DouTestAnswer *answer, gsize offset, gsize length)
{
  g_assert_cmpmem (answer->body, answer->length, fixture->content + offset, length);
}

static void
assert_whole (Fixture *fixture, DouTestAnswer *answer)
{
  g_assert_cmpuint (answer->code, ==, 200);
  assert_header (answer, "Content-Range", NULL);
  assert_part (fixture, answer, 0, VIDEO_SIZE);
}

static void
assert_metadata (Fixture *fixture, DouTestAnswer *answer)
{
  assert_header (answer, "ETag", fixture->etag);
  assert_header (answer, "Last-Modified", VIDEO_DATE);
  assert_header (answer, "Accept-Ranges", "bytes");
  assert_header (answer, "Cache-Control", "public, max-age=31536000, immutable");
  assert_header (answer, "X-Content-Type-Options", "nosniff");
}

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *directory = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autoptr (DouTestAnswer) answer = NULL;
  g_autoptr (GError) error = NULL;

  dou_test_server_set_up (&fixture->server, NULL);
  fixture->directory = dou_test_dir_new ();
  directory = g_build_filename (fixture->directory, "media", NULL);
  fixture->media = dou_media_new (directory, &error);
  g_assert_no_error (error);
  dou_media_routes_add (fixture->server.router, fixture->media);

  fixture->content = g_malloc (VIDEO_SIZE);
  for (gsize i = 0; i < VIDEO_SIZE; i++)
    fixture->content[i] = (guint8) g_rand_int (random);
  add_file (fixture, VIDEO, fixture->content, VIDEO_SIZE);

  answer = request (fixture, "HEAD", VIDEO, "");
  fixture->etag = dou_test_answer_get_header (answer, "ETag");
  g_assert_nonnull (fixture->etag);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_server_tear_down (&fixture->server, NULL);
  g_assert_finalize_object (fixture->media);
  g_free (fixture->content);
  g_free (fixture->etag);
  dou_test_dir_remove (fixture->directory);
}

/* Test that nothing but media is served, and the rest refused like any other path. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  const char *paths[] = {
    "/media",
    "/media/",
    "/media/video/3f/64.mp4",
    "/media/video/3f/64.webm",
    "/media/video/3f",
    "/media/video/3f/63.mp4.",
    "/media/work/63.mp4",
    "/media/secret.mp4",
  };

  add_file (fixture, "media/secret.mp4", "x", 1);
  add_file (fixture, "media/work/63.mp4", "x", 1);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (DouTestAnswer) answer = request (fixture, "GET", paths[i], "");

      g_test_message ("%s", paths[i]);
      dou_test_assert_status (answer, 404, DOU_STATUS_NOT_FOUND);
      assert_header (answer, "ETag", NULL);
    }
}

/* Test that no spelling of a path leads out of the directory, whoever refuses it. */
static void
test_climbing_refused (Fixture *fixture, gconstpointer data)
{
  const char *paths[] = {
    "/media/../secret.mp4",
    "/media/video/3f/../../../secret.mp4",
    "/media/video/../video/../../secret.mp4",
    "/media/..%2fsecret.mp4",
    "/media/%2e%2e/secret.mp4",
    "/media/video/3f/%2e%2e%2f%2e%2e%2f%2e%2e%2fsecret.mp4",
    "/media/..%252fsecret.mp4",
    "/media/..\\secret.mp4",
    "/media//..//secret.mp4",
    "//media/../secret.mp4",
  };

  add_file (fixture, "secret.mp4", "x", 1);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (DouTestAnswer) answer = request (fixture, "GET", paths[i], "");

      g_test_message ("%s", paths[i]);
      g_assert_true (answer->code == 400 || answer->code == 404);
    }
}

/* Test that media cannot be written to. */
static void
test_method_refused (Fixture *fixture, gconstpointer data)
{
  const char *methods[] = { "POST", "PUT", "DELETE" };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (DouTestAnswer) answer = request (fixture, methods[i], VIDEO, "");

      dou_test_assert_status (answer, 405, DOU_STATUS_METHOD_NOT_ALLOWED);
    }
}

/* Test that a place at which there is nothing is answered with the size. */
static void
test_unsatisfiable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = get (fixture, VIDEO, "Range", "bytes=9999999-");
  g_autofree char *expected = g_strdup_printf ("bytes */%d", VIDEO_SIZE);

  g_assert_cmpuint (answer->code, ==, 416);
  assert_header (answer, "Content-Range", expected);
  assert_header (answer, "Cache-Control", "no-store");
  assert_length (answer, 0);
}

/* Test that ranges which do not count are answered with the whole. */
static void
test_range_ignored (Fixture *fixture, gconstpointer data)
{
  const char *ranges[] = { "bytes=0-0,2-3", "bytes=5-4", "bytes=a-b", "lines=0-1" };

  for (gsize i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      g_autoptr (DouTestAnswer) answer = get (fixture, VIDEO, "Range", ranges[i]);

      g_test_message ("%s", ranges[i]);
      assert_whole (fixture, answer);
    }
}

/* Test the headers of a whole file, with its body and without. */
static void
test_whole (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) whole = request (fixture, "GET", VIDEO "/", "");
  g_autoptr (DouTestAnswer) head = request (fixture, "HEAD", VIDEO, "Range: bytes=0-0\r\n");

  assert_whole (fixture, whole);
  assert_metadata (fixture, whole);
  assert_header (whole, "Content-Type", "video/mp4");
  g_assert_cmpuint (head->code, ==, 200);
  assert_metadata (fixture, head);
  assert_header (head, "Content-Type", "video/mp4");
  assert_length (head, VIDEO_SIZE);
}

/* Test that a single range is answered with exactly these bytes. */
static void
test_part (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *range;
    gsize offset;
    gsize length;
  } cases[] = {
    { "bytes=0-0", 0, 1 },
    { "bytes=100-199", 100, 100 },
    { "bytes=3145000-", 3145000, VIDEO_SIZE - 3145000 },
    { "bytes=5-", 5, VIDEO_SIZE - 5 },
    { "bytes=-7", VIDEO_SIZE - 7, 7 },
    { "bytes=-99999999", 0, VIDEO_SIZE },
    { "bytes=0-99999999", 0, VIDEO_SIZE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DouTestAnswer) answer = get (fixture, VIDEO, "Range", cases[i].range);
      g_autofree char *expected = g_strdup_printf (
          "bytes %zu-%zu/%d", cases[i].offset, cases[i].offset + cases[i].length - 1, VIDEO_SIZE);

      g_test_message ("%s", cases[i].range);
      g_assert_cmpuint (answer->code, ==, 206);
      assert_header (answer, "Content-Range", expected);
      assert_header (answer, "Content-Type", "video/mp4");
      assert_part (fixture, answer, cases[i].offset, cases[i].length);
      assert_metadata (fixture, answer);
    }
}

static DouTestAnswer *
get_if_range (Fixture *fixture, const char *validator)
{
  g_autofree char *headers = g_strdup_printf ("Range: bytes=1-2\r\nIf-Range: %s\r\n", validator);

  return request (fixture, "GET", VIDEO, headers);
}

/* Test that a range counts only for the version that the client knows. */
static void
test_if_range (Fixture *fixture, gconstpointer data)
{
  const char *others[] = { "\"other\"", "Thu, 01 Jun 2023 12:00:01 GMT", "garbage" };
  const char *same[] = { fixture->etag, VIDEO_DATE };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (DouTestAnswer) answer = get_if_range (fixture, others[i]);

      assert_whole (fixture, answer);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      g_autoptr (DouTestAnswer) answer = get_if_range (fixture, same[i]);

      g_assert_cmpuint (answer->code, ==, 206);
      assert_part (fixture, answer, 1, 2);
    }
}

/* Test that a client which has the file is told so, and any other gets it. */
static void
test_not_modified (Fixture *fixture, gconstpointer data)
{
  const char *methods[] = { "GET", "HEAD" };
  g_autofree char *same
      = g_strdup_printf ("If-None-Match: \"a\", W/%s\r\nRange: bytes=1-2\r\n", fixture->etag);

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (DouTestAnswer) by_tag = request (fixture, methods[i], VIDEO, same);
      g_autoptr (DouTestAnswer) by_date
          = request (fixture, methods[i], VIDEO, "If-Modified-Since: " VIDEO_DATE "\r\n");
      g_autoptr (DouTestAnswer) other
          = request (fixture, methods[i], VIDEO,
                     "If-None-Match: \"other\"\r\nIf-Modified-Since: " VIDEO_DATE "\r\n");

      g_assert_cmpuint (by_tag->code, ==, 304);
      assert_metadata (fixture, by_tag);
      g_assert_cmpuint (by_date->code, ==, 304);
      assert_metadata (fixture, by_date);
      g_assert_cmpuint (other->code, ==, 200);
    }
}

/* Test that the type follows from the extension, and that an empty file is one. */
static void
test_types (Fixture *fixture, gconstpointer data)
{
  const char *types[][2] = {
    { "/media/video/40/64.webm", "video/webm" },
    { "/media/video/40/64.mkv", "video/x-matroska" },
    { "/media/video/40/64-2.mov", "video/quicktime" },
    { "/media/cover/40/64.jpg", "image/jpeg" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (DouTestAnswer) answer = NULL;

      add_file (fixture, types[i][0], "abc", i);
      answer = request (fixture, "GET", types[i][0], "");
      g_assert_cmpuint (answer->code, ==, 200);
      assert_header (answer, "Content-Type", types[i][1]);
      g_assert_cmpmem (answer->body, answer->length, "abc", i);
    }
}

/* Test that the name of a video that was replaced leads to its successor. */
static void
test_successor (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = request (fixture, "GET", "/media/video/3f/63.webm", "");

  g_assert_cmpuint (answer->code, ==, 302);
  assert_header (answer, "Location", "http://example.org" VIDEO);
}

/* Test that a video of 20 MiB is the same in one piece and in those that a player asks for. */
static void
test_pieces (Fixture *fixture, gconstpointer data)
{
  const gsize size = 20 * 1024 * 1024;
  const gsize piece = 1000003;
  const char *path = "/media/video/41/65.mp4";
  g_autofree guint8 *content = g_malloc (size);
  g_autoptr (DouTestAnswer) whole = NULL;

  for (gsize i = 0; i < size; i++)
    content[i] = (guint8) (i * 2654435761u >> 13);
  add_file (fixture, path, content, size);
  whole = request (fixture, "GET", path, "");
  g_assert_cmpmem (whole->body, whole->length, content, size);

  for (gsize i = 0; i < size; i += piece)
    {
      g_autofree char *range = g_strdup_printf ("bytes=%zu-%zu", i, i + piece - 1);
      g_autoptr (DouTestAnswer) answer = get (fixture, path, "Range", range);

      g_assert_cmpuint (answer->code, ==, 206);
      g_assert_cmpmem (answer->body, answer->length, content + i, MIN (piece, size - i));
    }
}

/* Reads what comes, for nobody, until the server ends the connection. Returns: bytes */
static gsize
drain (DouTestClient *client)
{
  static char buffer[65536];
  gsize total = 0;
  gssize n;

  while ((n = recv (dou_test_client_get_fd (client), buffer, sizeof buffer, MSG_DONTWAIT)) != 0)
    {
      if (n < 0 && errno != EAGAIN)
        break;
      total += (gsize) MAX (n, 0);
      g_main_context_iteration (NULL, FALSE);
    }

  return total;
}

/* Test that an answer whose file became shorter, against the rule, ends with its connection, and that
 * nothing else does. */
static void
test_shortened (Fixture *fixture, gconstpointer data)
{
  const gsize size = 20 * 1024 * 1024;
  const char *path = "/media/video/41/65.mp4";
  g_autofree char *file = g_build_filename (fixture->directory, path, NULL);
  g_autofree guint8 *content = g_malloc0 (size);
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autoptr (DouTestAnswer) other = NULL;

  add_file (fixture, path, content, size);
  dou_test_client_send (client, "GET /media/video/41/65.mp4 HTTP/1.1\r\nHost: example.org\r\n\r\n");
  while (!dou_test_client_has_input (client))
    g_main_context_iteration (NULL, FALSE);
  g_assert_no_errno (truncate (file, 1));
  g_assert_cmpuint (drain (client), <, size);

  other = request (fixture, "GET", VIDEO, "");
  assert_whole (fixture, other);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/gateway/media-routes/" path, Fixture, NULL, fixture_set_up, function,              \
              fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("refused", test_refused);
  ADD ("climbing-refused", test_climbing_refused);
  ADD ("method-refused", test_method_refused);
  ADD ("unsatisfiable", test_unsatisfiable);
  ADD ("range-ignored", test_range_ignored);
  ADD ("whole", test_whole);
  ADD ("part", test_part);
  ADD ("if-range", test_if_range);
  ADD ("not-modified", test_not_modified);
  ADD ("types", test_types);
  ADD ("successor", test_successor);
  ADD ("pieces", test_pieces);
  ADD ("shortened", test_shortened);

  return g_test_run ();
}
