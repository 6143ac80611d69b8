/* SPDX-License-Identifier: Apache-2.0 */

/* What a service has told of its rows, kept to be told again: to the other gateways of the node, and to those that
 * had no room for it.
 *
 * A method that takes ids and returns one item for each has items that are good until the object sends its signal
 * about that id, which is what gateways rely on, too (dou-cache.c of the gateway). So this listens to that
 * signal of the object itself, and whatever is right for them is right here: it is sent when a change is
 * committed and before it is answered; the relay sends those of other nodes through the same object, and Reset
 * when it may have missed some.
 *
 * While rows are being read they may change, and what was read is the former state of them. So every change has a
 * number, and an item is kept only if no change of its id has a higher number than the call had when it began. These
 * numbers are remembered as long as any call is reading; if they get too many, nothing that is being read is
 * kept.
 *
 * Items are what the reply is made of, so that nothing is left to do for one that is here. Those with a status other
 * than success are not kept: a row that is not there may come without a signal.
 *
 * Rejected: to remember rows in the managers, which would have had to translate them at each call, and to be told of
 * other nodes in a way of its own.
 */

#include "config.h"

#include "common/dou-lru.h"
#include "common/dou-metrics.h"
#include "common/dou-reply-cache.h"
#include "common/dou-status.h"

/* Bytes of an item beside its own: the tables' entries, the variant, its block. About what malloc says. */
#define OVERHEAD 256
/* Changed ids that are remembered while calls read. */
#define MAX_CHANGES 65536

/* Of the objects, which have all of them. */
#define PROPERTY_HITS "cache-hits"
#define PROPERTY_MISSES "cache-misses"
#define PROPERTY_BYTES "cache-bytes"

typedef struct
{
  gint64 id;
  GVariant *value; /* (owned) in serialised form */
} Item;

struct _DouReplyCache
{
  GObject parent_instance;

  GDBusInterfaceSkeleton *object; /* (unowned) which has this */
  gulong changed_id;
  gulong reset_id;
  DouLru *items;       /* (owned) (element-type gint64 Item) */
  GHashTable *changes; /* (owned) (element-type gint64 guint64) numbers of changes, by id */
  guint64 n_changes;
  guint64 last_reset; /* number of the change that was one of all ids */
  guint n_reading;    /* calls */
  DouMetric *hits;
  DouMetric *misses;
};

G_DEFINE_FINAL_TYPE (DouReplyCache, dou_reply_cache, G_TYPE_OBJECT)

struct _DouReplyFetch
{
  DouReplyCache *cache; /* (owned) */
  GVariant *ids;        /* (owned) ax */
  GVariant **items;     /* (owned) (array) (nullable elements) in the order of the ids */
  GVariant *missing;    /* (owned) ax */
  guint64 n_changes;    /* when it began */
};

static void
item_free (Item *item)
{
  g_variant_unref (item->value);
  g_free (item);
}

static void
dou_reply_cache_dispose (GObject *object)
{
  DouReplyCache *self = DOU_REPLY_CACHE (object);

  g_clear_signal_handler (&self->changed_id, self->object);
  g_clear_signal_handler (&self->reset_id, self->object);

  G_OBJECT_CLASS (dou_reply_cache_parent_class)->dispose (object);
}

static void
dou_reply_cache_finalize (GObject *object)
{
  DouReplyCache *self = DOU_REPLY_CACHE (object);

  dou_lru_free (self->items);
  g_hash_table_unref (self->changes);

  G_OBJECT_CLASS (dou_reply_cache_parent_class)->finalize (object);
}

static void
dou_reply_cache_class_init (DouReplyCacheClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_reply_cache_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_reply_cache_finalize;
}

static void
dou_reply_cache_init (DouReplyCache *self)
{
  self->changes = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
}

/* An object may have several caches. */
static void
dou_reply_cache_add (DouReplyCache *self, const char *property, gint64 n)
{
  guint64 value;

  if (n == 0)
    return;

  g_object_get (self->object, property, &value, NULL);
  g_object_set (self->object, property, value + (guint64) n, NULL);
}

