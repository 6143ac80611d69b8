/* SPDX-License-Identifier: Apache-2.0 */

/* The way of an uploaded file into the media store: probe, copy, cover, place. One after another,
 * since each may refuse the file; a few files at a time, the others wait in a queue that is
 * bounded, because each holds its place on the disk.
 *
 * H.264 with AAC is copied into an MP4 with its index in front. Anything else is kept as it came,
 * and copied nowhere just to see that it is whole.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <fcntl.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-cover.h"
#include "video/dou-media-importer.h"
#include "video/dou-media-probe.h"

/* Files that wait; one more is refused. With an ordinary file of 0.3 s on two cores the last of
 * them waits 10 s. */
#define MAX_WAITING 64
/* A file that has waited longer is refused instead of begun: the gateway waits for 10 minutes, of
 * which the runs themselves may take 7. */
#define MAX_WAIT (2 * G_TIME_SPAN_MINUTE)
/* From its arrival until its files are in place, which an object store may delay: nothing is published
 * of which the gateway has said already that it is not. */
#define MAX_TIME (9 * G_TIME_SPAN_MINUTE + 30 * G_TIME_SPAN_SECOND)

struct _DouMediaImporter
{
  GObject parent_instance;

  DouMediaRunner *runner; /* (owned) */
  DouMediaStore *store;   /* (owned) */
  GQueue waiting;         /* (element-type GTask) (owned) */
  gint64 max_size;        /* bytes */
  gint64 max_duration;    /* milliseconds */
  gint64 max_time;        /* microseconds */
  guint n_slots;
  guint n_running;
};

G_DEFINE_FINAL_TYPE (DouMediaImporter, dou_media_importer, G_TYPE_OBJECT)

/* A file on its way: the data of its task. */
typedef struct
{
  gint64 id;
  int fd;             /* (owned) */
  gint64 queued_at;   /* monotonic time */
  DouMediaInfo *info; /* (owned) (nullable) */
  char *directory;    /* (owned) where unfinished files are */
  DouMediaImport *result; /* (owned) */
  GError *error;      /* (owned) (nullable) */
  GCancellable *sending; /* (owned) to an object store */
  guint deadline_id;  /* of the main loop, while it is */
} Import;

void
dou_media_import_free (DouMediaImport *import)
{
  g_free (import->video);
  g_free (import->cover);
  g_free (import);
}

static void
import_free (Import *import)
{
  g_close (import->fd, NULL);
  g_free (import->info);
  g_free (import->directory);
  g_clear_pointer (&import->result, dou_media_import_free);
  g_clear_error (&import->error);
  g_object_unref (import->sending);
  g_free (import);
}

static void
dou_media_importer_dispose (GObject *object)
{
  DouMediaImporter *self = DOU_MEDIA_IMPORTER (object);

  g_clear_object (&self->runner);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (dou_media_importer_parent_class)->dispose (object);
}

static void
dou_media_importer_class_init (DouMediaImporterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_media_importer_dispose;
}

static void
dou_media_importer_init (DouMediaImporter *self)
{
  g_queue_init (&self->waiting);
}

/**
 * dou_media_importer_new:
 * @runner: runs ffmpeg
 * @store: where the files go
 * @max_size: the largest file, in bytes
 * @max_duration: the longest video, in milliseconds
 * @n_slots: files that are worked on at a time
 *
 * Returns: (transfer full): an importer
 */
DouMediaImporter *
dou_media_importer_new (DouMediaRunner *runner, DouMediaStore *store, gint64 max_size,
                        gint64 max_duration, guint n_slots)
{
  DouMediaImporter *self = g_object_new (DOU_TYPE_MEDIA_IMPORTER, NULL);

  g_return_val_if_fail (n_slots > 0, NULL);

  self->runner = g_object_ref (runner);
  self->store = g_object_ref (store);
  self->max_size = max_size;
  self->max_duration = max_duration;
  self->max_time = MAX_TIME;
  self->n_slots = n_slots;
  return self;
}

