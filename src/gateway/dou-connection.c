/* SPDX-License-Identifier: Apache-2.0 */

/* One client's connection, from accept() to close().
 *
 * What is read ahead of a request stays here, so that nothing is lost when several requests come in
 * one piece. A buffer exists only while there is something in it: an idle connection is this
 * structure and what the kernel keeps.
 *
 * Whoever closes a socket that still has unread bytes makes the kernel send a reset, which may
 * overtake the answer. So a connection on which the client may still be sending lingers: our side
 * is shut down, and what comes is thrown away until the client has seen that, within limits. */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/dou-metrics.h"
#include "gateway/dou-connection.h"
#include "gateway/dou-request-private.h"

/* Holds the heads that phones send, and grows for others. */
#define FIRST_INPUT_SIZE 2048
/* Bytes that are thrown away at once, and how often in one turn of the main loop. */
#define WASTE_SIZE (64 * 1024)
#define MAX_WASTES 4
/* Bytes that a client may go on sending after its answer. */
#define MAX_THROWN (64 * 1024 * 1024)
/* Bytes that a client must move each time that it is asked. With the default limits of 15 s for
 * reading and 75 s for writing that is 1.1 kB/s and 0.2 kB/s. */
#define MIN_MOVED (16 * 1024)

static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";

static void
count_open (int n)
{
  static DouMetric *open;
  static DouMetric *all;

  if (open == NULL)
    {
      open = dou_metrics_get ("doutok_http_connections", "");
      all = dou_metrics_get ("doutok_http_connections_total", "");
    }

  dou_metric_add (open, n);
  if (n > 0)
    dou_metric_add (all, n);
}

/**
 * dou_connection_new:
 * @parking: where it stands, at %DOU_PLACE_HEAD
 * @fd: (transfer full): a connected socket that does not block
 * @local: our end
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the connection, which stays open until it is closed, or
 * %NULL
 */
DouConnection *
dou_connection_new (DouParking *parking, int fd, GSocketAddress *local, GError **error)
{
  g_autoptr (DouConnection) self = g_rc_box_new0 (DouConnection);
  const int on = 1;

  /* Fails for a socket that is not TCP, which needs none. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  self->fd = fd;
  self->parked.fd = fd;
  self->local = g_object_ref (local);
  self->keep_alive = TRUE;
  if (!dou_parking_add (parking, &self->parked, error))
    {
      close (fd);
      return NULL;
    }

  self->parking = parking;
  count_open (1);
  return g_steal_pointer (&self);
}

DouConnection *
dou_connection_ref (DouConnection *self)
{
  return g_rc_box_acquire (self);
}

static void
dou_connection_finalize (gpointer data)
{
  DouConnection *self = data;

  g_object_unref (self->local);
  g_clear_object (&self->remote);
}

void
dou_connection_unref (DouConnection *self)
{
  g_rc_box_release_full (self, dou_connection_finalize);
}

static void
dou_connection_drop_input (DouConnection *self)
{
  g_clear_pointer (&self->input, g_free);
  self->input_start = 0;
  self->input_end = 0;
  self->input_size = 0;
  self->n_seen = 0;
}

/**
 * dou_connection_close:
 * @self: a connection
 *
 * Closes the socket, unless it is closed. A request that is not answered yet learns that its client
 * is gone; its answer will go nowhere.
 */
void
dou_connection_close (DouConnection *self)
{
  g_autoptr (DouConnection) held = NULL;
  g_autoptr (DouRequest) reading = g_steal_pointer (&self->reading);
  DouRequest *request = g_steal_pointer (&self->request);

  if (self->fd < 0)
    return;

  held = dou_connection_ref (self);
  dou_parking_remove (g_steal_pointer (&self->parking), &self->parked);
  g_clear_pointer (&self->peer, dou_peer_leave);
  count_open (-1);
  close (self->fd);
  self->fd = -1;
  dou_connection_drop_input (self);
  dou_output_clear (&self->output);
  dou_connection_drop_feed (self);

  if (request != NULL)
    dou_request_lose_client (request);
}

/**
 * dou_connection_reset:
 * @self: a connection
 *
 * Closes it at once; the kernel forgets what the client did not take.
 */
void
dou_connection_reset (DouConnection *self)
{
  const struct linger at_once = { 1, 0 };

  if (self->fd < 0)
    return;

  setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  dou_connection_close (self);
}

/**
 * dou_connection_take_socket:
 * @self: a connection whose request is being handled
 *
 * Takes the socket away: for everybody here the connection is closed.
 *
 * Returns: (transfer full): the socket, which does not block; or -1 if it is closed, or if the
 * client has sent more than its request
 */
int
dou_connection_take_socket (DouConnection *self)
{
  int fd = self->fd;

  if (fd < 0 || self->input_end > self->input_start)
    return -1;

  self->request = NULL;
  self->fd = -1;
  dou_connection_drop_input (self);
  g_clear_pointer (&self->peer, dou_peer_leave);
  count_open (-1);
  dou_parking_remove (g_steal_pointer (&self->parking), &self->parked);
  return fd;
}

gboolean
dou_connection_is_closed (DouConnection *self)
{
  return self->fd < 0;
}

/**
 * dou_connection_set_remote_address:
 * @self: a connection
 * @remote: the client's end, which is not the other end of the socket
 */
void
dou_connection_set_remote_address (DouConnection *self, GSocketAddress *remote)
{
  g_set_object (&self->remote, remote);
}

/**
 * dou_connection_get_remote_address:
 * @self: an open connection
 *
 * Returns: (transfer none) (nullable): the client's end, or %NULL if it is gone already
 */
GSocketAddress *
dou_connection_get_remote_address (DouConnection *self)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;

  if (self->remote == NULL && getpeername (self->fd, (struct sockaddr *) &address, &length) == 0)
    self->remote = g_socket_address_new_from_native (&address, length);

  return self->remote;
}

