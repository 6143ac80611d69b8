/* SPDX-License-Identifier: Apache-2.0 */

/* How a request is read.
 *
 *   1. A head is gathered, up to DOU_HEAD_MAX_LENGTH, and its framing is checked (DouHead).
 *   2. libsoup's parsers read it (DouRequestHead): a method, a URI and headers.
 *   3. Path, method, size of the body and query decide whether there will be a body at all: what is
 *      refused is refused before it is read, and also before a client that waits for `100 Continue`
 * is told to send it.
 *   4. The body comes: into the connection's buffer if it is a form, of MAX_FORM bytes at most, or
 *      piece by piece into the sink of its route.
 *   5. The handler gets the request.
 *
 * Rejected: libsoup's server, for step 2 because of what it costs (DouRequestHead), for step 4 because it
 * reads a fast upload for as long as there is something to read, and gives a slow one
 * five sources, at which every turn of the main loop looks. Reading here is a loop over recv() with
 * a share for each turn. Measured with an upload of 1 GiB over loopback, beside which another
 * client was answered: 0.4 s instead of 1.3 s, and that client never waited longer than 24 ms
 * instead of 1.3 s.
 *
 * A connection on which a body was refused cannot be used again: it is answered, lingers and is
 * closed. */

#include "config.h"

#include <string.h>

#include "common/dou-metrics.h"
#include "gateway/dou-head.h"
#include "gateway/dou-intake.h"
#include "gateway/dou-request-private.h"

/* Bytes of a body that is no upload: ten times what the longest comment takes. */
#define MAX_FORM (64 * 1024)
/* What a multipart body may have around the file in it. */
#define MAX_UPLOAD_FRAMING (1024 * 1024)
/* Bytes of an upload that are read at once, and how often in one turn of the main loop. */
#define PIECE_SIZE (64 * 1024)
#define MAX_PIECES 4

struct _DouIntake
{
  GObject parent_instance;

  DouRouter *router;       /* (owned) */
  DouResponder *responder; /* (owned) */
  DouRateLimiter *limiter; /* (owned) */
  DouOrigin *origin;       /* (owned) */
  DouMetric *upload_bytes; /* (unowned) */
  guint64 max_upload;      /* bytes of a body that is one */
  guint8 *piece;           /* (owned) PIECE_SIZE bytes on their way to a sink */
};

G_DEFINE_FINAL_TYPE (DouIntake, dou_intake, G_TYPE_OBJECT)

static void
dou_intake_finalize (GObject *object)
{
  DouIntake *self = DOU_INTAKE (object);

  g_clear_object (&self->router);
  g_clear_object (&self->responder);
  g_clear_object (&self->limiter);
  g_clear_object (&self->origin);
  g_free (self->piece);

  G_OBJECT_CLASS (dou_intake_parent_class)->finalize (object);
}

static void
dou_intake_class_init (DouIntakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_intake_finalize;
}

static void
dou_intake_init (DouIntake *self)
{
  self->piece = g_malloc (PIECE_SIZE);
  self->upload_bytes = dou_metrics_get ("doutok_upload_bytes_total", "");
}

/**
 * dou_intake_new:
 * @config: has the limits
 * @router: knows the handlers
 * @limiter: knows who must wait
 * @origin: knows who is who
 * @responder: answers what does not get as far as a handler
 *
 * Returns: (transfer full): an intake
 */
DouIntake *
dou_intake_new (DouConfig *config,
                DouRouter *router,
                DouRateLimiter *limiter,
                DouOrigin *origin,
                DouResponder *responder)
{
  DouIntake *self = g_object_new (DOU_TYPE_INTAKE, NULL);

  self->router = g_object_ref (router);
  self->limiter = g_object_ref (limiter);
  self->origin = g_object_ref (origin);
  self->responder = g_object_ref (responder);
  self->max_upload
      = (guint64) dou_config_get_int64 (config, DOU_CONFIG_MAX_UPLOAD) + MAX_UPLOAD_FRAMING;
  return self;
}

/* Refuses bytes that are no request, so that nobody knows where the next one would begin. */
static void
dou_intake_refuse_bytes (DouIntake *self, DouConnection *connection, DouStatus status)
{
  connection->is_reading = TRUE;
  dou_responder_send_status (self->responder, connection, status, DOU_LANGUAGE_ZH_CN);
}

/* Refuses a request; its body, too, unless that is here already. */
static void
dou_intake_refuse (DouIntake *self, DouConnection *connection, DouStatus status)
{
  g_autoptr (DouRequest) request = g_steal_pointer (&connection->reading);
  gsize length;

  dou_connection_get_input (connection, &length);
  if (length >= connection->body_left)
    {
      dou_connection_consume (connection, connection->body_left);
      connection->body_left = 0;
      connection->is_reading = FALSE;
    }
  else
    connection->keep_alive = FALSE;

  dou_request_reply_status (request, status);
}

