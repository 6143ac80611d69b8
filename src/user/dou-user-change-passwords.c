/* SPDX-License-Identifier: Apache-2.0 */

/* Changing passwords: verify the old password, hash the new one, and put the new hash in the place of the
 * one that was looked at, in rounds (dou-user-rounds.c). So of several changes from one password exactly
 * one is made, and none is refused because of a login.
 *
 * A change whose reply was lost comes again: the old password is wrong by then, and the new one
 * right. That is told from a wrong password by a second verification, which costs as much as the
 * hashing that a good one needs.
 */

#include "config.h"

#include <string.h>

#include "user/dou-user-rounds.h"

/* The first round and two more: each but the last was in vain because the hash had been replaced,
 * of which there is hardly a second time. */
#define MAX_ROUNDS 3

static void
return_outcomes (GTask *task)
{
  DouUserRounds *rounds = g_task_get_task_data (task);
  GArray *outcomes = g_array_sized_new (FALSE, FALSE, sizeof (DouUserOutcome), rounds->n_proofs);

  for (guint i = 0; i < rounds->n_proofs; i++)
    {
      g_assert (rounds->proofs[i].settled);
      g_array_append_val (outcomes, rounds->proofs[i].outcome);
    }

  g_task_return_pointer (task, outcomes, (GDestroyNotify) g_array_unref);
}

static void
changed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserRounds *rounds = g_task_get_task_data (task);
  g_autoptr (GArray) changed = g_array_new (FALSE, FALSE, sizeof (DouUserGeneration));
  g_autoptr (GArray) generations = NULL;
  GError *error = NULL;

  generations = dou_user_store_change_hashes_finish (DOU_USER_STORE (source), result, &error);
  if (generations == NULL)
    {
      dou_user_rounds_fail (task, error);
      return;
    }

  for (guint i = 0; i < rounds->places->len; i++)
    {
      DouUserProof *proof = dou_user_rounds_get_asked (rounds, i);
      DouUserGeneration now = { proof->id, g_array_index (generations, gint64, i) };

      if (now.generation < 0)
        continue;

      proof->generation = now.generation;
      dou_user_rounds_settle (proof, DOU_STATUS_OK);
      g_array_append_val (changed, now);
    }

  dou_user_manager_report_generations (g_task_get_source_object (task), changed);
  dou_user_rounds_begin (task);
}

static void
change_hashes (GTask *task)
{
  DouUserManager *self = g_task_get_source_object (task);
  DouUserRounds *rounds = g_task_get_task_data (task);
  g_autofree DouUserHashChange *changes = g_new (DouUserHashChange, rounds->places->len);

  for (guint i = 0; i < rounds->places->len; i++)
    {
      const DouUserProof *proof = dou_user_rounds_get_asked (rounds, i);

      changes[i] = (DouUserHashChange){ proof->id, proof->hash, proof->new_hash };
    }
  dou_user_store_change_hashes_async (dou_user_manager_get_store (self), changes,
                                      rounds->places->len, g_task_get_cancellable (task),
                                      changed_cb, g_object_ref (task));
}

static void
verified_new_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouUserProof *proof = user_data;
  g_autofree char *stronger_hash = NULL;
  g_autoptr (GError) error = NULL;
  gboolean matches;

  if (!dou_password_hasher_verify_finish (DOU_PASSWORD_HASHER (source), result, &matches,
                                          &stronger_hash, &error))
    dou_user_rounds_settle (proof, dou_status_from_error (error));
  else
    dou_user_rounds_settle (proof, matches ? DOU_STATUS_OK : DOU_STATUS_BAD_CREDENTIALS);

  dou_user_rounds_done (proof);
}

static void
hashed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouUserProof *proof = user_data;
  g_autoptr (GError) error = NULL;

  proof->new_hash = dou_password_hasher_hash_finish (DOU_PASSWORD_HASHER (source), result, &error);
  if (proof->new_hash == NULL)
    dou_user_rounds_settle (proof, dou_status_from_error (error));

  dou_user_rounds_done (proof);
}

static void
verified_old (DouUserProof *proof, DouPasswordHasher *hasher, gboolean matches)
{
  GCancellable *cancellable = g_task_get_cancellable (proof->task);

  if (!matches)
    dou_password_hasher_verify_async (hasher, proof->new_password, proof->hash, cancellable,
                                      verified_new_cb, proof);
  else if (!g_str_equal (proof->password, proof->new_password))
    dou_password_hasher_hash_async (hasher, proof->new_password, cancellable, hashed_cb, proof);
  else
    {
      dou_user_rounds_settle (proof, DOU_STATUS_OK);
      dou_user_rounds_done (proof);
    }
}

static const DouUserRoundsKind kind
    = { MAX_ROUNDS, DOU_STATUS_USER_NOT_FOUND, verified_old, change_hashes, return_outcomes };

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
  DouUserRounds *rounds;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = dou_user_rounds_new (self, dou_user_manager_change_passwords_async, &kind, n_changes,
                              cancellable, callback, user_data);
  rounds = g_task_get_task_data (task);
  for (guint i = 0; i < n_changes; i++)
    {
      DouUserProof *proof = &rounds->proofs[i];

      proof->id = changes[i].id;
      proof->password = dou_password_copy (changes[i].old_password);
      proof->new_password = dou_password_copy (changes[i].new_password);
      if (!dou_user_manager_accepts_password (self, proof->new_password))
        dou_user_rounds_settle (proof, DOU_STATUS_BAD_PASSWORD);
      else if (strlen (proof->password) > DOU_USER_PASSWORD_BYTES_MAX)
        dou_user_rounds_settle (proof, DOU_STATUS_BAD_CREDENTIALS);
    }

  dou_user_rounds_begin (task);
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
