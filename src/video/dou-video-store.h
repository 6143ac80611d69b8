/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-clock.h"
#include "common/dou-database-address.h"
#include "common/dou-record-list.h"
#include "common/dou-retention.h"
#include "video/dou-video-act.h"
#include "video/dou-video.h"

G_BEGIN_DECLS

/**
 * DouVideoWorksPlace:
 *
 * Where in the works of an author to begin: below this time.
 */
typedef struct
{
  gint64 author;
  gint64 before;
} DouVideoWorksPlace;

/**
 * DouVideoTranscode:
 * @DOU_VIDEO_TRANSCODE_NONE: it plays everywhere
 * @DOU_VIDEO_TRANSCODE_WANTED: it is to be transcoded
 * @DOU_VIDEO_TRANSCODE_FAILED: it could not be, and stays as it came
 *
 * The numbers are those of the database.
 */
typedef enum
{
  DOU_VIDEO_TRANSCODE_NONE = 0,
  DOU_VIDEO_TRANSCODE_WANTED = 1,
  DOU_VIDEO_TRANSCODE_FAILED = 2,
} DouVideoTranscode;

/**
 * DouVideoTask:
 * @entry: and where it stands in the queue that nodes share
 *
 * A video that is to be transcoded, or was.
 */
typedef struct
{
  gint64 id;
  char *file;                  /* (owned) path below /media/ */
  char *cover;                 /* (owned) path below /media/ */
  DouVideoTranscode transcode; /* what is to be done */
  guint n_attempts;            /* begun so far */
  gint64 claim;                /* who began the last one */
  gint64 wait;                 /* milliseconds before which it is not to be begun */
  char *trouble;               /* (owned) why the last attempt failed, or empty */
  char *entry;                 /* (owned) (nullable) */
} DouVideoTask;

/* The longest reason that is kept, in characters. */
#define DOU_VIDEO_TROUBLE_MAX 500
/* The most that dou_video_store_list_tasks_async() lists; the number is in its statement, too. */
#define DOU_VIDEO_TASKS_MAX 256

void dou_video_task_free (DouVideoTask *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouVideoTask, dou_video_task_free)

/* How long it is remembered who deleted a video, in ms: as long as other deletions are. */
#define DOU_VIDEO_MEMORY (7 * G_TIME_SPAN_DAY / G_TIME_SPAN_MILLISECOND)
/* The most that dou_video_store_list_unclean_async() lists; the number is in its statement, too. */
#define DOU_VIDEO_UNCLEAN_MAX 1024

/**
 * DouVideoState:
 *
 * What is known of a video that is there, or was until not long ago.
 */
typedef struct
{
  gint64 author;    /* 0 if nothing is known */
  gboolean deleted; /* by the author */
  gboolean unclean; /* deleted, and something that belonged to it may be left */
} DouVideoState;

/**
 * DouVideoDeleted:
 *
 * What a video was that was deleted just now.
 */
typedef struct
{
  DouVideoPlace place;
  gint64 author;
  DouVideoTranscode transcode;
  gboolean hidden; /* and so in no list */
} DouVideoDeleted;

/**
 * DouVideoCounts:
 *
 * How many videos there are; of all, those that are to be transcoded, and those that could not be.
 */
typedef struct
{
  gint64 videos;
  gint64 pending;
  gint64 failed;
} DouVideoCounts;

/**
 * DouVideoStore:
 *
 * The tables of the video domain.
 */
#define DOU_TYPE_VIDEO_STORE (dou_video_store_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoStore, dou_video_store, DOU, VIDEO_STORE, GObject)

DouVideoStore *dou_video_store_open (const DouDatabaseAddress *address, DouClock *clock, GError **error);
void dou_video_store_close (DouVideoStore *self);

const char *dou_video_store_get_engine (DouVideoStore *self);
guint dou_video_store_get_schema_version (DouVideoStore *self);
gboolean dou_video_store_knows_commits (DouVideoStore *self);

void dou_video_store_publish_async (DouVideoStore *self, const DouVideo *video,
                                    DouVideoTranscode transcode, GAsyncReadyCallback callback,
                                    gpointer user_data);
gint64 dou_video_store_publish_finish (DouVideoStore *self, GAsyncResult *result, GError **error);

