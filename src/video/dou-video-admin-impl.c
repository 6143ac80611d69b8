/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.Video1.Admin. Before an action is done it is found out who calls; what is only looked at,
 * everybody on the bus may see. */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-call.h"
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

/* Before something is done it is found out who calls. */
static gboolean
begin_act (DouDBusVideo1Admin *object, GDBusMethodInvocation *invocation, GVariant *argument,
           DouCallActFunc act)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);

  if (call != NULL)
    dou_call_identify (call, act);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) records = dou_record_list_finish (DOU_DATABASE (source), result, &error);

  dou_call_reply (call, records, error);
}

typedef void (*ListFunc) (DouVideoStore *store, GVariant *pages, GAsyncReadyCallback callback,
                          gpointer user_data);

static gboolean
begin_list (DouDBusVideo1Admin *object, GDBusMethodInvocation *invocation, GVariant *pages, gsize max,
            ListFunc list_async)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, pages, max);

  if (call != NULL)
    list_async (dou_video_manager_get_store (self->manager), pages, listed_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
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
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) videos
      = dou_video_store_get_videos_finish (DOU_VIDEO_STORE (source), result, &error);

  dou_call_reply (call, videos != NULL ? make_records (call->argument, videos) : NULL, error);
}

static gboolean
dou_video_admin_impl_handle_get_records (DouDBusVideo1Admin *object,
                                         GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  const gint64 *ids;
  gsize n_ids;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  dou_video_store_get_videos_async (dou_video_manager_get_store (self->manager), ids,
                                    (guint) n_ids, got_records_cb, call);
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
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) tasks
      = dou_video_store_get_tasks_finish (DOU_VIDEO_STORE (source), result, &error);

  dou_call_reply (call, tasks != NULL ? make_transcodes (tasks) : NULL, error);
}

static gboolean
dou_video_admin_impl_handle_get_transcodes (DouDBusVideo1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouVideoAdminImpl *self = DOU_VIDEO_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_VIDEO_ITEMS_MAX);
  const gint64 *ids;
  gsize n_ids;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  dou_video_store_get_tasks_async (dou_video_manager_get_store (self->manager), ids, (guint) n_ids,
                                   got_transcodes_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_video_admin_impl_handle_list_videos (DouDBusVideo1Admin *object,
                                         GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_VIDEO_LISTS_MAX,
                     dou_video_store_list_videos_async);
}

static gboolean
dou_video_admin_impl_handle_list_videos_of (DouDBusVideo1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_RECORD_PAGES_MAX,
                     dou_video_store_list_videos_of_async);
}

static void
hidden_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_manager_set_hidden_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
set_hidden (DouCall *call, const DouCaller *caller)
{
  gsize n_hidings = g_variant_n_children (call->argument);
  g_autofree DouVideoHiding *hidings = g_new (DouVideoHiding, n_hidings);
  DouVideoManager *manager = DOU_VIDEO_ADMIN_IMPL (call->object)->manager;

  for (gsize i = 0; i < n_hidings; i++)
    g_variant_get_child (call->argument, i, "(xb&s)", &hidings[i].id, &hidings[i].hide,
                         &hidings[i].why);
  dou_video_manager_set_hidden_async (manager, hidings, (guint) n_hidings, caller, hidden_cb, call);
}

static gboolean
dou_video_admin_impl_handle_set_hidden (DouDBusVideo1Admin *object,
                                        GDBusMethodInvocation *invocation, GVariant *argument)
{
  return begin_act (object, invocation, argument, set_hidden);
}

static gboolean
dou_video_admin_impl_handle_list_failed (DouDBusVideo1Admin *object,
                                         GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_VIDEO_LISTS_MAX,
                     dou_video_store_list_failed_async);
}

static void
retried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_manager_retry_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
retry_transcodes (DouCall *call, const DouCaller *caller)
{
  gsize n_retries = g_variant_n_children (call->argument);
  g_autofree DouVideoRetry *retries = g_new (DouVideoRetry, n_retries);
  DouVideoManager *manager = DOU_VIDEO_ADMIN_IMPL (call->object)->manager;

  for (gsize i = 0; i < n_retries; i++)
    g_variant_get_child (call->argument, i, "(x&s)", &retries[i].id, &retries[i].why);
  dou_video_manager_retry_async (manager, retries, (guint) n_retries, caller, retried_cb, call);
}

static gboolean
dou_video_admin_impl_handle_retry_transcodes (DouDBusVideo1Admin *object,
                                              GDBusMethodInvocation *invocation, GVariant *argument)
{
  return begin_act (object, invocation, argument, retry_transcodes);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_video_manager_delete_finish (DOU_VIDEO_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
remove_videos (DouCall *call, const DouCaller *caller)
{
  gsize n_removals = g_variant_n_children (call->argument);
  g_autofree DouVideoRemoval *removals = g_new (DouVideoRemoval, n_removals);
  DouVideoManager *manager = DOU_VIDEO_ADMIN_IMPL (call->object)->manager;

  for (gsize i = 0; i < n_removals; i++)
    g_variant_get_child (call->argument, i, "(x&s)", &removals[i].id, &removals[i].why);
  dou_video_manager_remove_async (manager, removals, (guint) n_removals, caller, removed_cb, call);
}

static gboolean
dou_video_admin_impl_handle_remove_videos (DouDBusVideo1Admin *object,
                                           GDBusMethodInvocation *invocation, GVariant *argument)
{
  return begin_act (object, invocation, argument, remove_videos);
}

static gboolean
dou_video_admin_impl_handle_get_audit (DouDBusVideo1Admin *object, GDBusMethodInvocation *invocation,
                                      GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_AUDIT_PAGES_MAX,
                     dou_video_store_list_audit_async);
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
  iface->handle_list_failed = dou_video_admin_impl_handle_list_failed;
  iface->handle_retry_transcodes = dou_video_admin_impl_handle_retry_transcodes;
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
