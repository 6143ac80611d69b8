/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-id-minter.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"
#include "video/dou-video-store.h"

#define NOON G_GINT64_CONSTANT (1700000000000)
/* Ids as large as they get. */
#define FIRST_ID (DOU_ID_MAX - 10000)
#define AUTHOR (DOU_ID_MAX - 1)

typedef struct
{
  char *directory;       /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouManualClock *clock; /* (owned) */
  DouVideoStore *store;  /* (owned) */
  GAsyncResult *result;  /* (owned) (nullable) */
} Fixture;

static void
open_store (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = dou_video_store_open (fixture->address, DOU_CLOCK (fixture->clock), &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "video");
  fixture->clock = dou_manual_clock_new (NOON);
  open_store (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->store);
  g_assert_finalize_object (fixture->clock);
  dou_test_engine_remove (fixture->address);
  dou_test_dir_remove (fixture->directory);
}

static gint64
publish_as (Fixture *fixture, gint64 id, gint64 author, const char *title,
            DouVideoTranscode transcode)
{
  const DouVideo video = {
    .id = id,
    .author = author,
    .title = (char *) title,
    .file = (char *) "video/00/1.mp4",
    .cover = (char *) "cover/00/1.jpg",
  };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 time;

  dou_video_store_publish_async (fixture->store, &video, transcode, dou_test_wait_result_cb,
                                 &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  time = dou_video_store_publish_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return time;
}

static gint64
publish (Fixture *fixture, gint64 id)
{
  return publish_as (fixture, id, AUTHOR, "title", DOU_VIDEO_TRANSCODE_NONE);
}

static GPtrArray *
get_feed (Fixture *fixture, const gint64 *befores, guint n, guint limit)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *pages;

  dou_video_store_get_feed_async (fixture->store, befores, n, limit, dou_test_wait_result_cb,
                                  &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  pages = dou_video_store_get_pages_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return pages;
}

static GPtrArray *
get_works (Fixture *fixture, const DouVideoWorksPlace *places, guint n, guint limit)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *pages;

  dou_video_store_get_works_async (fixture->store, places, n, limit, dou_test_wait_result_cb,
                                   &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  pages = dou_video_store_get_pages_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return pages;
}

static void
assert_all_counts (Fixture *fixture, gint64 expected_videos, gint64 expected_pending,
                   gint64 expected_failed)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DouVideoCounts counts;

  dou_video_store_count_async (fixture->store, dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  g_assert_true (dou_video_store_count_finish (fixture->store, result, &counts, &error));
  g_assert_no_error (error);
  g_assert_cmpint (counts.videos, ==, expected_videos);
  g_assert_cmpint (counts.pending, ==, expected_pending);
  g_assert_cmpint (counts.failed, ==, expected_failed);
}

static void
assert_counts (Fixture *fixture, gint64 expected_videos, gint64 expected_transcodes)
{
  assert_all_counts (fixture, expected_videos, expected_transcodes, 0);
}

/* @ids ends in 0. */
static void
assert_page (GPtrArray *pages, guint i, const gint64 *ids)
{
  GArray *page = g_ptr_array_index (pages, i);
  guint n = 0;

  for (; ids[n] != 0; n++)
    {
      g_assert_cmpuint (page->len, >, n);
      g_assert_cmpint (g_array_index (page, DouVideoPlace, n).id, ==, ids[n]);
    }
  g_assert_cmpuint (page->len, ==, n);
}

/* Test that an empty store answers with nothing, to nothing and to something. */
static void
test_empty (Fixture *fixture, gconstpointer data)
{
  const gint64 before = G_MAXINT64;
  const DouVideoWorksPlace place = { AUTHOR, G_MAXINT64 };
  g_autoptr (GPtrArray) none = get_feed (fixture, NULL, 0, 30);
  g_autoptr (GPtrArray) feed = get_feed (fixture, &before, 1, 30);
  g_autoptr (GPtrArray) works = get_works (fixture, &place, 1, 1000);

  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpuint (feed->len, ==, 1);
  assert_page (feed, 0, (const gint64[]){ 0 });
  g_assert_cmpuint (works->len, ==, 1);
  assert_page (works, 0, (const gint64[]){ 0 });
  assert_counts (fixture, 0, 0);
}

/* Test that a time that is taken is followed by the first free one, across a gap and not beyond it,
 * and that the clock may stand still or step back. */
static void
test_times (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (publish (fixture, 1), ==, NOON);
  g_assert_cmpint (publish (fixture, 2), ==, NOON + 1);
  g_assert_cmpint (publish (fixture, 3), ==, NOON + 2);

  dou_manual_clock_set (fixture->clock, NOON + 4);
  g_assert_cmpint (publish (fixture, 4), ==, NOON + 4);
  g_assert_cmpint (publish (fixture, 5), ==, NOON + 5);

  dou_manual_clock_set (fixture->clock, NOON + 1);
  g_assert_cmpint (publish (fixture, 6), ==, NOON + 3);
  g_assert_cmpint (publish (fixture, 7), ==, NOON + 6);

  dou_manual_clock_set (fixture->clock, NOON - 1);
  g_assert_cmpint (publish (fixture, 8), ==, NOON - 1);
}

/* Test that publishing again changes nothing, and tells the time of the first. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  gint64 ids[] = { 1, 2, 1 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) videos = NULL;
  g_autoptr (GError) error = NULL;
  const DouVideo *video;

  g_assert_cmpint (publish_as (fixture, 1, 5, "first", 0), ==, NOON);
  dou_manual_clock_set (fixture->clock, NOON + 10);
  g_assert_cmpint (publish_as (fixture, 1, 6, "second", 1), ==, NOON);
  assert_counts (fixture, 1, 0);

  dou_video_store_get_videos_async (fixture->store, ids, G_N_ELEMENTS (ids),
                                    dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  videos = dou_video_store_get_videos_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (videos->len, ==, 3);
  g_assert_null (g_ptr_array_index (videos, 1));
  g_assert_nonnull (g_ptr_array_index (videos, 2));
  video = g_ptr_array_index (videos, 0);
  g_assert_cmpint (video->id, ==, 1);
  g_assert_cmpint (video->author, ==, 5);
  g_assert_cmpstr (video->title, ==, "first");
  g_assert_cmpstr (video->file, ==, "video/00/1.mp4");
  g_assert_cmpstr (video->cover, ==, "cover/00/1.jpg");
  g_assert_cmpint (video->publish_time, ==, NOON);
}

/* Test that a title comes back as it went in, whatever it looks like. */
static void
test_titles (Fixture *fixture, gconstpointer data)
{
  const char *titles[] = { "123", "null", "'; DROP TABLE videos; --", "\"\\\b", "##x::string ?1 $1",
                           "你好，世界 👩‍👩‍👧", "<b>", "{}" };

  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    {
      gint64 id = FIRST_ID + (gint64) i;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GPtrArray) videos = NULL;

      publish_as (fixture, id, AUTHOR, titles[i], DOU_VIDEO_TRANSCODE_NONE);
      dou_video_store_get_videos_async (fixture->store, &id, 1, dou_test_wait_result_cb,
                                        &fixture->result);
      result = dou_test_wait_result (&fixture->result);
      videos = dou_video_store_get_videos_finish (fixture->store, result, NULL);
      g_assert_cmpstr (((DouVideo *) g_ptr_array_index (videos, 0))->title, ==, titles[i]);
    }
}

