/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-window.h"

/* Entries of a list without `count`, and the most that `count` can ask for. */
#define MAX_COUNT 1000

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
  gint64 count = MAX_COUNT;
  DouNumber form = dou_request_get_integer (request, "count", &count);

  self->cursor = 0;
  if (form == DOU_NUMBER_INVALID || (form == DOU_NUMBER_VALID && count < 1))
    return DOU_STATUS_BAD_PARAMETER;

  self->count = (guint32) (form == DOU_NUMBER_VALID ? MIN (count, MAX_COUNT) : MAX_COUNT);
  return DOU_STATUS_OK;
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
  DouStatus status = dou_window_read_count (self, request);
  DouNumber form;

  if (status != DOU_STATUS_OK)
    return status;

  form = dou_request_get_integer (request, "cursor", &self->cursor);
  if (form == DOU_NUMBER_INVALID || (form == DOU_NUMBER_VALID && self->cursor < 1))
    return DOU_STATUS_BAD_PARAMETER;

  return DOU_STATUS_OK;
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
