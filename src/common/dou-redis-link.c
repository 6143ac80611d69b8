/* SPDX-License-Identifier: Apache-2.0 */

/* A connection that comes back.
 *
 *     waiting ──▶ connecting: locate, connect, AUTH, SELECT, first PING ────────────▶ up
 *        ▲                                  │                                         │
 *        └────────────── any error, or no answer within ANSWER_TIMEOUT ◀──────────────┘
 *
 * A server that hangs keeps its connections, and accepts new ones, so that only silence tells. hiredis
 * knows no time limits; here a PING is always either under way or about to be sent. On a connection that
 * has subscribed, answers to PING get lost in hiredis; to subscribe once more to the same channel is
 * answered, and changes nothing.
 *
 * Where sentinels say which server is the master, they are asked before each attempt, and the server must
 * itself say that it is one (ROLE): sentinels may be late, and a server that was demoted would take what is
 * published and keep it from those who listen to the new one. ROLE also stands for PING there. When a
 * server is demoted while it lives, Sentinel cuts its connections; if it cannot reach it, what it announces
 * makes the link leave.
 *
 * hiredis frees a connection by itself when it is lost, and afterwards only calls back. A connection
 * whose `data` is NULL is nobody's any more.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-redis-link.h"
#include "common/dou-redis-locate.h"
#include "common/dou-redis-reply.h"
#include "common/dou-redis-source.h"
#include "common/dou-status.h"

/* Milliseconds. A server that hangs is noticed after the sum of both; one that is busy with a slow command
 * answers within the second. */
#define PING_INTERVAL 1000
#define ANSWER_TIMEOUT 3000

/* Milliseconds between attempts: from one to the other, doubled each time. A server that was restarted
 * is found again soon, and one that is gone costs nothing. */
#define MIN_BACK_OFF 100
#define MAX_BACK_OFF 2000

/* Microseconds in which a server that is no longer the master is not believed to be it. Sentinels tell each other
 * every two seconds; and it may become the master again. */
#define LEFT_TIME (10 * G_USEC_PER_SEC)

/* Commands under way: more than all callers together have use for, unless it hangs. */
#define MAX_PENDING 1024

typedef enum
{
  STATE_WAITING,
  STATE_CONNECTING,
  STATE_UP,
} State;

struct _DouRedisLink
{
  DouRedisAddress *address; /* (owned) */
  char *channel;            /* (owned) (nullable) what is heard */
  DouRedisLinkFuncs funcs;
  gpointer user_data;       /* (unowned) */

  State state;
  char *trouble;             /* (owned) (nullable) why it is not up */
  redisAsyncContext *redis;  /* (owned by hiredis) (nullable) */
  GCancellable *resolving;   /* (owned) (nullable) */
  GMainContext *context;     /* (owned) (nullable) */
  GSource *timer;            /* (owned) (nullable) when this state ends, or what it does next */
  guint back_off;            /* milliseconds until the next attempt */
  guint n_attempts;
  guint n_asked;             /* sentinels in this attempt that did not know it */
  gboolean has_failed;       /* since it was last up */
  gboolean has_authenticated;
  gboolean has_selected;
  gboolean is_master;        /* the server has said so */
  char *place;               /* (owned) (nullable) where it is */
  char *left;                /* (owned) (nullable) where the master is not any more */
  gint64 left_until;         /* monotonic time until which that is known */
  guint n_pending;
};

static void link_connect (DouRedisLink *self);
static void link_greet (DouRedisLink *self);
static void link_ping (DouRedisLink *self);

