/* SPDX-License-Identifier: Apache-2.0 */

/* What users report, what the administration sees of it, and what is written down when it is done. */

#include "config.h"

#include "common/dou-database-transaction.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"
#include "social/dou-social-codec.h"
#include "social/dou-social-manager-reports.h"
#include "social/dou-social-store-reports.h"

#include "dou-social-fixture.h"

#define NOW "1700000000000"

static void
assert_call (DouSocialFixture *fixture, const char *method, const char *items, const char *expected)
{
  dou_social_fixture_assert (fixture, method, items, expected);
}

static GVariant *
list (DouSocialFixture *fixture, gint64 before, gboolean all, guint count)
{
  g_autoptr (GVariant) asked
      = g_variant_ref_sink (g_variant_new_parsed ("[(%x, %b, %u)]", before, all, count));
  GAsyncResult *waited = NULL;

  dou_social_store_list_reports_async (fixture->store, asked, dou_test_wait_result_cb, &waited);
  return dou_test_records_wait (&waited);
}

static void
assert_list (DouSocialFixture *fixture, gint64 before, gboolean all, guint count,
             const char *expected)
{
  g_autoptr (GVariant) reports = list (fixture, before, all, count);
  g_autofree char *text = g_variant_print (reports, FALSE);

  g_assert_cmpstr (text, ==, expected);
}

/* The numbers of reports may have gaps where something was reported again. */
static void
assert_reasons (DouSocialFixture *fixture, const char *expected)
{
  g_autoptr (GVariant) pages = list (fixture, 0, FALSE, 10);
  g_autoptr (GVariant) page = g_variant_get_child_value (pages, 0);
  g_autoptr (GString) reasons = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (page); i++)
    {
      g_autoptr (GVariant) report = g_variant_get_child_value (page, i);
      const char *reason;

      g_variant_get_child (report, 4, "&s", &reason);
      g_string_append_printf (reasons, "%s%s", i > 0 ? ", " : "", reason);
    }

  g_assert_cmpstr (reasons->str, ==, expected);
}

