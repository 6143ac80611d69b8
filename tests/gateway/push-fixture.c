/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway/dou-status-messages.h"
#include "lib/dou-test-bus.h"
#include "lib/dou-test-service.h"

#include "push-fixture.h"

static char *
make_path (PushFixture *fixture, const char *name)
{
  return g_build_filename (fixture->users.directory, name, NULL);
}

void
push_fixture_start_chat (PushFixture *fixture)
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

void
push_fixture_stop_chat (PushFixture *fixture)
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
push_fixture_start_social (PushFixture *fixture)
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
push_fixture_stop_social (PushFixture *fixture)
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
make_context (PushFixture *fixture, Gateway *gateway, guint index)
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
start_gateway (PushFixture *fixture, Gateway *gateway, guint index)
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

void
push_fixture_set_up (PushFixture *fixture, gconstpointer data)
{
  dou_status_messages_init ();
  dou_test_users_set_up (&fixture->users, data);
  dou_test_users_call (&fixture->users, "Register", "([(int64 3, 'Eve', 'pw')],)");
  push_fixture_start_chat (fixture);
  push_fixture_start_social (fixture);
  for (guint i = 0; i < N_GATEWAYS; i++)
    start_gateway (fixture, &fixture->gateways[i], i);
}

void
push_fixture_tear_down (PushFixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_GATEWAYS; i++)
    stop_gateway (&fixture->gateways[i]);
  push_fixture_stop_social (fixture);
  push_fixture_stop_chat (fixture);
  dou_test_users_tear_down (&fixture->users, data);
}

char *
push_fixture_make_token (PushFixture *fixture, gint64 user, gint64 generation)
{
  return dou_test_users_issue (&fixture->users, user, generation);
}

DouTestWebsocket *
push_client_new (PushFixture *fixture, guint gateway, gint64 user)
{
  g_autofree char *token = push_fixture_make_token (fixture, user, 0);
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/douyin/message/ws/?token=%s",
                                          fixture->gateways[gateway].port, token);

  return dou_test_websocket_new (url);
}

void
push_client_say (DouTestWebsocket *client, const char *format, ...)
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
char *
push_client_hear (DouTestWebsocket *client, gint64 *id)
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

gint64
push_client_assert_heard (DouTestWebsocket *client, const char *expected)
{
  gint64 id = 0;
  g_autofree char *text = push_client_hear (client, &id);

  g_assert_cmpstr (text, ==, expected);
  return id;
}
