/* SPDX-License-Identifier: Apache-2.0 */

/* Who guesses passwords at several nodes has no more guesses than at one.
 *
 * Each node decides by its own table, at once, whatever Redis does. Every moment it publishes what was taken
 * from its buckets since, all in one message, and takes from them what others publish. So nodes agree
 * within a fraction of a second; what is done at several of them before, is owed: a bucket may be emptier than
 * empty, and nothing is to be had anywhere until it has filled up again. In the long run all nodes together
 * give what one would.
 *
 * Of the gateways of a machine, which share a table, only one may do this, or things would count several
 * times. It is the one that has a lock on the file of the table; the kernel takes that from it if it dies,
 * and the next one has it within a second.
 *
 * Names and addresses do not travel: keys are hashed with a secret that is made of the first key of login
 * tokens, which nodes have in common. While that is being changed on one node after the other, nodes do not
 * know each other's keys and count for themselves; they do so as well without Redis. What could not be told
 * is forgotten, not kept: it would be told when it is no longer true. Only what was counted while one gateway
 * took over from another waits for the first answer.
 *
 * Rejected: counting in Redis (each request would wait for it, and would not know what to do without it).
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-redis.h"
#include "common/dou-relay-message.h"
#include "common/dou-status.h"
#include "gateway/dou-rate-exchange.h"

/* Milliseconds between two messages, and between two attempts to become the one that sends them. */
#define INTERVAL 100
#define ATTEMPT_INTERVAL 1000

/* Buckets in one message, which has 16 bytes for each; the others are in the next one. As many are heard. */
#define MAX_CHARGES 4096

#define ITEM_NAME "rates"
#define ITEM_TYPE "a(ti)"

struct _DouRateExchange
{
  GObject parent_instance;

  DouRateLimiter *limiter;  /* (owned) */
  DouRedisAddress *address; /* (owned) */
  int fd;                   /* (owned) of the file of the table */
  DouRedis *redis;          /* (owned) (nullable) while this gateway is the one */
  guint64 origin;           /* of this process */
  guint64 sequence;         /* of its last message */
  gboolean is_publishing;
  gboolean is_away;         /* Redis; not only until it has answered first */
  guint timer_id;
};

G_DEFINE_FINAL_TYPE (DouRateExchange, dou_rate_exchange, G_TYPE_OBJECT)

static void
dou_rate_exchange_dispose (GObject *object)
{
  DouRateExchange *self = DOU_RATE_EXCHANGE (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (self->redis != NULL)
    g_signal_handlers_disconnect_by_data (self->redis, self);
  g_clear_object (&self->redis);
  g_clear_object (&self->limiter);

  G_OBJECT_CLASS (dou_rate_exchange_parent_class)->dispose (object);
}

static void
dou_rate_exchange_finalize (GObject *object)
{
  DouRateExchange *self = DOU_RATE_EXCHANGE (object);

  g_clear_pointer (&self->address, dou_redis_address_free);
  if (self->fd >= 0)
    close (self->fd);

  G_OBJECT_CLASS (dou_rate_exchange_parent_class)->finalize (object);
}

static void
dou_rate_exchange_class_init (DouRateExchangeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_rate_exchange_dispose;
  object_class->finalize = dou_rate_exchange_finalize;
}

static void
dou_rate_exchange_init (DouRateExchange *self)
{
  self->fd = -1;
  self->origin = (guint64) g_random_int () << 32 | g_random_int ();
}

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouRateExchange) self = user_data;
  g_autoptr (GError) error = NULL;

  self->is_publishing = FALSE;
  /* That it is away, it says itself. */
  if (!dou_redis_publish_finish (DOU_REDIS (source), result, &error))
    g_debug ("Other nodes were not told what was counted here: %s", error->message);
}

static void
dou_rate_exchange_publish (DouRateExchange *self, const DouRateCharge *charges, guint n_charges)
{
  GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE (ITEM_TYPE));
  GVariantBuilder items = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sv)"));
  DouRelayMessage message;
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; i < n_charges; i++)
    g_variant_builder_add (&list, "(ti)", charges[i].key, charges[i].n);
  g_variant_builder_add (&items, "(sv)", ITEM_NAME, g_variant_builder_end (&list));

  message = (DouRelayMessage){ self->origin, ++self->sequence, g_variant_builder_end (&items) };
  bytes = dou_relay_message_encode (&message);
  self->is_publishing = TRUE;
  dou_redis_publish_async (self->redis, bytes, published_cb, g_object_ref (self));
}

