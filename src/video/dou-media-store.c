/* SPDX-License-Identifier: Apache-2.0 */

/* Where the files of videos are, and how they get there without a stray one after a crash.
 *
 *   STATE/media/video/3f/123.mp4   a video; 3f = the low byte of its id's time, so that no directory gets
 *                                  large (the id's own low byte tells the process that made it)
 *   STATE/media/video/3f/123-1.mp4 the same transcoded: another name, since the gateway tells
 *                                  clients to keep what they got under the first one for ever
 *   STATE/media/cover/3f/123.jpg   its cover
 *   STATE/media/work/123/          video 123 is being worked on
 *   STATE/media/avatar/3f/124.jpg  a picture of a user, in the same way; and background/
 *
 * The directory below work/ is both a place for what is unfinished and a marker, that outlives the
 * process: “files of this id may be there that no row names”. The order of things, each durable
 * before the next:
 *
 *   1. begin   make work/ID
 *   2.         ffmpeg writes to work/ID
 *   3. place   sync the files, rename them to their final names, sync those directories
 *   4.         commit the row that names them
 *   5. settle  remove all files of this id but those that the row names, then work/ID
 *
 * A crash in between leaves work/ID behind. The next start looks up the row of each and settles it:
 * no row, or a row that names the old file, undoes 3; a row that names the new file completes 5.
 * Upload, failure, transcoding and recovery thus all end in the same step, and a step may be
 * repeated.
 *
 * With an object store, 3 puts the files there instead, under the same names, and 5 removes them there:
 * dou-media-store-remote.c. What is only on this disk is then never more than what is being worked on.
 *
 * The file system is asked in threads, one call a task, since fsync() of a large file takes seconds
 * and has no other form that does not block.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <fcntl.h>

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-file.h"
#include "video/dou-media-store-private.h"

#define N_DIRECTORIES 256

/* All that the video of an id may be called. */
static const char *const extensions[] = { "mp4", "mov", "webm", "mkv" };

G_DEFINE_FINAL_TYPE (DouMediaStore, dou_media_store, G_TYPE_OBJECT)

static void
step_free (DouMediaStep *step)
{
  if (step->fd >= 0)
    g_close (step->fd, NULL);
  g_free (step->video);
  g_free (step->cover);
  g_strfreev (step->names);
  g_clear_object (&step->cancellable);
  g_free (step);
}

static void
dou_media_store_dispose (GObject *object)
{
  DouMediaStore *self = DOU_MEDIA_STORE (object);

  dou_media_store_forget_left (self);
  g_clear_object (&self->objects);

  G_OBJECT_CLASS (dou_media_store_parent_class)->dispose (object);
}

static void
dou_media_store_finalize (GObject *object)
{
  DouMediaStore *self = DOU_MEDIA_STORE (object);

  g_free (self->directory);
  g_hash_table_unref (self->left);
  g_hash_table_unref (self->settling);
  g_ptr_array_unref (self->blocked);
  g_hash_table_unref (self->uploads);

  G_OBJECT_CLASS (dou_media_store_parent_class)->finalize (object);
}

static void
dou_media_store_class_init (DouMediaStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_media_store_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_media_store_finalize;
}

static void
dou_media_store_init (DouMediaStore *self)
{
  self->left = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                      (GDestroyNotify) dou_media_left_free);
  self->settling = g_hash_table_new (NULL, NULL);
  self->blocked = g_ptr_array_new_with_free_func (g_object_unref);
  self->uploads = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/**
 * dou_media_store_new:
 * @state_dir: the state directory
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the files below @state_dir, whose directories it makes
 */
