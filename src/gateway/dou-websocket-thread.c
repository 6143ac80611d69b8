/* SPDX-License-Identifier: Apache-2.0 */

/* The thread in which WebSockets live, and the half of a hub that runs there.
 *
 * What one session says is passed on one by one, each when the one before was answered, so that two
 * messages never overtake each other. Sessions do not wait for each other. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <unistd.h>

#include "common/dou-metrics.h"
#include "gateway/dou-websocket-thread.h"

/* What one session has said and nobody has looked at yet: texts, and their bytes. */
#define MAX_WAITING 1024
#define MAX_WAITING_BYTES (256 * 1024)

/* How often tokens and signs of life are looked at, in milliseconds. */
#define CHECK_INTERVAL 500

/* RFC 6455, section 7.4.1, and what it leaves to applications. */
#define CLOSE_POLICY 1008
#define CLOSE_EXPIRED 4001

struct _DouWebsocketThread
{
  DouMailbox *reports; /* (unowned) (element-type DouWebsocketReport) */
  DouMailbox *orders;  /* (owned) (element-type DouWebsocketOrder) */
  GThread *thread;     /* (owned) */

  /* Nobody else's while it runs. */
  DouWebsocketLimits limits;
  GMainContext *context; /* (owned) */
  GMainLoop *loop;       /* (owned) */
  DouMetric *open;       /* (unowned) sessions */
  GHashTable *sessions;  /* (owned) (element-type guint64 Session) by their numbers */
  GHashTable *users;     /* (owned) (element-type gint64 GPtrArray of Session) */
};

typedef struct
{
  DouWebsocketThread *thread;   /* (unowned) */
  DouWebsocketSession *session; /* (owned) */
  guint64 number;
  DouWebsocketTicket ticket;
  gint64 deadline;     /* monotonic time in microseconds */
  gboolean is_heard;   /* a text of it is being answered */
  GQueue waiting;      /* (owned) (element-type GBytes) its next texts */
  gsize waiting_bytes; /* of `waiting` */
} Session;

/**
 * dou_websocket_order_new:
 * @kind: what to do
 * @text: (nullable): with which text
 *
 * Returns: (transfer full): an order
 */
DouWebsocketOrder *
dou_websocket_order_new (DouWebsocketOrderKind kind, GBytes *text)
{
  DouWebsocketOrder *self = g_new0 (DouWebsocketOrder, 1);

  self->kind = kind;
  self->fd = -1;
  self->text = text != NULL ? g_bytes_ref (text) : NULL;
  return self;
}

static void
dou_websocket_order_free (DouWebsocketOrder *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->text, g_bytes_unref);
  g_free (self);
}

void
dou_websocket_report_free (DouWebsocketReport *self)
{
  g_clear_pointer (&self->text.text, g_bytes_unref);
  g_free (self);
}

static void
session_free (Session *self)
{
  g_clear_pointer (&self->session, dou_websocket_session_free);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) g_bytes_unref);
  g_free (self);
}

/* @text: (transfer full) (nullable) */
static void
session_report (Session *self, GBytes *text)
{
  DouWebsocketReport *report = g_new0 (DouWebsocketReport, 1);

  report->text = (DouWebsocketText){ self->number, self->ticket.user, self->ticket.language, text };
  report->slot = self->ticket.slot;
  dou_mailbox_post (self->thread->reports, report);
}

/* What is still to be said by somebody whose login has ended is not done. */
static void
session_close (Session *self, gushort code, const char *reason)
{
  g_queue_clear_full (&self->waiting, (GDestroyNotify) g_bytes_unref);
  self->waiting_bytes = 0;
  dou_websocket_session_close (self->session, code, reason);
}

static void
session_pass_on (Session *self)
{
  GBytes *text = g_queue_pop_head (&self->waiting);

  self->is_heard = text != NULL;
  if (text == NULL)
    return;

  self->waiting_bytes -= g_bytes_get_size (text);
  session_report (self, text);
}

