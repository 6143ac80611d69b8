/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-id-minter.h"
#include "social/dou-social-items.h"

static void
page_clear (gpointer data)
{
  DouSocialPage *page = data;

  g_clear_pointer (&page->ids, g_array_unref);
}

/**
 * dou_social_pages_new:
 * @n_pages: how many are to be expected
 *
 * Returns: (transfer full) (element-type DouSocialPage): an empty array
 */
GArray *
dou_social_pages_new (guint n_pages)
{
  GArray *pages = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialPage), n_pages);

  g_array_set_clear_func (pages, page_clear);
  return pages;
}

static void
comment_page_clear (gpointer data)
{
  DouSocialCommentPage *page = data;

  g_clear_pointer (&page->comments, g_array_unref);
}

/**
 * dou_social_comment_pages_new:
 * @n_pages: how many are to be expected
 *
 * Returns: (transfer full) (element-type DouSocialCommentPage): an empty array
 */
GArray *
dou_social_comment_pages_new (guint n_pages)
{
  GArray *pages = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialCommentPage), n_pages);

  g_array_set_clear_func (pages, comment_page_clear);
  return pages;
}

static void
draft_clear (gpointer data)
{
  DouSocialDraft *draft = data;

  g_clear_pointer (&draft->text, g_free);
  g_clear_pointer (&draft->request, g_free);
}

/**
 * dou_social_drafts_new:
 * @n_drafts: how many are to be expected
 *
 * Returns: (transfer full) (element-type DouSocialDraft): an empty array
 */
GArray *
dou_social_drafts_new (guint n_drafts)
{
  GArray *drafts = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialDraft), n_drafts);

  g_array_set_clear_func (drafts, draft_clear);
  return drafts;
}

/**
 * dou_social_id_is_valid:
 * @id: a number from outside
 *
 * Returns: whether it can be the id of anything
 */
gboolean
dou_social_id_is_valid (gint64 id)
{
  return id > 0 && id <= DOU_ID_MAX;
}

/**
 * dou_social_pair_hash:
 * @pair: two #gint64, such as a #DouSocialLink and a #DouSocialFeeling begin with
 *
 * Returns: a hash of both
 */
guint
dou_social_pair_hash (gconstpointer pair)
{
  const gint64 *ids = pair;
  const guint64 mixed = (guint64) ids[0] * 0x9e3779b97f4a7c15u + (guint64) ids[1];

  return (guint) ((mixed * 0xff51afd7ed558ccdu) >> 32);
}

/**
 * dou_social_pair_equal:
 * @a: two #gint64
 * @b: two #gint64
 *
 * Returns: whether both are the same
 */
gboolean
dou_social_pair_equal (gconstpointer a, gconstpointer b)
{
  const gint64 *ids = a;
  const gint64 *others = b;

  return ids[0] == others[0] && ids[1] == others[1];
}
