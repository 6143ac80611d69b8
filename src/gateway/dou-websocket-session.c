/* SPDX-License-Identifier: Apache-2.0 */

/* One WebSocket: libsoup's, on a socket that somebody else has shaken hands on.
 *
 * What libsoup leaves to its users:
 *
 *  - Its send queue has no bound, and no length that could be asked for. So texts wait here,
 * counted, and are given to it only while the socket has room. Who takes nothing for so long that
 *    max_queue bytes wait is dropped, rather than kept up with: a client that comes back asks for
 *    what it has missed.
 *  - It sends pings, but does not mind if they are never answered.
 *  - Of what comes in it limits frames only: dou-websocket-frames.c has the rest.
 *  - Extensions are not offered: with permessage-deflate an idle socket costs 73 kB instead of 2.
 *
 * A session ends in one way only, by libsoup's "closed". To drop one its socket is shut down, upon
 * which libsoup finds the end of the stream.
 */

#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include <libsoup/soup.h>

#include "common/dou-status.h"
#include "gateway/dou-websocket-session.h"
#include "gateway/dou-websocket-stream.h"

/* The longest message of a client: a text of 1,000 characters, each escaped as two units of UTF-16,
 * takes 12 kB. */
#define MAX_TEXT (16 * 1024)

/* What is read of a longer one, to be able to say so: libsoup closes at once when it sees the length
 * of more, and what comes in on a closed socket makes the system take back the good-bye. */
#define MAX_INCOMING (64 * 1024)

/* Pings and the like that are taken within a second: each is answered, and the answers wait in libsoup. */
#define MAX_CONTROLS 32

static const DouWebsocketFrames frames = { .max_message = MAX_INCOMING, .max_controls = MAX_CONTROLS };

/* Bytes that are given to libsoup at one time, to be sent as the socket has room. */
#define SHARE (64 * 1024)

/* RFC 6455, section 7.4.1, and what it leaves to applications. */
#define CLOSE_UNSUPPORTED 1003
#define CLOSE_TOO_LONG 1009

struct _DouWebsocketSession
{
  SoupWebsocketConnection *connection; /* (owned) */
  GSocket *socket;                     /* (owned) */
  DouWebsocketLimits limits;
  const DouWebsocketSessionFuncs *funcs; /* (unowned) */
  gpointer user_data;                    /* (unowned) */

  GQueue texts;       /* (owned) (element-type GBytes) not given to libsoup yet */
  gsize queued;       /* bytes of `texts` */
  GSource *room;      /* (owned) (nullable) waits for room in the socket while there are texts */
  gint64 last_heard;  /* monotonic time in microseconds */
  gboolean is_closed; /* libsoup said so */
};

/**
 * dou_websocket_session_is_open:
 * @self: a session
 *
 * Returns: whether neither side has said good-bye
 */
gboolean
dou_websocket_session_is_open (DouWebsocketSession *self)
{
  return soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
dou_websocket_session_stop_sending (DouWebsocketSession *self)
{
  if (self->room != NULL)
    g_source_destroy (self->room);
  g_clear_pointer (&self->room, g_source_unref);
  g_queue_clear_full (&self->texts, (GDestroyNotify) g_bytes_unref);
  self->queued = 0;
}

/* The socket, not the stream: libsoup has sources on that, and closes it when it finds the end. */
static void
dou_websocket_session_drop (DouWebsocketSession *self)
{
  dou_websocket_session_stop_sending (self);
  shutdown (g_socket_get_fd (self->socket), SHUT_RDWR);
}

static void
message_cb (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *message,
            gpointer user_data)
{
  DouWebsocketSession *self = user_data;
  gsize length;
  const char *text = g_bytes_get_data (message, &length);

  /* libsoup goes on reading until the client has said good-bye, too. */
  if (!dou_websocket_session_is_open (self))
    return;

  self->last_heard = g_get_monotonic_time ();
  if (type != SOUP_WEBSOCKET_DATA_TEXT)
    dou_websocket_session_close (self, CLOSE_UNSUPPORTED, "text only");
  else if (length > MAX_TEXT)
    dou_websocket_session_close (self, CLOSE_TOO_LONG, "too long");
  else
    self->funcs->received (self, text, length, self->user_data);
}

static void
pong_cb (SoupWebsocketConnection *connection, GBytes *message, gpointer user_data)
{
  DouWebsocketSession *self = user_data;

  self->last_heard = g_get_monotonic_time ();
}

static void
closed_cb (SoupWebsocketConnection *connection, gpointer user_data)
{
  DouWebsocketSession *self = user_data;

  self->is_closed = TRUE;
  dou_websocket_session_stop_sending (self);
  self->funcs->closed (self, self->user_data);
}

/**
 * dou_websocket_session_new:
 * @fd: (transfer full): a connected socket on which the handshake is done
 * @limits: what is allowed
 * @funcs: what happens; outlives the session
 * @user_data: for @funcs
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): a session on the thread-default main context, or %NULL
 */
DouWebsocketSession *
dou_websocket_session_new (int fd, const DouWebsocketLimits *limits,
                           const DouWebsocketSessionFuncs *funcs, gpointer user_data,
                           GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &cause);
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GUri) uri = NULL;
  DouWebsocketSession *self;

  if (socket == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "Cannot use a socket: %s",
                   cause->message);
      close (fd);
      return NULL;
    }

  self = g_new0 (DouWebsocketSession, 1);
  stream = dou_websocket_stream_new (socket, &frames);
  uri = g_uri_build (G_URI_FLAGS_NONE, "ws", NULL, "localhost", -1, "/", NULL, NULL);
  self->connection = soup_websocket_connection_new (
      stream, uri, SOUP_WEBSOCKET_CONNECTION_SERVER, NULL, NULL, NULL);
  self->socket = g_steal_pointer (&socket);
  self->limits = *limits;
  self->funcs = funcs;
  self->user_data = user_data;
  self->last_heard = g_get_monotonic_time ();
  g_queue_init (&self->texts);

  soup_websocket_connection_set_max_incoming_payload_size (self->connection, MAX_INCOMING);
  soup_websocket_connection_set_keepalive_interval (self->connection, limits->ping_interval);
  g_signal_connect (self->connection, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (self->connection, "pong", G_CALLBACK (pong_cb), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (closed_cb), self);
  return self;
}

