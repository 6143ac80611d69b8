/* SPDX-License-Identifier: Apache-2.0 */

/* Thousands of random calls by a few users about a few videos, so that they meet all the time,
 * beside a model that is too simple to be wrong. Now and then, and after the process ended and
 * began again, every list, flag and counter must be that of the model. */

#include "config.h"

#include "social-model.h"

#define N_CALLS 3000
#define MAX_ITEMS 6
#define UNUSED_ID 1000000

static gint32
pick (SocialModel *model, gint32 n)
{
  return g_rand_int_range (model->rand, 1, n + 1);
}

static DouStatus
predict_link (SocialModel *model, DouSocialLinkKind kind, const DouSocialLink *link, gboolean last)
{
  if (kind != DOU_SOCIAL_FAVORITES && link->user == link->target)
    return DOU_STATUS_NOT_PERMITTED;
  if (kind == DOU_SOCIAL_FAVORITES && model->removed[link->target] && last)
    return DOU_STATUS_VIDEO_NOT_FOUND;
  if (kind != DOU_SOCIAL_BLOCKS && last
      && social_model_are_apart (model, link->user,
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
unfollow (SocialModel *model, GArray *links, const gint64 *before)
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
set_links (SocialModel *model, DouSocialLinkKind kind)
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
      before[i] = *social_model_get_link (model, kind, &link);
      g_array_append_val (links, link);
    }

  statuses = social_model_call (model, names[kind], links);
  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);
      gint64 *sequence = social_model_get_link (model, kind, link);

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
      gint64 *sequence = social_model_get_link (model, kind, link);

      /* What was so before the call and is so after it was never otherwise. */
      if (*sequence != 0 && before[i] != 0)
        *sequence = before[i];
      g_assert_cmpint (g_array_index (statuses, gint32, i), ==,
                       predict_link (model, kind, link, get_last (links, (guint) i)));
    }

  if (kind == DOU_SOCIAL_BLOCKS)
    unfollow (model, links, before);
}

static char *
get_request_key (const DouSocialDraft *draft)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %s", draft->user, draft->request);
}

/* Whether @draft is new; then the model has it from now on. */
static gboolean
accept_draft (SocialModel *model, const DouSocialDraft *draft)
{
  g_autofree char *key = get_request_key (draft);
  Comment comment = { draft->id, draft->user, draft->video, model->now };

  if (model->removed[draft->video] || social_model_are_apart (model, draft->user, draft->author)
      || g_hash_table_contains (model->requests, key))
    return FALSE;

  g_strlcpy (comment.text, draft->text, sizeof comment.text);
  g_array_append_val (model->comments, comment);
  if (*draft->request != '\0')
    g_hash_table_insert (model->requests, g_steal_pointer (&key), GINT_TO_POINTER (draft->id));
  return TRUE;
}

static void
add_comments (SocialModel *model)
{
  g_autoptr (GArray) drafts = dou_social_drafts_new (MAX_ITEMS);
  g_autoptr (GArray) outcomes = NULL;
  gint32 n = pick (model, MAX_ITEMS);

  for (gint32 i = 0; i < n; i++)
    {
      DouSocialDraft draft = { model->comments->len + 1, pick (model, N_USERS),
                               pick (model, N_VIDEOS) };
      gboolean named = pick (model, 2) == 1 && !model->removed[draft.video]
                       && !social_model_are_apart (model, draft.user, AUTHOR (draft.video));

      draft.author = AUTHOR (draft.video);
      draft.text = g_strdup_printf ("t%" G_GINT64_FORMAT, draft.id);
      draft.request = named ? g_strdup_printf ("r%d", pick (model, 40)) : g_strdup ("");
      /* Ids of comments stay without gaps. */
      if (!accept_draft (model, &draft))
        draft.id = UNUSED_ID + i;
      g_array_append_val (drafts, draft);
    }

  outcomes = social_model_call (model, "AddComments", drafts);
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
      if (social_model_are_apart (model, draft->user, draft->author))
        {
          g_assert_cmpint (outcome->status, ==, DOU_STATUS_BLOCKED);
          continue;
        }
      g_assert_cmpint (outcome->status, ==, DOU_STATUS_OK);
      g_assert_cmpint (outcome->id, ==, made);
      g_assert_cmpint (outcome->created, ==, social_model_find_comment (model, made)->created);
    }
}

