/* SPDX-License-Identifier: Apache-2.0 */

/* A file of unwanted words, and a text: the part behind the first line that is only “--”. What is masked is
 * text, holds none of the words any more unless they have asterisks, and is no longer than it was. */

#include "config.h"

#include <string.h>

#include "common/dou-words.h"
#include "fuzz/fuzz.h"

#define SEPARATOR "\n--\n"

/* Other characters may become an asterisk when they are folded, too. */
static gboolean
is_plain (const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (bytes[i] == '*' || !g_ascii_isprint (bytes[i]))
      if (bytes[i] != '\n')
        return FALSE;

  return TRUE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *bytes = (const char *) data;
  const char *separator = g_strstr_len (bytes, (gssize) size, SEPARATOR);
  gsize length = separator != NULL ? (gsize) (separator - bytes) : size;
  g_autofree char *text = separator != NULL
                              ? g_strndup (separator + strlen (SEPARATOR),
                                           size - length - strlen (SEPARATOR))
                              : g_strdup ("");
  g_autoptr (GError) error = NULL;
  g_autoptr (DouWords) words = dou_words_parse (bytes, length, &error);
  g_autofree char *masked = NULL;

  if (words == NULL)
    {
      g_assert_nonnull (error);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  g_assert_no_error (error);
  g_assert_cmpuint (dou_words_get_count (words), <=, DOU_WORDS_MAX_WORDS);
  if (!g_utf8_validate (text, -1, NULL))
    return 0;

  masked = dou_words_mask (words, text);
  g_assert_cmpint (masked != NULL, ==, dou_words_find (words, text));
  if (masked == NULL)
    return 0;

  g_assert_true (g_utf8_validate (masked, -1, NULL));
  g_assert_cmpuint (strlen (masked), <=, strlen (text));
  if (is_plain (bytes, length))
    g_assert_false (dou_words_find (words, masked));
  return 0;
}
