/* SPDX-License-Identifier: Apache-2.0 */

/* What the administration does to users. Everybody is told as if the users themselves had done it:
 * that they have changed, and that whoever came in before has to log in again. So a ban needs no way
 * of its own to the gateways, which refuse the tokens of an older generation, close the WebSockets that
 * were opened under it, and ask anew what they may show of the user. That it is a ban, the generation
 * itself says (dou-generation.h). */

#include "config.h"

#include "common/dou-generation.h"
#include "common/dou-text.h"
#include "user/dou-user-act-call.h"

static void
banned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserManager *self = g_task_get_source_object (task);
  DouUserActCall *call = g_task_get_task_data (task);
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));
  g_autoptr (GArray) effects = NULL;
  GError *error = NULL;

  effects = dou_user_store_set_bans_finish (DOU_USER_STORE (source), result, &error);
  if (effects == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    {
      const DouUserBanEffect *effect = &g_array_index (effects, DouUserBanEffect, i);
      DouUserActItem *item = dou_user_act_call_get_asked (call, i);
      const DouUserGeneration now
          = { item->id, effect->generation + (item->ban ? DOU_GENERATION_BANNED : 0) };

      dou_user_act_item_settle (item, effect->exists ? DOU_STATUS_OK : DOU_STATUS_USER_NOT_FOUND);
      if (effect->changed)
        g_array_append_val (changed, now);
    }

  dou_user_manager_report_generations (self, changed);
  dou_user_act_call_return (task);
}

/**
 * dou_user_manager_set_bans_async:
 * @self: a manager
 * @bans: (array length=n_bans): whom to ban or not
 * @n_bans: how many
 * @caller: who does it
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Bans users, or ends that. Who is so already stays so, and that is not written into the audit log.
 */
void
dou_user_manager_set_bans_async (DouUserManager *self, const DouUserBan *bans, guint n_bans,
                                 const DouCaller *caller, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree DouUserBan *asked = g_new (DouUserBan, n_bans);
  DouUserActCall *call;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = dou_user_act_call_new (self, dou_user_manager_set_bans_async, caller, n_bans, cancellable, callback,
                                user_data);
  call = g_task_get_task_data (task);
  for (guint i = 0; i < n_bans; i++)
    {
      call->items[i].ban = bans[i].ban;
      dou_user_act_call_fill (call, i, bans[i].id, bans[i].why);
    }

  if (!dou_user_act_call_collect (call))
    {
      dou_user_act_call_return (task);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    asked[i] = bans[g_array_index (call->places, guint, i)];
  dou_user_store_set_bans_async (dou_user_manager_get_store (self), asked, call->places->len,
                                 caller, cancellable, banned_cb, g_object_ref (task));
}

/**
 * dou_user_manager_set_bans_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouStatus): what became of each; or %NULL if nothing was
 *   done, with the errors of dou_database_write_finish()
 */
GArray *
dou_user_manager_set_bans_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_set_bans_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
reset_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserActCall *call = g_task_get_task_data (task);
  g_autoptr (GArray) ended = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));
  g_autoptr (GArray) generations = NULL;
  GError *error = NULL;

  generations = dou_user_store_reset_passwords_finish (DOU_USER_STORE (source), result, &error);
  if (generations == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    {
      DouUserActItem *item = dou_user_act_call_get_asked (call, i);
      const DouUserGeneration end = { item->id, g_array_index (generations, gint64, i) };

      dou_user_act_item_settle (item, end.generation >= 0 ? DOU_STATUS_OK : DOU_STATUS_USER_NOT_FOUND);
      if (end.generation >= 0)
        g_array_append_val (ended, end);
    }

  dou_user_manager_report_generations (g_task_get_source_object (task), ended);
  dou_user_act_call_return (task);
}

