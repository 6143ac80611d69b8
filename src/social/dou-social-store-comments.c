/* SPDX-License-Identifier: Apache-2.0 */

/* Comments. What was done is remembered for a while beside what is there: which comment a client's
 * request made, and who deleted a comment. So what is sent again after a lost reply, even by
 * another process or after a restart, finds what became of it the first time. */

#include "config.h"

#include <string.h>

#include "social/dou-social-operation.h"

/* Bytes that a comment takes in a message beside its text: six numbers, a length, and the
 * structure. */
#define COMMENT_OVERHEAD 64

/* Comments that one statement reads: some megabytes if all are as long as they may be. */
#define LIST_ROWS 2048

/* Forgets some of what is older than the operation's horizon: as many as one call may add, so that
 * the tables do not grow for ever, and no call pays for a whole day. */
static gboolean
forget (DouTransaction *transaction, DouSocialOperation *operation, const char *statement,
        GError **error)
{
  g_autofree char *json = g_strdup_printf ("[%" G_GINT64_FORMAT "]", operation->horizon);

  return dou_transaction_execute (transaction, statement, json, NULL, error);
}

static char *
get_drafts_json (GArray *drafts)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_social_operation_begin_json (&writer, drafts->len);
  for (guint i = 0; i < drafts->len; i++)
    {
      const DouSocialDraft *draft = &g_array_index (drafts, DouSocialDraft, i);

      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, draft->id);
      dou_json_writer_int64 (&writer, draft->user);
      dou_json_writer_int64 (&writer, draft->video);
      dou_json_writer_string (&writer, draft->request);
      dou_json_writer_int64 (&writer, draft->author);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/* A draft about which @rows says something in row @i: it was sent before, or cannot be. */
static DouSocialDraftOutcome
judge_known_draft (const DouSocialDraft *draft, DouRows *rows, guint i)
{
  gint64 requested = dou_rows_get_int64 (rows, i, 1);
  gint64 user = dou_rows_get_int64 (rows, i, 3);
  gint64 video = dou_rows_get_int64 (rows, i, 4);

  if (requested != 0)
    return (DouSocialDraftOutcome){ DOU_STATUS_OK, FALSE, requested,
                                    dou_rows_get_int64 (rows, i, 2) };
  if (user == draft->user && video == draft->video)
    return (DouSocialDraftOutcome){ DOU_STATUS_OK, FALSE, draft->id,
                                    dou_rows_get_int64 (rows, i, 5) };
  if (user != 0)
    return (DouSocialDraftOutcome){ DOU_STATUS_BAD_PARAMETER };

  if (dou_rows_get_int64 (rows, i, 8) != 0)
    return (DouSocialDraftOutcome){ DOU_STATUS_USER_NOT_FOUND };
  if (dou_rows_get_int64 (rows, i, 6) != 0)
    return (DouSocialDraftOutcome){ DOU_STATUS_VIDEO_NOT_FOUND };

  return (DouSocialDraftOutcome){ DOU_STATUS_BLOCKED };
}

/* Settles all drafts: those of which nothing is known are new. */
static gboolean
judge_drafts (DouTransaction *transaction, DouSocialOperation *operation, GError **error)
{
  GArray *drafts = operation->items;
  GArray *outcomes = dou_social_operation_reset_results (
      operation, sizeof (DouSocialDraftOutcome), drafts->len);
  g_autofree char *json = get_drafts_json (drafts);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-drafts", "xxxxxxxxx", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < drafts->len; i++)
    g_array_index (outcomes, DouSocialDraftOutcome, i)
        = (DouSocialDraftOutcome){ DOU_STATUS_OK, TRUE,
                                   g_array_index (drafts, DouSocialDraft, i).id, operation->now };
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      gint64 place = dou_rows_get_int64 (rows, i, 0);

      g_array_index (outcomes, DouSocialDraftOutcome, place)
          = judge_known_draft (&g_array_index (drafts, DouSocialDraft, place), rows, i);
    }

  return TRUE;
}

