/* SPDX-License-Identifier: Apache-2.0 */

/* What somebody gets who blocks or is blocked, and that nobody else pays for it: the real routes over
 * HTTP, with something in the place of the services that counts what they are asked. */

#include "config.h"

#include <json-glib/json-glib.h>

#include "gateway/dou-comment-pages.h"
#include "gateway/dou-comment-routes.h"
#include "gateway/dou-context.h"
#include "gateway/dou-feed.h"
#include "gateway/dou-message-routes.h"
#include "gateway/dou-relation-routes.h"
#include "gateway/dou-test-server.h"
#include "gateway/dou-test-services.h"
#include "gateway/dou-video-routes.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-wait.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define PLENTY (1024 * 1024)
#define LIFETIME 3600
/* Pages with nothing to see that are passed over, and the one that is answered. */
#define MAX_PAGES 41

typedef struct
{
  DouTestServices services; /* must be first */
  DouTestServer server;
  DouContext context; /* (owned) its members */
} Fixture;

/* A request under way. */
typedef struct
{
  DouTestClient *client; /* (owned) */
} Call;

static void
make_context (Fixture *fixture)
{
  DouContext *context = &fixture->context;
  const char *directory = fixture->server.directory;
  g_autofree char *ids_path = g_build_filename (directory, "ids", NULL);
  g_autofree char *keys_path = g_build_filename (directory, "token-keys", NULL);
  g_autofree char *rates_path = g_build_filename (directory, "rates-of-users", NULL);
  g_autoptr (DouTokenKeys) keys = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (keys_path, "k AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", -1, NULL));
  keys = dou_token_keys_new_from_file (keys_path, &error);
  g_assert_no_error (error);
  context->config = g_object_ref (fixture->server.config);
  context->clock = DOU_CLOCK (dou_manual_clock_new (NOW));
  context->time_zone = g_time_zone_new_utc ();
  context->minter = dou_id_minter_new (context->clock, 0, 0, ids_path, &error);
  g_assert_no_error (error);
  context->backend = g_object_ref (fixture->services.backend);
  context->watch = g_object_ref (fixture->services.watch);
  context->limiter = dou_rate_limiter_new (context->config, rates_path, &error);
  g_assert_no_error (error);
  context->authenticator = dou_authenticator_new (keys, context->clock, context->backend,
                                                  context->watch, LIFETIME);
  context->cache = dou_cache_new (context->backend, context->watch, PLENTY);
  context->flags = dou_flags_new (context->backend, context->watch, PLENTY);
  context->comments = dou_comment_pages_new (context->backend, context->watch, PLENTY);
  context->quiet_chats = dou_quiet_chats_new (context->watch, PLENTY);
  context->feed = dou_feed_new (context, context->watch, PLENTY);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  DouRouter *router;

  dou_test_services_set_up (&fixture->services, data);
  dou_test_server_set_up (&fixture->server, data);
  make_context (fixture);
  router = fixture->server.router;
  dou_authenticator_guard (fixture->context.authenticator, router);
  dou_video_routes_add (router, &fixture->context);
  dou_comment_routes_add (router, &fixture->context);
  dou_relation_routes_add (router, &fixture->context);
  dou_message_routes_add (router, &fixture->context);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  DouContext *context = &fixture->context;

  dou_test_server_wait_requests (&fixture->server, 0);
  g_object_unref (context->limiter);
  g_object_unref (context->config);
  dou_test_server_tear_down (&fixture->server, data);
  g_assert_finalize_object (context->feed);
  g_assert_finalize_object (context->quiet_chats);
  g_assert_finalize_object (context->comments);
  g_assert_finalize_object (context->flags);
  g_assert_finalize_object (context->cache);
  g_assert_finalize_object (context->authenticator);
  g_object_unref (context->watch);
  g_object_unref (context->backend);
  g_object_unref (context->minter);
  g_object_unref (context->clock);
  g_time_zone_unref (context->time_zone);
  dou_test_services_tear_down (&fixture->services, data);
}

/* Sends a request of @viewer, 0 for a guest; @parameters begin with a question mark. */
static Call
begin (Fixture *fixture, const char *method, const char *path, const char *parameters,
       gint64 viewer)
{
  g_autofree char *token = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  Call call = { dou_test_server_connect (&fixture->server) };

  if (viewer != 0)
    token = dou_authenticator_issue (fixture->context.authenticator, viewer, 0, &error);
  g_assert_no_error (error);
  text = g_strdup_printf ("%s %s%s&token=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", method,
                          path, parameters, token != NULL ? token : "");
  dou_test_client_send (call.client, text);
  return call;
}

