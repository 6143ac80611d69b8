/* SPDX-License-Identifier: Apache-2.0 */

/* Likes, follows and blocks: all are sets of pairs, kept in tables of one shape, and differ in the
 * names of their statements. What else a block does is in a file of its own. */

#include "config.h"

#include "social/dou-social-operation.h"

/* Ids that one statement reads: a megabyte of text, made in some tens of milliseconds. */
#define LIST_ROWS 65536

typedef struct
{
  const char *find;
  const char *add;
  const char *remove;
  const char *are;
  /* (nullable) what else is to be done in the transaction */
  gboolean (*then) (DouTransaction *transaction, DouSocialOperation *operation, GError **error);
} LinkStatements;

static const LinkStatements link_statements[] = {
  [DOU_SOCIAL_FAVORITES]
  = { "find-favorites", "add-favorites", "remove-favorites", "are-favorites", NULL },
  [DOU_SOCIAL_FOLLOWS] = { "find-follows", "add-follows", "remove-follows", "are-follows", NULL },
  [DOU_SOCIAL_BLOCKS]
  = { "find-blocks", "add-blocks", "remove-blocks", "are-apart", dou_social_store_part_users },
};

static const char *const list_statements[] = {
  [DOU_SOCIAL_LIST_FAVORITES] = "list-favorites",
  [DOU_SOCIAL_LIST_FOLLOWS] = "list-follows",
  [DOU_SOCIAL_LIST_FOLLOWERS] = "list-followers",
  [DOU_SOCIAL_LIST_FRIENDS] = "list-friends",
  [DOU_SOCIAL_LIST_BLOCKS] = "list-blocks",
  [DOU_SOCIAL_LIST_APART] = "list-apart",
};

static void
write_link (DouJsonWriter *writer, const DouSocialLink *link)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, link->user);
  dou_json_writer_int64 (writer, link->target);
  dou_json_writer_int64 (writer, link->author);
  dou_json_writer_end_array (writer);
}

/**
 * dou_social_store_get_links_json:
 * @links: (element-type DouSocialLink): links
 *
 * Returns: (transfer full): [[user, target, author], …]
 */
char *
dou_social_store_get_links_json (GArray *links)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_social_operation_begin_json (&writer, links->len);
  for (guint i = 0; i < links->len; i++)
    write_link (&writer, &g_array_index (links, DouSocialLink, i));
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/* Finds out what each link is at the moment, and with it what is to become of it.
 * @sequences: (out) (transfer full): that of each which is there, else 0 */
static gboolean
find_links (DouTransaction *transaction, DouSocialOperation *operation, gint64 **sequences,
            GError **error)
{
  const LinkStatements *statements = operation->detail;
  GArray *links = operation->items;
  GArray *outcomes = dou_social_operation_reset_results (
      operation, sizeof (DouSocialLinkOutcome), links->len);
  g_autofree char *json = dou_social_store_get_links_json (links);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, statements->find, "xxxxxx", json, error);

  if (rows == NULL)
    return FALSE;

  *sequences = g_new0 (gint64, links->len);
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      gint64 place = dou_rows_get_int64 (rows, i, 0);
      DouSocialLinkOutcome *outcome = &g_array_index (outcomes, DouSocialLinkOutcome, place);

      (*sequences)[place] = dou_rows_get_int64 (rows, i, 1);
      outcome->author = dou_rows_get_int64 (rows, i, 2);
      if (!g_array_index (links, DouSocialLink, place).set)
        continue;
      if (dou_rows_get_int64 (rows, i, 5) != 0)
        outcome->status = DOU_STATUS_USER_NOT_FOUND;
      else if (dou_rows_get_int64 (rows, i, 3) != 0)
        outcome->status = DOU_STATUS_VIDEO_NOT_FOUND;
      else if (dou_rows_get_int64 (rows, i, 4) != 0)
        outcome->status = DOU_STATUS_BLOCKED;
    }

  return TRUE;
}

static gboolean
set_links_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  const LinkStatements *statements = operation->detail;
  GArray *links = operation->items;
  g_auto (DouJsonWriter) added = { 0 };
  g_auto (DouJsonWriter) removed = { 0 };
  g_autofree gint64 *sequences = NULL;

  if (!find_links (transaction, operation, &sequences, error))
    return FALSE;

  dou_social_operation_begin_json (&added, links->len);
  dou_social_operation_begin_json (&removed, links->len);
  for (guint i = 0; i < links->len; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);
      DouSocialLinkOutcome *outcome
          = &g_array_index (operation->results, DouSocialLinkOutcome, i);

      outcome->changed
          = outcome->status == DOU_STATUS_OK && link->set != (sequences[i] != 0);
      if (outcome->changed && link->set)
        {
          outcome->author = link->author;
          write_link (&added, link);
        }
      else if (outcome->changed)
        dou_json_writer_int64 (&removed, sequences[i]);
    }

  return dou_social_operation_execute_rows (transaction, statements->add, &added, error)
         && dou_social_operation_execute_rows (transaction, statements->remove, &removed, error)
         && (statements->then == NULL || statements->then (transaction, operation, error));
}

