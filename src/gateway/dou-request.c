/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include <sys/socket.h>

#include "common/dou-log.h"
#include "gateway/dou-integer.h"
#include "gateway/dou-request-id.h"
#include "gateway/dou-request-private.h"
#include "gateway/dou-request-span.h"
#include "gateway/dou-status-messages.h"

/* Bytes that most answers fit into, so that the buffer need not grow. */
#define REPLY_SIZE 1024

#define BEARER "Bearer "

struct _DouRequest
{
  GObject parent_instance;

  DouConnection *connection;  /* (owned) possibly closed */
  SoupServerMessage *message; /* (owned) */
  DouResponder *responder;    /* (owned) */
  DouOrigin *origin;          /* (owned) */

  const char *id; /* (unowned) (nullable) once asked for: a header of `message`, or `minted_id` */
  char minted_id[DOU_REQUEST_ID_LENGTH + 1];
  DouSpan *span;         /* (owned) (nullable) until it is answered, if it is to be seen */
  DouTraceContext trace; /* of `span` */
  char *path;            /* (owned) (nullable) */
  const DouRoute *route; /* (unowned) (nullable) */
  gpointer route_data;   /* (unowned) of `route` */
  DouParameters parameters;
  gpointer sink; /* (owned) (nullable) of the route's sink class */

  char *url;                 /* (owned) (nullable) the origin, once asked for */
  GCancellable *cancellable; /* (owned) (nullable) once asked for */
  gint64 begun;              /* monotonic time, in microseconds */
  gint64 user;               /* who sent it, once that was asked; 0 for a guest */
  int status_code;           /* of the envelope of the answer; -1 if it has none */
  guint retry_after;         /* seconds after which the client may try again; 0 = the usual */
  gboolean is_lost;          /* the client is gone */
  gboolean is_answered;
};

G_DEFINE_FINAL_TYPE (DouRequest, dou_request, G_TYPE_OBJECT)

static void
dou_request_end_span (DouRequest *self, guint http_code)
{
  DouAccess access = { NULL };

  if (self->span == NULL)
    return;

  access.request_id = dou_request_get_id (self);
  access.method = soup_server_message_get_method (self->message);
  access.route = self->route != NULL ? self->route->path : NULL;
  access.http_code = http_code;
  access.status_code = self->status_code;
  dou_request_span_end (g_steal_pointer (&self->span), &access);
}

/* The request is the one that its connection waits for, and nobody is left who could answer it. */
static void
dou_request_dispose (GObject *object)
{
  DouRequest *self = DOU_REQUEST (object);

  if (self->connection->request == self)
    {
      g_critical ("%s: nobody answered the request", self->path);
      dou_request_reply_status (self, DOU_STATUS_INTERNAL);
    }

  G_OBJECT_CLASS (dou_request_parent_class)->dispose (object);
}

static void
dou_request_finalize (GObject *object)
{
  DouRequest *self = DOU_REQUEST (object);

  dou_request_end_span (self, 0);
  if (self->sink != NULL)
    self->route->sink->free (self->sink);
  dou_parameters_clear (&self->parameters);
  g_free (self->path);
  g_free (self->url);
  g_clear_object (&self->cancellable);
  g_object_unref (self->origin);
  g_object_unref (self->responder);
  g_object_unref (self->message);
  dou_connection_unref (self->connection);

  G_OBJECT_CLASS (dou_request_parent_class)->finalize (object);
}

static void
dou_request_class_init (DouRequestClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_request_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_request_finalize;
}

static void
dou_request_init (DouRequest *self)
{
  dou_parameters_init (&self->parameters);
}

/**
 * dou_request_new:
 * @connection: where it came from
 * @message: its head
 * @responder: writes the answer
 * @origin: knows where links point to
 *
 * Returns: (transfer full): a request without a path and a route yet
 */
DouRequest *
dou_request_new (DouConnection *connection,
                 SoupServerMessage *message,
                 DouResponder *responder,
                 DouOrigin *origin)
{
  DouRequest *self = g_object_new (DOU_TYPE_REQUEST, NULL);

  self->begun = g_get_monotonic_time ();
  self->status_code = -1;
  self->connection = dou_connection_ref (connection);
  self->message = g_object_ref (message);
  self->span = dou_request_span_begin (message);
  if (self->span != NULL)
    self->trace = *dou_span_get_context (self->span);
  self->responder = g_object_ref (responder);
  self->origin = g_object_ref (origin);
  return self;
}

void
dou_request_take_path (DouRequest *self, char *path)
{
  g_return_if_fail (self->path == NULL);

  self->path = path;
}

void
dou_request_set_route (DouRequest *self, const DouRoute *route, gpointer user_data)
{
  self->route = route;
  self->route_data = user_data;
}

