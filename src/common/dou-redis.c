/* SPDX-License-Identifier: Apache-2.0 */

/* Redis takes two connections to be used and heard at the same time: what has subscribed to a channel
 * may do nothing else. It counts as there only while both are up, since who does not hear what others
 * say must know. What can be said is said all the same.
 *
 * Where sentinels say which server is the master, a third connection hears from one of them when that
 * changes, though the former one may still be there. It is a help and not needed: without it the change is
 * noticed when the former master is lost, or says that it is none.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-redis-link.h"
#include "common/dou-redis-locate.h"
#include "common/dou-redis.h"

/* Where a sentinel says “MASTER HOST PORT HOST PORT”: where it was, and where it is now. */
#define SWITCH_CHANNEL "+switch-master"
enum { WORD_MASTER, WORD_OLD_HOST, WORD_OLD_PORT, WORD_HOST, WORD_PORT, N_WORDS };

struct _DouRedis
{
  GObject parent_instance;

  char *place;            /* (owned) where it is, for people */
  char *channel;          /* (owned) (nullable) */
  DouRedisLink *speaking; /* (owned) */
  DouRedisLink *hearing;  /* (owned) (nullable) if there is a channel */
  DouRedisLink *watching; /* (owned) (nullable) if there are sentinels */
  DouRedisAddress *address; /* (owned) */
  GCancellable *checking;   /* (owned) (nullable) while a sentinel is asked */
  char *trouble;          /* (owned) (nullable) */
  gboolean was_told;      /* of @trouble */
  gboolean is_quiet;
};

G_DEFINE_FINAL_TYPE (DouRedis, dou_redis, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_HEARD,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_redis_dispose (GObject *object)
{
  DouRedis *self = DOU_REDIS (object);

  g_clear_pointer (&self->speaking, dou_redis_link_free);
  g_clear_pointer (&self->hearing, dou_redis_link_free);
  g_clear_pointer (&self->watching, dou_redis_link_free);
  g_cancellable_cancel (self->checking);
  g_clear_object (&self->checking);

  G_OBJECT_CLASS (dou_redis_parent_class)->dispose (object);
}

static void
dou_redis_finalize (GObject *object)
{
  DouRedis *self = DOU_REDIS (object);

  g_free (self->place);
  g_free (self->channel);
  g_free (self->trouble);
  dou_redis_address_free (self->address);

  G_OBJECT_CLASS (dou_redis_parent_class)->finalize (object);
}

static void
dou_redis_class_init (DouRedisClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_redis_dispose;
  object_class->finalize = dou_redis_finalize;

  /**
   * DouRedis::changed:
   *
   * It is there now, or not any more, or cannot be reached at the start: see
   * dou_redis_get_trouble(). When it is there again, something may not have been heard meanwhile.
   */
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", DOU_TYPE_REDIS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 0);

  /**
   * DouRedis::heard:
   * @message: (type GBytes): what somebody, also this process, has published on the channel
   */
  signals[SIGNAL_HEARD] = g_signal_new ("heard", DOU_TYPE_REDIS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 1, G_TYPE_BYTES);
}

static void
dou_redis_init (DouRedis *self)
{
}

/* Says each outage once, and its end. */
static void
dou_redis_tell (DouRedis *self, const char *reason)
{
  if (self->is_quiet)
    return;

  if (reason != NULL)
    g_warning ("Redis at %s is away: %s", self->place, reason);
  else if (self->was_told)
    g_message ("Redis at %s is back", self->place);
  else
    g_debug ("Redis at %s is there", self->place);
}

/* One link may be down and the other one not have been up yet; that is one outage. */
static void
changed_cb (gpointer user_data)
{
  DouRedis *self = user_data;
  gboolean is_up = dou_redis_link_is_up (self->speaking)
                   && (self->hearing == NULL || dou_redis_link_is_up (self->hearing));
  const char *reason = dou_redis_link_get_trouble (self->speaking);

  if (reason == NULL && self->hearing != NULL)
    reason = dou_redis_link_get_trouble (self->hearing);
  if (!is_up && (reason == NULL || self->was_told))
    return;

  dou_redis_tell (self, is_up ? NULL : reason);
  g_free (self->trouble);
  self->trouble = is_up ? NULL : g_strdup_printf ("Redis at %s: %s", self->place, reason);
  self->was_told = !is_up;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
heard_cb (GBytes *message, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_HEARD], 0, message);
}

static const DouRedisLinkFuncs link_funcs = { changed_cb, heard_cb };

static void
leave (DouRedisLink *link, const char *place)
{
  const char *current = link != NULL ? dou_redis_link_get_place (link) : NULL;
  g_autofree char *left = NULL;

  if (current == NULL || g_str_equal (current, place))
    return;

  left = g_strdup (current);
  dou_redis_link_leave (link, left);
}

/* The master is at @place. */
static void
dou_redis_move (DouRedis *self, const char *place)
{
  g_autoptr (DouRedis) held = g_object_ref (self);

  /* Whoever is told of the first may end it all. */
  leave (self->speaking, place);
  leave (self->hearing, place);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouRedis *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetSocketAddress) place = dou_redis_locate_finish (result, &error);
  g_autofree char *text = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_clear_object (&self->checking);
  if (place == NULL)
    return;

  text = dou_redis_locate_describe (place);
  dou_redis_move (self, text);
}

