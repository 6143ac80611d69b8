/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <hiredis/async.h>

G_BEGIN_DECLS

void dou_redis_source_attach (redisAsyncContext *redis, GMainContext *context);

G_END_DECLS
