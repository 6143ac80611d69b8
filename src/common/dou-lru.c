/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-lru.h"

typedef struct
{
  gpointer key;   /* (owned) */
  gpointer value; /* (owned) */
  gsize cost;
  GList link; /* in `order`; data is this entry */
} Entry;

/* Counted by references: those of its tables, and of who made it. */
struct _DouLruPool
{
  GPtrArray *tables; /* (owned) (element-type DouLru) (unowned) */
  gsize cost;
  gsize max_cost;
};

struct _DouLru
{
  GHashTable *entries; /* (owned) (element-type key Entry) */
  GQueue order;        /* the newest first */
  GDestroyNotify free_key;
  GDestroyNotify free_value;
  gsize cost;
  gsize max_cost;    /* in a pool: its share */
  DouLruPool *pool;  /* (owned) (nullable) has `cost` in its own */
  DouMetric *metric; /* (unowned) (nullable) has `cost` in it */
};

static void
pool_clear (DouLruPool *self)
{
  g_assert (self->tables->len == 0);

  g_ptr_array_unref (self->tables);
}

/**
 * dou_lru_pool_new:
 *
 * Returns: (transfer full): a pool without tables
 */
DouLruPool *
dou_lru_pool_new (void)
{
  DouLruPool *self = g_rc_box_new0 (DouLruPool);

  self->tables = g_ptr_array_new ();
  return self;
}

void
dou_lru_pool_unref (DouLruPool *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) pool_clear);
}

/* The newest entry of other tables than @user stays: somebody may be about to use it.
 *
 * Returns: (nullable): the table that has most beyond its share */
static DouLru *
dou_lru_pool_find_debtor (DouLruPool *self, DouLru *user)
{
  DouLru *debtor = NULL;

  for (guint i = 0; i < self->tables->len; i++)
    {
      DouLru *table = g_ptr_array_index (self->tables, i);

      if (table->cost > table->max_cost && table->order.length > (table == user ? 0 : 1)
          && (debtor == NULL
              || table->cost - table->max_cost > debtor->cost - debtor->max_cost))
        debtor = table;
    }

  return debtor;
}

static void
dou_lru_add_cost (DouLru *self, gssize change)
{
  self->cost += (gsize) change;
  if (self->pool != NULL)
    self->pool->cost += (gsize) change;
  if (self->metric != NULL)
    dou_metric_add (self->metric, change);
}

static void
dou_lru_drop (DouLru *self, Entry *entry)
{
  g_hash_table_remove (self->entries, entry->key);
  g_queue_unlink (&self->order, &entry->link);
  dou_lru_add_cost (self, -(gssize) entry->cost);

  if (self->free_key != NULL)
    self->free_key (entry->key);
  if (self->free_value != NULL)
    self->free_value (entry->value);
  g_free (entry);
}

/**
 * dou_lru_new:
 * @hash: of keys
 * @equal: of keys
 * @free_key: (nullable): how a key is freed
 * @free_value: (nullable): how a value is freed
 * @max_cost: the most that all entries together may cost
 *
 * Returns: (transfer full): an empty table
 */
DouLru *
dou_lru_new (GHashFunc hash, GEqualFunc equal, GDestroyNotify free_key, GDestroyNotify free_value,
             gsize max_cost)
{
  DouLru *self = g_new0 (DouLru, 1);

  self->entries = g_hash_table_new (hash, equal);
  self->free_key = free_key;
  self->free_value = free_value;
  self->max_cost = max_cost;
  g_queue_init (&self->order);
  return self;
}

void
dou_lru_free (DouLru *self)
{
  dou_lru_remove_all (self);
  if (self->pool != NULL)
    {
      g_ptr_array_remove (self->pool->tables, self);
      self->pool->max_cost -= self->max_cost;
      dou_lru_pool_unref (self->pool);
    }
  g_hash_table_unref (self->entries);
  g_free (self);
}

/**
 * dou_lru_measure:
 * @self: an empty table
 * @metric: a gauge, to which other tables may be added, too
 *
 * From now on what all entries together cost is in @metric.
 */
void
dou_lru_measure (DouLru *self, DouMetric *metric)
{
  g_return_if_fail (self->cost == 0);

  self->metric = metric;
}

