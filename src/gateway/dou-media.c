/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-lru.h"
#include "gateway/dou-media.h"

/* Seconds between two sweeps: an unused file is kept for one to two of them. */
#define SWEEP_INTERVAL 60

/* What a file costs at least, in bytes. This is what bounds the number of files. */
#define MIN_COST (DOU_MEDIA_MAX_BYTES / DOU_MEDIA_MAX_FILES)

typedef struct
{
  DouMediaFile *file; /* (owned) */
  guint last_used;    /* the sweep before that */
} Entry;

struct _DouMedia
{
  GObject parent_instance;

  int directory_fd; /* (owned) */
  DouLru *entries;  /* (owned) (element-type utf8 Entry): by name */
  guint n_sweeps;
  guint sweep_id; /* the timeout, or 0 while there are no entries */
  DouMediaRemote *remote; /* (owned) (nullable) what is elsewhere */
};

G_DEFINE_FINAL_TYPE (DouMedia, dou_media, G_TYPE_OBJECT)

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  dou_media_file_unref (entry->file);
  g_free (entry);
}

static void
dou_media_finalize (GObject *object)
{
  DouMedia *self = DOU_MEDIA (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  g_clear_object (&self->remote);
  dou_lru_free (self->entries);
  if (self->directory_fd >= 0)
    close (self->directory_fd);

  G_OBJECT_CLASS (dou_media_parent_class)->finalize (object);
}

static void
dou_media_class_init (DouMediaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_media_finalize;
}

static void
dou_media_init (DouMedia *self)
{
  self->directory_fd = -1;
  self->entries = dou_lru_new (g_str_hash, g_str_equal, g_free, entry_free, DOU_MEDIA_MAX_BYTES);
}

/**
 * dou_media_new:
 * @directory: the media directory, which is made if absent
 * @error: return location
 *
 * Returns: (transfer full): the directory, or %NULL if it cannot be made or opened
 */
DouMedia *
dou_media_new (const char *directory, GError **error)
{
  g_autoptr (DouMedia) self = g_object_new (DOU_TYPE_MEDIA, NULL);

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

/**
 * dou_media_set_remote:
 * @self: the media directory
 * @remote: files that are elsewhere
 */
void
dou_media_set_remote (DouMedia *self, DouMediaRemote *remote)
{
  g_return_if_fail (DOU_IS_MEDIA (self));

  g_set_object (&self->remote, remote);
}

/**
 * dou_media_get_remote:
 * @self: the media directory
 *
 * Returns: (transfer none) (nullable): the files that are elsewhere
 */
DouMediaRemote *
dou_media_get_remote (DouMedia *self)
{
  g_return_val_if_fail (DOU_IS_MEDIA (self), NULL);

  return self->remote;
}

static gboolean
sweep_cb (gpointer user_data)
{
  DouMedia *self = user_data;

  dou_media_sweep (self);
  return G_SOURCE_CONTINUE;
}

/* A file above the bound is not kept at all, instead of all others. */
static void
dou_media_keep (DouMedia *self, const char *name, DouMediaFile *file)
{
  Entry *entry;

  if (file->size > DOU_MEDIA_MAX_BYTES)
    return;

  entry = g_new0 (Entry, 1);
  entry->file = dou_media_file_ref (file);
  entry->last_used = self->n_sweeps;
  dou_lru_insert (self->entries, g_strdup (name), entry, MAX (file->size, MIN_COST));

  if (self->sweep_id == 0)
    self->sweep_id = g_timeout_add_seconds (SWEEP_INTERVAL, sweep_cb, self);
}

/**
 * dou_media_open:
 * @self: the media directory
 * @name: a path below it, from outside
 * @status: (out): why there is no file
 *
 * Returns: (transfer full) (nullable): the file that is there now, or %NULL, see
 *   dou_media_file_open()
 */
DouMediaFile *
dou_media_open (DouMedia *self, const char *name, DouStatus *status)
{
  Entry *entry;
  DouMediaFile *file;

  g_return_val_if_fail (DOU_IS_MEDIA (self), NULL);

  entry = dou_lru_lookup (self->entries, name);
  if (entry != NULL && dou_media_file_is_current (entry->file, self->directory_fd, name))
    {
      entry->last_used = self->n_sweeps;
      return dou_media_file_ref (entry->file);
    }

  if (entry != NULL)
    dou_lru_remove (self->entries, name);

  file = dou_media_file_open (self->directory_fd, name, status);
  if (file != NULL)
    dou_media_keep (self, name, file);

  return file;
}

/**
 * dou_media_sweep:
 * @self: the media directory
 *
 * Lets go of files that were not used since the last sweep. It is done once a minute by itself.
 */
void
dou_media_sweep (DouMedia *self)
{
  Entry *oldest;

  g_return_if_fail (DOU_IS_MEDIA (self));

  while ((oldest = dou_lru_peek_oldest (self->entries)) != NULL
         && oldest->last_used < self->n_sweeps)
    dou_lru_remove_oldest (self->entries);

  self->n_sweeps++;
  if (oldest == NULL)
    g_clear_handle_id (&self->sweep_id, g_source_remove);
}

/**
 * dou_media_get_n_files:
 * @self: the media directory
 *
 * Returns: how many files are kept open
 */
guint
dou_media_get_n_files (DouMedia *self)
{
  g_return_val_if_fail (DOU_IS_MEDIA (self), 0);

  return dou_lru_get_size (self->entries);
}
