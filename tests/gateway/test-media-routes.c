/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "files-fixture.h"

/* Test that nothing but media is served, and the rest refused like any other path. */
static void
test_refused (FilesFixture *fixture, gconstpointer data)
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

  files_add (fixture, "media/secret.mp4", "x", 1);
  files_add (fixture, "media/work/63.mp4", "x", 1);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (DouTestAnswer) answer = files_request (fixture, "GET", paths[i], "");

      g_test_message ("%s", paths[i]);
      dou_test_assert_status (answer, 404, DOU_STATUS_NOT_FOUND);
      dou_test_answer_assert_header (answer, "ETag", NULL);
    }
}

/* Test that no spelling of a path leads out of the directory, whoever refuses it. */
static void
test_climbing_refused (FilesFixture *fixture, gconstpointer data)
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

  files_add (fixture, "secret.mp4", "x", 1);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (DouTestAnswer) answer = files_request (fixture, "GET", paths[i], "");

      g_test_message ("%s", paths[i]);
      g_assert_true (answer->code == 400 || answer->code == 404);
    }
}

/* Test that media cannot be written to. */
static void
test_method_refused (FilesFixture *fixture, gconstpointer data)
{
  const char *methods[] = { "POST", "PUT", "DELETE" };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (DouTestAnswer) answer = files_request (fixture, methods[i], VIDEO, "");

      dou_test_assert_status (answer, 405, DOU_STATUS_METHOD_NOT_ALLOWED);
    }
}

/* Test that a place at which there is nothing is answered with the size. */
static void
test_unsatisfiable (FilesFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = files_get (fixture, VIDEO, "Range", "bytes=9999999-");
  g_autofree char *expected = g_strdup_printf ("bytes */%d", VIDEO_SIZE);

  g_assert_cmpuint (answer->code, ==, 416);
  dou_test_answer_assert_header (answer, "Content-Range", expected);
  dou_test_answer_assert_header (answer, "Cache-Control", "no-store");
  files_assert_length (answer, 0);
}

/* Test that ranges which do not count are answered with the whole. */
static void
test_range_ignored (FilesFixture *fixture, gconstpointer data)
{
  const char *ranges[] = { "bytes=0-0,2-3", "bytes=5-4", "bytes=a-b", "lines=0-1" };

  for (gsize i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      g_autoptr (DouTestAnswer) answer = files_get (fixture, VIDEO, "Range", ranges[i]);

      g_test_message ("%s", ranges[i]);
      files_assert_whole (fixture, answer);
    }
}

/* Test the headers of a whole file, with its body and without. */
static void
test_whole (FilesFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) whole = files_request (fixture, "GET", VIDEO "/", "");
  g_autoptr (DouTestAnswer) head = files_request (fixture, "HEAD", VIDEO, "Range: bytes=0-0\r\n");

  files_assert_whole (fixture, whole);
  files_assert_metadata (fixture, whole);
  dou_test_answer_assert_header (whole, "Content-Type", "video/mp4");
  g_assert_cmpuint (head->code, ==, 200);
  files_assert_metadata (fixture, head);
  dou_test_answer_assert_header (head, "Content-Type", "video/mp4");
  files_assert_length (head, VIDEO_SIZE);
}

/* Test that a single range is answered with exactly these bytes. */
static void
test_part (FilesFixture *fixture, gconstpointer data)
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
      g_autoptr (DouTestAnswer) answer = files_get (fixture, VIDEO, "Range", cases[i].range);
      g_autofree char *expected = g_strdup_printf (
          "bytes %zu-%zu/%d", cases[i].offset, cases[i].offset + cases[i].length - 1, VIDEO_SIZE);

      g_test_message ("%s", cases[i].range);
      g_assert_cmpuint (answer->code, ==, 206);
      dou_test_answer_assert_header (answer, "Content-Range", expected);
      dou_test_answer_assert_header (answer, "Content-Type", "video/mp4");
      files_assert_part (fixture, answer, cases[i].offset, cases[i].length);
      files_assert_metadata (fixture, answer);
    }
}

static DouTestAnswer *
get_if_range (FilesFixture *fixture, const char *validator)
{
  g_autofree char *headers = g_strdup_printf ("Range: bytes=1-2\r\nIf-Range: %s\r\n", validator);

  return files_request (fixture, "GET", VIDEO, headers);
}

