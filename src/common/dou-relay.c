/* SPDX-License-Identifier: Apache-2.0 */

/* Between nodes.
 *
 * Gateways remember what services have told, and forget it by the signals that services send on the
 * private bus of their node. Where several nodes share a database, those of the other nodes have to be
 * heard as well. So each service publishes the signals of its object in Redis, to the same service on all
 * nodes, which sends them again on its own bus, from its own name, as if they were its own: whoever
 * listens needs to know nothing of nodes. Every signal of the interface takes part whose one argument is
 * an array. What is sent again is not published again, and what comes back from Redis to where it came
 * from is dropped by its origin.
 *
 * Nothing travels alone: while a message is under way, the signals that come meanwhile wait, and leave as
 * one message. The caller whose write they are about does not wait for any of this. So between nodes
 * “before the reply” does not hold, only “soon”.
 *
 * Redis keeps nothing that was published for who is not there, and its answer to who publishes says
 * nothing about who hears. Whatever may have been missed is therefore made good by the signal Reset, at
 * which everything that was told is forgotten: here, when the connection comes back, or when the messages
 * of an origin have a gap; on other nodes, by an item of that name, when something could not be published.
 *
 * A process that is killed may have written something and not have told it. So each says at least something
 * every few seconds, and when one falls silent, there is a Reset for it.
 *
 * While there is no Redis, nobody tells what other nodes change. Then Reset is sent every few seconds, so
 * that what is remembered has a short life.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-relay-message.h"
#include "common/dou-relay.h"
#include "common/dou-status.h"

#define RESET "Reset"

/* What waits to be published, in bytes: some ten thousand ids. If there is more, Redis is too slow, and the
 * others are better off to forget everything. */
#define MAX_WAITING (1024 * 1024)

/* Seconds between two messages of a process that has nothing to tell, at most, and how many of these
 * intervals may go by before it is taken for dead: Redis and a busy machine may delay some messages. */
#define MAX_BEAT 3
#define MAX_SILENCE 4

/* Processes that are remembered by their last message: many more than there can be at once. */
#define MAX_ORIGINS 256

struct _DouRelay
{
  GObject parent_instance;

  DouService *service;            /* (unowned) (nullable) held while something is to be published */
  GDBusInterfaceSkeleton *object; /* (owned) */
  DouRedis *redis;                /* (owned) (nullable) */
  GHashTable *hooks;              /* (owned) (element-type utf8 Hook) by name */
  guint64 origin;                 /* of this process */
  guint64 sequence;               /* of the last message */
  GPtrArray *waiting;             /* (owned) (element-type GVariant) to be published, `(sv)` each */
  gsize waiting_size;             /* bytes */
  gboolean is_publishing;
  gboolean has_lost;              /* others have missed something */
  gboolean is_repeating;          /* what another node has told */
  char *refusal;                  /* (owned) (nullable) why Redis does not publish, though it is there */
  GHashTable *origins;            /* (owned) (element-type guint64 Origin) whom was heard */
  gboolean has_spoken;            /* since the last beat */
  guint beat_id;
  guint beat;                     /* seconds */
  guint life;                     /* seconds */
  guint life_id;
};

/* A signal of the object. */
typedef struct
{
  DouRelay *relay;  /* (unowned) */
  const char *name; /* (unowned) on the bus */
  const char *type; /* (unowned) of its argument */
  guint signal_id;
  gulong handler_id;
} Hook;

/* Another process. */
typedef struct
{
  guint64 sequence; /* of its last message */
  gint64 heard;     /* monotonic time of that */
} Origin;

G_DEFINE_FINAL_TYPE (DouRelay, dou_relay, G_TYPE_OBJECT)

enum
{
  SIGNAL_HEARD,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_relay_dispose (GObject *object)
{
  DouRelay *self = DOU_RELAY (object);
  GHashTableIter iter;
  Hook *hook;

  g_clear_handle_id (&self->life_id, g_source_remove);
  g_clear_handle_id (&self->beat_id, g_source_remove);
  g_hash_table_iter_init (&iter, self->hooks);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &hook))
    g_clear_signal_handler (&hook->handler_id, self->object);
  if (self->redis != NULL)
    g_signal_handlers_disconnect_by_data (self->redis, self);
  g_clear_object (&self->redis);
  g_clear_object (&self->object);

  G_OBJECT_CLASS (dou_relay_parent_class)->dispose (object);
}

