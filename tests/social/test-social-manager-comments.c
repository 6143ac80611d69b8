/* SPDX-License-Identifier: Apache-2.0 */

/* Comments, and what is felt about them. */

#include "config.h"

#include "lib/dou-test-wait.h"
#include "social/dou-social-codec.h"

#include "test-social-manager.h"

#define DAY (G_TIME_SPAN_DAY / G_TIME_SPAN_MILLISECOND)

/* Test that comments without text, with too much of it, or with what is no text are refused. */
static void
test_bad_drafts (DouSocialFixture *fixture, gconstpointer data)
{
  g_autofree char *characters = g_strnfill (1000, 'x');
  g_autofree char *name = g_strnfill (64, 'r');
  g_autofree char *items = g_strdup_printf (
      "[(1, 1, 2, 9, '', ''), (2, 1, 2, 9, ' \\n\\t\\u3000', ''), (3, 1, 2, 9, 'a\\u0007', ''),"
      " (4, 1, 2, 9, 'a\\r\\nb', ''), (5, 1, 2, 9, '%sx', ''), (0, 1, 2, 9, 'a', ''),"
      " (6, 0, 2, 9, 'a', ''),"
      " (7, 1, 0, 9, 'a', ''), (8, 1, 2, 9, 'a', '%sr'), (9, 1, 2, 9, '%s', '%s')]",
      characters, name, characters, name);

  assert_call (fixture, "AddComments", items,
               "[(28, 0, 0), (28, 0, 0), (28, 0, 0), (28, 0, 0), (28, 0, 0), (3, 0, 0),"
               " (3, 0, 0), (3, 0, 0), (3, 0, 0), (0, 9, 1700000000000)]");
  assert_call (fixture, "GetVideoCounts", "[2]", "[(0, 1)]");
}

/* Test that comments come back exactly as they were sent, newest first, with their times. */
static void
test_comments (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "AddComments",
               "[(11, 1, 20, 9, '👩‍👩‍👧❤️ 抖音', ''), (12, 2, 20, 9, '\\u200fשלום\\u200e ', ''),"
               " (13, 1, 21, 9, 'x', '')]",
               "[(0, 11, 1700000000000), (0, 12, 1700000000000), (0, 13, 1700000000000)]");
  assert_told (fixture, "videos [20, 21]");
  dou_manual_clock_set (fixture->clock, DOU_SOCIAL_FIXTURE_NOW + 5);
  assert_call (fixture, "AddComments", "[(14, 1, 20, 9, 'e\\u0301 <&\"\\\\\\n\\t', '')]",
               "[(0, 14, 1700000000005)]");
  assert_call (
      fixture, "GetComments", "[(20, 0, 2), (20, 12, 2), (22, 0, 2)]",
      "[(12, [(14, 1, 'e\u0301 <&\"\\\\\\n\\t', 1700000000005, 0, 0), "
      "(12, 2, '\\u200fשלום\\u200e ', 1700000000000, 0, 0)]), "
      "(0, [(11, 1, '👩\\u200d👩\\u200d👧❤️ 抖音', 1700000000000, 0, 0)]), (0, [])]");
  assert_call (fixture, "GetVideoCounts", "[20, 21]", "[(0, 3), (0, 1)]");
  dou_social_fixture_assert_totals (fixture, 0, 4, 0);
}

/* Test that a comment which is sent again, by the caller or by the client, is written once, and
 * that the first answer comes again: in one call, later, after a restart, and when it was deleted
 * meanwhile. */
