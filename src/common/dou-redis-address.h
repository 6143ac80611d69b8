/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouRedisAddress:
 * @host: (nullable): name or address of the server
 * @port: on @host
 * @path: (nullable): of a unix socket, if there is no @host
 * @user: (nullable): who logs in; %NULL for the one without a name
 * @password: (nullable): with what; never shown
 * @database: number of the database
 * @sentinels: (nullable) (element-type GNetworkAddress): whom to ask where it is, if there is neither
 *   @host nor @path
 * @master: (nullable): by which name they know it; %NULL to talk to one of them itself
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
  GPtrArray *sentinels;
  char *master;
} DouRedisAddress;

DouRedisAddress *dou_redis_address_parse (const char *url);
gboolean dou_redis_address_parse_sentinels (DouRedisAddress *self, const char *text);
gboolean dou_redis_address_load (DouConfig *config, DouRedisAddress **address, GError **error);
DouRedisAddress *dou_redis_address_copy (const DouRedisAddress *self);
void dou_redis_address_free (DouRedisAddress *self);
char *dou_redis_address_describe (const DouRedisAddress *self);
char *dou_redis_address_make_place (const char *host, const char *port);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouRedisAddress, dou_redis_address_free)

G_END_DECLS