/* Test that many pages of the feed are answered at once, each with its own. */
static void
test_feed (Fixture *fixture, gconstpointer data)
{
  const gint64 befores[] = { G_MAXINT64, NOON + 2, NOON, NOON - 5, NOON + 100 };
  g_autoptr (GPtrArray) pages = NULL;

  for (gint64 i = 0; i < 4; i++)
    publish (fixture, FIRST_ID + i);

  pages = get_feed (fixture, befores, G_N_ELEMENTS (befores), 3);
  g_assert_cmpuint (pages->len, ==, 5);
  assert_page (pages, 0, (const gint64[]){ FIRST_ID + 3, FIRST_ID + 2, FIRST_ID + 1, 0 });
  assert_page (pages, 1, (const gint64[]){ FIRST_ID + 1, FIRST_ID, 0 });
  assert_page (pages, 2, (const gint64[]){ 0 });
  assert_page (pages, 3, (const gint64[]){ 0 });
  assert_page (pages, 4, (const gint64[]){ FIRST_ID + 3, FIRST_ID + 2, FIRST_ID + 1, 0 });
}

/* Test that works are those of their author, and that counts follow them. */
static void
test_works (Fixture *fixture, gconstpointer data)
{
  const DouVideoWorksPlace places[]
      = { { 7, G_MAXINT64 }, { 8, G_MAXINT64 }, { 9, G_MAXINT64 }, { 7, NOON + 2 } };
  const gint64 authors[] = { 9, 8, 7, 7 };
  const gint64 expected[] = { 0, 1, 3, 3 };
  g_autoptr (GPtrArray) pages = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) counts = NULL;

  publish_as (fixture, 1, 7, "a", 0);
  publish_as (fixture, 2, 8, "b", 0);
  publish_as (fixture, 3, 7, "c", 0);
  publish_as (fixture, 4, 7, "d", 0);
  publish_as (fixture, 4, 8, "again", 0);

  pages = get_works (fixture, places, G_N_ELEMENTS (places), 2);
  assert_page (pages, 0, (const gint64[]){ 4, 3, 0 });
  assert_page (pages, 1, (const gint64[]){ 2, 0 });
  assert_page (pages, 2, (const gint64[]){ 0 });
  assert_page (pages, 3, (const gint64[]){ 1, 0 });

  dou_video_store_get_work_counts_async (fixture->store, authors, G_N_ELEMENTS (authors),
                                         dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  counts = dou_video_store_get_work_counts_finish (fixture->store, result, NULL);
  g_assert_cmpmem (counts->data, counts->len * sizeof (gint64), expected, sizeof expected);
}

static DouVideoTask *
get_task_after (Fixture *fixture, const DouVideoTask *after)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) tasks = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_store_list_tasks_async (fixture->store, after, dou_test_wait_result_cb,
                                    &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  tasks = dou_video_store_get_tasks_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return tasks->len > 0 ? g_ptr_array_steal_index (tasks, 0) : NULL;
}

static DouVideoTask *
get_next_task (Fixture *fixture)
{
  return get_task_after (fixture, NULL);
}