static void
delete_comments (SocialModel *model)
{
  g_autoptr (GArray) deletions = g_array_new (FALSE, FALSE, sizeof (DouSocialDeletion));
  g_autoptr (GArray) statuses = NULL;
  gint32 n = pick (model, MAX_ITEMS);

  for (gint32 i = 0; i < n; i++)
    {
      gint64 id = pick (model, (gint32) model->comments->len + 3);
      const Comment *comment = social_model_find_comment (model, id);
      DouSocialDeletion deletion = { id, pick (model, N_VIDEOS), 0, pick (model, N_USERS) };

      if (comment != NULL && pick (model, 8) > 1)
        {
          deletion.video = comment->video;
          deletion.user = pick (model, 3) > 1 ? comment->user : AUTHOR (comment->video);
        }
      deletion.author = AUTHOR (deletion.video);
      g_array_append_val (deletions, deletion);
    }

  statuses = social_model_call (model, "DeleteComments", deletions);
  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialDeletion *deletion = &g_array_index (deletions, DouSocialDeletion, i);
      Comment *comment = social_model_find_comment (model, deletion->comment);
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

/* What becomes of a feeling: what the user is to feel about the comment in the end decides. */
static DouStatus
predict_feeling (SocialModel *model, GArray *feelings, guint i)
{
  const DouSocialFeeling *feeling = &g_array_index (feelings, DouSocialFeeling, i);
  const Comment *comment = social_model_find_comment (model, feeling->comment);
  gint32 last = feeling->feeling;

  if (!social_model_is_there (model, comment))
    return DOU_STATUS_COMMENT_NOT_FOUND;

  for (; i < feelings->len; i++)
    if (dou_social_pair_equal (feeling, &g_array_index (feelings, DouSocialFeeling, i)))
      last = g_array_index (feelings, DouSocialFeeling, i).feeling;
  return last != DOU_SOCIAL_NEITHER && social_model_are_apart (model, feeling->user, comment->user)
             ? DOU_STATUS_BLOCKED
             : DOU_STATUS_OK;
}

static void
set_feelings (SocialModel *model)
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

  statuses = social_model_call (model, "SetFeelings", feelings);
  for (gint32 i = 0; i < n; i++)
    {
      const DouSocialFeeling *feeling = &g_array_index (feelings, DouSocialFeeling, i);
      const DouStatus expected = predict_feeling (model, feelings, (guint) i);

      if (expected == DOU_STATUS_OK)
        social_model_find_comment (model, feeling->comment)->feelings[feeling->user] = feeling->feeling;
      g_assert_cmpint (g_array_index (statuses, gint32, i), ==, expected);
    }
}

static void
remove_video (SocialModel *model)
{
  g_autoptr (GArray) videos = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) statuses = NULL;
  gint64 video = pick (model, N_VIDEOS);

  g_array_append_val (videos, video);
  statuses = social_model_call (model, "RemoveVideos", videos);
  g_assert_cmpint (g_array_index (statuses, gint32, 0), ==, DOU_STATUS_OK);
  model->removed[video] = TRUE;
  for (gint32 user = 1; user <= N_USERS; user++)
    model->likes[user][video] = 0;
}

static void
act (SocialModel *model)
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
  g_autofree SocialModel *model = g_new0 (SocialModel, 1);

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

      social_model_verify (model);
      dou_social_fixture_stop (&model->fixture);
      dou_social_fixture_start (&model->fixture);
      social_model_verify (model);
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
