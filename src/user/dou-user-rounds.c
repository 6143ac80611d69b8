/* SPDX-License-Identifier: Apache-2.0 */

/* What is done only if a password is right: look up the hash, verify the password against it, and write,
 * which the store does only where that hash is still the user's.
 *
 * Somebody else may have replaced it meanwhile: a change of the password, or a login that made the hash anew
 * for the same one. The store then leaves the user alone, who begins again with what is there now: another
 * round. Its number is bounded, since each costs a run of the hasher.
 */

#include "config.h"

#include "user/dou-user-rounds.h"

static void
rounds_free (DouUserRounds *self)
{
  for (guint i = 0; i < self->n_proofs; i++)
    {
      g_clear_pointer (&self->proofs[i].password, dou_password_wipe);
      g_clear_pointer (&self->proofs[i].new_password, dou_password_wipe);
      g_free (self->proofs[i].why);
      g_free (self->proofs[i].hash);
      g_free (self->proofs[i].new_hash);
    }

  g_clear_pointer (&self->caller, dou_caller_free);
  g_array_unref (self->places);
  g_free (self->proofs);
  g_free (self);
}

/**
 * dou_user_rounds_new:
 * @manager: whose call it is
 * @source_tag: of the task
 * @kind: static: what it does
 * @n_proofs: how many users
 * @cancellable: (nullable): of the task
 * @callback: of the task
 * @user_data: passed to @callback
 *
 * Returns: (transfer full): a task with its #DouUserRounds, of users who are still to be filled in
 */
GTask *
dou_user_rounds_new (DouUserManager *manager, gpointer source_tag, const DouUserRoundsKind *kind,
                     guint n_proofs, GCancellable *cancellable, GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (manager, cancellable, callback, user_data);
  DouUserRounds *self = g_new0 (DouUserRounds, 1);

  self->kind = kind;
  self->proofs = g_new0 (DouUserProof, n_proofs);
  self->n_proofs = n_proofs;
  self->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_proofs);
  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, self, (GDestroyNotify) rounds_free);
  return task;
}

/**
 * dou_user_rounds_settle:
 * @proof: a user who is not settled
 * @status: what became of it
 */
void
dou_user_rounds_settle (DouUserProof *proof, DouStatus status)
{
  proof->settled = TRUE;
  proof->outcome.status = status;
  proof->outcome.id = status == DOU_STATUS_OK ? proof->id : 0;
  proof->outcome.generation = status == DOU_STATUS_OK ? proof->generation : 0;
}

static void
settle_rest (DouUserRounds *self, DouStatus status)
{
  for (guint i = 0; i < self->n_proofs; i++)
    if (!self->proofs[i].settled)
      dou_user_rounds_settle (&self->proofs[i], status);
}

/* Notes which users the store is asked about. Returns: whether there are any */
static gboolean
collect (DouUserRounds *self)
{
  g_array_set_size (self->places, 0);
  for (guint i = 0; i < self->n_proofs; i++)
    if (!self->proofs[i].settled)
      g_array_append_val (self->places, i);

  return self->places->len > 0;
}

/**
 * dou_user_rounds_get_asked:
 * @self: rounds
 * @i: a number below that of the places
 *
 * Returns: (transfer none): the user about whom the store was asked there
 */
DouUserProof *
dou_user_rounds_get_asked (DouUserRounds *self, guint i)
{
  return &self->proofs[g_array_index (self->places, guint, i)];
}

/**
 * dou_user_rounds_fail:
 * @task: a call
 * @error: (transfer full): of the database
 *
 * Only in the first round it is sure that nothing was done.
 */
void
dou_user_rounds_fail (GTask *task, GError *error)
{
  DouUserRounds *self = g_task_get_task_data (task);

  if (self->n_rounds <= 1)
    {
      g_task_return_error (task, error);
      return;
    }

  settle_rest (self, dou_status_from_error (error));
  g_error_free (error);
  self->kind->finish (task);
}