static void
dou_reply_cache_forget_all (DouReplyCache *self)
{
  dou_lru_remove_all (self->items);
  g_hash_table_remove_all (self->changes);
  self->last_reset = ++self->n_changes;
}

static void
dou_reply_cache_forget (DouReplyCache *self, gint64 id)
{
  dou_lru_remove (self->items, &id);
  if (self->n_reading > 0)
    g_hash_table_replace (self->changes, g_memdup2 (&id, sizeof id),
                          g_memdup2 (&self->n_changes, sizeof self->n_changes));
}

static void
changed_cb (GDBusInterfaceSkeleton *object, GVariant *argument, gpointer user_data)
{
  DouReplyCache *self = user_data;
  gsize before = dou_lru_get_cost (self->items);
  gsize n_ids;
  const gint64 *ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));

  self->n_changes++;
  for (gsize i = 0; i < n_ids; i++)
    dou_reply_cache_forget (self, ids[i]);
  if (g_hash_table_size (self->changes) > MAX_CHANGES)
    dou_reply_cache_forget_all (self);
  dou_reply_cache_add (self, PROPERTY_BYTES, (gint64) dou_lru_get_cost (self->items) - (gint64) before);
}

static void
reset_cb (GDBusInterfaceSkeleton *object, GVariant *reasons, gboolean missed, gpointer user_data)
{
  DouReplyCache *self = user_data;
  gint64 before = (gint64) dou_lru_get_cost (self->items);

  dou_reply_cache_forget_all (self);
  dou_reply_cache_add (self, PROPERTY_BYTES, -before);
}

/**
 * dou_reply_cache_new:
 * @object: (transfer none): has the method and the properties CacheHits, CacheMisses and CacheBytes, and lives
 *   longer
 * @signal: the signal that says which ids, ax, have something else to be told, as GObject has it
 * @name: of what it holds; a label of metrics
 * @max_bytes: the most that it may hold; 0: nothing is kept
 *
 * Returns: (transfer full): an empty cache
 */
DouReplyCache *
dou_reply_cache_new (GDBusInterfaceSkeleton *object, const char *signal, const char *name,
                     gsize max_bytes)
{
  g_autofree char *label = g_strdup_printf ("cache=\"%s\"", name);
  DouReplyCache *self = g_object_new (DOU_TYPE_REPLY_CACHE, NULL);

  self->object = object;
  self->items = dou_lru_new (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) item_free,
                             max_bytes);
  dou_lru_measure (self->items, dou_metrics_get ("doutok_cache_bytes", label));
  self->hits = dou_metrics_get ("doutok_cache_hits_total", label);
  self->misses = dou_metrics_get ("doutok_cache_misses_total", label);
  self->changed_id = g_signal_connect (object, signal, G_CALLBACK (changed_cb), self);
  self->reset_id = g_signal_connect (object, "reset", G_CALLBACK (reset_cb), self);
  return self;
}

/**
 * dou_reply_cache_count:
 * @self: a cache
 * @n_hits: look-ups that something else in memory could answer
 * @n_misses: those that it could not
 *
 * Adds them to the properties of the object.
 */
void
dou_reply_cache_count (DouReplyCache *self, guint n_hits, guint n_misses)
{
  dou_reply_cache_add (self, PROPERTY_HITS, n_hits);
  dou_reply_cache_add (self, PROPERTY_MISSES, n_misses);
}

/**
 * dou_reply_cache_begin:
 * @self: a cache
 * @ids: ax: the argument of a call
 *
 * Returns: (transfer full): the call, with what is known already
 */
