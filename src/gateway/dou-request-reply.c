/* SPDX-License-Identifier: Apache-2.0 */

/* How a request is answered: once, by one of the functions below, each of which sees to the headers, the
 * span, the figures and the line of the access log. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <sys/socket.h>

#include "gateway/dou-request-private.h"
#include "gateway/dou-request-span.h"
#include "gateway/dou-status-messages.h"

/* Bytes that most answers fit into, so that the buffer need not grow. */
#define REPLY_SIZE 1024

/* Ends the span of the request, if it has one: it is answered, or never will be (@http_code 0). */
void
dou_request_end_span (DouRequest *self, guint http_code)
{
  DouAccess access = { NULL };

  if (self->span == NULL)
    return;

  access.request_id = dou_request_get_id (self);
  access.method = self->head->method;
  access.route = self->route != NULL ? self->route->path : NULL;
  access.http_code = http_code;
  access.status_code = self->status_code;
  dou_request_span_end (g_steal_pointer (&self->span), &access);
}

static void
dou_request_log (DouRequest *self, guint http_code, gsize n_bytes, gint64 duration)
{
  g_autoptr (GInetAddress) client = dou_request_get_client_address (self);
  const DouAccess access = {
    .request_id = dou_request_get_id (self),
    .method = self->head->method,
    .route = self->route != NULL ? self->route->path : NULL,
    .path = self->path,
    .client = client,
    .user = self->user,
    .http_code = http_code,
    .status_code = self->status_code,
    .n_bytes = n_bytes,
    .duration = duration,
  };

  dou_access_log_write (&access);
}

static void
dou_request_reply_in_full (DouRequest *self, guint http_code, const char *content_type, GBytes *body,
                           const DouFilePart *part, const DouBodyFeed *feed)
{
  DouCors *cors = dou_responder_get_cors (self->responder);
  const DouAnswer answer = {
    .http_code = http_code,
    .content_type = content_type,
    .headers = self->answer_headers,
    .allowed = self->route != NULL ? self->route->methods : 0,
    .request_id = dou_request_get_id (self),
    .retry_after = self->retry_after,
    .body = body,
    .part = part,
    .feed = feed,
    .omits_body = g_str_equal (self->head->method, "HEAD"),
  };

  const gint64 duration = g_get_monotonic_time () - self->begun;

  if (cors != NULL)
    dou_cors_add_headers (cors, self->head, self->answer_headers);

  self->is_answered = TRUE;
  dou_traffic_note (dou_responder_get_traffic (self->responder),
                    self->route != NULL ? self->route->path : NULL, http_code, self->status_code,
                    duration);
  dou_request_end_span (self, http_code);
  if (dou_responder_get_access_log (self->responder))
    dou_request_log (self, http_code,
                     feed != NULL ? feed->length : body != NULL ? g_bytes_get_size (body) : 0,
                     duration);
  dou_responder_send (self->responder, self->connection, &answer);
}

static void
dou_request_reply (DouRequest *self, guint http_code, const char *content_type, GBytes *body,
                   const DouFilePart *part)
{
  dou_request_reply_in_full (self, http_code, content_type, body, part, NULL);
}

/**
 * dou_request_reply_status:
 * @self: a request that is not answered yet
 * @status: what became of it
 *
 * Answers with the envelope alone.
 */
void
dou_request_reply_status (DouRequest *self, DouStatus status)
{
  DouCors *cors;
  g_autoptr (GBytes) body = NULL;

  g_return_if_fail (DOU_IS_REQUEST (self));
  g_return_if_fail (!self->is_answered);

  cors = dou_responder_get_cors (self->responder);
  if (status == DOU_STATUS_METHOD_NOT_ALLOWED && cors != NULL
      && dou_cors_is_preflight (cors, self->head))
    {
      dou_request_reply (self, SOUP_STATUS_NO_CONTENT, NULL, NULL, NULL);
      return;
    }

  self->status_code = dou_status_get_info (status)->status_code;
  body = dou_responder_describe (status, dou_request_get_language (self));
  dou_request_reply (self, dou_status_get_info (status)->http_code, DOU_RESPONDER_JSON, body, NULL);
}

/**
 * dou_request_begin_reply:
 * @self: a request that is not answered yet
 * @status: what became of it
 * @writer: (out caller-allocates): initialised here
 *
 * Opens the envelope. The caller adds its own fields and gives all to dou_request_end_reply(), or
 * clears
 * @writer and answers with something else.
 */
void
dou_request_begin_reply (DouRequest *self, DouStatus status, DouJsonWriter *writer)
{
  dou_request_begin_large_reply (self, status, REPLY_SIZE, writer);
}

/**
 * dou_request_begin_large_reply:
 * @self: a request that is not answered yet
 * @status: what became of it
 * @size: bytes that the answer probably has
 * @writer: (out caller-allocates): initialised here
 *
 * As dou_request_begin_reply(), for an answer whose buffer would have to grow otherwise.
 */
