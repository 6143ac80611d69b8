/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-metrics.h"

G_BEGIN_DECLS

/**
 * DouTraffic:
 *
 * Counts the answers of each endpoint.
 */
typedef struct _DouTraffic DouTraffic;

DouTraffic *dou_traffic_new (void);
void dou_traffic_free (DouTraffic *self);
void dou_traffic_note (DouTraffic *self,
                       const char *endpoint,
                       guint http_code,
                       int status_code,
                       gint64 duration);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTraffic, dou_traffic_free)

G_END_DECLS
