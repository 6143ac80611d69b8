/* SPDX-License-Identifier: Apache-2.0 */

/* Users who delete their accounts, and those whom the administration deletes.
 *
 * The answer comes once it is decided for good: the row is gone, so nobody logs in any more, everybody is
 * told as of a ban, and what is left to do is written down (dou-user-store-deletions.c). Whatever else
 * belonged to the user goes afterwards, in all domains (dou-user-eraser.c).
 *
 * The password is asked for in rounds (dou-user-rounds.c), save by the administration. Who is not there any
 * more is told that all is well: only who was logged in asks, and perhaps a second time, because the first
 * reply was lost.
 */

#include "config.h"

#include <string.h>

#include "common/dou-generation.h"
#include "user/dou-user-rounds.h"

/* How often a password is verified again because another login or change came in between. */
#define MAX_ROUNDS 4

static void
return_statuses (GTask *task)
{
  DouUserRounds *rounds = g_task_get_task_data (task);
  GArray *statuses = g_array_sized_new (FALSE, FALSE, sizeof (DouStatus), rounds->n_proofs);

  for (guint i = 0; i < rounds->n_proofs; i++)
    {
      g_assert (rounds->proofs[i].settled);
      g_array_append_val (statuses, rounds->proofs[i].outcome.status);
    }

  g_task_return_pointer (task, statuses, (GDestroyNotify) g_array_unref);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserRounds *rounds = g_task_get_task_data (task);
  g_autoptr (GArray) ended = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));
  g_autoptr (GArray) ids = NULL;
  GError *error = NULL;
  gint64 n_deleted;

  ids = dou_user_store_delete_finish (DOU_USER_STORE (source), result, &n_deleted, &error);
  if (ids == NULL)
    {
      dou_user_rounds_fail (task, error);
      return;
    }

  for (guint i = 0; i < rounds->places->len; i++)
    {
      DouUserProof *proof = dou_user_rounds_get_asked (rounds, i);
      const DouUserGeneration end = { proof->id, DOU_GENERATION_DELETED };

      if (g_array_index (ids, gint64, i) != 0)
        {
          dou_user_rounds_settle (proof, DOU_STATUS_OK);
          g_array_append_val (ended, end);
        }
      else if (rounds->caller != NULL)
        dou_user_rounds_settle (proof, DOU_STATUS_USER_NOT_FOUND);
    }

  dou_user_manager_report_deleted (g_task_get_source_object (task), ended, n_deleted);
  if (rounds->caller != NULL)
    return_statuses (task);
  else
    dou_user_rounds_begin (task);
}

static void
delete_users (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  DouUserRounds *rounds = g_task_get_task_data (task);
  g_autofree DouUserDeletion *deletions = g_new (DouUserDeletion, rounds->places->len);

  for (guint i = 0; i < rounds->places->len; i++)
    {
      const DouUserProof *proof = dou_user_rounds_get_asked (rounds, i);

      deletions[i] = (DouUserDeletion){ proof->id, proof->hash, proof->why };
    }
  dou_user_store_delete_async (dou_user_manager_get_store (self), deletions, rounds->places->len,
                               rounds->caller, g_task_get_cancellable (task), deleted_cb,
                               g_object_ref (task));
}

static void
verified (DouUserProof *proof, DouPasswordHasher *hasher, gboolean matches)
{
  if (!matches)
    dou_user_rounds_settle (proof, DOU_STATUS_BAD_CREDENTIALS);
  dou_user_rounds_done (proof);
}

static const DouUserRoundsKind kind
    = { MAX_ROUNDS, DOU_STATUS_OK, verified, delete_users, return_statuses };

/* A user who is named twice would be in one transaction twice: the second item is refused, or is to come
 * again if it is a user's own. */
static void
fill (DouUserRounds *rounds, const DouUserDeletion *deletions)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < rounds->n_proofs; i++)
    {
      DouUserProof *proof = &rounds->proofs[i];

      proof->id = deletions[i].id;
      if (rounds->caller != NULL)
        {
          proof->why = g_strdup (deletions[i].why);
          if (!dou_audit_may_act (seen, &proof->id, proof->why))
            dou_user_rounds_settle (proof, DOU_STATUS_BAD_PARAMETER);
          continue;
        }

      proof->password = dou_password_copy (deletions[i].password);
      if (strlen (proof->password) > DOU_USER_PASSWORD_BYTES_MAX)
        dou_user_rounds_settle (proof, DOU_STATUS_BAD_CREDENTIALS);
      else if (!g_hash_table_add (seen, &proof->id))
        dou_user_rounds_settle (proof, DOU_STATUS_UNAVAILABLE);
    }
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
  DouUserRounds *rounds;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = dou_user_rounds_new (self, dou_user_manager_delete_async, &kind, n_deletions, cancellable,
                              callback, user_data);
  rounds = g_task_get_task_data (task);
  if (caller != NULL)
    {
      rounds->caller = g_new (DouCaller, 1);
      *rounds->caller = (DouCaller){ caller->uid, g_strdup (caller->login) };
    }

  fill (rounds, deletions);
  if (caller != NULL)
    dou_user_rounds_write (task);
  else
    dou_user_rounds_begin (task);
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
