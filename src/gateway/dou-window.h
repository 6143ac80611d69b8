/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-request.h"

G_BEGIN_DECLS

/**
 * DouWindow:
 * @count: most entries to answer
 * @cursor: where to go on; 0 = from the newest
 *
 * The part of a list that a client asks for, by the optional parameters `count` and `cursor`.
 */
typedef struct
{
  guint32 count;
  gint64 cursor;
} DouWindow;

DouStatus dou_window_parse (DouWindow *self, const char *count, const char *cursor);
DouStatus dou_window_read_count (DouWindow *self, DouRequest *request);
DouStatus dou_window_read (DouWindow *self, DouRequest *request);
void dou_window_write_next (gint64 cursor, DouJsonWriter *writer);

G_END_DECLS