static gboolean
tell_cb (gpointer user_data)
{
  DouRateExchange *self = user_data;
  DouRateCharge charges[MAX_CHARGES];
  guint n_charges;

  if (self->is_publishing)
    return G_SOURCE_CONTINUE;

  if (dou_redis_get_trouble (self->redis) != NULL && !self->is_away)
    return G_SOURCE_CONTINUE;

  n_charges = dou_rate_limiter_collect (self->limiter, charges, MAX_CHARGES);
  if (n_charges > 0 && !self->is_away)
    dou_rate_exchange_publish (self, charges, n_charges);
  return G_SOURCE_CONTINUE;
}

static void
dou_rate_exchange_charge (DouRateExchange *self, GVariant *list)
{
  gsize n_charges = MIN (g_variant_n_children (list), MAX_CHARGES);

  for (gsize i = 0; i < n_charges; i++)
    {
      DouRateCharge charge;

      g_variant_get_child (list, i, "(ti)", &charge.key, &charge.n);
      dou_rate_limiter_charge (self->limiter, &charge);
    }
}

static void
heard_cb (DouRedis *redis, GBytes *bytes, gpointer user_data)
{
  DouRateExchange *self = user_data;
  g_auto (DouRelayMessage) message = { 0 };
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (!dou_relay_message_decode (&message, bytes) || message.origin == self->origin)
    return;

  g_variant_iter_init (&iter, message.items);
  while (g_variant_iter_loop (&iter, "(&sv)", &name, &value))
    if (g_str_equal (name, ITEM_NAME) && g_variant_is_of_type (value, G_VARIANT_TYPE (ITEM_TYPE)))
      dou_rate_exchange_charge (self, value);
}

static void
changed_cb (DouRedis *redis, gpointer user_data)
{
  DouRateExchange *self = user_data;

  self->is_away = dou_redis_get_trouble (redis) != NULL;
}

static gboolean
dou_rate_exchange_lock (DouRateExchange *self)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

  return fcntl (self->fd, F_OFD_SETLK, &lock) == 0;
}

static gboolean
attempt_cb (gpointer user_data)
{
  DouRateExchange *self = user_data;
  g_autofree char *channel = NULL;

  if (!dou_rate_exchange_lock (self))
    return G_SOURCE_CONTINUE;

  /* As those of services: two sites on one Redis are told apart by the number of the database. */
  channel = g_strdup_printf ("doutok@%u:" ITEM_NAME, self->address->database);
  self->redis = dou_redis_new (self->address, channel);
  g_signal_connect (self->redis, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect (self->redis, "heard", G_CALLBACK (heard_cb), self);
  self->timer_id = g_timeout_add (INTERVAL, tell_cb, self);
  return G_SOURCE_REMOVE;
}

/**
 * dou_rate_exchange_is_wanted:
 * @config: the merged configuration
 *
 * Returns: whether there may be other nodes, and something is counted; if there is also a Redis, nodes
 *   count together
 */
gboolean
dou_rate_exchange_is_wanted (DouConfig *config)
{
  return !g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite")
         && dou_config_get_boolean (config, DOU_CONFIG_RATE_LIMITS);
}

/**
 * dou_rate_exchange_new:
 * @limiter: counts for all gateways of this machine, with a secret that is that of all nodes
 * @address: the Redis of the nodes
 * @path: the file of @limiter
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): an exchange that goes on as long as it lives, on the thread-default main
 *   context, or %NULL
 */
DouRateExchange *
dou_rate_exchange_new (DouRateLimiter *limiter, const DouRedisAddress *address, const char *path,
                       GError **error)
{
  g_autoptr (DouRateExchange) self = g_object_new (DOU_TYPE_RATE_EXCHANGE, NULL);

  self->fd = g_open (path, O_RDWR | O_CLOEXEC, 0);
  if (self->fd < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot use “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }

  self->limiter = g_object_ref (limiter);
  self->address = dou_redis_address_copy (address);
  if (attempt_cb (self))
    self->timer_id = g_timeout_add (ATTEMPT_INTERVAL, attempt_cb, self);
  return g_steal_pointer (&self);
}

/**
 * dou_rate_exchange_is_working:
 * @self: an exchange
 *
 * Returns: whether it is this one of the machine that tells and hears, and Redis is there
 */
gboolean
dou_rate_exchange_is_working (DouRateExchange *self)
{
  g_return_val_if_fail (DOU_IS_RATE_EXCHANGE (self), FALSE);

  return self->redis != NULL && dou_redis_get_trouble (self->redis) == NULL;
}
