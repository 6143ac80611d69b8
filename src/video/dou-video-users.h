/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-picture-keeper.h"
#include "video/dou-video-manager.h"

G_BEGIN_DECLS

void dou_video_remove_users_async (DouVideoManager *manager, DouPictureKeeper *keeper,
                                   const gint64 *users, guint n_users,
                                   GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_video_remove_users_finish (DouVideoManager *manager, GAsyncResult *result,
                                       GError **error);

G_END_DECLS
