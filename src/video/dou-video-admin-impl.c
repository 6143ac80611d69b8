/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.Video1.Admin. Before an action is done it is found out who calls; what is only looked at,
 * everybody on the bus may see. */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-video-admin-impl.h"
#include "video/dou-video-impl.h"

struct _DouVideoAdminImpl
{
  DouDBusVideo1AdminSkeleton parent_instance;

  DouService *service;     /* (unowned) which has the connection, and so outlives what it exports */
  DouVideoManager *manager; /* (owned) */
};

static void dou_video_admin_impl_iface_init (DouDBusVideo1AdminIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouVideoAdminImpl, dou_video_admin_impl,
                               DOU_DBUS_TYPE_VIDEO1_ADMIN_SKELETON,
                               G_IMPLEMENT_INTERFACE (DOU_DBUS_TYPE_VIDEO1_ADMIN,
                                                      dou_video_admin_impl_iface_init))

/* What one method call needs until its reply. */
typedef struct
{
  DouVideoAdminImpl *impl;            /* (owned) */
  GDBusMethodInvocation *invocation; /* (owned) until the reply, which takes it */
  GVariant *argument;                /* (owned) */
} Request;

static Request *
request_new (DouVideoAdminImpl *impl, GDBusMethodInvocation *invocation, GVariant *argument)
{
  Request *self = g_new0 (Request, 1);

  self->impl = g_object_ref (impl);
  self->invocation = invocation;
  self->argument = g_variant_ref (argument);
  dou_service_hold (impl->service);
  return self;
}

/* The reply is on its way. */
static void
request_free (Request *self)
{
  g_assert (self->invocation == NULL);

  dou_service_release (self->impl->service);
  g_object_unref (self->impl);
  g_variant_unref (self->argument);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

/* Only DOU_ERROR leaves the process. */
static void
request_fail (Request *self, const GError *error)
{
  DouStatus status = dou_status_from_error (error);

  if (status == DOU_STATUS_INTERNAL)
    g_warning ("%s: %s", g_dbus_method_invocation_get_method_name (self->invocation),
               error->message);

  g_dbus_method_invocation_return_error_literal (g_steal_pointer (&self->invocation), DOU_ERROR,
                                                 (gint) status, error->message);
}

/* @value: (nullable): what is answered, alone; the error if there is none */
static void
request_reply (Request *self, GVariant *value, const GError *error)
{
  if (value != NULL)
    g_dbus_method_invocation_return_value (g_steal_pointer (&self->invocation),
                                           g_variant_new_tuple (&value, 1));
  else
    request_fail (self, error);
}

/* Replies with an error if there are too many items. */
static gboolean
is_too_large (GDBusMethodInvocation *invocation, GVariant *argument, guint max)
{
  if (g_variant_n_children (argument) <= max)
    return FALSE;

  g_dbus_method_invocation_return_error (invocation, DOU_ERROR, DOU_STATUS_TOO_LARGE,
                                         "More than %u items", max);
  return TRUE;
}

/* @statuses: (nullable) (element-type gint32): what is answered; the error if there is none */
static void
request_reply_statuses (Request *self, GArray *statuses, const GError *error)
{
  request_reply (self,
                 statuses != NULL
                     ? g_variant_new_fixed_array (G_VARIANT_TYPE_INT32, statuses->data,
                                                  statuses->len, sizeof (gint32))
                     : NULL,
                 error);
}

/* @ids are those that were asked for, in the order of @videos. */
static GVariant *
make_records (GVariant *ids, GPtrArray *videos)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixxsssxx)"));

  for (guint i = 0; i < videos->len; i++)
    {
      const DouVideo *video = g_ptr_array_index (videos, i);
      gint64 id;

      g_variant_get_child (ids, i, "x", &id);
      if (video != NULL)
        g_variant_builder_add (&builder, "(ixxsssxx)", (gint32) DOU_STATUS_OK, id, video->author,
                               video->title, video->file, video->cover, video->publish_time,
                               video->hidden);
      else
        g_variant_builder_add (&builder, "(ixxsssxx)", (gint32) DOU_STATUS_VIDEO_NOT_FOUND, id,
                               (gint64) 0, "", "", "", (gint64) 0, (gint64) 0);
    }

  return g_variant_builder_end (&builder);
}