static JsonObject *
end (Call *call)
{
  g_autoptr (DouTestAnswer) answer = dou_test_client_receive (call->client);
  g_autoptr (JsonNode) root = json_from_string (answer->body, NULL);

  g_assert_nonnull (root);
  dou_test_client_free (call->client);
  return json_node_dup_object (root);
}

static void
assert_ends (Call *call, gint64 status_code)
{
  g_autoptr (JsonObject) object = end (call);

  g_assert_cmpint (json_object_get_int_member (object, "status_code"), ==, status_code);
}

/* @expected: the members @name of the objects in the list, such as ids */
static void
assert_list (JsonObject *object, const char *list, const char *name, const char *expected)
{
  JsonArray *array = json_object_get_array_member (object, list);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "",
                            json_object_get_int_member (
                                json_array_get_object_element (array, i), name));
  g_assert_cmpstr (text->str, ==, expected);
}

static void
assert_ends_with_list (Call *call, const char *list, const char *expected)
{
  g_autoptr (JsonObject) object = end (call);

  g_assert_cmpint (json_object_get_int_member (object, "status_code"), ==, 0);
  assert_list (object, list, "id", expected);
}

static void
answer (Fixture *fixture, const char *method, const char *items, const char *results)
{
  dou_test_services_answer (&fixture->services, method, items, results);
}

/* @viewer is apart from whom @list says, `(0, [2])`, and neither likes nor follows. */
static void
answer_viewer (Fixture *fixture, gint64 viewer, const char *list)
{
  g_autofree char *id = g_strdup_printf ("[%" G_GINT64_FORMAT "]", viewer);
  g_autofree char *request = g_strdup_printf ("[(%" G_GINT64_FORMAT ", 0, 1000)]", viewer);
  g_autofree char *page = g_strdup_printf ("[%s]", list);

  answer (fixture, "GetGenerations", id, "[0]");
  answer (fixture, "GetApart", request, page);
}

static void
answer_flags (Fixture *fixture, gint64 viewer)
{
  g_autofree char *request = g_strdup_printf ("[(%" G_GINT64_FORMAT ", 0, 1000)]", viewer);

  answer (fixture, "GetFavorites", request, "[(0, [])]");
  answer (fixture, "GetFollows", request, "[(0, [])]");
}

/* The newest video is 12 by user 2, the one before 13 by user 3. */
static void
answer_feed (Fixture *fixture)
{
  answer (fixture, "GetFeed", "[(0, 30)]", "[(500, [12, 13])]");
  answer (fixture, "GetVideos", "[12, 13]",
          "[(0, 12, 2, 'a', 'v', 'c', 600), (0, 13, 3, 'b', 'v', 'c', 500)]");
  answer (fixture, "GetVideoCounts", "[12, 13]", "[(0, 0), (0, 0)]");
  answer (fixture, "GetUsers", "[2, 3]", "[(0, 2, 'Bob', '', '', ''), (0, 3, 'Eve', '', '', '')]");
  answer (fixture, "GetWorkCounts", "[2, 3]", "[1, 1]");
  answer (fixture, "GetUserCounts", "[2, 3]", "[(0, 0, 0, 0), (0, 0, 0, 0)]");
}

/* Asks for the feed when everything is known that it takes. */
static void
assert_feed (Fixture *fixture, gint64 viewer, const char *expected)
{
  guint n_calls = fixture->services.n_calls;
  Call call = begin (fixture, "GET", "/douyin/feed/", "?", viewer);

  assert_ends_with_list (&call, "video_list", expected);
  g_assert_cmpuint (fixture->services.n_calls, ==, n_calls);
}

/* Test that who is apart from an author does not see his videos, from the signal on, and that guests and
 * all others get what is ready, without a call. */
