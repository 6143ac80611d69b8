/* SPDX-License-Identifier: Apache-2.0 */

/* Two users and a guest on their way through all endpoints, in every way that clients send parameters. */

#include "config.h"

#include <string.h>

#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-daemon.h"

typedef enum
{
  IN_QUERY,
  IN_BODY,
  IN_BOTH,
  N_PLACES
} Place;

/* How the requests of one pass are written. */
typedef struct
{
  Place place;
  gboolean slash;    /* paths end in one */
  gboolean exponent; /* ids are written as 7.1e+15 */
} Style;

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  GBytes *file;          /* (owned) */
  Style style;
} Fixture;

typedef struct
{
  gint64 id;
  char *name;    /* (owned) */
  char *token;   /* (owned) */
  char *id_text; /* (owned) as the style writes it */
} User;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 2);
  fixture->file = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
  g_bytes_unref (fixture->file);
}

static void
user_clear (User *user)
{
  g_free (user->name);
  g_free (user->token);
  g_free (user->id_text);
}

static char *
write_id (Fixture *fixture, gint64 id)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GINT64_FORMAT, id);

  return fixture->style.exponent
             ? g_strdup_printf ("%c.%se+%zu", digits[0], digits + 1, strlen (digits) - 1)
             : g_steal_pointer (&digits);
}

/* Sends a request in the style of the pass, and asserts the status of its answer. */
static JsonObject *
call (Fixture *fixture, gint64 expected, const char *method, const char *path, ...)
{
  g_autoptr (GString) form = g_string_new (NULL);
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autofree char *url = NULL;
  JsonObject *answer;
  const char *name;
  va_list parameters;

  va_start (parameters, path);
  while ((name = va_arg (parameters, const char *)) != NULL)
    {
      g_string_append_printf (form, "%s%s=", form->len > 0 ? "&" : "", name);
      g_string_append_uri_escaped (form, va_arg (parameters, const char *), NULL, FALSE);
    }
  va_end (parameters);

  url = g_strdup_printf ("%s/douyin/%s%s%s%s", dou_test_daemon_get_url (fixture->server), path,
                         fixture->style.slash ? "/" : "",
                         fixture->style.place != IN_BODY ? "?" : "",
                         fixture->style.place != IN_BODY ? form->str : "");
  message = soup_message_new (method, url);
  if (fixture->style.place != IN_QUERY)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (form->str, form->len);

      soup_message_set_request_body_from_bytes (message, "application/x-www-form-urlencoded", bytes);
    }
  body = soup_session_send_and_read (dou_test_http_get_session (fixture->http), message, NULL,
                                     &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, 200);

  answer = dou_test_http_parse (body);
  if (dou_test_http_get_status (answer) != expected)
    g_error ("%s %s: %s", method, url, (const char *) g_bytes_get_data (body, NULL));
  return answer;
}

static void
act (Fixture *fixture, gint64 expected, const char *path, User *user, const char *type,
     const char *name, const char *value, const char *other, const char *other_value)
{
  json_object_unref (call (fixture, expected, "POST", path, "token", user->token, "action_type",
                           type, name, value, other, other_value, NULL));
}

static void
register_user (Fixture *fixture, User *user, const char *name)
{
  g_autoptr (JsonObject) registered = NULL;
  g_autoptr (JsonObject) logged_in = NULL;

  user->name = g_strdup_printf ("%s %d%d%d", name, fixture->style.place, fixture->style.slash,
                                fixture->style.exponent);
  registered = call (fixture, 0, "POST", "user/register", "username", user->name, "password", "p",
                     NULL);
  logged_in = call (fixture, 0, "POST", "user/login", "username", user->name, "password", "p", NULL);
  user->id = json_object_get_int_member (logged_in, "user_id");
  g_assert_cmpint (json_object_get_int_member (registered, "user_id"), ==, user->id);
  user->token = g_strdup (json_object_get_string_member (logged_in, "token"));
  user->id_text = write_id (fixture, user->id);
}

