/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouRedisAddress:
 * @host: (nullable): name or address of the server
 * @port: on @host
 * @path: (nullable): of a unix socket, if there is no @host
 * @user: (nullable): who logs in; %NULL for the one without a name
 * @password: (nullable): with what; never shown
 * @database: number of the database
 *
 * Where a Redis is.
 */
typedef struct
{
  char *host;
  guint port;
  char *path;
  char *user;
  char *password;
  guint database;
} DouRedisAddress;

DouRedisAddress *dou_redis_address_parse (const char *url);
DouRedisAddress *dou_redis_address_copy (const DouRedisAddress *self);
void dou_redis_address_free (DouRedisAddress *self);
char *dou_redis_address_describe (const DouRedisAddress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouRedisAddress, dou_redis_address_free)

G_END_DECLS
