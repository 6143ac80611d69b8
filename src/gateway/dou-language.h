/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouLanguage:
 * @DOU_LANGUAGE_ZH_CN: simplified Chinese, the default
 * @DOU_LANGUAGE_EN: English
 *
 * The languages that answers are written in.
 */
typedef enum
{
  DOU_LANGUAGE_ZH_CN,
  DOU_LANGUAGE_EN,
  DOU_N_LANGUAGES
} DouLanguage;

DouLanguage dou_language_negotiate (const char *accept_language);

G_END_DECLS
