/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-call-span.h"
#include "common/dou-call.h"
#include "common/dou-status.h"
#include "video/dou-picture-call.h"
#include "video/dou-video-impl.h"
#include "video/dou-video-users.h"

struct _DouVideoImpl
{
  DouDBusVideo1Skeleton parent_instance;

  DouService *service;      /* (unowned) has the connection, and so outlives what it exports */
  DouVideoManager *manager; /* (owned) */
  DouPictureImporter *pictures; /* (owned) */
  DouReplyCache *videos;        /* (owned) of GetVideos */
};

static void dou_video_impl_iface_init (DouDBusVideo1Iface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouVideoImpl, dou_video_impl, DOU_DBUS_TYPE_VIDEO1_SKELETON,
                               G_IMPLEMENT_INTERFACE (DOU_DBUS_TYPE_VIDEO1,
                                                      dou_video_impl_iface_init))

/* A call with uploads, which end one by one. */
typedef struct
{
  DouCall *call;    /* (owned) */
  GArray *statuses; /* (owned) (element-type DouStatus) */
  guint n_pending;
} Publication;

/* One of them: the data of its publishing. */
typedef struct
{
  Publication *publication; /* (unowned) which ends with the last of them */
  guint index;
} Upload;

static void
publication_settle (Publication *self)
{
  if (--self->n_pending > 0)
    return;

  dou_call_reply_statuses (self->call, self->statuses, NULL);
  dou_call_free (self->call);
  g_array_unref (self->statuses);
  g_free (self);
}

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Upload *upload = user_data;
  GArray *statuses = upload->publication->statuses;
  g_autoptr (GError) error = NULL;
  DouStatus status = DOU_STATUS_OK;

  if (!dou_video_manager_publish_finish (DOU_VIDEO_MANAGER (source), result, &error))
    status = dou_status_from_error (error);
  if (status == DOU_STATUS_INTERNAL)
    g_warning ("Publish: %s", error->message);

  g_array_index (statuses, DouStatus, upload->index) = status;
  publication_settle (upload->publication);
}

static gboolean
dou_video_impl_handle_publish (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                               GUnixFDList *files, GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  DouCall *call
      = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_UPLOADS_MAX);
  guint n_uploads = (guint) g_variant_n_children (argument);
  Publication *publication;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  /* One more than there are, so that none of them is the last before all have begun. */
  publication = g_new (Publication, 1);
  *publication = (Publication){ call, g_array_new (FALSE, TRUE, sizeof (DouStatus)), n_uploads + 1 };
  g_array_set_size (publication->statuses, n_uploads);
  for (guint i = 0; i < n_uploads; i++)
    {
      Upload *upload = g_new (Upload, 1);
      DouVideoUpload details;
      gint32 handle;

      g_variant_get_child (argument, i, "(xx&sh)", &details.id, &details.author, &details.title,
                           &handle);
      details.fd = dou_call_get_fd (files, handle);
      *upload = (Upload){ publication, i };
      dou_video_manager_publish_async (self->manager, &details, published_cb, upload);
    }
  publication_settle (publication);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_video_impl_handle_import_pictures (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                       GUnixFDList *files, GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  DouCall *call
      = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_UPLOADS_MAX);

  if (call != NULL)
    dou_picture_call_handle (call, self->pictures, files);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static GVariant *
make_pages (GArray *pages)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xax)"));

  for (guint i = 0; i < pages->len; i++)
    {
      const DouVideoPage *page = &g_array_index (pages, DouVideoPage, i);
      g_autofree gint64 *ids = g_new (gint64, page->places->len);

      for (guint j = 0; j < page->places->len; j++)
        ids[j] = g_array_index (page->places, DouVideoPlace, j).id;

      g_variant_builder_add (&builder, "(x@ax)", page->next,
                             g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids,
                                                        page->places->len, sizeof (gint64)));
    }

  return g_variant_builder_end (&builder);
}

static void
got_feed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pages
      = dou_video_manager_get_pages_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply (call, pages != NULL ? make_pages (pages) : NULL, error);
}

static gboolean
dou_video_impl_handle_get_feed (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  gsize n_requests = g_variant_n_children (argument);
  g_autofree DouVideoPageRequest *requests = NULL;
  guint64 n_misses = dou_video_manager_get_newest_misses (self->manager);

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  requests = g_new0 (DouVideoPageRequest, n_requests);
  for (gsize i = 0; i < n_requests; i++)
    g_variant_get_child (argument, i, "(xu)", &requests[i].before, &requests[i].limit);

  dou_video_manager_get_feed_async (self->manager, requests, (guint) n_requests, got_feed_cb, call);
  n_misses = dou_video_manager_get_newest_misses (self->manager) - n_misses;
  dou_reply_cache_count (self->videos, (guint) (n_requests - n_misses), (guint) n_misses);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
got_works_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pages
      = dou_video_manager_get_pages_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply (call, pages != NULL ? make_pages (pages) : NULL, error);
}

