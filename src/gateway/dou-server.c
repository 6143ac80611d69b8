/* SPDX-License-Identifier: Apache-2.0 */

/* The HTTP front end.
 *
 *     DouListener   accepts connections
 *     DouParking    is where they wait, whatever for
 *     DouConnection is one of them: bytes in, bytes out
 *     DouIntake     makes requests of the bytes, with libsoup, and calls handlers
 *     DouResponder  makes bytes of the answers
 *
 * and this file holds them together: limits, time-outs and the end.
 *
 * libsoup 3.2.3, which Debian 12 has, could do all of that by itself, but its server never frees an
 * idle connection that the client closed, is deaf for ever after one failed accept(), and looks at
 * every open connection in every turn of the main loop. So it gets a connection only while there is
 * a head to read, and nothing to watch. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <sys/socket.h>
#include <unistd.h>

#include "common/dou-metrics.h"
#include "common/dou-tls.h"
#include "gateway/dou-intake.h"
#include "gateway/dou-listener.h"
#include "gateway/dou-server.h"
#include "gateway/dou-tls-thread.h"

/* Seconds for which a client may go on sending after its last answer, until it has seen that it is.
 */
#define LINGER_TIMEOUT 5
/* Seconds in which a client that has connected before the end of the server may send its request. */
#define STOP_GRACE 2
/* Connections above the limit that linger after their 503; one more is closed without waiting for
 * the client to read it. */
#define MAX_TURNED_AWAY 64

struct _DouServer
{
  GObject parent_instance;

  guint max_connections;
  DouMetric *refused;      /* (unowned) connections */
  DouOrigin *origin;       /* (owned) */
  DouPeers *peers;         /* (owned) */
  DouParking *parking;     /* (owned) */
  DouIntake *intake;       /* (owned) */
  DouResponder *responder; /* (owned) */
  GPtrArray *listeners;    /* (owned) (element-type DouListener) */
  DouTlsThread *tls;       /* (owned) (nullable) if clients speak TLS */
  GHashTable *newcomers;   /* (owned) (element-type Newcomer) who is shaking hands there */
  GTask *stopping;         /* (owned) (nullable) */
};

/* A client that is not a connection yet. */
typedef struct
{
  GSocketAddress *local;  /* (owned) */
  GSocketAddress *remote; /* (owned) */
  DouPeer *peer;          /* (owned) (nullable) what counts it for its address */
} Newcomer;

G_DEFINE_FINAL_TYPE (DouServer, dou_server, G_TYPE_OBJECT)

static void
newcomer_free (Newcomer *self)
{
  g_object_unref (self->local);
  g_object_unref (self->remote);
  g_clear_pointer (&self->peer, dou_peer_leave);
  g_free (self);
}

static void
dou_server_close_all (DouServer *self, DouPlace place)
{
  DouParked *parked;

  while ((parked = dou_parking_get_first (self->parking, place)) != NULL)
    dou_connection_close ((DouConnection *) parked);
}

static void
dou_server_dispose (GObject *object)
{
  DouServer *self = DOU_SERVER (object);

  g_clear_pointer (&self->listeners, g_ptr_array_unref);
  g_clear_pointer (&self->tls, dou_tls_thread_free);
  g_clear_pointer (&self->newcomers, g_hash_table_unref);
  if (self->parking != NULL)
    for (guint place = 0; place < DOU_N_PLACES; place++)
      dou_server_close_all (self, (DouPlace) place);
  g_clear_pointer (&self->parking, dou_parking_free);
  g_clear_pointer (&self->peers, dou_peers_free);
  g_clear_object (&self->origin);
  g_clear_object (&self->intake);
  g_clear_object (&self->responder);

  G_OBJECT_CLASS (dou_server_parent_class)->dispose (object);
}

static void
dou_server_class_init (DouServerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_server_dispose;
}

static void
dou_server_init (DouServer *self)
{
  self->listeners = g_ptr_array_new_with_free_func (g_object_unref);
  self->newcomers = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) newcomer_free, NULL);
  self->responder = dou_responder_new ();
  self->refused = dou_metrics_get ("doutok_http_connections_refused_total", "");
}

