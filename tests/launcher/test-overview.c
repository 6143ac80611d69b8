/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "launcher/dou-overview.h"

/* Test that a quantile lies within its bucket, in proportion; beyond the last bound at that bound; and
 * that of nothing it is nothing. */
static void
test_quantiles (void)
{
  DouMetricSum sum = { 0 };
  guint n_bounds;
  const gint64 *bounds = dou_metric_type_get_bounds (DOU_METRIC_TIMES, &n_bounds);

  g_assert_cmpfloat (dou_overview_get_quantile (&sum, DOU_METRIC_TIMES, 0.5), ==, 0);

  sum.buckets[0] = 10;
  g_assert_cmpfloat_with_epsilon (dou_overview_get_quantile (&sum, DOU_METRIC_TIMES, 0.5),
                                  (double) bounds[0] / 2, 0.01);

  sum.buckets[2] = 10;
  g_assert_cmpfloat_with_epsilon (dou_overview_get_quantile (&sum, DOU_METRIC_TIMES, 0.75),
                                  (double) (bounds[1] + bounds[2]) / 2, 0.01);
  g_assert_cmpfloat_with_epsilon (dou_overview_get_quantile (&sum, DOU_METRIC_TIMES, 1),
                                  (double) bounds[2], 0.01);

  sum.buckets[n_bounds] = 1000;
  g_assert_cmpfloat_with_epsilon (dou_overview_get_quantile (&sum, DOU_METRIC_TIMES, 0.5),
                                  (double) bounds[n_bounds - 1], 0.01);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/launcher/overview/quantiles", test_quantiles);

  return g_test_run ();
}