/**
 * dou_connection_get_url:
 * @self: a connection
 *
 * Returns: (transfer full): our end of it, as the beginning of a link
 */
char *
dou_connection_get_url (DouConnection *self)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *text = NULL;
  struct sockaddr_storage native;
  socklen_t length = sizeof native;

  /* Behind TLS this socket leads to our own thread. */
  if (self->is_secure)
    address = g_object_ref (self->local);
  else if (getsockname (self->fd, (struct sockaddr *) &native, &length) == 0)
    address = g_socket_address_new_from_native (&native, length);
  if (G_IS_INET_SOCKET_ADDRESS (address))
    text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

  return g_strconcat (self->is_secure ? "https://" : "http://",
                      text != NULL ? text : "localhost", NULL);
}

/**
 * dou_connection_note:
 * @self: a connection
 * @events: flags of epoll
 *
 * Remembers @events, which are told once only.
 */
void
dou_connection_note (DouConnection *self, guint events)
{
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    self->is_readable = TRUE;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    self->has_ended = TRUE;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0)
    self->is_gone = TRUE;
}

/**
 * dou_connection_move:
 * @self: an open connection
 * @place: where it stands from now on
 */
void
dou_connection_move (DouConnection *self, DouPlace place)
{
  self->n_moved = 0;
  dou_parking_move (self->parking, &self->parked, place);
}

/**
 * dou_connection_has_moved:
 * @self: a connection whose time at its place is over
 *
 * Returns: whether enough bytes were read or written in that time for it to stay
 */
gboolean
dou_connection_has_moved (DouConnection *self)
{
  gboolean enough = self->n_moved >= MIN_MOVED;

  self->n_moved = 0;
  return enough;
}

/* Makes room for @limit bytes altogether, though not for all of them at once. */
static gsize
dou_connection_make_room (DouConnection *self, gsize limit)
{
  gsize length = self->input_end - self->input_start;
  gsize size = self->input_size;

  if (length >= limit)
    return 0;

  if (self->input_start > 0)
    {
      memmove (self->input, self->input + self->input_start, length);
      self->input_start = 0;
      self->input_end = length;
    }

  if (length == size)
    {
      size = MIN (MAX (2 * size, FIRST_INPUT_SIZE), limit);
      self->input = g_realloc (self->input, size);
      self->input_size = size;
    }

  return MIN (size, limit) - length;
}

/**
 * dou_connection_receive_into:
 * @self: an open connection
 * @buffer: (out caller-allocates): where to
 * @size: bytes of @buffer, not 0
 * @length: (out): bytes that came
 *
 * Reads once.
 */
DouReceived
dou_connection_receive_into (DouConnection *self, guint8 *buffer, gsize size, gsize *length)
{
  gssize n;

  *length = 0;
  if (!self->is_readable)
    return DOU_RECEIVED_NOTHING;

  do
    n = recv (self->fd, buffer, size, 0);
  while (n < 0 && errno == EINTR);

  if (n == 0 || (n < 0 && errno != EAGAIN))
    return DOU_RECEIVED_END;

  /* Fewer than asked for were all there were; what comes later is a new event. An end has had its.
   */
  if (n < 0 || ((gsize) n < size && !self->has_ended))
    self->is_readable = FALSE;
  if (n < 0)
    return DOU_RECEIVED_NOTHING;

  self->n_moved += (guint64) n;
  *length = (gsize) n;
  return DOU_RECEIVED_SOME;
}

/**
 * dou_connection_receive:
 * @self: an open connection
 * @limit: how many bytes there shall be to look at, at most
 *
 * Reads once, and keeps what came.
 */
DouReceived
dou_connection_receive (DouConnection *self, gsize limit)
{
  DouReceived received;
  gsize room, length;

  if (!self->is_readable)
    return DOU_RECEIVED_NOTHING;

  room = dou_connection_make_room (self, limit);
  if (room == 0)
    return DOU_RECEIVED_NOTHING;

  received
      = dou_connection_receive_into (self, (guint8 *) self->input + self->input_end, room, &length);
  self->input_end += length;
  if (self->input_start == self->input_end)
    dou_connection_drop_input (self);

  return received;
}

