/* SPDX-License-Identifier: Apache-2.0 */

/* What the calls have in common in which the administration acts on videos: which items the store is asked about,
 * and what became of each. */

#include "config.h"

#include "common/dou-audit.h"
#include "common/dou-status.h"
#include "video/dou-video-act-call.h"

/* The data of a call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type gint32) of each item */
  GArray *places;   /* (owned) (element-type guint) of the items that the store is asked about */
  GArray *ids;      /* (owned) (element-type gint64) their videos */
  GHashTable *seen; /* (owned) (element-type gint64) videos of the items so far, in the caller's memory */
} Call;

static void
call_free (Call *call)
{
  g_array_unref (call->statuses);
  g_array_unref (call->places);
  g_array_unref (call->ids);
  g_hash_table_unref (call->seen);
  g_free (call);
}

/**
 * dou_video_act_call_new:
 * @manager: whose call it is
 * @source_tag: of the task
 * @n_items: how many
 * @callback: of the task
 * @user_data: for @callback
 *
 * Returns: (transfer full): a task of which no item was taken yet
 */
GTask *
dou_video_act_call_new (DouVideoManager *manager, gpointer source_tag, guint n_items,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (manager, NULL, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), n_items);
  g_array_set_size (call->statuses, n_items);
  call->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_items);
  call->ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_items);
  call->seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  return task;
}

/**
 * dou_video_act_call_take:
 * @task: a call
 * @place: the number of an item; items are taken in their order, without a return to the main loop in between
 * @id: its video
 * @why: the reason
 *
 * Returns: whether the store is to be asked about the item, as the next one; or it has its status
 */
gboolean
dou_video_act_call_take (GTask *task, guint place, const gint64 *id, const char *why)
{
  Call *call = g_task_get_task_data (task);

  if (!dou_audit_may_act (call->seen, id, why))
    {
      g_array_index (call->statuses, gint32, place) = DOU_STATUS_BAD_PARAMETER;
      return FALSE;
    }

  g_array_append_val (call->places, place);
  g_array_append_val (call->ids, *id);
  return TRUE;
}

/**
 * dou_video_act_call_get_asked:
 * @task: a call
 * @i: the number of an item among those that the store was asked about
 *
 * Returns: its video
 */
gint64
dou_video_act_call_get_asked (GTask *task, guint i)
{
  Call *call = g_task_get_task_data (task);

  return g_array_index (call->ids, gint64, i);
}

/**
 * dou_video_act_call_refuse:
 * @task: a call
 * @i: the number of an item among those that the store was asked about
 * @status: what is wrong with it
 */
void
dou_video_act_call_refuse (GTask *task, guint i, DouStatus status)
{
  Call *call = g_task_get_task_data (task);

  g_array_index (call->statuses, gint32, g_array_index (call->places, guint, i)) = (gint32) status;
}

/**
 * dou_video_act_call_return:
 * @task: a call
 *
 * Answers it with the statuses: (element-type gint32).
 */
void
dou_video_act_call_return (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}
