/* SPDX-License-Identifier: Apache-2.0 */

/* Push.
 *
 *     GET /douyin/message/ws?token=…      with an upgrade to WebSocket
 *
 * From then on the server says, each as a JSON object in a text of its own:
 *
 *     {"type":"message","message":{…}}    something was written by or to the user
 *     {"type":"read","user_id":7,"to_user_id":8,"time":1750000000000}
 *                                         7 has read what 8 wrote, up to that time; to both of them
 *     {"type":"resync"}                   something may have been missed: ask message/chat
 *     {"type":"answer","ref":1,"status_code":0,"status_msg":"…"}
 *                                         to a command (dou-websocket-command.c); with a message,
 *                                         if one was sent
 *
 * A client is told of its own messages, too, since the user may have other clients; it knows them
 * by their ids, which the answer has. The event comes before the answer.
 *
 * Events come from the chat service as signals on the bus, which every gateway gets, and each
 * passes on to those who are connected to it. That a signal is lost is possible only with the
 * service itself, or between nodes, so when that has come back, or says so (Reset), everybody is told
 * to ask.
 *
 * Close codes: 4001 the token has expired, the password was changed or the user banned, 1001 the server
 * ends, 1003 not a text, 1008 too many commands at once, 1009 more than 16 KiB, 1013 the server is too busy.
 * Who does not read, or does not answer pings, is cut off without a word. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <unistd.h>

#include "gateway/dou-message-json.h"
#include "gateway/dou-push-private.h"
#include "gateway/dou-websocket-handshake.h"

#define BUS_NAME "org.doutok.Chat"
#define OBJECT_PATH "/org/doutok/Chat"
#define INTERFACE "org.doutok.Chat1"

/* Pings are for what is between: many a router forgets a connection that is silent for a minute.
 * Two of them, and their answers, may get lost. What may wait for a client is some thousand
 * messages. */
static const DouWebsocketLimits limits = { 30, 95 * 1000, 256 * 1024 };

/* WebSockets of one gateway: a quarter of the connections that it has by default. */
#define MAX_SESSIONS 4096

/* Users who are asked for in one call. */
#define CHECK_SIZE 512

struct _DouPush
{
  GObject parent_instance;

  DouContext *context;         /* (unowned) */
  DouWebsocketHub *hub;        /* (owned) */
  DouWebsocketHandshake *handshake; /* (owned) */
  GDBusConnection *connection; /* (owned) */
  guint sent_id;               /* subscriptions, or 0 */
  guint read_id;
  guint reset_id;
  guint user_reset_id;
  guint watch_id;
  gboolean had_service;  /* the chat service was seen */
  gboolean lost_service; /* and went away */
};

G_DEFINE_FINAL_TYPE (DouPush, dou_push, G_TYPE_OBJECT)

static void
dou_push_unsubscribe (DouPush *self, guint *id)
{
  if (*id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, *id);
  *id = 0;
}

static void
dou_push_dispose (GObject *object)
{
  DouPush *self = DOU_PUSH (object);

  dou_push_unsubscribe (self, &self->sent_id);
  dou_push_unsubscribe (self, &self->read_id);
  dou_push_unsubscribe (self, &self->reset_id);
  dou_push_unsubscribe (self, &self->user_reset_id);
  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  g_clear_object (&self->connection);
  /* Commands that wait for their answers hold the hub for longer. */
  if (self->hub != NULL)
    dou_websocket_hub_listen (self->hub, NULL, NULL);
  g_clear_object (&self->hub);
  g_clear_object (&self->handshake);

  G_OBJECT_CLASS (dou_push_parent_class)->dispose (object);
}

static void
dou_push_class_init (DouPushClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_push_dispose;
}

static void
dou_push_init (DouPush *self)
{
  self->handshake = dou_websocket_handshake_new ();
}

static void
write_type (DouJsonWriter *writer, const char *type)
{
  dou_json_writer_begin_object (writer);
  dou_json_writer_name (writer, "type");
  dou_json_writer_string (writer, type);
}

