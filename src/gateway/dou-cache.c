/* SPDX-License-Identifier: Apache-2.0 */

/* What is remembered must not be older than what anybody was told. The services say what has changed
 * (DouWatch); what remains to be done is not to believe a reply that was overtaken by such a signal.
 *
 * So each fact of a record has a load while it is being asked for. A signal takes the load off the
 * record: requests that come later begin another, and do not wait for one whose answer may be from
 * before the change. The load still goes on, for those who waited for it already: they asked before
 * the signal was heard, and may be told what was so then. What it brings is written into the record,
 * unless a later load was faster, but counts as known only if the load is still the record's.
 *
 * A service that is lost may have changed something and told nobody. Each fact has an era, with which
 * all that was learnt in it ends.
 *
 * A request needs its facts only for the moment of its answer: known at any time since it came is
 * good enough. So it holds its records and does not ask twice, however often they change meanwhile.
 *
 * Rejected: a table for each fact (three lookups a user instead of one), and whole JSON objects (a
 * like would make three calls of one, and the flags and the host would be in the middle of them
 * anyway). */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-lru.h"
#include "common/dou-metrics.h"
#include "common/dou-trace.h"
#include "gateway/dou-cache.h"

/* What a table needs for an entry beside the record itself. */
#define ENTRY_OVERHEAD 128

struct _DouCache
{
  GObject parent_instance;

  DouBackend *backend; /* (owned) */
  DouWatch *watch;     /* (owned) */
  DouLru *users;       /* (owned) (element-type gint64 DouRecord) */
  DouLru *videos;      /* (owned) (element-type gint64 DouRecord) */
  guint eras[DOU_N_FACTS];
  guint64 n_loads;
  guint64 moment; /* how often anything became unknown */
  DouCacheStatistics statistics;
  DouMetric *hits[DOU_N_FACTS];   /* (unowned) */
  DouMetric *misses[DOU_N_FACTS]; /* (unowned) */
};

G_DEFINE_FINAL_TYPE (DouCache, dou_cache, G_TYPE_OBJECT)

/* A request that waits for one or more loads. */
typedef struct
{
  guint n_pending;
  GError *error; /* (owned) (nullable) the first one */
  DouCacheFunc func;
  gpointer user_data;
  DouTraceContext trace; /* of dou_trace_keep() */
} Wait;

/* One fact of some records on its way. */
typedef struct
{
  DouCache *cache; /* (owned) */
  DouFact fact;
  guint era;
  guint64 sequence;
  GPtrArray *records; /* (owned) (element-type DouRecord) */
  GPtrArray *waits;   /* (owned) (element-type Wait) (unowned) each once */
} Load;

static void
dou_cache_dispose (GObject *object)
{
  DouCache *self = DOU_CACHE (object);

  if (self->watch != NULL)
    dou_watch_forget (self->watch, self);
  g_clear_object (&self->watch);
  g_clear_object (&self->backend);

  G_OBJECT_CLASS (dou_cache_parent_class)->dispose (object);
}

static void
dou_cache_finalize (GObject *object)
{
  DouCache *self = DOU_CACHE (object);

  dou_lru_free (self->users);
  dou_lru_free (self->videos);

  G_OBJECT_CLASS (dou_cache_parent_class)->finalize (object);
}

static void
dou_cache_class_init (DouCacheClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_cache_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_cache_finalize;
}

static void
dou_cache_init (DouCache *self)
{
  static const char *const labels[] = {
    [DOU_FACT_PROFILE] = "cache=\"profiles\"",
    [DOU_FACT_WORK_COUNT] = "cache=\"work counts\"",
    [DOU_FACT_USER_COUNTS] = "cache=\"user counts\"",
    [DOU_FACT_VIDEO] = "cache=\"videos\"",
    [DOU_FACT_VIDEO_COUNTS] = "cache=\"video counts\"",
  };

  for (guint fact = 0; fact < DOU_N_FACTS; fact++)
    {
      self->eras[fact] = 1;
      self->hits[fact] = dou_metrics_get ("doutok_cache_hits_total", labels[fact]);
      self->misses[fact] = dou_metrics_get ("doutok_cache_misses_total", labels[fact]);
    }
}