static gboolean
add_comments_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  g_auto (DouJsonWriter) comments = { 0 };
  g_auto (DouJsonWriter) requests = { 0 };

  if (!judge_drafts (transaction, operation, error))
    return FALSE;

  dou_social_operation_begin_json (&comments, operation->items->len);
  dou_social_operation_begin_json (&requests, operation->items->len);
  for (guint i = 0; i < operation->items->len; i++)
    {
      const DouSocialDraft *draft = &g_array_index (operation->items, DouSocialDraft, i);

      if (!g_array_index (operation->results, DouSocialDraftOutcome, i).changed)
        continue;

      dou_json_writer_begin_array (&comments);
      dou_json_writer_int64 (&comments, draft->id);
      dou_json_writer_int64 (&comments, draft->user);
      dou_json_writer_int64 (&comments, draft->video);
      dou_json_writer_string (&comments, draft->text);
      dou_json_writer_int64 (&comments, operation->now);
      dou_json_writer_end_array (&comments);
      if (*draft->request == '\0')
        continue;

      dou_json_writer_begin_array (&requests);
      dou_json_writer_int64 (&requests, draft->id);
      dou_json_writer_int64 (&requests, draft->user);
      dou_json_writer_string (&requests, draft->request);
      dou_json_writer_int64 (&requests, operation->now);
      dou_json_writer_end_array (&requests);
    }

  return dou_social_operation_execute_rows (transaction, "add-comments", &comments, error)
         && dou_social_operation_execute_rows (transaction, "add-comment-requests", &requests,
                                               error)
         && forget (transaction, operation, "forget-comment-requests", error);
}

/**
 * dou_social_store_add_comments_async:
 * @self: a store
 * @drafts: (element-type DouSocialDraft): comments, no id twice, and no request of a user twice
 * @now: their time of creation
 * @horizon: requests made before this time may be forgotten
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_add_comments_async (DouSocialStore *self, GArray *drafts, gint64 now,
                                     gint64 horizon, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  DouSocialOperation *operation;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_add_comments_async, add_comments_func,
                                   drafts, cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->now = now;
  operation->horizon = horizon;
  dou_social_operation_write (task);
}

/**
 * dou_social_store_add_comments_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialDraftOutcome): for each draft 0 (now or before),
 *   UserNotFound (the writer or the author was removed), VideoNotFound (it was removed), Blocked (its
 *   author is apart from the writer), or BadParameter
 *   (the id belongs to another comment); or %NULL
 */
GArray *
dou_social_store_add_comments_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_add_comments_async,
                                              error);
}

static GArray *
find_comments (DouTransaction *transaction, GArray *ids, GError **error)
{
  g_autofree char *json = dou_social_operation_get_ids_json (ids);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-comments", "xxxx", json, error);
  GArray *states;

  if (rows == NULL)
    return NULL;

  states = g_array_sized_new (FALSE, TRUE, sizeof (DouSocialCommentState), ids->len);
  g_array_set_size (states, ids->len);
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (states, DouSocialCommentState, dou_rows_get_int64 (rows, i, 0))
        = (DouSocialCommentState){ dou_rows_get_int64 (rows, i, 1), dou_rows_get_int64 (rows, i, 2),
                                   dou_rows_get_int64 (rows, i, 3) };
  return states;
}

static gboolean
find_comments_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;

  g_clear_pointer (&operation->results, g_array_unref);
  operation->results = find_comments (transaction, operation->items, error);
  return operation->results != NULL;
}

/**
 * dou_social_store_find_comments_async:
 * @self: a store
 * @ids: (element-type gint64): ids of comments
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_find_comments_async (DouSocialStore *self, GArray *ids, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_social_operation_read (dou_social_operation_new (self, dou_social_store_find_comments_async,
                                                       find_comments_func, ids, cancellable,
                                                       callback, user_data));
}

/**
 * dou_social_store_find_comments_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCommentState): what is known of each; or %NULL
 */
GArray *
dou_social_store_find_comments_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_find_comments_async,
                                              error);
}

