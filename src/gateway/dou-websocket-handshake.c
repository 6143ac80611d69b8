/* SPDX-License-Identifier: Apache-2.0 */

/* libsoup's server without a socket: it is given a stream that has one head in it, reads that, and
 * lets go of the stream again, all before soup_server_accept_iostream() returns. Nothing of
 * libsoup's is left in the main loop then, which its own keep-alive, pauses and time-outs would be.
 *
 * The connection is taken back in "got-headers". libsoup closes it instead where it finds fault
 * with the head; what it has to say then is lost in the stream, and is said in our own words. Heads
 * must have passed dou_head_parse(): libsoup leaks the path of one with an unknown
 * Transfer-Encoding. */

#include "config.h"

#include "gateway/dou-head-reader.h"
#include "gateway/dou-stream.h"

struct _DouHeadReader
{
  GObject parent_instance;

  SoupServer *server;         /* (owned) */
  DouStream *stream;          /* (owned) */
  SoupServerMessage *message; /* (owned) (nullable) what was read, during dou_head_reader_read() */
};

G_DEFINE_FINAL_TYPE (DouHeadReader, dou_head_reader, G_TYPE_OBJECT)

static void
dou_head_reader_dispose (GObject *object)
{
  DouHeadReader *self = DOU_HEAD_READER (object);

  if (self->server != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->server, self);
      soup_server_disconnect (self->server);
    }
  g_clear_object (&self->server);
  g_clear_object (&self->stream);

  G_OBJECT_CLASS (dou_head_reader_parent_class)->dispose (object);
}

static void
dou_head_reader_class_init (DouHeadReaderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_head_reader_dispose;
}

/* libsoup's own handler ran before this one; a status means that it refuses the request. */
static void
got_headers_cb (SoupServerMessage *message, gpointer user_data)
{
  DouHeadReader *self = user_data;

  if (soup_server_message_get_status (message) != SOUP_STATUS_NONE)
    return;

  self->message = g_object_ref (message);
  g_object_unref (soup_server_message_steal_connection (message));
}

static void
request_started_cb (SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  g_signal_connect (message, "got-headers", G_CALLBACK (got_headers_cb), user_data);
}

static void
dou_head_reader_init (DouHeadReader *self)
{
  self->server = g_object_new (SOUP_TYPE_SERVER, "raw-paths", TRUE, NULL);
  self->stream = dou_stream_new ();
  g_signal_connect (self->server, "request-started", G_CALLBACK (request_started_cb), self);
}

/**
 * dou_head_reader_new:
 *
 * Returns: (transfer full): a reader
 */
DouHeadReader *
dou_head_reader_new (void)
{
  return g_object_new (DOU_TYPE_HEAD_READER, NULL);
}

/**
 * dou_head_reader_read:
 * @self: a reader
 * @head: a request line and headers, with the empty line
 * @length: bytes of @head
 * @local: our end of the connection
 * @remote: the client's end
 *
 * Path and query keep their escapes.
 *
 * Returns: (transfer full) (nullable): the message, or %NULL if libsoup finds the head malformed
 */
SoupServerMessage *
dou_head_reader_read (DouHeadReader *self,
                      const char *head,
                      gsize length,
                      GSocketAddress *local,
                      GSocketAddress *remote)
{
  g_return_val_if_fail (DOU_IS_HEAD_READER (self), NULL);

  dou_stream_set_input (self->stream, head, length);
  soup_server_accept_iostream (self->server, G_IO_STREAM (self->stream), local, remote, NULL);
  dou_stream_set_input (self->stream, NULL, 0);

  /* libsoup closes the stream of a request that it refuses. */
  if (g_io_stream_is_closed (G_IO_STREAM (self->stream)))
    {
      g_object_unref (self->stream);
      self->stream = dou_stream_new ();
    }

  return g_steal_pointer (&self->message);
}