static void
test_feed (Fixture *fixture, gconstpointer data)
{
  Call call = begin (fixture, "GET", "/douyin/feed/", "?", 1);

  answer_viewer (fixture, 1, "(0, [2])");
  answer_feed (fixture);
  answer_flags (fixture, 1);
  assert_ends_with_list (&call, "video_list", "13");
  assert_feed (fixture, 1, "13");
  assert_feed (fixture, 0, "12 13");

  call = begin (fixture, "GET", "/douyin/feed/", "?", 4);
  answer_viewer (fixture, 4, "(0, [])");
  answer_flags (fixture, 4);
  assert_ends_with_list (&call, "video_list", "12 13");
  assert_feed (fixture, 4, "12 13");

  /* One signal parts both. */
  dou_test_services_emit (&fixture->services, "Social", "BlocksChanged",
                          "([(int64 3, int64 4, true)],)");
  assert_feed (fixture, 4, "12");
  assert_feed (fixture, 1, "13");
  assert_feed (fixture, 0, "12 13");
  dou_test_services_emit (&fixture->services, "Social", "BlocksChanged",
                          "([(int64 3, int64 4, false), (int64 1, int64 2, false)],)");
  assert_feed (fixture, 4, "12 13");
  assert_feed (fixture, 1, "12 13");
  assert_feed (fixture, 0, "12 13");
}

/* Test that without the social service nobody who is logged in is shown what may be hidden. */
static void
test_unknown (Fixture *fixture, gconstpointer data)
{
  Call call = begin (fixture, "GET", "/douyin/feed/", "?", 1);

  answer (fixture, "GetGenerations", "[1]", "[0]");
  dou_test_services_refuse (&fixture->services, "GetApart");
  assert_ends (&call, 10015);

  call = begin (fixture, "GET", "/douyin/comment/list/", "?video_id=12", 1);
  dou_test_services_refuse (&fixture->services, "GetApart");
  assert_ends (&call, 10015);
}

/* Test that of who is apart from more than a page holds, each author is asked about. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  Call call = begin (fixture, "GET", "/douyin/feed/", "?", 1);

  answer_viewer (fixture, 1, "(7, [8, 9])");
  answer (fixture, "GetFeed", "[(0, 30)]", "[(500, [12, 13])]");
  answer (fixture, "GetVideos", "[12, 13]",
          "[(0, 12, 2, 'a', 'v', 'c', 600), (0, 13, 3, 'b', 'v', 'c', 500)]");
  answer (fixture, "GetVideoCounts", "[12, 13]", "[(0, 0), (0, 0)]");
  answer (fixture, "AreApart", "[(1, 2), (1, 3)]", "[false, true]");
  answer (fixture, "GetUsers", "[2, 3]", "[(0, 2, 'Bob', '', '', ''), (0, 3, 'Eve', '', '', '')]");
  answer (fixture, "GetWorkCounts", "[2, 3]", "[1, 1]");
  answer (fixture, "GetUserCounts", "[2, 3]", "[(0, 0, 0, 0), (0, 0, 0, 0)]");
  answer_flags (fixture, 1);
  assert_ends_with_list (&call, "video_list", "12");
}

/* Test that a page of which nothing is left is passed over, and that this ends. */
static void
test_nothing_left (Fixture *fixture, gconstpointer data)
{
  Call call = begin (fixture, "GET", "/douyin/feed/", "?", 1);
  g_autoptr (JsonObject) object = NULL;

  answer_viewer (fixture, 1, "(0, [2])");
  answer (fixture, "GetFeed", "[(0, 30)]", "[(600, [12])]");
  answer (fixture, "GetVideos", "[12]", "[(0, 12, 2, 'a', 'v', 'c', 600)]");
  answer (fixture, "GetVideoCounts", "[12]", "[(0, 0)]");
  answer (fixture, "GetUsers", "[2]", "[(0, 2, 'Bob', '', '', '')]");
  answer (fixture, "GetWorkCounts", "[2]", "[1]");
  answer (fixture, "GetUserCounts", "[2]", "[(0, 0, 0, 0)]");
  answer (fixture, "GetFeed", "[(600, 30)]", "[(500, [13])]");
  answer (fixture, "GetVideos", "[13]", "[(0, 13, 3, 'b', 'v', 'c', 500)]");
  answer (fixture, "GetVideoCounts", "[13]", "[(0, 0)]");
  answer (fixture, "GetUsers", "[3]", "[(0, 3, 'Eve', '', '', '')]");
  answer (fixture, "GetWorkCounts", "[3]", "[1]");
  answer (fixture, "GetUserCounts", "[3]", "[(0, 0, 0, 0)]");
  answer_flags (fixture, 1);
  object = end (&call);
  assert_list (object, "video_list", "id", "13");
  g_assert_cmpint (json_object_get_int_member (object, "next_time"), ==, 500);

  /* Now the whole feed is by user 2, and goes round. */
  dou_test_services_emit (&fixture->services, "Video", "Changed", "([int64 99],)");
  call = begin (fixture, "GET", "/douyin/feed/", "?", 1);
  for (gint64 i = 0; i < MAX_PAGES; i++)
    {
      gint64 before = i == 0 ? 0 : 1000 - i;
      g_autofree char *request = g_strdup_printf ("[(%" G_GINT64_FORMAT ", 30)]", before);
      g_autofree char *page = g_strdup_printf ("[(%" G_GINT64_FORMAT ", [12])]", 999 - i);

      answer (fixture, "GetFeed", request, page);
    }
  assert_ends_with_list (&call, "video_list", "");
}

