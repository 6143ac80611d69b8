/* SPDX-License-Identifier: Apache-2.0 */

/* Thousands of random calls by a few users about a few videos, so that they meet all the time,
 * beside a model that is too simple to be wrong. Now and then, and after the process ended and
 * began again, every list, flag and counter must be that of the model. */

#include "config.h"

#include "dou-social-fixture.h"

#define N_USERS 20
#define N_VIDEOS 30
#define N_CALLS 3000
#define MAX_ITEMS 6
#define PAGE 7
#define UNUSED_ID 1000000

/* Users and videos have ids from 1; video v is by author AUTHOR (v). */
#define AUTHOR(video) (((video) % N_USERS) + 1)

typedef struct
{
  gint64 id;
  gint64 user;
  gint64 video;
  gint64 created;
  gint64 deleter; /* or 0 */
  char text[16];
  gint32 feelings[N_USERS + 1];
} Comment;

typedef struct
{
  DouSocialFixture fixture;
  GRand *rand;     /* (owned) */
  gint64 sequence; /* of the newest link */
  gint64 likes[N_USERS + 1][N_VIDEOS + 1];  /* sequence, or 0 */
  gint64 follows[N_USERS + 1][N_USERS + 1]; /* sequence, or 0 */
  gint64 blocks[N_USERS + 1][N_USERS + 1];  /* sequence, or 0 */
  gboolean removed[N_VIDEOS + 1];
  GArray *comments;     /* (owned) (element-type Comment) ever written, by id */
  GHashTable *requests; /* (owned) (element-type utf8 gint64) what each made */
  gint64 now;
} Model;

static gint32
pick (Model *model, gint32 n)
{
  return g_rand_int_range (model->rand, 1, n + 1);
}

static GArray *
call (Model *model, const char *method, GArray *items)
{
  g_autoptr (GError) error = NULL;
  GArray *results = dou_social_fixture_call (&model->fixture, method, items, &error);

  g_assert_no_error (error);
  return results;
}

static gint64 *
get_link (Model *model, DouSocialLinkKind kind, const DouSocialLink *link)
{
  gint64 *const links[] = {
    [DOU_SOCIAL_FAVORITES] = &model->likes[link->user][0],
    [DOU_SOCIAL_FOLLOWS] = &model->follows[link->user][0],
    [DOU_SOCIAL_BLOCKS] = &model->blocks[link->user][0],
  };

  return links[kind] + link->target;
}

static gboolean
are_apart (Model *model, gint64 user, gint64 other)
{
  return model->blocks[user][other] != 0 || model->blocks[other][user] != 0;
}

static DouStatus
predict_link (Model *model, DouSocialLinkKind kind, const DouSocialLink *link, gboolean last)
{
  if (kind != DOU_SOCIAL_FAVORITES && link->user == link->target)
    return DOU_STATUS_NOT_PERMITTED;
  if (kind == DOU_SOCIAL_FAVORITES && model->removed[link->target] && last)
    return DOU_STATUS_VIDEO_NOT_FOUND;
  if (kind != DOU_SOCIAL_BLOCKS && last
      && are_apart (model, link->user,
                    kind == DOU_SOCIAL_FAVORITES ? AUTHOR (link->target) : link->target))
    return DOU_STATUS_BLOCKED;

  return DOU_STATUS_OK;
}

/* Of the links of one pair the last one, which decides about all of them. */
static gboolean
get_last (GArray *links, guint first)
{
  const DouSocialLink *link = &g_array_index (links, DouSocialLink, first);
  gboolean last = link->set;

  for (guint i = first; i < links->len; i++)
    if (dou_social_pair_equal (link, &g_array_index (links, DouSocialLink, i)))
      last = g_array_index (links, DouSocialLink, i).set;
  return last;
}

/* Who blocks somebody now and did not before the call, follows and is followed by that one no more. */
static void
unfollow (Model *model, GArray *links, const gint64 *before)
{
  for (guint i = 0; i < links->len; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);

      if (link->user == link->target || before[i] != 0
          || model->blocks[link->user][link->target] == 0)
        continue;

      model->follows[link->user][link->target] = 0;
      model->follows[link->target][link->user] = 0;
    }
}