/* The only element of a list, whose id must be this. */
static JsonObject *
get_only (JsonObject *answer, const char *list, gint64 id)
{
  JsonArray *array = json_object_get_array_member (answer, list);
  JsonObject *element;

  g_assert_cmpuint (json_array_get_length (array), ==, 1);
  element = json_array_get_object_element (array, 0);
  g_assert_cmpint (json_object_get_int_member (element, "id"), ==, id);
  return element;
}

static void
assert_empty (JsonObject *answer, const char *list)
{
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (answer, list)), ==, 0);
}

static void
assert_number (JsonObject *object, const char *name, gint64 expected)
{
  g_assert_cmpint (json_object_get_int_member (object, name), ==, expected);
}

static void
assert_flag (JsonObject *object, const char *name, gboolean expected)
{
  g_assert_cmpint (json_object_get_boolean_member (object, name), ==, expected);
}

/* Publishes a video of @author and returns its id. */
static gint64
publish (Fixture *fixture, User *author)
{
  g_autoptr (JsonObject) published
      = dou_test_http_publish (fixture->http, author->token, author->name, fixture->file);
  g_autoptr (JsonObject) works = NULL;
  JsonArray *videos;

  assert_number (published, "status_code", 0);
  works = call (fixture, 0, "GET", "publish/list", "user_id", author->id_text, NULL);
  videos = json_object_get_array_member (works, "video_list");
  g_assert_cmpuint (json_array_get_length (videos), ==, 1);
  return json_object_get_int_member (json_array_get_object_element (videos, 0), "id");
}

static void
walk_favorites (Fixture *fixture, User *author, User *fan, gint64 video)
{
  g_autofree char *video_text = write_id (fixture, video);

  for (guint i = 0; i < 2; i++)
    act (fixture, 0, "favorite/action", fan, "1", "video_id", video_text, NULL, NULL);
  act (fixture, 10010, "favorite/action", fan, "1", "video_id", "12345", NULL, NULL);
  act (fixture, 10002, "favorite/action", fan, "3", "video_id", video_text, NULL, NULL);

  {
    g_autoptr (JsonObject) list
        = call (fixture, 0, "GET", "favorite/list", "user_id", fan->id_text, "token", fan->token, NULL);
    g_autoptr (JsonObject) feed = call (fixture, 0, "GET", "feed", "token", fan->token, NULL);
    g_autoptr (JsonObject) guest_feed = call (fixture, 0, "GET", "feed", NULL);
    g_autoptr (JsonObject) profile = call (fixture, 0, "GET", "user", "user_id", author->id_text, NULL);
    JsonObject *liked = get_only (list, "video_list", video);
    JsonObject *newest = json_array_get_object_element (
        json_object_get_array_member (feed, "video_list"), 0);
    JsonObject *for_guest = json_array_get_object_element (
        json_object_get_array_member (guest_feed, "video_list"), 0);

    assert_number (liked, "favorite_count", 1);
    assert_flag (liked, "is_favorite", TRUE);
    assert_flag (newest, "is_favorite", TRUE);
    assert_flag (for_guest, "is_favorite", FALSE);
    assert_number (for_guest, "favorite_count", 1);
    assert_number (json_object_get_object_member (profile, "user"), "total_favorited", 1);
  }

  for (guint i = 0; i < 2; i++)
    act (fixture, 0, "favorite/action", fan, "2", "video_id", video_text, NULL, NULL);

  {
    g_autoptr (JsonObject) list
        = call (fixture, 0, "GET", "favorite/list", "token", fan->token, NULL);
    g_autoptr (JsonObject) profile = call (fixture, 0, "GET", "user", "user_id", author->id_text, NULL);

    assert_empty (list, "video_list");
    assert_number (json_object_get_object_member (profile, "user"), "total_favorited", 0);
  }
}

