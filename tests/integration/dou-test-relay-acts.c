/* SPDX-License-Identifier: Apache-2.0 */

/* What the administration does on one node, and what users do there for their privacy, as the other node
 * shows it: bans, hidden and deleted videos, blocks, deleted accounts, new passwords. All gateways of the
 * other node have just shown, and so remember, what was before, and somebody has a WebSocket there.
 *
 * Each act has a pair of users of its own, who like and follow each other, and write to each other. What
 * one of them sees is put into a line of text, which is to become another one. */

#include "config.h"

#include <string.h>

#include "integration/dou-test-relay-acts.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-gateway.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-websocket.h"

#define N_NODES 2
#define N_GATEWAYS 2

/* What is to be seen is asked for until it is; a machine that does many things at once may need this. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

#define CLOSE_UNAUTHORIZED 4001

#define ID "%" G_GINT64_FORMAT

typedef struct
{
  DouTestDaemon *const *servers;                 /* (unowned) */
  DouTestRedis *const *redis;                    /* (unowned) */
  DouTestGateway *gateways[N_NODES][N_GATEWAYS]; /* (owned) */
  GDBusConnection *buses[N_NODES];               /* (owned) */
  guint n_worlds;
} Site;

typedef struct
{
  char *name;             /* (owned) also the title of the video */
  char *token;            /* (owned) of the first login */
  gint64 id;
  gint64 video;
} User;

/* Ann looks, Bob is looked at. */
typedef struct
{
  Site *site; /* (unowned) */
  User ann;
  User bob;
  DouTestWebsocket *socket; /* (owned) Bob's, where it is looked */
} World;

/* Something that is done to Bob.
 * @act: on a node
 * @seen: what Ann and Bob are to see then
 * @ends: whether Bob's logins end
 * @undo: (nullable): takes it back
 * @seen_again: what they are to see after that */
typedef struct
{
  const char *name;
  void (*act) (World *world, guint node);
  const char *seen;
  gboolean ends;
  void (*undo) (World *world, guint node);
  const char *seen_again;
} Act;

#define ALL "feed:BA works:B liked:B comments:B followers:B friends:B chats:B counts:1,1 user:0 "

static Site site;

static JsonObject *
call (World *world, guint node, const char *method, const char *path, const char *query)
{
  return dou_test_gateway_call (world->site->gateways[node][0], method, "/douyin/%s/?%s", path, query);
}

/* As a user who is asked for nothing but what @format says. */
static void
post (World *world, guint node, const User *user, const char *path, const char *format, ...)
    G_GNUC_PRINTF (5, 6);

static void
post (World *world, guint node, const User *user, const char *path, const char *format, ...)
{
  g_autofree char *rest = NULL;
  g_autofree char *query = NULL;
  va_list arguments;

  va_start (arguments, format);
  rest = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  query = g_strdup_printf ("token=%s&%s", user->token, rest);
  json_object_unref (call (world, node, "POST", path, query));
}

static void
make_user (World *world, User *user, char initial, guint node, GBytes *film)
{
  const char *url = dou_test_daemon_get_url (world->site->servers[node]);
  g_autoptr (DouTestHttp) http = dou_test_http_new (url, 1);
  g_autoptr (JsonObject) registered = NULL;
  g_autoptr (JsonObject) published = NULL;
  g_autoptr (JsonObject) works = NULL;
  g_autofree char *query = NULL;

  user->name = g_strdup_printf ("%c-%u", initial, world->site->n_worlds);
  query = g_strdup_printf ("username=%s&password=secret", user->name);
  registered = call (world, node, "POST", "user/register", query);
  user->id = json_object_get_int_member (registered, "user_id");
  user->token = g_strdup (json_object_get_string_member (registered, "token"));

  published = dou_test_http_publish (http, user->token, user->name, film);
  g_assert_cmpint (dou_test_http_get_status (published), ==, 0);
  works = dou_test_gateway_call (world->site->gateways[node][0], "GET",
                                 "/douyin/publish/list/?token=%s", user->token);
  user->video = json_object_get_int_member (
      json_array_get_object_element (json_object_get_array_member (works, "video_list"), 0), "id");
}

/* All that a user does with another, and the other's video. */
static void
befriend (World *world, guint node, const User *user, const User *other)
{
  post (world, node, user, "relation/action", "action_type=1&to_user_id=" ID, other->id);
  post (world, node, user, "favorite/action", "action_type=1&video_id=" ID, other->video);
  post (world, node, user, "comment/action", "action_type=1&comment_text=x&video_id=" ID, other->video);
  post (world, node, user, "message/action", "action_type=1&content=x&to_user_id=" ID, other->id);
}

