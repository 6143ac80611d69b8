/* SPDX-License-Identifier: Apache-2.0 */

/* The store: what is to be transcoded, and who is at it.
 *
 * That a video is to be transcoded is a column of its row, and so is a claim on it: a number that whoever
 * begins has made up, and a time until which nobody else is to begin. All that is written afterwards names
 * the number, and is written only if it still stands there. So of several processes that have worked on one
 * video, whatever let them, one leaves a result. The same time keeps everybody away for a while after a
 * failure. */

#include "config.h"

#include <string.h>

#include "common/dou-id-minter.h"
#include "video/dou-video-store-private.h"

#define TASK_COLUMNS "xssxxxxs"
/* Bytes of JSON of a change without its texts. */
#define CHANGE_SIZE 128

/* What a change is to have come to: places in DouVideoOperation.counts. */
#define COUNT_CLAIM 0
#define COUNT_TRANSCODE 1

/**
 * dou_video_task_free:
 * @self: (transfer full): a task
 */
void
dou_video_task_free (DouVideoTask *self)
{
  g_free (self->file);
  g_free (self->cover);
  g_free (self->trouble);
  g_free (self->entry);
  g_free (self);
}

/* Returns: (transfer full) (nullable) */
static DouVideoTask *
make_task (DouRows *rows, guint row)
{
  DouVideoTask *task;

  if (dou_rows_get_text (rows, row, 1) == NULL)
    return NULL;

  task = g_new0 (DouVideoTask, 1);
  task->id = dou_rows_get_int64 (rows, row, 0);
  task->file = g_strdup (dou_rows_get_text (rows, row, 1));
  task->cover = g_strdup (dou_rows_get_text (rows, row, 2));
  task->transcode = (DouVideoTranscode) dou_rows_get_int64 (rows, row, 3);
  task->n_attempts = (guint) dou_rows_get_int64 (rows, row, 4);
  task->claim = dou_rows_get_int64 (rows, row, 5);
  task->wait = dou_rows_get_int64 (rows, row, 6);
  task->trouble = g_strdup (dou_rows_get_text (rows, row, 7));
  return task;
}

static void
free_task (gpointer task)
{
  if (task != NULL)
    dou_video_task_free (task);
}

/**
 * dou_video_store_list_tasks_async:
 * @self: a store
 * @after: (nullable): the last one of the page before, if this is not the first
 * @callback: called with the result
 * @user_data: for @callback
 *
 * Those to be transcoded, also those that are being: what was tried least first, then what is oldest.
 */
void
dou_video_store_list_tasks_async (DouVideoStore *self, const DouVideoTask *after,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  const gint64 place[] = { after != NULL ? after->n_attempts : 0, after != NULL ? after->id : 0 };

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self,
                       (DouVideoOperation){ .query = "list-transcodes",
                                            .query_json = dou_video_store_make_numbers (
                                                place, G_N_ELEMENTS (place)),
                                            .columns = TASK_COLUMNS },
                       dou_video_store_get_tasks_async, callback, user_data);
}

/**
 * dou_video_store_get_tasks_async:
 * @self: a store
 * @ids: (array length=n_ids): of videos
 * @n_ids: how many
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_get_tasks_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self,
                       (DouVideoOperation){ .query = "get-transcodes",
                                            .query_json = dou_video_store_make_numbers (ids, n_ids),
                                            .columns = TASK_COLUMNS },
                       dou_video_store_get_tasks_async, callback, user_data);
}

/**
 * dou_video_store_get_tasks_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoTask) (nullable): for ids that were asked for one each, in
 *   the same order, %NULL for what is not there; or %NULL with the errors of dou_database_read_finish()
 */
GPtrArray *
dou_video_store_get_tasks_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_get_tasks_async, error);
  GPtrArray *tasks;

  if (operation == NULL)
    return NULL;

  tasks = g_ptr_array_new_with_free_func (free_task);
  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    g_ptr_array_add (tasks, make_task (operation->rows, i));
  return tasks;
}

