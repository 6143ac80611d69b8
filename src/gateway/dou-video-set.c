/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-gather.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-video-set.h"

struct _DouVideoSet
{
  GObject parent_instance;

  DouBackend *backend; /* (owned) */
  gint64 viewer;       /* who reads it; 0 for a guest */
  gsize n_videos;

  /* One result for each video, in their order. */
  DouGather *gather; /* (owned) */
  guint videos;      /* part: (ixxsssx) */
  guint counts;      /* part: (xx) */
  guint favorites;   /* part: b; only if there is a viewer */

  DouUserSet *authors; /* (owned) (nullable) once the videos are there */
};

G_DEFINE_FINAL_TYPE (DouVideoSet, dou_video_set, G_TYPE_OBJECT)

static void
dou_video_set_finalize (GObject *object)
{
  DouVideoSet *self = DOU_VIDEO_SET (object);

  g_clear_object (&self->authors);
  g_clear_object (&self->gather);
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
gathered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GArray) authors = g_array_new (FALSE, FALSE, sizeof (gint64));
  DouVideoSet *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!dou_gather_run_finish (DOU_GATHER (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  for (gsize i = 0; i < self->n_videos; i++)
    {
      g_autoptr (GVariant) video = dou_gather_get (self->gather, self->videos, i);
      gint32 status;
      gint64 author;

      g_variant_get_child (video, 0, "i", &status);
      g_variant_get_child (video, 2, "x", &author);
      if (status == DOU_STATUS_OK)
        g_array_append_val (authors, author);
    }

  dou_user_set_load_async (self->backend, self->viewer,
                           (const gint64 *) (gpointer) authors->data, authors->len,
                           g_task_get_cancellable (task), authors_cb, g_object_ref (task));
}

static guint
dou_video_set_add_part (DouVideoSet *self, DouBackendMethod method, const gint64 *ids)
{
  g_autofree GVariant **items = g_new (GVariant *, self->n_videos);

  for (gsize i = 0; i < self->n_videos; i++)
    items[i] = method == DOU_BACKEND_ARE_FAVORITES ? g_variant_new ("(xx)", self->viewer, ids[i])
                                                   : g_variant_new_int64 (ids[i]);

  return dou_gather_add (self->gather, method, items, self->n_videos);
}

/**
 * dou_video_set_load_async:
 * @backend: the services
 * @viewer: who reads it; 0 for a guest
 * @ids: (array length=n_ids): which videos, in the order of the answer
 * @n_ids: how many
 * @cancellable: (nullable): gives up
 * @callback: called with the set
 * @user_data: for @callback
 */
void
dou_video_set_load_async (DouBackend *backend, gint64 viewer, const gint64 *ids, gsize n_ids,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  DouVideoSet *self = g_object_new (DOU_TYPE_VIDEO_SET, NULL);

  g_task_set_source_tag (task, dou_video_set_load_async);
  g_task_set_task_data (task, self, g_object_unref);

  self->backend = g_object_ref (backend);
  self->viewer = viewer;
  self->n_videos = n_ids;
  self->gather = dou_gather_new (backend);
  self->videos = dou_video_set_add_part (self, DOU_BACKEND_GET_VIDEOS, ids);
  self->counts = dou_video_set_add_part (self, DOU_BACKEND_GET_VIDEO_COUNTS, ids);
  if (viewer != 0)
    self->favorites = dou_video_set_add_part (self, DOU_BACKEND_ARE_FAVORITES, ids);
  dou_gather_run_async (self->gather, cancellable, gathered_cb, g_steal_pointer (&task));
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

static gboolean
dou_video_set_is_favorite (DouVideoSet *self, gsize index)
{
  g_autoptr (GVariant) favorite = NULL;

  if (self->viewer == 0)
    return FALSE;

  favorite = dou_gather_get (self->gather, self->favorites, index);
  return g_variant_get_boolean (favorite);
}

static void
write_link (DouJsonWriter *writer, const char *name, const char *origin, const char *file)
{
  g_autofree char *url = g_strconcat (origin, "/media/", file, NULL);

  dou_json_writer_name (writer, name);
  dou_json_writer_string (writer, url);
}

static void
dou_video_set_write_one (DouVideoSet *self, gsize index, const char *origin, DouJsonWriter *writer)
{
  g_autoptr (GVariant) video = dou_gather_get (self->gather, self->videos, index);
  g_autoptr (GVariant) counts = dou_gather_get (self->gather, self->counts, index);
  const char *title, *file, *cover;
  gint64 id, author, n_favorites, n_comments;
  gint32 status;

  g_variant_get (video, "(ixx&s&s&sx)", &status, &id, &author, &title, &file, &cover, NULL);
  g_variant_get (counts, "(xx)", &n_favorites, &n_comments);
  if (status != DOU_STATUS_OK || !dou_user_set_contains (self->authors, author))
    return;

  dou_json_writer_begin_object (writer);
  dou_json_writer_name (writer, "id");
  dou_json_writer_int64 (writer, id);
  dou_json_writer_name (writer, "author");
  dou_user_set_write (self->authors, author, DOU_USER_AUTHOR, origin, writer);
  write_link (writer, "play_url", origin, file);
  write_link (writer, "cover_url", origin, cover);
  dou_json_writer_name (writer, "favorite_count");
  dou_json_writer_int64 (writer, n_favorites);
  dou_json_writer_name (writer, "comment_count");
  dou_json_writer_int64 (writer, n_comments);
  dou_json_writer_name (writer, "is_favorite");
  dou_json_writer_boolean (writer, dou_video_set_is_favorite (self, index));
  dou_json_writer_name (writer, "title");
  dou_json_writer_string (writer, title);
  dou_json_writer_end_object (writer);
}

/**
 * dou_video_set_write:
 * @self: a set
 * @origin: scheme, host and port that links begin with
 * @writer: takes one array of Video objects. What was removed meanwhile is left out
 */
void
dou_video_set_write (DouVideoSet *self, const char *origin, DouJsonWriter *writer)
{
  dou_json_writer_begin_array (writer);
  for (gsize i = 0; i < self->n_videos; i++)
    dou_video_set_write_one (self, i, origin, writer);
  dou_json_writer_end_array (writer);
}
