/* SPDX-License-Identifier: Apache-2.0 */

/* What a manager does before anybody can call it: it brings the files of videos in line with the rows,
 * where a crash has come between the two, and reads what it remembers. It waits for the database and
 * the disk, in a main context of its own, since there is nothing else to do yet.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "video/dou-video-manager-private.h"

static void
keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Returns: (transfer full) */
static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);

  return g_steal_pointer (result);
}

static gboolean
dou_video_manager_settle_one (DouVideoManager *self, gint64 id, const DouVideo *video,
                              GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  g_info ("Video %" G_GINT64_FORMAT " was being worked on: %s", id,
          video != NULL ? "keeping what is published" : "removing its files");
  dou_media_store_settle_async (self->media, id, video != NULL ? video->file : NULL,
                                video != NULL ? video->cover : NULL, keep_result_cb, &pending);
  result = wait_for (&pending);
  return dou_media_store_settle_finish (self->media, result, error);
}

/* A start does not wait for an object store, which may be away. */
static gboolean
dou_video_manager_recover_one (DouVideoManager *self, gint64 id, const DouVideo *video,
                               GError **error)
{
  if (!dou_media_store_is_remote (self->media))
    return dou_video_manager_settle_one (self, id, video, error);

  dou_media_store_settle_later (self->media, id, video != NULL ? video->file : NULL,
                                video != NULL ? video->cover : NULL);
  return TRUE;
}

/* Leaves of each video that was being worked on the files that its row names. */
gboolean
dou_video_manager_recover (DouVideoManager *self, GError **error)
{
  g_autoptr (GArray) ids = dou_media_store_list_work (self->media, error);
  g_autoptr (GPtrArray) videos = NULL;
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  if (ids == NULL)
    return FALSE;

  dou_video_store_get_videos_async (self->store, (const gint64 *) ids->data, ids->len,
                                    keep_result_cb, &pending);
  result = wait_for (&pending);
  videos = dou_video_store_get_videos_finish (self->store, result, error);
  for (guint i = 0; videos != NULL && i < videos->len; i++)
    if (!dou_video_manager_recover_one (self, g_array_index (ids, gint64, i),
                                        g_ptr_array_index (videos, i), error))
      return FALSE;

  return videos != NULL;
}

/* Reads what is remembered of the tables: the newest videos, and how many there are of what. */
gboolean
dou_video_manager_load (DouVideoManager *self, GError **error)
{
  const gint64 newest = G_MAXINT64;
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) counted = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) pages = NULL;
  DouVideoCounts counts;

  dou_video_store_count_async (self->store, keep_result_cb, &pending);
  counted = wait_for (&pending);
  if (!dou_video_store_count_finish (self->store, counted, &counts, error))
    return FALSE;

  dou_video_store_get_feed_async (self->store, &newest, 1, DOU_VIDEO_NEWEST_MAX, keep_result_cb,
                                  &pending);
  result = wait_for (&pending);
  pages = dou_video_store_get_pages_finish (self->store, result, error);
  if (pages == NULL)
    return FALSE;

  self->newest
      = dou_video_newest_new (g_array_ref (g_ptr_array_index (pages, 0)), counts.videos);
  self->pending_transcodes = (guint) counts.pending;
  self->failed_transcodes = (guint) counts.failed;
  return TRUE;
}
