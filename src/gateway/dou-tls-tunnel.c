/* SPDX-License-Identifier: Apache-2.0 */

/* TLS is GIO's, on streams; the gateway's connections are sockets in one epoll set. Between the two
 * stands a socket pair: what a client sends is deciphered and written into it, and what the gateway
 * writes is enciphered and sent. So nothing behind it knows of TLS, neither uploads nor media nor
 * WebSockets, and their limits hold: who does not read fills the pair, and then the gateway sees
 * that nothing moves.
 *
 * Each direction holds at most one piece that did not fit; an idle tunnel holds none.
 *
 * The gateway's end closes the tunnel: the client still gets what was written before, if it takes
 * it soon. The client's end is passed on as the end of what it sends; its being gone, as being gone.
 *
 * Rejected: TLS on the gateway's own loop (a handshake takes as long as forty requests, and GIO's
 * sources cost every turn of the loop), a library on the bare socket (GIO's is the one that the
 * system keeps up to date for us, with its policy). */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/dou-status.h"
#include "gateway/dou-tls-tunnel.h"

/* One record of TLS. */
#define PIECE_SIZE (16 * 1024)
/* Pieces that one direction moves before others have their turn. */
#define MAX_PIECES 16
/* Seconds that a client has to take what is left after the gateway has closed. */
#define LINGER_TIMEOUT 5

/* One direction. */
typedef struct
{
  DouTlsTunnel *tunnel;       /* (unowned) */
  GPollableInputStream *in;   /* (unowned) */
  GPollableOutputStream *out; /* (unowned) */
  GBytes *rest;               /* (owned) (nullable) what did not fit */
  GSource *source;            /* (owned) (nullable) waits for bytes or for room */
  void (*end) (DouTlsTunnel *tunnel, gboolean is_broken);
} Pump;

struct _DouTlsTunnel
{
  const DouTlsTunnelFuncs *funcs; /* (unowned) */
  gpointer user_data;             /* (unowned) */
  GCancellable *cancellable;      /* (owned) of shaking hands and of closing */
  GSource *timeout;               /* (owned) (nullable) of the same */
  GSource *gone;                  /* (owned) (nullable) while the client is to take something */
  gboolean is_ending;

  GSocket *client_socket;   /* (owned) */
  GIOStream *client;        /* (owned) speaks TLS */
  GSocket *plain_socket;    /* (owned) (nullable) once open */
  GIOStream *plain;         /* (owned) (nullable) once open */
  Pump to_plain, to_client; /* (owned) */
};

static void pump_run (Pump *pump);

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
pump_clear (Pump *pump)
{
  clear_source (&pump->source);
  g_clear_pointer (&pump->rest, g_bytes_unref);
}

/**
 * dou_tls_tunnel_free:
 * @self: (transfer full): a tunnel that has ended
 */
void
dou_tls_tunnel_free (DouTlsTunnel *self)
{
  pump_clear (&self->to_plain);
  pump_clear (&self->to_client);
  clear_source (&self->timeout);
  clear_source (&self->gone);
  g_clear_object (&self->plain);
  g_clear_object (&self->plain_socket);
  g_clear_object (&self->client);
  g_clear_object (&self->client_socket);
  g_clear_object (&self->cancellable);
  g_free (self);
}

/* Whatever waits for the client finds that it is gone. */
static void
dou_tls_tunnel_give_up (DouTlsTunnel *self)
{
  clear_source (&self->timeout);
  g_cancellable_cancel (self->cancellable);
  g_socket_shutdown (self->client_socket, TRUE, TRUE, NULL);
}

static gboolean
timeout_cb (gpointer user_data)
{
  dou_tls_tunnel_give_up (user_data);
  return G_SOURCE_REMOVE;
}

static void
dou_tls_tunnel_set_timeout (DouTlsTunnel *self, guint seconds)
{
  clear_source (&self->timeout);
  self->timeout = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (self->timeout, timeout_cb, self, NULL);
  g_source_attach (self->timeout, g_main_context_get_thread_default ());
}

