/* SPDX-License-Identifier: Apache-2.0 */

/* The first byte is the size of the file, the rest the header. A part must lie within the file. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-byte-range.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *header = NULL;
  guint64 offset, length;

  if (size < 1)
    return 0;

  header = g_strndup ((const char *) data + 1, size - 1);
  if (dou_byte_range_parse (header, data[0], &offset, &length) == DOU_BYTE_RANGE_PART)
    {
      g_assert_cmpuint (length, >, 0);
      g_assert_cmpuint (offset, <, data[0]);
      g_assert_cmpuint (length, <=, data[0] - offset);
    }

  return 0;
}
