/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-log.h"
#include "gateway/dou-integer.h"
#include "gateway/dou-request-id.h"
#include "gateway/dou-request-private.h"
#include "gateway/dou-request-span.h"

#define BEARER "Bearer "

G_DEFINE_FINAL_TYPE (DouRequest, dou_request, G_TYPE_OBJECT)

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
  dou_request_head_free (self->head);
  soup_message_headers_unref (self->answer_headers);
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
 * @head: (transfer full): how it begins
 * @responder: writes the answer
 * @origin: knows where links point to
 *
 * Returns: (transfer full): a request without a path and a route yet
 */
DouRequest *
dou_request_new (DouConnection *connection,
                 DouRequestHead *head,
                 DouResponder *responder,
                 DouOrigin *origin)
{
  DouRequest *self = g_object_new (DOU_TYPE_REQUEST, NULL);

  self->begun = g_get_monotonic_time ();
  self->status_code = -1;
  self->connection = dou_connection_ref (connection);
  self->head = head;
  self->answer_headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  self->span = dou_request_span_begin (head->headers);
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

  given = soup_message_headers_get_one (self->head->headers,
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

  text = soup_message_headers_get_one (self->head->headers,
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
        = dou_origin_get_url (self->origin, self->head->headers,
                              self->head->remote,
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
                                self->head->headers,
                                self->head->remote);
}

/**
 * dou_request_get_method:
 * @self: a request
 *
 * Returns: (transfer none): its method, as it was sent
 */
const char *
dou_request_get_method (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return self->head->method;
}

/**
 * dou_request_get_headers:
 * @self: a request
 *
 * Returns: (transfer none): those that were sent
 */
SoupMessageHeaders *
dou_request_get_headers (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return self->head->headers;
}

/**
 * dou_request_get_answer_headers:
 * @self: a request
 *
 * Returns: (transfer none): those that go with its answer, beside those that every answer has
 */
SoupMessageHeaders *
dou_request_get_answer_headers (DouRequest *self)
{
  g_return_val_if_fail (DOU_IS_REQUEST (self), NULL);

  return self->answer_headers;
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
  SoupMessageHeaders *headers = self->head->headers;

  return dou_language_negotiate (soup_message_headers_get_list (headers, "Accept-Language"));
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
