/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-convert.h"

G_BEGIN_DECLS

void dou_media_cover_async (DouMediaRunner *runner, const DouMediaJob *job,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean dou_media_cover_finish (GAsyncResult *result, GError **error);

G_END_DECLS
