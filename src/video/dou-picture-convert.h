/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-runner.h"
#include "video/dou-picture-info.h"
#include "video/dou-picture.h"

G_BEGIN_DECLS

/* Pixels on a side of an avatar, and on either side of a background. */
#define DOU_PICTURE_AVATAR_SIDE 512
#define DOU_PICTURE_BACKGROUND_SIDE 1280

void dou_picture_convert_async (DouMediaRunner *runner, const DouPictureInfo *info,
                                DouPictureKind kind, int fd, const char *directory,
                                GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_picture_convert_finish (GAsyncResult *result, GError **error);

G_END_DECLS
