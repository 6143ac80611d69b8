/* SPDX-License-Identifier: Apache-2.0 */

/* The manager's calls that change nothing. */

#include "config.h"

#include "chat/dou-chat-manager.h"
#include "common/dou-id-minter.h"

static void
page_clear (gpointer data)
{
  DouChatPage *page = data;

  g_clear_pointer (&page->messages, g_ptr_array_unref);
}

static void
got_messages_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GArray *pages = g_task_get_task_data (task);
  g_autoptr (GPtrArray) found = NULL;
  GError *error = NULL;

  found = dou_chat_store_get_finish (DOU_CHAT_STORE (source), result, &error);
  if (found == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < pages->len; i++)
    {
      DouChatPage *page = &g_array_index (pages, DouChatPage, i);
      GPtrArray *messages = g_ptr_array_index (found, i);

      if (page->status != DOU_STATUS_OK)
        continue;

      if (messages != NULL)
        page->messages = g_ptr_array_ref (messages);
      else
        page->status = DOU_STATUS_UNAVAILABLE;
    }

  g_task_return_pointer (task, g_array_ref (pages), (GDestroyNotify) g_array_unref);
}

/**
 * dou_chat_manager_get_messages_async:
 * @self: a manager
 * @queries: (array length=n_queries): what is wanted; limits are brought into their range
 * @n_queries: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_chat_manager_get_messages_async (DouChatManager *self, const DouChatQuery *queries,
                                     guint n_queries, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_autofree DouChatQuery *valid = NULL;
  GArray *pages;
  GTask *task;

  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  /* Queries that make no sense find nothing, and so need no removing. */
  valid = g_memdup2 (queries, n_queries * sizeof (DouChatQuery));
  pages = g_array_sized_new (FALSE, FALSE, sizeof (DouChatPage), n_queries);
  g_array_set_clear_func (pages, page_clear);
  for (guint i = 0; i < n_queries; i++)
    {
      DouChatPage page = { DOU_STATUS_OK, NULL };

      if (!dou_chat_manager_are_two_users (valid[i].reader, valid[i].other) || valid[i].after < 0)
        page.status = DOU_STATUS_BAD_PARAMETER;
      valid[i].limit = CLAMP (valid[i].limit, 1, DOU_MESSAGES_MAX);
      g_array_append_val (pages, page);
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_chat_manager_get_messages_async);
  g_task_set_task_data (task, pages, (GDestroyNotify) g_array_unref);
  dou_chat_store_get_async (dou_chat_manager_get_store (self), valid, n_queries, cancellable,
                            got_messages_cb, task);
}

/**
 * dou_chat_manager_get_messages_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouChatPage): what there is for each; or %NULL, with the
 *   errors of dou_database_read_finish()
 */
GArray *
dou_chat_manager_get_messages_finish (DouChatManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_chat_manager_get_messages_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
got_latest_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GPtrArray *messages = dou_chat_store_get_latest_finish (DOU_CHAT_STORE (source), result, &error);

  if (messages != NULL)
    g_task_return_pointer (task, messages, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_chat_manager_get_latest_async:
 * @self: a manager
 * @pairs: (array length=n_pairs): whose conversations
 * @n_pairs: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_chat_manager_get_latest_async (DouChatManager *self, const DouChatPair *pairs, guint n_pairs,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_chat_manager_get_latest_async);
  dou_chat_store_get_latest_async (dou_chat_manager_get_store (self), pairs, n_pairs, cancellable,
                                   got_latest_cb, task);
}

/**
 * dou_chat_manager_get_latest_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouMessage): for each pair the latest message of the two,
 *   %NULL if there is none; or %NULL, with the errors of dou_database_read_finish()
 */
GPtrArray *
dou_chat_manager_get_latest_finish (DouChatManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_chat_manager_get_latest_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
got_marks_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GArray *times = dou_chat_store_get_marks_finish (DOU_CHAT_STORE (source), result, &error);

  if (times != NULL)
    g_task_return_pointer (task, times, (GDestroyNotify) g_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_chat_manager_get_marks_async:
 * @self: a manager
 * @pairs: (array length=n_pairs): who reads, and the other one
 * @n_pairs: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_chat_manager_get_marks_async (DouChatManager *self, const DouChatPair *pairs, guint n_pairs,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_chat_manager_get_marks_async);
  dou_chat_store_get_marks_async (dou_chat_manager_get_store (self), pairs, n_pairs, cancellable,
                                  got_marks_cb, task);
}

/**
 * dou_chat_manager_get_marks_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each pair up to when the first has read, 0 if
 *   nothing; or %NULL, with the errors of dou_database_read_finish()
 */
GArray *
dou_chat_manager_get_marks_finish (DouChatManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_chat_manager_get_marks_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GPtrArray *pages = dou_chat_store_list_finish (DOU_CHAT_STORE (source), result, &error);

  if (pages != NULL)
    g_task_return_pointer (task, pages, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_chat_manager_check_list_query:
 * @query: whose conversations are wanted
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_BAD_PARAMETER if it makes no sense
 */
DouStatus
dou_chat_manager_check_list_query (const DouChatListQuery *query)
{
  return query->reader > 0 && query->reader <= DOU_ID_MAX && query->below >= 0
             ? DOU_STATUS_OK
             : DOU_STATUS_BAD_PARAMETER;
}

/**
 * dou_chat_manager_list_async:
 * @self: a manager
 * @queries: (array length=n_queries): whose conversations
 * @n_queries: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Queries that make no sense find nothing.
 */
void
dou_chat_manager_list_async (DouChatManager *self, const DouChatListQuery *queries, guint n_queries,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autofree DouChatListQuery *valid = NULL;
  GTask *task;

  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  valid = g_memdup2 (queries, n_queries * sizeof (DouChatListQuery));
  for (guint i = 0; i < n_queries; i++)
    valid[i].limit = CLAMP (valid[i].limit, 1, DOU_CONVERSATIONS_MAX);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_chat_manager_list_async);
  dou_chat_store_list_async (dou_chat_manager_get_store (self), valid, n_queries, cancellable,
                             listed_cb, task);
}

/**
 * dou_chat_manager_list_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type GArray): for each query its #DouChatConversation, the
 *   highest id first; %NULL if it was not its turn. Or %NULL, with the errors of
 *   dou_database_read_finish()
 */
GPtrArray *
dou_chat_manager_list_finish (DouChatManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_chat_manager_list_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