static void
dou_cache_overtake (DouCache *self, DouLru *table, DouFact fact, const DouWatchItem *items,
                    gsize n_items)
{
  for (gsize i = 0; i < n_items; i++)
    {
      DouRecord *record = dou_lru_peek (table, &items[i].a);
      DouRecordSlot *slot;

      if (record == NULL)
        continue;

      slot = dou_record_get_slot (record, fact);
      slot->era = 0;
      slot->load = NULL;
      record->version++;
    }

  self->moment++;
}

static void
users_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCache *self = user_data;

  dou_cache_overtake (self, self->users, DOU_FACT_PROFILE, items, n_items);
}

static void
work_counts_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCache *self = user_data;

  dou_cache_overtake (self, self->users, DOU_FACT_WORK_COUNT, items, n_items);
}

static void
user_counts_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCache *self = user_data;

  dou_cache_overtake (self, self->users, DOU_FACT_USER_COUNTS, items, n_items);
}

static void
videos_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCache *self = user_data;

  dou_cache_overtake (self, self->videos, DOU_FACT_VIDEO, items, n_items);
}

static void
video_counts_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCache *self = user_data;

  dou_cache_overtake (self, self->videos, DOU_FACT_VIDEO_COUNTS, items, n_items);
}

static void
dou_cache_end_era (DouCache *self, DouFact fact)
{
  self->eras[fact]++;
  self->moment++;
}

static void
user_lost_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  dou_cache_end_era (user_data, DOU_FACT_PROFILE);
}

static void
video_lost_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  dou_cache_end_era (user_data, DOU_FACT_VIDEO);
  dou_cache_end_era (user_data, DOU_FACT_WORK_COUNT);
}

static void
social_lost_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  dou_cache_end_era (user_data, DOU_FACT_USER_COUNTS);
  dou_cache_end_era (user_data, DOU_FACT_VIDEO_COUNTS);
}

/**
 * dou_cache_new:
 * @backend: the services
 * @watch: tells what has changed
 * @max_bytes: what all records together may occupy
 *
 * Returns: (transfer full): an empty cache
 */
DouCache *
dou_cache_new (DouBackend *backend, DouWatch *watch, gsize max_bytes)
{
  DouCache *self = g_object_new (DOU_TYPE_CACHE, NULL);

  self->backend = g_object_ref (backend);
  self->watch = g_object_ref (watch);
  self->users = dou_lru_new (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) dou_record_drop,
                             max_bytes / 2);
  self->videos = dou_lru_new (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) dou_record_drop,
                              max_bytes / 2);
  dou_lru_measure (self->users, dou_metrics_get ("doutok_cache_bytes", "cache=\"users\""));
  dou_lru_measure (self->videos, dou_metrics_get ("doutok_cache_bytes", "cache=\"videos\""));

  dou_watch_listen (watch, DOU_WATCH_USERS, users_cb, self);
  dou_watch_listen (watch, DOU_WATCH_WORK_COUNTS, work_counts_cb, self);
  dou_watch_listen (watch, DOU_WATCH_USER_COUNTS, user_counts_cb, self);
  dou_watch_listen (watch, DOU_WATCH_VIDEOS, videos_cb, self);
  dou_watch_listen (watch, DOU_WATCH_VIDEO_COUNTS, video_counts_cb, self);
  dou_watch_listen (watch, DOU_WATCH_USER_LOST, user_lost_cb, self);
  dou_watch_listen (watch, DOU_WATCH_VIDEO_LOST, video_lost_cb, self);
  dou_watch_listen (watch, DOU_WATCH_SOCIAL_LOST, social_lost_cb, self);
  return self;
}

/**
 * dou_cache_join_pool:
 * @self: a cache without records
 * @pool: of which it may use more than its own most, as long as others leave it
 */
