/* SPDX-License-Identifier: Apache-2.0 */

/* The feed. Its first page is what every phone asks for when the app is opened, so it is kept as a
 * sheet, ready to be sent, one for each host that clients know the server by and each language.
 *
 * What a banned user has published is on the pages, but not in the answers, and for who is apart from
 * somebody neither are the videos of that one: such a reader gets an answer of his own. A page that has
 * nothing else is skipped, so that nobody who scrolls stops there.
 *
 * Which videos are on a page is remembered for all pages that were asked for, until any video comes or
 * goes; people scroll along the same pages. */

#include "config.h"

#include <string.h>

#include "common/dou-lru.h"
#include "common/dou-metrics.h"
#include "common/dou-trace.h"
#include "gateway/dou-feed.h"
#include "gateway/dou-ready.h"
#include "gateway/dou-responder.h"
#include "gateway/dou-video-set.h"

/* The app's page. */
#define PAGE_SIZE 30
/* Pages that are skipped at most: more than a thousand videos in a row that are not to be seen. */
#define MAX_SKIPPED 40
/* Bytes of a video, as a guess at the length of an answer. */
#define VIDEO_SIZE 1024

/* Which videos follow a time. */
typedef struct
{
  gint64 before; /* the time; 0 for the newest */
  gint64 next;   /* where the page after it begins; 0 if there are no videos */
  gint64 *ids;   /* (owned) (array length=n_ids) */
  gsize n_ids;
} Page;

struct _DouFeed
{
  GObject parent_instance;

  DouContext *context; /* (unowned) */
  DouWatch *watch;     /* (owned) */
  guint64 epoch;       /* another one whenever a page may have changed */
  DouLru *pages;       /* (owned) (element-type gint64 Page) */
  GHashTable *loads;   /* (owned) (element-type gint64 Load) (unowned) of this epoch */
  DouLru *ready;       /* (owned) (element-type utf8 DouReady) the first page, by dou_ready_make_key() */
  gint64 newest;       /* time of the newest video; G_MAXINT64 if not known */
  DouMetric *hits;
  DouMetric *misses;
  GString *key;        /* (owned) kept for its memory */
};

G_DEFINE_FINAL_TYPE (DouFeed, dou_feed, G_TYPE_OBJECT)

/* A page on its way. */
typedef struct
{
  DouFeed *feed; /* (owned) */
  gint64 before;
  guint64 epoch;
  GPtrArray *readers; /* (owned) (element-type Reader) (unowned) who wait for it */
} Load;

/* A request that waits. */
typedef struct
{
  DouFeed *feed;       /* (owned) */
  DouRequest *request; /* (owned) */
  gint64 viewer;       /* 0 for a guest */
  gboolean is_parted;  /* the viewer may be apart from somebody */
  guint64 epoch;       /* in which the page was had */
  gint64 before;
  guint n_skipped; /* pages before this one on which there was nothing to see */
  gint64 next;
  DouVideoSet *videos; /* (owned) (nullable) once the page is there */
  DouTraceContext trace; /* of dou_trace_keep() */
} Reader;

static void
page_free (Page *page)
{
  g_free (page->ids);
  g_free (page);
}

static void
reader_free (Reader *reader)
{
  g_clear_pointer (&reader->videos, dou_video_set_free);
  g_object_unref (reader->request);
  g_object_unref (reader->feed);
  g_free (reader);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reader, reader_free)

static void
load_free (Load *load)
{
  g_ptr_array_unref (load->readers);
  g_object_unref (load->feed);
  g_free (load);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Load, load_free)

static void
dou_feed_dispose (GObject *object)
{
  DouFeed *self = DOU_FEED (object);

  if (self->watch != NULL)
    dou_watch_forget (self->watch, self);
  g_clear_object (&self->watch);

  G_OBJECT_CLASS (dou_feed_parent_class)->dispose (object);
}

static void
dou_feed_finalize (GObject *object)
{
  DouFeed *self = DOU_FEED (object);

  dou_lru_free (self->pages);
  dou_lru_free (self->ready);
  g_hash_table_unref (self->loads);
  g_string_free (self->key, TRUE);

  G_OBJECT_CLASS (dou_feed_parent_class)->finalize (object);
}

static void
dou_feed_class_init (DouFeedClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_feed_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_feed_finalize;
}

static void
dou_feed_init (DouFeed *self)
{
  self->loads = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->newest = G_MAXINT64;
  self->key = g_string_new (NULL);
}

/* Whoever waits for a page already may get it as it was; nobody else. */
static void
videos_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouFeed *self = user_data;

  self->epoch++;
  self->newest = G_MAXINT64;
  g_hash_table_remove_all (self->loads);
  dou_lru_remove_all (self->pages);
  dou_lru_remove_all (self->ready);
}

/**
 * dou_feed_new:
 * @context: what the handlers work with; outlives the feed
 * @watch: tells what has changed
 * @max_bytes: what all pages together may occupy
 *
 * Returns: (transfer full): a feed of which nothing is known
 */
