/* SPDX-License-Identifier: Apache-2.0 */

/* Users who are no more: what they had goes, counters follow, and nothing comes back. */

#include "config.h"

#include "common/dou-database-transaction.h"
#include "lib/dou-test-wait.h"
#include "social/dou-social-codec.h"

#include "dou-social-fixture.h"

static void
assert_call (DouSocialFixture *fixture, const char *method, const char *items, const char *expected)
{
  dou_social_fixture_assert (fixture, method, items, expected);
}

static void
forget_told (DouSocialFixture *fixture)
{
  g_string_truncate (fixture->told, 0);
}

/* What a query finds, which returns one number. */
static gint64
count (DouSocialFixture *fixture, const char *sql)
{
  g_autoptr (DouTransaction) transaction = NULL;
  g_autoptr (DouRows) rows = NULL;
  g_autoptr (GError) error = NULL;

  transaction = dou_transaction_open (fixture->address, &error);
  g_assert_no_error (error);
  dou_transaction_add_statement (transaction, "count", sql);
  rows = dou_transaction_query (transaction, "count", "x", NULL, &error);
  g_assert_no_error (error);
  return dou_rows_get_int64 (rows, 0, 0);
}

/* User 1, who is about to go; 2 and 3, who stay; videos 20 of 1 and 30 of 2. */
static void
fill (DouSocialFixture *fixture)
{
  assert_call (fixture, "SetFavorites",
               "[(1, 30, 2, true), (3, 30, 2, true), (2, 20, 1, true), (3, 20, 1, true)]",
               "[0, 0, 0, 0]");
  assert_call (fixture, "SetFollows",
               "[(1, 2, true), (2, 1, true), (2, 3, true), (3, 2, true)]", "[0, 0, 0, 0]");
  assert_call (fixture, "SetBlocks", "[(1, 4, true), (5, 1, true), (4, 5, true)]", "[0, 0, 0]");
  assert_call (fixture, "AddComments",
               "[(11, 1, 30, 2, 'mine', 'r'), (12, 3, 30, 2, 'theirs', 'r'), (13, 1, 30, 2, 'b', '')]",
               "[(0, 11, 1700000000000), (0, 12, 1700000000000), (0, 13, 1700000000000)]");
  assert_call (fixture, "SetFeelings", "[(1, 12, 1), (2, 12, 2), (3, 11, 1)]", "[0, 0, 0]");
  assert_call (fixture, "AddReports",
               "[(1, 3, 2, 'a'), (2, 3, 1, 'b'), (2, 2, 11, 'c'), (2, 2, 12, 'd')]", "[0, 0, 0, 0]");
  forget_told (fixture);
}

/* Test that all goes that was the user's, in both directions, and nothing else; that counters and lists of
 * the others follow; and that everybody is told, once. */