static void
dou_tls_tunnel_end (DouTlsTunnel *self)
{
  pump_clear (&self->to_plain);
  pump_clear (&self->to_client);
  clear_source (&self->timeout);
  clear_source (&self->gone);
  if (self->plain_socket != NULL)
    g_socket_close (self->plain_socket, NULL);
  g_socket_close (self->client_socket, NULL);
  self->funcs->ended (self->user_data);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouTlsTunnel *self = user_data;

  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  dou_tls_tunnel_end (self);
}

/* Says good-bye in the way of TLS, so that the client knows that nothing is missing. */
static void
dou_tls_tunnel_close (DouTlsTunnel *self)
{
  if (self->is_ending)
    return;

  self->is_ending = TRUE;
  clear_source (&self->gone);
  pump_clear (&self->to_plain);
  pump_clear (&self->to_client);
  if (!g_cancellable_is_cancelled (self->cancellable))
    dou_tls_tunnel_set_timeout (self, LINGER_TIMEOUT);
  g_io_stream_close_async (self->client, G_PRIORITY_DEFAULT, self->cancellable, closed_cb, self);
}

/* The client sends no more. */
static void
client_ended (DouTlsTunnel *self, gboolean is_broken)
{
  if (is_broken)
    dou_tls_tunnel_close (self);
  else
    g_socket_shutdown (self->plain_socket, FALSE, TRUE, NULL);
}

/* The gateway has closed, and all of what it wrote is on its way. */
static void
plain_ended (DouTlsTunnel *self, gboolean is_broken)
{
  dou_tls_tunnel_close (self);
}

static gboolean
pump_cb (GObject *stream, gpointer user_data)
{
  Pump *pump = user_data;

  clear_source (&pump->source);
  pump_run (pump);
  return G_SOURCE_REMOVE;
}

/* @source: (transfer full) */
static void
pump_wait (Pump *pump, GSource *source)
{
  g_assert (pump->source == NULL);

  pump->source = source;
  g_source_set_callback (source, G_SOURCE_FUNC (pump_cb), pump, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* The gateway has closed while the client was still to take something. */
static gboolean
gone_cb (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  DouTlsTunnel *self = user_data;

  clear_source (&self->gone);
  dou_tls_tunnel_set_timeout (self, LINGER_TIMEOUT);
  return G_SOURCE_REMOVE;
}

/* Nothing is read from the gateway's end meanwhile, so that nobody would see that it is closed. */
static void
dou_tls_tunnel_watch_gone (DouTlsTunnel *self)
{
  if (self->gone != NULL || self->timeout != NULL)
    return;

  self->gone = g_socket_create_source (self->plain_socket, G_IO_HUP, NULL);
  g_source_set_callback (self->gone, G_SOURCE_FUNC (gone_cb), self, NULL);
  g_source_attach (self->gone, g_main_context_get_thread_default ());
}

/* Returns: whether all of it went out */
static gboolean
pump_write (Pump *pump, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  gssize n = 0;

  while (length > 0
         && (n = g_pollable_output_stream_write_nonblocking (pump->out, data, length, NULL, &error))
                > 0)
    {
      data += n;
      length -= (gsize) n;
    }

  if (length == 0)
    return TRUE;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      pump->end (pump->tunnel, TRUE);
      return FALSE;
    }

  pump->rest = g_bytes_new (data, length);
  pump_wait (pump, g_pollable_output_stream_create_source (pump->out, NULL));
  if (pump == &pump->tunnel->to_client)
    dou_tls_tunnel_watch_gone (pump->tunnel);
  return FALSE;
}

/* Returns: whether there may be more */
static gboolean
pump_read (Pump *pump)
{
  g_autoptr (GError) error = NULL;
  guint8 piece[PIECE_SIZE];
  gssize n = g_pollable_input_stream_read_nonblocking (pump->in, piece, sizeof piece, NULL, &error);

  if (n > 0)
    return pump_write (pump, piece, (gsize) n);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    pump_wait (pump, g_pollable_input_stream_create_source (pump->in, NULL));
  else
    pump->end (pump->tunnel, n < 0);
  return FALSE;
}

static void
pump_run (Pump *pump)
{
  g_autoptr (GBytes) rest = g_steal_pointer (&pump->rest);
  gsize length;
  const guint8 *data;

  if (rest != NULL)
    {
      data = g_bytes_get_data (rest, &length);
      if (!pump_write (pump, data, length))
        return;
      if (pump == &pump->tunnel->to_client)
        clear_source (&pump->tunnel->gone);
    }

  for (guint i = 0; i < MAX_PIECES; i++)
    if (!pump_read (pump))
      return;

  pump_wait (pump, g_pollable_input_stream_create_source (pump->in, NULL));
}

static void
pump_init (Pump *pump,
           DouTlsTunnel *tunnel,
           GIOStream *from,
           GIOStream *to,
           void (*end) (DouTlsTunnel *, gboolean))
{
  pump->tunnel = tunnel;
  pump->in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (from));
  pump->out = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (to));
  pump->end = end;
}

