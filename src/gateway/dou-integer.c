/* SPDX-License-Identifier: Apache-2.0 */

/* Integers as clients write them. Many hold ids as double-precision numbers and print them as such:
 * `7.123456789012345e+15` (Go), `7123456789012345.0` (Python). Those are read exactly, digit by
 * digit; going through a double would turn an id that never existed into its neighbour that does.
 */

#include "config.h"

#include <string.h>

#include "gateway/dou-integer.h"

/* Exponents are counted up to here, far beyond the digits of any request, so that they cannot
 * overflow. */
#define MAX_EXPONENT 1000000

typedef struct
{
  const char *digits; /* the first that is not 0 */
  gsize n_digits;     /* from there to the last that is not 0, a point among them not counted */
  gint64 exponent;    /* of the last of them: the number is digits × 10^exponent */
} Decimal;

static gsize
count_digits (const char *text)
{
  return strspn (text, "0123456789");
}

/* The digits at @text, a point allowed among them. Zeros at both ends go into the exponent. */
static gboolean
read_mantissa (const char **text, Decimal *decimal)
{
  const char *whole = *text;
  gsize n_whole = count_digits (whole);
  gsize n_fraction = 0;
  const char *end = whole + n_whole;

  if (n_whole == 0)
    return FALSE;

  if (*end == '.')
    {
      n_fraction = count_digits (end + 1);
      if (n_fraction == 0)
        return FALSE;
      end += 1 + n_fraction;
    }

  decimal->digits = whole;
  decimal->n_digits = n_whole + n_fraction;
  decimal->exponent = -(gint64) n_fraction;
  *text = end;

  for (const char *last = end - 1; decimal->n_digits > 0 && (*last == '0' || *last == '.'); last--)
    if (*last == '0')
      {
        decimal->n_digits--;
        decimal->exponent++;
      }

  for (; decimal->n_digits > 0 && (*decimal->digits == '0' || *decimal->digits == '.');
       decimal->digits++)
    if (*decimal->digits == '0')
      decimal->n_digits--;

  return TRUE;
}

/* A `+` that a client forgot to escape arrives as a space. */
static gboolean
read_exponent (const char **text, gint64 *exponent)
{
  const char *p = *text;
  gboolean negative = *p == '-';
  gint64 number = 0;

  if (*p == '+' || *p == '-' || *p == ' ')
    p++;
  if (count_digits (p) == 0)
    return FALSE;

  for (; g_ascii_isdigit (*p); p++)
    number = MIN (number * 10 + g_ascii_digit_value (*p), MAX_EXPONENT);

  *exponent = negative ? -number : number;
  *text = p;
  return TRUE;
}

static gboolean
multiply_add (guint64 *number, guint64 digit, guint64 limit)
{
  if (*number > (limit - digit) / 10)
    return FALSE;

  *number = *number * 10 + digit;
  return TRUE;
}

static gboolean
evaluate (const Decimal *decimal, guint64 limit, guint64 *number)
{
  const char *p = decimal->digits;

  *number = 0;
  if (decimal->n_digits == 0)
    return TRUE;
  if (decimal->exponent < 0)
    return FALSE;

  for (gsize n = 0; n < decimal->n_digits; p++)
    if (*p != '.')
      {
        if (!multiply_add (number, g_ascii_digit_value (*p), limit))
          return FALSE;
        n++;
      }

  for (gint64 n = 0; n < decimal->exponent; n++)
    if (!multiply_add (number, 0, limit))
      return FALSE;

  return TRUE;
}

/**
 * dou_integer_parse:
 * @text: what a client sent
 * @value: (out): the number; unchanged on failure
 *
 * Reads decimal digits with an optional sign, fraction and exponent, and nothing around them. The
 * number they denote must be exactly an integer of 64 bits: `1.5e1` is 15, `1.5e0` is refused.
 *
 * Returns: whether @text is an integer
 */
gboolean
dou_integer_parse (const char *text, gint64 *value)
{
  gboolean negative = *text == '-';
  Decimal decimal;
  gint64 exponent = 0;
  guint64 number;

  if (*text == '+' || *text == '-')
    text++;
  if (!read_mantissa (&text, &decimal))
    return FALSE;
  if (*text == 'e' || *text == 'E')
    {
      text++;
      if (!read_exponent (&text, &exponent))
        return FALSE;
    }
  if (*text != '\0')
    return FALSE;

  decimal.exponent += exponent;
  if (!evaluate (&decimal, negative ? (guint64) G_MAXINT64 + 1 : G_MAXINT64, &number))
    return FALSE;

  *value = negative ? (gint64) -number : (gint64) number;
  return TRUE;
}
