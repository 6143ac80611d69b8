/* SPDX-License-Identifier: Apache-2.0 */

/* Two people who write to each other at the same time. Ann's client asks again and again for what is newer
 * than the newest message it has got, as the app does; Bob's is told over a WebSocket. */

#include "config.h"

#include <signal.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-websocket.h"

/* Of each of the two. */
#define N_MESSAGES 500
/* Messages that Ann has sent when the chat service is killed. */
#define KILL_AFTER 200
/* Milliseconds between Ann's questions: the app asks each second. */
#define PERIOD_OF_THE_APP 1000
#define SHORT_PERIOD 20
/* Milliseconds between two messages of one writer when there is time: the test spans a minute then. */
#define LONG_PAUSE 120
/* Messages that are written in the same moment. */
#define N_AT_ONCE 200
/* More than the newest 500, which one answer has. */
#define PAGE 500

typedef struct
{
  gint64 id;
  char *id_text; /* (owned) */
  char *token;   /* (owned) */
} User;

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  User ann;
  User bob;
  DouTestWebsocket *websocket; /* (owned) (nullable) Bob's */

  gboolean is_killed; /* the chat service was */
  guint n_sent_by_ann;
  guint n_sent_by_bob;
  gint64 newest_of_ann; /* times */
  gint64 newest_of_bob;
  gboolean is_polling;
  guint n_polls;
  guint n_seen_by_ann;     /* Bob's messages */
  GHashTable *seen_by_bob; /* (owned) (element-type utf8) contents, of both */
} Fixture;

static void
user_register (User *user, Fixture *fixture, const char *name)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  user->id = json_object_get_int_member (answer, "user_id");
  user->id_text = g_strdup_printf ("%" G_GINT64_FORMAT, user->id);
  user->token = g_strdup (json_object_get_string_member (answer, "token"));
}

static void
user_clear (User *user)
{
  g_free (user->id_text);
  g_free (user->token);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), N_AT_ONCE);
  fixture->seen_by_bob = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  user_register (&fixture->ann, fixture, "Ann");
  user_register (&fixture->bob, fixture, "Bob");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->websocket, dou_test_websocket_free);
  user_clear (&fixture->ann);
  user_clear (&fixture->bob);
  g_hash_table_unref (fixture->seen_by_bob);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static void
send_async (Fixture *fixture, User *writer, User *reader, const char *content,
            GAsyncReadyCallback callback)
{
  g_autofree char *url = dou_test_http_build_url (
      dou_test_daemon_get_url (fixture->server), "/douyin/message/action/", "token", writer->token,
      "to_user_id", reader->id_text, "action_type", "1", "content", content, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);

  soup_session_send_and_read_async (dou_test_http_get_session (fixture->http), message,
                                    G_PRIORITY_DEFAULT, NULL, callback, fixture);
}

/* The messages of a conversation that are newer than @after, of one page, both directions. */
static JsonArray *
read_page (Fixture *fixture, User *reader, User *other, gint64 after)
{
  g_autofree char *time = g_strdup_printf ("%" G_GINT64_FORMAT, after);
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "GET", "/douyin/message/chat/", "token", reader->token, "to_user_id",
      other->id_text, "pre_msg_time", time, "both", "1", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return json_array_ref (json_object_get_array_member (answer, "message_list"));
}

/* Asserts that @n_expected messages are stored, each at a time of its own, those of each writer in
 * their order if @is_ordered. */
static void
check_stored (Fixture *fixture, guint n_expected, gboolean is_ordered)
{
  gint64 last = 1;
  guint n_of_ann = 0, n_of_bob = 0;

  while (n_of_ann + n_of_bob < n_expected)
    {
      g_autoptr (JsonArray) page = read_page (fixture, &fixture->ann, &fixture->bob, last);

      g_assert_cmpuint (json_array_get_length (page), ==,
                        MIN (PAGE, n_expected - n_of_ann - n_of_bob));
      for (guint i = 0; i < json_array_get_length (page); i++)
        {
          JsonObject *message = json_array_get_object_element (page, i);
          gint64 time = json_object_get_int_member (message, "create_time");
          gboolean is_of_ann
              = json_object_get_int_member (message, "from_user_id") == fixture->ann.id;
          guint *n = is_of_ann ? &n_of_ann : &n_of_bob;
          g_autofree char *expected = g_strdup_printf ("%c-%u", is_of_ann ? 'a' : 'b', *n);

          g_assert_cmpint (time, >, last);
          last = time;
          if (is_ordered)
            g_assert_cmpstr (json_object_get_string_member (message, "content"), ==, expected);
          (*n)++;
        }
    }

  {
    g_autoptr (JsonArray) rest = read_page (fixture, &fixture->ann, &fixture->bob, last);

    g_assert_cmpuint (json_array_get_length (rest), ==, 0);
  }
}

