/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-redis.h"
#include "common/dou-service.h"

G_BEGIN_DECLS

/**
 * DouRelay:
 *
 * What a service tells on its private bus, told on those of the other nodes, too.
 */
#define DOU_TYPE_RELAY (dou_relay_get_type ())
G_DECLARE_FINAL_TYPE (DouRelay, dou_relay, DOU, RELAY, GObject)

DouRelay *dou_relay_new (GDBusInterfaceSkeleton *object, DouRedis *redis, guint life);
DouRelay *dou_relay_new_for_service (DouService *service, GDBusInterfaceSkeleton *object);

G_END_DECLS