DouParameters *
dou_request_get_parameters (DouRequest *self)
{
  return &self->parameters;
}

/**
 * dou_request_handle:
 * @self: a request that is complete
 * @router: where its route is from
 *
 * Has the handler of its route called. From now on the request is answered, or its client is lost.
 */
void
dou_request_handle (DouRequest *self, DouRouter *router)
{
  g_autoptr (DouRequest) held = g_object_ref (self);
  const char *former = dou_log_name_requests (dou_request_get_id (self));
  const DouTraceContext *trace = dou_trace_enter_kept (&self->trace);

  self->connection->request = self;
  dou_connection_move (self->connection, DOU_PLACE_HANDLING);
  dou_router_call (router, self->route, self->route_data, self);
  dou_trace_enter (trace);
  dou_log_name_requests (former);
}

/**
 * dou_request_lose_client:
 * @self: a request that is not answered yet
 *
 * Cancels what is done for it.
 */
void
dou_request_lose_client (DouRequest *self)
{
  self->is_lost = TRUE;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}

DouStatus
dou_request_open_sink (DouRequest *self)
{
  DouStatus status = DOU_STATUS_INTERNAL;

  self->sink = self->route->sink->open (self, self->route_data, &status);
  return self->sink != NULL ? DOU_STATUS_OK : status;
}

DouStatus
dou_request_write_sink (DouRequest *self, const guint8 *data, gsize length)
{
  return self->route->sink->write (self->sink, data, length);
}

DouStatus
dou_request_close_sink (DouRequest *self)
{
  return self->route->sink->close (self->sink);
}

/**
 * dou_request_get_id:
 * @self: a request
 *
 * Returns: (transfer none): by which it is found in logs: what its client calls it, if that is sane
 */
const char *
dou_request_get_id (DouRequest *self)
{
  const char *given;

  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  if (self->id != NULL)
    return self->id;

  given = soup_message_headers_get_one (soup_server_message_get_request_headers (self->message),
                                        DOU_REQUEST_ID_HEADER);
  if (dou_request_id_is_sane (given))
    {
      self->id = given;
      return given;
    }

  dou_request_id_mint (self->minted_id);
  self->id = self->minted_id;
  return self->id;
}

/**
 * dou_request_set_user:
 * @self: a request
 * @user: who sent it, as its token says; for the access log
 */
void
dou_request_set_user (DouRequest *self, gint64 user)
{
  g_return_if_fail (DOU_IS_REQUEST (self));

  self->user = user;
}

/**
 * dou_request_get_path:
 * @self: a request
 *
 * Returns: (transfer none): its path, unescaped, without repeated slashes and without one at the
 * end
 */
const char *
dou_request_get_path (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return self->path;
}

/**
 * dou_request_get_parameter:
 * @self: a request
 * @name: of a parameter
 *
 * Returns: (transfer none) (nullable): its value, in UTF-8, from the query or else from the body;
 *   %NULL if it was not sent
 */
const char *
dou_request_get_parameter (DouRequest *self, const char *name)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return dou_parameters_get (&self->parameters, name);
}

/**
 * dou_request_get_integer:
 * @self: a request
 * @name: of a parameter
 * @value: (out): the number; set only for %DOU_NUMBER_VALID
 *
 * Returns: what was sent; an empty value is as good as none
 */
DouNumber
dou_request_get_integer (DouRequest *self, const char *name, gint64 *value)
{
  const char *text = dou_request_get_parameter (self, name);

  if (text == NULL || *text == '\0')
    return DOU_NUMBER_ABSENT;

  return dou_integer_parse (text, value) ? DOU_NUMBER_VALID : DOU_NUMBER_INVALID;
}

static gboolean
is_token (const char *text)
{
  return text != NULL && *text != '\0' && strcmp (text, "null") != 0;
}

/**
 * dou_request_get_token:
 * @self: a request
 *
 * Returns: (transfer none) (nullable): the login token from the query, a form or the Authorization
 *   header; %NULL for a guest, who may also say so with an empty one or with `null`
 */
const char *
dou_request_get_token (DouRequest *self)
{
  const char *text;

  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  text = dou_request_get_parameter (self, "token");
  if (is_token (text))
    return text;

  text = soup_message_headers_get_one (soup_server_message_get_request_headers (self->message),
                                       "Authorization");
  if (text == NULL || g_ascii_strncasecmp (text, BEARER, strlen (BEARER)) != 0)
    return NULL;

  text += strlen (BEARER);
  text += strspn (text, " ");
  return is_token (text) ? text : NULL;
}

