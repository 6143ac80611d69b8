/* SPDX-License-Identifier: Apache-2.0 */

/* The first byte says what the container is, the rest is what ffprobe said. What is accepted must
 * be within the limits. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "video/dou-media-info.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  DouMediaInfo info = { 0 };

  if (size < 1)
    return 0;

  info.container = data[0] == 'm' ? DOU_MEDIA_CONTAINER_MATROSKA : DOU_MEDIA_CONTAINER_MOV;
  if (dou_media_info_parse (&info, (const char *) data + 1, size - 1, NULL))
    {
      g_assert_cmpint (info.width, >=, 16);
      g_assert_cmpint (info.height, >=, 16);
      g_assert_cmpint (info.width, <=, 4096 * 4096 / info.height);
      g_assert_cmpint (info.video_index, >=, 0);
      g_assert_cmpint (info.video_index, <, 8);
      g_assert_cmpint (info.audio_index, >=, -1);
      g_assert_cmpint (info.audio_index, <, 8);
      g_assert_cmpint (info.duration, >=, 0);
    }

  return 0;
}
