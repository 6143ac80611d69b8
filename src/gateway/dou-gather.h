/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-backend.h"

G_BEGIN_DECLS

/**
 * DouGather:
 *
 * Several batched calls that run side by side and are waited for together: what an answer is made of comes
 * from several domains, and none needs to wait for another.
 */
#define DOU_TYPE_GATHER (dou_gather_get_type ())
G_DECLARE_FINAL_TYPE (DouGather, dou_gather, DOU, GATHER, GObject)

DouGather *dou_gather_new (DouBackend *backend);

guint dou_gather_add (DouGather *self, DouBackendMethod method, GVariant *const *items,
                      gsize n_items);
void dou_gather_run_async (DouGather *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_gather_run_finish (DouGather *self, GAsyncResult *result, GError **error);

GVariant *dou_gather_get (DouGather *self, guint part, gsize index);

G_END_DECLS
