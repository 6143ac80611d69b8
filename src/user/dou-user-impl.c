/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-call-span.h"
#include "common/dou-call.h"
#include "user/dou-user-impl.h"

struct _DouUserImpl
{
  DouDBusUser1Skeleton parent_instance;

  DouService *service;     /* (unowned) which has the connection, and so outlives what it exports */
  DouUserManager *manager; /* (owned) */
  DouReplyCache *users;    /* (owned) of GetUsers */
};

static void dou_user_impl_iface_init (DouDBusUser1Iface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouUserImpl, dou_user_impl, DOU_DBUS_TYPE_USER1_SKELETON,
                               G_IMPLEMENT_INTERFACE (DOU_DBUS_TYPE_USER1,
                                                      dou_user_impl_iface_init))

static GVariant *
make_outcomes (GArray *outcomes)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixx)"));

  for (guint i = 0; i < outcomes->len; i++)
    {
      const DouUserOutcome *outcome = &g_array_index (outcomes, DouUserOutcome, i);

      g_variant_builder_add (&builder, "(ixx)", (gint32) outcome->status, outcome->id,
                             outcome->generation);
    }

  return g_variant_builder_end (&builder);
}

static void
registered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) outcomes
      = dou_user_manager_register_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply (call, outcomes != NULL ? make_outcomes (outcomes) : NULL, error);
}

static gboolean
dou_user_impl_handle_register (DouDBusUser1 *object, GDBusMethodInvocation *invocation,
                               GVariant *argument)
{
  DouUserImpl *self = DOU_USER_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  gsize n_accounts = g_variant_n_children (argument);
  g_autofree DouUserAccount *accounts = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  accounts = g_new (DouUserAccount, n_accounts);
  for (gsize i = 0; i < n_accounts; i++)
    g_variant_get_child (argument, i, "(x&s&s)", &accounts[i].id, &accounts[i].name,
                         &accounts[i].password);

  dou_user_manager_register_async (self->manager, accounts, (guint) n_accounts, NULL, registered_cb,
                                   call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
logged_in_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) outcomes
      = dou_user_manager_login_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply (call, outcomes != NULL ? make_outcomes (outcomes) : NULL, error);
}

static gboolean
dou_user_impl_handle_login (DouDBusUser1 *object, GDBusMethodInvocation *invocation,
                            GVariant *argument)
{
  DouUserImpl *self = DOU_USER_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  gsize n_accounts = g_variant_n_children (argument);
  g_autofree DouUserAccount *accounts = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  accounts = g_new0 (DouUserAccount, n_accounts);
  for (gsize i = 0; i < n_accounts; i++)
    g_variant_get_child (argument, i, "(&s&s)", &accounts[i].name, &accounts[i].password);

  dou_user_manager_login_async (self->manager, accounts, (guint) n_accounts, NULL, logged_in_cb,
                                call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* @ids are those that were asked for, in the order of @users. */
static GVariant *
make_users (GVariant *ids, GPtrArray *users)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixssss)"));

  for (guint i = 0; i < users->len; i++)
    {
      const DouUser *user = g_ptr_array_index (users, i);
      gint64 id;

      g_variant_get_child (ids, i, "x", &id);
      if (user != NULL && user->banned != 0)
        g_variant_builder_add (&builder, "(ixssss)", (gint32) DOU_STATUS_USER_BANNED, id, "", "",
                               "", "");
      else if (user != NULL)
        g_variant_builder_add (&builder, "(ixssss)", (gint32) DOU_STATUS_OK, id, user->name,
                               user->avatar, user->background_image, user->signature);
      else
        g_variant_builder_add (&builder, "(ixssss)", (gint32) DOU_STATUS_USER_NOT_FOUND, id, "", "",
                               "", "");
    }

  return g_variant_builder_end (&builder);
}

static void
got_users_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) users
      = dou_user_manager_get_users_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply (call, users != NULL ? make_users (call->argument, users) : NULL, error);
}

static gboolean
dou_user_impl_handle_get_users (DouDBusUser1 *object, GDBusMethodInvocation *invocation,
                                GVariant *argument)
{
  DouUserImpl *self = DOU_USER_IMPL (object);
  g_autoptr (DouCall) call
      = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  const gint64 *ids;
  gsize n_ids;

  if (call == NULL || dou_call_recall (call, self->users, "a(ixssss)"))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (call->argument, &n_ids, sizeof (gint64));
  dou_user_manager_get_users_async (self->manager, ids, (guint) n_ids, NULL, got_users_cb,
                                    g_steal_pointer (&call));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
set_profiles_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_user_manager_set_profiles_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static gboolean
dou_user_impl_handle_set_profiles (DouDBusUser1 *object, GDBusMethodInvocation *invocation,
                                   GVariant *argument)
{
  DouUserImpl *self = DOU_USER_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  gsize n_edits = g_variant_n_children (argument);
  g_autofree DouUserEdit *edits = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  edits = g_new0 (DouUserEdit, n_edits);
  for (gsize i = 0; i < n_edits; i++)
    {
      g_autoptr (GVariantIter) members = NULL;
      const char *member, *value;

      g_variant_get_child (argument, i, "(xa{ss})", &edits[i].id, &members);
      while (g_variant_iter_next (members, "{&s&s}", &member, &value))
        dou_user_edit_set (&edits[i], member, value);
    }

  dou_user_manager_set_profiles_async (self->manager, edits, (guint) n_edits, NULL, set_profiles_cb,
                                       call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static GVariant *
make_changes (GArray *outcomes)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ix)"));

  for (guint i = 0; i < outcomes->len; i++)
    {
      const DouUserOutcome *outcome = &g_array_index (outcomes, DouUserOutcome, i);

      g_variant_builder_add (&builder, "(ix)", (gint32) outcome->status, outcome->generation);
    }

  return g_variant_builder_end (&builder);
}

static void
changed_passwords_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) outcomes
      = dou_user_manager_change_passwords_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply (call, outcomes != NULL ? make_changes (outcomes) : NULL, error);
}

