/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-lru.h"
#include "common/dou-metrics-page.h"

static guint n_freed;

static void
count_free (gpointer value)
{
  n_freed++;
  g_free (value);
}

/* Test that what costs more than the whole table is not kept, and is freed. */
static void
test_too_dear (void)
{
  g_autoptr (DouLru) lru = dou_lru_new (g_str_hash, g_str_equal, g_free, count_free, 10);

  n_freed = 0;
  dou_lru_insert (lru, g_strdup ("a"), g_strdup ("1"), 11);
  g_assert_null (dou_lru_lookup (lru, "a"));
  g_assert_cmpuint (n_freed, ==, 1);
  g_assert_cmpuint (dou_lru_get_cost (lru), ==, 0);
}

/* Test that what was unused for longest goes first, and that looking up is using. */
static void
test_order (void)
{
  g_autoptr (DouLru) lru = dou_lru_new (g_str_hash, g_str_equal, g_free, count_free, 3);

  dou_lru_insert (lru, g_strdup ("a"), g_strdup ("1"), 1);
  dou_lru_insert (lru, g_strdup ("b"), g_strdup ("2"), 1);
  dou_lru_insert (lru, g_strdup ("c"), g_strdup ("3"), 1);
  g_assert_cmpstr (dou_lru_lookup (lru, "a"), ==, "1");
  dou_lru_insert (lru, g_strdup ("d"), g_strdup ("4"), 1);
  g_assert_null (dou_lru_lookup (lru, "b"));
  g_assert_cmpstr (dou_lru_lookup (lru, "a"), ==, "1");
  g_assert_cmpuint (dou_lru_get_size (lru), ==, 3);

  dou_lru_insert (lru, g_strdup ("e"), g_strdup ("5"), 2);
  g_assert_cmpuint (dou_lru_get_cost (lru), ==, 3);
  g_assert_nonnull (dou_lru_lookup (lru, "a"));
  g_assert_nonnull (dou_lru_lookup (lru, "e"));
}

/* Test that a gauge has what all tables cost that are in it, until they are gone. */
static void
test_measure (void)
{
  const char *labels = "cache=\"test\"";
  DouMetric *metric = dou_metrics_get ("doutok_cache_bytes", labels);
  DouLru *one = dou_lru_new (g_str_hash, g_str_equal, g_free, g_free, 10);
  DouLru *two = dou_lru_new (g_str_hash, g_str_equal, g_free, g_free, 10);

  dou_lru_measure (one, metric);
  dou_lru_measure (two, metric);
  dou_lru_insert (one, g_strdup ("a"), g_strdup ("1"), 4);
  dou_lru_insert (one, g_strdup ("b"), g_strdup ("2"), 5);
  dou_lru_insert (two, g_strdup ("a"), g_strdup ("1"), 6);
  g_assert_cmpint (atomic_load (&metric->value), ==, 15);
  dou_lru_set_cost (one, "b", 10);
  g_assert_cmpint (atomic_load (&metric->value), ==, 16);
  dou_lru_remove (one, "b");
  g_assert_cmpint (atomic_load (&metric->value), ==, 6);
  dou_lru_insert (two, g_strdup ("a"), g_strdup ("2"), 2);
  g_assert_cmpint (atomic_load (&metric->value), ==, 2);
  dou_lru_free (one);
  dou_lru_free (two);
  g_assert_cmpint (atomic_load (&metric->value), ==, 0);
}

/* Test that replacing and removing free what was there. */
static void
test_replace (void)
{
  g_autoptr (DouLru) lru = dou_lru_new (g_str_hash, g_str_equal, g_free, count_free, 10);

  n_freed = 0;
  dou_lru_insert (lru, g_strdup ("a"), g_strdup ("1"), 4);
  dou_lru_insert (lru, g_strdup ("a"), g_strdup ("2"), 5);
  g_assert_cmpuint (n_freed, ==, 1);
  g_assert_cmpstr (dou_lru_lookup (lru, "a"), ==, "2");
  g_assert_cmpuint (dou_lru_get_cost (lru), ==, 5);
  g_assert_true (dou_lru_remove (lru, "a"));
  g_assert_false (dou_lru_remove (lru, "a"));
  g_assert_cmpuint (n_freed, ==, 2);
  g_assert_cmpuint (dou_lru_get_cost (lru), ==, 0);
}

/* Test that the oldest can be looked at without becoming the newest, and be removed. */
static void
test_oldest (void)
{
  g_autoptr (DouLru) lru = dou_lru_new (g_str_hash, g_str_equal, g_free, count_free, 10);

  g_assert_null (dou_lru_peek_oldest (lru));
  dou_lru_insert (lru, g_strdup ("a"), g_strdup ("1"), 1);
  dou_lru_insert (lru, g_strdup ("b"), g_strdup ("2"), 1);
  g_assert_cmpstr (dou_lru_peek_oldest (lru), ==, "1");
  g_assert_cmpstr (dou_lru_peek_oldest (lru), ==, "1");

  n_freed = 0;
  dou_lru_remove_oldest (lru);
  g_assert_cmpuint (n_freed, ==, 1);
  g_assert_null (dou_lru_lookup (lru, "a"));
  g_assert_cmpstr (dou_lru_peek_oldest (lru), ==, "2");
}

