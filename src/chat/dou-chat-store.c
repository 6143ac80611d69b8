/* SPDX-License-Identifier: Apache-2.0 */

/* The only SQL of the chat domain. Whatever the number of items, a call is a fixed small number of
 * statements with one JSON parameter each (reading: and some more for what there is to read), and
 * so one message to a thread of the database. What a thread of the database does is in files of its
 * own: dou-chat-store-add.c, -get.c, -list.c, -lookup.c, -mark.c and -remove.c. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "chat/dou-chat-store-add.h"
#include "chat/dou-chat-store-get.h"
#include "chat/dou-chat-store-list.h"
#include "chat/dou-chat-store-lookup.h"
#include "chat/dou-chat-store-mark.h"
#include "chat/dou-chat-store-remove.h"
#include "common/dou-store-task.h"
#include "dou-chat-sql.h"

struct _DouChatStore
{
  GObject parent_instance;

  DouDatabase *database; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouChatStore, dou_chat_store, G_TYPE_OBJECT)

static void
dou_chat_store_dispose (GObject *object)
{
  DouChatStore *self = DOU_CHAT_STORE (object);

  g_clear_object (&self->database);

  G_OBJECT_CLASS (dou_chat_store_parent_class)->dispose (object);
}

static void
dou_chat_store_class_init (DouChatStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_chat_store_dispose;
}

static void
dou_chat_store_init (DouChatStore *self)
{
}

/**
 * dou_chat_store_open:
 * @address: where its tables are
 * @error: return location
 *
 * Waits for the disk or the server.
 *
 * Returns: (transfer full): the store, or %NULL with the errors of dou_database_open()
 */
DouChatStore *
dou_chat_store_open (const DouDatabaseAddress *address, GError **error)
{
  g_autoptr (DouChatStore) self = g_object_new (DOU_TYPE_CHAT_STORE, NULL);

  /* Naming the resource keeps the linker from dropping it. */
  (void) dou_chat_sql_get_resource ();

  self->database = dou_database_open ("chat", address, error);
  if (self->database == NULL)
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * dou_chat_store_close:
 * @self: a store
 *
 * Finishes what is queued. Calls afterwards fail.
 */
void
dou_chat_store_close (DouChatStore *self)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_database_close (self->database);
}

/**
 * dou_chat_store_get_engine:
 * @self: a store
 *
 * Returns: (transfer none): the database engine and its version
 */
const char *
dou_chat_store_get_engine (DouChatStore *self)
{
  g_return_val_if_fail (DOU_IS_CHAT_STORE (self), NULL);

  return dou_database_get_engine (self->database);
}

/**
 * dou_chat_store_get_schema_version:
 * @self: a store
 *
 * Returns: the number of the newest migration
 */
guint
dou_chat_store_get_schema_version (DouChatStore *self)
{
  g_return_val_if_fail (DOU_IS_CHAT_STORE (self), 0);

  return dou_database_get_schema_version (self->database);
}

/* The data of a call's task is that of its job, in which the finish functions find what they
 * return. */
static GTask *
make_task (DouChatStore *self, gpointer source_tag, gpointer job, GDestroyNotify destroy,
           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, job, destroy);
  return task;
}

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/**
 * dou_chat_store_count:
 * @self: a store
 * @error: return location
 *
 * Waits for the database, and for nothing else: for use before the main loop runs.
 *
 * Returns: the number of messages, or -1 with the errors of dou_database_read_finish()
 */
gint64
dou_chat_store_count (DouChatStore *self, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  DouChatLookup *lookup;

  g_return_val_if_fail (DOU_IS_CHAT_STORE (self), -1);

  g_main_context_push_thread_default (context);
  dou_store_task_read (
      make_task (self, dou_chat_store_count, dou_chat_lookup_new_count (),
                 (GDestroyNotify) dou_chat_lookup_free, NULL, counted_cb, &result),
      self->database, dou_chat_lookup_func);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  lookup = dou_store_task_finish (self, result, dou_chat_store_count, error);
  return lookup != NULL ? dou_rows_get_int64 (lookup->rows, 0, 0) : -1;
}

/**
 * dou_chat_store_add_async:
 * @self: a store
 * @messages: (element-type DouMessage): what to store; texts are valid UTF-8. Not changed until the
 *   call has returned
 * @now: milliseconds since 1970-01-01 UTC
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Stores messages, save those whose id, or whose sender and request id, are those of an earlier
 * one.
 */
void
dou_chat_store_add_async (DouChatStore *self, GPtrArray *messages, gint64 now,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_store_task_write (
      make_task (self, dou_chat_store_add_async, dou_chat_add_new (messages, now),
                 (GDestroyNotify) dou_chat_add_free, cancellable, callback, user_data),
      self->database, dou_chat_add_func);
}

/**
 * dou_chat_store_add_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouChatReceipt): for each message where it is stored, or
 *   %NULL
 */
GArray *
dou_chat_store_add_finish (DouChatStore *self, GAsyncResult *result, GError **error)
{
  DouChatAdd *add = dou_store_task_finish (self, result, dou_chat_store_add_async, error);

  return add != NULL ? g_steal_pointer (&add->receipts) : NULL;
}

/**
 * dou_chat_store_get_async:
 * @self: a store
 * @queries: (array length=n_queries): what is wanted
 * @n_queries: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_chat_store_get_async (DouChatStore *self, const DouChatQuery *queries, guint n_queries,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_store_task_read (
      make_task (self, dou_chat_store_get_async, dou_chat_get_new (queries, n_queries),
                 (GDestroyNotify) dou_chat_get_free, cancellable, callback, user_data),
      self->database, dou_chat_get_func);
}

/**
 * dou_chat_store_get_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type GPtrArray): for each query its #DouMessage, oldest first;
 *   %NULL if there was too much to read before it. Or %NULL
 */
