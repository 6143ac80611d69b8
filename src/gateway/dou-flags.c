/* SPDX-License-Identifier: Apache-2.0 */

/* For each viewer and kind a table of answers: a number for each target that is known, whose last bits
 * are the answer; eight bytes a target, at most three quarters full. Most people like and follow few enough for
 * all of it to be fetched at once, as the first page of the list. Then the table is complete, and what
 * is not in it is not so: no other call is made for this viewer. Of those who have more than a page,
 * what was asked about is kept; so are feelings about comments, of which there is no list (and nobody
 * asks about a comment that has neither likes nor dislikes).
 *
 * Nearly all are apart from nobody, and for them it is enough to know that: what was made ready for
 * everybody is right for them, too (dou_flags_know_any()).
 *
 * A signal tells what is so now, and is put into the table. A reply that is on its way meanwhile may be
 * from before: it is good enough for the request that has asked, but is not kept, which the table's
 * epoch tells. */

#include "config.h"

#include <string.h>

#include "common/dou-lru.h"
#include "common/dou-metrics.h"
#include "gateway/dou-flags.h"

/* Slots of a new table: of who is apart from somebody there are few, of nobody none. */
#define FIRST_CAPACITY 4

/* Of the memory; there are fewer who are apart from anybody, and who have felt something about a comment. */
static const guint shares[] = {
  [DOU_FLAG_FAVORITE] = 3,
  [DOU_FLAG_FOLLOW] = 3,
  [DOU_FLAG_FEELING] = 2,
  [DOU_FLAG_APART] = 2,
};
#define N_SHARES 10

/* Targets of a viewer that are fetched at once: a page of the list. */
#define PAGE_SIZE 1000
/* Bytes of an entry beside its slots. */
#define ENTRY_OVERHEAD 192

/* A slot: the target, a bit that is set, and two for the answer. */
#define TARGET_SHIFT 3
#define USED 4
#define ANSWER 3

/* What GetFeelings and the signal call neither. */
#define NO_FEELING 3

/* Open addressing, at most three quarters full. A slot of 0 is empty. */
typedef struct
{
  gint64 viewer;
  guint64 epoch; /* another one whenever an answer has changed */
  guint64 *slots; /* (owned) (array length=capacity) */
  guint capacity; /* a power of two */
  guint n_used;
  guint n_true; /* of those the ones that are so */
  gboolean is_complete; /* what is not in it is not so */
  gboolean is_long;     /* the list has more than a page */
} Table;

G_STATIC_ASSERT (PAGE_SIZE < DOU_FLAGS_MAX_OF_VIEWER);

struct _DouFlags
{
  GObject parent_instance;

  DouBackend *backend;         /* (owned) */
  DouWatch *watch;             /* (owned) */
  DouLru *tables[DOU_N_FLAGS]; /* (owned) (element-type gint64 Table) by viewer */
  guint64 n_epochs;
};

G_DEFINE_FINAL_TYPE (DouFlags, dou_flags, G_TYPE_OBJECT)

/* Answers on their way to one request. */
typedef struct
{
  DouFlags *flags; /* (owned) */
  DouFlagKind kind;
  gint64 viewer;
  guint64 epoch;
  GArray *targets;   /* (owned) (element-type gint64) */
  GArray *positions; /* (owned) (element-type guint) of each in `values` */
  guint8 *values;    /* (unowned) of the caller */
  gboolean *any;     /* (unowned) (nullable) of the caller who asks for nothing else */
  DouFlagsFunc func;
  gpointer user_data;
} Load;

static void
table_free (Table *table)
{
  g_free (table->slots);
  g_free (table);
}

static gsize
table_get_cost (const Table *table)
{
  return table->capacity * sizeof (guint64) + ENTRY_OVERHEAD;
}

/* Where @target stands, or would. Ids are made in order, so their bits are to be mixed. */
static guint64 *
table_find (const Table *table, gint64 target)
{
  guint mask = table->capacity - 1;
  guint i = (guint) (((guint64) target * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)) >> 32) & mask;

  while (table->slots[i] != 0 && table->slots[i] >> TARGET_SHIFT != (guint64) target)
    i = (i + 1) & mask;

  return &table->slots[i];
}

static void
table_put (Table *table, gint64 target, guint value)
{
  guint64 *slot = table_find (table, target);

  if (*slot == 0)
    table->n_used++;
  else
    table->n_true -= (*slot & ANSWER) != 0 ? 1 : 0;
  table->n_true += value != 0 ? 1 : 0;
  *slot = (guint64) target << TARGET_SHIFT | USED | value;
}

