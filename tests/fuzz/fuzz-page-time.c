/* SPDX-License-Identifier: Apache-2.0 */

/* The times that clients send: `latest_time` and `pre_msg_time`. What comes out is no time or one that
 * the database may be asked for. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-integer.h"
#include "gateway/dou-page-time.h"

#define NOW G_GINT64_CONSTANT (1700000000123)
#define DAY G_GINT64_CONSTANT (86400000)

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  gint64 value = 0;
  DouNumber form = dou_integer_parse (text, &value) ? DOU_NUMBER_VALID : DOU_NUMBER_INVALID;
  gint64 before = dou_page_time_normalize (form, value, NOW);
  gint64 after = dou_page_time_normalize_after (form, value, NOW);

  g_assert_cmpint (before, >=, 0);
  g_assert_cmpint (before, <=, NOW);
  g_assert_cmpint (after, >=, 0);
  g_assert_cmpint (after, <=, NOW + DAY);
  if (before != 0)
    g_assert_cmpint (after, ==, before);
  if (form == DOU_NUMBER_INVALID)
    g_assert_cmpint (after, ==, 0);
  return 0;
}
