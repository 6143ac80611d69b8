/* SPDX-License-Identifier: Apache-2.0 */

/* The connection that libsoup's WebSocket reads from: a socket's, whose frames are counted on their way.
 * What is over a limit is an error of reading, upon which libsoup ends. */

#include "config.h"

#include "gateway/dou-websocket-stream.h"

#define DOU_TYPE_WEBSOCKET_INPUT (dou_websocket_input_get_type ())
G_DECLARE_FINAL_TYPE (DouWebsocketInput, dou_websocket_input, DOU, WEBSOCKET_INPUT, GFilterInputStream)

struct _DouWebsocketInput
{
  GFilterInputStream parent_instance;

  DouWebsocketFrames frames;
  gboolean is_over; /* a limit */
};

static void dou_websocket_input_iface_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouWebsocketInput, dou_websocket_input, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      dou_websocket_input_iface_init))

struct _DouWebsocketStream
{
  GSocketConnection parent_instance;

  DouWebsocketFrames limits;
  GInputStream *input; /* (owned) (nullable) until it is asked for */
};

G_DEFINE_FINAL_TYPE (DouWebsocketStream, dou_websocket_stream, G_TYPE_SOCKET_CONNECTION)

static GPollableInputStream *
get_base (GPollableInputStream *stream)
{
  return G_POLLABLE_INPUT_STREAM (g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream)));
}

static gboolean
dou_websocket_input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (get_base (stream));
}

static GSource *
dou_websocket_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base = g_pollable_input_stream_create_source (get_base (stream), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static gssize
dou_websocket_input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  DouWebsocketInput *self = DOU_WEBSOCKET_INPUT (stream);
  gssize n = g_pollable_input_stream_read_nonblocking (get_base (stream), buffer, count, NULL, error);

  if (n > 0 && !self->is_over)
    self->is_over = !dou_websocket_frames_take (&self->frames, buffer, (gsize) n, g_get_monotonic_time ());
  if (n <= 0 || !self->is_over)
    return n;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "too much at once");
  return -1;
}

static void
dou_websocket_input_iface_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = dou_websocket_input_is_readable;
  iface->create_source = dou_websocket_input_create_source;
  iface->read_nonblocking = dou_websocket_input_read_nonblocking;
}

static void
dou_websocket_input_class_init (DouWebsocketInputClass *klass)
{
}

static void
dou_websocket_input_init (DouWebsocketInput *self)
{
}

static GInputStream *
dou_websocket_stream_get_input_stream (GIOStream *stream)
{
  DouWebsocketStream *self = DOU_WEBSOCKET_STREAM (stream);

  if (self->input == NULL)
    {
      GInputStream *base
          = G_IO_STREAM_CLASS (dou_websocket_stream_parent_class)->get_input_stream (stream);

      self->input = g_object_new (DOU_TYPE_WEBSOCKET_INPUT, "base-stream", base, NULL);
      DOU_WEBSOCKET_INPUT (self->input)->frames = self->limits;
    }

  return self->input;
}

static void
dou_websocket_stream_finalize (GObject *object)
{
  DouWebsocketStream *self = DOU_WEBSOCKET_STREAM (object);

  g_clear_object (&self->input);

  G_OBJECT_CLASS (dou_websocket_stream_parent_class)->finalize (object);
}

static void
dou_websocket_stream_class_init (DouWebsocketStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_websocket_stream_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = dou_websocket_stream_get_input_stream;
}

static void
dou_websocket_stream_init (DouWebsocketStream *self)
{
}

/**
 * dou_websocket_stream_new:
 * @socket: a connected one
 * @limits: of what is read
 *
 * Returns: (transfer full): a connection over it
 */
GIOStream *
dou_websocket_stream_new (GSocket *socket, const DouWebsocketFrames *limits)
{
  DouWebsocketStream *self = g_object_new (DOU_TYPE_WEBSOCKET_STREAM, "socket", socket, NULL);

  self->limits = *limits;
  return G_IO_STREAM (self);
}
