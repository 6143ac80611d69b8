/* SPDX-License-Identifier: Apache-2.0 */

/* Logging in: find out whose names they are, verify the passwords. It costs one verification
 * whatever the name, and fails in one way whatever the reason, so that nothing tells which names
 * are taken. That a user is banned is told to who knows the password, and to nobody else.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "user/dou-user-call.h"

static void
replaced_hash_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!dou_user_store_replace_hash_finish (DOU_USER_STORE (source), result, &error))
    g_warning ("Cannot store a stronger hash of a password: %s", error->message);
}

static void
verified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouUserItem *item = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&item->task);
  DouUserManager *self = g_task_get_source_object (task);
  DouUserCall *call = g_task_get_task_data (task);
  g_autofree char *new_hash = NULL;
  g_autoptr (GError) error = NULL;
  gboolean matches;

  if (!dou_password_hasher_verify_finish (DOU_PASSWORD_HASHER (source), result, &matches, &new_hash,
                                          &error))
    dou_user_call_settle (item, dou_status_from_error (error));
  else if (!matches || item->id == 0)
    dou_user_call_settle (item, DOU_STATUS_BAD_CREDENTIALS);
  else
    dou_user_call_settle (item, item->banned != 0 ? DOU_STATUS_USER_BANNED : DOU_STATUS_OK);

  /* Nobody waits for this: the login is good without it, and the next one tries again. */
  if (new_hash != NULL)
    dou_user_store_replace_hash_async (dou_user_manager_get_store (self), item->id, item->hash,
                                       new_hash, NULL, replaced_hash_cb, NULL);

  if (--call->n_pending == 0)
    dou_user_call_return (task);
}

static void
verify_passwords (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  DouUserCall *call = g_task_get_task_data (task);

  for (guint i = 0; i < call->n_items; i++)
    {
      DouUserItem *item = &call->items[i];

      if (item->settled)
        continue;

      call->n_pending++;
      item->task = g_object_ref (task);
      dou_password_hasher_verify_async (dou_user_manager_get_hasher (self), item->password,
                                        item->hash, g_task_get_cancellable (task), verified_cb,
                                        item);
    }

  if (call->n_pending == 0)
    dou_user_call_return (task);
}

static void
found_secrets_cb (GObject *source, GAsyncResult *result, gpointer user_data)
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
      DouUserSecret *secret = &g_array_index (secrets, DouUserSecret, i);

      item->id = secret->id;
      item->generation = secret->generation;
      item->banned = secret->banned;
      item->hash = g_steal_pointer (&secret->password_hash);
    }

  verify_passwords (task);
}

/**
 * dou_user_login_start:
 * @task: a call
 */
void
dou_user_login_start (GTask *task)
{
  DouUserCall *call = g_task_get_task_data (task);

  for (guint i = 0; i < call->n_items; i++)
    if (strlen (call->items[i].password) > DOU_USER_PASSWORD_BYTES_MAX)
      dou_user_call_settle (&call->items[i], DOU_STATUS_BAD_CREDENTIALS);

  if (!dou_user_call_find_names (task, found_secrets_cb))
    verify_passwords (task);
}
