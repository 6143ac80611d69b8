/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "lib/dou-test-bus.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
/* As many as are told at once. */
#define N_HEARD 500
#define STRANGER (VIDEO_AUTHOR + 1)
/* More than are kept in memory. */
#define N_MANY 100

static void
set_up (VideoFixture *fixture, gconstpointer data)
{
  video_fixture_set_up (fixture, data);
  video_fixture_open (fixture);
}

static gint32
delete_as (VideoFixture *fixture, gint64 video, gint64 user)
{
  const DouVideoDeletion deletion = { video, user };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_manager_delete_async (fixture->manager, &deletion, 1, dou_test_wait_result_cb,
                                  &pending);
  result = dou_test_wait_result (&pending);
  statuses = dou_video_manager_delete_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  return g_array_index (statuses, gint32, 0);
}

static void
publish (VideoFixture *fixture, gint64 id, DouTestMedia media)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (media);
  g_autoptr (GError) error = NULL;

  g_assert_true (video_fixture_publish (fixture, id, bytes, &error));
  g_assert_no_error (error);
}

static GArray *
get_page (VideoFixture *fixture, gboolean works, gint64 before)
{
  const DouVideoPageRequest request = { VIDEO_AUTHOR, before, DOU_VIDEO_FEED_MAX };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) pages = NULL;

  if (works)
    dou_video_manager_get_works_async (fixture->manager, &request, 1, dou_test_wait_result_cb,
                                       &pending);
  else
    dou_video_manager_get_feed_async (fixture->manager, &request, 1, dou_test_wait_result_cb,
                                      &pending);
  result = dou_test_wait_result (&pending);
  pages = dou_video_manager_get_pages_finish (fixture->manager, result, NULL);
  return g_array_ref (g_array_index (pages, DouVideoPage, 0).places);
}

static void
assert_nowhere (VideoFixture *fixture)
{
  g_autoptr (GArray) feed = get_page (fixture, FALSE, 0);
  g_autoptr (GArray) works = get_page (fixture, TRUE, 0);

  g_assert_cmpuint (feed->len, ==, 0);
  g_assert_cmpuint (works->len, ==, 0);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, 0);
  g_assert_cmpuint (dou_video_manager_get_pending_transcodes (fixture->manager), ==, 0);
}

/* Test that nobody deletes what is not there or not theirs, and that nothing changes then. */
static void
test_refused (VideoFixture *fixture, gconstpointer data)
{
  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);
  g_array_set_size (fixture->changed, 0);

  g_assert_cmpint (delete_as (fixture, ID, STRANGER), ==, DOU_STATUS_NOT_PERMITTED);
  g_assert_cmpint (delete_as (fixture, ID, 0), ==, DOU_STATUS_NOT_PERMITTED);
  g_assert_cmpint (delete_as (fixture, ID + 1, VIDEO_AUTHOR), ==, DOU_STATUS_VIDEO_NOT_FOUND);
  g_assert_cmpint (delete_as (fixture, 0, 0), ==, DOU_STATUS_VIDEO_NOT_FOUND);
  g_assert_cmpint (delete_as (fixture, G_MININT64, 1), ==, DOU_STATUS_VIDEO_NOT_FOUND);

  g_assert_cmpuint (fixture->changed->len, ==, 0);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, 1);
  video_fixture_wait_idle (fixture);
  video_fixture_assert_files (fixture, ID);
}

/* Test that a deleted video is in no list, that its files are gone, that everybody was told before,
 * and that only its author is told again that it is done, also after a restart. */
static void
test_deleted (VideoFixture *fixture, gconstpointer data)
{
  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);
  g_array_set_size (fixture->changed, 0);
  g_array_set_size (fixture->changed_authors, 0);

  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
  g_assert_cmpuint (fixture->changed->len, ==, 1);
  g_assert_cmpint (g_array_index (fixture->changed, gint64, 0), ==, ID);
  g_assert_cmpuint (fixture->changed_authors->len, ==, 1);
  g_assert_cmpint (g_array_index (fixture->changed_authors, gint64, 0), ==, VIDEO_AUTHOR);
  g_assert_null (video_fixture_get (fixture, ID));
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
  assert_nowhere (fixture);

  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
      g_assert_cmpint (delete_as (fixture, ID, STRANGER), ==, DOU_STATUS_VIDEO_NOT_FOUND);
      video_fixture_close (fixture);
      video_fixture_open (fixture);
      assert_nowhere (fixture);
    }

  g_assert_cmpuint (fixture->changed->len, ==, 1);
}