DouMediaStore *
dou_media_store_new (const char *state_dir, GError **error)
{
  static const char *const names[] = { "", "video", "cover", "avatar", "background", "work" };
  g_autoptr (DouMediaStore) self = g_object_new (DOU_TYPE_MEDIA_STORE, NULL);

  /* Absolute, because ffmpeg works in a directory of its own. */
  self->directory = g_canonicalize_filename ("media", state_dir);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = dou_media_store_get_path (self, names[i]);

      if (!dou_media_file_make_directory (path, error))
        return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * dou_media_store_set_objects:
 * @self: a store that nobody uses yet
 * @objects: where finished files go
 * @retry_delay: seconds to wait before what could not be removed there is tried again
 */
void
dou_media_store_set_objects (DouMediaStore *self, DouMediaObjects *objects, guint retry_delay)
{
  g_return_if_fail (DOU_IS_MEDIA_STORE (self));

  self->retry_delay = retry_delay;
  g_set_object (&self->objects, objects);
}

static char *
make_name (const char *kind, gint64 id, const char *suffix)
{
  return g_strdup_printf ("%s/%02x/%" G_GINT64_FORMAT "%s", kind,
                          (guint) (dou_id_get_time (id) % N_DIRECTORIES), id, suffix);
}

/**
 * dou_media_store_name_video:
 * @id: of a video
 * @extension: `mp4`, `mov`, `webm` or `mkv`
 *
 * Returns: (transfer full): the name of its file below media/
 */
char *
dou_media_store_name_video (gint64 id, const char *extension)
{
  g_autofree char *suffix = g_strconcat (".", extension, NULL);

  return make_name ("video", id, suffix);
}

/**
 * dou_media_store_name_transcoded:
 * @id: of a video
 *
 * Returns: (transfer full): the name below media/ of its file once transcoded
 */
char *
dou_media_store_name_transcoded (gint64 id)
{
  return make_name ("video", id, "-1.mp4");
}

/**
 * dou_media_store_name_cover:
 * @id: of a video
 *
 * Returns: (transfer full): the name of its cover below media/
 */
char *
dou_media_store_name_cover (gint64 id)
{
  return make_name ("cover", id, ".jpg");
}

/**
 * dou_media_store_name_picture:
 * @id: of a picture
 * @kind: `avatar` or `background`
 *
 * Returns: (transfer full): the name of its file below media/
 */
char *
dou_media_store_name_picture (gint64 id, const char *kind)
{
  return make_name (kind, id, ".jpg");
}

/**
 * dou_media_store_get_path:
 * @self: a store
 * @name: of a file, below media/
 *
 * Returns: (transfer full): its absolute path
 */
char *
dou_media_store_get_path (DouMediaStore *self, const char *name)
{
  g_return_val_if_fail (DOU_IS_MEDIA_STORE (self), NULL);

  return g_build_filename (self->directory, name, NULL);
}

/**
 * dou_media_store_get_work_directory:
 * @self: a store
 * @id: of a video
 *
 * Returns: (transfer full): the absolute path of where its unfinished files are, once
 *   dou_media_store_begin_async() has made it
 */
char *
dou_media_store_get_work_directory (DouMediaStore *self, gint64 id)
{
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT, id);

  g_return_val_if_fail (DOU_IS_MEDIA_STORE (self), NULL);

  return g_build_filename (self->directory, "work", name, NULL);
}

/**
 * dou_media_store_list_work:
 * @self: a store
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64) (nullable): the ids that were begun and not
 *   settled
 */
GArray *
dou_media_store_list_work (DouMediaStore *self, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *path = dou_media_store_get_path (self, "work");
  g_autoptr (GDir) directory = g_dir_open (path, 0, error);
  const char *name;

  if (directory == NULL)
    return NULL;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      gint64 id;

      if (g_ascii_string_to_signed (name, 10, 1, DOU_ID_MAX, &id, NULL))
        g_array_append_val (ids, id);
      else
        g_warning ("%s/%s is none of ours", path, name);
    }

  return g_steal_pointer (&ids);
}

/* Returns: (transfer full): a task with a copy of @step, whose members it takes */
GTask *
dou_media_store_new_task (DouMediaStore *self, DouMediaStep step, gpointer tag,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, g_memdup2 (&step, sizeof step), (GDestroyNotify) step_free);
  return task;
}

static void
start (DouMediaStore *self, DouMediaStep step, gpointer tag, GTaskThreadFunc func,
       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = dou_media_store_new_task (self, step, tag, callback, user_data);

  g_task_run_in_thread (task, func);
}