static void
received_cb (DouWebsocketSession *session, const char *text, gsize length, gpointer user_data)
{
  Session *self = user_data;

  if (self->waiting.length >= MAX_WAITING || self->waiting_bytes + length > MAX_WAITING_BYTES)
    {
      session_close (self, CLOSE_POLICY, "too many at once");
      return;
    }

  g_queue_push_tail (&self->waiting, g_bytes_new (text, length));
  self->waiting_bytes += length;
  if (!self->is_heard)
    session_pass_on (self);
}

static void
closed_cb (DouWebsocketSession *session, gpointer user_data)
{
  Session *self = user_data;
  DouWebsocketThread *thread = self->thread;
  GPtrArray *of_user = g_hash_table_lookup (thread->users, &self->ticket.user);

  session_report (self, NULL);
  g_ptr_array_remove_fast (of_user, self);
  if (of_user->len == 0)
    g_hash_table_remove (thread->users, &self->ticket.user);
  g_hash_table_remove (thread->sessions, &self->number);
  dou_metric_set (thread->open, g_hash_table_size (thread->sessions));
}

static const DouWebsocketSessionFuncs session_funcs = { received_cb, closed_cb };

static void
dou_websocket_thread_open (DouWebsocketThread *self, DouWebsocketOrder *order)
{
  Session *session = g_new0 (Session, 1);
  g_autoptr (GError) error = NULL;
  GPtrArray *of_user;

  session->thread = self;
  session->number = order->number;
  session->ticket = order->ticket;
  session->deadline = order->deadline;
  g_queue_init (&session->waiting);
  session->session
      = dou_websocket_session_new (order->fd, &self->limits, &session_funcs, session, &error);
  order->fd = -1;
  if (session->session == NULL)
    {
      g_debug ("%s", error->message);
      session_report (session, NULL);
      session_free (session);
      return;
    }

  g_hash_table_insert (self->sessions, &session->number, session);
  dou_metric_set (self->open, g_hash_table_size (self->sessions));
  of_user = g_hash_table_lookup (self->users, &session->ticket.user);
  if (of_user == NULL)
    {
      of_user = g_ptr_array_new ();
      g_hash_table_insert (self->users, g_memdup2 (&session->ticket.user, sizeof (gint64)),
                           of_user);
    }
  g_ptr_array_add (of_user, session);
}

static void
dou_websocket_thread_give (DouWebsocketThread *self, DouWebsocketOrder *order)
{
  Session *session = g_hash_table_lookup (self->sessions, &order->number);

  if (session == NULL)
    return;

  dou_websocket_session_send (session->session, order->text);
  session_pass_on (session);
}

static void
dou_websocket_thread_for_user (DouWebsocketThread *self, const DouWebsocketOrder *order,
                               void (*func) (Session *session, const DouWebsocketOrder *order))
{
  GPtrArray *of_user = g_hash_table_lookup (self->users, &order->ticket.user);

  for (guint i = 0; of_user != NULL && i < of_user->len; i++)
    func (g_ptr_array_index (of_user, i), order);
}

static void
dou_websocket_thread_for_each (DouWebsocketThread *self,
                               void (*func) (Session *session, const DouWebsocketOrder *order),
                               const DouWebsocketOrder *order)
{
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    func (session, order);
}

static void
send_to_one (Session *session, const DouWebsocketOrder *order)
{
  dou_websocket_session_send (session->session, order->text);
}

static void
end_one (Session *session, const DouWebsocketOrder *order)
{
  if (session->ticket.generation < order->ticket.generation)
    session_close (session, CLOSE_EXPIRED, "password changed");
}

static void
close_one (Session *session, const DouWebsocketOrder *order)
{
  session_close (session, order->code, NULL);
}

/* @order has the present time for a deadline. */
static void
check_one (Session *session, const DouWebsocketOrder *order)
{
  if (order->deadline > session->deadline)
    session_close (session, CLOSE_EXPIRED, "token expired");
  dou_websocket_session_check (session->session, order->deadline);
}