/* Writes the initials of Ann and Bob in the order of a list. @member leads to the name: a title or a user's name,
 * in an object of that name if @inner is given. */
static void
write_list (GString *seen, const World *world, JsonObject *answer, const char *label, const char *list,
            const char *inner, const char *member)
{
  JsonNode *node = json_object_get_member (answer, list);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  g_string_append_printf (seen, "%s:", label);
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonObject *element = json_array_get_object_element (array, i);
      JsonObject *named = inner != NULL ? json_object_get_object_member (element, inner) : element;
      const char *name = json_object_get_string_member (named, member);

      if (g_str_equal (name, world->ann.name) || g_str_equal (name, world->bob.name))
        g_string_append_c (seen, *name);
    }
  g_string_append_c (seen, ' ');
}

/* Returns: (transfer full): what Ann sees at @gateway, and whether Bob's first token is good there */
static char *
look (const World *world, DouTestGateway *gateway)
{
  static const struct
  {
    const char *label;
    const char *path;
    const char *list;
    const char *inner;
    const char *member;
  } lists[] = {
    { "feed", "feed/?", "video_list", NULL, "title" },
    { "works", "publish/list/?user_id=" ID "&", "video_list", NULL, "title" },
    { "liked", "favorite/list/?", "video_list", NULL, "title" },
    { "comments", "comment/list/?video_id=" ID "&", "comment_list", "user", "name" },
    { "followers", "relation/follower/list/?", "user_list", NULL, "name" },
    { "friends", "relation/friend/list/?", "user_list", NULL, "name" },
    { "chats", "message/conversations/?", "conversation_list", "user", "name" },
  };
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (JsonObject) self = NULL;
  JsonObject *ann;

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autofree char *id = g_strdup_printf (ID, i == 1 ? world->bob.id : world->ann.video);
      g_auto (GStrv) parts = g_strsplit (lists[i].path, ID, 2);
      g_autofree char *path = g_strjoinv (id, parts);
      g_autoptr (JsonObject) answer = dou_test_gateway_call (gateway, "GET", "/douyin/%stoken=%s", path,
                                                             world->ann.token);

      write_list (seen, world, answer, lists[i].label, lists[i].list, lists[i].inner, lists[i].member);
    }

  self = dou_test_gateway_call (gateway, "GET", "/douyin/user/?token=%s", world->ann.token);
  ann = json_object_get_object_member (self, "user");
  g_string_append_printf (seen, "counts:" ID "," ID " ", json_object_get_int_member (ann, "follower_count"),
                          json_object_get_int_member (ann, "total_favorited"));
  g_string_append_printf (
      seen, "user:" ID " ",
      dou_test_gateway_get_status (gateway, "GET", "/douyin/user/?token=%s&user_id=" ID, world->ann.token,
                                   world->bob.id));
  g_string_append_printf (
      seen, "token:" ID,
      dou_test_gateway_get_status (gateway, "GET", "/douyin/user/?token=%s", world->bob.token));
  return g_string_free (g_steal_pointer (&seen), FALSE);
}

/* Waits until all gateways of @node show @expected. */
static void
wait_seen (const World *world, guint node, const char *expected, const char *what)
{
  gint64 begun = g_get_monotonic_time ();

  for (guint i = 0; i < N_GATEWAYS; i++)
    while (TRUE)
      {
        g_autofree char *seen = look (world, world->site->gateways[node][i]);

        if (g_str_equal (seen, expected))
          break;
        if (g_get_monotonic_time () > begun + PATIENCE)
          g_assert_cmpstr (seen, ==, expected);
        g_usleep (1000);
      }
  g_test_message ("%s on node %u after %.1f ms", what, node,
                  (double) (g_get_monotonic_time () - begun) / 1000);
}

/* Two users of one node, and what the other one knows of them. */
static void
world_init (World *world, guint node)
{
  g_autoptr (GBytes) film = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);
  guint other = N_NODES - 1 - node;
  g_autofree char *url = NULL;

  world->site = &site;
  world->site->n_worlds++;
  make_user (world, &world->ann, 'A', node, film);
  make_user (world, &world->bob, 'B', node, film);
  befriend (world, node, &world->ann, &world->bob);
  befriend (world, node, &world->bob, &world->ann);
  wait_seen (world, other, ALL "token:0", "all");

  url = dou_test_http_build_url (dou_test_daemon_get_url (world->site->servers[other]), "/douyin/message/ws",
                                 "token", world->bob.token, NULL);
  world->socket = dou_test_websocket_new (url);
}