static guint64
dou_intake_get_limit (DouIntake *self, const DouRoute *route)
{
  if (route->sink == NULL)
    return MAX_FORM;

  return route->sink->max_length > 0 ? route->sink->max_length : self->max_upload;
}

/* What a request counts as for its address, before there is a user. */
static DouStatus
dou_intake_limit (DouIntake *self, DouRequest *request, const DouRoute *route)
{
  g_autoptr (GInetAddress) client = dou_request_get_client_address (request);
  guint wait = dou_rate_limiter_admit_address (self->limiter, DOU_RATE_GENERAL, client);

  if (wait == 0 && route != NULL && route->rate_class != DOU_RATE_GENERAL)
    wait = dou_rate_limiter_admit_address (self->limiter, route->rate_class, client);

  return dou_request_delay (request, wait);
}

/* Decides from the head alone. */
static DouStatus
dou_intake_admit (DouIntake *self, DouRequest *request, guint64 body_length)
{
  GUri *uri = request->head->uri;
  char *path = dou_router_normalize_path (g_uri_get_path (uri));
  const char *query = g_uri_get_query (uri);
  const DouRoute *route;
  gpointer user_data;
  DouStatus status, limited;

  if (path == NULL)
    return DOU_STATUS_BAD_REQUEST;

  dou_request_take_path (request, path);
  status = dou_router_find (self->router, request->head->method, path, &route,
                            &user_data);
  dou_request_set_route (request, route, user_data);
  limited = dou_intake_limit (self, request, route);
  if (limited != DOU_STATUS_OK)
    return limited;
  if (status != DOU_STATUS_OK)
    return status;
  if (body_length > dou_intake_get_limit (self, route))
    return DOU_STATUS_TOO_LARGE;

  if (query != NULL)
    status = dou_parameters_add_form (dou_request_get_parameters (request), query, strlen (query));
  if (status == DOU_STATUS_OK && route->sink != NULL)
    status = dou_request_open_sink (request);
  if (status == DOU_STATUS_OK && dou_request_get_body_sink (request) == NULL
      && body_length > MAX_FORM)
    status = DOU_STATUS_TOO_LARGE;

  return status;
}

/* The body is complete. */
static void
dou_intake_finish (DouIntake *self, DouConnection *connection, DouStatus status)
{
  g_autoptr (DouRequest) request = g_steal_pointer (&connection->reading);

  connection->is_reading = FALSE;
  if (status == DOU_STATUS_OK)
    dou_request_handle (request, self->router);
  else
    dou_request_reply_status (request, status);
}

static void
dou_intake_read_form (DouIntake *self, DouConnection *connection)
{
  DouReceived received = DOU_RECEIVED_NOTHING;
  DouRequest *request = connection->reading;
  SoupMessageHeaders *headers;
  DouStatus status;
  const char *body;
  gsize length;

  body = dou_connection_get_input (connection, &length);
  if (length < connection->body_left)
    {
      received = dou_connection_receive (connection, connection->body_left);
      body = dou_connection_get_input (connection, &length);
    }

  if (received == DOU_RECEIVED_END)
    dou_connection_close (connection);
  if (received == DOU_RECEIVED_END || length < connection->body_left)
    return;

  headers = dou_request_get_headers (request);
  status = dou_parameters_add_body (dou_request_get_parameters (request),
                                    soup_message_headers_get_one (headers, "Content-Type"),
                                    (const guint8 *) body, connection->body_left);
  dou_connection_consume (connection, connection->body_left);
  connection->body_left = 0;
  dou_intake_finish (self, connection, status);
}

/* Returns: whether there may be more to read */
static gboolean
dou_intake_pass_on (DouIntake *self, DouConnection *connection, const guint8 *data, gsize length)
{
  DouStatus status = dou_request_write_sink (connection->reading, data, length);

  dou_metric_add (self->upload_bytes, (gint64) length);
  connection->body_left -= length;
  if (data != self->piece)
    dou_connection_consume (connection, length);
  if (status != DOU_STATUS_OK)
    dou_intake_refuse (self, connection, status);

  return status == DOU_STATUS_OK;
}

/* What was read along with the head, then what the socket has. */
static void
dou_intake_read_upload (DouIntake *self, DouConnection *connection)
{
  gsize length;
  const char *data = dou_connection_get_input (connection, &length);

  length = MIN (length, connection->body_left);
  if (length > 0 && !dou_intake_pass_on (self, connection, (const guint8 *) data, length))
    return;

  for (guint n = 0; connection->body_left > 0 && n < MAX_PIECES; n++)
    {
      DouReceived received = dou_connection_receive_into (
          connection, self->piece, MIN (connection->body_left, PIECE_SIZE), &length);

      if (received == DOU_RECEIVED_END)
        dou_connection_close (connection);
      if (received != DOU_RECEIVED_SOME
          || !dou_intake_pass_on (self, connection, self->piece, length))
        return;
    }

  if (connection->body_left == 0)
    dou_intake_finish (self, connection, dou_request_close_sink (connection->reading));
}

