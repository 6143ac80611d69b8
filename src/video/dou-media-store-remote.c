/* SPDX-License-Identifier: Apache-2.0 */

/* The steps of the media store that an object store has a part in.
 *
 *   place    the files stay in work/ID and are sent from there; this is over when the object store has
 *            confirmed size and checksum of each
 *   settle   objects first, then what is here: work/ID, the marker, goes last, and with it the only
 *            other copy of what was sent
 *
 * An object store may be away for hours, and nobody is to wait for it to tidy up. So what could not be
 * settled is left, remembered here as well as by its marker, and tried again by itself, one id after
 * another. Whoever begins to work on an id again waits until such a try, or another's settling of it, that
 * is under way has ended.
 *
 * An upload whose sender was killed, or had no answer, stays as parts, which are in no listing of objects
 * but kept. So of what was left once, uploads are looked for at the next settling that succeeds,
 * whoever asks for that.
 *
 * Several nodes share one object store, and a video that was published by one may be transcoded by
 * another. What this node knew of its row may thus be old when it tidies up. A row goes from the file as
 * it came to the transcoded one and never back: so while it is thought to name the former, the latter
 * is left alone. At worst it stays until the next attempt, which writes over it, or until the video is
 * deleted.
 *
 * Files that were placed here before there was an object store stay where they are, and go as they
 * always did.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-store-private.h"

void
dou_media_left_free (DouMediaLeft *left)
{
  g_free (left->video);
  g_free (left->cover);
  g_free (left);
}

/* Runs a step of @task in a thread. */
static void
run_here (GTask *task, GTaskThreadFunc func, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) part
      = g_task_new (g_task_get_source_object (task), NULL, callback, g_object_ref (task));

  g_task_set_task_data (part, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (part, func);
}

/* The last part of a task has ended, and so has the task. */
static void
done_here_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dou_media_objects_put_finish (DOU_MEDIA_OBJECTS (source), result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_warning ("A file cannot be stored: %s", error->message);
  g_task_return_error (task, error);
}

static void
staged_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouMediaStore *self = DOU_MEDIA_STORE (source);
  DouMediaStep *step = g_task_get_task_data (task);
  g_autofree char *work = dou_media_store_get_work_directory (self, step->id);
  g_autofree char *video = g_build_filename (work, DOU_MEDIA_VIDEO_FILE, NULL);
  g_autofree char *cover = g_build_filename (work, DOU_MEDIA_COVER_FILE, NULL);
  const char *names[3] = { NULL };
  const char *paths[3] = { NULL };
  GError *error = NULL;
  gsize n = 0;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }

  if (step->video != NULL)
    {
      names[n] = step->video;
      paths[n++] = video;
    }
  if (step->cover != NULL)
    {
      names[n] = step->cover;
      paths[n++] = cover;
    }
  dou_media_objects_put_async (self->objects, names, paths, step->cancellable, sent_cb,
                               g_steal_pointer (&task));
}

/* @task: (transfer full) */
void
dou_media_store_place_remotely (GTask *task)
{
  g_autoptr (GTask) owned = task;

  run_here (task, dou_media_store_place_thread, staged_cb);
}

static void dou_media_store_retry_after (DouMediaStore *self, guint seconds);

static void
dou_media_store_leave (DouMediaStore *self, gint64 id, const char *video, const char *cover)
{
  DouMediaLeft *left = g_new (DouMediaLeft, 1);

  *left = (DouMediaLeft){ id, g_strdup (video), g_strdup (cover) };
  g_hash_table_replace (self->left, &left->id, left);
  g_hash_table_add (self->uploads, g_memdup2 (&id, sizeof id));
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouMediaStore *self = g_task_get_source_object (task);
  DouMediaStep *step = g_task_get_task_data (task);
  GError *error = NULL;

  if (dou_media_objects_remove_finish (DOU_MEDIA_OBJECTS (source), result, &error))
    {
      g_hash_table_remove (self->uploads, &step->id);
      run_here (task, dou_media_store_settle_thread, done_here_cb);
      return;
    }

  dou_media_store_leave (self, step->id, step->video, step->cover);
  dou_media_store_retry_after (self, self->retry_delay);
  g_task_return_error (task, error);
}

