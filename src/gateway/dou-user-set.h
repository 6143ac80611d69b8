/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-json-writer.h"
#include "gateway/dou-backend.h"

G_BEGIN_DECLS

/**
 * DouUserSet:
 *
 * Some users as answers need them, gathered from all domains that know something about a user: a fixed
 * number of batched calls, however many users.
 */
#define DOU_TYPE_USER_SET (dou_user_set_get_type ())
G_DECLARE_FINAL_TYPE (DouUserSet, dou_user_set, DOU, USER_SET, GObject)

/**
 * DouUserRole:
 * @DOU_USER_PROFILE: the user stands for itself
 * @DOU_USER_AUTHOR: the user stands in a video. There `is_follow` of oneself is true, since the app draws
 *   a button to follow otherwise
 */
typedef enum
{
  DOU_USER_PROFILE,
  DOU_USER_AUTHOR,
} DouUserRole;

void dou_user_set_load_async (DouBackend *backend, gint64 viewer, const gint64 *ids, gsize n_ids,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data);
DouUserSet *dou_user_set_load_finish (GAsyncResult *result, GError **error);

gboolean dou_user_set_contains (DouUserSet *self, gint64 id);
void dou_user_set_write (DouUserSet *self, gint64 id, DouUserRole role, const char *origin,
                         DouJsonWriter *writer);
void dou_user_set_write_members (DouUserSet *self, gint64 id, DouUserRole role, const char *origin,
                                 DouJsonWriter *writer);

G_END_DECLS
