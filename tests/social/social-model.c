/* SPDX-License-Identifier: Apache-2.0 */

/* What the store must show when it is asked for everything. */

#include "config.h"



#include "social-model.h"

GArray *
social_model_call (SocialModel *model, const char *method, GArray *items)
{
  g_autoptr (GError) error = NULL;
  GArray *results = dou_social_fixture_call (&model->fixture, method, items, &error);

  g_assert_no_error (error);
  return results;
}

gint64 *
social_model_get_link (SocialModel *model, DouSocialLinkKind kind, const DouSocialLink *link)
{
  gint64 *const links[] = {
    [DOU_SOCIAL_FAVORITES] = &model->likes[link->user][0],
    [DOU_SOCIAL_FOLLOWS] = &model->follows[link->user][0],
    [DOU_SOCIAL_BLOCKS] = &model->blocks[link->user][0],
  };

  return links[kind] + link->target;
}

gboolean
social_model_are_apart (SocialModel *model, gint64 user, gint64 other)
{
  return model->blocks[user][other] != 0 || model->blocks[other][user] != 0;
}

Comment *
social_model_find_comment (SocialModel *model, gint64 id)
{
  return id >= 1 && id <= model->comments->len ? &g_array_index (model->comments, Comment, id - 1)
                                               : NULL;
}

gboolean
social_model_is_there (SocialModel *model, const Comment *comment)
{
  return comment != NULL && comment->deleter == 0 && !model->removed[comment->video];
}

/* Reads the whole list of @owner, page by page. */
static GArray *
read_list (SocialModel *model, const char *method, gint64 owner)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (gint64));
  DouSocialPageRequest request = { owner, 0, PAGE };

  do
    {
      g_autoptr (GArray) requests = g_array_new (FALSE, FALSE, sizeof request);
      g_autoptr (GArray) pages = NULL;
      const DouSocialPage *page;

      g_array_append_val (requests, request);
      pages = social_model_call (model, method, requests);
      page = &g_array_index (pages, DouSocialPage, 0);
      g_assert_true (page->cursor == 0 || page->ids->len == PAGE);
      g_array_append_vals (all, page->ids->data, page->ids->len);
      request.cursor = page->cursor;
    }
  while (request.cursor != 0);

  return all;
}

/* @sequences: for each id from 1 where it belongs in the list, or 0 */
static void
assert_list (SocialModel *model, const char *method, gint64 owner, const gint64 *sequences, gint32 n)
{
  g_autoptr (GArray) list = read_list (model, method, owner);
  gint64 last = G_MAXINT64;
  guint n_expected = 0;

  for (gint32 id = 1; id <= n; id++)
    n_expected += sequences[id] != 0;
  g_assert_cmpuint (list->len, ==, n_expected);
  for (guint i = 0; i < list->len; i++)
    {
      gint64 sequence = sequences[g_array_index (list, gint64, i)];

      g_assert_cmpint (sequence, >, 0);
      g_assert_cmpint (sequence, <, last);
      last = sequence;
    }
}

/* Who is apart from @user, as often as there are blocks. */
static void
assert_apart (SocialModel *model, gint64 user)
{
  g_autoptr (GArray) list = read_list (model, "GetApart", user);
  gint32 expected[N_USERS + 1] = { 0 };

  for (gint32 other = 1; other <= N_USERS; other++)
    expected[other] = (model->blocks[user][other] != 0) + (model->blocks[other][user] != 0);
  for (guint i = 0; i < list->len; i++)
    expected[g_array_index (list, gint64, i)]--;
  for (gint32 other = 1; other <= N_USERS; other++)
    g_assert_cmpint (expected[other], ==, 0);
}

static void
verify_flags (SocialModel *model, DouSocialLinkKind kind)
{
  static const char *const names[] = { [DOU_SOCIAL_FAVORITES] = "AreFavorites",
                                       [DOU_SOCIAL_FOLLOWS] = "AreFollows",
                                       [DOU_SOCIAL_BLOCKS] = "AreApart" };

  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  g_autoptr (GArray) flags = NULL;

  for (gint32 user = 1; user <= N_USERS; user++)
    for (gint32 target = 1; target <= (kind == DOU_SOCIAL_FAVORITES ? N_VIDEOS : N_USERS);
         target++)
      {
        DouSocialLink link = { user, target };

        g_array_append_val (links, link);
      }

  flags = social_model_call (model, names[kind], links);
  for (guint i = 0; i < links->len; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);

      g_assert_cmpint (g_array_index (flags, guint8, i), ==,
                       kind == DOU_SOCIAL_BLOCKS ? social_model_are_apart (model, link->user, link->target)
                                                 : *social_model_get_link (model, kind, link) != 0);
    }
}

