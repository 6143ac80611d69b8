/* SPDX-License-Identifier: Apache-2.0 */

/* What gateways remember, seen from outside. One connection to each of two gateways: what is answered to
 * a write on the one is already so on the other, which has just shown, and so remembers, what was before.
 * Meanwhile other connections read and write the same, so that there is always something on its way. */

#include "config.h"

#include <signal.h>

#include <gio/gio.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-gateway.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-wait.h"

#define N_GATEWAYS 2
#define N_ROUNDS 40
#define N_DISTURBERS 2

typedef struct
{
  gint64 id;
  char *token; /* (owned) */
} User;

typedef struct
{
  DouTestDaemon *server;  /* (owned) */
  DouTestHttp *http;      /* (owned) */
  GDBusConnection *bus;   /* (owned) */
  User author;
  User reader;
  User others[N_DISTURBERS];
  gint64 video;
  DouTestGateway *clients[N_GATEWAYS]; /* (owned) one to each */
  GThread *threads[N_DISTURBERS];
  gint is_over; /* atomic */
} Fixture;

typedef struct
{
  Fixture *fixture; /* (unowned) */
  guint index;
} Disturber;

static void
user_register (Fixture *fixture, User *user, const char *name)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  user->id = json_object_get_int_member (answer, "user_id");
  user->token = g_strdup (json_object_get_string_member (answer, "token"));
}

static JsonObject *
get_video (Fixture *fixture, DouTestGateway *client, const User *viewer)
{
  g_autoptr (JsonObject) feed
      = dou_test_gateway_call (client, "GET", "/douyin/feed/?token=%s", viewer->token);
  JsonArray *videos = json_object_get_array_member (feed, "video_list");

  g_assert_cmpuint (json_array_get_length (videos), ==, 1);
  return json_object_ref (json_array_get_object_element (videos, 0));
}

static JsonObject *
get_user (DouTestGateway *client, const User *user, const User *viewer)
{
  g_autoptr (JsonObject) answer
      = dou_test_gateway_call (client, "GET", "/douyin/user/?user_id=%" G_GINT64_FORMAT "&token=%s", user->id,
                     viewer->token);

  return json_object_ref (json_object_get_object_member (answer, "user"));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (JsonObject) video = NULL;

  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  fixture->bus = dou_test_daemon_connect_bus (fixture->server);
  user_register (fixture, &fixture->author, "author");
  user_register (fixture, &fixture->reader, "reader");
  for (guint i = 0; i < N_DISTURBERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("other-%u", i);

      user_register (fixture, &fixture->others[i], name);
    }

  answer = dou_test_http_publish (fixture->http, fixture->author.token, "title", file);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  dou_test_gateway_connect_all (fixture->server, fixture->clients, N_GATEWAYS);
  video = get_video (fixture, fixture->clients[0], &fixture->reader);
  fixture->video = json_object_get_int_member (video, "id");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_GATEWAYS; i++)
    dou_test_gateway_free (fixture->clients[i]);
  for (guint i = 0; i < N_DISTURBERS; i++)
    g_free (fixture->others[i].token);
  g_free (fixture->author.token);
  g_free (fixture->reader.token);
  g_object_unref (fixture->bus);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

/* Likes, follows and reads, on a connection wherever that leads to. */
static gpointer
disturb (gpointer data)
{
  g_autofree Disturber *disturber = data;
  Fixture *fixture = disturber->fixture;
  const User *user = &fixture->others[disturber->index];
  DouTestGateway *client = dou_test_gateway_new (fixture->server);

  for (guint i = 0; g_atomic_int_get (&fixture->is_over) == 0; i++)
    {
      guint type = 1 + i % 2;
      g_autoptr (JsonObject) liked = dou_test_gateway_call (
          client, "POST",
          "/douyin/favorite/action/?token=%s&video_id=%" G_GINT64_FORMAT "&action_type=%u",
          user->token, fixture->video, type);
      g_autoptr (JsonObject) followed = dou_test_gateway_call (
          client, "POST",
          "/douyin/relation/action/?token=%s&to_user_id=%" G_GINT64_FORMAT "&action_type=%u",
          user->token, fixture->author.id, type);
      g_autoptr (JsonObject) video = get_video (fixture, client, user);
      g_autoptr (JsonObject) author = get_user (client, &fixture->author, user);

      g_assert_cmpint (json_object_get_boolean_member (video, "is_favorite"), ==, type == 1);
      g_assert_cmpint (json_object_get_boolean_member (author, "is_follow"), ==, type == 1);
    }

  dou_test_gateway_free (client);
  return NULL;
}

