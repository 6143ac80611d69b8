/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Two bytes, up to eight of a length, four of a mask. */
#define DOU_WEBSOCKET_MAX_HEAD 14

/**
 * DouWebsocketFrames:
 * @max_message: bytes of a message in several frames
 * @max_controls: pings and the like within a second
 *
 * What a client sends, seen frame by frame, to be set up with these two and nothing else.
 */
typedef struct
{
  guint64 max_message;
  guint max_controls;

  /*< private >*/
  guint8 head[DOU_WEBSOCKET_MAX_HEAD]; /* of the next frame */
  guint n_head;
  guint64 left;        /* bytes of the present frame */
  guint64 message;     /* bytes of the present message, in all its frames so far */
  gint64 second;       /* that `n_controls` is of */
  guint n_controls;
} DouWebsocketFrames;

gboolean dou_websocket_frames_take (DouWebsocketFrames *self, const guint8 *bytes, gsize n_bytes, gint64 now);

G_END_DECLS
