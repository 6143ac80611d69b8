/* SPDX-License-Identifier: Apache-2.0 */

/* The header traceparent, as the W3C recommendation “Trace Context” (level 1, section 3.2) has it:
 * VERSION-TRACE-PARENT-FLAGS in lower-case hexadecimal digits of 2, 32, 16 and 2 places. Whatever is not
 * right is no trace at all, and a new one begins. A higher version may have more behind it, after a
 * hyphen; what stands before is read as of version 00.
 *
 * The companion tracestate is not read: it is for those who pass requests on, and nothing here does.
 */

#include "config.h"

#include <string.h>

#include "common/dou-trace-context.h"

#define VERSION_LENGTH 2
#define WORD_LENGTH 16
#define FLAGS_LENGTH 2

/* The only version there is; any but NO_VERSION may come one day. */
#define VERSION 0x00
#define NO_VERSION 0xff

#define FLAG_SAMPLED 0x01

/* Reads @n_digits at @text and moves it behind them. g_ascii_xdigit_value() would take capitals. */
static gboolean
read_hex (const char **text, guint n_digits, guint64 *number)
{
  *number = 0;
  for (guint i = 0; i < n_digits; i++, (*text)++)
    {
      char c = **text;

      if (!g_ascii_isdigit (c) && !(c >= 'a' && c <= 'f'))
        return FALSE;
      *number = *number << 4 | (guint64) g_ascii_xdigit_value (c);
    }

  return TRUE;
}

static gboolean
read_hyphen (const char **text)
{
  return *(*text)++ == '-';
}

/**
 * dou_trace_context_parse:
 * @text: (nullable): value of the header, of all of them separated by commas if there are several
 * @context: (out): what it says; set only if it is right
 *
 * Returns: whether it is
 */
gboolean
dou_trace_context_parse (const char *text, DouTraceContext *context)
{
  DouTraceContext read = { 0 };
  guint64 version, flags;

  if (text == NULL)
    return FALSE;

  if (!read_hex (&text, VERSION_LENGTH, &version) || version == NO_VERSION || !read_hyphen (&text)
      || !read_hex (&text, WORD_LENGTH, &read.trace[0])
      || !read_hex (&text, WORD_LENGTH, &read.trace[1]) || !read_hyphen (&text)
      || !read_hex (&text, WORD_LENGTH, &read.span) || !read_hyphen (&text)
      || !read_hex (&text, FLAGS_LENGTH, &flags))
    return FALSE;
  if (*text != '\0' && (version == VERSION || *text != '-'))
    return FALSE;
  if ((read.trace[0] | read.trace[1]) == 0 || read.span == 0)
    return FALSE;

  read.is_sampled = (flags & FLAG_SAMPLED) != 0;
  *context = read;
  return TRUE;
}

/**
 * dou_trace_context_format:
 * @context: a place in a trace
 * @text: (out caller-allocates): becomes what the header says of it
 */
void
dou_trace_context_format (const DouTraceContext *context, char text[DOU_TRACE_PARENT_LENGTH + 1])
{
  g_snprintf (text, DOU_TRACE_PARENT_LENGTH + 1,
              "%02x-%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER
              "x-%02x",
              VERSION, context->trace[0], context->trace[1], context->span,
              context->is_sampled ? FLAG_SAMPLED : 0);
}