static void
world_clear (World *world)
{
  User *const users[] = { &world->ann, &world->bob };

  for (gsize i = 0; i < G_N_ELEMENTS (users); i++)
    {
      g_free (users[i]->name);
      g_free (users[i]->token);
    }
  dou_test_websocket_free (world->socket);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear)

/* Calls a method of the administration that takes one item. */
static void
administer (World *world, guint node, const char *domain, const char *method, GVariant *item)
{
  g_autofree char *name = g_strconcat ("org.doutok.", domain, NULL);
  g_autofree char *path = g_strconcat ("/org/doutok/", domain, NULL);
  g_autofree char *interface = g_strconcat (name, "1.Admin", NULL);
  GVariant *items = g_variant_new_array (NULL, &item, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      world->site->buses[node], name, path, interface, method, g_variant_new_tuple (&items, 1),
      G_VARIANT_TYPE ("(ai)"), G_DBUS_CALL_FLAGS_NONE, 30000, NULL, &error);
  g_autoptr (GVariant) statuses = NULL;
  gint32 status;

  g_assert_no_error (error);
  statuses = g_variant_get_child_value (reply, 0);
  g_variant_get_child (statuses, 0, "i", &status);
  g_assert_cmpint (status, ==, 0);
}

static void
ban (World *world, guint node)
{
  administer (world, node, "User", "SetBans", g_variant_new ("(xbs)", world->bob.id, TRUE, "test"));
}

static void
unban (World *world, guint node)
{
  administer (world, node, "User", "SetBans", g_variant_new ("(xbs)", world->bob.id, FALSE, ""));
}

static void
hide (World *world, guint node)
{
  administer (world, node, "Video", "SetHidden", g_variant_new ("(xbs)", world->bob.video, TRUE, "test"));
}

static void
unhide (World *world, guint node)
{
  administer (world, node, "Video", "SetHidden", g_variant_new ("(xbs)", world->bob.video, FALSE, ""));
}

static void
remove_video (World *world, guint node)
{
  administer (world, node, "Video", "RemoveVideos", g_variant_new ("(xs)", world->bob.video, "test"));
}

/* Whoever of two made the block. */
static void
block (World *world, guint node)
{
  post (world, node, &world->bob, "relation/block", "action_type=1&to_user_id=" ID, world->ann.id);
}

static void
assert_refused (World *world, guint node, gint64 expected)
{
  for (guint i = 0; i < N_GATEWAYS; i++)
    {
      DouTestGateway *gateway = world->site->gateways[node][i];

      g_assert_cmpint (dou_test_gateway_get_status (
                           gateway, "POST",
                           "/douyin/message/action/?action_type=1&content=x&token=%s&to_user_id=" ID,
                           world->ann.token, world->bob.id),
                       ==, expected);
      g_assert_cmpint (dou_test_gateway_get_status (
                           gateway, "POST",
                           "/douyin/comment/action/?action_type=1&comment_text=x&token=%s&video_id=" ID,
                           world->ann.token, world->bob.video),
                       ==, expected);
    }
}

/* And it is in force on the other node. */
static void
unblock (World *world, guint node)
{
  assert_refused (world, N_NODES - 1 - node, 10017);
  post (world, node, &world->bob, "relation/block", "action_type=2&to_user_id=" ID, world->ann.id);
}

static void
delete_account (World *world, guint node)
{
  post (world, node, &world->bob, "user/delete", "password=secret");
}

static void
change_password (World *world, guint node)
{
  post (world, node, &world->bob, "user/update", "old_password=secret&new_password=other");
}

static void
reset_password (World *world, guint node)
{
  administer (world, node, "User", "ResetPasswords",
              g_variant_new ("(xss)", world->bob.id, "another", "test"));
}

#define NOTHING "works: liked: comments: followers: friends: chats: "

static const Act acts[] = {
  { "a ban", ban, "feed:A " NOTHING "counts:1,1 user:10010 token:10016", TRUE, unban, ALL "token:10004" },
  { "a hidden video", hide,
    "feed:A works: liked: comments:B followers:B friends:B chats:B counts:1,1 user:0 token:0", FALSE, unhide,
    ALL "token:0" },
  { "a video taken down", remove_video,
    "feed:A works: liked: comments:B followers:B friends:B chats:B counts:1,1 user:0 token:0", FALSE, NULL,
    NULL },
  /* The follows are gone for good. */
  { "a block", block, "feed:A " NOTHING "counts:0,1 user:0 token:0", FALSE, unblock,
    "feed:BA works:B liked:B comments:B followers: friends: chats:B counts:0,1 user:0 token:0" },
  { "a deleted account", delete_account, "feed:A " NOTHING "counts:0,0 user:10010 token:10004", TRUE, NULL,
    NULL },
  { "a new password", change_password, ALL "token:10004", TRUE, NULL, NULL },
  { "a password that was reset", reset_password, ALL "token:10004", TRUE, NULL, NULL },
};

