/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-store.h"

G_BEGIN_DECLS

/* What the files of the media store share, and nobody else sees. */

struct _DouMediaStore
{
  GObject parent_instance;

  char *directory; /* (owned) STATE/media */

  /* With an object store. */
  DouMediaObjects *objects; /* (owned) (nullable) */
  GHashTable *left;         /* (owned) (element-type gint64 DouMediaLeft) to be settled later */
  guint retry_delay;        /* seconds */
  guint retry_id;
  gint64 retrying;      /* id of what is being settled by itself, or 0 */
  GHashTable *settling; /* (owned) (element-type GTask) on behalf of somebody */
  GPtrArray *blocked;   /* (owned) (element-type GTask) wait for the end of one of those */
  GHashTable *uploads;  /* (owned) (element-type gint64) (set) ids of which parts of an upload may be left */
};

/* One step on one id: the data of its task. */
typedef struct
{
  gint64 id;
  int fd;       /* (owned) or -1 */
  char *video;  /* (owned) (nullable) */
  char *cover;  /* (owned) (nullable) */
  char **names; /* (owned) (nullable) to be removed */
  GCancellable *cancellable; /* (owned) (nullable) of sending */
} DouMediaStep;

/* What could not be settled. */
typedef struct
{
  gint64 id;
  char *video; /* (owned) (nullable) that its row names */
  char *cover; /* (owned) (nullable) */
} DouMediaLeft;

void dou_media_left_free (DouMediaLeft *left);

GTask *dou_media_store_new_task (DouMediaStore *self, DouMediaStep step, gpointer tag,
                                 GAsyncReadyCallback callback, gpointer user_data);
char **dou_media_store_list_others (const DouMediaStep *step);

/* In threads. */
void dou_media_store_begin_thread (GTask *task, gpointer source, gpointer data,
                                   GCancellable *cancellable);
void dou_media_store_place_thread (GTask *task, gpointer source, gpointer data,
                                   GCancellable *cancellable);
void dou_media_store_settle_thread (GTask *task, gpointer source, gpointer data,
                                    GCancellable *cancellable);
void dou_media_store_remove_thread (GTask *task, gpointer source, gpointer data,
                                    GCancellable *cancellable);

/* With an object store; each takes the task. */
void dou_media_store_place_remotely (GTask *task);
void dou_media_store_settle_remotely (GTask *task);
void dou_media_store_remove_remotely (GTask *task);
gboolean dou_media_store_must_wait (DouMediaStore *self, gint64 id, GTask *task);
void dou_media_store_forget_left (DouMediaStore *self);

G_END_DECLS
