/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "video/dou-video.h"

/**
 * dou_video_free:
 * @self: (transfer full) (nullable): a video
 */
void
dou_video_free (DouVideo *self)
{
  if (self == NULL)
    return;

  g_free (self->title);
  g_free (self->file);
  g_free (self->cover);
  g_free (self);
}
