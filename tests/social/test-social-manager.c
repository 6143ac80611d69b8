/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"

#include "test-social-manager.h"

/* Test that what cannot be is refused, item by item, and changes nothing. */
static void
test_refused (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "SetFavorites",
               "[(0, 2, 3, true), (1, -2, 3, true), (1, 2, 0, true),"
               " (9007199254740992, 2, 3, true)]",
               "[3, 3, 3, 3]");
  assert_call (fixture, "SetFollows",
               "[(1, 1, true), (1, 1, false), (0, 1, true), (1, 0, false), (0, 0, true)]",
               "[9, 9, 3, 3, 3]");
  assert_call (fixture, "SetFeelings", "[(1, 2, 0), (1, 2, 4), (0, 2, 1), (1, 2, 1), (1, 0, 3)]",
               "[3, 3, 3, 27, 27]");
  assert_call (fixture, "DeleteComments", "[(1, 2, 3, 4), (0, 0, 0, 0)]", "[27, 27]");
  assert_call (fixture, "RemoveVideos", "[0, -1, 9007199254740992]", "[3, 3, 3]");
  assert_told (fixture, "");
  dou_social_fixture_assert_totals (fixture, 0, 0, 0);
}

/* Test that a set holds what was put in once, however often that was, and that it is told once. */
static void
test_sets (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "SetFavorites", "[(1, 20, 9, true), (1, 21, 9, true), (2, 20, 9, true)]",
               "[0, 0, 0]");
  assert_told (fixture, "videos [20, 21] users [1, 2, 9] favorites "
                        "[(1, 20, true), (1, 21, true), (2, 20, true)]");
  assert_call (fixture, "SetFavorites", "[(1, 20, 9, true), (3, 20, 9, false)]", "[0, 0]");
  assert_told (fixture, "");
  assert_call (fixture, "GetVideoCounts", "[20, 21, 22, 20]", "[(2, 0), (1, 0), (0, 0), (2, 0)]");
  assert_call (fixture, "GetUserCounts", "[1, 2, 9]",
               "[(0, 0, 0, 2), (0, 0, 0, 1), (0, 0, 3, 0)]");
  assert_call (fixture, "AreFavorites", "[(1, 20), (3, 20), (1, 21), (20, 1)]",
               "[true, false, true, false]");

  /* For whom a like counted is what was said when it was given. */
  assert_call (fixture, "SetFavorites", "[(1, 20, 8, false)]", "[0]");
  assert_told (fixture, "videos [20] users [1, 9] favorites [(1, 20, false)]");
  assert_call (fixture, "GetUserCounts", "[1, 8, 9]",
               "[(0, 0, 0, 1), (0, 0, 0, 0), (0, 0, 2, 0)]");
  dou_social_fixture_assert_totals (fixture, 2, 0, 0);
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test follows from both ends, and that friends are those who follow each other at the moment. */
static void
test_follows (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "SetFollows", "[(1, 2, true), (1, 3, true), (3, 1, true), (1, 3, true)]",
               "[0, 0, 0, 0]");
  assert_told (fixture, "users [1, 2, 3] follows "
                        "[(1, 2, true), (1, 3, true), (3, 1, true)]");
  assert_call (fixture, "GetUserCounts", "[1, 2, 3]",
               "[(2, 1, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0)]");
  assert_call (fixture, "AreFollows", "[(1, 2), (2, 1), (3, 1)]", "[true, false, true]");
  assert_call (fixture, "GetFriends", "[(1, 0, 10), (2, 0, 10), (3, 0, 10)]",
               "[(0, [3]), (0, []), (0, [1])]");

  assert_call (fixture, "SetFollows", "[(2, 1, true)]", "[0]");
  assert_call (fixture, "GetFriends", "[(1, 0, 10), (2, 0, 10)]",
               "[(0, [3, 2]), (0, [1])]");
  assert_call (fixture, "SetFollows", "[(1, 3, false), (1, 2, false), (1, 2, true)]", "[0, 0, 0]");
  assert_call (fixture, "GetFriends", "[(1, 0, 10), (3, 0, 10)]", "[(0, [2]), (0, [])]");
  assert_call (fixture, "GetFollowers", "[(1, 0, 10)]", "[(0, [2, 3])]");
  dou_social_fixture_assert_totals (fixture, 0, 0, 3);
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that a block ends the follows between the two, in whichever direction, that nothing is added
 * between them while either blocks the other, and that taking back is always allowed. */