static void
dou_relay_finalize (GObject *object)
{
  DouRelay *self = DOU_RELAY (object);

  g_hash_table_unref (self->hooks);
  g_hash_table_unref (self->origins);
  g_ptr_array_unref (self->waiting);
  g_free (self->refusal);

  G_OBJECT_CLASS (dou_relay_parent_class)->finalize (object);
}

static void
dou_relay_class_init (DouRelayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_relay_dispose;
  object_class->finalize = dou_relay_finalize;

  /**
   * DouRelay::heard:
   * @argument: (nullable): of the signal; %NULL for Reset
   *
   * Another node has told something, and this one is about to; the detail is the name of the signal. For
   * what the service itself remembers.
   */
  signals[SIGNAL_HEARD]
      = g_signal_new ("heard", DOU_TYPE_RELAY, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 1, G_TYPE_VARIANT);
}

static void
dou_relay_init (DouRelay *self)
{
  self->hooks = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->origins = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  self->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  self->origin = (guint64) g_random_int () << 32 | g_random_int ();
}

static const char *
dou_relay_get_trouble (DouRelay *self)
{
  if (self->redis == NULL)
    return NULL;

  return self->refusal != NULL ? self->refusal : dou_redis_get_trouble (self->redis);
}

/* @missed: whether something was told that was not heard here */
static void
dou_relay_reset (DouRelay *self, gboolean missed)
{
  const char *const reasons[] = { dou_relay_get_trouble (self), NULL };

  g_signal_emit (self, signals[SIGNAL_HEARD], g_quark_from_static_string (RESET), NULL);
  g_signal_emit_by_name (self->object, "reset", reasons, missed);
}

static void
dou_relay_drop_waiting (DouRelay *self)
{
  g_ptr_array_set_size (self->waiting, 0);
  self->waiting_size = 0;
}

static void dou_relay_flush (DouRelay *self);
static void dou_relay_mind_life (DouRelay *self);

/* While Redis is away there is another reason, and its return is told anyway. */
static void
dou_relay_set_refusal (DouRelay *self, const char *refusal)
{
  gboolean is_news = (refusal != NULL) != (self->refusal != NULL);

  g_free (self->refusal);
  self->refusal = g_strdup (refusal);
  if (!is_news)
    return;

  if (refusal != NULL)
    g_warning ("Other nodes cannot be told what changes here: %s", refusal);
  dou_relay_reset (self, FALSE);
  dou_relay_mind_life (self);
}

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouRelay) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean published = dou_redis_publish_finish (DOU_REDIS (source), result, &error);

  self->is_publishing = FALSE;
  if (published && self->redis != NULL)
    {
      dou_relay_set_refusal (self, NULL);
      dou_relay_flush (self);
    }
  else if (self->redis != NULL)
    {
      self->has_lost = TRUE;
      dou_relay_drop_waiting (self);
      if (!g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
        dou_relay_set_refusal (self, error->message);
    }
  if (self->service != NULL)
    dou_service_release (self->service);
}

/* All that waits, as one message; also if that is nothing. */
static void
dou_relay_speak (DouRelay *self)
{
  GVariantBuilder items = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sv)"));
  DouRelayMessage message;
  g_autoptr (GBytes) bytes = NULL;

  if (self->has_lost)
    g_variant_builder_add (&items, "(sv)", RESET, g_variant_new_boolean (TRUE));
  for (guint i = 0; i < self->waiting->len; i++)
    g_variant_builder_add_value (&items, g_ptr_array_index (self->waiting, i));

  message = (DouRelayMessage){ self->origin, ++self->sequence, g_variant_builder_end (&items) };
  bytes = dou_relay_message_encode (&message);
  self->has_lost = FALSE;
  self->has_spoken = TRUE;
  self->is_publishing = TRUE;
  dou_relay_drop_waiting (self);
  /* An orderly end waits for it. */
  if (self->service != NULL)
    dou_service_hold (self->service);
  dou_redis_publish_async (self->redis, bytes, published_cb, g_object_ref (self));
}

static void
dou_relay_flush (DouRelay *self)
{
  if (!self->is_publishing && (self->waiting->len > 0 || self->has_lost))
    dou_relay_speak (self);
}