static void
begin_disturbance (Fixture *fixture)
{
  for (guint i = 0; i < N_DISTURBERS; i++)
    {
      Disturber *disturber = g_new (Disturber, 1);

      *disturber = (Disturber){ fixture, i };
      fixture->threads[i] = g_thread_new ("disturber", disturb, disturber);
    }
}

static void
end_disturbance (Fixture *fixture)
{
  g_atomic_int_set (&fixture->is_over, 1);
  for (guint i = 0; i < N_DISTURBERS; i++)
    g_thread_join (fixture->threads[i]);
}

/* One write at @writer, then @other shows it in the feed, the user and, of likes, the count. */
static void
check_likes (Fixture *fixture, DouTestGateway *writer, DouTestGateway *other, guint round)
{
  guint type = 1 + round % 2;
  g_autoptr (JsonObject) written = dou_test_gateway_call (
      writer, "POST",
      "/douyin/favorite/action/?token=%s&video_id=%" G_GINT64_FORMAT "&action_type=%u",
      fixture->reader.token, fixture->video, type);
  g_autoptr (JsonObject) video = get_video (fixture, other, &fixture->reader);
  g_autoptr (JsonObject) reader = get_user (other, &fixture->reader, &fixture->author);

  g_assert_cmpint (json_object_get_boolean_member (video, "is_favorite"), ==, type == 1);
  g_assert_cmpint (json_object_get_int_member (video, "favorite_count"), >=, type == 1);
  g_assert_cmpint (json_object_get_int_member (reader, "favorite_count"), ==, type == 1);
}

static void
check_follows (Fixture *fixture, DouTestGateway *writer, DouTestGateway *other, guint round)
{
  guint type = 1 + round % 2;
  g_autoptr (JsonObject) written = dou_test_gateway_call (
      writer, "POST",
      "/douyin/relation/action/?token=%s&to_user_id=%" G_GINT64_FORMAT "&action_type=%u",
      fixture->reader.token, fixture->author.id, type);
  g_autoptr (JsonObject) author = get_user (other, &fixture->author, &fixture->reader);
  g_autoptr (JsonObject) reader = get_user (other, &fixture->reader, &fixture->author);
  g_autoptr (JsonObject) video = get_video (fixture, other, &fixture->reader);

  g_assert_cmpint (json_object_get_boolean_member (author, "is_follow"), ==, type == 1);
  g_assert_cmpint (json_object_get_int_member (reader, "follow_count"), ==, type == 1);
  g_assert_cmpint (json_object_get_boolean_member (
                       json_object_get_object_member (video, "author"), "is_follow"),
                   ==, type == 1);
}

/* What a reader feels about the newest comment, which has so many likes and dislikes. */
static gint64
get_feeling (Fixture *fixture, DouTestGateway *client, const User *reader, gint64 n_likes,
             gint64 n_dislikes)
{
  g_autoptr (JsonObject) list = dou_test_gateway_call (
      client, "GET", "/douyin/comment/list/?count=3&video_id=%" G_GINT64_FORMAT "&token=%s",
      fixture->video, reader != NULL ? reader->token : "");
  JsonObject *comment = json_array_get_object_element (
      json_object_get_array_member (list, "comment_list"), 0);

  g_assert_cmpint (json_object_get_int_member (comment, "like_count"), ==, n_likes);
  g_assert_cmpint (json_object_get_int_member (comment, "tease_count"), ==, n_dislikes);
  return json_object_get_int_member (comment, "feeling");
}