static void
ready_cb (DouParked *parked, guint events, gpointer user_data)
{
  DouServer *self = user_data;
  DouConnection *connection = (DouConnection *) parked;

  dou_connection_note (connection, events);
  switch (parked->place)
    {
    case DOU_PLACE_IDLE:
    case DOU_PLACE_HEAD:
    case DOU_PLACE_BODY:
      dou_intake_read (self->intake, connection);
      break;
    case DOU_PLACE_WRITING:
      dou_connection_flush (connection);
      break;
    case DOU_PLACE_LINGERING:
      dou_connection_throw_away (connection);
      break;
    case DOU_PLACE_HANDLING:
      break;
    case DOU_N_PLACES:
    default:
      g_assert_not_reached ();
    }

  /* Also if it is so since just now. A client that has only shut down its side waits for the
   * answer. */
  if (connection->is_gone && parked->place == DOU_PLACE_HANDLING)
    dou_connection_close (connection);
}

static void
expired_cb (DouParked *parked, gpointer user_data)
{
  DouServer *self = user_data;
  DouConnection *connection = (DouConnection *) parked;

  switch (parked->place)
    {
    case DOU_PLACE_IDLE:
    case DOU_PLACE_LINGERING:
      dou_connection_close (connection);
      break;
    case DOU_PLACE_HEAD:
    case DOU_PLACE_BODY:
      dou_intake_expire (self->intake, connection);
      break;
    case DOU_PLACE_WRITING:
      if (!dou_connection_has_moved (connection))
        dou_connection_reset (connection);
      break;
    case DOU_PLACE_HANDLING:
    case DOU_N_PLACES:
    default:
      g_assert_not_reached ();
    }
}

static void
release_cb (DouParked *parked)
{
  dou_connection_unref ((DouConnection *) parked);
}

static const DouParkingFuncs parking_funcs = { ready_cb, expired_cb, release_cb };

/* Returns: whether @remote may have one more; @peer counts it, if it is to be counted */
static gboolean
dou_server_count_peer (DouServer *self, GSocketAddress *remote, DouPeer **peer)
{
  g_autoptr (GInetAddress) address
      = remote != NULL ? dou_origin_get_counted_peer (self->origin, remote) : NULL;

  *peer = address != NULL ? dou_peers_enter (self->peers, address) : NULL;
  return address == NULL || *peer != NULL;
}

/* Returns: (transfer full) (nullable): one end of a socket */
static GSocketAddress *
get_end (int fd, gboolean is_own)
{
  struct sockaddr_storage native;
  socklen_t length = sizeof native;
  int result = is_own ? getsockname (fd, (struct sockaddr *) &native, &length)
                      : getpeername (fd, (struct sockaddr *) &native, &length);

  return result == 0 ? g_socket_address_new_from_native (&native, length) : NULL;
}

/* Whom there is no room for is not told: that would take shaking hands.
 *
 * @fd: (transfer full) */
static void
dou_server_shake_hands (DouServer *self, int fd)
{
  guint n = dou_parking_count (self->parking) + g_hash_table_size (self->newcomers);
  g_autoptr (GSocketAddress) local = get_end (fd, TRUE);
  g_autoptr (GSocketAddress) remote = get_end (fd, FALSE);
  Newcomer *newcomer;
  DouPeer *peer;

  if (n >= self->max_connections || local == NULL || remote == NULL
      || !dou_server_count_peer (self, remote, &peer))
    {
      dou_metric_add (self->refused, 1);
      close (fd);
      return;
    }

  newcomer = g_new (Newcomer, 1);
  *newcomer = (Newcomer){ g_steal_pointer (&local), g_steal_pointer (&remote), peer };
  g_hash_table_add (self->newcomers, newcomer);
  dou_tls_thread_take (self->tls, fd, newcomer);
}

static void
opened_cb (int fd, gpointer ticket, gpointer user_data)
{
  DouServer *self = user_data;
  Newcomer *newcomer = ticket;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouConnection) connection = NULL;

  if (dou_parking_is_closing (self->parking))
    close (fd);
  else
    connection = dou_connection_new (self->parking, fd, newcomer->local, &error);

  if (connection != NULL)
    {
      connection->is_secure = TRUE;
      connection->peer = g_steal_pointer (&newcomer->peer);
      dou_connection_set_remote_address (connection, newcomer->remote);
    }
  else if (error != NULL)
    g_warning ("%s", error->message);

  g_hash_table_remove (self->newcomers, newcomer);
}