static void
write_integer (DouJsonWriter *writer, const char *name, gint64 value)
{
  dou_json_writer_name (writer, name);
  dou_json_writer_int64 (writer, value);
}

static GBytes *
end_event (DouJsonWriter *writer)
{
  gsize length;
  char *text;

  dou_json_writer_end_object (writer);
  text = dou_json_writer_steal (writer, &length);
  return g_bytes_new_take (text, length);
}

/* Most users have their WebSockets elsewhere, or none. */
static gboolean
dou_push_concerns (DouPush *self, gint64 user, gint64 other)
{
  return dou_websocket_hub_has_user (self->hub, user)
         || dou_websocket_hub_has_user (self->hub, other);
}

static void
messages_sent_cb (GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *signal, GVariant *arguments,
                  gpointer user_data)
{
  DouPush *self = user_data;
  g_autoptr (GVariantIter) iter = NULL;
  gint64 id, from, to, time;
  const char *content;

  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(a(xxxsx))")))
    return;

  g_variant_get (arguments, "(a(xxxsx))", &iter);
  while (g_variant_iter_next (iter, "(xxx&sx)", &id, &from, &to, &content, &time))
    if (dou_push_concerns (self, from, to))
      {
        g_auto (DouJsonWriter) writer = { 0 };
        g_autoptr (GBytes) text = NULL;

        dou_json_writer_init (&writer, 256);
        write_type (&writer, "message");
        dou_json_writer_name (&writer, "message");
        dou_message_json_write (&writer, id, from, to, content, time);
        text = end_event (&writer);
        dou_websocket_hub_push (self->hub, to, text);
        dou_websocket_hub_push (self->hub, from, text);
      }
}

static void
messages_read_cb (GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *signal, GVariant *arguments,
                  gpointer user_data)
{
  DouPush *self = user_data;
  g_autoptr (GVariantIter) iter = NULL;
  gint64 reader, other, time;

  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(a(xxx))")))
    return;

  g_variant_get (arguments, "(a(xxx))", &iter);
  while (g_variant_iter_next (iter, "(xxx)", &reader, &other, &time))
    if (dou_push_concerns (self, reader, other))
      {
        g_auto (DouJsonWriter) writer = { 0 };
        g_autoptr (GBytes) text = NULL;

        dou_json_writer_init (&writer, 128);
        write_type (&writer, "read");
        write_integer (&writer, "user_id", reader);
        write_integer (&writer, "to_user_id", other);
        write_integer (&writer, "time", time);
        text = end_event (&writer);
        dou_websocket_hub_push (self->hub, other, text);
        dou_websocket_hub_push (self->hub, reader, text);
      }
}

static void
dou_push_resync (DouPush *self)
{
  g_auto (DouJsonWriter) writer = { 0 };
  g_autoptr (GBytes) text = NULL;

  dou_json_writer_init (&writer, 32);
  write_type (&writer, "resync");
  text = end_event (&writer);
  dou_websocket_hub_push_to_all (self->hub, text);
}

static void
appeared_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  DouPush *self = user_data;

  self->had_service = TRUE;
  if (!self->lost_service)
    return;

  self->lost_service = FALSE;
  dou_push_resync (self);
}

/* Before the first message there may be no service, which is no loss. */
static void
vanished_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  DouPush *self = user_data;

  self->lost_service = self->had_service;
}

static void
generations_changed_cb (DouDBusUser1 *service, GVariant *generations, DouPush *self)
{
  GVariantIter iter;
  gint64 user, generation;

  g_variant_iter_init (&iter, generations);
  while (g_variant_iter_next (&iter, "(xx)", &user, &generation))
    dou_websocket_hub_end_generations (self->hub, user, generation);
}

/* Users whose generations were asked for. */
typedef struct
{
  DouPush *push; /* (owned) */
  GArray *users; /* (owned) (element-type gint64) */
  gboolean is_repeated; /* in a while, whatever comes of it now */
} Check;

