/* SPDX-License-Identifier: Apache-2.0 */

/* One video that 64 connections like and unlike at the same time, at two gateways. What a user did last on
 * a connection holds, where that is known; where it is not, because several connections are the same
 * user's, either state is legal. In every case all that shows it agrees: lists, flags and counters. */

#include "config.h"

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"

#define N_CONNECTIONS 64
/* Likes, and as many times that they are taken back, of each connection. */
#define N_ROUNDS 5

typedef struct
{
  gint64 id;
  char *token; /* (owned) */
} User;

typedef struct _Fixture Fixture;

typedef struct
{
  Fixture *fixture;  /* (unowned) */
  DouTestHttp *http; /* (owned) with a single connection */
  User *user;        /* (unowned) */
  guint n_done;
  guint n_wanted;
} Client;

struct _Fixture
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  User author;
  User users[N_CONNECTIONS];
  char *video; /* (owned) its id */
  Client clients[N_CONNECTIONS];
  guint n_finished;
};

static void
user_register (User *user, Fixture *fixture, const char *name)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  user->id = json_object_get_int_member (answer, "user_id");
  user->token = g_strdup (json_object_get_string_member (answer, "token"));
}

/* The only video, as @user sees it. */
static JsonObject *
get_video (Fixture *fixture, User *user)
{
  g_autoptr (JsonObject) feed
      = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", "token", user->token, NULL);

  return json_object_ref (
      json_array_get_object_element (json_object_get_array_member (feed, "video_list"), 0));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (JsonObject) video = NULL;

  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  user_register (&fixture->author, fixture, "author");
  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      g_autofree char *name = g_strdup_printf ("fan-%u", i);

      user_register (&fixture->users[i], fixture, name);
      fixture->clients[i].fixture = fixture;
      fixture->clients[i].http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
    }

  answer = dou_test_http_publish (fixture->http, fixture->author.token, "title", file);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  video = get_video (fixture, &fixture->author);
  fixture->video
      = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (video, "id"));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      g_free (fixture->users[i].token);
      dou_test_http_free (fixture->clients[i].http);
    }
  g_free (fixture->author.token);
  g_free (fixture->video);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static void client_next (Client *client);

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  g_autoptr (JsonObject) answer = dou_test_http_receive (SOUP_SESSION (source), result);

  client->n_done++;
  client_next (client);
}

static void
client_next (Client *client)
{
  Fixture *fixture = client->fixture;
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *url = NULL;

  if (client->n_done == client->n_wanted)
    {
      fixture->n_finished++;
      return;
    }

  url = dou_test_http_build_url (dou_test_daemon_get_url (fixture->server),
                                 "/douyin/favorite/action/", "token", client->user->token,
                                 "video_id", fixture->video, "action_type",
                                 client->n_done % 2 == 0 ? "1" : "2", NULL);
  message = soup_message_new ("POST", url);
  soup_session_send_and_read_async (dou_test_http_get_session (client->http), message,
                                    G_PRIORITY_DEFAULT, NULL, answered_cb, client);
}

static void
run (Fixture *fixture)
{
  for (guint i = 0; i < N_CONNECTIONS; i++)
    client_next (&fixture->clients[i]);
  while (fixture->n_finished < N_CONNECTIONS)
    g_main_context_iteration (NULL, TRUE);
}

/* Whether @user likes the video. Everything that shows it to the user agrees. */
static gboolean
check_user (Fixture *fixture, User *user, gint64 n_likes)
{
  g_autoptr (JsonObject) list = dou_test_http_call (fixture->http, "GET", "/douyin/favorite/list/",
                                                    "token", user->token, NULL);
  g_autoptr (JsonObject) page
      = dou_test_http_call (fixture->http, "GET", "/douyin/user/", "token", user->token, NULL);
  g_autoptr (JsonObject) video = get_video (fixture, user);
  guint n_listed = json_array_get_length (json_object_get_array_member (list, "video_list"));
  JsonObject *profile = json_object_get_object_member (page, "user");
  JsonObject *author = json_object_get_object_member (video, "author");
  gboolean likes = json_object_get_boolean_member (video, "is_favorite");

  g_assert_cmpuint (n_listed, ==, likes);
  g_assert_cmpint (json_object_get_int_member (profile, "favorite_count"), ==, likes);
  g_assert_cmpint (json_object_get_int_member (video, "favorite_count"), ==, n_likes);
  g_assert_cmpint (json_object_get_int_member (author, "total_favorited"), ==, n_likes);
  return likes;
}

static gint64
count_likes (Fixture *fixture)
{
  g_autoptr (JsonObject) video = get_video (fixture, &fixture->author);

  return json_object_get_int_member (video, "favorite_count");
}

/* Test that of 64 users on a connection each, everyone has what he did last, and all counters know. */
static void
test_users (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      fixture->clients[i].user = &fixture->users[i];
      /* Every other user ends with a like. */
      fixture->clients[i].n_wanted = 2 * N_ROUNDS + i % 2;
    }
  run (fixture);

  for (guint i = 0; i < N_CONNECTIONS; i++)
    g_assert_cmpint (check_user (fixture, &fixture->users[i], N_CONNECTIONS / 2), ==, i % 2);
  g_assert_cmpint (dou_test_daemon_recount (fixture->server), ==, 0);
}

/* Test that one user on 64 connections likes the video in the end or does not, once at most, and all
 * counters agree. */
static void
test_same_user (Fixture *fixture, gconstpointer data)
{
  gint64 n_likes;

  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      fixture->clients[i].user = &fixture->users[0];
      fixture->clients[i].n_wanted = 2 * N_ROUNDS + 1;
    }
  run (fixture);

  n_likes = count_likes (fixture);
  g_assert_cmpint (n_likes, <=, 1);
  g_assert_cmpint (check_user (fixture, &fixture->users[0], n_likes), ==, n_likes);
  g_assert_false (check_user (fixture, &fixture->users[1], n_likes));
  g_assert_cmpint (dou_test_daemon_recount (fixture->server), ==, 0);
}

/* Test that 64 likes of one user at once count once, and so do as many that take it back. */
static void
test_same_like (Fixture *fixture, gconstpointer data)
{
  for (guint wanted = 1; wanted <= 2; wanted++)
    {
      fixture->n_finished = 0;
      for (guint i = 0; i < N_CONNECTIONS; i++)
        {
          fixture->clients[i].user = &fixture->users[0];
          fixture->clients[i].n_wanted = wanted;
        }
      run (fixture);
      g_assert_cmpint (check_user (fixture, &fixture->users[0], wanted % 2), ==, wanted % 2);
    }
  g_assert_cmpint (dou_test_daemon_recount (fixture->server), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/integration/likes/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("users", test_users);
  ADD ("same-user", test_same_user);
  ADD ("same-like", test_same_like);
#undef ADD

  return g_test_run ();
}
