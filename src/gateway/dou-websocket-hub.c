/* SPDX-License-Identifier: Apache-2.0 */

/* WebSockets live in a thread and a main context of their own. Each turn of a main loop looks at
 * every socket in it: beside 2,000 WebSockets, none of them in use, the gateway answered a fifth of
 * the requests that it answers without.
 *
 * The two threads share nothing but two mailboxes: orders go in, reports come out, both in order.
 * So what is pushed before an answer arrives before it. This side knows who is connected and how
 * often, which spares it the work for everybody else's messages; that is what it counts slots by,
 * too.
 *
 * Nothing here grows without bound: sessions are counted, each has a bounded queue in either
 * direction, and if the thread falls behind by MAX_ORDERS all sessions are closed. Clients come
 * back and ask for what they have missed. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-websocket-hub.h"

/* Orders that may wait for the thread, which needs some 10 µs for each. */
#define MAX_ORDERS 16384

/* RFC 6455, section 7.4.1, and what has been registered since. */
#define CLOSE_GOING_AWAY 1001
#define CLOSE_TRY_AGAIN 1013

struct _DouWebsocketHub
{
  GObject parent_instance;

  DouWebsocketSlots *slots; /* (owned) */
  guint max_sessions;
  guint n_sessions;     /* reserved ones too */
  GHashTable *presence; /* (owned) (element-type gint64 guint) sessions of each user */
  guint64 last_number;
  gboolean is_overrun; /* orders are refused until most are done */
  DouWebsocketFunc func;
  gpointer user_data;
  DouMailbox *reports;        /* (owned) (element-type DouWebsocketReport) */
  DouWebsocketThread *thread; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouWebsocketHub, dou_websocket_hub, G_TYPE_OBJECT)

static void
dou_websocket_hub_add_presence (DouWebsocketHub *self, gint64 user, int n)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->presence, &user)) + (guint) n;

  if (count == 0)
    g_hash_table_remove (self->presence, &user);
  else
    g_hash_table_replace (self->presence, g_memdup2 (&user, sizeof user), GUINT_TO_POINTER (count));
}

static void
report_cb (gpointer item, gpointer user_data)
{
  DouWebsocketHub *self = user_data;
  DouWebsocketReport *report = item;

  if (report->text.text != NULL)
    {
      if (self->func != NULL)
        self->func (self, &report->text, self->user_data);
    }
  else
    {
      dou_websocket_hub_add_presence (self, report->text.user, -1);
      dou_websocket_hub_cancel (self, report->text.user, report->slot);
    }

  dou_websocket_report_free (report);
}

static void
dou_websocket_hub_dispose (GObject *object)
{
  DouWebsocketHub *self = DOU_WEBSOCKET_HUB (object);

  g_clear_pointer (&self->thread, dou_websocket_thread_free);
  g_clear_pointer (&self->reports, dou_mailbox_free);
  g_clear_object (&self->slots);

  G_OBJECT_CLASS (dou_websocket_hub_parent_class)->dispose (object);
}

static void
dou_websocket_hub_finalize (GObject *object)
{
  DouWebsocketHub *self = DOU_WEBSOCKET_HUB (object);

  g_hash_table_unref (self->presence);

  G_OBJECT_CLASS (dou_websocket_hub_parent_class)->finalize (object);
}

static void
dou_websocket_hub_class_init (DouWebsocketHubClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_websocket_hub_dispose;
  object_class->finalize = dou_websocket_hub_finalize;
}

