/* SPDX-License-Identifier: Apache-2.0 */

/* Deleting comments: find out who wrote them and where they stand, decide, delete.
 *
 * Who wrote a comment and under which video never changes, so the decision stays right until the
 * deletion; only somebody else may have deleted it meanwhile, and the store tells. Who deleted a
 * comment before is told again that it is done, as after a lost reply; for everybody else it is not
 * there. The administration may delete any comment, and that is written down. */

#include "config.h"

#include "common/dou-audit.h"
#include "social/dou-social-manager.h"

/* Many deletions that came together; the data of the call's task. */
typedef struct
{
  GArray *deletions; /* (owned) (element-type DouSocialDeletion) as they came */
  GArray *statuses;  /* (owned) (element-type gint32) of each */
  GArray *wanted;    /* (owned) (element-type DouSocialDeletion) for the store, each comment once */
  DouCaller *caller; /* (owned) (nullable) who acts for the administration */
} DeletionCall;

static void
deletion_call_free (DeletionCall *self)
{
  g_array_unref (self->deletions);
  g_array_unref (self->statuses);
  g_array_unref (self->wanted);
  g_clear_pointer (&self->caller, dou_caller_free);
  g_free (self);
}

/* What @user is told about a comment that is gone. */
static DouStatus
judge_deleted (gint64 deleter, gint64 user)
{
  return deleter == user ? DOU_STATUS_OK : DOU_STATUS_COMMENT_NOT_FOUND;
}

/* Settles all, as if those that may be done were done: each comment goes to the first who may. */
static void
deletion_call_decide (DeletionCall *self, GArray *states)
{
  g_autoptr (GHashTable) deleters = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < self->deletions->len; i++)
    {
      DouSocialDeletion *deletion = &g_array_index (self->deletions, DouSocialDeletion, i);
      const DouSocialCommentState *state = &g_array_index (states, DouSocialCommentState, i);
      const gint64 *deleter = g_hash_table_lookup (deleters, &deletion->comment);
      DouStatus status = (DouStatus) g_array_index (self->statuses, gint32, i);

      /* The administration need not say where it stands. */
      if (self->caller != NULL)
        deletion->video = state->video;

      if (status != DOU_STATUS_OK)
        continue;
      if (state->user == 0 || state->video != deletion->video)
        status = DOU_STATUS_COMMENT_NOT_FOUND;
      else if (state->deleter != 0)
        status = judge_deleted (state->deleter, deletion->user);
      else if (deleter != NULL)
        status = judge_deleted (*deleter, deletion->user);
      else if (self->caller == NULL && deletion->user != state->user
               && deletion->user != deletion->author)
        status = DOU_STATUS_NOT_PERMITTED;
      else
        {
          g_hash_table_insert (deleters, &deletion->comment, &deletion->user);
          g_array_append_vals (self->wanted, deletion, 1);
        }

      g_array_index (self->statuses, gint32, i) = (gint32) status;
    }
}

