/* SPDX-License-Identifier: Apache-2.0 */

/* What concerns whole videos and the whole store.
 *
 * The likes of one video may be millions, and their removal would hold up every other write for as
 * long as it takes. So a video is marked as removed first, and what belongs to it goes a piece at a
 * time, each piece a call and a transaction of its own, between which others have their turn. The
 * mark stays, and what the pieces left over is seen at the next start. */

#include "config.h"

#include <string.h>

#include "common/dou-audit.h"
#include "social/dou-social-operation.h"

static gboolean
remove_favorites (DouTransaction *transaction, DouSocialOperation *operation, GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-removed-favorites", "xxxx", NULL, error);
  g_auto (DouJsonWriter) removed = { 0 };
  guint n_rows;

  if (rows == NULL)
    return FALSE;

  n_rows = dou_rows_get_n_rows (rows);
  dou_social_operation_reset_results (operation, sizeof (DouSocialLink), n_rows);
  dou_social_operation_begin_json (&removed, n_rows);
  for (guint i = 0; i < n_rows; i++)
    {
      dou_json_writer_int64 (&removed, dou_rows_get_int64 (rows, i, 0));
      g_array_index (operation->results, DouSocialLink, i)
          = (DouSocialLink){ dou_rows_get_int64 (rows, i, 1), dou_rows_get_int64 (rows, i, 2),
                             dou_rows_get_int64 (rows, i, 3), FALSE };
    }

  return dou_social_operation_execute_rows (transaction, "remove-favorites", &removed, error);
}

/* There is nothing left to be done about what is gone. @json: what @statement takes
 * Returns: whether it could be done */
static gboolean
resolve_reports (DouTransaction *transaction, DouSocialOperation *operation, const char *statement,
                 const char *json, GError **error)
{
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, statement, "xxxx", json, error);
  g_auto (DouJsonWriter) resolved = { 0 };
  guint n_rows;

  if (rows == NULL)
    return FALSE;

  n_rows = dou_rows_get_n_rows (rows);
  if (n_rows == 0)
    return TRUE;

  operation->done = FALSE;
  dou_social_operation_begin_json (&resolved, n_rows);
  for (guint i = 0; i < n_rows; i++)
    {
      dou_json_writer_begin_array (&resolved);
      dou_json_writer_int64 (&resolved, dou_rows_get_int64 (rows, i, 0));
      dou_json_writer_int64 (&resolved, operation->now);
      dou_json_writer_end_array (&resolved);
    }

  return dou_social_operation_execute_rows (transaction, "resolve-reports", &resolved, error);
}

static gboolean
remove_comments (DouTransaction *transaction, DouSocialOperation *operation, GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-removed-comments", "xx", NULL, error);
  g_autoptr (GArray) comments = NULL;
  g_autofree char *json = NULL;
  guint n_rows;

  if (rows == NULL)
    return FALSE;

  n_rows = dou_rows_get_n_rows (rows);
  g_clear_pointer (&operation->others, g_array_unref);
  operation->others = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_rows);
  if (n_rows == 0)
    return TRUE;

  comments = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_rows);
  for (guint i = 0; i < n_rows; i++)
    {
      gint64 comment = dou_rows_get_int64 (rows, i, 0);
      gint64 video = dou_rows_get_int64 (rows, i, 1);

      g_array_append_val (comments, comment);
      g_array_append_val (operation->others, video);
    }

  json = dou_social_operation_get_ids_json (comments);
  return resolve_reports (transaction, operation, "find-reports-of-comments", json, error)
         && dou_transaction_execute (transaction, "remove-comments", json, NULL, error);
}

static gboolean
remove_videos_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;

  if (operation->items->len > 0)
    {
      g_autofree char *json = dou_social_operation_get_ids_json (operation->items);

      if (!dou_transaction_execute (transaction, "mark-removed-videos", json, NULL, error))
        return FALSE;
    }

  operation->done = TRUE;
  if (!remove_favorites (transaction, operation, error)
      || !remove_comments (transaction, operation, error)
      || !resolve_reports (transaction, operation, "find-reports-of-removed-videos", NULL, error))
    return FALSE;

  operation->done = operation->done && operation->results->len == 0 && operation->others->len == 0;
  return !operation->done
         || (dou_transaction_execute (transaction, "remove-video-counts", NULL, NULL, error)
             && dou_transaction_execute (transaction, "settle-removed-videos", NULL, NULL, error));
}

/**
 * dou_social_store_remove_videos_async:
 * @self: a store
 * @videos: (element-type gint64): videos to which nothing can be added from now on
 * @now: the time, in milliseconds since 1970
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Removes up to about a thousand likes and as many comments of @videos, and of those that were removed before, and
 * resolves what was reported of them.
 */
void
dou_social_store_remove_videos_async (DouSocialStore *self, GArray *videos, gint64 now,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_remove_videos_async, remove_videos_func,
                                   videos, cancellable, callback, user_data);
  ((DouSocialOperation *) g_task_get_task_data (task))->now = now;
  dou_social_operation_write (task);
}

/**
 * dou_social_store_remove_videos_finish:
 * @self: a store
 * @result: of the callback
 * @favorites: (out) (transfer full) (element-type DouSocialLink): likes that are gone
 * @comments: (out) (transfer full) (element-type gint64): for each comment that is gone, its video
 * @done: (out): whether nothing is left of any video that was removed
 * @error: return location
 *
 * Returns: whether it could be done
 */
gboolean
dou_social_store_remove_videos_finish (DouSocialStore *self, GAsyncResult *result,
                                       GArray **favorites, GArray **comments, gboolean *done,
                                       GError **error)
{
  DouSocialOperation *operation
      = dou_social_operation_finish (self, result, dou_social_store_remove_videos_async, error);

  if (operation == NULL)
    return FALSE;

  *favorites = g_array_ref (operation->results);
  *comments = g_array_ref (operation->others);
  *done = operation->done;
  return TRUE;
}