static void
test_remove (DouSocialFixture *fixture, gconstpointer data)
{
  fill (fixture);
  assert_call (fixture, "RemoveUsers", "[0, 1, -5]", "[3, 0, 3]");
  dou_social_fixture_assert_told (
      fixture, "videos [30] users [1, 2] favorites [(1, 30, false)] follows "
               "[(1, 2, false), (2, 1, false)] blocks "
               "[(1, 4, false), (5, 1, false)]");
  assert_call (fixture, "RemoveUsers", "[1]", "[0]");
  dou_social_fixture_assert_told (fixture, "");

  assert_call (fixture, "GetVideoCounts", "[30]", "[(1, 1)]");
  assert_call (fixture, "GetUserCounts", "[1, 2, 3]",
               "[(0, 0, 2, 0), (1, 1, 1, 1), (1, 1, 0, 2)]");
  assert_call (fixture, "GetFollows", "[(2, 0, 9), (1, 0, 9)]", "[(0, [3]), (0, [])]");
  assert_call (fixture, "GetFollowers", "[(2, 0, 9), (1, 0, 9)]", "[(0, [3]), (0, [])]");
  assert_call (fixture, "GetFriends", "[(2, 0, 9), (3, 0, 9)]", "[(0, [3]), (0, [2])]");
  assert_call (fixture, "GetFavorites", "[(1, 0, 9)]", "[(0, [])]");
  assert_call (fixture, "GetApart", "[(4, 0, 9), (5, 0, 9)]", "[(0, [5]), (0, [4])]");
  assert_call (fixture, "GetComments", "[(30, 0, 9)]",
               "[(0, [(12, 3, 'theirs', 1700000000000, 0, 1)])]");
  g_assert_cmpint (count (fixture, "SELECT count(*) FROM comment_requests"), ==, 1);
  g_assert_cmpint (count (fixture, "SELECT count(*) FROM reports WHERE reporter = 1"), ==, 0);
  g_assert_cmpint (count (fixture, "SELECT count(*) FROM reports WHERE resolved = 0"), ==, 1);
  dou_social_fixture_assert_totals (fixture, 3, 1, 2);
  dou_social_fixture_assert_recount (fixture, 0);

  /* When the videos go, too, nothing is counted of the user any more. */
  assert_call (fixture, "RemoveVideos", "[20]", "[0]");
  assert_call (fixture, "RemoveUsers", "[1]", "[0]");
  g_assert_cmpint (count (fixture, "SELECT count(*) FROM user_counts WHERE follows = 0 AND followers = 0"
                                   " AND total_favorited = 0 AND favorites = 0"),
                   ==, 0);
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that what was on its way when the user went is refused, whoever it comes from, also by the next
 * process; and that what is taken back may be. */
static void
test_late (DouSocialFixture *fixture, gconstpointer data)
{
  fill (fixture);
  assert_call (fixture, "RemoveUsers", "[1]", "[0]");
  dou_social_fixture_stop (fixture);
  dou_social_fixture_start (fixture);
  forget_told (fixture);
  assert_call (fixture, "SetFavorites",
               "[(1, 30, 2, true), (2, 20, 1, true), (2, 21, 1, true), (1, 30, 2, false)]",
               "[0, 14, 14, 0]");
  assert_call (fixture, "SetFavorites", "[(1, 30, 2, true), (4, 20, 1, true), (4, 30, 2, true)]",
               "[14, 14, 0]");
  assert_call (fixture, "SetFollows", "[(1, 2, true), (2, 1, true), (1, 2, false)]", "[0, 14, 0]");
  assert_call (fixture, "SetFollows", "[(1, 3, true), (3, 1, true), (4, 2, true)]", "[14, 14, 0]");
  assert_call (fixture, "SetBlocks", "[(1, 2, true), (2, 1, true), (1, 4, false), (2, 6, true)]",
               "[14, 14, 0, 0]");
  assert_call (fixture, "AddComments",
               "[(14, 1, 30, 2, 'a', ''), (15, 2, 20, 1, 'a', ''), (16, 2, 30, 2, 'a', '')]",
               "[(14, 0, 0), (14, 0, 0), (0, 16, 1700000000000)]");
  assert_call (fixture, "SetFeelings", "[(1, 12, 1), (1, 16, 3), (4, 12, 1)]", "[14, 0, 0]");
  assert_call (fixture, "AddReports", "[(1, 3, 2, 'a'), (2, 3, 1, 'b'), (2, 3, 3, 'c')]",
               "[0, 0, 0]");
  g_assert_cmpint (count (fixture, "SELECT count(*) FROM reports WHERE reporter = 1"), ==, 0);
  dou_social_fixture_assert_recount (fixture, 0);
}

static void
follow_often (DouSocialFixture *fixture, guint n_users)
{
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  g_autoptr (GArray) statuses = NULL;

  for (guint user = 2; user < n_users + 2; user++)
    {
      DouSocialLink link = { user, 1, 0, TRUE };

      g_array_append_val (links, link);
    }
  statuses = dou_social_fixture_call (fixture, "SetFollows", links, NULL);
  g_assert_nonnull (statuses);
}

/* Test that a removal which takes many steps is completed by as many calls as it needs, and across
 * processes. */
static void
test_many (DouSocialFixture *fixture, gconstpointer data)
{
  const guint n_users = 4000;
  gint64 n_follows = n_users;

  follow_often (fixture, n_users);
  assert_call (fixture, "SetFollows", "[(1, 2, true), (2, 3, true)]", "[0, 0]");
  for (guint i = 0; n_follows > 1; i++)
    {
      g_autoptr (GArray) users = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_autoptr (GArray) statuses = NULL;
      const gint64 user = 1;

      g_assert_cmpuint (i, <, n_users);
      g_array_append_val (users, user);
      statuses = dou_social_fixture_call (fixture, "RemoveUsers", users, NULL);
      g_object_get (fixture->manager, "follow-count", &n_follows, NULL);
      g_assert_cmpint (g_array_index (statuses, gint32, 0), ==,
                       n_follows == 1 ? DOU_STATUS_OK : DOU_STATUS_UNAVAILABLE);
      dou_social_fixture_stop (fixture);
      dou_social_fixture_start (fixture);
    }

  assert_call (fixture, "RemoveUsers", "[1]", "[0]");
  dou_social_fixture_assert_totals (fixture, 0, 0, 1);
  dou_social_fixture_assert_recount (fixture, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/social/users/" name, DouSocialFixture, NULL, dou_social_fixture_set_up, func,      \
              dou_social_fixture_tear_down)
  ADD ("late", test_late);
  ADD ("remove", test_remove);
  ADD ("many", test_many);
#undef ADD

  return g_test_run ();
}
