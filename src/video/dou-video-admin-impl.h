/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "dou-dbus-video.h"
#include "video/dou-video-manager.h"

G_BEGIN_DECLS

/**
 * DouVideoAdminImpl:
 *
 * The manager as org.doutok.Video1.Admin on the bus.
 */
#define DOU_TYPE_VIDEO_ADMIN_IMPL (dou_video_admin_impl_get_type ())
G_DECLARE_FINAL_TYPE (DouVideoAdminImpl, dou_video_admin_impl, DOU, VIDEO_ADMIN_IMPL,
                      DouDBusVideo1AdminSkeleton)

DouVideoAdminImpl *dou_video_admin_impl_new (DouService *service, DouVideoManager *manager);

G_END_DECLS
