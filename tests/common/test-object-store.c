/* SPDX-License-Identifier: Apache-2.0 */

/* The client of an object store against a real one, which is shared by these tests: each has a bucket of
 * its own. */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "common/dou-object-store.h"
#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-object-store.h"
#include "lib/dou-test-wait.h"

/* Parts of the smallest size that stores take, and a file of three. */
#define PART_SIZE ((gsize) 5 * 1024 * 1024)
#define LARGE_SIZE (2 * PART_SIZE + 12345)

#define NAME "video/3f/123.mp4"
#define TYPE "video/mp4"

static const DouObjectLimits patient = { 60, 3, 4 };
static const DouObjectLimits impatient = { 1, 2, 4 };

static DouTestObjectStore *server;
static guint n_buckets;

typedef struct
{
  char *bucket;          /* (owned) */
  char *dir;             /* (owned) */
  char *path;            /* (owned) a file in it */
  DouObjectStore *store; /* (owned) */
} Fixture;

static DouObjectStore *
new_store (const char *bucket, const DouObjectLimits *limits, const char *secret)
{
  g_autoptr (DouObjectAddress) address = dou_test_object_store_get_address (server, bucket);

  if (secret != NULL)
    {
      g_free (address->secret_key);
      address->secret_key = g_strdup (secret);
    }

  return dou_object_store_new (address, limits);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bucket = g_strdup_printf ("bucket-%u", n_buckets++);
  dou_test_object_store_make_bucket (server, fixture->bucket);
  fixture->dir = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->dir, "file", NULL);
  fixture->store = new_store (fixture->bucket, &patient, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->store);
  dou_test_dir_remove (fixture->dir);
  g_free (fixture->path);
  g_free (fixture->bucket);
}

/* Returns: (transfer full): what the file at @path holds, no part as another */
static GBytes *
write_file (const char *path, gsize size)
{
  g_autofree guint8 *content = g_malloc (size);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < size; i++)
    content[i] = (guint8) g_rand_int (random);
  g_file_set_contents (path, (const char *) content, (gssize) size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (g_steal_pointer (&content), size);
}

static gboolean
put (DouObjectStore *store, const char *name, const char *path, GCancellable *cancellable,
     GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_object_store_put_async (store, name, TYPE, path, cancellable, dou_test_wait_result_cb,
                              &pending);
  result = dou_test_wait_result (&pending);
  return dou_object_store_put_finish (store, result, error);
}

static DouObjectInfo *
head (DouObjectStore *store, const char *name, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_object_store_head_async (store, name, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  return dou_object_store_head_finish (store, result, error);
}

static GBytes *
get (DouObjectStore *store, const char *name, guint64 offset, guint64 length)
{
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *pending = NULL;

  dou_object_store_get_async (store, name, offset, length, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  stream = dou_object_store_get_finish (store, result, &error);
  g_assert_no_error (error);
  g_clear_object (&result);

  g_output_stream_splice_async (
    memory, stream,
    G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, G_PRIORITY_DEFAULT,
    NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_output_stream_splice_finish (memory, result, &error);
  g_assert_no_error (error);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

static void
remove_object (DouObjectStore *store, const char *name)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_object_store_delete_async (store, name, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  dou_object_store_delete_finish (store, result, &error);
  g_assert_no_error (error);
}

static void
assert_absent (Fixture *fixture)
{
  g_autofree char *objects = dou_test_object_store_list (server, fixture->bucket, NULL);
  g_autofree char *uploads = dou_test_object_store_list (server, fixture->bucket, "uploads");

  g_assert_null (strstr (objects, "<Key>"));
  g_assert_null (strstr (uploads, "<UploadId>"));
}

/* Test that what is signed with another secret is refused, that this is said, and that it is not tried
 * again. */
static void
test_wrong_secret (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouObjectStore) wrong = new_store (fixture->bucket, &patient, "another secret");
  g_autoptr (GBytes) content = write_file (fixture->path, 1000);
  g_autoptr (DouObjectInfo) info = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) head_error = NULL;

  g_assert_false (put (wrong, NAME, fixture->path, NULL, &error));
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_FORBIDDEN);
  g_assert_nonnull (strstr (error->message, "403 SignatureDoesNotMatch: "));
  g_assert_nonnull (strstr (error->message, NAME));
  info = head (wrong, NAME, &head_error);
  g_assert_error (head_error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_FORBIDDEN);
  assert_absent (fixture);
}

/* Test that whoever may not read hears why, also of HEAD; and that this is told from keys that are wrong. */
static void
test_denied (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouObjectAddress) address = dou_test_object_store_get_address (server, fixture->bucket);
  g_autoptr (DouObjectStore) wrong = new_store (fixture->bucket, &patient, "another secret");
  g_autoptr (DouObjectStore) denied = NULL;
  g_autoptr (GBytes) content = write_file (fixture->path, 1000);
  g_autoptr (DouObjectInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  g_free (address->access_key);
  address->access_key = g_strdup (DOU_TEST_STRANGER_KEY);
  denied = dou_object_store_new (address, &patient);
  info = head (denied, NAME, &error);
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_DENIED);
  g_assert_nonnull (strstr (error->message, "403 AccessDenied"));
  g_clear_error (&error);
  g_assert_false (put (denied, NAME, fixture->path, NULL, &error));
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_DENIED);
  g_clear_error (&error);

  info = head (wrong, NAME, &error);
  g_assert_null (info);
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_FORBIDDEN);
  g_clear_error (&error);

  info = head (fixture->store, NAME, &error);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_NOT_FOUND);
}

