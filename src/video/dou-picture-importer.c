/* SPDX-License-Identifier: Apache-2.0 */

/* The way of a user's picture into the media store: look at its headers, convert it in the work
 * directory of its id, commit its row, give the file its name, remove the work directory. The file
 * is durable when this is done; its row is so before, so that no file is ever without one (see
 * dou-picture-keeper.c). A crash before the file has its name leaves the work directory, which the
 * next start removes along with those of videos.
 *
 * The same picture may come again, after a lost reply: it is taken in once more, over itself.
 *
 * Pictures have a queue of their own, beside that of videos: they take tenths of a second and
 * should not wait for minutes of video.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "common/dou-trace.h"
#include "video/dou-picture-convert.h"
#include "video/dou-picture-importer.h"

/* Pictures that wait; one more is refused. The last of them waits some 10 s on two cores. */
#define MAX_WAITING 64

struct _DouPictureImporter
{
  GObject parent_instance;

  DouMediaRunner *runner;   /* (owned) */
  DouVideoStore *store;     /* (owned) */
  DouMediaStore *media;     /* (owned) */
  DouPictureKeeper *keeper; /* (owned) */
  GQueue waiting;           /* (element-type GTask) (owned) */
  GHashTable *running;      /* (owned) (element-type gint64) (set) ids */
  guint n_slots;
};

G_DEFINE_FINAL_TYPE (DouPictureImporter, dou_picture_importer, G_TYPE_OBJECT)

/* A picture on its way: the data of its task. */
typedef struct
{
  DouPicture picture;
  int fd;        /* (owned) */
  char *name;    /* (owned) below media/ */
  GError *error; /* (owned) (nullable) */
  DouTraceContext trace; /* of dou_trace_keep() */
  DouSpan *span;         /* (owned) (nullable) of the conversion, if it is to be seen */
} Import;

static void
import_free (Import *import)
{
  g_close (import->fd, NULL);
  g_free (import->name);
  g_clear_error (&import->error);
  dou_trace_end (import->span);
  g_free (import);
}

static void
dou_picture_importer_dispose (GObject *object)
{
  DouPictureImporter *self = DOU_PICTURE_IMPORTER (object);

  g_clear_object (&self->runner);
  g_clear_object (&self->store);
  g_clear_object (&self->media);
  g_clear_object (&self->keeper);

  G_OBJECT_CLASS (dou_picture_importer_parent_class)->dispose (object);
}

static void
dou_picture_importer_finalize (GObject *object)
{
  g_hash_table_unref (DOU_PICTURE_IMPORTER (object)->running);

  G_OBJECT_CLASS (dou_picture_importer_parent_class)->finalize (object);
}

static void
dou_picture_importer_class_init (DouPictureImporterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_picture_importer_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_picture_importer_finalize;
}

static void
dou_picture_importer_init (DouPictureImporter *self)
{
  g_queue_init (&self->waiting);
  self->running = g_hash_table_new (g_int64_hash, g_int64_equal);
}

/**
 * dou_picture_importer_new:
 * @runner: runs ffmpeg
 * @store: the rows
 * @media: the files
 * @keeper: is told of each picture that was taken in
 * @n_slots: pictures that are worked on at a time
 *
 * Returns: (transfer full): an importer
 */
DouPictureImporter *
dou_picture_importer_new (DouMediaRunner *runner, DouVideoStore *store, DouMediaStore *media,
                          DouPictureKeeper *keeper, guint n_slots)
{
  DouPictureImporter *self = g_object_new (DOU_TYPE_PICTURE_IMPORTER, NULL);

  g_return_val_if_fail (n_slots > 0, NULL);

  self->runner = g_object_ref (runner);
  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
  self->keeper = g_object_ref (keeper);
  self->n_slots = n_slots;
  return self;
}

static void dou_picture_importer_start_next (DouPictureImporter *self);

static void
finish (GTask *task)
{
  g_autoptr (DouPictureImporter) self = g_object_ref (g_task_get_source_object (task));
  Import *import = g_task_get_task_data (task);

  g_hash_table_remove (self->running, &import->picture.id);
  if (import->error != NULL)
    {
      g_info ("Picture %" G_GINT64_FORMAT " is refused: %s", import->picture.id,
              import->error->message);
      g_task_return_error (task, g_steal_pointer (&import->error));
    }
  else
    g_task_return_pointer (task, g_steal_pointer (&import->name), g_free);

  dou_picture_importer_start_next (self);
}

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  /* The next start removes it. */
  if (!dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("A work directory is left: %s", error->message);

  finish (task);
}

