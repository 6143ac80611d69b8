/* SPDX-License-Identifier: Apache-2.0 */

/* What is to be transcoded, and who is at it. */

#include "config.h"

#include "lib/dou-test-engine.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"
#include "video/store-fixture.h"

/* Test that what is to be transcoded is handed out, least tried first, and outlives a restart. */
static void
test_tasks (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) first = NULL;
  g_autoptr (DouVideoTask) second = NULL;
  g_autoptr (DouVideoTask) again = NULL;

  g_assert_null (store_fixture_get_next_task (fixture));
  store_fixture_publish (fixture, 1);
  store_fixture_publish_as (fixture, 2, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  store_fixture_publish_as (fixture, 3, AUTHOR, "b", DOU_VIDEO_TRANSCODE_WANTED);
  store_fixture_assert_counts (fixture, 3, 2);

  first = store_fixture_get_next_task (fixture);
  g_assert_cmpint (first->id, ==, 2);
  g_assert_cmpuint (first->n_attempts, ==, 0);
  dou_video_task_free (g_steal_pointer (&first));
  first = store_fixture_claim_task (fixture, 2, 0);
  g_assert_cmpuint (first->n_attempts, ==, 1);
  g_assert_true (store_fixture_update_task (fixture, first, DOU_VIDEO_TRANSCODE_WANTED));

  second = store_fixture_get_next_task (fixture);
  g_assert_cmpint (second->id, ==, 3);
  dou_video_task_free (g_steal_pointer (&second));
  second = store_fixture_claim_task (fixture, 3, 0);
  g_assert_true (store_fixture_update_task (fixture, second, DOU_VIDEO_TRANSCODE_FAILED));
  store_fixture_assert_all_counts (fixture, 3, 1, 1);

  g_assert_finalize_object (g_steal_pointer (&fixture->store));
  store_fixture_open_store (fixture);
  again = store_fixture_get_next_task (fixture);
  g_assert_cmpint (again->id, ==, 2);
  g_assert_cmpuint (again->n_attempts, ==, 1);
  g_assert_cmpstr (again->file, ==, "video/00/1.mp4");
  dou_video_task_free (g_steal_pointer (&again));
  again = store_fixture_claim_task (fixture, 2, 0);
  g_free (again->file);
  again->file = g_strdup ("video/00/1-1.mp4");
  g_assert_true (store_fixture_update_task (fixture, again, DOU_VIDEO_TRANSCODE_NONE));
  g_assert_null (store_fixture_get_next_task (fixture));
  store_fixture_assert_all_counts (fixture, 3, 0, 1);
}

/* Test that who has claimed what is to be transcoded has it for himself; that somebody else may have it
 * when his time is over, and all that the first one writes afterwards changes nothing; that what is done is
 * done. */
