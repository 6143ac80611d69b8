/* SPDX-License-Identifier: Apache-2.0 */

/* One header a line: If-None-Match, If-Modified-Since, If-Range. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-preconditions.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const DouValidators validators = { "\"abc\"", 1685620800 };
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
  guint n_lines = g_strv_length (lines);

  dou_preconditions_is_unmodified (n_lines > 0 ? lines[0] : NULL, NULL, &validators);
  dou_preconditions_is_unmodified (NULL, n_lines > 1 ? lines[1] : NULL, &validators);
  dou_preconditions_allow_range (n_lines > 2 ? lines[2] : NULL, &validators);
  return 0;
}
