/* SPDX-License-Identifier: Apache-2.0 */

/* Changing profiles. The same user may come several times in a call, from requests that were sent
 * at one time; the store gets one edit for each user, which does what they do one after the other.
 */

#include "config.h"

#include "user/dou-user-call.h"

/* Many edits that came together; the data of the call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type DouStatus) one for each edit */
  GArray *places;   /* (owned) (element-type guint) of each edit's user in `ids` */
  GArray *ids;      /* (owned) (element-type gint64) of users, in the order of the store's answer */
} Call;

static void
call_free (Call *call)
{
  g_array_unref (call->statuses);
  g_array_unref (call->places);
  g_array_unref (call->ids);
  g_free (call);
}

static void
edited_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) effects = NULL;
  GError *error = NULL;

  effects = dou_user_store_edit_finish (DOU_USER_STORE (source), result, &error);
  if (effects == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->statuses->len; i++)
    {
      DouStatus *status = &g_array_index (call->statuses, DouStatus, i);
      guint place = g_array_index (call->places, guint, i);

      if (*status == DOU_STATUS_OK
          && g_array_index (effects, DouUserEffect, place) == DOU_USER_ABSENT)
        *status = DOU_STATUS_USER_NOT_FOUND;
    }
  for (guint i = 0; i < effects->len; i++)
    if (g_array_index (effects, DouUserEffect, i) == DOU_USER_CHANGED)
      g_array_append_val (changed, g_array_index (call->ids, gint64, i));

  dou_user_manager_report_changed (g_task_get_source_object (task), changed);
  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/* Returns: (transfer full) (element-type DouUserEdit): one edit for each user */
static GArray *
merge_edits (Call *call, const DouUserEdit *edits, guint n_edits)
{
  GArray *merged = g_array_new (FALSE, FALSE, sizeof (DouUserEdit));
  g_autoptr (GHashTable) places = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < n_edits; i++)
    {
      gpointer known = NULL;
      guint place = merged->len;

      if (edits[i].status == DOU_STATUS_OK
          && g_hash_table_lookup_extended (places, &edits[i].id, NULL, &known))
        {
          place = GPOINTER_TO_UINT (known);
          dou_user_edit_merge (&g_array_index (merged, DouUserEdit, place), &edits[i]);
        }
      else if (edits[i].status == DOU_STATUS_OK)
        {
          g_hash_table_insert (places, (gpointer) &edits[i].id, GUINT_TO_POINTER (place));
          g_array_append_val (merged, edits[i]);
          g_array_append_val (call->ids, edits[i].id);
        }

      g_array_append_val (call->statuses, edits[i].status);
      g_array_append_val (call->places, place);
    }

  return merged;
}

/**
 * dou_user_manager_set_profiles_async:
 * @self: a manager
 * @edits: (array length=n_edits): what to change; those with a status are only answered
 * @n_edits: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Changes profiles. Of several edits of one user each comes after the ones before it.
 */
void
dou_user_manager_set_profiles_async (DouUserManager *self, const DouUserEdit *edits, guint n_edits,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GArray) merged = NULL;
  Call *call;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  call = g_new0 (Call, 1);
  call->statuses = g_array_sized_new (FALSE, FALSE, sizeof (DouStatus), n_edits);
  call->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_edits);
  call->ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_edits);
  merged = merge_edits (call, edits, n_edits);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_user_manager_set_profiles_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);

  if (merged->len == 0)
    g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
  else
    dou_user_store_edit_async (dou_user_manager_get_store (self),
                               (const DouUserEdit *) merged->data, merged->len, cancellable,
                               edited_cb, g_object_ref (task));
}

/**
 * dou_user_manager_set_profiles_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouStatus): what became of each edit; or %NULL if nothing
 *   was done, with the errors of dou_database_write_finish()
 */
GArray *
dou_user_manager_set_profiles_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_set_profiles_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
