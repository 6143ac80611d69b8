/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.User1.Admin. Before an action is done it is found out who calls; what is only looked at,
 * everybody on the bus may see. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-call.h"
#include "user/dou-user-admin-impl.h"
#include "user/dou-user-impl.h"

struct _DouUserAdminImpl
{
  DouDBusUser1AdminSkeleton parent_instance;

  DouService *service;     /* (unowned) which has the connection, and so outlives what it exports */
  DouUserManager *manager; /* (owned) */
};

static void dou_user_admin_impl_iface_init (DouDBusUser1AdminIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouUserAdminImpl, dou_user_admin_impl,
                               DOU_DBUS_TYPE_USER1_ADMIN_SKELETON,
                               G_IMPLEMENT_INTERFACE (DOU_DBUS_TYPE_USER1_ADMIN,
                                                      dou_user_admin_impl_iface_init))

/* Before something is done it is found out who calls. */
static gboolean
begin_act (DouDBusUser1Admin *object, GDBusMethodInvocation *invocation, GVariant *argument,
           DouCallActFunc act)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);

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

typedef void (*ListFunc) (DouUserStore *store, GVariant *pages, GAsyncReadyCallback callback,
                          gpointer user_data);

static gboolean
begin_list (DouDBusUser1Admin *object, GDBusMethodInvocation *invocation, GVariant *pages, gsize max,
            ListFunc list_async)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, pages, max);

  if (call != NULL)
    list_async (dou_user_manager_get_store (self->manager), pages, listed_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids
      = dou_user_manager_find_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply_numbers (call, ids, error);
}

static gboolean
dou_user_admin_impl_handle_find_accounts (DouDBusUser1Admin *object,
                                          GDBusMethodInvocation *invocation,
                                          const char *const *names)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  g_autoptr (GVariant) argument = g_variant_ref_sink (g_variant_new_strv (names, -1));
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  dou_user_manager_find_async (self->manager, names, (guint) g_variant_n_children (argument), NULL,
                               found_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
got_accounts_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) accounts
      = dou_user_store_get_accounts_finish (DOU_USER_STORE (source), result, &error);

  dou_call_reply (call, accounts, error);
}

static gboolean
dou_user_admin_impl_handle_get_accounts (DouDBusUser1Admin *object,
                                         GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  const gint64 *ids;
  gsize n_ids;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  dou_user_store_get_accounts_async (dou_user_manager_get_store (self->manager), ids,
                                     (guint) n_ids, NULL, got_accounts_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_user_admin_impl_handle_list_accounts (DouDBusUser1Admin *object,
                                          GDBusMethodInvocation *invocation, GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_USER_ACCOUNT_PAGES_MAX,
                     dou_user_store_list_accounts_async);
}

static void
banned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_user_manager_set_bans_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
set_bans (DouCall *call, const DouCaller *caller)
{
  gsize n_bans = g_variant_n_children (call->argument);
  g_autofree DouUserBan *bans = g_new (DouUserBan, n_bans);
  DouUserManager *manager = DOU_USER_ADMIN_IMPL (call->object)->manager;

  for (gsize i = 0; i < n_bans; i++)
    g_variant_get_child (call->argument, i, "(xb&s)", &bans[i].id, &bans[i].ban, &bans[i].why);
  dou_user_manager_set_bans_async (manager, bans, (guint) n_bans, caller, NULL, banned_cb, call);
}

static gboolean
dou_user_admin_impl_handle_set_bans (DouDBusUser1Admin *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  return begin_act (object, invocation, argument, set_bans);
}

static void
reset_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_user_manager_reset_passwords_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
reset_passwords (DouCall *call, const DouCaller *caller)
{
  gsize n_resets = g_variant_n_children (call->argument);
  g_autofree DouUserReset *resets = g_new (DouUserReset, n_resets);
  DouUserManager *manager = DOU_USER_ADMIN_IMPL (call->object)->manager;

  for (gsize i = 0; i < n_resets; i++)
    g_variant_get_child (call->argument, i, "(x&s&s)", &resets[i].id, &resets[i].password,
                         &resets[i].why);
  dou_user_manager_reset_passwords_async (manager, resets, (guint) n_resets, caller, NULL, reset_cb,
                                          call);
}

static gboolean
dou_user_admin_impl_handle_reset_passwords (DouDBusUser1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  return begin_act (object, invocation, argument, reset_passwords);
}

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) accounts
      = dou_user_manager_export_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply (call, accounts, error);
}

