/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-redis-address.h"

G_BEGIN_DECLS

/**
 * DouRedis:
 *
 * A Redis, as long as there is one. Nothing here ever waits for it: without a connection commands fail
 * at once, and one is made again as soon as it can be.
 */
#define DOU_TYPE_REDIS (dou_redis_get_type ())
G_DECLARE_FINAL_TYPE (DouRedis, dou_redis, DOU, REDIS, GObject)

DouRedis *dou_redis_new (const DouRedisAddress *address, const char *channel);

void dou_redis_be_quiet (DouRedis *self);
const char *dou_redis_get_trouble (DouRedis *self);

void dou_redis_publish_async (DouRedis *self, GBytes *message, GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean dou_redis_publish_finish (DouRedis *self, GAsyncResult *result, GError **error);

void dou_redis_command_async (DouRedis *self, const char *const *words, GAsyncReadyCallback callback,
                              gpointer user_data);
GVariant *dou_redis_command_finish (DouRedis *self, GAsyncResult *result, GError **error);

G_END_DECLS