static gboolean
dou_user_impl_handle_change_passwords (DouDBusUser1 *object, GDBusMethodInvocation *invocation,
                                       GVariant *argument)
{
  DouUserImpl *self = DOU_USER_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  gsize n_changes = g_variant_n_children (argument);
  g_autofree DouUserPasswordChange *changes = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  changes = g_new (DouUserPasswordChange, n_changes);
  for (gsize i = 0; i < n_changes; i++)
    g_variant_get_child (argument, i, "(x&s&s)", &changes[i].id, &changes[i].old_password,
                         &changes[i].new_password);

  dou_user_manager_change_passwords_async (self->manager, changes, (guint) n_changes, NULL,
                                           changed_passwords_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static GVariant *
make_numbers (GArray *numbers)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers->data, numbers->len,
                                    sizeof (gint64));
}

static void
got_generations_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) generations
      = dou_user_manager_get_generations_finish (DOU_USER_MANAGER (source), result, &error);

  dou_call_reply_numbers (call, generations, error);
}

static gboolean
dou_user_impl_handle_get_generations (DouDBusUser1 *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  DouUserImpl *self = DOU_USER_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  const gint64 *ids;
  gsize n_ids;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  ids = g_variant_get_fixed_array (argument, &n_ids, sizeof (gint64));
  dou_user_manager_get_generations_async (self->manager, ids, (guint) n_ids, NULL,
                                          got_generations_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
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

static gboolean
dou_user_impl_handle_delete_users (DouDBusUser1 *object, GDBusMethodInvocation *invocation,
                                   GVariant *argument)
{
  DouUserImpl *self = DOU_USER_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_USER_ITEMS_MAX);
  gsize n_deletions = g_variant_n_children (argument);
  g_autofree DouUserDeletion *deletions = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  deletions = g_new0 (DouUserDeletion, n_deletions);
  for (gsize i = 0; i < n_deletions; i++)
    g_variant_get_child (argument, i, "(x&s)", &deletions[i].id, &deletions[i].password);

  dou_user_manager_delete_async (self->manager, deletions, (guint) n_deletions, NULL, NULL,
                                 deleted_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
changed_cb (DouUserManager *manager, GArray *ids, gpointer user_data)
{
  dou_dbus_user1_emit_changed (DOU_DBUS_USER1 (user_data), make_numbers (ids));
}

static void
generations_changed_cb (DouUserManager *manager, GArray *generations, gpointer user_data)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xx)"));

  for (guint i = 0; i < generations->len; i++)
    {
      const DouUserGeneration *changed = &g_array_index (generations, DouUserGeneration, i);

      g_variant_builder_add (&builder, "(xx)", changed->id, changed->generation);
    }

  dou_dbus_user1_emit_generations_changed (DOU_DBUS_USER1 (user_data),
                                           g_variant_builder_end (&builder));
}

static void
dou_user_impl_dispose (GObject *object)
{
  DouUserImpl *self = DOU_USER_IMPL (object);

  g_clear_object (&self->users);
  g_clear_object (&self->manager);

  G_OBJECT_CLASS (dou_user_impl_parent_class)->dispose (object);
}

static void
dou_user_impl_class_init (DouUserImplClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_user_impl_dispose;
  dou_call_span_install (G_DBUS_INTERFACE_SKELETON_CLASS (klass));
}

static void
dou_user_impl_iface_init (DouDBusUser1Iface *iface)
{
  iface->handle_register = dou_user_impl_handle_register;
  iface->handle_login = dou_user_impl_handle_login;
  iface->handle_get_users = dou_user_impl_handle_get_users;
  iface->handle_set_profiles = dou_user_impl_handle_set_profiles;
  iface->handle_change_passwords = dou_user_impl_handle_change_passwords;
  iface->handle_delete_users = dou_user_impl_handle_delete_users;
  iface->handle_get_generations = dou_user_impl_handle_get_generations;
}

static void
dou_user_impl_init (DouUserImpl *self)
{
}

/**
 * dou_user_impl_new:
 * @service: (transfer none): held while a call is under way; outlives the object
 * @manager: what is exported
 *
 * Returns: (transfer full): an object to be exported
 */
DouUserImpl *
dou_user_impl_new (DouService *service, DouUserManager *manager)
{
  DouUserImpl *self;
  DouUserStore *store;

  g_return_val_if_fail (DOU_IS_SERVICE (service), NULL);
  g_return_val_if_fail (DOU_IS_USER_MANAGER (manager), NULL);

  store = dou_user_manager_get_store (manager);
  self = g_object_new (DOU_TYPE_USER_IMPL, "version", DOU_VERSION, "engine",
                       dou_user_store_get_engine (store), "schema-version",
                       dou_user_store_get_schema_version (store), "start-time",
                       g_get_real_time () / 1000, NULL);
  self->service = service;
  self->manager = g_object_ref (manager);
  self->users = dou_reply_cache_new (
      G_DBUS_INTERFACE_SKELETON (self), "changed", "user rows",
      (gsize) dou_config_get_int64 (dou_service_get_config (service), DOU_CONFIG_CACHE_SERVICE));
  g_object_bind_property (manager, "user-count", self, "user-count", G_BINDING_SYNC_CREATE);
  g_signal_connect_object (manager, "changed", G_CALLBACK (changed_cb), self, 0);
  g_signal_connect_object (manager, "generations-changed", G_CALLBACK (generations_changed_cb),
                           self, 0);
  return self;
}
