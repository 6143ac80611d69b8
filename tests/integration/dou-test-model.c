/* SPDX-License-Identifier: Apache-2.0 */

/* What operations must come to, and whether a server shows that: sets, and counters that are their sizes. */

#include "config.h"

#include "integration/dou-test-model.h"

/* One look at a server, through all of its lists and counters. */
typedef struct
{
  const DouTestModel *model; /* (unowned) */
  DouTestHttp *http;         /* (unowned) */
  char *difference;          /* (owned) (nullable) the first one */
} Look;

static void
expect (Look *look, const char *what, guint index, gint64 found, gint64 expected)
{
  if (found == expected || look->difference != NULL)
    return;

  look->difference
      = g_strdup_printf ("%s of %u: %" G_GINT64_FORMAT " instead of %" G_GINT64_FORMAT, what, index,
                         found, expected);
}

static void
expect_member (Look *look, JsonObject *object, const char *member, guint index, gint64 expected)
{
  expect (look, member, index, json_object_get_int_member (object, member), expected);
}

/* The ids of a list, as a set. */
static GHashTable *
get_list (Look *look, const char *path, const char *list, guint user)
{
  GHashTable *ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (look->http, "GET", path, "token", look->model->tokens[user], NULL);
  JsonArray *elements = json_object_get_array_member (answer, list);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  for (guint i = 0; i < json_array_get_length (elements); i++)
    {
      gint64 id = json_object_get_int_member (json_array_get_object_element (elements, i), "id");

      g_assert_true (g_hash_table_add (ids, g_memdup2 (&id, sizeof id)));
    }

  return ids;
}

/* What a user has published and liked, and how often the former is liked. */
static void
look_at_works (Look *look, guint user, JsonObject *profile)
{
  const DouTestModel *model = look->model;
  g_autoptr (GHashTable) liked = get_list (look, "/douyin/favorite/list/", "video_list", user);
  guint n_likes = 0, n_favorited = 0, n_works = 0;

  for (guint video = 0; video < DOU_TEST_N_VIDEOS; video++)
    {
      n_works += model->authors[video] == user && !model->deleted[video];
      n_likes += model->likes[user][video];
      expect (look, "likes", user, g_hash_table_contains (liked, &model->videos[video]),
              model->likes[user][video]);
      for (guint fan = 0; fan < DOU_TEST_N_USERS && model->authors[video] == user; fan++)
        n_favorited += model->likes[fan][video];
    }

  expect (look, "the list of likes", user, g_hash_table_size (liked), n_likes);
  expect_member (look, profile, "favorite_count", user, n_likes);
  expect_member (look, profile, "total_favorited", user, n_favorited);
  expect_member (look, profile, "work_count", user, n_works);
}

static void
look_at_relations (Look *look, guint user, JsonObject *profile)
{
  const DouTestModel *model = look->model;
  g_autoptr (GHashTable) follows
      = get_list (look, "/douyin/relation/follow/list/", "user_list", user);
  g_autoptr (GHashTable) followers
      = get_list (look, "/douyin/relation/follower/list/", "user_list", user);
  g_autoptr (GHashTable) friends
      = get_list (look, "/douyin/relation/friend/list/", "user_list", user);
  guint n_follows = 0, n_followers = 0, n_friends = 0;

  for (guint other = 0; other < DOU_TEST_N_USERS; other++)
    {
      gboolean follows_other = model->follows[user][other];
      gboolean is_followed = model->follows[other][user];

      n_follows += follows_other;
      n_followers += is_followed;
      n_friends += follows_other && is_followed;
      expect (look, "follows", user, g_hash_table_contains (follows, &model->users[other]),
              follows_other);
      expect (look, "followers", user, g_hash_table_contains (followers, &model->users[other]),
              is_followed);
    }

  expect (look, "the list of follows", user, g_hash_table_size (follows), n_follows);
  expect (look, "the list of followers", user, g_hash_table_size (followers), n_followers);
  expect (look, "the list of friends", user, g_hash_table_size (friends), n_friends);
  expect_member (look, profile, "follow_count", user, n_follows);
  expect_member (look, profile, "follower_count", user, n_followers);
}