/* Test that who deleted a video is remembered for a week, and no longer. */
static void
test_forgotten (VideoFixture *fixture, gconstpointer data)
{
  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);
  publish (fixture, ID + 1, DOU_TEST_MEDIA_SILENT);
  publish (fixture, ID + 2, DOU_TEST_MEDIA_SILENT);
  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);

  dou_manual_clock_set (fixture->clock, VIDEO_NOON + DOU_VIDEO_MEMORY);
  g_assert_cmpint (delete_as (fixture, ID + 1, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);

  video_fixture_wait_idle (fixture);
  dou_manual_clock_set (fixture->clock, VIDEO_NOON + DOU_VIDEO_MEMORY + 1);
  g_assert_cmpint (delete_as (fixture, ID + 2, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_VIDEO_NOT_FOUND);
  g_assert_cmpint (delete_as (fixture, ID + 1, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
}

/* Test that an upload which is sent again after its video was deleted does not bring it back. */
static void
test_published_again (VideoFixture *fixture, gconstpointer data)
{
  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);
  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);
  video_fixture_wait_idle (fixture);
  assert_nowhere (fixture);
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
}

/* Test that a video that is deleted while it is being transcoded, at any point of it, does not come
 * back and leaves no file, and that the next one is transcoded nevertheless. */
static void
test_transcoding (VideoFixture *fixture, gconstpointer data)
{
  gboolean done = FALSE;
  gint64 id = ID;
  g_autoptr (DouVideo) last = NULL;

  for (guint n = 0; !done; n += 3, id++)
    {
      publish (fixture, id, DOU_TEST_MEDIA_WEBM);
      for (guint i = 0; i < n && dou_video_manager_is_busy (fixture->manager); i++)
        g_main_context_iteration (NULL, TRUE);
      done = dou_video_manager_get_pending_transcodes (fixture->manager) == 0;

      g_assert_cmpint (delete_as (fixture, id, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
      g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
      assert_nowhere (fixture);
      video_fixture_wait_idle (fixture);
      g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
      assert_nowhere (fixture);
    }

  publish (fixture, id, DOU_TEST_MEDIA_WEBM);
  video_fixture_wait_idle (fixture);
  last = video_fixture_get (fixture, id);
  g_assert_true (g_str_has_suffix (last->file, "-1.mp4"));
  video_fixture_assert_files (fixture, id);
}

/* Test that files are removed here of what another node has deleted, and of nothing else. */
static void
test_heard (VideoFixture *fixture, gconstpointer data)
{
  const gint64 ids[] = { ID, ID + 1 };

  publish (fixture, ID, DOU_TEST_MEDIA_H264);
  publish (fixture, ID + 1, DOU_TEST_MEDIA_H264);
  video_fixture_wait_idle (fixture);
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 4);
  dou_test_engine_run (fixture->address, "DELETE FROM videos WHERE id = 1000");
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) argument = g_variant_ref_sink (
          g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids, G_N_ELEMENTS (ids), sizeof (gint64)));

      dou_video_manager_hear_changed (fixture->manager, argument);
      video_fixture_wait_idle (fixture);
      g_assert_cmpuint (video_fixture_count_files (fixture), ==, 2);
      video_fixture_assert_files (fixture, ID + 1);
    }
}

/* Ids from @first on. */
static void
hear_many (VideoFixture *fixture, gint64 first)
{
  g_autofree gint64 *ids = g_new (gint64, N_HEARD);
  g_autoptr (GVariant) argument = NULL;

  for (guint i = 0; i < N_HEARD; i++)
    ids[i] = first + i;
  argument = g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids, N_HEARD, sizeof (gint64)));
  dou_video_manager_hear_changed (fixture->manager, argument);
}

/* Test that many changes by others are looked at piece by piece, and too many not at all. */
static void
test_heard_many (VideoFixture *fixture, gconstpointer data)
{
  const gint64 far = ID + 100 * N_HEARD;

  publish (fixture, ID, DOU_TEST_MEDIA_H264);
  publish (fixture, ID + 1, DOU_TEST_MEDIA_H264);
  video_fixture_wait_idle (fixture);
  dou_test_engine_run (fixture->address, "DELETE FROM videos WHERE id IN (1000, 1001)");
  for (gint64 i = 0; i < 16; i++)
    hear_many (fixture, i == 15 ? ID : far + i * N_HEARD);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Files of 500 videos*too many wait");
  hear_many (fixture, far);
  hear_many (fixture, far);
  g_test_assert_expected_messages ();
  video_fixture_wait_idle (fixture);
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
}

/* Test that a start removes what a deletion that was interrupted has left. */
static void
test_resumed (VideoFixture *fixture, gconstpointer data)
{
  const gint64 id = ID;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GArray) deleted = NULL;
  g_autoptr (GArray) unclean = NULL;

  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);
  video_fixture_close (fixture);

  /* Only the row is deleted, as if the process had died then. */
  video_fixture_open_store (fixture);
  g_array_append_val (ids, id);
  dou_video_store_delete_async (fixture->store, ids, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  deleted = dou_video_store_delete_finish (fixture->store, result, NULL);
  g_assert_cmpuint (deleted->len, ==, 1);

  video_fixture_open (fixture);
  video_fixture_wait_idle (fixture);
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
  dou_video_store_list_unclean_async (fixture->store, dou_test_wait_result_cb, &pending);
  listed = dou_test_wait_result (&pending);
  unclean = dou_video_store_list_unclean_finish (fixture->store, listed, NULL);
  g_assert_cmpuint (unclean->len, ==, 0);
}

