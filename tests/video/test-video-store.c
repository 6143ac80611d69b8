/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "lib/dou-test-engine.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"
#include "video/store-fixture.h"

/* Test that an empty store answers with nothing, to nothing and to something. */
static void
test_empty (StoreFixture *fixture, gconstpointer data)
{
  const gint64 before = G_MAXINT64;
  const DouVideoWorksPlace place = { AUTHOR, G_MAXINT64 };
  g_autoptr (GPtrArray) none = store_fixture_get_feed (fixture, NULL, 0, 30);
  g_autoptr (GPtrArray) feed = store_fixture_get_feed (fixture, &before, 1, 30);
  g_autoptr (GPtrArray) works = store_fixture_get_works (fixture, &place, 1, 1000);

  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpuint (feed->len, ==, 1);
  store_fixture_assert_page (feed, 0, (const gint64[]){ 0 });
  g_assert_cmpuint (works->len, ==, 1);
  store_fixture_assert_page (works, 0, (const gint64[]){ 0 });
  store_fixture_assert_counts (fixture, 0, 0);
}

/* Test that a time that is taken is followed by the first free one, across a gap and not beyond it,
 * and that the clock may stand still or step back. */
static void
test_times (StoreFixture *fixture, gconstpointer data)
{
  g_assert_cmpint (store_fixture_publish (fixture, 1), ==, NOON);
  g_assert_cmpint (store_fixture_publish (fixture, 2), ==, NOON + 1);
  g_assert_cmpint (store_fixture_publish (fixture, 3), ==, NOON + 2);

  dou_manual_clock_set (fixture->clock, NOON + 4);
  g_assert_cmpint (store_fixture_publish (fixture, 4), ==, NOON + 4);
  g_assert_cmpint (store_fixture_publish (fixture, 5), ==, NOON + 5);

  dou_manual_clock_set (fixture->clock, NOON + 1);
  g_assert_cmpint (store_fixture_publish (fixture, 6), ==, NOON + 3);
  g_assert_cmpint (store_fixture_publish (fixture, 7), ==, NOON + 6);

  dou_manual_clock_set (fixture->clock, NOON - 1);
  g_assert_cmpint (store_fixture_publish (fixture, 8), ==, NOON - 1);
}

/* Test that publishing again changes nothing, and tells the time of the first. */
static void
test_again (StoreFixture *fixture, gconstpointer data)
{
  gint64 ids[] = { 1, 2, 1 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) videos = NULL;
  g_autoptr (GError) error = NULL;
  const DouVideo *video;

  g_assert_cmpint (store_fixture_publish_as (fixture, 1, 5, "first", 0), ==, NOON);
  dou_manual_clock_set (fixture->clock, NOON + 10);
  g_assert_cmpint (store_fixture_publish_as (fixture, 1, 6, "second", 1), ==, NOON);
  store_fixture_assert_counts (fixture, 1, 0);

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
test_titles (StoreFixture *fixture, gconstpointer data)
{
  const char *titles[] = { "123", "null", "'; DROP TABLE videos; --", "\"\\\b", "##x::string ?1 $1",
                           "你好，世界 👩‍👩‍👧", "<b>", "{}" };

  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    {
      gint64 id = FIRST_ID + (gint64) i;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GPtrArray) videos = NULL;

      store_fixture_publish_as (fixture, id, AUTHOR, titles[i], DOU_VIDEO_TRANSCODE_NONE);
      dou_video_store_get_videos_async (fixture->store, &id, 1, dou_test_wait_result_cb,
                                        &fixture->result);
      result = dou_test_wait_result (&fixture->result);
      videos = dou_video_store_get_videos_finish (fixture->store, result, NULL);
      g_assert_cmpstr (((DouVideo *) g_ptr_array_index (videos, 0))->title, ==, titles[i]);
    }
}

/* Test that many pages of the feed are answered at once, each with its own. */
static void
test_feed (StoreFixture *fixture, gconstpointer data)
{
  const gint64 befores[] = { G_MAXINT64, NOON + 2, NOON, NOON - 5, NOON + 100 };
  g_autoptr (GPtrArray) pages = NULL;

  for (gint64 i = 0; i < 4; i++)
    store_fixture_publish (fixture, FIRST_ID + i);

  pages = store_fixture_get_feed (fixture, befores, G_N_ELEMENTS (befores), 3);
  g_assert_cmpuint (pages->len, ==, 5);
  store_fixture_assert_page (pages, 0, (const gint64[]){ FIRST_ID + 3, FIRST_ID + 2, FIRST_ID + 1, 0 });
  store_fixture_assert_page (pages, 1, (const gint64[]){ FIRST_ID + 1, FIRST_ID, 0 });
  store_fixture_assert_page (pages, 2, (const gint64[]){ 0 });
  store_fixture_assert_page (pages, 3, (const gint64[]){ 0 });
  store_fixture_assert_page (pages, 4, (const gint64[]){ FIRST_ID + 3, FIRST_ID + 2, FIRST_ID + 1, 0 });
}

