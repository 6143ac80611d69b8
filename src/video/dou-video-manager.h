/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-importer.h"
#include "video/dou-video-cleaner.h"
#include "video/dou-video-newest.h"
#include "video/dou-video-store.h"
#include "video/dou-video-transcoder.h"

G_BEGIN_DECLS

/* The longest title, in characters. */
#define DOU_VIDEO_TITLE_MAX 200
/* The most works of a page. */
#define DOU_VIDEO_WORKS_MAX 1000

/**
 * DouVideoUpload:
 * @id: of the video, made by the caller
 * @author: id of a user
 * @title: as it came
 * @fd: the file; its offset is neither used nor changed
 *
 * Somebody wants to publish a video.
 */
typedef struct
{
  gint64 id;
  gint64 author;
  const char *title; /* (unowned) */
  int fd;
} DouVideoUpload;

/**
 * DouVideoPageRequest:
 * @author: whose works; of no meaning for the feed
 * @before: publish time that the videos are to be older than, or 0 to begin with the newest
 * @limit: the most videos wanted
 *
 * Somebody wants a page of the feed, or of the works of an author.
 */
typedef struct
{
  gint64 author;
  gint64 before;
  guint limit;
} DouVideoPageRequest;

/**
 * DouVideoPage:
 * @next: publish time to go on below, or 0
 * @places: (element-type DouVideoPlace): the videos
 */
typedef struct
{
  gint64 next;
  GArray *places; /* (owned) */
} DouVideoPage;

/**
 * DouVideoManager:
 *
 * The rules of videos, without bus or SQL.
 */
#define DOU_TYPE_VIDEO_MANAGER (dou_video_manager_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoManager, dou_video_manager, DOU, VIDEO_MANAGER, GObject)

DouVideoManager *dou_video_manager_new (DouVideoStore *store, DouMediaStore *media,
                                        DouMediaImporter *importer,
                                        DouVideoTranscoder *transcoder, DouVideoCleaner *cleaner,
                                        GError **error);
void dou_video_manager_stop (DouVideoManager *self);

DouVideoStore *dou_video_manager_get_store (DouVideoManager *self);
void dou_video_manager_forget_newest (DouVideoManager *self);
void dou_video_manager_hear_changed (DouVideoManager *self, GVariant *ids);
gint64 dou_video_manager_get_video_count (DouVideoManager *self);
guint dou_video_manager_get_pending_transcodes (DouVideoManager *self);
guint64 dou_video_manager_get_newest_misses (DouVideoManager *self);
gboolean dou_video_manager_is_busy (DouVideoManager *self);

void dou_video_manager_publish_async (DouVideoManager *self, const DouVideoUpload *upload,
                                      GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_video_manager_publish_finish (DouVideoManager *self, GAsyncResult *result,
                                           GError **error);

void dou_video_manager_get_feed_async (DouVideoManager *self, const DouVideoPageRequest *requests,
                                       guint n_requests, GAsyncReadyCallback callback,
                                       gpointer user_data);
void dou_video_manager_get_works_async (DouVideoManager *self, const DouVideoPageRequest *requests,
                                        guint n_requests, GAsyncReadyCallback callback,
                                        gpointer user_data);
GArray *dou_video_manager_get_pages_finish (DouVideoManager *self, GAsyncResult *result,
                                            GError **error);

void dou_video_manager_delete_async (DouVideoManager *self, const DouVideoDeletion *deletions,
                                     guint n_deletions, GAsyncReadyCallback callback,
                                     gpointer user_data);
GArray *dou_video_manager_delete_finish (DouVideoManager *self, GAsyncResult *result,
                                         GError **error);

void dou_video_manager_remove_async (DouVideoManager *self, const DouVideoRemoval *removals,
                                     guint n_removals, const DouCaller *caller,
                                     GAsyncReadyCallback callback, gpointer user_data);

void dou_video_manager_retry_async (DouVideoManager *self, const DouVideoRetry *retries, guint n_retries,
                                    const DouCaller *caller, GAsyncReadyCallback callback,
                                    gpointer user_data);
GArray *dou_video_manager_retry_finish (DouVideoManager *self, GAsyncResult *result, GError **error);

void dou_video_manager_set_hidden_async (DouVideoManager *self, const DouVideoHiding *hidings,
                                         guint n_hidings, const DouCaller *caller,
                                         GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_video_manager_set_hidden_finish (DouVideoManager *self, GAsyncResult *result,
                                             GError **error);

void dou_video_manager_recount_async (DouVideoManager *self, GAsyncReadyCallback callback,
                                      gpointer user_data);
gint64 dou_video_manager_recount_finish (DouVideoManager *self, GAsyncResult *result,
                                         GError **error);

G_END_DECLS
