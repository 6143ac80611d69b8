/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-status.h"
#include "gateway/dou-request.h"

G_BEGIN_DECLS

/**
 * DouBodySinkClass:
 * @open: the head has arrived: makes the sink, or returns %NULL with @status set to refuse the body;
 *   %NULL with %DOU_STATUS_OK has it read as on a route without a sink
 * @write: a piece of the body; anything but %DOU_STATUS_OK refuses the rest, and is the answer
 * @close: the body is complete; anything but %DOU_STATUS_OK is the answer, and the handler is not called
 * @free: the request is over, answered or not; drops whatever is left
 * @max_length: largest body in bytes, framing included; 0 = the server's limit for uploads
 *
 * How a route takes a body that must not be held in memory. @write is called on the main loop with
 * pieces of a few KiB; it may block for as long as a write to a file takes.
 */
typedef struct
{
  gpointer (*open) (DouRequest *request, gpointer user_data, DouStatus *status);
  DouStatus (*write) (gpointer sink, const guint8 *data, gsize length);
  DouStatus (*close) (gpointer sink);
  void (*free) (gpointer sink);
  guint64 max_length;
} DouBodySinkClass;

G_END_DECLS