static void
set_links (Model *model, DouSocialLinkKind kind)
{
  static const char *const names[] = { [DOU_SOCIAL_FAVORITES] = "SetFavorites",
                                       [DOU_SOCIAL_FOLLOWS] = "SetFollows",
                                       [DOU_SOCIAL_BLOCKS] = "SetBlocks" };
  const gboolean favorites = kind == DOU_SOCIAL_FAVORITES;
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  g_autoptr (GArray) statuses = NULL;
  gint64 before[MAX_ITEMS];
  gint32 n = pick (model, MAX_ITEMS);

  for (gint32 i = 0; i < n; i++)
    {
      DouSocialLink link = { pick (model, N_USERS), pick (model, favorites ? N_VIDEOS : N_USERS), 0,
                             kind == DOU_SOCIAL_BLOCKS ? pick (model, 9) == 1 : pick (model, 3) > 1 };

      if (i > 0 && pick (model, 3) == 1)
        {
          link.user = g_array_index (links, DouSocialLink, 0).user;
          link.target = g_array_index (links, DouSocialLink, 0).target;
        }
      link.author = favorites ? AUTHOR (link.target) : 0;
      before[i] = *get_link (model, kind, &link);
      g_array_append_val (links, link);
    }

  statuses = call (model, names[kind], links);
  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);
      gint64 *sequence = get_link (model, kind, link);

      /* What is refused in the end leaves all as it was; what is taken back is not refused. */
      if (predict_link (model, kind, link, TRUE) != DOU_STATUS_OK
          && (link->set
              || predict_link (model, kind, link, get_last (links, (guint) i)) != DOU_STATUS_OK))
        continue;
      if (link->set != (*sequence != 0))
        *sequence = link->set ? ++model->sequence : 0;
    }

  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);
      gint64 *sequence = get_link (model, kind, link);

      /* What was so before the call and is so after it was never otherwise. */
      if (*sequence != 0 && before[i] != 0)
        *sequence = before[i];
      g_assert_cmpint (g_array_index (statuses, gint32, i), ==,
                       predict_link (model, kind, link, get_last (links, (guint) i)));
    }

  if (kind == DOU_SOCIAL_BLOCKS)
    unfollow (model, links, before);
}

static Comment *
find_comment (Model *model, gint64 id)
{
  return id >= 1 && id <= model->comments->len ? &g_array_index (model->comments, Comment, id - 1)
                                               : NULL;
}

static char *
get_request_key (const DouSocialDraft *draft)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s", draft->user, draft->request);
}

/* Whether @draft is new; then the model has it from now on. */
static gboolean
accept_draft (Model *model, const DouSocialDraft *draft)
{
  g_autofree char *key = get_request_key (draft);
  Comment comment = { draft->id, draft->user, draft->video, model->now };

  if (model->removed[draft->video] || are_apart (model, draft->user, draft->author)
      || g_hash_table_contains (model->requests, key))
    return FALSE;

  g_strlcpy (comment.text, draft->text, sizeof comment.text);
  g_array_append_val (model->comments, comment);
  if (*draft->request != '\0')
    g_hash_table_insert (model->requests, g_steal_pointer (&key), GINT_TO_POINTER (draft->id));
  return TRUE;
}

static void
add_comments (Model *model)
{
  g_autoptr (GArray) drafts = dou_social_drafts_new (MAX_ITEMS);
  g_autoptr (GArray) outcomes = NULL;
  gint32 n = pick (model, MAX_ITEMS);

  for (gint32 i = 0; i < n; i++)
    {
      DouSocialDraft draft = { model->comments->len + 1, pick (model, N_USERS),
                               pick (model, N_VIDEOS) };
      gboolean named = pick (model, 2) == 1 && !model->removed[draft.video]
                       && !are_apart (model, draft.user, AUTHOR (draft.video));

      draft.author = AUTHOR (draft.video);
      draft.text = g_strdup_printf ("t%" G_GINT64_FORMAT, draft.id);
      draft.request = named ? g_strdup_printf ("r%d", pick (model, 40)) : g_strdup ("");
      /* Ids of comments stay without gaps. */
      if (!accept_draft (model, &draft))
        draft.id = UNUSED_ID + i;
      g_array_append_val (drafts, draft);
    }

  outcomes = call (model, "AddComments", drafts);
  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialDraft *draft = &g_array_index (drafts, DouSocialDraft, i);
      const DouSocialDraftOutcome *outcome = &g_array_index (outcomes, DouSocialDraftOutcome, i);
      g_autofree char *key = get_request_key (draft);
      gint64 made = *draft->request != '\0'
                        ? GPOINTER_TO_INT (g_hash_table_lookup (model->requests, key))
                        : draft->id;

      if (model->removed[draft->video])
        {
          g_assert_cmpint (outcome->status, ==, DOU_STATUS_VIDEO_NOT_FOUND);
          continue;
        }
      if (are_apart (model, draft->user, draft->author))
        {
          g_assert_cmpint (outcome->status, ==, DOU_STATUS_BLOCKED);
          continue;
        }
      g_assert_cmpint (outcome->status, ==, DOU_STATUS_OK);
      g_assert_cmpint (outcome->id, ==, made);
      g_assert_cmpint (outcome->created, ==, find_comment (model, made)->created);
    }
}

