/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-text.h"
#include "user/dou-user-call.h"

static void
dou_user_call_free (DouUserCall *self)
{
  for (guint i = 0; i < self->n_items; i++)
    {
      g_free (self->items[i].name);
      g_free (self->items[i].key);
      g_free (self->items[i].hash);
      dou_password_wipe (self->items[i].password);
    }

  g_free (self->items);
  g_free (self->places);
  g_free (self);
}

/**
 * dou_user_call_new:
 * @manager: whose call it is
 * @source_tag: of the task
 * @accounts: (array length=n_accounts): what came
 * @n_accounts: how many
 * @cancellable: (nullable): of the task
 * @callback: of the task
 * @user_data: passed to @callback
 *
 * Returns: (transfer full): a task with its #DouUserCall, names brought to normal form
 */
GTask *
dou_user_call_new (DouUserManager *manager, gpointer source_tag, const DouUserAccount *accounts,
                   guint n_accounts, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer user_data)
{
  GTask *task = g_task_new (manager, cancellable, callback, user_data);
  DouUserCall *self = g_new0 (DouUserCall, 1);

  self->n_items = n_accounts;
  self->items = g_new0 (DouUserItem, n_accounts);
  self->places = g_new (guint, n_accounts);
  for (guint i = 0; i < n_accounts; i++)
    {
      DouUserItem *item = &self->items[i];

      item->id = accounts[i].id;
      item->name = dou_text_normalize (accounts[i].name, DOU_TEXT_SINGLE_LINE, DOU_USER_NAME_MAX);
      item->key = item->name != NULL ? dou_text_fold (item->name) : NULL;
      item->password = dou_password_copy (accounts[i].password);
    }

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, self, (GDestroyNotify) dou_user_call_free);
  return task;
}

/**
 * dou_user_call_settle:
 * @item: an account that is not settled
 * @status: what became of it
 */
void
dou_user_call_settle (DouUserItem *item, DouStatus status)
{
  item->settled = TRUE;
  item->outcome.status = status;
  item->outcome.id = status == DOU_STATUS_OK ? item->id : 0;
  item->outcome.generation = status == DOU_STATUS_OK ? item->generation : 0;
}

/**
 * dou_user_call_find_names:
 * @task: a call
 * @callback: of dou_user_store_find_async(), with a reference to @task as its data
 *
 * Asks the store who has the names of all accounts that are not settled and have one.
 *
 * Returns: %FALSE if there are none, and @callback is not going to be called
 */
gboolean
dou_user_call_find_names (GTask *task, GAsyncReadyCallback callback)
{
  DouUserManager *manager = g_task_get_source_object (task);
  DouUserCall *self = g_task_get_task_data (task);
  g_autofree const char **keys = g_new (const char *, self->n_items);

  self->n_places = 0;
  for (guint i = 0; i < self->n_items; i++)
    if (!self->items[i].settled && self->items[i].key != NULL)
      {
        keys[self->n_places] = self->items[i].key;
        self->places[self->n_places++] = i;
      }

  if (self->n_places == 0)
    return FALSE;

  dou_user_store_find_async (dou_user_manager_get_store (manager), keys, self->n_places,
                             g_task_get_cancellable (task), callback, g_object_ref (task));
  return TRUE;
}

/**
 * dou_user_call_return:
 * @task: a call whose accounts are all settled
 */
void
dou_user_call_return (GTask *task)
{
  DouUserCall *self = g_task_get_task_data (task);
  GArray *outcomes = g_array_sized_new (FALSE, FALSE, sizeof (DouUserOutcome), self->n_items);

  for (guint i = 0; i < self->n_items; i++)
    {
      g_assert (self->items[i].settled);
      g_array_append_val (outcomes, self->items[i].outcome);
    }

  g_task_return_pointer (task, outcomes, (GDestroyNotify) g_array_unref);
}
