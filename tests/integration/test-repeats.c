/* SPDX-License-Identifier: Apache-2.0 */

/* A client that did not get its answer asks again, with the request id of the first time: there is one
 * comment, and one message, and the answer is the first one's. */

#include "config.h"

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"

#define N_AT_ONCE 32

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *ann;             /* (owned) tokens */
  char *bob;             /* (owned) */
  char *bob_id;          /* (owned) */
  char *video;           /* (owned) */
  guint n_answered;
  gint64 id; /* of the comment that all answers must have */
} Fixture;

static char *
register_user (Fixture *fixture, const char *name, char **id)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  if (id != NULL)
    *id = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (answer, "user_id"));
  return g_strdup (json_object_get_string_member (answer, "token"));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (JsonObject) feed = NULL;

  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), N_AT_ONCE);
  fixture->ann = register_user (fixture, "Ann", NULL);
  fixture->bob = register_user (fixture, "Bob", &fixture->bob_id);
  answer = dou_test_http_publish (fixture->http, fixture->ann, "title", file);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  feed = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  fixture->video = g_strdup_printf (
      "%" G_GINT64_FORMAT,
      json_object_get_int_member (
          json_array_get_object_element (json_object_get_array_member (feed, "video_list"), 0),
          "id"));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->ann);
  g_free (fixture->bob);
  g_free (fixture->bob_id);
  g_free (fixture->video);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static JsonObject *
comment (Fixture *fixture, const char *token, const char *text, const char *request_id)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/comment/action/", "token", token, "video_id",
      fixture->video, "action_type", "1", "comment_text", text, "request_id", request_id, NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return json_object_ref (json_object_get_object_member (answer, "comment"));
}

static guint
count_comments (Fixture *fixture)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "GET", "/douyin/comment/list/", "video_id", fixture->video, NULL);

  return json_array_get_length (json_object_get_array_member (answer, "comment_list"));
}

/* Test that a comment which is sent again is the one that is there, as it is, whatever text came with
 * it; and that somebody else's request id is something else. */
static void
test_comment (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) first = comment (fixture, fixture->bob, "first", "r");
  g_autofree char *id
      = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (first, "id"));
  g_autoptr (JsonObject) feeling = dou_test_http_call (
      fixture->http, "POST", "/douyin/comment/feeling/", "token", fixture->ann, "comment_id", id,
      "action_type", "1", NULL);
  g_autoptr (JsonObject) again = comment (fixture, fixture->bob, "second", "r");
  g_autoptr (JsonObject) other = comment (fixture, fixture->ann, "third", "r");

  g_assert_cmpint (dou_test_http_get_status (feeling), ==, 0);
  g_assert_cmpint (json_object_get_int_member (again, "id"), ==,
                   json_object_get_int_member (first, "id"));
  g_assert_cmpstr (json_object_get_string_member (again, "content"), ==, "first");
  g_assert_cmpint (json_object_get_int_member (again, "like_count"), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (other, "content"), ==, "third");
  g_assert_cmpuint (count_comments (fixture), ==, 2);
}

/* Test that a comment which was deleted meanwhile does not come back. */
static void
test_deleted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) first = comment (fixture, fixture->bob, "text", "r");
  g_autofree char *id
      = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (first, "id"));
  g_autoptr (JsonObject) deletion = dou_test_http_call (
      fixture->http, "POST", "/douyin/comment/action/", "token", fixture->bob, "video_id",
      fixture->video, "action_type", "2", "comment_id", id, NULL);
  g_autoptr (JsonObject) again = NULL;

  g_assert_cmpint (dou_test_http_get_status (deletion), ==, 0);
  again = comment (fixture, fixture->bob, "text", "r");
  g_assert_cmpint (json_object_get_int_member (again, "id"), ==,
                   json_object_get_int_member (first, "id"));
  g_assert_cmpstr (json_object_get_string_member (again, "content"), ==, "text");
  g_assert_cmpuint (count_comments (fixture), ==, 0);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (JsonObject) answer = dou_test_http_receive (SOUP_SESSION (source), result);

  if (json_object_has_member (answer, "comment"))
    {
      gint64 id
          = json_object_get_int_member (json_object_get_object_member (answer, "comment"), "id");

      if (fixture->n_answered == 0)
        fixture->id = id;
      g_assert_cmpint (id, ==, fixture->id);
    }
  fixture->n_answered++;
}

static void
send_at_once (Fixture *fixture, const char *url)
{
  fixture->n_answered = 0;
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new ("POST", url);

      soup_session_send_and_read_async (dou_test_http_get_session (fixture->http), message,
                                        G_PRIORITY_DEFAULT, NULL, answered_cb, fixture);
    }
  while (fixture->n_answered < N_AT_ONCE)
    g_main_context_iteration (NULL, TRUE);
}

/* Test that it makes no difference if they all come at the same time, at two gateways. */
static void
test_at_once (Fixture *fixture, gconstpointer data)
{
  const char *base = dou_test_daemon_get_url (fixture->server);
  g_autofree char *comment_url = dou_test_http_build_url (
      base, "/douyin/comment/action/", "token", fixture->ann, "video_id", fixture->video,
      "action_type", "1", "comment_text", "x", "request_id", "r", NULL);
  g_autofree char *message_url = dou_test_http_build_url (
      base, "/douyin/message/action/", "token", fixture->ann, "to_user_id", fixture->bob_id,
      "action_type", "1", "content", "x", "request_id", "r", NULL);
  g_autoptr (JsonObject) chat = NULL;

  send_at_once (fixture, comment_url);
  g_assert_cmpuint (count_comments (fixture), ==, 1);

  send_at_once (fixture, message_url);
  chat = dou_test_http_call (fixture->http, "GET", "/douyin/message/chat/", "token", fixture->ann,
                             "to_user_id", fixture->bob_id, NULL);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (chat, "message_list")),
                    ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/integration/repeats/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("comment", test_comment);
  ADD ("deleted", test_deleted);
  ADD ("at-once", test_at_once);
#undef ADD

  return g_test_run ();
}
