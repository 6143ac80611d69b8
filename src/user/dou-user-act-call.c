/* SPDX-License-Identifier: Apache-2.0 */

/* What the calls have in common in which the administration acts on users: which users the store is asked about,
 * and what became of each. Those that users make themselves are in dou-user-call.c, and those in which a password
 * has to be right in dou-user-rounds.c. */

#include "config.h"

#include "common/dou-audit.h"
#include "user/dou-user-act-call.h"

static void
dou_user_act_call_free (DouUserActCall *self)
{
  for (guint i = 0; i < self->n_items; i++)
    {
      g_free (self->items[i].why);
      g_free (self->items[i].hash);
      g_clear_pointer (&self->items[i].password, dou_password_wipe);
    }

  g_free (self->caller.login);
  g_hash_table_unref (self->seen);
  g_free (self->items);
  g_array_unref (self->places);
  g_free (self);
}

/**
 * dou_user_act_call_new:
 * @manager: whose call it is
 * @source_tag: of the task
 * @caller: who does it
 * @n_items: how many users
 * @cancellable: (nullable): of the task
 * @callback: of the task
 * @user_data: passed to @callback
 *
 * Returns: (transfer full): a task with its #DouUserActCall, of users who are still to be filled in
 */
GTask *
dou_user_act_call_new (DouUserManager *manager, gpointer source_tag, const DouCaller *caller,
                       guint n_items, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = g_task_new (manager, cancellable, callback, user_data);
  DouUserActCall *self = g_new0 (DouUserActCall, 1);

  self->caller = (DouCaller){ caller->uid, g_strdup (caller->login) };
  self->items = g_new0 (DouUserActItem, n_items);
  self->n_items = n_items;
  self->seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_items);
  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, self, (GDestroyNotify) dou_user_act_call_free);
  return task;
}

/**
 * dou_user_act_call_fill:
 * @self: a call
 * @i: the number of an item; items are filled in their order
 * @id: its user
 * @why: the reason
 *
 * Settles the item if it cannot be done.
 */
void
dou_user_act_call_fill (DouUserActCall *self, guint i, gint64 id, const char *why)
{
  DouUserActItem *item = &self->items[i];

  item->id = id;
  item->why = g_strdup (why);
  if (!dou_audit_may_act (self->seen, &item->id, why))
    dou_user_act_item_settle (item, DOU_STATUS_BAD_PARAMETER);
}

/**
 * dou_user_act_call_collect:
 * @self: a call
 *
 * Notes which items the store is asked about: those that are not settled, in their order.
 *
 * Returns: whether there are any
 */
gboolean
dou_user_act_call_collect (DouUserActCall *self)
{
  for (guint i = 0; i < self->n_items; i++)
    if (!self->items[i].settled)
      g_array_append_val (self->places, i);

  return self->places->len > 0;
}

/**
 * dou_user_act_call_get_asked:
 * @self: a call
 * @i: a number below that of the places
 *
 * Returns: (transfer none): the item about which the store was asked there
 */
DouUserActItem *
dou_user_act_call_get_asked (DouUserActCall *self, guint i)
{
  return &self->items[g_array_index (self->places, guint, i)];
}

/**
 * dou_user_act_call_return:
 * @task: a call whose items are all settled
 *
 * Answers it with what became of each: (element-type DouStatus).
 */
void
dou_user_act_call_return (GTask *task)
{
  DouUserActCall *self = g_task_get_task_data (task);
  GArray *statuses = g_array_sized_new (FALSE, FALSE, sizeof (DouStatus), self->n_items);

  for (guint i = 0; i < self->n_items; i++)
    {
      g_assert (self->items[i].settled);
      g_array_append_val (statuses, self->items[i].status);
    }

  g_task_return_pointer (task, statuses, (GDestroyNotify) g_array_unref);
}

/**
 * dou_user_act_item_settle:
 * @item: one that is not settled
 * @status: what became of it
 */
void
dou_user_act_item_settle (DouUserActItem *item, DouStatus status)
{
  item->settled = TRUE;
  item->status = status;
}
