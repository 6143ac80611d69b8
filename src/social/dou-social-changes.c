/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "social/dou-social-changes.h"

/**
 * dou_social_changes_new:
 *
 * Returns: (transfer full): no changes
 */
DouSocialChanges *
dou_social_changes_new (void)
{
  DouSocialChanges *self = g_new0 (DouSocialChanges, 1);

  self->videos = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->users = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->feelings = g_array_new (FALSE, FALSE, sizeof (DouSocialFeeling));
  self->favorites = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  self->follows = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  self->blocks = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  return self;
}

/**
 * dou_social_changes_free:
 * @self: (transfer full): changes
 */
void
dou_social_changes_free (DouSocialChanges *self)
{
  g_array_unref (self->videos);
  g_array_unref (self->users);
  g_array_unref (self->feelings);
  g_array_unref (self->favorites);
  g_array_unref (self->follows);
  g_array_unref (self->blocks);
  g_free (self);
}

/**
 * dou_social_changes_add_link:
 * @self: changes
 * @kind: what @link is: a like or a follow
 * @link: what is so now, and was not before
 */
void
dou_social_changes_add_link (DouSocialChanges *self, DouSocialLinkKind kind,
                             const DouSocialLink *link)
{
  gint64 n = link->set ? 1 : -1;

  g_array_append_val (self->users, link->user);
  if (kind == DOU_SOCIAL_FAVORITES)
    {
      g_array_append_vals (self->favorites, link, 1);
      g_array_append_val (self->videos, link->target);
      g_array_append_val (self->users, link->author);
      self->added.favorites += n;
    }
  else
    {
      g_array_append_vals (self->follows, link, 1);
      g_array_append_val (self->users, link->target);
      self->added.follows += n;
    }
}

/**
 * dou_social_changes_add_block:
 * @self: changes
 * @user: who blocks @whom now, and did not before; or the other way round
 * @whom: another user
 * @apart: whether either blocks the other now
 */
void
dou_social_changes_add_block (DouSocialChanges *self, gint64 user, gint64 whom, gboolean apart)
{
  const DouSocialLink link = { user, whom, 0, apart };

  g_array_append_val (self->blocks, link);
}

/**
 * dou_social_changes_add_comments:
 * @self: changes
 * @video: a video
 * @n_added: comments under it that were not there before; negative if some are gone
 */
void
dou_social_changes_add_comments (DouSocialChanges *self, gint64 video, gint64 n_added)
{
  g_array_append_val (self->videos, video);
  self->added.comments += n_added;
}

/**
 * dou_social_changes_add_ids:
 * @ids: (element-type gint64): the videos or users of changes
 * @added: (element-type gint64): others whose counts changed
 */
void
dou_social_changes_add_ids (GArray *ids, GArray *added)
{
  g_array_append_vals (ids, added->data, added->len);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return left < right ? -1 : left > right;
}

static void
sort_ids (GArray *ids)
{
  guint n_kept = 0;

  g_array_sort (ids, compare_ids);
  for (guint i = 0; i < ids->len; i++)
    if (i == 0 || g_array_index (ids, gint64, i) != g_array_index (ids, gint64, i - 1))
      g_array_index (ids, gint64, n_kept++) = g_array_index (ids, gint64, i);
  g_array_set_size (ids, n_kept);
}

/**
 * dou_social_changes_sort:
 * @self: changes that are complete
 *
 * Leaves each video and each user in it once.
 */
void
dou_social_changes_sort (DouSocialChanges *self)
{
  sort_ids (self->videos);
  sort_ids (self->users);
}