GPtrArray *
dou_chat_store_get_finish (DouChatStore *self, GAsyncResult *result, GError **error)
{
  DouChatGet *get = dou_store_task_finish (self, result, dou_chat_store_get_async, error);

  return get != NULL ? g_steal_pointer (&get->pages) : NULL;
}

/**
 * dou_chat_store_get_latest_async:
 * @self: a store
 * @pairs: (array length=n_pairs): whose conversations
 * @n_pairs: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_chat_store_get_latest_async (DouChatStore *self, const DouChatPair *pairs, guint n_pairs,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_store_task_read (
      make_task (self, dou_chat_store_get_latest_async, dou_chat_lookup_new_latest (pairs, n_pairs),
                 (GDestroyNotify) dou_chat_lookup_free, cancellable, callback, user_data),
      self->database, dou_chat_lookup_func);
}

/**
 * dou_chat_store_get_latest_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouMessage): for each pair the latest message of the two,
 *   in either direction, %NULL if there is none; or %NULL
 */
GPtrArray *
dou_chat_store_get_latest_finish (DouChatStore *self, GAsyncResult *result, GError **error)
{
  DouChatLookup *lookup
      = dou_store_task_finish (self, result, dou_chat_store_get_latest_async, error);

  return lookup != NULL ? dou_chat_lookup_make_messages (lookup) : NULL;
}

/**
 * dou_chat_store_list_async:
 * @self: a store
 * @queries: (array length=n_queries): what is wanted
 * @n_queries: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_chat_store_list_async (DouChatStore *self, const DouChatListQuery *queries, guint n_queries,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_store_task_read (
      make_task (self, dou_chat_store_list_async, dou_chat_list_new (queries, n_queries),
                 (GDestroyNotify) dou_chat_list_free, cancellable, callback, user_data),
      self->database, dou_chat_list_func);
}

/**
 * dou_chat_store_list_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type GArray): for each query its #DouChatConversation, the
 *   highest id first; %NULL if there was too much to read before it. Or %NULL
 */
GPtrArray *
dou_chat_store_list_finish (DouChatStore *self, GAsyncResult *result, GError **error)
{
  DouChatList *list = dou_store_task_finish (self, result, dou_chat_store_list_async, error);

  return list != NULL ? g_steal_pointer (&list->pages) : NULL;
}

/**
 * dou_chat_store_mark_async:
 * @self: a store
 * @marks: (array length=n_marks): up to when somebody has read
 * @n_marks: how many
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Sets marks to the time of the newest message that the reader received up to then. They never go
 * back.
 */
void
dou_chat_store_mark_async (DouChatStore *self, const DouChatMark *marks, guint n_marks,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_store_task_write (
      make_task (self, dou_chat_store_mark_async, dou_chat_set_marks_new (marks, n_marks),
                 (GDestroyNotify) dou_chat_set_marks_free, cancellable, callback, user_data),
      self->database, dou_chat_set_marks_func);
}

/**
 * dou_chat_store_mark_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouChatMark): the marks that went forward, each once and
 *   where it is now; or %NULL
 */
GArray *
dou_chat_store_mark_finish (DouChatStore *self, GAsyncResult *result, GError **error)
{
  DouChatSetMarks *set_marks
      = dou_store_task_finish (self, result, dou_chat_store_mark_async, error);

  return set_marks != NULL ? g_steal_pointer (&set_marks->moved) : NULL;
}

/**
 * dou_chat_store_get_marks_async:
 * @self: a store
 * @pairs: (array length=n_pairs): who reads, and the other one
 * @n_pairs: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_chat_store_get_marks_async (DouChatStore *self, const DouChatPair *pairs, guint n_pairs,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_store_task_read (
      make_task (self, dou_chat_store_get_marks_async, dou_chat_lookup_new_marks (pairs, n_pairs),
                 (GDestroyNotify) dou_chat_lookup_free, cancellable, callback, user_data),
      self->database, dou_chat_lookup_func);
}

/**
 * dou_chat_store_get_marks_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each pair up to when the first has read, 0 if
 *   nothing; or %NULL
 */
GArray *
dou_chat_store_get_marks_finish (DouChatStore *self, GAsyncResult *result, GError **error)
{
  DouChatLookup *lookup
      = dou_store_task_finish (self, result, dou_chat_store_get_marks_async, error);

  return lookup != NULL ? dou_chat_lookup_make_times (lookup) : NULL;
}

/**
 * dou_chat_store_remove_users_async:
 * @self: a store
 * @users: (array length=n_users): users to whom and by whom nothing can be sent from now on
 * @n_users: how many
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Removes a piece of their conversations.
 */
void
dou_chat_store_remove_users_async (DouChatStore *self, const gint64 *users, guint n_users,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (DOU_IS_CHAT_STORE (self));

  dou_store_task_write (
      make_task (self, dou_chat_store_remove_users_async, dou_chat_removal_new (users, n_users),
                 (GDestroyNotify) dou_chat_removal_free, cancellable, callback, user_data),
      self->database, dou_chat_removal_func);
}

/**
 * dou_chat_store_remove_users_finish:
 * @self: a store
 * @result: of the callback
 * @done: (out): whether nothing is left
 * @error: return location
 *
 * Returns: how many messages are gone, or -1
 */
gint64
dou_chat_store_remove_users_finish (DouChatStore *self, GAsyncResult *result, gboolean *done,
                                    GError **error)
{
  DouChatRemoval *removal
      = dou_store_task_finish (self, result, dou_chat_store_remove_users_async, error);

  if (removal == NULL)
    return -1;

  *done = removal->done;
  return removal->n_messages;
}
