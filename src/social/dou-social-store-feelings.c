/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "social/dou-social-operation.h"

static void
write_feeling (DouJsonWriter *writer, const DouSocialFeeling *feeling)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, feeling->user);
  dou_json_writer_int64 (writer, feeling->comment);
  dou_json_writer_int64 (writer, feeling->feeling);
  dou_json_writer_end_array (writer);
}

static DouStatus
judge_feeling (const DouSocialFeeling *feeling, DouRows *rows, guint i)
{
  if (feeling->feeling == DOU_SOCIAL_NEITHER)
    return DOU_STATUS_OK;
  if (dou_rows_get_int64 (rows, i, 3) != 0)
    return DOU_STATUS_USER_NOT_FOUND;

  return dou_rows_get_int64 (rows, i, 2) != 0 ? DOU_STATUS_BLOCKED : DOU_STATUS_OK;
}

/* Settles all: what is not found has no comment.
 * @current: (out) (transfer full): what is felt at the moment */
static gboolean
find_feelings (DouTransaction *transaction, DouSocialOperation *operation,
               DouSocialFeelingKind **current, GError **error)
{
  GArray *feelings = operation->items;
  GArray *statuses
      = dou_social_operation_reset_results (operation, sizeof (gint32), feelings->len);
  g_auto (DouJsonWriter) writer = { 0 };
  g_autofree char *json = NULL;
  g_autoptr (DouRows) rows = NULL;

  dou_social_operation_begin_json (&writer, feelings->len);
  for (guint i = 0; i < feelings->len; i++)
    {
      write_feeling (&writer, &g_array_index (feelings, DouSocialFeeling, i));
      g_array_index (statuses, gint32, i) = DOU_STATUS_COMMENT_NOT_FOUND;
    }
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);

  rows = dou_transaction_query (transaction, "find-feelings", "xxxx", json, error);
  if (rows == NULL)
    return FALSE;

  *current = g_new0 (DouSocialFeelingKind, feelings->len);
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      gint64 place = dou_rows_get_int64 (rows, i, 0);
      gint64 feeling = dou_rows_get_int64 (rows, i, 1);

      g_array_index (statuses, gint32, place) = judge_feeling (
          &g_array_index (feelings, DouSocialFeeling, place), rows, i);
      (*current)[place] = feeling != 0 ? (DouSocialFeelingKind) feeling : DOU_SOCIAL_NEITHER;
    }

  return TRUE;
}

static gboolean
set_feelings_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  GArray *feelings = operation->items;
  g_auto (DouJsonWriter) set = { 0 };
  g_auto (DouJsonWriter) removed = { 0 };
  g_autofree DouSocialFeelingKind *current = NULL;

  if (!find_feelings (transaction, operation, &current, error))
    return FALSE;

  dou_social_operation_begin_json (&set, feelings->len);
  dou_social_operation_begin_json (&removed, feelings->len);
  for (guint i = 0; i < feelings->len; i++)
    {
      const DouSocialFeeling *feeling = &g_array_index (feelings, DouSocialFeeling, i);

      if (g_array_index (operation->results, gint32, i) != DOU_STATUS_OK
          || (gint32) current[i] == feeling->feeling)
        continue;

      write_feeling (feeling->feeling == DOU_SOCIAL_NEITHER ? &removed : &set, feeling);
    }

  return dou_social_operation_execute_rows (transaction, "set-feelings", &set, error)
         && dou_social_operation_execute_rows (transaction, "remove-feelings", &removed, error);
}

/**
 * dou_social_store_set_feelings_async:
 * @self: a store
 * @feelings: (element-type DouSocialFeeling): what is to be felt, no pair of user and comment twice
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_set_feelings_async (DouSocialStore *self, GArray *feelings,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_social_operation_write (dou_social_operation_new (self, dou_social_store_set_feelings_async,
                                                        set_feelings_func, feelings, cancellable,
                                                        callback, user_data));
}

/**
 * dou_social_store_set_feelings_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus, 0, CommentNotFound,
 *   UserNotFound if the user or who wrote it was removed, or Blocked for a like or dislike of what somebody
 *   wrote who is apart from the user; or %NULL
 */
GArray *
dou_social_store_set_feelings_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_set_feelings_async,
                                              error);
}

static gboolean
get_feelings_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  GArray *pairs = operation->items;
  GArray *kinds = dou_social_operation_reset_results (operation, sizeof (gint32), pairs->len);
  g_auto (DouJsonWriter) writer = { 0 };
  g_autofree char *json = NULL;
  g_autoptr (DouRows) rows = NULL;

  dou_social_operation_begin_json (&writer, pairs->len);
  for (guint i = 0; i < pairs->len; i++)
    {
      const DouSocialLink *pair = &g_array_index (pairs, DouSocialLink, i);

      write_feeling (&writer, &(DouSocialFeeling){ pair->user, pair->target, DOU_SOCIAL_NEITHER });
      g_array_index (kinds, gint32, i) = DOU_SOCIAL_NEITHER;
    }
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);

  rows = dou_transaction_query (transaction, "get-feelings", "xx", json, error);
  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (kinds, gint32, dou_rows_get_int64 (rows, i, 0))
        = (gint32) dou_rows_get_int64 (rows, i, 1);
  return TRUE;
}

/**
 * dou_social_store_get_feelings_async:
 * @self: a store
 * @pairs: (element-type DouSocialLink): pairs of user and comment, known or not
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_get_feelings_async (DouSocialStore *self, GArray *pairs,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_social_operation_read (dou_social_operation_new (self, dou_social_store_get_feelings_async,
                                                       get_feelings_func, pairs, cancellable,
                                                       callback, user_data));
}

/**
 * dou_social_store_get_feelings_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each pair a #DouSocialFeelingKind; or %NULL
 */
GArray *
dou_social_store_get_feelings_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_get_feelings_async,
                                              error);
}
