/* SPDX-License-Identifier: Apache-2.0 */

/* How a video is published: look whether it is already, take its file into the media store, commit
 * the row, tell everybody, tidy up, answer.
 *
 * The same upload may come again: after a lost reply, when the service has died, or while the first
 * one is still being worked on. Its id tells. If the row is there it is published, and that is the
 * answer; if it is being worked on, all who have sent it get the one result. If it was published and
 * its author has deleted it since, it stays deleted, and has been published all the same.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <fcntl.h>

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "common/dou-text.h"
#include "common/dou-trace.h"
#include "video/dou-video-manager-private.h"

typedef struct
{
  DouVideoManager *manager; /* (owned) */
  GPtrArray *tasks;         /* (owned) (element-type GTask) all who wait for it */
  DouVideo *video;          /* (owned) files and time not yet known */
  DouMediaImport *import;   /* (owned) (nullable) */
  GError *error;            /* (owned) (nullable) */
  DouTraceContext trace;    /* of dou_trace_keep(), of the first who wait for it */
  DouSpan *span;            /* (owned) (nullable) of the import, if it is to be seen */
  int fd;                   /* (owned) or -1 */
} DouVideoPublication;

static void
publication_free (DouVideoPublication *self)
{
  if (self->fd >= 0)
    g_close (self->fd, NULL);
  g_clear_error (&self->error);
  g_clear_pointer (&self->import, dou_media_import_free);
  dou_trace_end (self->span);
  dou_video_free (self->video);
  g_ptr_array_unref (self->tasks);
  g_object_unref (self->manager);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouVideoPublication, publication_free)

/* @self: (transfer full) */
static void
publication_return (DouVideoPublication *self)
{
  g_autoptr (DouVideoPublication) owned = self;

  g_hash_table_remove (self->manager->publications, &self->video->id);
  for (guint i = 0; i < self->tasks->len; i++)
    {
      GTask *task = g_ptr_array_index (self->tasks, i);

      if (self->error != NULL)
        g_task_return_error (task, g_error_copy (self->error));
      else
        g_task_return_boolean (task, TRUE);
    }

  dou_video_manager_update_busy (self->manager);
}

static void
undone_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouVideoPublication *self = user_data;
  g_autoptr (GError) error = NULL;

  /* The next start tries again. */
  if (!dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("Files of a video that is not published are left: %s", error->message);

  publication_return (self);
}

/* A published video whose files are tidied up. */
typedef struct
{
  DouVideoManager *manager; /* (owned) */
  gint64 id;
  gboolean transcode; /* afterwards */
} Settling;

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Settling *settling = user_data;
  g_autoptr (DouVideoManager) manager = settling->manager;
  g_autoptr (GError) error = NULL;

  if (!dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("A work directory is left: %s", error->message);

  manager->n_settling--;
  if (settling->transcode)
    dou_video_manager_transcode (manager, settling->id);
  dou_video_manager_update_busy (manager);
}

/* The answer need not wait for it. What is to be transcoded has its work directory until it is, since that
 * is done here; but with an object store it may be done on another node. */
static void
publication_settle (DouVideoPublication *self)
{
  DouVideoManager *manager = self->manager;
  Settling *settling;

  if (self->import->transcode && !dou_media_store_is_remote (manager->media))
    {
      dou_video_manager_transcode (manager, self->video->id);
      return;
    }

  settling = g_new (Settling, 1);
  *settling = (Settling){ g_object_ref (manager), self->video->id, self->import->transcode };
  manager->n_settling++;
  dou_media_store_settle_async (manager->media, self->video->id, self->video->file,
                                self->video->cover, settled_cb, settling);
}

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouVideoPublication *self = user_data;

  self->video->publish_time
      = dou_video_store_publish_finish (DOU_VIDEO_STORE (source), result, &self->error);
  if (self->error != NULL && !dou_video_store_knows_commits (self->manager->store))
    {
      dou_video_manager_withdraw (self->manager, self->video->id);
      publication_return (self);
      return;
    }
  if (self->error != NULL || self->video->publish_time == 0)
    {
      dou_media_store_settle_async (self->manager->media, self->video->id, NULL, NULL, undone_cb,
                                    self);
      return;
    }

  dou_video_manager_report_published (self->manager, self->video, self->import->transcode);
  publication_settle (self);
  publication_return (self);
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouVideoPublication *self = user_data;
  const DouTraceContext *former;

  self->import = dou_media_importer_import_finish (DOU_MEDIA_IMPORTER (source), result,
                                                   &self->error);
  if (self->import == NULL)
    dou_span_fail (self->span, self->error->message);
  dou_trace_end (g_steal_pointer (&self->span));
  if (self->import == NULL)
    {
      publication_return (self);
      return;
    }

  self->video->file = g_strdup (self->import->video);
  self->video->cover = g_strdup (self->import->cover);
  former = dou_trace_enter_kept (&self->trace);
  dou_video_store_publish_async (self->manager->store, self->video,
                                 self->import->transcode ? DOU_VIDEO_TRANSCODE_WANTED
                                                         : DOU_VIDEO_TRANSCODE_NONE,
                                 published_cb, self);
  dou_trace_enter (former);
}

