/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-test-redis.h"

G_BEGIN_DECLS

#define DOU_TEST_N_SENTINELS 3

/**
 * DouTestRedisGroup:
 *
 * A Redis that is its master, a replica of it, and three sentinels of which two must agree that another one
 * is to become the master.
 */
typedef struct
{
  DouTestRedis *servers[2]; /* (owned) the master at first, and the replica */
  DouTestRedis *sentinels[DOU_TEST_N_SENTINELS]; /* (owned) */
  char *address;            /* (owned) as sentinel= in a configuration has it */
} DouTestRedisGroup;

DouTestRedisGroup *dou_test_redis_group_new (const char *config, const char *sentinel_config);
void dou_test_redis_group_free (DouTestRedisGroup *self);

char *dou_test_redis_group_get_master (DouTestRedisGroup *self, guint sentinel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestRedisGroup, dou_test_redis_group_free)

G_END_DECLS