void
dou_cache_join_pool (DouCache *self, DouLruPool *pool)
{
  dou_lru_join (self->users, pool);
  dou_lru_join (self->videos, pool);
}

static gsize
get_cost (DouRecord *record)
{
  return dou_record_get_size (record) + ENTRY_OVERHEAD;
}

/* A record that is larger than the whole table is gone from it again at once. */
static DouRecord *
get_record (DouLru *table, gint64 id)
{
  DouRecord *record = dou_lru_lookup (table, &id);

  if (record == NULL)
    {
      record = dou_record_new (id);
      dou_lru_insert (table, &record->id, dou_record_ref (record), get_cost (record));
      return record;
    }

  return dou_record_ref (record);
}

/**
 * dou_cache_get_user:
 * @self: a cache
 * @id: of a user, who need not exist
 *
 * Returns: (transfer full): the record, of which nothing need be known
 */
DouRecord *
dou_cache_get_user (DouCache *self, gint64 id)
{
  return get_record (self->users, id);
}

/**
 * dou_cache_get_video:
 * @self: a cache
 * @id: of a video, which need not exist
 *
 * Returns: (transfer full): the record, of which nothing need be known
 */
DouRecord *
dou_cache_get_video (DouCache *self, gint64 id)
{
  return get_record (self->videos, id);
}

/**
 * dou_cache_knows:
 * @self: a cache
 * @record: from it
 * @facts: set of #DouFact that such a record has
 *
 * Returns: whether all of them are as they are now. Nothing is, of a record that was dropped
 */
gboolean
dou_cache_knows (DouCache *self, DouRecord *record, guint facts)
{
  if (record->is_dropped)
    return FALSE;

  for (guint fact = 0; fact < DOU_N_FACTS; fact++)
    if ((facts & DOU_FACT_BIT (fact)) != 0
        && dou_record_get_slot (record, (DouFact) fact)->era != self->eras[fact])
      return FALSE;

  return TRUE;
}

static void
load_free (Load *load)
{
  g_object_unref (load->cache);
  g_ptr_array_unref (load->records);
  g_ptr_array_unref (load->waits);
  g_free (load);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Load, load_free)

static void
load_take_result (Load *load, DouRecord *record, GVariant *result)
{
  DouCache *self = load->cache;
  DouRecordSlot *slot = dou_record_get_slot (record, load->fact);
  gboolean is_current = slot->load == load && load->era == self->eras[load->fact];

  if (load->sequence < slot->sequence)
    return;

  slot->sequence = load->sequence;
  slot->era = dou_record_learn (record, load->fact, result) && is_current ? load->era : 0;
  record->version++;
  if (!record->is_dropped)
    dou_lru_set_cost (load->fact < DOU_FACT_VIDEO ? self->users : self->videos, &record->id,
                      get_cost (record));
}

static void
load_end (Load *load, const GError *error)
{
  for (guint i = 0; i < load->records->len; i++)
    {
      DouRecordSlot *slot
          = dou_record_get_slot (g_ptr_array_index (load->records, i), load->fact);

      if (slot->load == load)
        slot->load = NULL;
    }

  for (guint i = 0; i < load->waits->len; i++)
    {
      Wait *wait = g_ptr_array_index (load->waits, i);
      const DouTraceContext *former;

      if (error != NULL && wait->error == NULL)
        wait->error = g_error_copy (error);
      if (--wait->n_pending > 0)
        continue;

      former = dou_trace_enter_kept (&wait->trace);
      wait->func (wait->error, wait->user_data);
      dou_trace_enter (former);
      g_clear_error (&wait->error);
      g_free (wait);
    }
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Load) load = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);

  if (results != NULL)
    for (guint i = 0; i < load->records->len; i++)
      {
        g_autoptr (GVariant) item = dou_batch_results_get (results, i);

        load_take_result (load, g_ptr_array_index (load->records, i), item);
      }

  load_end (load, error);
}