static void
test_blocks (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "SetFollows", "[(1, 2, true), (2, 1, true), (1, 3, true), (3, 2, true)]",
               "[0, 0, 0, 0]");
  assert_call (fixture, "SetFavorites", "[(1, 20, 2, true), (3, 20, 2, true)]", "[0, 0]");
  assert_call (fixture, "AddComments", "[(11, 1, 20, 2, 'a', 'r'), (12, 2, 20, 2, 'b', '')]",
               "[(0, 11, 1700000000000), (0, 12, 1700000000000)]");
  assert_call (fixture, "SetFeelings", "[(1, 12, 1)]", "[0]");
  forget_told (fixture);

  assert_call (fixture, "SetBlocks", "[(1, 2, true), (1, 1, true), (0, 2, true)]", "[0, 9, 3]");
  assert_told (fixture, "users [1, 2] follows [(1, 2, false), (2, 1, false)]"
                        " blocks [(1, 2, true)]");
  assert_call (fixture, "GetUserCounts", "[1, 2, 3]",
               "[(1, 0, 0, 1), (0, 1, 2, 0), (1, 1, 0, 1)]");
  assert_call (fixture, "GetFriends", "[(1, 0, 10), (2, 0, 10)]", "[(0, []), (0, [])]");
  dou_social_fixture_assert_totals (fixture, 2, 2, 2);
  dou_social_fixture_assert_recount (fixture, 0);

  for (guint i = 0; i < 2; i++)
    {
      assert_call (fixture, "SetFollows", "[(1, 2, true), (2, 1, true), (2, 1, false), (1, 4, true)]",
                   "[38, 0, 0, 0]");
      assert_call (fixture, "SetFavorites",
                   "[(1, 21, 2, true), (2, 22, 1, true), (3, 21, 2, true), (1, 23, 2, false)]",
                   "[38, 38, 0, 0]");
      assert_call (fixture, "AddComments",
                   "[(13, 1, 20, 2, 'a', ''), (14, 2, 22, 1, 'a', 's'), (21, 1, 24, 3, 'a', 'x'),"
                   " (15, 1, 20, 2, 'a', 'r')]",
                   "[(38, 0, 0), (38, 0, 0), (0, 21, 1700000000000), (0, 11, 1700000000000)]");
      assert_call (fixture, "SetFeelings", "[(1, 12, 2), (2, 11, 1), (3, 11, 1), (2, 11, 3)]",
                   "[38, 0, 0, 0]");
      if (i == 0)
        {
          dou_social_fixture_stop (fixture);
          dou_social_fixture_start (fixture);
        }
    }
  assert_call (fixture, "SetFavorites", "[(1, 20, 2, false)]", "[0]");
  assert_call (fixture, "GetVideoCounts", "[20, 22]", "[(1, 2), (0, 0)]");
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that two are apart until neither blocks the other, and who may read what of it. */
static void
test_apart (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "SetBlocks", "[(1, 2, true), (2, 1, true), (3, 1, true), (1, 4, true)]",
               "[0, 0, 0, 0]");
  assert_told (fixture, "blocks [(1, 2, true), (2, 1, true), (3, 1, true), (1, 4, true)]");
  assert_call (fixture, "GetBlocks", "[(1, 0, 10), (2, 0, 10), (4, 0, 10)]",
               "[(0, [4, 2]), (0, [1]), (0, [])]");
  assert_call (fixture, "GetApart", "[(1, 0, 10), (2, 0, 10), (3, 0, 10), (4, 0, 10), (5, 0, 10)]",
               "[(0, [4, 3, 2, 2]), (0, [1, 1]), (0, [1]), (0, [1]), (0, [])]");

  /* A cursor goes on where the page before ended, whichever direction its last row had. */
  assert_call (fixture, "GetApart", "[(1, 0, 2), (1, 3, 2)]", "[(3, [4, 3]), (0, [2, 2])]");

  assert_call (fixture, "SetBlocks", "[(1, 2, false)]", "[0]");
  assert_told (fixture, "blocks [(1, 2, true)]");
  assert_call (fixture, "AreApart", "[(1, 2), (2, 1), (1, 3), (1, 5)]",
               "[true, true, true, false]");
  assert_call (fixture, "SetFollows", "[(1, 2, true)]", "[38]");
  assert_call (fixture, "SetBlocks", "[(2, 1, false), (1, 2, false)]", "[0, 0]");
  assert_told (fixture, "blocks [(2, 1, false)]");
  assert_call (fixture, "AreApart", "[(1, 2), (2, 1)]", "[false, false]");
  assert_call (fixture, "SetFollows", "[(1, 2, true), (2, 1, true)]", "[0, 0]");

  /* Of what one call wants the last counts. */
  forget_told (fixture);
  assert_call (fixture, "SetBlocks", "[(1, 2, true), (1, 2, false)]", "[0, 0]");
  assert_told (fixture, "");
  assert_call (fixture, "GetFriends", "[(1, 0, 10)]", "[(0, [2])]");
  assert_call (fixture, "SetBlocks", "[(1, 2, false), (2, 1, true), (1, 2, true)]", "[0, 0, 0]");
  assert_told (fixture, "users [1, 2] follows [(2, 1, false), (1, 2, false)]"
                        " blocks [(2, 1, true), (1, 2, true)]");
  dou_social_fixture_assert_totals (fixture, 0, 0, 0);
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that items of one call take effect in their order. */
static void
test_order (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "SetFavorites", "[(1, 20, 9, true), (1, 20, 9, false)]", "[0, 0]");
  assert_told (fixture, "");
  assert_call (fixture, "SetFavorites",
               "[(1, 20, 9, false), (1, 20, 9, true), (1, 21, 9, true), (1, 20, 9, true),"
               " (0, 20, 9, false), (1, 22, 9, true), (1, 21, 9, false), (1, 21, 9, true)]",
               "[0, 0, 0, 0, 3, 0, 0, 0]");
  assert_call (fixture, "GetFavorites", "[(1, 0, 10)]", "[(0, [21, 22, 20])]");
  assert_call (fixture, "SetFollows", "[(1, 2, true), (1, 3, true), (1, 2, false)]", "[0, 0, 0]");
  assert_call (fixture, "GetFollows", "[(1, 0, 10)]", "[(0, [3])]");

  assert_call (fixture, "AddComments", "[(5, 1, 20, 9, 'a', '')]", "[(0, 5, 1700000000000)]");
  assert_call (fixture, "SetFeelings", "[(1, 5, 1), (2, 5, 2), (1, 5, 2), (2, 5, 3), (1, 6, 1)]",
               "[0, 0, 0, 0, 27]");
  assert_call (fixture, "GetComments", "[(20, 0, 10)]",
               "[(0, [(5, 1, 'a', 1700000000000, 0, 1)])]");
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that lists come in pages, each item once, and that limits are bounded. */
static void
test_pages (DouSocialFixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  g_autoptr (GArray) statuses = NULL;

  for (guint video = 1; video <= 1003; video++)
    {
      DouSocialLink link = { 7, video, 9, TRUE };

      g_array_append_val (links, link);
    }
  statuses = dou_social_fixture_call (fixture, "SetFavorites", links, NULL);
  g_assert_nonnull (statuses);

  assert_call (fixture, "GetFavorites",
               "[(7, 0, 2), (7, 1002, 2), (7, 3, 2), (7, 3, 0), (7, -5, 1)]",
               "[(1002, [1003, 1002]), (1000, [1001, 1000]), (0, [2, 1]), (2, [2]),"
               " (1003, [1003])]");
  for (guint limit = 999; limit <= 1001; limit++)
    {
      DouSocialPageRequest request = { 7, 0, limit };
      g_autoptr (GArray) requests = g_array_new (FALSE, FALSE, sizeof request);
      g_autoptr (GArray) pages = NULL;

      g_array_append_val (requests, request);
      pages = dou_social_fixture_call (fixture, "GetFavorites", requests, NULL);
      g_assert_cmpuint (g_array_index (pages, DouSocialPage, 0).ids->len, ==, MIN (limit, 1000));
    }
  assert_call (fixture, "GetFavorites", "[(8, 0, 2), (0, 0, 2)]", "[(0, []), (0, [])]");
}