void
dou_request_begin_large_reply (DouRequest *self, DouStatus status, gsize size,
                               DouJsonWriter *writer)
{
  const char *opening;
  gsize length;

  g_return_if_fail (DOU_IS_REQUEST (self));
  g_return_if_fail (!self->is_answered);

  opening = dou_status_messages_get_opening (status, dou_request_get_language (self), &length);
  dou_json_writer_init (writer, size);
  dou_json_writer_raw (writer, opening, (gssize) length);
}

/**
 * dou_request_end_reply:
 * @self: a request that is not answered yet
 * @status: the same as at the beginning
 * @writer: of dou_request_begin_reply(); cleared
 *
 * Closes the envelope and sends it, without a copy.
 */
void
dou_request_end_reply (DouRequest *self, DouStatus status, DouJsonWriter *writer)
{
  g_autoptr (GBytes) body = NULL;
  char *text;
  gsize length;

  g_return_if_fail (DOU_IS_REQUEST (self));
  g_return_if_fail (!self->is_answered);

  dou_json_writer_end_object (writer);
  text = dou_json_writer_steal (writer, &length);
  body = g_bytes_new_take (text, length);
  self->status_code = dou_status_get_info (status)->status_code;
  dou_request_reply (self, dou_status_get_info (status)->http_code, DOU_RESPONDER_JSON, body, NULL);
}

/**
 * dou_request_reply_bytes:
 * @self: a request that is not answered yet
 * @http_code: the HTTP status
 * @content_type: (nullable): of @body
 * @body: (nullable): what to send; kept until the client has taken it. For HEAD it only tells the
 *   length, which may be set as a response header instead
 *
 * Answers with something else than the envelope.
 */
void
dou_request_reply_bytes (DouRequest *self, guint http_code, const char *content_type, GBytes *body)
{
  g_return_if_fail (DOU_IS_REQUEST (self));
  g_return_if_fail (!self->is_answered);

  dou_request_reply (self, http_code, content_type, body, NULL);
}

/**
 * dou_request_reply_file:
 * @self: a request that is not answered yet
 * @http_code: the HTTP status
 * @content_type: of @body
 * @body: as for dou_request_reply_bytes()
 * @part: the file that @body is a part of, open as long as @body exists
 *
 * Answers with what is in a file.
 */
void
dou_request_reply_file (DouRequest *self, guint http_code, const char *content_type, GBytes *body,
                        const DouFilePart *part)
{
  g_return_if_fail (DOU_IS_REQUEST (self));
  g_return_if_fail (!self->is_answered);

  dou_request_reply (self, http_code, content_type, body, part);
}

/**
 * dou_request_reply_feed:
 * @self: a request that is not answered yet, and not for HEAD
 * @http_code: the HTTP status
 * @content_type: of the body
 * @feed: where that comes from, not empty; it is dropped in any case
 *
 * Answers with a body that comes piece by piece.
 */
void
dou_request_reply_feed (DouRequest *self, guint http_code, const char *content_type,
                        const DouBodyFeed *feed)
{
  g_return_if_fail (DOU_IS_REQUEST (self));
  g_return_if_fail (!self->is_answered);
  g_return_if_fail (feed->length > 0);

  dou_request_reply_in_full (self, http_code, content_type, NULL, NULL, feed);
}

/**
 * dou_request_feed:
 * @self: a request whose answer wants more
 * @piece: what comes next, not empty
 */
void
dou_request_feed (DouRequest *self, GBytes *piece)
{
  g_return_if_fail (DOU_IS_REQUEST (self));

  dou_connection_feed (self->connection, piece);
}

/**
 * dou_request_break_off:
 * @self: a request whose answer wants more
 *
 * There is no more. The client sees that by the end of the connection.
 */
void
dou_request_break_off (DouRequest *self)
{
  g_return_if_fail (DOU_IS_REQUEST (self));

  dou_connection_reset (self->connection);
}

/**
 * dou_request_switch_protocols:
 * @self: a request that is not answered yet
 *
 * Answers with 101 and the headers of the answer, and gives the socket away: from now on
 * something else than HTTP is spoken on it.
 *
 * Returns: (transfer full): the socket, which does not block; or -1 if the client is gone, or has
 * not waited for the answer: then the request is still to be answered
 */
int
dou_request_switch_protocols (DouRequest *self)
{
  g_autoptr (GString) head = NULL;
  SoupMessageHeadersIter iter;
  const char *name, *value;
  int fd;

  g_return_val_if_fail (DOU_IS_REQUEST (self), -1);
  g_return_val_if_fail (!self->is_answered, -1);

  fd = dou_connection_take_socket (self->connection);
  if (fd < 0)
    return -1;

  self->is_answered = TRUE;
  dou_request_end_span (self, SOUP_STATUS_SWITCHING_PROTOCOLS);
  head = g_string_new ("HTTP/1.1 101 Switching Protocols\r\n");
  soup_message_headers_iter_init (&iter,
                                  self->answer_headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_string_append_printf (head, "%s: %s\r\n", name, value);
  g_string_append (head, "\r\n");

  /* Nothing else is on its way to the client, so these few bytes find room, or the socket is
   * broken, which whoever gets it will find out. */
  (void) !send (fd, head->str, head->len, MSG_NOSIGNAL);
  return fd;
}