/* @json: (transfer full): of @statement, which is to leave the row of @id with @claim and @transcode */
static void
change (DouVideoStore *self, const char *statement, char *json, const DouVideoTask *task,
        GAsyncReadyCallback callback, gpointer user_data)
{
  dou_video_store_run (self,
                       (DouVideoOperation){ .change = statement,
                                            .change_json = json,
                                            .counts = { [COUNT_CLAIM] = task->claim,
                                                        [COUNT_TRANSCODE] = task->transcode },
                                            .query = "get-transcodes",
                                            .query_json
                                            = dou_video_store_make_numbers (&task->id, 1),
                                            .columns = TASK_COLUMNS },
                       change, callback, user_data);
}

/* Any that nobody else makes up at the same time. */
static gint64
make_claim (void)
{
  return 1 + (gint64) (((guint64) g_random_int () << 32 | g_random_int ()) % DOU_ID_MAX);
}

static void
change_lease (DouVideoStore *self, const char *statement, const DouVideoTask *task, gint64 lease,
              GAsyncReadyCallback callback, gpointer user_data)
{
  const gint64 numbers[] = { task->id, task->claim, lease };

  change (self, statement, dou_video_store_make_numbers (numbers, G_N_ELEMENTS (numbers)), task,
          callback, user_data);
}

/**
 * dou_video_store_claim_task_async:
 * @self: a store
 * @id: of a video
 * @lease: milliseconds until others may begin
 * @callback: called once it is durable
 * @user_data: for @callback
 *
 * Counts an attempt at transcoding it, unless somebody else is at it or it is not to be transcoded.
 */
void
dou_video_store_claim_task_async (DouVideoStore *self, gint64 id, gint64 lease,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  const DouVideoTask task
      = { .id = id, .claim = make_claim (), .transcode = DOU_VIDEO_TRANSCODE_WANTED };

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  change_lease (self, "claim-transcode", &task, lease, callback, user_data);
}

/**
 * dou_video_store_renew_task_async:
 * @self: a store
 * @task: one that was claimed
 * @lease: milliseconds, from now, until others may begin
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_renew_task_async (DouVideoStore *self, const DouVideoTask *task, gint64 lease,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  DouVideoTask wanted = { .id = task->id, .claim = task->claim };

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  wanted.transcode = DOU_VIDEO_TRANSCODE_WANTED;
  change_lease (self, "renew-transcode", &wanted, lease, callback, user_data);
}

/**
 * dou_video_store_update_task_async:
 * @self: a store
 * @task: one that was claimed, as its row is to be
 * @pause: milliseconds before which nobody is to try again
 * @callback: called once it is durable
 * @user_data: for @callback
 *
 * Ends the claim.
 */
void
dou_video_store_update_task_async (DouVideoStore *self, const DouVideoTask *task, gint64 pause,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_auto (DouJsonWriter) writer = { 0 };

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_json_writer_init (&writer, CHANGE_SIZE + strlen (task->trouble));
  dou_json_writer_begin_array (&writer);
  dou_json_writer_int64 (&writer, task->id);
  dou_json_writer_int64 (&writer, task->claim);
  dou_json_writer_string (&writer, task->file);
  dou_json_writer_int64 (&writer, task->transcode);
  dou_json_writer_int64 (&writer, task->n_attempts);
  dou_json_writer_int64 (&writer, pause);
  dou_json_writer_string (&writer, task->trouble);
  dou_json_writer_end_array (&writer);
  change (self, "update-transcode", dou_json_writer_steal (&writer, NULL), task, callback,
          user_data);
}

/**
 * dou_video_store_change_task_finish:
 * @self: a store
 * @result: of the callback of one of the three before
 * @held: (out): whether it was done; if not, the video is somebody else's, or there is nothing to be done
 * @task: (out) (transfer full) (nullable): the row as it is, if there is one
 * @error: return location
 *
 * Returns: whether it is durable; if not, the errors of dou_database_write_finish()
 */
gboolean
dou_video_store_change_task_finish (DouVideoStore *self, GAsyncResult *result, gboolean *held,
                                    DouVideoTask **task, GError **error)
{
  DouVideoOperation *operation = dou_video_store_finish (self, result, change, error);

  if (operation == NULL)
    return FALSE;

  *task = make_task (operation->rows, 0);
  *held = *task != NULL && (*task)->claim == operation->counts[COUNT_CLAIM]
          && (*task)->transcode == (DouVideoTranscode) operation->counts[COUNT_TRANSCODE];
  return TRUE;
}
