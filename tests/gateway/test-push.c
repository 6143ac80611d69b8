/* SPDX-License-Identifier: Apache-2.0 */

/* Push, from one client's WebSocket to another's: two gateways, and the real services of users, of
 * follows and of messages, each with a connection of its own to a real bus. */

#include "config.h"

#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "chat/dou-chat-impl.h"
#include "gateway/dou-push.h"
#include "gateway/dou-server.h"
#include "gateway/dou-status-messages.h"
#include "gateway/dou-test-users.h"
#include "lib/dou-test-bus.h"
#include "lib/dou-test-client.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"
#include "lib/dou-test-websocket.h"
#include "social/dou-social-impl.h"

#define ANN 1
#define BOB 2
#define EVE 3

#define N_GATEWAYS 2

typedef struct
{
  GDBusConnection *connection; /* (owned) */
  DouContext context;          /* (owned) its members */
  DouPush *push;               /* (owned) */
  DouRouter *router;           /* (owned) */
  DouServer *server;           /* (owned) */
  guint16 port;
} Gateway;

typedef struct
{
  DouTestUsers users;
  DouService *chat_service;     /* (owned) */
  DouChatStore *chat_store;     /* (owned) */
  DouChatImpl *chat_impl;       /* (owned) */
  DouService *social_service;   /* (owned) */
  DouSocialStore *social_store; /* (owned) */
  DouSocialImpl *social_impl;   /* (owned) */
  Gateway gateways[N_GATEWAYS];
} Fixture;

static char *
make_path (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->users.directory, name, NULL);
}

static void
start_chat_service (Fixture *fixture)
{
  g_autofree char *path = make_path (fixture, "chat.db");
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  g_autoptr (DouChatManager) manager = NULL;
  g_autoptr (GError) error = NULL;

  fixture->chat_service = dou_test_service_new (fixture->users.bus);
  fixture->chat_store = dou_chat_store_open (address, &error);
  g_assert_no_error (error);
  manager = dou_chat_manager_new (fixture->chat_store, DOU_CLOCK (fixture->users.clock), &error);
  g_assert_no_error (error);
  fixture->chat_impl = dou_chat_impl_new (fixture->chat_service, manager);
  g_assert_true (dou_service_export (fixture->chat_service,
                                     G_DBUS_INTERFACE_SKELETON (fixture->chat_impl),
                                     "/org/doutok/Chat", "org.doutok.Chat", &error));
}

static void
stop_chat_service (Fixture *fixture)
{
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->chat_impl));
  g_clear_object (&fixture->chat_service);
  /* Its threads may hold on to what they have just answered. */
  dou_chat_store_close (fixture->chat_store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->chat_impl);
  g_assert_finalize_object (fixture->chat_store);
}

static void
start_social_service (Fixture *fixture)
{
  g_autofree char *path = make_path (fixture, "social.db");
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  g_autoptr (DouSocialManager) manager = NULL;
  g_autoptr (GError) error = NULL;

  fixture->social_service = dou_test_service_new (fixture->users.bus);
  fixture->social_store = dou_social_store_open (address, &error);
  g_assert_no_error (error);
  manager
      = dou_social_manager_new (fixture->social_store, DOU_CLOCK (fixture->users.clock), &error);
  g_assert_no_error (error);
  fixture->social_impl = dou_social_impl_new (fixture->social_service, manager);
  g_assert_true (dou_service_export (fixture->social_service,
                                     G_DBUS_INTERFACE_SKELETON (fixture->social_impl),
                                     "/org/doutok/Social", "org.doutok.Social", &error));
}

static void
stop_social_service (Fixture *fixture)
{
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->social_impl));
  g_clear_object (&fixture->social_service);
  /* Its threads may hold on to what they have just answered. */
  dou_social_store_close (fixture->social_store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->social_impl);
  g_assert_finalize_object (fixture->social_store);
}

