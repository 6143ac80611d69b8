/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-video-set.h"

struct _DouVideoSet
{
  DouContext *context; /* (unowned) */
  GPtrArray *videos;   /* (owned) (element-type DouRecord) */
  GPtrArray *authors;  /* (owned) (element-type DouRecord) one for each video, once these are there */
  gint64 reader;       /* from whom authors are apart who are left out; 0 for nobody */
  guint8 *apart;       /* (owned) (nullable) (array length=authors->len) whether each is left out */
  guint n_pending;     /* loads under way */
  GError *error;       /* (owned) (nullable) of the first that failed */
  DouCacheFunc func;
  gpointer user_data;
};

/**
 * dou_video_set_new:
 * @context: what the handlers work with
 * @ids: (array length=n_ids): which videos, in the order of the answer
 * @n_ids: how many
 *
 * Returns: (transfer full): a set that is not loaded
 */
DouVideoSet *
dou_video_set_new (DouContext *context, const gint64 *ids, gsize n_ids)
{
  DouVideoSet *self = g_new0 (DouVideoSet, 1);

  self->context = context;
  self->videos = g_ptr_array_new_full ((guint) n_ids, (GDestroyNotify) dou_record_unref);
  self->authors = g_ptr_array_new_full ((guint) n_ids, (GDestroyNotify) dou_record_unref);
  for (gsize i = 0; i < n_ids; i++)
    g_ptr_array_add (self->videos, dou_cache_get_video (context->cache, ids[i]));
  return self;
}

/**
 * dou_video_set_free:
 * @self: (transfer full): a set that is not being loaded
 */
void
dou_video_set_free (DouVideoSet *self)
{
  g_assert (self->n_pending == 0);

  g_ptr_array_unref (self->videos);
  g_ptr_array_unref (self->authors);
  g_free (self->apart);
  g_clear_error (&self->error);
  g_free (self);
}

/**
 * dou_video_set_hide_from:
 * @self: a set that is not loaded
 * @reader: a user
 *
 * Videos are left out whose author blocks @reader or is blocked by @reader.
 */
void
dou_video_set_hide_from (DouVideoSet *self, gint64 reader)
{
  self->reader = reader;
}

static void
authors_cb (const GError *error, gpointer user_data)
{
  DouVideoSet *self = user_data;

  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
  if (--self->n_pending == 0)
    self->func (self->error, self->user_data);
}

static void
dou_video_set_load_apart (DouVideoSet *self)
{
  g_autofree gint64 *ids = g_new (gint64, self->authors->len);

  for (guint i = 0; i < self->authors->len; i++)
    ids[i] = ((DouRecord *) g_ptr_array_index (self->authors, i))->id;

  self->apart = g_new0 (guint8, self->authors->len);
  if (!dou_flags_load (self->context->flags, DOU_FLAG_APART, self->reader, ids, self->authors->len,
                       self->apart, authors_cb, self))
    self->n_pending++;
}

/* Leaves out what does not exist. Returns: whether the authors are known already */
static gboolean
dou_video_set_load_authors (DouVideoSet *self)
{
  guint n_kept = 0;

  for (guint i = 0; i < self->videos->len; i++)
    {
      DouRecord *video = g_ptr_array_index (self->videos, i);

      if (video->status != DOU_STATUS_OK)
        {
          dou_record_unref (video);
          continue;
        }

      self->videos->pdata[n_kept++] = video;
      g_ptr_array_add (self->authors, dou_cache_get_user (self->context->cache, video->author));
    }

  /* Their references are gone already, or have moved. */
  self->videos->len = n_kept;
  if (!dou_cache_load (self->context->cache, (DouRecord *const *) self->authors->pdata,
                       self->authors->len, DOU_FACTS_OF_USER, authors_cb, self))
    self->n_pending++;
  if (self->reader != 0)
    dou_video_set_load_apart (self);
  return self->n_pending == 0;
}

static void
videos_cb (const GError *error, gpointer user_data)
{
  DouVideoSet *self = user_data;

  if (error != NULL || dou_video_set_load_authors (self))
    self->func (error, self->user_data);
}

/**
 * dou_video_set_load:
 * @self: a set that is not loaded
 * @func: called when it is, or cannot be
 * @user_data: for @func
 *
 * Returns: whether it is loaded already: then @func is not called
 */
gboolean
dou_video_set_load (DouVideoSet *self, DouCacheFunc func, gpointer user_data)
{
  self->func = func;
  self->user_data = user_data;

  return dou_cache_load (self->context->cache, (DouRecord *const *) self->videos->pdata,
                         self->videos->len, DOU_FACTS_OF_VIDEO, videos_cb, self)
         && dou_video_set_load_authors (self);
}

/* Whether it is to be seen: there, and its author too, who is neither banned nor apart from the reader. */
static gboolean
dou_video_set_shows (DouVideoSet *self, guint i)
{
  const DouRecord *video = g_ptr_array_index (self->videos, i);
  const DouRecord *author = g_ptr_array_index (self->authors, i);

  return video->status == DOU_STATUS_OK && author->status == DOU_STATUS_OK
         && (self->apart == NULL || !self->apart[i]);
}

/**
 * dou_video_set_count:
 * @self: a set that is loaded
 *
 * Returns: how many videos dou_video_set_write() would write
 */
guint
dou_video_set_count (DouVideoSet *self)
{
  guint n_videos = 0;

  for (guint i = 0; i < self->videos->len; i++)
    n_videos += dou_video_set_shows (self, i) ? 1 : 0;
  return n_videos;
}

/**
 * dou_video_set_write:
 * @self: a set that is loaded
 * @origin: what links begin with, from dou_context_get_origin()
 * @writer: takes one array of Video objects, with all flags false. What was removed meanwhile, or has
 *   no author any more or a banned one, is left out
 * @sheet: takes where the flags stand
 */
void
dou_video_set_write (DouVideoSet *self, const char *origin, DouJsonWriter *writer, DouSheet *sheet)
{
  dou_json_writer_begin_array (writer);
  for (guint i = 0; i < self->videos->len; i++)
    {
      DouRecord *video = g_ptr_array_index (self->videos, i);
      DouRecord *author = g_ptr_array_index (self->authors, i);
      gsize is_follow, is_favorite;

      if (!dou_video_set_shows (self, i))
        continue;

      dou_record_write_video (video, author, origin, &is_follow, &is_favorite, writer);
      dou_sheet_add_author (sheet, is_follow, author->id);
      dou_sheet_add_favorite (sheet, is_favorite, video->id);
    }
  dou_json_writer_end_array (writer);
}

/**
 * dou_video_set_list_records:
 * @self: a set that is loaded
 * @videos: (element-type DouRecord): takes a reference to each video
 * @authors: (element-type DouRecord): takes a reference to each author
 *
 * Tells what the set is made of.
 */
void
dou_video_set_list_records (DouVideoSet *self, GPtrArray *videos, GPtrArray *authors)
{
  g_ptr_array_extend (videos, self->videos, (GCopyFunc) (gpointer) dou_record_ref, NULL);
  g_ptr_array_extend (authors, self->authors, (GCopyFunc) (gpointer) dou_record_ref, NULL);
}
