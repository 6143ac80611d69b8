/* SPDX-License-Identifier: Apache-2.0 */

/* What the administration does, and what it sees; what is left of users who are no more. */

#include "config.h"

#include "lib/dou-test-engine.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"
#include "video/store-fixture.h"

static const DouCaller caller = { 1000, (char *) "root" };

static void
assert_hidden (StoreFixture *fixture, const DouVideoHiding *hidings, guint n_hidings,
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
assert_seen (StoreFixture *fixture, const gint64 *expected, gint64 n_works, gint64 n_videos)
{
  const DouVideoWorksPlace place = { 7, G_MAXINT64 };
  const gint64 before = G_MAXINT64;
  g_autoptr (GPtrArray) works = store_fixture_get_works (fixture, &place, 1, 10);
  g_autoptr (GPtrArray) feed = store_fixture_get_feed (fixture, &before, 1, 10);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) counts = NULL;

  store_fixture_assert_page (works, 0, expected);
  store_fixture_assert_page (feed, 0, expected);
  store_fixture_assert_counts (fixture, n_videos, 0);
  dou_video_store_get_work_counts_async (fixture->store, &place.author, 1, dou_test_wait_result_cb,
                                         &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  counts = dou_video_store_get_work_counts_finish (fixture->store, result, NULL);
  g_assert_cmpint (g_array_index (counts, gint64, 0), ==, n_works);
}

/* The audit log, `ACTION TARGET WHY` a line, the newest first. */
static void
assert_audit (StoreFixture *fixture, const char *expected)
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
assert_listed (StoreFixture *fixture, gint64 before, gboolean only_hidden, guint count,
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
assert_listed_of (StoreFixture *fixture, gint64 author, gint64 before, guint count,
                  const char *expected)
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
test_list_of (StoreFixture *fixture, gconstpointer data)
{
  const DouVideoHiding hide = { 2, TRUE, "" };
  const DouVideoHidden hidden = { { 2, NOON + 1 }, 7, TRUE, TRUE };

  store_fixture_publish_as (fixture, 1, 7, "one", DOU_VIDEO_TRANSCODE_NONE);
  store_fixture_publish_as (fixture, 2, 7, "two", DOU_VIDEO_TRANSCODE_NONE);
  store_fixture_publish_as (fixture, 3, 8, "three", DOU_VIDEO_TRANSCODE_NONE);
  assert_hidden (fixture, &hide, 1, &hidden);
  assert_listed_of (fixture, 7, 0, 500, "2 two!, 1 one, ");
  assert_listed_of (fixture, 7, 0, 1, "2 two!, ");
  assert_listed_of (fixture, 7, NOON + 1, 500, "1 one, ");
  assert_listed_of (fixture, 9, 0, 500, "");
}

/* Test that a hidden video is in no page and no count, comes back to its place, and that it is written
 * down when something was changed, and only then. */
static void
test_hide (StoreFixture *fixture, gconstpointer data)
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
    store_fixture_publish_as (fixture, id, 7, "title", DOU_VIDEO_TRANSCODE_NONE);
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
assert_failed (StoreFixture *fixture, const char *asked, const char *expected)
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
fail_task (StoreFixture *fixture, gint64 id, const char *trouble)
{
  g_autoptr (DouVideoTask) task = NULL;

  store_fixture_publish_as (fixture, id, AUTHOR, "a", DOU_VIDEO_TRANSCODE_WANTED);
  task = store_fixture_claim_task (fixture, id, 0);
  g_free (task->trouble);
  task->trouble = g_strdup (trouble);
  g_assert_true (store_fixture_update_task (fixture, task, DOU_VIDEO_TRANSCODE_FAILED));
}

/* Test that what was given up is counted and listed, and begins anew when the administration wants it, which is
 * written down; that nothing else does; and that it is counted no more when it is deleted. */
static void
test_retry (StoreFixture *fixture, gconstpointer data)
{
  const DouVideoRetry retries[] = { { 2, "more memory" }, { 9, "no" }, { 1, "no" }, { 3, "" } };
  const DouVideoRetried expected[] = { DOU_VIDEO_RETRIED, DOU_VIDEO_RETRIED_NONE, DOU_VIDEO_RETRIED_BEFORE,
                                       DOU_VIDEO_RETRIED };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) retried = NULL;
  g_autoptr (DouVideoTask) task = NULL;
  g_autoptr (GError) error = NULL;

  store_fixture_publish (fixture, 1);
  fail_task (fixture, 2, "坏");
  fail_task (fixture, 3, "out of memory");
  fail_task (fixture, 4, "");
  store_fixture_assert_all_counts (fixture, 4, 0, 3);
  assert_failed (fixture, "[(int64 0, uint32 100)]", "4 , 3 out of memory, 2 坏, ");
  assert_failed (fixture, "[(int64 4, uint32 1)]", "3 out of memory, ");

  dou_video_store_retry_async (fixture->store, retries, G_N_ELEMENTS (retries), &caller,
                               dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  retried = dou_video_store_retry_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (retried->data, retried->len * sizeof (DouVideoRetried), expected, sizeof expected);
  store_fixture_assert_all_counts (fixture, 4, 2, 1);
  assert_failed (fixture, "[(int64 0, uint32 100)]", "4 , ");
  assert_audit (fixture, "video retry 3 \nvideo retry 2 more memory\n");
  task = store_fixture_claim_task (fixture, 2, LONG);
  g_assert_cmpuint (task->n_attempts, ==, 1);
  g_assert_null (store_fixture_claim_task (fixture, 1, LONG));
  g_assert_cmpuint (store_fixture_delete_ids (fixture, (const gint64[]){ 4 }, 1), ==, 1);
  store_fixture_assert_all_counts (fixture, 3, 2, 0);
}

/* Test that the administration deletes a hidden video like another one, without counting it twice, and
 * that each is written down once. */
static void
test_remove (StoreFixture *fixture, gconstpointer data)
{
  const DouVideoHiding hide = { 2, TRUE, "" };
  const DouVideoHidden hidden = { { 2, NOON + 1 }, 7, TRUE, TRUE };
  const DouVideoRemoval removals[] = { { 2, "bad" }, { 3, "worse" }, { 9, "not there" } };
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gint64 id = 1; id <= 3; id++)
    store_fixture_publish_as (fixture, id, 7, "title", DOU_VIDEO_TRANSCODE_NONE);
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
  store_fixture_assert_state (fixture, 2, 7, TRUE, TRUE);
  assert_audit (fixture, "video delete 3 worse\nvideo delete 2 bad\nvideo hide 2 \n");
}

/* Test that nothing is published for who is no more, and that what is left of whom is found. */
static void
test_remove_users (StoreFixture *fixture, gconstpointer data)
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
  g_assert_cmpint (store_fixture_publish (fixture, FIRST_ID), >, 0);
  g_assert_cmpint (store_fixture_publish_as (fixture, FIRST_ID + 1, 7, "title", DOU_VIDEO_TRANSCODE_NONE), >,
                   0);

  dou_video_store_remove_users_async (fixture->store, ids, dou_test_wait_result_cb,
                                      &fixture->result);
  found = dou_test_wait_result (&fixture->result);
  works = dou_video_store_remove_users_finish (fixture->store, found, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (works->len, ==, 1);
  g_assert_cmpint (g_array_index (works, DouVideoDeletion, 0).video, ==, FIRST_ID);
  g_assert_cmpint (g_array_index (works, DouVideoDeletion, 0).user, ==, AUTHOR);
  g_assert_cmpint (store_fixture_publish (fixture, FIRST_ID + 2), ==, 0);
  g_assert_cmpint (store_fixture_publish_as (fixture, FIRST_ID + 3, 7, "title", DOU_VIDEO_TRANSCODE_NONE), >,
                   0);

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
  store_fixture_assert_counts (fixture, 2, 0);
}

void
store_test_add_acts (void)
{
#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-store/" name, StoreFixture, NULL, store_fixture_set_up, func,         \
              store_fixture_tear_down)
  ADD ("hide", test_hide);
  ADD ("retry", test_retry);
  ADD ("list-of", test_list_of);
  ADD ("remove", test_remove);
  ADD ("remove-users", test_remove_users);
#undef ADD
}
