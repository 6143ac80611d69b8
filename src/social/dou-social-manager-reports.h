/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "social/dou-social-manager.h"
#include "social/dou-social-report.h"

G_BEGIN_DECLS

void dou_social_manager_add_reports_async (DouSocialManager *self, GArray *reports,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
GArray *dou_social_manager_add_reports_finish (DouSocialManager *self, GAsyncResult *result,
                                               GError **error);

void dou_social_manager_resolve_reports_async (DouSocialManager *self, GArray *resolutions,
                                               const DouCaller *caller, GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_social_manager_resolve_reports_finish (DouSocialManager *self, GAsyncResult *result,
                                                   GError **error);

G_END_DECLS