static void
dou_intake_read_body (DouIntake *self, DouConnection *connection)
{
  if (dou_request_get_body_sink (connection->reading) != NULL)
    dou_intake_read_upload (self, connection);
  else
    dou_intake_read_form (self, connection);
}

static void
dou_intake_begin (DouIntake *self, DouConnection *connection, const char *data, gsize length)
{
  g_autoptr (DouRequestHead) head = NULL;
  GSocketAddress *remote = dou_connection_get_remote_address (connection);
  DouStatus status;
  DouHead framing;

  if (remote == NULL)
    {
      dou_connection_close (connection);
      return;
    }

  if (dou_head_parse (&framing, data, length))
    head = dou_request_head_parse (data, length, remote);
  if (head == NULL)
    {
      dou_intake_refuse_bytes (self, connection, DOU_STATUS_BAD_REQUEST);
      return;
    }

  dou_connection_consume (connection, length);
  dou_connection_move (connection, DOU_PLACE_BODY);
  connection->keep_alive = framing.keep_alive;
  connection->body_left = framing.content_length;
  connection->is_reading = framing.content_length > 0;
  connection->reading = dou_request_new (connection, g_steal_pointer (&head), self->responder, self->origin);

  status = dou_intake_admit (self, connection->reading, connection->body_left);
  if (status != DOU_STATUS_OK)
    {
      dou_intake_refuse (self, connection, status);
      return;
    }

  dou_connection_get_input (connection, &length);
  if (framing.expects_continue && length < connection->body_left)
    dou_connection_invite (connection);
  if (!dou_connection_is_closed (connection))
    dou_intake_read_body (self, connection);
}

/* RFC 9112, section 2.2: empty lines before a request line are passed over. */
static void
dou_intake_skip_empty_lines (DouConnection *connection)
{
  gsize length;
  const char *data = dou_connection_get_input (connection, &length);
  gsize n = 0;

  while (n < length && (data[n] == '\r' || data[n] == '\n'))
    n++;
  if (n > 0)
    dou_connection_consume (connection, n);
}

/* Returns: whether there was a head, or something that cannot become one */
static gboolean
dou_intake_take_head (DouIntake *self, DouConnection *connection)
{
  const char *data;
  gsize length, end;

  dou_intake_skip_empty_lines (connection);
  data = dou_connection_get_input (connection, &length);
  end = dou_head_find_end (data, length, connection->n_seen);
  if (end > 0)
    dou_intake_begin (self, connection, data, end);
  else if (length >= DOU_HEAD_MAX_LENGTH)
    dou_intake_refuse_bytes (self, connection, DOU_STATUS_TOO_LARGE);
  else
    {
      connection->n_seen = length;
      if (length > 0 && connection->parked.place == DOU_PLACE_IDLE)
        dou_connection_move (connection, DOU_PLACE_HEAD);
      return FALSE;
    }

  return TRUE;
}

static void
dou_intake_read_head (DouIntake *self, DouConnection *connection)
{
  if (dou_intake_take_head (self, connection))
    return;

  switch (dou_connection_receive (connection, DOU_HEAD_MAX_LENGTH))
    {
    case DOU_RECEIVED_SOME:
      dou_intake_take_head (self, connection);
      break;
    case DOU_RECEIVED_END:
      dou_connection_close (connection);
      break;
    case DOU_RECEIVED_NOTHING:
    default:
      break;
    }
}

/**
 * dou_intake_read:
 * @self: an intake
 * @connection: at %DOU_PLACE_IDLE, %DOU_PLACE_HEAD or %DOU_PLACE_BODY
 *
 * Reads what has come, a share for one turn at most, and acts on it.
 */
void
dou_intake_read (DouIntake *self, DouConnection *connection)
{
  g_autoptr (DouConnection) held = dou_connection_ref (connection);

  if (connection->parked.place == DOU_PLACE_BODY)
    dou_intake_read_body (self, connection);
  else
    dou_intake_read_head (self, connection);

  if (!dou_connection_is_closed (connection) && connection->is_readable
      && connection->parked.place <= DOU_PLACE_BODY)
    dou_parking_wake (connection->parking, &connection->parked);
}

/**
 * dou_intake_expire:
 * @self: an intake
 * @connection: at %DOU_PLACE_HEAD or %DOU_PLACE_BODY, where its time is over
 *
 * Refuses the request, unless its body keeps coming. Who has sent nothing at all is told nothing.
 */
void
dou_intake_expire (DouIntake *self, DouConnection *connection)
{
  gsize length;

  dou_connection_get_input (connection, &length);
  if (connection->parked.place == DOU_PLACE_HEAD && length == 0)
    dou_connection_close (connection);
  else if (connection->parked.place == DOU_PLACE_HEAD)
    dou_intake_refuse_bytes (self, connection, DOU_STATUS_TIMEOUT);
  else if (!dou_connection_has_moved (connection))
    dou_intake_refuse (self, connection, DOU_STATUS_TIMEOUT);
}