static void
make_context (Fixture *fixture, Gateway *gateway, guint index)
{
  DouClock *clock = DOU_CLOCK (fixture->users.clock);
  g_autofree char *ids_name = g_strdup_printf ("ids-%u", index);
  g_autofree char *ids_path = make_path (fixture, ids_name);
  g_autofree char *keys_path = make_path (fixture, "token-keys");
  g_autofree char *rates_path = make_path (fixture, "rates");
  g_autoptr (DouTokenKeys) keys = NULL;
  g_autoptr (GError) error = NULL;

  keys = dou_token_keys_new_from_file (keys_path, &error);
  g_assert_no_error (error);
  gateway->context.config = dou_config_new ();
  gateway->context.clock = g_object_ref (clock);
  gateway->context.minter = dou_id_minter_new (clock, 0, index, ids_path, &error);
  g_assert_no_error (error);
  gateway->context.backend = dou_backend_new (gateway->connection, gateway->context.config, &error);
  g_assert_no_error (error);
  gateway->context.limiter = dou_rate_limiter_new (gateway->context.config, rates_path, &error);
  g_assert_no_error (error);
  gateway->context.watch
      = dou_watch_new (dou_test_bus_get_address (fixture->users.bus), &error);
  g_assert_no_error (error);
  gateway->context.authenticator
      = dou_authenticator_new (keys, clock, gateway->context.backend, gateway->context.watch,
                               DOU_TEST_USERS_LIFETIME);
}

static void
start_gateway (Fixture *fixture, Gateway *gateway, guint index)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *slots_path = make_path (fixture, "websockets");
  g_autoptr (GError) error = NULL;

  gateway->connection = dou_test_bus_connect (fixture->users.bus);
  make_context (fixture, gateway, index);
  gateway->push = dou_push_new (&gateway->context, gateway->connection, slots_path, &error);
  g_assert_no_error (error);
  gateway->router = dou_router_new ();
  dou_authenticator_guard (gateway->context.authenticator, gateway->router);
  dou_push_add_routes (gateway->push, gateway->router);

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, length));
  g_assert_no_errno (listen (fd, SOMAXCONN));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &length));
  gateway->port = ntohs (address.sin_port);
  gateway->server = dou_server_new (gateway->context.config, gateway->router,
                                    gateway->context.limiter, &error);
  g_assert_no_error (error);
  g_assert_true (dou_server_add_listener (gateway->server, fd, &error));
}

static void
stop_gateway (Gateway *gateway)
{
  g_assert_finalize_object (gateway->server);
  g_assert_finalize_object (gateway->router);
  g_assert_finalize_object (gateway->push);
  g_clear_object (&gateway->context.limiter);
  g_clear_object (&gateway->context.authenticator);
  g_clear_object (&gateway->context.watch);
  g_clear_object (&gateway->context.backend);
  g_clear_object (&gateway->context.minter);
  g_clear_object (&gateway->context.clock);
  g_clear_object (&gateway->context.config);
  dou_test_bus_disconnect (gateway->connection);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dou_status_messages_init ();
  dou_test_users_set_up (&fixture->users, data);
  dou_test_users_call (&fixture->users, "Register", "([(int64 3, 'Eve', 'pw')],)");
  start_chat_service (fixture);
  start_social_service (fixture);
  for (guint i = 0; i < N_GATEWAYS; i++)
    start_gateway (fixture, &fixture->gateways[i], i);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_GATEWAYS; i++)
    stop_gateway (&fixture->gateways[i]);
  stop_social_service (fixture);
  stop_chat_service (fixture);
  dou_test_users_tear_down (&fixture->users, data);
}

static char *
make_token (Fixture *fixture, gint64 user, gint64 generation)
{
  return dou_test_users_issue (&fixture->users, user, generation);
}

static DouTestWebsocket *
client_new (Fixture *fixture, guint gateway, gint64 user)
{
  g_autofree char *token = make_token (fixture, user, 0);
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/douyin/message/ws/?token=%s",
                                          fixture->gateways[gateway].port, token);

  return dou_test_websocket_new (url);
}

static void
say (DouTestWebsocket *client, const char *format, ...)
{
  va_list arguments;
  g_autofree char *text = NULL;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  dou_test_websocket_say (client, text);
}