static void
looked_up_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouVideoPublication *self = user_data;
  g_autoptr (GPtrArray) videos
      = dou_video_store_get_videos_finish (DOU_VIDEO_STORE (source), result, &self->error);

  if (videos == NULL || g_ptr_array_index (videos, 0) != NULL)
    {
      publication_return (self);
      return;
    }

  self->span = dou_trace_begin (&self->trace, DOU_SPAN_INTERNAL, "import");
  dou_media_importer_import_async (self->manager->importer, self->video->id, self->fd,
                                   self->manager->cancellable, imported_cb, self);
}

/* Returns: (transfer full) (nullable): a copy in which everything is as it should be */
static DouVideo *
check (const DouVideoUpload *upload, GError **error)
{
  g_autoptr (DouVideo) video = g_new0 (DouVideo, 1);

  video->id = upload->id;
  video->author = upload->author;
  if (video->id <= 0 || video->id > DOU_ID_MAX || video->author <= 0
      || video->author > DOU_ID_MAX)
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, "not an id");
      return NULL;
    }

  video->title = dou_text_normalize (upload->title, DOU_TEXT_SINGLE_LINE, DOU_VIDEO_TITLE_MAX);
  if (video->title == NULL)
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_TITLE, "no title, or too long");
      return NULL;
    }

  return g_steal_pointer (&video);
}

/**
 * dou_video_manager_publish_async:
 * @self: a manager
 * @upload: what to publish; not needed after the call, its file may be closed
 * @callback: called once it is published, or refused
 * @user_data: for @callback
 */
void
dou_video_manager_publish_async (DouVideoManager *self, const DouVideoUpload *upload,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (DouVideo) video = NULL;
  DouVideoPublication *publication;
  GError *error = NULL;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  g_task_set_source_tag (task, dou_video_manager_publish_async);
  video = check (upload, &error);
  if (video == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  publication = g_hash_table_lookup (self->publications, &video->id);
  if (publication != NULL)
    {
      g_ptr_array_add (publication->tasks, g_steal_pointer (&task));
      return;
    }

  if (self->stopping)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "the service is stopping");
      return;
    }

  publication = g_new0 (DouVideoPublication, 1);
  publication->manager = g_object_ref (self);
  publication->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  publication->video = g_steal_pointer (&video);
  publication->fd = upload->fd >= 0 ? fcntl (upload->fd, F_DUPFD_CLOEXEC, 0) : -1;
  dou_trace_keep (&publication->trace);
  g_ptr_array_add (publication->tasks, g_steal_pointer (&task));
  g_hash_table_insert (self->publications, &publication->video->id, publication);
  dou_video_manager_update_busy (self);
  dou_video_store_get_videos_async (self->store, &publication->video->id, 1, looked_up_cb,
                                    publication);
}

/**
 * dou_video_manager_publish_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location for %DOU_STATUS_BAD_TITLE, the errors of
 *   dou_media_importer_import_finish() or those of dou_database_write_finish()
 *
 * Returns: whether it is published, by this call or before
 */
gboolean
dou_video_manager_publish_finish (DouVideoManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_manager_publish_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
