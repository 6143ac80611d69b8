/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-language.h"

/* Quality values count thousandths (RFC 9110, section 12.4.2). */
#define FULL_QUALITY 1000

typedef struct
{
  const char *start; /* (unowned) */
  const char *end;   /* (unowned) */
} Span;

/* What comes before @c, or all, without the white space around it; taken off @rest. */
static Span
take (Span *rest, char c)
{
  const char *end = memchr (rest->start, c, (gsize) (rest->end - rest->start));
  Span span = { rest->start, end != NULL ? end : rest->end };

  rest->start = end != NULL ? end + 1 : rest->end;
  while (span.start < span.end && g_ascii_isspace (*span.start))
    span.start++;
  while (span.end > span.start && g_ascii_isspace (span.end[-1]))
    span.end--;

  return span;
}

/* Of `q=0.8`. What is no quality counts in full, as if it were not there. */
static int
get_quality (Span span)
{
  int quality = 0;
  int unit = FULL_QUALITY;

  if (span.end - span.start < (gssize) strlen ("q=0")
      || g_ascii_strncasecmp (span.start, "q=0", strlen ("q=0")) != 0)
    return FULL_QUALITY;

  for (const char *p = span.start + strlen ("q=0."); p < span.end && g_ascii_isdigit (*p); p++)
    quality += g_ascii_digit_value (*p) * (unit /= 10);

  return quality;
}

static gboolean
matches (Span range, const char *language)
{
  gsize length = (gsize) (range.end - range.start);
  gsize n = strlen (language);

  return length >= n && g_ascii_strncasecmp (range.start, language, n) == 0
         && (length == n || range.start[n] == '-' || range.start[n] == '_');
}

/**
 * dou_language_negotiate:
 * @accept_language: (nullable): the header
 *
 * Regions and scripts are passed over: of Chinese and English there is one kind each.
 *
 * Returns: the language that the client likes best of those there are, the first of equals
 */
DouLanguage
dou_language_negotiate (const char *accept_language)
{
  static const char *const names[] = { [DOU_LANGUAGE_ZH_CN] = "zh", [DOU_LANGUAGE_EN] = "en" };
  Span rest = { accept_language, accept_language };
  DouLanguage best = DOU_LANGUAGE_ZH_CN;
  int best_quality = 0;

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == DOU_N_LANGUAGES);

  if (accept_language != NULL)
    rest.end += strlen (accept_language);

  while (rest.start < rest.end)
    {
      Span element = take (&rest, ',');
      Span range = take (&element, ';');
      int quality = get_quality (take (&element, ';'));

      for (guint i = 0; i < DOU_N_LANGUAGES; i++)
        if (quality > best_quality && matches (range, names[i]))
          {
            best = (DouLanguage) i;
            best_quality = quality;
          }
    }

  return best;
}
