/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-integer.h"

static void
assert_refused (const char *text)
{
  gint64 value = 42;

  g_test_message ("“%.40s”", text);
  g_assert_false (dou_integer_parse (text, &value));
  g_assert_cmpint (value, ==, 42);
}

static void
assert_integer (const char *text, gint64 expected)
{
  gint64 value = 42;

  g_test_message ("“%.40s”", text);
  g_assert_true (dou_integer_parse (text, &value));
  g_assert_cmpint (value, ==, expected);
}

/* Test that what is not a number, or a number and something else, is refused. */
static void
test_refused (void)
{
  const char *bad[] = {
    "",      " ",     "-",     "+",         "e",   "e5",    ".",        ".5",    "5.",    "1.e1",
    ".5e1",  " 1",    "1 ",    "1\n",       "\t1", "1a",    "a1",       "0x10",  "1,000", "1_000",
    "--1",   "+-1",   "1-",    "1+1",       "1e",  "1e+",   "1e-",      "1e+-3", "1e  3", "1e3 ",
    "1e3e3", "1e3.0", "1.2.3", "1..0",      "inf", "nan",   "Infinity", "null",  "true",  "１",
    "1e+ 3", "- 1",   "0b1",   "1\xc2\xa0", "٣",   "1'000", "1e0x1",    "1E",    "NaN",   "1e 3 ",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i]);
}

/* Test that a number with a fraction is refused, however small the fraction. */
static void
test_fractions (void)
{
  const char *bad[] = {
    "1.5",
    "0.1",
    "-0.5",
    "1e-1",
    "15e-2",
    "1.55e1",
    "1.000000000000000000000000000001",
    "7.1234567890123456e15",
    "1e-999999999999999999999",
    "123456789e-4",
    "0.5e0",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i]);
}

/* Test that one more than the largest is refused, in every form. */
static void
test_overflow (void)
{
  const char *bad[] = {
    "9223372036854775808",
    "-9223372036854775809",
    "9.223372036854775808e18",
    "92233720368547758080",
    "18446744073709551616",
    "18446744073709551617",
    "1e19",
    "1e999999999",
    "1e99999999999999999999999999",
    "-1e19",
    "0.1e20",
    "92233720368547758070e0",
    "9223372036854775807.5",
    "10000000000000000000e0",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i]);
}

/* Test the plain form, up to its limits. */
static void
test_decimal (void)
{
  assert_integer ("0", 0);
  assert_integer ("-0", 0);
  assert_integer ("+0", 0);
  assert_integer ("7", 7);
  assert_integer ("+7", 7);
  assert_integer ("-7", -7);
  assert_integer ("007", 7);
  assert_integer ("1690000000000", G_GINT64_CONSTANT (1690000000000));
  assert_integer ("9223372036854775807", G_MAXINT64);
  assert_integer ("-9223372036854775808", G_MININT64);
  assert_integer ("0000000000000000000000000000009223372036854775807", G_MAXINT64);
}

/* Test that integers around 2^53, where doubles begin to skip, are read exactly in both forms. */
static void
test_double_bounds (void)
{
  assert_integer ("9007199254740991", G_GINT64_CONSTANT (9007199254740991));
  assert_integer ("9007199254740992", G_GINT64_CONSTANT (9007199254740992));
  assert_integer ("9007199254740993", G_GINT64_CONSTANT (9007199254740993));
  assert_integer ("9.007199254740991e+15", G_GINT64_CONSTANT (9007199254740991));
  assert_integer ("9.007199254740993e15", G_GINT64_CONSTANT (9007199254740993));
  assert_integer ("7.123456789012345e+15", G_GINT64_CONSTANT (7123456789012345));
  assert_integer ("7123456789012345.0", G_GINT64_CONSTANT (7123456789012345));
  assert_integer ("9.223372036854775807e18", G_MAXINT64);
  assert_integer ("-9.223372036854775808E+18", G_MININT64);
}

/* Test the exponent form, exact ones only; an unescaped `+` arrives as a space. */
static void
test_exponent (void)
{
  assert_integer ("1e3", 1000);
  assert_integer ("1E3", 1000);
  assert_integer ("1e+3", 1000);
  assert_integer ("1e 3", 1000);
  assert_integer ("1e03", 1000);
  assert_integer ("-1e3", -1000);
  assert_integer ("1.5e1", 15);
  assert_integer ("1.50e1", 15);
  assert_integer ("1.0", 1);
  assert_integer ("10e-1", 1);
  assert_integer ("1000e-3", 1);
  assert_integer ("120.50e+1", 1205);
  assert_integer ("0.001e3", 1);
  assert_integer ("1e18", G_GINT64_CONSTANT (1000000000000000000));
  assert_integer ("0e999999999999", 0);
  assert_integer ("0.000e-5", 0);
  assert_integer ("-0.0", 0);
}

/* Test hundreds of digits: they count by what they are worth, not by how many they are. */
static void
test_many_digits (void)
{
  g_autofree char *zeros = g_strnfill (400, '0');
  g_autofree char *nines = g_strnfill (400, '9');
  g_autofree char *leading = g_strconcat (zeros, "5", NULL);
  g_autofree char *trailing = g_strconcat ("5", zeros, NULL);
  g_autofree char *shifted = g_strconcat ("5", zeros, "e-400", NULL);
  g_autofree char *too_far = g_strconcat ("5", zeros, "e-401", NULL);
  g_autofree char *fraction = g_strconcat ("0.", zeros, "5e401", NULL);
  g_autofree char *exponent = g_strconcat ("5e", zeros, "1", NULL);

  assert_refused (nines);
  assert_refused (trailing);
  assert_refused (too_far);
  assert_integer (zeros, 0);
  assert_integer (leading, 5);
  assert_integer (shifted, 5);
  assert_integer (fraction, 5);
  assert_integer (exponent, 50);
}

/* Test that every way to write the same number gives the same, over numbers of all lengths. */
static void
test_equivalence (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20230101);

  for (guint i = 0; i < 20000; i++)
    {
      guint64 bits = (guint64) g_rand_int (random) << 32 | g_rand_int (random);
      gint64 expected = (gint64) (bits >> g_rand_int_range (random, 0, 64));
      g_autofree char *plain = g_strdup_printf ("%" G_GINT64_FORMAT, expected);
      const char *digits = plain + (*plain == '-');
      gsize n_digits = strlen (digits);
      gsize point = (gsize) g_rand_int_range (random, 1, (gint32) n_digits + 1);
      g_autoptr (GString) text = g_string_new (*plain == '-' ? "-" : "");
      gint64 value;

      g_string_append_printf (text, "%.*s.%s0e%" G_GSIZE_FORMAT, (int) point, digits,
                              digits + point, n_digits - point);

      g_assert_true (dou_integer_parse (plain, &value));
      g_assert_cmpint (value, ==, expected);
      g_assert_true (dou_integer_parse (text->str, &value));
      g_assert_cmpint (value, ==, expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/integer/refused", test_refused);
  g_test_add_func ("/gateway/integer/fractions", test_fractions);
  g_test_add_func ("/gateway/integer/overflow", test_overflow);
  g_test_add_func ("/gateway/integer/decimal", test_decimal);
  g_test_add_func ("/gateway/integer/double-bounds", test_double_bounds);
  g_test_add_func ("/gateway/integer/exponent", test_exponent);
  g_test_add_func ("/gateway/integer/many-digits", test_many_digits);
  g_test_add_func ("/gateway/integer/equivalence", test_equivalence);

  return g_test_run ();
}