DouFeed *
dou_feed_new (DouContext *context, DouWatch *watch, gsize max_bytes)
{
  DouFeed *self = g_object_new (DOU_TYPE_FEED, NULL);

  self->context = context;
  self->watch = g_object_ref (watch);
  self->pages = dou_lru_new (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) page_free,
                             max_bytes / 2);
  self->ready
      = dou_lru_new (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dou_ready_free, max_bytes / 2);
  dou_lru_measure (self->pages, dou_metrics_get ("doutok_cache_bytes", "cache=\"feed\""));
  dou_lru_measure (self->ready, dou_metrics_get ("doutok_cache_bytes", "cache=\"feed\""));

  self->hits = dou_metrics_get ("doutok_cache_hits_total", "cache=\"feed\"");
  self->misses = dou_metrics_get ("doutok_cache_misses_total", "cache=\"feed\"");

  dou_watch_listen (watch, DOU_WATCH_VIDEOS, videos_cb, self);
  dou_watch_listen (watch, DOU_WATCH_VIDEO_LOST, videos_cb, self);
  return self;
}

/* Keeps an answer with the first page, if it is still right. */
static void
dou_feed_keep (DouFeed *self, Reader *reader, DouSheet *sheet)
{
  g_autoptr (DouReady) ready = dou_ready_new (sheet);
  g_autoptr (GPtrArray) videos = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_record_unref);
  g_autoptr (GPtrArray) authors = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_record_unref);
  gsize size;

  dou_video_set_list_records (reader->videos, videos, authors);
  dou_ready_add_records (ready, (DouRecord *const *) videos->pdata, videos->len,
                         DOU_FACTS_OF_VIDEO);
  dou_ready_add_records (ready, (DouRecord *const *) authors->pdata, authors->len,
                         DOU_FACTS_OF_USER);
  if (!dou_ready_is_good (ready, self->context->cache))
    return;

  if (videos->len > 0)
    self->newest = ((DouRecord *) g_ptr_array_index (videos, 0))->time;
  size = dou_ready_get_size (ready);
  dou_lru_insert (self->ready, g_strdup (dou_ready_make_key (self->key, reader->request)),
                  g_steal_pointer (&ready), size);
}

static void dou_feed_find_page (DouFeed *self, Reader *reader);

/* Goes on with the next page if there is nothing to see on this one. Returns: whether it does */
static gboolean
reader_skip (Reader *reader)
{
  if (reader->next == 0 || reader->n_skipped >= MAX_SKIPPED
      || dou_video_set_count (reader->videos) > 0)
    return FALSE;

  reader->before = reader->next;
  reader->n_skipped++;
  g_clear_pointer (&reader->videos, dou_video_set_free);
  dou_feed_find_page (reader->feed, reader);
  return TRUE;
}

static void
reader_reply (Reader *reader)
{
  DouFeed *self = reader->feed;
  DouContext *context = self->context;
  g_autofree char *origin = dou_context_get_origin (reader->request);
  g_autoptr (DouSheet) sheet = dou_sheet_new ();
  g_auto (DouJsonWriter) writer = { NULL };

  dou_request_begin_large_reply (reader->request, DOU_STATUS_OK, PAGE_SIZE * VIDEO_SIZE, &writer);
  dou_json_writer_name (&writer, "video_list");
  dou_video_set_write (reader->videos, origin, &writer, sheet);
  /* Only an empty store has no next page; there it begins now. */
  dou_json_writer_name (&writer, "next_time");
  dou_json_writer_int64 (
      &writer, reader->next != 0 ? reader->next : dou_clock_get_real_time (context->clock));
  dou_json_writer_end_object (&writer);
  dou_sheet_take_text (sheet, &writer);

  if (reader->before == 0 && reader->next != 0 && reader->epoch == self->epoch
      && !reader->is_parted)
    dou_feed_keep (self, reader, sheet);
  dou_sheet_reply (sheet, context, reader->request, reader->viewer);
}

static void
set_loaded_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Reader) reader = user_data;

  if (error != NULL)
    dou_request_reply_status (reader->request, dou_status_from_error (error));
  else if (reader_skip (reader))
    g_steal_pointer (&reader);
  else
    reader_reply (reader);
}

/* Goes on with a page that is there. */
static void
reader_take_page (Reader *reader, const Page *page, guint64 epoch)
{
  g_autoptr (Reader) owned = reader;
  const DouTraceContext trace = reader->trace;
  const DouTraceContext *former = dou_trace_enter_kept (&trace);

  reader->next = page->next;
  reader->epoch = epoch;
  reader->videos = dou_video_set_new (reader->feed->context, page->ids, page->n_ids);
  if (reader->is_parted)
    dou_video_set_hide_from (reader->videos, reader->viewer);
  if (!dou_video_set_load (reader->videos, set_loaded_cb, reader) || reader_skip (reader))
    g_steal_pointer (&owned);
  else
    reader_reply (reader);
  dou_trace_enter (former);
}

