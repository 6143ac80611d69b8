/* SPDX-License-Identifier: Apache-2.0 */

/* Of each video the page that was asked for last, without a cursor: all phones ask for the same one.
 * It is kept as it came from the service, since what it says of its writers becomes wrong by itself,
 * and is known elsewhere (DouCache); and, beside it, as it was last sent, for as long as the writers
 * are what they were.
 *
 * A page is dropped when the service says that a video's comments or what is felt about one of them
 * has changed. A page that is on its way then is good enough for who has asked for it before, and is
 * not kept. */

#include "config.h"

#include <string.h>

#include "common/dou-lru.h"
#include "common/dou-metrics.h"
#include "gateway/dou-comment-pages.h"

/* Bytes of an entry beside the page and what leads to it from each comment. */
#define ENTRY_OVERHEAD 256
#define COMMENT_OVERHEAD 64

typedef struct
{
  DouCommentPages *pages; /* (unowned) */
  gint64 video;
  guint32 count;  /* asked for */
  GVariant *page;  /* (owned) (xa(xxsxxx)) */
  DouReady *ready; /* (owned) (nullable) an answer with all of it */
  char *key;       /* (owned) (nullable) which one, as of dou_ready_make_key() */
  gsize cost;      /* bytes without the answer */
} Entry;

/* A page on its way. */
typedef struct
{
  gint64 video;
  guint32 count;
  gboolean is_overtaken;
} Load;

struct _DouCommentPages
{
  GObject parent_instance;

  DouBackend *backend; /* (owned) */
  DouWatch *watch;     /* (owned) */
  DouLru *entries;     /* (owned) (element-type gint64 Entry) by video */
  GHashTable *videos;  /* (owned) (element-type gint64 Entry) (unowned) by comment */
  GPtrArray *loads;    /* (owned) (element-type Load) (unowned) each its task's */
  DouMetric *hits;     /* (unowned) */
  DouMetric *misses;   /* (unowned) */
};

G_DEFINE_FINAL_TYPE (DouCommentPages, dou_comment_pages, G_TYPE_OBJECT)

static GVariant *
entry_get_comments (const Entry *entry)
{
  return g_variant_get_child_value (entry->page, 1);
}

static gint64
get_comment (GVariant *comments, gsize i)
{
  g_autoptr (GVariant) comment = g_variant_get_child_value (comments, i);
  gint64 id;

  g_variant_get_child (comment, 0, "x", &id);
  return id;
}

static void
entry_free (Entry *entry)
{
  g_autoptr (GVariant) comments = entry_get_comments (entry);

  for (gsize i = 0; i < g_variant_n_children (comments); i++)
    {
      gint64 id = get_comment (comments, i);

      g_hash_table_remove (entry->pages->videos, &id);
    }

  g_clear_pointer (&entry->ready, dou_ready_free);
  g_free (entry->key);
  g_variant_unref (entry->page);
  g_free (entry);
}

static void
dou_comment_pages_dispose (GObject *object)
{
  DouCommentPages *self = DOU_COMMENT_PAGES (object);

  if (self->watch != NULL)
    dou_watch_forget (self->watch, self);
  g_clear_object (&self->watch);
  g_clear_object (&self->backend);

  G_OBJECT_CLASS (dou_comment_pages_parent_class)->dispose (object);
}

static void
dou_comment_pages_finalize (GObject *object)
{
  DouCommentPages *self = DOU_COMMENT_PAGES (object);

  dou_lru_free (self->entries);
  g_hash_table_unref (self->videos);
  g_ptr_array_unref (self->loads);

  G_OBJECT_CLASS (dou_comment_pages_parent_class)->finalize (object);
}

static void
dou_comment_pages_class_init (DouCommentPagesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_comment_pages_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_comment_pages_finalize;
}

static void
dou_comment_pages_init (DouCommentPages *self)
{
  self->videos = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->loads = g_ptr_array_new ();
  self->hits = dou_metrics_get ("doutok_cache_hits_total", "cache=\"comments\"");
  self->misses = dou_metrics_get ("doutok_cache_misses_total", "cache=\"comments\"");
}

