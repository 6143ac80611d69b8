/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-video-set.h"

struct _DouVideoSet
{
  GObject parent_instance;

  DouBackend *backend;     /* (owned) */
  DouBatchResults *videos; /* (owned) (nullable) (ixxsssx) */
  DouUserSet *authors;     /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (DouVideoSet, dou_video_set, G_TYPE_OBJECT)

static void
dou_video_set_finalize (GObject *object)
{
  DouVideoSet *self = DOU_VIDEO_SET (object);

  g_clear_pointer (&self->videos, dou_batch_results_free);
  g_clear_object (&self->authors);
  g_clear_object (&self->backend);

  G_OBJECT_CLASS (dou_video_set_parent_class)->finalize (object);
}

static void
dou_video_set_class_init (DouVideoSetClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_video_set_finalize;
}

static void
dou_video_set_init (DouVideoSet *self)
{
}

static gsize
dou_video_set_get_n (DouVideoSet *self)
{
  return self->videos != NULL ? dou_batch_results_get_n (self->videos) : 0;
}

static void
authors_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoSet *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->authors = dou_user_set_load_finish (result, &error);
  if (self->authors == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_object_ref (self), g_object_unref);
}

static void
videos_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GArray) authors = g_array_new (FALSE, FALSE, sizeof (gint64));
  DouVideoSet *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->videos = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  if (self->videos == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (gsize i = 0; i < dou_video_set_get_n (self); i++)
    {
      g_autoptr (GVariant) video = dou_batch_results_get (self->videos, i);
      gint32 status;
      gint64 author;

      g_variant_get_child (video, 0, "i", &status);
      g_variant_get_child (video, 2, "x", &author);
      if (status == DOU_STATUS_OK)
        g_array_append_val (authors, author);
    }

  dou_user_set_load_async (self->backend, (const gint64 *) (gpointer) authors->data, authors->len,
                           g_task_get_cancellable (task), authors_cb, g_object_ref (task));
}

/**
 * dou_video_set_load_async:
 * @backend: the services
 * @ids: (array length=n_ids): which videos, in the order of the answer
 * @n_ids: how many
 * @cancellable: (nullable): gives up
 * @callback: called with the set
 * @user_data: for @callback
 */
void
dou_video_set_load_async (DouBackend *backend, const gint64 *ids, gsize n_ids,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autofree GVariant **items = NULL;
  DouVideoSet *self = g_object_new (DOU_TYPE_VIDEO_SET, NULL);

  g_task_set_source_tag (task, dou_video_set_load_async);
  g_task_set_task_data (task, self, g_object_unref);
  self->backend = g_object_ref (backend);

  if (n_ids == 0)
    {
      g_task_return_pointer (task, g_object_ref (self), g_object_unref);
      return;
    }

  items = g_new (GVariant *, n_ids);
  for (gsize i = 0; i < n_ids; i++)
    items[i] = g_variant_new_int64 (ids[i]);
  dou_batcher_submit_async (dou_backend_get_batcher (backend, DOU_BACKEND_GET_VIDEOS), items, n_ids,
                            cancellable, videos_cb, g_object_ref (task));
}

/**
 * dou_video_set_load_finish:
 * @result: of dou_video_set_load_async()
 * @error: return location
 *
 * Returns: (transfer full): the videos that exist and have an author, or %NULL
 */
DouVideoSet *
dou_video_set_load_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_set_load_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
write_link (DouJsonWriter *writer, const char *name, const char *origin, const char *file)
{
  g_autofree char *url = g_strconcat (origin, "/media/", file, NULL);

  dou_json_writer_name (writer, name);
  dou_json_writer_string (writer, url);
}

static void
dou_video_set_write_one (DouVideoSet *self, GVariant *video, gint64 viewer, const char *origin,
                         DouJsonWriter *writer)
{
  const char *title, *file, *cover;
  gint64 id, author;
  gint32 status;

  g_variant_get (video, "(ixx&s&s&sx)", &status, &id, &author, &title, &file, &cover, NULL);
  if (status != DOU_STATUS_OK || !dou_user_set_contains (self->authors, author))
    return;

  dou_json_writer_begin_object (writer);
  dou_json_writer_name (writer, "id");
  dou_json_writer_int64 (writer, id);
  dou_json_writer_name (writer, "author");
  dou_user_set_write (self->authors, author, DOU_USER_AUTHOR, viewer, origin, writer);
  write_link (writer, "play_url", origin, file);
  write_link (writer, "cover_url", origin, cover);
  dou_json_writer_name (writer, "favorite_count");
  dou_json_writer_int64 (writer, 0);
  dou_json_writer_name (writer, "comment_count");
  dou_json_writer_int64 (writer, 0);
  dou_json_writer_name (writer, "is_favorite");
  dou_json_writer_boolean (writer, FALSE);
  dou_json_writer_name (writer, "title");
  dou_json_writer_string (writer, title);
  dou_json_writer_end_object (writer);
}

/**
 * dou_video_set_write:
 * @self: a set
 * @viewer: who reads it; 0 for a guest
 * @origin: scheme, host and port that links begin with
 * @writer: takes one array of Video objects. What was removed meanwhile is left out
 */
void
dou_video_set_write (DouVideoSet *self, gint64 viewer, const char *origin, DouJsonWriter *writer)
{
  dou_json_writer_begin_array (writer);
  for (gsize i = 0; i < dou_video_set_get_n (self); i++)
    {
      g_autoptr (GVariant) video = dou_batch_results_get (self->videos, i);

      dou_video_set_write_one (self, video, viewer, origin, writer);
    }
  dou_json_writer_end_array (writer);
}