/* Whether one of the three changes was done. */
static gboolean
finish_change (Fixture *fixture, DouVideoTask **row)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (&fixture->result);
  g_autoptr (GError) error = NULL;
  gboolean held;

  g_assert_true (
      dou_video_store_change_task_finish (fixture->store, result, &held, row, &error));
  g_assert_no_error (error);
  return held;
}

/* Returns: (nullable): what was claimed */
static DouVideoTask *
claim_task (Fixture *fixture, gint64 id, gint64 lease)
{
  g_autoptr (DouVideoTask) task = NULL;

  dou_video_store_claim_task_async (fixture->store, id, lease, dou_test_wait_result_cb,
                                    &fixture->result);
  return finish_change (fixture, &task) ? g_steal_pointer (&task) : NULL;
}

static gboolean
renew_task (Fixture *fixture, const DouVideoTask *task, gint64 lease)
{
  g_autoptr (DouVideoTask) row = NULL;

  dou_video_store_renew_task_async (fixture->store, task, lease, dou_test_wait_result_cb,
                                    &fixture->result);
  return finish_change (fixture, &row);
}

static gboolean
update_task (Fixture *fixture, DouVideoTask *task, DouVideoTranscode transcode)
{
  g_autoptr (DouVideoTask) row = NULL;

  task->transcode = transcode;
  dou_video_store_update_task_async (fixture->store, task, 0, dou_test_wait_result_cb,
                                     &fixture->result);
  return finish_change (fixture, &row);
}

/* Test that what is to be transcoded is handed out, least tried first, and outlives a restart. */
static void
test_tasks (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) first = NULL;
  g_autoptr (DouVideoTask) second = NULL;
  g_autoptr (DouVideoTask) again = NULL;

  g_assert_null (get_next_task (fixture));
  publish (fixture, 1);
  publish_as (fixture, 2, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  publish_as (fixture, 3, AUTHOR, "b", DOU_VIDEO_TRANSCODE_WANTED);
  assert_counts (fixture, 3, 2);

  first = get_next_task (fixture);
  g_assert_cmpint (first->id, ==, 2);
  g_assert_cmpuint (first->n_attempts, ==, 0);
  dou_video_task_free (g_steal_pointer (&first));
  first = claim_task (fixture, 2, 0);
  g_assert_cmpuint (first->n_attempts, ==, 1);
  g_assert_true (update_task (fixture, first, DOU_VIDEO_TRANSCODE_WANTED));

  second = get_next_task (fixture);
  g_assert_cmpint (second->id, ==, 3);
  dou_video_task_free (g_steal_pointer (&second));
  second = claim_task (fixture, 3, 0);
  g_assert_true (update_task (fixture, second, DOU_VIDEO_TRANSCODE_FAILED));
  assert_all_counts (fixture, 3, 1, 1);

  g_assert_finalize_object (g_steal_pointer (&fixture->store));
  open_store (fixture);
  again = get_next_task (fixture);
  g_assert_cmpint (again->id, ==, 2);
  g_assert_cmpuint (again->n_attempts, ==, 1);
  g_assert_cmpstr (again->file, ==, "video/00/1.mp4");
  dou_video_task_free (g_steal_pointer (&again));
  again = claim_task (fixture, 2, 0);
  g_free (again->file);
  again->file = g_strdup ("video/00/1-1.mp4");
  g_assert_true (update_task (fixture, again, DOU_VIDEO_TRANSCODE_NONE));
  g_assert_null (get_next_task (fixture));
  assert_all_counts (fixture, 3, 0, 1);
}

/* Longer than any test. */
#define LONG 3600000

/* Test that who has claimed what is to be transcoded has it for himself; that somebody else may have it
 * when his time is over, and all that the first one writes afterwards changes nothing; that what is done is
 * done. */
static void
test_claims (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) listed = NULL;
  g_autoptr (DouVideoTask) waiting = NULL;
  g_autoptr (DouVideoTask) first = NULL;
  g_autoptr (DouVideoTask) second = NULL;

  publish_as (fixture, 2, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  publish (fixture, 3);
  g_assert_null (claim_task (fixture, 3, 0));
  g_assert_null (claim_task (fixture, 4, 0));
  listed = get_next_task (fixture);
  g_assert_cmpint (listed->wait, ==, 0);
  g_assert_cmpstr (listed->trouble, ==, "");

  first = claim_task (fixture, 2, LONG);
  g_assert_cmpstr (first->file, ==, listed->file);
  g_assert_cmpuint (first->n_attempts, ==, 1);
  g_assert_null (claim_task (fixture, 2, LONG));
  waiting = get_next_task (fixture);
  g_assert_cmpint (waiting->wait, >, LONG / 2);
  g_assert_cmpint (waiting->wait, <=, LONG);
  g_assert_true (renew_task (fixture, first, 0));

  second = claim_task (fixture, 2, LONG);
  g_assert_cmpuint (second->n_attempts, ==, 2);
  g_assert_cmpint (second->claim, !=, first->claim);
  g_assert_false (renew_task (fixture, first, LONG));
  g_free (first->file);
  first->file = g_strdup ("video/00/2-1.mp4");
  g_assert_false (update_task (fixture, first, DOU_VIDEO_TRANSCODE_NONE));
  assert_counts (fixture, 2, 1);
  g_assert_false (update_task (fixture, first, DOU_VIDEO_TRANSCODE_WANTED));
  g_assert_null (claim_task (fixture, 2, LONG));

  g_assert_true (renew_task (fixture, second, LONG));
  g_assert_true (update_task (fixture, second, DOU_VIDEO_TRANSCODE_NONE));
  assert_counts (fixture, 2, 0);
  g_assert_false (update_task (fixture, first, DOU_VIDEO_TRANSCODE_FAILED));
  g_assert_false (renew_task (fixture, second, LONG));
  g_assert_null (claim_task (fixture, 2, LONG));
  g_assert_null (get_next_task (fixture));
}

