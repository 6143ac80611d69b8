/* SPDX-License-Identifier: Apache-2.0 */

/* Changing passwords: look up the hash, verify the old password against it, hash the new one, and
 * put the new hash in the place of the one that was looked at.
 *
 * Somebody else may have replaced that meanwhile: another change of the same account, or a login
 * that made the hash anew for the same password. The store then leaves it alone, and the item
 * begins again with what is there now. So of several changes from one password exactly one is made,
 * and none is refused because of a login.
 *
 * A change whose reply was lost comes again: the old password is wrong by then, and the new one
 * right. That is told from a wrong password by a second verification, which costs as much as the
 * hashing that a good one needs.
 */

#include "config.h"

#include <string.h>

#include "user/dou-user-call.h"

/* The first round and two more: each but the last was in vain because the hash had been replaced,
 * of which there is hardly a second time. */
#define MAX_ROUNDS 3

/* One change on its way through a call. */
typedef struct
{
  GTask *task;            /* (owned) of the call, while the hasher works */
  DouUserOutcome outcome; /* final once settled */
  gboolean settled;
  gint64 id;
  char *old_password; /* (owned) wiped when freed */
  char *new_password; /* (owned) wiped when freed */
  char *hash;         /* (owned) (nullable) that is in the store, as of this round */
  gint64 generation;  /* as of this round */
  char *new_hash;     /* (owned) (nullable) once the old password was right */
} Item;

/* Many changes that came together; the data of the call's task. */
typedef struct
{
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
      dou_password_wipe (call->items[i].old_password);
      dou_password_wipe (call->items[i].new_password);
      g_free (call->items[i].hash);
      g_free (call->items[i].new_hash);
    }

  g_array_unref (call->places);
  g_free (call->items);
  g_free (call);
}

static void
item_settle (Item *item, DouStatus status)
{
  item->settled = TRUE;
  item->outcome.status = status;
  item->outcome.id = status == DOU_STATUS_OK ? item->id : 0;
  item->outcome.generation = status == DOU_STATUS_OK ? item->generation : 0;
}

static void
settle_rest (Call *call, DouStatus status)
{
  for (guint i = 0; i < call->n_items; i++)
    if (!call->items[i].settled)
      item_settle (&call->items[i], status);
}

static void
return_outcomes (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  GArray *outcomes = g_array_sized_new (FALSE, FALSE, sizeof (DouUserOutcome), call->n_items);

  for (guint i = 0; i < call->n_items; i++)
    {
      g_assert (call->items[i].settled);
      g_array_append_val (outcomes, call->items[i].outcome);
    }

  g_task_return_pointer (task, outcomes, (GDestroyNotify) g_array_unref);
}

/* The database failed. Only in the first round it is sure that nothing was done.
 * @error: (transfer full) */
static void
fail (GTask *task, GError *error)
{
  Call *call = g_task_get_task_data (task);

  if (call->n_rounds == 1)
    {
      g_task_return_error (task, error);
      return;
    }

  settle_rest (call, dou_status_from_error (error));
  g_error_free (error);
  return_outcomes (task);
}

static void
changed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));
  g_autoptr (GArray) generations = NULL;
  GError *error = NULL;

  generations = dou_user_store_change_hashes_finish (DOU_USER_STORE (source), result, &error);
  if (generations == NULL)
    {
      fail (task, error);
      return;
    }

  for (guint i = 0; i < call->places->len; i++)
    {
      Item *item = &call->items[g_array_index (call->places, guint, i)];
      DouUserGeneration now = { item->id, g_array_index (generations, gint64, i) };

      if (now.generation < 0)
        continue;

      item->generation = now.generation;
      item_settle (item, DOU_STATUS_OK);
      g_array_append_val (changed, now);
    }

  dou_user_manager_report_generations (g_task_get_source_object (task), changed);
  begin_round (task);
}

/* All passwords of this round are verified and hashed. */
static void
change_hashes (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autofree DouUserHashChange *changes = g_new (DouUserHashChange, call->n_items);

  g_array_set_size (call->places, 0);
  for (guint i = 0; i < call->n_items; i++)
    {
      Item *item = &call->items[i];

      if (item->settled)
        continue;

      changes[call->places->len] = (DouUserHashChange){ item->id, item->hash, item->new_hash };
      g_array_append_val (call->places, i);
    }

  if (call->places->len == 0)
    return_outcomes (task);
  else
    dou_user_store_change_hashes_async (dou_user_manager_get_store (self), changes,
                                        call->places->len, g_task_get_cancellable (task),
                                        changed_cb, g_object_ref (task));
}

/* The hasher is done with @item. */
static void
item_done (Item *item)
{
  g_autoptr (GTask) task = g_steal_pointer (&item->task);
  Call *call = g_task_get_task_data (task);

  if (--call->n_pending == 0)
    change_hashes (task);
}