static void
check_comments (Fixture *fixture, DouTestGateway *writer, DouTestGateway *other, guint round)
{
  g_autoptr (JsonObject) written = dou_test_gateway_call (
      writer, "POST",
      "/douyin/comment/action/?token=%s&video_id=%" G_GINT64_FORMAT "&action_type=1&comment_text=%u",
      fixture->reader.token, fixture->video, round);
  g_autofree char *text = g_strdup_printf ("%u", round);
  g_autoptr (JsonObject) list = dou_test_gateway_call (
      other, "GET", "/douyin/comment/list/?count=3&video_id=%" G_GINT64_FORMAT, fixture->video);
  JsonArray *comments = json_object_get_array_member (list, "comment_list");
  JsonObject *first = json_array_get_object_element (comments, 0);
  g_autoptr (JsonObject) video = get_video (fixture, other, &fixture->reader);

  g_autoptr (JsonObject) felt = dou_test_gateway_call (
      writer, "POST",
      "/douyin/comment/feeling/?token=%s&comment_id=%" G_GINT64_FORMAT "&action_type=1",
      fixture->reader.token, json_object_get_int_member (first, "id"));

  g_assert_cmpint (get_feeling (fixture, other, &fixture->reader, 1, 0), ==, 1);
  g_assert_cmpint (get_feeling (fixture, other, &fixture->author, 1, 0), ==, 3);
  {
    g_autoptr (JsonObject) changed = dou_test_gateway_call (
        writer, "POST",
        "/douyin/comment/feeling/?token=%s&comment_id=%" G_GINT64_FORMAT "&action_type=%u",
        fixture->reader.token, json_object_get_int_member (first, "id"), 2 + round % 2);
  }
  g_assert_cmpint (get_feeling (fixture, other, &fixture->reader, 0, 1 - round % 2), ==,
                   2 + round % 2);
  g_assert_cmpint (get_feeling (fixture, other, NULL, 0, 1 - round % 2), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (first, "content"), ==, text);
  g_assert_cmpint (json_object_get_int_member (video, "comment_count"), ==, round + 1);
}

/* A profile is changed at the service itself; its reply tells the writer. */
static void
check_signature (Fixture *fixture, guint round)
{
  g_autofree char *signature = g_strdup_printf ("round %u", round);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  GVariantBuilder changes;

  g_variant_builder_init (&changes, G_VARIANT_TYPE ("a(xa{ss})"));
  g_variant_builder_open (&changes, G_VARIANT_TYPE ("(xa{ss})"));
  g_variant_builder_add (&changes, "x", fixture->author.id);
  g_variant_builder_add_parsed (&changes, "{'signature': %s}", signature);
  g_variant_builder_close (&changes);
  reply = g_dbus_connection_call_sync (fixture->bus, "org.doutok.User", "/org/doutok/User",
                                       "org.doutok.User1", "SetProfiles",
                                       g_variant_new ("(a(xa{ss}))", &changes), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < N_GATEWAYS; i++)
    {
      g_autoptr (JsonObject) video = get_video (fixture, fixture->clients[i], &fixture->reader);
      JsonObject *author = json_object_get_object_member (video, "author");

      g_assert_cmpstr (json_object_get_string_member (author, "signature"), ==, signature);
    }
}

/* Test that no gateway shows what was before a write that another one has answered. */
static void
test_writes (Fixture *fixture, gconstpointer data)
{
  begin_disturbance (fixture);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      DouTestGateway *writer = fixture->clients[(round / 2) % N_GATEWAYS];
      DouTestGateway *other = fixture->clients[(round / 2 + 1) % N_GATEWAYS];

      check_likes (fixture, writer, other, round);
      check_follows (fixture, other, writer, round);
      check_comments (fixture, writer, other, round);
      check_signature (fixture, round);
    }
  end_disturbance (fixture);
}

static void
kill_service (Fixture *fixture, const char *name)
{
  GPid pid = dou_test_daemon_get_service_pid (fixture->server, name);

  g_assert_no_errno (kill (pid, SIGKILL));
}

/* Test that a service that is killed and starts again leaves nothing behind in a gateway: neither what
 * it has told, nor what it has stored without having told it any more. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "org.doutok.Social", "org.doutok.User", "org.doutok.Video" };

  begin_disturbance (fixture);
  for (guint round = 0; round < 9; round++)
    {
      DouTestGateway *writer = fixture->clients[(round / 2) % N_GATEWAYS];
      DouTestGateway *other = fixture->clients[(round / 2 + 1) % N_GATEWAYS];

      kill_service (fixture, names[round % G_N_ELEMENTS (names)]);
      check_likes (fixture, writer, other, round);
      check_follows (fixture, other, writer, round);
      check_comments (fixture, writer, other, round);
      check_signature (fixture, round);
    }
  end_disturbance (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/coherence/writes", Fixture, NULL, set_up, test_writes, tear_down);
  g_test_add ("/integration/coherence/killed", Fixture, NULL, set_up, test_killed, tear_down);

  return g_test_run ();
}
