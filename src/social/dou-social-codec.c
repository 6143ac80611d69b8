/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "social/dou-social-codec.h"

/**
 * dou_social_decode_ids:
 * @argument: `ax`
 *
 * Returns: (transfer full) (element-type gint64): ids
 */
GArray *
dou_social_decode_ids (GVariant *argument)
{
  gsize n_ids;
  const gint64 *elements = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  GArray *ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), (guint) n_ids);

  return g_array_append_vals (ids, elements, (guint) n_ids);
}

/**
 * dou_social_decode_pairs:
 * @argument: `a(xx)`: user and target
 *
 * Returns: (transfer full) (element-type DouSocialLink): links
 */
GArray *
dou_social_decode_pairs (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *links = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialLink link = { 0 };

      g_variant_get_child (argument, i, "(xx)", &link.user, &link.target);
      g_array_append_val (links, link);
    }

  return links;
}

/**
 * dou_social_decode_favorites:
 * @argument: `a(xxxb)`: user, video, author, whether
 *
 * Returns: (transfer full) (element-type DouSocialLink): links
 */
GArray *
dou_social_decode_favorites (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *links = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialLink link;

      g_variant_get_child (argument, i, "(xxxb)", &link.user, &link.target, &link.author,
                           &link.set);
      g_array_append_val (links, link);
    }

  return links;
}

/**
 * dou_social_decode_follows:
 * @argument: `a(xxb)`: user, whom, whether; also of blocks
 *
 * Returns: (transfer full) (element-type DouSocialLink): links
 */
GArray *
dou_social_decode_follows (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *links = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialLink link = { 0 };

      g_variant_get_child (argument, i, "(xxb)", &link.user, &link.target, &link.set);
      g_array_append_val (links, link);
    }

  return links;
}

/**
 * dou_social_decode_page_requests:
 * @argument: `a(xxu)`: owner, cursor, limit
 *
 * Returns: (transfer full) (element-type DouSocialPageRequest): requests
 */
GArray *
dou_social_decode_page_requests (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *requests = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialPageRequest), n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialPageRequest request;

      g_variant_get_child (argument, i, "(xxu)", &request.owner, &request.cursor, &request.limit);
      g_array_append_val (requests, request);
    }

  return requests;
}

/**
 * dou_social_decode_drafts:
 * @argument: `a(xxxxss)`: id, user, video, author, text, request
 *
 * Returns: (transfer full) (element-type DouSocialDraft): drafts
 */
GArray *
dou_social_decode_drafts (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *drafts = dou_social_drafts_new (n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialDraft draft;

      g_variant_get_child (argument, i, "(xxxxss)", &draft.id, &draft.user, &draft.video,
                           &draft.author, &draft.text, &draft.request);
      g_array_append_val (drafts, draft);
    }

  return drafts;
}

/**
 * dou_social_decode_deletions:
 * @argument: `a(xxxx)`: comment, video, author, user
 *
 * Returns: (transfer full) (element-type DouSocialDeletion): deletions
 */
GArray *
dou_social_decode_deletions (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *deletions = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialDeletion), n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialDeletion deletion = { 0 };

      g_variant_get_child (argument, i, "(xxxx)", &deletion.comment, &deletion.video,
                           &deletion.author, &deletion.user);
      g_array_append_val (deletions, deletion);
    }

  return deletions;
}

/**
 * dou_social_decode_removals:
 * @argument: `a(xs)`: comment, why; is to outlive the result
 *
 * Returns: (transfer full) (element-type DouSocialDeletion): what the administration deletes
 */
GArray *
dou_social_decode_removals (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *removals = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialDeletion), n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialDeletion removal = { 0 };

      g_variant_get_child (argument, i, "(x&s)", &removal.comment, &removal.why);
      g_array_append_val (removals, removal);
    }

  return removals;
}

/**
 * dou_social_decode_feelings:
 * @argument: `a(xxi)`: user, comment, feeling
 *
 * Returns: (transfer full) (element-type DouSocialFeeling): feelings
 */
GArray *
dou_social_decode_feelings (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *feelings = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialFeeling), n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialFeeling feeling;

      g_variant_get_child (argument, i, "(xxi)", &feeling.user, &feeling.comment,
                           &feeling.feeling);
      g_array_append_val (feelings, feeling);
    }

  return feelings;
}

/**
 * dou_social_decode_reports:
 * @argument: `a(xixs)`: reporter, kind, target, reason
 *
 * Returns: (transfer full) (element-type DouSocialReport): reports
 */
GArray *
dou_social_decode_reports (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *reports = dou_social_reports_new (n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialReport report;

      g_variant_get_child (argument, i, "(xixs)", &report.reporter, &report.kind, &report.target,
                           &report.reason);
      g_array_append_val (reports, report);
    }

  return reports;
}

/**
 * dou_social_decode_resolutions:
 * @argument: `a(xs)`: report, why
 *
 * Returns: (transfer full) (element-type DouSocialResolution): resolutions
 */
GArray *
dou_social_decode_resolutions (GVariant *argument)
{
  guint n = (guint) g_variant_n_children (argument);
  GArray *resolutions = dou_social_resolutions_new (n);

  for (guint i = 0; i < n; i++)
    {
      DouSocialResolution resolution;

      g_variant_get_child (argument, i, "(xs)", &resolution.id, &resolution.why);
      g_array_append_val (resolutions, resolution);
    }

  return resolutions;
}

/**
 * dou_social_encode_ids:
 * @ids: (element-type gint64): ids
 *
 * Returns: (transfer floating): `ax`
 */
GVariant *
dou_social_encode_ids (GArray *ids)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids->data, ids->len, sizeof (gint64));
}

