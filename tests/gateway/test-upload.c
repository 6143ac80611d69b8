/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "gateway/dou-upload.h"
#include "lib/dou-test-wait.h"

#include "upload-fixture.h"

#define PART(head, content)                                                                        \
  "--AaB03x\r\nContent-Disposition: form-data; " head "\r\n\r\n" content "\r\n"
#define FIELD(name, content) PART ("name=\"" name "\"", content)
#define FILE_PART(content) PART ("name=\"data\"; filename=\"a.mp4\"", content)
#define FILE_HEAD                                                                                  \
  "--AaB03x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.mp4\"\r\n\r\n"
#define END "--AaB03x--\r\n"

/* Bytes that are sent or received at once. */
#define BLOCK_SIZE (1024 * 1024)

/* Of the server here, in bytes. */
#define MAX_UPLOAD (4 * 1024 * 1024)

/* The most by which memory may grow over an upload of any size, in bytes. */
#define MAX_GROWTH (8 * 1024 * 1024)

static char *
make_head_of_type (const char *content_type, guint64 length)
{
  return g_strdup_printf ("POST " PATH " HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
                          "Content-Length: %" G_GUINT64_FORMAT "\r\n\r\n",
                          content_type, length);
}

static char *
make_head (guint64 length)
{
  return make_head_of_type (CONTENT_TYPE, length);
}

static DouTestAnswer *
post (UploadFixture *fixture, const char *content_type, const void *body, gsize length)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autofree char *head = make_head_of_type (content_type, length);

  dou_test_client_send (client, head);
  dou_test_client_send_all (client, body, length);
  return dou_test_client_receive (client);
}

static void
assert_refused_full (
    UploadFixture *fixture, const char *content_type, const void *body, gsize length, DouStatus expected)
{
  g_autoptr (DouTestAnswer) answer = post (fixture, content_type, body, length);

  dou_test_assert_status (answer, dou_status_get_info (expected)->http_code, expected);
  g_assert_cmpuint (fixture->n_handled, ==, 0);
}

static void
assert_refused (UploadFixture *fixture, const char *body, DouStatus expected)
{
  assert_refused_full (fixture, CONTENT_TYPE, body, strlen (body), expected);
}

/* Asserts that a body is taken; returns what the handler said of it. */
static JsonNode *
assert_taken (UploadFixture *fixture, const char *body, gsize length)
{
  g_autoptr (DouTestAnswer) answer = post (fixture, CONTENT_TYPE, body, length);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (answer->body, &error);

  g_assert_no_error (error);
  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  return node;
}

static void
assert_says (JsonNode *answer, const char *name, const char *expected)
{
  g_assert_cmpstr (
      json_object_get_string_member_with_default (json_node_get_object (answer), name, NULL), ==,
      expected);
}

static void
assert_file (JsonNode *answer, const void *content, gsize length)
{
  g_autofree char *checksum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, content, length);

  g_assert_cmpint (json_object_get_int_member (json_node_get_object (answer), "size"), ==,
                   (gint64) length);
  assert_says (answer, "checksum", checksum);
}

/* Test that a body of another type is refused, and is not read as something else. */
static void
test_not_multipart (UploadFixture *fixture, gconstpointer data)
{
  const char *types[] = {
    "application/x-www-form-urlencoded",
    "video/mp4",
    "multipart/form-data",
    "multipart/mixed; boundary=AaB03x",
  };
  const char *body = FILE_PART ("x") END;

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    assert_refused_full (fixture, types[i], body, strlen (body), DOU_STATUS_BAD_REQUEST);
}

/* Test that a form which is incomplete, or is more than one upload, is refused. */
static void
test_malformed (UploadFixture *fixture, gconstpointer data)
{
  g_autoptr (GString) fields = g_string_new (NULL);

  for (guint i = 0; i < DOU_UPLOAD_MAX_FIELDS + 1; i++)
    g_string_append (fields, FIELD ("title", "x"));
  g_string_append (fields, END);

  assert_refused (fixture, FILE_PART ("x"), DOU_STATUS_BAD_REQUEST);
  assert_refused (fixture, FILE_PART ("x") "--AaB03x-", DOU_STATUS_BAD_REQUEST);
  assert_refused (fixture, FILE_PART ("x") FILE_PART ("x") END, DOU_STATUS_BAD_REQUEST);
  assert_refused (fixture, FILE_PART ("") PART ("name=x; filename=y", "x") END,
                  DOU_STATUS_BAD_REQUEST);
  assert_refused (fixture, FIELD ("data", "x") FILE_PART ("x") END, DOU_STATUS_BAD_REQUEST);
  assert_refused (fixture, fields->str, DOU_STATUS_BAD_REQUEST);
  assert_refused_full (fixture, CONTENT_TYPE, FIELD ("title", "a\0b") END,
                       sizeof (FIELD ("title", "a\0b") END) - 1, DOU_STATUS_BAD_REQUEST);
}