/* @error: (transfer full) (nullable): why there is no picture */
static void
settle (GTask *task, GError *error)
{
  DouPictureImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);

  import->error = error;
  dou_media_store_settle_async (self->media, import->picture.id, NULL, NULL, settled_cb,
                                g_object_ref (task));
}

static void
placed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouPictureImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);
  GError *error = NULL;

  dou_media_store_place_finish (DOU_MEDIA_STORE (source), result, &error);
  dou_picture_keeper_watch (self->keeper, &import->picture);
  settle (task, error);
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouPictureImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);
  DouPicture picture;
  GError *error = NULL;

  if (dou_video_store_add_picture_finish (DOU_VIDEO_STORE (source), result, &picture, &error)
      && (picture.owner != import->picture.owner || picture.kind != import->picture.kind))
    g_set_error_literal (&error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                         "another picture has this id");
  if (error != NULL)
    {
      /* It may have a row even so. */
      dou_picture_keeper_watch (self->keeper, &import->picture);
      settle (task, error);
      return;
    }

  import->name = dou_picture_get_name (&picture);
  dou_media_store_place_async (self->media, picture.id, -1, NULL, import->name, NULL, placed_cb,
                               g_object_ref (task));
}

static void
converted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouPictureImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);
  GError *error = NULL;

  if (!dou_picture_convert_finish (result, &error))
    dou_span_fail (import->span, error->message);
  dou_trace_end (g_steal_pointer (&import->span));
  if (error == NULL && !dou_picture_keeper_hold (self->keeper, import->picture.id))
    g_set_error_literal (&error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                         "the picture with this id is being removed");
  if (error == NULL)
    {
      const DouTraceContext *former = dou_trace_enter_kept (&import->trace);

      dou_video_store_add_picture_async (self->store, &import->picture, added_cb,
                                         g_object_ref (task));
      dou_trace_enter (former);
    }
  else
    settle (task, error);
}

/* Read rather than mapped: a page of a file that is shortened meanwhile would end the process. */
static guint8 *
read_file (int fd, gsize *length, GError **error)
{
  g_autofree guint8 *bytes = NULL;
  struct stat status;
  gsize size;

  if (fstat (fd, &status) != 0 || status.st_size <= 0 || status.st_size > DOU_PICTURE_MAX_SIZE)
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_PICTURE_DAMAGED, "the file has changed");
      return NULL;
    }

  size = (gsize) status.st_size;
  bytes = g_malloc (size);
  *length = 0;
  while (*length < size)
    {
      gssize n = pread (fd, bytes + *length, size - *length, (off_t) *length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      *length += (gsize) n;
    }

  return g_steal_pointer (&bytes);
}

static gboolean
examine (int fd, DouPictureInfo *info, GError **error)
{
  gsize length;
  g_autofree guint8 *bytes = read_file (fd, &length, error);
  DouStatus status;

  if (bytes == NULL)
    return FALSE;

  status = dou_picture_info_parse (info, bytes, length);
  if (status != DOU_STATUS_OK)
    g_set_error_literal (error, DOU_ERROR, (int) status, dou_status_get_info (status)->message);
  return status == DOU_STATUS_OK;
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouPictureImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);
  g_autofree char *directory
      = dou_media_store_get_work_directory (self->media, import->picture.id);
  DouPictureInfo info;
  GError *error = NULL;

  if (dou_media_store_begin_finish (DOU_MEDIA_STORE (source), result, &error)
      && examine (import->fd, &info, &error))
    {
      import->span = dou_trace_begin (&import->trace, DOU_SPAN_INTERNAL, "import");
      dou_picture_convert_async (self->runner, &info, import->picture.kind, import->fd, directory,
                                 converted_cb, g_object_ref (task));
    }
  else
    settle (task, error);
}

/* Returns: (transfer full) (nullable): the first that waits whose id is not worked on: two of one id
 *   would share a work directory */