/* A count of what is, beside what was counted: the statement that finds where they differ has as
 * its columns an id, the true values, and how many of them are wrong, and the other sets them
 * right. */
typedef struct
{
  const char *find;
  const char *set;
  const char *columns;
} Recount;

/* Returns: (transfer full): the ids of what was wrong, or NULL */
static GArray *
set_right (DouTransaction *transaction, DouSocialOperation *operation, const Recount *recount,
           GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, recount->find, recount->columns, NULL, error);
  guint n_columns = (guint) strlen (recount->columns);
  g_autoptr (GArray) ids = NULL;
  g_auto (DouJsonWriter) right = { 0 };
  guint n_rows;

  if (rows == NULL)
    return NULL;

  n_rows = dou_rows_get_n_rows (rows);
  ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_rows);
  dou_social_operation_begin_json (&right, n_rows);
  for (guint i = 0; i < n_rows; i++)
    {
      gint64 id = dou_rows_get_int64 (rows, i, 0);

      dou_json_writer_begin_array (&right);
      for (guint column = 0; column < n_columns - 1; column++)
        dou_json_writer_int64 (&right, dou_rows_get_int64 (rows, i, column));
      dou_json_writer_end_array (&right);
      g_array_append_val (ids, id);
      operation->n_wrong += dou_rows_get_int64 (rows, i, n_columns - 1);
    }

  if (!dou_social_operation_execute_rows (transaction, recount->set, &right, error))
    return NULL;
  return g_steal_pointer (&ids);
}

static gboolean
set_totals_right (DouTransaction *transaction, DouSocialOperation *operation, GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "recount-totals", "xxxxxx", NULL, error);
  g_autofree char *json = NULL;

  if (rows == NULL)
    return FALSE;

  operation->counts = (DouSocialCounts){
    .favorites = dou_rows_get_int64 (rows, 0, 3),
    .comments = dou_rows_get_int64 (rows, 0, 4),
    .follows = dou_rows_get_int64 (rows, 0, 5),
  };
  operation->n_wrong += (operation->counts.favorites != 0) + (operation->counts.comments != 0)
                        + (operation->counts.follows != 0);
  json = g_strdup_printf ("[[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]]",
                          dou_rows_get_int64 (rows, 0, 0), dou_rows_get_int64 (rows, 0, 1),
                          dou_rows_get_int64 (rows, 0, 2));
  return dou_transaction_execute (transaction, "set-totals", json, NULL, error);
}

static gboolean
recount_func (DouTransaction *transaction, gpointer data, GError **error)
{
  static const Recount videos = { "recount-videos", "set-video-counts", "xxxx" };
  static const Recount users = { "recount-users", "set-user-counts", "xxxxxx" };
  static const Recount others[] = { { "recount-comments", "set-comment-counts", "xxxx" },
                                    { "recount-friends", "set-friends", "xxx" } };
  DouSocialOperation *operation = data;

  if (!dou_transaction_allow_time (transaction, error))
    return FALSE;

  operation->n_wrong = 0;
  g_clear_pointer (&operation->results, g_array_unref);
  g_clear_pointer (&operation->others, g_array_unref);
  operation->results = set_right (transaction, operation, &videos, error);
  if (operation->results == NULL)
    return FALSE;
  operation->others = set_right (transaction, operation, &users, error);
  if (operation->others == NULL)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GArray) ids = set_right (transaction, operation, &others[i], error);

      if (ids == NULL)
        return FALSE;
    }

  return set_totals_right (transaction, operation, error);
}

/**
 * dou_social_store_recount_async:
 * @self: a store
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Counts everything anew and sets right what is not so. Writes wait meanwhile.
 */
void
dou_social_store_recount_async (DouSocialStore *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_social_operation_write (dou_social_operation_new (self, dou_social_store_recount_async,
                                                        recount_func, NULL, cancellable, callback,
                                                        user_data));
}

/**
 * dou_social_store_recount_finish:
 * @self: a store
 * @result: of the callback
 * @videos: (out) (transfer full) (element-type gint64): whose counters were wrong
 * @users: (out) (transfer full) (element-type gint64): whose counters were wrong
 * @totals: (out): what had to be added to those of the whole store
 * @error: return location
 *
 * Returns: how many counters were wrong, marks of mutual follows among them; or -1
 */
gint64
dou_social_store_recount_finish (DouSocialStore *self, GAsyncResult *result, GArray **videos,
                                 GArray **users, DouSocialCounts *totals, GError **error)
{
  DouSocialOperation *operation
      = dou_social_operation_finish (self, result, dou_social_store_recount_async, error);

  if (operation == NULL)
    return -1;

  *videos = g_array_ref (operation->results);
  *users = g_array_ref (operation->others);
  *totals = operation->counts;
  return operation->n_wrong;
}

/**
 * dou_social_store_start_retention:
 * @self: a store
 * @clock: tells what is old
 *
 * What clients called their comments, and who deleted which, is forgotten also when nobody writes; old
 * entries of the audit log only here.
 *
 * Returns: (transfer full): what does that until it is freed
 */
DouRetention *
dou_social_store_start_retention (DouSocialStore *self, DouClock *clock)
{
  static const DouRetentionRule rules[] = {
    { "comment-requests", "forget-comment-requests", DOU_SOCIAL_MEMORY },
    { "deleted-comments", "forget-deleted-comments", DOU_SOCIAL_MEMORY },
    { "audit", "forget-audit", DOU_AUDIT_MEMORY },
  };

  return dou_retention_new (dou_social_store_get_database (self), clock, rules,
                            G_N_ELEMENTS (rules));
}