static void
dou_relay_publish (DouRelay *self, const Hook *hook, GVariant *argument)
{
  if (self->is_repeating)
    return;

  if (dou_redis_get_trouble (self->redis) != NULL || self->waiting_size > MAX_WAITING)
    {
      self->has_lost = TRUE;
      dou_relay_drop_waiting (self);
      return;
    }

  g_ptr_array_add (self->waiting,
                   g_variant_ref_sink (g_variant_new ("(sv)", hook->name, argument)));
  self->waiting_size += g_variant_get_size (argument);
  dou_relay_flush (self);
}

/* The object is about to send @hook's signal. */
static void
hook_marshal (GClosure *closure, GValue *result, guint n_values, const GValue *values, gpointer hint,
              gpointer marshal_data)
{
  const Hook *hook = closure->data;

  dou_relay_publish (hook->relay, hook, g_value_get_variant (&values[1]));
}

/* “VideosChanged” becomes “videos-changed”, as the code that is made of the interface has it. */
static char *
make_signal_name (const char *name)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (const char *c = name; *c != '\0'; c++)
    {
      if (g_ascii_isupper (*c) && c > name)
        g_string_append_c (text, '-');
      g_string_append_c (text, g_ascii_tolower (*c));
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
dou_relay_hook (DouRelay *self, const GDBusSignalInfo *info)
{
  g_autofree char *name = make_signal_name (info->name);
  GClosure *closure;
  Hook *hook;

  if (g_str_equal (info->name, RESET))
    return;
  g_return_if_fail (info->args[0] != NULL && info->args[1] == NULL);
  g_return_if_fail (info->args[0]->signature[0] == 'a' && info->args[0]->signature[1] != 's');

  hook = g_new (Hook, 1);
  *hook = (Hook){ self, info->name, info->args[0]->signature,
                  g_signal_lookup (name, G_OBJECT_TYPE (self->object)) };
  closure = g_closure_new_simple (sizeof (GClosure), hook);
  g_closure_set_marshal (closure, hook_marshal);
  hook->handler_id = g_signal_connect_closure_by_id (self->object, hook->signal_id, 0, closure, FALSE);
  g_hash_table_insert (self->hooks, info->name, hook);
}

static gboolean
life_cb (gpointer user_data)
{
  dou_relay_reset (user_data, FALSE);
  return G_SOURCE_CONTINUE;
}

/* What is remembered gets old only while nobody tells what has changed. */
static void
dou_relay_mind_life (DouRelay *self)
{
  gboolean gets_old = self->redis == NULL || dou_relay_get_trouble (self) != NULL;

  if (gets_old && self->life_id == 0)
    self->life_id = g_timeout_add_seconds (self->life, life_cb, self);
  else if (!gets_old)
    g_clear_handle_id (&self->life_id, g_source_remove);
}

/* Returns: whether a process has fallen silent, which may have been the end of it */
static gboolean
dou_relay_forget_silent (DouRelay *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean is_silent = FALSE;
  GHashTableIter iter;
  Origin *origin;

  g_hash_table_iter_init (&iter, self->origins);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &origin))
    if (now - origin->heard > MAX_SILENCE * self->beat * G_USEC_PER_SEC)
      {
        g_hash_table_iter_remove (&iter);
        is_silent = TRUE;
      }

  return is_silent;
}

static gboolean
beat_cb (gpointer user_data)
{
  DouRelay *self = user_data;

  if (dou_redis_get_trouble (self->redis) != NULL)
    return G_SOURCE_CONTINUE;

  if (!self->has_spoken && !self->is_publishing)
    dou_relay_speak (self);
  self->has_spoken = FALSE;
  if (dou_relay_forget_silent (self))
    dou_relay_reset (self, TRUE);
  return G_SOURCE_CONTINUE;
}

static void
changed_cb (DouRedis *redis, gpointer user_data)
{
  DouRelay *self = user_data;
  gboolean is_back = dou_redis_get_trouble (redis) == NULL;

  /* What it says about publishing may have changed with it, and who has fallen silent is not known. */
  g_clear_pointer (&self->refusal, g_free);
  g_hash_table_remove_all (self->origins);
  dou_relay_mind_life (self);
  dou_relay_reset (self, is_back);
  if (is_back)
    dou_relay_flush (self);
}

/* Whether @message follows the last one of the same origin, or is the first. */
static gboolean
dou_relay_note_origin (DouRelay *self, const DouRelayMessage *message)
{
  Origin *origin = g_hash_table_lookup (self->origins, &message->origin);
  gboolean follows = origin == NULL || message->sequence == origin->sequence + 1;

  if (origin == NULL)
    {
      if (g_hash_table_size (self->origins) >= MAX_ORIGINS)
        g_hash_table_remove_all (self->origins);
      origin = g_new (Origin, 1);
      g_hash_table_insert (self->origins, g_memdup2 (&message->origin, sizeof message->origin), origin);
    }

  *origin = (Origin){ message->sequence, g_get_monotonic_time () };
  return follows;
}

