/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouVideoPageKind:
 * @DOU_VIDEO_PAGE_FEED: goes on at `next_time`, for ever
 * @DOU_VIDEO_PAGE_LIST: goes on at `next_cursor`, to its end
 */
typedef enum
{
  DOU_VIDEO_PAGE_FEED,
  DOU_VIDEO_PAGE_LIST,
} DouVideoPageKind;

void dou_video_page_reply (DouContext *context, DouRequest *request, DouVideoPageKind kind,
                           gint64 viewer, DouBackendMethod method, GVariant *item);

G_END_DECLS
