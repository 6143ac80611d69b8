/* SPDX-License-Identifier: Apache-2.0 */

/* Push, from one client's WebSocket to another's. */

#include "config.h"

#include <string.h>

#include "lib/dou-test-client.h"
#include "lib/dou-test-wait.h"

#include "push-fixture.h"

/* Sends a request as it is to the first gateway. */
static void
assert_refused (PushFixture *fixture, const char *method, const char *query, const char *headers,
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
test_refused (PushFixture *fixture, gconstpointer data)
{
  g_autofree char *token = push_fixture_make_token (fixture, ANN, 0);
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
test_impatient (PushFixture *fixture, gconstpointer data)
{
  g_autofree char *token = push_fixture_make_token (fixture, ANN, 0);
  g_autofree char *query = g_strconcat ("?token=", token, NULL);

  assert_refused (fixture, "GET", query, UPGRADE "\r\n\x81\x80????", 400, "10005");
}

/* Test that a user has eight WebSockets at most, over all gateways. */
static void
test_too_many (PushFixture *fixture, gconstpointer data)
{
  DouTestWebsocket *clients[DOU_WEBSOCKET_SLOTS_MAX];
  g_autofree char *token = push_fixture_make_token (fixture, ANN, 0);
  g_autofree char *query = g_strconcat ("?token=", token, NULL);
  g_autoptr (DouTestWebsocket) other = NULL;

  for (guint i = 0; i < DOU_WEBSOCKET_SLOTS_MAX; i++)
    clients[i] = push_client_new (fixture, i % N_GATEWAYS, ANN);
  assert_refused (fixture, "GET", query, UPGRADE, 429, "1");
  other = push_client_new (fixture, 0, BOB);
  for (guint i = 0; i < DOU_WEBSOCKET_SLOTS_MAX; i++)
    dou_test_websocket_free (clients[i]);
}

/* Test that commands which cannot be carried out are answered with the reason. */
static void
test_bad_commands (PushFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);

  push_client_say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":77,\"content\":\"x\"}");
  push_client_say (ann, "{\"ref\":2,\"type\":\"send\",\"to_user_id\":1,\"content\":\"x\"}");
  push_client_say (ann, "{\"ref\":3,\"type\":\"send\",\"to_user_id\":2,\"content\":\" \"}");
  push_client_say (ann, "{\"ref\":4,\"type\":\"send\",\"to_user_id\":2}");
  push_client_say (ann, "{\"ref\":5,\"type\":\"read\",\"user_id\":1,\"time\":1}");
  push_client_say (ann, "{\"ref\":6,\"type\":\"dance\"}");
  push_client_say (ann, "{\"ref\":7,\"type\":\"send\",\"to_user_id\":2,\"content\":\"\\ud800\"}");
  push_client_assert_heard (ann, "answer 1 10010 this user does not exist");
  push_client_assert_heard (ann, "answer 2 10011 you are not permitted to do this");
  push_client_assert_heard (ann, "answer 3 10002 a text has 1 to 1,000 characters and no control characters");
  push_client_assert_heard (ann, "answer 4 10002 a text has 1 to 1,000 characters and no control characters");
  push_client_assert_heard (ann, "answer 5 10002 a parameter is missing or invalid");
  push_client_assert_heard (ann, "answer 6 10002 a parameter is missing or invalid");
  push_client_assert_heard (ann, "answer 0 10005 malformed request");
  g_assert_cmpuint (dou_test_websocket_get_n_heard (ann), ==, 0);
}

/* Test that a message is heard by everybody whom it concerns, at whatever gateway, once, before the
 * answer, which names it by the same id; and that a repetition is only answered, as the first time. */