static void
load_start (Load *load)
{
  g_autofree GVariant **items = g_new (GVariant *, load->records->len);

  for (guint i = 0; i < load->records->len; i++)
    items[i]
        = g_variant_new_int64 (((DouRecord *) g_ptr_array_index (load->records, i))->id);

  dou_batcher_submit_async (
      dou_backend_get_batcher (load->cache->backend, dou_fact_get_method (load->fact)), items,
      load->records->len, NULL, loaded_cb, load);
}

static void
load_add_wait (Load *load, Wait *wait)
{
  /* A wait joins all its loads in one go, so it can only be the last one. */
  if (load->waits->len > 0 && g_ptr_array_index (load->waits, load->waits->len - 1) == wait)
    return;

  g_ptr_array_add (load->waits, wait);
  wait->n_pending++;
}

static Load *
load_new (DouCache *self, DouFact fact)
{
  Load *load = g_new0 (Load, 1);

  load->cache = g_object_ref (self);
  load->fact = fact;
  load->era = self->eras[fact];
  load->sequence = ++self->n_loads;
  load->records = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_record_unref);
  load->waits = g_ptr_array_new ();
  return load;
}

/* Makes @wait wait for what is not known, which is asked for unless it is on its way already. */
static void
dou_cache_load_fact (DouCache *self, DouFact fact, DouRecord *const *records, gsize n_records,
                     Wait *wait)
{
  Load *own = NULL;

  for (gsize i = 0; i < n_records; i++)
    {
      DouRecordSlot *slot = dou_record_get_slot (records[i], fact);
      Load *load = slot->load;

      if (slot->era == self->eras[fact])
        {
          self->statistics.hits[fact]++;
          dou_metric_add (self->hits[fact], 1);
          continue;
        }

      self->statistics.misses[fact]++;
      dou_metric_add (self->misses[fact], 1);
      if (load == NULL || load->era != self->eras[fact])
        {
          if (own == NULL)
            own = load_new (self, fact);
          load = own;
          slot->load = load;
          g_ptr_array_add (load->records, dou_record_ref (records[i]));
        }
      load_add_wait (load, wait);
    }

  if (own != NULL)
    load_start (own);
}

/**
 * dou_cache_load:
 * @self: a cache
 * @records: (array length=n_records): from it, held by the caller until @func is called
 * @n_records: how many
 * @facts: set of #DouFact that such records have
 * @func: called when all are there, or one cannot be had
 * @user_data: for @func
 *
 * Sees to it that the records have these facts, as they are now or will be until @func is called.
 *
 * Returns: whether they have them already: then @func is not called
 */
gboolean
dou_cache_load (DouCache *self, DouRecord *const *records, gsize n_records, guint facts,
                DouCacheFunc func, gpointer user_data)
{
  Wait *wait = g_new (Wait, 1);

  *wait = (Wait){ 0, NULL, func, user_data };
  dou_trace_keep (&wait->trace);
  for (guint fact = 0; fact < DOU_N_FACTS; fact++)
    if ((facts & DOU_FACT_BIT (fact)) != 0)
      dou_cache_load_fact (self, (DouFact) fact, records, n_records, wait);

  if (wait->n_pending > 0)
    return FALSE;

  g_free (wait);
  return TRUE;
}

/**
 * dou_cache_get_moment:
 * @self: a cache
 *
 * Returns: a number that is another one whenever anything may no longer be known that was
 */
guint64
dou_cache_get_moment (DouCache *self)
{
  return self->moment;
}

/**
 * dou_cache_get_size:
 * @self: a cache
 *
 * Returns: bytes that all records together occupy
 */
gsize
dou_cache_get_size (DouCache *self)
{
  return dou_lru_get_cost (self->users) + dou_lru_get_cost (self->videos);
}

/**
 * dou_cache_get_statistics:
 * @self: a cache
 *
 * Returns: (transfer none): how often it was of use
 */
const DouCacheStatistics *
dou_cache_get_statistics (DouCache *self)
{
  return &self->statistics;
}
