/* SPDX-License-Identifier: Apache-2.0 */

/* Whether Redis does what nodes need of it, found out by doing it: with a channel and a key of its own,
 * which goes by itself after a moment if something is cut short. What its user may do was to be asked of
 * Redis instead (ACL DRYRUN); but then its user would have to be allowed to ask. */

#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-redis-locate.h"
#include "common/dou-redis.h"
#include "common/dou-status.h"
#include "launcher/dou-check-redis.h"

/* Milliseconds. More than it takes to notice that a server hangs, and to ask another sentinel then. */
#define TIMEOUT 8000

/* What stands for the key. */
#define KEY "KEY"
#define KEY_LIFETIME "5000"

#define MAX_WORDS 11

/* Everything that nodes do beside publishing and subscribing, in an order in which it leaves nothing. */
static const char *const commands[][MAX_WORDS] = {
  { "SET", KEY, "check", "NX", "PX", KEY_LIFETIME, NULL },
  { "GET", KEY, NULL },
  { "DEL", KEY, NULL },
  { "XGROUP", "CREATE", KEY, "nodes", "0", "MKSTREAM", NULL },
  { "PEXPIRE", KEY, KEY_LIFETIME, NULL },
  { "XADD", KEY, "MAXLEN", "~", "1", "*", "video", "1", NULL },
  { "XREADGROUP", "GROUP", "nodes", "check", "COUNT", "1", "STREAMS", KEY, ">", NULL },
  { "XAUTOCLAIM", KEY, "nodes", "check", KEY_LIFETIME, "0-0", NULL },
  { "XCLAIM", KEY, "nodes", "check", "0", "1-1", "JUSTID", NULL },
  { "XACK", KEY, "nodes", "1-1", NULL },
  { "XDEL", KEY, "1-1", NULL },
  { "XRANGE", KEY, "-", "+", "COUNT", "1", NULL },
  { "DEL", KEY, NULL },
};

/* One who waits, in a main context of its own. */
typedef struct
{
  GMainContext *context; /* (unowned) */
  GAsyncResult *result;  /* (owned) (nullable) */
  gboolean is_over;      /* the time */
} Wait;

static gboolean
over_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  wait->result = g_object_ref (result);
}

static GSource *
start_clock (Wait *wait)
{
  GSource *clock = g_timeout_source_new (TIMEOUT);

  wait->is_over = FALSE;
  g_source_set_callback (clock, over_cb, &wait->is_over, NULL);
  g_source_attach (clock, wait->context);
  return clock;
}

static void
stop_clock (GSource *clock)
{
  g_source_destroy (clock);
  g_source_unref (clock);
}

/* Returns: (transfer full): always, since whoever is asked gives up, too */
static GAsyncResult *
wait_for_result (Wait *wait)
{
  while (wait->result == NULL)
    g_main_context_iteration (wait->context, TRUE);

  return g_steal_pointer (&wait->result);
}

/* Returns: whether it knows the master */
static gboolean
ask_sentinel (Wait *wait, const DouRedisAddress *address, guint number,
              const DouCheckRedisFuncs *funcs)
{
  GNetworkAddress *sentinel = g_ptr_array_index (address->sentinels, number);
  g_autofree char *port = g_strdup_printf ("%u", (guint) g_network_address_get_port (sentinel));
  g_autofree char *place
      = dou_redis_address_make_place (g_network_address_get_hostname (sentinel), port);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GInetSocketAddress) found = NULL;
  g_autofree char *master = NULL;
  g_autoptr (GError) error = NULL;
  GSource *clock = start_clock (wait);

  dou_redis_locate_async (address, number, cancellable, result_cb, wait);
  while (wait->result == NULL && !wait->is_over)
    g_main_context_iteration (wait->context, TRUE);
  stop_clock (clock);
  if (wait->is_over)
    g_cancellable_cancel (cancellable);

  result = wait_for_result (wait);
  found = dou_redis_locate_finish (result, &error);
  if (wait->is_over)
    {
      g_clear_error (&error);
      error = g_error_new_literal (DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("no answer"));
    }
  master = found != NULL ? dou_redis_locate_describe (found) : NULL;
  funcs->sentinel (place, error == NULL ? master : NULL, error, funcs->user_data);
  return error == NULL;
}

/* Returns: (transfer full) (nullable): the answer */
static GVariant *
ask (Wait *wait, DouRedis *redis, const char *const *words, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dou_redis_command_async (redis, words, result_cb, wait);
  result = wait_for_result (wait);
  return dou_redis_command_finish (redis, result, error);
}

