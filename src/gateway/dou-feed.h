/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouFeed:
 *
 * The pages of the feed.
 */
#define DOU_TYPE_FEED (dou_feed_get_type ())
G_DECLARE_FINAL_TYPE (DouFeed, dou_feed, DOU, FEED, GObject)

DouFeed *dou_feed_new (DouContext *context, DouWatch *watch, gsize max_bytes);
void dou_feed_reply (DouFeed *self, DouRequest *request, gint64 viewer, gint64 before);

G_END_DECLS
