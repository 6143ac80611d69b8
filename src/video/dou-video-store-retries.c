/* SPDX-License-Identifier: Apache-2.0 */

/* The store: videos that were not transcoded, because each attempt has failed, and what the administration does about
 * them. Whoever has put right what was wrong, say the memory that ffmpeg may take, has them tried again: as if they
 * had just been published. */

#include "config.h"

#include "video/dou-video-store-private.h"

/* Bytes of JSON for a retry with a short reason. */
#define RETRY_SIZE 128

static char *
make_retries_json (const DouVideoRetry *retries, guint n_retries, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_retries * RETRY_SIZE + 2);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_retries; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, retries[i].id);
      dou_audit_write (&writer, now, caller, retries[i].why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

static gboolean
retry_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;
  const char *json = operation->audit_json;
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-retries", "xx", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (operation->results, DouVideoRetried, i)
        = dou_rows_get_int64 (rows, i, 0) == 0 ? DOU_VIDEO_RETRIED_NONE
          : dou_rows_get_int64 (rows, i, 1) == DOU_VIDEO_TRANSCODE_FAILED ? DOU_VIDEO_RETRIED
                                                                          : DOU_VIDEO_RETRIED_BEFORE;

  return dou_transaction_execute (transaction, "audit-retries", json, NULL, error)
         && dou_transaction_execute (transaction, "retry-transcodes", json, NULL, error);
}

/**
 * dou_video_store_retry_async:
 * @self: a store
 * @retries: (array length=n_retries): what is to be transcoded after all, each video once
 * @n_retries: how many
 * @caller: who does it
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_retry_async (DouVideoStore *self, const DouVideoRetry *retries, guint n_retries,
                             const DouCaller *caller, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GArray) results = g_array_new (FALSE, TRUE, sizeof (DouVideoRetried));

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  g_array_set_size (results, n_retries);
  dou_video_store_run (
      self,
      (DouVideoOperation){ .func = retry_func,
                           .results = g_steal_pointer (&results),
                           .audit_json = make_retries_json (retries, n_retries, caller) },
      dou_video_store_retry_async, callback, user_data);
}

/**
 * dou_video_store_retry_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoRetried): what each did; or %NULL with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_video_store_retry_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_retry_async, error);

  return operation != NULL ? g_array_ref (operation->results) : NULL;
}

/**
 * dou_video_store_list_failed_async:
 * @self: a store
 * @pages: `a(xu)`, see dou_record_list_all_async(); at most %DOU_VIDEO_LISTS_MAX
 * @callback: called with the result
 * @user_data: for @callback
 *
 * Videos that were given up, with dou_record_list_finish(): id, author, title, publish time, why.
 */
void
dou_video_store_list_failed_async (DouVideoStore *self, GVariant *pages,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_record_list_all_async (dou_video_store_get_database (self), "list-failed", "(xxsxs)", pages,
                             callback, user_data);
}
