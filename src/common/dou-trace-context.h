/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The header in which a trace travels over HTTP, and its name in calls over the bus. */
#define DOU_TRACE_PARENT "traceparent"
/* Characters of it. */
#define DOU_TRACE_PARENT_LENGTH 55

/**
 * DouTraceContext:
 * @trace: which trace, 128 bits, the first ones first
 * @span: of its spans, the one that something is done for
 * @n_items: that the call brought which is worked on; 0 if it is no call
 * @is_sampled: whether anybody wants to see it; if not, nothing else here matters
 *
 * A place in a trace.
 */
typedef struct
{
  guint64 trace[2];
  guint64 span;
  guint n_items;
  gboolean is_sampled;
} DouTraceContext;

gboolean dou_trace_context_parse (const char *text, DouTraceContext *context);
void dou_trace_context_format (const DouTraceContext *context,
                               char text[DOU_TRACE_PARENT_LENGTH + 1]);

G_END_DECLS
