/* SPDX-License-Identifier: Apache-2.0 */

/* How the administration has videos transcoded that were given up. */

#include "config.h"

#include "common/dou-status.h"
#include "video/dou-video-act-call.h"
#include "video/dou-video-manager-private.h"

static void
retried_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
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
        dou_video_act_call_refuse (task, i, DOU_STATUS_VIDEO_NOT_FOUND);
      else if (outcome == DOU_VIDEO_RETRIED)
        {
          gint64 id = dou_video_act_call_get_asked (task, i);

          g_array_append_val (ids, id);
        }
    }
  dou_video_manager_report_retried (g_task_get_source_object (task), ids);
  dou_video_act_call_return (task);
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
  g_autofree DouVideoRetry *asked = g_new (DouVideoRetry, n_retries);
  guint n_asked = 0;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  task = dou_video_act_call_new (self, dou_video_manager_retry_async, n_retries, callback, user_data);
  for (guint i = 0; i < n_retries; i++)
    if (dou_video_act_call_take (task, i, &retries[i].id, retries[i].why))
      asked[n_asked++] = retries[i];

  if (n_asked == 0)
    dou_video_act_call_return (task);
  else
    dou_video_store_retry_async (self->store, asked, n_asked, caller, retried_cb,
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