static char *
make_body (const char *head, const void *content, gsize length, gsize *body_length)
{
  GString *body = g_string_sized_new (length + 1024);

  g_string_append (body, head);
  g_string_append_len (body, content, (gssize) length);
  g_string_append (body, "\r\n" END);
  *body_length = body->len;
  return g_string_free (body, FALSE);
}

/* Test that a field has a limit. */
static void
test_field_limit (UploadFixture *fixture, gconstpointer data)
{
  g_autofree char *value = g_strnfill (DOU_UPLOAD_MAX_FIELD_LENGTH + 1, 'x');
  const char *head = "--AaB03x\r\nContent-Disposition: form-data; name=title\r\n\r\n";
  g_autofree char *body = NULL;
  g_autofree char *long_body = NULL;
  g_autoptr (JsonNode) answer = NULL;
  gsize length;

  long_body = make_body (head, value, DOU_UPLOAD_MAX_FIELD_LENGTH + 1, &length);
  assert_refused_full (fixture, CONTENT_TYPE, long_body, length, DOU_STATUS_TOO_LARGE);

  value[DOU_UPLOAD_MAX_FIELD_LENGTH] = '\0';
  body = make_body (head, value, DOU_UPLOAD_MAX_FIELD_LENGTH, &length);
  answer = assert_taken (fixture, body, length);
  assert_says (answer, "title", value);
}

/* Test that text which is none is refused as any other parameter. */
static void
test_field_encoding (UploadFixture *fixture, gconstpointer data)
{
  assert_refused (fixture, FIELD ("title", "\xff") FILE_PART ("x") END, DOU_STATUS_BAD_PARAMETER);
}

/* Test that a file which finds no room is answered with that, while it is still being sent. */
static void
test_disk_full (UploadFixture *fixture, gconstpointer data)
{
  g_autofree guint8 *content = g_malloc0 (MAX_UPLOAD);
  g_autofree char *body = NULL;
  struct rlimit former, limit;
  gsize length;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_no_errno (getrlimit (RLIMIT_FSIZE, &former));
  limit = (struct rlimit){ MAX_UPLOAD / 2, former.rlim_max };
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &limit));

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Cannot store an upload: *");
  body = make_body (FILE_HEAD, content, MAX_UPLOAD, &length);
  assert_refused_full (fixture, CONTENT_TYPE, body, length, DOU_STATUS_DISK_FULL);
  g_test_assert_expected_messages ();
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &former));
}

/* Test that the limit counts the bytes of the file, not those of the form around it. */
static void
test_file_limit (UploadFixture *fixture, gconstpointer data)
{
  g_autofree guint8 *content = g_malloc0 (MAX_UPLOAD + 1);
  g_autofree char *body = NULL;
  g_autofree char *long_body = NULL;
  g_autoptr (JsonNode) answer = NULL;
  gsize length;

  long_body = make_body (FILE_HEAD, content, MAX_UPLOAD + 1, &length);
  assert_refused_full (fixture, CONTENT_TYPE, long_body, length, DOU_STATUS_TOO_LARGE);

  body = make_body (FILE_HEAD, content, MAX_UPLOAD, &length);
  answer = assert_taken (fixture, body, length);
  assert_file (answer, content, MAX_UPLOAD);
}

/* Test that a form without a file, or with an empty one, gets as far as the handler. */
static void
test_no_file (UploadFixture *fixture, gconstpointer data)
{
  const char *bodies[] = {
    END,
    FIELD ("title", "x") END,
    FILE_PART ("") END,
    PART ("name=data; filename=\"\"", "") FIELD ("title", "x") END,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (JsonNode) answer = assert_taken (fixture, bodies[i], strlen (bodies[i]));

      g_assert_cmpint (json_object_get_int_member (json_node_get_object (answer), "size"), ==, 0);
    }
}

