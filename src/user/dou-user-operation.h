/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"
#include "user/dou-user-store.h"

G_BEGIN_DECLS

/* What the files of the store share, and nobody else sees. */

/* Bytes of JSON for one row: an id, two names of 32 characters, a hash of some 100 bytes. */
#define DOU_USER_ROW_SIZE 256

/**
 * DouUserOperation:
 *
 * What a call of the store runs in one transaction: a change, a query, or both. It is the data of
 * the call's task, in which the finish functions find what they return.
 */
typedef struct
{
  gboolean asks_first; /* the query is about what was there before the change */
  const char *audit;   /* (nullable) a statement that goes before the change, with its JSON */
  const char *remember; /* (nullable) another */
  const char *change;  /* (nullable) a statement */
  char *change_json;   /* (owned) (nullable) */
  gint64 n_changed;
  const char *query; /* (nullable) a statement */
  char *query_json;  /* (owned) (nullable) */
  const char *columns;
  DouRows *rows; /* (owned) (nullable) */
} DouUserOperation;

GTask *dou_user_operation_new (DouUserStore *store, gpointer source_tag, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
void dou_user_operation_write (GTask *task);
void dou_user_operation_read (GTask *task);
DouUserOperation *dou_user_operation_finish (DouUserStore *store, GAsyncResult *result,
                                             gpointer source_tag, GError **error);

char *dou_user_operation_make_ids_json (const gint64 *ids, guint n_ids);
GArray *dou_user_operation_get_numbers (DouUserOperation *self);
GArray *dou_user_operation_get_generations (DouUserOperation *self);
GArray *dou_user_operation_get_secrets (DouUserOperation *self);

DouDatabase *dou_user_store_get_database (DouUserStore *self);

G_END_DECLS
