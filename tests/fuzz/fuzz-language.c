/* SPDX-License-Identifier: Apache-2.0 */

/* An Accept-Language header. Whatever it says there is a language, and English, which is not
 * the default, only where it is asked for, or Chinese may be refused. */

#include "config.h"

#include <string.h>

#include "fuzz/fuzz.h"
#include "gateway/dou-language.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *lower = g_ascii_strdown (text, -1);
  DouLanguage language = dou_language_negotiate (text);

  g_assert_cmpint (language, >=, 0);
  g_assert_cmpint (language, <, DOU_N_LANGUAGES);
  if (strstr (lower, "en") == NULL && strpbrk (lower, "*;") == NULL)
    g_assert_cmpint (language, ==, DOU_LANGUAGE_ZH_CN);
  return 0;
}
