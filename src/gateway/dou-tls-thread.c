/* SPDX-License-Identifier: Apache-2.0 */

/* Tunnels live here, each on the sources of its own streams, which every turn of this loop looks
 * at. That is why it is not the main loop: those who speak plainly pay nothing for those who do
 * not. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <unistd.h>

#include "gateway/dou-mailbox.h"
#include "gateway/dou-tls-thread.h"
#include "gateway/dou-tls-tunnel.h"

/* What the main loop wants: a client to be served if there is a descriptor, else to hear when there
 * is nothing left to do. */
typedef struct
{
  int fd; /* (owned) or -1 */
  gpointer ticket;
} Order;

/* What the thread has to tell. */
typedef struct
{
  enum
  {
    REPORT_OPENED,
    REPORT_REFUSED,
    REPORT_DRAINED,
  } kind;
  int fd; /* (owned) or -1 */
  gpointer ticket;
} Report;

struct _DouTlsThread
{
  /* Of the main loop. */
  const DouTlsThreadFuncs *funcs; /* (unowned) */
  gpointer user_data;             /* (unowned) */
  DouMailbox *reports;            /* (owned) (element-type Report) */
  DouMailbox *orders;             /* (owned) (element-type Order) */
  GThread *thread;                /* (owned) */

  /* Nobody else's while it runs. */
  GTlsCertificate *certificate; /* (owned) */
  guint timeout;                /* seconds for shaking hands */
  GMainContext *context;        /* (owned) */
  GMainLoop *loop;              /* (owned) */
  GHashTable *clients;          /* (owned) (element-type Client) all that there are */
  gboolean is_draining;
  gboolean is_quitting;
};

typedef struct
{
  DouTlsThread *thread; /* (unowned) */
  DouTlsTunnel *tunnel; /* (owned) (nullable) */
  gpointer ticket;
  gboolean is_open;
} Client;

static void
order_free (Order *order)
{
  if (order->fd >= 0)
    close (order->fd);
  g_free (order);
}

static void
report_free (Report *report)
{
  if (report->fd >= 0)
    close (report->fd);
  g_free (report);
}

static void
client_free (Client *client)
{
  g_clear_pointer (&client->tunnel, dou_tls_tunnel_free);
  g_free (client);
}

/* @fd: (transfer full) */
static void
dou_tls_thread_report (DouTlsThread *self, int kind, int fd, gpointer ticket)
{
  Report *report = g_new (Report, 1);

  *report = (Report){ .kind = kind, .fd = fd, .ticket = ticket };
  dou_mailbox_post (self->reports, report);
}

static void
dou_tls_thread_check_empty (DouTlsThread *self)
{
  if (g_hash_table_size (self->clients) > 0)
    return;
  if (self->is_quitting)
    g_main_loop_quit (self->loop);
  if (!self->is_draining)
    return;

  self->is_draining = FALSE;
  dou_tls_thread_report (self, REPORT_DRAINED, -1, NULL);
}

static void
opened_cb (int fd, gpointer user_data)
{
  Client *client = user_data;

  client->is_open = TRUE;
  dou_tls_thread_report (client->thread, REPORT_OPENED, fd, client->ticket);
}

static void
ended_cb (gpointer user_data)
{
  Client *client = user_data;
  DouTlsThread *self = client->thread;

  if (!client->is_open)
    dou_tls_thread_report (self, REPORT_REFUSED, -1, client->ticket);
  g_hash_table_remove (self->clients, client);
  dou_tls_thread_check_empty (self);
}

static const DouTlsTunnelFuncs tunnel_funcs = { opened_cb, ended_cb };

/* @all: also those who have shaken hands */
static void
dou_tls_thread_abort (DouTlsThread *self, gboolean all)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->clients);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      Client *client = key;

      if (all || !client->is_open)
        dou_tls_tunnel_abort (client->tunnel);
    }
}

