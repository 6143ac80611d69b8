/* SPDX-License-Identifier: Apache-2.0 */

/* An answer leaves in one system call, head and body together: two would cost a second one, and
 * with Nagle's algorithm a delayed acknowledgement in between. What does not go out at once is
 * kept: of the head a copy, of the body a reference, be it a mapped film that a phone reads for
 * minutes.
 *
 * What is worth it is sent from its file instead: sendfile() hands the pages of the page cache to the
 * socket, where half of the time would be spent copying them otherwise. */

#include "config.h"

#include <errno.h>

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "gateway/dou-output.h"

/* Bytes of a body sent at once, so that a fast client does not keep others waiting. */
#define MAX_BODY_PIECE (1024 * 1024)

/* Bytes from which on a second system call costs less than to copy them. */
#define MIN_FILE_PART (64 * 1024)

static void
dou_output_advance (DouOutput *self, gsize n_sent)
{
  self->body_offset += n_sent;
  if (self->body_offset == g_bytes_get_size (self->body))
    dou_output_clear (self);
}

/* As dou_output_send(), from a file. */
static gssize
dou_output_send_file (DouOutput *self, int fd, const char *head, gsize length, gsize *n_sent)
{
  gsize wanted = MIN (g_bytes_get_size (self->body) - self->body_offset, MAX_BODY_PIECE);
  off_t offset = (off_t) (self->part.offset + self->body_offset);
  gssize n = 0;

  if (length > 0)
    {
      do
        n = send (fd, head, length, MSG_NOSIGNAL | MSG_MORE);
      while (n < 0 && errno == EINTR);
      if (n < 0 && errno != EAGAIN)
        return -1;
    }

  *n_sent = (gsize) MAX (n, 0);
  self->is_full = *n_sent < length;
  if (self->is_full)
    return (gssize) *n_sent;

  do
    n = sendfile (fd, self->part.file, &offset, wanted);
  while (n < 0 && errno == EINTR);
  /* Nothing at all: the file has become shorter, so that this answer has no end. */
  if (n == 0 || (n < 0 && errno != EAGAIN))
    return -1;

  n = MAX (n, 0);
  *n_sent += (gsize) n;
  self->is_full = (gsize) n < wanted;
  dou_output_advance (self, (gsize) n);
  return (gssize) length;
}

/* Returns: bytes of @head that were sent, or -1 if the socket is broken; @n_sent counts all bytes
 */
static gssize
dou_output_send (DouOutput *self, int fd, const char *head, gsize length, gsize *n_sent)
{
  struct iovec pieces[2] = { { (char *) head, length }, { NULL, 0 } };
  struct msghdr message = { .msg_iov = pieces, .msg_iovlen = G_N_ELEMENTS (pieces) };
  gssize n;

  if (self->has_part)
    return dou_output_send_file (self, fd, head, length, n_sent);

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

  dou_output_advance (self, *n_sent - length);
  return (gssize) length;
}

/**
 * dou_output_begin:
 * @self: an empty output
 * @fd: a socket that does not block
 * @head: what comes first
 * @length: bytes of @head
 * @body: (nullable): what follows it
 * @part: (nullable): the file that @body is a part of
 *
 * Sends what finds room and keeps the rest.
 *
 * Returns: bytes sent, or -1 if the socket is broken
 */
gssize
dou_output_begin (DouOutput *self, int fd, const char *head, gsize length, GBytes *body,
                  const DouFilePart *part)
{
  gsize size = body != NULL ? g_bytes_get_size (body) : 0;
  gsize n_sent = 0;
  gssize n;

  if (size > 0)
    self->body = g_bytes_ref (body);
  if (part != NULL && size >= MIN_FILE_PART)
    {
      self->part = *part;
      self->has_part = TRUE;
    }

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
  self->has_part = FALSE;
}