static void
videos_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCommentPages *self = user_data;

  for (gsize i = 0; i < n_items; i++)
    {
      dou_lru_remove (self->entries, &items[i].a);
      for (guint k = 0; k < self->loads->len; k++)
        {
          Load *load = g_ptr_array_index (self->loads, k);

          if (load->video == items[i].a)
            load->is_overtaken = TRUE;
        }
    }
}

static void
overtake_all (DouCommentPages *self)
{
  for (guint i = 0; i < self->loads->len; i++)
    ((Load *) g_ptr_array_index (self->loads, i))->is_overtaken = TRUE;
}

/* Which comments a page has that is on its way, nobody knows. */
static void
feelings_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCommentPages *self = user_data;

  for (gsize i = 0; i < n_items; i++)
    {
      const Entry *entry = g_hash_table_lookup (self->videos, &items[i].b);

      if (entry != NULL)
        dou_lru_remove (self->entries, &entry->video);
    }

  overtake_all (self);
}

static void
lost_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouCommentPages *self = user_data;

  dou_lru_remove_all (self->entries);
  overtake_all (self);
}

/**
 * dou_comment_pages_new:
 * @backend: the services
 * @watch: tells what has changed
 * @max_bytes: what all pages together may occupy
 *
 * Returns: (transfer full): no pages
 */
DouCommentPages *
dou_comment_pages_new (DouBackend *backend, DouWatch *watch, gsize max_bytes)
{
  DouCommentPages *self = g_object_new (DOU_TYPE_COMMENT_PAGES, NULL);

  self->backend = g_object_ref (backend);
  self->watch = g_object_ref (watch);
  self->entries = dou_lru_new (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) entry_free,
                               max_bytes);
  dou_lru_measure (self->entries, dou_metrics_get ("doutok_cache_bytes", "cache=\"comments\""));
  dou_watch_listen (watch, DOU_WATCH_VIDEO_COUNTS, videos_cb, self);
  dou_watch_listen (watch, DOU_WATCH_FEELINGS, feelings_cb, self);
  dou_watch_listen (watch, DOU_WATCH_SOCIAL_LOST, lost_cb, self);
  return self;
}

/**
 * dou_comment_pages_join_pool:
 * @self: no pages
 * @pool: of which it may use more than its own most, as long as others leave it
 */
void
dou_comment_pages_join_pool (DouCommentPages *self, DouLruPool *pool)
{
  dou_lru_join (self->entries, pool);
}

/* Returns: (nullable): what is known of @video, if it tells the newest @count */
static Entry *
dou_comment_pages_find (DouCommentPages *self, gint64 video, guint32 count)
{
  Entry *entry = dou_lru_lookup (self->entries, &video);
  g_autoptr (GVariant) comments = NULL;
  gint64 next;

  if (entry == NULL || entry->count == count)
    return entry;

  /* All that there are serve for any number that is not smaller. */
  comments = entry_get_comments (entry);
  g_variant_get_child (entry->page, 0, "x", &next);
  return next == 0 && g_variant_n_children (comments) <= count ? entry : NULL;
}

/**
 * dou_comment_pages_look_up:
 * @self: pages
 * @video: an id
 * @count: most comments
 *
 * Returns: (transfer full) (nullable): the newest comments and where they go on, (xa(xxsxxx)), if
 *   that is known
 */
GVariant *
dou_comment_pages_look_up (DouCommentPages *self, gint64 video, guint32 count)
{
  const Entry *entry = dou_comment_pages_find (self, video, count);

  dou_metric_add (entry != NULL ? self->hits : self->misses, 1);
  return entry != NULL ? g_variant_ref (entry->page) : NULL;
}

/**
 * dou_comment_pages_look_up_sheet:
 * @self: pages
 * @cache: where the writers are known
 * @video: an id
 * @count: most comments
 * @key: what answers differ by, from dou_ready_make_key()
 *
 * Returns: (transfer none) (nullable): the whole answer with the newest comments, if there is one that
 *   is still right
 */
DouSheet *
dou_comment_pages_look_up_sheet (DouCommentPages *self, DouCache *cache, gint64 video,
                                 guint32 count, const char *key)
{
  const Entry *entry = dou_comment_pages_find (self, video, count);

  if (entry == NULL || entry->ready == NULL || strcmp (entry->key, key) != 0
      || !dou_ready_is_good (entry->ready, cache))
    return NULL;

  dou_metric_add (self->hits, 1);
  return dou_ready_get_sheet (entry->ready);
}