/**
 * dou_social_store_set_links_async:
 * @self: a store
 * @kind: likes, follows or blocks
 * @links: (element-type DouSocialLink): what is to be so, no pair of user and target twice; those
 *   that are new become the newest, in their order
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_set_links_async (DouSocialStore *self, DouSocialLinkKind kind, GArray *links,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task;
  DouSocialOperation *operation;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_set_links_async, set_links_func, links,
                                   cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->detail = &link_statements[kind];
  dou_social_operation_write (task);
}

/**
 * dou_social_store_set_links_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialLinkOutcome): for each link 0, UserNotFound if one of
 *   the two was removed, VideoNotFound for a like of a removed video, or Blocked for a like or follow between
 *   two who are apart; or %NULL
 */
GArray *
dou_social_store_set_links_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_set_links_async,
                                              error);
}

static gboolean
are_links_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  const LinkStatements *statements = operation->detail;
  GArray *results = dou_social_operation_reset_results (operation, sizeof (guint8),
                                                        operation->items->len);
  g_autofree char *json = dou_social_store_get_links_json (operation->items);
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, statements->are, "x", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (results, guint8, dou_rows_get_int64 (rows, i, 0)) = TRUE;
  return TRUE;
}

/**
 * dou_social_store_are_links_async:
 * @self: a store
 * @kind: likes, follows or blocks
 * @links: (element-type DouSocialLink): pairs of user and target
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_are_links_async (DouSocialStore *self, DouSocialLinkKind kind, GArray *links,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task;
  DouSocialOperation *operation;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_are_links_async, are_links_func, links,
                                   cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->detail = &link_statements[kind];
  dou_social_operation_read (task);
}

/**
 * dou_social_store_are_links_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type guint8): for each pair whether it is there; or %NULL
 */
GArray *
dou_social_store_are_links_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_are_links_async,
                                              error);
}

/* @text: (nullable): “id,id,…;sequence of the last” */
static void
parse_page (DouSocialPage *page, guint limit, const char *text)
{
  char *end = NULL;

  for (const char *rest = text; rest != NULL; rest = *end == ',' ? end + 1 : NULL)
    {
      gint64 id = g_ascii_strtoll (rest, &end, 10);

      g_array_append_val (page->ids, id);
    }

  if (page->ids->len > limit)
    {
      /* The one that is too many is the first of the next page. */
      g_array_set_size (page->ids, limit);
      page->cursor = g_ascii_strtoll (end + 1, NULL, 10) + 1;
    }
}

static gboolean
list_pages (DouTransaction *transaction, const char *statement, const DouSocialPageRequest *requests,
            guint n_requests, GArray *pages, GError **error)
{
  g_autofree char *json = dou_social_operation_get_pages_json (requests, n_requests);
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, statement, "xs", json, error);
  guint first = pages->len;

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < n_requests; i++)
    {
      DouSocialPage page = { .ids = g_array_new (FALSE, FALSE, sizeof (gint64)) };

      g_array_append_val (pages, page);
    }
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      gint64 place = dou_rows_get_int64 (rows, i, 0);

      parse_page (&g_array_index (pages, DouSocialPage, first + place), requests[place].limit,
                  dou_rows_get_text (rows, i, 1));
    }

  return TRUE;
}

static gboolean
list_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  GArray *requests = operation->items;
  guint n;

  g_clear_pointer (&operation->results, g_array_unref);
  operation->results = dou_social_pages_new (requests->len);
  for (guint i = 0; i < requests->len; i += n)
    {
      n = dou_social_operation_count_alike (requests, i, LIST_ROWS);
      if (!list_pages (transaction, operation->detail, &g_array_index (requests, DouSocialPageRequest, i), n,
                       operation->results, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * dou_social_store_list_async:
 * @self: a store
 * @list: which one
 * @requests: (element-type DouSocialPageRequest): users whose lists are wanted, with cursors and
 *   limits above 0
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_list_async (DouSocialStore *self, DouSocialList list, GArray *requests,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task;
  DouSocialOperation *operation;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_list_async, list_func, requests,
                                   cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->detail = list_statements[list];
  dou_social_operation_read (task);
}

/**
 * dou_social_store_list_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialPage): a page for each request, newest first; or
 *   %NULL
 */
GArray *
dou_social_store_list_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_list_async, error);
}
