/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouStream:
 *
 * What libsoup reads from: the bytes it is given, then the end. What libsoup writes goes
 * nowhere.
 */
#define DOU_TYPE_STREAM (dou_stream_get_type ())
G_DECLARE_FINAL_TYPE (DouStream, dou_stream, DOU, STREAM, GIOStream)

DouStream *dou_stream_new (void);
void dou_stream_set_input (DouStream *self, const char *data, gsize length);

G_END_DECLS