/**
 * dou_media_importer_set_max_time:
 * @self: an importer
 * @max_time: microseconds until the files of a video that has just arrived are in place, or it is refused
 *
 * Tests have less patience.
 */
void
dou_media_importer_set_max_time (DouMediaImporter *self, gint64 max_time)
{
  g_return_if_fail (DOU_IS_MEDIA_IMPORTER (self));

  self->max_time = max_time;
}

static void dou_media_importer_start_next (DouMediaImporter *self);

/* The task has its result, or its data an error; the next may start. */
static void
finish (GTask *task)
{
  g_autoptr (DouMediaImporter) self = g_object_ref (g_task_get_source_object (task));
  Import *import = g_task_get_task_data (task);

  self->n_running--;
  if (import->error != NULL)
    {
      g_info ("Video %" G_GINT64_FORMAT " is refused: %s", import->id, import->error->message);
      g_task_return_error (task, g_steal_pointer (&import->error));
    }
  else
    g_task_return_pointer (task, g_steal_pointer (&import->result),
                           (GDestroyNotify) dou_media_import_free);

  dou_media_importer_start_next (self);
}

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  /* The marker is still there then: the next start tries again. */
  if (!dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("Files of a refused video are left: %s", error->message);

  finish (task);
}

/* Something may be on disk. */
static void
undo (GTask *task, GError *error)
{
  DouMediaImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);

  import->error = error;
  dou_media_store_settle_async (self->store, import->id, NULL, NULL, settled_cb,
                                g_object_ref (task));
}

static void
placed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Import *import = g_task_get_task_data (task);
  GError *error = NULL;

  g_clear_handle_id (&import->deadline_id, g_source_remove);
  if (dou_media_store_place_finish (DOU_MEDIA_STORE (source), result, &error))
    {
      finish (task);
      return;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      error = g_error_new_literal (DOU_ERROR, DOU_STATUS_UNAVAILABLE, "the object store takes too long");
    }
  undo (task, error);
}

static gboolean
late_cb (gpointer user_data)
{
  Import *import = user_data;

  import->deadline_id = 0;
  g_cancellable_cancel (import->sending);
  return G_SOURCE_REMOVE;
}

static void
covered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouMediaImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);
  gboolean as_it_came = import->result->transcode;
  gint64 left = import->queued_at + self->max_time - g_get_monotonic_time ();
  GError *error = NULL;

  if (!dou_media_cover_finish (result, &error))
    {
      undo (task, error);
      return;
    }

  import->result->video = dou_media_store_name_video (
      import->id, as_it_came ? import->info->extension : "mp4");
  import->result->cover = dou_media_store_name_cover (import->id);
  import->deadline_id = g_timeout_add ((guint) (MAX (left, 0) / 1000), late_cb, import);
  dou_media_store_place_async (self->store, import->id, as_it_came ? import->fd : -1,
                               import->result->video, import->result->cover, import->sending, placed_cb,
                               g_object_ref (task));
}

static DouMediaJob
describe_job (DouMediaImporter *self, Import *import)
{
  return (DouMediaJob){
    .info = import->info,
    .fd = import->fd,
    .directory = import->directory,
    .max_duration = self->max_duration,
  };
}

static void
copied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouMediaImporter *self = g_task_get_source_object (task);
  DouMediaJob job = describe_job (self, g_task_get_task_data (task));
  GError *error = NULL;

  if (dou_media_copy_finish (result, &error))
    dou_media_cover_async (self->runner, &job, g_task_get_cancellable (task), covered_cb,
                           g_object_ref (task));
  else
    undo (task, error);
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouMediaImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);
  DouMediaJob job = describe_job (self, import);
  GError *error = NULL;

  if (!dou_media_store_begin_finish (DOU_MEDIA_STORE (source), result, &error))
    {
      undo (task, error);
      return;
    }

  if (import->result->transcode)
    job.directory = NULL;
  dou_media_copy_async (self->runner, &job, g_task_get_cancellable (task), copied_cb,
                        g_object_ref (task));
}

