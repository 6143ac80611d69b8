/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-clock.h"
#include "social/dou-social-store.h"

G_BEGIN_DECLS

/* The longest comment, in characters. */
#define DOU_SOCIAL_TEXT_MAX 1000
/* The longest name that a client may give to a comment, in bytes: a UUID, with room to spare. */
#define DOU_SOCIAL_REQUEST_MAX 64
/* The most rows of a page. */
#define DOU_SOCIAL_PAGE_MAX 1000

/**
 * DouSocialManager:
 *
 * The rules of likes, follows, blocks and comments, without bus or SQL.
 */
#define DOU_TYPE_SOCIAL_MANAGER (dou_social_manager_get_type ())
G_DECLARE_FINAL_TYPE (DouSocialManager, dou_social_manager, DOU, SOCIAL_MANAGER, GObject)

DouSocialManager *dou_social_manager_new (DouSocialStore *store, DouClock *clock, GError **error);

DouSocialStore *dou_social_manager_get_store (DouSocialManager *self);
DouClock *dou_social_manager_get_clock (DouSocialManager *self);
void dou_social_manager_report (DouSocialManager *self, DouSocialChanges *changes);

void dou_social_manager_set_links_async (DouSocialManager *self, DouSocialLinkKind kind,
                                         GArray *links, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_set_links_finish (DouSocialManager *self, GAsyncResult *result,
                                             GError **error);

void dou_social_manager_are_links_async (DouSocialManager *self, DouSocialLinkKind kind,
                                         GArray *links, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_are_links_finish (DouSocialManager *self, GAsyncResult *result,
                                             GError **error);

void dou_social_manager_list_async (DouSocialManager *self, DouSocialList list, GArray *requests,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
GArray *dou_social_manager_list_finish (DouSocialManager *self, GAsyncResult *result,
                                        GError **error);

void dou_social_manager_list_comments_async (DouSocialManager *self, GArray *requests,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_list_comments_finish (DouSocialManager *self, GAsyncResult *result,
                                                 GError **error);

void dou_social_manager_count_videos_async (DouSocialManager *self, GArray *videos,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_count_videos_finish (DouSocialManager *self, GAsyncResult *result,
                                                GError **error);

void dou_social_manager_count_users_async (DouSocialManager *self, GArray *users,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_count_users_finish (DouSocialManager *self, GAsyncResult *result,
                                               GError **error);

void dou_social_manager_add_comments_async (DouSocialManager *self, GArray *drafts,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_add_comments_finish (DouSocialManager *self, GAsyncResult *result,
                                                GError **error);

void dou_social_manager_delete_comments_async (DouSocialManager *self, GArray *deletions,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data);
void dou_social_manager_remove_comments_async (DouSocialManager *self, GArray *removals,
                                               const DouCaller *caller, GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_delete_comments_finish (DouSocialManager *self, GAsyncResult *result,
                                                   GError **error);

void dou_social_manager_set_feelings_async (DouSocialManager *self, GArray *feelings,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_set_feelings_finish (DouSocialManager *self, GAsyncResult *result,
                                                GError **error);

void dou_social_manager_get_feelings_async (DouSocialManager *self, GArray *pairs,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer user_data);
GArray *dou_social_manager_get_feelings_finish (DouSocialManager *self, GAsyncResult *result,
                                                GError **error);

void dou_social_manager_remove_videos_async (DouSocialManager *self, GArray *videos,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_remove_videos_finish (DouSocialManager *self, GAsyncResult *result,
                                                 GError **error);

void dou_social_manager_remove_users_async (DouSocialManager *self, GArray *users,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_remove_users_finish (DouSocialManager *self, GAsyncResult *result,
                                                GError **error);

void dou_social_manager_recount_async (DouSocialManager *self, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
gint64 dou_social_manager_recount_finish (DouSocialManager *self, GAsyncResult *result,
                                          GError **error);

G_END_DECLS