static int
get_int (JsonObject *object, const char *name)
{
  return (int) json_object_get_int_member (object, name);
}

/* What the client hears next, in short: the server's ids and times differ. */
static char *
hear (DouTestWebsocket *client, gint64 *id)
{
  g_autoptr (JsonObject) object = dou_test_websocket_hear (client);
  const char *type = json_object_get_string_member (object, "type");
  JsonObject *message = NULL;
  const char *text = NULL;

  if (json_object_has_member (object, "message"))
    {
      message = json_object_get_object_member (object, "message");
      text = json_object_get_string_member (message, "content");
      g_assert_cmpint (json_object_get_int_member (message, "create_time"), >, 0);
    }
  if (message != NULL && id != NULL)
    *id = json_object_get_int_member (message, "id");

  if (g_str_equal (type, "message"))
    return g_strdup_printf ("message %d->%d %s", get_int (message, "from_user_id"),
                            get_int (message, "to_user_id"), text);
  if (g_str_equal (type, "answer"))
    return g_strdup_printf (
        "answer %d %d %s", get_int (object, "ref"), get_int (object, "status_code"),
        text != NULL ? text : json_object_get_string_member (object, "status_msg"));
  if (g_str_equal (type, "read"))
    return g_strdup_printf ("read %d<-%d", get_int (object, "user_id"),
                            get_int (object, "to_user_id"));
  return g_strdup (type);
}

static gint64
assert_heard (DouTestWebsocket *client, const char *expected)
{
  gint64 id = 0;
  g_autofree char *text = hear (client, &id);

  g_assert_cmpstr (text, ==, expected);
  return id;
}

/* Sends a request as it is to the first gateway. */
static void
assert_refused (Fixture *fixture, const char *method, const char *query, const char *headers,
                guint http_code, const char *expected)
{
  g_autoptr (DouTestClient) client = dou_test_client_new (fixture->gateways[0].port);
  g_autoptr (DouTestAnswer) answer = NULL;
  g_autofree char *text = g_strdup_printf (
      "%s /douyin/message/ws%s HTTP/1.1\r\nHost: a\r\nAccept-Language: en\r\n%s\r\n", method, query,
      headers);

  dou_test_client_send (client, text);
  answer = dou_test_client_receive (client);
  g_assert_cmpuint (answer->code, ==, http_code);
  g_assert_nonnull (strstr (answer->body, expected));
}

#define UPGRADE                                                                                    \
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                     \
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

/* Test that guests, forged tokens and what is no upgrade get an answer and no WebSocket. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = make_token (fixture, ANN, 0);
  g_autofree char *query = g_strconcat ("?token=", token, NULL);
  g_autofree char *forged = g_strconcat ("?token=x", token, NULL);

  assert_refused (fixture, "GET", "", UPGRADE, 200, "10004");
  assert_refused (fixture, "GET", "?token=", UPGRADE, 200, "10004");
  assert_refused (fixture, "GET", forged, UPGRADE, 200, "10004");
  assert_refused (fixture, "GET", query, "", 400, "10005");
  assert_refused (fixture, "GET", query, "Connection: Upgrade\r\nUpgrade: h2c\r\n", 400, "10005");
  assert_refused (fixture, "POST", query, UPGRADE "Content-Length: 0\r\n", 405, "1");
}

/* Test that a client which does not wait for the handshake is refused. */
static void
test_impatient (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = make_token (fixture, ANN, 0);
  g_autofree char *query = g_strconcat ("?token=", token, NULL);

  assert_refused (fixture, "GET", query, UPGRADE "\r\n\x81\x80????", 400, "10005");
}

