/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "common/dou-span.h"

G_BEGIN_DECLS

gboolean dou_trace_open (const char *service, DouConfig *config, GError **error);
void dou_trace_close (void);

/* What this thread works for. */
const DouTraceContext *dou_trace_get_current (void);
const DouTraceContext *dou_trace_enter (const DouTraceContext *context);
void dou_trace_keep (DouTraceContext *kept);
const DouTraceContext *dou_trace_enter_kept (const DouTraceContext *kept);

DouSpan *dou_trace_begin_request (const char *parent, const char *name);
DouSpan *dou_trace_begin (const DouTraceContext *parent, DouSpanKind kind, const char *name);
void dou_trace_end (DouSpan *span);

/**
 * dou_trace_is_on:
 *
 * Returns: whether anybody wants to see traces at all
 */
extern gboolean dou_trace_is_open;
static inline gboolean
dou_trace_is_on (void)
{
  return dou_trace_is_open;
}

G_END_DECLS
