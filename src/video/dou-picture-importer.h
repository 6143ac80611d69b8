/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-runner.h"
#include "video/dou-picture-keeper.h"

G_BEGIN_DECLS

/* Bytes of a picture as it comes. */
#define DOU_PICTURE_MAX_SIZE (5 * 1024 * 1024)

#define DOU_TYPE_PICTURE_IMPORTER (dou_picture_importer_get_type ())
G_DECLARE_FINAL_TYPE (DouPictureImporter, dou_picture_importer, DOU, PICTURE_IMPORTER, GObject)

DouPictureImporter *dou_picture_importer_new (DouMediaRunner *runner, DouVideoStore *store,
                                              DouMediaStore *media, DouPictureKeeper *keeper,
                                              guint n_slots);

void dou_picture_importer_import_async (DouPictureImporter *self, const DouPicture *picture, int fd,
                                        GAsyncReadyCallback callback, gpointer user_data);
char *dou_picture_importer_import_finish (DouPictureImporter *self, GAsyncResult *result,
                                          GError **error);

DouPictureKeeper *dou_picture_importer_get_keeper (DouPictureImporter *self);

G_END_DECLS
