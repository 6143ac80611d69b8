/* SPDX-License-Identifier: Apache-2.0 */

/* The headers of a picture. What is accepted must be within the limits. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "video/dou-picture-info.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  DouPictureInfo info;

  if (dou_picture_info_parse (&info, data, size) == DOU_STATUS_OK)
    {
      g_assert_cmpuint (info.width, >=, 1);
      g_assert_cmpuint (info.height, >=, 1);
      g_assert_cmpuint (info.width, <=, DOU_PICTURE_MAX_PIXELS / info.height);
      g_assert_cmpuint (info.orientation, >=, 1);
      g_assert_cmpuint (info.orientation, <=, 8);
    }

  return 0;
}