/* Test that a user has eight WebSockets at most, over all gateways. */
static void
test_too_many (Fixture *fixture, gconstpointer data)
{
  DouTestWebsocket *clients[DOU_WEBSOCKET_SLOTS_MAX];
  g_autofree char *token = make_token (fixture, ANN, 0);
  g_autofree char *query = g_strconcat ("?token=", token, NULL);
  g_autoptr (DouTestWebsocket) other = NULL;

  for (guint i = 0; i < DOU_WEBSOCKET_SLOTS_MAX; i++)
    clients[i] = client_new (fixture, i % N_GATEWAYS, ANN);
  assert_refused (fixture, "GET", query, UPGRADE, 429, "1");
  other = client_new (fixture, 0, BOB);
  for (guint i = 0; i < DOU_WEBSOCKET_SLOTS_MAX; i++)
    dou_test_websocket_free (clients[i]);
}

/* Test that commands which cannot be carried out are answered with the reason. */
static void
test_bad_commands (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);

  say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":77,\"content\":\"x\"}");
  say (ann, "{\"ref\":2,\"type\":\"send\",\"to_user_id\":1,\"content\":\"x\"}");
  say (ann, "{\"ref\":3,\"type\":\"send\",\"to_user_id\":2,\"content\":\" \"}");
  say (ann, "{\"ref\":4,\"type\":\"send\",\"to_user_id\":2}");
  say (ann, "{\"ref\":5,\"type\":\"read\",\"user_id\":1,\"time\":1}");
  say (ann, "{\"ref\":6,\"type\":\"dance\"}");
  say (ann, "{\"ref\":7,\"type\":\"send\",\"to_user_id\":2,\"content\":\"\\ud800\"}");
  assert_heard (ann, "answer 1 10010 this user does not exist");
  assert_heard (ann, "answer 2 10011 you are not permitted to do this");
  assert_heard (ann, "answer 3 10002 a text has 1 to 1,000 characters and no control characters");
  assert_heard (ann, "answer 4 10002 a text has 1 to 1,000 characters and no control characters");
  assert_heard (ann, "answer 5 10002 a parameter is missing or invalid");
  assert_heard (ann, "answer 6 10002 a parameter is missing or invalid");
  assert_heard (ann, "answer 0 10005 malformed request");
  g_assert_cmpuint (dou_test_websocket_get_n_heard (ann), ==, 0);
}

/* Test that a message is heard by everybody whom it concerns, at whatever gateway, once, before the
 * answer, which names it by the same id; and that a repetition is only answered, as the first time. */
static void
test_messages (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) tablet = client_new (fixture, 1, ANN);
  g_autoptr (DouTestWebsocket) bob = client_new (fixture, 1, BOB);
  g_autoptr (DouTestWebsocket) eve = client_new (fixture, 0, EVE);
  gint64 id;

  say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"你好\","
            "\"request_id\":\"r\"}");
  id = assert_heard (ann, "message 1->2 你好");
  g_assert_cmpint (assert_heard (ann, "answer 1 0 你好"), ==, id);
  g_assert_cmpint (assert_heard (tablet, "message 1->2 你好"), ==, id);
  g_assert_cmpint (assert_heard (bob, "message 1->2 你好"), ==, id);

  say (ann, "{\"ref\":2,\"type\":\"send\",\"to_user_id\":2,\"content\":\"anew\","
            "\"request_id\":\"r\"}");
  g_assert_cmpint (assert_heard (ann, "answer 2 0 你好"), ==, id);
  say (bob, "{\"ref\":3,\"type\":\"send\",\"to_user_id\":1,\"content\":\"hi\"}");
  assert_heard (bob, "message 2->1 hi");
  assert_heard (bob, "answer 3 0 hi");
  assert_heard (ann, "message 2->1 hi");
  assert_heard (tablet, "message 2->1 hi");
  g_assert_cmpuint (dou_test_websocket_get_n_heard (eve), ==, 0);
}

/* Test that reading is told to both sides, once. */
static void
test_read (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = client_new (fixture, 1, BOB);

  say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}");
  assert_heard (ann, "message 1->2 x");
  assert_heard (ann, "answer 1 0 x");
  assert_heard (bob, "message 1->2 x");

  for (guint i = 0; i < 2; i++)
    say (bob, "{\"ref\":2,\"type\":\"read\",\"user_id\":1,\"time\":9000000000000}");
  assert_heard (bob, "read 2<-1");
  assert_heard (bob, "answer 2 0 success");
  assert_heard (bob, "answer 2 0 success");
  assert_heard (ann, "read 2<-1");
  say (ann, "{\"ref\":3,\"type\":\"send\",\"to_user_id\":2,\"content\":\"y\"}");
  assert_heard (ann, "message 1->2 y");
}

