/* SPDX-License-Identifier: Apache-2.0 */

/* Blocks, seen from outside: what is answered to a block or its end at one gateway holds at the other
 * one at once, which has just shown, and so remembers, what was before. */

#include "config.h"

#include <signal.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-gateway.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"

#define N_GATEWAYS 2
#define N_ROUNDS 4
#define BLOCKED 10017

enum
{
  ANN, /* blocks Bob, or Bob her */
  BOB,
  EVE, /* knows both */
  GUEST,
  N_USERS = GUEST
};

typedef struct
{
  gint64 id;
  gint64 video;
  char *token; /* (owned) */
} User;

typedef struct
{
  DouTestDaemon *server;                /* (owned) */
  DouTestHttp *http;                    /* (owned) */
  DouTestGateway *gateways[N_GATEWAYS]; /* (owned) */
  User users[N_USERS + 1];              /* the guest has no id, and an empty token */
} Fixture;

static void
act (DouTestGateway *gateway, const User *user, const char *what, const char *target_name,
     gint64 target, const char *rest, gint64 expected)
{
  g_assert_cmpint (dou_test_gateway_get_status (
                       gateway, "POST", "/douyin/%s/?token=%s&%s=%" G_GINT64_FORMAT "%s", what,
                       user->token, target_name, target, rest),
                   ==, expected);
}

static void
follow (DouTestGateway *gateway, const User *user, const User *other, gint64 expected)
{
  act (gateway, user, "relation/action", "to_user_id", other->id, "&action_type=1", expected);
}

static void
set_block (DouTestGateway *gateway, const User *user, const User *other, gboolean block)
{
  act (gateway, user, "relation/block", "to_user_id", other->id,
       block ? "&action_type=1" : "&action_type=2", 0);
}

static void
comment (DouTestGateway *gateway, const User *user, gint64 video, gint64 expected)
{
  act (gateway, user, "comment/action", "video_id", video, "&action_type=1&comment_text=x",
       expected);
}

static void
write_message (DouTestGateway *gateway, const User *user, const User *other, gint64 expected)
{
  act (gateway, user, "message/action", "to_user_id", other->id, "&action_type=1&content=x",
       expected);
}

/* The newest comment under Eve's video. */
static gint64
get_newest_comment (Fixture *fixture, DouTestGateway *gateway)
{
  g_autoptr (JsonObject) answer
      = dou_test_gateway_call (gateway, "GET", "/douyin/comment/list/?video_id=%" G_GINT64_FORMAT,
                               fixture->users[EVE].video);

  return json_object_get_int_member (
      json_array_get_object_element (json_object_get_array_member (answer, "comment_list"), 0),
      "id");
}

/* Ann, Bob and Eve have a video each. Ann and Bob comment on Eve's and follow her. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);
  const char *const names[] = { "Ann", "Bob", "Eve" };
  User *users = fixture->users;

  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  for (guint i = 0; i < N_USERS; i++)
    {
      g_autoptr (JsonObject) registered
          = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username",
                                names[i], "password", "p", NULL);
      g_autoptr (JsonObject) published = NULL;
      g_autoptr (JsonObject) works = NULL;

      users[i].id = json_object_get_int_member (registered, "user_id");
      users[i].token = g_strdup (json_object_get_string_member (registered, "token"));
      published = dou_test_http_publish (fixture->http, users[i].token, names[i], file);
      g_assert_cmpint (dou_test_http_get_status (published), ==, 0);
      works = dou_test_http_call (fixture->http, "GET", "/douyin/publish/list/", "token",
                                  users[i].token, NULL);
      users[i].video = json_object_get_int_member (
          json_array_get_object_element (json_object_get_array_member (works, "video_list"), 0),
          "id");
    }
  users[GUEST].token = g_strdup ("");

  dou_test_gateway_connect_all (fixture->server, fixture->gateways, N_GATEWAYS);
  for (guint i = ANN; i <= BOB; i++)
    {
      follow (fixture->gateways[0], &users[i], &users[EVE], 0);
      comment (fixture->gateways[0], &users[i], users[EVE].video, 0);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_GATEWAYS; i++)
    dou_test_gateway_free (fixture->gateways[i]);
  for (guint i = 0; i <= N_USERS; i++)
    g_free (fixture->users[i].token);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

/* Which users a list is about, a bit for each. @name leads to each one's id: `author` of a video,
 * `user` of a comment, or NULL for the user itself. */
