/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gi18n.h>

#include "launcher/dou-overview.h"

/* What is looked at, in the order of `families`. */
typedef enum
{
  LOOK_REQUESTS,
  LOOK_DURATIONS,
  LOOK_CALLS,
  LOOK_BATCHES,
  LOOK_COMMITS,
  LOOK_READS,
  LOOK_JOBS,
  LOOK_HITS,
  LOOK_MISSES,
  N_LOOKS
} Look;

static const struct
{
  const char *family;
  const char *label; /* (nullable) */
} looks[] = {
  [LOOK_REQUESTS] = { "doutok_http_requests_total", NULL },
  [LOOK_DURATIONS] = { "doutok_http_request_duration_seconds", NULL },
  [LOOK_CALLS] = { "doutok_bus_calls_total", NULL },
  [LOOK_BATCHES] = { "doutok_bus_batch_items", NULL },
  [LOOK_COMMITS] = { "doutok_database_transactions_total", "kind=\"write\"" },
  [LOOK_READS] = { "doutok_database_transactions_total", "kind=\"read\"" },
  [LOOK_JOBS] = { "doutok_database_batch_jobs", "kind=\"write\"" },
  [LOOK_HITS] = { "doutok_cache_hits_total", NULL },
  [LOOK_MISSES] = { "doutok_cache_misses_total", NULL },
};

G_STATIC_ASSERT (G_N_ELEMENTS (looks) == N_LOOKS);

typedef struct
{
  gint64 time; /* monotonic, in microseconds */
  DouMetricSum sums[N_LOOKS];
  DouMetricUsage usages[DOU_N_METRICS_SLOTS];
  gboolean is_running[DOU_N_METRICS_SLOTS];
} Sample;

struct _DouOverview
{
  const DouMetricsPage *page; /* (owned) */
  Sample before;
  Sample now;
};

static void
sample_take (Sample *self, const DouMetricsPage *page)
{
  self->time = g_get_monotonic_time ();
  for (guint i = 0; i < N_LOOKS; i++)
    dou_metrics_add_up (page, looks[i].family, looks[i].label, &self->sums[i]);
  for (guint slot = 0; slot < DOU_N_METRICS_SLOTS; slot++)
    self->is_running[slot] = dou_metrics_read_usage (page, slot, &self->usages[slot]);
}

/**
 * dou_overview_new:
 * @page: (transfer full): what is measured
 *
 * Returns: (transfer full): an overview after its first look
 */
DouOverview *
dou_overview_new (const DouMetricsPage *page)
{
  DouOverview *self = g_new0 (DouOverview, 1);

  self->page = page;
  sample_take (&self->now, page);
  self->before = self->now;
  return self;
}

void
dou_overview_free (DouOverview *self)
{
  dou_metrics_unmap (self->page);
  g_free (self);
}

/**
 * dou_overview_look:
 * @self: an overview
 *
 * Looks once more, a while after the last time.
 */
void
dou_overview_look (DouOverview *self)
{
  self->before = self->now;
  sample_take (&self->now, self->page);
}

static DouMetricSum
dou_overview_get_growth (DouOverview *self, Look look)
{
  DouMetricSum growth = self->now.sums[look];

  growth.value -= self->before.sums[look].value;
  for (guint i = 0; i < DOU_METRIC_MAX_BUCKETS; i++)
    growth.buckets[i] -= self->before.sums[look].buckets[i];
  return growth;
}

static double
dou_overview_get_seconds (DouOverview *self)
{
  return (double) MAX (self->now.time - self->before.time, 1) / G_USEC_PER_SEC;
}

static double
dou_overview_get_rate (DouOverview *self, Look look)
{
  return (double) dou_overview_get_growth (self, look).value / dou_overview_get_seconds (self);
}

static gint64
count (const DouMetricSum *sum)
{
  gint64 n = 0;

  for (guint i = 0; i < DOU_METRIC_MAX_BUCKETS; i++)
    n += sum->buckets[i];
  return n;
}

static double
get_mean (DouMetricSum sum)
{
  gint64 n = count (&sum);

  return n > 0 ? (double) sum.value / (double) n : 0;
}

/**
 * dou_overview_get_quantile:
 * @sum: a histogram
 * @type: which kind
 * @quantile: from 0 to 1
 *
 * Takes what lies in one bucket for evenly spread, as Prometheus does.
 *
 * Returns: the value below which so many are; 0 if there are none, the last bound if it is beyond
 */
