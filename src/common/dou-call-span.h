/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-span.h"

G_BEGIN_DECLS

DouSpan *dou_call_span_begin (const DouTraceContext *parent, const char *interface,
                              const char *method, gsize n_items);
void dou_call_span_install (GDBusInterfaceSkeletonClass *klass);
void dou_call_span_fail (GDBusMethodInvocation *invocation, const char *complaint);

G_END_DECLS
