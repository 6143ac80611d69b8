/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/dou-metrics-text.h"
#include "common/dou-status.h"
#include "lib/dou-test-dir.h"

/* The registry belongs to the process, so each process of a test is a child. */
typedef struct
{
  char *directory; /* (owned) */
  char *path;      /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, "metrics", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->path);
}

static void
run_child (Fixture *fixture, guint slot, void (*func) (void))
{
  pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      g_autoptr (GError) error = NULL;

      dou_metrics_open (fixture->path, slot, "test", &error);
      g_assert_no_error (error);
      func ();
      _exit (0);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

static char *
format (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  const DouMetricsPage *page = dou_metrics_map (fixture->path, &error);
  char *text;

  g_assert_no_error (error);
  text = dou_metrics_format (page);
  dou_metrics_unmap (page);
  return text;
}

static void
assert_line (const char *text, const char *line)
{
  g_autofree char *whole = g_strconcat ("\n", line, "\n", NULL);

  if (strstr (text, whole) == NULL)
    g_error ("“%s” is not in:\n%s", line, text);
}

/* Test that a file that nobody has written, or somebody else, is refused. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) other_error = NULL;

  g_assert_null (dou_metrics_map (fixture->path, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_true (g_file_set_contents (fixture->path, "something", -1, NULL));
  g_assert_null (dou_metrics_map (fixture->path, &other_error));
  g_assert_error (other_error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

static void
count (void)
{
  dou_metric_add (dou_metrics_get ("doutok_upload_bytes_total", ""), 10);
  dou_metric_add (dou_metrics_get ("doutok_cache_hits_total", "cache=\"a\""), 1);
  dou_metric_add (dou_metrics_get ("doutok_cache_hits_total", "cache=\"b\""), 2);
  dou_metric_set (dou_metrics_get ("doutok_http_connections", ""), 7);
  dou_metric_add (dou_metrics_get ("doutok_database_seconds_total", "kind=\"read\""), 1500000);
}

/* Test that processes are added up, that a counter goes on where the process before has ended, and that
 * what is open then is not. */
static void
test_sums (Fixture *fixture, gconstpointer data)
{
  g_autofree char *once = NULL;
  g_autofree char *twice = NULL;
  g_autofree char *again = NULL;

  run_child (fixture, 0, count);
  once = format (fixture);
  assert_line (once, "doutok_upload_bytes_total 10");
  assert_line (once, "doutok_database_seconds_total{kind=\"read\"} 1.5");

  run_child (fixture, 1, count);
  twice = format (fixture);
  assert_line (twice, "doutok_upload_bytes_total 20");
  assert_line (twice, "doutok_http_connections 14");
  assert_line (twice, "doutok_cache_hits_total{cache=\"a\"} 2\n"
                      "doutok_cache_hits_total{cache=\"b\"} 4");
  assert_line (twice, "# TYPE doutok_cache_hits_total counter");

  run_child (fixture, 1, count);
  again = format (fixture);
  assert_line (again, "doutok_upload_bytes_total 30");
  assert_line (again, "doutok_http_connections 14");
}

static void
observe (void)
{
  DouMetric *sizes = dou_metrics_get ("doutok_bus_batch_items", "method=\"M\"");
  DouMetric *times = dou_metrics_get ("doutok_bus_call_duration_seconds", "method=\"M\"");

  dou_metric_observe (sizes, 1);
  dou_metric_observe (sizes, 3);
  dou_metric_observe (sizes, 4);
  dou_metric_observe (sizes, 1000000);
  dou_metric_observe (times, 0);
  dou_metric_observe (times, 1500);
}

/* Test that the buckets of a histogram are cumulative, and that its sum and count are right. */
static void
test_histograms (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  run_child (fixture, 0, observe);
  text = format (fixture);
  assert_line (text, "doutok_bus_batch_items_bucket{method=\"M\",le=\"1\"} 1\n"
                     "doutok_bus_batch_items_bucket{method=\"M\",le=\"2\"} 1\n"
                     "doutok_bus_batch_items_bucket{method=\"M\",le=\"4\"} 3");
  assert_line (text, "doutok_bus_batch_items_bucket{method=\"M\",le=\"4096\"} 3\n"
                     "doutok_bus_batch_items_bucket{method=\"M\",le=\"+Inf\"} 4\n"
                     "doutok_bus_batch_items_sum{method=\"M\"} 1000008\n"
                     "doutok_bus_batch_items_count{method=\"M\"} 4");
  assert_line (text, "doutok_bus_call_duration_seconds_bucket{method=\"M\",le=\"0.00025\"} 1");
  assert_line (text, "doutok_bus_call_duration_seconds_bucket{method=\"M\",le=\"0.0025\"} 2");
  assert_line (text, "doutok_bus_call_duration_seconds_sum{method=\"M\"} 0.0015");
}

static void
ask_for_many (void)
{
  for (guint i = 0; i < 2 * DOU_METRICS_MAX_ENTRIES; i++)
    {
      g_autofree char *labels = g_strdup_printf ("cache=\"%u\"", i);

      dou_metric_add (dou_metrics_get ("doutok_cache_hits_total", labels), 1);
    }
}

/* Test that more metrics than there is room for do no harm. */
static void
test_too_many (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  run_child (fixture, 0, ask_for_many);
  text = format (fixture);
  assert_line (text, "doutok_cache_hits_total{cache=\"0\"} 1");
  g_assert_null (strstr (text, "{cache=\"1000\"}"));
}

/* Test that metrics which nobody can see can be counted all the same. */
static void
test_unseen (Fixture *fixture, gconstpointer data)
{
  count ();
  observe ();
  g_assert_true (dou_metrics_get ("doutok_upload_bytes_total", "")
                 == dou_metrics_get ("doutok_upload_bytes_total", ""));
}

#define ADD(name, func) g_test_add ("/common/metrics/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("refused", test_refused);
  ADD ("sums", test_sums);
  ADD ("histograms", test_histograms);
  ADD ("too-many", test_too_many);
  ADD ("unseen", test_unseen);

  return g_test_run ();
}