static gboolean
dou_video_impl_handle_get_works (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                 GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  gsize n_requests = g_variant_n_children (argument);
  g_autofree DouVideoPageRequest *requests = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  requests = g_new0 (DouVideoPageRequest, n_requests);
  for (gsize i = 0; i < n_requests; i++)
    g_variant_get_child (argument, i, "(xxu)", &requests[i].author, &requests[i].before,
                         &requests[i].limit);

  dou_video_manager_get_works_async (self->manager, requests, (guint) n_requests, got_works_cb,
                                     call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* @ids are those that were asked for, in the order of @videos. */
static GVariant *
make_videos (GVariant *ids, GPtrArray *videos)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixxsssx)"));

  for (guint i = 0; i < videos->len; i++)
    {
      const DouVideo *video = g_ptr_array_index (videos, i);
      gint64 id;

      g_variant_get_child (ids, i, "x", &id);
      if (video != NULL && video->hidden == 0)
        g_variant_builder_add (&builder, "(ixxsssx)", (gint32) DOU_STATUS_OK, id, video->author,
                               video->title, video->file, video->cover, video->publish_time);
      else
        g_variant_builder_add (&builder, "(ixxsssx)", (gint32) DOU_STATUS_VIDEO_NOT_FOUND, id,
                               (gint64) 0, "", "", "", (gint64) 0);
    }

  return g_variant_builder_end (&builder);
}

static void
got_videos_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) videos
      = dou_video_store_get_videos_finish (DOU_VIDEO_STORE (source), result, &error);

  dou_call_reply (call, videos != NULL ? make_videos (call->argument, videos) : NULL, error);
}

static gboolean
dou_video_impl_handle_get_videos (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                  GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  g_autoptr (DouCall) call
      = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  const gint64 *ids;
  gsize n_ids;

  if (call == NULL || dou_call_recall (call, self->videos, "a(ixxsssx)"))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (call->argument, &n_ids, sizeof (gint64));
  dou_video_store_get_videos_async (dou_video_manager_get_store (self->manager), ids,
                                    (guint) n_ids, got_videos_cb, g_steal_pointer (&call));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
got_work_counts_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) counts
      = dou_video_store_get_work_counts_finish (DOU_VIDEO_STORE (source), result, &error);

  dou_call_reply_numbers (call, counts, error);
}

static gboolean
dou_video_impl_handle_get_work_counts (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                       GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  const gint64 *authors;
  gsize n_authors;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  authors = g_variant_get_fixed_array (argument, &n_authors, sizeof (gint64));
  dou_video_store_get_work_counts_async (dou_video_manager_get_store (self->manager), authors,
                                         (guint) n_authors, got_work_counts_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_manager_delete_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static gboolean
dou_video_impl_handle_delete_videos (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  gsize n_deletions = g_variant_n_children (argument);
  g_autofree DouVideoDeletion *deletions = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  deletions = g_new0 (DouVideoDeletion, n_deletions);
  for (gsize i = 0; i < n_deletions; i++)
    g_variant_get_child (argument, i, "(xx)", &deletions[i].video, &deletions[i].user);

  dou_video_manager_delete_async (self->manager, deletions, (guint) n_deletions, deleted_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
removed_users_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_remove_users_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static gboolean
dou_video_impl_handle_remove_users (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  const gint64 *users;
  gsize n_users;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  users = g_variant_get_fixed_array (argument, &n_users, sizeof (gint64));
  dou_video_remove_users_async (self->manager, dou_picture_importer_get_keeper (self->pictures),
                                users, (guint) n_users, removed_users_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
recounted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  gint64 n_wrong = dou_video_manager_recount_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply (call, n_wrong >= 0 ? g_variant_new_int64 (n_wrong) : NULL, error);
}

static gboolean
dou_video_impl_handle_recount (DouDBusVideo1 *object, GDBusMethodInvocation *invocation)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);

  dou_video_manager_recount_async (self->manager, recounted_cb,
                                   dou_call_begin (self->service, self, invocation, NULL, 0));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static GVariant *
make_ids (GArray *ids)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids->data, ids->len, sizeof (gint64));
}

static void
changed_cb (DouVideoManager *manager, GArray *ids, gpointer user_data)
{
  dou_dbus_video1_emit_changed (DOU_DBUS_VIDEO1 (user_data), make_ids (ids));
}

static void
work_counts_changed_cb (DouVideoManager *manager, GArray *authors, gpointer user_data)
{
  dou_dbus_video1_emit_work_counts_changed (DOU_DBUS_VIDEO1 (user_data), make_ids (authors));
}

/* What no call waits for is waited for too: tidying up, and ffmpeg that is being ended. */
static void
busy_cb (DouVideoManager *manager, GParamSpec *pspec, gpointer user_data)
{
  DouVideoImpl *self = user_data;

  if (dou_video_manager_is_busy (manager))
    dou_service_hold (self->service);
  else
    dou_service_release (self->service);
}

static void
stopping_cb (DouService *service, gpointer user_data)
{
  dou_video_manager_stop (DOU_VIDEO_IMPL (user_data)->manager);
}

static void
dou_video_impl_dispose (GObject *object)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);

  g_clear_object (&self->videos);
  g_clear_object (&self->manager);
  g_clear_object (&self->pictures);

  G_OBJECT_CLASS (dou_video_impl_parent_class)->dispose (object);
}