/* Test that why something could not be transcoded is kept, whatever it is, and that nobody begins again
 * before the time. */
static void
test_trouble (Fixture *fixture, gconstpointer data)
{
  const gint64 ids[] = { 2, 9 };
  g_autofree char *reason = g_strnfill (DOU_VIDEO_TROUBLE_MAX - 4, 'x');
  g_autofree char *trouble = g_strconcat (reason, "\"\\坏🎬", NULL);
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (DouVideoTask) next = NULL;
  g_autoptr (DouVideoTask) row = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) tasks = NULL;

  publish_as (fixture, 2, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  task = claim_task (fixture, 2, 0);
  g_free (task->trouble);
  task->trouble = g_strdup (trouble);
  dou_video_store_update_task_async (fixture->store, task, LONG, dou_test_wait_result_cb,
                                     &fixture->result);
  g_assert_true (finish_change (fixture, &row));
  g_assert_cmpstr (row->trouble, ==, trouble);
  g_assert_null (claim_task (fixture, 2, 0));
  next = get_next_task (fixture);
  g_assert_cmpint (next->wait, >, LONG / 2);
  g_assert_cmpuint (next->n_attempts, ==, 1);

  g_assert_true (update_task (fixture, task, DOU_VIDEO_TRANSCODE_FAILED));
  dou_video_store_get_tasks_async (fixture->store, ids, G_N_ELEMENTS (ids),
                                   dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  tasks = dou_video_store_get_tasks_finish (fixture->store, result, NULL);
  g_assert_cmpuint (tasks->len, ==, G_N_ELEMENTS (ids));
  g_assert_cmpstr (((DouVideoTask *) g_ptr_array_index (tasks, 0))->trouble, ==, trouble);
  g_assert_cmpint (((DouVideoTask *) g_ptr_array_index (tasks, 0))->transcode, ==,
                   DOU_VIDEO_TRANSCODE_FAILED);
  g_assert_null (g_ptr_array_index (tasks, 1));
}

/* Test that a page of what is to be transcoded begins behind the last one of the page before, those that
 * were tried more at the end. */
static void
test_task_pages (Fixture *fixture, gconstpointer data)
{
  const gint64 expected[] = { 3, 4, 2, 5 };
  g_autoptr (DouVideoTask) last = NULL;

  for (gint64 id = 2; id <= 5; id++)
    publish_as (fixture, id, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  for (gsize i = 2; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (DouVideoTask) task = claim_task (fixture, expected[i], LONG);

      g_assert_nonnull (task);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (DouVideoTask) before = g_steal_pointer (&last);

      last = get_task_after (fixture, before);
      g_assert_cmpint (last->id, ==, expected[i]);
    }
  g_assert_null (get_task_after (fixture, last));
}

static guint
delete_ids (Fixture *fixture, const gint64 *ids, guint n)
{
  g_autoptr (GArray) wanted = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) deleted = NULL;
  g_autoptr (GError) error = NULL;

  g_array_append_vals (wanted, ids, n);
  dou_video_store_delete_async (fixture->store, wanted, dou_test_wait_result_cb,
                                &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  deleted = dou_video_store_delete_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return deleted->len;
}

static void
assert_state (Fixture *fixture, gint64 id, gint64 author, gboolean deleted, gboolean unclean)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) states = NULL;
  const DouVideoState *state;

  dou_video_store_find_states_async (fixture->store, &id, 1, dou_test_wait_result_cb,
                                     &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  states = dou_video_store_find_states_finish (fixture->store, result, NULL);
  state = &g_array_index (states, DouVideoState, 0);
  g_assert_cmpint (state->author, ==, author);
  g_assert_cmpint (state->deleted, ==, deleted);
  g_assert_cmpint (state->unclean, ==, unclean);
}

/* Test that what is deleted goes from rows and counts, once, is remembered, and does not come back. */
static void
test_delete (Fixture *fixture, gconstpointer data)
{
  const gint64 ids[] = { FIRST_ID, FIRST_ID + 1, FIRST_ID + 9 };
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (GArray) clean = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GAsyncResult) result = NULL;

  publish (fixture, FIRST_ID);
  publish_as (fixture, FIRST_ID + 1, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  publish (fixture, FIRST_ID + 2);
  task = claim_task (fixture, FIRST_ID + 1, 0);
  assert_state (fixture, FIRST_ID, AUTHOR, FALSE, FALSE);

  g_assert_cmpuint (delete_ids (fixture, ids, G_N_ELEMENTS (ids)), ==, 2);
  g_assert_cmpuint (delete_ids (fixture, ids, G_N_ELEMENTS (ids)), ==, 0);
  assert_counts (fixture, 1, 0);
  assert_state (fixture, FIRST_ID, AUTHOR, TRUE, TRUE);
  assert_state (fixture, FIRST_ID + 9, 0, FALSE, FALSE);
  g_assert_false (update_task (fixture, task, DOU_VIDEO_TRANSCODE_NONE));
  g_assert_cmpint (publish (fixture, FIRST_ID), ==, 0);
  assert_counts (fixture, 1, 0);

  g_array_append_vals (clean, ids, 1);
  dou_video_store_set_clean_async (fixture->store, clean, dou_test_wait_result_cb,
                                   &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  g_assert_true (dou_video_store_set_clean_finish (fixture->store, result, NULL));
  assert_state (fixture, FIRST_ID, AUTHOR, TRUE, FALSE);
  assert_state (fixture, FIRST_ID + 1, AUTHOR, TRUE, TRUE);
}

static void
run_sqlite (Fixture *fixture, const char *sql)
{
  g_autofree char *sqlite = g_find_program_in_path ("sqlite3");
  const char *argv[] = { sqlite, fixture->address->path, sql, NULL };
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                               &status, NULL));
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static void
assert_recount (Fixture *fixture, gint64 expected_wrong, guint expected_authors)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) authors = NULL;
  gint64 n_videos, n_wrong;

  dou_video_store_recount_async (fixture->store, dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  authors = dou_video_store_recount_finish (fixture->store, result, &n_videos, &n_wrong, NULL);
  g_assert_cmpint (n_wrong, ==, expected_wrong);
  g_assert_cmpuint (authors->len, ==, expected_authors);
  g_assert_cmpint (n_videos, ==, 3);
}