static void
assert_seen (World *world, const Act *act, guint node)
{
  wait_seen (world, node, act->seen, act->name);
  if (act->ends)
    g_assert_cmpint (dou_test_websocket_wait_closed (world->socket), ==, CLOSE_UNAUTHORIZED);
  else
    g_assert_false (dou_test_websocket_is_closed (world->socket));
}

static void
site_open (Site *self)
{
  for (guint node = 0; node < N_NODES; node++)
    {
      dou_test_gateway_connect_all (self->servers[node], self->gateways[node], N_GATEWAYS);
      self->buses[node] = dou_test_daemon_connect_bus (self->servers[node]);
    }
}

/* All counters are right. */
static void
site_close (Site *self)
{
  for (guint node = 0; node < N_NODES; node++)
    {
      g_assert_cmpint (dou_test_daemon_recount (self->servers[node]), ==, 0);
      g_dbus_connection_close_sync (self->buses[node], NULL, NULL);
      g_clear_object (&self->buses[node]);
      for (guint i = 0; i < N_GATEWAYS; i++)
        g_clear_pointer (&self->gateways[node][i], dou_test_gateway_free);
    }
}

/* Test that what is done on either node holds on the other, in all that its gateways show, and ends there. */
static void
test_acts (gconstpointer data)
{
  site_open (&site);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      guint node = i % N_NODES;
      guint other = N_NODES - 1 - node;
      g_auto (World) world = { NULL };

      world_init (&world, node);
      acts[i].act (&world, node);
      assert_seen (&world, &acts[i], other);
      if (acts[i].undo == NULL)
        continue;

      acts[i].undo (&world, node);
      wait_seen (&world, other, acts[i].seen_again, "its end");
    }
  site_close (&site);
}

static void
wait_degraded (guint node, gboolean expected)
{
  gboolean is_degraded;

  do
    {
      g_autoptr (JsonObject) answer
          = dou_test_gateway_call (site.gateways[node][0], "GET", "/readyz");

      is_degraded = json_object_has_member (answer, "degraded");
      g_usleep (1000);
    }
  while (is_degraded != expected);
}

/* Test that it holds, too, when Redis is away, within the life of what is remembered. */
static void
test_redis_away (gconstpointer data)
{
  World worlds[G_N_ELEMENTS (acts)] = { { NULL } };

  site_open (&site);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    world_init (&worlds[i], i % N_NODES);
  dou_test_redis_kill (*site.redis);
  for (guint node = 0; node < N_NODES; node++)
    wait_degraded (node, TRUE);
  /* What was remembered is forgotten now, and begins to get old. */
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    wait_seen (&worlds[i], N_NODES - 1 - i % N_NODES, ALL "token:0", "all");

  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    acts[i].act (&worlds[i], i % N_NODES);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    assert_seen (&worlds[i], &acts[i], N_NODES - 1 - i % N_NODES);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    if (acts[i].undo != NULL)
      acts[i].undo (&worlds[i], i % N_NODES);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      if (acts[i].undo != NULL)
        wait_seen (&worlds[i], N_NODES - 1 - i % N_NODES, acts[i].seen_again, "its end");
      world_clear (&worlds[i]);
    }

  dou_test_redis_start (*site.redis);
  for (guint node = 0; node < N_NODES; node++)
    wait_degraded (node, FALSE);
  site_close (&site);
}

/**
 * dou_test_relay_acts_add:
 * @servers: (array length=2): two nodes of one database, once the tests run
 * @redis: which they share, once the tests run
 *
 * Adds the tests of this file to those of the program.
 */
void
dou_test_relay_acts_add (DouTestDaemon *const *servers, DouTestRedis *const *redis)
{
  site.servers = servers;
  site.redis = redis;
  g_test_add_data_func ("/integration/relay/acts", NULL, test_acts);
  /* The engine makes no difference to what happens without Redis, and it takes some seconds. */
  if (g_str_equal (dou_test_engine_get_name (), "postgresql"))
    g_test_add_data_func ("/integration/relay/acts-redis-away", NULL, test_redis_away);
}