static void
got_generations_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Check *check = user_data;
  g_autoptr (DouPush) self = check->push;
  g_autoptr (GArray) users = check->users;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, NULL);

  if (results == NULL && check->is_repeated)
    return;

  for (guint i = 0; i < users->len && self->hub != NULL; i++)
    {
      /* Who cannot be asked for is asked for the token again. */
      gint64 generation = G_MAXINT64;

      if (results != NULL)
        {
          g_autoptr (GVariant) item = dou_batch_results_get (results, i);

          generation = g_variant_get_int64 (item);
          /* Nobody, any more. */
          if (generation < 0)
            generation = G_MAXINT64;
        }
      dou_websocket_hub_end_generations (self->hub, g_array_index (users, gint64, i), generation);
    }
}

static void
dou_push_check_generations (DouPush *self, gboolean is_repeated)
{
  g_autoptr (GArray) users = dou_websocket_hub_get_users (self->hub);

  for (guint i = 0; i < users->len; i += CHECK_SIZE)
    {
      guint n = MIN (CHECK_SIZE, users->len - i);
      g_autofree GVariant **items = g_new (GVariant *, n);
      Check *check = g_new (Check, 1);

      check->push = g_object_ref (self);
      check->is_repeated = is_repeated;
      check->users = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n);
      g_array_append_vals (check->users, &g_array_index (users, gint64, i), n);
      for (guint j = 0; j < n; j++)
        items[j] = g_variant_new_int64 (g_array_index (users, gint64, i + j));
      dou_batcher_submit_async (
          dou_backend_get_batcher (self->context->backend, DOU_BACKEND_GET_GENERATIONS), items, n,
          NULL, got_generations_cb, check);
    }
}

/* With the user service, news of a changed password may have been lost. To ask starts another. */
static void
user_service_changed_cb (DouDBusUser1 *service, GParamSpec *pspec, DouPush *self)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (service));

  if (owner == NULL)
    dou_push_check_generations (self, FALSE);
}

/* What another node has told may have been missed, or nobody tells it, so that what is known only gets old and
 * this comes again. Whose password was changed there, or who was banned, is not to stay for ever, either way;
 * messages are not pushed as long as nobody tells them, and clients are told once that they may have missed some. */
