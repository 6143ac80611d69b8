/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libsoup/soup.h>

#include "common/dou-trace.h"
#include "gateway/dou-access-log.h"

G_BEGIN_DECLS

DouSpan *dou_request_span_begin (SoupMessageHeaders *headers);
void dou_request_span_end (DouSpan *span, const DouAccess *access);

G_END_DECLS