static gboolean ann_send_cb (gpointer user_data);

/* At once, or as people write if there is time for it. */
static void
write_next (Fixture *fixture, GSourceFunc func)
{
  if (g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0)
    g_timeout_add (LONG_PAUSE, func, fixture);
  else
    func (fixture);
}

static void
ann_sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (JsonObject) answer = dou_test_http_receive (SOUP_SESSION (source), result);

  if (++fixture->n_sent_by_ann == KILL_AFTER && fixture->is_killed)
    kill (dou_test_daemon_get_service_pid (fixture->server, "org.doutok.Chat"), SIGKILL);
  if (fixture->n_sent_by_ann < N_MESSAGES)
    write_next (fixture, ann_send_cb);
}

static gboolean
ann_send_cb (gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *content = g_strdup_printf ("a-%u", fixture->n_sent_by_ann);

  send_async (fixture, &fixture->ann, &fixture->bob, content, ann_sent_cb);
  return G_SOURCE_REMOVE;
}

static void
ann_polled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (JsonObject) answer = dou_test_http_receive (SOUP_SESSION (source), result);
  JsonArray *messages = json_object_get_array_member (answer, "message_list");

  for (guint i = 0; i < json_array_get_length (messages); i++)
    {
      JsonObject *message = json_array_get_object_element (messages, i);
      g_autofree char *expected = g_strdup_printf ("b-%u", fixture->n_seen_by_ann);

      g_assert_cmpstr (json_object_get_string_member (message, "content"), ==, expected);
      g_assert_cmpint (json_object_get_int_member (message, "from_user_id"), ==, fixture->bob.id);
      g_assert_cmpint (json_object_get_int_member (message, "to_user_id"), ==, fixture->ann.id);
      g_assert_cmpint (json_object_get_int_member (message, "create_time"), >,
                       fixture->newest_of_ann);
      fixture->newest_of_ann = json_object_get_int_member (message, "create_time");
      fixture->n_seen_by_ann++;
    }

  fixture->n_polls++;
  fixture->is_polling = FALSE;
}

static gboolean
ann_poll_cb (gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *time = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->newest_of_ann);
  g_autofree char *url = dou_test_http_build_url (
      dou_test_daemon_get_url (fixture->server), "/douyin/message/chat/", "token",
      fixture->ann.token, "to_user_id", fixture->bob.id_text, "pre_msg_time", time, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);

  if (!fixture->is_polling)
    {
      fixture->is_polling = TRUE;
      soup_session_send_and_read_async (dou_test_http_get_session (fixture->http), message,
                                        G_PRIORITY_DEFAULT, NULL, ann_polled_cb, fixture);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
bob_send_cb (gpointer user_data)
{
  Fixture *fixture = user_data;
  guint number = fixture->n_sent_by_bob;
  g_autofree char *text
      = g_strdup_printf ("{\"ref\":%u,\"type\":\"send\",\"to_user_id\":%" G_GINT64_FORMAT
                         ",\"content\":\"b-%u\"}",
                         number, fixture->ann.id, number);

  dou_test_websocket_say (fixture->websocket, text);
  return G_SOURCE_REMOVE;
}

/* Bob's client knows a message by what it says here; a real one goes by the id. */
static void
bob_see (Fixture *fixture, JsonObject *message, gboolean may_be_known)
{
  const char *content = json_object_get_string_member (message, "content");
  gint64 time = json_object_get_int_member (message, "create_time");
  gboolean is_new = g_hash_table_add (fixture->seen_by_bob, g_strdup (content));

  g_assert_true (is_new || may_be_known);
  if (!is_new)
    return;

  g_assert_cmpint (time, >, fixture->newest_of_bob);
  fixture->newest_of_bob = time;
}

/* What the server says must be asked for when the chat service had to be started anew. */
static void
bob_resync (Fixture *fixture)
{
  g_autoptr (JsonArray) page
      = read_page (fixture, &fixture->bob, &fixture->ann, fixture->newest_of_bob);

  for (guint i = 0; i < json_array_get_length (page); i++)
    bob_see (fixture, json_array_get_object_element (page, i), FALSE);
}

static void
bob_hear (Fixture *fixture)
{
  g_autoptr (JsonObject) said = dou_test_websocket_hear (fixture->websocket);
  const char *type = json_object_get_string_member (said, "type");

  if (g_str_equal (type, "message"))
    bob_see (fixture, json_object_get_object_member (said, "message"), fixture->is_killed);
  else if (g_str_equal (type, "resync"))
    {
      g_assert_true (fixture->is_killed);
      bob_resync (fixture);
    }
  else
    {
      g_assert_cmpstr (type, ==, "answer");
      g_assert_cmpint (json_object_get_int_member (said, "ref"), ==, fixture->n_sent_by_bob);
      g_assert_cmpint (json_object_get_int_member (said, "status_code"), ==, 0);
      if (++fixture->n_sent_by_bob < N_MESSAGES)
        write_next (fixture, bob_send_cb);
    }
}

static gboolean
is_done (Fixture *fixture)
{
  return fixture->n_seen_by_ann == N_MESSAGES && !fixture->is_polling
         && g_hash_table_size (fixture->seen_by_bob) == 2 * N_MESSAGES
         && fixture->n_sent_by_ann == N_MESSAGES && fixture->n_sent_by_bob == N_MESSAGES;
}

static gboolean
too_late_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_error ("Of %u each, Ann has seen %u of Bob's, and Bob %u of all; %u and %u were answered",
           N_MESSAGES, fixture->n_seen_by_ann, g_hash_table_size (fixture->seen_by_bob),
           fixture->n_sent_by_ann, fixture->n_sent_by_bob);
  return G_SOURCE_REMOVE;
}

