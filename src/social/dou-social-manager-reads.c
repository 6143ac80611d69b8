/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "social/dou-social-manager.h"

/* Bytes of comments in one reply: half of what the bus lets through. */
#define REPLY_BYTES (8 * 1024 * 1024)

typedef GArray *(*StoreFinish) (DouSocialStore *store, GAsyncResult *result, GError **error);

/* The task's data is the function that finishes the store's call. */
static GTask *
make_task (DouSocialManager *self, gpointer source_tag, StoreFinish finish,
           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, finish, NULL);
  return task;
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  StoreFinish finish = g_task_get_task_data (task);
  GError *error = NULL;
  GArray *results = finish (DOU_SOCIAL_STORE (source), result, &error);

  if (results != NULL)
    g_task_return_pointer (task, results, (GDestroyNotify) g_array_unref);
  else
    g_task_return_error (task, error);
}

static GArray *
finish_read (DouSocialManager *self, GAsyncResult *result, gpointer source_tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* What came from outside, within bounds: a list without cursor begins above all that is. */
static GArray *
bound_requests (GArray *requests)
{
  GArray *bounded = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialPageRequest), requests->len);

  for (guint i = 0; i < requests->len; i++)
    {
      DouSocialPageRequest request = g_array_index (requests, DouSocialPageRequest, i);

      request.cursor = request.cursor > 0 ? request.cursor : G_MAXINT64;
      request.limit = CLAMP (request.limit, 1, DOU_SOCIAL_PAGE_MAX);
      g_array_append_val (bounded, request);
    }

  return bounded;
}

/**
 * dou_social_manager_are_links_async:
 * @self: a manager
 * @kind: likes, follows or blocks
 * @links: (element-type DouSocialLink): pairs of user and target
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_manager_are_links_async (DouSocialManager *self, DouSocialLinkKind kind, GArray *links,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  dou_social_store_are_links_async (
      dou_social_manager_get_store (self), kind, links, cancellable, read_cb,
      make_task (self, dou_social_manager_are_links_async, dou_social_store_are_links_finish,
                 cancellable, callback, user_data));
}

/**
 * dou_social_manager_are_links_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type guint8): for each pair whether it is so; or %NULL, with
 *   the errors of dou_database_read_finish()
 */
GArray *
dou_social_manager_are_links_finish (DouSocialManager *self, GAsyncResult *result, GError **error)
{
  return finish_read (self, result, dou_social_manager_are_links_async, error);
}

/**
 * dou_social_manager_get_feelings_async:
 * @self: a manager
 * @pairs: (element-type DouSocialLink): pairs of user and comment, known or not
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_manager_get_feelings_async (DouSocialManager *self, GArray *pairs,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  dou_social_store_get_feelings_async (
      dou_social_manager_get_store (self), pairs, cancellable, read_cb,
      make_task (self, dou_social_manager_get_feelings_async, dou_social_store_get_feelings_finish,
                 cancellable, callback, user_data));
}

/**
 * dou_social_manager_get_feelings_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each pair a #DouSocialFeelingKind; or %NULL,
 *   with the errors of dou_database_read_finish()
 */
GArray *
dou_social_manager_get_feelings_finish (DouSocialManager *self, GAsyncResult *result,
                                        GError **error)
{
  return finish_read (self, result, dou_social_manager_get_feelings_async, error);
}

/**
 * dou_social_manager_list_async:
 * @self: a manager
 * @list: which one
 * @requests: (element-type DouSocialPageRequest): whose lists, and which part; a cursor of 0 means
 *   from the newest, limits are brought into 1 … %DOU_SOCIAL_PAGE_MAX
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_manager_list_async (DouSocialManager *self, DouSocialList list, GArray *requests,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GArray) bounded = NULL;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  bounded = bound_requests (requests);
  dou_social_store_list_async (dou_social_manager_get_store (self), list, bounded, cancellable,
                               read_cb,
                               make_task (self, dou_social_manager_list_async,
                                          dou_social_store_list_finish, cancellable, callback,
                                          user_data));
}

/**
 * dou_social_manager_list_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialPage): a page for each request, newest first; or
 *   %NULL, with the errors of dou_database_read_finish()
 */
GArray *
dou_social_manager_list_finish (DouSocialManager *self, GAsyncResult *result, GError **error)
{
  return finish_read (self, result, dou_social_manager_list_async, error);
}

/**
 * dou_social_manager_list_comments_async:
 * @self: a manager
 * @requests: (element-type DouSocialPageRequest): under which videos, and which part; bounded as
 *   those of dou_social_manager_list_async()
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Pages end early, but not before their first comment, where all of them together would become too
 * large for one message.
 */
void
dou_social_manager_list_comments_async (DouSocialManager *self, GArray *requests,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GArray) bounded = NULL;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  bounded = bound_requests (requests);
  dou_social_store_list_comments_async (
      dou_social_manager_get_store (self), bounded, REPLY_BYTES / MAX (bounded->len, 1),
      cancellable, read_cb,
      make_task (self, dou_social_manager_list_comments_async,
                 dou_social_store_list_comments_finish, cancellable, callback, user_data));
}

/**
 * dou_social_manager_list_comments_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCommentPage): a page for each request, newest
 *   first; or %NULL, with the errors of dou_database_read_finish()
 */
GArray *
dou_social_manager_list_comments_finish (DouSocialManager *self, GAsyncResult *result,
                                         GError **error)
{
  return finish_read (self, result, dou_social_manager_list_comments_async, error);
}

/**
 * dou_social_manager_count_videos_async:
 * @self: a manager
 * @videos: (element-type gint64): ids, known or not
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_manager_count_videos_async (DouSocialManager *self, GArray *videos,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  dou_social_store_count_videos_async (
      dou_social_manager_get_store (self), videos, cancellable, read_cb,
      make_task (self, dou_social_manager_count_videos_async,
                 dou_social_store_count_videos_finish, cancellable, callback, user_data));
}

/**
 * dou_social_manager_count_videos_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCounts): of each video; or %NULL, with the errors
 *   of dou_database_read_finish()
 */
GArray *
dou_social_manager_count_videos_finish (DouSocialManager *self, GAsyncResult *result,
                                        GError **error)
{
  return finish_read (self, result, dou_social_manager_count_videos_async, error);
}

/**
 * dou_social_manager_count_users_async:
 * @self: a manager
 * @users: (element-type gint64): ids, known or not
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_manager_count_users_async (DouSocialManager *self, GArray *users,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  dou_social_store_count_users_async (
      dou_social_manager_get_store (self), users, cancellable, read_cb,
      make_task (self, dou_social_manager_count_users_async, dou_social_store_count_users_finish,
                 cancellable, callback, user_data));
}

/**
 * dou_social_manager_count_users_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialCounts): of each user; or %NULL, with the errors
 *   of dou_database_read_finish()
 */
GArray *
dou_social_manager_count_users_finish (DouSocialManager *self, GAsyncResult *result,
                                       GError **error)
{
  return finish_read (self, result, dou_social_manager_count_users_async, error);
}