static void
test_messages (PushFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) tablet = push_client_new (fixture, 1, ANN);
  g_autoptr (DouTestWebsocket) bob = push_client_new (fixture, 1, BOB);
  g_autoptr (DouTestWebsocket) eve = push_client_new (fixture, 0, EVE);
  gint64 id;

  push_client_say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"你好\","
                        "\"request_id\":\"r\"}");
  id = push_client_assert_heard (ann, "message 1->2 你好");
  g_assert_cmpint (push_client_assert_heard (ann, "answer 1 0 你好"), ==, id);
  g_assert_cmpint (push_client_assert_heard (tablet, "message 1->2 你好"), ==, id);
  g_assert_cmpint (push_client_assert_heard (bob, "message 1->2 你好"), ==, id);

  push_client_say (ann, "{\"ref\":2,\"type\":\"send\",\"to_user_id\":2,\"content\":\"anew\","
                        "\"request_id\":\"r\"}");
  g_assert_cmpint (push_client_assert_heard (ann, "answer 2 0 你好"), ==, id);
  push_client_say (bob, "{\"ref\":3,\"type\":\"send\",\"to_user_id\":1,\"content\":\"hi\"}");
  push_client_assert_heard (bob, "message 2->1 hi");
  push_client_assert_heard (bob, "answer 3 0 hi");
  push_client_assert_heard (ann, "message 2->1 hi");
  push_client_assert_heard (tablet, "message 2->1 hi");
  g_assert_cmpuint (dou_test_websocket_get_n_heard (eve), ==, 0);
}

/* Test that reading is told to both sides, once. */
static void
test_read (PushFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = push_client_new (fixture, 1, BOB);

  push_client_say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}");
  push_client_assert_heard (ann, "message 1->2 x");
  push_client_assert_heard (ann, "answer 1 0 x");
  push_client_assert_heard (bob, "message 1->2 x");

  for (guint i = 0; i < 2; i++)
    push_client_say (bob, "{\"ref\":2,\"type\":\"read\",\"user_id\":1,\"time\":9000000000000}");
  push_client_assert_heard (bob, "read 2<-1");
  push_client_assert_heard (bob, "answer 2 0 success");
  push_client_assert_heard (bob, "answer 2 0 success");
  push_client_assert_heard (ann, "read 2<-1");
  push_client_say (ann, "{\"ref\":3,\"type\":\"send\",\"to_user_id\":2,\"content\":\"y\"}");
  push_client_assert_heard (ann, "message 1->2 y");
}

/* Test that of 500 messages each way, sent without waiting, each is heard once by either side,
 * those of one sender in their order. */
static void
test_flood (PushFixture *fixture, gconstpointer data)
{
  const int n = 500;
  DouTestWebsocket *clients[] = { push_client_new (fixture, 0, ANN), push_client_new (fixture, 1, BOB) };

  for (int i = 0; i < n; i++)
    for (int who = 0; who < 2; who++)
      push_client_say (clients[who], "{\"ref\":%d,\"type\":\"send\",\"to_user_id\":%d,\"content\":\"%d\"}", i,
                       2 - who, i);

  for (int who = 0; who < 2; who++)
    {
      int next[3] = { 0 };

      while (next[0] < n || next[1] < n || next[2] < n)
        {
          g_autofree char *text = push_client_hear (clients[who], NULL);
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
test_resync (PushFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = push_client_new (fixture, 1, BOB);

  push_client_say (ann, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}");
  push_client_assert_heard (ann, "message 1->2 x");
  push_client_assert_heard (ann, "answer 1 0 x");
  push_client_assert_heard (bob, "message 1->2 x");

  push_fixture_stop_chat (fixture);
  push_fixture_start_chat (fixture);
  push_client_assert_heard (ann, "resync");
  push_client_assert_heard (bob, "resync");
  push_client_say (bob, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":1,\"content\":\"y\"}");
  push_client_assert_heard (ann, "message 2->1 y");
}

/* Test that a changed password ends all that was opened with the old one, at every gateway, and
 * that the new one opens again. */
static void
test_password_changed (PushFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) tablet = push_client_new (fixture, 1, ANN);
  g_autoptr (DouTestWebsocket) bob = push_client_new (fixture, 1, BOB);
  g_autofree char *old_token = push_fixture_make_token (fixture, ANN, 0);
  g_autofree char *query = g_strconcat ("?token=", old_token, NULL);
  g_autofree char *token = push_fixture_make_token (fixture, ANN, 1);
  g_autofree char *url = g_strdup_printf ("ws://127.0.0.1:%u/douyin/message/ws?token=%s",
                                          fixture->gateways[0].port, token);
  g_autoptr (DouTestWebsocket) again = NULL;

  dou_test_users_call (&fixture->users, "ChangePasswords", "([(int64 1, 'pw', 'new')],)");
  g_assert_cmpuint (dou_test_websocket_wait_closed (ann), ==, 4001);
  g_assert_cmpuint (dou_test_websocket_wait_closed (tablet), ==, 4001);
  assert_refused (fixture, "GET", query, UPGRADE, 200, "10004");
  again = dou_test_websocket_new (url);
  push_client_say (bob, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":1,\"content\":\"x\"}");
  push_client_assert_heard (again, "message 2->1 x");
}

/* Test that clients are asked for their tokens again if the user service is gone, and with it
 * perhaps news of a changed password, and nobody else knows. */
static void
test_nobody_to_ask (PushFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = push_client_new (fixture, 0, BOB);
  g_autoptr (DouTestWebsocket) again = NULL;

  g_test_expect_message ("doutok", G_LOG_LEVEL_INFO, "*sending the batch again");
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "GetGenerations: *");
  dou_test_users_stop_service (&fixture->users);
  g_assert_cmpuint (dou_test_websocket_wait_closed (ann), ==, 4001);
  g_assert_cmpuint (dou_test_websocket_wait_closed (bob), ==, 4001);
  g_test_assert_expected_messages ();
  dou_test_users_start_service (&fixture->users);
  again = push_client_new (fixture, 0, ANN);
  push_client_say (again, "{\"ref\":1,\"type\":\"send\",\"to_user_id\":3,\"content\":\"x\"}");
  push_client_assert_heard (again, "message 1->3 x");
}

static void
call_social (PushFixture *fixture, const char *method, const char *items)
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
test_friends (PushFixture *fixture, gconstpointer data)
{
  const char *text = "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}";
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);

  g_assert_true (dou_config_set (fixture->gateways[0].context.config, DOU_CONFIG_MESSAGES_FROM,
                                 "friends", NULL));
  push_client_say (ann, "%s", text);
  push_client_assert_heard (ann, "answer 1 10011 you are not permitted to do this");
  call_social (fixture, "SetFollows", "([(int64 1, int64 2, true)],)");
  push_client_say (ann, "%s", text);
  push_client_assert_heard (ann, "answer 1 10011 you are not permitted to do this");
  call_social (fixture, "SetFollows", "([(int64 2, int64 1, true)],)");
  push_client_say (ann, "%s", text);
  push_client_assert_heard (ann, "message 1->2 x");
  push_client_assert_heard (ann, "answer 1 0 x");
}

