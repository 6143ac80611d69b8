/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-page-time.h"

#define NOW G_GINT64_CONSTANT (1700000000123)

/* Test that what is no time in the past counts as none. */
static void
test_no_time (void)
{
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_ABSENT, 0, NOW), ==, 0);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_INVALID, 5, NOW), ==, 0);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, 0, NOW), ==, 0);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, -1, NOW), ==, 0);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, NOW + 1, NOW), ==, 0);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, NOW / 1000 + 1, NOW), ==, 0);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, G_MAXINT64, NOW), ==, 0);
}

/* Test that small numbers are seconds and large ones milliseconds. */
static void
test_units (void)
{
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, 1, NOW), ==, 1000);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, 1700000000, NOW), ==, 1700000000000);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, NOW, NOW), ==, NOW);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, 100000000000, NOW), ==, 100000000000);
  g_assert_cmpint (dou_page_time_normalize (DOU_NUMBER_VALID, 99999999999, NOW), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/page-time/no-time", test_no_time);
  g_test_add_func ("/gateway/page-time/units", test_units);

  return g_test_run ();
}
