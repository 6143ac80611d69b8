/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-redis.h"

G_BEGIN_DECLS

void dou_test_relay_acts_add (DouTestDaemon *const *servers, DouTestRedis *const *redis);

G_END_DECLS
