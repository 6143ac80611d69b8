/* SPDX-License-Identifier: Apache-2.0 */

/* What the media store wants of an object store: files put there, fetched, and removed, a few at once.
 *
 * Whoever publishes waits while the store is tried again and again; whoever only tidies up has time.
 * So after the store could not be reached nothing is removed for some seconds: it is left to be done
 * later, at once, instead of having each of many videos wait for a store that hangs.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixoutputstream.h>
#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "video/dou-media-objects.h"

/* For how long a store that could not be reached is left alone by those who have time. */
#define DOWN_TIME (5 * G_TIME_SPAN_SECOND)
/* Bytes that are fetched at once. */
#define CHUNK (1024 * 1024)

struct _DouMediaObjects
{
  GObject parent_instance;

  DouObjectStore *store; /* (owned) */
  gint64 down_until;     /* monotonic time */
};

G_DEFINE_FINAL_TYPE (DouMediaObjects, dou_media_objects, G_TYPE_OBJECT)

/* Several requests that end together: the data of their task. */
typedef struct
{
  guint n_pending;
  GError *error; /* (owned) (nullable) the first */
} Batch;

/* A file that is being fetched: the data of its task. */
typedef struct
{
  GInputStream *from; /* (owned) (nullable) */
  GOutputStream *to;  /* (owned) (nullable) */
  char *buffer;       /* (owned) */
  int fd;             /* (owned) or -1 */
} Fetch;

static void
batch_free (Batch *batch)
{
  g_clear_error (&batch->error);
  g_free (batch);
}

static void
fetch_free (Fetch *fetch)
{
  g_clear_object (&fetch->from);
  g_clear_object (&fetch->to);
  if (fetch->fd >= 0)
    g_close (fetch->fd, NULL);
  g_free (fetch->buffer);
  g_free (fetch);
}

static void
dou_media_objects_dispose (GObject *object)
{
  g_clear_object (&DOU_MEDIA_OBJECTS (object)->store);

  G_OBJECT_CLASS (dou_media_objects_parent_class)->dispose (object);
}

static void
dou_media_objects_class_init (DouMediaObjectsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_media_objects_dispose;
}

static void
dou_media_objects_init (DouMediaObjects *self)
{
}

/**
 * dou_media_objects_new:
 * @store: where they are
 *
 * Returns: (transfer full): the objects in @store
 */
DouMediaObjects *
dou_media_objects_new (DouObjectStore *store)
{
  DouMediaObjects *self = g_object_new (DOU_TYPE_MEDIA_OBJECTS, NULL);

  self->store = g_object_ref (store);
  return self;
}

static const char *
get_content_type (const char *name)
{
  static const char *const types[][2] = {
    { ".mp4", "video/mp4" },
    { ".mov", "video/quicktime" },
    { ".webm", "video/webm" },
    { ".mkv", "video/x-matroska" },
    { ".jpg", "image/jpeg" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i][0]))
      return types[i][1];

  return "application/octet-stream";
}

/* A request has ended. What a store does not find of an upload is no matter of the user's. */
static void
dou_media_objects_note (DouMediaObjects *self, GError *error)
{
  if (error == NULL)
    self->down_until = 0;
  else if (g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
    self->down_until = g_get_monotonic_time () + DOWN_TIME;
  else if (error->domain == DOU_ERROR)
    error->code = DOU_STATUS_INTERNAL;
}

/* One of a batch has ended. @error: (transfer full) (nullable) */
static void
batch_advance (GTask *task, GError *error)
{
  Batch *batch = g_task_get_task_data (task);

  dou_media_objects_note (g_task_get_source_object (task), error);
  if (batch->error == NULL)
    batch->error = error;
  else
    g_clear_error (&error);

  if (--batch->n_pending > 0)
    return;
  if (batch->error != NULL)
    g_task_return_error (task, g_steal_pointer (&batch->error));
  else
    g_task_return_boolean (task, TRUE);
}

/* Returns: (transfer full): a task for @n_pending requests */
static GTask *
batch_begin (DouMediaObjects *self, gpointer tag, guint n_pending, GAsyncReadyCallback callback,
             gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Batch *batch = g_new0 (Batch, 1);

  batch->n_pending = n_pending;
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, batch, (GDestroyNotify) batch_free);
  if (n_pending == 0)
    g_task_return_boolean (task, TRUE);
  return task;
}

static gboolean
finish (DouMediaObjects *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
put_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  dou_object_store_put_finish (DOU_OBJECT_STORE (source), result, &error);
  batch_advance (task, error);
}

/**
 * dou_media_objects_put_async:
 * @self: objects
 * @names: (array zero-terminated=1): what they shall be called
 * @paths: (array zero-terminated=1): of the file of each, which nobody changes
 * @cancellable: (nullable): gives up
 * @callback: called once all are there, and their sizes and checksums are right
 * @user_data: for @callback
 */
void
dou_media_objects_put_async (DouMediaObjects *self, const char *const *names,
                             const char *const *paths, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task
      = batch_begin (self, dou_media_objects_put_async, g_strv_length ((char **) names), callback,
                     user_data);

  for (gsize i = 0; names[i] != NULL; i++)
    dou_object_store_put_async (self->store, names[i], get_content_type (names[i]), paths[i],
                                cancellable, put_cb, g_object_ref (task));
}

