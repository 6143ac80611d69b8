/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
#define UNTRANSCODED "video/00/1000.webm"
/* Milliseconds: longer than any test. */
#define LEASE 3600000

static void
set_up (VideoFixture *fixture, gconstpointer data)
{
  video_fixture_set_up (fixture, data);
  video_fixture_open (fixture);
}

static void
assert_refused (VideoFixture *fixture, DouVideoUpload upload, DouStatus status)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_manager_publish_async (fixture->manager, &upload, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_false (dou_video_manager_publish_finish (fixture->manager, result, &error));
  g_assert_error (error, DOU_ERROR, (int) status);
}

/* Test that ids, titles and files that make no sense are refused, and change nothing. */
static void
test_refused (VideoFixture *fixture, gconstpointer data)
{
  g_autofree char *long_title = g_strnfill (DOU_VIDEO_TITLE_MAX + 1, 'x');
  g_autoptr (GBytes) text = g_bytes_new_static ("text", 4);
  int fd = dou_test_media_upload (fixture->directory, text);

  assert_refused (fixture, (DouVideoUpload){ 0, 1, "title", fd }, DOU_STATUS_BAD_PARAMETER);
  assert_refused (fixture, (DouVideoUpload){ -1, 1, "title", fd }, DOU_STATUS_BAD_PARAMETER);
  assert_refused (fixture, (DouVideoUpload){ ID, 0, "title", fd }, DOU_STATUS_BAD_PARAMETER);
  assert_refused (fixture, (DouVideoUpload){ G_MAXINT64, 1, "title", fd },
                  DOU_STATUS_BAD_PARAMETER);
  assert_refused (fixture, (DouVideoUpload){ ID, 1, "", fd }, DOU_STATUS_BAD_TITLE);
  assert_refused (fixture, (DouVideoUpload){ ID, 1, " \t ", fd }, DOU_STATUS_BAD_TITLE);
  assert_refused (fixture, (DouVideoUpload){ ID, 1, "a\nb", fd }, DOU_STATUS_BAD_TITLE);
  assert_refused (fixture, (DouVideoUpload){ ID, 1, "\xff", fd }, DOU_STATUS_BAD_TITLE);
  assert_refused (fixture, (DouVideoUpload){ ID, 1, long_title, fd }, DOU_STATUS_BAD_TITLE);
  assert_refused (fixture, (DouVideoUpload){ ID, 1, "title", -1 }, DOU_STATUS_BAD_PARAMETER);
  assert_refused (fixture, (DouVideoUpload){ ID, 1, "title", fd }, DOU_STATUS_UNSUPPORTED_MEDIA);
  close (fd);

  g_assert_cmpuint (fixture->changed->len, ==, 0);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, 0);
  video_fixture_assert_files (fixture, ID);
}

/* Test that after a refusal the same id may be used for a good file. */
static void
test_refused_then_good (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) good = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (GBytes) bad = g_bytes_new_from_bytes (good, 0, g_bytes_get_size (good) / 2);
  g_autoptr (GError) error = NULL;

  g_assert_false (video_fixture_publish (fixture, ID, bad, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_MEDIA_DAMAGED);
  g_clear_error (&error);
  video_fixture_assert_files (fixture, ID);
  g_assert_true (video_fixture_publish (fixture, ID, good, &error));
  g_assert_no_error (error);
}

static void
assert_page_holds (VideoFixture *fixture, gboolean works, const gint64 *ids, guint n_ids)
{
  const DouVideoPageRequest request = { VIDEO_AUTHOR, 0, 30 };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) pages = NULL;
  GArray *places;

  if (works)
    dou_video_manager_get_works_async (fixture->manager, &request, 1, dou_test_wait_result_cb,
                                       &pending);
  else
    dou_video_manager_get_feed_async (fixture->manager, &request, 1, dou_test_wait_result_cb,
                                      &pending);
  result = dou_test_wait_result (&pending);
  pages = dou_video_manager_get_pages_finish (fixture->manager, result, NULL);
  places = g_array_index (pages, DouVideoPage, 0).places;
  g_assert_cmpuint (places->len, ==, n_ids);
  for (guint i = 0; i < n_ids; i++)
    g_assert_cmpint (g_array_index (places, DouVideoPlace, i).id, ==, ids[i]);
}

/* Test that a published video is in the feed and in its author's works, that everybody was told
 * before, that its files are there, and that the same title makes another video. */
