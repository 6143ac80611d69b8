/* SPDX-License-Identifier: Apache-2.0 */

/* Registering: check names and passwords, find out which names are taken, hash the passwords of the
 * others, add them.
 *
 * Only what can still succeed is hashed: a name that is taken, or that comes twice in the call, is
 * settled before. Two calls may still race for a name; then the store decides. An account that is
 * already there under the same id was registered by an earlier try of the same call, whose reply
 * was lost: it succeeds again.
 */

#include "config.h"

#include "user/dou-user-call.h"

/* All who have their account now, also those who had it from an earlier try: its announcement may
 * have been lost with the reply. */
static GArray *
get_ids (DouUserCall *call)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < call->n_items; i++)
    if (call->items[i].outcome.status == DOU_STATUS_OK)
      g_array_append_val (ids, call->items[i].outcome.id);

  return ids;
}

/* Accounts that came after another of the same name follow from what became of that one. */
static void
settle_followers (DouUserCall *call)
{
  for (guint i = 0; i < call->n_items; i++)
    {
      DouUserItem *item = &call->items[i];
      DouUserItem *first = &call->items[item->first];

      if (item->settled)
        continue;

      if (first->outcome.status == DOU_STATUS_OK && first->id == item->id)
        dou_user_call_settle (item, DOU_STATUS_OK);
      else if (first->outcome.status == DOU_STATUS_OK
               || first->outcome.status == DOU_STATUS_USER_EXISTS)
        dou_user_call_settle (item, DOU_STATUS_USER_EXISTS);
      else
        dou_user_call_settle (item, DOU_STATUS_UNAVAILABLE);
    }
}

static void
finish (GTask *task, gint64 n_added)
{
  DouUserCall *call = g_task_get_task_data (task);
  g_autoptr (GArray) ids = NULL;

  settle_followers (call);
  ids = get_ids (call);
  dou_user_manager_report_added (g_task_get_source_object (task), ids, n_added);
  dou_user_call_return (task);
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserCall *call = g_task_get_task_data (task);
  g_autoptr (GArray) owners = NULL;
  GError *error = NULL;
  gint64 n_added;

  owners = dou_user_store_add_finish (DOU_USER_STORE (source), result, &n_added, &error);
  if (owners == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->n_places; i++)
    {
      DouUserItem *item = &call->items[call->places[i]];
      gint64 owner = g_array_index (owners, gint64, i);

      if (owner == item->id)
        dou_user_call_settle (item, DOU_STATUS_OK);
      else
        dou_user_call_settle (item, owner != 0 ? DOU_STATUS_USER_EXISTS : DOU_STATUS_BAD_PARAMETER);
    }

  finish (task, n_added);
}

/* Adds the accounts whose password is hashed now. */
static void
add_hashed (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  DouUserCall *call = g_task_get_task_data (task);
  g_autofree DouUserRow *rows = g_new (DouUserRow, call->n_items);

  call->n_places = 0;
  for (guint i = 0; i < call->n_items; i++)
    {
      DouUserItem *item = &call->items[i];

      if (item->settled || item->hash == NULL)
        continue;

      rows[call->n_places] = (DouUserRow){ item->id, item->name, item->key, item->hash };
      call->places[call->n_places++] = i;
    }

  if (call->n_places == 0)
    finish (task, 0);
  else
    dou_user_store_add_async (dou_user_manager_get_store (self), rows, call->n_places,
                              g_task_get_cancellable (task), added_cb, g_object_ref (task));
}

static void
hashed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouUserItem *item = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&item->task);
  DouUserCall *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  item->hash = dou_password_hasher_hash_finish (DOU_PASSWORD_HASHER (source), result, &error);
  if (item->hash == NULL)
    dou_user_call_settle (item, dou_status_from_error (error));

  if (--call->n_pending == 0)
    add_hashed (task);
}

static void
hash_passwords (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  DouUserCall *call = g_task_get_task_data (task);
  g_autoptr (GHashTable) firsts = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < call->n_items; i++)
    {
      DouUserItem *item = &call->items[i];
      gpointer first;

      item->first = i;
      if (item->settled)
        continue;

      if (g_hash_table_lookup_extended (firsts, item->key, NULL, &first))
        {
          item->first = GPOINTER_TO_UINT (first);
          continue;
        }

      g_hash_table_insert (firsts, item->key, GUINT_TO_POINTER (i));
      call->n_pending++;
      item->task = g_object_ref (task);
      dou_password_hasher_hash_async (dou_user_manager_get_hasher (self), item->password,
                                      g_task_get_cancellable (task), hashed_cb, item);
    }

  if (call->n_pending == 0)
    finish (task, 0);
}

static void
found_owners_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserCall *call = g_task_get_task_data (task);
  g_autoptr (GArray) secrets = NULL;
  GError *error = NULL;

  secrets = dou_user_store_find_finish (DOU_USER_STORE (source), result, &error);
  if (secrets == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->n_places; i++)
    {
      DouUserItem *item = &call->items[call->places[i]];
      gint64 owner = g_array_index (secrets, DouUserSecret, i).id;

      if (owner != 0)
        dou_user_call_settle (item, owner == item->id ? DOU_STATUS_OK : DOU_STATUS_USER_EXISTS);
    }

  hash_passwords (task);
}

/**
 * dou_user_register_start:
 * @task: a call in which accounts that cannot be made are settled already
 */
void
dou_user_register_start (GTask *task)
{
  if (!dou_user_call_find_names (task, found_owners_cb))
    dou_user_call_return (task);
}
