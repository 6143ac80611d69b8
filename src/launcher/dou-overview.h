/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-metrics-page.h"

G_BEGIN_DECLS

/**
 * DouOverview:
 *
 * One look at a running server: rates are those between the last two looks.
 */
typedef struct _DouOverview DouOverview;

DouOverview *dou_overview_new (const DouMetricsPage *page);
void dou_overview_free (DouOverview *self);
void dou_overview_look (DouOverview *self);
char *dou_overview_describe (DouOverview *self);

double dou_overview_get_quantile (const DouMetricSum *sum, DouMetricType type, double quantile);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouOverview, dou_overview_free)

G_END_DECLS
