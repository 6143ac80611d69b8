/* SPDX-License-Identifier: Apache-2.0 */

/* Traces: which of them are wanted, and what each thread works for.
 *
 * The way of a trace is that of the id of a request (dou_log_name_requests()). A request that is to be
 * seen has a span, in whose place of the trace (DouTraceContext) its handler runs; whoever takes work along
 * for later, the batchers and the database, keeps that place and goes back to it. Over the bus it travels
 * with the call (dou-call-requests.c).
 *
 * Many requests share a call, and a span has but one parent: it is that of the first of them that is
 * to be seen, and has links to the places of the others. A request that gets what another one has asked for
 * already shows nothing of it. The same holds for a commit that writes of several calls share.
 *
 * Whether a request is to be seen is decided where its trace begins: by whoever sends a traceparent,
 * else here, by chance. Spans of others are never made: there is no pointer to one, and all that is to do
 * with them is a comparison with %NULL.
 *
 * The state belongs to the process, like the log and the metrics. Without dou_trace_open(), as in tests,
 * or without an endpoint, there are no traces.
 */

#include "config.h"

#include "common/dou-trace-exporter.h"
#include "common/dou-trace.h"

/* A share of 1. */
#define MILLION 1000000

gboolean dou_trace_is_open;

static DouTraceExporter *exporter; /* (owned) (nullable) while it is open */
static gint64 share;               /* of requests that are seen, in millionths */
/* (unowned) (nullable) see dou_trace_enter() */
static _Thread_local const DouTraceContext *current;

/**
 * dou_trace_open:
 * @service: what this process is called
 * @config: says where traces go, if anywhere
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * To be called once, after dou_metrics_open() and before there are threads that make spans.
 *
 * Returns: whether it is as @config wants it
 */
gboolean
dou_trace_open (const char *service, DouConfig *config, GError **error)
{
  const char *endpoint = dou_config_get_string (config, DOU_CONFIG_TRACE_ENDPOINT);

  g_return_val_if_fail (exporter == NULL, FALSE);

  if (*endpoint == '\0')
    return TRUE;

  exporter = dou_trace_exporter_new (endpoint, service, error);
  share = dou_config_get_int64 (config, DOU_CONFIG_TRACE_SAMPLE);
  dou_trace_is_open = exporter != NULL;
  return dou_trace_is_open;
}

/**
 * dou_trace_close:
 *
 * Sends what is waiting, if that is quick. To be called after the threads that make spans have ended.
 */
void
dou_trace_close (void)
{
  dou_trace_is_open = FALSE;
  g_clear_pointer (&exporter, dou_trace_exporter_free);
}

/**
 * dou_trace_get_current:
 *
 * Returns: (transfer none) (nullable): the place in a trace that this thread works for
 */
const DouTraceContext *
dou_trace_get_current (void)
{
  return current;
}

/**
 * dou_trace_enter:
 * @context: (transfer none) (nullable): a place in a trace, which stays until the next call; not that of a
 *   span that may end before
 *
 * Says what this thread works for from now on.
 *
 * Returns: (transfer none) (nullable): what it was working for, to go back to
 */
const DouTraceContext *
dou_trace_enter (const DouTraceContext *context)
{
  const DouTraceContext *former = current;

  current = context;
  return former;
}

/**
 * dou_trace_keep:
 * @kept: (out caller-allocates): becomes what this thread works for, for dou_trace_enter_kept()
 */
void
dou_trace_keep (DouTraceContext *kept)
{
  if (current != NULL)
    *kept = *current;
  else
    kept->is_sampled = FALSE;
}

/**
 * dou_trace_enter_kept:
 * @kept: of dou_trace_keep(), in any thread; stays until the next call
 *
 * Returns: (transfer none) (nullable): what this thread was working for, to go back to
 */
const DouTraceContext *
dou_trace_enter_kept (const DouTraceContext *kept)
{
  return dou_trace_enter (kept->is_sampled ? kept : NULL);
}

/**
 * dou_trace_begin_request:
 * @parent: (nullable): the header traceparent, if there was one
 * @name: (nullable): of what is done; %NULL if that is known later
 *
 * Returns: (transfer full) (nullable): the span of a request from outside, if it is to be seen
 */
DouSpan *
dou_trace_begin_request (const char *parent, const char *name)
{
  DouTraceContext context;

  if (!dou_trace_is_open)
    return NULL;
  if (dou_trace_context_parse (parent, &context))
    return context.is_sampled ? dou_span_new (&context, DOU_SPAN_SERVER, name) : NULL;

  return g_random_int_range (0, MILLION) < share ? dou_span_new (NULL, DOU_SPAN_SERVER, name) : NULL;
}

/**
 * dou_trace_begin:
 * @parent: (nullable): for what it is done; %NULL if nobody wants to see it
 * @kind: which side of what
 * @name: of what is done
 *
 * Returns: (transfer full) (nullable): a span
 */
DouSpan *
dou_trace_begin (const DouTraceContext *parent, DouSpanKind kind, const char *name)
{
  if (!dou_trace_is_open || parent == NULL || !parent->is_sampled)
    return NULL;

  return dou_span_new (parent, kind, name);
}

/**
 * dou_trace_end:
 * @span: (transfer full) (nullable): what is done now
 *
 * Takes no time: it is sent in the background, or dropped and counted.
 */
void
dou_trace_end (DouSpan *span)
{
  if (span == NULL)
    return;

  span->duration = g_get_monotonic_time () - span->begun_clock;
  if (exporter != NULL)
    dou_trace_exporter_push (exporter, span);
  else
    dou_span_free (span);
}