/* HELLO is allowed to everybody, from Redis 6 on. Returns: (transfer full) (nullable) */
static char *
ask_version (Wait *wait, DouRedis *redis)
{
  static const char *const hello[] = { "HELLO", NULL };
  g_autoptr (GVariant) answer = ask (wait, redis, hello, NULL);

  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("av")))
    return NULL;

  for (gsize i = 0; i + 1 < g_variant_n_children (answer); i += 2)
    {
      g_autoptr (GVariant) name = NULL;
      g_autoptr (GVariant) value = NULL;

      g_variant_get_child (answer, i, "v", &name);
      g_variant_get_child (answer, i + 1, "v", &value);
      if (g_variant_is_of_type (name, G_VARIANT_TYPE_STRING)
          && g_str_equal (g_variant_get_string (name, NULL), "version")
          && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
        return g_variant_dup_string (value, NULL);
    }

  return NULL;
}

static gboolean
try_commands (Wait *wait, DouRedis *redis, guint database, GError **error)
{
  g_autofree char *key = g_strdup_printf ("doutok@%u:check:%08x", database, g_random_int ());

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      const char *words[MAX_WORDS];
      g_autoptr (GVariant) answer = NULL;

      for (gsize j = 0; j < MAX_WORDS; j++)
        words[j] = g_strcmp0 (commands[i][j], KEY) == 0 ? key : commands[i][j];
      answer = ask (wait, redis, words, error);
      if (answer == NULL)
        return FALSE;
    }

  return TRUE;
}

static void
heard_cb (DouRedis *redis, GBytes *message, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* Whether what is said on the channel is heard there. */
static gboolean
try_channel (Wait *wait, DouRedis *redis, GError **error)
{
  g_autoptr (GBytes) message = g_bytes_new_static ("check", 5);
  g_autoptr (GAsyncResult) result = NULL;
  gboolean has_heard = FALSE;
  gulong handler_id = g_signal_connect (redis, "heard", G_CALLBACK (heard_cb), &has_heard);
  GSource *clock = start_clock (wait);
  gboolean is_published;

  dou_redis_publish_async (redis, message, result_cb, wait);
  result = wait_for_result (wait);
  is_published = dou_redis_publish_finish (redis, result, error);
  while (is_published && !has_heard && !wait->is_over)
    g_main_context_iteration (wait->context, TRUE);
  stop_clock (clock);
  g_signal_handler_disconnect (redis, handler_id);
  if (is_published && !has_heard)
    g_set_error_literal (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                         _ ("What is published is not heard"));
  return has_heard;
}

/* @has_hope: whether another sentinel may be asked next; else the first trouble is the one. */
static gboolean
wait_until_there (Wait *wait, DouRedis *redis, gboolean has_hope, GError **error)
{
  g_autofree char *first = g_strdup (dou_redis_get_trouble (redis));
  GSource *clock = start_clock (wait);

  while (dou_redis_get_trouble (redis) != NULL && !wait->is_over
         && (has_hope || g_str_equal (dou_redis_get_trouble (redis), first)))
    g_main_context_iteration (wait->context, TRUE);
  stop_clock (clock);
  if (dou_redis_get_trouble (redis) == NULL)
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, dou_redis_get_trouble (redis));
  return FALSE;
}

static void
try_redis (Wait *wait, const DouRedisAddress *address, gboolean has_hope,
           const DouCheckRedisFuncs *funcs)
{
  g_autofree char *channel = g_strdup_printf ("doutok@%u:check:%08x", address->database, g_random_int ());
  g_autofree char *place = dou_redis_address_describe (address);
  g_autoptr (DouRedis) redis = dou_redis_new (address, channel);
  g_autofree char *version = NULL;
  g_autofree char *description = NULL;
  g_autoptr (GError) error = NULL;

  dou_redis_be_quiet (redis);
  if (!wait_until_there (wait, redis, has_hope, &error)
      || !try_commands (wait, redis, address->database, &error)
      || !try_channel (wait, redis, &error))
    {
      funcs->redis (NULL, error, funcs->user_data);
      return;
    }

  version = ask_version (wait, redis);
  description = g_strdup_printf (_ ("Redis %s at %s"), version != NULL ? version : "?", place);
  funcs->redis (description, NULL, funcs->user_data);
}

/**
 * dou_check_redis:
 * @config: the merged configuration
 * @funcs: what is told; nothing without a Redis
 *
 * Waits for some seconds if need be.
 */
void
dou_check_redis (DouConfig *config, const DouCheckRedisFuncs *funcs)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (DouRedisAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  Wait wait = { context, NULL, FALSE };
  gboolean has_hope = FALSE;

  if (!dou_redis_address_load (config, &address, &error))
    {
      funcs->redis (NULL, error, funcs->user_data);
      return;
    }
  if (address == NULL)
    return;

  g_main_context_push_thread_default (context);
  for (guint i = 0; address->sentinels != NULL && i < address->sentinels->len; i++)
    has_hope = ask_sentinel (&wait, address, i, funcs) || has_hope;
  try_redis (&wait, address, has_hope, funcs);
  /* What was let go ends. */
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
}
