/* SPDX-License-Identifier: Apache-2.0 */

/* Pages of the feed and of works, over videos that have rows and no files. */

#include "config.h"

#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

/* More than six pages. */
#define MANY 200

/* Publishes videos 1 to @n, seven of them at a time in the same millisecond, so that video I ends
 * up at VIDEO_NOON + I. */
static void
fill (VideoFixture *fixture, guint n)
{
  video_fixture_open_store (fixture);
  for (guint i = 1; i <= n; i++)
    {
      const DouVideo video = {
        .id = i,
        .author = 1 + i % 2,
        .title = (char *) "title",
        .file = (char *) "video/00/1.mp4",
        .cover = (char *) "cover/00/1.jpg",
      };
      GAsyncResult *pending = NULL;
      g_autoptr (GAsyncResult) result = NULL;

      dou_manual_clock_set (fixture->clock, VIDEO_NOON + MAX (i / 7 * 7, 1));
      dou_video_store_publish_async (fixture->store, &video, DOU_VIDEO_TRANSCODE_NONE,
                                     dou_test_wait_result_cb, &pending);
      result = dou_test_wait_result (&pending);
      g_assert_cmpint (dou_video_store_publish_finish (fixture->store, result, NULL), >, 0);
    }

  video_fixture_open (fixture);
}

static GArray *
get_feed (VideoFixture *fixture, const DouVideoPageRequest *requests, guint n)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *pages;

  dou_video_manager_get_feed_async (fixture->manager, requests, n, dou_test_wait_result_cb,
                                    &pending);
  result = dou_test_wait_result (&pending);
  pages = dou_video_manager_get_pages_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pages->len, ==, n);
  return pages;
}

static GArray *
get_works (VideoFixture *fixture, const DouVideoPageRequest *requests, guint n)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *pages;

  dou_video_manager_get_works_async (fixture->manager, requests, n, dou_test_wait_result_cb,
                                     &pending);
  result = dou_test_wait_result (&pending);
  pages = dou_video_manager_get_pages_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pages->len, ==, n);
  return pages;
}

static const DouVideoPage *
get_page (GArray *pages, guint i)
{
  return &g_array_index (pages, DouVideoPage, i);
}

/* Checks that a page holds the videos @first, @first - 1 …, @n of them, after @highest from the
 * highest again. */
static void
assert_page (const DouVideoPage *page, guint first, guint n, guint highest)
{
  g_assert_cmpuint (page->places->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      const DouVideoPlace *place = &g_array_index (page->places, DouVideoPlace, i);

      g_assert_cmpint (place->id, ==, i < first ? first - i : highest - (i - first));
    }

  g_assert_cmpint (page->next, ==,
                   n > 0 ? g_array_index (page->places, DouVideoPlace, n - 1).publish_time : 0);
}

/* Test that an empty store has an empty page, and no time to go on from. */
static void
test_empty (VideoFixture *fixture, gconstpointer data)
{
  const DouVideoPageRequest requests[] = { { 0, 0, 30 }, { 0, VIDEO_NOON, 1 }, { 0, -1, 0 } };
  g_autoptr (GArray) none = NULL;
  g_autoptr (GArray) pages = NULL;

  fill (fixture, 0);
  none = get_feed (fixture, NULL, 0);
  pages = get_feed (fixture, requests, G_N_ELEMENTS (requests));
  for (guint i = 0; i < pages->len; i++)
    assert_page (get_page (pages, i), 0, 0, 0);
}

/* Test that of fewer videos than a page holds each comes once, wherever one begins. */
static void
test_few (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) all = NULL;
  g_autoptr (GArray) middle = NULL;
  DouVideoPageRequest request = { 0, 0, 30 };

  fill (fixture, 5);
  all = get_feed (fixture, &request, 1);
  assert_page (get_page (all, 0), 5, 5, 5);

  request.before = g_array_index (get_page (all, 0)->places, DouVideoPlace, 2).publish_time;
  middle = get_feed (fixture, &request, 1);
  assert_page (get_page (middle, 0), 2, 5, 5);
}

static gboolean
is_idle (gpointer data)
{
  return !dou_video_manager_is_busy (data);
}

/* Test that what another node has published is in the feed as soon as one is told so, and remembered then. */
static void
test_other_node (VideoFixture *fixture, gconstpointer data)
{
  const DouVideo video = {
    .id = 6,
    .author = 1,
    .title = (char *) "title",
    .file = (char *) "video/00/6.mp4",
    .cover = (char *) "cover/00/6.jpg",
  };
  const DouVideoPageRequest request = { 0, 0, 30 };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) before = NULL;
  g_autoptr (GArray) after = NULL;
  g_autoptr (GArray) later = NULL;

  fill (fixture, 5);
  dou_manual_clock_set (fixture->clock, VIDEO_NOON + 100);
  dou_video_store_publish_async (fixture->store, &video, DOU_VIDEO_TRANSCODE_NONE,
                                 dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_cmpint (dou_video_store_publish_finish (fixture->store, result, NULL), >, 0);
  before = get_feed (fixture, &request, 1);
  assert_page (get_page (before, 0), 5, 5, 5);

  dou_video_manager_forget_newest (fixture->manager);
  after = get_feed (fixture, &request, 1);
  assert_page (get_page (after, 0), 6, 6, 6);

  dou_test_wait_until (is_idle, fixture->manager);
  g_assert_cmpint (dou_video_manager_get_video_count (fixture->manager), ==, 6);
  later = get_feed (fixture, &request, 1);
  assert_page (get_page (later, 0), 6, 6, 6);
}