/**
 * dou_media_objects_put_finish:
 * @self: objects
 * @result: of the callback
 * @error: return location for %DOU_STATUS_UNAVAILABLE, %DOU_STATUS_INTERNAL, a #DouObjectError if the store refuses,
 *   or %G_IO_ERROR_CANCELLED
 *
 * Returns: whether all are there
 */
gboolean
dou_media_objects_put_finish (DouMediaObjects *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, dou_media_objects_put_async, error);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  dou_object_store_delete_finish (DOU_OBJECT_STORE (source), result, &error);
  batch_advance (task, error);
}

static void
aborted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  dou_object_store_abort_finish (DOU_OBJECT_STORE (source), result, &error);
  batch_advance (task, error);
}

/**
 * dou_media_objects_remove_async:
 * @self: objects
 * @names: (array zero-terminated=1): of objects, which need not be there
 * @stem: (nullable): what the names begin with of those whose upload may have been left
 * @callback: called once they are gone
 * @user_data: for @callback
 */
void
dou_media_objects_remove_async (DouMediaObjects *self, const char *const *names, const char *stem,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  guint n_names = g_strv_length ((char **) names);

  if (n_names > 0 && g_get_monotonic_time () < self->down_until)
    {
      task = g_task_new (self, NULL, callback, user_data);
      g_task_set_source_tag (task, dou_media_objects_remove_async);
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                               "The object store was not reached just now");
      return;
    }

  task = batch_begin (self, dou_media_objects_remove_async, n_names + (stem != NULL ? 1 : 0),
                      callback, user_data);
  for (gsize i = 0; names[i] != NULL; i++)
    dou_object_store_delete_async (self->store, names[i], NULL, removed_cb, g_object_ref (task));
  if (stem != NULL)
    dou_object_store_abort_async (self->store, stem, NULL, aborted_cb, g_object_ref (task));
}

gboolean
dou_media_objects_remove_finish (DouMediaObjects *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, dou_media_objects_remove_async, error);
}

static void fetch_more (GTask *task);

/* @error: (transfer full) */
static void
fetch_fail (GTask *task, GError *error)
{
  DouStatus status = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE)
                         ? DOU_STATUS_DISK_FULL
                         : DOU_STATUS_UNAVAILABLE;

  if (error->domain == DOU_ERROR || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_return_new_error (task, DOU_ERROR, (gint) status, "Cannot fetch a video: %s",
                           error->message);
  g_error_free (error);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    fetch_more (task);
  else
    fetch_fail (task, error);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Fetch *fetch = g_task_get_task_data (task);
  GError *error = NULL;
  gsize length;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, &error))
    fetch_fail (task, error);
  else if (length == 0)
    {
      g_task_return_int (task, fetch->fd);
      fetch->fd = -1;
    }
  else
    g_output_stream_write_all_async (fetch->to, fetch->buffer, length, G_PRIORITY_DEFAULT,
                                     g_task_get_cancellable (task), written_cb,
                                     g_object_ref (task));
}

static void
fetch_more (GTask *task)
{
  Fetch *fetch = g_task_get_task_data (task);

  g_input_stream_read_all_async (fetch->from, fetch->buffer, CHUNK, G_PRIORITY_DEFAULT,
                                 g_task_get_cancellable (task), read_cb, g_object_ref (task));
}

static void
got_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Fetch *fetch = g_task_get_task_data (task);
  GError *error = NULL;

  fetch->from = dou_object_store_get_finish (DOU_OBJECT_STORE (source), result, &error);
  if (fetch->from != NULL)
    {
      fetch_more (task);
      return;
    }

  /* A store that refuses, or does not know the bucket, says nothing of this one object. */
  if (error->domain == DOU_OBJECT_ERROR)
    {
      g_warning ("%s%s", error->message,
                 g_error_matches (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_DENIED)
                     ? " (either the key may not read it, or there is no such object and the key may "
                       "not list the bucket)"
                     : "");
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s", error->message);
      g_error_free (error);
      return;
    }
  g_task_return_error (task, error);
}

/**
 * dou_media_objects_fetch_async:
 * @self: objects
 * @name: of one
 * @directory: on a disk with room for it
 * @cancellable: (nullable): gives up
 * @callback: called once it is there
 * @user_data: for @callback
 */
void
dou_media_objects_fetch_async (DouMediaObjects *self, const char *name, const char *directory,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Fetch *fetch = g_new0 (Fetch, 1);

  g_task_set_source_tag (task, dou_media_objects_fetch_async);
  g_task_set_task_data (task, fetch, (GDestroyNotify) fetch_free);
  fetch->fd = open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fetch->fd < 0)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_INTERNAL, "Cannot write in %s: %s",
                               directory, g_strerror (errno));
      return;
    }

  fetch->to = g_unix_output_stream_new (fetch->fd, FALSE);
  fetch->buffer = g_malloc (CHUNK);
  dou_object_store_get_async (self->store, name, 0, 0, cancellable, got_cb,
                              g_steal_pointer (&task));
}

/**
 * dou_media_objects_fetch_finish:
 * @self: objects
 * @result: of the callback
 * @error: return location for %DOU_STATUS_NOT_FOUND if there is no such object, %DOU_STATUS_UNAVAILABLE if the store
 *   does not say or give it, and others
 *
 * Returns: (transfer full): a file without a name that holds the object, or -1
 */
int
dou_media_objects_fetch_finish (DouMediaObjects *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_objects_fetch_async), -1);

  return (int) g_task_propagate_int (G_TASK (result), error);
}