/* Test that works are those of their author, and that counts follow them. */
static void
test_works (StoreFixture *fixture, gconstpointer data)
{
  const DouVideoWorksPlace places[]
      = { { 7, G_MAXINT64 }, { 8, G_MAXINT64 }, { 9, G_MAXINT64 }, { 7, NOON + 2 } };
  const gint64 authors[] = { 9, 8, 7, 7 };
  const gint64 expected[] = { 0, 1, 3, 3 };
  g_autoptr (GPtrArray) pages = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) counts = NULL;

  store_fixture_publish_as (fixture, 1, 7, "a", 0);
  store_fixture_publish_as (fixture, 2, 8, "b", 0);
  store_fixture_publish_as (fixture, 3, 7, "c", 0);
  store_fixture_publish_as (fixture, 4, 7, "d", 0);
  store_fixture_publish_as (fixture, 4, 8, "again", 0);

  pages = store_fixture_get_works (fixture, places, G_N_ELEMENTS (places), 2);
  store_fixture_assert_page (pages, 0, (const gint64[]){ 4, 3, 0 });
  store_fixture_assert_page (pages, 1, (const gint64[]){ 2, 0 });
  store_fixture_assert_page (pages, 2, (const gint64[]){ 0 });
  store_fixture_assert_page (pages, 3, (const gint64[]){ 1, 0 });

  dou_video_store_get_work_counts_async (fixture->store, authors, G_N_ELEMENTS (authors),
                                         dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  counts = dou_video_store_get_work_counts_finish (fixture->store, result, NULL);
  g_assert_cmpmem (counts->data, counts->len * sizeof (gint64), expected, sizeof expected);
}

/* Test that what is deleted goes from rows and counts, once, is remembered, and does not come back. */
static void
test_delete (StoreFixture *fixture, gconstpointer data)
{
  const gint64 ids[] = { FIRST_ID, FIRST_ID + 1, FIRST_ID + 9 };
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (GArray) clean = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GAsyncResult) result = NULL;

  store_fixture_publish (fixture, FIRST_ID);
  store_fixture_publish_as (fixture, FIRST_ID + 1, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  store_fixture_publish (fixture, FIRST_ID + 2);
  task = store_fixture_claim_task (fixture, FIRST_ID + 1, 0);
  store_fixture_assert_state (fixture, FIRST_ID, AUTHOR, FALSE, FALSE);

  g_assert_cmpuint (store_fixture_delete_ids (fixture, ids, G_N_ELEMENTS (ids)), ==, 2);
  g_assert_cmpuint (store_fixture_delete_ids (fixture, ids, G_N_ELEMENTS (ids)), ==, 0);
  store_fixture_assert_counts (fixture, 1, 0);
  store_fixture_assert_state (fixture, FIRST_ID, AUTHOR, TRUE, TRUE);
  store_fixture_assert_state (fixture, FIRST_ID + 9, 0, FALSE, FALSE);
  g_assert_false (store_fixture_update_task (fixture, task, DOU_VIDEO_TRANSCODE_NONE));
  g_assert_cmpint (store_fixture_publish (fixture, FIRST_ID), ==, 0);
  store_fixture_assert_counts (fixture, 1, 0);

  g_array_append_vals (clean, ids, 1);
  dou_video_store_set_clean_async (fixture->store, clean, dou_test_wait_result_cb,
                                   &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  g_assert_true (dou_video_store_set_clean_finish (fixture->store, result, NULL));
  store_fixture_assert_state (fixture, FIRST_ID, AUTHOR, TRUE, FALSE);
  store_fixture_assert_state (fixture, FIRST_ID + 1, AUTHOR, TRUE, TRUE);
}

static void
run_sqlite (StoreFixture *fixture, const char *sql)
{
  g_autofree char *sqlite = g_find_program_in_path ("sqlite3");
  const char *argv[] = { sqlite, fixture->address->path, sql, NULL };
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                               &status, NULL));
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static void
assert_recount (StoreFixture *fixture, gint64 expected_wrong, guint expected_authors)
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
test_recount (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_publish_as (fixture, 1, 7, "a", 0);
  store_fixture_publish_as (fixture, 2, 7, "b", 0);
  store_fixture_publish_as (fixture, 3, 8, "c", 0);
  store_fixture_publish_as (fixture, 4, 8, "hidden", 0);
  run_sqlite (fixture, "UPDATE videos SET hidden = 1 WHERE id = 4");
  assert_recount (fixture, 0, 0);

  run_sqlite (fixture, "UPDATE authors SET work_count = 5 WHERE id = 7;"
                       "DELETE FROM authors WHERE id = 8;"
                       "INSERT INTO authors (id, work_count) VALUES (9, 1);"
                       "UPDATE totals SET videos = -1");
  assert_recount (fixture, 4, 3);
  assert_recount (fixture, 0, 0);
  store_fixture_assert_counts (fixture, 3, 0);
}

/* Test that no statement reads more of a table than it needs, by the engine's own account. */
static void
test_plans (StoreFixture *fixture, gconstpointer data)
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-store/" name, StoreFixture, NULL, store_fixture_set_up, func,         \
              store_fixture_tear_down)
  ADD ("empty", test_empty);
  ADD ("times", test_times);
  ADD ("again", test_again);
  ADD ("titles", test_titles);
  ADD ("feed", test_feed);
  ADD ("works", test_works);
  ADD ("delete", test_delete);
  if (!dou_test_engine_is_server ())
    {
      ADD ("recount", test_recount);
      ADD ("plans", test_plans);
    }
#undef ADD
  store_test_add_tasks ();
  store_test_add_acts ();

  return g_test_run ();
}
