/* SPDX-License-Identifier: Apache-2.0 */

/* What can be made of what all processes measure. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/dou-metrics-page.h"

/* The kernel cuts names of programs. */
#define COMM_LENGTH 15

/**
 * dou_metric_sum_add:
 * @self: a sum
 * @metric: what is added to it
 */
void
dou_metric_sum_add (DouMetricSum *self, const DouMetric *metric)
{
  self->value += metric->value;
  for (guint i = 0; i < DOU_METRIC_MAX_BUCKETS; i++)
    self->buckets[i] += metric->buckets[i];
}

/**
 * dou_metrics_add_up:
 * @page: what is measured
 * @family: name of a family
 * @label: (nullable): adds up those only that have it, as `kind="read"`
 * @sum: (out): of all of them
 *
 * Returns: whether there are any
 */
gboolean
dou_metrics_add_up (const DouMetricsPage *page,
                    const char *family,
                    const char *label,
                    DouMetricSum *sum)
{
  gboolean is_there = FALSE;

  *sum = (DouMetricSum){ 0 };
  for (guint slot = 0; slot < DOU_N_METRICS_SLOTS; slot++)
    for (guint i = 0; i < DOU_METRICS_MAX_ENTRIES; i++)
      {
        const DouMetric *entry = &page->processes[slot].entries[i];

        if (entry->family == 0)
          break;
        if (strcmp (dou_metric_families[entry->family - 1].name, family) != 0
            || (label != NULL && strstr (entry->labels, label) == NULL))
          continue;

        is_there = TRUE;
        dou_metric_sum_add (sum, entry);
      }

  return is_there;
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

  if (name == NULL || rest == NULL
      || strncmp (name + 1, process, MIN (strlen (process), COMM_LENGTH)) != 0
      || sscanf (rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system)
             != 2)
    return FALSE;

  *cpu = (double) (user + system) / (double) sysconf (_SC_CLK_TCK);
  return TRUE;
}

/**
 * dou_metrics_read_usage:
 * @page: what is measured
 * @slot: of a process
 * @usage: (out): what it uses
 *
 * Returns: whether there is such a process
 */
gboolean
dou_metrics_read_usage (const DouMetricsPage *page, guint slot, DouMetricUsage *usage)
{
  const DouMetricsProcess *process = &page->processes[slot];
  pid_t pid = process->pid;
  g_autofree char *statm = NULL;
  g_auto (GStrv) fields = NULL;

  if (pid == 0 || !read_cpu (pid, process->process, &usage->cpu))
    return FALSE;

  statm = read_proc (pid, "statm");
  fields = g_strsplit (statm != NULL ? statm : "", " ", 3);
  if (g_strv_length (fields) != 3)
    return FALSE;

  usage->memory = (double) g_ascii_strtoull (fields[1], NULL, 10) * (double) sysconf (_SC_PAGESIZE);
  return TRUE;
}
