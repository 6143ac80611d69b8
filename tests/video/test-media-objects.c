/* SPDX-License-Identifier: Apache-2.0 */

/* The media store and what is above it with their files in a real object store: what is where after each
 * step, and what becomes of it when the object store is away or hangs. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-object-client.h"
#include "common/dou-status.h"
#include "lib/dou-test-picture.h"
#include "lib/dou-test-wait.h"
#include "video/media-objects-fixture.h"

/* Milliseconds: longer than any test. */
#define LEASE 3600000

static gboolean
has_no_work (gpointer data)
{
  return objects_fixture_count_work (data) == 0;
}

/* Test that publishing is refused while the store hangs, that nothing is published or left to see, and
 * that it works with the same id as soon as the store does. */
static void
test_publish_hung (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (DouVideo) none = NULL;
  g_autoptr (DouVideo) video = NULL;
  g_autoptr (GError) error = NULL;

  objects_fixture_hang (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "A file cannot be stored:*");
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Files of a refused video are left:*");
  g_assert_false (video_fixture_publish (&fixture->video, ID, bytes, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_clear_error (&error);
  none = video_fixture_get (&fixture->video, ID);
  g_assert_null (none);
  g_assert_cmpuint (fixture->video.changed->len, ==, 0);
  g_assert_cmpuint (objects_fixture_count_work (fixture), ==, 1);

  objects_fixture_go_on (fixture);
  g_assert_true (video_fixture_publish (&fixture->video, ID, bytes, &error));
  g_assert_no_error (error);
  video_fixture_wait_idle (&fixture->video);
  video = video_fixture_get (&fixture->video, ID);
  g_assert_cmpstr (video->file, ==, VIDEO);
  objects_fixture_assert_objects (fixture, COVER " " VIDEO);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

/* Test that what cannot be sent in time is refused, since nobody waits for it any more, and not published when the
 * store goes on. */
static void
test_publish_late (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (DouVideo) none = NULL;
  g_autoptr (GError) error = NULL;

  video_fixture_close (&fixture->video);
  fixture->video.max_time = 1;
  video_fixture_open (&fixture->video);
  objects_fixture_hang (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Files of a refused video are left:*");
  g_assert_false (video_fixture_publish (&fixture->video, ID, bytes, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "too long"));

  objects_fixture_go_on (fixture);
  dou_test_wait_until (has_no_work, fixture);
  none = video_fixture_get (&fixture->video, ID);
  g_assert_null (none);
  objects_fixture_assert_objects (fixture, "");
}

/* Test that who begins while the same id is being settled does so afterwards, and keeps its directory. */
static void
test_begun_meanwhile (ObjectsFixture *fixture, gconstpointer data)
{
  GAsyncResult *settling = NULL;
  GAsyncResult *beginning = NULL;
  g_autoptr (GAsyncResult) settled = NULL;
  g_autoptr (GAsyncResult) begun = NULL;
  g_autoptr (GError) error = NULL;

  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, &error));
  dou_media_store_settle_async (fixture->video.media, ID, VIDEO, COVER, dou_test_wait_result_cb,
                                &settling);
  dou_media_store_begin_async (fixture->video.media, ID, dou_test_wait_result_cb, &beginning);
  settled = dou_test_wait_result (&settling);
  begun = dou_test_wait_result (&beginning);
  g_assert_true (dou_media_store_settle_finish (fixture->video.media, settled, &error));
  g_assert_true (dou_media_store_begin_finish (fixture->video.media, begun, &error));
  g_assert_cmpuint (objects_fixture_count_work (fixture), ==, 1);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 1);

  g_assert_true (objects_fixture_settle (fixture, VIDEO, COVER, &error));
  g_assert_cmpuint (objects_fixture_count_work (fixture), ==, 0);
  objects_fixture_assert_objects (fixture, COVER " " VIDEO);
}

/* Test that what does not play everywhere is fetched, transcoded and replaced. */
static void
test_transcoded (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (DouVideo) video = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (video_fixture_publish (&fixture->video, ID, bytes, &error));
  g_assert_no_error (error);
  video_fixture_wait_idle (&fixture->video);
  video = video_fixture_get (&fixture->video, ID);
  g_assert_cmpstr (video->file, ==, TRANSCODED);
  objects_fixture_assert_objects (fixture, COVER " " TRANSCODED);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

static void
publish_row (ObjectsFixture *fixture)
{
  const DouVideo video = {
    .id = ID,
    .author = VIDEO_AUTHOR,
    .title = (char *) "title",
    .file = (char *) UNTRANSCODED,
    .cover = (char *) COVER,
  };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_video_store_publish_async (fixture->video.store, &video, DOU_VIDEO_TRANSCODE_WANTED,
                                 dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_cmpint (dou_video_store_publish_finish (fixture->video.store, result, NULL), >, 0);
}

static DouVideoTask *
get_task (ObjectsFixture *fixture)
{
  const gint64 id = ID;
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) tasks = NULL;

  dou_video_store_get_tasks_async (fixture->video.store, &id, 1, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  tasks = dou_video_store_get_tasks_finish (fixture->video.store, result, NULL);
  return g_ptr_array_steal_index (tasks, 0);
}

static gboolean
has_none_pending (gpointer data)
{
  return dou_video_manager_get_pending_transcodes (data) == 0;
}

/* Test that a video that was published here and whose file is neither here nor there is given up, with the reason. */
static void
test_lost (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) task = NULL;

  publish_row (fixture);
  video_fixture_close (&fixture->video);
  fixture->video.lease = LEASE;
  fixture->video.node = dou_id_get_node (ID);
  video_fixture_open (&fixture->video);
  dou_test_wait_until (has_none_pending, fixture->video.manager);
  video_fixture_wait_idle (&fixture->video);
  task = get_task (fixture);
  g_assert_cmpint (task->transcode, ==, DOU_VIDEO_TRANSCODE_FAILED);
  g_assert_cmpuint (task->n_attempts, ==, DOU_VIDEO_TRANSCODER_MAX_ATTEMPTS);
  g_assert_cmpstr (task->trouble, ==,
                   "its file is lost: The object store, GET " UNTRANSCODED
                   ": 404 NoSuchKey: The specified key does not exist.");
}

static DouMediaObjects *
new_denied (const char *bucket)
{
  g_autoptr (DouObjectAddress) address = dou_test_object_store_get_address (objects_fixture_server, bucket);
  g_autoptr (DouObjectStore) store = NULL;

  g_free (address->access_key);
  address->access_key = g_strdup (DOU_TEST_STRANGER_KEY);
  store = dou_object_store_new (address, &objects_fixture_patient);
  return dou_media_objects_new (store);
}

/* Test that a key that may not read is nothing that is wrong with a video, nor one that may not write, nor a bucket
 * that is not there: it waits, and the log says why. @data: which; the file is here but for the first */
static void
test_denied (ObjectsFixture *fixture, gconstpointer data)
{
  gboolean is_here = !g_str_equal (data, "read");
  const char *trouble = g_str_equal (data, "lost") ? "404 NoSuchBucket" : "403 AccessDenied";
  const char *end = is_here ? "*" : "*may not list the bucket)";
  g_autofree char *warning = g_strconcat (is_here ? "A file cannot be stored:*: " : "*: ", trouble, end, NULL);
  g_autofree char *file = dou_media_store_get_path (fixture->video.media, UNTRANSCODED);
  g_autofree char *parent = g_path_get_dirname (file);
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (DouVideoTask) task = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  if (is_here)
    g_assert_true (g_file_set_contents (file, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), NULL));
  publish_row (fixture);
  video_fixture_close (&fixture->video);
  g_clear_object (&fixture->video.objects);
  fixture->video.objects
      = g_str_equal (data, "lost") ? objects_fixture_new_objects ("nowhere", &objects_fixture_patient)
                                        : new_denied (fixture->bucket);
  fixture->video.retry_delay = LEASE;
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, warning);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_INFO, "Video 1000 has to wait for the object store:*");
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Files of a transcoded video are left:*");
  video_fixture_open (&fixture->video);
  video_fixture_wait_idle (&fixture->video);
  g_test_assert_expected_messages ();
  task = get_task (fixture);
  g_assert_cmpint (task->transcode, ==, DOU_VIDEO_TRANSCODE_WANTED);
  g_assert_cmpuint (task->n_attempts, ==, 0);
  g_assert_nonnull (strstr (task->trouble, trouble));
}