/* Test that a file which cannot be removed is removed later, and does not keep the video alive. */
static void
test_stubborn_file (VideoFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *in_the_way = NULL;

  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);
  video_fixture_wait_idle (fixture);
  path = dou_media_store_get_work_directory (fixture->media, ID);
  in_the_way = g_build_filename (path, "directory", NULL);
  g_assert_cmpint (g_mkdir_with_parents (in_the_way, 0700), ==, 0);

  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Files of a deleted video are left:*");
  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
  g_test_assert_expected_messages ();
  assert_nowhere (fixture);

  video_fixture_wait_idle (fixture);
  g_assert_cmpint (g_rmdir (in_the_way), ==, 0);
  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
  video_fixture_wait_idle (fixture);
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
}

/* Rows without files, the newest first in @ids. */
static void
publish_many (VideoFixture *fixture, gint64 *ids)
{
  for (guint i = 0; i < N_MANY; i++)
    {
      const DouVideo video = { ID + i, VIDEO_AUTHOR, (char *) "title", (char *) "video/00/1.mp4",
                               (char *) "cover/00/1.jpg", 0 };
      GAsyncResult *pending = NULL;
      g_autoptr (GAsyncResult) result = NULL;

      dou_video_store_publish_async (fixture->store, &video, DOU_VIDEO_TRANSCODE_NONE,
                                     dou_test_wait_result_cb, &pending);
      result = dou_test_wait_result (&pending);
      g_assert_cmpint (dou_video_store_publish_finish (fixture->store, result, NULL), >, 0);
      ids[N_MANY - 1 - i] = video.id;
    }
}

/* Test that the feed goes on with the next ones however many of the newest are deleted, and that one
 * which has reached the oldest begins again with the newest. */
static void
test_newest (VideoFixture *fixture, gconstpointer data)
{
  gint64 ids[N_MANY];

  video_fixture_close (fixture);
  video_fixture_open_store (fixture);
  publish_many (fixture, ids);
  video_fixture_open (fixture);

  for (guint n_left = N_MANY; n_left > 0; n_left--)
    {
      const gint64 *left = &ids[N_MANY - n_left];
      g_autoptr (GArray) feed = get_page (fixture, FALSE, 0);
      g_autoptr (GArray) again = get_page (fixture, FALSE, VIDEO_NOON + 1);
      guint n = MIN (n_left, DOU_VIDEO_FEED_MAX);

      g_assert_cmpuint (feed->len, ==, n);
      g_assert_cmpuint (again->len, ==, n);
      for (guint i = 0; i < n; i++)
        {
          g_assert_cmpint (g_array_index (feed, DouVideoPlace, i).id, ==, left[i]);
          g_assert_cmpint (g_array_index (again, DouVideoPlace, i).id, ==,
                           i == 0 ? ID : left[i - 1]);
        }

      g_assert_cmpint (delete_as (fixture, left[0], VIDEO_AUTHOR), ==, DOU_STATUS_OK);
      video_fixture_wait_idle (fixture);
    }

  assert_nowhere (fixture);
}

/* Test that the answer waits for the social domain, and that what it could not be told is told later:
 * nobody has the name that the call goes to, and nobody starts it. */
static void
test_social_gone (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestBus) bus = dou_test_bus_new ();
  GDBusConnection *connection = dou_test_bus_connect (bus);
  g_autoptr (GError) error = NULL;

  fixture->social = dou_video_social_new (connection, &error);
  g_assert_no_error (error);
  video_fixture_close (fixture);
  video_fixture_open (fixture);
  publish (fixture, ID, DOU_TEST_MEDIA_SILENT);

  for (guint i = 0; i < 2; i++)
    {
      g_test_expect_message ("doutok-video", G_LOG_LEVEL_INFO, "RemoveVideos:*asking again");
      g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Likes and comments of*");
      g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_UNAVAILABLE);
      g_test_assert_expected_messages ();
      assert_nowhere (fixture);
      g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
    }

  video_fixture_close (fixture);
  g_clear_object (&fixture->social);
  video_fixture_open (fixture);
  g_assert_cmpint (delete_as (fixture, ID, VIDEO_AUTHOR), ==, DOU_STATUS_OK);
  video_fixture_close (fixture);
  dou_test_bus_disconnect (connection);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-deletions/" name, VideoFixture, NULL, set_up, func,                    \
              video_fixture_tear_down)
  ADD ("refused", test_refused);
  ADD ("deleted", test_deleted);
  ADD ("forgotten", test_forgotten);
  ADD ("published-again", test_published_again);
  ADD ("transcoding", test_transcoding);
  ADD ("heard", test_heard);
  ADD ("heard-many", test_heard_many);
  ADD ("resumed", test_resumed);
  ADD ("stubborn-file", test_stubborn_file);
  ADD ("newest", test_newest);
  ADD ("social-gone", test_social_gone);
#undef ADD

  return g_test_run ();
}
