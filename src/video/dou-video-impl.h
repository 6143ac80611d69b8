/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "dou-dbus-video.h"
#include "video/dou-picture-importer.h"
#include "video/dou-video-manager.h"

G_BEGIN_DECLS

/* The most ids or requests of one call; one keeps a message from occupying the service. */
#define DOU_VIDEO_ITEMS_MAX 4096
/* The most files of one call: a message of the bus carries no more descriptors. */
#define DOU_VIDEO_UPLOADS_MAX 16

/**
 * DouVideoImpl:
 *
 * The manager as org.doutok.Video1 on the bus.
 */
#define DOU_TYPE_VIDEO_IMPL (dou_video_impl_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoImpl, dou_video_impl, DOU, VIDEO_IMPL, DouDBusVideo1Skeleton)

DouVideoImpl *dou_video_impl_new (DouService *service, DouVideoManager *manager,
                                  DouPictureImporter *pictures);

G_END_DECLS