/* Test that a recount finds what is wrong, sets it right, and then finds nothing. */
static void
test_recount (Fixture *fixture, gconstpointer data)
{
  publish_as (fixture, 1, 7, "a", 0);
  publish_as (fixture, 2, 7, "b", 0);
  publish_as (fixture, 3, 8, "c", 0);
  publish_as (fixture, 4, 8, "hidden", 0);
  run_sqlite (fixture, "UPDATE videos SET hidden = 1 WHERE id = 4");
  assert_recount (fixture, 0, 0);

  run_sqlite (fixture, "UPDATE authors SET work_count = 5 WHERE id = 7;"
                       "DELETE FROM authors WHERE id = 8;"
                       "INSERT INTO authors (id, work_count) VALUES (9, 1);"
                       "UPDATE totals SET videos = -1");
  assert_recount (fixture, 4, 3);
  assert_recount (fixture, 0, 0);
  assert_counts (fixture, 3, 0);
}

/* Test that no statement reads more of a table than it needs, by the engine's own account. */
static void
test_plans (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "data", "sql", "video",
                                                 "sqlite", "statements.sql", NULL);
  g_autofree char *sqlite = g_find_program_in_path ("sqlite3");
  g_autofree char *text = NULL;
  g_auto (GStrv) statements = NULL;

  g_assert_nonnull (sqlite);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  statements = g_strsplit (text, "-- name: ", -1);
  g_assert_cmpuint (g_strv_length (statements), >, 5);
  for (gsize i = 1; statements[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (strchr (statements[i], '\n'), "##json::string", -1);
      g_autofree char *sql = g_strjoinv ("?1", parts);
      g_autofree char *question = g_strconcat ("EXPLAIN QUERY PLAN ", sql, NULL);
      const char *argv[] = { sqlite, "-readonly", fixture->address->path, question, NULL };
      g_autofree char *plan = NULL;
      g_auto (GStrv) steps = NULL;
      int status;

      /* A recount reads everything, and says so. */
      if (g_str_has_prefix (statements[i], "recount-"))
        continue;

      g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &plan,
                                   NULL, &status, NULL));
      g_assert_true (g_spawn_check_wait_status (status, NULL));
      steps = g_strsplit (plan, "\n", -1);
      g_assert_cmpuint (g_strv_length (steps), >, 1);
      for (gsize j = 0; steps[j] != NULL; j++)
        {
          /* The indexes of what is to be transcoded, and could not be, hold nothing else. */
          if (strstr (steps[j], "USING INDEX videos_to_transcode") != NULL
              || strstr (steps[j], "INDEX videos_not_transcoded") != NULL)
            continue;
          g_assert_null (strstr (steps[j], "SCAN videos"));
          g_assert_null (strstr (steps[j], "SCAN authors"));
          g_assert_null (strstr (steps[j], "AUTOMATIC"));
        }
    }
}

static const DouCaller caller = { 1000, (char *) "root" };

static void
assert_hidden (Fixture *fixture, const DouVideoHiding *hidings, guint n_hidings,
               const DouVideoHidden *expected)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) hidden = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_store_set_hidden_async (fixture->store, hidings, n_hidings, &caller,
                                    dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  hidden = dou_video_store_set_hidden_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hidden->len, ==, n_hidings);
  for (guint i = 0; i < n_hidings; i++)
    {
      const DouVideoHidden *actual = &g_array_index (hidden, DouVideoHidden, i);

      g_assert_cmpint (actual->place.id, ==, expected[i].place.id);
      g_assert_cmpint (actual->place.publish_time, ==, expected[i].place.publish_time);
      g_assert_cmpint (actual->author, ==, expected[i].author);
      g_assert_cmpint (actual->changed, ==, expected[i].changed);
      g_assert_cmpint (actual->hidden, ==, hidings[i].hide);
    }
}