/* Test that of 500 messages each way, sent without waiting, each is heard once by either side,
 * those of one sender in their order. */
static void
test_flood (Fixture *fixture, gconstpointer data)
{
  const int n = 500;
  DouTestWebsocket *clients[] = { client_new (fixture, 0, ANN), client_new (fixture, 1, BOB) };

  for (int i = 0; i < n; i++)
    for (int who = 0; who < 2; who++)
      say (clients[who], "{\"ref\":%d,\"type\":\"send\",\"to_user_id\":%d,\"content\":\"%d\"}", i,
           2 - who, i);

  for (int who = 0; who < 2; who++)
    {
      int next[3] = { 0 };

      while (next[0] < n || next[1] < n || next[2] < n)
        {
          g_autofree char *text = hear (clients[who], NULL);
          g_autofree char *answer = g_strdup_printf ("answer %d 0 %d", next[0], next[0]);
          g_autofree char *from_ann = g_strdup_printf ("message 1->2 %d", next[1]);
          g_autofree char *from_bob = g_strdup_printf ("message 2->1 %d", next[2]);

          if (g_str_equal (text, answer))
            next[0]++;
          else if (g_str_equal (text, from_ann))
            next[1]++;
          else
            {
              g_assert_cmpstr (text, ==, from_bob);
              next[2]++;
            }
        }
      g_assert_cmpuint (dou_test_websocket_get_n_heard (clients[who]), ==, 0);
      dou_test_websocket_free (clients[who]);
    }
}

/* Test that clients are told to ask when the chat service has come back, and that push goes on. */
static void
test_resync (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = client_new (fixture, 1, BOB);

  say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}");
  assert_heard (ann, "message 1->2 x");
  assert_heard (ann, "answer 1 0 x");
  assert_heard (bob, "message 1->2 x");

  stop_chat_service (fixture);
  start_chat_service (fixture);
  assert_heard (ann, "resync");
  assert_heard (bob, "resync");
  say (bob, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":1,\"content\":\"y\"}");
  assert_heard (ann, "message 2->1 y");
}

/* Test that a changed password ends all that was opened with the old one, at every gateway, and
 * that the new one opens again. */
static void
test_password_changed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) tablet = client_new (fixture, 1, ANN);
  g_autoptr (DouTestWebsocket) bob = client_new (fixture, 1, BOB);
  g_autofree char *old_token = make_token (fixture, ANN, 0);
  g_autofree char *query = g_strconcat ("?token=", old_token, NULL);
  g_autofree char *token = make_token (fixture, ANN, 1);
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/douyin/message/ws?token=%s",
                                          fixture->gateways[0].port, token);
  g_autoptr (DouTestWebsocket) again = NULL;

  dou_test_users_call (&fixture->users, "ChangePasswords", "([(int64 1, 'pw', 'new')],)");
  g_assert_cmpuint (dou_test_websocket_wait_closed (ann), ==, 4001);
  g_assert_cmpuint (dou_test_websocket_wait_closed (tablet), ==, 4001);
  assert_refused (fixture, "GET", query, UPGRADE, 200, "10004");
  again = dou_test_websocket_new (url);
  say (bob, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":1,\"content\":\"x\"}");
  assert_heard (again, "message 2->1 x");
}

/* Test that clients are asked for their tokens again if the user service is gone, and with it
 * perhaps news of a changed password, and nobody else knows. */
static void
test_nobody_to_ask (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = client_new (fixture, 0, BOB);
  g_autoptr (DouTestWebsocket) again = NULL;

  g_test_expect_message ("doutok", G_LOG_LEVEL_INFO, "*sending the batch again");
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "GetGenerations: *");
  dou_test_users_stop_service (&fixture->users);
  g_assert_cmpuint (dou_test_websocket_wait_closed (ann), ==, 4001);
  g_assert_cmpuint (dou_test_websocket_wait_closed (bob), ==, 4001);
  g_test_assert_expected_messages ();
  dou_test_users_start_service (&fixture->users);
  again = client_new (fixture, 0, ANN);
  say (again, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":3,\"content\":\"x\"}");
  assert_heard (again, "message 1->3 x");
}