/* Test that a bucket which is not there is said to be what is missing. */
static void
test_no_bucket (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouObjectStore) lost = new_store ("nowhere", &patient, NULL);
  g_autoptr (GBytes) content = write_file (fixture->path, 1000);
  g_autoptr (GError) error = NULL;

  g_assert_false (put (lost, NAME, fixture->path, NULL, &error));
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_NO_BUCKET);
  g_assert_nonnull (strstr (error->message, "NoSuchBucket"));
}

/* Test that a file which is not there is an error, and nothing is sent. */
static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (put (fixture->store, NAME, fixture->path, NULL, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  assert_absent (fixture);
}

/* Test that of a large file whose parts cannot be put together nothing is left: they are too small for
 * the store, which says so at the end. */
static void
test_aborted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) content = write_file (fixture->path, 2000);
  g_autoptr (GError) error = NULL;

  dou_object_store_set_part_size (fixture->store, 1000);
  g_assert_false (put (fixture->store, NAME, fixture->path, NULL, &error));
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, "EntityTooSmall"));
  assert_absent (fixture);
}

/* Test that an upload which is given up leaves nothing. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) content = write_file (fixture->path, LARGE_SIZE);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *pending = NULL;

  dou_object_store_set_part_size (fixture->store, PART_SIZE);
  dou_object_store_put_async (fixture->store, NAME, TYPE, fixture->path, cancellable,
                              dou_test_wait_result_cb, &pending);
  g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (cancellable);
  result = dou_test_wait_result (&pending);
  g_assert_false (dou_object_store_put_finish (fixture->store, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_absent (fixture);
}

static void
begin_upload (Fixture *fixture, const char *name)
{
  g_autoptr (DouObjectAddress) address
    = dou_test_object_store_get_address (server, fixture->bucket);
  g_autoptr (DouObjectClient) client = dou_object_client_new (address, &patient);
  DouObjectRequest *request = dou_object_request_new (SOUP_METHOD_POST, name);
  g_autoptr (DouObjectAnswer) answer = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *pending = NULL;

  dou_object_request_add_parameter (request, "uploads", "");
  dou_object_client_send_async (client, request, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  answer = dou_object_client_send_finish (client, result, &error);
  g_assert_no_error (error);
}

/* Test that uploads which nobody has ended are found and removed, those of one video and no other. */
static void
test_left_uploads (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *uploads = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *pending = NULL;

  begin_upload (fixture, "video/3f/123.mp4");
  begin_upload (fixture, "video/3f/123-1.mp4");
  begin_upload (fixture, "video/3f/1234.mp4");
  dou_object_store_abort_async (fixture->store, "video/3f/123", NULL, dou_test_wait_result_cb,
                                &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (dou_object_store_abort_finish (fixture->store, result, &error));
  g_assert_no_error (error);

  uploads = dou_test_object_store_list (server, fixture->bucket, "uploads");
  g_assert_null (strstr (uploads, "<Key>video/3f/123.mp4</Key>"));
  g_assert_null (strstr (uploads, "<Key>video/3f/123-1.mp4</Key>"));
  g_assert_nonnull (strstr (uploads, "<Key>video/3f/1234.mp4</Key>"));
}

/* Test the life of a small object: stored, told of, read in part, given away, removed, and gone. */
static void
test_small (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) content = write_file (fixture->path, 1000);
  g_autoptr (GBytes) expected = g_bytes_new_from_bytes (content, 10, 20);
  g_autoptr (GBytes) part = NULL;
  g_autoptr (GBytes) whole = NULL;
  g_autoptr (DouObjectInfo) info = NULL;
  g_autoptr (DouObjectInfo) gone = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *url = dou_object_store_presign (fixture->store, "GET", NAME, 60, now);
  g_autoptr (SoupSession) stranger = soup_session_new ();
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GBytes) given = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (put (fixture->store, NAME, fixture->path, NULL, &error));
  g_assert_no_error (error);

  info = head (fixture->store, NAME, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (info->size, ==, 1000);
  g_assert_cmpint (info->mtime, >, 0);
  g_assert_cmpuint (strlen (info->etag), ==, strlen ("\"0123456789abcdef0123456789abcdef\""));

  part = get (fixture->store, NAME, 10, 20);
  g_assert_true (g_bytes_equal (part, expected));
  whole = get (fixture->store, NAME, 0, 0);
  g_assert_true (g_bytes_equal (whole, content));

  given = soup_session_send_and_read (stranger, message, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (given, content));
  g_assert_cmpstr (
    soup_message_headers_get_one (soup_message_get_response_headers (message), "Content-Type"), ==,
    TYPE);

  remove_object (fixture->store, NAME);
  remove_object (fixture->store, NAME);
  gone = head (fixture->store, NAME, &error);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_NOT_FOUND);
}