static void
assert_audit (DouSocialFixture *fixture, const char *expected)
{
  g_autoptr (GVariant) asked
      = g_variant_ref_sink (g_variant_new_parsed ("[(int64 0, uint32 10)]"));
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autofree char *text = NULL;

  dou_social_store_list_audit_async (fixture->store, asked, dou_test_wait_result_cb, &waited);
  entries = dou_test_records_wait (&waited);
  text = g_variant_print (entries, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_resolved (DouSocialFixture *fixture, const char *items, const char *expected)
{
  g_autoptr (GVariant) argument
      = g_variant_parse (G_VARIANT_TYPE ("a(xs)"), items, NULL, NULL, NULL);
  g_autoptr (GArray) resolutions = dou_social_decode_resolutions (argument);
  const DouCaller caller = { 1000, (char *) "carol" };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  dou_social_manager_resolve_reports_async (fixture->manager, resolutions, &caller, NULL,
                                            dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_social_manager_resolve_reports_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  answer = g_variant_ref_sink (dou_social_encode_statuses (statuses));
  text = g_variant_print (answer, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

/* Test that what cannot be a report is refused alone, and so is one about oneself or one's own comment. */
static void
test_refused (DouSocialFixture *fixture, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (1000, 'x');
  g_autofree char *items = g_strdup_printf (
      "[(1, 0, 20, 'x'), (1, 4, 20, 'x'), (0, 1, 20, 'x'), (1, 1, 0, 'x'), (1, 1, 20, ''),"
      " (1, 1, 20, ' '), (1, 1, 20, '%sx'), (1, 1, 20, 'a\\u0001'), (1, 3, 1, 'x'), (1, 2, 5, 'x'),"
      " (1, 2, 6, 'x'), (1, 1, 20, '%s')]",
      longest, longest);
  g_autofree char *statuses
      = g_strdup_printf ("[3, 3, 3, 3, 28, 28, 28, 28, %d, %d, 27, 0]", DOU_STATUS_REPORT_REFUSED,
                         DOU_STATUS_REPORT_REFUSED);
  g_autofree char *listed = g_strdup_printf (
      "[[(1, 1, 1, 20, '%s', " NOW ", 0, 0, 0, '')]]", longest);

  assert_call (fixture, "AddComments", "[(5, 1, 20, 9, 'mine', '')]", "[(0, 5, " NOW ")]");
  assert_call (fixture, "AddReports", items, statuses);
  assert_list (fixture, 0, FALSE, 10, listed);
}

/* Test that a report is there once for each reporter and thing, also within a call, as it was first. */
static void
test_once (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "AddReports",
               "[(1, 1, 20, 'first'), (1, 1, 20, 'again'), (1, 3, 20, 'another kind'),"
               " (2, 1, 20, 'another user')]",
               "[0, 0, 0, 0]");
  assert_call (fixture, "AddReports", "[(1, 1, 20, 'later')]", "[0]");
  assert_reasons (fixture, "another user, another kind, first");
}

/* Test that a comment comes with its writer, video and text, as long as it is there. */
static void
test_comments (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "AddComments", "[(5, 9, 20, 8, 'buy this', '')]", "[(0, 5, " NOW ")]");
  assert_call (fixture, "AddReports", "[(1, 2, 5, 'spam')]", "[0]");
  assert_list (fixture, 0, FALSE, 10,
               "[[(1, 1, 2, 5, 'spam', " NOW ", 0, 9, 20, 'buy this')]]");
  assert_call (fixture, "DeleteComments", "[(5, 20, 9, 9)]", "[0]");
  assert_list (fixture, 0, FALSE, 10, "[[(1, 1, 2, 5, 'spam', " NOW ", 0, 0, 0, '')]]");
  assert_call (fixture, "AddReports", "[(2, 2, 5, 'spam')]", "[27]");
}

/* Test pages, and that what is resolved leaves the list of what is open, with one entry in the audit log. */
static void
test_resolve (DouSocialFixture *fixture, gconstpointer data)
{
  g_autofree char *long_why = g_strnfill (501, 'x');
  g_autofree char *refused = g_strdup_printf ("[(2, '%s'), (2, 'a\\nb')]", long_why);

  g_autofree char *statuses = g_strdup_printf ("[0, 0, 3, %d]", DOU_STATUS_REPORT_NOT_FOUND);

  for (guint user = 1; user <= 3; user++)
    {
      g_autofree char *item = g_strdup_printf ("[(%u, 3, 9, 'rude')]", user);

      assert_call (fixture, "AddReports", item, "[0]");
    }
  assert_list (fixture, 0, FALSE, 1, "[[(3, 3, 3, 9, 'rude', " NOW ", 0, 0, 0, '')]]");
  assert_list (fixture, 3, FALSE, 1, "[[(2, 2, 3, 9, 'rude', " NOW ", 0, 0, 0, '')]]");
  assert_list (fixture, 1, FALSE, 1, "[[]]");
  assert_list (fixture, 0, FALSE, 0, "[[]]");

  assert_resolved (fixture, refused, "[3, 3]");
  assert_resolved (fixture, "[]", "[]");
  assert_resolved (fixture, "[(2, 'warned'), (3, ''), (3, 'twice'), (7, 'no such')]", statuses);
  assert_resolved (fixture, "[(2, 'again')]", "[0]");
  assert_list (fixture, 0, FALSE, 10, "[[(1, 1, 3, 9, 'rude', " NOW ", 0, 0, 0, '')]]");
  assert_list (fixture, 0, TRUE, 2,
               "[[(3, 3, 3, 9, 'rude', " NOW ", " NOW ", 0, 0, ''),"
               " (2, 2, 3, 9, 'rude', " NOW ", " NOW ", 0, 0, '')]]");
  assert_audit (fixture, "[[(2, " NOW ", 1000, 'carol', 'report resolve', 3, ''),"
                         " (1, " NOW ", 1000, 'carol', 'report resolve', 2, 'warned')]]");

  /* Who has reported it before does not open it again. */
  assert_call (fixture, "AddReports", "[(2, 3, 9, 'still rude')]", "[0]");
  assert_list (fixture, 3, FALSE, 1, "[[(1, 1, 3, 9, 'rude', " NOW ", 0, 0, 0, '')]]");
}

/* Test that a video takes along what is open of it and of the comments under it, also if that is more than a piece,
 * and nothing else; that it can still be read; and that nothing is reported of it afterwards. */
static void
test_videos (DouSocialFixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GString) items = g_string_new (NULL);
      g_autoptr (GString) statuses = g_string_new (NULL);

      for (guint reporter = i * 500 + 100; reporter < i * 500 + 600; reporter++)
        {
          g_string_append_printf (items, "%s(%u, 1, 20, 'film')", items->len > 0 ? ", " : "[", reporter);
          g_string_append (statuses, statuses->len > 0 ? ", 0" : "[0");
        }
      g_string_append_c (items, ']');
      g_string_append_c (statuses, ']');
      assert_call (fixture, "AddReports", items->str, statuses->str);
    }
  assert_call (fixture, "AddComments", "[(5, 9, 20, 8, 'buy this', ''), (6, 9, 21, 8, 'and this', '')]",
               "[(0, 5, " NOW "), (0, 6, " NOW ")]");
  assert_call (fixture, "AddReports",
               "[(1, 1, 21, 'another film'), (1, 2, 5, 'spam'), (1, 2, 6, 'more spam'), (1, 3, 20, 'rude')]",
               "[0, 0, 0, 0]");

  assert_call (fixture, "RemoveVideos", "[20]", "[0]");
  assert_reasons (fixture, "rude, more spam, another film");
  assert_list (fixture, 101, TRUE, 1, "[[(100, 199, 1, 20, 'film', " NOW ", " NOW ", 0, 0, '')]]");

  assert_call (fixture, "AddReports", "[(2, 1, 20, 'late'), (2, 1, 21, 'in time')]", "[0, 0]");
  assert_reasons (fixture, "in time, rude, more spam, another film");
}

typedef void (*ListAsync) (DouSocialStore *store, GVariant *pages, GAsyncReadyCallback callback,
                           gpointer user_data);

static void
assert_records (DouSocialFixture *fixture, ListAsync list_async, const char *pages,
                const char *expected)
{
  g_autoptr (GVariant) argument = g_variant_ref_sink (g_variant_new_parsed (pages));
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) records = NULL;
  g_autofree char *text = NULL;

  list_async (fixture->store, argument, dou_test_wait_result_cb, &waited);
  records = dou_test_records_wait (&waited);
  text = g_variant_print (records, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

/* Test that a user's own comments, feelings and reports are listed, page by page, and nobody else's. */
static void
test_records_of (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "AddComments",
               "[(5, 1, 20, 9, 'mine', ''), (6, 2, 20, 9, 'not mine', ''), (7, 1, 21, 1, 'mine, too', '')]",
               "[(0, 5, " NOW "), (0, 6, " NOW "), (0, 7, " NOW ")]");
  assert_call (fixture, "SetFeelings", "[(1, 6, 1), (1, 7, 2), (2, 5, 2), (1, 5, 1), (1, 5, 3)]",
               "[0, 0, 0, 0, 0]");
  assert_call (fixture, "AddReports", "[(1, 2, 6, 'rude'), (2, 2, 5, 'no'), (1, 3, 2, 'spam')]",
               "[0, 0, 0]");

  assert_records (fixture, dou_social_store_list_comments_of_async,
                  "[(int64 1, int64 0, uint32 500), (1, 0, 1), (1, 7, 9), (3, 0, 9)]",
                  "[[(7, 21, 'mine, too', " NOW ", 0, 1), (5, 20, 'mine', " NOW ", 0, 1)],"
                  " [(7, 21, 'mine, too', " NOW ", 0, 1)], [(5, 20, 'mine', " NOW ", 0, 1)], []]");
  assert_records (fixture, dou_social_store_list_feelings_of_async,
                  "[(int64 1, int64 0, uint32 500), (1, 7, 500), (1, 0, 0)]",
                  "[[(7, 2), (6, 1)], [(6, 1)], []]");
  assert_records (fixture, dou_social_store_list_reports_of_async,
                  "[(int64 1, int64 0, uint32 500), (1, 3, 500), (2, 0, 1)]",
                  "[[(3, 3, 2, 'spam', " NOW ", 0), (1, 2, 6, 'rude', " NOW ", 0)],"
                  " [(1, 2, 6, 'rude', " NOW ", 0)], [(2, 2, 5, 'no', " NOW ", 0)]]");
  assert_records (fixture, dou_social_store_list_reports_of_async, "@a(xxu) []", "[]");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                             \
  g_test_add ("/social/reports/" name, DouSocialFixture, NULL, dou_social_fixture_set_up, func,     \
              dou_social_fixture_tear_down)
  ADD ("refused", test_refused);
  ADD ("once", test_once);
  ADD ("comments", test_comments);
  ADD ("videos", test_videos);
  ADD ("resolve", test_resolve);
  ADD ("records-of", test_records_of);
#undef ADD

  return g_test_run ();
}
