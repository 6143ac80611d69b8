/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-lru.h"
#include "gateway/dou-ready.h"

G_BEGIN_DECLS

/**
 * DouCommentPages:
 *
 * The newest comments of videos, as much as fits, and the answers with them.
 */
#define DOU_TYPE_COMMENT_PAGES (dou_comment_pages_get_type ())
G_DECLARE_FINAL_TYPE (DouCommentPages, dou_comment_pages, DOU, COMMENT_PAGES, GObject)

DouCommentPages *
dou_comment_pages_new (DouBackend *backend, DouWatch *watch, gsize max_bytes);
void dou_comment_pages_join_pool (DouCommentPages *self, DouLruPool *pool);
GVariant *dou_comment_pages_look_up (DouCommentPages *self, gint64 video, guint32 count);
DouSheet *dou_comment_pages_look_up_sheet (DouCommentPages *self, DouCache *cache, gint64 video,
                                           guint32 count, const char *key);
void dou_comment_pages_keep_sheet (DouCommentPages *self, gint64 video, GVariant *page,
                                   const char *key, DouReady *ready);
void dou_comment_pages_load_async (DouCommentPages *self,
                                   gint64 video,
                                   guint32 count,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
GVariant *dou_comment_pages_load_finish (DouCommentPages *self, GAsyncResult *result, GError **error);
gsize dou_comment_pages_get_size (DouCommentPages *self);

G_END_DECLS
