/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-json-writer.h"
#include "gateway/dou-backend.h"

G_BEGIN_DECLS

/**
 * DouVideoSet:
 *
 * Some videos with their authors as answers need them, in the order they were asked for: a fixed number
 * of batched calls, however many videos.
 */
#define DOU_TYPE_VIDEO_SET (dou_video_set_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoSet, dou_video_set, DOU, VIDEO_SET, GObject)

void dou_video_set_load_async (DouBackend *backend, gint64 viewer, const gint64 *ids, gsize n_ids,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
DouVideoSet *dou_video_set_load_finish (GAsyncResult *result, GError **error);

void dou_video_set_write (DouVideoSet *self, const char *origin, DouJsonWriter *writer);

G_END_DECLS
