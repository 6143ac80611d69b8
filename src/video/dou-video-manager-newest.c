/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps what the manager remembers of the newest videos full and true. Deletions empty it, and another
 * node changes the tables behind its back; it is then read again from the database, and while it is read
 * more may change. So changes are counted, and what was read while there was one is read once more.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-video-manager-private.h"

static void
dou_video_manager_complain_of_newest (DouVideoManager *self, const GError *error)
{
  self->reading_newest = FALSE;
  /* That the database is away it says itself. */
  if (!g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
    g_warning ("The newest videos could not be read: %s", error->message);
  dou_video_manager_update_busy (self);
}

/* What was read is of use only if nothing has changed since. */
static void
read_newest_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoManager) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) pages
      = dou_video_store_get_pages_finish (DOU_VIDEO_STORE (source), result, &error);

  if (pages == NULL)
    {
      dou_video_manager_complain_of_newest (self, error);
      return;
    }

  self->reading_newest = FALSE;
  if (dou_video_newest_get_n_changes (self->newest) == self->newest_read)
    {
      if (dou_video_newest_is_doubtful (self->newest))
        dou_video_newest_set_n_videos (self->newest, self->newest_count);
      dou_video_newest_refill (self->newest, g_array_ref (g_ptr_array_index (pages, 0)));
      g_object_notify (G_OBJECT (self), "video-count");
    }
  else
    dou_video_manager_read_newest (self);

  dou_video_manager_update_busy (self);
}

static void
dou_video_manager_read_newest_feed (DouVideoManager *self)
{
  const gint64 before = G_MAXINT64;

  dou_video_store_get_feed_async (self->store, &before, 1, DOU_VIDEO_NEWEST_MAX, read_newest_cb,
                                  g_object_ref (self));
}

static void dou_video_manager_count_newest (DouVideoManager *self);

static void
counted_newest_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoManager) self = user_data;
  g_autoptr (GError) error = NULL;
  DouVideoCounts counts;

  if (!dou_video_store_count_finish (DOU_VIDEO_STORE (source), result, &counts, &error))
    {
      dou_video_manager_complain_of_newest (self, error);
      return;
    }

  if (self->n_transcode_changes != self->n_transcodes_read)
    {
      dou_video_manager_count_newest (self);
      return;
    }

  self->newest_count = counts.videos;
  dou_video_manager_set_transcodes (self, counts.pending, counts.failed);
  dou_video_manager_read_newest_feed (self);
}

static void
dou_video_manager_count_newest (DouVideoManager *self)
{
  self->n_transcodes_read = self->n_transcode_changes;
  dou_video_store_count_async (self->store, counted_newest_cb, g_object_ref (self));
}

/* Asks the database for the newest videos if too few of them are known, or if it is doubtful which they
 * are. */
void
dou_video_manager_read_newest (DouVideoManager *self)
{
  if (self->reading_newest || !dou_video_newest_is_short (self->newest))
    return;

  self->reading_newest = TRUE;
  self->newest_read = dou_video_newest_get_n_changes (self->newest);
  /* Without other nodes their number is always known. */
  if (dou_video_newest_is_doubtful (self->newest))
    dou_video_manager_count_newest (self);
  else
    dou_video_manager_read_newest_feed (self);
}

/**
 * dou_video_manager_forget_newest:
 * @self: a manager
 *
 * Another node may have published or deleted videos: what is remembered of the newest ones is read again,
 * and not used until then.
 */
void
dou_video_manager_forget_newest (DouVideoManager *self)
{
  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  dou_video_newest_doubt (self->newest);
  dou_video_manager_read_newest (self);
  dou_video_manager_update_busy (self);
}

/**
 * dou_video_manager_hear_changed:
 * @self: a manager
 * @ids: `ax`, of videos
 *
 * As dou_video_manager_forget_newest(), and files that are here of videos that are no more are removed.
 */
void
dou_video_manager_hear_changed (DouVideoManager *self, GVariant *ids)
{
  const gint64 *numbers;
  gsize n_numbers;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));
  g_return_if_fail (g_variant_is_of_type (ids, G_VARIANT_TYPE ("ax")));

  numbers = g_variant_get_fixed_array (ids, &n_numbers, sizeof (gint64));
  dou_video_cleaner_look_for_gone (self->cleaner, numbers, (guint) n_numbers);
  dou_video_manager_forget_newest (self);
}
