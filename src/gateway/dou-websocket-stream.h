/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "gateway/dou-websocket-frames.h"

G_BEGIN_DECLS

#define DOU_TYPE_WEBSOCKET_STREAM (dou_websocket_stream_get_type ())
G_DECLARE_FINAL_TYPE (DouWebsocketStream, dou_websocket_stream, DOU, WEBSOCKET_STREAM, GSocketConnection)

GIOStream *dou_websocket_stream_new (GSocket *socket, const DouWebsocketFrames *limits);

G_END_DECLS
