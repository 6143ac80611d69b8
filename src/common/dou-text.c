/* SPDX-License-Identifier: Apache-2.0 */

/* Text that people typed, checked before it goes into a batch: one bad byte would make PostgreSQL or
 * MariaDB refuse the whole batch, its neighbours' rows with it. */

#include "config.h"

#include <string.h>

#include "common/dou-text.h"

/* What a character may be taken apart into, and so what it may be composed of: U+1F82 is four. */
#define MAX_DECOMPOSED 4

static gboolean
is_allowed (gunichar c, DouTextFlags flags)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
      return flags == DOU_TEXT_MULTI_LINE && (c == '\n' || c == '\t');
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return flags == DOU_TEXT_MULTI_LINE;
    case G_UNICODE_SURROGATE:
      return FALSE;
    default:
      return TRUE;
    }
}

/* White space as Unicode means it, which g_strstrip() does not. */
static char *
strip (const char *text)
{
  const char *end = text + strlen (text);

  while (*text != '\0' && g_unichar_isspace (g_utf8_get_char (text)))
    text = g_utf8_next_char (text);

  while (end > text)
    {
      const char *last = g_utf8_prev_char (end);

      if (!g_unichar_isspace (g_utf8_get_char (last)))
        break;
      end = last;
    }

  return g_strndup (text, end - text);
}

/**
 * dou_text_normalize:
 * @text: (nullable): bytes from outside
 * @flags: which control characters are allowed
 * @max_characters: the longest result, in characters (code points), not bytes
 *
 * Trims @text and brings it to Unicode's normal form C, so that names that look the same are the same.
 *
 * Returns: (transfer full) (nullable): the text, or %NULL if it is not valid UTF-8, holds a character
 *   that @flags forbid, or is empty or too long once trimmed
 */
char *
dou_text_normalize (const char *text, DouTextFlags flags, glong max_characters)
{
  g_autofree char *composed = NULL;
  g_autofree char *stripped = NULL;
  glong length;

  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    return NULL;

  /* GLib takes the square of the number of marks behind one another to order them: most of a second for
   * what fits into a request. */
  stripped = strip (text);
  if (g_utf8_strlen (stripped, -1) > MAX_DECOMPOSED * max_characters)
    return NULL;

  composed = g_utf8_normalize (stripped, -1, G_NORMALIZE_NFC);
  length = g_utf8_strlen (composed, -1);
  if (length == 0 || length > max_characters)
    return NULL;

  for (const char *p = composed; *p != '\0'; p = g_utf8_next_char (p))
    if (!is_allowed (g_utf8_get_char (p), flags))
      return NULL;

  return g_steal_pointer (&composed);
}

/**
 * dou_text_is_valid:
 * @text: (nullable): bytes from outside
 * @flags: which control characters are allowed
 * @max_characters: the longest that is accepted, in characters (code points) as they were sent, not
 *   bytes
 *
 * Checks what people said to each other, which is kept exactly as they sent it: a name must be brought
 * to one form to be found again, but a decomposed letter, a joined emoji or the spaces of a drawing are
 * the writer's own.
 *
 * Returns: whether @text is valid UTF-8, not only white space, not too long, and without a character
 *   that @flags forbid
 */
gboolean
dou_text_is_valid (const char *text, DouTextFlags flags, glong max_characters)
{
  gboolean is_blank = TRUE;
  glong length = 0;

  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    return FALSE;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (++length > max_characters || !is_allowed (c, flags))
        return FALSE;
      is_blank = is_blank && g_unichar_isspace (c);
    }

  return !is_blank;
}

/**
 * dou_text_is_signature:
 * @text: (nullable): bytes from outside
 *
 * The rule of the user domain. It is here for those as well who want to know beforehand whether a
 * signature will be taken, since something else must not be done if it is not.
 *
 * Returns: whether @text may be what a user says about himself: nothing, or what dou_text_is_valid()
 *   accepts in at most %DOU_TEXT_SIGNATURE_MAX characters, lines but no tabs
 */
gboolean
dou_text_is_signature (const char *text)
{
  if (text == NULL || *text == '\0')
    return text != NULL;

  return strchr (text, '\t') == NULL
         && dou_text_is_valid (text, DOU_TEXT_MULTI_LINE, DOU_TEXT_SIGNATURE_MAX);
}

/**
 * dou_text_fold:
 * @text: valid UTF-8
 *
 * Returns: (transfer full): the form under which @text is unique regardless of case. Folding may
 *   undo normal form C, hence the second normalisation.
 */
char *
dou_text_fold (const char *text)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);

  return g_utf8_normalize (folded, -1, G_NORMALIZE_NFC);
}