static void
test_published (VideoFixture *fixture, gconstpointer data)
{
  const gint64 ids[] = { ID + 1, ID };
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (DouVideo) video = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (video_fixture_publish (fixture, ID, bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->changed->len, ==, 1);
  g_assert_cmpint (g_array_index (fixture->changed, gint64, 0), ==, ID);
  g_assert_cmpint (g_array_index (fixture->changed_authors, gint64, 0), ==, VIDEO_AUTHOR);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, 1);

  video_fixture_wait_idle (fixture);
  video_fixture_assert_files (fixture, ID);
  video = video_fixture_get (fixture, ID);
  g_assert_cmpstr (video->title, ==, "title");
  g_assert_cmpstr (video->file, ==, "video/00/1000.mp4");
  g_assert_cmpint (video->publish_time, ==, VIDEO_NOON);

  g_assert_true (video_fixture_publish (fixture, ID + 1, bytes, &error));
  assert_page_holds (fixture, FALSE, ids, 2);
  assert_page_holds (fixture, TRUE, ids, 2);
}

/* Test that an upload that comes again is published once, whatever file comes with it. */
static void
test_again (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (GBytes) text = g_bytes_new_static ("text", 4);
  g_autoptr (GError) error = NULL;

  g_assert_true (video_fixture_publish (fixture, ID, bytes, &error));
  g_assert_true (video_fixture_publish (fixture, ID, bytes, &error));
  g_assert_true (video_fixture_publish (fixture, ID, text, &error));
  g_assert_no_error (error);
  video_fixture_close (fixture);
  video_fixture_open (fixture);
  g_assert_true (video_fixture_publish (fixture, ID, bytes, &error));
  g_assert_no_error (error);

  g_assert_cmpuint (fixture->changed->len, ==, 1);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, 1);
  video_fixture_wait_idle (fixture);
  video_fixture_assert_files (fixture, ID);
}

/* Test that an upload that comes again while it is worked on shares the one result. */
static void
test_at_once (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  GAsyncResult *pending[4] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (pending); i++)
    {
      int fd = dou_test_media_upload (fixture->directory, bytes);
      const DouVideoUpload upload = { ID, VIDEO_AUTHOR, "title", fd };

      dou_video_manager_publish_async (fixture->manager, &upload, dou_test_wait_result_cb,
                                       &pending[i]);
      close (fd);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (pending); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&pending[i]);

      g_assert_true (dou_video_manager_publish_finish (fixture->manager, result, NULL));
    }

  g_assert_cmpuint (fixture->changed->len, ==, 1);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, 1);
}

/* Test that what does not play everywhere is published as it came, and replaced afterwards. */
static void
test_transcoded (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (DouVideo) before = NULL;
  g_autoptr (DouVideo) after = NULL;
  g_autofree char *path = NULL;
  g_autofree char *streams = NULL;

  g_assert_true (video_fixture_publish (fixture, ID, bytes, NULL));
  before = video_fixture_get (fixture, ID);
  g_assert_cmpstr (before->file, ==, "video/00/1000.webm");
  g_assert_cmpuint (dou_video_manager_get_pending_transcodes (fixture->manager), ==, 1);

  video_fixture_wait_idle (fixture);
  g_assert_cmpuint (dou_video_manager_get_pending_transcodes (fixture->manager), ==, 0);
  after = video_fixture_get (fixture, ID);
  g_assert_cmpstr (after->file, ==, "video/00/1000-1.mp4");
  g_assert_cmpint (after->publish_time, ==, before->publish_time);
  g_assert_cmpuint (fixture->changed->len, ==, 2);
  g_assert_cmpuint (fixture->changed_authors->len, ==, 1);
  video_fixture_assert_files (fixture, ID);

  path = dou_media_store_get_path (fixture->media, after->file);
  streams = dou_test_media_describe (path, "stream=codec_name");
  g_assert_cmpstr (streams, ==, "h264\naac");
}

static gboolean
has_none_pending (gpointer data)
{
  return dou_video_manager_get_pending_transcodes (data) == 0;
}

static DouVideoTask *
get_task (VideoFixture *fixture)
{
  const gint64 id = ID;
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) tasks = NULL;

  dou_video_store_get_tasks_async (fixture->store, &id, 1, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  tasks = dou_video_store_get_tasks_finish (fixture->store, result, NULL);
  return g_ptr_array_steal_index (tasks, 0);
}

static void
assert_given_up (VideoFixture *fixture, const char *reason)
{
  g_autoptr (DouVideoTask) task = get_task (fixture);

  g_assert_cmpint (task->transcode, ==, DOU_VIDEO_TRANSCODE_FAILED);
  g_assert_cmpuint (task->n_attempts, ==, DOU_VIDEO_TRANSCODER_MAX_ATTEMPTS);
  g_assert_cmpstr (task->trouble, ==, reason);
}