static void
test_draft_again (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "AddComments",
               "[(11, 1, 20, 9, 'a', 'r1'), (12, 1, 20, 9, 'a', 'r1'), (11, 1, 20, 9, 'a', ''),"
               " (13, 2, 20, 9, 'a', 'r1'), (11, 2, 20, 9, 'b', ''), (14, 1, 20, 9, 'a', ''),"
               " (15, 1, 20, 9, 'a', '')]",
               "[(0, 11, 1700000000000), (0, 11, 1700000000000), (0, 11, 1700000000000),"
               " (0, 13, 1700000000000), (3, 0, 0), (0, 14, 1700000000000),"
               " (0, 15, 1700000000000)]");
  forget_told (fixture);

  dou_manual_clock_set (fixture->clock, DOU_SOCIAL_FIXTURE_NOW + 1000);
  for (guint i = 0; i < 2; i++)
    {
      assert_call (fixture, "AddComments",
                   "[(21, 1, 20, 9, 'other', 'r1'), (11, 1, 20, 9, 'a', ''), (11, 1, 21, 9, 'a', ''),"
                   " (11, 2, 20, 9, 'a', ''), (22, 2, 20, 9, 'a', 'r1')]",
                   "[(0, 11, 1700000000000), (0, 11, 1700000000000), (3, 0, 0), (3, 0, 0),"
                   " (0, 13, 1700000000000)]");
      assert_told (fixture, "");
      assert_call (fixture, "GetVideoCounts", "[20]", "[(0, 4)]");
      dou_social_fixture_stop (fixture);
      dou_social_fixture_start (fixture);
    }

  assert_call (fixture, "DeleteComments", "[(11, 20, 9, 1), (14, 20, 9, 1)]", "[0, 0]");
  assert_call (fixture, "AddComments",
               "[(11, 1, 20, 9, 'a', 'r1'), (31, 1, 20, 9, 'a', 'r1'), (14, 1, 20, 9, 'a', '')]",
               "[(0, 11, 1700000000000), (0, 11, 1700000000000), (0, 14, 1700000000000)]");
  assert_call (fixture, "GetVideoCounts", "[20]", "[(0, 2)]");
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that what was done is forgotten after a week, not before. */
static void
test_memory (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "AddComments", "[(11, 1, 20, 9, 'a', 'r1'), (12, 1, 20, 9, 'a', '')]",
               "[(0, 11, 1700000000000), (0, 12, 1700000000000)]");
  assert_call (fixture, "DeleteComments", "[(12, 20, 9, 1)]", "[0]");

  dou_manual_clock_set (fixture->clock, DOU_SOCIAL_FIXTURE_NOW + 7 * DAY);
  assert_call (fixture, "AddComments", "[(13, 1, 20, 9, 'a', 'r2')]", "[(0, 13, 1700604800000)]");
  assert_call (fixture, "AddComments", "[(14, 1, 20, 9, 'a', 'r1')]", "[(0, 11, 1700000000000)]");
  assert_call (fixture, "DeleteComments", "[(13, 20, 9, 1), (12, 20, 9, 1)]", "[0, 0]");

  dou_manual_clock_set (fixture->clock, DOU_SOCIAL_FIXTURE_NOW + 7 * DAY + 1);
  assert_call (fixture, "AddComments", "[(15, 1, 20, 9, 'a', 'r3')]", "[(0, 15, 1700604800001)]");
  assert_call (fixture, "AddComments", "[(16, 1, 20, 9, 'a', 'r1')]", "[(0, 16, 1700604800001)]");
  assert_call (fixture, "DeleteComments", "[(16, 20, 9, 1)]", "[0]");
  assert_call (fixture, "DeleteComments", "[(12, 20, 9, 1), (13, 20, 9, 1)]", "[27, 0]");
}

/* Test who may delete what, and that it can be said twice. */
static void
test_deletions (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "AddComments",
               "[(11, 1, 20, 9, 'a', ''), (12, 1, 20, 9, 'b', ''), (13, 1, 20, 9, 'c', ''),"
               " (14, 2, 21, 9, 'd', '')]",
               "[(0, 11, 1700000000000), (0, 12, 1700000000000), (0, 13, 1700000000000),"
               " (0, 14, 1700000000000)]");
  forget_told (fixture);

  /* A stranger; the wrong video, though the caller has written it; no such comment. */
  assert_call (fixture, "DeleteComments", "[(11, 20, 9, 3), (11, 21, 9, 1), (99, 20, 9, 1)]",
               "[9, 27, 27]");
  assert_told (fixture, "");

  /* Its writer, the author of the video, both of them. */
  assert_call (fixture, "DeleteComments",
               "[(11, 20, 9, 1), (12, 20, 9, 9), (13, 20, 9, 3), (13, 20, 9, 1), (13, 20, 9, 9),"
               " (13, 20, 9, 1)]",
               "[0, 0, 9, 0, 27, 0]");
  assert_told (fixture, "videos [20]");
  assert_call (fixture, "DeleteComments",
               "[(11, 20, 9, 1), (12, 20, 9, 9), (12, 20, 9, 1), (11, 20, 9, 3), (11, 21, 9, 1)]",
               "[0, 0, 27, 27, 27]");
  assert_told (fixture, "");
  assert_call (fixture, "GetVideoCounts", "[20, 21]", "[(0, 0), (0, 1)]");
  dou_social_fixture_assert_totals (fixture, 0, 1, 0);
  dou_social_fixture_assert_recount (fixture, 0);
}

static void
assert_removed (DouSocialFixture *fixture, const char *items, const gint32 *expected)
{
  const DouCaller caller = { 1000, (char *) "root" };
  g_autoptr (GVariant) argument = g_variant_ref_sink (g_variant_new_parsed (items));
  g_autoptr (GArray) removals = dou_social_decode_removals (argument);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_social_manager_remove_comments_async (fixture->manager, removals, &caller, NULL,
                                            dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_social_manager_delete_comments_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (gint32), expected,
                   g_variant_n_children (argument) * sizeof (gint32));
}

/* Test that the administration deletes any comment, and is told so again; that one which its writer has
 * deleted is not there for it; and that reasons that are none, and comments named twice, are refused. */
