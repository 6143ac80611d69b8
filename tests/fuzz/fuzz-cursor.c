/* SPDX-License-Identifier: Apache-2.0 */

/* `count`, and a line further `cursor`. What is accepted is within the limits, and the place that a page
 * of friends begins at is the same when it is written and read again. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-user-cursor.h"
#include "gateway/dou-window.h"

static void
check_place (const char *text)
{
  g_autofree char *printed = NULL;
  DouUserCursor place, again;

  if (!dou_user_cursor_parse (&place, text))
    return;

  g_assert_cmpint (place.cursor, >=, 0);
  g_assert_cmpint (place.time, >=, 0);
  g_assert_cmpint (place.id, >=, 0);
  if (place.id == 0)
    return;

  printed = dou_user_cursor_print (&place);
  g_assert_true (dou_user_cursor_parse (&again, printed));
  g_assert_cmpint (again.cursor, ==, place.cursor);
  g_assert_cmpint (again.time, ==, place.time);
  g_assert_cmpint (again.id, ==, place.id);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 2);
  const char *count = lines[0];
  const char *cursor = count != NULL ? lines[1] : NULL;
  DouWindow window;

  if (dou_window_parse (&window, count, cursor) == DOU_STATUS_OK)
    {
      g_assert_cmpuint (window.count, >=, 1);
      g_assert_cmpuint (window.count, <=, 1000);
      g_assert_cmpint (window.cursor, >=, 0);
    }
  if (cursor != NULL)
    check_place (cursor);

  return 0;
}