/* Test that the fields may come before and after the file, and which part the file is. */
static void
test_forms (UploadFixture *fixture, gconstpointer data)
{
  const char *bodies[] = {
    FIELD ("token", "t") FIELD ("title", "你好 hello") FILE_PART ("\r\n--AaB03\r\n") END,
    FILE_PART ("\r\n--AaB03\r\n") FIELD ("title", "你好 hello") FIELD ("token", "t") END,
    FIELD ("title", "你好 hello") FIELD ("data", "\r\n--AaB03\r\n") FIELD ("token", "t") END,
    FIELD ("title", "你好 hello") PART ("name=file; filename=x", "\r\n--AaB03\r\n")
        FIELD ("token", "t") END,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (JsonNode) answer = assert_taken (fixture, bodies[i], strlen (bodies[i]));

      assert_file (answer, "\r\n--AaB03\r\n", strlen ("\r\n--AaB03\r\n"));
      assert_says (answer, "title", "你好 hello");
      assert_says (answer, "token", "t");
    }
}

/* Memory of this process that is not the page cache's, in bytes. */
static gint64
get_memory (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "RssAnon:");
  g_assert_nonnull (line);
  return g_ascii_strtoll (line + strlen ("RssAnon:"), NULL, 10) * 1024;
}

static void
assert_memory (gint64 before)
{
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (get_memory () - before, <, MAX_GROWTH);
#endif
}

/* Uploads @size bytes to be kept at @path; returns their checksum. */
static char *
upload_large (UploadFixture *fixture, guint64 size, const char *path, gint64 memory)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autoptr (DouTestAnswer) answer = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autofree guint32 *block = g_malloc (BLOCK_SIZE);
  g_autofree char *fields = g_strdup_printf (FIELD ("path", "%s") FILE_HEAD, path);
  g_autofree char *head = make_head (strlen (fields) + size + strlen ("\r\n" END));

  dou_test_client_send (client, head);
  dou_test_client_send (client, fields);
  for (guint64 sent = 0; sent < size; sent += BLOCK_SIZE)
    {
      for (gsize i = 0; i < BLOCK_SIZE / sizeof *block; i++)
        block[i] = g_rand_int (random);
      g_checksum_update (checksum, (const guint8 *) block, BLOCK_SIZE);
      dou_test_client_send_all (client, block, BLOCK_SIZE);
      assert_memory (memory);
    }
  dou_test_client_send (client, "\r\n" END);

  answer = dou_test_client_receive (client);
  assert_memory (memory);
  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  g_assert_nonnull (strstr (answer->body, g_checksum_get_string (checksum)));
  return g_strdup (g_checksum_get_string (checksum));
}

/* Downloads @size bytes, piece by piece; returns their checksum. */
static char *
download_large (UploadFixture *fixture, guint64 size, const char *path, gint64 memory)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint64 at = 0; at < size; at += BLOCK_SIZE)
    {
      g_autoptr (DouTestAnswer) answer = NULL;
      g_autofree char *request
          = g_strdup_printf ("GET /media/%s HTTP/1.1\r\nHost: a\r\n"
                             "Range: bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "\r\n\r\n",
                             path, at, at + BLOCK_SIZE - 1);

      dou_test_client_send (client, request);
      answer = dou_test_client_receive (client);
      g_assert_cmpuint (answer->code, ==, 206);
      g_checksum_update (checksum, (const guint8 *) answer->body, (gssize) answer->length);
      assert_memory (memory);
    }

  return g_strdup (g_checksum_get_string (checksum));
}

/* Test that a large upload and its download are the same bytes, and take no memory. */
static void
test_large (UploadFixture *fixture, gconstpointer data)
{
  guint64 size = (g_getenv ("DOUTOK_TEST_LONG") != NULL ? 1024 : 64) * 1024 * 1024;
  gint64 memory = get_memory ();
  g_autofree char *sent = NULL;
  g_autofree char *received = NULL;

  sent = upload_large (fixture, size, "video/3f/63.mp4", memory);
  g_test_message ("memory after %" G_GUINT64_FORMAT " bytes: %+" G_GINT64_FORMAT, size,
                  get_memory () - memory);
  received = download_large (fixture, size, "video/3f/63.mp4", memory);
  g_test_message ("and after reading them: %+" G_GINT64_FORMAT, get_memory () - memory);
  g_assert_cmpstr (received, ==, sent);
}