static void
refused_cb (gpointer ticket, gpointer user_data)
{
  DouServer *self = user_data;

  g_hash_table_remove (self->newcomers, ticket);
}

static void
drained_cb (gpointer user_data)
{
  DouServer *self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->stopping);

  g_task_return_boolean (task, TRUE);
}

static const DouTlsThreadFuncs tls_funcs = { opened_cb, refused_cb, drained_cb };

static void
accepted_cb (int fd, GSocketAddress *local, gpointer user_data)
{
  DouServer *self = user_data;
  guint n = dou_parking_count (self->parking);
  g_autoptr (GError) error = NULL;
  g_autoptr (DouConnection) connection = NULL;

  if (self->tls != NULL)
    {
      dou_server_shake_hands (self, fd);
      return;
    }

  if (n >= self->max_connections + MAX_TURNED_AWAY)
    {
      dou_metric_add (self->refused, 1);
      dou_responder_turn_away (self->responder, fd);
      close (fd);
      return;
    }

  connection = dou_connection_new (self->parking, fd, local, &error);
  if (connection == NULL)
    g_warning ("%s", error->message);
  else if (n >= self->max_connections 
           || !dou_server_count_peer (self, dou_connection_get_remote_address (connection),
                                      &connection->peer))
    {
      dou_metric_add (self->refused, 1);
      connection->is_reading = TRUE;
      dou_responder_send_status (self->responder, connection, DOU_STATUS_UNAVAILABLE,
                                 DOU_LANGUAGE_ZH_CN);
    }
}

static void
turned_away_cb (int fd, gpointer user_data)
{
  DouServer *self = user_data;

  dou_metric_add (self->refused, 1);
  if (self->tls == NULL)
    dou_responder_turn_away (self->responder, fd);
}

static const DouListenerFuncs listener_funcs = { accepted_cb, turned_away_cb };

/**
 * dou_server_new:
 * @config: has the limits, the public address and the trusted proxies
 * @router: knows the handlers
 * @limiter: knows who must wait
 * @error: return location
 *
 * Returns: (transfer full): a server on the thread-default main context that does not listen yet,
 * or %NULL
 */
DouServer *
dou_server_new (DouConfig *config, DouRouter *router, DouRateLimiter *limiter, GError **error)
{
  DouCors *cors;
  g_autoptr (DouServer) self = g_object_new (DOU_TYPE_SERVER, NULL);
  gint64 idle_timeout = dou_config_get_int64 (config, DOU_CONFIG_IDLE_TIMEOUT);
  gint64 request_timeout = dou_config_get_int64 (config, DOU_CONFIG_REQUEST_TIMEOUT);
  g_autoptr (GTlsCertificate) certificate = NULL;

  self->max_connections = (guint) dou_config_get_int64 (config, DOU_CONFIG_MAX_CONNECTIONS);
  if (!dou_tls_load (config, &certificate, error))
    return NULL;
  if (certificate != NULL)
    self->tls = dou_tls_thread_new (certificate, (guint) request_timeout, &tls_funcs, self);

  self->peers = dou_peers_new (
      (guint) dou_config_get_int64 (config, DOU_CONFIG_MAX_CONNECTIONS_PER_ADDRESS));
  self->origin = dou_origin_new (config, error);
  if (self->origin == NULL)
    return NULL;
  cors = dou_cors_new (config, error);
  if (cors == NULL)
    return NULL;
  dou_responder_take_cors (self->responder, cors);
  dou_responder_set_access_log (self->responder,
                                dou_config_get_boolean (config, DOU_CONFIG_LOG_ACCESS));
  self->intake = dou_intake_new (config, router, limiter, self->origin, self->responder);
  self->parking = dou_parking_new (&parking_funcs, self, error);
  if (self->parking == NULL)
    return NULL;

  dou_parking_set_limit (self->parking, DOU_PLACE_IDLE, idle_timeout);
  dou_parking_set_limit (self->parking, DOU_PLACE_HEAD, request_timeout);
  dou_parking_set_limit (self->parking, DOU_PLACE_BODY, request_timeout);
  dou_parking_set_limit (self->parking, DOU_PLACE_WRITING, idle_timeout);
  dou_parking_set_limit (self->parking, DOU_PLACE_LINGERING, LINGER_TIMEOUT);
  return g_steal_pointer (&self);
}

