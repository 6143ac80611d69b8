/* SPDX-License-Identifier: Apache-2.0 */

/* libsoup shakes hands with a message of its server's only. So there is a server without a socket, which is given
 * a stream that has a request with the client's headers in it, reads that, and lets go of the stream again,
 * all before soup_server_accept_iostream() returns. Nothing of libsoup's is left in the main loop then.
 *
 * The connection is taken back in "got-headers". libsoup closes it instead where it finds fault with
 * the headers; what it has to say then is lost in the stream, and is said in our own words. */

#include "config.h"

#include <string.h>

#include "gateway/dou-stream.h"
#include "gateway/dou-websocket-handshake.h"

struct _DouWebsocketHandshake
{
  GObject parent_instance;

  SoupServer *server; /* (owned) */
  DouStream *stream;  /* (owned) */
  GSocketAddress *nowhere; /* (owned) both ends of it, which libsoup wants to know */

  /* During dou_websocket_handshake_answer(). */
  SoupMessageHeaders *answer; /* (unowned) */
  gboolean is_done;
};

G_DEFINE_FINAL_TYPE (DouWebsocketHandshake, dou_websocket_handshake, G_TYPE_OBJECT)

/* What libsoup looks at. */
static const char *const headers_asked[]
    = { "Host", "Upgrade", "Connection", "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version" };

static void
dou_websocket_handshake_dispose (GObject *object)
{
  DouWebsocketHandshake *self = DOU_WEBSOCKET_HANDSHAKE (object);

  if (self->server != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->server, self);
      soup_server_disconnect (self->server);
    }
  g_clear_object (&self->server);
  g_clear_object (&self->stream);
  g_clear_object (&self->nowhere);

  G_OBJECT_CLASS (dou_websocket_handshake_parent_class)->dispose (object);
}

static void
dou_websocket_handshake_class_init (DouWebsocketHandshakeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_websocket_handshake_dispose;
}

/* libsoup's own handler ran before this one; a status means that it refuses the request. */
static void
got_headers_cb (SoupServerMessage *message, gpointer user_data)
{
  DouWebsocketHandshake *self = user_data;
  SoupMessageHeadersIter iter;
  const char *name, *value;

  if (soup_server_message_get_status (message) != SOUP_STATUS_NONE)
    return;

  self->is_done = soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL);
  if (self->is_done)
    {
      soup_message_headers_iter_init (&iter, soup_server_message_get_response_headers (message));
      while (soup_message_headers_iter_next (&iter, &name, &value))
        soup_message_headers_append (self->answer, name, value);
    }
  g_object_unref (soup_server_message_steal_connection (message));
}

static void
request_started_cb (SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  g_signal_connect (message, "got-headers", G_CALLBACK (got_headers_cb), user_data);
}

static void
dou_websocket_handshake_init (DouWebsocketHandshake *self)
{
  self->server = g_object_new (SOUP_TYPE_SERVER, "raw-paths", TRUE, NULL);
  self->stream = dou_stream_new ();
  self->nowhere = g_inet_socket_address_new_from_string ("0.0.0.0", 0);
  g_signal_connect (self->server, "request-started", G_CALLBACK (request_started_cb), self);
}

/**
 * dou_websocket_handshake_new:
 *
 * Returns: (transfer full): what shakes hands
 */
DouWebsocketHandshake *
dou_websocket_handshake_new (void)
{
  return g_object_new (DOU_TYPE_WEBSOCKET_HANDSHAKE, NULL);
}

static char *
write_head (SoupMessageHeaders *asked)
{
  GString *head = g_string_new ("GET / HTTP/1.1\r\n");

  for (gsize i = 0; i < G_N_ELEMENTS (headers_asked); i++)
    {
      const char *value = soup_message_headers_get_list (asked, headers_asked[i]);

      if (value != NULL)
        g_string_append_printf (head, "%s: %s\r\n", headers_asked[i], value);
    }
  g_string_append (head, "\r\n");
  return g_string_free (head, FALSE);
}

/**
 * dou_websocket_handshake_answer:
 * @self: what shakes hands
 * @asked: the headers of a GET request
 * @answer: gets the headers of the answer 101
 *
 * Returns: whether the request is one to speak WebSocket, in the version that there is
 */
gboolean
dou_websocket_handshake_answer (DouWebsocketHandshake *self, SoupMessageHeaders *asked,
                                SoupMessageHeaders *answer)
{
  g_autofree char *head = write_head (asked);

  g_return_val_if_fail (DOU_IS_WEBSOCKET_HANDSHAKE (self), FALSE);

  self->answer = answer;
  self->is_done = FALSE;
  dou_stream_set_input (self->stream, head, strlen (head));
  soup_server_accept_iostream (self->server, G_IO_STREAM (self->stream), self->nowhere, self->nowhere, NULL);
  dou_stream_set_input (self->stream, NULL, 0);

  /* libsoup closes the stream of a request that it refuses. */
  if (g_io_stream_is_closed (G_IO_STREAM (self->stream)))
    {
      g_object_unref (self->stream);
      self->stream = dou_stream_new ();
    }

  self->answer = NULL;
  return self->is_done;
}
