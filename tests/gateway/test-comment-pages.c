/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-comment-pages.h"
#include "gateway/dou-test-services.h"
#include "lib/dou-test-wait.h"

#define PLENTY (1024 * 1024)

/* Two comments of video 7, after which there are more; and all of one. */
#define MORE "[(5, [(12, 1, 'b', 2000, 0, 0), (11, 2, 'a', 1000, 0, 0)])]"
#define ALL "[(0, [(12, 1, 'b', 2000, 0, 0)])]"

typedef struct
{
  DouTestServices services; /* must be first */
  DouCommentPages *pages;   /* (owned) */
  GAsyncResult *result;     /* (owned) (nullable) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_services_set_up (&fixture->services, data);
  fixture->pages
      = dou_comment_pages_new (fixture->services.backend, fixture->services.watch, PLENTY);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->pages);
  dou_test_services_tear_down (&fixture->services, data);
}

static void
begin (Fixture *fixture)
{
  dou_comment_pages_load_async (fixture->pages, 7, 20, NULL, dou_test_wait_result_cb,
                                &fixture->result);
}

static void
end (Fixture *fixture, const char *answer)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) page = NULL;
  g_autoptr (GError) error = NULL;

  dou_test_services_answer (&fixture->services, "GetComments", "[(7, 0, 20)]", answer);
  result = dou_test_wait_result (&fixture->result);
  page = dou_comment_pages_load_finish (fixture->pages, result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (page);
}

static gboolean
is_known (Fixture *fixture, gint64 video, guint32 count)
{
  g_autoptr (GVariant) page = dou_comment_pages_look_up (fixture->pages, video, count);

  return page != NULL;
}

/* Test that an error is not remembered. */
static void
test_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  begin (fixture);
  dou_test_services_refuse (&fixture->services, "GetComments");
  result = dou_test_wait_result (&fixture->result);
  g_assert_null (dou_comment_pages_load_finish (fixture->pages, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_false (is_known (fixture, 7, 20));
}

/* Test that a page is known for the number that was asked for, and one that has all for any larger. */
static void
test_hit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) page = NULL;
  g_autofree char *text = NULL;

  begin (fixture);
  end (fixture, MORE);
  g_assert_true (is_known (fixture, 7, 20));
  g_assert_false (is_known (fixture, 7, 2));
  g_assert_false (is_known (fixture, 7, 30));
  g_assert_false (is_known (fixture, 8, 20));

  page = dou_comment_pages_look_up (fixture->pages, 7, 20);
  text = g_variant_print (page, FALSE);
  g_assert_cmpstr (text, ==, "(5, [(12, 1, 'b', 2000, 0, 0), (11, 2, 'a', 1000, 0, 0)])");

  begin (fixture);
  end (fixture, ALL);
  g_assert_true (is_known (fixture, 7, 1));
  g_assert_true (is_known (fixture, 7, 1000));
}

/* Test that comments and feelings about them drop the page they are on, and no other. */
static void
test_change (Fixture *fixture, gconstpointer data)
{
  begin (fixture);
  end (fixture, MORE);
  dou_test_services_emit (&fixture->services, "Social", "VideosChanged", "([int64 8],)");
  dou_test_services_emit (&fixture->services, "Social", "FeelingsChanged",
                          "([(int64 1, int64 13, 1)],)");
  g_assert_true (is_known (fixture, 7, 20));
  dou_test_services_emit (&fixture->services, "Social", "VideosChanged", "([int64 7],)");
  g_assert_false (is_known (fixture, 7, 20));
  g_assert_cmpuint (dou_comment_pages_get_size (fixture->pages), ==, 0);

  begin (fixture);
  end (fixture, MORE);
  dou_test_services_emit (&fixture->services, "Social", "FeelingsChanged",
                          "([(int64 1, int64 11, 1)],)");
  g_assert_false (is_known (fixture, 7, 20));
}

