/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-picture.h"
#include "video/dou-video-store.h"

G_BEGIN_DECLS

void dou_video_store_add_picture_async (DouVideoStore *self, const DouPicture *picture,
                                        GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_video_store_add_picture_finish (DouVideoStore *self, GAsyncResult *result,
                                             DouPicture *picture, GError **error);

void dou_video_store_get_pictures_of_async (DouVideoStore *self, const gint64 *owners,
                                            guint n_owners, GAsyncReadyCallback callback,
                                            gpointer user_data);
void dou_video_store_get_unsettled_async (DouVideoStore *self, GAsyncReadyCallback callback,
                                          gpointer user_data);
GArray *dou_video_store_get_pictures_finish (DouVideoStore *self, GAsyncResult *result,
                                             GError **error);

void dou_video_store_settle_pictures_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                            GAsyncReadyCallback callback, gpointer user_data);
void dou_video_store_delete_pictures_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                            GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_video_store_change_pictures_finish (DouVideoStore *self, GAsyncResult *result,
                                                 GError **error);

G_END_DECLS