static void
dou_video_impl_class_init (DouVideoImplClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_impl_dispose;
  dou_call_span_install (G_DBUS_INTERFACE_SKELETON_CLASS (klass));
}

static void
dou_video_impl_iface_init (DouDBusVideo1Iface *iface)
{
  iface->handle_publish = dou_video_impl_handle_publish;
  iface->handle_import_pictures = dou_video_impl_handle_import_pictures;
  iface->handle_get_feed = dou_video_impl_handle_get_feed;
  iface->handle_get_works = dou_video_impl_handle_get_works;
  iface->handle_get_videos = dou_video_impl_handle_get_videos;
  iface->handle_get_work_counts = dou_video_impl_handle_get_work_counts;
  iface->handle_delete_videos = dou_video_impl_handle_delete_videos;
  iface->handle_remove_users = dou_video_impl_handle_remove_users;
  iface->handle_recount = dou_video_impl_handle_recount;
}

static void
dou_video_impl_init (DouVideoImpl *self)
{
}

/**
 * dou_video_impl_new:
 * @service: (transfer none): held while a call or anything else is under way; outlives the object
 * @manager: what is exported; stopped with the service
 * @pictures: takes the pictures of users in
 *
 * Returns: (transfer full): an object to be exported
 */
DouVideoImpl *
dou_video_impl_new (DouService *service, DouVideoManager *manager, DouPictureImporter *pictures)
{
  DouVideoImpl *self;
  DouVideoStore *store;

  g_return_val_if_fail (DOU_IS_SERVICE (service), NULL);
  g_return_val_if_fail (DOU_IS_VIDEO_MANAGER (manager), NULL);
  g_return_val_if_fail (DOU_IS_PICTURE_IMPORTER (pictures), NULL);

  store = dou_video_manager_get_store (manager);
  self = g_object_new (DOU_TYPE_VIDEO_IMPL, "version", DOU_VERSION, "engine",
                       dou_video_store_get_engine (store), "schema-version",
                       dou_video_store_get_schema_version (store), "start-time",
                       g_get_real_time () / 1000, NULL);
  self->service = service;
  self->manager = g_object_ref (manager);
  self->pictures = g_object_ref (pictures);
  self->videos = dou_reply_cache_new (
      G_DBUS_INTERFACE_SKELETON (self), "changed", "video rows",
      (gsize) dou_config_get_int64 (dou_service_get_config (service), DOU_CONFIG_CACHE_SERVICE));
  g_object_bind_property (manager, "video-count", self, "video-count", G_BINDING_SYNC_CREATE);
  g_object_bind_property (manager, "pending-transcodes", self, "pending-transcodes",
                          G_BINDING_SYNC_CREATE);
  g_object_bind_property (manager, "failed-transcodes", self, "failed-transcodes",
                          G_BINDING_SYNC_CREATE);
  g_signal_connect_object (manager, "changed", G_CALLBACK (changed_cb), self, 0);
  g_signal_connect_object (manager, "work-counts-changed", G_CALLBACK (work_counts_changed_cb),
                           self, 0);
  g_signal_connect_object (manager, "notify::busy", G_CALLBACK (busy_cb), self, 0);
  g_signal_connect_object (service, "stopping", G_CALLBACK (stopping_cb), self, 0);
  if (dou_video_manager_is_busy (manager))
    dou_service_hold (service);
  return self;
}
