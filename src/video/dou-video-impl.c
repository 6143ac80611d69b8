/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <gio/gunixfdlist.h>

#include "common/dou-call-requests.h"
#include "common/dou-call-span.h"
#include "common/dou-log.h"
#include "common/dou-reply-cache.h"
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

/* What one method call needs until its reply. */
typedef struct
{
  DouVideoImpl *impl;                /* (owned) */
  GDBusMethodInvocation *invocation; /* (owned) until the reply, which takes it */
  GVariant *argument;                /* (owned) (nullable) */
  gint32 *statuses;                  /* (owned) (nullable) of uploads */
  guint n_pending;                   /* uploads */
  DouReplyFetch *fetch;              /* (owned) (nullable) whose rest is the argument */
} Request;

static Request *
request_new (DouVideoImpl *impl, GDBusMethodInvocation *invocation, GVariant *argument)
{
  Request *self = g_new0 (Request, 1);

  self->impl = g_object_ref (impl);
  self->invocation = invocation;
  self->argument = argument != NULL ? g_variant_ref (argument) : NULL;
  dou_service_hold (impl->service);
  return self;
}

/* The reply is on its way. */
static void
request_free (Request *self)
{
  g_assert (self->invocation == NULL);

  dou_service_release (self->impl->service);
  g_clear_pointer (&self->fetch, dou_reply_fetch_free);
  g_object_unref (self->impl);
  g_clear_pointer (&self->argument, g_variant_unref);
  g_free (self->statuses);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

/* Only DOU_ERROR leaves the process. */
static void
request_fail (Request *self, const GError *error)
{
  DouStatus status = dou_status_from_error (error);

  dou_call_span_fail (self->invocation, error->message);
  if (status == DOU_STATUS_INTERNAL)
    {
      dou_log_name_requests (dou_call_requests_get (self->invocation));
      g_warning ("%s: %s", g_dbus_method_invocation_get_method_name (self->invocation),
                 error->message);
      dou_log_name_requests (NULL);
    }

  g_dbus_method_invocation_return_error_literal (g_steal_pointer (&self->invocation), DOU_ERROR,
                                                 (gint) status, error->message);
}

/* Replies with an error if there are too many items. */
static gboolean
is_too_large (GDBusMethodInvocation *invocation, GVariant *argument, gsize max)
{
  if (g_variant_n_children (argument) <= max)
    return FALSE;

  g_dbus_method_invocation_return_error (invocation, DOU_ERROR, DOU_STATUS_TOO_LARGE,
                                         "More than %" G_GSIZE_FORMAT " items", max);
  return TRUE;
}

/* One of the uploads of a request: the data of its call. */
typedef struct
{
  Request *request; /* (unowned) which ends with the last of them */
  gsize index;
} Upload;

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Upload *upload = user_data;
  Request *request = upload->request;
  g_autoptr (GError) error = NULL;

  if (!dou_video_manager_publish_finish (DOU_VIDEO_MANAGER (source), result, &error))
    request->statuses[upload->index] = (gint32) dou_status_from_error (error);
  if (request->statuses[upload->index] == DOU_STATUS_INTERNAL)
    g_warning ("Publish: %s", error->message);

  if (--request->n_pending > 0)
    return;

  dou_dbus_video1_complete_publish (
      DOU_DBUS_VIDEO1 (request->impl), g_steal_pointer (&request->invocation), NULL,
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT32, request->statuses,
                                 g_variant_n_children (request->argument), sizeof (gint32)));
  request_free (request);
}

/* A handle is an index into the list of descriptors; both are the caller's, and may not fit. */
static int
get_fd (GUnixFDList *files, gint32 handle)
{
  int n_fds = 0;
  const int *fds = files != NULL ? g_unix_fd_list_peek_fds (files, &n_fds) : NULL;

  return handle >= 0 && handle < n_fds ? fds[handle] : -1;
}