/* All passwords are hashed. */
static void
reset_hashes (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  DouUserActCall *call = g_task_get_task_data (task);
  g_autofree DouUserReset *resets = g_new (DouUserReset, call->n_items);

  if (!dou_user_act_call_collect (call))
    {
      dou_user_act_call_return (task);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    {
      const DouUserActItem *item = dou_user_act_call_get_asked (call, i);

      resets[i] = (DouUserReset){ item->id, item->hash, item->why };
    }
  dou_user_store_reset_passwords_async (dou_user_manager_get_store (self), resets,
                                        call->places->len, &call->caller,
                                        g_task_get_cancellable (task), reset_cb,
                                        g_object_ref (task));
}

static void
hashed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouUserActItem *item = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&item->task);
  DouUserActCall *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  item->hash = dou_password_hasher_hash_finish (DOU_PASSWORD_HASHER (source), result, &error);
  if (item->hash == NULL)
    dou_user_act_item_settle (item, dou_status_from_error (error));
  if (--call->n_pending == 0)
    reset_hashes (task);
}

/**
 * dou_user_manager_reset_passwords_async:
 * @self: a manager
 * @resets: (array length=n_resets): who gets which password
 * @n_resets: how many
 * @caller: who does it
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Gives users another password without asking for the old one.
 */
void
dou_user_manager_reset_passwords_async (DouUserManager *self, const DouUserReset *resets,
                                        guint n_resets, const DouCaller *caller,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  DouUserActCall *call;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = dou_user_act_call_new (self, dou_user_manager_reset_passwords_async, caller, n_resets, cancellable,
                                callback, user_data);
  call = g_task_get_task_data (task);
  for (guint i = 0; i < n_resets; i++)
    {
      DouUserActItem *item = &call->items[i];

      item->password = dou_password_copy (resets[i].password);
      dou_user_act_call_fill (call, i, resets[i].id, resets[i].why);
      if (!item->settled && !dou_user_manager_accepts_password (self, item->password))
        dou_user_act_item_settle (item, DOU_STATUS_BAD_PASSWORD);
      if (item->settled)
        continue;

      call->n_pending++;
      item->task = g_object_ref (task);
      dou_password_hasher_hash_async (dou_user_manager_get_hasher (self), item->password,
                                      cancellable, hashed_cb, item);
    }

  if (call->n_pending == 0)
    dou_user_act_call_return (task);
}

/**
 * dou_user_manager_reset_passwords_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouStatus): what became of each; or %NULL if nothing was
 *   done, with the errors of dou_database_write_finish()
 */
GArray *
dou_user_manager_reset_passwords_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_reset_passwords_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GArray *ids;
  g_autoptr (GArray) secrets = NULL;
  GError *error = NULL;

  secrets = dou_user_store_find_finish (DOU_USER_STORE (source), result, &error);
  if (secrets == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), secrets->len);
  for (guint i = 0; i < secrets->len; i++)
    g_array_append_val (ids, g_array_index (secrets, DouUserSecret, i).id);
  g_task_return_pointer (task, ids, (GDestroyNotify) g_array_unref);
}

/**
 * dou_user_manager_find_async:
 * @self: a manager
 * @names: (array length=n_names): names, of users or not, as they were typed
 * @n_names: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_manager_find_async (DouUserManager *self, const char *const *names, guint n_names,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  GTask *task;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  for (guint i = 0; i < n_names; i++)
    {
      g_autofree char *name
          = dou_text_normalize (names[i], DOU_TEXT_SINGLE_LINE, DOU_USER_NAME_MAX);

      /* Nobody has an empty name. */
      g_ptr_array_add (keys, name != NULL ? dou_text_fold (name) : g_strdup (""));
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_user_manager_find_async);
  dou_user_store_find_async (dou_user_manager_get_store (self), (const char *const *) keys->pdata,
                             keys->len, cancellable, found_cb, task);
}

/**
 * dou_user_manager_find_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each name who has it, or 0; or %NULL, with the
 *   errors of dou_database_read_finish()
 */
GArray *
dou_user_manager_find_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_find_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