/**
 * dou_request_get_origin:
 * @self: a request
 *
 * Returns: (transfer none): scheme, host and port for links that its client can follow, without a
 * slash at the end
 */
const char *
dou_request_get_origin (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  if (self->url == NULL)
    self->url
        = dou_origin_get_url (self->origin, soup_server_message_get_request_headers (self->message),
                              soup_server_message_get_remote_address (self->message),
                              self->connection->is_secure);
  if (self->url == NULL)
    self->url = dou_connection_get_url (self->connection);

  return self->url;
}

/**
 * dou_request_get_client_address:
 * @self: a request
 *
 * Returns: (transfer full) (nullable): the address that it came from, that of a trusted proxy's
 * client if it came through one
 */
GInetAddress *
dou_request_get_client_address (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return dou_origin_get_client (self->origin,
                                soup_server_message_get_request_headers (self->message),
                                soup_server_message_get_remote_address (self->message));
}

/**
 * dou_request_get_message:
 * @self: a request
 *
 * Returns: (transfer none): its head as libsoup read it. Response headers that are set here are
 * sent with dou_request_reply_bytes(); nothing else of the response is
 */
SoupServerMessage *
dou_request_get_message (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return self->message;
}

/**
 * dou_request_get_cancellable:
 * @self: a request
 *
 * Returns: (transfer none): cancelled when the client is known to be gone, or the server is
 *   dropped before it has answered
 */
GCancellable *
dou_request_get_cancellable (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  if (self->cancellable == NULL)
    {
      self->cancellable = g_cancellable_new ();
      if (self->is_lost)
        g_cancellable_cancel (self->cancellable);
    }

  return self->cancellable;
}

/**
 * dou_request_add_parameter:
 * @self: a request whose body is being streamed
 * @name: of a field in it
 * @value: its value
 *
 * Adds a parameter, as if it had come in a small form.
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_BAD_PARAMETER if there are too many or one is not UTF-8
 */
DouStatus
dou_request_add_parameter (DouRequest *self, const char *name, const char *value)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), DOU_STATUS_INTERNAL);

  return dou_parameters_add (&self->parameters, name, value);
}

/**
 * dou_request_get_body_sink:
 * @self: a request
 *
 * Returns: (transfer none) (nullable): what the sink of its route made for it; lives as long as
 * @self
 */
gpointer
dou_request_get_body_sink (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return self->sink;
}

/**
 * dou_request_get_language:
 * @self: a request
 *
 * Returns: the language of its client
 */
DouLanguage
dou_request_get_language (DouRequest *self)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (self->message);

  return dou_language_negotiate (soup_message_headers_get_list (headers, "Accept-Language"));
}

static void
dou_request_log (DouRequest *self, guint http_code, gsize n_bytes, gint64 duration)
{
  g_autoptr (GInetAddress) client = dou_request_get_client_address (self);
  const DouAccess access = {
    .request_id = dou_request_get_id (self),
    .method = soup_server_message_get_method (self->message),
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
    .headers = soup_server_message_get_response_headers (self->message),
    .allowed = self->route != NULL ? self->route->methods : 0,
    .request_id = dou_request_get_id (self),
    .retry_after = self->retry_after,
    .body = body,
    .part = part,
    .feed = feed,
    .omits_body = soup_server_message_get_method (self->message) == SOUP_METHOD_HEAD,
  };

  const gint64 duration = g_get_monotonic_time () - self->begun;

  if (cors != NULL)
    dou_cors_add_headers (cors, self->message);

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
 * dou_request_get_rate_class:
 * @self: a request with a route
 *
 * Returns: what it counts as, beside any request
 */
DouRateClass
dou_request_get_rate_class (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), DOU_RATE_GENERAL);

  return self->route->rate_class;
}

/**
 * dou_request_delay:
 * @self: a request that is not answered yet
 * @seconds: to wait; 0 = it need not
 *
 * Sets what the answer says of when to try again, if it is one that does.
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_RATE_LIMITED if it has to wait
 */
DouStatus
dou_request_delay (DouRequest *self, guint seconds)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), DOU_STATUS_INTERNAL);

  self->retry_after = seconds;
  return seconds == 0 ? DOU_STATUS_OK : DOU_STATUS_RATE_LIMITED;
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
      && dou_cors_is_preflight (cors, self->message))
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
 * Answers with 101 and the response headers of the message, and gives the socket away: from now on
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
                                  soup_server_message_get_response_headers (self->message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_string_append_printf (head, "%s: %s\r\n", name, value);
  g_string_append (head, "\r\n");

  /* Nothing else is on its way to the client, so these few bytes find room, or the socket is
   * broken, which whoever gets it will find out. */
  (void) !send (fd, head->str, head->len, MSG_NOSIGNAL);
  return fd;
}
