/* SPDX-License-Identifier: Apache-2.0 */

/* Answers whose body is not there yet.
 *
 * What was given last is the only piece there is: when the client has taken it, the next one is wanted.
 * Until that comes the connection stands where those stand whose request is being handled, since it is not
 * the client that is waited for; and goes back to where slow clients are found out with the piece.
 */

#include "config.h"

#include "gateway/dou-connection.h"

/**
 * dou_connection_drop_feed:
 * @self: a connection
 *
 * Whoever feeds it, if somebody does, is not needed any more.
 */
void
dou_connection_drop_feed (DouConnection *self)
{
  const DouBodyFeed feed = self->feed;

  self->feed = (DouBodyFeed){ 0 };
  self->feed_left = 0;
  if (feed.drop != NULL)
    feed.drop (feed.data);
}

/**
 * dou_connection_answer_from:
 * @self: a connection, possibly closed meanwhile
 * @head: status line and headers, with the empty line
 * @length: bytes of @head
 * @feed: where the body comes from; not needed after the call
 *
 * As dou_connection_answer(), of a body that is not there yet.
 */
void
dou_connection_answer_from (DouConnection *self, const char *head, gsize length,
                            const DouBodyFeed *feed)
{
  if (self->fd < 0)
    {
      feed->drop (feed->data);
      return;
    }

  self->feed = *feed;
  self->feed_left = feed->length;
  dou_connection_answer (self, head, length, NULL, NULL);
}

/**
 * dou_connection_feed:
 * @self: a connection that wants more of a body
 * @piece: what comes next, not empty; what is more than the body is not sent
 */
void
dou_connection_feed (DouConnection *self, GBytes *piece)
{
  gsize length = (gsize) MIN (g_bytes_get_size (piece), self->feed_left);

  g_return_if_fail (self->fd >= 0 && dou_output_is_empty (&self->output) && length > 0);

  self->feed_left -= length;
  self->output.body = g_bytes_new_from_bytes (piece, 0, length);
  dou_connection_flush (self);
}
