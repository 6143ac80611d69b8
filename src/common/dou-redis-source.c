/* SPDX-License-Identifier: Apache-2.0 */

/* A connection of hiredis in a main loop of GLib.
 *
 * hiredis 0.14 has an adapter of its own for that, which cannot be used: when a write fails while there
 * is something to read, hiredis frees the connection, and the adapter goes on to read from it. It also
 * leaves a connection that nobody waits for unheard when it breaks, and so turns for ever. Here the
 * connection says when it is going to be freed, and is not touched any more.
 */

#include "config.h"

#include "common/dou-redis-source.h"

#define BROKEN (G_IO_HUP | G_IO_ERR | G_IO_NVAL)

typedef struct
{
  GSource source;

  redisAsyncContext *redis; /* (unowned) (nullable) %NULL when it is freed */
  gpointer tag;             /* of its descriptor */
  GIOCondition wanted;
} DouRedisSource;

static gboolean
source_check (GSource *source)
{
  DouRedisSource *self = (DouRedisSource *) source;

  return g_source_query_unix_fd (source, self->tag) != 0;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  DouRedisSource *self = (DouRedisSource *) source;
  GIOCondition found = g_source_query_unix_fd (source, self->tag);
  gboolean is_broken = (found & BROKEN) != 0;

  /* Whichever way hiredis looks at a broken connection, it finds out. */
  if (self->redis != NULL && ((found & G_IO_IN) != 0 || (is_broken && (self->wanted & G_IO_OUT) == 0)))
    redisAsyncHandleRead (self->redis);
  if (self->redis != NULL && ((found & G_IO_OUT) != 0 || (is_broken && (self->wanted & G_IO_OUT) != 0)))
    redisAsyncHandleWrite (self->redis);

  return self->redis != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static GSourceFuncs source_funcs = { .check = source_check, .dispatch = source_dispatch };

static void
source_want (DouRedisSource *self, GIOCondition wanted)
{
  self->wanted = wanted;
  g_source_modify_unix_fd (&self->source, self->tag, wanted);
}

static void
add_read (void *data)
{
  DouRedisSource *self = data;

  source_want (self, self->wanted | G_IO_IN);
}

static void
del_read (void *data)
{
  DouRedisSource *self = data;

  source_want (self, self->wanted & ~G_IO_IN);
}

static void
add_write (void *data)
{
  DouRedisSource *self = data;

  source_want (self, self->wanted | G_IO_OUT);
}

static void
del_write (void *data)
{
  DouRedisSource *self = data;

  source_want (self, self->wanted & ~G_IO_OUT);
}

/* May be called while the source is dispatched, which keeps its memory until then. */
static void
cleanup (void *data)
{
  DouRedisSource *self = data;

  self->redis = NULL;
  g_source_remove_unix_fd (&self->source, self->tag);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

/**
 * dou_redis_source_attach:
 * @redis: a connection without an event loop
 * @context: (nullable): where it is to be served, by its only thread
 *
 * Lasts as long as @redis.
 */
void
dou_redis_source_attach (redisAsyncContext *redis, GMainContext *context)
{
  DouRedisSource *self = (DouRedisSource *) g_source_new (&source_funcs, sizeof (DouRedisSource));

  g_source_set_name (&self->source, "Redis");
  self->redis = redis;
  self->tag = g_source_add_unix_fd (&self->source, redis->c.fd, 0);
  redis->ev.data = self;
  redis->ev.addRead = add_read;
  redis->ev.delRead = del_read;
  redis->ev.addWrite = add_write;
  redis->ev.delWrite = del_write;
  redis->ev.cleanup = cleanup;
  g_source_attach (&self->source, context);
}
