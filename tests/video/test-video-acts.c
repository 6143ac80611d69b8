/* SPDX-License-Identifier: Apache-2.0 */

/* What the administration does to videos, by the manager. */

#include "config.h"

#include "common/dou-status.h"
#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
/* More than are kept in memory. */
#define N_MANY 100
/* More than a page. */
#define N_HIDDEN 40

static const DouCaller caller = { 1000, (char *) "root" };

/* Rows without files, the newest first in @ids. */
static void
set_up (VideoFixture *fixture, gconstpointer data)
{
  video_fixture_set_up (fixture, data);
  video_fixture_open_store (fixture);
  for (guint i = 0; i < N_MANY; i++)
    {
      const DouVideo video = {
        .id = ID + i,
        .author = VIDEO_AUTHOR,
        .title = (char *) "title",
        .file = (char *) "video/00/1.mp4",
        .cover = (char *) "cover/00/1.jpg",
      };
      GAsyncResult *pending = NULL;
      g_autoptr (GAsyncResult) result = NULL;

      dou_video_store_publish_async (fixture->store, &video, DOU_VIDEO_TRANSCODE_NONE,
                                     dou_test_wait_result_cb, &pending);
      result = dou_test_wait_result (&pending);
      g_assert_cmpint (dou_video_store_publish_finish (fixture->store, result, NULL), >, 0);
    }
  video_fixture_open (fixture);
}

static void
assert_hidden (VideoFixture *fixture, const DouVideoHiding *hidings, guint n_hidings,
               const gint32 *expected)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_manager_set_hidden_async (fixture->manager, hidings, n_hidings, &caller,
                                      dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  statuses = dou_video_manager_set_hidden_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (gint32), expected,
                   n_hidings * sizeof (gint32));
}

static void
set_hidden (VideoFixture *fixture, gint64 id, gboolean hide)
{
  const DouVideoHiding hiding = { id, hide, "" };
  const gint32 done = DOU_STATUS_OK;

  assert_hidden (fixture, &hiding, 1, &done);
}

/* Checks that the newest page is of the @ids (newest first) from @first to the oldest. */
static void
assert_newest (VideoFixture *fixture, gint64 first)
{
  const DouVideoPageRequest request = { VIDEO_AUTHOR, 0, DOU_VIDEO_FEED_MAX };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) pages = NULL;
  GArray *places;

  dou_video_manager_get_feed_async (fixture->manager, &request, 1, dou_test_wait_result_cb,
                                    &pending);
  result = dou_test_wait_result (&pending);
  pages = dou_video_manager_get_pages_finish (fixture->manager, result, NULL);
  places = g_array_index (pages, DouVideoPage, 0).places;
  g_assert_cmpuint (places->len, ==, DOU_VIDEO_FEED_MAX);
  for (guint i = 0; i < places->len; i++)
    g_assert_cmpint (g_array_index (places, DouVideoPlace, i).id, ==, first - i);
}

/* Test that what is unknown, named twice or has a reason that is none is refused, and everything else of
 * the call is done. */
static void
test_refused (VideoFixture *fixture, gconstpointer data)
{
  g_autofree char *long_why = g_strnfill (DOU_AUDIT_WHY_MAX + 1, 'w');
  const DouVideoHiding hidings[] = { { ID, TRUE, long_why }, { 1, TRUE, "" }, { ID + 1, TRUE, "" },
                                     { ID + 1, FALSE, "" }, { ID + 2, TRUE, "two\nlines" } };
  const gint32 expected[] = { DOU_STATUS_BAD_PARAMETER, DOU_STATUS_VIDEO_NOT_FOUND, DOU_STATUS_OK,
                              DOU_STATUS_BAD_PARAMETER, DOU_STATUS_BAD_PARAMETER };

  assert_hidden (fixture, hidings, G_N_ELEMENTS (hidings), expected);
  assert_hidden (fixture, NULL, 0, NULL);
  g_assert_cmpuint (fixture->changed->len, ==, 1);
  g_assert_cmpint (g_array_index (fixture->changed, gint64, 0), ==, ID + 1);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, N_MANY - 1);
}

/* Test that the feed goes on with the next ones however many of the newest are hidden, and that they
 * come back to their places; that everybody is told of each once; and that it outlives a restart. */
static void
test_newest (VideoFixture *fixture, gconstpointer data)
{
  const gint64 newest = ID + N_MANY - 1;

  for (guint i = 0; i < N_HIDDEN; i++)
    {
      set_hidden (fixture, newest - i, TRUE);
      set_hidden (fixture, newest - i, TRUE);
      assert_newest (fixture, newest - i - 1);
    }
  g_assert_cmpuint (fixture->changed->len, ==, N_HIDDEN);
  g_assert_cmpuint (fixture->changed_authors->len, ==, N_HIDDEN);

  video_fixture_close (fixture);
  video_fixture_open (fixture);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, N_MANY - N_HIDDEN);
  assert_newest (fixture, newest - N_HIDDEN);
  for (guint i = N_HIDDEN; i-- > 0;)
    {
      set_hidden (fixture, newest - i, FALSE);
      assert_newest (fixture, newest - i);
    }
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, N_MANY);
}

static void
assert_removed (VideoFixture *fixture, const DouVideoRemoval *removals, guint n_removals,
                const gint32 *expected)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_manager_remove_async (fixture->manager, removals, n_removals, &caller,
                                  dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  statuses = dou_video_manager_delete_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (gint32), expected,
                   n_removals * sizeof (gint32));
}

/* Test that the administration deletes videos of others, hidden ones too, and may say so again. */
static void
test_remove (VideoFixture *fixture, gconstpointer data)
{
  const DouVideoRemoval removals[] = { { ID, "bad" }, { 1, "" }, { ID + 1, "" }, { ID + 1, "twice" },
                                       { ID + 2, "two\nlines" } };
  const gint32 expected[] = { DOU_STATUS_OK, DOU_STATUS_VIDEO_NOT_FOUND, DOU_STATUS_OK,
                              DOU_STATUS_BAD_PARAMETER, DOU_STATUS_BAD_PARAMETER };

  set_hidden (fixture, ID, TRUE);
  assert_removed (fixture, removals, G_N_ELEMENTS (removals), expected);
  assert_removed (fixture, removals, G_N_ELEMENTS (removals), expected);
  assert_removed (fixture, NULL, 0, NULL);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, N_MANY - 2);
  g_assert_cmpuint (fixture->changed->len, ==, 3);
  video_fixture_wait_idle (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-acts/" name, VideoFixture, NULL, set_up, func, video_fixture_tear_down)
  ADD ("refused", test_refused);
  ADD ("newest", test_newest);
  ADD ("remove", test_remove);
#undef ADD

  return g_test_run ();
}