static void
load_deliver (Load *load, Page *page)
{
  DouFeed *self = load->feed;

  for (guint i = 0; i < load->readers->len; i++)
    reader_take_page (g_ptr_array_index (load->readers, i), page, load->epoch);

  if (load->epoch == self->epoch)
    dou_lru_insert (self->pages, &page->before, page,
                    sizeof *page + page->n_ids * sizeof *page->ids);
  else
    page_free (page);
}

static void
load_fail (Load *load, const GError *error)
{
  for (guint i = 0; i < load->readers->len; i++)
    {
      g_autoptr (Reader) reader = g_ptr_array_index (load->readers, i);

      dou_request_reply_status (reader->request, dou_status_from_error (error));
    }
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Load) load = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) ids = NULL;
  Page *page;

  if (load->epoch == load->feed->epoch)
    g_hash_table_remove (load->feed->loads, &load->before);
  if (results == NULL)
    {
      load_fail (load, error);
      return;
    }

  page = g_new0 (Page, 1);
  page->before = load->before;
  answer = dou_batch_results_get (results, 0);
  g_variant_get (answer, "(x@ax)", &page->next, &ids);
  page->ids = g_memdup2 (g_variant_get_data (ids), g_variant_get_size (ids));
  page->n_ids = g_variant_n_children (ids);
  load_deliver (load, page);
}

static void
dou_feed_load (DouFeed *self, Reader *reader)
{
  Load *load = g_hash_table_lookup (self->loads, &reader->before);
  GVariant *item;

  if (load != NULL)
    {
      g_ptr_array_add (load->readers, reader);
      return;
    }

  load = g_new0 (Load, 1);
  load->feed = g_object_ref (self);
  load->before = reader->before;
  load->epoch = self->epoch;
  load->readers = g_ptr_array_new ();
  g_ptr_array_add (load->readers, reader);
  g_hash_table_insert (self->loads, &load->before, load);

  item = g_variant_new ("(xu)", load->before, PAGE_SIZE);
  dou_batcher_submit_async (dou_backend_get_batcher (self->context->backend, DOU_BACKEND_GET_FEED),
                            &item, 1, NULL, loaded_cb, load);
}

static void
dou_feed_find_page (DouFeed *self, Reader *reader)
{
  Page *page = dou_lru_lookup (self->pages, &reader->before);

  dou_metric_add (page != NULL ? self->hits : self->misses, 1);
  if (page != NULL)
    reader_take_page (reader, page, self->epoch);
  else
    dou_feed_load (self, reader);
}

/* Returns: whether the first page was ready to be sent, and is */
static gboolean
dou_feed_reply_ready (DouFeed *self, DouRequest *request, gint64 viewer)
{
  DouReady *ready = dou_lru_lookup (self->ready, dou_ready_make_key (self->key, request));

  if (ready == NULL || !dou_ready_is_good (ready, self->context->cache))
    return FALSE;

  dou_metric_add (self->hits, 1);
  dou_sheet_reply (dou_ready_get_sheet (ready), self->context, request, viewer);
  return TRUE;
}

static Reader *
reader_new (DouFeed *feed, DouRequest *request, gint64 viewer, gint64 before)
{
  Reader *reader = g_new0 (Reader, 1);

  reader->feed = g_object_ref (feed);
  reader->request = g_object_ref (request);
  reader->viewer = viewer;
  reader->before = before;
  dou_trace_keep (&reader->trace);
  return reader;
}

static void
parted_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Reader) reader = user_data;
  DouFeed *self = reader->feed;

  if (error != NULL)
    dou_request_reply_status (reader->request, dou_status_from_error (error));
  else if (reader->is_parted || reader->before != 0
           || !dou_feed_reply_ready (self, reader->request, reader->viewer))
    dou_feed_find_page (self, g_steal_pointer (&reader));
}

/**
 * dou_feed_reply:
 * @self: a feed
 * @request: what is answered
 * @viewer: who reads it; 0 for a guest
 * @before: time that the page is to begin below; 0 for the newest
 */
void
dou_feed_reply (DouFeed *self, DouRequest *request, gint64 viewer, gint64 before)
{
  DouFlags *flags = self->context->flags;
  gboolean is_parted = FALSE;
  Reader *reader;

  if (before > self->newest)
    before = 0;

  if (viewer != 0 && !dou_flags_know_any (flags, DOU_FLAG_APART, viewer, &is_parted))
    {
      reader = reader_new (self, request, viewer, before);
      dou_flags_load_any (flags, DOU_FLAG_APART, viewer, &reader->is_parted, parted_cb, reader);
      return;
    }

  if (before == 0 && !is_parted && dou_feed_reply_ready (self, request, viewer))
    return;

  reader = reader_new (self, request, viewer, before);
  reader->is_parted = is_parted;
  dou_feed_find_page (self, reader);
}