static void
probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouMediaImporter *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);

  import->info = dou_media_probe_finish (result, &import->error);
  if (import->info == NULL)
    {
      finish (task);
      return;
    }

  import->result->transcode = !import->info->plays_video || !import->info->plays_audio;
  dou_media_store_begin_async (self->store, import->id, begun_cb, g_object_ref (task));
}

static void
dou_media_importer_start_next (DouMediaImporter *self)
{
  while (self->n_running < self->n_slots && !g_queue_is_empty (&self->waiting))
    {
      g_autoptr (GTask) task = g_queue_pop_head (&self->waiting);
      Import *import = g_task_get_task_data (task);

      if (g_get_monotonic_time () - import->queued_at > MAX_WAIT)
        {
          g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "it waited too long");
          continue;
        }

      self->n_running++;
      dou_media_probe_async (self->runner, import->fd, self->max_duration,
                             g_task_get_cancellable (task), probed_cb, g_object_ref (task));
    }
}

/* Whether this is a file that can be read from any place in it, and not too large. */
static gboolean
check_file (DouMediaImporter *self, int fd, GError **error)
{
  int flags = fcntl (fd, F_GETFL);
  struct stat status;

  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH) != 0
      || fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, "not an open file");
      return FALSE;
    }

  if (status.st_size == 0)
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_NO_FILE, "the file is empty");
      return FALSE;
    }

  if (status.st_size > self->max_size)
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_TOO_LARGE, "the file is too large");
      return FALSE;
    }

  return TRUE;
}

/**
 * dou_media_importer_import_async:
 * @self: an importer
 * @id: of the video, of which no other import is under way
 * @fd: the file; its offset is neither used nor changed, and it may be closed after the call
 * @cancellable: (nullable): gives up as long as the files are not in place
 * @callback: called with the result
 * @user_data: for @callback
 *
 * If this succeeds the caller commits a row that names the files, and then settles @id in the media
 * store. If it fails there is nothing left on disk.
 */
void
dou_media_importer_import_async (DouMediaImporter *self, gint64 id, int fd,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  Import *import;

  g_return_if_fail (DOU_IS_MEDIA_IMPORTER (self));
  g_return_if_fail (id > 0);

  g_task_set_source_tag (task, dou_media_importer_import_async);
  g_task_set_check_cancellable (task, FALSE);

  if (!check_file (self, fd, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  if (g_queue_get_length (&self->waiting) >= MAX_WAITING)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                               "too many videos are waiting");
      return;
    }

  fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "too many open files");
      return;
    }

  import = g_new0 (Import, 1);
  import->id = id;
  import->fd = fd;
  import->queued_at = g_get_monotonic_time ();
  import->directory = dou_media_store_get_work_directory (self->store, id);
  import->result = g_new0 (DouMediaImport, 1);
  import->sending = g_cancellable_new ();
  g_task_set_task_data (task, import, (GDestroyNotify) import_free);
  g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
  dou_media_importer_start_next (self);
}

/**
 * dou_media_importer_import_finish:
 * @self: an importer
 * @result: from the callback
 * @error: return location for %DOU_STATUS_NO_FILE, %DOU_STATUS_TOO_LARGE,
 *   %DOU_STATUS_UNSUPPORTED_MEDIA, the other statuses of media, %DOU_STATUS_DISK_FULL,
 *   %DOU_STATUS_UNAVAILABLE, %DOU_STATUS_BAD_PARAMETER (no such descriptor), %DOU_STATUS_INTERNAL
 *   or %G_IO_ERROR_CANCELLED
 *
 * Returns: (transfer full) (nullable): what became of the file
 */
DouMediaImport *
dou_media_importer_import_finish (DouMediaImporter *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_importer_import_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