static guint
read_list (Fixture *fixture, DouTestGateway *gateway, const User *viewer, const char *path,
           const char *list, const char *name)
{
  g_autoptr (JsonObject) answer
      = dou_test_gateway_call (gateway, "GET", "/douyin/%stoken=%s", path, viewer->token);
  JsonArray *array = json_object_get_array_member (answer, list);
  guint found = 0;

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *element = json_array_get_object_element (array, i);
      JsonObject *user = name != NULL ? json_object_get_object_member (element, name) : element;

      for (guint k = 0; k < N_USERS; k++)
        if (json_object_get_int_member (user, "id") == fixture->users[k].id)
          found |= 1u << k;
    }

  return found;
}

/* Whom @viewer sees at a gateway, in the feed and in all lists: both of Ann and Bob, or not the other. */
static void
assert_sees (Fixture *fixture, DouTestGateway *gateway, guint viewer, gboolean is_parted)
{
  const User *users = fixture->users;
  const User *self = &users[viewer];
  guint hidden = is_parted && viewer <= BOB ? 1u << (ANN + BOB - viewer) : 0;
  guint all = 1u << ANN | 1u << BOB | 1u << EVE;
  guint both = 1u << ANN | 1u << BOB;
  g_autofree char *comments
      = g_strdup_printf ("comment/list/?video_id=%" G_GINT64_FORMAT "&", users[EVE].video);
  g_autofree char *page = g_strdup_printf ("comment/list/?count=1&cursor=%" G_GINT64_FORMAT
                                           "&video_id=%" G_GINT64_FORMAT "&",
                                           get_newest_comment (fixture, gateway) + 1,
                                           users[EVE].video);
  g_autofree char *followers
      = g_strdup_printf ("relation/follower/list/?user_id=%" G_GINT64_FORMAT "&", users[EVE].id);
  g_autofree char *follows
      = g_strdup_printf ("relation/follow/list/?user_id=%" G_GINT64_FORMAT "&", users[EVE].id);

  g_assert_cmpuint (read_list (fixture, gateway, self, "feed/?", "video_list", "author"), ==,
                    all & ~hidden);
  g_assert_cmpuint (
      read_list (fixture, gateway, self, "feed/?latest_time=9999999999999&", "video_list", "author"),
      ==, all & ~hidden);
  g_assert_cmpuint (read_list (fixture, gateway, self, comments, "comment_list", "user"), ==,
                    both & ~hidden);
  g_assert_cmpuint (read_list (fixture, gateway, self, page, "comment_list", "user"), ==,
                    (1u << BOB) & ~hidden);
  g_assert_cmpuint (read_list (fixture, gateway, self, followers, "user_list", NULL), ==,
                    both & ~hidden);
  g_assert_cmpuint (read_list (fixture, gateway, self, follows, "user_list", NULL), ==,
                    both & ~hidden);
  for (guint i = ANN; i <= BOB; i++)
    {
      g_autofree char *works
          = g_strdup_printf ("publish/list/?user_id=%" G_GINT64_FORMAT "&", users[i].id);
      g_autofree char *likes
          = g_strdup_printf ("favorite/list/?user_id=%" G_GINT64_FORMAT "&", users[EVE].id);

      g_assert_cmpuint (read_list (fixture, gateway, self, works, "video_list", "author"), ==,
                        (1u << i) & ~hidden);
      g_assert_cmpuint (read_list (fixture, gateway, self, likes, "video_list", "author"), ==,
                        both & ~hidden);
    }
}

static void
assert_all_see (Fixture *fixture, DouTestGateway *gateway, gboolean is_parted)
{
  for (guint viewer = ANN; viewer <= GUEST; viewer++)
    assert_sees (fixture, gateway, viewer, is_parted);
}

/* What Ann and Bob may do to each other while they are apart, or not. */
static void
assert_may (Fixture *fixture, DouTestGateway *gateway, gboolean is_parted)
{
  const User *users = fixture->users;
  gint64 expected = is_parted ? BLOCKED : 0;
  gint64 newest = get_newest_comment (fixture, gateway);

  for (guint i = ANN; i <= BOB; i++)
    {
      const User *user = &users[i];
      const User *other = &users[ANN + BOB - i];

      write_message (gateway, user, other, expected);
      comment (gateway, user, other->video, expected);
      act (gateway, user, "favorite/action", "video_id", other->video, "&action_type=1", expected);
      follow (gateway, user, other, expected);
      g_assert_cmpuint (read_list (fixture, gateway, user, "message/conversations/?",
                                   "conversation_list", "user"),
                        ==, is_parted ? 0 : 1u << (ANN + BOB - i));
      g_assert_cmpuint (
          read_list (fixture, gateway, user, "relation/friend/list/?", "user_list", NULL), ==,
          1u << EVE | (is_parted || i == ANN ? 0 : 1u << ANN));
    }

  /* The newest comment is Bob's. */
  act (gateway, &users[ANN], "comment/feeling", "comment_id", newest, "&action_type=1", expected);
  act (gateway, &users[ANN], "comment/feeling", "comment_id", newest, "&action_type=3", 0);
  act (gateway, &users[EVE], "comment/feeling", "comment_id", newest, "&action_type=1", 0);
}