static void
claim (VideoFixture *fixture)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DouVideoTask) task = NULL;
  gboolean held;

  dou_video_store_claim_task_async (fixture->store, ID, 0, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (
      dou_video_store_change_task_finish (fixture->store, result, &held, &task, NULL));
  g_assert_true (held);
}

/* Test that what has ended the service three times is not begun once more. */
static void
test_fatal (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (DouVideo) video = NULL;

  g_assert_true (video_fixture_publish (fixture, ID, bytes, NULL));
  video_fixture_close (fixture);
  video_fixture_open_store (fixture);
  for (guint i = 0; i < DOU_VIDEO_TRANSCODER_MAX_ATTEMPTS; i++)
    claim (fixture);

  video_fixture_open (fixture);
  dou_test_wait_until (has_none_pending, fixture->manager);
  video_fixture_wait_idle (fixture);
  assert_given_up (fixture, "each attempt ended with the service");
  video = video_fixture_get (fixture, ID);
  g_assert_cmpstr (video->file, ==, "video/00/1000.webm");
  video_fixture_assert_files (fixture, ID);
}

static guint
get_failed (VideoFixture *fixture)
{
  guint n_failed;

  g_object_get (fixture->manager, "failed-transcodes", &n_failed, NULL);
  return n_failed;
}

/* The administration wants the video tried again, and some that it cannot have. */
static void
assert_retried (VideoFixture *fixture)
{
  static const DouCaller caller = { 1000, (char *) "root" };
  const DouVideoRetry retries[] = { { ID, "" }, { ID, "twice" }, { 1, "" }, { ID + 1, "two\nlines" } };
  const gint32 expected[] = { DOU_STATUS_OK, DOU_STATUS_BAD_PARAMETER, DOU_STATUS_VIDEO_NOT_FOUND,
                              DOU_STATUS_BAD_PARAMETER };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_manager_retry_async (fixture->manager, retries, G_N_ELEMENTS (retries), &caller,
                                 dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  statuses = dou_video_manager_retry_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (gint32), expected, sizeof expected);
}

/* A row alone, with a video that is to be transcoded. */
static void
publish_row (VideoFixture *fixture)
{
  const DouVideo video = {
    .id = ID,
    .author = VIDEO_AUTHOR,
    .title = (char *) "title",
    .file = (char *) UNTRANSCODED,
    .cover = (char *) "cover/00/1000.jpg",
  };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_video_store_publish_async (fixture->store, &video, DOU_VIDEO_TRANSCODE_WANTED,
                                 dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_cmpint (dou_video_store_publish_finish (fixture->store, result, NULL), >, 0);
}

/* Test that a video whose file is nowhere is given up by the node that has published it, with the reason. */
static void
test_lost (VideoFixture *fixture, gconstpointer data)
{
  g_autofree char *file = dou_media_store_get_path (fixture->media, UNTRANSCODED);
  g_autofree char *reason = g_strdup_printf ("its file is lost: There is no %s", file);

  publish_row (fixture);
  video_fixture_close (fixture);
  fixture->lease = LEASE;
  fixture->node = dou_id_get_node (ID);
  video_fixture_open (fixture);
  dou_test_wait_until (has_none_pending, fixture->manager);
  video_fixture_wait_idle (fixture);
  assert_given_up (fixture, reason);
  g_assert_cmpuint (get_failed (fixture), ==, 1);
}

/* Test that a node leaves alone what another has published, and has not brought to where both can read it. */
static void
test_elsewhere (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) task = NULL;

  publish_row (fixture);
  video_fixture_close (fixture);
  fixture->lease = LEASE;
  fixture->node = dou_id_get_node (ID) + 1;
  video_fixture_open (fixture);
  video_fixture_wait_idle (fixture);
  task = get_task (fixture);
  g_assert_cmpint (task->transcode, ==, DOU_VIDEO_TRANSCODE_WANTED);
  g_assert_cmpuint (task->n_attempts, ==, 0);
}

