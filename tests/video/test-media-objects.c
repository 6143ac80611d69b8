/* SPDX-License-Identifier: Apache-2.0 */

/* The media store and what is above it with their files in a real object store: what is where after each
 * step, and what becomes of it when the object store is away or hangs. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "lib/dou-test-object-store.h"
#include "lib/dou-test-picture.h"
#include "lib/dou-test-wait.h"
#include "video/dou-media-convert.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
#define VIDEO "video/00/1000.mp4"
#define TRANSCODED "video/00/1000-1.mp4"
#define COVER "cover/00/1000.jpg"
#define UNTRANSCODED "video/00/1000.webm"
/* Milliseconds: longer than any test. */
#define LEASE 3600000

typedef struct
{
  VideoFixture video; /* must be first */
  char *bucket;       /* (owned) */
} Fixture;

/* Shared, since it takes seconds to start; each test has a bucket of its own. */
static DouTestObjectStore *server;
static guint n_buckets;

/* A machine that does many things at once may need some time for each. */
static const DouObjectLimits patient = { .timeout = 60, .n_attempts = 3, .n_running = 8 };
/* For a store that is known to hang. */
static const DouObjectLimits impatient = { .timeout = 1, .n_attempts = 2, .n_running = 8 };

static DouMediaObjects *
new_objects (const char *bucket, const DouObjectLimits *limits)
{
  g_autoptr (DouObjectAddress) address = dou_test_object_store_get_address (server, bucket);
  g_autoptr (DouObjectStore) store = dou_object_store_new (address, limits);

  return dou_media_objects_new (store);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bucket = g_strdup_printf ("bucket-%u", n_buckets++);
  dou_test_object_store_make_bucket (server, fixture->bucket);
  video_fixture_set_up (&fixture->video, data);
  fixture->video.objects = new_objects (fixture->bucket, &patient);
  video_fixture_open (&fixture->video);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_object_store_go_on (server);
  video_fixture_tear_down (&fixture->video, data);
  g_free (fixture->bucket);
}

static void
hang (Fixture *fixture)
{
  g_autoptr (DouMediaObjects) hurried = new_objects (fixture->bucket, &impatient);

  dou_media_store_set_objects (fixture->video.media, hurried, 1);
  dou_test_object_store_hang (server);
}

static void
go_on (Fixture *fixture)
{
  dou_test_object_store_go_on (server);
  dou_media_store_set_objects (fixture->video.media, fixture->video.objects, 1);
}

/* Returns: names of all objects, in order, separated by spaces */
static char *
list_objects (Fixture *fixture)
{
  g_autofree char *text = dou_test_object_store_list (server, fixture->bucket, NULL);
  g_auto (GStrv) parts = g_strsplit (text, "<Key>", -1);
  GString *names = g_string_new (NULL);

  for (char **part = parts + 1; *part != NULL; part++)
    g_string_append_printf (names, "%s%.*s", names->len > 0 ? " " : "", (int) strcspn (*part, "<"), *part);
  return g_string_free (names, FALSE);
}

static void
assert_objects (Fixture *fixture, const char *expected)
{
  g_autofree char *names = list_objects (fixture);

  g_assert_cmpstr (names, ==, expected);
}

static guint
count_work (Fixture *fixture)
{
  g_autoptr (GArray) ids = dou_media_store_list_work (fixture->video.media, NULL);

  return ids->len;
}

static void
begin (Fixture *fixture)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_media_store_begin_async (fixture->video.media, ID, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (dou_media_store_begin_finish (fixture->video.media, result, &error));
  g_assert_no_error (error);
}

/* Begins, and makes what is to be placed. */
static void
begin_with_files (Fixture *fixture)
{
  g_autofree char *work = dou_media_store_get_work_directory (fixture->video.media, ID);
  g_autofree char *video = g_build_filename (work, DOU_MEDIA_VIDEO_FILE, NULL);
  g_autofree char *cover = g_build_filename (work, DOU_MEDIA_COVER_FILE, NULL);

  begin (fixture);
  g_assert_true (g_file_set_contents (video, "a video", -1, NULL));
  g_assert_true (g_file_set_contents (cover, "a cover", -1, NULL));
}

static gboolean
place (Fixture *fixture, const char *video, const char *cover, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_store_place_async (fixture->video.media, ID, -1, video, cover, dou_test_wait_result_cb,
                               &pending);
  result = dou_test_wait_result (&pending);
  return dou_media_store_place_finish (fixture->video.media, result, error);
}

static gboolean
settle (Fixture *fixture, const char *video, const char *cover, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_store_settle_async (fixture->video.media, ID, video, cover, dou_test_wait_result_cb,
                                &pending);
  result = dou_test_wait_result (&pending);
  return dou_media_store_settle_finish (fixture->video.media, result, error);
}

static int
open_file (Fixture *fixture, const char *name, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_store_open_async (fixture->video.media, ID, name, NULL, dou_test_wait_result_cb,
                              &pending);
  result = dou_test_wait_result (&pending);
  return dou_media_store_open_finish (fixture->video.media, result, error);
}