/* What everybody sees of the works of author 7 (@expected ends with 0), how many it says they are, and
 * the number of all videos. */
static void
assert_seen (Fixture *fixture, const gint64 *expected, gint64 n_works, gint64 n_videos)
{
  const DouVideoWorksPlace place = { 7, G_MAXINT64 };
  const gint64 before = G_MAXINT64;
  g_autoptr (GPtrArray) works = get_works (fixture, &place, 1, 10);
  g_autoptr (GPtrArray) feed = get_feed (fixture, &before, 1, 10);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) counts = NULL;

  assert_page (works, 0, expected);
  assert_page (feed, 0, expected);
  assert_counts (fixture, n_videos, 0);
  dou_video_store_get_work_counts_async (fixture->store, &place.author, 1, dou_test_wait_result_cb,
                                         &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  counts = dou_video_store_get_work_counts_finish (fixture->store, result, NULL);
  g_assert_cmpint (g_array_index (counts, gint64, 0), ==, n_works);
}

/* The audit log, `ACTION TARGET WHY` a line, the newest first. */
static void
assert_audit (Fixture *fixture, const char *expected)
{
  g_autoptr (GVariant) asked
      = g_variant_ref_sink (g_variant_new_parsed ("[(int64 0, uint32 100)]"));
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariantIter) entries = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  const char *login, *action, *why;
  gint64 uid, target;

  dou_video_store_list_audit_async (fixture->store, asked, dou_test_wait_result_cb,
                                    &fixture->result);
  pages = dou_test_records_wait (&fixture->result);
  g_variant_get_child (pages, 0, "a(xxxssxs)", &entries);
  while (g_variant_iter_next (entries, "(xxx&s&sx&s)", NULL, NULL, &uid, &login, &action, &target,
                              &why))
    {
      g_assert_cmpint (uid, ==, caller.uid);
      g_assert_cmpstr (login, ==, caller.login);
      g_string_append_printf (text, "%s %" G_GINT64_FORMAT " %s\n", action, target, why);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* `ID` of each video of a list, with a `!` if it is hidden. */
static void
assert_listed (Fixture *fixture, gint64 before, gboolean only_hidden, guint count,
               const char *expected)
{
  g_autoptr (GVariant) asked
      = g_variant_ref_sink (g_variant_new_parsed ("[(%x, %b, %u)]", before, only_hidden, count));
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariantIter) videos = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 id, hidden;

  dou_video_store_list_videos_async (fixture->store, asked, dou_test_wait_result_cb,
                                     &fixture->result);
  pages = dou_test_records_wait (&fixture->result);
  g_variant_get_child (pages, 0, "a(xxsxx)", &videos);
  while (g_variant_iter_next (videos, "(xxsxx)", &id, NULL, NULL, NULL, &hidden))
    g_string_append_printf (text, "%" G_GINT64_FORMAT "%s ", id, hidden != 0 ? "!" : "");
  g_assert_cmpstr (text->str, ==, expected);
}