/* Writes down those of the @deletions that are done, as @states tells. */
static gboolean
audit_deletions (DouTransaction *transaction, DouSocialOperation *operation, GArray *states,
                 GError **error)
{
  g_auto (DouJsonWriter) entries = { 0 };

  dou_social_operation_begin_json (&entries, operation->items->len);
  for (guint i = 0; i < operation->items->len; i++)
    {
      const DouSocialDeletion *deletion
          = &g_array_index (operation->items, DouSocialDeletion, i);
      const DouSocialCommentState *state = &g_array_index (states, DouSocialCommentState, i);

      if (state->user == 0 || state->deleter != 0)
        continue;

      dou_json_writer_begin_array (&entries);
      dou_json_writer_int64 (&entries, deletion->comment);
      dou_audit_write (&entries, operation->now, operation->caller, deletion->why);
      dou_json_writer_end_array (&entries);
    }

  return dou_social_operation_execute_rows (transaction, "audit-comment-deletions", &entries,
                                            error);
}

static gboolean
remove_comments_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  GArray *deletions = operation->items;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) states = NULL;
  g_auto (DouJsonWriter) remembered = { 0 };
  g_auto (DouJsonWriter) removed = { 0 };

  for (guint i = 0; i < deletions->len; i++)
    g_array_append_val (ids, g_array_index (deletions, DouSocialDeletion, i).comment);
  g_clear_pointer (&operation->results, g_array_unref);
  operation->results = find_comments (transaction, ids, error);
  if (operation->results == NULL
      || (operation->caller != NULL
          && !audit_deletions (transaction, operation, operation->results, error)))
    return FALSE;

  dou_social_operation_begin_json (&remembered, deletions->len);
  dou_social_operation_begin_json (&removed, deletions->len);
  for (guint i = 0; i < deletions->len; i++)
    {
      const DouSocialDeletion *deletion = &g_array_index (deletions, DouSocialDeletion, i);
      const DouSocialCommentState *state
          = &g_array_index (operation->results, DouSocialCommentState, i);

      if (state->user == 0 || state->deleter != 0)
        continue;

      dou_json_writer_begin_array (&remembered);
      dou_json_writer_int64 (&remembered, deletion->comment);
      dou_json_writer_int64 (&remembered, deletion->user);
      dou_json_writer_int64 (&remembered, operation->now);
      dou_json_writer_end_array (&remembered);
      dou_json_writer_int64 (&removed, deletion->comment);
    }

  return dou_social_operation_execute_rows (transaction, "remember-deleted-comments", &remembered,
                                            error)
         && dou_social_operation_execute_rows (transaction, "remove-comments", &removed, error)
         && forget (transaction, operation, "forget-deleted-comments", error);
}

/**
 * dou_social_store_remove_comments_async:
 * @self: a store
 * @deletions: (element-type DouSocialDeletion): who deletes which comment, none twice
 * @caller: (nullable): who does it for the administration, until the callback; then all deletions have
 *   reasons, and are written into the audit log
 * @now: the time
 * @horizon: what was deleted before this time may be forgotten
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_remove_comments_async (DouSocialStore *self, GArray *deletions,
                                        const DouCaller *caller, gint64 now, gint64 horizon,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GTask *task;
  DouSocialOperation *operation;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_remove_comments_async,
                                   remove_comments_func, deletions, cancellable, callback,
                                   user_data);
  operation = g_task_get_task_data (task);
  operation->caller = caller;
  operation->now = now;
  operation->horizon = horizon;
  dou_social_operation_write (task);
}

/**
 * dou_social_store_remove_comments_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCommentState): what each comment was before: it
 *   was deleted now if there was one which nobody had deleted yet; or %NULL
 */
GArray *
dou_social_store_remove_comments_finish (DouSocialStore *self, GAsyncResult *result,
                                         GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_remove_comments_async,
                                              error);
}

static void
comment_clear (gpointer data)
{
  DouSocialComment *comment = data;

  g_clear_pointer (&comment->text, g_free);
}

/* Copies as many of the rows as the page may have.
 * @places: (element-type guint): which rows, from @begin to before @end */