static void
test_removal (DouSocialFixture *fixture, gconstpointer data)
{
  const gint32 first[] = { DOU_STATUS_OK, DOU_STATUS_COMMENT_NOT_FOUND, DOU_STATUS_COMMENT_NOT_FOUND,
                           DOU_STATUS_BAD_PARAMETER, DOU_STATUS_BAD_PARAMETER };
  const gint32 again[] = { DOU_STATUS_OK };

  assert_call (fixture, "AddComments",
               "[(11, 1, 20, 9, 'a', ''), (12, 1, 20, 9, 'b', ''), (13, 1, 20, 9, 'c', '')]",
               "[(0, 11, 1700000000000), (0, 12, 1700000000000), (0, 13, 1700000000000)]");
  assert_call (fixture, "DeleteComments", "[(12, 20, 9, 1)]", "[0]");
  forget_told (fixture);

  assert_removed (fixture,
                  "[(int64 11, 'spam'), (12, ''), (99, ''), (11, 'twice'), (13, 'two\\nlines')]",
                  first);
  assert_told (fixture, "videos [20]");
  assert_removed (fixture, "[(int64 11, 'again')]", again);
  assert_told (fixture, "");
  assert_removed (fixture, "@a(xs) []", NULL);
  assert_call (fixture, "DeleteComments", "[(11, 20, 9, 1), (11, 20, 9, 9)]", "[27, 27]");
  assert_call (fixture, "GetVideoCounts", "[20]", "[(0, 1)]");
  dou_social_fixture_assert_totals (fixture, 0, 1, 0);
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that of two who delete one comment at once one does, and the other is told that it is gone
 * already. */
static void
test_deletion_race (DouSocialFixture *fixture, gconstpointer data)
{
  const DouSocialDeletion deletions[] = { { 11, 20, 9, 1 }, { 11, 20, 9, 9 } };
  GAsyncResult *waited[G_N_ELEMENTS (deletions)] = { NULL };
  gint32 statuses[G_N_ELEMENTS (deletions)];

  assert_call (fixture, "AddComments", "[(11, 1, 20, 9, 'a', '')]", "[(0, 11, 1700000000000)]");
  forget_told (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (deletions); i++)
    {
      g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof deletions[i]);

      g_array_append_val (items, deletions[i]);
      dou_social_manager_delete_comments_async (fixture->manager, items, NULL,
                                                dou_test_wait_result_cb, &waited[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (deletions); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);
      g_autoptr (GArray) results
          = dou_social_manager_delete_comments_finish (fixture->manager, result, NULL);

      statuses[i] = g_array_index (results, gint32, 0);
    }

  g_assert_cmpint (statuses[0] + statuses[1], ==, DOU_STATUS_COMMENT_NOT_FOUND);
  assert_told (fixture, "videos [20]");
  dou_social_fixture_assert_totals (fixture, 0, 0, 0);
}

/* Test that one user has one feeling about a comment, and that it goes with the comment. */
static void
test_feelings (DouSocialFixture *fixture, gconstpointer data)
{
  const char *const steps[][4] = {
    { "[(1, 11, 1), (2, 11, 1), (3, 11, 2), (1, 12, 1)]", "[0, 0, 0, 27]", "2, 1", "1, 1, 2" },
    { "[(1, 11, 1), (1, 11, 1)]", "[0, 0]", "2, 1", "1, 1, 2" },
    { "[(1, 11, 2), (4, 11, 3)]", "[0, 0]", "1, 2", "2, 1, 2" },
    { "[(1, 11, 3), (2, 11, 3), (3, 11, 1)]", "[0, 0, 0]", "1, 0", "3, 3, 1" },
    { "[(3, 11, 3), (3, 11, 3)]", "[0, 0]", "0, 0", "3, 3, 3" },
    { "[(1, 11, 2), (2, 11, 2)]", "[0, 0]", "0, 2", "2, 2, 3" },
  };

  assert_call (fixture, "AddComments", "[(11, 1, 20, 9, 'a', '')]", "[(0, 11, 1700000000000)]");
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autofree char *expected = g_strdup_printf (
          "[(0, [(11, 1, 'a', 1700000000000, %s)])]", steps[i][2]);
      g_autofree char *kinds = g_strdup_printf ("[%s, 3, 3]", steps[i][3]);

      assert_call (fixture, "SetFeelings", steps[i][0], steps[i][1]);
      assert_call (fixture, "GetComments", "[(20, 0, 1)]", expected);
      assert_call (fixture, "GetFeelings", "[(1, 11), (2, 11), (3, 11), (4, 11), (1, 12)]", kinds);
      dou_social_fixture_assert_recount (fixture, 0);
    }

  assert_call (fixture, "DeleteComments", "[(11, 20, 9, 1)]", "[0]");
  assert_call (fixture, "GetFeelings", "[(1, 11), (2, 11)]", "[3, 3]");
  assert_call (fixture, "SetFeelings", "[(1, 11, 1), (1, 11, 3)]", "[27, 27]");
  dou_social_fixture_assert_recount (fixture, 0);
}

void
add_comment_tests (void)
{
  SOCIAL_MANAGER_TEST ("bad-drafts", test_bad_drafts);
  SOCIAL_MANAGER_TEST ("comments", test_comments);
  SOCIAL_MANAGER_TEST ("draft-again", test_draft_again);
  SOCIAL_MANAGER_TEST ("memory", test_memory);
  SOCIAL_MANAGER_TEST ("deletions", test_deletions);
  SOCIAL_MANAGER_TEST ("removal", test_removal);
  SOCIAL_MANAGER_TEST ("deletion-race", test_deletion_race);
  SOCIAL_MANAGER_TEST ("feelings", test_feelings);
}