DouReplyFetch *
dou_reply_cache_begin (DouReplyCache *self, GVariant *ids)
{
  DouReplyFetch *fetch = g_new0 (DouReplyFetch, 1);
  gsize n_ids;
  const gint64 *numbers = g_variant_get_fixed_array (ids, &n_ids, sizeof (gint64));
  g_autoptr (GArray) missing = g_array_new (FALSE, FALSE, sizeof (gint64));

  fetch->cache = g_object_ref (self);
  fetch->ids = g_variant_ref (ids);
  fetch->items = g_new0 (GVariant *, n_ids);
  fetch->n_changes = self->n_changes;
  self->n_reading++;
  for (gsize i = 0; i < n_ids; i++)
    {
      const Item *item = dou_lru_lookup (self->items, &numbers[i]);

      if (item != NULL)
        fetch->items[i] = g_variant_ref (item->value);
      else
        g_array_append_val (missing, numbers[i]);
    }

  fetch->missing = g_variant_ref_sink (g_variant_new_fixed_array (
      G_VARIANT_TYPE_INT64, missing->data, missing->len, sizeof (gint64)));
  dou_metric_add (self->hits, (gint64) n_ids - missing->len);
  dou_metric_add (self->misses, missing->len);
  dou_reply_cache_count (self, (guint) n_ids - missing->len, missing->len);
  return fetch;
}

/**
 * dou_reply_fetch_get_missing:
 * @self: a call
 *
 * Returns: (transfer none): ax: what is to be read
 */
GVariant *
dou_reply_fetch_get_missing (DouReplyFetch *self)
{
  return self->missing;
}

static gboolean
is_success (GVariant *item)
{
  gint32 status;

  if (!g_str_has_prefix (g_variant_get_type_string (item), "(i"))
    return TRUE;

  g_variant_get_child (item, 0, "i", &status);
  return status == (gint32) DOU_STATUS_OK;
}

static gboolean
has_changed (DouReplyFetch *self, gint64 id)
{
  const guint64 *change = g_hash_table_lookup (self->cache->changes, &id);

  return self->cache->last_reset > self->n_changes || (change != NULL && *change > self->n_changes);
}

static void
keep (DouReplyFetch *self, gint64 id, GVariant *value)
{
  g_autoptr (GBytes) bytes = NULL;
  Item *item;

  if (!is_success (value) || has_changed (self, id))
    return;

  /* A block of its own, not a part of the whole reply. */
  bytes = g_bytes_new (g_variant_get_data (value), g_variant_get_size (value));
  item = g_new (Item, 1);
  item->id = id;
  item->value = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (value), bytes, TRUE));
  dou_lru_insert (self->cache->items, &item->id, item, g_bytes_get_size (bytes) + OVERHEAD);
}

/**
 * dou_reply_fetch_end:
 * @self: a call
 * @found: an array with an item for each of dou_reply_fetch_get_missing(); a floating one is taken
 *
 * To be called in the same turn of the main loop in which the rows have come.
 *
 * Returns: (transfer floating): the array for all ids
 */
GVariant *
dou_reply_fetch_end (DouReplyFetch *self, GVariant *found)
{
  g_autoptr (GVariant) taken = g_variant_ref_sink (found);
  gsize before = dou_lru_get_cost (self->cache->items);
  gsize next = 0;
  gsize n_ids;
  const gint64 *ids = g_variant_get_fixed_array (self->ids, &n_ids, sizeof (gint64));

  for (gsize i = 0; i < n_ids; i++)
    if (self->items[i] == NULL)
      {
        self->items[i] = g_variant_get_child_value (taken, next++);
        keep (self, ids[i], self->items[i]);
      }

  dou_reply_cache_add (self->cache, PROPERTY_BYTES,
                       (gint64) dou_lru_get_cost (self->cache->items) - (gint64) before);
  return g_variant_new_array (g_variant_type_element (g_variant_get_type (taken)), self->items, n_ids);
}

/**
 * dou_reply_fetch_free:
 * @self: (transfer full): a call that has been answered, or has failed
 */
void
dou_reply_fetch_free (DouReplyFetch *self)
{
  gsize n_ids = g_variant_n_children (self->ids);

  if (--self->cache->n_reading == 0)
    g_hash_table_remove_all (self->cache->changes);
  for (gsize i = 0; i < n_ids; i++)
    g_clear_pointer (&self->items[i], g_variant_unref);
  g_free (self->items);
  g_variant_unref (self->missing);
  g_variant_unref (self->ids);
  g_object_unref (self->cache);
  g_free (self);
}
