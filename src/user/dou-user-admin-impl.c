/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.User1.Admin. Before an action is done it is found out who calls; what is only looked at,
 * everybody on the bus may see. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

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

/* What one method call needs until its reply. */
typedef struct
{
  DouUserAdminImpl *impl;            /* (owned) */
  GDBusMethodInvocation *invocation; /* (owned) until the reply, which takes it */
  GVariant *argument;                /* (owned) */
} Request;

static Request *
request_new (DouUserAdminImpl *impl, GDBusMethodInvocation *invocation, GVariant *argument)
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

static GVariant *
make_statuses (GArray *statuses)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ai"));

  for (guint i = 0; i < statuses->len; i++)
    g_variant_builder_add (&builder, "i", (gint32) g_array_index (statuses, DouStatus, i));
  return g_variant_builder_end (&builder);
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids
      = dou_user_manager_find_finish (DOU_USER_MANAGER (source), result, &error);

  request_reply (request,
                 ids != NULL ? g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids->data, ids->len,
                                                          sizeof (gint64))
                             : NULL,
                 error);
}

static gboolean
dou_user_admin_impl_handle_find_accounts (DouDBusUser1Admin *object,
                                          GDBusMethodInvocation *invocation,
                                          const char *const *names)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  g_autoptr (GVariant) argument = g_variant_ref_sink (g_variant_new_strv (names, -1));

  if (is_too_large (invocation, argument, DOU_USER_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  dou_user_manager_find_async (self->manager, names, (guint) g_variant_n_children (argument), NULL,
                               found_cb, request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
got_accounts_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) accounts
      = dou_user_store_get_accounts_finish (DOU_USER_STORE (source), result, &error);

  request_reply (request, accounts, error);
}

static gboolean
dou_user_admin_impl_handle_get_accounts (DouDBusUser1Admin *object,
                                         GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  const gint64 *ids;
  gsize n_ids;

  if (is_too_large (invocation, argument, DOU_USER_ITEMS_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  dou_user_store_get_accounts_async (dou_user_manager_get_store (self->manager), ids,
                                     (guint) n_ids, NULL, got_accounts_cb,
                                     request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) accounts
      = dou_user_store_list_accounts_finish (DOU_USER_STORE (source), result, &error);

  request_reply (request, accounts, error);
}

static gboolean
dou_user_admin_impl_handle_list_accounts (DouDBusUser1Admin *object,
                                          GDBusMethodInvocation *invocation, GVariant *argument)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  DouUserAccountPage pages[DOU_USER_ACCOUNT_PAGES_MAX];
  gsize n_pages = g_variant_n_children (argument);

  if (is_too_large (invocation, argument, DOU_USER_ACCOUNT_PAGES_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  for (gsize i = 0; i < n_pages; i++)
    g_variant_get_child (argument, i, "(xbu)", &pages[i].before, &pages[i].only_banned,
                         &pages[i].count);
  dou_user_store_list_accounts_async (dou_user_manager_get_store (self->manager), pages,
                                      (guint) n_pages, NULL, listed_cb,
                                      request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
banned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_user_manager_set_bans_finish (DOU_USER_MANAGER (source), result, &error);

  request_reply (request, statuses != NULL ? make_statuses (statuses) : NULL, error);
}

static void
set_bans_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCaller) caller = dou_caller_identify_finish (result, &error);
  gsize n_bans = g_variant_n_children (request->argument);
  g_autofree DouUserBan *bans = g_new (DouUserBan, n_bans);
  DouUserManager *manager = request->impl->manager;

  if (caller == NULL)
    {
      request_fail (request, error);
      return;
    }

  for (gsize i = 0; i < n_bans; i++)
    g_variant_get_child (request->argument, i, "(xb&s)", &bans[i].id, &bans[i].ban, &bans[i].why);
  dou_user_manager_set_bans_async (manager, bans, (guint) n_bans, caller, NULL, banned_cb,
                                   g_steal_pointer (&request));
}

static gboolean
dou_user_admin_impl_handle_set_bans (DouDBusUser1Admin *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  if (!is_too_large (invocation, argument, DOU_USER_ITEMS_MAX))
    dou_caller_identify_async (
        invocation, set_bans_cb,
        request_new (DOU_USER_ADMIN_IMPL (object), invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
reset_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_user_manager_reset_passwords_finish (DOU_USER_MANAGER (source), result, &error);

  request_reply (request, statuses != NULL ? make_statuses (statuses) : NULL, error);
}

static void
reset_passwords_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCaller) caller = dou_caller_identify_finish (result, &error);
  gsize n_resets = g_variant_n_children (request->argument);
  g_autofree DouUserReset *resets = g_new (DouUserReset, n_resets);
  DouUserManager *manager = request->impl->manager;

  if (caller == NULL)
    {
      request_fail (request, error);
      return;
    }

  for (gsize i = 0; i < n_resets; i++)
    g_variant_get_child (request->argument, i, "(x&s&s)", &resets[i].id, &resets[i].password,
                         &resets[i].why);
  dou_user_manager_reset_passwords_async (manager, resets, (guint) n_resets, caller, NULL, reset_cb,
                                          g_steal_pointer (&request));
}

static gboolean
dou_user_admin_impl_handle_reset_passwords (DouDBusUser1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  if (!is_too_large (invocation, argument, DOU_USER_ITEMS_MAX))
    dou_caller_identify_async (
        invocation, reset_passwords_cb,
        request_new (DOU_USER_ADMIN_IMPL (object), invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) accounts
      = dou_user_manager_export_finish (DOU_USER_MANAGER (source), result, &error);

  request_reply (request, accounts, error);
}

static void
export_accounts_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCaller) caller = dou_caller_identify_finish (result, &error);
  gsize n_exports = g_variant_n_children (request->argument);
  g_autofree DouUserExport *exports = g_new (DouUserExport, n_exports);
  DouUserManager *manager = request->impl->manager;

  if (caller == NULL)
    {
      request_fail (request, error);
      return;
    }

  for (gsize i = 0; i < n_exports; i++)
    g_variant_get_child (request->argument, i, "(x&s)", &exports[i].id, &exports[i].why);
  dou_user_manager_export_async (manager, exports, (guint) n_exports, caller, NULL, exported_cb,
                                 g_steal_pointer (&request));
}

static gboolean
dou_user_admin_impl_handle_export_accounts (DouDBusUser1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  if (!is_too_large (invocation, argument, DOU_USER_ITEMS_MAX))
    dou_caller_identify_async (
        invocation, export_accounts_cb,
        request_new (DOU_USER_ADMIN_IMPL (object), invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_user_manager_delete_finish (DOU_USER_MANAGER (source), result, &error);

  request_reply (request, statuses != NULL ? make_statuses (statuses) : NULL, error);
}

static void
delete_accounts_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCaller) caller = dou_caller_identify_finish (result, &error);
  gsize n_deletions = g_variant_n_children (request->argument);
  g_autofree DouUserDeletion *deletions = g_new0 (DouUserDeletion, n_deletions);
  DouUserManager *manager = request->impl->manager;

  if (caller == NULL)
    {
      request_fail (request, error);
      return;
    }

  for (gsize i = 0; i < n_deletions; i++)
    g_variant_get_child (request->argument, i, "(x&s)", &deletions[i].id, &deletions[i].why);
  dou_user_manager_delete_async (manager, deletions, (guint) n_deletions, caller, NULL, deleted_cb,
                                 g_steal_pointer (&request));
}

static gboolean
dou_user_admin_impl_handle_delete_accounts (DouDBusUser1Admin *object,
                                            GDBusMethodInvocation *invocation, GVariant *argument)
{
  if (!is_too_large (invocation, argument, DOU_USER_ITEMS_MAX))
    dou_caller_identify_async (
        invocation, delete_accounts_cb,
        request_new (DOU_USER_ADMIN_IMPL (object), invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
listed_audit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) entries
      = dou_user_store_list_audit_finish (DOU_USER_STORE (source), result, &error);

  request_reply (request, entries, error);
}

static gboolean
dou_user_admin_impl_handle_get_audit (DouDBusUser1Admin *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  DouUserAdminImpl *self = DOU_USER_ADMIN_IMPL (object);
  DouAuditPage pages[DOU_AUDIT_PAGES_MAX];
  gsize n_pages = g_variant_n_children (argument);

  if (is_too_large (invocation, argument, DOU_AUDIT_PAGES_MAX))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  for (gsize i = 0; i < n_pages; i++)
    g_variant_get_child (argument, i, "(xu)", &pages[i].before, &pages[i].count);
  dou_user_store_list_audit_async (dou_user_manager_get_store (self->manager), pages,
                                   (guint) n_pages, NULL, listed_audit_cb,
                                   request_new (self, invocation, argument));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
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
