/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of a request line and its headers: four times what a browser with many cookies sends. */
#define DOU_HEAD_MAX_LENGTH (16 * 1024)

/**
 * DouHead:
 * @content_length: bytes of the body
 * @keep_alive: the client does not ask for the connection to be closed
 * @expects_continue: the client waits to be told to send the body
 *
 * How a request is framed: where it ends, and what becomes of its connection.
 */
typedef struct
{
  guint64 content_length;
  gboolean keep_alive;
  gboolean expects_continue;
} DouHead;

gsize dou_head_find_end (const char *data, gsize length, gsize seen);
gboolean dou_head_parse (DouHead *self, const char *data, gsize length);

G_END_DECLS
