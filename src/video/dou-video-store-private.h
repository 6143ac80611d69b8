/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"
#include "common/dou-json-writer.h"
#include "video/dou-video-store.h"

G_BEGIN_DECLS

/* What the files of the store share, and nobody else sees. */

/* Bytes of JSON for an id or a time, with its comma. */
#define DOU_VIDEO_NUMBER_SIZE 17

/**
 * DouVideoOperation:
 *
 * What a call runs in one transaction, and what comes of it; the data of its task.
 */
typedef struct
{
  DouDatabaseFunc func; /* (nullable) a write of its own kind, instead of all that follows */
  GArray *ids;          /* (owned) (nullable) what @func is about */
  char *audit_json;     /* (owned) (nullable) for the audit log, if it is the administration's */
  gint64 now;           /* when it began */
  GArray *results;      /* (owned) (nullable) what @func leaves */
  gint64 counts[2];     /* and what it has counted */
  const char *change; /* (nullable) a statement */
  char *change_json;  /* (owned) (nullable) all of it but, for a new video, the time */
  DouClock *clock;    /* (owned) (nullable) for a new video */
  const char *query;  /* (nullable) a statement */
  char *query_json;   /* (owned) (nullable) */
  const char *columns;
  DouRows *rows; /* (owned) (nullable) */
} DouVideoOperation;

void dou_video_store_run (DouVideoStore *self, DouVideoOperation operation, gpointer source_tag,
                          GAsyncReadyCallback callback, gpointer user_data);
DouVideoOperation *dou_video_store_finish (DouVideoStore *self, GAsyncResult *result,
                                           gpointer source_tag, GError **error);

DouDatabase *dou_video_store_get_database (DouVideoStore *self);

void dou_video_store_write_numbers (DouJsonWriter *writer, const gint64 *numbers, guint n_numbers);
char *dou_video_store_make_numbers (const gint64 *numbers, guint n_numbers);

G_END_DECLS
