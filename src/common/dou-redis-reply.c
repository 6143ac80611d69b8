/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-redis-reply.h"

static GVariant *
make_text (const redisReply *reply)
{
  g_autofree char *text = g_utf8_make_valid (reply->str, (gssize) reply->len);

  return g_variant_new_string (text);
}

/**
 * dou_redis_reply_to_variant:
 * @reply: what Redis has answered
 *
 * Returns: (transfer floating): an integer `x`, text `s`, nothing `()`, or several `av`
 */
GVariant *
dou_redis_reply_to_variant (const redisReply *reply)
{
  GVariantBuilder builder;

  switch (reply->type)
    {
    case REDIS_REPLY_INTEGER:
      return g_variant_new_int64 (reply->integer);
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      return make_text (reply);
    case REDIS_REPLY_ARRAY:
      g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
      for (size_t i = 0; i < reply->elements; i++)
        g_variant_builder_add (&builder, "v", dou_redis_reply_to_variant (reply->element[i]));
      return g_variant_builder_end (&builder);
    case REDIS_REPLY_NIL:
    default:
      return g_variant_new ("()");
    }
}

/**
 * dou_redis_reply_is_read_only:
 * @reply: what Redis has answered
 *
 * Returns: whether it is not a master: one that was demoted says so before anybody else does
 */
gboolean
dou_redis_reply_is_read_only (const redisReply *reply)
{
  return reply->type == REDIS_REPLY_ERROR && g_str_has_prefix (reply->str, "READONLY ");
}