static void
delete_comments (Model *model)
{
  g_autoptr (GArray) deletions = g_array_new (FALSE, FALSE, sizeof (DouSocialDeletion));
  g_autoptr (GArray) statuses = NULL;
  gint32 n = pick (model, MAX_ITEMS);

  for (gint32 i = 0; i < n; i++)
    {
      gint64 id = pick (model, (gint32) model->comments->len + 3);
      const Comment *comment = find_comment (model, id);
      DouSocialDeletion deletion = { id, pick (model, N_VIDEOS), 0, pick (model, N_USERS) };

      if (comment != NULL && pick (model, 8) > 1)
        {
          deletion.video = comment->video;
          deletion.user = pick (model, 3) > 1 ? comment->user : AUTHOR (comment->video);
        }
      deletion.author = AUTHOR (deletion.video);
      g_array_append_val (deletions, deletion);
    }

  statuses = call (model, "DeleteComments", deletions);
  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialDeletion *deletion = &g_array_index (deletions, DouSocialDeletion, i);
      Comment *comment = find_comment (model, deletion->comment);
      DouStatus expected = DOU_STATUS_OK;

      if (comment == NULL || comment->video != deletion->video
          || (comment->deleter == 0 && model->removed[comment->video])
          || (comment->deleter != 0 && comment->deleter != deletion->user))
        expected = DOU_STATUS_COMMENT_NOT_FOUND;
      else if (deletion->user != comment->user && deletion->user != deletion->author)
        expected = DOU_STATUS_NOT_PERMITTED;
      else
        comment->deleter = deletion->user;

      g_assert_cmpint (g_array_index (statuses, gint32, i), ==, expected);
    }
}

static gboolean
is_there (Model *model, const Comment *comment)
{
  return comment != NULL && comment->deleter == 0 && !model->removed[comment->video];
}

/* What becomes of a feeling: what the user is to feel about the comment in the end decides. */
static DouStatus
predict_feeling (Model *model, GArray *feelings, guint i)
{
  const DouSocialFeeling *feeling = &g_array_index (feelings, DouSocialFeeling, i);
  const Comment *comment = find_comment (model, feeling->comment);
  gint32 last = feeling->feeling;

  if (!is_there (model, comment))
    return DOU_STATUS_COMMENT_NOT_FOUND;

  for (; i < feelings->len; i++)
    if (dou_social_pair_equal (feeling, &g_array_index (feelings, DouSocialFeeling, i)))
      last = g_array_index (feelings, DouSocialFeeling, i).feeling;
  return last != DOU_SOCIAL_NEITHER && are_apart (model, feeling->user, comment->user)
             ? DOU_STATUS_BLOCKED
             : DOU_STATUS_OK;
}

static void
set_feelings (Model *model)
{
  g_autoptr (GArray) feelings = g_array_new (FALSE, FALSE, sizeof (DouSocialFeeling));
  g_autoptr (GArray) statuses = NULL;
  gint32 n = pick (model, MAX_ITEMS);

  for (gint32 i = 0; i < n; i++)
    {
      DouSocialFeeling feeling = { pick (model, N_USERS),
                                   pick (model, (gint32) model->comments->len + 3),
                                   pick (model, 3) };

      g_array_append_val (feelings, feeling);
    }

  statuses = call (model, "SetFeelings", feelings);
  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialFeeling *feeling = &g_array_index (feelings, DouSocialFeeling, i);
      const DouStatus expected = predict_feeling (model, feelings, (guint) i);

      if (expected == DOU_STATUS_OK)
        find_comment (model, feeling->comment)->feelings[feeling->user] = feeling->feeling;
      g_assert_cmpint (g_array_index (statuses, gint32, i), ==, expected);
    }
}