/**
 * dou_websocket_session_free:
 * @self: (transfer full): a session; cut off if it is not closed
 */
void
dou_websocket_session_free (DouWebsocketSession *self)
{
  dou_websocket_session_stop_sending (self);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_object_unref (self->connection);
  g_object_unref (self->socket);
  g_free (self);
}

static gboolean
room_cb (GObject *stream, gpointer user_data)
{
  DouWebsocketSession *self = user_data;
  gsize given = 0;

  while (given < SHARE && self->texts.length > 0 && dou_websocket_session_is_open (self))
    {
      g_autoptr (GBytes) text = g_queue_pop_head (&self->texts);

      given += g_bytes_get_size (text);
      self->queued -= g_bytes_get_size (text);
      soup_websocket_connection_send_message (self->connection, SOUP_WEBSOCKET_DATA_TEXT, text);
    }

  if (self->texts.length > 0 && dou_websocket_session_is_open (self))
    return G_SOURCE_CONTINUE;

  dou_websocket_session_stop_sending (self);
  return G_SOURCE_REMOVE;
}

static void
dou_websocket_session_wait_for_room (DouWebsocketSession *self)
{
  GIOStream *stream = soup_websocket_connection_get_io_stream (self->connection);

  self->room = g_pollable_output_stream_create_source (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream)), NULL);
  g_source_set_callback (self->room, G_SOURCE_FUNC (room_cb), self, NULL);
  g_source_attach (self->room, g_main_context_get_thread_default ());
}

/**
 * dou_websocket_session_send:
 * @self: a session
 * @text: valid UTF-8
 *
 * Sends @text as soon as the client takes it. If too much waits already the session is dropped.
 */
void
dou_websocket_session_send (DouWebsocketSession *self, GBytes *text)
{
  if (!dou_websocket_session_is_open (self))
    return;

  if (self->queued + g_bytes_get_size (text) > self->limits.max_queue)
    {
      dou_websocket_session_drop (self);
      return;
    }

  self->queued += g_bytes_get_size (text);
  g_queue_push_tail (&self->texts, g_bytes_ref (text));
  if (self->room == NULL)
    dou_websocket_session_wait_for_room (self);
}

/**
 * dou_websocket_session_close:
 * @self: a session
 * @code: why, as in RFC 6455, section 7.4
 * @reason: the same in words
 *
 * Says good-bye. What waited to be sent is not sent any more.
 */
void
dou_websocket_session_close (DouWebsocketSession *self, gushort code, const char *reason)
{
  dou_websocket_session_stop_sending (self);
  if (dou_websocket_session_is_open (self))
    soup_websocket_connection_close (self->connection, code, reason);
}

/**
 * dou_websocket_session_check:
 * @self: a session
 * @now: monotonic time in microseconds
 *
 * Drops the session if nothing was heard from its client for too long.
 */
void
dou_websocket_session_check (DouWebsocketSession *self, gint64 now)
{
  if (!self->is_closed && now - self->last_heard > self->limits.patience * 1000)
    dou_websocket_session_drop (self);
}