static void
link_stop_timer (DouRedisLink *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
link_start_timer (DouRedisLink *self, guint milliseconds, GSourceFunc func)
{
  link_stop_timer (self);
  self->timer = g_timeout_source_new (milliseconds);
  g_source_set_callback (self->timer, func, self, NULL);
  g_source_attach (self->timer, self->context);
}

static gboolean
connect_cb (gpointer user_data)
{
  link_connect (user_data);
  return G_SOURCE_REMOVE;
}

/* Whoever waits for an answer is told so by hiredis. */
static void
link_let_go (DouRedisLink *self)
{
  redisAsyncContext *redis = g_steal_pointer (&self->redis);

  if (redis == NULL)
    return;

  redis->data = NULL;
  redisAsyncFree (redis);
}

static void
link_fail (DouRedisLink *self, const char *reason)
{
  gboolean is_news = !self->has_failed;

  g_free (self->trouble);
  /* Where there is a choice, people want to know which one. */
  self->trouble = self->address->master != NULL && self->place != NULL
                      ? g_strdup_printf ("%s: %s", self->place, reason)
                      : g_strdup (reason);
  self->state = STATE_WAITING;
  self->has_failed = TRUE;
  self->n_asked = 0;
  g_cancellable_cancel (self->resolving);
  g_clear_object (&self->resolving);
  link_start_timer (self, self->back_off, connect_cb);
  self->back_off = MIN (self->back_off * 2, MAX_BACK_OFF);
  link_let_go (self);
  /* Last, since it may be the end of the link. */
  if (is_news)
    self->funcs.changed (self->user_data);
}

static gboolean
no_answer_cb (gpointer user_data)
{
  g_autofree char *reason = g_strdup_printf ("no answer for %d seconds", ANSWER_TIMEOUT / 1000);

  link_fail (user_data, reason);
  return G_SOURCE_REMOVE;
}

static gboolean
ping_cb (gpointer user_data)
{
  DouRedisLink *self = user_data;

  link_start_timer (self, ANSWER_TIMEOUT, no_answer_cb);
  link_ping (self);
  return G_SOURCE_REMOVE;
}

static void
link_answered (DouRedisLink *self)
{
  gboolean is_news = self->state != STATE_UP;

  self->state = STATE_UP;
  self->n_asked = 0;
  self->has_failed = FALSE;
  self->back_off = MIN_BACK_OFF;
  g_clear_pointer (&self->trouble, g_free);
  link_start_timer (self, PING_INTERVAL, ping_cb);
  if (is_news)
    self->funcs.changed (self->user_data);
}

/* An answer of the one kind that is none: it also comes when the connection is lost, which is told in
 * another way. */
static gboolean
is_answer (redisAsyncContext *redis, const redisReply *reply)
{
  DouRedisLink *self = redis->data;

  if (self == NULL || reply == NULL)
    return FALSE;
  if (reply->type != REDIS_REPLY_ERROR)
    return TRUE;

  link_fail (self, reply->str);
  return FALSE;
}

static void
authenticated_cb (redisAsyncContext *redis, void *reply, void *data)
{
  DouRedisLink *self = redis->data;

  if (!is_answer (redis, reply))
    return;

  self->has_authenticated = TRUE;
  link_greet (self);
}

static void
selected_cb (redisAsyncContext *redis, void *reply, void *data)
{
  DouRedisLink *self = redis->data;

  if (!is_answer (redis, reply))
    return;

  self->has_selected = TRUE;
  link_greet (self);
}

static void
ponged_cb (redisAsyncContext *redis, void *reply, void *data)
{
  if (is_answer (redis, reply))
    link_answered (redis->data);
}

/* ["master", …], ["slave", …] or ["sentinel", …] */
static void
role_cb (redisAsyncContext *redis, void *data, void *user_data)
{
  DouRedisLink *self = redis->data;
  const redisReply *reply = data;

  if (!is_answer (redis, reply))
    return;

  if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 && reply->element[0]->str != NULL
      && g_str_equal (reply->element[0]->str, "master"))
    {
      self->is_master = TRUE;
      if (self->channel != NULL)
        link_ping (self);
      else
        link_answered (self);
    }
  else
    link_fail (self, "not a master");
}

/* ["subscribe", channel, number] or ["message", channel, text] */
static void
heard_cb (redisAsyncContext *redis, void *data, void *user_data)
{
  DouRedisLink *self = redis->data;
  const redisReply *reply = data;
  g_autoptr (GBytes) message = NULL;

  if (!is_answer (redis, reply) || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3
      || reply->element[0]->str == NULL)
    return;

  if (g_str_equal (reply->element[0]->str, "subscribe"))
    {
      link_answered (self);
      return;
    }
  if (!g_str_equal (reply->element[0]->str, "message") || reply->element[2]->str == NULL)
    return;

  message = g_bytes_new (reply->element[2]->str, (gsize) reply->element[2]->len);
  self->funcs.heard (message, self->user_data);
}

static void
link_ping (DouRedisLink *self)
{
  if (self->address->master != NULL && (self->channel == NULL || !self->is_master))
    redisAsyncCommand (self->redis, role_cb, NULL, "ROLE");
  else if (self->channel != NULL)
    redisAsyncCommand (self->redis, heard_cb, NULL, "SUBSCRIBE %s", self->channel);
  else
    redisAsyncCommand (self->redis, ponged_cb, NULL, "PING");
}