static void
assert_counts (Fixture *fixture, DouTestGateway *gateway, guint index, gint64 follows,
               gint64 followers)
{
  g_autoptr (JsonObject) answer = dou_test_gateway_call (
      gateway, "GET", "/douyin/user/?user_id=%" G_GINT64_FORMAT "&token=%s",
      fixture->users[index].id, fixture->users[ANN + BOB - index].token);
  JsonObject *user = json_object_get_object_member (answer, "user");

  g_assert_cmpint (json_object_get_int_member (user, "follow_count"), ==, follows);
  g_assert_cmpint (json_object_get_int_member (user, "follower_count"), ==, followers);
  g_assert_cmpint (json_object_get_boolean_member (user, "is_follow"), ==, followers > 1);
}

/* Test that a block and its end hold at once, in both directions, whoever of the two made it; that nobody
 * else notices; that the follows are gone for good, and that all counters stay right. */
static void
test_at_once (Fixture *fixture, gconstpointer data)
{
  const User *users = fixture->users;

  for (guint i = ANN; i <= BOB; i++)
    {
      follow (fixture->gateways[0], &users[EVE], &users[i], 0);
      act (fixture->gateways[0], &users[EVE], "favorite/action", "video_id", users[i].video,
           "&action_type=1", 0);
    }

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      DouTestGateway *writer = fixture->gateways[round % N_GATEWAYS];
      DouTestGateway *other = fixture->gateways[(round + 1) % N_GATEWAYS];
      guint blocker = round / 2 % 2;
      guint blocked = ANN + BOB - blocker;

      assert_all_see (fixture, other, FALSE);
      assert_may (fixture, other, FALSE);
      assert_counts (fixture, other, ANN, 2, 2);
      assert_counts (fixture, other, BOB, 2, 2);

      set_block (writer, &users[blocker], &users[blocked], TRUE);
      assert_all_see (fixture, other, TRUE);
      assert_may (fixture, other, TRUE);
      assert_counts (fixture, other, ANN, 1, 1);
      assert_counts (fixture, other, BOB, 1, 1);
      g_assert_cmpuint (read_list (fixture, other, &users[blocker], "relation/block/list/?",
                                   "user_list", NULL),
                        ==, 1u << blocked);
      g_assert_cmpuint (read_list (fixture, other, &users[blocked], "relation/block/list/?",
                                   "user_list", NULL),
                        ==, 0);
      assert_all_see (fixture, writer, TRUE);

      /* Who dies tells nobody, and takes along what was remembered. */
      if (round == 2)
        g_assert_no_errno (kill (
            dou_test_daemon_get_service_pid (fixture->server, "org.doutok.Social"), SIGKILL));
      assert_may (fixture, writer, TRUE);
      assert_all_see (fixture, other, TRUE);
      set_block (other, &users[blocker], &users[blocked], TRUE);
      set_block (other, &users[blocker], &users[blocked], FALSE);
      assert_all_see (fixture, writer, FALSE);
    }

  g_assert_cmpint (dou_test_daemon_recount (fixture->server), ==, 0);
}

/* Test that who is blocked by somebody whom he blocks, too, has to wait for both. */
static void
test_both (Fixture *fixture, gconstpointer data)
{
  const User *users = fixture->users;
  DouTestGateway *gateway = fixture->gateways[0];

  set_block (gateway, &users[ANN], &users[BOB], TRUE);
  set_block (fixture->gateways[1], &users[BOB], &users[ANN], TRUE);
  set_block (gateway, &users[ANN], &users[BOB], FALSE);
  for (guint i = 0; i < N_GATEWAYS; i++)
    {
      write_message (fixture->gateways[i], &users[ANN], &users[BOB], BLOCKED);
      write_message (fixture->gateways[i], &users[BOB], &users[ANN], BLOCKED);
    }
  set_block (fixture->gateways[1], &users[BOB], &users[ANN], FALSE);
  write_message (gateway, &users[ANN], &users[BOB], 0);
  act (gateway, &users[ANN], "relation/block", "to_user_id", users[ANN].id, "&action_type=1", 10011);
  g_assert_cmpint (dou_test_daemon_recount (fixture->server), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/blocks/at-once", Fixture, NULL, set_up, test_at_once, tear_down);
  g_test_add ("/integration/blocks/both", Fixture, NULL, set_up, test_both, tear_down);

  return g_test_run ();
}