/* Test that two who are apart do not see each other's comments, and others do. */
static void
test_comments (Fixture *fixture, gconstpointer data)
{
  Call call = begin (fixture, "GET", "/douyin/comment/list/", "?video_id=12", 1);
  guint n_calls;

  answer_viewer (fixture, 1, "(0, [3])");
  answer (fixture, "GetVideos", "[12]", "[(0, 12, 2, 'a', 'v', 'c', 600)]");
  answer (fixture, "GetComments", "[(12, 0, 1000)]",
          "[(0, [(22, 3, 'x', 5, 0, 0), (21, 2, 'y', 4, 0, 0)])]");
  answer (fixture, "GetUsers", "[3, 2]", "[(0, 3, 'Eve', '', '', ''), (0, 2, 'Bob', '', '', '')]");
  answer (fixture, "GetWorkCounts", "[3, 2]", "[1, 1]");
  answer (fixture, "GetUserCounts", "[3, 2]", "[(0, 0, 0, 0), (0, 0, 0, 0)]");
  answer (fixture, "GetFollows", "[(1, 0, 1000)]", "[(0, [])]");
  assert_ends_with_list (&call, "comment_list", "21");

  n_calls = fixture->services.n_calls;
  for (guint i = 0; i < 2; i++)
    {
      call = begin (fixture, "GET", "/douyin/comment/list/", "?video_id=12", 0);
      assert_ends_with_list (&call, "comment_list", "22 21");
      call = begin (fixture, "GET", "/douyin/comment/list/", "?video_id=12", 1);
      assert_ends_with_list (&call, "comment_list", "21");
    }
  g_assert_cmpuint (fixture->services.n_calls, ==, n_calls);
}

/* Test that lists of users leave out who is apart from the reader, but for the list of blocks, which
 * tells nobody whom others block. */
static void
test_users (Fixture *fixture, gconstpointer data)
{
  Call call = begin (fixture, "GET", "/douyin/relation/follower/list/", "?user_id=7", 1);

  answer (fixture, "GetGenerations", "[1]", "[0]");
  answer (fixture, "GetUsers", "[7]", "[(0, 7, 'Ann', '', '', '')]");
  answer (fixture, "GetFollowers", "[(7, 0, 1000)]", "[(0, [2, 3])]");
  answer (fixture, "GetApart", "[(1, 0, 1000)]", "[(0, [2])]");
  answer (fixture, "GetUsers", "[2, 3]", "[(0, 2, 'Bob', '', '', ''), (0, 3, 'Eve', '', '', '')]");
  answer (fixture, "GetWorkCounts", "[2, 3]", "[1, 1]");
  answer (fixture, "GetUserCounts", "[2, 3]", "[(0, 0, 0, 0), (0, 0, 0, 0)]");
  answer (fixture, "GetFollows", "[(1, 0, 1000)]", "[(0, [])]");
  assert_ends_with_list (&call, "user_list", "3");

  call = begin (fixture, "GET", "/douyin/relation/follower/list/", "?user_id=7", 0);
  answer (fixture, "GetFollowers", "[(7, 0, 1000)]", "[(0, [2, 3])]");
  assert_ends_with_list (&call, "user_list", "2 3");

  /* That of nobody is not asked for, whatever there may be of it. */
  call = begin (fixture, "GET", "/douyin/relation/follower/list/", "?user_id=8", 0);
  answer (fixture, "GetUsers", "[8]", "[(14, 8, '', '', '', '')]");
  assert_ends_with_list (&call, "user_list", "");
  call = begin (fixture, "GET", "/douyin/publish/list/", "?user_id=8", 0);
  answer (fixture, "GetUsers", "[8]", "[(14, 8, '', '', '', '')]");
  assert_ends_with_list (&call, "video_list", "");
  call = begin (fixture, "GET", "/douyin/publish/list/", "?user_id=8", 0);
  dou_test_services_refuse (&fixture->services, "GetUsers");
  assert_ends (&call, 10015);

  call = begin (fixture, "GET", "/douyin/relation/block/list/", "?user_id=7&count=5&cursor=9", 1);
  answer (fixture, "GetBlocks", "[(1, 9, 5)]", "[(0, [2])]");
  assert_ends_with_list (&call, "user_list", "2");
  call = begin (fixture, "GET", "/douyin/relation/block/list/", "?user_id=1", 0);
  assert_ends (&call, 10004);
}