static gboolean
dou_video_impl_handle_publish (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                               GUnixFDList *files, GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  gsize n_uploads = g_variant_n_children (argument);
  Request *request;

  if (is_too_large (invocation, argument, DOU_VIDEO_UPLOADS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  if (n_uploads == 0)
    {
      dou_dbus_video1_complete_publish (object, invocation, NULL, g_variant_new ("ai", NULL));
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  request = request_new (self, invocation, argument);
  request->statuses = g_new0 (gint32, n_uploads);
  request->n_pending = (guint) n_uploads;
  for (gsize i = 0; i < n_uploads; i++)
    {
      Upload *upload = g_new0 (Upload, 1);
      DouVideoUpload details;
      gint32 handle;

      g_variant_get_child (argument, i, "(xx&sh)", &details.id, &details.author, &details.title,
                           &handle);
      details.fd = get_fd (files, handle);
      upload->request = request;
      upload->index = i;
      dou_video_manager_publish_async (self->manager, &details, published_cb, upload);
    }

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_video_impl_handle_import_pictures (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                       GUnixFDList *files, GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);

  if (!is_too_large (invocation, argument, DOU_VIDEO_UPLOADS_MAX))
    dou_picture_call_handle (self->pictures, self->service, object, invocation, files, argument);
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
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pages
      = dou_video_manager_get_pages_finish (DOU_VIDEO_MANAGER (source), result, &error);

  if (pages != NULL)
    dou_dbus_video1_complete_get_feed (DOU_DBUS_VIDEO1 (request->impl),
                                       g_steal_pointer (&request->invocation),
                                       make_pages (pages));
  else
    request_fail (request, error);
}

static gboolean
dou_video_impl_handle_get_feed (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  gsize n_requests = g_variant_n_children (argument);
  g_autofree DouVideoPageRequest *requests = NULL;
  guint64 n_misses = dou_video_manager_get_newest_misses (self->manager);

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  requests = g_new0 (DouVideoPageRequest, n_requests);
  for (gsize i = 0; i < n_requests; i++)
    g_variant_get_child (argument, i, "(xu)", &requests[i].before, &requests[i].limit);

  dou_video_manager_get_feed_async (self->manager, requests, (guint) n_requests, got_feed_cb,
                                    request_new (self, invocation, argument));
  n_misses = dou_video_manager_get_newest_misses (self->manager) - n_misses;
  dou_reply_cache_count (self->videos, (guint) (n_requests - n_misses), (guint) n_misses);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
got_works_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pages
      = dou_video_manager_get_pages_finish (DOU_VIDEO_MANAGER (source), result, &error);

  if (pages != NULL)
    dou_dbus_video1_complete_get_works (DOU_DBUS_VIDEO1 (request->impl),
                                        g_steal_pointer (&request->invocation),
                                        make_pages (pages));
  else
    request_fail (request, error);
}

static gboolean
dou_video_impl_handle_get_works (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                 GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  gsize n_requests = g_variant_n_children (argument);
  g_autofree DouVideoPageRequest *requests = NULL;

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  requests = g_new0 (DouVideoPageRequest, n_requests);
  for (gsize i = 0; i < n_requests; i++)
    g_variant_get_child (argument, i, "(xxu)", &requests[i].author, &requests[i].before,
                         &requests[i].limit);

  dou_video_manager_get_works_async (self->manager, requests, (guint) n_requests, got_works_cb,
                                     request_new (self, invocation, argument));
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
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) videos
      = dou_video_store_get_videos_finish (DOU_VIDEO_STORE (source), result, &error);

  if (videos != NULL)
    dou_dbus_video1_complete_get_videos (DOU_DBUS_VIDEO1 (request->impl),
                                         g_steal_pointer (&request->invocation),
                                         dou_reply_fetch_end (request->fetch,
                                                              make_videos (request->argument, videos)));
  else
    request_fail (request, error);
}

static gboolean
dou_video_impl_handle_get_videos (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                  GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  g_autoptr (DouReplyFetch) fetch = NULL;
  Request *request;
  const gint64 *ids;
  gsize n_ids;

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  fetch = dou_reply_cache_begin (self->videos, argument);
  ids = g_variant_get_fixed_array (dou_reply_fetch_get_missing (fetch), &n_ids, sizeof (gint64));
  if (n_ids == 0)
    {
      dou_dbus_video1_complete_get_videos (
          object, invocation, dou_reply_fetch_end (fetch, g_variant_new ("a(ixxsssx)", NULL)));
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  request = request_new (self, invocation, dou_reply_fetch_get_missing (fetch));
  request->fetch = g_steal_pointer (&fetch);
  dou_video_store_get_videos_async (dou_video_manager_get_store (self->manager), ids,
                                    (guint) n_ids, got_videos_cb, request);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
got_work_counts_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) counts
      = dou_video_store_get_work_counts_finish (DOU_VIDEO_STORE (source), result, &error);

  if (counts != NULL)
    dou_dbus_video1_complete_get_work_counts (
        DOU_DBUS_VIDEO1 (request->impl), g_steal_pointer (&request->invocation),
        g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, counts->data, counts->len,
                                   sizeof (gint64)));
  else
    request_fail (request, error);
}

static gboolean
dou_video_impl_handle_get_work_counts (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                       GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  const gint64 *authors;
  gsize n_authors;

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  authors = g_variant_get_fixed_array (argument, &n_authors, sizeof (gint64));
  dou_video_store_get_work_counts_async (dou_video_manager_get_store (self->manager), authors,
                                         (guint) n_authors, got_work_counts_cb,
                                         request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_manager_delete_finish (DOU_VIDEO_MANAGER (source), result, &error);

  if (statuses != NULL)
    dou_dbus_video1_complete_delete_videos (
        DOU_DBUS_VIDEO1 (request->impl), g_steal_pointer (&request->invocation),
        g_variant_new_fixed_array (G_VARIANT_TYPE_INT32, statuses->data, statuses->len,
                                   sizeof (gint32)));
  else
    request_fail (request, error);
}

static gboolean
dou_video_impl_handle_delete_videos (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  gsize n_deletions = g_variant_n_children (argument);
  g_autofree DouVideoDeletion *deletions = NULL;

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  deletions = g_new0 (DouVideoDeletion, n_deletions);
  for (gsize i = 0; i < n_deletions; i++)
    g_variant_get_child (argument, i, "(xx)", &deletions[i].video, &deletions[i].user);

  dou_video_manager_delete_async (self->manager, deletions, (guint) n_deletions, deleted_cb,
                                  request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
removed_users_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_remove_users_finish (DOU_VIDEO_MANAGER (source), result, &error);

  if (statuses != NULL)
    dou_dbus_video1_complete_remove_users (
        DOU_DBUS_VIDEO1 (request->impl), g_steal_pointer (&request->invocation),
        g_variant_new_fixed_array (G_VARIANT_TYPE_INT32, statuses->data, statuses->len,
                                   sizeof (gint32)));
  else
    request_fail (request, error);
}

static gboolean
dou_video_impl_handle_remove_users (DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);
  const gint64 *users;
  gsize n_users;

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  users = g_variant_get_fixed_array (argument, &n_users, sizeof (gint64));
  dou_video_remove_users_async (self->manager, dou_picture_importer_get_keeper (self->pictures),
                                users, (guint) n_users, removed_users_cb,
                                request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
recounted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  gint64 n_wrong = dou_video_manager_recount_finish (DOU_VIDEO_MANAGER (source), result, &error);

  if (n_wrong >= 0)
    dou_dbus_video1_complete_recount (DOU_DBUS_VIDEO1 (request->impl),
                                      g_steal_pointer (&request->invocation), n_wrong);
  else
    request_fail (request, error);
}

static gboolean
dou_video_impl_handle_recount (DouDBusVideo1 *object, GDBusMethodInvocation *invocation)
{
  DouVideoImpl *self = DOU_VIDEO_IMPL (object);

  dou_video_manager_recount_async (self->manager, recounted_cb,
                                   request_new (self, invocation, NULL));
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
  g_signal_connect_object (manager, "changed", G_CALLBACK (changed_cb), self, 0);
  g_signal_connect_object (manager, "work-counts-changed", G_CALLBACK (work_counts_changed_cb),
                           self, 0);
  g_signal_connect_object (manager, "notify::busy", G_CALLBACK (busy_cb), self, 0);
  g_signal_connect_object (service, "stopping", G_CALLBACK (stopping_cb), self, 0);
  if (dou_video_manager_is_busy (manager))
    dou_service_hold (service);
  return self;
}
