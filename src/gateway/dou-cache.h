/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-lru.h"
#include "gateway/dou-backend.h"
#include "gateway/dou-record.h"
#include "gateway/dou-watch.h"

G_BEGIN_DECLS

/**
 * DouCache:
 *
 * What a gateway remembers of users and videos, as much as fits.
 */
#define DOU_TYPE_CACHE (dou_cache_get_type ())
G_DECLARE_FINAL_TYPE (DouCache, dou_cache, DOU, CACHE, GObject)

/**
 * DouCacheFunc:
 * @error: (nullable): of %DOU_ERROR, if not all could be learnt
 * @user_data: of the caller
 */
typedef void (*DouCacheFunc) (const GError *error, gpointer user_data);

/**
 * DouCacheStatistics:
 * @hits: how often a fact was asked for and known
 * @misses: how often it had to be asked for, or was being asked for
 *
 * Since the process started.
 */
typedef struct
{
  guint64 hits[DOU_N_FACTS];
  guint64 misses[DOU_N_FACTS];
} DouCacheStatistics;

DouCache *dou_cache_new (DouBackend *backend, DouWatch *watch, gsize max_bytes);
void dou_cache_join_pool (DouCache *self, DouLruPool *pool);

DouRecord *dou_cache_get_user (DouCache *self, gint64 id);
DouRecord *dou_cache_get_video (DouCache *self, gint64 id);
gboolean dou_cache_knows (DouCache *self, DouRecord *record, guint facts);
gboolean dou_cache_load (DouCache *self, DouRecord *const *records, gsize n_records, guint facts,
                         DouCacheFunc func, gpointer user_data);

guint64 dou_cache_get_moment (DouCache *self);
gsize dou_cache_get_size (DouCache *self);
const DouCacheStatistics *dou_cache_get_statistics (DouCache *self);

G_END_DECLS