/**
 * dou_server_add_listener:
 * @self: a server
 * @fd: a listening socket, owned by @self from now on unless this fails
 * @error: return location
 *
 * Returns: whether connections are accepted from it
 */
gboolean
dou_server_add_listener (DouServer *self, int fd, GError **error)
{
  DouListener *listener;

  g_return_val_if_fail (DOU_IS_SERVER (self), FALSE);
  g_return_val_if_fail (self->stopping == NULL, FALSE);

  listener = dou_listener_new (fd, &listener_funcs, self, error);
  if (listener == NULL)
    return FALSE;

  g_ptr_array_add (self->listeners, listener);
  return TRUE;
}

static void
quiet_cb (gpointer user_data)
{
  DouServer *self = user_data;

  /* What was written is still to be enciphered and sent. */
  if (self->tls != NULL)
    dou_tls_thread_drain (self->tls);
  else
    drained_cb (self);
}

/* An idle client may have sent a request that nobody has looked at yet. */
static void
dou_server_close_idle (DouServer *self)
{
  DouParked *parked;

  while ((parked = dou_parking_get_first (self->parking, DOU_PLACE_IDLE)) != NULL)
    {
      DouConnection *connection = (DouConnection *) parked;
      g_autoptr (DouConnection) held = dou_connection_ref (connection);

      connection->is_readable = TRUE;
      dou_intake_read (self->intake, connection);
      if (!dou_connection_is_closed (connection) && parked->place == DOU_PLACE_IDLE)
        dou_connection_close (connection);
    }
}

static void
dou_server_hurry_heads (DouServer *self)
{
  DouParked *first = dou_parking_get_first (self->parking, DOU_PLACE_HEAD);
  DouParked *parked = first;

  dou_parking_set_limit (self->parking, DOU_PLACE_HEAD, STOP_GRACE);
  while (parked != NULL)
    {
      dou_parking_move (self->parking, parked, DOU_PLACE_HEAD);
      parked = dou_parking_get_first (self->parking, DOU_PLACE_HEAD);
      if (parked == first)
        parked = NULL;
    }
}

/**
 * dou_server_stop_async:
 * @self: a server, once
 * @callback: called when no request is in flight any more
 * @user_data: for @callback
 *
 * Stops listening and closes what is idle. Requests in flight go on, and their answers say that the
 * connection is closed afterwards; so do those whose connection was accepted already, if they come
 * soon. This may take as long as the slowest of them: the caller sets the limit, by ending the
 * process.
 */
void
dou_server_stop_async (DouServer *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SERVER (self));
  g_return_if_fail (!dou_parking_is_closing (self->parking));

  self->stopping = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stopping, dou_server_stop_async);

  g_ptr_array_set_size (self->listeners, 0);
  dou_parking_notify_quiet (self->parking, quiet_cb);
  dou_server_close_idle (self);
  dou_server_hurry_heads (self);
}

/**
 * dou_server_stop_finish:
 * @self: a server
 * @result: given to the callback
 * @error: return location; there is no error so far
 *
 * Returns: whether all requests were answered
 */
gboolean
dou_server_stop_finish (DouServer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_server_stop_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_server_get_n_connections:
 * @self: a server
 *
 * Returns: how many connections are open
 */
guint
dou_server_get_n_connections (DouServer *self)
{
  g_return_val_if_fail (DOU_IS_SERVER (self), 0);

  return dou_parking_count (self->parking);
}

/**
 * dou_server_get_n_requests:
 * @self: a server
 *
 * Returns: how many requests are in flight: their heads have arrived, their answers are not out
 */
guint
dou_server_get_n_requests (DouServer *self)
{
  g_return_val_if_fail (DOU_IS_SERVER (self), 0);

  return dou_parking_count_busy (self->parking);
}