/* A table that is full begins anew: who scrolls that far seldom comes back to the first pages. */
static void
table_grow (Table *table)
{
  g_autofree guint64 *old = table->slots;
  guint n_old = table->capacity;

  if (table->n_used >= DOU_FLAGS_MAX_OF_VIEWER)
    {
      n_old = 0;
      table->is_complete = FALSE;
    }
  else
    table->capacity *= 2;

  table->slots = g_new0 (guint64, table->capacity);
  table->n_used = 0;
  table->n_true = 0;
  for (guint i = 0; i < n_old; i++)
    if (old[i] != 0)
      table_put (table, (gint64) (old[i] >> TARGET_SHIFT), old[i] & ANSWER);
}

static void
table_add (Table *table, gint64 target, guint value)
{
  if (4 * (table->n_used + 1) > 3 * table->capacity || table->n_used >= DOU_FLAGS_MAX_OF_VIEWER)
    table_grow (table);
  table_put (table, target, value);
}

static void
dou_flags_dispose (GObject *object)
{
  DouFlags *self = DOU_FLAGS (object);

  if (self->watch != NULL)
    dou_watch_forget (self->watch, self);
  g_clear_object (&self->watch);
  g_clear_object (&self->backend);

  G_OBJECT_CLASS (dou_flags_parent_class)->dispose (object);
}

static void
dou_flags_finalize (GObject *object)
{
  DouFlags *self = DOU_FLAGS (object);

  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    dou_lru_free (self->tables[kind]);

  G_OBJECT_CLASS (dou_flags_parent_class)->finalize (object);
}

static void
dou_flags_class_init (DouFlagsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_flags_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_flags_finalize;
}

static void
dou_flags_init (DouFlags *self)
{
}

/* Returns: a #DouFeeling; what no service says counts as none */
static guint8
feeling_from_number (gint64 number)
{
  return number > 0 && number < NO_FEELING ? (guint8) number : DOU_FEELING_NEITHER;
}

static void
dou_flags_hear_one (DouFlags *self, DouFlagKind kind, gint64 viewer, gint64 target, gboolean value)
{
  Table *table = dou_lru_peek (self->tables[kind], &viewer);

  if (table == NULL)
    return;

  table->epoch = ++self->n_epochs;
  table_add (table, target, value);
  dou_lru_set_cost (self->tables[kind], &viewer, table_get_cost (table));
}

static void
dou_flags_hear (DouFlags *self, DouFlagKind kind, const DouWatchItem *items, gsize n_items)
{
  for (gsize i = 0; i < n_items; i++)
    dou_flags_hear_one (self, kind, items[i].a, items[i].b,
                        kind == DOU_FLAG_FEELING ? feeling_from_number (items[i].c)
                                                 : items[i].c != 0);
}

static void
favorites_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  dou_flags_hear (user_data, DOU_FLAG_FAVORITE, items, n_items);
}

static void
follows_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  dou_flags_hear (user_data, DOU_FLAG_FOLLOW, items, n_items);
}

/* One block parts both. */
static void
blocks_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  for (gsize i = 0; i < n_items; i++)
    {
      dou_flags_hear_one (user_data, DOU_FLAG_APART, items[i].a, items[i].b, items[i].c != 0);
      dou_flags_hear_one (user_data, DOU_FLAG_APART, items[i].b, items[i].a, items[i].c != 0);
    }
}

static void
feelings_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  dou_flags_hear (user_data, DOU_FLAG_FEELING, items, n_items);
}

static void
lost_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouFlags *self = user_data;

  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    dou_lru_remove_all (self->tables[kind]);
}

/**
 * dou_flags_new:
 * @backend: the services
 * @watch: tells what has changed
 * @max_bytes: what all flags together may occupy
 *
 * Returns: (transfer full): no flags
 */
DouFlags *
dou_flags_new (DouBackend *backend, DouWatch *watch, gsize max_bytes)
{
  DouFlags *self = g_object_new (DOU_TYPE_FLAGS, NULL);

  self->backend = g_object_ref (backend);
  self->watch = g_object_ref (watch);
  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    {
      self->tables[kind] = dou_lru_new (g_int64_hash, g_int64_equal, NULL,
                                        (GDestroyNotify) table_free, max_bytes / N_SHARES * shares[kind]);
      dou_lru_measure (self->tables[kind], dou_metrics_get ("doutok_cache_bytes", "cache=\"flags\""));
    }

  dou_watch_listen (watch, DOU_WATCH_FAVORITES, favorites_cb, self);
  dou_watch_listen (watch, DOU_WATCH_FOLLOWS, follows_cb, self);
  dou_watch_listen (watch, DOU_WATCH_FEELINGS, feelings_cb, self);
  dou_watch_listen (watch, DOU_WATCH_BLOCKS, blocks_cb, self);
  dou_watch_listen (watch, DOU_WATCH_SOCIAL_LOST, lost_cb, self);
  return self;
}

