/* SPDX-License-Identifier: Apache-2.0 */

/* What all processes measure, added up, in the text format of Prometheus. */

#include "config.h"

#include <string.h>

#include "common/dou-metrics-text.h"

static void
collect (const DouMetricsPage *page, guint family, GHashTable *sums)
{
  for (guint slot = 0; slot < DOU_N_METRICS_SLOTS; slot++)
    for (guint i = 0; i < DOU_METRICS_MAX_ENTRIES; i++)
      {
        const DouMetric *entry = &page->processes[slot].entries[i];
        DouMetricSum *sum;

        if (entry->family == 0)
          break;
        if (entry->family != family + 1)
          continue;

        sum = g_hash_table_lookup (sums, entry->labels);
        if (sum == NULL)
          {
            sum = g_new0 (DouMetricSum, 1);
            g_hash_table_insert (sums, (gpointer) entry->labels, sum);
          }
        dou_metric_sum_add (sum, entry);
      }
}

/* Whatever the locale says, with a point. */
static void
append_number (GString *text, double number)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, "%.15g", number));
}

/* @suffix: of the name
 * @labels: may be empty
 * @more: a further label, may be empty */
static void
append_sample (GString *text,
               const char *name,
               const char *suffix,
               const char *labels,
               const char *more,
               double value)
{
  g_string_append (text, name);
  g_string_append (text, suffix);
  if (*labels != '\0' || *more != '\0')
    g_string_append_printf (text, "{%s%s%s}", labels, *labels != '\0' && *more != '\0' ? "," : "",
                            more);
  g_string_append_c (text, ' ');
  append_number (text, value);
  g_string_append_c (text, '\n');
}

static void
append_histogram (GString *text, const DouMetricFamily *family, const char *labels, const DouMetricSum *sum)
{
  const double unit = family->type == DOU_METRIC_TIMES ? (double) G_USEC_PER_SEC : 1;
  guint n_bounds;
  const gint64 *bounds = dou_metric_type_get_bounds (family->type, &n_bounds);
  gint64 n = 0;

  for (guint i = 0; i <= n_bounds; i++)
    {
      g_autoptr (GString) bound = g_string_new ("le=\"");

      n += sum->buckets[i];
      if (i < n_bounds)
        append_number (bound, (double) bounds[i] / unit);
      else
        g_string_append (bound, "+Inf");
      g_string_append_c (bound, '"');
      append_sample (text, family->name, "_bucket", labels, bound->str, (double) n);
    }

  append_sample (text, family->name, "_sum", labels, "", (double) sum->value / unit);
  append_sample (text, family->name, "_count", labels, "", (double) n);
}

static void
append_header (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_family (GString *text, const DouMetricsPage *page, guint number)
{
  static const char *const types[] = {
    [DOU_METRIC_COUNTER] = "counter",  [DOU_METRIC_GAUGE] = "gauge",
    [DOU_METRIC_TIMES] = "histogram",  [DOU_METRIC_SIZES] = "histogram",
    [DOU_METRIC_TIME_COUNTER] = "counter",
  };
  const DouMetricFamily *family = &dou_metric_families[number];
  g_autoptr (GHashTable) sums = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr (GList) all = NULL;

  collect (page, number, sums);
  if (g_hash_table_size (sums) == 0)
    return;

  append_header (text, family->name, types[family->type], family->help);
  all = g_list_sort (g_hash_table_get_keys (sums), (GCompareFunc) strcmp);
  for (GList *labels = all; labels != NULL; labels = labels->next)
    {
      const DouMetricSum *sum = g_hash_table_lookup (sums, labels->data);

      if (dou_metric_type_get_bounds (family->type, &(guint){ 0 }) != NULL)
        append_histogram (text, family, labels->data, sum);
      else if (family->type == DOU_METRIC_TIME_COUNTER)
        append_sample (text, family->name, "", labels->data, "",
                       (double) sum->value / G_USEC_PER_SEC);
      else
        append_sample (text, family->name, "", labels->data, "", (double) sum->value);
    }
}

/* One process of the node. */
typedef struct
{
  char *labels; /* (owned) */
  DouMetricUsage usage;
} Process;

static void
process_clear (Process *self)
{
  g_free (self->labels);
}

static GArray *
read_processes (const DouMetricsPage *page)
{
  GArray *processes = g_array_new (FALSE, FALSE, sizeof (Process));

  g_array_set_clear_func (processes, (GDestroyNotify) process_clear);
  for (guint slot = 0; slot < DOU_N_METRICS_SLOTS; slot++)
    {
      Process process = { 0 };

      if (!dou_metrics_read_usage (page, slot, &process.usage))
        continue;

      process.labels = g_strdup_printf ("process=\"%s\",index=\"%u\"",
                                        page->processes[slot].process,
                                        slot < DOU_METRICS_MAX_GATEWAYS ? slot : 0);
      g_array_append_val (processes, process);
    }

  return processes;
}

static void
append_processes (GString *text, const DouMetricsPage *page)
{
  static const char cpu[] = "doutok_process_cpu_seconds_total";
  static const char memory[] = "doutok_process_resident_memory_bytes";
  g_autoptr (GArray) processes = read_processes (page);

  append_header (text, cpu, "counter", "Processor time of a process.");
  for (guint i = 0; i < processes->len; i++)
    {
      const Process *process = &g_array_index (processes, Process, i);

      append_sample (text, cpu, "", process->labels, "", process->usage.cpu);
    }

  append_header (text, memory, "gauge", "Memory of a process, what it shares with others included.");
  for (guint i = 0; i < processes->len; i++)
    {
      const Process *process = &g_array_index (processes, Process, i);

      append_sample (text, memory, "", process->labels, "", process->usage.memory);
    }
}

/**
 * dou_metrics_format:
 * @page: what is measured
 *
 * Returns: (transfer full): all of it as text
 */
char *
dou_metrics_format (const DouMetricsPage *page)
{
  GString *text = g_string_sized_new (16 * 1024);

  for (guint i = 0; i < dou_n_metric_families; i++)
    append_family (text, page, i);
  append_processes (text, page);
  return g_string_free (text, FALSE);
}
