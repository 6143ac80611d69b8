/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "video/dou-picture-keeper.h"

G_BEGIN_DECLS

/**
 * DouPictureOwners:
 *
 * Answers a #DouPictureKeeper which pictures the profiles of users name: asks the user service.
 */
#define DOU_TYPE_PICTURE_OWNERS (dou_picture_owners_get_type ())
G_DECLARE_FINAL_TYPE (DouPictureOwners, dou_picture_owners, DOU, PICTURE_OWNERS, GObject)

DouPictureOwners *dou_picture_owners_new (DouService *service, DouPictureKeeper *keeper,
                                          GError **error);

G_END_DECLS