static void
export_accounts (DouCall *call, const DouCaller *caller)
{
  gsize n_exports = g_variant_n_children (call->argument);
  g_autofree DouUserExport *exports = g_new (DouUserExport, n_exports);
  DouUserManager *manager = DOU_USER_ADMIN_IMPL (call->object)->manager;

  for (gsize i = 0; i < n_exports; i++)
    g_variant_get_child (call->argument, i, "(x&s)", &exports[i].id, &exports[i].why);
  dou_user_manager_export_async (manager, exports, (guint) n_exports, caller, NULL, exported_cb,
                                 call);
}

static gboolean
dou_user_admin_impl_handle_export_accounts (DouDBusUser1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  return begin_act (object, invocation, argument, export_accounts);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_user_manager_delete_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static void
delete_accounts (DouCall *call, const DouCaller *caller)
{
  gsize n_deletions = g_variant_n_children (call->argument);
  g_autofree DouUserDeletion *deletions = g_new0 (DouUserDeletion, n_deletions);
  DouUserManager *manager = DOU_USER_ADMIN_IMPL (call->object)->manager;

  for (gsize i = 0; i < n_deletions; i++)
    g_variant_get_child (call->argument, i, "(x&s)", &deletions[i].id, &deletions[i].why);
  dou_user_manager_delete_async (manager, deletions, (guint) n_deletions, caller, NULL, deleted_cb,
                                 call);
}

static gboolean
dou_user_admin_impl_handle_delete_accounts (DouDBusUser1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  return begin_act (object, invocation, argument, delete_accounts);
}

static gboolean
dou_user_admin_impl_handle_get_audit (DouDBusUser1Admin *object, GDBusMethodInvocation *invocation,
                                      GVariant *pages)
{
  return begin_list (object, invocation, pages, DOU_AUDIT_PAGES_MAX,
                     dou_user_store_list_audit_async);
}

static void
dou_user_admin_impl_dispose (GObject *object)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);

  g_clear_object (&self->manager);

  G_OBJECT_CLASS (dou_user_admin_impl_parent_class)->dispose (object);
}

static void
dou_user_admin_impl_class_init (DouUserAdminImplClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_user_admin_impl_dispose;
}

static void
dou_user_admin_impl_iface_init (DouDBusUser1AdminIface *iface)
{
  iface->handle_find_accounts = dou_user_admin_impl_handle_find_accounts;
  iface->handle_get_accounts = dou_user_admin_impl_handle_get_accounts;
  iface->handle_list_accounts = dou_user_admin_impl_handle_list_accounts;
  iface->handle_set_bans = dou_user_admin_impl_handle_set_bans;
  iface->handle_reset_passwords = dou_user_admin_impl_handle_reset_passwords;
  iface->handle_export_accounts = dou_user_admin_impl_handle_export_accounts;
  iface->handle_delete_accounts = dou_user_admin_impl_handle_delete_accounts;
  iface->handle_get_audit = dou_user_admin_impl_handle_get_audit;
}

static void
dou_user_admin_impl_init (DouUserAdminImpl *self)
{
}

/**
 * dou_user_admin_impl_new:
 * @service: (transfer none): held while a call is under way; outlives the object
 * @manager: what is exported
 *
 * Returns: (transfer full): an object to be exported
 */
DouUserAdminImpl *
dou_user_admin_impl_new (DouService *service, DouUserManager *manager)
{
  DouUserAdminImpl *self;

  g_return_val_if_fail (DOU_IS_SERVICE (service), NULL);
  g_return_val_if_fail (DOU_IS_USER_MANAGER (manager), NULL);

  self = g_object_new (DOU_TYPE_USER_ADMIN_IMPL, NULL);
  self->service = service;
  self->manager = g_object_ref (manager);
  return self;
}