/* The next thing to say before it may be used. */
static void
link_greet (DouRedisLink *self)
{
  const DouRedisAddress *address = self->address;

  if (address->password != NULL && !self->has_authenticated && address->user != NULL)
    redisAsyncCommand (self->redis, authenticated_cb, NULL, "AUTH %s %s", address->user,
                       address->password);
  else if (address->password != NULL && !self->has_authenticated)
    redisAsyncCommand (self->redis, authenticated_cb, NULL, "AUTH %s", address->password);
  else if (address->database != 0 && !self->has_selected)
    redisAsyncCommand (self->redis, selected_cb, NULL, "SELECT %u", address->database);
  else
    link_ping (self);
}

static void
connected_cb (const redisAsyncContext *redis, int status)
{
  DouRedisLink *self = redis->data;

  if (self == NULL)
    return;

  if (status == REDIS_OK)
    {
      link_greet (self);
      return;
    }

  /* hiredis frees it when this returns. */
  self->redis = NULL;
  link_fail (self, redis->errstr);
}

static void
disconnected_cb (const redisAsyncContext *redis, int status)
{
  DouRedisLink *self = redis->data;

  if (self == NULL)
    return;

  self->redis = NULL;
  link_fail (self, redis->errstr != NULL && *redis->errstr != '\0' ? redis->errstr
                                                                   : "the connection was closed");
}

static void
link_open (DouRedisLink *self, redisAsyncContext *redis)
{
  if (redis == NULL || redis->err != 0)
    {
      link_fail (self, redis != NULL ? redis->errstr : "out of memory");
      if (redis != NULL)
        redisAsyncFree (redis);
      return;
    }

  self->redis = redis;
  self->has_authenticated = FALSE;
  self->has_selected = FALSE;
  self->is_master = FALSE;
  self->n_pending = 0;
  redis->data = self;
  dou_redis_source_attach (redis, self->context);
  redisAsyncSetDisconnectCallback (redis, disconnected_cb);
  redisAsyncSetConnectCallback (redis, connected_cb);
}

/* Right after a failover some sentinels may not have heard of it yet. */
static gboolean
link_has_left (DouRedisLink *self, const char *place)
{
  return self->left != NULL && g_str_equal (place, self->left)
         && g_get_monotonic_time () < self->left_until;
}

/* That one sentinel is away is no outage while there are others: all of them are asked in one attempt. */
static gboolean
link_ask_next (DouRedisLink *self)
{
  guint n_sentinels = self->address->sentinels != NULL ? self->address->sentinels->len : 0;

  if (++self->n_asked >= n_sentinels)
    return FALSE;

  link_connect (self);
  return TRUE;
}

/* The link may be gone when this is called. */
static void
located_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouRedisLink *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetSocketAddress) place = dou_redis_locate_finish (result, &error);
  g_autofree char *host = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_clear_object (&self->resolving);
  if (place == NULL)
    {
      if (!link_ask_next (self))
        link_fail (self, error->message);
      return;
    }

  g_free (self->place);
  self->place = dou_redis_locate_describe (place);
  if (link_has_left (self, self->place))
    {
      link_fail (self, "the master has moved");
      return;
    }

  host = g_inet_address_to_string (g_inet_socket_address_get_address (place));
  link_start_timer (self, ANSWER_TIMEOUT, no_answer_cb);
  link_open (self, redisAsyncConnect (host, g_inet_socket_address_get_port (place)));
}

static void
link_connect (DouRedisLink *self)
{
  self->state = STATE_CONNECTING;
  g_clear_pointer (&self->place, g_free);
  link_start_timer (self, ANSWER_TIMEOUT, no_answer_cb);
  if (self->address->path != NULL)
    {
      link_open (self, redisAsyncConnectUnix (self->address->path));
      return;
    }

  self->resolving = g_cancellable_new ();
  g_main_context_push_thread_default (self->context);
  dou_redis_locate_async (self->address, self->n_attempts++, self->resolving, located_cb, self);
  g_main_context_pop_thread_default (self->context);
}

/**
 * dou_redis_link_new:
 * @address: where to
 * @channel: (nullable): what to hear; without one, to send commands
 * @funcs: what is called; never from here
 * @user_data: for @funcs
 *
 * Begins to connect, on the thread-default main context of the caller.
 *
 * Returns: (transfer full): a link that is not up yet
 */
