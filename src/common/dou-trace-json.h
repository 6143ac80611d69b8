/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-span.h"

G_BEGIN_DECLS

char *dou_trace_json_write (const char *service, DouSpan *const *spans, guint n_spans,
                            gsize *length);

G_END_DECLS