/* What the names of all videos of an id begin with. */
static char *
make_stem (gint64 id)
{
  g_autofree char *name = dou_media_store_name_video (id, "");

  return g_strndup (name, strlen (name) - strlen ("."));
}

/* Returns: (transfer full) (array zero-terminated=1): what is surely not needed any more */
static char **
list_removed (const DouMediaStep *step)
{
  g_auto (GStrv) others = dou_media_store_list_others (step);
  g_autoptr (GStrvBuilder) removed = g_strv_builder_new ();
  g_autofree char *transcoded = dou_media_store_name_transcoded (step->id);

  for (char **other = others; *other != NULL; other++)
    if (step->video == NULL || !g_str_equal (*other, transcoded))
      g_strv_builder_add (removed, *other);

  return g_strv_builder_end (removed);
}

/* @task: (transfer full) */
static void
settle (GTask *task)
{
  g_autoptr (GTask) owned = task;
  DouMediaStore *self = g_task_get_source_object (task);
  DouMediaStep *step = g_task_get_task_data (task);
  g_auto (GStrv) removed = list_removed (step);
  g_autofree char *stem = g_hash_table_contains (self->uploads, &step->id) ? make_stem (step->id) : NULL;

  g_hash_table_remove (self->left, &step->id);
  dou_media_objects_remove_async (self->objects, (const char *const *) removed, stem, removed_cb,
                                  g_steal_pointer (&owned));
}

static void dou_media_store_release (DouMediaStore *self);

static void
settled_cb (GObject *task, GParamSpec *pspec, gpointer user_data)
{
  DouMediaStore *self = user_data;

  g_hash_table_remove (self->settling, task);
  dou_media_store_release (self);
}

/* @task: (transfer full) */
void
dou_media_store_settle_remotely (GTask *task)
{
  DouMediaStore *self = g_task_get_source_object (task);

  g_hash_table_add (self->settling, task);
  g_signal_connect (task, "notify::completed", G_CALLBACK (settled_cb), self);
  settle (task);
}

static void
removed_names_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dou_media_objects_remove_finish (DOU_MEDIA_OBJECTS (source), result, &error))
    run_here (task, dou_media_store_remove_thread, done_here_cb);
  else
    g_task_return_error (task, error);
}

/* @task: (transfer full) */
void
dou_media_store_remove_remotely (GTask *task)
{
  DouMediaStore *self = g_task_get_source_object (task);
  DouMediaStep *step = g_task_get_task_data (task);

  dou_media_objects_remove_async (self->objects, (const char *const *) step->names, NULL,
                                  removed_names_cb, task);
}

static gboolean
dou_media_store_is_settling (DouMediaStore *self, gint64 id)
{
  GHashTableIter iter;
  gpointer task;

  g_hash_table_iter_init (&iter, self->settling);
  while (g_hash_table_iter_next (&iter, &task, NULL))
    if (((DouMediaStep *) g_task_get_task_data (task))->id == id)
      return TRUE;

  return self->retrying == id;
}

/* Who has waited for the end settles the id himself. */
static void
dou_media_store_release (DouMediaStore *self)
{
  g_autoptr (GPtrArray) blocked = g_steal_pointer (&self->blocked);

  self->blocked = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < blocked->len; i++)
    {
      GTask *task = g_ptr_array_index (blocked, i);
      DouMediaStep *step = g_task_get_task_data (task);

      if (dou_media_store_must_wait (self, step->id, task))
        continue;
      g_task_run_in_thread (task, dou_media_store_begin_thread);
    }
}

static void
retried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouMediaStore *self = DOU_MEDIA_STORE (source);
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_info ("Settled what was left of %" G_GINT64_FORMAT, self->retrying);
  else
    g_info ("Files of %" G_GINT64_FORMAT " are still left: %s", self->retrying, error->message);

  self->retrying = 0;
  dou_media_store_release (self);
  if (g_hash_table_size (self->left) > 0)
    dou_media_store_retry_after (self, error != NULL ? self->retry_delay : 0);
}

