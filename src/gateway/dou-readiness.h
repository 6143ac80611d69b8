/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-backend.h"

G_BEGIN_DECLS

void dou_readiness_check_async (DouBackend *backend, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_readiness_check_finish (GAsyncResult *result, GError **error);

G_END_DECLS
