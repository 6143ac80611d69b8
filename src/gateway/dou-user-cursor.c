/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-integer.h"
#include "gateway/dou-user-cursor.h"

/**
 * dou_user_cursor_parse:
 * @self: (out): the place
 * @text: what a client sent: nothing, a cursor of the social domain, or what dou_user_cursor_print() made
 *
 * Returns: whether @text has one of these forms
 */
gboolean
dou_user_cursor_parse (DouUserCursor *self, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "-", 4);

  *self = (DouUserCursor){ 0 };
  switch (g_strv_length (parts))
    {
    case 0:
      return TRUE;
    case 1:
      return dou_integer_parse (parts[0], &self->cursor) && self->cursor > 0;
    case 3:
      return dou_integer_parse (parts[0], &self->cursor) && self->cursor >= 0
             && dou_integer_parse (parts[1], &self->time) && self->time >= 0
             && dou_integer_parse (parts[2], &self->id) && self->id > 0;
    default:
      return FALSE;
    }
}

/**
 * dou_user_cursor_print:
 * @self: a place after a friend
 *
 * Returns: (transfer full): its text
 */
char *
dou_user_cursor_print (const DouUserCursor *self)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
                          self->cursor, self->time, self->id);
}
