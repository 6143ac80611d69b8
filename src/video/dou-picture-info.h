/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "common/dou-status.h"

G_BEGIN_DECLS

/* Pixels on one side, and in all: a phone's camera has up to 50 million. Decoded they take 200 MB. */
#define DOU_PICTURE_MAX_SIDE 16384
#define DOU_PICTURE_MAX_PIXELS 50000000

/**
 * DouPictureFormat:
 * @DOU_PICTURE_JPEG: ffmpeg's demuxer “jpeg_pipe”
 * @DOU_PICTURE_PNG: its demuxer “png_pipe”
 * @DOU_PICTURE_WEBP: its demuxer “webp_pipe”
 */
typedef enum
{
  DOU_PICTURE_JPEG,
  DOU_PICTURE_PNG,
  DOU_PICTURE_WEBP,
} DouPictureFormat;

/**
 * DouPictureInfo:
 * @format: what the file's first bytes say
 * @width: pixels, as stored
 * @height: pixels, as stored
 * @orientation: how the camera was held, 1 to 8 as in Exif; 1 if the file does not say
 *
 * What the headers of a picture say.
 */
typedef struct
{
  DouPictureFormat format;
  guint width;
  guint height;
  guint orientation;
} DouPictureInfo;

DouStatus dou_picture_info_parse (DouPictureInfo *self, const guint8 *bytes, gsize length);

G_END_DECLS