/* Test that looking without using does not keep an entry, and that a cost can change. */
static void
test_cost (void)
{
  g_autoptr (DouLru) lru = dou_lru_new (g_str_hash, g_str_equal, g_free, count_free, 10);

  dou_lru_insert (lru, g_strdup ("a"), g_strdup ("1"), 1);
  dou_lru_insert (lru, g_strdup ("b"), g_strdup ("2"), 1);
  g_assert_cmpstr (dou_lru_peek (lru, "a"), ==, "1");
  g_assert_null (dou_lru_peek (lru, "c"));

  dou_lru_set_cost (lru, "b", 9);
  g_assert_cmpuint (dou_lru_get_cost (lru), ==, 10);
  dou_lru_set_cost (lru, "b", 10);
  g_assert_null (dou_lru_peek (lru, "a"));
  g_assert_cmpuint (dou_lru_get_cost (lru), ==, 10);
  dou_lru_set_cost (lru, "b", 11);
  g_assert_cmpuint (dou_lru_get_size (lru), ==, 0);
  g_assert_cmpuint (dou_lru_get_cost (lru), ==, 0);
}

static void
put (DouLru *lru, char key, gsize cost)
{
  dou_lru_insert (lru, g_strdup_printf ("%c", key), g_strdup ("value"), cost);
}

/* Test that a table of a pool uses what the other leaves, gives it back, and then keeps its own share. */
static void
test_pool (void)
{
  g_autoptr (DouLruPool) pool = dou_lru_pool_new ();
  g_autoptr (DouLru) greedy = dou_lru_new (g_str_hash, g_str_equal, g_free, g_free, 10);
  g_autoptr (DouLru) modest = dou_lru_new (g_str_hash, g_str_equal, g_free, g_free, 10);

  dou_lru_join (greedy, pool);
  dou_lru_join (modest, pool);
  for (char key = 'a'; key < 'a' + 15; key++)
    put (greedy, key, 2);
  g_assert_cmpuint (dou_lru_get_cost (greedy), ==, 20);

  put (modest, 'a', 3);
  g_assert_cmpuint (dou_lru_get_cost (greedy), ==, 16);
  for (char key = 'b'; key < 'b' + 15; key++)
    put (modest, key, 3);
  g_assert_cmpuint (dou_lru_get_cost (greedy), ==, 10);
  g_assert_cmpuint (dou_lru_get_cost (modest), ==, 9);
  g_assert_null (dou_lru_peek (modest, "a"));
  g_assert_nonnull (dou_lru_peek (modest, "p"));
  g_assert_nonnull (dou_lru_peek (greedy, "o"));

  for (char key = 'A'; key < 'A' + 15; key++)
    put (greedy, key, 2);
  g_assert_cmpuint (dou_lru_get_cost (greedy), ==, 10);
  g_assert_cmpuint (dou_lru_get_cost (modest), ==, 9);
}

/* Test that the newest entry stays when it is another table that needs room, that what is dearer than all does not, and
 * that a table that is gone leaves nothing to the others. */
static void
test_pool_limits (void)
{
  g_autoptr (DouLruPool) pool = dou_lru_pool_new ();
  g_autoptr (DouLru) one = dou_lru_new (g_str_hash, g_str_equal, g_free, count_free, 10);
  DouLru *two = dou_lru_new (g_str_hash, g_str_equal, g_free, count_free, 10);

  dou_lru_join (one, pool);
  dou_lru_join (two, pool);
  put (one, 'a', 19);
  put (two, 'a', 2);
  g_assert_nonnull (dou_lru_peek (one, "a"));
  g_assert_nonnull (dou_lru_peek (two, "a"));
  put (one, 'b', 1);
  g_assert_null (dou_lru_peek (one, "a"));

  n_freed = 0;
  put (one, 'c', 21);
  g_assert_null (dou_lru_peek (one, "c"));
  g_assert_cmpuint (n_freed, ==, 2);

  dou_lru_free (two);
  for (char key = 'a'; key < 'a' + 15; key++)
    put (one, key, 1);
  g_assert_cmpuint (dou_lru_get_cost (one), ==, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/lru/too-dear", test_too_dear);
  g_test_add_func ("/common/lru/order", test_order);
  g_test_add_func ("/common/lru/replace", test_replace);
  g_test_add_func ("/common/lru/measure", test_measure);
  g_test_add_func ("/common/lru/oldest", test_oldest);
  g_test_add_func ("/common/lru/cost", test_cost);
  g_test_add_func ("/common/lru/pool", test_pool);
  g_test_add_func ("/common/lru/pool-limits", test_pool_limits);

  return g_test_run ();
}