/* Somebody else was quicker: what was settled for @comment is no longer true. */
static void
deletion_call_correct (DeletionCall *self, gint64 comment, gint64 deleter)
{
  for (guint i = 0; i < self->deletions->len; i++)
    {
      const DouSocialDeletion *deletion = &g_array_index (self->deletions, DouSocialDeletion, i);
      gint32 *status = &g_array_index (self->statuses, gint32, i);

      if (deletion->comment == comment && *status == DOU_STATUS_OK)
        *status = (gint32) judge_deleted (deleter, deletion->user);
    }
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DeletionCall *call = g_task_get_task_data (task);
  g_autoptr (DouSocialChanges) changes = dou_social_changes_new ();
  g_autoptr (GArray) states = NULL;
  GError *error = NULL;

  states = dou_social_store_remove_comments_finish (DOU_SOCIAL_STORE (source), result, &error);
  if (states == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->wanted->len; i++)
    {
      const DouSocialDeletion *deletion = &g_array_index (call->wanted, DouSocialDeletion, i);
      const DouSocialCommentState *state = &g_array_index (states, DouSocialCommentState, i);

      if (state->user != 0 && state->deleter == 0)
        dou_social_changes_add_comments (changes, deletion->video, -1);
      else
        deletion_call_correct (call, deletion->comment, state->deleter);
    }

  dou_social_manager_report (g_task_get_source_object (task), changes);
  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouSocialManager *self = g_task_get_source_object (task);
  DeletionCall *call = g_task_get_task_data (task);
  gint64 now = dou_clock_get_real_time (dou_social_manager_get_clock (self));
  g_autoptr (GArray) states = NULL;
  GError *error = NULL;

  states = dou_social_store_find_comments_finish (DOU_SOCIAL_STORE (source), result, &error);
  if (states == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  deletion_call_decide (call, states);
  if (call->wanted->len > 0)
    dou_social_store_remove_comments_async (DOU_SOCIAL_STORE (source), call->wanted, call->caller,
                                            now, now - DOU_SOCIAL_MEMORY,
                                            g_task_get_cancellable (task), removed_cb,
                                            g_object_ref (task));
  else
    g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/* @call: (transfer full) */
static void
start (DouSocialManager *self, DeletionCall *call, GCancellable *cancellable,
       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GArray) ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), call->deletions->len);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, dou_social_manager_delete_comments_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) deletion_call_free);
  for (guint i = 0; i < call->deletions->len; i++)
    g_array_append_val (ids, g_array_index (call->deletions, DouSocialDeletion, i).comment);
  dou_social_store_find_comments_async (dou_social_manager_get_store (self), ids, cancellable,
                                        found_cb, task);
}

/* @deletions: (transfer full) */
static DeletionCall *
deletion_call_new (GArray *deletions)
{
  DeletionCall *call = g_new0 (DeletionCall, 1);

  call->deletions = deletions;
  call->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), deletions->len);
  g_array_set_size (call->statuses, deletions->len);
  call->wanted = g_array_new (FALSE, FALSE, sizeof (DouSocialDeletion));
  return call;
}

/**
 * dou_social_manager_delete_comments_async:
 * @self: a manager
 * @deletions: (element-type DouSocialDeletion): which, and who wants it; must not change until the
 *   callback
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Deletes comments, for those who wrote them and for the authors of the videos that they stand
 * under.
 */
void
dou_social_manager_delete_comments_async (DouSocialManager *self, GArray *deletions,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  start (self, deletion_call_new (g_array_ref (deletions)), cancellable, callback, user_data);
}

/**
 * dou_social_manager_remove_comments_async:
 * @self: a manager
 * @removals: (element-type DouSocialDeletion): comments and reasons, which must not change until the
 *   callback; nothing else in them counts
 * @caller: who does it
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller, for
 *   dou_social_manager_delete_comments_finish(); a status may be BadParameter, too (the reason, or the
 *   comment was named before)
 * @user_data: passed to @callback
 *
 * Deletes comments for the administration.
 */
void
dou_social_manager_remove_comments_async (DouSocialManager *self, GArray *removals,
                                          const DouCaller *caller, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  DeletionCall *call;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  call = deletion_call_new (g_array_copy (removals));
  call->caller = g_new0 (DouCaller, 1);
  *call->caller = (DouCaller){ caller->uid, g_strdup (caller->login) };
  for (guint i = 0; i < call->deletions->len; i++)
    {
      DouSocialDeletion *deletion = &g_array_index (call->deletions, DouSocialDeletion, i);

      deletion->user = DOU_SOCIAL_ADMINISTRATION;
      if (!dou_audit_may_act (seen, &deletion->comment, deletion->why))
        g_array_index (call->statuses, gint32, i) = DOU_STATUS_BAD_PARAMETER;
    }
  start (self, call, cancellable, callback, user_data);
}

/**
 * dou_social_manager_delete_comments_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, CommentNotFound,
 *   NotPermitted; or %NULL if nothing was done, with the errors of dou_database_write_finish()
 */
GArray *
dou_social_manager_delete_comments_finish (DouSocialManager *self, GAsyncResult *result,
                                           GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (
      g_async_result_is_tagged (result, dou_social_manager_delete_comments_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