/* Test that a range counts only for the version that the client knows. */
static void
test_if_range (FilesFixture *fixture, gconstpointer data)
{
  const char *others[] = { "\"other\"", "Thu, 01 Jun 2022 12:00:01 GMT", "garbage" };
  const char *same[] = { fixture->etag, fixture->date };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (DouTestAnswer) answer = get_if_range (fixture, others[i]);

      files_assert_whole (fixture, answer);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      g_autoptr (DouTestAnswer) answer = get_if_range (fixture, same[i]);

      g_assert_cmpuint (answer->code, ==, 206);
      files_assert_part (fixture, answer, 1, 2);
    }
}

/* Test that a client which has the file is told so, and any other gets it. */
static void
test_not_modified (FilesFixture *fixture, gconstpointer data)
{
  const char *methods[] = { "GET", "HEAD" };
  g_autofree char *date = g_strdup_printf ("If-Modified-Since: %s\r\n", fixture->date);
  g_autofree char *same
      = g_strdup_printf ("If-None-Match: \"a\", W/%s\r\nRange: bytes=1-2\r\n", fixture->etag);

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (DouTestAnswer) by_tag = files_request (fixture, methods[i], VIDEO, same);
      g_autoptr (DouTestAnswer) by_date = files_request (fixture, methods[i], VIDEO, date);
      g_autoptr (DouTestAnswer) other
          = files_request (fixture, methods[i], VIDEO,
                           "If-None-Match: \"other\"\r\nIf-Modified-Since: " VIDEO_DATE "\r\n");

      g_assert_cmpuint (by_tag->code, ==, 304);
      files_assert_metadata (fixture, by_tag);
      g_assert_cmpuint (by_date->code, ==, 304);
      files_assert_metadata (fixture, by_date);
      g_assert_cmpuint (other->code, ==, 200);
    }
}

/* Test that the type follows from the extension, and that an empty file is one. */
static void
test_types (FilesFixture *fixture, gconstpointer data)
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

      files_add (fixture, types[i][0], "abc", i);
      answer = files_request (fixture, "GET", types[i][0], "");
      g_assert_cmpuint (answer->code, ==, 200);
      dou_test_answer_assert_header (answer, "Content-Type", types[i][1]);
      g_assert_cmpmem (answer->body, answer->length, "abc", i);
    }
}

/* Test that the name of a video that was replaced leads to its successor. */
static void
test_successor (FilesFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = files_request (fixture, "GET", "/media/video/3f/63.webm", "");

  g_assert_cmpuint (answer->code, ==, 302);
  dou_test_answer_assert_header (answer, "Location", "http://example.org" VIDEO);
}