static gboolean
finish (DouMediaStore *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
return_step (GTask *task, gboolean done, GError *error)
{
  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
dou_media_store_begin_thread (GTask *task, gpointer source, gpointer data,
                              GCancellable *cancellable)
{
  DouMediaStep *step = data;
  g_autofree char *work = dou_media_store_get_work_directory (source, step->id);
  GError *error = NULL;
  gboolean done;

  /* What an attempt that could not be settled has left there would be in the way. */
  done = dou_media_file_remove_directory (work, &error)
         && dou_media_file_make_directory (work, &error);
  return_step (task, done, error);
}

/**
 * dou_media_store_begin_async:
 * @self: a store
 * @id: of a video
 * @callback: called once the work directory of @id is there
 * @user_data: for @callback
 */
void
dou_media_store_begin_async (DouMediaStore *self, gint64 id, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DOU_IS_MEDIA_STORE (self));
  g_return_if_fail (id > 0);

  task = dou_media_store_new_task (self, (DouMediaStep){ .id = id, .fd = -1 },
                                   dou_media_store_begin_async, callback, user_data);
  if (!dou_media_store_must_wait (self, id, task))
    g_task_run_in_thread (task, dou_media_store_begin_thread);
}

gboolean
dou_media_store_begin_finish (DouMediaStore *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, dou_media_store_begin_async, error);
}

static gboolean
place_one (DouMediaStore *self, const char *work, const char *file, const char *name,
           GError **error)
{
  g_autofree char *from = g_build_filename (work, file, NULL);
  g_autofree char *to = dou_media_store_get_path (self, name);

  return dou_media_file_rename (from, to, error);
}

static gboolean
place (DouMediaStore *self, DouMediaStep *step, GError **error)
{
  g_autofree char *work = dou_media_store_get_work_directory (self, step->id);
  g_autofree char *video = g_build_filename (work, DOU_MEDIA_VIDEO_FILE, NULL);

  if (step->fd >= 0 && !dou_media_file_place (step->fd, video, error))
    return FALSE;
  /* From there they are sent. */
  if (self->objects != NULL)
    return TRUE;

  return (step->video == NULL
          || place_one (self, work, DOU_MEDIA_VIDEO_FILE, step->video, error))
         && (step->cover == NULL
             || place_one (self, work, DOU_MEDIA_COVER_FILE, step->cover, error));
}

void
dou_media_store_place_thread (GTask *task, gpointer source, gpointer data,
                              GCancellable *cancellable)
{
  GError *error = NULL;
  gboolean done = place (source, data, &error);

  return_step (task, done, error);
}

/**
 * dou_media_store_place_async:
 * @self: a store
 * @id: of a video or picture that was begun
 * @fd: the file to keep as it came, or -1 if %DOU_MEDIA_VIDEO_FILE of the work directory is the
 *   video; it may be closed after the call
 * @video: (nullable): the name of the video below media/, if there is one
 * @cover: (nullable): that of %DOU_MEDIA_COVER_FILE, if there is one
 * @cancellable: (nullable): gives up sending them to an object store
 * @callback: called once the files are where they belong, and survive a power cut
 * @user_data: for @callback
 */
void
dou_media_store_place_async (DouMediaStore *self, gint64 id, int fd, const char *video,
                             const char *cover, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  DouMediaStep step = {
    .id = id,
    .fd = fd < 0 ? -1 : fcntl (fd, F_DUPFD_CLOEXEC, 0),
    .video = g_strdup (video),
    .cover = g_strdup (cover),
    .cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL,
  };

  g_return_if_fail (DOU_IS_MEDIA_STORE (self));
  g_return_if_fail (video != NULL || cover != NULL);

  if (self->objects == NULL)
    start (self, step, dou_media_store_place_async, dou_media_store_place_thread, callback, user_data);
  else
    dou_media_store_place_remotely (
        dou_media_store_new_task (self, step, dou_media_store_place_async, callback, user_data));
}