/* How many unnamed files of the media directory are open. */
static void
assert_two (UploadFixture *fixture, const char *content_type, const char *body, guint http_code,
            DouStatus status, const char *expected)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autofree char *request = g_strdup_printf (
      "POST " TWO_PATH " HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
      "Content-Length: %zu\r\n\r\n%s",
      content_type, strlen (body), body);
  g_autoptr (DouTestAnswer) answer = NULL;

  dou_test_client_send (client, request);
  answer = dou_test_client_receive (client);
  dou_test_assert_status (answer, http_code, status);
  if (expected != NULL)
    g_assert_nonnull (strstr (answer->body, expected));
}

/* Test that each of several files is told by its name, may be absent, comes once, and has a limit
 * of its own; and that such a route takes other forms, too, up to the limit of forms. */
static void
test_two_files (UploadFixture *fixture, gconstpointer data)
{
  g_autofree char *long_value = g_strnfill (64 * 1024, 'x');
  g_autofree char *long_form = g_strconcat ("title=", long_value, NULL);
  const char *urlencoded = "application/x-www-form-urlencoded";

#define PART_OF(name, content) PART ("name=\"" name "\"; filename=\"x\"", content)
  assert_two (fixture, CONTENT_TYPE, PART_OF ("first", "1234") END, 413, DOU_STATUS_TOO_LARGE, NULL);
  assert_two (fixture, CONTENT_TYPE, PART_OF ("second", "123456") END, 413, DOU_STATUS_TOO_LARGE,
              NULL);
  assert_two (fixture, CONTENT_TYPE, PART_OF ("third", "1") END, 400, DOU_STATUS_BAD_REQUEST, NULL);
  assert_two (fixture, CONTENT_TYPE, PART_OF ("first", "1") PART_OF ("first", "1") END, 400,
              DOU_STATUS_BAD_REQUEST, NULL);
  assert_two (fixture, "multipart/form-data", "x", 400, DOU_STATUS_BAD_REQUEST, NULL);
  assert_two (fixture, urlencoded, long_form, 413, DOU_STATUS_TOO_LARGE, NULL);
  g_assert_cmpuint (fixture->n_handled, ==, 0);

  assert_two (fixture, CONTENT_TYPE,
              PART_OF ("second", "12345") FIELD ("title", "both") PART_OF ("first", "123") END, 200,
              DOU_STATUS_OK, "\"first\":3,\"second\":5,\"title\":\"both\"");
  assert_two (fixture, CONTENT_TYPE, FIELD ("second", "12") END, 200, DOU_STATUS_OK,
              "\"first\":0,\"second\":2,\"title\":\"\"");
  assert_two (fixture, urlencoded, "title=form", 200, DOU_STATUS_OK,
              "\"first\":-1,\"second\":-1,\"title\":\"form\"");
#undef PART_OF
}

static guint
count_unnamed_files (UploadFixture *fixture)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && g_str_has_prefix (target, fixture->directory)
          && g_str_has_suffix (target, " (deleted)"))
        n++;
    }

  return n;
}

static gboolean
has_begun (gpointer data)
{
  return count_unnamed_files (data) == 1;
}

static gboolean
has_ended (gpointer data)
{
  return count_unnamed_files (data) == 0;
}

/* Test that the file of a client that goes away is gone as well, whichever way it goes. */
static void
test_client_leaves (UploadFixture *fixture, gconstpointer data)
{
  for (guint way = 0; way < 2; way++)
    {
      g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
      g_autofree char *head = make_head (1000000);

      dou_test_client_send (client, head);
      dou_test_client_send (client, FILE_HEAD "abc");
      dou_test_wait_until (has_begun, fixture);
      if (way == 0)
        dou_test_client_reset (client);
      else
        g_clear_pointer (&client, dou_test_client_free);
      dou_test_wait_until (has_ended, fixture);
    }

  g_assert_cmpuint (fixture->n_handled, ==, 0);
}

#define ADD(path, max_upload, function)                                                            \
  g_test_add ("/gateway/upload/" path, UploadFixture, max_upload, upload_fixture_set_up, function,              \
              upload_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("not-multipart", "4MiB", test_not_multipart);
  ADD ("malformed", "4MiB", test_malformed);
  ADD ("field-limit", "4MiB", test_field_limit);
  ADD ("field-encoding", "4MiB", test_field_encoding);
  ADD ("file-limit", "4MiB", test_file_limit);
  ADD ("disk-full", "4MiB", test_disk_full);
  ADD ("no-file", "4MiB", test_no_file);
  ADD ("client-leaves", "4MiB", test_client_leaves);
  ADD ("forms", "4MiB", test_forms);
  ADD ("two-files", "4MiB", test_two_files);
  ADD ("large", "1GiB", test_large);

  return g_test_run ();
}