static void
got_records_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) videos
      = dou_video_store_get_videos_finish (DOU_VIDEO_STORE (source), result, &error);

  request_reply (request, videos != NULL ? make_records (request->argument, videos) : NULL, error);
}

static gboolean
dou_video_admin_impl_handle_get_records (DouDBusVideo1Admin *object,
                                         GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  const gint64 *ids;
  gsize n_ids;

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  dou_video_store_get_videos_async (dou_video_manager_get_store (self->manager), ids,
                                    (guint) n_ids, got_records_cb,
                                    request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* @tasks (element-type DouVideoTask) are those that were asked for. */
static GVariant *
make_transcodes (GPtrArray *tasks)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(iuus)"));

  for (guint i = 0; i < tasks->len; i++)
    {
      const DouVideoTask *task = g_ptr_array_index (tasks, i);

      if (task != NULL)
        g_variant_builder_add (&builder, "(iuus)", (gint32) DOU_STATUS_OK,
                               (guint32) task->transcode, task->n_attempts, task->trouble);
      else
        g_variant_builder_add (&builder, "(iuus)", (gint32) DOU_STATUS_VIDEO_NOT_FOUND, 0, 0, "");
    }

  return g_variant_builder_end (&builder);
}

static void
got_transcodes_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) tasks
      = dou_video_store_get_tasks_finish (DOU_VIDEO_STORE (source), result, &error);

  request_reply (request, tasks != NULL ? make_transcodes (tasks) : NULL, error);
}

static gboolean
dou_video_admin_impl_handle_get_transcodes (DouDBusVideo1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  const gint64 *ids;
  gsize n_ids;

  if (is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  dou_video_store_get_tasks_async (dou_video_manager_get_store (self->manager), ids, (guint) n_ids,
                                   got_transcodes_cb, request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) videos
      = dou_video_store_list_videos_finish (DOU_VIDEO_STORE (source), result, &error);

  request_reply (request, videos, error);
}

static gboolean
dou_video_admin_impl_handle_list_videos (DouDBusVideo1Admin *object,
                                         GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  DouVideoListPage pages[DOU_VIDEO_LISTS_MAX];
  gsize n_pages = g_variant_n_children (argument);

  if (is_too_large (invocation, argument, DOU_VIDEO_LISTS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  for (gsize i = 0; i < n_pages; i++)
    g_variant_get_child (argument, i, "(xbu)", &pages[i].before, &pages[i].only_hidden,
                         &pages[i].count);
  dou_video_store_list_videos_async (dou_video_manager_get_store (self->manager), pages,
                                     (guint) n_pages, listed_cb,
                                     request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
listed_videos_of_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) videos = dou_record_list_finish (DOU_DATABASE (source), result, &error);

  request_reply (request, videos, error);
}

static gboolean
dou_video_admin_impl_handle_list_videos_of (DouDBusVideo1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *pages)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);

  if (!is_too_large (invocation, pages, DOU_RECORD_PAGES_MAX))
    dou_video_store_list_videos_of_async (dou_video_manager_get_store (self->manager), pages,
                                          listed_videos_of_cb,
                                          request_new (self, invocation, pages));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
hidden_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_manager_set_hidden_finish (DOU_VIDEO_MANAGER (source), result, &error);

  request_reply_statuses (request, statuses, error);
}

static void
set_hidden_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCaller) caller = dou_caller_identify_finish (result, &error);
  gsize n_hidings = g_variant_n_children (request->argument);
  g_autofree DouVideoHiding *hidings = g_new (DouVideoHiding, n_hidings);
  DouVideoManager *manager = request->impl->manager;

  if (caller == NULL)
    {
      request_fail (request, error);
      return;
    }

  for (gsize i = 0; i < n_hidings; i++)
    g_variant_get_child (request->argument, i, "(xb&s)", &hidings[i].id, &hidings[i].hide,
                         &hidings[i].why);
  dou_video_manager_set_hidden_async (manager, hidings, (guint) n_hidings, caller, hidden_cb,
                                      g_steal_pointer (&request));
}

