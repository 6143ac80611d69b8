/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "gateway/dou-request-head.h"

G_BEGIN_DECLS

/**
 * DouCors:
 *
 * Which pages of other servers may use this one. By default none: browsers then keep answers from
 * them, and nothing is said about it.
 */
typedef struct _DouCors DouCors;

DouCors *dou_cors_new (DouConfig *config, GError **error);
void dou_cors_free (DouCors *self);
gboolean dou_cors_is_preflight (DouCors *self, const DouRequestHead *request);
void dou_cors_add_headers (DouCors *self, const DouRequestHead *request, SoupMessageHeaders *headers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouCors, dou_cors_free)

G_END_DECLS
