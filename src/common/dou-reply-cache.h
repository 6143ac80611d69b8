/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouReplyCache:
 *
 * What a method of an object has answered, by id.
 */
#define DOU_TYPE_REPLY_CACHE (dou_reply_cache_get_type ())
G_DECLARE_FINAL_TYPE (DouReplyCache, dou_reply_cache, DOU, REPLY_CACHE, GObject)

/**
 * DouReplyFetch:
 *
 * One call of that method, from its argument to its answer.
 */
typedef struct _DouReplyFetch DouReplyFetch;

DouReplyCache *dou_reply_cache_new (GDBusInterfaceSkeleton *object, const char *signal, const char *name,
                                    gsize max_bytes);
void dou_reply_cache_count (DouReplyCache *self, guint n_hits, guint n_misses);

DouReplyFetch *dou_reply_cache_begin (DouReplyCache *self, GVariant *ids);
GVariant *dou_reply_fetch_get_missing (DouReplyFetch *self);
GVariant *dou_reply_fetch_end (DouReplyFetch *self, GVariant *found);
void dou_reply_fetch_free (DouReplyFetch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouReplyFetch, dou_reply_fetch_free)

G_END_DECLS
