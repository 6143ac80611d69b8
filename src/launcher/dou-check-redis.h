/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouCheckRedisFuncs:
 * @sentinel: what the sentinel at @place has said: where the master is, or @error
 * @redis: what Redis that is, and where; or @error
 *
 * What is told of a Redis.
 */
typedef struct
{
  void (*sentinel) (const char *place, const char *master, const GError *error, gpointer user_data);
  void (*redis) (const char *description, const GError *error, gpointer user_data);
  gpointer user_data;
} DouCheckRedisFuncs;

void dou_check_redis (DouConfig *config, const DouCheckRedisFuncs *funcs);

G_END_DECLS
