/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.Social1.Admin. Before something is done it is found out who calls; what is only looked at,
 * everybody on the bus may see. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-call.h"
#include "social/dou-social-admin-impl.h"
#include "social/dou-social-codec.h"
#include "social/dou-social-impl.h"
#include "social/dou-social-manager-reports.h"
#include "social/dou-social-store-reports.h"

struct _DouSocialAdminImpl
{
  DouDBusSocial1AdminSkeleton parent_instance;

  DouService *service; /* (unowned) which has the connection, and so outlives what it exports */
  DouSocialManager *manager; /* (owned) */
};

static void dou_social_admin_impl_iface_init (DouDBusSocial1AdminIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouSocialAdminImpl, dou_social_admin_impl,
                               DOU_DBUS_TYPE_SOCIAL1_ADMIN_SKELETON,
                               G_IMPLEMENT_INTERFACE (DOU_DBUS_TYPE_SOCIAL1_ADMIN,
                                                      dou_social_admin_impl_iface_init))

/* Before something is done it is found out who calls. */
static gboolean
begin_act (DouDBusSocial1Admin *object, GDBusMethodInvocation *invocation, GVariant *argument,
           DouCallActFunc act)
{
  DouSocialAdminImpl *self = DOU_SOCIAL_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_SOCIAL_ITEMS_MAX);

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

typedef void (*ListFunc) (DouSocialStore *store, GVariant *pages, GAsyncReadyCallback callback,
                          gpointer user_data);

static gboolean
begin_list (DouDBusSocial1Admin *object, GDBusMethodInvocation *invocation, GVariant *pages, gsize max,
            ListFunc list_async)
{
  DouSocialAdminImpl *self = DOU_SOCIAL_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, pages, max);

  if (call != NULL)
    list_async (dou_social_manager_get_store (self->manager), pages, listed_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_social_admin_impl_handle_list_reports (DouDBusSocial1Admin *object,
                                           GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_SOCIAL_REPORT_PAGES_MAX,
                     dou_social_store_list_reports_async);
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_social_manager_resolve_reports_finish (DOU_SOCIAL_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
resolve_reports (DouCall *call, const DouCaller *caller)
{
  DouSocialManager *manager = DOU_SOCIAL_ADMIN_IMPL (call->object)->manager;
  g_autoptr (GArray) resolutions = NULL;

  resolutions = dou_social_decode_resolutions (call->argument);
  dou_social_manager_resolve_reports_async (manager, resolutions, caller, NULL, resolved_cb, call);
}

static gboolean
dou_social_admin_impl_handle_resolve_reports (DouDBusSocial1Admin *object,
                                              GDBusMethodInvocation *invocation,
                                              GVariant *argument)
{
  return begin_act (object, invocation, argument, resolve_reports);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_social_manager_delete_comments_finish (DOU_SOCIAL_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
remove_comments (DouCall *call, const DouCaller *caller)
{
  DouSocialManager *manager = DOU_SOCIAL_ADMIN_IMPL (call->object)->manager;
  g_autoptr (GArray) removals = NULL;

  removals = dou_social_decode_removals (call->argument);
  dou_social_manager_remove_comments_async (manager, removals, caller, NULL, removed_cb, call);
}

static gboolean
dou_social_admin_impl_handle_remove_comments (DouDBusSocial1Admin *object,
                                              GDBusMethodInvocation *invocation,
                                              GVariant *argument)
{
  return begin_act (object, invocation, argument, remove_comments);
}

static gboolean
dou_social_admin_impl_handle_list_comments_of (DouDBusSocial1Admin *object,
                                               GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_RECORD_PAGES_MAX,
                     dou_social_store_list_comments_of_async);
}

static gboolean
dou_social_admin_impl_handle_list_feelings_of (DouDBusSocial1Admin *object,
                                               GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_RECORD_PAGES_MAX,
                     dou_social_store_list_feelings_of_async);
}

static gboolean
dou_social_admin_impl_handle_list_reports_of (DouDBusSocial1Admin *object,
                                              GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_RECORD_PAGES_MAX,
                     dou_social_store_list_reports_of_async);
}

static gboolean
dou_social_admin_impl_handle_get_audit (DouDBusSocial1Admin *object,
                                        GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_AUDIT_PAGES_MAX,
                     dou_social_store_list_audit_async);
}

static void
dou_social_admin_impl_dispose (GObject *object)
{
  DouSocialAdminImpl *self = DOU_SOCIAL_ADMIN_IMPL (object);

  g_clear_object (&self->manager);

  G_OBJECT_CLASS (dou_social_admin_impl_parent_class)->dispose (object);
}

static void
dou_social_admin_impl_class_init (DouSocialAdminImplClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_social_admin_impl_dispose;
}

static void
dou_social_admin_impl_iface_init (DouDBusSocial1AdminIface *iface)
{
  iface->handle_list_reports = dou_social_admin_impl_handle_list_reports;
  iface->handle_resolve_reports = dou_social_admin_impl_handle_resolve_reports;
  iface->handle_remove_comments = dou_social_admin_impl_handle_remove_comments;
  iface->handle_list_comments_of = dou_social_admin_impl_handle_list_comments_of;
  iface->handle_list_feelings_of = dou_social_admin_impl_handle_list_feelings_of;
  iface->handle_list_reports_of = dou_social_admin_impl_handle_list_reports_of;
  iface->handle_get_audit = dou_social_admin_impl_handle_get_audit;
}

static void
dou_social_admin_impl_init (DouSocialAdminImpl *self)
{
}

/**
 * dou_social_admin_impl_new:
 * @service: (transfer none): held while a call is under way; outlives the object
 * @manager: what is exported
 *
 * Returns: (transfer full): an object to be exported
 */
DouSocialAdminImpl *
dou_social_admin_impl_new (DouService *service, DouSocialManager *manager)
{
  DouSocialAdminImpl *self;

  g_return_val_if_fail (DOU_IS_SERVICE (service), NULL);
  g_return_val_if_fail (DOU_IS_SOCIAL_MANAGER (manager), NULL);

  self = g_object_new (DOU_TYPE_SOCIAL_ADMIN_IMPL, NULL);
  self->service = service;
  self->manager = g_object_ref (manager);
  return self;
}
