/* SPDX-License-Identifier: Apache-2.0 */

/* Where to connect to.
 *
 *     a host ────────────────────────────────────────────────▶ its address
 *     sentinels ─▶ address of one ─▶ what it says of the master ─▶ address of that
 *
 * Names are resolved in a thread of GLib, since hiredis would wait for it. A sentinel is asked one question
 * on a connection of its own; whoever gets no answer, or one that leads nowhere, comes again and is given
 * the next sentinel, and of several addresses the next one. So nothing has to be remembered of sentinels
 * that are away, or that have not heard yet of what the others have agreed on.
 *
 * There is no time limit here: who waits has one, and cancels.
 */

#include "config.h"

#include <hiredis/async.h>

#include "common/dou-redis-locate.h"
#include "common/dou-redis-source.h"
#include "common/dou-status.h"

typedef struct
{
  char *master;             /* (owned) (nullable) who is asked for; NULL if the place is known */
  guint n_before;           /* attempts */
  guint16 port;             /* of the name that is resolved */
  char *sentinel;           /* (owned) (nullable) who is asked, for people */
  redisAsyncContext *redis; /* (owned by hiredis) (nullable) the sentinel */
  GSource *cancelled;       /* (owned) (nullable) */
} Search;

static void
search_free (Search *self)
{
  g_free (self->master);
  g_free (self->sentinel);
  g_free (self);
}

static void search_resolve (GTask *task, const char *host, guint16 port);

/* What a connection says of its end is told to who asked. */
static void
search_answer (GTask *task, redisAsyncContext *redis, const redisReply *reply)
{
  Search *self = g_task_get_task_data (task);
  guint64 port;

  if (reply == NULL)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "sentinel %s: %s",
                             self->sentinel,
                             redis->errstr != NULL && *redis->errstr != '\0'
                                 ? redis->errstr
                                 : "the connection was closed");
  else if (reply->type == REDIS_REPLY_ERROR)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "sentinel %s: %s",
                             self->sentinel, reply->str);
  else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
           && reply->element[0]->str != NULL && reply->element[1]->str != NULL
           && g_ascii_string_to_unsigned (reply->element[1]->str, 10, 1, G_MAXUINT16, &port, NULL))
    {
      g_clear_pointer (&self->master, g_free);
      search_resolve (task, reply->element[0]->str, (guint16) port);
    }
  else
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                             "sentinel %s: there is no master %s", self->sentinel, self->master);
}

/* Also called when the connection is lost, or let go. */
static void
asked_cb (redisAsyncContext *redis, void *reply, void *user_data)
{
  g_autoptr (GTask) task = user_data;
  Search *self = g_task_get_task_data (task);

  self->redis = NULL;
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  search_answer (task, redis, reply);
  if (reply != NULL)
    redisAsyncDisconnect (redis);
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  Search *self = g_task_get_task_data (user_data);

  redisAsyncFree (self->redis);
  return G_SOURCE_REMOVE;
}

static void
search_ask (GTask *task, GInetSocketAddress *place)
{
  Search *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *host
      = g_inet_address_to_string (g_inet_socket_address_get_address (place));
  redisAsyncContext *redis = redisAsyncConnect (host, g_inet_socket_address_get_port (place));

  self->sentinel = dou_redis_locate_describe (place);
  if (redis == NULL || redis->err != 0)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "sentinel %s: %s",
                               self->sentinel, redis != NULL ? redis->errstr : "out of memory");
      if (redis != NULL)
        redisAsyncFree (redis);
      return;
    }

  self->redis = redis;
  dou_redis_source_attach (redis, g_task_get_context (task));
  redisAsyncCommand (redis, asked_cb, g_object_ref (task), "SENTINEL get-master-addr-by-name %s",
                     self->master);
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (cancelled_cb), task, NULL);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Search *self = g_task_get_task_data (task);
  g_autoptr (GInetSocketAddress) place = NULL;
  GError *error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);

  if (addresses == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  place = G_INET_SOCKET_ADDRESS (g_inet_socket_address_new (
      g_list_nth_data (addresses, self->n_before % g_list_length (addresses)), self->port));
  g_resolver_free_addresses (addresses);
  if (self->master == NULL)
    g_task_return_pointer (task, g_steal_pointer (&place), g_object_unref);
  else
    search_ask (task, place);
}

static void
search_resolve (GTask *task, const char *host, guint16 port)
{
  Search *self = g_task_get_task_data (task);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  self->port = port;
  g_resolver_lookup_by_name_async (resolver, host, g_task_get_cancellable (task), resolved_cb,
                                   g_object_ref (task));
}

/**
 * dou_redis_locate_async:
 * @address: of a Redis, not on a unix socket
 * @n_before: how often that was asked before: each time others of several sentinels and addresses are tried
 * @cancellable: (nullable): who waits no more
 * @callback: called in the thread-default main context
 * @user_data: for @callback
 */
void
dou_redis_locate_async (const DouRedisAddress *address, guint n_before, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Search *self = g_new0 (Search, 1);
  GNetworkAddress *sentinel;

  g_return_if_fail (address->path == NULL);

  g_task_set_source_tag (task, dou_redis_locate_async);
  g_task_set_task_data (task, self, (GDestroyNotify) search_free);
  self->n_before = n_before;
  if (address->sentinels == NULL)
    {
      search_resolve (task, address->host, (guint16) address->port);
      return;
    }

  self->master = g_strdup (address->master);
  self->n_before = n_before / address->sentinels->len;
  sentinel = g_ptr_array_index (address->sentinels, n_before % address->sentinels->len);
  search_resolve (task, g_network_address_get_hostname (sentinel),
                  g_network_address_get_port (sentinel));
}

/**
 * dou_redis_locate_finish:
 * @result: of dou_redis_locate_async()
 * @error: return location: of GIO, or %DOU_STATUS_UNAVAILABLE if a sentinel did not say it
 *
 * Returns: (transfer full): where it should be, or %NULL
 */
GInetSocketAddress *
dou_redis_locate_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_redis_locate_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dou_redis_locate_describe:
 * @place: an address
 *
 * Returns: (transfer full): its text
 */
char *
dou_redis_locate_describe (GInetSocketAddress *place)
{
  g_autofree char *host = g_inet_address_to_string (g_inet_socket_address_get_address (place));
  g_autofree char *port = g_strdup_printf ("%u", g_inet_socket_address_get_port (place));

  return dou_redis_address_make_place (host, port);
}
