/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-video-manager.h"

G_BEGIN_DECLS

/* What the files of the manager share, and nobody else sees. */

struct _DouVideoManager
{
  GObject parent_instance;

  DouVideoStore *store;           /* (owned) */
  DouMediaStore *media;           /* (owned) */
  DouMediaImporter *importer;     /* (owned) */
  DouVideoTranscoder *transcoder; /* (owned) */
  DouVideoCleaner *cleaner;       /* (owned) */
  DouVideoNewest *newest;         /* (owned) */
  GHashTable *publications;       /* (owned) (element-type gint64 DouVideoPublication) under way */
  GCancellable *cancellable;      /* (owned) of publications; cancelled some time after the stop */
  guint pending_transcodes;
  guint failed_transcodes;
  guint n_transcode_changes; /* of these numbers, made here */
  guint n_transcodes_read;   /* those when it was last asked of the database */
  guint n_settling; /* published or withdrawn, and not yet tidied up */
  GHashTable *withdrawals; /* (owned) (element-type gint64) that may have a row, and are to have none */
  gint64 newest_count; /* of videos, when `newest` was last read because of another node */
  guint64 newest_misses; /* pages of the feed that `newest` did not know */
  guint newest_read; /* the number of changes in `newest` when it was begun to be read */
  gboolean reading_newest;
  guint stop_id;
  gboolean stopping;
  gboolean busy; /* as it was told last */
};

gboolean dou_video_manager_recover (DouVideoManager *self, GError **error);
gboolean dou_video_manager_load (DouVideoManager *self, GError **error);

void dou_video_manager_update_busy (DouVideoManager *self);
void dou_video_manager_read_newest (DouVideoManager *self);
void dou_video_manager_set_transcodes (DouVideoManager *self, gint64 n_pending, gint64 n_failed);
void dou_video_manager_transcode (DouVideoManager *self, gint64 id);
void dou_video_manager_withdraw (DouVideoManager *self, gint64 id);
GHashTable *dou_video_manager_new_withdrawals (void);
void dou_video_manager_stop_withdrawals (DouVideoManager *self);
void dou_video_manager_report_published (DouVideoManager *self, const DouVideo *video,
                                         gboolean transcode);
void dou_video_manager_report_deleted (DouVideoManager *self, GArray *deleted);
void dou_video_manager_report_hidden (DouVideoManager *self, GArray *hidden);
void dou_video_manager_report_retried (DouVideoManager *self, GArray *ids);

G_END_DECLS
