/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "video/store-fixture.h"

void
store_fixture_open_store (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = dou_video_store_open (fixture->address, DOU_CLOCK (fixture->clock), &error);
  g_assert_no_error (error);
}

void
store_fixture_set_up (StoreFixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "video");
  fixture->clock = dou_manual_clock_new (NOON);
  store_fixture_open_store (fixture);
}

void
store_fixture_tear_down (StoreFixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->store);
  g_assert_finalize_object (fixture->clock);
  dou_test_engine_remove (fixture->address);
  dou_test_dir_remove (fixture->directory);
}

gint64
store_fixture_publish_as (StoreFixture *fixture, gint64 id, gint64 author, const char *title,
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

gint64
store_fixture_publish (StoreFixture *fixture, gint64 id)
{
  return store_fixture_publish_as (fixture, id, AUTHOR, "title", DOU_VIDEO_TRANSCODE_NONE);
}

GPtrArray *
store_fixture_get_feed (StoreFixture *fixture, const gint64 *befores, guint n, guint limit)
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

GPtrArray *
store_fixture_get_works (StoreFixture *fixture, const DouVideoWorksPlace *places, guint n, guint limit)
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

void
store_fixture_assert_all_counts (StoreFixture *fixture, gint64 expected_videos, gint64 expected_pending,
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

void
store_fixture_assert_counts (StoreFixture *fixture, gint64 expected_videos, gint64 expected_transcodes)
{
  store_fixture_assert_all_counts (fixture, expected_videos, expected_transcodes, 0);
}

/* @ids ends in 0. */
void
store_fixture_assert_page (GPtrArray *pages, guint i, const gint64 *ids)
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

DouVideoTask *
store_fixture_get_task_after (StoreFixture *fixture, const DouVideoTask *after)
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

DouVideoTask *
store_fixture_get_next_task (StoreFixture *fixture)
{
  return store_fixture_get_task_after (fixture, NULL);
}

/* Whether one of the three changes was done. */
gboolean
store_fixture_finish_change (StoreFixture *fixture, DouVideoTask **row)
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
DouVideoTask *
store_fixture_claim_task (StoreFixture *fixture, gint64 id, gint64 lease)
{
  g_autoptr (DouVideoTask) task = NULL;

  dou_video_store_claim_task_async (fixture->store, id, lease, dou_test_wait_result_cb,
                                    &fixture->result);
  return store_fixture_finish_change (fixture, &task) ? g_steal_pointer (&task) : NULL;
}

gboolean
store_fixture_renew_task (StoreFixture *fixture, const DouVideoTask *task, gint64 lease)
{
  g_autoptr (DouVideoTask) row = NULL;

  dou_video_store_renew_task_async (fixture->store, task, lease, dou_test_wait_result_cb,
                                    &fixture->result);
  return store_fixture_finish_change (fixture, &row);
}

gboolean
store_fixture_update_task (StoreFixture *fixture, DouVideoTask *task, DouVideoTranscode transcode)
{
  g_autoptr (DouVideoTask) row = NULL;

  task->transcode = transcode;
  dou_video_store_update_task_async (fixture->store, task, 0, dou_test_wait_result_cb,
                                     &fixture->result);
  return store_fixture_finish_change (fixture, &row);
}

guint
store_fixture_delete_ids (StoreFixture *fixture, const gint64 *ids, guint n)
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

void
store_fixture_assert_state (StoreFixture *fixture, gint64 id, gint64 author, gboolean deleted,
                            gboolean unclean)
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
