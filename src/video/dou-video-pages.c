/* SPDX-License-Identifier: Apache-2.0 */

/* The feed and the works of authors, a page at a time. All that one call asks for and that is not
 * in memory is asked of the database at once, with one limit for all, and cut afterwards. */

#include "config.h"

#include "video/dou-video-manager-private.h"

/* Many pages: the data of their task. */
typedef struct
{
  DouVideoPageRequest *requests; /* (owned) limits as allowed, 0 made the future */
  guint n_requests;
  GArray *pages;   /* (owned) (element-type DouVideoPage) */
  GArray *missing; /* (owned) (element-type guint) requests that the store was asked for */
} Call;

static void
page_clear (gpointer data)
{
  DouVideoPage *page = data;

  g_clear_pointer (&page->places, g_array_unref);
}

static void
call_free (Call *call)
{
  g_free (call->requests);
  g_clear_pointer (&call->pages, g_array_unref);
  g_array_unref (call->missing);
  g_free (call);
}

static GTask *
call_new (DouVideoManager *self, const DouVideoPageRequest *requests, guint n_requests,
          guint max_limit, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->requests = g_memdup2 (requests, n_requests * sizeof *requests);
  call->n_requests = n_requests;
  call->pages = g_array_sized_new (FALSE, TRUE, sizeof (DouVideoPage), n_requests);
  g_array_set_clear_func (call->pages, page_clear);
  g_array_set_size (call->pages, n_requests);
  call->missing = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < n_requests; i++)
    {
      DouVideoPageRequest *request = &call->requests[i];

      request->limit = CLAMP (request->limit, 1, max_limit);
      if (request->before <= 0)
        request->before = G_MAXINT64;
    }

  g_task_set_source_tag (task, dou_video_manager_get_pages_finish);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  return task;
}

static guint
get_max_limit (Call *call)
{
  guint limit = 0;

  for (guint i = 0; i < call->missing->len; i++)
    limit = MAX (limit, call->requests[g_array_index (call->missing, guint, i)].limit);

  return limit;
}

static void
call_return (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&call->pages), (GDestroyNotify) g_array_unref);
}

static gint64
get_last_time (GArray *places)
{
  return places->len > 0 ? g_array_index (places, DouVideoPlace, places->len - 1).publish_time : 0;
}

static void
got_feed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoManager *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autoptr (GPtrArray) found = NULL;
  GError *error = NULL;

  found = dou_video_store_get_pages_finish (DOU_VIDEO_STORE (source), result, &error);
  if (found == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < found->len; i++)
    {
      guint place = g_array_index (call->missing, guint, i);
      const DouVideoPageRequest *request = &call->requests[place];
      DouVideoPage *page = &g_array_index (call->pages, DouVideoPage, place);

      page->places = g_array_ref (g_ptr_array_index (found, i));
      if (page->places->len > request->limit)
        g_array_set_size (page->places, request->limit);
      dou_video_newest_top_up (self->newest, request->before, request->limit, page->places);
      page->next = get_last_time (page->places);
    }

  call_return (task);
}

/**
 * dou_video_manager_get_feed_async:
 * @self: a manager
 * @requests: (array length=n_requests): limits count from 1 to %DOU_VIDEO_FEED_MAX
 * @n_requests: how many
 * @callback: called with the result, for dou_video_manager_get_pages_finish()
 * @user_data: for @callback
 *
 * A page that reaches the oldest video is topped up from the newest. The time to go on below is
 * that of its last video, and 0 only if there is no video at all.
 */
void
dou_video_manager_get_feed_async (DouVideoManager *self, const DouVideoPageRequest *requests,
                                  guint n_requests, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GArray) befores = g_array_new (FALSE, FALSE, sizeof (gint64));
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  task = call_new (self, requests, n_requests, DOU_VIDEO_FEED_MAX, callback, user_data);
  call = g_task_get_task_data (task);
  for (guint i = 0; i < n_requests; i++)
    {
      const DouVideoPageRequest *request = &call->requests[i];
      DouVideoPage *page = &g_array_index (call->pages, DouVideoPage, i);

      page->places = g_array_new (FALSE, FALSE, sizeof (DouVideoPlace));
      if (dou_video_newest_get_page (self->newest, request->before, request->limit, page->places))
        {
          page->next = get_last_time (page->places);
          continue;
        }

      g_clear_pointer (&page->places, g_array_unref);
      g_array_append_val (call->missing, i);
      g_array_append_val (befores, request->before);
    }

  self->newest_misses += befores->len;
  if (befores->len == 0)
    call_return (task);
  else
    dou_video_store_get_feed_async (self->store, (const gint64 *) befores->data, befores->len,
                                    get_max_limit (call), got_feed_cb, g_steal_pointer (&task));
}

static void
got_works_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GPtrArray) found = NULL;
  GError *error = NULL;

  found = dou_video_store_get_pages_finish (DOU_VIDEO_STORE (source), result, &error);
  if (found == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < found->len; i++)
    {
      DouVideoPage *page = &g_array_index (call->pages, DouVideoPage, i);
      guint limit = call->requests[i].limit;

      page->places = g_array_ref (g_ptr_array_index (found, i));
      if (page->places->len > limit)
        {
          g_array_set_size (page->places, limit);
          page->next = get_last_time (page->places);
        }
    }

  call_return (task);
}

/**
 * dou_video_manager_get_works_async:
 * @self: a manager
 * @requests: (array length=n_requests): limits count from 1 to %DOU_VIDEO_WORKS_MAX
 * @n_requests: how many
 * @callback: called with the result, for dou_video_manager_get_pages_finish()
 * @user_data: for @callback
 *
 * The time to go on below is 0 if there is nothing more.
 */
void
dou_video_manager_get_works_async (DouVideoManager *self, const DouVideoPageRequest *requests,
                                   guint n_requests, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree DouVideoWorksPlace *places = g_new (DouVideoWorksPlace, n_requests);
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (self));

  task = call_new (self, requests, n_requests, DOU_VIDEO_WORKS_MAX, callback, user_data);
  call = g_task_get_task_data (task);
  for (guint i = 0; i < n_requests; i++)
    {
      places[i] = (DouVideoWorksPlace){ call->requests[i].author, call->requests[i].before };
      g_array_append_val (call->missing, i);
    }

  /* One more than wanted tells whether there are more. */
  dou_video_store_get_works_async (self->store, places, n_requests, get_max_limit (call) + 1,
                                   got_works_cb, g_steal_pointer (&task));
}

/**
 * dou_video_manager_get_pages_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoPage): a page for each request, or %NULL with the
 *   errors of dou_database_read_finish()
 */
GArray *
dou_video_manager_get_pages_finish (DouVideoManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_manager_get_pages_finish),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
