/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-metrics.h"

G_BEGIN_DECLS

/**
 * DouLru:
 *
 * A hash table that holds at most so much, and drops what was unused for longest. What a value costs
 * is the caller's to say: 1 to bound the number of entries, bytes to bound the memory.
 */
typedef struct _DouLru DouLru;

/**
 * DouLruPool:
 *
 * What several tables may hold together. What one of them leaves of its share the others may use, until it needs it.
 */
typedef struct _DouLruPool DouLruPool;

DouLruPool *dou_lru_pool_new (void);
void dou_lru_pool_unref (DouLruPool *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouLruPool, dou_lru_pool_unref)

DouLru *dou_lru_new (GHashFunc hash, GEqualFunc equal, GDestroyNotify free_key,
                     GDestroyNotify free_value, gsize max_cost);
void dou_lru_free (DouLru *self);
void dou_lru_measure (DouLru *self, DouMetric *metric);
void dou_lru_join (DouLru *self, DouLruPool *pool);

gpointer dou_lru_lookup (DouLru *self, gconstpointer key);
gpointer dou_lru_peek (DouLru *self, gconstpointer key);
void dou_lru_set_cost (DouLru *self, gconstpointer key, gsize cost);
void dou_lru_insert (DouLru *self, gpointer key, gpointer value, gsize cost);
gpointer dou_lru_peek_oldest (DouLru *self);
gboolean dou_lru_remove (DouLru *self, gconstpointer key);
void dou_lru_remove_oldest (DouLru *self);
void dou_lru_remove_all (DouLru *self);
gsize dou_lru_get_cost (DouLru *self);
guint dou_lru_get_size (DouLru *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouLru, dou_lru_free)

G_END_DECLS
