/* SPDX-License-Identifier: Apache-2.0 */

/* The only SQL of the social domain, with the files beside it that serve one topic each. Whatever
 * the number of items, a call is one message to a thread of the database and a small fixed number
 * of statements there, each with one JSON parameter; only lists are one statement a page.
 *
 * A write looks first, and then writes only what is not so already. Since there is one writer,
 * nothing comes between; so a call knows exactly what it changed, which is what the signals on the
 * bus say, and one that is sent again writes nothing. Upserts that touch every row were rejected:
 * they cannot tell the two apart.
 */

#include "config.h"

#include "dou-social-sql.h"
#include "social/dou-social-operation.h"

struct _DouSocialStore
{
  GObject parent_instance;

  DouDatabase *database; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouSocialStore, dou_social_store, G_TYPE_OBJECT)

static void
dou_social_store_dispose (GObject *object)
{
  DouSocialStore *self = DOU_SOCIAL_STORE (object);

  g_clear_object (&self->database);

  G_OBJECT_CLASS (dou_social_store_parent_class)->dispose (object);
}

static void
dou_social_store_class_init (DouSocialStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_social_store_dispose;
}

static void
dou_social_store_init (DouSocialStore *self)
{
}

/**
 * dou_social_store_open:
 * @address: where its tables are
 * @error: return location
 *
 * Waits for the disk or the server.
 *
 * Returns: (transfer full): the store, or %NULL with the errors of dou_database_open()
 */
DouSocialStore *
dou_social_store_open (const DouDatabaseAddress *address, GError **error)
{
  g_autoptr (DouSocialStore) self = g_object_new (DOU_TYPE_SOCIAL_STORE, NULL);

  /* Naming the resource keeps the linker from dropping it. */
  (void) dou_social_sql_get_resource ();

  self->database = dou_database_open ("social", address, error);
  if (self->database == NULL)
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * dou_social_store_close:
 * @self: a store
 *
 * Finishes what is queued. Calls afterwards fail.
 */
void
dou_social_store_close (DouSocialStore *self)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_database_close (self->database);
}

/**
 * dou_social_store_get_database:
 * @self: a store
 *
 * Returns: (transfer none): for the other files of the store
 */
DouDatabase *
dou_social_store_get_database (DouSocialStore *self)
{
  g_return_val_if_fail (DOU_IS_SOCIAL_STORE (self), NULL);

  return self->database;
}

/**
 * dou_social_store_get_engine:
 * @self: a store
 *
 * Returns: (transfer none): the database engine and its version
 */
const char *
dou_social_store_get_engine (DouSocialStore *self)
{
  g_return_val_if_fail (DOU_IS_SOCIAL_STORE (self), NULL);

  return dou_database_get_engine (self->database);
}

/**
 * dou_social_store_get_schema_version:
 * @self: a store
 *
 * Returns: the number of the newest migration
 */
guint
dou_social_store_get_schema_version (DouSocialStore *self)
{
  g_return_val_if_fail (DOU_IS_SOCIAL_STORE (self), 0);

  return dou_database_get_schema_version (self->database);
}

static gboolean
count_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, "get-totals", "xxx", NULL, error);

  if (rows == NULL)
    return FALSE;

  operation->counts = (DouSocialCounts){
    .favorites = dou_rows_get_int64 (rows, 0, 0),
    .comments = dou_rows_get_int64 (rows, 0, 1),
    .follows = dou_rows_get_int64 (rows, 0, 2),
  };
  return TRUE;
}

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/**
 * dou_social_store_count:
 * @self: a store
 * @totals: (out): how many likes, comments and follows there are
 * @error: return location
 *
 * Waits for the database, and for nothing else: for use before the main loop runs.
 *
 * Returns: whether they could be read; if not, the errors of dou_database_read_finish()
 */
gboolean
dou_social_store_count (DouSocialStore *self, DouSocialCounts *totals, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  DouSocialOperation *operation;

  g_return_val_if_fail (DOU_IS_SOCIAL_STORE (self), FALSE);

  g_main_context_push_thread_default (context);
  dou_social_operation_read (dou_social_operation_new (self, dou_social_store_count, count_func,
                                                       NULL, NULL, counted_cb, &result));
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  operation = dou_social_operation_finish (self, result, dou_social_store_count, error);
  if (operation == NULL)
    return FALSE;

  *totals = operation->counts;
  return TRUE;
}

static gboolean
count_videos_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  GArray *results = dou_social_operation_reset_results (operation, sizeof (DouSocialCounts),
                                                        operation->items->len);
  g_autofree char *json = dou_social_operation_get_ids_json (operation->items);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "get-video-counts", "xxx", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (results, DouSocialCounts, dou_rows_get_int64 (rows, i, 0)) = (DouSocialCounts){
      .favorites = dou_rows_get_int64 (rows, i, 1),
      .comments = dou_rows_get_int64 (rows, i, 2),
    };
  return TRUE;
}

/**
 * dou_social_store_count_videos_async:
 * @self: a store
 * @videos: (element-type gint64): ids, known or not
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_count_videos_async (DouSocialStore *self, GArray *videos,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_social_operation_read (dou_social_operation_new (self, dou_social_store_count_videos_async,
                                                       count_videos_func, videos, cancellable,
                                                       callback, user_data));
}

/**
 * dou_social_store_count_videos_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCounts): of each video, or %NULL
 */
GArray *
dou_social_store_count_videos_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_count_videos_async,
                                              error);
}

static gboolean
count_users_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  GArray *results = dou_social_operation_reset_results (operation, sizeof (DouSocialCounts),
                                                        operation->items->len);
  g_autofree char *json = dou_social_operation_get_ids_json (operation->items);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "get-user-counts", "xxxxx", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (results, DouSocialCounts, dou_rows_get_int64 (rows, i, 0)) = (DouSocialCounts){
      .follows = dou_rows_get_int64 (rows, i, 1),
      .followers = dou_rows_get_int64 (rows, i, 2),
      .total_favorited = dou_rows_get_int64 (rows, i, 3),
      .favorites = dou_rows_get_int64 (rows, i, 4),
    };
  return TRUE;
}

/**
 * dou_social_store_count_users_async:
 * @self: a store
 * @users: (element-type gint64): ids, known or not
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_count_users_async (DouSocialStore *self, GArray *users, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_social_operation_read (dou_social_operation_new (self, dou_social_store_count_users_async,
                                                       count_users_func, users, cancellable,
                                                       callback, user_data));
}

/**
 * dou_social_store_count_users_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCounts): of each user, or %NULL
 */
GArray *
dou_social_store_count_users_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_count_users_async,
                                              error);
}