static gboolean
retry_cb (gpointer user_data)
{
  DouMediaStore *self = user_data;
  GHashTableIter iter;
  gpointer value;

  self->retry_id = 0;
  g_hash_table_iter_init (&iter, self->left);
  if (self->retrying == 0 && g_hash_table_iter_next (&iter, NULL, &value))
    {
      const DouMediaLeft *left = value;
      const DouMediaStep step = {
        .id = left->id,
        .fd = -1,
        .video = g_strdup (left->video),
        .cover = g_strdup (left->cover),
      };

      self->retrying = left->id;
      settle (dou_media_store_new_task (self, step, retry_cb, retried_cb, NULL));
    }

  return G_SOURCE_REMOVE;
}

static void
dou_media_store_retry_after (DouMediaStore *self, guint seconds)
{
  if (self->retry_id == 0)
    self->retry_id = g_timeout_add_seconds (seconds, retry_cb, self);
}

/* Returns: whether @task begins later by itself, since @id is being tidied up */
gboolean
dou_media_store_must_wait (DouMediaStore *self, gint64 id, GTask *task)
{
  g_hash_table_remove (self->left, &id);
  if (!dou_media_store_is_settling (self, id))
    return FALSE;

  g_ptr_array_add (self->blocked, g_object_ref (task));
  return TRUE;
}

/* Their markers remember them. */
void
dou_media_store_forget_left (DouMediaStore *self)
{
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_hash_table_remove_all (self->left);
}

/**
 * dou_media_store_is_remote:
 * @self: a store
 *
 * Returns: whether steps may take as long as an object store likes
 */
gboolean
dou_media_store_is_remote (DouMediaStore *self)
{
  g_return_val_if_fail (DOU_IS_MEDIA_STORE (self), FALSE);

  return self->objects != NULL;
}

/**
 * dou_media_store_can_read:
 * @self: a store
 * @name: of a file below media/
 *
 * Returns: whether the file may be read on this node: it is here, or all are in an object store
 */
gboolean
dou_media_store_can_read (DouMediaStore *self, const char *name)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (DOU_IS_MEDIA_STORE (self), FALSE);

  path = dou_media_store_get_path (self, name);
  return self->objects != NULL || g_file_test (path, G_FILE_TEST_EXISTS);
}

/**
 * dou_media_store_settle_later:
 * @self: a store that is remote
 * @id: of a video that was begun
 * @video: (nullable): the file that its row names; %NULL if there is no row
 * @cover: (nullable): the cover that its row names
 *
 * As dou_media_store_settle_async(), in its own time, in the default main context. If the id is begun
 * again before, that replaces it.
 */
void
dou_media_store_settle_later (DouMediaStore *self, gint64 id, const char *video, const char *cover)
{
  g_return_if_fail (DOU_IS_MEDIA_STORE (self));
  g_return_if_fail (self->objects != NULL);

  dou_media_store_leave (self, id, video, cover);
  dou_media_store_retry_after (self, 0);
}

static void
fetched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  int fd = dou_media_objects_fetch_finish (DOU_MEDIA_OBJECTS (source), result, &error);

  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, error);
}

/**
 * dou_media_store_open_async:
 * @self: a store
 * @id: that was begun
 * @name: of a file below media/
 * @cancellable: (nullable): gives up
 * @callback: called once it can be read
 * @user_data: for @callback
 */
void
dou_media_store_open_async (DouMediaStore *self, gint64 id, const char *name,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *path = dou_media_store_get_path (self, name);
  g_autofree char *work = dou_media_store_get_work_directory (self, id);
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);

  g_task_set_source_tag (task, dou_media_store_open_async);
  if (fd >= 0)
    g_task_return_int (task, fd);
  else if (errno == ENOENT && self->objects != NULL)
    dou_media_objects_fetch_async (self->objects, name, work, cancellable, fetched_cb,
                                   g_steal_pointer (&task));
  else if (errno == ENOENT)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_NOT_FOUND, "There is no %s", path);
  else
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_INTERNAL, "Cannot open %s: %s", path,
                             g_strerror (errno));
}

/**
 * dou_media_store_open_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location for %DOU_STATUS_NOT_FOUND if it is not here and not in the object store,
 *   %DOU_STATUS_UNAVAILABLE if that cannot be asked, and others
 *
 * Returns: (transfer full): the file, to be read from any place in it; or -1
 */
int
dou_media_store_open_finish (DouMediaStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_store_open_async), -1);

  return (int) g_task_propagate_int (G_TASK (result), error);
}
