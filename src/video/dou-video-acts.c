/* SPDX-License-Identifier: Apache-2.0 */

/* How the administration hides videos. To everybody a hidden video is as one that was deleted, its author
 * included, except that it can come back, to the place that it had; so everybody is told of it in the
 * same way. Likes and comments stay where they are, unseen.
 *
 * A call that names a video twice could be written down in one order and done in another, so the second
 * item is refused. */

#include "config.h"

#include "common/dou-status.h"
#include "video/dou-video-manager-private.h"

/* The data of a call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type gint32) of each item */
  GArray *places;   /* (owned) (element-type guint) of the items that the store is asked about */
} Call;

static void
call_free (Call *call)
{
  g_array_unref (call->statuses);
  g_array_unref (call->places);
  g_free (call);
}

static void
call_return (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

static void
hidden_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
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
      g_array_index (call->statuses, gint32, g_array_index (call->places, guint, i))
          = DOU_STATUS_VIDEO_NOT_FOUND;

  dou_video_manager_report_hidden (g_task_get_source_object (task), hidden);
  call_return (task);
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
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autofree DouVideoHiding *asked = g_new (DouVideoHiding, n_hidings);
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  call = g_new0 (Call, 1);
  call->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), n_hidings);
  g_array_set_size (call->statuses, n_hidings);
  call->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_hidings);
  for (guint i = 0; i < n_hidings; i++)
    if (dou_audit_is_why (hidings[i].why)
        && g_hash_table_add (seen, (gpointer) &hidings[i].id))
      {
        asked[call->places->len] = hidings[i];
        g_array_append_val (call->places, i);
      }
    else
      g_array_index (call->statuses, gint32, i) = DOU_STATUS_BAD_PARAMETER;

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_video_manager_set_hidden_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  if (call->places->len == 0)
    call_return (task);
  else
    dou_video_store_set_hidden_async (self->store, asked, call->places->len, caller, hidden_cb,
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
