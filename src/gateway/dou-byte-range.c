/* SPDX-License-Identifier: Apache-2.0 */

/* The Range header, RFC 9110, section 14. libsoup's reader is not used: it belongs to a function
 * that copies the whole file, and what it answers to a header that is not quite right is up to it.
 *
 * Several ranges are answered with the whole file, which section 14.2 leaves to the server: no
 * player asks for them, and answering them is a known way to make a server work hard for a small
 * request. */

#include "config.h"

#include <string.h>

#include "gateway/dou-byte-range.h"

#define UNIT "bytes="

static gboolean
is_space (char c)
{
  return c == ' ' || c == '\t';
}

/* Digits, at least one. What does not fit is beyond the end of any file, as G_MAXUINT64 is. */
static gboolean
read_number (const char **text, guint64 *number)
{
  const char *p = *text;

  *number = 0;
  for (; g_ascii_isdigit (*p); p++)
    {
      guint64 digit = g_ascii_digit_value (*p);

      if (*number > (G_MAXUINT64 - digit) / 10)
        *number = G_MAXUINT64;
      else
        *number = *number * 10 + digit;
    }

  if (p == *text)
    return FALSE;

  *text = p;
  return TRUE;
}

static gboolean
is_at_end (const char *text)
{
  while (is_space (*text))
    text++;

  return *text == '\0';
}

static DouByteRange
parse_suffix (const char *text, guint64 size, guint64 *offset, guint64 *length)
{
  guint64 wanted;

  if (!read_number (&text, &wanted) || !is_at_end (text))
    return DOU_BYTE_RANGE_WHOLE;
  if (wanted == 0)
    return DOU_BYTE_RANGE_UNSATISFIABLE;
  /* It could be satisfied, but Content-Range cannot say so. */
  if (size == 0)
    return DOU_BYTE_RANGE_WHOLE;

  *length = MIN (wanted, size);
  *offset = size - *length;
  return DOU_BYTE_RANGE_PART;
}

/**
 * dou_byte_range_parse:
 * @header: (nullable): the value of Range
 * @size: bytes of the whole file
 * @offset: (out): where the part begins; only set with %DOU_BYTE_RANGE_PART
 * @length: (out): its bytes, at least one; likewise
 *
 * Returns: what to answer. A header that is absent, malformed, of another unit or with more than
 *   one range asks for the whole
 */
DouByteRange
dou_byte_range_parse (const char *header, guint64 size, guint64 *offset, guint64 *length)
{
  const char *text = header;
  guint64 first, last = G_MAXUINT64;

  if (text == NULL || g_ascii_strncasecmp (text, UNIT, strlen (UNIT)) != 0)
    return DOU_BYTE_RANGE_WHOLE;

  text += strlen (UNIT);
  while (is_space (*text))
    text++;

  if (*text == '-')
    return parse_suffix (text + 1, size, offset, length);

  if (!read_number (&text, &first) || *text++ != '-')
    return DOU_BYTE_RANGE_WHOLE;
  if (!is_at_end (text) && (!read_number (&text, &last) || !is_at_end (text)))
    return DOU_BYTE_RANGE_WHOLE;
  if (last < first)
    return DOU_BYTE_RANGE_WHOLE;
  if (first >= size)
    return DOU_BYTE_RANGE_UNSATISFIABLE;

  *offset = first;
  *length = MIN (last, size - 1) - first + 1;
  return DOU_BYTE_RANGE_PART;
}