/* Test that publishing is refused while the store hangs, that nothing is published or left to see, and
 * that it works with the same id as soon as the store does. */
static void
test_publish_hung (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (DouVideo) none = NULL;
  g_autoptr (DouVideo) video = NULL;
  g_autoptr (GError) error = NULL;

  hang (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "A file cannot be stored:*");
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Files of a refused video are left:*");
  g_assert_false (video_fixture_publish (&fixture->video, ID, bytes, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_clear_error (&error);
  none = video_fixture_get (&fixture->video, ID);
  g_assert_null (none);
  g_assert_cmpuint (fixture->video.changed->len, ==, 0);
  g_assert_cmpuint (count_work (fixture), ==, 1);

  go_on (fixture);
  g_assert_true (video_fixture_publish (&fixture->video, ID, bytes, &error));
  g_assert_no_error (error);
  video_fixture_wait_idle (&fixture->video);
  video = video_fixture_get (&fixture->video, ID);
  g_assert_cmpstr (video->file, ==, VIDEO);
  assert_objects (fixture, COVER " " VIDEO);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

/* Test that who begins while the same id is being settled does so afterwards, and keeps its directory. */
static void
test_begun_meanwhile (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *settling = NULL;
  GAsyncResult *beginning = NULL;
  g_autoptr (GAsyncResult) settled = NULL;
  g_autoptr (GAsyncResult) begun = NULL;
  g_autoptr (GError) error = NULL;

  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, COVER, &error));
  dou_media_store_settle_async (fixture->video.media, ID, VIDEO, COVER, dou_test_wait_result_cb,
                                &settling);
  dou_media_store_begin_async (fixture->video.media, ID, dou_test_wait_result_cb, &beginning);
  settled = dou_test_wait_result (&settling);
  begun = dou_test_wait_result (&beginning);
  g_assert_true (dou_media_store_settle_finish (fixture->video.media, settled, &error));
  g_assert_true (dou_media_store_begin_finish (fixture->video.media, begun, &error));
  g_assert_cmpuint (count_work (fixture), ==, 1);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 1);

  g_assert_true (settle (fixture, VIDEO, COVER, &error));
  g_assert_cmpuint (count_work (fixture), ==, 0);
  assert_objects (fixture, COVER " " VIDEO);
}

/* Test that what does not play everywhere is fetched, transcoded and replaced. */
static void
test_transcoded (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (DouVideo) video = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (video_fixture_publish (&fixture->video, ID, bytes, &error));
  g_assert_no_error (error);
  video_fixture_wait_idle (&fixture->video);
  video = video_fixture_get (&fixture->video, ID);
  g_assert_cmpstr (video->file, ==, TRANSCODED);
  assert_objects (fixture, COVER " " TRANSCODED);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

static void
publish_row (Fixture *fixture)
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
get_task (Fixture *fixture)
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
test_lost (Fixture *fixture, gconstpointer data)
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
  g_autoptr (DouObjectAddress) address = dou_test_object_store_get_address (server, bucket);
  g_autoptr (DouObjectStore) store = NULL;

  g_free (address->access_key);
  address->access_key = g_strdup (DOU_TEST_STRANGER_KEY);
  store = dou_object_store_new (address, &patient);
  return dou_media_objects_new (store);
}

/* Test that a key that may not read is nothing that is wrong with a video, nor one that may not write, nor a bucket
 * that is not there: it waits, and the log says why. @data: which; the file is here but for the first */
static void
test_denied (Fixture *fixture, gconstpointer data)
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
      = g_str_equal (data, "lost") ? new_objects ("nowhere", &patient) : new_denied (fixture->bucket);
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
test_lost_bucket (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->video.objects);
  fixture->video.objects = new_objects ("nowhere", &patient);
  dou_media_store_set_objects (fixture->video.media, fixture->video.objects, 1);
  begin (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "*NoSuchBucket*");
  g_assert_cmpint (open_file (fixture, UNTRANSCODED, &error), ==, -1);
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that a picture goes there, too. */
static void
test_picture (Fixture *fixture, gconstpointer data)
{
  const DouPicture picture = { .id = ID, .owner = VIDEO_AUTHOR, .kind = DOU_PICTURE_AVATAR };
  g_autoptr (GBytes) bytes = dou_test_picture_make ("png", 100, 100);
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;

  name = video_fixture_import (&fixture->video, &picture, bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, "avatar/00/1000.jpg");
  assert_objects (fixture, name);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

/* Test that files stay here until all is said and done, are then only there, and are removed from there. */
static void
test_steps (Fixture *fixture, gconstpointer data)
{
  const char *const names[] = { VIDEO, COVER, NULL };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  assert_objects (fixture, COVER " " VIDEO);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 3);

  g_assert_true (settle (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  assert_objects (fixture, COVER " " VIDEO);
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);

  dou_media_store_remove_async (fixture->video.media, names, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (dou_media_store_remove_finish (fixture->video.media, result, &error));
  assert_objects (fixture, "");
}

/* Test that a file which is not there cannot be placed, and that nothing is left. */
static void
test_nothing_to_place (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "A file cannot be stored:*");
  g_assert_false (place (fixture, VIDEO, COVER, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_true (settle (fixture, NULL, NULL, NULL));
  assert_objects (fixture, "");
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
}

/* Test that a bucket which is not there is our fault, not that of who publishes. */
static void
test_no_bucket (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouMediaObjects) lost = new_objects ("nowhere", &patient);
  g_autoptr (GError) error = NULL;

  dou_media_store_set_objects (fixture->video.media, lost, 1);
  begin_with_files (fixture);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "*NoSuchBucket*");
  g_assert_false (place (fixture, VIDEO, COVER, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_NO_BUCKET);
  g_assert_cmpint (dou_status_from_error (error), ==, DOU_STATUS_INTERNAL);
}

/* Test that a file is read from where it is: of old, here; then there; or not at all. */
static void
test_open (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old = dou_media_store_get_path (fixture->video.media, TRANSCODED);
  g_autofree char *parent = g_path_get_dirname (old);
  g_autoptr (GError) error = NULL;
  char buffer[16] = { 0 };
  int fd;

  g_assert_cmpint (g_mkdir (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (old, "old", -1, NULL));
  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, NULL, &error));

  fd = open_file (fixture, VIDEO, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pread (fd, buffer, sizeof buffer, 0), ==, strlen ("a video"));
  g_assert_cmpstr (buffer, ==, "a video");
  close (fd);

  fd = open_file (fixture, TRANSCODED, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pread (fd, buffer, sizeof buffer, 0), ==, strlen ("old"));
  close (fd);

  g_assert_cmpint (open_file (fixture, "video/00/1000.webm", &error), ==, -1);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_NOT_FOUND);
}

