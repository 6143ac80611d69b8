/* SPDX-License-Identifier: Apache-2.0 */

/* Users who delete their accounts, and those whom the administration deletes.
 *
 * The answer comes once it is decided for good: the row is gone, so nobody logs in any more, everybody is
 * told as of a ban, and what is left to do is written down (dou-user-store-deletions.c). Whatever else
 * belonged to the user goes afterwards, in all domains (dou-user-eraser.c).
 *
 * A password is verified against the hash that was looked up, and only while that is still the user's the
 * row goes; else it is looked up again, as in changes of passwords. Who is not there any more is told that
 * all is well: only who was logged in asks, and perhaps a second time, because the first reply was lost.
 */

#include "config.h"

#include <string.h>

#include "common/dou-generation.h"
#include "user/dou-user-call.h"

/* How often a password is verified again because another login or change came in between. */
#define MAX_ROUNDS 4

/* One user on the way through a call. */
typedef struct
{
  GTask *task; /* (owned) of the call, while the hasher works */
  gint64 id;
  DouStatus status;
  gboolean settled; /* status is final */
  char *password;   /* (owned) (nullable) wiped when freed; NULL if it is the administration */
  char *why;        /* (owned) (nullable) */
  char *hash;       /* (owned) (nullable) as of this round */
} Item;

/* Many users who came together; the data of the call's task. */
typedef struct
{
  DouCaller caller; /* (owned) */
  gboolean is_admin;
  Item *items; /* (owned) (array length=n_items) */
  guint n_items;
  GArray *places;  /* (owned) (element-type guint) of the items that the store was asked about */
  guint n_rounds;  /* begun so far */
  guint n_pending; /* items that are with the hasher */
} Call;

static void begin_round (GTask *task);

static void
call_free (Call *call)
{
  for (guint i = 0; i < call->n_items; i++)
    {
      g_clear_pointer (&call->items[i].password, dou_password_wipe);
      g_free (call->items[i].why);
      g_free (call->items[i].hash);
    }

  g_free (call->caller.login);
  g_array_unref (call->places);
  g_free (call->items);
  g_free (call);
}

static void
item_settle (Item *item, DouStatus status)
{
  item->settled = TRUE;
  item->status = status;
}

static Item *
call_get_asked (Call *call, guint i)
{
  return &call->items[g_array_index (call->places, guint, i)];
}

static void
call_return (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  GArray *statuses = g_array_sized_new (FALSE, FALSE, sizeof (DouStatus), call->n_items);

  for (guint i = 0; i < call->n_items; i++)
    {
      g_assert (call->items[i].settled);
      g_array_append_val (statuses, call->items[i].status);
    }

  g_task_return_pointer (task, statuses, (GDestroyNotify) g_array_unref);
}

/* The database failed. Only in the first round it is sure that nothing was done.
 * @error: (transfer full) */
static void
fail (GTask *task, GError *error)
{
  Call *call = g_task_get_task_data (task);

  if (call->n_rounds <= 1)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->n_items; i++)
    if (!call->items[i].settled)
      item_settle (&call->items[i], dou_status_from_error (error));
  g_error_free (error);
  call_return (task);
}

/* Notes which items the store is asked about. Returns: whether there are any */
static gboolean
call_collect (Call *call)
{
  g_array_set_size (call->places, 0);
  for (guint i = 0; i < call->n_items; i++)
    if (!call->items[i].settled)
      g_array_append_val (call->places, i);

  return call->places->len > 0;
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GArray) ended = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));
  g_autoptr (GArray) ids = NULL;
  GError *error = NULL;
  gint64 n_deleted;

  ids = dou_user_store_delete_finish (DOU_USER_STORE (source), result, &n_deleted, &error);
  if (ids == NULL)
    {
      fail (task, error);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    {
      Item *item = call_get_asked (call, i);
      const DouUserGeneration end = { item->id, DOU_GENERATION_DELETED };

      if (g_array_index (ids, gint64, i) != 0)
        {
          item_settle (item, DOU_STATUS_OK);
          g_array_append_val (ended, end);
        }
      else if (call->is_admin)
        item_settle (item, DOU_STATUS_USER_NOT_FOUND);
    }

  dou_user_manager_report_deleted (g_task_get_source_object (task), ended, n_deleted);
  if (call->is_admin)
    call_return (task);
  else
    begin_round (task);
}

/* All passwords of this round are verified. */
static void
delete_users (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autofree DouUserDeletion *deletions = g_new (DouUserDeletion, call->n_items);

  if (!call_collect (call))
    {
      call_return (task);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    {
      const Item *item = call_get_asked (call, i);

      deletions[i] = (DouUserDeletion){ item->id, item->hash, item->why };
    }
  dou_user_store_delete_async (dou_user_manager_get_store (self), deletions, call->places->len,
                               call->is_admin ? &call->caller : NULL,
                               g_task_get_cancellable (task), deleted_cb, g_object_ref (task));
}

static void
verified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Item *item = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&item->task);
  Call *call = g_task_get_task_data (task);
  g_autofree char *stronger_hash = NULL;
  g_autoptr (GError) error = NULL;
  gboolean matches;

  if (!dou_password_hasher_verify_finish (DOU_PASSWORD_HASHER (source), result, &matches,
                                          &stronger_hash, &error))
    item_settle (item, dou_status_from_error (error));
  else if (!matches)
    item_settle (item, DOU_STATUS_BAD_CREDENTIALS);

  if (--call->n_pending == 0)
    delete_users (task);
}