/* Test that a video of 20 MiB is the same in one piece and in those that a player asks for. */
static void
test_pieces (FilesFixture *fixture, gconstpointer data)
{
  const gsize size = 20 * 1024 * 1024;
  const gsize piece = 1000003;
  const char *path = "/media/video/41/65.mp4";
  g_autofree guint8 *content = g_malloc (size);
  g_autoptr (DouTestAnswer) whole = NULL;

  for (gsize i = 0; i < size; i++)
    content[i] = (guint8) (i * 2654435761u >> 13);
  files_add (fixture, path, content, size);
  whole = files_request (fixture, "GET", path, "");
  g_assert_cmpmem (whole->body, whole->length, content, size);

  for (gsize i = 0; i < size; i += piece)
    {
      g_autofree char *range = g_strdup_printf ("bytes=%zu-%zu", i, i + piece - 1);
      g_autoptr (DouTestAnswer) answer = files_get (fixture, path, "Range", range);

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
test_shortened (FilesFixture *fixture, gconstpointer data)
{
  const gsize size = 20 * 1024 * 1024;
  const char *path = "/media/video/41/65.mp4";
  g_autofree char *file = g_build_filename (fixture->directory, path, NULL);
  g_autofree guint8 *content = g_malloc0 (size);
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autoptr (DouTestAnswer) other = NULL;

  files_add (fixture, path, content, size);
  dou_test_client_send (client, "GET /media/video/41/65.mp4 HTTP/1.1\r\nHost: example.org\r\n\r\n");
  while (!dou_test_client_has_input (client))
    g_main_context_iteration (NULL, FALSE);
  g_assert_no_errno (truncate (file, 1));
  g_assert_cmpuint (drain (client), <, size);

  other = files_request (fixture, "GET", VIDEO, "");
  files_assert_whole (fixture, other);
}

/* Test that who is sent to the store gets there what was stored, the whole and a part, and that what is not
 * there is a 404 here. */
static void
test_signed (FilesFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = files_request (fixture, "GET", VIDEO, "");
  g_autoptr (DouTestAnswer) again = files_request (fixture, "GET", VIDEO, "");
  g_autoptr (DouTestAnswer) absent = files_request (fixture, "GET", "/media/video/3f/64.mp4", "");
  g_autofree char *location = dou_test_answer_get_header (answer, "Location");
  g_autofree char *origin = g_strdup_printf ("http://%s/", files_store_get ()->host);
  g_autoptr (SoupSession) stranger = soup_session_new ();
  g_autoptr (SoupMessage) whole = soup_message_new ("GET", location);
  g_autoptr (SoupMessage) part = soup_message_new ("GET", location);
  g_autoptr (GBytes) whole_body = NULL;
  g_autoptr (GBytes) part_body = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (answer->code, ==, 302);
  g_assert_true (g_str_has_prefix (location, origin));
  dou_test_answer_assert_header (answer, "Cache-Control", "private, max-age=300");
  g_assert_cmpuint (again->code, ==, 302);
  dou_test_assert_status (absent, 404, DOU_STATUS_NOT_FOUND);

  whole_body = soup_session_send_and_read (stranger, whole, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (whole_body, NULL), g_bytes_get_size (whole_body),
                   fixture->content, VIDEO_SIZE);

  soup_message_headers_append (soup_message_get_request_headers (part), "Range", "bytes=100-199");
  part_body = soup_session_send_and_read (stranger, part, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (part), ==, SOUP_STATUS_PARTIAL_CONTENT);
  g_assert_cmpmem (g_bytes_get_data (part_body, NULL), g_bytes_get_size (part_body),
                   fixture->content + 100, 100);
}

/* Of a file that is not there, and of one that is, both times the same is said, but once in the log. */
static void
assert_refused (FilesFixture *fixture, const char *warning, guint http_code, DouStatus status)
{
  g_autoptr (DouTestAnswer) absent = NULL;
  g_autoptr (DouTestAnswer) present = NULL;

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, warning);
  absent = files_request (fixture, "GET", "/media/video/3f/64.mp4", "");
  g_test_assert_expected_messages ();
  dou_test_assert_status (absent, http_code, status);
  present = files_request (fixture, "GET", VIDEO, "");
  dou_test_assert_status (present, http_code, status);
}

/* Test that what the store denies is not there, and that the log says what that may mean. */
static void
test_denied (FilesFixture *fixture, gconstpointer data)
{
  assert_refused (fixture, "The object store, GET video/3f/64.mp4: 403 AccessDenied*may not list the bucket*", 404,
                  DOU_STATUS_NOT_FOUND);
}

/* Test that a store which refuses everything is a matter of the server's. */
static void
test_forbidden (FilesFixture *fixture, gconstpointer data)
{
  assert_refused (fixture, "The object store, GET video/3f/64.mp4: 403 SignatureDoesNotMatch*try again*", 503,
                  DOU_STATUS_UNAVAILABLE);
}

/* Test that HEAD is sent on with an address for HEAD. */
static void
test_signed_head (FilesFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) answer = files_request (fixture, "HEAD", VIDEO, "");
  g_autofree char *location = dou_test_answer_get_header (answer, "Location");
  g_autoptr (SoupSession) stranger = soup_session_new ();
  g_autoptr (SoupMessage) head = soup_message_new ("HEAD", location);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (answer->code, ==, 302);
  body = soup_session_send_and_read (stranger, head, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (head), ==, SOUP_STATUS_OK);
  g_assert_cmpint (
      soup_message_headers_get_content_length (soup_message_get_response_headers (head)), ==,
      VIDEO_SIZE);
}

/* More than all sockets on the way hold. */
#define LARGE_SIZE (40 * 1024 * 1024)

/* Begins to ask for something large, and waits for its first bytes. */
static DouTestClient *
begin_large (FilesFixture *fixture)
{
  const char *path = "/media/video/41/66.mp4";
  g_autofree guint8 *content = g_malloc0 (LARGE_SIZE);
  DouTestClient *client = dou_test_server_connect (&fixture->server);

  files_add (fixture, path, content, LARGE_SIZE);
  dou_test_client_send (client, "GET /media/video/41/66.mp4 HTTP/1.1\r\nHost: example.org\r\n\r\n");
  while (!dou_test_client_has_input (client))
    g_main_context_iteration (NULL, TRUE);

  return client;
}