/* Test that exactly a page is a page, and that the next one is the same again. */
static void
test_exactly (VideoFixture *fixture, gconstpointer data)
{
  DouVideoPageRequest request = { 0, 0, 30 };

  fill (fixture, 30);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GArray) pages = get_feed (fixture, &request, 1);

      assert_page (get_page (pages, 0), 30, 30, 30);
      request.before = get_page (pages, 0)->next;
    }
}

/* Test that following the feed shows each of many videos once, then goes round. */
static void
test_round (VideoFixture *fixture, gconstpointer data)
{
  DouVideoPageRequest request = { 0, 0, 30 };
  guint first = MANY;

  fill (fixture, MANY);
  for (guint i = 0; i < 15; i++)
    {
      g_autoptr (GArray) pages = get_feed (fixture, &request, 1);

      assert_page (get_page (pages, 0), first, 30, MANY);
      first = first > 30 ? first - 30 : MANY - (30 - first);
      request.before = get_page (pages, 0)->next;
    }
}

/* Test that limits are brought to what is allowed, and that each request of a call has its own. */
static void
test_limits (VideoFixture *fixture, gconstpointer data)
{
  const gint64 old = VIDEO_NOON + 50;
  const DouVideoPageRequest requests[] = {
    { 0, 0, 0 },   { 0, 0, 1 },   { 0, 0, 31 },          { 0, G_MAXINT64, G_MAXUINT },
    { 0, old, 0 }, { 0, old, 7 }, { 0, old, G_MAXUINT }, { 0, G_MININT64, 2 },
  };
  const guint expected[] = { 1, 1, 30, 30, 1, 7, 30, 2 };
  g_autoptr (GArray) pages = NULL;

  fill (fixture, 100);
  pages = get_feed (fixture, requests, G_N_ELEMENTS (requests));
  for (guint i = 0; i < pages->len; i++)
    assert_page (get_page (pages, i), requests[i].before == old ? 49 : 100, expected[i], 100);
}

/* Test that pages from memory and from the database are the same, at every place and limit. */
static void
test_memory (VideoFixture *fixture, gconstpointer data)
{
  const guint counts[] = { 1, 29, 31, 45 };

  for (gsize n = 0; n < G_N_ELEMENTS (counts); n++)
    {
      guint count = counts[n];
      VideoFixture own = { 0 };

      video_fixture_set_up (&own, NULL);
      fill (&own, count);
      for (guint limit = 1; limit <= 30; limit += 5)
        for (guint first = 1; first <= count; first++)
          {
            DouVideoPageRequest request = { 0, VIDEO_NOON + first, limit };
            g_autoptr (GArray) pages = get_feed (&own, &request, 1);

            assert_page (get_page (pages, 0), first - 1, MIN (limit, count), count);
          }
      video_fixture_tear_down (&own, NULL);
    }
}

/* Test that works are those of their author, to the last of them, and that 0 says it was. */
static void
test_works (VideoFixture *fixture, gconstpointer data)
{
  DouVideoPageRequest request = { 1, 0, 30 };
  guint n_pages = 0;
  gint64 expected = MANY;

  fill (fixture, MANY);
  do
    {
      g_autoptr (GArray) pages = get_works (fixture, &request, 1);
      const DouVideoPage *page = get_page (pages, 0);

      for (guint i = 0; i < page->places->len; i++, expected -= 2)
        g_assert_cmpint (g_array_index (page->places, DouVideoPlace, i).id, ==, expected);
      request.before = page->next;
      n_pages++;
    }
  while (request.before != 0);

  g_assert_cmpint (expected, ==, 0);
  g_assert_cmpuint (n_pages, ==, 4);
}

/* Test that a page that ends with the last work says so, and that limits are kept. */
static void
test_works_limits (VideoFixture *fixture, gconstpointer data)
{
  const DouVideoPageRequest requests[]
      = { { 1, 0, 10 }, { 1, 0, 9 }, { 1, 0, 11 }, { 1, 0, 0 }, { 1, 0, G_MAXUINT }, { 3, 0, 5 } };
  const guint expected[] = { 10, 9, 10, 1, 10, 0 };
  const gboolean more[] = { FALSE, TRUE, FALSE, TRUE, FALSE, FALSE };
  g_autoptr (GArray) pages = NULL;

  fill (fixture, 20);
  pages = get_works (fixture, requests, G_N_ELEMENTS (requests));
  for (guint i = 0; i < pages->len; i++)
    {
      g_assert_cmpuint (get_page (pages, i)->places->len, ==, expected[i]);
      g_assert_cmpint (get_page (pages, i)->next != 0, ==, more[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-feed/" name, VideoFixture, NULL, video_fixture_set_up, func,           \
              video_fixture_tear_down)
  ADD ("empty", test_empty);
  ADD ("few", test_few);
  ADD ("other-node", test_other_node);
  ADD ("exactly", test_exactly);
  ADD ("round", test_round);
  ADD ("limits", test_limits);
  ADD ("memory", test_memory);
  ADD ("works", test_works);
  ADD ("works-limits", test_works_limits);
#undef ADD

  return g_test_run ();
}
