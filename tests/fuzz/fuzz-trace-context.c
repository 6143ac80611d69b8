/* SPDX-License-Identifier: Apache-2.0 */

/* A traceparent header. What is taken of version 00 is what would be written of it, flags apart, and no
 * id is zero. */

#include "config.h"

#include <string.h>

#include "common/dou-trace-context.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  char written[DOU_TRACE_PARENT_LENGTH + 1];
  DouTraceContext context, again;

  if (!dou_trace_context_parse (text, &context))
    return 0;

  g_assert_true ((context.trace[0] | context.trace[1]) != 0 && context.span != 0);
  g_assert_cmpuint (strlen (text), >=, DOU_TRACE_PARENT_LENGTH);
  dou_trace_context_format (&context, written);
  g_assert_cmpuint (strlen (written), ==, DOU_TRACE_PARENT_LENGTH);
  g_assert_cmpmem (text + 2, DOU_TRACE_PARENT_LENGTH - 4, written + 2, DOU_TRACE_PARENT_LENGTH - 4);
  g_assert_true (dou_trace_context_parse (written, &again));
  g_assert_cmpint (again.is_sampled, ==, context.is_sampled);
  return 0;
}
