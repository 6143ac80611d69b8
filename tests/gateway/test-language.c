/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-language.h"

/* Test that Chinese is spoken to those who say nothing, or nothing that is understood. */
static void
test_default (void)
{
  const char *headers[] = {
    NULL, "",       " ",          ",",    ";",   ",;q=1,",  "fr",           "*",        "english",
    "e",  "en;q=0", "en;q=0.000", "q=en", "-en", "zhx,enx", "fr, de;q=0.9", "\xff\xfe",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    g_assert_cmpint (dou_language_negotiate (headers[i]), ==, DOU_LANGUAGE_ZH_CN);
}

/* Test what phones and browsers send. */
static void
test_usual (void)
{
  g_assert_cmpint (dou_language_negotiate ("zh-CN,zh;q=0.9,en;q=0.8"), ==, DOU_LANGUAGE_ZH_CN);
  g_assert_cmpint (dou_language_negotiate ("zh-Hans-CN"), ==, DOU_LANGUAGE_ZH_CN);
  g_assert_cmpint (dou_language_negotiate ("en-US,en;q=0.9,zh-CN;q=0.8"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("en"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("EN_gb"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("fr-FR, en;q=0.1"), ==, DOU_LANGUAGE_EN);
}

/* Test that the better quality wins over the order, and the order among equals. */
static void
test_quality (void)
{
  g_assert_cmpint (dou_language_negotiate ("zh;q=0.8,en"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("zh ; q=0.799 , en ;q=0.8"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("en;Q=0.5,zh;Q=0.51"), ==, DOU_LANGUAGE_ZH_CN);
  g_assert_cmpint (dou_language_negotiate ("en;q=0.5,zh;q=0.5"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("en;q=1.0,zh;q=1"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("en;q=,zh;q=0.9"), ==, DOU_LANGUAGE_EN);
  g_assert_cmpint (dou_language_negotiate ("zh;q=0.0009999999999999999999999,en;q=0.001"), ==,
                   DOU_LANGUAGE_EN);
}

/* Test that `*` stands for what is not named, and that what is refused is not spoken. */
static void
test_others (void)
{
  const char *english[] = { "zh;q=0,*", "zh;q=0", "*;q=0.5,zh;q=0.1", "zh-CN;q=0, fr", "*;q=0.1,en" };
  const char *chinese[] = { "en;q=0,*",     "en;q=0.1,*;q=0.9", "*;q=0",     "zh;q=0,en;q=0",
                            "zh-TW,en;q=0.9", "*,en;q=0.9",       "zh,zh;q=0", "*;q=2" };

  for (gsize i = 0; i < G_N_ELEMENTS (english); i++)
    {
      g_test_message ("%s", english[i]);
      g_assert_cmpint (dou_language_negotiate (english[i]), ==, DOU_LANGUAGE_EN);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (chinese); i++)
    {
      g_test_message ("%s", chinese[i]);
      g_assert_cmpint (dou_language_negotiate (chinese[i]), ==, DOU_LANGUAGE_ZH_CN);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/language/default", test_default);
  g_test_add_func ("/gateway/language/usual", test_usual);
  g_test_add_func ("/gateway/language/quality", test_quality);
  g_test_add_func ("/gateway/language/others", test_others);

  return g_test_run ();
}
