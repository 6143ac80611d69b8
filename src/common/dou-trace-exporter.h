/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-span.h"

G_BEGIN_DECLS

/**
 * DouTraceExporter:
 *
 * Sends spans to a collector.
 */
typedef struct _DouTraceExporter DouTraceExporter;

DouTraceExporter *dou_trace_exporter_new (const char *endpoint, const char *service, GError **error);
void dou_trace_exporter_free (DouTraceExporter *self);

void dou_trace_exporter_push (DouTraceExporter *self, DouSpan *span);

G_END_DECLS