DouRedisLink *
dou_redis_link_new (const DouRedisAddress *address, const char *channel,
                    const DouRedisLinkFuncs *funcs, gpointer user_data)
{
  DouRedisLink *self = g_new0 (DouRedisLink, 1);

  self->address = dou_redis_address_copy (address);
  self->channel = g_strdup (channel);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->back_off = MIN_BACK_OFF;
  link_start_timer (self, 0, connect_cb);
  return self;
}

/**
 * dou_redis_link_free:
 * @self: (transfer full): a link
 *
 * Commands under way fail.
 */
void
dou_redis_link_free (DouRedisLink *self)
{
  link_stop_timer (self);
  g_cancellable_cancel (self->resolving);
  g_clear_object (&self->resolving);
  link_let_go (self);
  g_main_context_unref (self->context);
  dou_redis_address_free (self->address);
  g_free (self->channel);
  g_free (self->place);
  g_free (self->left);
  g_free (self->trouble);
  g_free (self);
}

/**
 * dou_redis_link_is_up:
 * @self: a link
 *
 * Returns: whether it works
 */
gboolean
dou_redis_link_is_up (DouRedisLink *self)
{
  return self->state == STATE_UP;
}

/**
 * dou_redis_link_get_trouble:
 * @self: a link
 *
 * Returns: (transfer none) (nullable): why it is not up; %NULL if it is, or that is not known yet
 */
const char *
dou_redis_link_get_trouble (DouRedisLink *self)
{
  return self->trouble;
}

/**
 * dou_redis_link_get_place:
 * @self: a link
 *
 * Returns: (transfer none) (nullable): the address of the server, if it has one and that is known
 */
const char *
dou_redis_link_get_place (DouRedisLink *self)
{
  return self->place;
}

/**
 * dou_redis_link_leave:
 * @self: a link to a master
 * @place: where that is not any more
 *
 * If the link is there, it is made again, elsewhere.
 */
void
dou_redis_link_leave (DouRedisLink *self, const char *place)
{
  g_free (self->left);
  self->left = g_strdup (place);
  self->left_until = g_get_monotonic_time () + LEFT_TIME;
  if (self->state != STATE_WAITING && g_strcmp0 (self->place, place) == 0)
    link_fail (self, "the master has moved");
}

/* A command that was lost with its connection may have been carried out, or not. */
static void
replied_cb (redisAsyncContext *redis, void *data, void *user_data)
{
  DouRedisLink *self = redis->data;
  g_autoptr (GTask) task = user_data;
  const redisReply *reply = data;

  if (self != NULL)
    self->n_pending--;

  if (reply != NULL && dou_redis_reply_is_read_only (reply))
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "Redis: %s", reply->str);
      /* That may have been the end of it. */
      self = redis->data;
      if (self != NULL && self->address->master != NULL)
        link_fail (self, reply->str);
    }
  else if (reply == NULL)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                             "the connection to Redis was lost");
  else if (reply->type == REDIS_REPLY_ERROR)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_INTERNAL, "Redis: %s", reply->str);
  else
    g_task_return_pointer (task, g_variant_ref_sink (dou_redis_reply_to_variant (reply)),
                           (GDestroyNotify) g_variant_unref);
}

/**
 * dou_redis_link_send:
 * @self: a link without a channel
 * @words: (array length=n_words): a command and its arguments
 * @lengths: (array length=n_words): bytes of each
 * @n_words: how many
 * @task: (transfer full): is given the answer, a #GVariant: an integer `x`, text `s`, nothing `()`, or
 *   several `av`; or an error: %DOU_STATUS_UNAVAILABLE, also if the answer was lost, or
 *   %DOU_STATUS_INTERNAL for what Redis refused
 */
void
dou_redis_link_send (DouRedisLink *self, const char **words, const gsize *lengths, guint n_words,
                     GTask *task)
{
  if (self->state == STATE_UP && self->n_pending < MAX_PENDING
      && redisAsyncCommandArgv (self->redis, replied_cb, task, (int) n_words, words, lengths)
             == REDIS_OK)
    {
      self->n_pending++;
      return;
    }

  g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "Redis: %s",
                           self->trouble != NULL      ? self->trouble
                           : self->state == STATE_UP ? "too many commands at once"
                                                      : "no answer yet");
  g_object_unref (task);
}