/* What was said while no sentinel was heard, is asked for. */
static void
watch_changed_cb (gpointer user_data)
{
  DouRedis *self = user_data;

  if (!dou_redis_link_is_up (self->watching))
    {
      g_debug ("A sentinel is away: %s", dou_redis_link_get_trouble (self->watching));
      return;
    }

  g_cancellable_cancel (self->checking);
  g_clear_object (&self->checking);
  self->checking = g_cancellable_new ();
  dou_redis_locate_async (self->address, 0, self->checking, checked_cb, self);
}

static void
watch_heard_cb (GBytes *message, gpointer user_data)
{
  DouRedis *self = user_data;
  gsize length;
  const char *text = g_bytes_get_data (message, &length);
  g_autofree char *line = g_strndup (text, length);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autofree char *place = NULL;

  if (g_strv_length (words) != N_WORDS || !g_str_equal (words[WORD_MASTER], self->address->master))
    return;

  place = dou_redis_address_make_place (words[WORD_HOST], words[WORD_PORT]);
  g_debug ("The master of Redis %s is at %s now", self->place, place);
  dou_redis_move (self, place);
}

static const DouRedisLinkFuncs watch_funcs = { watch_changed_cb, watch_heard_cb };

static void
dou_redis_watch (DouRedis *self)
{
  DouRedisAddress sentinels = { .sentinels = self->address->sentinels };

  self->watching = dou_redis_link_new (&sentinels, SWITCH_CHANNEL, &watch_funcs, self);
}

/**
 * dou_redis_new:
 * @address: where it is
 * @channel: (nullable): what is published to and heard
 *
 * Begins to connect.
 *
 * Returns: (transfer full): a Redis on the thread-default main context
 */
DouRedis *
dou_redis_new (const DouRedisAddress *address, const char *channel)
{
  DouRedis *self = g_object_new (DOU_TYPE_REDIS, NULL);

  self->place = dou_redis_address_describe (address);
  self->address = dou_redis_address_copy (address);
  self->channel = g_strdup (channel);
  self->trouble = g_strdup_printf ("Redis at %s: no answer yet", self->place);
  self->speaking = dou_redis_link_new (address, NULL, &link_funcs, self);
  if (channel != NULL)
    self->hearing = dou_redis_link_new (address, channel, &link_funcs, self);
  if (address->sentinels != NULL)
    dou_redis_watch (self);
  return self;
}

/**
 * dou_redis_be_quiet:
 * @self: a Redis that was just made
 *
 * Nothing is logged of it, for who tells it in another way.
 */
void
dou_redis_be_quiet (DouRedis *self)
{
  g_return_if_fail (DOU_IS_REDIS (self));

  self->is_quiet = TRUE;
}

/**
 * dou_redis_get_trouble:
 * @self: a Redis
 *
 * Returns: (transfer none) (nullable): why it cannot be used now, or %NULL if it can
 */
const char *
dou_redis_get_trouble (DouRedis *self)
{
  g_return_val_if_fail (DOU_IS_REDIS (self), NULL);

  return self->trouble;
}

/**
 * dou_redis_publish_async:
 * @self: a Redis with a channel
 * @message: for all who hear the channel
 * @callback: called when Redis has it
 * @user_data: for @callback
 */
void
dou_redis_publish_async (DouRedis *self, GBytes *message, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  const char *words[3] = { "PUBLISH" };
  gsize lengths[3];
  GTask *task;

  g_return_if_fail (DOU_IS_REDIS (self));
  g_return_if_fail (self->channel != NULL);

  words[1] = self->channel;
  words[2] = g_bytes_get_data (message, &lengths[2]);
  lengths[0] = strlen (words[0]);
  lengths[1] = strlen (words[1]);
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_redis_publish_async);
  dou_redis_link_send (self->speaking, words, lengths, G_N_ELEMENTS (words), task);
}

/**
 * dou_redis_publish_finish:
 * @self: a Redis
 * @result: of dou_redis_publish_async()
 * @error: return location: as for dou_redis_command_finish()
 *
 * Returns: whether Redis has handed it on to whoever was there
 */
gboolean
dou_redis_publish_finish (DouRedis *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_redis_publish_async), FALSE);

  reply = g_task_propagate_pointer (G_TASK (result), error);
  return reply != NULL;
}

/**
 * dou_redis_command_async:
 * @self: a Redis
 * @words: a command and its arguments
 * @callback: called with the answer
 * @user_data: for @callback
 */
void
dou_redis_command_async (DouRedis *self, const char *const *words, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  guint n_words = g_strv_length ((char **) words);
  g_autofree gsize *lengths = g_new (gsize, n_words);
  GTask *task;

  g_return_if_fail (DOU_IS_REDIS (self));

  for (guint i = 0; i < n_words; i++)
    lengths[i] = strlen (words[i]);
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_redis_command_async);
  dou_redis_link_send (self->speaking, (const char **) words, lengths, n_words, task);
}

/**
 * dou_redis_command_finish:
 * @self: a Redis
 * @result: of dou_redis_command_async()
 * @error: return location: %DOU_STATUS_UNAVAILABLE if there is no answer (it may have been carried out
 *   all the same), %DOU_STATUS_INTERNAL if Redis has refused it
 *
 * Returns: (transfer full): the answer: an integer `x`, text `s`, nothing `()`, or several `av`; or %NULL
 */
GVariant *
dou_redis_command_finish (DouRedis *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_redis_command_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
