/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-object-client.h"

G_BEGIN_DECLS

void dou_object_upload_async (DouObjectClient *client, const char *name, const char *content_type,
                              const char *path, gsize part_size, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_object_upload_finish (DouObjectClient *client, GAsyncResult *result, GError **error);

void dou_object_upload_abort_async (DouObjectClient *client, const char *stem,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean dou_object_upload_abort_finish (DouObjectClient *client, GAsyncResult *result,
                                         GError **error);

G_END_DECLS
