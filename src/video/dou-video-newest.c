/* SPDX-License-Identifier: Apache-2.0 */

/* The newest videos in memory.
 *
 * An app that opens asks for the newest page, and one that has scrolled to the end begins again
 * with it, so most requests are answered without the database. It cannot be out of date: this
 * process publishes and deletes, and tells it of both; when another node has, it is not trusted until it
 * has been read again. Times may come out of order (the clock was set back), so that a new video is put
 * where it belongs.
 *
 * Those that are deleted leave fewer, and what comes after them only the database knows. So more are
 * kept than one page, and filled up from there when they get short.
 */

#include "config.h"

#include "video/dou-video-newest.h"

struct _DouVideoNewest
{
  GArray *places;  /* (owned) (element-type DouVideoPlace) newest first, DOU_VIDEO_NEWEST_MAX at most */
  gint64 n_videos; /* in the store */
  guint n_changes;
  gboolean is_doubtful; /* another node may have changed it */
};

/**
 * dou_video_newest_new:
 * @places: (transfer full) (element-type DouVideoPlace): the newest %DOU_VIDEO_NEWEST_MAX videos, or
 *   all, newest first
 * @n_videos: how many there are in the store
 *
 * Returns: (transfer full): the newest videos
 */
DouVideoNewest *
dou_video_newest_new (GArray *places, gint64 n_videos)
{
  DouVideoNewest *self = g_new0 (DouVideoNewest, 1);

  self->places = places;
  self->n_videos = n_videos;
  return self;
}

/**
 * dou_video_newest_free:
 * @self: (transfer full): the newest videos
 */
void
dou_video_newest_free (DouVideoNewest *self)
{
  g_array_unref (self->places);
  g_free (self);
}

gint64
dou_video_newest_get_n_videos (DouVideoNewest *self)
{
  return self->n_videos;
}

/* The first place that is older than @before. */
static guint
find (DouVideoNewest *self, gint64 before)
{
  guint i = 0;

  while (i < self->places->len
         && g_array_index (self->places, DouVideoPlace, i).publish_time >= before)
    i++;

  return i;
}

/* Whether @place is there; @i is the first place older than it. */
static gboolean
has (DouVideoNewest *self, const DouVideoPlace *place, guint i)
{
  return i > 0 && g_array_index (self->places, DouVideoPlace, i - 1).id == place->id;
}

/**
 * dou_video_newest_add:
 * @self: the newest videos
 * @place: a video that has just been published
 */
void
dou_video_newest_add (DouVideoNewest *self, const DouVideoPlace *place)
{
  guint i = find (self, place->publish_time);
  gboolean all = self->places->len == self->n_videos;

  self->n_videos++;
  self->n_changes++;
  if (has (self, place, i))
    return;

  /* Behind the last of them there may be others, unless these are all. */
  if (i < self->places->len || all)
    g_array_insert_val (self->places, i, *place);
  if (self->places->len > DOU_VIDEO_NEWEST_MAX)
    g_array_set_size (self->places, DOU_VIDEO_NEWEST_MAX);
}

/**
 * dou_video_newest_remove:
 * @self: the newest videos
 * @place: a video that has just been deleted
 */
void
dou_video_newest_remove (DouVideoNewest *self, const DouVideoPlace *place)
{
  guint i = find (self, place->publish_time);

  self->n_videos--;
  self->n_changes++;
  if (has (self, place, i))
    g_array_remove_index (self->places, i - 1);
}

/**
 * dou_video_newest_is_short:
 * @self: the newest videos
 *
 * Returns: whether so few are left, or so little is known of them, that they should be read again
 */
gboolean
dou_video_newest_is_short (DouVideoNewest *self)
{
  if (self->is_doubtful)
    return TRUE;

  return self->places->len < DOU_VIDEO_NEWEST_MAX - DOU_VIDEO_FEED_MAX / 2
         && self->places->len < self->n_videos;
}

/**
 * dou_video_newest_doubt:
 * @self: the newest videos
 *
 * Another node may have published or deleted some: no page is known until they are refilled.
 */
void
dou_video_newest_doubt (DouVideoNewest *self)
{
  self->is_doubtful = TRUE;
  self->n_changes++;
}

gboolean
dou_video_newest_is_doubtful (DouVideoNewest *self)
{
  return self->is_doubtful;
}

/**
 * dou_video_newest_get_n_changes:
 * @self: the newest videos
 *
 * Returns: a number that is another one after each change
 */
guint
dou_video_newest_get_n_changes (DouVideoNewest *self)
{
  return self->n_changes;
}

/**
 * dou_video_newest_refill:
 * @self: the newest videos
 * @places: (transfer full) (element-type DouVideoPlace): the newest %DOU_VIDEO_NEWEST_MAX videos of
 *   the store, or all, newest first, read while nothing was changed here. It may be ahead of what
 *   was told here
 */
void
dou_video_newest_refill (DouVideoNewest *self, GArray *places)
{
  g_array_unref (self->places);
  self->places = places;
  self->is_doubtful = FALSE;
}

/**
 * dou_video_newest_set_n_videos:
 * @self: the newest videos
 * @n_videos: how many there are in the store, by a recount
 */
void
dou_video_newest_set_n_videos (DouVideoNewest *self, gint64 n_videos)
{
  self->n_videos = n_videos;
}

/**
 * dou_video_newest_get_page:
 * @self: the newest videos
 * @before: a publish time
 * @limit: 1 to %DOU_VIDEO_FEED_MAX
 * @page: (element-type DouVideoPlace): an empty page, to be filled
 *
 * Returns: whether the page of up to @limit videos older than @before, topped up, is known here; if
 *   not, @page stays empty
 */
gboolean
dou_video_newest_get_page (DouVideoNewest *self, gint64 before, guint limit, GArray *page)
{
  guint begin = find (self, before);
  guint n = MIN (self->places->len - begin, limit);

  if (self->is_doubtful || (n < limit && self->places->len != self->n_videos))
    return FALSE;

  if (n > 0)
    g_array_append_vals (page, &g_array_index (self->places, DouVideoPlace, begin), n);
  dou_video_newest_top_up (self, before, limit, page);
  return TRUE;
}

/**
 * dou_video_newest_top_up:
 * @self: the newest videos
 * @before: the publish time that the videos of @page are older than
 * @limit: 1 to %DOU_VIDEO_FEED_MAX
 * @page: (element-type DouVideoPlace): a page; if it has fewer than @limit videos, these are all
 *   that are older than @before
 *
 * Goes on from the oldest video to the newest, so that one can follow the feed for ever. A page
 * holds no video twice: those that it has are older than @before, those that are added are not.
 */
void
dou_video_newest_top_up (DouVideoNewest *self, gint64 before, guint limit, GArray *page)
{
  guint n;

  if (page->len >= limit)
    return;

  n = MIN (find (self, before), limit - page->len);
  g_array_append_vals (page, self->places->data, n);
}
