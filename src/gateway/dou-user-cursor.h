/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouUserCursor:
 * @cursor: of the social domain
 * @time: of the latest message with the friend after whom to go on
 * @id: of that friend; 0 = from the first
 *
 * Where a page of one's own friends begins.
 */
typedef struct
{
  gint64 cursor;
  gint64 time;
  gint64 id;
} DouUserCursor;

gboolean dou_user_cursor_parse (DouUserCursor *self, const char *text);
char *dou_user_cursor_print (const DouUserCursor *self);

G_END_DECLS