static void
verify_passwords (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  for (guint i = 0; i < call->n_items; i++)
    {
      Item *item = &call->items[i];

      if (item->settled)
        continue;

      call->n_pending++;
      item->task = g_object_ref (task);
      dou_password_hasher_verify_async (dou_user_manager_get_hasher (self), item->password,
                                        item->hash, g_task_get_cancellable (task), verified_cb,
                                        item);
    }

  if (call->n_pending == 0)
    call_return (task);
}

static void
got_secrets_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GArray) secrets = NULL;
  GError *error = NULL;

  secrets = dou_user_store_get_secrets_finish (DOU_USER_STORE (source), result, &error);
  if (secrets == NULL)
    {
      fail (task, error);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    {
      Item *item = call_get_asked (call, i);
      DouUserSecret *secret = &g_array_index (secrets, DouUserSecret, i);

      g_free (item->hash);
      item->hash = g_steal_pointer (&secret->password_hash);
      if (item->hash == NULL)
        item_settle (item, DOU_STATUS_OK);
      else if (secret->banned != 0)
        item_settle (item, DOU_STATUS_USER_BANNED);
    }

  verify_passwords (task);
}

static void
begin_round (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autofree gint64 *ids = g_new (gint64, call->n_items);

  for (guint i = 0; call->n_rounds == MAX_ROUNDS && i < call->n_items; i++)
    if (!call->items[i].settled)
      item_settle (&call->items[i], DOU_STATUS_UNAVAILABLE);

  if (!call_collect (call))
    {
      call_return (task);
      return;
    }

  call->n_rounds++;
  for (guint i = 0; i < call->places->len; i++)
    ids[i] = call_get_asked (call, i)->id;
  dou_user_store_get_secrets_async (dou_user_manager_get_store (self), ids, call->places->len,
                                    g_task_get_cancellable (task), got_secrets_cb,
                                    g_object_ref (task));
}

/* A user who is named twice would be in one transaction twice: the second item is refused, or is to come
 * again if it is a user's own. */
static Call *
call_new (const DouUserDeletion *deletions, guint n_deletions, const DouCaller *caller)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  Call *call = g_new0 (Call, 1);

  call->is_admin = caller != NULL;
  if (caller != NULL)
    call->caller = (DouCaller){ caller->uid, g_strdup (caller->login) };
  call->items = g_new0 (Item, n_deletions);
  call->n_items = n_deletions;
  call->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_deletions);
  for (guint i = 0; i < n_deletions; i++)
    {
      Item *item = &call->items[i];

      item->id = deletions[i].id;
      if (caller != NULL)
        {
          item->why = g_strdup (deletions[i].why);
          if (!dou_audit_is_why (item->why) || !g_hash_table_add (seen, &item->id))
            item_settle (item, DOU_STATUS_BAD_PARAMETER);
          continue;
        }

      item->password = dou_password_copy (deletions[i].password);
      if (strlen (item->password) > DOU_USER_PASSWORD_BYTES_MAX)
        item_settle (item, DOU_STATUS_BAD_CREDENTIALS);
      else if (!g_hash_table_add (seen, &item->id))
        item_settle (item, DOU_STATUS_UNAVAILABLE);
    }

  return call;
}

/**
 * dou_user_manager_delete_async:
 * @self: a manager
 * @deletions: (array length=n_deletions): who wants to be deleted, with passwords; or whom the
 *   administration deletes, and why
 * @n_deletions: how many
 * @caller: (nullable): who does it for the administration
 * @cancellable: (nullable): stops before the next step
 * @callback: called in the thread-default main context of the caller, once they are nobody any more
 * @user_data: passed to @callback
 */
void
dou_user_manager_delete_async (DouUserManager *self, const DouUserDeletion *deletions,
                               guint n_deletions, const DouCaller *caller,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_user_manager_delete_async);
  g_task_set_task_data (task, call_new (deletions, n_deletions, caller),
                        (GDestroyNotify) call_free);
  if (caller != NULL)
    delete_users (task);
  else
    begin_round (task);
}

/**
 * dou_user_manager_delete_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouStatus): what became of each: 0 (now, or somebody who is not
 *   there), BadCredentials, UserBanned, Unavailable; for the administration 0, UserNotFound, BadParameter
 *   (the reason, or the user was named before); or %NULL if nothing was done, with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_user_manager_delete_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_delete_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