static void
verify_user (SocialModel *model, gint64 user, const DouSocialCounts *counts)
{
  gint64 followers[N_USERS + 1] = { 0 };
  gint64 friends[N_USERS + 1] = { 0 };
  DouSocialCounts expected = { 0 };

  for (gint32 other = 1; other <= N_USERS; other++)
    {
      followers[other] = model->follows[other][user];
      friends[other] = followers[other] != 0 ? model->follows[user][other] : 0;
      expected.followers += followers[other] != 0;
      expected.follows += model->follows[user][other] != 0;
      for (gint32 video = 1; video <= N_VIDEOS; video++)
        expected.total_favorited += AUTHOR (video) == user && model->likes[other][video] != 0;
    }
  for (gint32 video = 1; video <= N_VIDEOS; video++)
    expected.favorites += model->likes[user][video] != 0;

  g_assert_cmpmem (counts, sizeof *counts, &expected, sizeof expected);
  assert_list (model, "GetFavorites", user, model->likes[user], N_VIDEOS);
  assert_list (model, "GetFollows", user, model->follows[user], N_USERS);
  assert_list (model, "GetFollowers", user, followers, N_USERS);
  assert_list (model, "GetFriends", user, friends, N_USERS);
  assert_list (model, "GetBlocks", user, model->blocks[user], N_USERS);
  assert_apart (model, user);
}

/* Of everybody about a comment that is there. */
static void
verify_feelings (SocialModel *model, const Comment *expected, gint64 id)
{
  g_autoptr (GArray) pairs = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  g_autoptr (GArray) kinds = NULL;

  for (gint32 user = 1; user <= N_USERS; user++)
    {
      DouSocialLink pair = { user, id };

      g_array_append_val (pairs, pair);
    }

  kinds = social_model_call (model, "GetFeelings", pairs);
  for (gint32 user = 1; user <= N_USERS; user++)
    g_assert_cmpint (g_array_index (kinds, gint32, user - 1), ==,
                     expected->feelings[user] != 0 ? expected->feelings[user] : DOU_SOCIAL_NEITHER);
}

static void
verify_comment (const Comment *expected, const DouSocialComment *comment)
{
  gint64 likes = 0;
  gint64 dislikes = 0;

  for (gint32 user = 1; user <= N_USERS; user++)
    {
      likes += expected->feelings[user] == DOU_SOCIAL_LIKE;
      dislikes += expected->feelings[user] == DOU_SOCIAL_DISLIKE;
    }

  g_assert_cmpint (comment->user, ==, expected->user);
  g_assert_cmpstr (comment->text, ==, expected->text);
  g_assert_cmpint (comment->created, ==, expected->created);
  g_assert_cmpint (comment->likes, ==, likes);
  g_assert_cmpint (comment->dislikes, ==, dislikes);
}

/* Returns how many comments there are. */
static gint64
verify_comments (SocialModel *model, gint64 video)
{
  gint64 next = model->comments->len;
  DouSocialPageRequest request = { video, 0, PAGE };
  gint64 n_comments = 0;

  do
    {
      g_autoptr (GArray) requests = g_array_new (FALSE, FALSE, sizeof request);
      g_autoptr (GArray) pages = NULL;
      const DouSocialCommentPage *page;

      g_array_append_val (requests, request);
      pages = social_model_call (model, "GetComments", requests);
      page = &g_array_index (pages, DouSocialCommentPage, 0);
      for (guint i = 0; i < page->comments->len; i++)
        {
          const DouSocialComment *comment = &g_array_index (page->comments, DouSocialComment, i);

          while (next != comment->id)
            {
              const Comment *skipped = social_model_find_comment (model, next--);

              g_assert_true (skipped->video != video || !social_model_is_there (model, skipped));
            }
          verify_comment (social_model_find_comment (model, next), comment);
          verify_feelings (model, social_model_find_comment (model, next--), comment->id);
          n_comments++;
        }
      request.cursor = page->cursor;
    }
  while (request.cursor != 0);

  for (; next > 0; next--)
    g_assert_false (social_model_find_comment (model, next)->video == video
                    && social_model_is_there (model, social_model_find_comment (model, next)));
  return n_comments;
}

static GArray *
read_counts (SocialModel *model, const char *method, gint64 n)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gint64 id = 1; id <= n; id++)
    g_array_append_val (ids, id);
  return social_model_call (model, method, ids);
}

void
social_model_verify (SocialModel *model)
{
  g_autoptr (GArray) users = read_counts (model, "GetUserCounts", N_USERS);
  g_autoptr (GArray) videos = read_counts (model, "GetVideoCounts", N_VIDEOS);
  DouSocialCounts totals = { 0 };

  verify_flags (model, DOU_SOCIAL_FAVORITES);
  verify_flags (model, DOU_SOCIAL_FOLLOWS);
  verify_flags (model, DOU_SOCIAL_BLOCKS);
  for (gint32 user = 1; user <= N_USERS; user++)
    {
      const DouSocialCounts *counts = &g_array_index (users, DouSocialCounts, user - 1);

      verify_user (model, user, counts);
      totals.follows += counts->follows;
    }
  for (gint32 video = 1; video <= N_VIDEOS; video++)
    {
      const DouSocialCounts *counts = &g_array_index (videos, DouSocialCounts, video - 1);
      gint64 n_likes = 0;

      for (gint32 user = 1; user <= N_USERS; user++)
        n_likes += model->likes[user][video] != 0;
      g_assert_cmpint (counts->favorites, ==, n_likes);
      g_assert_cmpint (counts->comments, ==, verify_comments (model, video));
      totals.favorites += counts->favorites;
      totals.comments += counts->comments;
    }

  dou_social_fixture_assert_totals (&model->fixture, totals.favorites, totals.comments,
                                    totals.follows);
  dou_social_fixture_assert_recount (&model->fixture, 0);
}