/* The author's videos, `ID TITLE FILE COVER`, with a `!` if hidden. */
static void
assert_listed_of (Fixture *fixture, gint64 author, gint64 before, guint count, const char *expected)
{
  g_autoptr (GVariant) argument
      = g_variant_ref_sink (g_variant_new_parsed ("[(%x, %x, %u)]", author, before, count));
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariantIter) videos = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  const char *title, *file, *cover;
  gint64 id, time, hidden;

  dou_video_store_list_videos_of_async (fixture->store, argument, dou_test_wait_result_cb,
                                        &fixture->result);
  pages = dou_test_records_wait (&fixture->result);
  g_variant_get_child (pages, 0, "a(xsssxx)", &videos);
  while (g_variant_iter_next (videos, "(x&s&s&sxx)", &id, &title, &file, &cover, &time, &hidden))
    {
      g_assert_cmpint (time, ==, NOON + id - 1);
      g_assert_cmpstr (file, !=, "");
      g_assert_cmpstr (cover, !=, "");
      g_string_append_printf (text, "%" G_GINT64_FORMAT " %s%s, ", id, title,
                              hidden != 0 ? "!" : "");
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* Test that all videos of an author are listed page by page, hidden ones too, and nobody else's. */
static void
test_list_of (Fixture *fixture, gconstpointer data)
{
  const DouVideoHiding hide = { 2, TRUE, "" };
  const DouVideoHidden hidden = { { 2, NOON + 1 }, 7, TRUE, TRUE };

  publish_as (fixture, 1, 7, "one", DOU_VIDEO_TRANSCODE_NONE);
  publish_as (fixture, 2, 7, "two", DOU_VIDEO_TRANSCODE_NONE);
  publish_as (fixture, 3, 8, "three", DOU_VIDEO_TRANSCODE_NONE);
  assert_hidden (fixture, &hide, 1, &hidden);
  assert_listed_of (fixture, 7, 0, 500, "2 two!, 1 one, ");
  assert_listed_of (fixture, 7, 0, 1, "2 two!, ");
  assert_listed_of (fixture, 7, NOON + 1, 500, "1 one, ");
  assert_listed_of (fixture, 9, 0, 500, "");
}

/* Test that a hidden video is in no page and no count, comes back to its place, and that it is written
 * down when something was changed, and only then. */
static void
test_hide (Fixture *fixture, gconstpointer data)
{
  const DouVideoHiding hide[] = { { 2, TRUE, "“one”" }, { 9, TRUE, "no" }, { 1, FALSE, "no" } };
  const DouVideoHidden hidden[] = { { { 2, NOON + 1 }, 7, TRUE, TRUE },
                                    { { 0, 0 }, 0, FALSE, TRUE },
                                    { { 1, NOON }, 7, FALSE, FALSE } };
  const DouVideoHiding again = { 2, TRUE, "again" };
  const DouVideoHidden unchanged = { { 2, NOON + 1 }, 7, FALSE, TRUE };
  const DouVideoHiding unhide = { 2, FALSE, "" };
  const DouVideoHidden shown = { { 2, NOON + 1 }, 7, TRUE, FALSE };

  for (gint64 id = 1; id <= 3; id++)
    publish_as (fixture, id, 7, "title", DOU_VIDEO_TRANSCODE_NONE);
  assert_hidden (fixture, hide, G_N_ELEMENTS (hide), hidden);
  assert_hidden (fixture, &again, 1, &unchanged);
  assert_seen (fixture, (const gint64[]){ 3, 1, 0 }, 2, 2);
  assert_listed (fixture, 0, FALSE, 10, "3 2! 1 ");
  assert_listed (fixture, 3, FALSE, 1, "2! ");
  assert_listed (fixture, 0, TRUE, 10, "2! ");
  assert_listed (fixture, 2, TRUE, 10, "");

  assert_hidden (fixture, &unhide, 1, &shown);
  assert_seen (fixture, (const gint64[]){ 3, 2, 1, 0 }, 3, 3);
  assert_listed (fixture, 0, TRUE, 10, "");
  assert_audit (fixture, "video unhide 2 \nvideo hide 2 “one”\n");
}

/* `ID WHY` of each video that was given up. */
static void
assert_failed (Fixture *fixture, const char *asked, const char *expected)
{
  g_autoptr (GVariant) argument = g_variant_ref_sink (g_variant_new_parsed (asked));
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariantIter) videos = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  const char *trouble;
  gint64 id;

  dou_video_store_list_failed_async (fixture->store, argument, dou_test_wait_result_cb,
                                     &fixture->result);
  pages = dou_test_records_wait (&fixture->result);
  g_variant_get_child (pages, 0, "a(xxsxs)", &videos);
  while (g_variant_iter_next (videos, "(xxsx&s)", &id, NULL, NULL, NULL, &trouble))
    g_string_append_printf (text, "%" G_GINT64_FORMAT " %s, ", id, trouble);
  g_assert_cmpstr (text->str, ==, expected);
}

static void
fail_task (Fixture *fixture, gint64 id, const char *trouble)
{
  g_autoptr (DouVideoTask) task = NULL;

  publish_as (fixture, id, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  task = claim_task (fixture, id, 0);
  g_free (task->trouble);
  task->trouble = g_strdup (trouble);
  g_assert_true (update_task (fixture, task, DOU_VIDEO_TRANSCODE_FAILED));
}

/* Test that what was given up is counted and listed, and begins anew when the administration wants it, which is
 * written down; that nothing else does; and that it is counted no more when it is deleted. */
static void
test_retry (Fixture *fixture, gconstpointer data)
{
  const DouVideoRetry retries[] = { { 2, "more memory" }, { 9, "no" }, { 1, "no" }, { 3, "" } };
  const DouVideoRetried expected[] = { DOU_VIDEO_RETRIED, DOU_VIDEO_RETRIED_NONE, DOU_VIDEO_RETRIED_BEFORE,
                                       DOU_VIDEO_RETRIED };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) retried = NULL;
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (GError) error = NULL;

  publish (fixture, 1);
  fail_task (fixture, 2, "坏");
  fail_task (fixture, 3, "out of memory");
  fail_task (fixture, 4, "");
  assert_all_counts (fixture, 4, 0, 3);
  assert_failed (fixture, "[(int64 0, uint32 100)]", "4 , 3 out of memory, 2 坏, ");
  assert_failed (fixture, "[(int64 4, uint32 1)]", "3 out of memory, ");

  dou_video_store_retry_async (fixture->store, retries, G_N_ELEMENTS (retries), &caller,
                               dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  retried = dou_video_store_retry_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (retried->data, retried->len * sizeof (DouVideoRetried), expected, sizeof expected);
  assert_all_counts (fixture, 4, 2, 1);
  assert_failed (fixture, "[(int64 0, uint32 100)]", "4 , ");
  assert_audit (fixture, "video retry 3 \nvideo retry 2 more memory\n");
  task = claim_task (fixture, 2, LONG);
  g_assert_cmpuint (task->n_attempts, ==, 1);
  g_assert_null (claim_task (fixture, 1, LONG));
  g_assert_cmpuint (delete_ids (fixture, (const gint64[]){ 4 }, 1), ==, 1);
  assert_all_counts (fixture, 3, 2, 0);
}

/* Test that the administration deletes a hidden video like another one, without counting it twice, and
 * that each is written down once. */
static void
test_remove (Fixture *fixture, gconstpointer data)
{
  const DouVideoHiding hide = { 2, TRUE, "" };
  const DouVideoHidden hidden = { { 2, NOON + 1 }, 7, TRUE, TRUE };
  const DouVideoRemoval removals[] = { { 2, "bad" }, { 3, "worse" }, { 9, "not there" } };
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gint64 id = 1; id <= 3; id++)
    publish_as (fixture, id, 7, "title", DOU_VIDEO_TRANSCODE_NONE);
  assert_hidden (fixture, &hide, 1, &hidden);
  for (guint i = 0; i < G_N_ELEMENTS (removals); i++)
    g_array_append_val (ids, removals[i].id);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GArray) deleted = NULL;

      dou_video_store_remove_async (fixture->store, ids, removals, G_N_ELEMENTS (removals), &caller,
                                    dou_test_wait_result_cb, &fixture->result);
      result = dou_test_wait_result (&fixture->result);
      deleted = dou_video_store_delete_finish (fixture->store, result, NULL);
      g_assert_cmpuint (deleted->len, ==, i == 0 ? 2 : 0);
    }
  assert_seen (fixture, (const gint64[]){ 1, 0 }, 1, 1);
  assert_state (fixture, 2, 7, TRUE, TRUE);
  assert_audit (fixture, "video delete 3 worse\nvideo delete 2 bad\nvideo hide 2 \n");
}