/* Test that a video goes with all that belongs to it, that nothing can be added afterwards, and
 * that what was asked before is answered as before. */
static void
test_remove_videos (DouSocialFixture *fixture, gconstpointer data)
{
  assert_call (fixture, "SetFavorites", "[(1, 20, 9, true), (2, 20, 9, true), (1, 21, 9, true)]",
               "[0, 0, 0]");
  assert_call (fixture, "AddComments",
               "[(11, 1, 20, 9, 'a', 'r'), (12, 2, 20, 9, 'b', ''), (13, 1, 21, 9, 'c', '')]",
               "[(0, 11, 1700000000000), (0, 12, 1700000000000), (0, 13, 1700000000000)]");
  assert_call (fixture, "SetFeelings", "[(1, 11, 1), (2, 13, 1)]", "[0, 0]");
  forget_told (fixture);

  assert_call (fixture, "RemoveVideos", "[20, 22, 0]", "[0, 0, 3]");
  assert_told (fixture, "videos [20] users [1, 2, 9] favorites "
                        "[(1, 20, false), (2, 20, false)]");
  assert_call (fixture, "RemoveVideos", "[20]", "[0]");
  assert_told (fixture, "");
  assert_call (fixture, "GetVideoCounts", "[20, 21]", "[(0, 0), (1, 1)]");
  assert_call (fixture, "GetUserCounts", "[1, 2, 9]",
               "[(0, 0, 0, 1), (0, 0, 0, 0), (0, 0, 1, 0)]");
  assert_call (fixture, "GetFavorites", "[(1, 0, 9), (2, 0, 9)]", "[(0, [21]), (0, [])]");

  assert_call (fixture, "SetFavorites", "[(3, 20, 9, true), (1, 20, 9, false), (3, 22, 9, true)]",
               "[15, 0, 15]");
  assert_call (fixture, "AddComments", "[(14, 1, 20, 9, 'd', ''), (15, 1, 20, 9, 'a', 'r')]",
               "[(15, 0, 0), (0, 11, 1700000000000)]");
  assert_told (fixture, "");
  dou_social_fixture_assert_totals (fixture, 1, 1, 0);
  dou_social_fixture_assert_recount (fixture, 0);
}