static GTask *
dou_picture_importer_pop (DouPictureImporter *self)
{
  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    {
      const Import *import = g_task_get_task_data (link->data);
      GTask *task = link->data;

      if (g_hash_table_contains (self->running, &import->picture.id))
        continue;

      g_queue_delete_link (&self->waiting, link);
      return task;
    }

  return NULL;
}

static void
dou_picture_importer_start_next (DouPictureImporter *self)
{
  while (g_hash_table_size (self->running) < self->n_slots)
    {
      g_autoptr (GTask) task = dou_picture_importer_pop (self);
      Import *import;

      if (task == NULL)
        return;

      import = g_task_get_task_data (task);
      g_hash_table_add (self->running, &import->picture.id);
      dou_media_store_begin_async (self->media, import->picture.id, begun_cb,
                                   g_object_ref (task));
    }
}

/* Whether this is a file that can be read from any place in it, and not too large. */
static DouStatus
check_file (int fd)
{
  int flags = fcntl (fd, F_GETFL);
  struct stat status;

  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH) != 0
      || fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    return DOU_STATUS_BAD_PARAMETER;
  if (status.st_size == 0)
    return DOU_STATUS_NO_PICTURE;

  return status.st_size > DOU_PICTURE_MAX_SIZE ? DOU_STATUS_TOO_LARGE : DOU_STATUS_OK;
}

static DouStatus
check (const DouPicture *picture, int fd)
{
  if (picture->id <= 0 || picture->id > DOU_ID_MAX || picture->owner <= 0
      || picture->owner > DOU_ID_MAX)
    return DOU_STATUS_BAD_PARAMETER;

  return check_file (fd);
}

/**
 * dou_picture_importer_import_async:
 * @self: an importer
 * @picture: what it is to be; not needed after the call
 * @fd: the file; its offset is neither used nor changed, and it may be closed after the call
 * @callback: called once the picture is durable, or refused
 * @user_data: for @callback
 *
 * The caller puts the name into the profile of the owner within %DOU_PICTURE_KEEPER_DELAY; if that
 * does not happen, the picture goes by itself.
 */
void
dou_picture_importer_import_async (DouPictureImporter *self, const DouPicture *picture, int fd,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  DouStatus status;
  Import *import;

  g_return_if_fail (DOU_IS_PICTURE_IMPORTER (self));

  g_task_set_source_tag (task, dou_picture_importer_import_async);
  status = check (picture, fd);
  if (status == DOU_STATUS_OK && g_queue_get_length (&self->waiting) >= MAX_WAITING)
    status = DOU_STATUS_UNAVAILABLE;
  if (status == DOU_STATUS_OK && (fd = fcntl (fd, F_DUPFD_CLOEXEC, 0)) < 0)
    status = DOU_STATUS_UNAVAILABLE;
  if (status != DOU_STATUS_OK)
    {
      g_task_return_new_error (task, DOU_ERROR, (int) status, "%s",
                               dou_status_get_info (status)->message);
      return;
    }

  import = g_new0 (Import, 1);
  import->picture = *picture;
  import->fd = fd;
  dou_trace_keep (&import->trace);
  g_task_set_task_data (task, import, (GDestroyNotify) import_free);
  g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
  dou_picture_importer_start_next (self);
}

/**
 * dou_picture_importer_import_finish:
 * @self: an importer
 * @result: from the callback
 * @error: return location for %DOU_STATUS_TOO_LARGE, %DOU_STATUS_NO_PICTURE, the errors of
 *   dou_picture_convert_finish() or dou_database_write_finish(), %DOU_STATUS_BAD_PARAMETER (no such
 *   descriptor, or an id that is none or another's)
 *
 * Returns: (transfer full) (nullable): the name of the picture below media/
 */
char *
dou_picture_importer_import_finish (DouPictureImporter *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_picture_importer_import_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dou_picture_importer_get_keeper:
 * @self: an importer
 *
 * Returns: (transfer none): what is told of each picture
 */
DouPictureKeeper *
dou_picture_importer_get_keeper (DouPictureImporter *self)
{
  g_return_val_if_fail (DOU_IS_PICTURE_IMPORTER (self), NULL);

  return self->keeper;
}