/* Test that nothing is published for who is no more, and that what is left of whom is found. */
static void
test_remove_users (Fixture *fixture, gconstpointer data)
{
  const gint64 users[] = { 5, AUTHOR };
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) videos = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) works = NULL;
  g_autoptr (GArray) left = NULL;
  g_autoptr (GArray) deleted = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) found = NULL;
  g_autoptr (GAsyncResult) removed = NULL;
  g_autoptr (GAsyncResult) looked_up = NULL;
  g_autoptr (GAsyncResult) cleaned = NULL;
  g_autoptr (GAsyncResult) looked_up_again = NULL;

  g_array_append_vals (ids, users, G_N_ELEMENTS (users));
  g_assert_cmpint (publish (fixture, FIRST_ID), >, 0);
  g_assert_cmpint (publish_as (fixture, FIRST_ID + 1, 7, "title", DOU_VIDEO_TRANSCODE_NONE), >, 0);

  dou_video_store_remove_users_async (fixture->store, ids, dou_test_wait_result_cb,
                                      &fixture->result);
  found = dou_test_wait_result (&fixture->result);
  works = dou_video_store_remove_users_finish (fixture->store, found, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (works->len, ==, 1);
  g_assert_cmpint (g_array_index (works, DouVideoDeletion, 0).video, ==, FIRST_ID);
  g_assert_cmpint (g_array_index (works, DouVideoDeletion, 0).user, ==, AUTHOR);
  g_assert_cmpint (publish (fixture, FIRST_ID + 2), ==, 0);
  g_assert_cmpint (publish_as (fixture, FIRST_ID + 3, 7, "title", DOU_VIDEO_TRANSCODE_NONE), >, 0);

  g_array_append_val (videos, g_array_index (works, DouVideoDeletion, 0).video);
  dou_video_store_delete_async (fixture->store, videos, dou_test_wait_result_cb, &fixture->result);
  removed = dou_test_wait_result (&fixture->result);
  deleted = dou_video_store_delete_finish (fixture->store, removed, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (deleted->len, ==, 1);

  /* Its files are still there. */
  dou_video_store_find_remains_async (fixture->store, ids, dou_test_wait_result_cb,
                                      &fixture->result);
  looked_up = dou_test_wait_result (&fixture->result);
  left = dou_video_store_find_remains_finish (fixture->store, looked_up, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (left->len, ==, 1);
  g_assert_cmpuint (g_array_index (left, guint, 0), ==, 1);

  dou_video_store_set_clean_async (fixture->store, videos, dou_test_wait_result_cb,
                                   &fixture->result);
  cleaned = dou_test_wait_result (&fixture->result);
  g_assert_true (dou_video_store_set_clean_finish (fixture->store, cleaned, &error));
  g_clear_pointer (&left, g_array_unref);
  dou_video_store_find_remains_async (fixture->store, ids, dou_test_wait_result_cb,
                                      &fixture->result);
  looked_up_again = dou_test_wait_result (&fixture->result);
  left = dou_video_store_find_remains_finish (fixture->store, looked_up_again, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (left->len, ==, 0);
  assert_counts (fixture, 2, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-store/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("empty", test_empty);
  ADD ("times", test_times);
  ADD ("again", test_again);
  ADD ("titles", test_titles);
  ADD ("feed", test_feed);
  ADD ("works", test_works);
  ADD ("tasks", test_tasks);
  ADD ("claims", test_claims);
  ADD ("trouble", test_trouble);
  ADD ("task-pages", test_task_pages);
  ADD ("delete", test_delete);
  ADD ("hide", test_hide);
  ADD ("retry", test_retry);
  ADD ("list-of", test_list_of);
  ADD ("remove", test_remove);
  ADD ("remove-users", test_remove_users);
  if (!dou_test_engine_is_server ())
    {
      ADD ("recount", test_recount);
      ADD ("plans", test_plans);
    }
#undef ADD

  return g_test_run ();
}