static gboolean
dou_video_admin_impl_handle_set_hidden (DouDBusVideo1Admin *object,
                                        GDBusMethodInvocation *invocation, GVariant *argument)
{
  if (!is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    dou_caller_identify_async (
        invocation, set_hidden_cb,
        request_new (DOU_VIDEO_ADMIN_IMPL (object), invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_manager_delete_finish (DOU_VIDEO_MANAGER (source), result, &error);

  request_reply_statuses (request, statuses, error);
}

static void
remove_videos_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCaller) caller = dou_caller_identify_finish (result, &error);
  gsize n_removals = g_variant_n_children (request->argument);
  g_autofree DouVideoRemoval *removals = g_new (DouVideoRemoval, n_removals);
  DouVideoManager *manager = request->impl->manager;

  if (caller == NULL)
    {
      request_fail (request, error);
      return;
    }

  for (gsize i = 0; i < n_removals; i++)
    g_variant_get_child (request->argument, i, "(x&s)", &removals[i].id, &removals[i].why);
  dou_video_manager_remove_async (manager, removals, (guint) n_removals, caller, removed_cb,
                                  g_steal_pointer (&request));
}

static gboolean
dou_video_admin_impl_handle_remove_videos (DouDBusVideo1Admin *object,
                                           GDBusMethodInvocation *invocation, GVariant *argument)
{
  if (!is_too_large (invocation, argument, DOU_VIDEO_ITEMS_MAX))
    dou_caller_identify_async (
        invocation, remove_videos_cb,
        request_new (DOU_VIDEO_ADMIN_IMPL (object), invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
listed_audit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) entries
      = dou_video_store_list_audit_finish (DOU_VIDEO_STORE (source), result, &error);

  request_reply (request, entries, error);
}

static gboolean
dou_video_admin_impl_handle_get_audit (DouDBusVideo1Admin *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  DouAuditPage pages[DOU_AUDIT_PAGES_MAX];
  gsize n_pages = g_variant_n_children (argument);

  if (is_too_large (invocation, argument, DOU_AUDIT_PAGES_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  for (gsize i = 0; i < n_pages; i++)
    g_variant_get_child (argument, i, "(xu)", &pages[i].before, &pages[i].count);
  dou_video_store_list_audit_async (dou_video_manager_get_store (self->manager), pages,
                                   (guint) n_pages, listed_audit_cb,
                                   request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
dou_video_admin_impl_dispose (GObject *object)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);

  g_clear_object (&self->manager);

  G_OBJECT_CLASS (dou_video_admin_impl_parent_class)->dispose (object);
}

static void
dou_video_admin_impl_class_init (DouVideoAdminImplClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_admin_impl_dispose;
}

static void
dou_video_admin_impl_iface_init (DouDBusVideo1AdminIface *iface)
{
  iface->handle_get_records = dou_video_admin_impl_handle_get_records;
  iface->handle_get_transcodes = dou_video_admin_impl_handle_get_transcodes;
  iface->handle_list_videos = dou_video_admin_impl_handle_list_videos;
  iface->handle_list_videos_of = dou_video_admin_impl_handle_list_videos_of;
  iface->handle_set_hidden = dou_video_admin_impl_handle_set_hidden;
  iface->handle_remove_videos = dou_video_admin_impl_handle_remove_videos;
  iface->handle_get_audit = dou_video_admin_impl_handle_get_audit;
}

static void
dou_video_admin_impl_init (DouVideoAdminImpl *self)
{
}

/**
 * dou_video_admin_impl_new:
 * @service: (transfer none): held while a call is under way; outlives the object
 * @manager: what is exported
 *
 * Returns: (transfer full): an object to be exported
 */
DouVideoAdminImpl *
dou_video_admin_impl_new (DouService *service, DouVideoManager *manager)
{
  DouVideoAdminImpl *self;

  g_return_val_if_fail (DOU_IS_SERVICE (service), NULL);
  g_return_val_if_fail (DOU_IS_VIDEO_MANAGER (manager), NULL);

  self = g_object_new (DOU_TYPE_VIDEO_ADMIN_IMPL, NULL);
  self->service = service;
  self->manager = g_object_ref (manager);
  return self;
}
