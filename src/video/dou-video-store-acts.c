/* SPDX-License-Identifier: Apache-2.0 */

/* The store: what the administration does to videos, and the lists that only it sees. Each action is
 * written into the audit log in the same transaction.
 *
 * A hidden video keeps its row, with a mark that the pages and counts of everybody pass over. To move
 * the row to another table was rejected: transcoding, the files' recovery after a crash and the backup
 * all look for a video's row, and would take the files of a hidden one for left-overs. */

#include "config.h"

#include "video/dou-video-store-private.h"

/* Bytes of JSON for a hiding with a short reason. */
#define HIDING_SIZE 128

static char *
make_hidings_json (const DouVideoHiding *hidings, guint n_hidings, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_hidings * HIDING_SIZE + 2);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_hidings; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, hidings[i].id);
      dou_json_writer_int64 (&writer, hidings[i].hide ? 1 : 0);
      dou_audit_write (&writer, now, caller, hidings[i].why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

static gboolean
hide_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;
  const char *json = operation->audit_json;
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-hide-changes", "xxxx", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      DouVideoHidden *hidden = &g_array_index (operation->results, DouVideoHidden, i);

      hidden->place.id = dou_rows_get_int64 (rows, i, 0);
      hidden->author = dou_rows_get_int64 (rows, i, 1);
      hidden->place.publish_time = dou_rows_get_int64 (rows, i, 2);
      hidden->changed = dou_rows_get_int64 (rows, i, 3) != 0;
    }

  return dou_transaction_execute (transaction, "audit-hides", json, NULL, error)
         && dou_transaction_execute (transaction, "set-hidden", json, NULL, error);
}

/**
 * dou_video_store_set_hidden_async:
 * @self: a store
 * @hidings: (array length=n_hidings): what to hide or not, each video once
 * @n_hidings: how many
 * @caller: who does it
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_set_hidden_async (DouVideoStore *self, const DouVideoHiding *hidings,
                                  guint n_hidings, const DouCaller *caller,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GArray) results = g_array_new (FALSE, TRUE, sizeof (DouVideoHidden));

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  g_array_set_size (results, n_hidings);
  for (guint i = 0; i < n_hidings; i++)
    g_array_index (results, DouVideoHidden, i).hidden = hidings[i].hide;
  dou_video_store_run (
      self,
      (DouVideoOperation){ .func = hide_func,
                           .results = g_steal_pointer (&results),
                           .audit_json = make_hidings_json (hidings, n_hidings, caller) },
      dou_video_store_set_hidden_async, callback, user_data);
}

/**
 * dou_video_store_set_hidden_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoHidden): what each did; or %NULL with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_video_store_set_hidden_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_set_hidden_async, error);

  return operation != NULL ? g_array_ref (operation->results) : NULL;
}

/**
 * dou_video_store_list_videos_async:
 * @self: a store
 * @pages: `a(xbu)`: what to list, with the mark only what is hidden, see dou_record_list_some_async(); at
 *   most %DOU_VIDEO_LISTS_MAX
 * @callback: called with the result
 * @user_data: for @callback
 *
 * Videos, with dou_record_list_finish(): id, author, title, publish time, since when hidden.
 */
void
dou_video_store_list_videos_async (DouVideoStore *self, GVariant *pages,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  static const char *const statements[] = { "list-videos", "list-hidden" };

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_record_list_some_async (dou_video_store_get_database (self), statements, "(xxsxx)", pages,
                              callback, user_data);
}

/**
 * dou_video_store_list_videos_of_async:
 * @self: a store
 * @pages: `a(xxu)`, see dou_record_list_of_async()
 * @callback: called with the result
 * @user_data: for @callback
 *
 * Videos of authors: id, title, file, cover, publish time, since when hidden.
 */
void
dou_video_store_list_videos_of_async (DouVideoStore *self, GVariant *pages,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_record_list_of_async (dou_video_store_get_database (self), "list-videos-of", "(xsssxx)", pages,
                         callback, user_data);
}

/**
 * dou_video_store_list_audit_async:
 * @self: a store
 * @pages: see dou_audit_list_async()
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_list_audit_async (DouVideoStore *self, GVariant *pages,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_audit_list_async (dou_video_store_get_database (self), pages, callback, user_data);
}
