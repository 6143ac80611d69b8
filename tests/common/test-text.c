/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-text.h"

static void
assert_normalized (const char *text, DouTextFlags flags, glong max, const char *expected)
{
  g_autofree char *result = dou_text_normalize (text, flags, max);

  g_assert_cmpstr (result, ==, expected);
}

/* Test that what would spoil a batch, or a page, is refused. */
static void
test_refused (void)
{
  const char *bad[] = {
    NULL,  "",     "   ",      "\t\n",         "\xff\xfe",     "a\xc3",
    "a\nb", "a\tb", "a\x7f" "b", "a\xc2\x85" "b", "a\xe2\x80\xa8z", "\xed\xa0\xbd",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_normalized (bad[i], DOU_TEXT_SINGLE_LINE, 32, NULL);

  assert_normalized ("a\x01z", DOU_TEXT_MULTI_LINE, 32, NULL);
}

/* Test that the limit counts characters, not bytes, after trimming. */
static void
test_length (void)
{
  assert_normalized ("抖音抖音", DOU_TEXT_SINGLE_LINE, 4, "抖音抖音");
  assert_normalized ("  抖音抖音\xe3\x80\x80", DOU_TEXT_SINGLE_LINE, 4, "抖音抖音");
  assert_normalized ("抖音抖音抖", DOU_TEXT_SINGLE_LINE, 4, NULL);
}

/* Test that equal looks become equal bytes, and that emoji and right-to-left text stay as they are. */
static void
test_composition (void)
{
  assert_normalized ("e\xcc\x81", DOU_TEXT_SINGLE_LINE, 1, "\xc3\xa9");
  assert_normalized ("👩‍👩‍👧 שלום", DOU_TEXT_SINGLE_LINE, 32, "👩‍👩‍👧 שלום");
  assert_normalized ("a\n\tb", DOU_TEXT_MULTI_LINE, 32, "a\n\tb");
}

/* Test that a text of which everything is composed of as many characters as there can be is not too long,
 * and that one more is. */
static void
test_decomposed (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) composed = g_string_new (NULL);

  for (guint i = 0; i < 32; i++)
    {
      g_string_append (text, "\xce\xb1\xcc\x93\xcc\x80\xcd\x85");
      g_string_append (composed, "\xe1\xbe\x82");
    }
  assert_normalized (text->str, DOU_TEXT_SINGLE_LINE, 32, composed->str);
  g_string_append (text, "  \xe3\x80\x80\n");
  assert_normalized (text->str, DOU_TEXT_SINGLE_LINE, 32, composed->str);
  g_string_prepend (text, "x");
  assert_normalized (text->str, DOU_TEXT_SINGLE_LINE, 32, NULL);
}

/* Test that marks which would take minutes to order are refused before: the test would not end in time. */
static void
test_marks (void)
{
  g_autoptr (GString) text = g_string_new ("a");

  for (guint i = 0; i < 1000000; i++)
    g_string_append (text, "\xcc\x81\xcc\xa3");
  assert_normalized (text->str, DOU_TEXT_SINGLE_LINE, 32, NULL);
}

/* Test that text which is to be kept as it is must not spoil a batch, nor be blank or too long. */
static void
test_invalid (void)
{
  const char *bad[] = { NULL,      "",           "   ",      "\n\t",         "\xe3\x80\x80",
                        "\xff\xfe", "a\xc3",      "a\r\nb",  "a\x1b" "b",   "a\x7f" "b",
                        "a\xc2\x85" "b", "\xed\xa0\xbd", "\x01", "123456789" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (dou_text_is_valid (bad[i], DOU_TEXT_MULTI_LINE, 8));

  g_assert_false (dou_text_is_valid ("a\nb", DOU_TEXT_SINGLE_LINE, 8));
  g_assert_false (dou_text_is_valid ("a\xe2\x80\xa8z", DOU_TEXT_SINGLE_LINE, 8));
}

/* Test that every character counts as it was sent, and that marks which join, turn or vary the
 * characters beside them are text like any other. */
static void
test_valid (void)
{
  const char *good[] = { "12345678",  " a ",      "a\n\tb",     "抖音抖音抖音抖音",
                         "e\xcc\x81", "\xe2\x80\x8fשלום\xe2\x80\x8e",
                         "👩‍👩‍👧",       "❤️\xe2\x80\xa8z", "👍🏽" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (dou_text_is_valid (good[i], DOU_TEXT_MULTI_LINE, 8));

  g_assert_false (dou_text_is_valid ("抖音抖音抖音抖音 ", DOU_TEXT_MULTI_LINE, 8));
  g_assert_false (dou_text_is_valid ("👩‍👩‍👧", DOU_TEXT_MULTI_LINE, 4));
  g_assert_true (dou_text_is_valid ("e\xcc\x81", DOU_TEXT_SINGLE_LINE, 2));
}

/* Test that folding unites cases, also those that are more than one letter. */
static void
test_fold (void)
{
  g_autofree char *upper = dou_text_fold ("STRASSE É");
  g_autofree char *lower = dou_text_fold ("straße é");

  g_assert_cmpstr (upper, ==, lower);
}

/* Test what people may say about themselves: nothing, or lines of text, but no tabs. */
static void
test_signature (void)
{
  g_autofree char *longest = g_strnfill (DOU_TEXT_SIGNATURE_MAX, 's');
  g_autofree char *too_long = g_strnfill (DOU_TEXT_SIGNATURE_MAX + 1, 's');

  g_assert_false (dou_text_is_signature (NULL));
  g_assert_false (dou_text_is_signature (" "));
  g_assert_false (dou_text_is_signature ("a\tb"));
  g_assert_false (dou_text_is_signature ("\xff"));
  g_assert_false (dou_text_is_signature (too_long));
  g_assert_true (dou_text_is_signature (longest));
  g_assert_true (dou_text_is_signature (""));
  g_assert_true (dou_text_is_signature (" two\nlines "));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/text/refused", test_refused);
  g_test_add_func ("/common/text/length", test_length);
  g_test_add_func ("/common/text/composition", test_composition);
  g_test_add_func ("/common/text/decomposed", test_decomposed);
  g_test_add_func ("/common/text/marks", test_marks);
  g_test_add_func ("/common/text/invalid", test_invalid);
  g_test_add_func ("/common/text/valid", test_valid);
  g_test_add_func ("/common/text/fold", test_fold);
  g_test_add_func ("/common/text/signature", test_signature);

  return g_test_run ();
}