static void
reset_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
          const char *signal, GVariant *arguments, gpointer user_data)
{
  DouPush *self = user_data;
  gboolean missed = FALSE;

  if (g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(asb)")))
    g_variant_get (arguments, "(asb)", NULL, &missed);
  if (!g_str_equal (interface, INTERFACE))
    dou_push_check_generations (self, !missed);
  else if (missed)
    dou_push_resync (self);
}

static guint
dou_push_subscribe_reset (DouPush *self, const char *name, const char *path, const char *interface)
{
  return g_dbus_connection_signal_subscribe (self->connection, name, interface, "Reset", path, NULL,
                                             G_DBUS_SIGNAL_FLAGS_NONE, reset_cb, self, NULL);
}

static void
heard_cb (DouWebsocketHub *hub, const DouWebsocketText *text, gpointer user_data)
{
  DouPush *self = user_data;

  dou_push_command (self->context, hub, text);
}

/**
 * dou_push_new:
 * @context: what commands work with; outlives the object
 * @connection: to the private bus
 * @slots_path: a file that all gateways of this machine share
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): the object, or %NULL
 */
DouPush *
dou_push_new (DouContext *context, GDBusConnection *connection, const char *slots_path,
              GError **error)
{
  g_autoptr (DouPush) self = g_object_new (DOU_TYPE_PUSH, NULL);
  DouDBusUser1 *users = dou_backend_get_user (context->backend);
  g_autoptr (DouWebsocketSlots) slots = dou_websocket_slots_new (slots_path, error);

  if (slots == NULL)
    return NULL;

  self->context = context;
  self->hub = dou_websocket_hub_new (slots, &limits, MAX_SESSIONS);
  dou_websocket_hub_listen (self->hub, heard_cb, self);
  self->connection = g_object_ref (connection);
  self->sent_id = g_dbus_connection_signal_subscribe (
      connection, BUS_NAME, INTERFACE, "MessagesSent", OBJECT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      messages_sent_cb, self, NULL);
  self->read_id = g_dbus_connection_signal_subscribe (
      connection, BUS_NAME, INTERFACE, "MessagesRead", OBJECT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      messages_read_cb, self, NULL);
  self->reset_id = dou_push_subscribe_reset (self, BUS_NAME, OBJECT_PATH, INTERFACE);
  self->user_reset_id = dou_push_subscribe_reset (self, "org.doutok.User", "/org/doutok/User",
                                                  "org.doutok.User1");
  self->watch_id = g_bus_watch_name_on_connection (
      connection, BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared_cb, vanished_cb, self, NULL);
  g_signal_connect_object (users, "generations-changed", G_CALLBACK (generations_changed_cb), self,
                           0);
  g_signal_connect_object (users, "notify::g-name-owner", G_CALLBACK (user_service_changed_cb),
                           self, 0);
  return g_steal_pointer (&self);
}

/* Returns: %DOU_STATUS_OK, or %DOU_STATUS_UNAUTHORIZED if the token has expired since it was looked at */
static DouStatus
dou_push_make_ticket (DouPush *self, DouRequest *request, gint64 user, DouWebsocketTicket *ticket)
{
  SoupMessageHeaders *headers
      = dou_request_get_headers (request);
  const DouTokenClaims *claims
      = dou_authenticator_read (self->context->authenticator, dou_request_get_token (request));
  gint64 now = dou_clock_get_real_time (self->context->clock) / 1000;

  if (claims == NULL)
    return DOU_STATUS_UNAUTHORIZED;

  *ticket = (DouWebsocketTicket){
    .user = user,
    .generation = claims->generation,
    .lifetime = (claims->expiry - now) * G_USEC_PER_SEC,
    .language = dou_language_negotiate (soup_message_headers_get_list (headers, "Accept-Language")),
  };
  return DOU_STATUS_OK;
}

static void
websocket_handler (DouRequest *request, gpointer user_data)
{
  DouPush *self = user_data;
  SoupMessageHeaders *answer = dou_request_get_answer_headers (request);
  DouWebsocketTicket ticket = { 0 };
  DouStatus status;
  gint64 user;
  int fd;

  status = dou_authenticator_require (self->context->authenticator, request, &user);
  if (status == DOU_STATUS_OK
      && !dou_websocket_handshake_answer (self->handshake, dou_request_get_headers (request), answer))
    status = DOU_STATUS_BAD_REQUEST;
  if (status == DOU_STATUS_OK)
    status = dou_push_make_ticket (self, request, user, &ticket);
  if (status == DOU_STATUS_OK && !dou_websocket_hub_reserve (self->hub, user, &ticket.slot))
    status = DOU_STATUS_RATE_LIMITED;
  if (status != DOU_STATUS_OK)
    {
      soup_message_headers_clear (answer);
      dou_request_reply_status (request, status);
      return;
    }

  fd = dou_request_switch_protocols (request);
  if (fd >= 0)
    {
      dou_websocket_hub_add (self->hub, &ticket, fd);
      return;
    }

  dou_websocket_hub_cancel (self->hub, user, ticket.slot);
  soup_message_headers_clear (answer);
  dou_request_reply_status (request, DOU_STATUS_BAD_REQUEST);
}

static const DouRoute routes[] = {
  { "/douyin/message/ws", DOU_METHOD_GET, websocket_handler },
};

/**
 * dou_push_add_routes:
 * @self: what the handlers work with; outlives @router
 * @router: takes the route
 */
void
dou_push_add_routes (DouPush *self, DouRouter *router)
{
  g_return_if_fail (DOU_IS_PUSH (self));

  dou_router_add (router, routes, G_N_ELEMENTS (routes), self);
}

/**
 * dou_push_close_all:
 * @self: push
 *
 * Says good-bye to all clients: the server is about to end.
 */
void
dou_push_close_all (DouPush *self)
{
  g_return_if_fail (DOU_IS_PUSH (self));

  dou_websocket_hub_close_all (self->hub);
}
