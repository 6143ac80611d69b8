/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-trace-context.h"

G_BEGIN_DECLS

/* Ids of requests that travel with one call: enough to find any of them in practice, and a bound on what
 * lines of the log and messages of the bus grow by. */
#define DOU_CALL_REQUESTS_MAX 32

GVariant *dou_call_requests_pack (GVariant *items, const char *const *ids, gsize n_ids,
                                  const DouTraceContext *trace);
GVariant *dou_call_requests_pack_own (GVariant *items, const DouTraceContext *trace);
guint dou_call_requests_listen (GDBusConnection *connection);
const char *dou_call_requests_get (GDBusMethodInvocation *invocation);
const DouTraceContext *dou_call_requests_get_trace (GDBusMethodInvocation *invocation);

G_END_DECLS