/**
 * dou_connection_get_input:
 * @self: a connection
 * @length: (out): bytes
 *
 * Returns: (transfer none): what was received and not consumed
 */
const char *
dou_connection_get_input (DouConnection *self, gsize *length)
{
  *length = self->input_end - self->input_start;
  return *length > 0 ? self->input + self->input_start : "";
}

/**
 * dou_connection_consume:
 * @self: a connection
 * @length: how many bytes of its input are done with
 */
void
dou_connection_consume (DouConnection *self, gsize length)
{
  g_return_if_fail (length <= self->input_end - self->input_start);

  self->n_seen = 0;
  self->input_start += length;
  if (self->input_start == self->input_end)
    dou_connection_drop_input (self);
}

/**
 * dou_connection_throw_away:
 * @self: an open connection that lingers
 *
 * Reads what came, for nobody, and closes the connection at its end.
 */
void
dou_connection_throw_away (DouConnection *self)
{
  static guint8 waste[WASTE_SIZE];
  DouReceived received = DOU_RECEIVED_SOME;

  for (guint n = 0; n < MAX_WASTES && received == DOU_RECEIVED_SOME; n++)
    {
      gsize length;

      received = dou_connection_receive_into (self, waste, sizeof waste, &length);
      self->n_thrown += length;
    }

  if (received == DOU_RECEIVED_END || self->n_thrown > MAX_THROWN)
    dou_connection_close (self);
  else if (received == DOU_RECEIVED_SOME)
    dou_parking_wake (self->parking, &self->parked);
}

static void
dou_connection_linger (DouConnection *self)
{
  shutdown (self->fd, SHUT_WR);
  dou_connection_drop_input (self);
  dou_connection_move (self, DOU_PLACE_LINGERING);
  dou_parking_wake (self->parking, &self->parked);
}

/* All that there was is out. */
static void
dou_connection_finish (DouConnection *self)
{
  if (self->feed_left > 0)
    {
      /* Not the client is waited for. */
      if (self->parked.place != DOU_PLACE_HANDLING)
        dou_connection_move (self, DOU_PLACE_HANDLING);
      self->feed.want (self->feed.data);
      return;
    }

  dou_connection_drop_feed (self);
  if (self->keep_alive && !dou_parking_is_closing (self->parking))
    {
      dou_connection_move (self, DOU_PLACE_IDLE);
      if (self->input_end > 0 || self->is_readable)
        dou_parking_wake (self->parking, &self->parked);
    }
  else if (self->is_reading || self->input_end > 0 || self->is_readable)
    dou_connection_linger (self);
  else
    dou_connection_close (self);
}

/* After @n bytes of an answer were sent: the next thing to do. */
static void
dou_connection_go_on (DouConnection *self, gssize n)
{
  if (n < 0)
    {
      dou_connection_close (self);
      return;
    }
  if (dou_output_is_empty (&self->output))
    {
      dou_connection_finish (self);
      return;
    }

  if (self->parked.place != DOU_PLACE_WRITING)
    dou_connection_move (self, DOU_PLACE_WRITING);
  self->n_moved += (guint64) n;

  /* An event will tell that a full socket has room again; one that is not full had its turn. */
  if (!self->output.is_full)
    dou_parking_wake (self->parking, &self->parked);
  else if (!self->watches_room)
    {
      self->watches_room = TRUE;
      dou_parking_watch_room (self->parking, &self->parked);
    }
}

/**
 * dou_connection_invite:
 * @self: an open connection whose client waits to be told to send the body
 *
 * Says `100 Continue`.
 */
void
dou_connection_invite (DouConnection *self)
{
  /* Nothing else is on its way to the client, so these few bytes find room, or the socket is
   * broken. */
  if (send (self->fd, invitation, strlen (invitation), MSG_NOSIGNAL)
      != (gssize) strlen (invitation))
    dou_connection_close (self);
}

/**
 * dou_connection_answer:
 * @self: a connection, possibly closed meanwhile
 * @head: status line and headers, with the empty line; possibly a body after it
 * @length: bytes of @head
 * @body: (nullable): the body, or the rest of it
 * @part: (nullable): the file that @body is a part of
 *
 * Sends the answer, as soon as the client takes it. Then the connection waits for the next request,
 * lingers or is closed.
 */
void
dou_connection_answer (DouConnection *self, const char *head, gsize length, GBytes *body,
                       const DouFilePart *part)
{
  self->request = NULL;
  if (self->fd >= 0)
    dou_connection_go_on (
        self, dou_output_begin (&self->output, self->fd, head, length, body, part));
}

/**
 * dou_connection_flush:
 * @self: an open connection at %DOU_PLACE_WRITING
 *
 * Goes on sending.
 */
void
dou_connection_flush (DouConnection *self)
{
  dou_connection_go_on (self, dou_output_go_on (&self->output, self->fd));
}
