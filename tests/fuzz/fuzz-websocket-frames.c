/* SPDX-License-Identifier: Apache-2.0 */

/* What a client sends on a WebSocket, in one piece and byte by byte: it is within the limits or not, however it
 * comes. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-websocket-frames.h"

static const DouWebsocketFrames limits = { .max_message = 300, .max_controls = 3 };

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  DouWebsocketFrames whole = limits;
  DouWebsocketFrames parts = limits;
  gboolean fits = dou_websocket_frames_take (&whole, data, size, 0);
  gboolean has_fitted = TRUE;

  for (size_t i = 0; i < size && has_fitted; i++)
    has_fitted = dou_websocket_frames_take (&parts, data + i, 1, 0);

  g_assert (fits == has_fitted);
  g_assert (whole.n_head < DOU_WEBSOCKET_MAX_HEAD && parts.n_head < DOU_WEBSOCKET_MAX_HEAD);
  return 0;
}