static gint64
add_comment (Fixture *fixture, User *user, const char *video, const char *text)
{
  g_autoptr (JsonObject) answer
      = call (fixture, 0, "POST", "comment/action", "token", user->token, "video_id", video,
              "action_type", "1", "comment_text", text, NULL);
  JsonObject *comment = json_object_get_object_member (answer, "comment");

  g_assert_cmpstr (json_object_get_string_member (comment, "content"), ==, text);
  g_assert_cmpuint (strlen (json_object_get_string_member (comment, "create_date")), ==, 5);
  assert_number (comment, "feeling", 3);
  assert_number (json_object_get_object_member (comment, "user"), "id", user->id);
  return json_object_get_int_member (comment, "id");
}

/* What somebody feels about the two comments under a video. */
static void
assert_feelings (Fixture *fixture, const char *video, const char *token, gint64 newer, gint64 older)
{
  g_autoptr (JsonObject) list
      = call (fixture, 0, "GET", "comment/list", "video_id", video, "token", token, NULL);
  JsonArray *comments = json_object_get_array_member (list, "comment_list");

  assert_number (json_array_get_object_element (comments, 0), "feeling", newer);
  assert_number (json_array_get_object_element (comments, 1), "feeling", older);
}

static void
walk_comments (Fixture *fixture, User *author, User *fan, gint64 video)
{
  g_autofree char *video_text = write_id (fixture, video);
  gint64 first = add_comment (fixture, fan, video_text, "第一 👩‍👩‍👧 שלום\n<b>");
  gint64 second = add_comment (fixture, author, video_text, "e\xcc\x81 & +");
  g_autofree char *first_text = write_id (fixture, first);
  g_autofree char *second_text = write_id (fixture, second);

  act (fixture, 10002, "comment/action", fan, "1", "video_id", video_text, "comment_text", "");
  act (fixture, 10010, "comment/action", fan, "1", "video_id", "12345", "comment_text", "x");
  act (fixture, 10011, "comment/action", fan, "2", "video_id", video_text, "comment_id",
       second_text);
  act (fixture, 0, "comment/feeling", author, "1", "comment_id", first_text, NULL, NULL);
  act (fixture, 0, "comment/feeling", fan, "2", "comment_id", first_text, NULL, NULL);

  {
    g_autoptr (JsonObject) list = call (fixture, 0, "GET", "comment/list", "video_id", video_text, NULL);
    JsonArray *comments = json_object_get_array_member (list, "comment_list");
    JsonObject *older = json_array_get_object_element (comments, 1);

    g_assert_cmpuint (json_array_get_length (comments), ==, 2);
    assert_number (json_array_get_object_element (comments, 0), "id", second);
    assert_number (older, "id", first);
    assert_number (older, "like_count", 1);
    assert_number (older, "tease_count", 1);
    g_assert_cmpstr (json_object_get_string_member (older, "content"), ==,
                     "第一 👩‍👩‍👧 שלום\n<b>");
  }

  assert_feelings (fixture, video_text, author->token, 3, 1);
  assert_feelings (fixture, video_text, fan->token, 3, 2);
  assert_feelings (fixture, video_text, "", 3, 3);

  /* The author of the video may remove what others wrote under it. */
  act (fixture, 0, "comment/action", author, "2", "video_id", video_text, "comment_id", first_text);
  act (fixture, 0, "comment/action", author, "2", "video_id", video_text, "comment_id", second_text);

  {
    g_autoptr (JsonObject) list = call (fixture, 0, "GET", "comment/list", "video_id", video_text, NULL);

    assert_empty (list, "comment_list");
  }
}