/**
 * dou_flags_join_pool:
 * @self: flags of nobody
 * @pool: of which it may use more than its own most, as long as others leave it
 */
void
dou_flags_join_pool (DouFlags *self, DouLruPool *pool)
{
  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    dou_lru_join (self->tables[kind], pool);
}

/* Returns: (nullable): the viewer's table; %NULL if there is no room for a single one */
static Table *
dou_flags_get_table (DouFlags *self, DouFlagKind kind, gint64 viewer)
{
  Table *table = dou_lru_lookup (self->tables[kind], &viewer);

  if (table != NULL)
    return table;

  table = g_new0 (Table, 1);
  table->viewer = viewer;
  table->epoch = ++self->n_epochs;
  table->capacity = FIRST_CAPACITY;
  table->slots = g_new0 (guint64, table->capacity);
  dou_lru_insert (self->tables[kind], &table->viewer, table, table_get_cost (table));
  return dou_lru_peek (self->tables[kind], &viewer);
}

static void
load_free (Load *load)
{
  g_array_unref (load->targets);
  g_array_unref (load->positions);
  g_object_unref (load->flags);
  g_free (load);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Load, load_free)

static void
load_keep (Load *load)
{
  DouFlags *self = load->flags;
  Table *table = dou_lru_peek (self->tables[load->kind], &load->viewer);

  if (table == NULL || table->epoch != load->epoch)
    return;

  for (guint i = 0; i < load->targets->len; i++)
    table_add (table, g_array_index (load->targets, gint64, i),
               load->values[g_array_index (load->positions, guint, i)]);
  dou_lru_set_cost (self->tables[load->kind], &load->viewer, table_get_cost (table));
}

static void
pairs_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Load) load = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);

  if (results != NULL)
    {
      for (guint i = 0; i < load->positions->len; i++)
        {
          g_autoptr (GVariant) value = dou_batch_results_get (results, i);

          load->values[g_array_index (load->positions, guint, i)]
              = load->kind == DOU_FLAG_FEELING
                    ? feeling_from_number (g_variant_get_int32 (value))
                    : (guint8) (g_variant_get_boolean (value) ? 1 : 0);
        }
      load_keep (load);
    }

  load->func (error, load->user_data);
}

static void
load_ask_for_pairs (Load *load)
{
  static const DouBackendMethod methods[] = { [DOU_FLAG_FAVORITE] = DOU_BACKEND_ARE_FAVORITES,
                                              [DOU_FLAG_FOLLOW] = DOU_BACKEND_ARE_FOLLOWS,
                                              [DOU_FLAG_FEELING] = DOU_BACKEND_GET_FEELINGS,
                                              [DOU_FLAG_APART] = DOU_BACKEND_ARE_APART };
  g_autofree GVariant **items = g_new (GVariant *, load->targets->len);

  for (guint i = 0; i < load->targets->len; i++)
    items[i]
        = g_variant_new ("(xx)", load->viewer, g_array_index (load->targets, gint64, i));

  dou_batcher_submit_async (dou_backend_get_batcher (load->flags->backend, methods[load->kind]),
                            items, load->targets->len, NULL, pairs_cb, load);
}

static gboolean
contains (const gint64 *ids, gsize n_ids, gint64 id)
{
  for (gsize i = 0; i < n_ids; i++)
    if (ids[i] == id)
      return TRUE;

  return FALSE;
}

/* @ids: (array length=n_ids): all that is so */
static void
load_keep_list (Load *load, const gint64 *ids, gsize n_ids)
{
  DouFlags *self = load->flags;
  Table *table = dou_lru_peek (self->tables[load->kind], &load->viewer);

  if (table == NULL || table->epoch != load->epoch)
    return;

  /* All that is so is in the list. What else there is might make the table begin anew amid it. */
  memset (table->slots, 0, table->capacity * sizeof *table->slots);
  table->n_used = 0;
  table->n_true = 0;
  for (gsize i = 0; i < n_ids; i++)
    table_add (table, ids[i], TRUE);
  table->is_complete = TRUE;
  dou_lru_set_cost (self->tables[load->kind], &load->viewer, table_get_cost (table));
}

