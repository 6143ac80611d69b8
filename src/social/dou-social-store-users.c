/* SPDX-License-Identifier: Apache-2.0 */

/* Users who are no more. As with videos (dou-social-store-upkeep.c) they are marked first, so that nothing
 * is added to them or by them any more, and what there is goes a piece at a time. Who is to be removed and
 * what is not done yet is the user domain's to remember, which asks again until nothing is left.
 *
 * The likes of their videos are not looked for here: they go with the videos. What was reported of them
 * stays, as what the administration did stays, but is resolved: there is nothing left to be done. */

#include "config.h"

#include "social/dou-social-operation.h"

/* What a statement finds of each thing: its key, two ids, and the author of a video. */
typedef struct
{
  gint64 key;
  gint64 first;
  gint64 second;
  gint64 author;
} Found;

typedef void (*NoteFunc) (DouSocialChanges *changes, const Found *found);
typedef void (*WriteFunc) (DouJsonWriter *writer, const Found *found, gint64 now);

/* One kind of thing that somebody has. */
typedef struct
{
  const char *find;
  const char *remove;
  WriteFunc write; /* a row for the statement that removes */
  NoteFunc note;   /* (nullable) for everybody to be told */
} Kind;

static void
note_favorite (DouSocialChanges *changes, const Found *found)
{
  const DouSocialLink link = { found->first, found->second, found->author, FALSE };

  dou_social_changes_add_link (changes, DOU_SOCIAL_FAVORITES, &link);
}

static void
note_follow (DouSocialChanges *changes, const Found *found)
{
  const DouSocialLink link = { found->first, found->second, 0, FALSE };

  dou_social_changes_add_link (changes, DOU_SOCIAL_FOLLOWS, &link);
}

static void
note_block (DouSocialChanges *changes, const Found *found)
{
  dou_social_changes_add_block (changes, found->first, found->second, FALSE);
}

static void
note_comment (DouSocialChanges *changes, const Found *found)
{
  dou_social_changes_add_comments (changes, found->second, -1);
}

static void
note_feeling (DouSocialChanges *changes, const Found *found)
{
  const DouSocialFeeling feeling = { found->first, found->second, DOU_SOCIAL_NEITHER };

  g_array_append_val (changes->feelings, feeling);
}

static void
write_key (DouJsonWriter *writer, const Found *found, gint64 now)
{
  dou_json_writer_int64 (writer, found->key);
}

static void
write_feeling (DouJsonWriter *writer, const Found *found, gint64 now)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, found->first);
  dou_json_writer_int64 (writer, found->second);
  dou_json_writer_end_array (writer);
}

static void
write_resolution (DouJsonWriter *writer, const Found *found, gint64 now)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, found->key);
  dou_json_writer_int64 (writer, now);
  dou_json_writer_end_array (writer);
}

static const Kind kinds[] = {
  { "find-favorites-of-removed", "remove-favorites", write_key, note_favorite },
  { "find-follows-of-removed", "remove-follows", write_key, note_follow },
  { "find-followers-of-removed", "remove-follows", write_key, note_follow },
  { "find-blocks-of-removed", "remove-blocks", write_key, note_block },
  { "find-blockers-of-removed", "remove-blocks", write_key, note_block },
  { "find-comments-of-removed", "remove-comments", write_key, note_comment },
  { "find-feelings-of-removed", "remove-feelings", write_feeling, note_feeling },
  { "find-requests-of-removed", "remove-comment-requests", write_key, NULL },
  { "find-reports-by-removed", "remove-reports", write_key, NULL },
  { "find-reports-of-removed", "resolve-reports", write_resolution, NULL },
};

/* What was found of @kind, if anything, goes. @ids: what is asked for, in JSON */
static gboolean
remove_kind (DouTransaction *transaction, DouSocialOperation *operation, const Kind *kind,
             const char *ids, GError **error)
{
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, kind->find, "xxxx", ids, error);
  g_auto (DouJsonWriter) removed = { 0 };
  guint n_rows;

  if (rows == NULL)
    return FALSE;

  n_rows = dou_rows_get_n_rows (rows);
  dou_social_operation_begin_json (&removed, n_rows);
  for (guint i = 0; i < n_rows; i++)
    {
      const Found found = { dou_rows_get_int64 (rows, i, 0), dou_rows_get_int64 (rows, i, 1),
                            dou_rows_get_int64 (rows, i, 2), dou_rows_get_int64 (rows, i, 3) };

      operation->done = FALSE;
      kind->write (&removed, &found, operation->now);
      if (kind->note != NULL)
        kind->note (operation->changes, &found);
    }

  return dou_social_operation_execute_rows (transaction, kind->remove, &removed, error);
}

/* Before the comments: which they are is known only as long as they are there. */
static gboolean
resolve_reports_of_comments (DouTransaction *transaction, DouSocialOperation *operation,
                             const char *ids, GError **error)
{
  static const Kind kind
      = { "find-reports-of-comments", "resolve-reports", write_resolution, NULL };
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-comments-of-removed", "xxxx", ids, error);
  g_autoptr (GArray) comments = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *json = NULL;

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      gint64 comment = dou_rows_get_int64 (rows, i, 0);

      g_array_append_val (comments, comment);
    }
  if (comments->len == 0)
    return TRUE;

  json = dou_social_operation_get_ids_json (comments);
  return remove_kind (transaction, operation, &kind, json, error);
}

static gboolean
remove_users_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  g_autofree char *ids = dou_social_operation_get_ids_json (operation->items);

  g_clear_pointer (&operation->changes, dou_social_changes_free);
  operation->changes = dou_social_changes_new ();
  operation->done = TRUE;
  if (!dou_transaction_execute (transaction, "mark-removed-users", ids, NULL, error)
      || !resolve_reports_of_comments (transaction, operation, ids, error))
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (!remove_kind (transaction, operation, &kinds[i], ids, error))
      return FALSE;

  return !operation->done
         || dou_transaction_execute (transaction, "remove-user-counts", ids, NULL, error);
}

/**
 * dou_social_store_remove_users_async:
 * @self: a store
 * @users: (element-type gint64): users to whom and by whom nothing can be added from now on
 * @now: the time
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Removes up to about a thousand things of each kind that @users have.
 */
void
dou_social_store_remove_users_async (DouSocialStore *self, GArray *users, gint64 now,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GTask *task;
  DouSocialOperation *operation;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_remove_users_async, remove_users_func,
                                   users, cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->now = now;
  dou_social_operation_write (task);
}

/**
 * dou_social_store_remove_users_finish:
 * @self: a store
 * @result: of the callback
 * @done: (out): whether nothing is left
 * @error: return location
 *
 * Returns: (transfer full): what is gone; or %NULL
 */
DouSocialChanges *
dou_social_store_remove_users_finish (DouSocialStore *self, GAsyncResult *result, gboolean *done,
                                      GError **error)
{
  DouSocialOperation *operation
      = dou_social_operation_finish (self, result, dou_social_store_remove_users_async, error);

  if (operation == NULL)
    return NULL;

  *done = operation->done;
  return g_steal_pointer (&operation->changes);
}