/**
 * dou_comment_pages_keep_sheet:
 * @self: pages
 * @video: an id
 * @page: from dou_comment_pages_look_up()
 * @key: what answers differ by, from dou_ready_make_key()
 * @ready: (transfer full): the answer with @page; goes if that is not known any more
 */
void
dou_comment_pages_keep_sheet (DouCommentPages *self, gint64 video, GVariant *page, const char *key,
                              DouReady *ready)
{
  g_autoptr (DouReady) owned = ready;
  Entry *entry = dou_lru_peek (self->entries, &video);

  if (entry == NULL || entry->page != page)
    return;

  g_clear_pointer (&entry->ready, dou_ready_free);
  g_free (entry->key);
  entry->ready = g_steal_pointer (&owned);
  entry->key = g_strdup (key);
  dou_lru_set_cost (self->entries, &video,
                    entry->cost + strlen (key) + dou_ready_get_size (ready));
}

/* Returns: (transfer full): the same, in memory of its own: @page is a part of a large reply */
static GVariant *
copy_page (GVariant *page)
{
  gsize size = g_variant_get_size (page);
  gpointer data = g_malloc (size);

  g_variant_store (page, data);
  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE ("(xa(xxsxxx))"), data, size,
                                                      TRUE, g_free, data));
}

static void
dou_comment_pages_keep (DouCommentPages *self, const Load *load, GVariant *page)
{
  Entry *entry = g_new (Entry, 1);
  g_autoptr (GVariant) comments = NULL;
  gsize n_comments;

  *entry = (Entry){ self, load->video, load->count, copy_page (page), NULL, NULL, 0 };
  comments = entry_get_comments (entry);
  n_comments = g_variant_n_children (comments);
  entry->cost = g_variant_get_size (entry->page) + ENTRY_OVERHEAD + n_comments * COMMENT_OVERHEAD;

  /* The former page goes first, and takes with it what leads from its comments. */
  dou_lru_remove (self->entries, &load->video);
  for (gsize i = 0; i < n_comments; i++)
    {
      gint64 id = get_comment (comments, i);

      g_hash_table_replace (self->videos, g_memdup2 (&id, sizeof id), entry);
    }
  dou_lru_insert (self->entries, &entry->video, entry, entry->cost);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouCommentPages *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) page = NULL;

  g_ptr_array_remove_fast (self->loads, load);
  if (results == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  page = dou_batch_results_get (results, 0);
  if (!load->is_overtaken)
    dou_comment_pages_keep (self, load, page);
  g_task_return_pointer (task, g_steal_pointer (&page), (GDestroyNotify) g_variant_unref);
}

/**
 * dou_comment_pages_load_async:
 * @self: pages
 * @video: an id
 * @count: most comments
 * @cancellable: (nullable): gives up
 * @callback: called with the page
 * @user_data: for @callback
 *
 * Asks the service, and keeps what it says.
 */
void
dou_comment_pages_load_async (DouCommentPages *self,
                              gint64 video,
                              guint32 count,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GVariant *item = g_variant_new ("(xxu)", video, G_GINT64_CONSTANT (0), count);
  Load *load = g_new (Load, 1);

  *load = (Load){ video, count, FALSE };
  g_task_set_source_tag (task, dou_comment_pages_load_async);
  g_task_set_task_data (task, load, g_free);
  g_ptr_array_add (self->loads, load);
  dou_batcher_submit_async (dou_backend_get_batcher (self->backend, DOU_BACKEND_GET_COMMENTS), &item,
                            1, cancellable, loaded_cb, g_object_ref (task));
}

/**
 * dou_comment_pages_load_finish:
 * @self: pages
 * @result: of dou_comment_pages_load_async()
 * @error: return location
 *
 * Returns: (transfer full): the newest comments and where they go on, (xa(xxsxxx)), or %NULL
 */
GVariant *
dou_comment_pages_load_finish (DouCommentPages *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_comment_pages_load_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

gsize
dou_comment_pages_get_size (DouCommentPages *self)
{
  return dou_lru_get_cost (self->entries);
}