/* Test that clients are told when a gateway ends. */
static void
test_close_all (PushFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = push_client_new (fixture, 1, BOB);

  dou_push_close_all (fixture->gateways[0].push);
  g_assert_cmpuint (dou_test_websocket_wait_closed (ann), ==, SOUP_WEBSOCKET_CLOSE_GOING_AWAY);
  g_assert_false (dou_test_websocket_is_closed (bob));
}

/* Test that two of whom one blocks the other write to each other no more, nor before both have ended it,
 * whatever else is allowed. */
static void
test_blocked (PushFixture *fixture, gconstpointer data)
{
  const char *to_bob = "{\"ref\":1,\"type\":\"send\",\"to_user_id\":2,\"content\":\"x\"}";
  const char *to_ann = "{\"ref\":2,\"type\":\"send\",\"to_user_id\":1,\"content\":\"y\"}";
  const char *refused = "10017 you have blocked this user, or this user has blocked you";
  g_autofree char *ann_refused = g_strconcat ("answer 1 ", refused, NULL);
  g_autofree char *bob_refused = g_strconcat ("answer 2 ", refused, NULL);
  g_autoptr (DouTestWebsocket) ann = push_client_new (fixture, 0, ANN);
  g_autoptr (DouTestWebsocket) bob = push_client_new (fixture, 1, BOB);

  call_social (fixture, "SetBlocks", "([(int64 1, int64 2, true)],)");
  push_client_say (ann, "%s", to_bob);
  push_client_assert_heard (ann, ann_refused);
  push_client_say (bob, "%s", to_ann);
  push_client_assert_heard (bob, bob_refused);

  call_social (fixture, "SetBlocks", "([(int64 2, int64 1, true), (1, 2, false)],)");
  push_client_say (ann, "%s", to_bob);
  push_client_assert_heard (ann, ann_refused);

  call_social (fixture, "SetBlocks", "([(int64 2, int64 1, false)],)");
  push_client_say (ann, "%s", to_bob);
  push_client_assert_heard (ann, "message 1->2 x");
  push_client_assert_heard (ann, "answer 1 0 x");
  push_client_assert_heard (bob, "message 1->2 x");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/gateway/push/" name, PushFixture, NULL, push_fixture_set_up, func,                 \
              push_fixture_tear_down)
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