/* Test that a file in parts is stored as it is, twice over itself. */
static void
test_large (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) content = write_file (fixture->path, LARGE_SIZE);
  g_autoptr (GBytes) whole = NULL;
  g_autoptr (GError) error = NULL;

  dou_object_store_set_part_size (fixture->store, PART_SIZE);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (put (fixture->store, NAME, fixture->path, NULL, &error));
      g_assert_no_error (error);
    }

  whole = get (fixture->store, NAME, 0, 0);
  g_assert_true (g_bytes_equal (whole, content));
}

/* Test that a store which hangs is given up, and used again when it goes on. */
static void
test_hung (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouObjectStore) store = new_store (fixture->bucket, &impatient, NULL);
  g_autoptr (GBytes) content = write_file (fixture->path, 1000);
  g_autoptr (GError) error = NULL;

  dou_test_object_store_hang (server);
  g_assert_false (put (store, NAME, fixture->path, NULL, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, NAME));
  g_clear_error (&error);

  dou_test_object_store_go_on (server);
  g_assert_true (put (fixture->store, NAME, fixture->path, NULL, &error));
  g_assert_no_error (error);
}

static gboolean
go_on_cb (gpointer user_data)
{
  dou_test_object_store_go_on (server);
  return G_SOURCE_REMOVE;
}

/* Test that a store which hangs for a while is tried again until it answers. */
static void
test_tried_again (Fixture *fixture, gconstpointer data)
{
  const DouObjectLimits limits = { 4, 8, 4 };
  g_autoptr (DouObjectStore) store = new_store (fixture->bucket, &limits, NULL);
  g_autoptr (GBytes) content = write_file (fixture->path, 1000);
  g_autoptr (DouObjectInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (put (fixture->store, NAME, fixture->path, NULL, &error));
  g_assert_no_error (error);
  dou_test_object_store_hang (server);
  g_timeout_add (5000, go_on_cb, NULL);
  info = head (store, NAME, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (info->size, ==, 1000);
}

/* Test that more requests than may be under way at once are all answered. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *pending[12] = { NULL };
  g_autoptr (GBytes) content = write_file (fixture->path, 1000);

  for (gsize i = 0; i < G_N_ELEMENTS (pending); i++)
    {
      g_autofree char *name = g_strdup_printf ("cover/00/%" G_GSIZE_FORMAT ".jpg", i + 1);

      dou_object_store_put_async (fixture->store, name, "image/jpeg", fixture->path, NULL,
                                  dou_test_wait_result_cb, &pending[i]);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (pending); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&pending[i]);
      g_autoptr (GError) error = NULL;

      g_assert_true (dou_object_store_put_finish (fixture->store, result, &error));
      g_assert_no_error (error);
    }
}

/* Test that a store which is not there is an error that says so; the last test, since it ends it. */
static void
test_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) content = write_file (fixture->path, LARGE_SIZE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) large_error = NULL;
  g_autoptr (DouObjectStore) store = new_store (fixture->bucket, &patient, NULL);

  g_clear_pointer (&server, dou_test_object_store_free);
  g_assert_false (put (store, NAME, fixture->path, NULL, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  dou_object_store_set_part_size (store, PART_SIZE);
  g_assert_false (put (store, NAME, fixture->path, NULL, &large_error));
  g_assert_error (large_error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/common/object-store/wrong-secret", test_wrong_secret },
    { "/common/object-store/denied", test_denied },
    { "/common/object-store/no-bucket", test_no_bucket },
    { "/common/object-store/no-file", test_no_file },
    { "/common/object-store/aborted", test_aborted },
    { "/common/object-store/cancelled", test_cancelled },
    { "/common/object-store/left-uploads", test_left_uploads },
    { "/common/object-store/small", test_small },
    { "/common/object-store/large", test_large },
    { "/common/object-store/hung", test_hung },
    { "/common/object-store/tried-again", test_tried_again },
    { "/common/object-store/many", test_many },
    { "/common/object-store/down", test_down },
  };
  int status;

  g_test_init (&argc, &argv, NULL);

  server = dou_test_object_store_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  status = g_test_run ();
  g_clear_pointer (&server, dou_test_object_store_free);

  return status;
}
