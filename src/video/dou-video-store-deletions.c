/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of the rows of deleted videos, and the recount.
 *
 * In the transaction that deletes a row its id is remembered: as deleted for a while, and as unclean
 * until nothing is left of what belonged to it. That mark is all that a start needs to go on with a
 * deletion which a crash has interrupted. A flag in the row itself was rejected: every other
 * statement, index and counter would have to know of it.
 */

#include "config.h"

#include "video/dou-video-store-private.h"

/* Bytes of JSON for three numbers in an array. */
#define ROW_SIZE (3 * DOU_VIDEO_NUMBER_SIZE + 3)
/* And for a removal with a short reason. */
#define REMOVAL_SIZE 128

/**
 * dou_video_store_find_states_async:
 * @self: a store
 * @ids: (array length=n_ids): of videos, known or not
 * @n_ids: how many
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_find_states_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GArray) states = g_array_sized_new (FALSE, TRUE, sizeof (DouVideoState), n_ids);

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  g_array_set_size (states, n_ids);
  dou_video_store_run (self,
                       (DouVideoOperation){ .query = "find-states",
                                    .query_json = dou_video_store_make_numbers (ids, n_ids),
                                    .columns = "xxxx",
                                    .results = g_steal_pointer (&states) },
                       dou_video_store_find_states_async, callback, user_data);
}

/**
 * dou_video_store_find_states_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoState): what is known of each; or %NULL with the
 *   errors of dou_database_read_finish()
 */
GArray *
dou_video_store_find_states_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_find_states_async, error);

  if (operation == NULL)
    return NULL;

  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    g_array_index (operation->results, DouVideoState, dou_rows_get_int64 (operation->rows, i, 0))
        = (DouVideoState){ dou_rows_get_int64 (operation->rows, i, 1),
                           dou_rows_get_int64 (operation->rows, i, 2) != 0,
                           dou_rows_get_int64 (operation->rows, i, 3) != 0 };
  return g_array_ref (operation->results);
}

static char *
make_ids (GArray *ids)
{
  return dou_video_store_make_numbers ((const gint64 *) (gpointer) ids->data, ids->len);
}

/* Two writes that came together both want a video: only one of them finds it. */
static gboolean
find_to_delete (DouTransaction *transaction, DouVideoOperation *operation, GError **error)
{
  g_autofree char *json = make_ids (operation->ids);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-to-delete", "xxxxx", json, error);

  if (rows == NULL)
    return FALSE;

  g_clear_pointer (&operation->results, g_array_unref);
  operation->results = g_array_new (FALSE, FALSE, sizeof (DouVideoDeleted));
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      const DouVideoDeleted deleted = {
        .place = { dou_rows_get_int64 (rows, i, 0), dou_rows_get_int64 (rows, i, 2) },
        .author = dou_rows_get_int64 (rows, i, 1),
        .transcode = (DouVideoTranscode) dou_rows_get_int64 (rows, i, 3),
        .hidden = dou_rows_get_int64 (rows, i, 4) != 0,
      };

      g_array_append_val (operation->results, deleted);
    }

  return TRUE;
}

static gboolean
delete_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;
  g_auto (DouJsonWriter) remembered = { 0 };
  g_autofree char *remembered_json = NULL;
  g_autofree char *ids_json = make_ids (operation->ids);
  g_autofree char *horizon_json
      = g_strdup_printf ("[%" G_GINT64_FORMAT "]", operation->now - DOU_VIDEO_MEMORY);

  if (!find_to_delete (transaction, operation, error)
      || (operation->audit_json != NULL
          && !dou_transaction_execute (transaction, "audit-deletions", operation->audit_json, NULL,
                                       error)))
    return FALSE;

  dou_json_writer_init (&remembered, operation->results->len * ROW_SIZE + 2);
  dou_json_writer_begin_array (&remembered);
  for (guint i = 0; i < operation->results->len; i++)
    {
      const DouVideoDeleted *deleted = &g_array_index (operation->results, DouVideoDeleted, i);
      const gint64 row[] = { deleted->place.id, deleted->author, operation->now };

      dou_video_store_write_numbers (&remembered, row, G_N_ELEMENTS (row));
    }
  dou_json_writer_end_array (&remembered);
  remembered_json = dou_json_writer_steal (&remembered, NULL);

  return dou_transaction_execute (transaction, "remember-deleted", remembered_json, NULL, error)
         && dou_transaction_execute (transaction, "delete-videos", ids_json, NULL, error)
         && dou_transaction_execute (transaction, "forget-deleted", horizon_json, NULL, error);
}

/**
 * dou_video_store_delete_async:
 * @self: a store
 * @ids: (element-type gint64): of videos, no id twice
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_delete_async (DouVideoStore *self, GArray *ids, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self, (DouVideoOperation){ .func = delete_func, .ids = g_array_ref (ids) },
                       dou_video_store_delete_async, callback, user_data);
}

static char *
make_removals_json (const DouVideoRemoval *removals, guint n_removals, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_removals * REMOVAL_SIZE + 2);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_removals; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, removals[i].id);
      dou_audit_write (&writer, now, caller, removals[i].why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_video_store_remove_async:
 * @self: a store
 * @ids: (element-type gint64): of videos, no id twice
 * @removals: (array length=n_removals): these and perhaps others, each once; those that are deleted by
 *   this call are written into the audit log
 * @n_removals: how many
 * @caller: who does it
 * @callback: called once it is durable, for dou_video_store_delete_finish()
 * @user_data: for @callback
 */