static void
dou_websocket_hub_init (DouWebsocketHub *self)
{
  self->presence = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/**
 * dou_websocket_hub_new:
 * @slots: counts the sessions of a user
 * @limits: what each session is allowed
 * @max_sessions: the most sessions of this gateway
 *
 * Returns: (transfer full): a hub without sessions, on the thread-default main context. When it is
 *   disposed it cuts off those it has
 */
DouWebsocketHub *
dou_websocket_hub_new (DouWebsocketSlots *slots, const DouWebsocketLimits *limits,
                       guint max_sessions)
{
  DouWebsocketHub *self;

  g_return_val_if_fail (DOU_IS_WEBSOCKET_SLOTS (slots), NULL);

  self = g_object_new (DOU_TYPE_WEBSOCKET_HUB, NULL);
  self->slots = g_object_ref (slots);
  self->max_sessions = max_sessions;
  self->reports = dou_mailbox_new (g_main_context_get_thread_default (), report_cb, self,
                                   (GDestroyNotify) dou_websocket_report_free);
  self->thread = dou_websocket_thread_new (limits, self->reports);
  return self;
}

/**
 * dou_websocket_hub_listen:
 * @self: a hub
 * @func: (nullable): called for what clients say, which nobody hears otherwise
 * @user_data: passed to @func
 */
void
dou_websocket_hub_listen (DouWebsocketHub *self, DouWebsocketFunc func, gpointer user_data)
{
  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));

  self->func = func;
  self->user_data = user_data;
}

/* If the thread cannot follow, everybody is sent away, once, and nothing is accepted until it has
 * caught up. */
static gboolean
dou_websocket_hub_can_order (DouWebsocketHub *self)
{
  guint n = dou_websocket_thread_get_n_orders (self->thread);

  if (self->is_overrun)
    self->is_overrun = n > MAX_ORDERS / 2;
  else if (n >= MAX_ORDERS)
    {
      DouWebsocketOrder *order = dou_websocket_order_new (DOU_WEBSOCKET_ORDER_CLOSE_ALL, NULL);

      g_warning ("Too much to tell the WebSockets: closing all of them");
      order->code = CLOSE_TRY_AGAIN;
      dou_websocket_thread_post (self->thread, order);
      self->is_overrun = TRUE;
    }

  return !self->is_overrun;
}

/**
 * dou_websocket_hub_reserve:
 * @self: a hub
 * @user: who wants to have a session
 * @slot: (out): for dou_websocket_hub_add() or dou_websocket_hub_cancel(), one of which is to
 * follow
 *
 * Returns: whether there may be one more
 */
gboolean
dou_websocket_hub_reserve (DouWebsocketHub *self, gint64 user, guint *slot)
{
  g_return_val_if_fail (DOU_IS_WEBSOCKET_HUB (self), FALSE);

  if (self->n_sessions >= self->max_sessions || !dou_websocket_hub_can_order (self)
      || !dou_websocket_slots_take (self->slots, user, slot))
    return FALSE;

  self->n_sessions++;
  return TRUE;
}

/**
 * dou_websocket_hub_cancel:
 * @self: a hub
 * @user: an id
 * @slot: what was reserved for it
 */
void
dou_websocket_hub_cancel (DouWebsocketHub *self, gint64 user, guint slot)
{
  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));
  g_return_if_fail (self->n_sessions > 0);

  self->n_sessions--;
  dou_websocket_slots_give_back (self->slots, user, slot);
}

/**
 * dou_websocket_hub_add:
 * @self: a hub
 * @ticket: of a session that was reserved
 * @fd: (transfer full): a connected socket on which the handshake is done
 */
void
dou_websocket_hub_add (DouWebsocketHub *self, const DouWebsocketTicket *ticket, int fd)
{
  DouWebsocketOrder *order;

  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));

  order = dou_websocket_order_new (DOU_WEBSOCKET_ORDER_ADD, NULL);
  order->number = ++self->last_number;
  order->ticket = *ticket;
  order->fd = fd;
  order->deadline = g_get_monotonic_time () + ticket->lifetime;
  dou_websocket_hub_add_presence (self, ticket->user, 1);
  dou_websocket_thread_post (self->thread, order);
}

/**
 * dou_websocket_hub_has_user:
 * @self: a hub
 * @user: an id
 *
 * Returns: whether @user has a session here
 */
