/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

#include "common/dou-metrics.h"

G_BEGIN_DECLS

/* What the processes of a node write and who is asked for it reads. */

#define DOU_METRIC_MAX_BUCKETS 16
#define DOU_METRICS_MAX_ENTRIES 512

/**
 * DouMetricType:
 * @DOU_METRIC_COUNTER: only grows, also over restarts of its process
 * @DOU_METRIC_GAUGE: goes up and down, and begins at 0
 * @DOU_METRIC_TIMES: a histogram of microseconds
 * @DOU_METRIC_SIZES: a histogram of numbers of things
 * @DOU_METRIC_TIME_COUNTER: a counter of microseconds
 */
typedef enum
{
  DOU_METRIC_COUNTER,
  DOU_METRIC_GAUGE,
  DOU_METRIC_TIMES,
  DOU_METRIC_SIZES,
  DOU_METRIC_TIME_COUNTER,
} DouMetricType;

/**
 * DouMetricFamily:
 * @name: as Prometheus has it
 * @type: what it is
 * @help: what it says
 */
typedef struct
{
  const char *name;
  DouMetricType type;
  const char *help;
} DouMetricFamily;

struct _DouMetric
{
  char labels[120]; /* as Prometheus has them, without the braces */
  guint32 family;   /* in the table of families, plus one; 0 = not used yet. Written last */
  guint32 padding;
  _Atomic gint64 value; /* of a histogram the sum */
  _Atomic gint64 buckets[DOU_METRIC_MAX_BUCKETS];
};

typedef struct
{
  char process[32];
  _Atomic pid_t pid;
  DouMetric entries[DOU_METRICS_MAX_ENTRIES];
} DouMetricsProcess;

typedef struct
{
  guint64 version; /* of this layout and of the table of families */
  DouMetricsProcess processes[DOU_N_METRICS_SLOTS];
} DouMetricsPage;

/**
 * DouMetricSum:
 * @value: of several metrics together; of a histogram the sum
 * @buckets: of a histogram
 */
typedef struct
{
  gint64 value;
  gint64 buckets[DOU_METRIC_MAX_BUCKETS];
} DouMetricSum;

/**
 * DouMetricUsage:
 * @cpu: seconds of processor time since it started
 * @memory: bytes that are resident, what it shares with others included
 *
 * What the kernel says of a process.
 */
typedef struct
{
  double cpu;
  double memory;
} DouMetricUsage;

extern const DouMetricFamily dou_metric_families[];
extern const guint dou_n_metric_families;

const gint64 *dou_metric_type_get_bounds (DouMetricType type, guint *n_bounds);
const DouMetricsPage *dou_metrics_map (const char *path, GError **error);
void dou_metrics_unmap (const DouMetricsPage *page);

void dou_metric_sum_add (DouMetricSum *self, const DouMetric *metric);
gboolean dou_metrics_add_up (const DouMetricsPage *page,
                             const char *family,
                             const char *label,
                             DouMetricSum *sum);
gboolean dou_metrics_read_usage (const DouMetricsPage *page, guint slot, DouMetricUsage *usage);

G_END_DECLS
