/* SPDX-License-Identifier: Apache-2.0 */

/* The files of an export. One that is in neither place is told apart from what went wrong: it may have been
 * deleted, or have got another name, since its name was learnt.
 *
 * The object store is asked in a main context of this thread's own. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-object-store.h"
#include "common/dou-status.h"
#include "export/dou-export-media.h"

#define CHUNK_SIZE (256 * 1024)
/* Directories in an archive are those below /media/. */
#define PREFIX "media/"

/* Nobody watches: some seconds more than for who plays a video. */
static const DouObjectLimits limits = { .timeout = 20, .n_attempts = 3, .n_running = 1 };

struct _DouExportMedia
{
  int directory_fd;          /* (owned) */
  GMainContext *context;     /* (owned) the thread's default until this is freed */
  DouObjectStore *store;     /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable) */
  guint8 chunk[CHUNK_SIZE];
};

/**
 * dou_export_media_new:
 * @directory: the media directory
 * @objects: (nullable): an object store
 * @cancellable: (nullable): ends what waits
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the files there, to be used and freed in this thread
 */
DouExportMedia *
dou_export_media_new (const char *directory, const DouObjectAddress *objects,
                      GCancellable *cancellable, GError **error)
{
  int fd = g_open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  DouExportMedia *self;

  if (fd < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s: %s", directory,
                   g_strerror (errno));
      return NULL;
    }

  self = g_new0 (DouExportMedia, 1);
  self->directory_fd = fd;
  g_set_object (&self->cancellable, cancellable);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  if (objects != NULL)
    self->store = dou_object_store_new (objects, &limits);
  return self;
}

void
dou_export_media_free (DouExportMedia *self)
{
  g_clear_object (&self->store);
  /* What was cancelled ends here, too. */
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_clear_object (&self->cancellable);
  close (self->directory_fd);
  g_free (self);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Returns: (transfer full): what @result becomes */
static GAsyncResult *
wait_for (DouExportMedia *self, GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (self->context, TRUE);

  return g_steal_pointer (result);
}

static gboolean
begin (DouZip *zip, const char *name, guint64 size, gint64 mtime, guint64 max_size, GError **error)
{
  g_autofree char *path = g_strconcat (PREFIX, name, NULL);

  if (size > max_size - MIN (dou_zip_get_size (zip), max_size))
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_DISK_FULL,
                           "There is not enough space for all videos");
      return FALSE;
    }

  return dou_zip_begin_media (zip, path, size, mtime, error);
}

static gboolean
add_file (DouExportMedia *self, int fd, const char *name, DouZip *zip, guint64 max_size,
          GError **error)
{
  struct stat status;
  guint64 left;

  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_FOUND, "%s is no file", name);
      return FALSE;
    }
  if (!begin (zip, name, (guint64) status.st_size, status.st_mtim.tv_sec, max_size, error))
    return FALSE;

  for (left = (guint64) status.st_size; left > 0;)
    {
      gssize n;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;

      n = read (fd, self->chunk, MIN (left, sizeof self->chunk));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, "%s: %s", name,
                       n < 0 ? g_strerror (errno) : "it became shorter meanwhile");
          return FALSE;
        }
      if (!dou_zip_write (zip, self->chunk, (gsize) n, error))
        return FALSE;
      left -= (guint64) n;
    }

  return TRUE;
}

static gboolean
copy_stream (DouExportMedia *self, GInputStream *stream, const char *name, guint64 size, DouZip *zip,
             GError **error)
{
  while (size > 0)
    {
      g_autoptr (GAsyncResult) result = NULL;
      GAsyncResult *waited = NULL;
      gssize n;

      g_input_stream_read_async (stream, self->chunk, MIN (size, sizeof self->chunk),
                                 G_PRIORITY_DEFAULT, self->cancellable, answered_cb, &waited);
      result = wait_for (self, &waited);
      n = g_input_stream_read_finish (stream, result, error);
      if (n < 0)
        return FALSE;
      if (n == 0)
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s: the object store broke off",
                       name);
          return FALSE;
        }
      if (!dou_zip_write (zip, self->chunk, (gsize) n, error))
        return FALSE;
      size -= (guint64) n;
    }

  return TRUE;
}

static gboolean
add_object (DouExportMedia *self, const char *name, DouZip *zip, guint64 max_size, GError **error)
{
  g_autoptr (GAsyncResult) head_result = NULL;
  g_autoptr (GAsyncResult) get_result = NULL;
  g_autoptr (DouObjectInfo) info = NULL;
  g_autoptr (GInputStream) stream = NULL;
  GAsyncResult *waited = NULL;

  dou_object_store_head_async (self->store, name, self->cancellable, answered_cb, &waited);
  head_result = wait_for (self, &waited);
  info = dou_object_store_head_finish (self->store, head_result, error);
  if (info == NULL || !begin (zip, name, info->size, info->mtime, max_size, error))
    return FALSE;
  if (info->size == 0)
    return TRUE;

  dou_object_store_get_async (self->store, name, 0, info->size, self->cancellable, answered_cb,
                              &waited);
  get_result = wait_for (self, &waited);
  stream = dou_object_store_get_finish (self->store, get_result, error);
  return stream != NULL && copy_stream (self, stream, name, info->size, zip, error);
}

/**
 * dou_export_media_add:
 * @self: files
 * @name: of one of them, below /media/
 * @zip: takes it, below `media/`
 * @max_size: the most bytes that @zip may get
 * @error: return location for %DOU_STATUS_NOT_FOUND, with @zip as it was; %DOU_STATUS_DISK_FULL;
 *   %G_IO_ERROR_CANCELLED; and others
 *
 * Returns: whether it is in the archive
 */
gboolean
dou_export_media_add (DouExportMedia *self, const char *name, DouZip *zip, guint64 max_size,
                      GError **error)
{
  int fd = openat (self->directory_fd, name,
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  gboolean done;

  if (fd < 0 && self->store != NULL)
    return add_object (self, name, zip, max_size, error);
  if (fd < 0)
    {
      g_set_error (error, DOU_ERROR,
                   errno == ENOENT ? DOU_STATUS_NOT_FOUND : DOU_STATUS_UNAVAILABLE, "%s: %s", name,
                   g_strerror (errno));
      return FALSE;
    }

  done = add_file (self, fd, name, zip, max_size, error);
  close (fd);
  return done;
}