gboolean
dou_websocket_hub_has_user (DouWebsocketHub *self, gint64 user)
{
  g_return_val_if_fail (DOU_IS_WEBSOCKET_HUB (self), FALSE);

  return g_hash_table_contains (self->presence, &user);
}

/**
 * dou_websocket_hub_get_users:
 * @self: a hub
 *
 * Returns: (transfer full) (element-type gint64): who has a session here
 */
GArray *
dou_websocket_hub_get_users (DouWebsocketHub *self)
{
  GArray *users = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer user;

  g_return_val_if_fail (DOU_IS_WEBSOCKET_HUB (self), users);

  g_hash_table_iter_init (&iter, self->presence);
  while (g_hash_table_iter_next (&iter, &user, NULL))
    g_array_append_val (users, *(gint64 *) user);

  return users;
}

/**
 * dou_websocket_hub_get_n_sessions:
 * @self: a hub
 *
 * Returns: how many sessions there are, and are about to be
 */
guint
dou_websocket_hub_get_n_sessions (DouWebsocketHub *self)
{
  g_return_val_if_fail (DOU_IS_WEBSOCKET_HUB (self), 0);

  return self->n_sessions;
}

/**
 * dou_websocket_hub_push:
 * @self: a hub
 * @user: an id
 * @text: for all sessions of @user
 */
void
dou_websocket_hub_push (DouWebsocketHub *self, gint64 user, GBytes *text)
{
  DouWebsocketOrder *order;

  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));

  if (!dou_websocket_hub_has_user (self, user) || !dou_websocket_hub_can_order (self))
    return;

  order = dou_websocket_order_new (DOU_WEBSOCKET_ORDER_PUSH, text);
  order->ticket.user = user;
  dou_websocket_thread_post (self->thread, order);
}

/**
 * dou_websocket_hub_push_to_all:
 * @self: a hub
 * @text: for all sessions
 */
void
dou_websocket_hub_push_to_all (DouWebsocketHub *self, GBytes *text)
{
  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));

  if (self->n_sessions > 0 && dou_websocket_hub_can_order (self))
    dou_websocket_thread_post (self->thread,
                               dou_websocket_order_new (DOU_WEBSOCKET_ORDER_PUSH_TO_ALL, text));
}

/**
 * dou_websocket_hub_answer:
 * @self: a hub
 * @session: of whom a text came; possibly closed meanwhile
 * @text: the answer to it
 */
void
dou_websocket_hub_answer (DouWebsocketHub *self, guint64 session, GBytes *text)
{
  DouWebsocketOrder *order;

  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));

  /* Not refused like a push: there are no more of them than texts that came. */
  order = dou_websocket_order_new (DOU_WEBSOCKET_ORDER_ANSWER, text);
  order->number = session;
  dou_websocket_thread_post (self->thread, order);
}

/**
 * dou_websocket_hub_end_generations:
 * @self: a hub
 * @user: an id
 * @generation: of the password that @user has now
 *
 * Says good-bye to clients that came in under an earlier password.
 */
void
dou_websocket_hub_end_generations (DouWebsocketHub *self, gint64 user, gint64 generation)
{
  DouWebsocketOrder *order;

  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));

  if (!dou_websocket_hub_has_user (self, user))
    return;

  order = dou_websocket_order_new (DOU_WEBSOCKET_ORDER_END_GENERATIONS, NULL);
  order->ticket.user = user;
  order->ticket.generation = generation;
  dou_websocket_thread_post (self->thread, order);
}

/**
 * dou_websocket_hub_close_all:
 * @self: a hub
 *
 * Says good-bye to all clients: the server is about to end.
 */
void
dou_websocket_hub_close_all (DouWebsocketHub *self)
{
  DouWebsocketOrder *order;

  g_return_if_fail (DOU_IS_WEBSOCKET_HUB (self));

  order = dou_websocket_order_new (DOU_WEBSOCKET_ORDER_CLOSE_ALL, NULL);
  order->code = CLOSE_GOING_AWAY;
  dou_websocket_thread_post (self->thread, order);
}