/* Test that a page that was overtaken by a change is not kept, nor one of a service that is lost. */
static void
test_overtaken (Fixture *fixture, gconstpointer data)
{
  begin (fixture);
  dou_test_services_emit (&fixture->services, "Social", "VideosChanged", "([int64 7],)");
  end (fixture, MORE);
  g_assert_false (is_known (fixture, 7, 20));

  begin (fixture);
  dou_test_services_emit (&fixture->services, "Social", "FeelingsChanged",
                          "([(int64 1, int64 11, 1)],)");
  end (fixture, MORE);
  g_assert_false (is_known (fixture, 7, 20));

  begin (fixture);
  end (fixture, MORE);
  g_assert_true (is_known (fixture, 7, 20));
  dou_test_services_restart (&fixture->services);
  g_assert_false (is_known (fixture, 7, 20));
}

/* Test that a bound is kept, also if it is none at all. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->pages);
  fixture->pages = dou_comment_pages_new (fixture->services.backend, fixture->services.watch, 0);
  begin (fixture);
  end (fixture, MORE);
  g_assert_false (is_known (fixture, 7, 20));
  g_assert_cmpuint (dou_comment_pages_get_size (fixture->pages), ==, 0);
}

static DouSheet *
look_up_sheet (Fixture *fixture, DouCache *cache, const char *key)
{
  return dou_comment_pages_look_up_sheet (fixture->pages, cache, 7, 20, key);
}

/* Keeps an answer that tells of @record, if any. */
static void
keep_sheet (Fixture *fixture, GVariant *page, DouRecord *record)
{
  g_autoptr (DouSheet) sheet = dou_sheet_new ();
  g_auto (DouJsonWriter) writer = { NULL };
  DouReady *ready;

  dou_json_writer_init (&writer, 16);
  dou_sheet_take_text (sheet, &writer);
  ready = dou_ready_new (sheet);
  if (record != NULL)
    dou_ready_add_records (ready, &record, 1, DOU_FACTS_OF_USER);
  dou_comment_pages_keep_sheet (fixture->pages, 7, page, "key", ready);
}

/* Test that an answer is kept beside its page, for those who ask in the same way, as long as the page
 * is known and the writers are. */
static void
test_sheet (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouCache) cache
      = dou_cache_new (fixture->services.backend, fixture->services.watch, PLENTY);
  g_autoptr (DouRecord) unknown = dou_cache_get_user (cache, 1);
  g_autoptr (GVariant) page = NULL;
  gsize size;

  begin (fixture);
  end (fixture, MORE);
  page = dou_comment_pages_look_up (fixture->pages, 7, 20);
  size = dou_comment_pages_get_size (fixture->pages);
  g_assert_null (look_up_sheet (fixture, cache, "key"));
  keep_sheet (fixture, page, NULL);
  g_assert_nonnull (look_up_sheet (fixture, cache, "key"));
  g_assert_null (look_up_sheet (fixture, cache, "another key"));
  g_assert_null (dou_comment_pages_look_up_sheet (fixture->pages, cache, 7, 30, "key"));
  g_assert_cmpuint (dou_comment_pages_get_size (fixture->pages), >, size);

  keep_sheet (fixture, page, unknown);
  g_assert_null (look_up_sheet (fixture, cache, "key"));

  keep_sheet (fixture, page, NULL);
  dou_test_services_emit (&fixture->services, "Social", "FeelingsChanged",
                          "([(int64 1, int64 11, 1)],)");
  g_assert_null (look_up_sheet (fixture, cache, "key"));
  keep_sheet (fixture, page, NULL);
  g_assert_cmpuint (dou_comment_pages_get_size (fixture->pages), ==, 0);

  begin (fixture);
  end (fixture, MORE);
  keep_sheet (fixture, page, NULL);
  g_assert_null (look_up_sheet (fixture, cache, "key"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                             \
  g_test_add ("/gateway/comment-pages/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("error", test_error);
  ADD ("hit", test_hit);
  ADD ("change", test_change);
  ADD ("overtaken", test_overtaken);
  ADD ("bound", test_bound);
  ADD ("sheet", test_sheet);

  return g_test_run ();
}