static void
look_at_user (Look *look, guint user)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (look->http, "GET", "/douyin/user/", "token",
                                                      look->model->tokens[user], NULL);
  JsonObject *profile;

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  profile = json_object_get_object_member (answer, "user");
  look_at_works (look, user, profile);
  look_at_relations (look, user, profile);
}

/* A video of the feed, and its comments. */
static void
look_at_video (Look *look, guint video, JsonObject *shown)
{
  const DouTestModel *model = look->model;
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, model->videos[video]);
  g_autoptr (JsonObject) answer = dou_test_http_call (look->http, "GET", "/douyin/comment/list/",
                                                      "video_id", id, NULL);
  guint n_likes = 0;

  expect (look, "the comments' status", video, dou_test_http_get_status (answer),
          model->deleted[video] ? 10010 : 0);
  if (model->deleted[video] || look->difference != NULL)
    return;

  for (guint user = 0; user < DOU_TEST_N_USERS; user++)
    n_likes += model->likes[user][video];
  expect_member (look, shown, "id", video, model->videos[video]);
  expect_member (look, shown, "favorite_count", video, n_likes);
  expect_member (look, shown, "comment_count", video, model->n_comments[video]);
  expect (look, "the list of comments", video,
          json_array_get_length (json_object_get_array_member (answer, "comment_list")),
          model->n_comments[video]);
}

static void
look_at_videos (Look *look)
{
  g_autoptr (JsonObject) feed = dou_test_http_call (look->http, "GET", "/douyin/feed/", NULL);
  JsonArray *videos = json_object_get_array_member (feed, "video_list");
  guint n_left = 0;

  for (guint video = 0; video < DOU_TEST_N_VIDEOS; video++)
    n_left += !look->model->deleted[video];
  expect (look, "the length", n_left, json_array_get_length (videos), n_left);

  for (guint video = 0; video < DOU_TEST_N_VIDEOS && look->difference == NULL; video++)
    {
      /* The feed has the newest first. */
      JsonObject *shown
          = look->model->deleted[video] ? NULL : json_array_get_object_element (videos, --n_left);

      look_at_video (look, video, shown);
    }
}

/* Whatever is there, times grow. */
static void
look_at_conversation (Look *look, guint user, guint other)
{
  const DouTestModel *model = look->model;
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, model->users[other]);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (look->http, "GET", "/douyin/message/chat/", "token",
                            model->tokens[user], "to_user_id", id, NULL);
  JsonArray *messages = json_object_get_array_member (answer, "message_list");
  gint64 last = 0;

  expect (look, "messages", user, json_array_get_length (messages),
          model->n_messages[user][other] + model->n_messages[other][user]);
  for (guint i = 0; i < json_array_get_length (messages); i++)
    {
      JsonObject *message = json_array_get_object_element (messages, i);

      g_assert_cmpint (json_object_get_int_member (message, "create_time"), >, last);
      last = json_object_get_int_member (message, "create_time");
    }
}

/**
 * dou_test_model_delete_video:
 * @self: a model
 * @video: one of its videos
 *
 * What belonged to it goes with it.
 */
void
dou_test_model_delete_video (DouTestModel *self, guint video)
{
  self->deleted[video] = TRUE;
  self->n_comments[video] = 0;
  for (guint user = 0; user < DOU_TEST_N_USERS; user++)
    self->likes[user][video] = FALSE;
}

/**
 * dou_test_model_compare:
 * @self: a model
 * @http: a client of a server
 *
 * Returns: (transfer full) (nullable): the first thing that the server shows otherwise; %NULL if all of
 *   its lists and counters equal the model
 */
char *
dou_test_model_compare (const DouTestModel *self, DouTestHttp *http)
{
  Look look = { self, http, NULL };

  for (guint user = 0; user < DOU_TEST_N_USERS && look.difference == NULL; user++)
    {
      look_at_user (&look, user);
      for (guint other = 0; other < user && look.difference == NULL; other++)
        look_at_conversation (&look, user, other);
    }
  if (look.difference == NULL)
    look_at_videos (&look);

  return look.difference;
}