static void
test_claims (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) listed = NULL;
  g_autoptr (DouVideoTask) waiting = NULL;
  g_autoptr (DouVideoTask) first = NULL;
  g_autoptr (DouVideoTask) second = NULL;

  store_fixture_publish_as (fixture, 2, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  store_fixture_publish (fixture, 3);
  g_assert_null (store_fixture_claim_task (fixture, 3, 0));
  g_assert_null (store_fixture_claim_task (fixture, 4, 0));
  listed = store_fixture_get_next_task (fixture);
  g_assert_cmpint (listed->wait, ==, 0);
  g_assert_cmpstr (listed->trouble, ==, "");

  first = store_fixture_claim_task (fixture, 2, LONG);
  g_assert_cmpstr (first->file, ==, listed->file);
  g_assert_cmpuint (first->n_attempts, ==, 1);
  g_assert_null (store_fixture_claim_task (fixture, 2, LONG));
  waiting = store_fixture_get_next_task (fixture);
  g_assert_cmpint (waiting->wait, >, LONG / 2);
  g_assert_cmpint (waiting->wait, <=, LONG);
  g_assert_true (store_fixture_renew_task (fixture, first, 0));

  second = store_fixture_claim_task (fixture, 2, LONG);
  g_assert_cmpuint (second->n_attempts, ==, 2);
  g_assert_cmpint (second->claim, !=, first->claim);
  g_assert_false (store_fixture_renew_task (fixture, first, LONG));
  g_free (first->file);
  first->file = g_strdup ("video/00/2-1.mp4");
  g_assert_false (store_fixture_update_task (fixture, first, DOU_VIDEO_TRANSCODE_NONE));
  store_fixture_assert_counts (fixture, 2, 1);
  g_assert_false (store_fixture_update_task (fixture, first, DOU_VIDEO_TRANSCODE_WANTED));
  g_assert_null (store_fixture_claim_task (fixture, 2, LONG));

  g_assert_true (store_fixture_renew_task (fixture, second, LONG));
  g_assert_true (store_fixture_update_task (fixture, second, DOU_VIDEO_TRANSCODE_NONE));
  store_fixture_assert_counts (fixture, 2, 0);
  g_assert_false (store_fixture_update_task (fixture, first, DOU_VIDEO_TRANSCODE_FAILED));
  g_assert_false (store_fixture_renew_task (fixture, second, LONG));
  g_assert_null (store_fixture_claim_task (fixture, 2, LONG));
  g_assert_null (store_fixture_get_next_task (fixture));
}

/* Test that why something could not be transcoded is kept, whatever it is, and that nobody begins again
 * before the time. */
static void
test_trouble (StoreFixture *fixture, gconstpointer data)
{
  const gint64 ids[] = { 2, 9 };
  g_autofree char *reason = g_strnfill (DOU_VIDEO_TROUBLE_MAX - 4, 'x');
  g_autofree char *trouble = g_strconcat (reason, "\"\\坏🎬", NULL);
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (DouVideoTask) next = NULL;
  g_autoptr (DouVideoTask) row = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) tasks = NULL;

  store_fixture_publish_as (fixture, 2, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  task = store_fixture_claim_task (fixture, 2, 0);
  g_free (task->trouble);
  task->trouble = g_strdup (trouble);
  dou_video_store_update_task_async (fixture->store, task, LONG, dou_test_wait_result_cb,
                                     &fixture->result);
  g_assert_true (store_fixture_finish_change (fixture, &row));
  g_assert_cmpstr (row->trouble, ==, trouble);
  g_assert_null (store_fixture_claim_task (fixture, 2, 0));
  next = store_fixture_get_next_task (fixture);
  g_assert_cmpint (next->wait, >, LONG / 2);
  g_assert_cmpuint (next->n_attempts, ==, 1);

  g_assert_true (store_fixture_update_task (fixture, task, DOU_VIDEO_TRANSCODE_FAILED));
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
test_task_pages (StoreFixture *fixture, gconstpointer data)
{
  const gint64 expected[] = { 3, 4, 2, 5 };
  g_autoptr (DouVideoTask) last = NULL;

  for (gint64 id = 2; id <= 5; id++)
    store_fixture_publish_as (fixture, id, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  for (gsize i = 2; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (DouVideoTask) task = store_fixture_claim_task (fixture, expected[i], LONG);

      g_assert_nonnull (task);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (DouVideoTask) before = g_steal_pointer (&last);

      last = store_fixture_get_task_after (fixture, before);
      g_assert_cmpint (last->id, ==, expected[i]);
    }
  g_assert_null (store_fixture_get_task_after (fixture, last));
}

void
store_test_add_tasks (void)
{
#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-store/" name, StoreFixture, NULL, store_fixture_set_up, func,         \
              store_fixture_tear_down)
  ADD ("tasks", test_tasks);
  ADD ("claims", test_claims);
  ADD ("trouble", test_trouble);
  ADD ("task-pages", test_task_pages);
#undef ADD
}
