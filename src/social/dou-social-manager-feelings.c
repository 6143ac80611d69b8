/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "social/dou-social-manager.h"

/* Many feelings that came together; the data of the call's task. */
typedef struct
{
  GArray *feelings; /* (owned) (element-type DouSocialFeeling) as they came */
  GArray *statuses; /* (owned) (element-type gint32) of each */
  GArray *wanted;   /* (owned) (element-type DouSocialFeeling) for the store, each pair once */
  guint *places;    /* (owned) (array) where in wanted each of feelings is, if it is allowed */
} FeelingCall;

static void
feeling_call_free (FeelingCall *self)
{
  g_array_unref (self->feelings);
  g_array_unref (self->statuses);
  g_array_unref (self->wanted);
  g_free (self->places);
  g_free (self);
}

static DouStatus
check_feeling (const DouSocialFeeling *feeling)
{
  switch (feeling->feeling)
    {
    case DOU_SOCIAL_LIKE:
    case DOU_SOCIAL_DISLIKE:
    case DOU_SOCIAL_NEITHER:
      return dou_social_id_is_valid (feeling->user) ? DOU_STATUS_OK : DOU_STATUS_BAD_PARAMETER;
    default:
      return DOU_STATUS_BAD_PARAMETER;
    }
}

/* Of what one user is to feel about one comment the last counts. */
static void
feeling_call_resolve (FeelingCall *self)
{
  g_autoptr (GHashTable) places = g_hash_table_new (dou_social_pair_hash, dou_social_pair_equal);

  for (guint i = 0; i < self->feelings->len; i++)
    {
      DouSocialFeeling *feeling = &g_array_index (self->feelings, DouSocialFeeling, i);
      DouStatus status = check_feeling (feeling);
      gpointer place;

      g_array_index (self->statuses, gint32, i) = (gint32) status;
      if (status != DOU_STATUS_OK)
        continue;

      if (g_hash_table_lookup_extended (places, feeling, NULL, &place))
        {
          self->places[i] = GPOINTER_TO_UINT (place);
          g_array_index (self->wanted, DouSocialFeeling, self->places[i]) = *feeling;
          continue;
        }

      self->places[i] = self->wanted->len;
      g_hash_table_insert (places, feeling, GUINT_TO_POINTER (self->places[i]));
      g_array_append_vals (self->wanted, feeling, 1);
    }
}

static void
set_feelings_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  FeelingCall *call = g_task_get_task_data (task);
  g_autoptr (DouSocialChanges) changes = dou_social_changes_new ();
  g_autoptr (GArray) statuses = NULL;
  GError *error = NULL;

  statuses = dou_social_store_set_feelings_finish (DOU_SOCIAL_STORE (source), result, &error);
  if (statuses == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->wanted->len; i++)
    if (g_array_index (statuses, gint32, i) == DOU_STATUS_OK)
      g_array_append_val (changes->feelings, g_array_index (call->wanted, DouSocialFeeling, i));
  dou_social_manager_report (g_task_get_source_object (task), changes);

  for (guint i = 0; i < call->feelings->len; i++)
    {
      gint32 *status = &g_array_index (call->statuses, gint32, i);

      if (*status == DOU_STATUS_OK)
        *status = g_array_index (statuses, gint32, call->places[i]);
    }

  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/**
 * dou_social_manager_set_feelings_async:
 * @self: a manager
 * @feelings: (element-type DouSocialFeeling): what is to be felt; must not change until the
 *   callback
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_manager_set_feelings_async (DouSocialManager *self, GArray *feelings,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  FeelingCall *call;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  call = g_new0 (FeelingCall, 1);
  call->feelings = g_array_ref (feelings);
  call->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), feelings->len);
  g_array_set_size (call->statuses, feelings->len);
  call->wanted = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialFeeling), feelings->len);
  call->places = g_new0 (guint, feelings->len);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_social_manager_set_feelings_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) feeling_call_free);

  feeling_call_resolve (call);
  if (call->wanted->len > 0)
    dou_social_store_set_feelings_async (dou_social_manager_get_store (self), call->wanted,
                                         cancellable, set_feelings_cb, g_object_ref (task));
  else
    g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/**
 * dou_social_manager_set_feelings_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, CommentNotFound, Blocked,
 *   BadParameter (no such feeling, or no such user can be); or %NULL if nothing was done, with the
 *   errors of dou_database_write_finish()
 */
GArray *
dou_social_manager_set_feelings_finish (DouSocialManager *self, GAsyncResult *result,
                                        GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_social_manager_set_feelings_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