/* Test that nobody writes to who is apart from him, as far as signals have told, and that nothing is sent
 * while that is not known. */
static void
test_messages (Fixture *fixture, gconstpointer data)
{
  const char *parameters = "?to_user_id=2&action_type=1&content=x";
  Call call = begin (fixture, "POST", "/douyin/message/action/", parameters, 1);
  guint n_calls;

  answer (fixture, "GetGenerations", "[1]", "[0]");
  answer (fixture, "GetUsers", "[2]", "[(0, 2, 'Bob', '', '', '')]");
  dou_test_services_refuse (&fixture->services, "GetApart");
  assert_ends (&call, 10015);

  call = begin (fixture, "POST", "/douyin/message/action/", parameters, 1);
  answer (fixture, "GetApart", "[(1, 0, 1000)]", "[(0, [2])]");
  assert_ends (&call, 10017);

  n_calls = fixture->services.n_calls;
  call = begin (fixture, "POST", "/douyin/message/action/", parameters, 1);
  assert_ends (&call, 10017);
  g_assert_cmpuint (fixture->services.n_calls, ==, n_calls);

  for (guint i = 0; i < 2; i++)
    {
      dou_test_services_emit (&fixture->services, "Social", "BlocksChanged", "([(int64 1, int64 2, false)],)");
      call = begin (fixture, "POST", "/douyin/message/action/", parameters, 1);
      dou_test_services_refuse (&fixture->services, "SendMessages");
      assert_ends (&call, 10015);

      dou_test_services_emit (&fixture->services, "Social", "BlocksChanged", "([(int64 2, int64 1, true)],)");
      call = begin (fixture, "POST", "/douyin/message/action/", parameters, 1);
      assert_ends (&call, 10017);
    }
}

/* Test who may block whom, with which parameters. */
static void
test_action (Fixture *fixture, gconstpointer data)
{
  const char *path = "/douyin/relation/block/";
  const char *const wrong[] = { "?to_user_id=2", "?action_type=1", "?to_user_id=2&action_type=3",
                                "?to_user_id=0&action_type=1", "?to_user_id=x&action_type=1" };
  Call call = begin (fixture, "POST", path, "?to_user_id=2&action_type=1", 0);

  assert_ends (&call, 10004);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      call = begin (fixture, "POST", path, wrong[i], 1);
      if (i == 0)
        answer (fixture, "GetGenerations", "[1]", "[0]");
      assert_ends (&call, 10002);
    }

  call = begin (fixture, "POST", path, "?to_user_id=5&action_type=1", 1);
  answer (fixture, "GetUsers", "[5]", "[(14, 5, '', '', '', '')]");
  assert_ends (&call, 10010);

  call = begin (fixture, "POST", path, "?to_user_id=2&action_type=1", 1);
  answer (fixture, "GetUsers", "[2]", "[(0, 2, 'Bob', '', '', '')]");
  answer (fixture, "SetBlocks", "[(1, 2, true)]", "[0]");
  assert_ends (&call, 0);
  call = begin (fixture, "POST", path, "?to_user_id=2&action_type=2", 1);
  answer (fixture, "SetBlocks", "[(1, 2, false)]", "[0]");
  assert_ends (&call, 0);
  call = begin (fixture, "POST", path, "?to_user_id=1&action_type=1", 1);
  answer (fixture, "GetUsers", "[1]", "[(0, 1, 'Ann', '', '', '')]");
  answer (fixture, "SetBlocks", "[(1, 1, true)]", "[9]");
  assert_ends (&call, 10011);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/gateway/blocks/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("action", test_action);
  ADD ("unknown", test_unknown);
  ADD ("feed", test_feed);
  ADD ("many", test_many);
  ADD ("nothing-left", test_nothing_left);
  ADD ("comments", test_comments);
  ADD ("users", test_users);
  ADD ("messages", test_messages);
#undef ADD

  return g_test_run ();
}
