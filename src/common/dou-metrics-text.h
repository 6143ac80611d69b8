/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-metrics-page.h"

G_BEGIN_DECLS

#define DOU_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

char *dou_metrics_format (const DouMetricsPage *page);

G_END_DECLS
