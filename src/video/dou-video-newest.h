/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-video.h"

G_BEGIN_DECLS

/* The most videos of a page of the feed, and so all that is ever needed of the newest. */
#define DOU_VIDEO_FEED_MAX 30
/* The most that are kept: one page more, so that there is a whole page left when some are deleted. */
#define DOU_VIDEO_NEWEST_MAX (2 * DOU_VIDEO_FEED_MAX)

/**
 * DouVideoNewest:
 *
 * The newest videos, which most requests for the feed are about, and which every page ends in that
 * has reached the oldest video.
 */
typedef struct _DouVideoNewest DouVideoNewest;

DouVideoNewest *dou_video_newest_new (GArray *places, gint64 n_videos);
void dou_video_newest_free (DouVideoNewest *self);

void dou_video_newest_add (DouVideoNewest *self, const DouVideoPlace *place);
void dou_video_newest_remove (DouVideoNewest *self, const DouVideoPlace *place);
gboolean dou_video_newest_is_short (DouVideoNewest *self);
void dou_video_newest_doubt (DouVideoNewest *self);
gboolean dou_video_newest_is_doubtful (DouVideoNewest *self);
guint dou_video_newest_get_n_changes (DouVideoNewest *self);
void dou_video_newest_refill (DouVideoNewest *self, GArray *places);
void dou_video_newest_set_n_videos (DouVideoNewest *self, gint64 n_videos);
gint64 dou_video_newest_get_n_videos (DouVideoNewest *self);

gboolean dou_video_newest_get_page (DouVideoNewest *self, gint64 before, guint limit,
                                    GArray *page);
void dou_video_newest_top_up (DouVideoNewest *self, gint64 before, guint limit, GArray *page);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouVideoNewest, dou_video_newest_free)

G_END_DECLS