static void
like_often (DouSocialFixture *fixture, guint n_users)
{
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  g_autoptr (GArray) statuses = NULL;

  for (guint user = 1; user <= n_users; user++)
    {
      DouSocialLink link = { user, 20, 9, TRUE };

      g_array_append_val (links, link);
    }
  statuses = dou_social_fixture_call (fixture, "SetFavorites", links, NULL);
  g_assert_nonnull (statuses);
}

static gboolean
is_empty (gpointer data)
{
  gint64 favorites;

  g_object_get (data, "favorite-count", &favorites, NULL);
  return favorites == 0;
}

/* Test that a removal which takes many steps is completed, and that one which was interrupted is
 * completed by the next process. */
static void
test_remove_often_liked (DouSocialFixture *fixture, gconstpointer data)
{
  const guint n_users = 10000;

  like_often (fixture, n_users);
  assert_call (fixture, "RemoveVideos", "[20]", "[0]");
  dou_test_wait_until (is_empty, fixture->manager);
  assert_call (fixture, "RemoveVideos", "[]", "[]");
  assert_call (fixture, "GetVideoCounts", "[20]", "[(0, 0)]");
  assert_call (fixture, "GetUserCounts", "[5, 9]", "[(0, 0, 0, 0), (0, 0, 0, 0)]");
  dou_social_fixture_assert_totals (fixture, 0, 0, 0);
  dou_social_fixture_assert_recount (fixture, 0);

  dou_social_fixture_run_sql (fixture, "DELETE FROM removed_videos");
  like_often (fixture, n_users);
  dou_social_fixture_stop (fixture);
  dou_social_fixture_run_sql (fixture, "INSERT INTO removed_videos VALUES (20, 1)");
  dou_social_fixture_start (fixture);
  dou_social_fixture_assert_totals (fixture, n_users, 0, 0);
  dou_test_wait_until (is_empty, fixture->manager);
  assert_call (fixture, "GetVideoCounts", "[20]", "[(0, 0)]");
  dou_social_fixture_assert_recount (fixture, 0);
}

