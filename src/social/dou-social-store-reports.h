/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-record-list.h"
#include "social/dou-social-report.h"
#include "social/dou-social-store.h"

G_BEGIN_DECLS

void dou_social_store_add_reports_async (DouSocialStore *self, GArray *reports, gint64 now,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data);
GArray *dou_social_store_add_reports_finish (DouSocialStore *self, GAsyncResult *result,
                                             GError **error);

void dou_social_store_resolve_reports_async (DouSocialStore *self, GArray *resolutions, gint64 now,
                                             const DouCaller *caller, GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_store_resolve_reports_finish (DouSocialStore *self, GAsyncResult *result,
                                                 GError **error);

/* Answer with dou_record_list_finish(). */
void dou_social_store_list_reports_async (DouSocialStore *self, GVariant *pages,
                                          GAsyncReadyCallback callback, gpointer user_data);
void dou_social_store_list_audit_async (DouSocialStore *self, GVariant *pages,
                                        GAsyncReadyCallback callback, gpointer user_data);
void dou_social_store_list_comments_of_async (DouSocialStore *self, GVariant *pages,
                                              GAsyncReadyCallback callback, gpointer user_data);
void dou_social_store_list_feelings_of_async (DouSocialStore *self, GVariant *pages,
                                              GAsyncReadyCallback callback, gpointer user_data);
void dou_social_store_list_reports_of_async (DouSocialStore *self, GVariant *pages,
                                             GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
