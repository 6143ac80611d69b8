/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "gateway/dou-media-routes.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

#include "files-fixture.h"

#define BUCKET "doutok"

/* Shared, since it takes seconds to start, and so is what is in it: what a path holds is the same in all
 * tests. */
static DouTestObjectStore *object_server;
static GHashTable *stored; /* (element-type utf8) (set) paths */

/* Starts the object store, empty. */
void
files_store_start (void)
{
  object_server = dou_test_object_store_new ();
  dou_test_object_store_make_bucket (object_server, BUCKET);
  stored = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/* Ends it, if it was not ended before. */
void
files_store_end (void)
{
  g_clear_pointer (&object_server, dou_test_object_store_free);
  g_clear_pointer (&stored, g_hash_table_unref);
}

/* Returns: (transfer none): the object store */
DouTestObjectStore *
files_store_get (void)
{
  return object_server;
}

/* Moves a file into the object store. */
static void
add_object (FilesFixture *fixture, const char *path)
{
  g_autofree char *full = g_build_filename (fixture->directory, path, NULL);
  g_autofree char *moved = g_build_filename (fixture->directory, "moved", NULL);
  const char *name = path + strlen ("/media/");
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_rename (full, moved), ==, 0);
  if (!g_hash_table_add (stored, g_strdup (path)))
    return;

  dou_object_store_put_async (fixture->objects, name, dou_media_file_get_content_type (name), moved,
                              NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  dou_object_store_put_finish (fixture->objects, result, &error);
  g_assert_no_error (error);
}

void
files_add (FilesFixture *fixture, const char *path, const void *content, gsize length)
{
  const struct timespec times[2] = { { VIDEO_TIME, 0 }, { VIDEO_TIME, 0 } };
  g_autofree char *full = g_build_filename (fixture->directory, path, NULL);
  g_autofree char *parent = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (full, content, (gssize) length, &error);
  g_assert_no_error (error);
  g_assert_no_errno (utimensat (AT_FDCWD, full, times, 0));
  if (fixture->objects != NULL && g_str_has_prefix (path, "/media/"))
    add_object (fixture, path);
}

/* Sends a request with more headers, each with its CRLF. */
DouTestAnswer *
files_request (FilesFixture *fixture, const char *method, const char *path, const char *headers)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);

  return dou_test_client_request (client, method, path, headers);
}

DouTestAnswer *
files_get (FilesFixture *fixture, const char *path, const char *name, const char *value)
{
  g_autofree char *header = g_strdup_printf ("%s: %s\r\n", name, value);

  return files_request (fixture, "GET", path, header);
}

void
files_assert_length (DouTestAnswer *answer, gsize expected)
{
  g_autofree char *text = g_strdup_printf ("%" G_GSIZE_FORMAT, expected);

  dou_test_answer_assert_header (answer, "Content-Length", text);
}

void
files_assert_part (FilesFixture *fixture, DouTestAnswer *answer, gsize offset, gsize length)
{
  g_assert_cmpmem (answer->body, answer->length, fixture->content + offset, length);
}

void
files_assert_whole (FilesFixture *fixture, DouTestAnswer *answer)
{
  g_assert_cmpuint (answer->code, ==, 200);
  dou_test_answer_assert_header (answer, "Content-Range", NULL);
  files_assert_part (fixture, answer, 0, VIDEO_SIZE);
}

void
files_assert_metadata (FilesFixture *fixture, DouTestAnswer *answer)
{
  dou_test_answer_assert_header (answer, "ETag", fixture->etag);
  dou_test_answer_assert_header (answer, "Last-Modified", fixture->date);
  dou_test_answer_assert_header (answer, "Accept-Ranges", "bytes");
  dou_test_answer_assert_header (answer, "Cache-Control", "public, max-age=31536000, immutable");
  dou_test_answer_assert_header (answer, "X-Content-Type-Options", "nosniff");
}

/* @redirect: `proxy`, or `signed`, or `denied` for a gateway that may read nothing */
static void
use_objects (FilesFixture *fixture, const char *redirect)
{
  const DouObjectLimits limits = { 60, 3, 4 };
  g_autoptr (DouObjectAddress) address = NULL;
  g_autoptr (DouMediaRemote) remote = NULL;

  address = dou_test_object_store_get_address (object_server, BUCKET);
  address->redirects = g_str_equal (redirect, "signed");
  fixture->objects = dou_object_store_new (address, &limits);
  if (g_str_equal (redirect, "denied"))
    {
      g_free (address->access_key);
      address->access_key = g_strdup (DOU_TEST_STRANGER_KEY);
    }
  else if (g_str_equal (redirect, "forbidden"))
    {
      g_free (address->secret_key);
      address->secret_key = g_strdup ("another secret");
    }
  remote = dou_media_remote_new (address, FILES_STREAMS);
  dou_media_set_remote (fixture->media, remote);
}

void
files_fixture_set_up (FilesFixture *fixture, gconstpointer data)
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
  if (data != NULL)
    use_objects (fixture, data);

  fixture->content = g_malloc (VIDEO_SIZE);
  for (gsize i = 0; i < VIDEO_SIZE; i++)
    fixture->content[i] = (guint8) g_rand_int (random);
  files_add (fixture, VIDEO, fixture->content, VIDEO_SIZE);

  if (g_strcmp0 (data, "denied") == 0 || g_strcmp0 (data, "forbidden") == 0)
    return;

  answer = files_request (fixture, "HEAD", VIDEO, "");
  fixture->etag = dou_test_answer_get_header (answer, "ETag");
  fixture->date = dou_test_answer_get_header (answer, "Last-Modified");
  if (g_strcmp0 (data, "signed") == 0)
    return;

  g_assert_nonnull (fixture->etag);
  g_assert_nonnull (fixture->date);
  if (data == NULL)
    g_assert_cmpstr (fixture->date, ==, VIDEO_DATE);
}

void
files_fixture_tear_down (FilesFixture *fixture, gconstpointer data)
{
  dou_test_server_tear_down (&fixture->server, NULL);
  g_assert_finalize_object (fixture->media);
  g_free (fixture->content);
  g_free (fixture->etag);
  g_free (fixture->date);
  g_clear_object (&fixture->objects);
  dou_test_dir_remove (fixture->directory);
}