static void
call_social (Fixture *fixture, const char *method, const char *items)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_call (fixture->users.connection, "org.doutok.Social", "/org/doutok/Social",
                          "org.doutok.Social1", method, g_variant_new_parsed (items), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  reply = g_dbus_connection_call_finish (fixture->users.connection, result, &error);
  g_assert_no_error (error);
}

/* Test that messages-from is heeded: only those who follow each other write to each other. */
static void
test_friends (Fixture *fixture, gconstpointer data)
{
  const char *text = "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}";
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);

  g_assert_true (dou_config_set (fixture->gateways[0].context.config, DOU_CONFIG_MESSAGES_FROM,
                                 "friends", NULL));
  say (ann, "%s", text);
  assert_heard (ann, "answer 1 10011 you are not permitted to do this");
  call_social (fixture, "SetFollows", "([(int64 1, int64 2, true)],)");
  say (ann, "%s", text);
  assert_heard (ann, "answer 1 10011 you are not permitted to do this");
  call_social (fixture, "SetFollows", "([(int64 2, int64 1, true)],)");
  say (ann, "%s", text);
  assert_heard (ann, "message 1->2 x");
  assert_heard (ann, "answer 1 0 x");
}

/* Test that clients are told when a gateway ends. */
static void
test_close_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = client_new (fixture, 1, BOB);

  dou_push_close_all (fixture->gateways[0].push);
  g_assert_cmpuint (dou_test_websocket_wait_closed (ann), ==, SOUP_WEBSOCKET_CLOSE_GOING_AWAY);
  g_assert_false (dou_test_websocket_is_closed (bob));
}

/* Test that two of whom one blocks the other write to each other no more, nor before both have ended it,
 * whatever else is allowed. */
static void
test_blocked (Fixture *fixture, gconstpointer data)
{
  const char *to_bob = "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}";
  const char *to_ann = "{\"ref\":2,\"type\":\"send\",\"to_user_id\":1,\"content\":\"y\"}";
  const char *refused = "10017 you have blocked this user, or this user has blocked you";
  g_autofree char *ann_refused = g_strconcat ("answer 1 ", refused, NULL);
  g_autofree char *bob_refused = g_strconcat ("answer 2 ", refused, NULL);
  g_autoptr (DouTestWebsocket) ann = client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = client_new (fixture, 1, BOB);

  call_social (fixture, "SetBlocks", "([(int64 1, int64 2, true)],)");
  say (ann, "%s", to_bob);
  assert_heard (ann, ann_refused);
  say (bob, "%s", to_ann);
  assert_heard (bob, bob_refused);

  call_social (fixture, "SetBlocks", "([(int64 2, int64 1, true), (1, 2, false)],)");
  say (ann, "%s", to_bob);
  assert_heard (ann, ann_refused);

  call_social (fixture, "SetBlocks", "([(int64 2, int64 1, false)],)");
  say (ann, "%s", to_bob);
  assert_heard (ann, "message 1->2 x");
  assert_heard (ann, "answer 1 0 x");
  assert_heard (bob, "message 1->2 x");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/gateway/push/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("refused", test_refused);
  ADD ("impatient", test_impatient);
  ADD ("too-many", test_too_many);
  ADD ("bad-commands", test_bad_commands);
  ADD ("messages", test_messages);
  ADD ("read", test_read);
  ADD ("flood", test_flood);
  ADD ("resync", test_resync);
  ADD ("password-changed", test_password_changed);
  ADD ("nobody-to-ask", test_nobody_to_ask);
  ADD ("friends", test_friends);
  ADD ("blocked", test_blocked);
  ADD ("close-all", test_close_all);
#undef ADD

  return g_test_run ();
}