/* Test that what cannot be transcoded is tried three times, then left as it came, with the reason. */
static void
test_untranscodable (VideoFixture *fixture, gconstpointer data)
{
  g_autofree char *file = dou_media_store_get_path (fixture->media, UNTRANSCODED);
  g_autofree char *parent = g_path_get_dirname (file);
  g_autoptr (DouVideo) after = NULL;

  g_assert_cmpint (g_mkdir (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "not a video", -1, NULL));
  publish_row (fixture);
  video_fixture_close (fixture);

  video_fixture_open (fixture);
  g_assert_cmpuint (dou_video_manager_get_pending_transcodes (fixture->manager), ==, 1);
  dou_test_wait_until (has_none_pending, fixture->manager);
  video_fixture_wait_idle (fixture);
  after = video_fixture_get (fixture, ID);
  g_assert_cmpstr (after->file, ==, UNTRANSCODED);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (fixture->changed->len, ==, 0);
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 1);
  assert_given_up (fixture, "neither MP4 nor Matroska");
  g_assert_cmpuint (get_failed (fixture), ==, 1);

  video_fixture_close (fixture);
  video_fixture_open (fixture);
  g_assert_cmpuint (dou_video_manager_get_pending_transcodes (fixture->manager), ==, 0);
  g_assert_cmpuint (get_failed (fixture), ==, 1);

  /* And once more, in vain; what is refused is not. */
  assert_retried (fixture);
  g_assert_cmpuint (dou_video_manager_get_pending_transcodes (fixture->manager), ==, 1);
  g_assert_cmpuint (get_failed (fixture), ==, 0);
  dou_test_wait_until (has_none_pending, fixture->manager);
  video_fixture_wait_idle (fixture);
  assert_given_up (fixture, "neither MP4 nor Matroska");
  g_assert_cmpuint (get_failed (fixture), ==, 1);
}

/* Test that an orderly end in the middle of transcoding, at any point of it, leaves what was there
 * before or what was to be, and counts no attempt. */
static void
test_stop_transcoding (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  gboolean done = FALSE;

  g_assert_true (video_fixture_publish (fixture, ID, bytes, NULL));
  for (guint n = 0; !done; n += 3)
    {
      g_autoptr (DouVideo) video = NULL;

      for (guint i = 0; i < n && dou_video_manager_is_busy (fixture->manager); i++)
        g_main_context_iteration (NULL, TRUE);
      dou_video_manager_stop (fixture->manager);
      video_fixture_wait_idle (fixture);
      done = dou_video_manager_get_pending_transcodes (fixture->manager) == 0;
      video = video_fixture_get (fixture, ID);
      g_assert_cmpstr (video->file, ==, done ? "video/00/1000-1.mp4" : "video/00/1000.webm");

      video_fixture_close (fixture);
      video_fixture_open (fixture);
      g_assert_cmpuint (dou_video_manager_get_pending_transcodes (fixture->manager), ==, !done);
    }

  video_fixture_wait_idle (fixture);
  video_fixture_assert_files (fixture, ID);
}

/* Test that what is being published when the end comes is finished, and nothing new begun. */
static void
test_stop_publishing (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  int fd = dou_test_media_upload (fixture->directory, bytes);
  const DouVideoUpload upload = { ID, VIDEO_AUTHOR, "title", fd };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_video_manager_publish_async (fixture->manager, &upload, dou_test_wait_result_cb, &pending);
  dou_video_manager_stop (fixture->manager);
  g_assert_true (dou_video_manager_is_busy (fixture->manager));
  assert_refused (fixture, (DouVideoUpload){ ID + 1, 1, "title", fd }, DOU_STATUS_UNAVAILABLE);
  close (fd);
  result = dou_test_wait_result (&pending);
  g_assert_true (dou_video_manager_publish_finish (fixture->manager, result, NULL));
  video_fixture_wait_idle (fixture);
  video_fixture_assert_files (fixture, ID);
}

/* Test that a start removes files that no row names, and keeps those that one does. */
static void
test_recovery (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  const char *names[] = { "work/1000/video", "work/2000/video", "video/00/2000.mp4",
                          "cover/00/2000.jpg", "video/00/1000-1.mp4" };

  g_assert_true (video_fixture_publish (fixture, ID, bytes, NULL));
  video_fixture_wait_idle (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = dou_media_store_get_path (fixture->media, names[i]);
      g_autofree char *parent = g_path_get_dirname (path);

      g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
      g_assert_true (g_file_set_contents (path, "left", -1, NULL));
    }

  video_fixture_close (fixture);
  video_fixture_open (fixture);
  video_fixture_assert_files (fixture, ID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-manager/" name, VideoFixture, NULL, set_up, func,                      \
              video_fixture_tear_down)
  ADD ("refused", test_refused);
  ADD ("refused-then-good", test_refused_then_good);
  ADD ("published", test_published);
  ADD ("again", test_again);
  ADD ("at-once", test_at_once);
  ADD ("transcoded", test_transcoded);
  ADD ("fatal", test_fatal);
  ADD ("lost", test_lost);
  ADD ("elsewhere", test_elsewhere);
  ADD ("untranscodable", test_untranscodable);
  ADD ("stop-transcoding", test_stop_transcoding);
  ADD ("stop-publishing", test_stop_publishing);
  ADD ("recovery", test_recovery);
#undef ADD

  return g_test_run ();
}
