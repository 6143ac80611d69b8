/* SPDX-License-Identifier: Apache-2.0 */

/* How the administration hides videos. To everybody a hidden video is as one that was deleted, its author
 * included, except that it can come back, to the place that it had; so everybody is told of it in the
 * same way. Likes and comments stay where they are, unseen. */

#include "config.h"

#include "common/dou-status.h"
#include "video/dou-video-act-call.h"
#include "video/dou-video-manager-private.h"

static void
hidden_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GArray) hidden = NULL;
  GError *error = NULL;

  hidden = dou_video_store_set_hidden_finish (DOU_VIDEO_STORE (source), result, &error);
  if (hidden == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < hidden->len; i++)
    if (g_array_index (hidden, DouVideoHidden, i).place.id == 0)
      dou_video_act_call_refuse (task, i, DOU_STATUS_VIDEO_NOT_FOUND);

  dou_video_manager_report_hidden (g_task_get_source_object (task), hidden);
  dou_video_act_call_return (task);
}

/**
 * dou_video_manager_set_hidden_async:
 * @self: a manager
 * @hidings: (array length=n_hidings): what to hide or not
 * @n_hidings: how many
 * @caller: who does it
 * @callback: called once it is durable, or refused
 * @user_data: for @callback
 *
 * Hides videos, or ends that. What is so already stays so, and that is not written into the audit log.
 */
void
dou_video_manager_set_hidden_async (DouVideoManager *self, const DouVideoHiding *hidings,
                                    guint n_hidings, const DouCaller *caller,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree DouVideoHiding *asked = g_new (DouVideoHiding, n_hidings);
  guint n_asked = 0;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  task = dou_video_act_call_new (self, dou_video_manager_set_hidden_async, n_hidings, callback, user_data);
  for (guint i = 0; i < n_hidings; i++)
    if (dou_video_act_call_take (task, i, &hidings[i].id, hidings[i].why))
      asked[n_asked++] = hidings[i];

  if (n_asked == 0)
    dou_video_act_call_return (task);
  else
    dou_video_store_set_hidden_async (self->store, asked, n_asked, caller, hidden_cb,
                                      g_object_ref (task));
}

/**
 * dou_video_manager_set_hidden_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, VideoNotFound or BadParameter
 *   (the reason, or the video was named before); or %NULL if nothing was done, with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_video_manager_set_hidden_finish (DouVideoManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_manager_set_hidden_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