static void
remove_video (Model *model)
{
  g_autoptr (GArray) videos = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) statuses = NULL;
  gint64 video = pick (model, N_VIDEOS);

  g_array_append_val (videos, video);
  statuses = call (model, "RemoveVideos", videos);
  g_assert_cmpint (g_array_index (statuses, gint32, 0), ==, DOU_STATUS_OK);
  model->removed[video] = TRUE;
  for (gint32 user = 1; user <= N_USERS; user++)
    model->likes[user][video] = 0;
}

/* Reads the whole list of @owner, page by page. */
static GArray *
read_list (Model *model, const char *method, gint64 owner)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (gint64));
  DouSocialPageRequest request = { owner, 0, PAGE };

  do
    {
      g_autoptr (GArray) requests = g_array_new (FALSE, FALSE, sizeof request);
      g_autoptr (GArray) pages = NULL;
      const DouSocialPage *page;

      g_array_append_val (requests, request);
      pages = call (model, method, requests);
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
assert_list (Model *model, const char *method, gint64 owner, const gint64 *sequences, gint32 n)
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
assert_apart (Model *model, gint64 user)
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
verify_flags (Model *model, DouSocialLinkKind kind)
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

  flags = call (model, names[kind], links);
  for (guint i = 0; i < links->len; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);

      g_assert_cmpint (g_array_index (flags, guint8, i), ==,
                       kind == DOU_SOCIAL_BLOCKS ? are_apart (model, link->user, link->target)
                                                 : *get_link (model, kind, link) != 0);
    }
}

static void
verify_user (Model *model, gint64 user, const DouSocialCounts *counts)
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
verify_feelings (Model *model, const Comment *expected, gint64 id)
{
  g_autoptr (GArray) pairs = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  g_autoptr (GArray) kinds = NULL;

  for (gint32 user = 1; user <= N_USERS; user++)
    {
      DouSocialLink pair = { user, id };

      g_array_append_val (pairs, pair);
    }

  kinds = call (model, "GetFeelings", pairs);
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
verify_comments (Model *model, gint64 video)
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
      pages = call (model, "GetComments", requests);
      page = &g_array_index (pages, DouSocialCommentPage, 0);
      for (guint i = 0; i < page->comments->len; i++)
        {
          const DouSocialComment *comment = &g_array_index (page->comments, DouSocialComment, i);

          while (next != comment->id)
            {
              const Comment *skipped = find_comment (model, next--);

              g_assert_true (skipped->video != video || !is_there (model, skipped));
            }
          verify_comment (find_comment (model, next), comment);
          verify_feelings (model, find_comment (model, next--), comment->id);
          n_comments++;
        }
      request.cursor = page->cursor;
    }
  while (request.cursor != 0);

  for (; next > 0; next--)
    g_assert_false (find_comment (model, next)->video == video
                    && is_there (model, find_comment (model, next)));
  return n_comments;
}

static GArray *
read_counts (Model *model, const char *method, gint64 n)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gint64 id = 1; id <= n; id++)
    g_array_append_val (ids, id);
  return call (model, method, ids);
}

static void
verify (Model *model)
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

static void
act (Model *model)
{
  gint32 die = pick (model, 400);

  model->now += pick (model, 3) - 1;
  dou_manual_clock_set (model->fixture.clock, model->now);
  if (die <= 140)
    set_links (model, DOU_SOCIAL_FAVORITES);
  else if (die <= 240)
    set_links (model, DOU_SOCIAL_FOLLOWS);
  else if (die <= 260)
    set_links (model, DOU_SOCIAL_BLOCKS);
  else if (die <= 310)
    add_comments (model);
  else if (die <= 350)
    delete_comments (model);
  else if (die <= 399)
    set_feelings (model);
  else
    remove_video (model);
}

/* Test that the store and the model never part, also over restarts. */
static void
test_random (void)
{
  g_autofree Model *model = g_new0 (Model, 1);

  model->rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  model->comments = g_array_new (FALSE, FALSE, sizeof (Comment));
  model->requests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  model->now = DOU_SOCIAL_FIXTURE_NOW;
  dou_social_fixture_set_up (&model->fixture, NULL);

  for (guint i = 1; i <= N_CALLS; i++)
    {
      act (model);
      if (i % (N_CALLS / 4) != 0)
        continue;

      verify (model);
      dou_social_fixture_stop (&model->fixture);
      dou_social_fixture_start (&model->fixture);
      verify (model);
    }

  dou_social_fixture_tear_down (&model->fixture, NULL);
  g_array_unref (model->comments);
  g_hash_table_unref (model->requests);
  g_rand_free (model->rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/social/model/random", test_random);

  return g_test_run ();
}