static void
walk_relations (Fixture *fixture, User *author, User *fan)
{
  for (guint i = 0; i < 2; i++)
    act (fixture, 0, "relation/action", fan, "1", "to_user_id", author->id_text, NULL, NULL);
  act (fixture, 10011, "relation/action", fan, "1", "to_user_id", fan->id_text, NULL, NULL);
  act (fixture, 10010, "relation/action", fan, "1", "to_user_id", "12345", NULL, NULL);

  {
    g_autoptr (JsonObject) follows
        = call (fixture, 0, "GET", "relation/follow/list", "token", fan->token, NULL);
    g_autoptr (JsonObject) followers = call (fixture, 0, "GET", "relation/follower/list", "user_id",
                                             author->id_text, "token", author->token, NULL);
    g_autoptr (JsonObject) friends
        = call (fixture, 0, "GET", "relation/friend/list", "token", fan->token, NULL);
    JsonObject *followed = get_only (follows, "user_list", author->id);

    assert_flag (followed, "is_follow", TRUE);
    assert_number (followed, "follower_count", 1);
    assert_flag (get_only (followers, "user_list", fan->id), "is_follow", FALSE);
    assert_empty (friends, "user_list");
  }

  act (fixture, 0, "relation/action", author, "1", "to_user_id", fan->id_text, NULL, NULL);
}

static void
walk_messages (Fixture *fixture, User *author, User *fan)
{
  g_autofree char *newest = NULL;

  act (fixture, 0, "message/action", fan, "1", "to_user_id", author->id_text, "content", "你好 😀");
  act (fixture, 0, "message/action", author, "1", "to_user_id", fan->id_text, "content", "hello");
  act (fixture, 10011, "message/action", fan, "1", "to_user_id", fan->id_text, "content", "me");
  act (fixture, 10002, "message/action", fan, "1", "to_user_id", author->id_text, "content", "");

  {
    g_autoptr (JsonObject) chat = call (fixture, 0, "GET", "message/chat", "token", fan->token,
                                        "to_user_id", author->id_text, NULL);
    JsonArray *messages = json_object_get_array_member (chat, "message_list");
    JsonObject *sent = json_array_get_object_element (messages, 0);
    JsonObject *received = json_array_get_object_element (messages, 1);

    g_assert_cmpuint (json_array_get_length (messages), ==, 2);
    g_assert_cmpstr (json_object_get_string_member (sent, "content"), ==, "你好 😀");
    assert_number (sent, "from_user_id", fan->id);
    assert_number (sent, "to_user_id", author->id);
    assert_number (received, "from_user_id", author->id);
    newest = g_strdup_printf ("%" G_GINT64_FORMAT,
                              json_object_get_int_member (received, "create_time"));
  }

  {
    g_autoptr (JsonObject) nothing = call (fixture, 0, "GET", "message/chat", "token", fan->token,
                                           "to_user_id", author->id_text, "pre_msg_time", newest,
                                           NULL);
    g_autoptr (JsonObject) friends
        = call (fixture, 0, "GET", "relation/friend/list", "token", fan->token, NULL);
    JsonObject *friend = get_only (friends, "user_list", author->id);

    assert_empty (nothing, "message_list");
    g_assert_cmpstr (json_object_get_string_member (friend, "message"), ==, "hello");
    assert_number (friend, "msgType", 0);
  }
}

static void
walk (Fixture *fixture)
{
  User author = { 0 };
  User fan = { 0 };
  gint64 video;

  register_user (fixture, &author, "author");
  register_user (fixture, &fan, "fan");
  video = publish (fixture, &author);
  walk_favorites (fixture, &author, &fan, video);
  walk_comments (fixture, &author, &fan, video);
  walk_relations (fixture, &author, &fan);
  walk_messages (fixture, &author, &fan);
  user_clear (&author);
  user_clear (&fan);
}

/* Test every endpoint with parameters in the query, in the body and in both, with and without the slash
 * at the end, and with ids in both forms. */
static void
test_walk (Fixture *fixture, gconstpointer data)
{
  for (Place place = IN_QUERY; place < N_PLACES; place++)
    for (guint variant = 0; variant < 4; variant++)
      {
        fixture->style = (Style){ place, variant & 1, variant >> 1 };
        walk (fixture);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/endpoints/walk", Fixture, NULL, set_up, test_walk, tear_down);

  return g_test_run ();
}
