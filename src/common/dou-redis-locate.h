/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-redis-address.h"

G_BEGIN_DECLS

void dou_redis_locate_async (const DouRedisAddress *address, guint n_before, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);
GInetSocketAddress *dou_redis_locate_finish (GAsyncResult *result, GError **error);
char *dou_redis_locate_describe (GInetSocketAddress *place);

G_END_DECLS
