/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <hiredis/hiredis.h>

G_BEGIN_DECLS

GVariant *dou_redis_reply_to_variant (const redisReply *reply);
gboolean dou_redis_reply_is_read_only (const redisReply *reply);

G_END_DECLS
