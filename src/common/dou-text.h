/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest signature, in characters. */
#define DOU_TEXT_SIGNATURE_MAX 200

/**
 * DouTextFlags:
 * @DOU_TEXT_SINGLE_LINE: no control characters at all (names, titles)
 * @DOU_TEXT_MULTI_LINE: newline, tab and the separators of lines and paragraphs are allowed (comments,
 *   messages)
 */
typedef enum
{
  DOU_TEXT_SINGLE_LINE,
  DOU_TEXT_MULTI_LINE,
} DouTextFlags;

char *dou_text_normalize (const char *text, DouTextFlags flags, glong max_characters);
gboolean dou_text_is_valid (const char *text, DouTextFlags flags, glong max_characters);
gboolean dou_text_is_signature (const char *text);
char *dou_text_fold (const char *text);

G_END_DECLS
