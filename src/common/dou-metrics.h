/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouMetric:
 *
 * One number that an operator can watch, or a histogram. Any thread may change it.
 */
typedef struct _DouMetric DouMetric;

/**
 * DouMetricsSlot:
 * @DOU_METRICS_GATEWAYS: the first of DOU_METRICS_MAX_GATEWAYS
 *
 * Which process writes where.
 */
#define DOU_METRICS_MAX_GATEWAYS 16
typedef enum
{
  DOU_METRICS_GATEWAYS,
  DOU_METRICS_USER = DOU_METRICS_MAX_GATEWAYS,
  DOU_METRICS_VIDEO,
  DOU_METRICS_SOCIAL,
  DOU_METRICS_CHAT,
  DOU_N_METRICS_SLOTS
} DouMetricsSlot;

gboolean dou_metrics_open (const char *path, guint slot, const char *process, GError **error);
DouMetric *dou_metrics_get (const char *family, const char *labels);

void dou_metric_add (DouMetric *self, gint64 n);
void dou_metric_set (DouMetric *self, gint64 value);
void dou_metric_observe (DouMetric *self, gint64 value);

G_END_DECLS