/* Returns: whether it could be told here; if not, it is news of another kind than this program knows */
static gboolean
dou_relay_repeat (DouRelay *self, const char *name, GVariant *argument)
{
  const Hook *hook = g_hash_table_lookup (self->hooks, name);

  if (hook == NULL || !g_variant_is_of_type (argument, G_VARIANT_TYPE (hook->type)))
    return FALSE;

  g_signal_emit (self, signals[SIGNAL_HEARD], g_quark_from_static_string (hook->name), argument);
  self->is_repeating = TRUE;
  g_signal_emit (self->object, hook->signal_id, 0, argument);
  self->is_repeating = FALSE;
  return TRUE;
}

static void
heard_cb (DouRedis *redis, GBytes *bytes, gpointer user_data)
{
  DouRelay *self = user_data;
  g_auto (DouRelayMessage) message = { 0 };
  gboolean is_whole;
  GVariantIter iter;
  const char *name;
  GVariant *argument;

  if (!dou_relay_message_decode (&message, bytes))
    {
      g_debug ("Another node said something that this version does not understand");
      dou_relay_reset (self, TRUE);
      return;
    }
  if (message.origin == self->origin)
    return;

  is_whole = dou_relay_note_origin (self, &message);
  g_variant_iter_init (&iter, message.items);
  while (g_variant_iter_loop (&iter, "(&sv)", &name, &argument))
    if (!dou_relay_repeat (self, name, argument))
      is_whole = FALSE;

  if (!is_whole)
    dou_relay_reset (self, TRUE);
}

/**
 * dou_relay_new:
 * @object: whose signals are told, exported, with one named Reset
 * @redis: (nullable): where, with a channel that is that of the object; without one nobody is told
 * @life: seconds between two signals Reset while others cannot be heard; those of all nodes should be
 *   about the same
 *
 * Returns: (transfer full): a relay on the thread-default main context
 */
DouRelay *
dou_relay_new (GDBusInterfaceSkeleton *object, DouRedis *redis, guint life)
{
  DouRelay *self = g_object_new (DOU_TYPE_RELAY, NULL);
  GDBusInterfaceInfo *info = g_dbus_interface_skeleton_get_info (object);

  self->object = g_object_ref (object);
  self->life = life;
  self->beat = MIN (life, MAX_BEAT);
  if (redis != NULL)
    {
      self->redis = g_object_ref (redis);
      g_signal_connect (redis, "changed", G_CALLBACK (changed_cb), self);
      g_signal_connect (redis, "heard", G_CALLBACK (heard_cb), self);
      for (guint i = 0; info->signals != NULL && info->signals[i] != NULL; i++)
        dou_relay_hook (self, info->signals[i]);
      self->beat_id = g_timeout_add_seconds (self->beat, beat_cb, self);
    }
  dou_relay_mind_life (self);
  return self;
}

/**
 * dou_relay_new_for_service:
 * @service: a service; outlives the relay
 * @object: what it exports
 *
 * Returns: (transfer full) (nullable): what its configuration asks for; %NULL if there can be no other
 *   nodes, since the database is a file
 */
DouRelay *
dou_relay_new_for_service (DouService *service, GDBusInterfaceSkeleton *object)
{
  DouConfig *config = dou_service_get_config (service);
  guint life = (guint) dou_config_get_int64 (config, DOU_CONFIG_CACHE_LIFE);
  GDBusInterfaceInfo *info = g_dbus_interface_skeleton_get_info (object);
  g_autoptr (DouRedisAddress) address = NULL;
  g_autoptr (DouRedis) redis = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *channel = NULL;
  DouRelay *relay;

  if (g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite"))
    return NULL;
  if (!dou_redis_address_load (config, &address, &error))
    g_warning ("%s", error->message);
  if (address == NULL)
    return dou_relay_new (object, NULL, life);

  /* Databases of Redis share their channels: two sites on one Redis are told apart by the number. */
  channel = g_strdup_printf ("doutok@%u:%s", address->database, info->name);
  redis = dou_redis_new (address, channel);
  relay = dou_relay_new (object, redis, life);
  relay->service = service;
  return relay;
}