gboolean
dou_media_store_place_finish (DouMediaStore *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, dou_media_store_place_async, error);
}

/* Returns: (transfer full) (array zero-terminated=1): all that the files of the step's id may be
 *   called, except what it keeps */
char **
dou_media_store_list_others (const DouMediaStep *step)
{
  g_autoptr (GStrvBuilder) others = g_strv_builder_new ();
  g_autofree char *transcoded = dou_media_store_name_transcoded (step->id);
  g_autofree char *cover = dou_media_store_name_cover (step->id);

  for (gsize i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      g_autofree char *video = dou_media_store_name_video (step->id, extensions[i]);

      if (g_strcmp0 (video, step->video) != 0)
        g_strv_builder_add (others, video);
    }
  if (g_strcmp0 (transcoded, step->video) != 0)
    g_strv_builder_add (others, transcoded);
  if (g_strcmp0 (cover, step->cover) != 0)
    g_strv_builder_add (others, cover);

  return g_strv_builder_end (others);
}

static gboolean
remove_all (DouMediaStore *self, char **names, GError **error)
{
  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *path = dou_media_store_get_path (self, *name);
      gboolean removed;

      if (!dou_media_file_remove (path, &removed, error))
        return FALSE;
      if (removed)
        g_debug ("Removed %s", *name);
    }

  return TRUE;
}

static gboolean
settle (DouMediaStore *self, DouMediaStep *step, GError **error)
{
  g_autofree char *work = dou_media_store_get_work_directory (self, step->id);
  g_auto (GStrv) others = dou_media_store_list_others (step);

  return remove_all (self, others, error) && dou_media_file_remove_directory (work, error);
}

void
dou_media_store_settle_thread (GTask *task, gpointer source, gpointer data,
                               GCancellable *cancellable)
{
  GError *error = NULL;
  gboolean done = settle (source, data, &error);

  return_step (task, done, error);
}

/**
 * dou_media_store_settle_async:
 * @self: a store
 * @id: of a video that was begun
 * @video: (nullable): the file that its row names; %NULL if there is no row
 * @cover: (nullable): the cover that its row names
 * @callback: called once nothing else is left of @id
 * @user_data: for @callback
 */
void
dou_media_store_settle_async (DouMediaStore *self, gint64 id, const char *video, const char *cover,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  DouMediaStep step = { .id = id, .fd = -1, .video = g_strdup (video), .cover = g_strdup (cover) };

  g_return_if_fail (DOU_IS_MEDIA_STORE (self));

  if (self->objects == NULL)
    start (self, step, dou_media_store_settle_async, dou_media_store_settle_thread, callback,
           user_data);
  else
    dou_media_store_settle_remotely (
        dou_media_store_new_task (self, step, dou_media_store_settle_async, callback, user_data));
}

gboolean
dou_media_store_settle_finish (DouMediaStore *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, dou_media_store_settle_async, error);
}

void
dou_media_store_remove_thread (GTask *task, gpointer source, gpointer data,
                               GCancellable *cancellable)
{
  DouMediaStep *step = data;
  GError *error = NULL;
  gboolean done = remove_all (source, step->names, &error);

  return_step (task, done, error);
}

/**
 * dou_media_store_remove_async:
 * @self: a store
 * @names: (array zero-terminated=1): of files below media/, which need not be there
 * @callback: called once they are gone, and stay so
 * @user_data: for @callback
 */
void
dou_media_store_remove_async (DouMediaStore *self, const char *const *names,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  DouMediaStep step = { .fd = -1, .names = g_strdupv ((char **) names) };

  g_return_if_fail (DOU_IS_MEDIA_STORE (self));

  if (self->objects == NULL)
    start (self, step, dou_media_store_remove_async, dou_media_store_remove_thread, callback,
           user_data);
  else
    dou_media_store_remove_remotely (
        dou_media_store_new_task (self, step, dou_media_store_remove_async, callback, user_data));
}

gboolean
dou_media_store_remove_finish (DouMediaStore *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, dou_media_store_remove_async, error);
}
