/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-caller.h"
#include "common/dou-database-address.h"
#include "common/dou-retention.h"
#include "social/dou-social-changes.h"

G_BEGIN_DECLS

/* How long is remembered what a request made and who deleted a comment, in ms: a client that comes
 * back after a week does not repeat a comment. */
#define DOU_SOCIAL_MEMORY (7 * G_TIME_SPAN_DAY / G_TIME_SPAN_MILLISECOND)

/**
 * DouSocialStore:
 *
 * The tables of the social domain. Every call is for many at once, and answers in their order. It
 * knows what is there, not what is allowed.
 */
#define DOU_TYPE_SOCIAL_STORE (dou_social_store_get_type ())
G_DECLARE_FINAL_TYPE (DouSocialStore, dou_social_store, DOU, SOCIAL_STORE, GObject)

DouSocialStore *dou_social_store_open (const DouDatabaseAddress *address, GError **error);
void dou_social_store_close (DouSocialStore *self);

const char *dou_social_store_get_engine (DouSocialStore *self);
guint dou_social_store_get_schema_version (DouSocialStore *self);

gboolean dou_social_store_count (DouSocialStore *self, DouSocialCounts *totals, GError **error);

void dou_social_store_count_videos_async (DouSocialStore *self, GArray *videos,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
GArray *dou_social_store_count_videos_finish (DouSocialStore *self, GAsyncResult *result,
                                              GError **error);

void dou_social_store_count_users_async (DouSocialStore *self, GArray *users,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data);
GArray *dou_social_store_count_users_finish (DouSocialStore *self, GAsyncResult *result,
                                             GError **error);

void dou_social_store_set_links_async (DouSocialStore *self, DouSocialLinkKind kind, GArray *links,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data);
GArray *dou_social_store_set_links_finish (DouSocialStore *self, GAsyncResult *result,
                                           GError **error);
GArray *dou_social_store_get_unfollowed (DouSocialStore *self, GAsyncResult *result);

void dou_social_store_are_links_async (DouSocialStore *self, DouSocialLinkKind kind, GArray *links,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data);
GArray *dou_social_store_are_links_finish (DouSocialStore *self, GAsyncResult *result,
                                           GError **error);

void dou_social_store_list_async (DouSocialStore *self, DouSocialList list, GArray *requests,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
GArray *dou_social_store_list_finish (DouSocialStore *self, GAsyncResult *result, GError **error);

void dou_social_store_list_comments_async (DouSocialStore *self, GArray *requests,
                                           gsize page_bytes, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_store_list_comments_finish (DouSocialStore *self, GAsyncResult *result,
                                               GError **error);

void dou_social_store_add_comments_async (DouSocialStore *self, GArray *drafts, gint64 now,
                                          gint64 horizon, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_store_add_comments_finish (DouSocialStore *self, GAsyncResult *result,
                                              GError **error);

void dou_social_store_find_comments_async (DouSocialStore *self, GArray *ids,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
GArray *dou_social_store_find_comments_finish (DouSocialStore *self, GAsyncResult *result,
                                               GError **error);

void dou_social_store_remove_comments_async (DouSocialStore *self, GArray *deletions,
                                             const DouCaller *caller, gint64 now, gint64 horizon,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_store_remove_comments_finish (DouSocialStore *self, GAsyncResult *result,
                                                 GError **error);

void dou_social_store_set_feelings_async (DouSocialStore *self, GArray *feelings,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
GArray *dou_social_store_set_feelings_finish (DouSocialStore *self, GAsyncResult *result,
                                              GError **error);

void dou_social_store_get_feelings_async (DouSocialStore *self, GArray *pairs,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
GArray *dou_social_store_get_feelings_finish (DouSocialStore *self, GAsyncResult *result,
                                              GError **error);

void dou_social_store_remove_users_async (DouSocialStore *self, GArray *users, gint64 now,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
DouSocialChanges *dou_social_store_remove_users_finish (DouSocialStore *self, GAsyncResult *result,
                                                        gboolean *done, GError **error);

void dou_social_store_remove_videos_async (DouSocialStore *self, GArray *videos, gint64 now,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
gboolean dou_social_store_remove_videos_finish (DouSocialStore *self, GAsyncResult *result,
                                                GArray **favorites, GArray **comments,
                                                gboolean *done, GError **error);

void dou_social_store_recount_async (DouSocialStore *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
gint64 dou_social_store_recount_finish (DouSocialStore *self, GAsyncResult *result, GArray **videos,
                                        GArray **users, DouSocialCounts *totals, GError **error);

DouRetention *dou_social_store_start_retention (DouSocialStore *self, DouClock *clock);

G_END_DECLS