/* Returns: (transfer full): the other end of the pair, or -1 */
static int
dou_tls_tunnel_make_pair (DouTlsTunnel *self)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
    return -1;

  self->plain_socket = g_socket_new_from_fd (fds[0], NULL);
  if (self->plain_socket == NULL)
    {
      close (fds[0]);
      close (fds[1]);
      return -1;
    }

  self->plain
      = G_IO_STREAM (g_socket_connection_factory_create_connection (self->plain_socket));
  return fds[1];
}

static void
shaken_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouTlsTunnel *self = user_data;
  g_autoptr (GError) error = NULL;
  int fd = -1;

  clear_source (&self->timeout);
  if (!g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    g_debug ("A client could not shake hands: %s", error->message);
  else
    fd = dou_tls_tunnel_make_pair (self);

  if (fd < 0)
    {
      dou_tls_tunnel_end (self);
      return;
    }

  self->funcs->opened (fd, self->user_data);
  pump_init (&self->to_plain, self, self->client, self->plain, client_ended);
  pump_init (&self->to_client, self, self->plain, self->client, plain_ended);
  pump_run (&self->to_plain);
  if (!self->is_ending)
    pump_wait (&self->to_client,
               g_pollable_input_stream_create_source (self->to_client.in, NULL));
}

/**
 * dou_tls_tunnel_new:
 * @fd: (transfer full): of a client that has connected
 * @certificate: ours, with its key
 * @timeout: seconds in which it must have shaken hands
 * @funcs: what becomes of it; outlives the tunnel
 * @user_data: for @funcs
 * @error: return location
 *
 * Returns: (transfer full): a tunnel on the thread-default main context, or %NULL
 */
DouTlsTunnel *
dou_tls_tunnel_new (int fd,
                    GTlsCertificate *certificate,
                    guint timeout,
                    const DouTlsTunnelFuncs *funcs,
                    gpointer user_data,
                    GError **error)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);
  g_autoptr (GIOStream) base = NULL;
  g_autoptr (GIOStream) client = NULL;
  DouTlsTunnel *self;
  const int on = 1;

  if (socket == NULL)
    {
      close (fd);
      return NULL;
    }

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  base = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  client = g_tls_server_connection_new (base, certificate, error);
  if (client == NULL)
    return NULL;

  /* Phones that are switched off do not say good-bye. Every answer tells its length. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (client), FALSE);
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (client), protocols);

  self = g_new0 (DouTlsTunnel, 1);
  self->funcs = funcs;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->client_socket = g_steal_pointer (&socket);
  self->client = g_steal_pointer (&client);
  dou_tls_tunnel_set_timeout (self, timeout);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->client), G_PRIORITY_DEFAULT,
                                    self->cancellable, shaken_cb, self);
  return self;
}

/**
 * dou_tls_tunnel_abort:
 * @self: a tunnel
 *
 * Cuts it off. It ends soon.
 */
void
dou_tls_tunnel_abort (DouTlsTunnel *self)
{
  dou_tls_tunnel_give_up (self);
  if (self->plain != NULL)
    dou_tls_tunnel_close (self);
}