/* Test that counters which are wrong are found, set right and told, and the others left alone. */
static void
test_recount (DouSocialFixture *fixture, gconstpointer data)
{
  const char *const damages[] = {
    "UPDATE video_counts SET favorites = 7, comments = -1 WHERE video = 20",
    "DELETE FROM user_counts WHERE user = 1",
    "INSERT INTO user_counts (user, followers) VALUES (77, 3)",
    "INSERT INTO video_counts (video) VALUES (78)",
    "UPDATE comments SET likes = 5 WHERE id = 11",
    "UPDATE follows SET mutual = 1 - mutual WHERE user = 1",
    "UPDATE totals SET comments = comments + 4, follows = 0",
  };

  assert_call (fixture, "SetFavorites", "[(1, 20, 9, true), (2, 20, 9, true), (1, 21, 9, true)]",
               "[0, 0, 0]");
  assert_call (fixture, "SetFollows", "[(1, 2, true), (2, 1, true), (1, 3, true)]", "[0, 0, 0]");
  assert_call (fixture, "AddComments", "[(11, 1, 20, 9, 'a', '')]", "[(0, 11, 1700000000000)]");
  assert_call (fixture, "SetFeelings", "[(1, 11, 2)]", "[0]");
  dou_social_fixture_assert_recount (fixture, 0);
  dou_social_fixture_stop (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++)
    dou_social_fixture_run_sql (fixture, damages[i]);
  dou_social_fixture_start (fixture);
  dou_social_fixture_assert_totals (fixture, 3, 5, 0);
  forget_told (fixture);

  /* Two of video 20, three of user 1 (follows, followers, favorites), one of user 77, one of the
   * comment, two marks, two totals. */
  dou_social_fixture_assert_recount (fixture, 2 + 3 + 1 + 1 + 2 + 2);
  assert_told (fixture, "videos [20] users [1, 77]");
  dou_social_fixture_assert_totals (fixture, 3, 1, 3);
  dou_social_fixture_assert_recount (fixture, 0);
  assert_call (fixture, "GetVideoCounts", "[20]", "[(2, 1)]");
  assert_call (fixture, "GetUserCounts", "[1, 77]", "[(2, 1, 0, 2), (0, 0, 0, 0)]");
  assert_call (fixture, "GetFriends", "[(1, 0, 9)]", "[(0, [2])]");
}

/* Test that writes of nothing are answered without the store, and that a closed one is an error. */
static void
test_closed (DouSocialFixture *fixture, gconstpointer data)
{
  const char *const methods[] = { "SetFavorites", "SetFollows", "AddComments", "SetFeelings" };
  const char *const reads[] = { "GetFavorites", "GetComments", "DeleteComments", "GetUserCounts" };
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (gint64));

  dou_social_fixture_assert_totals (fixture, 0, 0, 0);
  dou_social_store_close (fixture->store);
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    assert_call (fixture, methods[i], "[]", "[]");
  for (gsize i = 0; i < G_N_ELEMENTS (reads); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GArray) results = dou_social_fixture_call (fixture, reads[i], none, &error);

      g_assert_null (results);
      g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  SOCIAL_MANAGER_TEST ("refused", test_refused);
  SOCIAL_MANAGER_TEST ("closed", test_closed);
  SOCIAL_MANAGER_TEST ("sets", test_sets);
  SOCIAL_MANAGER_TEST ("follows", test_follows);
  SOCIAL_MANAGER_TEST ("blocks", test_blocks);
  SOCIAL_MANAGER_TEST ("apart", test_apart);
  SOCIAL_MANAGER_TEST ("order", test_order);
  SOCIAL_MANAGER_TEST ("pages", test_pages);
  SOCIAL_MANAGER_TEST ("remove-videos", test_remove_videos);
  SOCIAL_MANAGER_TEST ("remove-often-liked", test_remove_often_liked);
  add_comment_tests ();
  /* What it damages has other names elsewhere. */
  if (!dou_test_engine_is_server ())
    SOCIAL_MANAGER_TEST ("recount", test_recount);

  return g_test_run ();
}
