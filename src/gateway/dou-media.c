/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "gateway/dou-media-cache.h"

/* Seconds between two sweeps: an unused file is kept for one to two of them. */
#define SWEEP_INTERVAL 60

typedef struct
{
  char *name;         /* (owned) */
  DouMediaFile *file; /* (owned) */
  GList link;         /* in the cache's order */
  gboolean used;      /* since the last sweep */
} Entry;

struct _DouMediaCache
{
  GObject parent_instance;

  int directory_fd; /* (owned) */
  guint max_files;
  guint64 max_bytes;
  GHashTable *entries; /* (owned) (element-type utf8 Entry): by name */
  GQueue order;        /* of entries, the one used last first */
  guint64 n_bytes;     /* mapped */
  guint sweep_id;      /* the timeout, or 0 while there are no entries */
};

G_DEFINE_FINAL_TYPE (DouMediaCache, dou_media_cache, G_TYPE_OBJECT)

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  dou_media_file_unref (entry->file);
  g_free (entry->name);
  g_free (entry);
}

static void
dou_media_cache_finalize (GObject *object)
{
  DouMediaCache *self = DOU_MEDIA_CACHE (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_hash_table_unref (self->entries);
  if (self->directory_fd >= 0)
    close (self->directory_fd);

  G_OBJECT_CLASS (dou_media_cache_parent_class)->finalize (object);
}

static void
dou_media_cache_class_init (DouMediaCacheClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_media_cache_finalize;
}

static void
dou_media_cache_init (DouMediaCache *self)
{
  self->directory_fd = -1;
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  g_queue_init (&self->order);
}

/**
 * dou_media_cache_new:
 * @directory: the media directory, which is made if absent
 * @max_files: the most files to keep open, usually %DOU_MEDIA_CACHE_MAX_FILES
 * @max_bytes: the most bytes to keep mapped, usually %DOU_MEDIA_CACHE_MAX_BYTES
 * @error: return location
 *
 * Returns: (transfer full): an empty cache, or %NULL if the directory cannot be made or opened
 */
DouMediaCache *
dou_media_cache_new (const char *directory, guint max_files, guint64 max_bytes, GError **error)
{
  g_autoptr (DouMediaCache) self = g_object_new (DOU_TYPE_MEDIA_CACHE, NULL);

  self->max_files = max_files;
  self->max_bytes = max_bytes;
  if (g_mkdir_with_parents (directory, 0700) == 0)
    self->directory_fd = g_open (directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

  if (self->directory_fd < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL,
                   "Cannot open the media directory “%s”: %s", directory, g_strerror (errno));
      return NULL;
    }

  return g_steal_pointer (&self);
}

static void
dou_media_cache_remove (DouMediaCache *self, Entry *entry)
{
  g_queue_unlink (&self->order, &entry->link);
  self->n_bytes -= entry->file->size;
  g_hash_table_remove (self->entries, entry->name);

  if (self->order.length == 0)
    g_clear_handle_id (&self->sweep_id, g_source_remove);
}

static gboolean
sweep_cb (gpointer user_data)
{
  DouMediaCache *self = user_data;

  dou_media_cache_sweep (self);
  return G_SOURCE_CONTINUE;
}

/* A file above the limit of bytes is not kept at all, instead of all others. */
static void
dou_media_cache_insert (DouMediaCache *self, const char *name, DouMediaFile *file)
{
  Entry *entry;

  if (self->max_files == 0 || file->size > self->max_bytes)
    return;

  while (self->order.length >= self->max_files || self->n_bytes > self->max_bytes - file->size)
    dou_media_cache_remove (self, g_queue_peek_tail (&self->order));

  entry = g_new0 (Entry, 1);
  entry->name = g_strdup (name);
  entry->file = dou_media_file_ref (file);
  entry->link.data = entry;
  entry->used = TRUE;
  g_hash_table_insert (self->entries, entry->name, entry);
  g_queue_push_head_link (&self->order, &entry->link);
  self->n_bytes += file->size;

  if (self->sweep_id == 0)
    self->sweep_id = g_timeout_add_seconds (SWEEP_INTERVAL, sweep_cb, self);
}

/**
 * dou_media_cache_lookup:
 * @self: a cache
 * @name: a path below the media directory, from outside
 * @status: (out): why there is no file
 *
 * Returns: (transfer full) (nullable): the file that is there now, or %NULL, see
 *   dou_media_file_open()
 */
DouMediaFile *
dou_media_cache_lookup (DouMediaCache *self, const char *name, DouStatus *status)
{
  Entry *entry = g_hash_table_lookup (self->entries, name);
  DouMediaFile *file;

  if (entry != NULL && dou_media_file_is_current (entry->file, self->directory_fd, name))
    {
      entry->used = TRUE;
      g_queue_unlink (&self->order, &entry->link);
      g_queue_push_head_link (&self->order, &entry->link);
      return dou_media_file_ref (entry->file);
    }

  if (entry != NULL)
    dou_media_cache_remove (self, entry);

  file = dou_media_file_open (self->directory_fd, name, status);
  if (file != NULL)
    dou_media_cache_insert (self, name, file);

  return file;
}

/**
 * dou_media_cache_sweep:
 * @self: a cache
 *
 * Lets go of what was not used since the last sweep. The cache does it by itself once a minute.
 */
void
dou_media_cache_sweep (DouMediaCache *self)
{
  GList *next;

  for (GList *link = self->order.head; link != NULL; link = next)
    {
      Entry *entry = link->data;

      next = link->next;
      if (entry->used)
        entry->used = FALSE;
      else
        dou_media_cache_remove (self, entry);
    }
}

guint
dou_media_cache_get_n_files (DouMediaCache *self)
{
  return self->order.length;
}

guint64
dou_media_cache_get_n_bytes (DouMediaCache *self)
{
  return self->n_bytes;
}
