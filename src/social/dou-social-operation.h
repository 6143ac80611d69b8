/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-audit.h"
#include "common/dou-database.h"
#include "common/dou-json-writer.h"
#include "social/dou-social-store.h"

G_BEGIN_DECLS

/* What the files of the store share, and nobody else sees. */

/**
 * DouSocialOperation:
 *
 * One call of the store, on its way through a thread of the database; the data of the call's task.
 * What is asked does not change once the operation has started. A function that may run again
 * begins by making new results.
 */
typedef struct
{
  DouDatabaseFunc func;
  gconstpointer detail; /* (nullable) which of several alike: names of statements */
  GArray *items;        /* (owned) (nullable) what is asked about */
  const DouCaller *caller; /* (unowned) (nullable) of the administration */
  gint64 now;           /* time of the call */
  gint64 horizon;       /* time before which things may be forgotten */
  gsize page_bytes;     /* the most for one page of comments */

  GArray *results;        /* (owned) (nullable) */
  GArray *others;         /* (owned) (nullable) a second array of results */
  DouSocialCounts counts; /* of the whole store, or what was wrong with them */
  gint64 n_wrong;
  DouSocialChanges *changes; /* (owned) (nullable) what a removal took away */
  gboolean done;
} DouSocialOperation;

DouDatabase *dou_social_store_get_database (DouSocialStore *self);

GTask *dou_social_operation_new (DouSocialStore *store, gpointer source_tag, DouDatabaseFunc func,
                                 GArray *items, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
void dou_social_operation_write (GTask *task);
void dou_social_operation_read (GTask *task);
DouSocialOperation *dou_social_operation_finish (DouSocialStore *store, GAsyncResult *result,
                                                 gpointer source_tag, GError **error);
GArray *dou_social_operation_finish_results (DouSocialStore *store, GAsyncResult *result,
                                             gpointer source_tag, GError **error);

GArray *dou_social_operation_reset_results (DouSocialOperation *self, guint element_size,
                                            guint length);
char *dou_social_operation_get_ids_json (GArray *ids);
guint dou_social_operation_count_alike (GArray *requests, guint first, guint max_rows);
char *dou_social_operation_get_pages_json (const DouSocialPageRequest *requests, guint n_requests);
void dou_social_operation_begin_json (DouJsonWriter *writer, guint n_rows);
gboolean dou_social_operation_execute_rows (DouTransaction *transaction, const char *name,
                                            DouJsonWriter *writer, GError **error);

char *dou_social_store_get_links_json (GArray *links);
gboolean dou_social_store_part_users (DouTransaction *transaction, DouSocialOperation *operation,
                                      GError **error);

G_END_DECLS