static void
verified_new_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Item *item = user_data;
  g_autofree char *stronger_hash = NULL;
  g_autoptr (GError) error = NULL;
  gboolean matches;

  if (!dou_password_hasher_verify_finish (DOU_PASSWORD_HASHER (source), result, &matches,
                                          &stronger_hash, &error))
    item_settle (item, dou_status_from_error (error));
  else
    item_settle (item, matches ? DOU_STATUS_OK : DOU_STATUS_BAD_CREDENTIALS);

  item_done (item);
}

static void
hashed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Item *item = user_data;
  g_autoptr (GError) error = NULL;

  item->new_hash = dou_password_hasher_hash_finish (DOU_PASSWORD_HASHER (source), result, &error);
  if (item->new_hash == NULL)
    item_settle (item, dou_status_from_error (error));

  item_done (item);
}

static void
verified_old_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Item *item = user_data;
  DouPasswordHasher *hasher = DOU_PASSWORD_HASHER (source);
  GCancellable *cancellable = g_task_get_cancellable (item->task);
  g_autofree char *stronger_hash = NULL;
  g_autoptr (GError) error = NULL;
  gboolean matches;

  if (!dou_password_hasher_verify_finish (hasher, result, &matches, &stronger_hash, &error))
    item_settle (item, dou_status_from_error (error));
  else if (!matches)
    {
      dou_password_hasher_verify_async (hasher, item->new_password, item->hash, cancellable,
                                        verified_new_cb, item);
      return;
    }
  else if (g_str_equal (item->old_password, item->new_password))
    item_settle (item, DOU_STATUS_OK);
  else
    {
      dou_password_hasher_hash_async (hasher, item->new_password, cancellable, hashed_cb, item);
      return;
    }

  item_done (item);
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
      dou_password_hasher_verify_async (dou_user_manager_get_hasher (self), item->old_password,
                                        item->hash, g_task_get_cancellable (task), verified_old_cb,
                                        item);
    }

  if (call->n_pending == 0)
    return_outcomes (task);
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
      Item *item = &call->items[g_array_index (call->places, guint, i)];
      DouUserSecret *secret = &g_array_index (secrets, DouUserSecret, i);

      g_free (item->hash);
      item->hash = g_steal_pointer (&secret->password_hash);
      item->generation = secret->generation;
      g_clear_pointer (&item->new_hash, g_free);
      if (item->hash == NULL)
        item_settle (item, DOU_STATUS_USER_NOT_FOUND);
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

  if (call->n_rounds == MAX_ROUNDS)
    settle_rest (call, DOU_STATUS_UNAVAILABLE);

  g_array_set_size (call->places, 0);
  for (guint i = 0; i < call->n_items; i++)
    if (!call->items[i].settled)
      {
        ids[call->places->len] = call->items[i].id;
        g_array_append_val (call->places, i);
      }

  call->n_rounds++;
  if (call->places->len == 0)
    return_outcomes (task);
  else
    dou_user_store_get_secrets_async (dou_user_manager_get_store (self), ids, call->places->len,
                                      g_task_get_cancellable (task), got_secrets_cb,
                                      g_object_ref (task));
}

/**
 * dou_user_manager_change_passwords_async:
 * @self: a manager
 * @changes: (array length=n_changes): who wants which password
 * @n_changes: how many
 * @cancellable: (nullable): stops before the next step
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Changes passwords. Of several changes from one password exactly one is made; that a new password
 * is the user's already counts as made before.
 */
void
dou_user_manager_change_passwords_async (DouUserManager *self, const DouUserPasswordChange *changes,
                                         guint n_changes, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Call *call;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  call = g_new0 (Call, 1);
  call->n_items = n_changes;
  call->items = g_new0 (Item, n_changes);
  call->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_changes);
  for (guint i = 0; i < n_changes; i++)
    {
      Item *item = &call->items[i];

      item->id = changes[i].id;
      item->old_password = dou_password_copy (changes[i].old_password);
      item->new_password = dou_password_copy (changes[i].new_password);
      if (!dou_user_manager_accepts_password (self, item->new_password))
        item_settle (item, DOU_STATUS_BAD_PASSWORD);
      else if (strlen (item->old_password) > DOU_USER_PASSWORD_BYTES_MAX)
        item_settle (item, DOU_STATUS_BAD_CREDENTIALS);
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_user_manager_change_passwords_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  begin_round (task);
}

/**
 * dou_user_manager_change_passwords_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUserOutcome): what became of each; or %NULL if nothing
 *   was done, with the errors of dou_database_write_finish()
 */
GArray *
dou_user_manager_change_passwords_finish (DouUserManager *self, GAsyncResult *result,
                                          GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_change_passwords_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
