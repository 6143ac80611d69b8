/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-integer.h"
#include "gateway/dou-window.h"

/* Entries of a list without `count`, and the most that `count` can ask for. */
#define MAX_COUNT 1000

/**
 * dou_window_parse:
 * @self: (out): the window
 * @count: (nullable): most entries to answer, as a client sent it
 * @cursor: (nullable): where to go on; what is empty is as good as %NULL
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_BAD_PARAMETER
 */
DouStatus
dou_window_parse (DouWindow *self, const char *count, const char *cursor)
{
  gint64 number = MAX_COUNT;

  *self = (DouWindow){ 0 };
  if (count != NULL && *count != '\0' && (!dou_integer_parse (count, &number) || number < 1))
    return DOU_STATUS_BAD_PARAMETER;
  if (cursor != NULL && *cursor != '\0'
      && (!dou_integer_parse (cursor, &self->cursor) || self->cursor < 1))
    return DOU_STATUS_BAD_PARAMETER;

  self->count = (guint32) MIN (number, MAX_COUNT);
  return DOU_STATUS_OK;
}

/**
 * dou_window_read_count:
 * @self: (out): the window, whose @cursor is 0
 * @request: a request for a list with cursors of its own
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_BAD_PARAMETER
 */
DouStatus
dou_window_read_count (DouWindow *self, DouRequest *request)
{
  return dou_window_parse (self, dou_request_get_parameter (request, "count"), NULL);
}

/**
 * dou_window_read:
 * @self: (out): the window
 * @request: a request for a list
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_BAD_PARAMETER
 */
DouStatus
dou_window_read (DouWindow *self, DouRequest *request)
{
  return dou_window_parse (self, dou_request_get_parameter (request, "count"),
                           dou_request_get_parameter (request, "cursor"));
}

/**
 * dou_window_write_next:
 * @cursor: where the next page begins; 0 = there is none
 * @writer: inside the answer; takes `next_cursor`, which is absent at the end
 */
void
dou_window_write_next (gint64 cursor, DouJsonWriter *writer)
{
  char text[24];

  if (cursor == 0)
    return;

  g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, cursor);
  dou_json_writer_name (writer, "next_cursor");
  dou_json_writer_string (writer, text);
}
