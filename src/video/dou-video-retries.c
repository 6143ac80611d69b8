/* SPDX-License-Identifier: Apache-2.0 */

/* How the administration has videos transcoded that were given up. */

#include "config.h"

#include "common/dou-status.h"
#include "video/dou-video-manager-private.h"

/* The data of a call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type gint32) of each item */
  GArray *places;   /* (owned) (element-type guint) of the items that the store is asked about */
  GArray *ids;      /* (owned) (element-type gint64) their videos */
} Call;

static void
call_free (Call *call)
{
  g_array_unref (call->statuses);
  g_array_unref (call->places);
  g_array_unref (call->ids);
  g_free (call);
}

static void
call_return (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

static void
retried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GArray) retried = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  GError *error = NULL;

  retried = dou_video_store_retry_finish (DOU_VIDEO_STORE (source), result, &error);
  if (retried == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < retried->len; i++)
    {
      DouVideoRetried outcome = g_array_index (retried, DouVideoRetried, i);

      if (outcome == DOU_VIDEO_RETRIED_NONE)
        g_array_index (call->statuses, gint32, g_array_index (call->places, guint, i))
            = DOU_STATUS_VIDEO_NOT_FOUND;
      else if (outcome == DOU_VIDEO_RETRIED)
        g_array_append_val (ids, g_array_index (call->ids, gint64, i));
    }
  dou_video_manager_report_retried (g_task_get_source_object (task), ids);
  call_return (task);
}

/**
 * dou_video_manager_retry_async:
 * @self: a manager
 * @retries: (array length=n_retries): what is to be transcoded after all
 * @n_retries: how many
 * @caller: who does it
 * @callback: called once it is durable, or refused
 * @user_data: for @callback
 *
 * Has videos tried again that were given up. Others stay as they are, and that is not written into the audit log.
 */
void
dou_video_manager_retry_async (DouVideoManager *self, const DouVideoRetry *retries, guint n_retries,
                               const DouCaller *caller, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autofree DouVideoRetry *asked = g_new (DouVideoRetry, n_retries);
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  call = g_new0 (Call, 1);
  call->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), n_retries);
  g_array_set_size (call->statuses, n_retries);
  call->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_retries);
  call->ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_retries);
  for (guint i = 0; i < n_retries; i++)
    if (dou_audit_is_why (retries[i].why) && g_hash_table_add (seen, (gpointer) &retries[i].id))
      {
        asked[call->places->len] = retries[i];
        g_array_append_val (call->places, i);
        g_array_append_val (call->ids, retries[i].id);
      }
    else
      g_array_index (call->statuses, gint32, i) = DOU_STATUS_BAD_PARAMETER;

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_video_manager_retry_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  if (call->places->len == 0)
    call_return (task);
  else
    dou_video_store_retry_async (self->store, asked, call->places->len, caller, retried_cb,
                                 g_object_ref (task));
}

/**
 * dou_video_manager_retry_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, VideoNotFound or BadParameter
 *   (the reason, or the video was named before); or %NULL if nothing was done, with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_video_manager_retry_finish (DouVideoManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_manager_retry_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