double
dou_overview_get_quantile (const DouMetricSum *sum, DouMetricType type, double quantile)
{
  guint n_bounds;
  const gint64 *bounds = dou_metric_type_get_bounds (type, &n_bounds);
  double rank = quantile * (double) count (sum);
  double below = 0;

  if (rank <= 0)
    return 0;

  for (guint i = 0; i < n_bounds; i++)
    {
      double n = (double) sum->buckets[i];
      double lower = i > 0 ? (double) bounds[i - 1] : 0;

      if (below + n >= rank)
        return lower + ((double) bounds[i] - lower) * (rank - below) / n;
      below += n;
    }

  return (double) bounds[n_bounds - 1];
}

static void
describe_processes (DouOverview *self, GString *text)
{
  g_string_append_printf (text, "%-18s %8s %6s %10s\n", _ ("process"), "pid", "cpu", _ ("memory"));
  for (guint slot = 0; slot < DOU_N_METRICS_SLOTS; slot++)
    {
      const DouMetricsProcess *process = &self->page->processes[slot];
      g_autofree char *name = NULL;
      double cpu;

      if (!self->now.is_running[slot])
        continue;

      name = slot < DOU_METRICS_MAX_GATEWAYS ? g_strdup_printf ("%s %u", process->process, slot)
                                             : g_strdup (process->process);
      cpu = (self->now.usages[slot].cpu - self->before.usages[slot].cpu)
            / dou_overview_get_seconds (self);
      g_string_append_printf (text, "%-18s %8d %5.0f%% %6.1f MiB\n", name, (int) process->pid,
                              100 * MAX (cpu, 0), self->now.usages[slot].memory / (1024 * 1024));
    }
}

static gint64
get_sum (DouOverview *self, const char *family)
{
  DouMetricSum sum;

  dou_metrics_add_up (self->page, family, NULL, &sum);
  return sum.value;
}

static void
describe_http (DouOverview *self, GString *text)
{
  DouMetricSum durations = dou_overview_get_growth (self, LOOK_DURATIONS);

  /* Of an idle server those of the past say more than none. */
  if (count (&durations) == 0)
    durations = self->now.sums[LOOK_DURATIONS];
  g_string_append_printf (
      text, _ ("requests     %.1f/s, %lld since the start; p50 %.2f ms, p99 %.2f ms\n"),
      dou_overview_get_rate (self, LOOK_REQUESTS),
      (long long) self->now.sums[LOOK_REQUESTS].value,
      dou_overview_get_quantile (&durations, DOU_METRIC_TIMES, 0.5) / 1000,
      dou_overview_get_quantile (&durations, DOU_METRIC_TIMES, 0.99) / 1000);
  g_string_append_printf (
      text, _ ("connections  %lld open, %lld WebSockets\n"),
      (long long) get_sum (self, "doutok_http_connections"),
      (long long) get_sum (self, "doutok_websockets"));
}

static void
describe_work (DouOverview *self, GString *text)
{
  gint64 hits = self->now.sums[LOOK_HITS].value;
  gint64 misses = self->now.sums[LOOK_MISSES].value;

  g_string_append_printf (
      text, _ ("bus          %.1f calls/s with %.1f items each; %lld items wait\n"),
      dou_overview_get_rate (self, LOOK_CALLS), get_mean (dou_overview_get_growth (self, LOOK_BATCHES)),
      (long long) get_sum (self, "doutok_bus_queue_items"));
  g_string_append_printf (
      text, _ ("databases    %.1f commits/s for %.1f jobs each; %.1f reads/s\n"),
      dou_overview_get_rate (self, LOOK_COMMITS), get_mean (dou_overview_get_growth (self, LOOK_JOBS)),
      dou_overview_get_rate (self, LOOK_READS));
  if (hits + misses > 0)
    g_string_append_printf (text, _ ("caches       %.1f %% hits\n"),
                            100.0 * (double) hits / (double) (hits + misses));
  g_string_append_printf (text, _ ("retention    %lld runs; %lld old rows removed; %lld failures\n"),
                          (long long) get_sum (self, "doutok_retention_runs_total"),
                          (long long) get_sum (self, "doutok_retention_removed_rows_total"),
                          (long long) get_sum (self, "doutok_retention_failures_total"));
}

/**
 * dou_overview_describe:
 * @self: an overview that has looked twice
 *
 * Returns: (transfer full): some lines for people
 */
char *
dou_overview_describe (DouOverview *self)
{
  GString *text = g_string_new (NULL);

  describe_processes (self, text);
  g_string_append_c (text, '\n');
  describe_http (self, text);
  describe_work (self, text);
  return g_string_free (text, FALSE);
}
