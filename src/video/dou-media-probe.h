/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-info.h"
#include "video/dou-media-runner.h"

G_BEGIN_DECLS

void dou_media_probe_async (DouMediaRunner *runner, int fd, gint64 max_duration,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);
DouMediaInfo *dou_media_probe_finish (GAsyncResult *result, GError **error);

G_END_DECLS
