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

/* What a header says about a language, or about all that it does not name. */
typedef struct
{
  gboolean is_named;
  int quality;
  guint position; /* of the element that says so */
} Wish;

static void
wish_raise (Wish *wish, int quality, guint position)
{
  if (wish->is_named && wish->quality >= quality)
    return;

  *wish = (Wish){ TRUE, quality, position };
}

static gboolean
is_better (const Wish *wish, const Wish *best)
{
  return wish->quality > best->quality
         || (wish->quality == best->quality && wish->quality > 0 && wish->position < best->position);
}

/**
 * dou_language_negotiate:
 * @accept_language: (nullable): the header
 *
 * Regions and scripts are passed over: of Chinese and English there is one kind each. `*` stands for
 * those that are not named (RFC 9110, section 12.5.4).
 *
 * Returns: the language that the client likes best of those there are, the first of equals
 */
DouLanguage
dou_language_negotiate (const char *accept_language)
{
  static const char *const names[] = { [DOU_LANGUAGE_ZH_CN] = "zh", [DOU_LANGUAGE_EN] = "en" };
  Span rest = { accept_language, accept_language };
  Wish wishes[DOU_N_LANGUAGES] = { { 0 } };
  Wish others = { 0 };
  guint best = DOU_LANGUAGE_ZH_CN;

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == DOU_N_LANGUAGES);

  if (accept_language != NULL)
    rest.end += strlen (accept_language);

  for (guint position = 0; rest.start < rest.end; position++)
    {
      Span element = take (&rest, ',');
      Span range = take (&element, ';');
      int quality = get_quality (take (&element, ';'));

      if (range.end - range.start == 1 && *range.start == '*')
        wish_raise (&others, quality, position);
      for (guint i = 0; i < DOU_N_LANGUAGES; i++)
        if (matches (range, names[i]))
          wish_raise (&wishes[i], quality, position);
    }

  for (guint i = 0; i < DOU_N_LANGUAGES; i++)
    {
      if (!wishes[i].is_named)
        wishes[i] = others;
      if (is_better (&wishes[i], &wishes[best]))
        best = i;
    }

  /* Nobody who refuses Chinese and asks for nothing that there is gets Chinese. */
  if (wishes[best].quality == 0 && wishes[best].is_named)
    for (guint i = 0; i < DOU_N_LANGUAGES; i++)
      if (!wishes[i].is_named)
        best = i;

  return (DouLanguage) best;
}