/* Test that a bucket that is not there is nothing that is wrong with any video. */
static void
test_lost_bucket (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->video.objects);
  fixture->video.objects = objects_fixture_new_objects ("nowhere", &objects_fixture_patient);
  dou_media_store_set_objects (fixture->video.media, fixture->video.objects, 1);
  objects_fixture_begin (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "*NoSuchBucket*");
  g_assert_cmpint (objects_fixture_open_file (fixture, UNTRANSCODED, &error), ==, -1);
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that a picture goes there, too. */
static void
test_picture (ObjectsFixture *fixture, gconstpointer data)
{
  const DouPicture picture = { .id = ID, .owner = VIDEO_AUTHOR, .kind = DOU_PICTURE_AVATAR };
  g_autoptr (GBytes) bytes = dou_test_picture_make ("png", 100, 100);
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;

  name = video_fixture_import (&fixture->video, &picture, bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, "avatar/00/1000.jpg");
  objects_fixture_assert_objects (fixture, name);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

/* Test that files stay here until all is said and done, are then only there, and are removed from there. */
static void
test_steps (ObjectsFixture *fixture, gconstpointer data)
{
  const char *const names[] = { VIDEO, COVER, NULL };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  objects_fixture_assert_objects (fixture, COVER " " VIDEO);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 3);

  g_assert_true (objects_fixture_settle (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  objects_fixture_assert_objects (fixture, COVER " " VIDEO);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);

  dou_media_store_remove_async (fixture->video.media, names, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (dou_media_store_remove_finish (fixture->video.media, result, &error));
  objects_fixture_assert_objects (fixture, "");
}

/* Test that a file which is not there cannot be placed, and that nothing is left. */
static void
test_nothing_to_place (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  objects_fixture_begin (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "A file cannot be stored:*");
  g_assert_false (objects_fixture_place (fixture, VIDEO, COVER, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_true (objects_fixture_settle (fixture, NULL, NULL, NULL));
  objects_fixture_assert_objects (fixture, "");
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

/* Test that a bucket which is not there is our fault, not that of who publishes. */
static void
test_no_bucket (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (DouMediaObjects) lost = objects_fixture_new_objects ("nowhere", &objects_fixture_patient);
  g_autoptr (GError) error = NULL;

  dou_media_store_set_objects (fixture->video.media, lost, 1);
  objects_fixture_begin_with_files (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "*NoSuchBucket*");
  g_assert_false (objects_fixture_place (fixture, VIDEO, COVER, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_NO_BUCKET);
  g_assert_cmpint (dou_status_from_error (error), ==, DOU_STATUS_INTERNAL);
}

/* Test that a file is read from where it is: of old, here; then there; or not at all. */
static void
test_open (ObjectsFixture *fixture, gconstpointer data)
{
  g_autofree char *old = dou_media_store_get_path (fixture->video.media, TRANSCODED);
  g_autofree char *parent = g_path_get_dirname (old);
  g_autoptr (GError) error = NULL;
  char buffer[16] = { 0 };
  int fd;

  g_assert_cmpint (g_mkdir (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (old, "old", -1, NULL));
  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, NULL, &error));

  fd = objects_fixture_open_file (fixture, VIDEO, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pread (fd, buffer, sizeof buffer, 0), ==, strlen ("a video"));
  g_assert_cmpstr (buffer, ==, "a video");
  close (fd);

  fd = objects_fixture_open_file (fixture, TRANSCODED, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pread (fd, buffer, sizeof buffer, 0), ==, strlen ("old"));
  close (fd);

  g_assert_cmpint (objects_fixture_open_file (fixture, "video/00/1000.webm", &error), ==, -1);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_NOT_FOUND);
}

/* Test that what could not be tidied up is done by itself when the store is back. */
static void
test_left (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, NULL));
  objects_fixture_hang (fixture);
  g_assert_false (objects_fixture_settle (fixture, NULL, NULL, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpuint (objects_fixture_count_work (fixture), ==, 1);

  objects_fixture_go_on (fixture);
  dou_test_wait_until (has_no_work, fixture);
  objects_fixture_assert_objects (fixture, "");
}

/* Test that a start does not wait for a store that hangs, and that what the end before has left is tidied
 * up later: of a video without a row all, of one with a row what the row does not name. */
static void
test_recovered (ObjectsFixture *fixture, gconstpointer data)
{
  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, NULL));
  video_fixture_close (&fixture->video);

  dou_test_object_store_hang (objects_fixture_server);
  video_fixture_open (&fixture->video);
  g_assert_cmpuint (objects_fixture_count_work (fixture), ==, 1);
  dou_test_object_store_go_on (objects_fixture_server);
  dou_test_wait_until (has_no_work, fixture);
  objects_fixture_assert_objects (fixture, "");
}

/* Test that what is begun again while its last attempt is still being tidied up begins after that, so that
 * what it places stays. */
static void
test_begun_again (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, NULL));
  dou_media_store_settle_later (fixture->video.media, ID, NULL, NULL);
  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  g_assert_true (objects_fixture_settle (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  objects_fixture_assert_objects (fixture, COVER " " VIDEO);

  /* And once it is surely under way. */
  dou_media_store_settle_later (fixture->video.media, ID, VIDEO, COVER);
  dou_test_object_store_hang (objects_fixture_server);
  g_main_context_iteration (NULL, TRUE);
  dou_test_object_store_go_on (objects_fixture_server);
  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  objects_fixture_assert_objects (fixture, COVER " " VIDEO);
}

/* Test that a node which still thinks that a video is as it came leaves alone what another has made of
 * it. */
static void
test_other_node (ObjectsFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, TRANSCODED, COVER, &error));
  g_assert_true (objects_fixture_settle (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  objects_fixture_assert_objects (fixture, COVER " " TRANSCODED);

  g_assert_true (objects_fixture_settle (fixture, NULL, NULL, &error));
  objects_fixture_assert_objects (fixture, "");
}

/* As a large file's, whose parts nobody will send. */
static void
begin_upload (ObjectsFixture *fixture, const char *name)
{
  g_autoptr (DouObjectAddress) address
      = dou_test_object_store_get_address (objects_fixture_server, fixture->bucket);
  g_autoptr (DouObjectClient) client = dou_object_client_new (address, &objects_fixture_patient);
  DouObjectRequest *request = dou_object_request_new (SOUP_METHOD_POST, name);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DouObjectAnswer) answer = NULL;
  g_autoptr (GError) error = NULL;

  dou_object_request_add_parameter (request, "uploads", "");
  dou_object_client_send_async (client, request, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  answer = dou_object_client_send_finish (client, result, &error);
  g_assert_no_error (error);
}

/* Test that no parts stay of an upload whose sender was killed, also if the same video is sent again at once, as
 * gateways do. */
static void
test_parts_left (ObjectsFixture *fixture, gconstpointer data)
{
  g_autofree char *uploads = NULL;
  g_autoptr (GError) error = NULL;

  objects_fixture_begin_with_files (fixture);
  begin_upload (fixture, VIDEO);
  video_fixture_close (&fixture->video);

  video_fixture_open (&fixture->video);
  objects_fixture_begin_with_files (fixture);
  g_assert_true (objects_fixture_place (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  g_assert_true (objects_fixture_settle (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);

  g_assert_cmpuint (objects_fixture_count_work (fixture), ==, 0);
  objects_fixture_assert_objects (fixture, COVER " " VIDEO);
  uploads = dou_test_object_store_list (objects_fixture_server, fixture->bucket, "uploads");
  g_assert_null (strstr (uploads, "<UploadId>"));
}

#define ADD_WITH(path, data, function)                                                             \
  g_test_add ("/video/media-objects/" path, ObjectsFixture, data, objects_fixture_set_up, function,            \
              objects_fixture_tear_down)
#define ADD(path, function) ADD_WITH (path, NULL, function)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  objects_fixture_server = dou_test_object_store_new ();

  ADD ("nothing-to-place", test_nothing_to_place);
  ADD ("no-bucket", test_no_bucket);
  ADD ("publish-hung", test_publish_hung);
  ADD ("publish-late", test_publish_late);
  ADD ("begun-meanwhile", test_begun_meanwhile);
  ADD ("transcoded", test_transcoded);
  ADD ("lost", test_lost);
  ADD ("lost-bucket", test_lost_bucket);
  ADD_WITH ("denied/read", "read", test_denied);
  ADD_WITH ("denied/write", "write", test_denied);
  ADD_WITH ("denied/lost", "lost", test_denied);
  ADD ("picture", test_picture);
  ADD ("steps", test_steps);
  ADD ("open", test_open);
  ADD ("left", test_left);
  ADD ("recovered", test_recovered);
  ADD ("begun-again", test_begun_again);
  ADD ("other-node", test_other_node);
  ADD ("parts-left", test_parts_left);

  status = g_test_run ();
  dou_test_object_store_free (objects_fixture_server);

  return status;
}