/* Opens the chat, on both sides, which has one message already, and lets both write. */
static void
converse (Fixture *fixture)
{
  g_autofree char *url
      = dou_test_http_build_url (dou_test_daemon_get_url (fixture->server), "/douyin/message/ws",
                                 "token", fixture->bob.token, NULL);
  gboolean is_long = g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0;
  guint timeout = g_timeout_add_seconds (200, too_late_cb, fixture);
  guint poll;

  fixture->websocket = dou_test_websocket_new (url);
  bob_send_cb (fixture);
  while (fixture->n_sent_by_bob == 0)
    bob_hear (fixture);
  ann_poll_cb (fixture);
  while (fixture->n_seen_by_ann == 0)
    g_main_context_iteration (NULL, TRUE);
  ann_send_cb (fixture);
  poll = g_timeout_add (is_long ? PERIOD_OF_THE_APP : SHORT_PERIOD, ann_poll_cb, fixture);

  while (!is_done (fixture))
    {
      g_main_context_iteration (NULL, TRUE);
      while (dou_test_websocket_get_n_heard (fixture->websocket) > 0)
        bob_hear (fixture);
    }

  g_source_remove (poll);
  g_source_remove (timeout);
  g_test_message ("%u polls", fixture->n_polls);
  check_stored (fixture, 2 * N_MESSAGES, TRUE);
}

/* Test that of 500 messages each way both see every one, once, in its order. */
static void
test_both_ways (Fixture *fixture, gconstpointer data)
{
  converse (fixture);
}

/* Test that it is no different when the chat service is killed amid it. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  fixture->is_killed = TRUE;
  converse (fixture);
}

static void
sent_at_once_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (JsonObject) answer = dou_test_http_receive (SOUP_SESSION (source), result);

  fixture->n_sent_by_ann++;
}

/* Test that messages which both write in the same moment, on many connections to two gateways, have
 * times of their own, that grow as the list does. */
static void
test_same_moment (Fixture *fixture, gconstpointer data)
{
  gint64 begin = g_get_real_time () / 1000;
  g_autoptr (JsonArray) page = NULL;

  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      User *writer = i % 2 == 0 ? &fixture->ann : &fixture->bob;
      User *reader = i % 2 == 0 ? &fixture->bob : &fixture->ann;

      send_async (fixture, writer, reader, "now", sent_at_once_cb);
    }
  while (fixture->n_sent_by_ann < N_AT_ONCE)
    g_main_context_iteration (NULL, TRUE);

  check_stored (fixture, N_AT_ONCE, FALSE);
  page = read_page (fixture, &fixture->ann, &fixture->bob, 0);
  g_assert_cmpint (
      json_object_get_int_member (json_array_get_object_element (page, 0), "create_time"), >=,
      begin);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/integration/conversation/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("both-ways", test_both_ways);
  ADD ("killed", test_killed);
  ADD ("same-moment", test_same_moment);
#undef ADD

  return g_test_run ();
}
