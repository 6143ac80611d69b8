/* SPDX-License-Identifier: Apache-2.0 */

/* That the administration takes all that is known of users: it is written down before anything is given. */

#include "config.h"

#include "common/dou-audit.h"
#include "user/dou-user-manager.h"

/* Many users who came together; the data of the call's task. */
typedef struct
{
  guint n_items;
  GHashTable *places; /* (owned) (element-type guint guint) of an item, among those the store is asked about */
} Call;

static void
call_free (Call *call)
{
  g_hash_table_unref (call->places);
  g_free (call);
}

/* @accounts: (nullable): of those that the store was asked about */
static void
call_return (GTask *task, GVariant *accounts)
{
  Call *call = g_task_get_task_data (task);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixssssx)"));

  for (guint i = 0; i < call->n_items; i++)
    {
      gpointer place;

      if (g_hash_table_lookup_extended (call->places, GUINT_TO_POINTER (i), NULL, &place))
        {
          g_autoptr (GVariant) account
              = g_variant_get_child_value (accounts, GPOINTER_TO_UINT (place));

          g_variant_builder_add_value (&builder, account);
        }
      else
        g_variant_builder_add (&builder, "(ixssssx)", (gint32) DOU_STATUS_BAD_PARAMETER, (gint64) 0,
                               "", "", "", "", (gint64) 0);
    }

  g_task_return_pointer (task, g_variant_ref_sink (g_variant_builder_end (&builder)),
                         (GDestroyNotify) g_variant_unref);
}

static void
exported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) accounts
      = dou_user_store_export_finish (DOU_USER_STORE (source), result, &error);

  if (accounts != NULL)
    call_return (task, accounts);
  else
    g_task_return_error (task, error);
}

/**
 * dou_user_manager_export_async:
 * @self: a manager
 * @exports: (array length=n_exports): who is exported
 * @n_exports: how many
 * @caller: who does it
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_manager_export_async (DouUserManager *self, const DouUserExport *exports, guint n_exports,
                               const DouCaller *caller, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autofree DouUserExport *asked = g_new (DouUserExport, n_exports);
  guint n_asked = 0;
  Call *call;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  call = g_new0 (Call, 1);
  call->n_items = n_exports;
  call->places = g_hash_table_new (NULL, NULL);
  g_task_set_source_tag (task, dou_user_manager_export_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  for (guint i = 0; i < n_exports; i++)
    {
      if (!dou_audit_may_act (seen, &exports[i].id, exports[i].why))
        continue;

      asked[n_asked] = exports[i];
      g_hash_table_insert (call->places, GUINT_TO_POINTER (i), GUINT_TO_POINTER (n_asked++));
    }

  if (n_asked > 0)
    dou_user_store_export_async (dou_user_manager_get_store (self), asked, n_asked, caller,
                                 cancellable, exported_cb, g_steal_pointer (&task));
  else
    call_return (task, NULL);
}

/**
 * dou_user_manager_export_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): `a(ixssssx)`, what is known of each: a status, id, name, avatar, background
 *   image, signature, since when banned; or %NULL if nothing was done, with the errors of
 *   dou_database_write_finish()
 */
GVariant *
dou_user_manager_export_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_export_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
