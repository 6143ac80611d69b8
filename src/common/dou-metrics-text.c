/* SPDX-License-Identifier: Apache-2.0 */

/* What all processes measure, added up, in the text format of Prometheus. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/dou-metrics-text.h"

/* The kernel cuts names of programs. */
#define COMM_LENGTH 15

/* The same metric of all processes. */
typedef struct
{
  gint64 value;
  gint64 buckets[DOU_METRIC_MAX_BUCKETS];
} Sum;

static void
collect (const DouMetricsPage *page, guint family, GHashTable *sums)
{
  for (guint slot = 0; slot < DOU_N_METRICS_SLOTS; slot++)
    for (guint i = 0; i < DOU_METRICS_MAX_ENTRIES; i++)
      {
        const DouMetric *entry = &page->processes[slot].entries[i];
        Sum *sum;

        if (entry->family == 0)
          break;
        if (entry->family != family + 1)
          continue;

        sum = g_hash_table_lookup (sums, entry->labels);
        if (sum == NULL)
          {
            sum = g_new0 (Sum, 1);
            g_hash_table_insert (sums, (gpointer) entry->labels, sum);
          }
        sum->value += entry->value;
        for (guint bucket = 0; bucket < DOU_METRIC_MAX_BUCKETS; bucket++)
          sum->buckets[bucket] += entry->buckets[bucket];
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
append_histogram (GString *text, const DouMetricFamily *family, const char *labels, const Sum *sum)
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
      const Sum *sum = g_hash_table_lookup (sums, labels->data);

      if (dou_metric_type_get_bounds (family->type, &(guint){ 0 }) != NULL)
        append_histogram (text, family, labels->data, sum);
      else if (family->type == DOU_METRIC_TIME_COUNTER)
        append_sample (text, family->name, "", labels->data, "",
                       (double) sum->value / G_USEC_PER_SEC);
      else
        append_sample (text, family->name, "", labels->data, "", (double) sum->value);
    }
}

/* What the kernel says of one process. */
typedef struct
{
  char *labels; /* (owned) */
  double cpu;   /* seconds */
  double memory; /* bytes */
} Usage;

static void
usage_clear (Usage *self)
{
  g_free (self->labels);
}

static char *
read_proc (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, name);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

/* proc(5): the name is in parentheses and may contain anything; after it, the state is field 3. */
static gboolean
read_cpu (pid_t pid, const char *process, double *cpu)
{
  g_autofree char *stat = read_proc (pid, "stat");
  char *name = stat != NULL ? strchr (stat, '(') : NULL;
  char *rest = stat != NULL ? strrchr (stat, ')') : NULL;
  unsigned long user, system;

  if (name == NULL || rest == NULL || strncmp (name + 1, process, MIN (strlen (process), COMM_LENGTH)) != 0
      || sscanf (rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
    return FALSE;

  *cpu = (double) (user + system) / (double) sysconf (_SC_CLK_TCK);
  return TRUE;
}

static gboolean
usage_read (Usage *self, const DouMetricsPage *page, guint slot)
{
  const DouMetricsProcess *process = &page->processes[slot];
  pid_t pid = process->pid;
  g_autofree char *statm = NULL;
  unsigned long resident;

  if (pid == 0 || !read_cpu (pid, process->process, &self->cpu))
    return FALSE;

  statm = read_proc (pid, "statm");
  if (statm == NULL || sscanf (statm, "%*u %lu", &resident) != 1)
    return FALSE;

  self->memory = (double) resident * (double) sysconf (_SC_PAGESIZE);
  self->labels = slot < DOU_METRICS_MAX_GATEWAYS
                     ? g_strdup_printf ("process=\"%s\",index=\"%u\"", process->process, slot)
                     : g_strdup_printf ("process=\"%s\",index=\"0\"", process->process);
  return TRUE;
}

static void
append_processes (GString *text, const DouMetricsPage *page)
{
  g_autoptr (GArray) usages = g_array_new (FALSE, FALSE, sizeof (Usage));

  g_array_set_clear_func (usages, (GDestroyNotify) usage_clear);
  for (guint slot = 0; slot < DOU_N_METRICS_SLOTS; slot++)
    {
      Usage usage = { 0 };

      if (usage_read (&usage, page, slot))
        g_array_append_val (usages, usage);
    }

  append_header (text, "doutok_process_cpu_seconds_total", "counter", "Processor time of a process.");
  for (guint i = 0; i < usages->len; i++)
    append_sample (text, "doutok_process_cpu_seconds_total", "",
                   g_array_index (usages, Usage, i).labels, "", g_array_index (usages, Usage, i).cpu);
  append_header (text, "doutok_process_resident_memory_bytes", "gauge",
                 "Memory of a process, what it shares with others included.");
  for (guint i = 0; i < usages->len; i++)
    append_sample (text, "doutok_process_resident_memory_bytes", "",
                   g_array_index (usages, Usage, i).labels, "",
                   g_array_index (usages, Usage, i).memory);
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
