/* SPDX-License-Identifier: Apache-2.0 */

/* Who does too much is told to wait, on every gateway and in the envelope; nobody else is. */

#include "config.h"

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"

/* Rates at which nothing fills up again while a test runs. */
#define CONFIG                                                                                      \
  "[limits]\nrate-failed-login=3/d\nrate-register=4/d\nrate-comment=3/d\nrate-message=3/d\n"         \
  "rate-general=200/d\n"

/* Connections enough for some to end up on each of the two gateways. */
#define N_CONNECTIONS 8

#define RATE_LIMITED 10014
#define BAD_CREDENTIALS 10004

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new (CONFIG);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), N_CONNECTIONS);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

/* Each time over another connection, which the kernel gives to either gateway. */
static void
reconnect (Fixture *fixture)
{
  dou_test_http_free (fixture->http);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), N_CONNECTIONS);
}

static char *
register_user (Fixture *fixture, const char *name, gint64 *id)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "secret", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  if (id != NULL)
    *id = json_object_get_int_member (answer, "user_id");
  return g_strdup (json_object_get_string_member (answer, "token"));
}

static void
log_in (Fixture *fixture, const char *name, const char *password, guint http_code, gint64 status)
{
  g_autoptr (JsonObject) answer = NULL;

  reconnect (fixture);
  answer = dou_test_http_call_expecting (fixture->http, http_code, "POST", "/douyin/user/login/",
                                         "username", name, "password", password, NULL);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, status);
  if (status != 0)
    {
      g_assert_cmpint (json_object_get_int_member (answer, "user_id"), ==, 0);
      g_assert_cmpstr (json_object_get_string_member (answer, "token"), ==, "");
    }
}

/* Test that after some wrong passwords the right one has to wait, too, and other names do not. */
static void
test_passwords (Fixture *fixture, gconstpointer data)
{
  g_autofree char *alice = register_user (fixture, "alice", NULL);
  g_autofree char *bob = register_user (fixture, "bob", NULL);

  for (guint i = 0; i < 10; i++)
    log_in (fixture, "alice", "secret", 200, 0);
  for (guint i = 0; i < 3; i++)
    log_in (fixture, "alice", "wrong", 200, BAD_CREDENTIALS);
  for (guint i = 0; i < 6; i++)
    log_in (fixture, "alice", i % 2 == 0 ? "wrong" : "secret", 429, RATE_LIMITED);
  log_in (fixture, "bob", "secret", 200, 0);
  log_in (fixture, "nobody", "secret", 200, BAD_CREDENTIALS);
}

/* Test that an address registers so many and no more. */
static void
test_registrations (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("user %u", i);
      g_autofree char *token = register_user (fixture, name, NULL);

      reconnect (fixture);
    }

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (JsonObject) answer
          = dou_test_http_call_expecting (fixture->http, 429, "POST", "/douyin/user/register/",
                                          "username", "one more", "password", "secret", NULL);

      g_assert_cmpint (dou_test_http_get_status (answer), ==, RATE_LIMITED);
      reconnect (fixture);
    }
}

static void
send_message (Fixture *fixture, const char *token, gint64 to, guint http_code, gint64 status)
{
  g_autofree char *receiver = g_strdup_printf ("%" G_GINT64_FORMAT, to);
  g_autoptr (JsonObject) answer = NULL;

  reconnect (fixture);
  answer = dou_test_http_call_expecting (fixture->http, http_code, "POST", "/douyin/message/action/",
                                         "token", token, "to_user_id", receiver, "action_type", "1",
                                         "content", "hello", NULL);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, status);
}

/* Test that a user who writes too much waits, has written what was acknowledged, and keeps nobody else
 * from writing. */
static void
test_users (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) chat = NULL;
  g_autofree char *receiver = NULL;
  gint64 alice_id, bob_id;
  g_autofree char *alice = register_user (fixture, "alice", &alice_id);
  g_autofree char *bob = register_user (fixture, "bob", &bob_id);

  for (guint i = 0; i < 3; i++)
    send_message (fixture, alice, bob_id, 200, 0);
  for (guint i = 0; i < 6; i++)
    send_message (fixture, alice, bob_id, 429, RATE_LIMITED);
  send_message (fixture, bob, alice_id, 200, 0);

  receiver = g_strdup_printf ("%" G_GINT64_FORMAT, bob_id);
  chat = dou_test_http_call (fixture->http, "GET", "/douyin/message/chat/", "token", alice,
                             "to_user_id", receiver, NULL);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (chat, "message_list")), ==,
                    4);
}

/* Test that requests of all kinds count, also those for what is not there, and that the answer says how
 * long to wait. */
static void
test_requests (Fixture *fixture, gconstpointer data)
{
  guint n_answered = 0;
  guint n_refused = 0;

  for (guint i = 0; i < 210; i++)
    {
      g_autofree char *url = g_strconcat (dou_test_daemon_get_url (fixture->server),
                                          i % 2 == 0 ? "/ping" : "/nothing", NULL);
      g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) body
          = soup_session_send_and_read (dou_test_http_get_session (fixture->http), message, NULL, &error);
      const char *wait
          = soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");

      g_assert_no_error (error);
      if (soup_message_get_status (message) != 429)
        {
          n_answered++;
          g_assert_null (wait);
          continue;
        }

      n_refused++;
      g_assert_nonnull (wait);
      g_assert_cmpint (g_ascii_strtoll (wait, NULL, 10), >, 1);
      g_assert_cmpint (g_ascii_strtoll (wait, NULL, 10), <=, 86400 / 200);
    }

  g_assert_cmpuint (n_answered, ==, 200);
  g_assert_cmpuint (n_refused, ==, 10);
}

/* Test that a server that was started again counts from the beginning. */
static void
test_restart (Fixture *fixture, gconstpointer data)
{
  test_requests (fixture, data);
  dou_test_daemon_kill (fixture->server);
  dou_test_daemon_start (fixture->server);
  reconnect (fixture);
  test_requests (fixture, data);
}

#define ADD(path, func) g_test_add ("/integration/limits/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("passwords", test_passwords);
  ADD ("registrations", test_registrations);
  ADD ("users", test_users);
  ADD ("requests", test_requests);
  ADD ("restart", test_restart);

  return g_test_run ();
}