static void
order_cb (gpointer item, gpointer user_data)
{
  DouWebsocketThread *self = user_data;
  DouWebsocketOrder *order = item;

  switch (order->kind)
    {
    case DOU_WEBSOCKET_ORDER_ADD:
      dou_websocket_thread_open (self, order);
      break;
    case DOU_WEBSOCKET_ORDER_PUSH:
      dou_websocket_thread_for_user (self, order, send_to_one);
      break;
    case DOU_WEBSOCKET_ORDER_PUSH_TO_ALL:
      dou_websocket_thread_for_each (self, send_to_one, order);
      break;
    case DOU_WEBSOCKET_ORDER_ANSWER:
      dou_websocket_thread_give (self, order);
      break;
    case DOU_WEBSOCKET_ORDER_END_GENERATIONS:
      dou_websocket_thread_for_user (self, order, end_one);
      break;
    case DOU_WEBSOCKET_ORDER_CLOSE_ALL:
      dou_websocket_thread_for_each (self, close_one, order);
      break;
    case DOU_WEBSOCKET_ORDER_QUIT:
      g_main_loop_quit (self->loop);
      break;
    default:
      g_assert_not_reached ();
    }

  dou_websocket_order_free (order);
}

static gboolean
check_cb (gpointer user_data)
{
  const DouWebsocketOrder check = { .deadline = g_get_monotonic_time () };

  dou_websocket_thread_for_each (user_data, check_one, &check);
  return G_SOURCE_CONTINUE;
}

static gpointer
thread_func (gpointer data)
{
  DouWebsocketThread *self = data;
  g_autoptr (GSource) check = g_timeout_source_new (CHECK_INTERVAL);

  g_main_context_push_thread_default (self->context);
  g_source_set_callback (check, check_cb, self, NULL);
  g_source_attach (check, self->context);
  g_main_loop_run (self->loop);

  g_hash_table_remove_all (self->users);
  g_hash_table_remove_all (self->sessions);
  g_source_destroy (check);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/**
 * dou_websocket_thread_new:
 * @limits: what each session is allowed
 * @reports: (element-type DouWebsocketReport): takes what happens; outlives the thread
 *
 * Returns: (transfer full): a thread that runs, without sessions
 */
DouWebsocketThread *
dou_websocket_thread_new (const DouWebsocketLimits *limits, DouMailbox *reports)
{
  DouWebsocketThread *self = g_new0 (DouWebsocketThread, 1);

  self->reports = reports;
  self->limits = *limits;
  self->open = dou_metrics_get ("doutok_websockets", "");
  self->sessions
      = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) session_free);
  self->users = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                       (GDestroyNotify) g_ptr_array_unref);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->orders
      = dou_mailbox_new (self->context, order_cb, self, (GDestroyNotify) dou_websocket_order_free);
  self->thread = g_thread_new ("dou-websockets", thread_func, self);
  return self;
}

/**
 * dou_websocket_thread_free:
 * @self: (transfer full): a thread, which ends, and cuts off its sessions
 */
void
dou_websocket_thread_free (DouWebsocketThread *self)
{
  dou_mailbox_post (self->orders, dou_websocket_order_new (DOU_WEBSOCKET_ORDER_QUIT, NULL));
  g_thread_join (self->thread);
  dou_mailbox_free (self->orders);
  g_hash_table_unref (self->sessions);
  g_hash_table_unref (self->users);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self);
}

/**
 * dou_websocket_thread_post:
 * @self: a thread
 * @order: (transfer full): what to do, after all that was posted before
 */
void
dou_websocket_thread_post (DouWebsocketThread *self, DouWebsocketOrder *order)
{
  dou_mailbox_post (self->orders, order);
}

/**
 * dou_websocket_thread_get_n_orders:
 * @self: a thread
 *
 * Returns: how many orders wait
 */
guint
dou_websocket_thread_get_n_orders (DouWebsocketThread *self)
{
  return dou_mailbox_get_length (self->orders);
}
