/* SPDX-License-Identifier: Apache-2.0 */

/* An answer leaves in one system call, head and body together: two would cost a second one, and
 * with Nagle's algorithm a delayed acknowledgement in between. What does not go out at once is
 * kept: of the head a copy, of the body a reference, be it a mapped film that a phone reads for
 * minutes. */

#include "config.h"

#include <errno.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include "gateway/dou-output.h"

/* Bytes of a body sent at once, so that a fast client does not keep others waiting. */
#define MAX_BODY_PIECE (1024 * 1024)

/* Returns: bytes of @head that were sent, or -1 if the socket is broken; @n_sent counts all bytes
 */
static gssize
dou_output_send (DouOutput *self, int fd, const char *head, gsize length, gsize *n_sent)
{
  struct iovec pieces[2] = { { (char *) head, length }, { NULL, 0 } };
  struct msghdr message = { .msg_iov = pieces, .msg_iovlen = G_N_ELEMENTS (pieces) };
  gssize n;

  if (self->body != NULL)
    {
      gsize size;
      const char *body = g_bytes_get_data (self->body, &size);

      pieces[1].iov_base = (char *) body + self->body_offset;
      pieces[1].iov_len = MIN (size - self->body_offset, MAX_BODY_PIECE);
    }

  do
    n = sendmsg (fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);

  if (n < 0 && errno != EAGAIN)
    return -1;

  *n_sent = (gsize) MAX (n, 0);
  self->is_full = *n_sent < length + pieces[1].iov_len;
  if (*n_sent <= length)
    return (gssize) *n_sent;

  self->body_offset += *n_sent - length;
  if (self->body_offset == g_bytes_get_size (self->body))
    dou_output_clear (self);
  return (gssize) length;
}

/**
 * dou_output_begin:
 * @self: an empty output
 * @fd: a socket that does not block
 * @head: what comes first
 * @length: bytes of @head
 * @body: (nullable): what follows it
 *
 * Sends what finds room and keeps the rest.
 *
 * Returns: bytes sent, or -1 if the socket is broken
 */
gssize
dou_output_begin (DouOutput *self, int fd, const char *head, gsize length, GBytes *body)
{
  gsize n_sent = 0;
  gssize n;

  if (body != NULL && g_bytes_get_size (body) > 0)
    self->body = g_bytes_ref (body);

  n = dou_output_send (self, fd, head, length, &n_sent);
  if (n < 0)
    return -1;

  if ((gsize) n < length)
    self->head = g_bytes_new (head + n, length - (gsize) n);
  return (gssize) n_sent;
}

/**
 * dou_output_go_on:
 * @self: an output that is not empty
 * @fd: the same socket
 *
 * Returns: bytes sent, or -1 if the socket is broken
 */
gssize
dou_output_go_on (DouOutput *self, int fd)
{
  g_autoptr (GBytes) head = g_steal_pointer (&self->head);
  gsize length = 0;
  const char *data = head != NULL ? g_bytes_get_data (head, &length) : NULL;
  gsize n_sent = 0;
  gssize n = dou_output_send (self, fd, data, length, &n_sent);

  if (n < 0)
    return -1;

  if ((gsize) n < length)
    self->head = g_bytes_new_from_bytes (head, (gsize) n, length - (gsize) n);
  return (gssize) n_sent;
}

gboolean
dou_output_is_empty (DouOutput *self)
{
  return self->head == NULL && self->body == NULL;
}

/**
 * dou_output_clear:
 * @self: an output
 *
 * Drops what was not sent.
 */
void
dou_output_clear (DouOutput *self)
{
  g_clear_pointer (&self->head, g_bytes_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  self->body_offset = 0;
}