void dou_video_store_count_async (DouVideoStore *self, GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dou_video_store_count_finish (DouVideoStore *self, GAsyncResult *result,
                                       DouVideoCounts *counts, GError **error);

void dou_video_store_get_feed_async (DouVideoStore *self, const gint64 *befores, guint n_pages,
                                     guint limit, GAsyncReadyCallback callback,
                                     gpointer user_data);
void dou_video_store_get_works_async (DouVideoStore *self, const DouVideoWorksPlace *places,
                                      guint n_pages, guint limit, GAsyncReadyCallback callback,
                                      gpointer user_data);
GPtrArray *dou_video_store_get_pages_finish (DouVideoStore *self, GAsyncResult *result,
                                             GError **error);

void dou_video_store_get_videos_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                       GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *dou_video_store_get_videos_finish (DouVideoStore *self, GAsyncResult *result,
                                              GError **error);

void dou_video_store_get_work_counts_async (DouVideoStore *self, const gint64 *authors,
                                            guint n_authors, GAsyncReadyCallback callback,
                                            gpointer user_data);
GArray *dou_video_store_get_work_counts_finish (DouVideoStore *self, GAsyncResult *result,
                                                GError **error);

void dou_video_store_list_tasks_async (DouVideoStore *self, const DouVideoTask *after,
                                       GAsyncReadyCallback callback, gpointer user_data);
void dou_video_store_get_tasks_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                      GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *dou_video_store_get_tasks_finish (DouVideoStore *self, GAsyncResult *result,
                                             GError **error);

void dou_video_store_claim_task_async (DouVideoStore *self, gint64 id, gint64 lease,
                                       GAsyncReadyCallback callback, gpointer user_data);
void dou_video_store_renew_task_async (DouVideoStore *self, const DouVideoTask *task, gint64 lease,
                                       GAsyncReadyCallback callback, gpointer user_data);
void dou_video_store_update_task_async (DouVideoStore *self, const DouVideoTask *task, gint64 pause,
                                        GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_video_store_change_task_finish (DouVideoStore *self, GAsyncResult *result,
                                             gboolean *held, DouVideoTask **task, GError **error);

void dou_video_store_remove_users_async (DouVideoStore *self, GArray *ids,
                                         GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_video_store_remove_users_finish (DouVideoStore *self, GAsyncResult *result,
                                             GError **error);

void dou_video_store_find_remains_async (DouVideoStore *self, GArray *ids,
                                         GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_video_store_find_remains_finish (DouVideoStore *self, GAsyncResult *result,
                                             GError **error);

void dou_video_store_find_states_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                        GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_video_store_find_states_finish (DouVideoStore *self, GAsyncResult *result,
                                            GError **error);

void dou_video_store_delete_async (DouVideoStore *self, GArray *ids, GAsyncReadyCallback callback,
                                   gpointer user_data);
GArray *dou_video_store_delete_finish (DouVideoStore *self, GAsyncResult *result, GError **error);

void dou_video_store_remove_async (DouVideoStore *self, GArray *ids,
                                   const DouVideoRemoval *removals, guint n_removals,
                                   const DouCaller *caller, GAsyncReadyCallback callback,
                                   gpointer user_data);

void dou_video_store_retry_async (DouVideoStore *self, const DouVideoRetry *retries, guint n_retries,
                                  const DouCaller *caller, GAsyncReadyCallback callback,
                                  gpointer user_data);
GArray *dou_video_store_retry_finish (DouVideoStore *self, GAsyncResult *result, GError **error);
void dou_video_store_list_failed_async (DouVideoStore *self, GVariant *pages,
                                        GAsyncReadyCallback callback, gpointer user_data);

void dou_video_store_set_hidden_async (DouVideoStore *self, const DouVideoHiding *hidings,
                                       guint n_hidings, const DouCaller *caller,
                                       GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_video_store_set_hidden_finish (DouVideoStore *self, GAsyncResult *result,
                                           GError **error);

/* Answer with dou_record_list_finish(). */
void dou_video_store_list_videos_async (DouVideoStore *self, GVariant *pages,
                                        GAsyncReadyCallback callback, gpointer user_data);
void dou_video_store_list_videos_of_async (DouVideoStore *self, GVariant *pages,
                                           GAsyncReadyCallback callback, gpointer user_data);
void dou_video_store_list_audit_async (DouVideoStore *self, GVariant *pages,
                                       GAsyncReadyCallback callback, gpointer user_data);

void dou_video_store_list_unclean_async (DouVideoStore *self, GAsyncReadyCallback callback,
                                         gpointer user_data);
GArray *dou_video_store_list_unclean_finish (DouVideoStore *self, GAsyncResult *result,
                                             GError **error);

void dou_video_store_set_clean_async (DouVideoStore *self, GArray *ids,
                                      GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_video_store_set_clean_finish (DouVideoStore *self, GAsyncResult *result,
                                           GError **error);

void dou_video_store_recount_async (DouVideoStore *self, GAsyncReadyCallback callback,
                                    gpointer user_data);
GArray *dou_video_store_recount_finish (DouVideoStore *self, GAsyncResult *result,
                                        gint64 *n_videos, gint64 *n_wrong, GError **error);

DouRetention *dou_video_store_start_retention (DouVideoStore *self, DouClock *clock);

G_END_DECLS
