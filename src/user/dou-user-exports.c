/* SPDX-License-Identifier: Apache-2.0 */

/* That the administration takes all that is known of users: it is written down before anything is given. */

#include "config.h"

#include "user/dou-user-act-call.h"

/* @accounts: (nullable): of those that the store was asked about */
static void
call_return (GTask *task, GVariant *accounts)
{
  DouUserActCall *call = g_task_get_task_data (task);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixssssx)"));
  gsize n_added = 0;

  for (guint i = 0; i < call->n_items; i++)
    if (call->items[i].settled)
      {
        g_variant_builder_add (&builder, "(ixssssx)", (gint32) call->items[i].status, (gint64) 0,
                               "", "", "", "", (gint64) 0);
      }
    else
      {
        g_autoptr (GVariant) account = g_variant_get_child_value (accounts, n_added++);

        g_variant_builder_add_value (&builder, account);
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
  g_autofree DouUserExport *asked = g_new (DouUserExport, n_exports);
  DouUserActCall *call;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = dou_user_act_call_new (self, dou_user_manager_export_async, caller, n_exports, cancellable,
                                callback, user_data);
  call = g_task_get_task_data (task);
  for (guint i = 0; i < n_exports; i++)
    dou_user_act_call_fill (call, i, exports[i].id, exports[i].why);
  if (!dou_user_act_call_collect (call))
    {
      call_return (task, NULL);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    asked[i] = exports[g_array_index (call->places, guint, i)];
  dou_user_store_export_async (dou_user_manager_get_store (self), asked, call->places->len, caller,
                               cancellable, exported_cb, g_object_ref (task));
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
