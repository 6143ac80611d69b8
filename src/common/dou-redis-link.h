/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-redis-address.h"

G_BEGIN_DECLS

/**
 * DouRedisLink:
 *
 * One connection to a Redis that is made again whenever it is lost: to send commands, or to hear a
 * channel. For dou-redis.c alone.
 */
typedef struct _DouRedisLink DouRedisLink;

/**
 * DouRedisLinkFuncs:
 * @changed: the link is up or down now; see dou_redis_link_get_trouble()
 * @heard: something was said on the channel
 */
typedef struct
{
  void (*changed) (gpointer user_data);
  void (*heard) (GBytes *message, gpointer user_data);
} DouRedisLinkFuncs;

DouRedisLink *dou_redis_link_new (const DouRedisAddress *address, const char *channel,
                                  const DouRedisLinkFuncs *funcs, gpointer user_data);
void dou_redis_link_free (DouRedisLink *self);

gboolean dou_redis_link_is_up (DouRedisLink *self);
const char *dou_redis_link_get_trouble (DouRedisLink *self);
const char *dou_redis_link_get_place (DouRedisLink *self);
void dou_redis_link_leave (DouRedisLink *self, const char *place);
void dou_redis_link_send (DouRedisLink *self, const char **words, const gsize *lengths, guint n_words,
                          GTask *task);

G_END_DECLS
