/* SPDX-License-Identifier: Apache-2.0 */

/* Two nodes that share a database and a Redis. What one of them changes the other shows soon, and in the
 * end, whatever happens to Redis meanwhile. */

#include "config.h"

#include <string.h>

#include "integration/dou-test-relay-acts.h"
#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-websocket.h"

#define N_NODES 2
#define N_USERS 6

/* Follows and unfollows that are made while Redis comes and goes, and after how many of them it does. */
#define N_ACTIONS 240
#define ACTIONS_A_TURN 40

/* What is to be seen is asked for until it is; a machine that does many things at once may need this. */
#define PATIENCE (30 * G_TIME_SPAN_SECOND)

typedef struct
{
  gint64 id;
  char *token; /* (owned) */
} User;

typedef struct
{
  DouTestRedis *redis;             /* (owned) */
  DouTestDaemon *servers[N_NODES]; /* (owned) */
  DouTestHttp *https[N_NODES];     /* (owned) */
  User users[N_USERS];
} Fixture;

static JsonObject *
call_user (Fixture *fixture, guint node, guint user)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->users[user].id);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->https[node], "GET", "/douyin/user/", "user_id", id, "token",
                            fixture->users[0].token, NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return json_object_ref (json_object_get_object_member (answer, "user"));
}

static void
register_users (Fixture *fixture)
{
  for (guint i = 0; i < N_USERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("user %u", i);
      g_autoptr (JsonObject) answer
          = dou_test_http_call (fixture->https[i % N_NODES], "POST", "/douyin/user/register/",
                                "username", name, "password", "p", NULL);

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
      fixture->users[i].id = json_object_get_int_member (answer, "user_id");
      fixture->users[i].token = g_strdup (json_object_get_string_member (answer, "token"));
    }
}

static void
set_up (Fixture *fixture)
{
  g_autofree char *url = NULL;

  fixture->redis = dou_test_redis_new (NULL);
  url = dou_test_redis_get_url (fixture->redis);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *config = g_strdup_printf (
          "[limits]\nrate-limits=off\n[node]\nid=%u\n[redis]\nurl=%s\n", i, url);

      fixture->servers[i] = i == 0 ? dou_test_daemon_new (config)
                                   : dou_test_daemon_new_beside (fixture->servers[0], config);
      fixture->https[i] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[i]), 1);
    }
  register_users (fixture);
}

/* The first node goes last: the database is its. */
static void
tear_down (Fixture *fixture)
{
  for (guint i = N_NODES; i-- > 0;)
    {
      dou_test_http_free (fixture->https[i]);
      dou_test_daemon_free (fixture->servers[i]);
    }
  for (guint i = 0; i < N_USERS; i++)
    g_free (fixture->users[i].token);
  dou_test_redis_free (fixture->redis);
}

/* A question about one node, asked until the answer is yes. */
typedef gboolean (*Question) (Fixture *fixture, guint node, gconstpointer data);

static void
ask_until (Fixture *fixture, guint node, Question question, gconstpointer data, const char *what)
{
  gint64 begun = g_get_monotonic_time ();

  while (!question (fixture, node, data))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, begun + PATIENCE);
      g_usleep (1000);
    }
  g_test_message ("%s on node %u after %.1f ms", what, node,
                  (double) (g_get_monotonic_time () - begun) / 1000);
}

static gboolean
has_signature (Fixture *fixture, guint node, gconstpointer data)
{
  g_autoptr (JsonObject) user = call_user (fixture, node, 1);

  return g_str_equal (json_object_get_string_member (user, "signature"), data);
}

static gboolean
is_followed (Fixture *fixture, guint node, gconstpointer data)
{
  g_autoptr (JsonObject) user = call_user (fixture, node, 1);

  return json_object_get_boolean_member (user, "is_follow") == GPOINTER_TO_INT (data)
         && json_object_get_int_member (user, "follower_count") == GPOINTER_TO_INT (data);
}

/* Whether one user follows another; only seldom is the answer needed. */
static void
follow (Fixture *fixture, guint node, guint user, guint whom, gboolean whether)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->users[whom].id);
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->https[node], "POST", "/douyin/relation/action/", "token", fixture->users[user].token,
      "to_user_id", id, "action_type", whether ? "1" : "2", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
}

/* Test that profiles and follows that one node changes are seen on the other, which remembered what was
 * before, and also when the service that tells them was started anew. */
