/* SPDX-License-Identifier: Apache-2.0 */

/* Limits of what libsoup 3.2 takes without one.
 *
 * It limits the length of a frame, not of a message, which may come in any number of frames and is only handed
 * out when it is whole; and it keeps an answer for each ping until the client takes it. So the heads of frames
 * (RFC 6455, section 5.2) are looked at on their way to it. Whatever else is wrong with them it sees itself.
 */

#include "config.h"

#include "gateway/dou-websocket-frames.h"

#define FINAL 0x80
#define CONTROL 0x08
#define OPCODE 0x0f
#define MASKED 0x80
#define LENGTH 0x7f
#define LENGTH_16 126
#define LENGTH_64 127

/* Returns: bytes of the length that follow the first two of the head */
static guint
get_n_length (const DouWebsocketFrames *self)
{
  switch (self->head[1] & LENGTH)
    {
    case LENGTH_16:
      return 2;
    case LENGTH_64:
      return 8;
    default:
      return 0;
    }
}

static gboolean
is_head_whole (const DouWebsocketFrames *self)
{
  return self->n_head >= 2
         && self->n_head == 2 + get_n_length (self) + ((self->head[1] & MASKED) != 0 ? 4 : 0);
}

static guint64
read_length (const DouWebsocketFrames *self)
{
  guint n = get_n_length (self);
  guint64 length = 0;

  if (n == 0)
    return self->head[1] & LENGTH;

  for (guint i = 0; i < n; i++)
    length = length << 8 | self->head[2 + i];
  return length;
}

static gboolean
count_control (DouWebsocketFrames *self, gint64 now)
{
  gint64 second = now / G_TIME_SPAN_SECOND;

  if (second != self->second)
    self->n_controls = 0;
  self->second = second;
  return ++self->n_controls <= self->max_controls;
}

/* The first frame of a message libsoup refuses itself if it is too long. */
static gboolean
count_data (DouWebsocketFrames *self)
{
  gboolean is_first = (self->head[0] & OPCODE) != 0;
  gboolean fits = is_first || self->left <= self->max_message - MIN (self->message, self->max_message);

  self->message = is_first ? self->left : self->message + self->left;
  if ((self->head[0] & FINAL) != 0)
    self->message = 0;
  return fits;
}

/**
 * dou_websocket_frames_take:
 * @self: what came before
 * @bytes: (array length=n_bytes): what has come
 * @n_bytes: how many
 * @now: monotonic time in microseconds
 *
 * Returns: whether it is within the limits; if not, nothing more is to be taken
 */
gboolean
dou_websocket_frames_take (DouWebsocketFrames *self, const guint8 *bytes, gsize n_bytes, gint64 now)
{
  while (n_bytes > 0)
    {
      guint64 n = MIN (self->left, n_bytes);

      if (n == 0)
        {
          n = 1;
          self->head[self->n_head++] = *bytes;
          if (is_head_whole (self))
            {
              self->left = read_length (self);
              self->n_head = 0;
              if ((self->head[0] & CONTROL) != 0 ? !count_control (self, now) : !count_data (self))
                return FALSE;
            }
        }
      else
        self->left -= n;

      bytes += n;
      n_bytes -= n;
    }

  return TRUE;
}
