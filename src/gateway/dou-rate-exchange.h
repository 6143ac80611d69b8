/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-redis-address.h"
#include "gateway/dou-rate-limiter.h"

G_BEGIN_DECLS

/**
 * DouRateExchange:
 *
 * What is counted on this machine, told to the other nodes, and counted there as well.
 */
#define DOU_TYPE_RATE_EXCHANGE (dou_rate_exchange_get_type ())
G_DECLARE_FINAL_TYPE (DouRateExchange, dou_rate_exchange, DOU, RATE_EXCHANGE, GObject)

gboolean dou_rate_exchange_is_wanted (DouConfig *config);
DouRateExchange *dou_rate_exchange_new (DouRateLimiter *limiter, const DouRedisAddress *address,
                                        const char *path, GError **error);

gboolean dou_rate_exchange_is_working (DouRateExchange *self);

G_END_DECLS
