/* SPDX-License-Identifier: Apache-2.0 */

/* Messages over WebSockets, by the real programs. */

#include "config.h"

#include <signal.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-websocket.h"

#define N_MESSAGES 200
/* Messages after which the chat service is killed. */
#define KILL_AFTER 100
/* Of each user; some of them are likely to be at another gateway than the others. */
#define N_CLIENTS 3

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
} Fixture;

typedef struct
{
  gint64 id;
  DouTestWebsocket *clients[N_CLIENTS]; /* (owned) */
} User;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static void
user_init (User *user, Fixture *fixture, const char *name)
{
  g_autoptr (JsonObject) account
      = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username", name,
                            "password", "secret", NULL);
  const char *token = json_object_get_string_member (account, "token");
  g_autofree char *url = dou_test_http_build_url (dou_test_daemon_get_url (fixture->server),
                                                  "/douyin/message/ws", "token", token, NULL);

  user->id = json_object_get_int_member (account, "user_id");
  for (guint i = 0; i < N_CLIENTS; i++)
    user->clients[i] = dou_test_websocket_new (url);
}

static void
user_clear (User *user)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    dou_test_websocket_free (user->clients[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (User, user_clear)

/* Sends a message, again if the server could not tell what became of it, until it is sent. Returns
 * how many events came before the answer. */
static guint
send_message (DouTestWebsocket *client, gint64 receiver, guint number)
{
  g_autofree char *text
      = g_strdup_printf ("{\"ref\":%u,\"type\":\"send\",\"to_user_id\":%" G_GINT64_FORMAT
                         ",\"content\":\"%u\",\"request_id\":\"r%u\"}",
                         number, receiver, number, number);
  guint n_events = 0;

  dou_test_websocket_say (client, text);
  while (TRUE)
    {
      g_autoptr (JsonObject) said = dou_test_websocket_hear (client);

      if (!g_str_equal (json_object_get_string_member (said, "type"), "answer"))
        n_events++;
      else if (json_object_get_int_member (said, "status_code") == 0)
        return n_events;
      else
        dou_test_websocket_say (client, text);
    }
}

/* The numbers of the messages that the client hears of, until the last one. Each comes once at
 * most. */
static GArray *
hear_messages (DouTestWebsocket *client)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 last = -1;

  while (last < N_MESSAGES - 1)
    {
      g_autoptr (JsonObject) said = dou_test_websocket_hear (client);
      JsonObject *message;
      gint64 number;

      if (!g_str_equal (json_object_get_string_member (said, "type"), "message"))
        continue;
      message = json_object_get_object_member (said, "message");
      number = g_ascii_strtoll (json_object_get_string_member (message, "content"), NULL, 10);
      g_assert_cmpint (number, >, last);
      g_array_append_val (numbers, number);
      last = number;
    }

  return numbers;
}

/* Test that all clients of both users hear of each message, in their order, and its sender before
 * the answer. */
static void
test_everywhere (Fixture *fixture, gconstpointer data)
{
  g_auto (User) ann = { 0 };
  g_auto (User) bob = { 0 };

  user_init (&ann, fixture, "Ann");
  user_init (&bob, fixture, "Bob");
  for (guint i = 0; i < N_MESSAGES; i++)
    g_assert_cmpuint (send_message (ann.clients[0], bob.id, i), ==, 1);

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (GArray) of_bob = hear_messages (bob.clients[i]);

      g_assert_cmpuint (of_bob->len, ==, N_MESSAGES);
      if (i > 0)
        {
          g_autoptr (GArray) of_ann = hear_messages (ann.clients[i]);

          g_assert_cmpuint (of_ann->len, ==, N_MESSAGES);
        }
    }
}

/* Asks the chat service itself. */
static void
assert_stored (Fixture *fixture, gint64 reader, gint64 other)
{
  GDBusConnection *bus = dou_test_daemon_connect_bus (fixture->server);
  GVariantBuilder requests = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxbu)"));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariant) page = NULL;
  g_autoptr (GVariant) messages = NULL;

  g_variant_builder_add (&requests, "(xxxbu)", reader, other, (gint64) 0, FALSE, 500u);
  reply = g_dbus_connection_call_sync (
      bus, "org.doutok.Chat", "/org/doutok/Chat", "org.doutok.Chat1", "GetMessages",
      g_variant_new ("(a(xxxbu))", &requests), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  pages = g_variant_get_child_value (reply, 0);
  page = g_variant_get_child_value (pages, 0);
  messages = g_variant_get_child_value (page, 1);
  g_assert_cmpuint (g_variant_n_children (messages), ==, N_MESSAGES);
  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);
      const char *text;

      g_variant_get_child (messages, i, "(xxx&sx)", NULL, NULL, NULL, &text, NULL);
      g_assert_cmpstr (text, ==, expected);
    }
  g_dbus_connection_close_sync (bus, NULL, NULL);
  g_object_unref (bus);
}

/* Test that no message is lost or doubled when the chat service is killed in the middle, and that
 * push goes on with the next one; and that nobody is sent away when the user service is killed. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  g_auto (User) ann = { 0 };
  g_auto (User) bob = { 0 };

  user_init (&ann, fixture, "Ann");
  user_init (&bob, fixture, "Bob");
  for (guint i = 0; i < N_MESSAGES; i++)
    {
      if (i == KILL_AFTER)
        kill (dou_test_daemon_get_service_pid (fixture->server, "org.doutok.Chat"), SIGKILL);
      if (i == KILL_AFTER / 2)
        kill (dou_test_daemon_get_service_pid (fixture->server, "org.doutok.User"), SIGKILL);
      send_message (ann.clients[0], bob.id, i);
    }

  /* One message may have been stored by a process that died before it could tell. */
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (GArray) numbers = hear_messages (bob.clients[i]);

      g_assert_cmpuint (numbers->len, >=, N_MESSAGES - 1);
    }
  assert_stored (fixture, bob.id, ann.id);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/integration/push/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("everywhere", test_everywhere);
  ADD ("killed", test_killed);
#undef ADD

  return g_test_run ();
}