static void
test_seen (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  for (guint node = 0; node < N_NODES; node++)
    {
      guint other = N_NODES - 1 - node;
      g_autofree char *signature = g_strdup_printf ("written on %u", node);
      g_autoptr (JsonObject) answer = NULL;

      g_assert_false (has_signature (fixture, other, signature));
      answer = dou_test_http_call (fixture->https[node], "POST", "/douyin/user/update/", "token",
                                   fixture->users[1].token, "signature", signature, NULL);
      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
      ask_until (fixture, other, has_signature, signature, "a signature");

      g_assert_true (is_followed (fixture, other, GINT_TO_POINTER (FALSE)));
      follow (fixture, node, 0, 1, TRUE);
      ask_until (fixture, other, is_followed, GINT_TO_POINTER (TRUE), "a follow");
      follow (fixture, other, 0, 1, FALSE);
      ask_until (fixture, node, is_followed, GINT_TO_POINTER (FALSE), "its end");
    }
}

static JsonObject *
get_newest (Fixture *fixture, guint node)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->https[node], "GET", "/douyin/feed/",
                                                      "token", fixture->users[0].token, NULL);
  JsonArray *videos = json_object_get_array_member (answer, "video_list");

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return json_array_get_length (videos) > 0
             ? json_object_ref (json_array_get_object_element (videos, 0))
             : json_object_new ();
}

static gboolean
has_video (Fixture *fixture, guint node, gconstpointer data)
{
  g_autoptr (JsonObject) video = get_newest (fixture, node);

  return g_strcmp0 (json_object_get_string_member_with_default (video, "title", NULL), data) == 0;
}

static gboolean
is_liked (Fixture *fixture, guint node, gconstpointer data)
{
  g_autoptr (JsonObject) video = get_newest (fixture, node);

  return json_object_get_boolean_member (video, "is_favorite")
         && json_object_get_int_member (video, "favorite_count") == 1;
}

/* Test that a video that is published, liked and deleted on one node comes, is liked and goes in the feed
 * of the other, which holds the newest ones in memory. */
static void
test_videos (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  g_autoptr (GBytes) media = dou_test_media_make (DOU_TEST_MEDIA_SILENT);

  for (guint node = 0; node < N_NODES; node++)
    {
      guint other = N_NODES - 1 - node;
      g_autofree char *title = g_strdup_printf ("from %u", node);
      g_autoptr (JsonObject) published = NULL;
      g_autoptr (JsonObject) liked = NULL;
      g_autoptr (JsonObject) deleted = NULL;
      g_autoptr (JsonObject) video = NULL;
      g_autofree char *id = NULL;

      g_assert_false (has_video (fixture, other, title));
      published = dou_test_http_publish (fixture->https[node], fixture->users[0].token, title, media);
      g_assert_cmpint (dou_test_http_get_status (published), ==, 0);
      ask_until (fixture, other, has_video, title, "a video");
      g_assert_true (has_video (fixture, node, title));

      video = get_newest (fixture, node);
      id = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (video, "id"));
      liked = dou_test_http_call (fixture->https[node], "POST", "/douyin/favorite/action/", "token",
                                  fixture->users[0].token, "video_id", id, "action_type", "1", NULL);
      g_assert_cmpint (dou_test_http_get_status (liked), ==, 0);
      ask_until (fixture, other, is_liked, NULL, "a like");

      deleted = dou_test_http_call (fixture->https[node], "POST", "/douyin/publish/delete/", "token",
                                    fixture->users[0].token, "video_id", id, NULL);
      g_assert_cmpint (dou_test_http_get_status (deleted), ==, 0);
      ask_until (fixture, other, has_video, NULL, "its end");
    }
}

static void
send_message (Fixture *fixture, guint node, guint user, guint whom, const char *text)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->users[whom].id);
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->https[node], "POST", "/douyin/message/action/", "token", fixture->users[user].token,
      "to_user_id", id, "action_type", "1", "content", text, NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
}

static DouTestWebsocket *
open_websocket (Fixture *fixture, guint node, guint user)
{
  g_autofree char *url
      = dou_test_http_build_url (dou_test_daemon_get_url (fixture->servers[node]), "/douyin/message/ws",
                                 "token", fixture->users[user].token, NULL);

  return dou_test_websocket_new (url);
}

/* The next event of @type; others may come before. */
static JsonObject *
hear (DouTestWebsocket *socket, const char *type)
{
  while (TRUE)
    {
      g_autoptr (JsonObject) event = dou_test_websocket_hear (socket);

      if (g_str_equal (json_object_get_string_member (event, "type"), type))
        return g_steal_pointer (&event);
    }
}

static void
assert_hears_message (DouTestWebsocket *socket, const char *text)
{
  g_autoptr (JsonObject) event = hear (socket, "message");
  JsonObject *message = json_object_get_object_member (event, "message");

  g_assert_cmpstr (json_object_get_string_member (message, "content"), ==, text);
}

/* Returns: (transfer full) (nullable): why the node is degraded, if it is */
static char *
get_trouble (Fixture *fixture, guint node)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->https[node], "GET", "/readyz", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return g_strdup (json_object_get_string_member_with_default (answer, "degraded", NULL));
}