/**
 * dou_social_encode_statuses:
 * @statuses: (element-type gint32): statuses
 *
 * Returns: (transfer floating): `ai`
 */
GVariant *
dou_social_encode_statuses (GArray *statuses)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT32, statuses->data, statuses->len,
                                    sizeof (gint32));
}

/**
 * dou_social_encode_booleans:
 * @booleans: (element-type guint8): 0 or 1 each
 *
 * Returns: (transfer floating): `ab`
 */
GVariant *
dou_social_encode_booleans (GArray *booleans)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BOOLEAN, booleans->data, booleans->len,
                                    sizeof (guint8));
}

/**
 * dou_social_encode_links:
 * @links: (element-type DouSocialLink): links
 *
 * Returns: (transfer floating): `a(xxb)`: user, target, whether
 */
GVariant *
dou_social_encode_links (GArray *links)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxb)"));

  for (guint i = 0; i < links->len; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);

      g_variant_builder_add (&builder, "(xxb)", link->user, link->target, link->set);
    }

  return g_variant_builder_end (&builder);
}

/**
 * dou_social_encode_feelings:
 * @feelings: (element-type DouSocialFeeling): what is felt
 *
 * Returns: (transfer floating): `a(xxi)`: user, comment, feeling
 */
GVariant *
dou_social_encode_feelings (GArray *feelings)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxi)"));

  for (guint i = 0; i < feelings->len; i++)
    {
      const DouSocialFeeling *feeling = &g_array_index (feelings, DouSocialFeeling, i);

      g_variant_builder_add (&builder, "(xxi)", feeling->user, feeling->comment,
                             feeling->feeling);
    }

  return g_variant_builder_end (&builder);
}

/**
 * dou_social_encode_feeling_kinds:
 * @kinds: (element-type gint32): of #DouSocialFeelingKind
 *
 * Returns: (transfer floating): `ai`
 */
GVariant *
dou_social_encode_feeling_kinds (GArray *kinds)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT32, kinds->data, kinds->len, sizeof (gint32));
}

/**
 * dou_social_encode_pages:
 * @pages: (element-type DouSocialPage): pages
 *
 * Returns: (transfer floating): `a(xax)`: cursor, ids
 */
GVariant *
dou_social_encode_pages (GArray *pages)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xax)"));

  for (guint i = 0; i < pages->len; i++)
    {
      const DouSocialPage *page = &g_array_index (pages, DouSocialPage, i);

      g_variant_builder_add (&builder, "(x@ax)", page->cursor, dou_social_encode_ids (page->ids));
    }

  return g_variant_builder_end (&builder);
}

static GVariant *
encode_comments (GArray *comments)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxsxxx)"));

  for (guint i = 0; i < comments->len; i++)
    {
      const DouSocialComment *comment = &g_array_index (comments, DouSocialComment, i);

      g_variant_builder_add (&builder, "(xxsxxx)", comment->id, comment->user, comment->text,
                             comment->created, comment->likes, comment->dislikes);
    }

  return g_variant_builder_end (&builder);
}

/**
 * dou_social_encode_comment_pages:
 * @pages: (element-type DouSocialCommentPage): pages
 *
 * Returns: (transfer floating): `a(xa(xxsxxx))`: cursor, comments
 */
GVariant *
dou_social_encode_comment_pages (GArray *pages)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xa(xxsxxx))"));

  for (guint i = 0; i < pages->len; i++)
    {
      const DouSocialCommentPage *page = &g_array_index (pages, DouSocialCommentPage, i);

      g_variant_builder_add (&builder, "(x@a(xxsxxx))", page->cursor,
                             encode_comments (page->comments));
    }

  return g_variant_builder_end (&builder);
}

/**
 * dou_social_encode_draft_outcomes:
 * @outcomes: (element-type DouSocialDraftOutcome): what became of drafts
 *
 * Returns: (transfer floating): `a(ixx)`: status, id, time of creation
 */
GVariant *
dou_social_encode_draft_outcomes (GArray *outcomes)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixx)"));

  for (guint i = 0; i < outcomes->len; i++)
    {
      const DouSocialDraftOutcome *outcome = &g_array_index (outcomes, DouSocialDraftOutcome, i);

      g_variant_builder_add (&builder, "(ixx)", (gint32) outcome->status, outcome->id,
                             outcome->created);
    }

  return g_variant_builder_end (&builder);
}

/**
 * dou_social_encode_video_counts:
 * @counts: (element-type DouSocialCounts): of videos
 *
 * Returns: (transfer floating): `a(xx)`: likes, comments
 */
GVariant *
dou_social_encode_video_counts (GArray *counts)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xx)"));

  for (guint i = 0; i < counts->len; i++)
    {
      const DouSocialCounts *of_video = &g_array_index (counts, DouSocialCounts, i);

      g_variant_builder_add (&builder, "(xx)", of_video->favorites, of_video->comments);
    }

  return g_variant_builder_end (&builder);
}

/**
 * dou_social_encode_user_counts:
 * @counts: (element-type DouSocialCounts): of users
 *
 * Returns: (transfer floating): `a(xxxx)`: follows, followers, likes of the user's videos, likes
 *   given
 */
GVariant *
dou_social_encode_user_counts (GArray *counts)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxx)"));

  for (guint i = 0; i < counts->len; i++)
    {
      const DouSocialCounts *of_user = &g_array_index (counts, DouSocialCounts, i);

      g_variant_builder_add (&builder, "(xxxx)", of_user->follows, of_user->followers,
                             of_user->total_favorited, of_user->favorites);
    }

  return g_variant_builder_end (&builder);
}