void
dou_video_store_remove_async (DouVideoStore *self, GArray *ids, const DouVideoRemoval *removals,
                              guint n_removals, const DouCaller *caller,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (
      self,
      (DouVideoOperation){ .func = delete_func,
                           .ids = g_array_ref (ids),
                           .audit_json = make_removals_json (removals, n_removals, caller) },
      dou_video_store_delete_async, callback, user_data);
}

/**
 * dou_video_store_delete_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoDeleted): those that were there, and are no more;
 *   or %NULL with the errors of dou_database_write_finish()
 */
GArray *
dou_video_store_delete_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_delete_async, error);

  return operation != NULL ? g_array_ref (operation->results) : NULL;
}

/**
 * dou_video_store_list_unclean_async:
 * @self: a store
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_list_unclean_async (DouVideoStore *self, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self, (DouVideoOperation){ .query = "list-unclean", .columns = "x" },
                       dou_video_store_list_unclean_async, callback, user_data);
}

/**
 * dou_video_store_list_unclean_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): up to %DOU_VIDEO_UNCLEAN_MAX deleted videos of
 *   which something may be left; or %NULL with the errors of dou_database_read_finish()
 */
GArray *
dou_video_store_list_unclean_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_list_unclean_async, error);
  GArray *ids;

  if (operation == NULL)
    return NULL;

  ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    {
      gint64 id = dou_rows_get_int64 (operation->rows, i, 0);

      g_array_append_val (ids, id);
    }

  return ids;
}

/**
 * dou_video_store_set_clean_async:
 * @self: a store
 * @ids: (element-type gint64): of deleted videos of which nothing is left
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_set_clean_async (DouVideoStore *self, GArray *ids, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (
      self, (DouVideoOperation){ .change = "set-clean", .change_json = make_ids (ids) },
      dou_video_store_set_clean_async, callback, user_data);
}

gboolean
dou_video_store_set_clean_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  return dou_video_store_finish (self, result, dou_video_store_set_clean_async, error) != NULL;
}

static gboolean
recount_authors (DouTransaction *transaction, DouVideoOperation *operation, GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "recount-authors", "xx", NULL, error);
  g_auto (DouJsonWriter) right = { 0 };
  g_autofree char *json = NULL;
  guint n_rows;

  if (rows == NULL)
    return FALSE;

  n_rows = dou_rows_get_n_rows (rows);
  g_clear_pointer (&operation->results, g_array_unref);
  operation->results = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_rows);
  dou_json_writer_init (&right, n_rows * ROW_SIZE + 2);
  dou_json_writer_begin_array (&right);
  for (guint i = 0; i < n_rows; i++)
    {
      const gint64 row[] = { dou_rows_get_int64 (rows, i, 0), dou_rows_get_int64 (rows, i, 1) };

      dou_video_store_write_numbers (&right, row, G_N_ELEMENTS (row));
      g_array_append_val (operation->results, row[0]);
    }
  dou_json_writer_end_array (&right);
  json = dou_json_writer_steal (&right, NULL);
  return dou_transaction_execute (transaction, "set-work-counts", json, NULL, error);
}

static gboolean
recount_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;
  g_autoptr (DouRows) totals = NULL;
  g_autofree char *json = NULL;

  if (!dou_transaction_allow_time (transaction, error)
      || !recount_authors (transaction, operation, error))
    return FALSE;

  totals = dou_transaction_query (transaction, "recount-total", "xx", NULL, error);
  if (totals == NULL)
    return FALSE;

  operation->counts[0] = dou_rows_get_int64 (totals, 0, 0);
  operation->counts[1] = operation->results->len
                         + (operation->counts[0] != dou_rows_get_int64 (totals, 0, 1));
  json = g_strdup_printf ("[%" G_GINT64_FORMAT "]", operation->counts[0]);
  return dou_transaction_execute (transaction, "set-total", json, NULL, error);
}

/**
 * dou_video_store_recount_async:
 * @self: a store
 * @callback: called once it is durable
 * @user_data: for @callback
 *
 * Counts everything anew and sets right what is not so. Writes wait meanwhile.
 */
void
dou_video_store_recount_async (DouVideoStore *self, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self, (DouVideoOperation){ .func = recount_func },
                       dou_video_store_recount_async, callback, user_data);
}

/**
 * dou_video_store_recount_finish:
 * @self: a store
 * @result: of the callback
 * @n_videos: (out): how many videos there are
 * @n_wrong: (out): how many counters were wrong
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): authors whose number of works was wrong; or %NULL
 *   with the errors of dou_database_write_finish()
 */
GArray *
dou_video_store_recount_finish (DouVideoStore *self, GAsyncResult *result, gint64 *n_videos,
                                gint64 *n_wrong, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_recount_async, error);

  if (operation == NULL)
    return NULL;

  *n_videos = operation->counts[0];
  *n_wrong = operation->counts[1];
  return g_array_ref (operation->results);
}