static void
order_cb (gpointer item, gpointer user_data)
{
  DouTlsThread *self = user_data;
  Order *order = item;
  g_autoptr (GError) error = NULL;
  Client *client;

  if (order->fd < 0)
    {
      self->is_draining = TRUE;
      dou_tls_thread_abort (self, FALSE);
      dou_tls_thread_check_empty (self);
      order_free (order);
      return;
    }

  client = g_new0 (Client, 1);
  client->thread = self;
  client->ticket = order->ticket;
  g_hash_table_add (self->clients, client);
  client->tunnel = dou_tls_tunnel_new (order->fd, self->certificate, self->timeout, &tunnel_funcs,
                                       client, &error);
  order->fd = -1;
  order_free (order);
  if (client->tunnel == NULL)
    {
      g_warning ("Cannot speak TLS: %s", error->message);
      ended_cb (client);
    }
}

static void
report_cb (gpointer item, gpointer user_data)
{
  DouTlsThread *self = user_data;
  g_autofree Report *report = item;

  switch (report->kind)
    {
    case REPORT_OPENED:
      self->funcs->opened (report->fd, report->ticket, self->user_data);
      break;
    case REPORT_REFUSED:
      self->funcs->refused (report->ticket, self->user_data);
      break;
    case REPORT_DRAINED:
      self->funcs->drained (self->user_data);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gpointer
run_thread (gpointer user_data)
{
  DouTlsThread *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/**
 * dou_tls_thread_new:
 * @certificate: ours, with its key
 * @timeout: seconds in which a client must have shaken hands
 * @funcs: what is told; outlives the thread
 * @user_data: for @funcs
 *
 * Returns: (transfer full): a thread that has no clients
 */
DouTlsThread *
dou_tls_thread_new (GTlsCertificate *certificate,
                    guint timeout,
                    const DouTlsThreadFuncs *funcs,
                    gpointer user_data)
{
  DouTlsThread *self = g_new0 (DouTlsThread, 1);

  self->funcs = funcs;
  self->user_data = user_data;
  self->certificate = g_object_ref (certificate);
  self->timeout = timeout;
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->clients
      = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) client_free, NULL);
  self->reports = dou_mailbox_new (g_main_context_get_thread_default (), report_cb, self,
                                   (GDestroyNotify) report_free);
  self->orders = dou_mailbox_new (self->context, order_cb, self, (GDestroyNotify) order_free);
  self->thread = g_thread_new ("tls", run_thread, self);
  return self;
}

/* What GIO has begun in threads of its own must end before the context goes. */
static gboolean
quit_cb (gpointer user_data)
{
  DouTlsThread *self = user_data;

  self->is_quitting = TRUE;
  dou_tls_thread_abort (self, TRUE);
  dou_tls_thread_check_empty (self);
  return G_SOURCE_REMOVE;
}

/**
 * dou_tls_thread_free:
 * @self: (transfer full): a thread. Its clients are cut off, and nothing is told any more
 */
void
dou_tls_thread_free (DouTlsThread *self)
{
  g_autoptr (GSource) quit = g_idle_source_new ();

  g_source_set_callback (quit, quit_cb, self, NULL);
  g_source_attach (quit, self->context);
  g_thread_join (self->thread);

  dou_mailbox_free (self->orders);
  dou_mailbox_free (self->reports);
  g_hash_table_unref (self->clients);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_object_unref (self->certificate);
  g_free (self);
}

/**
 * dou_tls_thread_take:
 * @self: a thread
 * @fd: (transfer full): a client that has connected
 * @ticket: what it is known by
 */
void
dou_tls_thread_take (DouTlsThread *self, int fd, gpointer ticket)
{
  Order *order = g_new (Order, 1);

  *order = (Order){ fd, ticket };
  dou_mailbox_post (self->orders, order);
}

/**
 * dou_tls_thread_drain:
 * @self: a thread that is given no more clients
 *
 * Asks to be told when all clients have ended: each does when its plain end is closed and it has
 * taken what was written before, within a time limit. Who has not shaken hands is cut off.
 */
void
dou_tls_thread_drain (DouTlsThread *self)
{
  dou_tls_thread_take (self, -1, NULL);
}
