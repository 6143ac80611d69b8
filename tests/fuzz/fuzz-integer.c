/* SPDX-License-Identifier: Apache-2.0 */

/* A number that is read must be the same number when it is written plainly. */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "fuzz/fuzz.h"
#include "gateway/dou-integer.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *plain = NULL;
  gint64 value, again;

  if (!dou_integer_parse (text, &value))
    return 0;

  plain = g_strdup_printf ("%" G_GINT64_FORMAT, value);
  g_assert_true (dou_integer_parse (plain, &again));
  g_assert_cmpint (again, ==, value);
  return 0;
}