/**
 * dou_lru_join:
 * @self: an empty table
 * @pool: to whose most its own is added
 *
 * From now on the table may cost more than its own most, as long as all in the pool together do not cost more than the
 * pool's. What is inserted into one table may take the place of entries of the others, but never of their newest ones.
 */
void
dou_lru_join (DouLru *self, DouLruPool *pool)
{
  g_return_if_fail (self->cost == 0 && self->pool == NULL);

  self->pool = g_rc_box_acquire (pool);
  pool->max_cost += self->max_cost;
  g_ptr_array_add (pool->tables, self);
}

/**
 * dou_lru_lookup:
 * @self: a table
 * @key: what to look for
 *
 * Returns: (transfer none) (nullable): the value, which now counts as just used; good until the next
 *   insertion or removal
 */
gpointer
dou_lru_lookup (DouLru *self, gconstpointer key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry == NULL)
    return NULL;

  if (self->order.head != &entry->link)
    {
      g_queue_unlink (&self->order, &entry->link);
      g_queue_push_head_link (&self->order, &entry->link);
    }
  return entry->value;
}

/**
 * dou_lru_peek:
 * @self: a table
 * @key: what to look for
 *
 * Returns: (transfer none) (nullable): the value, which does not count as used by this; good until
 *   the next insertion or removal
 */
gpointer
dou_lru_peek (DouLru *self, gconstpointer key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  return entry != NULL ? entry->value : NULL;
}

static void
dou_lru_shrink (DouLru *self)
{
  DouLru *debtor;

  while (self->pool == NULL && self->cost > self->max_cost)
    dou_lru_drop (self, self->order.tail->data);
  while (self->pool != NULL && self->pool->cost > self->pool->max_cost
         && (debtor = dou_lru_pool_find_debtor (self->pool, self)) != NULL)
    dou_lru_drop (debtor, debtor->order.tail->data);
}

/**
 * dou_lru_set_cost:
 * @self: a table
 * @key: of an entry
 * @cost: what it costs from now on; others are dropped if that is too much for all together, and
 *   the entry itself if it is the oldest
 */
void
dou_lru_set_cost (DouLru *self, gconstpointer key, gsize cost)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  g_return_if_fail (entry != NULL);

  dou_lru_add_cost (self, (gssize) cost - (gssize) entry->cost);
  entry->cost = cost;
  dou_lru_shrink (self);
}

/**
 * dou_lru_insert:
 * @self: a table
 * @key: (transfer full): a key; an entry that has it is dropped
 * @value: (transfer full): its value
 * @cost: what it costs. Dearer than the whole table, it is not kept at all
 */
void
dou_lru_insert (DouLru *self, gpointer key, gpointer value, gsize cost)
{
  Entry *entry = g_new0 (Entry, 1);

  dou_lru_remove (self, key);

  entry->key = key;
  entry->value = value;
  entry->cost = cost;
  entry->link.data = entry;
  g_hash_table_insert (self->entries, key, entry);
  g_queue_push_head_link (&self->order, &entry->link);
  dou_lru_add_cost (self, (gssize) cost);
  dou_lru_shrink (self);
}

/**
 * dou_lru_remove:
 * @self: a table
 * @key: what to remove
 *
 * Returns: whether it was there
 */
gboolean
dou_lru_remove (DouLru *self, gconstpointer key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry == NULL)
    return FALSE;

  dou_lru_drop (self, entry);
  return TRUE;
}

/**
 * dou_lru_peek_oldest:
 * @self: a table
 *
 * Returns: (transfer none) (nullable): the value that was unused for longest, which does not count as
 *   using it; %NULL if there is none
 */
gpointer
dou_lru_peek_oldest (DouLru *self)
{
  return self->order.tail != NULL ? ((Entry *) self->order.tail->data)->value : NULL;
}

/**
 * dou_lru_remove_oldest:
 * @self: a table that is not empty
 *
 * Removes the entry that was unused for longest.
 */
void
dou_lru_remove_oldest (DouLru *self)
{
  g_return_if_fail (self->order.tail != NULL);

  dou_lru_drop (self, self->order.tail->data);
}

void
dou_lru_remove_all (DouLru *self)
{
  while (self->order.tail != NULL)
    dou_lru_drop (self, self->order.tail->data);
}

gsize
dou_lru_get_cost (DouLru *self)
{
  return self->cost;
}

guint
dou_lru_get_size (DouLru *self)
{
  return self->order.length;
}