static void
list_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Load) load = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) page = results != NULL ? dou_batch_results_get (results, 0) : NULL;
  g_autoptr (GVariant) list = NULL;
  const gint64 *ids;
  gint64 next = 0;
  gsize n_ids;

  if (page != NULL)
    g_variant_get (page, "(x@ax)", &next, &list);
  if (next != 0)
    {
      Table *table = dou_lru_peek (load->flags->tables[load->kind], &load->viewer);

      if (table != NULL)
        table->is_long = TRUE;
      if (load->any == NULL)
        {
          load_ask_for_pairs (g_steal_pointer (&load));
          return;
        }
    }

  if (list != NULL)
    {
      ids = g_variant_get_fixed_array (list, &n_ids, sizeof (gint64));
      if (load->any != NULL)
        *load->any = n_ids > 0;
      for (guint i = 0; i < load->targets->len; i++)
        load->values[g_array_index (load->positions, guint, i)]
            = contains (ids, n_ids, g_array_index (load->targets, gint64, i));
      if (next == 0)
        load_keep_list (load, ids, n_ids);
    }

  load->func (error, load->user_data);
}

static void
load_ask_for_list (Load *load)
{
  static const DouBackendMethod methods[] = { [DOU_FLAG_FAVORITE] = DOU_BACKEND_GET_FAVORITES,
                                              [DOU_FLAG_FOLLOW] = DOU_BACKEND_GET_FOLLOWS,
                                              [DOU_FLAG_APART] = DOU_BACKEND_GET_APART };
  GVariant *item = g_variant_new ("(xxu)", load->viewer, G_GINT64_CONSTANT (0), PAGE_SIZE);

  dou_batcher_submit_async (dou_backend_get_batcher (load->flags->backend, methods[load->kind]),
                            &item, 1, NULL, list_cb, load);
}

static Load *
load_new (DouFlags *self, DouFlagKind kind, gint64 viewer, const Table *table, DouFlagsFunc func,
          gpointer user_data)
{
  Load *load = g_new0 (Load, 1);

  load->flags = g_object_ref (self);
  load->kind = kind;
  load->viewer = viewer;
  load->epoch = table != NULL ? table->epoch : 0;
  load->targets = g_array_new (FALSE, FALSE, sizeof (gint64));
  load->positions = g_array_new (FALSE, FALSE, sizeof (guint));
  load->func = func;
  load->user_data = user_data;
  return load;
}

/**
 * dou_flags_load:
 * @self: flags
 * @kind: which
 * @viewer: whose
 * @targets: (array length=n_targets): about what; copied
 * @n_targets: how many
 * @values: (array length=n_targets): filled with 0 and 1, or with #DouFeeling; stays until @func is
 *   called
 * @func: called when all values are there, or cannot be had
 * @user_data: for @func
 *
 * Returns: whether all values are there already: then @func is not called
 */
gboolean
dou_flags_load (DouFlags *self, DouFlagKind kind, gint64 viewer, const gint64 *targets,
                gsize n_targets, guint8 *values, DouFlagsFunc func, gpointer user_data)
{
  Table *table = dou_flags_get_table (self, kind, viewer);
  Load *load = NULL;

  for (guint i = 0; i < n_targets; i++)
    {
      guint64 slot = table != NULL ? *table_find (table, targets[i]) : 0;

      values[i] = (guint8) (slot & ANSWER);
      if (slot != 0 || (table != NULL && table->is_complete))
        continue;

      if (load == NULL)
        {
          load = load_new (self, kind, viewer, table, func, user_data);
          load->values = values;
        }
      g_array_append_val (load->targets, targets[i]);
      g_array_append_val (load->positions, i);
    }

  if (load != NULL && (table == NULL || table->is_long || kind == DOU_FLAG_FEELING))
    load_ask_for_pairs (load);
  else if (load != NULL)
    load_ask_for_list (load);
  return load == NULL;
}

/**
 * dou_flags_know_any:
 * @self: flags
 * @kind: which
 * @viewer: whose
 * @any: (out): whether there may be any target for which it is so; if not, there is none
 *
 * Returns: whether that is known
 */
gboolean
dou_flags_know_any (DouFlags *self, DouFlagKind kind, gint64 viewer, gboolean *any)
{
  const Table *table = dou_lru_lookup (self->tables[kind], &viewer);

  if (table == NULL)
    return FALSE;

  *any = table->is_long || table->n_true > 0;
  return *any || table->is_complete;
}

/**
 * dou_flags_load_any:
 * @self: flags
 * @kind: which
 * @viewer: whose
 * @any: (out): whether there is any target for which it is so; stays until @func is called
 * @func: called when it is known, or cannot be
 * @user_data: for @func
 *
 * For what dou_flags_know_any() does not know.
 */
void
dou_flags_load_any (DouFlags *self, DouFlagKind kind, gint64 viewer, gboolean *any,
                    DouFlagsFunc func, gpointer user_data)
{
  Load *load = load_new (self, kind, viewer, dou_flags_get_table (self, kind, viewer), func,
                         user_data);

  load->any = any;
  load_ask_for_list (load);
}

gsize
dou_flags_get_size (DouFlags *self)
{
  gsize size = 0;

  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    size += dou_lru_get_cost (self->tables[kind]);

  return size;
}