static gboolean
has_no_work (gpointer data)
{
  return count_work (data) == 0;
}

/* Test that what could not be tidied up is done by itself when the store is back. */
static void
test_left (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, COVER, NULL));
  hang (fixture);
  g_assert_false (settle (fixture, NULL, NULL, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpuint (count_work (fixture), ==, 1);

  go_on (fixture);
  dou_test_wait_until (has_no_work, fixture);
  assert_objects (fixture, "");
}

/* Test that a start does not wait for a store that hangs, and that what the end before has left is tidied
 * up later: of a video without a row all, of one with a row what the row does not name. */
static void
test_recovered (Fixture *fixture, gconstpointer data)
{
  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, COVER, NULL));
  video_fixture_close (&fixture->video);

  dou_test_object_store_hang (server);
  video_fixture_open (&fixture->video);
  g_assert_cmpuint (count_work (fixture), ==, 1);
  dou_test_object_store_go_on (server);
  dou_test_wait_until (has_no_work, fixture);
  assert_objects (fixture, "");
}

/* Test that what is begun again while its last attempt is still being tidied up begins after that, so that
 * what it places stays. */
static void
test_begun_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, COVER, NULL));
  dou_media_store_settle_later (fixture->video.media, ID, NULL, NULL);
  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  g_assert_true (settle (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  assert_objects (fixture, COVER " " VIDEO);

  /* And once it is surely under way. */
  dou_media_store_settle_later (fixture->video.media, ID, VIDEO, COVER);
  dou_test_object_store_hang (server);
  g_main_context_iteration (NULL, TRUE);
  dou_test_object_store_go_on (server);
  begin_with_files (fixture);
  g_assert_true (place (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  assert_objects (fixture, COVER " " VIDEO);
}

/* Test that a node which still thinks that a video is as it came leaves alone what another has made of
 * it. */
static void
test_other_node (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin_with_files (fixture);
  g_assert_true (place (fixture, TRANSCODED, COVER, &error));
  g_assert_true (settle (fixture, VIDEO, COVER, &error));
  g_assert_no_error (error);
  assert_objects (fixture, COVER " " TRANSCODED);

  g_assert_true (settle (fixture, NULL, NULL, &error));
  assert_objects (fixture, "");
}

#define ADD(path, function)                                                                        \
  g_test_add ("/video/media-objects/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  server = dou_test_object_store_new ();

  ADD ("nothing-to-place", test_nothing_to_place);
  ADD ("no-bucket", test_no_bucket);
  ADD ("publish-hung", test_publish_hung);
  ADD ("begun-meanwhile", test_begun_meanwhile);
  ADD ("transcoded", test_transcoded);
  ADD ("lost", test_lost);
  ADD ("lost-bucket", test_lost_bucket);
  g_test_add ("/video/media-objects/denied/read", Fixture, "read", set_up, test_denied, tear_down);
  g_test_add ("/video/media-objects/denied/write", Fixture, "write", set_up, test_denied, tear_down);
  g_test_add ("/video/media-objects/denied/lost", Fixture, "lost", set_up, test_denied, tear_down);
  ADD ("picture", test_picture);
  ADD ("steps", test_steps);
  ADD ("open", test_open);
  ADD ("left", test_left);
  ADD ("recovered", test_recovered);
  ADD ("begun-again", test_begun_again);
  ADD ("other-node", test_other_node);

  status = g_test_run ();
  dou_test_object_store_free (server);

  return status;
}
