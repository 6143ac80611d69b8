/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-stream.h"

/* The two halves, which only exist inside a DouStream. */

#define DOU_TYPE_STREAM_INPUT (dou_stream_input_get_type ())
G_DECLARE_FINAL_TYPE (DouStreamInput, dou_stream_input, DOU, STREAM_INPUT, GInputStream)

#define DOU_TYPE_STREAM_OUTPUT (dou_stream_output_get_type ())
G_DECLARE_FINAL_TYPE (DouStreamOutput, dou_stream_output, DOU, STREAM_OUTPUT, GOutputStream)

struct _DouStreamInput
{
  GInputStream parent_instance;

  const char *data; /* (unowned) what has not been read */
  gsize length;
};

struct _DouStreamOutput
{
  GOutputStream parent_instance;
};

static gssize
dou_stream_input_read_nonblocking (GPollableInputStream *stream,
                                   void *buffer,
                                   gsize count,
                                   GError **error)
{
  DouStreamInput *self = DOU_STREAM_INPUT (stream);
  gsize n = MIN (count, self->length);

  if (n > 0)
    memcpy (buffer, self->data, n);
  self->data += n;
  self->length -= n;
  return (gssize) n;
}

static gboolean
dou_stream_input_is_readable (GPollableInputStream *stream)
{
  return TRUE;
}

/* Never blocks, so a source of it is always ready. */
static GSource *
dou_stream_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) always = g_timeout_source_new (0);

  return g_pollable_source_new_full (stream, always, cancellable);
}

static void
dou_stream_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->read_nonblocking = dou_stream_input_read_nonblocking;
  iface->is_readable = dou_stream_input_is_readable;
  iface->create_source = dou_stream_input_create_source;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DouStreamInput,
                               dou_stream_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      dou_stream_input_pollable_init))

static gssize
dou_stream_input_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return dou_stream_input_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, count, error);
}

static void
dou_stream_input_class_init (DouStreamInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = dou_stream_input_read;
}

static void
dou_stream_input_init (DouStreamInput *self)
{
}

static gssize
dou_stream_output_write_nonblocking (GPollableOutputStream *stream,
                                     const void *buffer,
                                     gsize count,
                                     GError **error)
{
  return (gssize) count;
}

static gboolean
dou_stream_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static GSource *
dou_stream_output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) always = g_timeout_source_new (0);

  return g_pollable_source_new_full (stream, always, cancellable);
}

static void
dou_stream_output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->write_nonblocking = dou_stream_output_write_nonblocking;
  iface->is_writable = dou_stream_output_is_writable;
  iface->create_source = dou_stream_output_create_source;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DouStreamOutput,
                               dou_stream_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      dou_stream_output_pollable_init))

static gssize
dou_stream_output_write (GOutputStream *stream,
                         const void *buffer,
                         gsize count,
                         GCancellable *cancellable,
                         GError **error)
{
  return (gssize) count;
}

static void
dou_stream_output_class_init (DouStreamOutputClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = dou_stream_output_write;
}

static void
dou_stream_output_init (DouStreamOutput *self)
{
}

struct _DouStream
{
  GIOStream parent_instance;

  DouStreamInput *input;   /* (owned) */
  DouStreamOutput *output; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouStream, dou_stream, G_TYPE_IO_STREAM)

static GInputStream *
dou_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (DOU_STREAM (stream)->input);
}

static GOutputStream *
dou_stream_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (DOU_STREAM (stream)->output);
}

static void
dou_stream_finalize (GObject *object)
{
  DouStream *self = DOU_STREAM (object);

  g_object_unref (self->input);
  g_object_unref (self->output);

  G_OBJECT_CLASS (dou_stream_parent_class)->finalize (object);
}

static void
dou_stream_class_init (DouStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dou_stream_finalize;
  stream_class->get_input_stream = dou_stream_get_input_stream;
  stream_class->get_output_stream = dou_stream_get_output_stream;
}

static void
dou_stream_init (DouStream *self)
{
  self->input = g_object_new (DOU_TYPE_STREAM_INPUT, NULL);
  self->output = g_object_new (DOU_TYPE_STREAM_OUTPUT, NULL);
}

/**
 * dou_stream_new:
 *
 * Returns: (transfer full): a stream that is at its end
 */
DouStream *
dou_stream_new (void)
{
  return g_object_new (DOU_TYPE_STREAM, NULL);
}

/**
 * dou_stream_set_input:
 * @self: a stream
 * @data: (nullable): what to read next; stays with the caller
 * @length: bytes of @data
 */
void
dou_stream_set_input (DouStream *self, const char *data, gsize length)
{
  g_return_if_fail (DOU_IS_STREAM (self));

  self->input->data = data;
  self->input->length = length;
}
