/* SPDX-License-Identifier: Apache-2.0 */

/* What is asked of the video domain: pages of the feed and of works, videos, counts. However many
 * requests a call carries, it is one statement.
 */

#include "config.h"

#include "video/dou-video-store-private.h"

/**
 * dou_video_store_get_feed_async:
 * @self: a store
 * @befores: (array length=n_pages): for each page the time that its videos are older than
 * @n_pages: how many
 * @limit: the most videos of a page
 * @callback: called with the result, for dou_video_store_get_pages_finish()
 * @user_data: for @callback
 */
void
dou_video_store_get_feed_async (DouVideoStore *self, const gint64 *befores, guint n_pages,
                                guint limit, GAsyncReadyCallback callback, gpointer user_data)
{
  g_auto (DouJsonWriter) writer = { 0 };

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_json_writer_init (&writer, n_pages * DOU_VIDEO_NUMBER_SIZE + 16);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_int64 (&writer, limit);
  dou_video_store_write_numbers (&writer, befores, n_pages);
  dou_json_writer_end_array (&writer);
  dou_video_store_run (self,
                       (DouVideoOperation){ .query = "get-feed",
                                    .query_json = dou_json_writer_steal (&writer, NULL),
                                    .columns = "s" },
                       dou_video_store_get_pages_finish, callback, user_data);
}

/**
 * dou_video_store_get_works_async:
 * @self: a store
 * @places: (array length=n_pages): for each page whose works, and the time that they are older than
 * @n_pages: how many
 * @limit: the most videos of a page
 * @callback: called with the result, for dou_video_store_get_pages_finish()
 * @user_data: for @callback
 */
void
dou_video_store_get_works_async (DouVideoStore *self, const DouVideoWorksPlace *places,
                                 guint n_pages, guint limit, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_auto (DouJsonWriter) writer = { 0 };

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_json_writer_init (&writer, n_pages * 2 * (DOU_VIDEO_NUMBER_SIZE + 2) + 16);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_int64 (&writer, limit);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_pages; i++)
    {
      const gint64 place[] = { places[i].author, places[i].before };

      dou_video_store_write_numbers (&writer, place, G_N_ELEMENTS (place));
    }
  dou_json_writer_end_array (&writer);
  dou_json_writer_end_array (&writer);
  dou_video_store_run (self,
                       (DouVideoOperation){ .query = "get-works",
                                    .query_json = dou_json_writer_steal (&writer, NULL),
                                    .columns = "s" },
                       dou_video_store_get_pages_finish, callback, user_data);
}

/* “id time id time …”, in which one row of text is half the cost of a row for each pair. */
static GArray *
parse_page (const char *text)
{
  GArray *page = g_array_new (FALSE, FALSE, sizeof (DouVideoPlace));

  while (text != NULL && *text != '\0')
    {
      char *end;
      DouVideoPlace place = { .id = g_ascii_strtoll (text, &end, 10) };

      place.publish_time = g_ascii_strtoll (end, &end, 10);
      g_array_append_val (page, place);
      text = end;
    }

  return page;
}

/**
 * dou_video_store_get_pages_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type GArray): for each page its places (#DouVideoPlace), newest
 *   first; or %NULL with the errors of dou_database_read_finish()
 */
GPtrArray *
dou_video_store_get_pages_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_get_pages_finish, error);
  GPtrArray *pages;
  guint n_pages;

  if (operation == NULL)
    return NULL;

  n_pages = dou_rows_get_n_rows (operation->rows);
  pages = g_ptr_array_new_full (n_pages, (GDestroyNotify) g_array_unref);
  for (guint i = 0; i < n_pages; i++)
    g_ptr_array_add (pages, parse_page (dou_rows_get_text (operation->rows, i, 0)));

  return pages;
}

/**
 * dou_video_store_get_videos_async:
 * @self: a store
 * @ids: (array length=n_ids): of videos, known or not
 * @n_ids: how many
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_get_videos_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self,
                       (DouVideoOperation){ .query = "get-videos",
                                    .query_json = dou_video_store_make_numbers (ids, n_ids),
                                    .columns = "xxsssxx" },
                       dou_video_store_get_videos_async, callback, user_data);
}

static DouVideo *
make_video (DouRows *rows, guint row)
{
  DouVideo *video;

  if (dou_rows_get_text (rows, row, 2) == NULL)
    return NULL;

  video = g_new0 (DouVideo, 1);
  video->id = dou_rows_get_int64 (rows, row, 0);
  video->author = dou_rows_get_int64 (rows, row, 1);
  video->title = g_strdup (dou_rows_get_text (rows, row, 2));
  video->file = g_strdup (dou_rows_get_text (rows, row, 3));
  video->cover = g_strdup (dou_rows_get_text (rows, row, 4));
  video->publish_time = dou_rows_get_int64 (rows, row, 5);
  video->hidden = dou_rows_get_int64 (rows, row, 6);
  return video;
}

/**
 * dou_video_store_get_videos_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideo): for each id the video, or %NULL in its place;
 *   or %NULL with the errors of dou_database_read_finish()
 */
GPtrArray *
dou_video_store_get_videos_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_get_videos_async, error);
  GPtrArray *videos;
  guint n_videos;

  if (operation == NULL)
    return NULL;

  n_videos = dou_rows_get_n_rows (operation->rows);
  videos = g_ptr_array_new_full (n_videos, (GDestroyNotify) dou_video_free);
  for (guint i = 0; i < n_videos; i++)
    g_ptr_array_add (videos, make_video (operation->rows, i));

  return videos;
}

/**
 * dou_video_store_get_work_counts_async:
 * @self: a store
 * @authors: (array length=n_authors): ids of users, known or not
 * @n_authors: how many
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_get_work_counts_async (DouVideoStore *self, const gint64 *authors, guint n_authors,
                                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self,
                       (DouVideoOperation){ .query = "get-work-counts",
                                    .query_json = dou_video_store_make_numbers (authors, n_authors),
                                    .columns = "x" },
                       dou_video_store_get_work_counts_async, callback, user_data);
}

/**
 * dou_video_store_get_work_counts_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each author the number of videos; or %NULL
 *   with the errors of dou_database_read_finish()
 */
GArray *
dou_video_store_get_work_counts_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_get_work_counts_async, error);
  GArray *counts;
  guint n_counts;

  if (operation == NULL)
    return NULL;

  n_counts = dou_rows_get_n_rows (operation->rows);
  counts = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_counts);
  for (guint i = 0; i < n_counts; i++)
    {
      gint64 count = dou_rows_get_int64 (operation->rows, i, 0);

      g_array_append_val (counts, count);
    }

  return counts;
}