static void
fill_comment_page (DouSocialCommentPage *page, DouRows *rows, GArray *places, guint begin, guint end, guint limit,
                   gsize max_bytes)
{
  gsize n_bytes = 0;
  guint last = 0;

  page->comments = g_array_new (FALSE, FALSE, sizeof (DouSocialComment));
  g_array_set_clear_func (page->comments, comment_clear);
  for (guint i = begin; i < end; i++)
    {
      guint row = g_array_index (places, guint, i);
      const char *text = dou_rows_get_text (rows, row, 3);
      DouSocialComment comment = { 0 };

      n_bytes += strlen (text) + COMMENT_OVERHEAD;
      if (i - begin == limit || (i > begin && n_bytes > max_bytes))
        {
          page->cursor = dou_rows_get_int64 (rows, last, 1);
          return;
        }

      comment.id = dou_rows_get_int64 (rows, row, 1);
      comment.user = dou_rows_get_int64 (rows, row, 2);
      comment.text = g_strdup (text);
      comment.created = dou_rows_get_int64 (rows, row, 4);
      comment.likes = dou_rows_get_int64 (rows, row, 5);
      comment.dislikes = dou_rows_get_int64 (rows, row, 6);
      g_array_append_val (page->comments, comment);
      last = row;
    }
}

/* Page by page, the newest first. */
static int
compare_comment_rows (gconstpointer a, gconstpointer b, gpointer user_data)
{
  DouRows *rows = user_data;
  guint row_a = *(const guint *) a;
  guint row_b = *(const guint *) b;
  gint64 page_a = dou_rows_get_int64 (rows, row_a, 0);
  gint64 page_b = dou_rows_get_int64 (rows, row_b, 0);
  gint64 id_a = dou_rows_get_int64 (rows, row_a, 1);
  gint64 id_b = dou_rows_get_int64 (rows, row_b, 1);

  if (page_a != page_b)
    return page_a < page_b ? -1 : 1;

  return (id_a < id_b) - (id_a > id_b);
}

/* Returns: (transfer full) (element-type guint): the numbers of all rows, in the order of the answer: engines have to
 * sort them all for it, though each page is in order */
static GArray *
sort_comment_rows (DouRows *rows)
{
  guint n_rows = dou_rows_get_n_rows (rows);
  GArray *places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_rows);

  for (guint i = 0; i < n_rows; i++)
    g_array_append_val (places, i);
  g_array_sort_with_data (places, compare_comment_rows, rows);
  return places;
}

static gboolean
list_comment_pages (DouTransaction *transaction, DouSocialOperation *operation, guint first, guint n_requests,
                    GError **error)
{
  const DouSocialPageRequest *requests = &g_array_index (operation->items, DouSocialPageRequest, first);
  g_autofree char *json = dou_social_operation_get_pages_json (requests, n_requests);
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, "list-comments", "xxxsxxx", json, error);
  g_autoptr (GArray) places = NULL;
  guint next = 0;

  if (rows == NULL)
    return FALSE;

  places = sort_comment_rows (rows);
  for (guint i = 0; i < n_requests; i++)
    {
      DouSocialCommentPage page = { 0 };
      guint begin = next;

      while (next < places->len && dou_rows_get_int64 (rows, g_array_index (places, guint, next), 0) == i)
        next++;
      fill_comment_page (&page, rows, places, begin, next, requests[i].limit, operation->page_bytes);
      g_array_append_val (operation->results, page);
    }

  return TRUE;
}

static gboolean
list_comments_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  GArray *requests = operation->items;
  guint n;

  g_clear_pointer (&operation->results, g_array_unref);
  operation->results = dou_social_comment_pages_new (requests->len);
  for (guint i = 0; i < requests->len; i += n)
    {
      n = dou_social_operation_count_alike (requests, i, LIST_ROWS);
      if (!list_comment_pages (transaction, operation, i, n, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * dou_social_store_list_comments_async:
 * @self: a store
 * @requests: (element-type DouSocialPageRequest): videos, with cursors and limits above 0
 * @page_bytes: where to end a page that has fewer comments, but at least one
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_list_comments_async (DouSocialStore *self, GArray *requests, gsize page_bytes,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GTask *task;
  DouSocialOperation *operation;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_list_comments_async, list_comments_func,
                                   requests, cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->page_bytes = page_bytes;
  dou_social_operation_read (task);
}

/**
 * dou_social_store_list_comments_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCommentPage): a page for each request, newest
 *   first; or %NULL
 */
GArray *
dou_social_store_list_comments_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_list_comments_async,
                                              error);
}