/**
 * dou_user_rounds_write:
 * @task: a call
 *
 * Asks the store about those who are not settled, if there are any.
 */
void
dou_user_rounds_write (GTask *task)
{
  DouUserRounds *self = g_task_get_task_data (task);

  if (collect (self))
    self->kind->write (task);
  else
    self->kind->finish (task);
}

/**
 * dou_user_rounds_done:
 * @proof: a user with whom the hasher is done in this round
 */
void
dou_user_rounds_done (DouUserProof *proof)
{
  g_autoptr (GTask) task = g_steal_pointer (&proof->task);
  DouUserRounds *self = g_task_get_task_data (task);

  if (--self->n_pending == 0)
    dou_user_rounds_write (task);
}

static void
verified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouUserProof *proof = user_data;
  DouUserRounds *self = g_task_get_task_data (proof->task);
  DouPasswordHasher *hasher = DOU_PASSWORD_HASHER (source);
  g_autofree char *stronger_hash = NULL;
  g_autoptr (GError) error = NULL;
  gboolean matches;

  if (dou_password_hasher_verify_finish (hasher, result, &matches, &stronger_hash, &error))
    {
      self->kind->verified (proof, hasher, matches);
      return;
    }

  dou_user_rounds_settle (proof, dou_status_from_error (error));
  dou_user_rounds_done (proof);
}

static void
verify_passwords (GTask *task)
{
  DouUserManager *manager = g_task_get_source_object (task);
  DouUserRounds *self = g_task_get_task_data (task);

  for (guint i = 0; i < self->n_proofs; i++)
    {
      DouUserProof *proof = &self->proofs[i];

      if (proof->settled)
        continue;

      self->n_pending++;
      proof->task = g_object_ref (task);
      dou_password_hasher_verify_async (dou_user_manager_get_hasher (manager), proof->password,
                                        proof->hash, g_task_get_cancellable (task), verified_cb,
                                        proof);
    }

  if (self->n_pending == 0)
    self->kind->finish (task);
}

static void
got_secrets_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserRounds *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GArray) secrets
      = dou_user_store_get_secrets_finish (DOU_USER_STORE (source), result, &error);

  if (secrets == NULL)
    {
      dou_user_rounds_fail (task, error);
      return;
    }

  for (guint i = 0; i < self->places->len; i++)
    {
      DouUserProof *proof = dou_user_rounds_get_asked (self, i);
      DouUserSecret *secret = &g_array_index (secrets, DouUserSecret, i);

      g_free (proof->hash);
      proof->hash = g_steal_pointer (&secret->password_hash);
      proof->generation = secret->generation;
      g_clear_pointer (&proof->new_hash, g_free);
      if (proof->hash == NULL)
        dou_user_rounds_settle (proof, self->kind->absent);
      else if (secret->banned != 0)
        dou_user_rounds_settle (proof, DOU_STATUS_USER_BANNED);
    }

  verify_passwords (task);
}

/**
 * dou_user_rounds_begin:
 * @task: a call
 *
 * Begins a round for those who are not settled, if there are any.
 */
void
dou_user_rounds_begin (GTask *task)
{
  DouUserManager *manager = g_task_get_source_object (task);
  DouUserRounds *self = g_task_get_task_data (task);
  g_autofree gint64 *ids = g_new (gint64, self->n_proofs);

  if (self->n_rounds == self->kind->max_rounds)
    settle_rest (self, DOU_STATUS_UNAVAILABLE);

  if (!collect (self))
    {
      self->kind->finish (task);
      return;
    }

  self->n_rounds++;
  for (guint i = 0; i < self->places->len; i++)
    ids[i] = dou_user_rounds_get_asked (self, i)->id;
  dou_user_store_get_secrets_async (dou_user_manager_get_store (manager), ids, self->places->len,
                                    g_task_get_cancellable (task), got_secrets_cb,
                                    g_object_ref (task));
}
