/* SPDX-License-Identifier: Apache-2.0 */

/* Users who are no more: nothing is published for them from their mark on, and what they have published is
 * found a piece at a time. */

#include "config.h"

#include "video/dou-video-store-private.h"

static char *
make_ids (GArray *ids)
{
  return dou_video_store_make_numbers ((const gint64 *) (gpointer) ids->data, ids->len);
}

static gboolean
remove_users_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;
  g_autofree char *json = make_ids (operation->ids);

  g_clear_pointer (&operation->rows, dou_rows_free);
  if (!dou_transaction_execute (transaction, "mark-removed-users", json, NULL, error))
    return FALSE;

  operation->rows
      = dou_transaction_query (transaction, "find-works-of-removed", "xx", json, error);
  return operation->rows != NULL;
}

/**
 * dou_video_store_remove_users_async:
 * @self: a store
 * @ids: (element-type gint64): users for whom nothing is published any more
 * @callback: called once that is durable
 * @user_data: for @callback
 */
void
dou_video_store_remove_users_async (DouVideoStore *self, GArray *ids, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (
      self, (DouVideoOperation){ .func = remove_users_func, .ids = g_array_ref (ids) },
      dou_video_store_remove_users_async, callback, user_data);
}

/**
 * dou_video_store_remove_users_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoDeletion): a piece of their videos, to be deleted by their
 *   authors; or %NULL with the errors of dou_database_write_finish()
 */
GArray *
dou_video_store_remove_users_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_remove_users_async, error);
  GArray *deletions;

  if (operation == NULL)
    return NULL;

  deletions = g_array_new (FALSE, FALSE, sizeof (DouVideoDeletion));
  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    {
      const DouVideoDeletion deletion = { .video = dou_rows_get_int64 (operation->rows, i, 0),
                                          .user = dou_rows_get_int64 (operation->rows, i, 1) };

      g_array_append_val (deletions, deletion);
    }

  return deletions;
}

/* Authors who count nothing go, and what is left of whom is looked up. */
static gboolean
find_remains_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;
  g_autofree char *json = make_ids (operation->ids);

  g_clear_pointer (&operation->rows, dou_rows_free);
  if (!dou_transaction_execute (transaction, "delete-authors", json, NULL, error))
    return FALSE;

  operation->rows = dou_transaction_query (transaction, "find-remains", "x", json, error);
  return operation->rows != NULL;
}

/**
 * dou_video_store_find_remains_async:
 * @self: a store
 * @ids: (element-type gint64): users who are no more
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_find_remains_async (DouVideoStore *self, GArray *ids, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (
      self, (DouVideoOperation){ .func = find_remains_func, .ids = g_array_ref (ids) },
      dou_video_store_find_remains_async, callback, user_data);
}

/**
 * dou_video_store_find_remains_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type guint): the places of those of whom something is left; or %NULL
 *   with the errors of dou_database_write_finish()
 */
GArray *
dou_video_store_find_remains_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_find_remains_async, error);
  GArray *places;

  if (operation == NULL)
    return NULL;

  places = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    {
      guint place = (guint) dou_rows_get_int64 (operation->rows, i, 0);

      g_array_append_val (places, place);
    }

  return places;
}