static gboolean
is_degraded (Fixture *fixture, guint node, gconstpointer data)
{
  g_autofree char *trouble = get_trouble (fixture, node);

  if (trouble != NULL)
    g_assert_nonnull (strstr (trouble, "Redis at "));
  return (trouble != NULL) == GPOINTER_TO_INT (data);
}

/* Test that messages and read marks come to who is connected to the other node; and that when Redis was
 * away for a while, which each node says, clients are told to ask, and hear what comes afterwards. */
static void
test_chat (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  g_autoptr (DouTestWebsocket) first = open_websocket (fixture, 0, 0);
  g_autoptr (DouTestWebsocket) second = open_websocket (fixture, 1, 1);
  DouTestWebsocket *const sockets[N_NODES] = { first, second };

  send_message (fixture, 0, 0, 1, "one");
  assert_hears_message (sockets[1], "one");
  assert_hears_message (sockets[0], "one");
  send_message (fixture, 1, 1, 0, "two");
  assert_hears_message (sockets[0], "two");
  assert_hears_message (sockets[1], "two");

  dou_test_redis_kill (fixture->redis);
  for (guint node = 0; node < N_NODES; node++)
    ask_until (fixture, node, is_degraded, GINT_TO_POINTER (TRUE), "degraded");
  send_message (fixture, 0, 0, 1, "unheard");
  assert_hears_message (sockets[0], "unheard");

  dou_test_redis_start (fixture->redis);
  for (guint node = 0; node < N_NODES; node++)
    {
      g_autoptr (JsonObject) event = hear (sockets[node], "resync");

      ask_until (fixture, node, is_degraded, GINT_TO_POINTER (FALSE), "well again");
    }
  send_message (fixture, 0, 0, 1, "three");
  assert_hears_message (sockets[1], "three");
}

typedef gboolean Follows[N_USERS][N_USERS];

/* Whether @node shows what is in @data, a Follows. */
static gboolean
shows (Fixture *fixture, guint node, gconstpointer data)
{
  const Follows *follows = data;

  for (guint i = 0; i < N_USERS; i++)
    {
      g_autoptr (JsonObject) user = call_user (fixture, node, i);
      gint64 n_follows = 0, n_followers = 0;

      for (guint j = 0; j < N_USERS; j++)
        {
          n_follows += (*follows)[i][j];
          n_followers += (*follows)[j][i];
        }
      if (json_object_get_int_member (user, "follow_count") != n_follows
          || json_object_get_int_member (user, "follower_count") != n_followers
          || json_object_get_boolean_member (user, "is_follow") != (*follows)[0][i])
        return FALSE;
    }

  return TRUE;
}

/* Test that whatever is changed on either node while Redis is killed and started again is shown by both
 * in the end: soon if it is there, and when it is not, too. */
static void
test_redis_killed (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  Follows follows = { { FALSE } };
  gboolean is_away = FALSE;

  for (guint i = 0; i < N_ACTIONS; i++)
    {
      guint user = (guint) g_test_rand_int_range (0, N_USERS);
      guint whom = (user + (guint) g_test_rand_int_range (1, N_USERS)) % N_USERS;

      follows[user][whom] = !follows[user][whom];
      follow (fixture, (guint) g_test_rand_int_range (0, N_NODES), user, whom, follows[user][whom]);
      /* So that there is something to be remembered. */
      shows (fixture, i % N_NODES, &follows);

      if (i % ACTIONS_A_TURN != ACTIONS_A_TURN - 1)
        continue;
      for (guint node = 0; is_away && node < N_NODES; node++)
        ask_until (fixture, node, shows, &follows, "all that was done without Redis");
      if (is_away)
        dou_test_redis_start (fixture->redis);
      else
        dou_test_redis_kill (fixture->redis);
      is_away = !is_away;
    }

  g_assert_false (is_away);
  for (guint node = 0; node < N_NODES; node++)
    ask_until (fixture, node, shows, &follows, "all that was done");
}

/* All tests have the same two nodes, since to start them takes longer than the tests. */
int
main (int argc, char **argv)
{
  Fixture fixture = { NULL };
  int status;

  g_test_init (&argc, &argv, NULL);

  /* The programs warn of a Redis that is away, as they should, and are to live on. */
  g_unsetenv ("G_DEBUG");
  set_up (&fixture);

#define ADD(name, func) g_test_add_data_func ("/integration/relay/" name, &fixture, func)
  ADD ("seen", test_seen);
  ADD ("videos", test_videos);
  ADD ("chat", test_chat);
  ADD ("redis-killed", test_redis_killed);
#undef ADD
  dou_test_relay_acts_add (fixture.servers, &fixture.redis);

  status = g_test_run ();
  tear_down (&fixture);
  return status;
}