/* Test that a client which goes away in the middle is let go, and that others do not notice. */
static void
test_hang_up (FilesFixture *fixture, gconstpointer data)
{
  DouTestClient *client = begin_large (fixture);
  g_autoptr (DouTestAnswer) other = NULL;

  dou_test_client_free (client);
  other = files_request (fixture, "GET", VIDEO, "");
  files_assert_whole (fixture, other);
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* As drain(), of an answer that may take its time. */
static gsize
drain_slowly (DouTestClient *client)
{
  int fd = dou_test_client_get_fd (client);
  guint id = g_unix_fd_add (fd, G_IO_IN, readable_cb, NULL);
  char buffer[65536];
  gsize total = 0;
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0 || (n < 0 && errno == EAGAIN))
    {
      total += (gsize) MAX (n, 0);
      if (n < 0)
        g_main_context_iteration (NULL, TRUE);
    }

  g_source_remove (id);
  return total;
}

/* Test that an answer is broken off if the store hangs in the middle of it, and that it is used again
 * when it goes on. */
static void
test_hung (FilesFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestClient) client = begin_large (fixture);
  g_autoptr (DouTestAnswer) other = NULL;

  dou_test_object_store_hang (files_store_get ());
  g_assert_cmpuint (drain_slowly (client), <, LARGE_SIZE);
  dou_test_object_store_go_on (files_store_get ());

  other = files_request (fixture, "GET", VIDEO, "");
  files_assert_whole (fixture, other);
}

/* Test that clients who take their time leave others their questions, and that one who is too many is told so at once
 * and gets a file when somebody has gone. */
static void
test_crowd (FilesFixture *fixture, gconstpointer data)
{
  DouTestClient *slow[FILES_STREAMS];
  gboolean served = FALSE;

  for (guint i = 0; i < FILES_STREAMS; i++)
    slow[i] = begin_large (fixture);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DouTestAnswer) head = files_request (fixture, "HEAD", VIDEO, "");
      g_autoptr (DouTestAnswer) file = files_request (fixture, "GET", VIDEO, "Range: bytes=0-9\r\n");

      g_assert_cmpuint (head->code, ==, 200);
      dou_test_assert_status (file, 503, DOU_STATUS_UNAVAILABLE);
      dou_test_answer_assert_header (file, "Content-Range", NULL);
    }

  dou_test_client_free (slow[0]);
  while (!served)
    {
      g_autoptr (DouTestAnswer) file = files_request (fixture, "GET", VIDEO, "Range: bytes=0-9\r\n");

      served = file->code == 206;
    }
  for (guint i = 1; i < FILES_STREAMS; i++)
    dou_test_client_free (slow[i]);
}

/* Test that a store which is away is a 503; the last test, since it ends it. */
static void
test_down (FilesFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) unknown = NULL;

  files_store_end ();
  unknown = files_request (fixture, "GET", "/media/video/3f/64.mp4", "");
  dou_test_assert_status (unknown, 503, DOU_STATUS_UNAVAILABLE);
}

#define ADD_AT(place, path, function)                                                              \
  g_test_add ("/gateway/media-routes/" path, FilesFixture, place, files_fixture_set_up, function,             \
              files_fixture_tear_down)

/* Once with files that are here, and once with those of an object store, passed on. */
#define ADD(path, function)                                                                        \
  ADD_AT (NULL, path, function);                                                                   \
  ADD_AT ("proxy", "proxy/" path, function)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  files_store_start ();

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
  ADD_AT (NULL, "shortened", test_shortened);
  ADD_AT ("signed", "signed/whole", test_signed);
  ADD_AT ("signed", "signed/head", test_signed_head);
  ADD_AT ("signed", "signed/successor", test_successor);
  ADD_AT ("denied", "denied", test_denied);
  ADD_AT ("forbidden", "forbidden", test_forbidden);
  ADD_AT ("proxy", "proxy/hang-up", test_hang_up);
  ADD_AT ("proxy", "proxy/hung", test_hung);
  ADD_AT ("proxy", "proxy/crowd", test_crowd);
  /* Suites run in their order, whatever is in them. */
  g_test_add ("/gateway/media-routes-down/proxy", FilesFixture, "proxy", files_fixture_set_up, test_down,
              files_fixture_tear_down);

  status = g_test_run ();
  files_store_end ();

  return status;
}
