/* SPDX-License-Identifier: Apache-2.0 */

/* Thousands of random operations by many users at once, beside a simple model of what they must come to; in
 * the middle all services are killed. At the end every list and every counter equals the model; and once
 * more when some of the videos are deleted, with the services killed between them.
 *
 * Each of a user's connections has its own share of the videos and users that it deals with. So what
 * happens to one pair happens in order, whatever the connections do among each other, and the model needs
 * no more than sets. An operation that got no answer, or was told to try again, is repeated: it must count
 * once. */

#include "config.h"

#include <signal.h>

#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-daemon.h"

#define N_USERS 20
#define N_VIDEOS 12
/* Connections of one user. */
#define N_SHARES 4
/* Of each connection; with --long, twice as many. */
#define N_OPERATIONS 30
#define N_OPERATIONS_LONG 60
/* Times that an operation is repeated before the test gives up. */
#define MAX_REPEATS 50

typedef struct _Fixture Fixture;

typedef enum
{
  LIKE,
  UNLIKE,
  FOLLOW,
  UNFOLLOW,
  COMMENT,
  DELETE_COMMENT,
  MESSAGE,
  N_KINDS
} Kind;

/* One connection of one user, and the operation that it is at. */
typedef struct
{
  Fixture *fixture; /* (unowned) */
  guint user;
  guint share;
  guint n_done;
  guint n_repeats;
  Kind kind;
  guint target;      /* video or user */
  gint64 comment_id; /* the one to be deleted */
  GArray *comments;  /* (owned) (element-type gint64) own ones that stand */
  GArray *videos;    /* (owned) (element-type guint) under which each stands */
} Worker;

struct _Fixture
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *tokens[N_USERS]; /* (owned) */
  gint64 users[N_USERS];
  gint64 videos[N_VIDEOS];
  guint authors[N_VIDEOS];
  Worker workers[N_USERS * N_SHARES];
  guint n_finished;
  guint n_operations;
  GRand *random; /* (owned) */

  /* The model. */
  gboolean likes[N_USERS][N_VIDEOS];
  gboolean follows[N_USERS][N_USERS];
  guint n_comments[N_VIDEOS];
  gboolean deleted[N_VIDEOS];
  guint n_messages[N_USERS][N_USERS];
};

static guint
get_n_operations (void)
{
  return g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0 ? N_OPERATIONS_LONG : N_OPERATIONS;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  guint32 seed = (guint32) g_test_rand_int ();

  g_test_message ("seed %u", seed);
  fixture->random = g_rand_new_with_seed (seed);
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), N_USERS * N_SHARES);

  for (guint i = 0; i < N_USERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("user-%u", i);
      g_autoptr (JsonObject) answer = dou_test_http_call (
          fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

      fixture->users[i] = json_object_get_int_member (answer, "user_id");
      fixture->tokens[i] = g_strdup (json_object_get_string_member (answer, "token"));
    }

  for (guint i = 0; i < N_VIDEOS; i++)
    {
      guint author = i % N_USERS;
      g_autoptr (JsonObject) answer
          = dou_test_http_publish (fixture->http, fixture->tokens[author], "title", file);
      g_autoptr (JsonObject) feed = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
      JsonArray *newest = json_object_get_array_member (feed, "video_list");

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
      fixture->videos[i]
          = json_object_get_int_member (json_array_get_object_element (newest, 0), "id");
      fixture->authors[i] = author;
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fixture->workers); i++)
    {
      g_clear_pointer (&fixture->workers[i].comments, g_array_unref);
      g_clear_pointer (&fixture->workers[i].videos, g_array_unref);
    }
  for (guint i = 0; i < N_USERS; i++)
    g_free (fixture->tokens[i]);
  g_rand_free (fixture->random);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static void worker_send (Worker *worker);

/* One of the videos, or of the other users, that fall to this connection. */
static guint
choose (Worker *worker, guint n)
{
  guint choice;

  do
    choice = worker->share + N_SHARES * (guint) g_rand_int_range (worker->fixture->random, 0,
                                                                 (gint32) (n / N_SHARES));
  while (n == N_USERS && choice == worker->user);

  return choice;
}

static void
worker_next (Worker *worker)
{
  Fixture *fixture = worker->fixture;

  if (worker->n_done == get_n_operations ())
    {
      fixture->n_finished++;
      return;
    }

  worker->n_repeats = 0;
  worker->kind = (Kind) g_rand_int_range (fixture->random, 0, N_KINDS);
  if (worker->kind == DELETE_COMMENT && worker->comments->len == 0)
    worker->kind = COMMENT;

  switch (worker->kind)
    {
    case FOLLOW:
    case UNFOLLOW:
    case MESSAGE:
      worker->target = choose (worker, N_USERS);
      break;
    case DELETE_COMMENT:
      worker->comment_id = g_array_index (worker->comments, gint64, worker->comments->len - 1);
      worker->target = g_array_index (worker->videos, guint, worker->comments->len - 1);
      break;
    case LIKE:
    case UNLIKE:
    case COMMENT:
    case N_KINDS:
    default:
      worker->target = choose (worker, N_VIDEOS);
      break;
    }

  worker_send (worker);
}

static void
worker_account (Worker *worker, JsonObject *answer)
{
  Fixture *fixture = worker->fixture;

  switch (worker->kind)
    {
    case LIKE:
    case UNLIKE:
      fixture->likes[worker->user][worker->target] = worker->kind == LIKE;
      break;
    case FOLLOW:
    case UNFOLLOW:
      fixture->follows[worker->user][worker->target] = worker->kind == FOLLOW;
      break;
    case COMMENT:
      {
        gint64 id = json_object_get_int_member (json_object_get_object_member (answer, "comment"), "id");

        g_array_append_val (worker->comments, id);
        g_array_append_val (worker->videos, worker->target);
        fixture->n_comments[worker->target]++;
        break;
      }
    case DELETE_COMMENT:
      g_array_set_size (worker->comments, worker->comments->len - 1);
      g_array_set_size (worker->videos, worker->videos->len - 1);
      fixture->n_comments[worker->target]--;
      break;
    case MESSAGE:
      fixture->n_messages[worker->user][worker->target]++;
      break;
    case N_KINDS:
    default:
      g_assert_not_reached ();
    }
}

static void
kill_services (Fixture *fixture)
{
  const char *const names[]
      = { "org.doutok.User", "org.doutok.Video", "org.doutok.Social", "org.doutok.Chat" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GPid pid = dou_test_daemon_get_service_pid (fixture->server, names[i]);

      if (pid > 0)
        kill (pid, SIGKILL);
    }
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Worker *worker = user_data;
  Fixture *fixture = worker->fixture;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body
      = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);
  g_autoptr (JsonObject) answer = NULL;

  if (body != NULL && g_bytes_get_size (body) > 0)
    answer = dou_test_http_parse (body);
  if (answer == NULL || dou_test_http_get_status (answer) != 0)
    {
      g_assert_cmpuint (++worker->n_repeats, <, MAX_REPEATS);
      worker_send (worker);
      return;
    }

  worker_account (worker, answer);
  worker->n_done++;
  if (++fixture->n_operations == N_USERS * N_SHARES * get_n_operations () / 2)
    kill_services (fixture);
  worker_next (worker);
}

static char *
worker_make_url (Worker *worker)
{
  Fixture *fixture = worker->fixture;
  const char *base = dou_test_daemon_get_url (fixture->server);
  const char *token = fixture->tokens[worker->user];
  gboolean is_about_user
      = worker->kind == FOLLOW || worker->kind == UNFOLLOW || worker->kind == MESSAGE;
  g_autofree char *target = g_strdup_printf (
      "%" G_GINT64_FORMAT,
      is_about_user ? fixture->users[worker->target] : fixture->videos[worker->target]);
  g_autofree char *comment = g_strdup_printf ("%" G_GINT64_FORMAT, worker->comment_id);
  g_autofree char *request_id
      = g_strdup_printf ("%u-%u-%u", worker->user, worker->share, worker->n_done);

  switch (worker->kind)
    {
    case LIKE:
    case UNLIKE:
      return dou_test_http_build_url (base, "/douyin/favorite/action/", "token", token, "video_id",
                                      target, "action_type", worker->kind == LIKE ? "1" : "2", NULL);
    case FOLLOW:
    case UNFOLLOW:
      return dou_test_http_build_url (base, "/douyin/relation/action/", "token", token, "to_user_id",
                                      target, "action_type", worker->kind == FOLLOW ? "1" : "2", NULL);
    case COMMENT:
      return dou_test_http_build_url (base, "/douyin/comment/action/", "token", token, "video_id",
                                      target, "action_type", "1", "comment_text", "text",
                                      "request_id", request_id, NULL);
    case DELETE_COMMENT:
      return dou_test_http_build_url (base, "/douyin/comment/action/", "token", token, "video_id",
                                      target, "action_type", "2", "comment_id", comment, NULL);
    case MESSAGE:
    case N_KINDS:
    default:
      return dou_test_http_build_url (base, "/douyin/message/action/", "token", token, "to_user_id",
                                      target, "action_type", "1", "content", "text", "request_id",
                                      request_id, NULL);
    }
}

static void
worker_send (Worker *worker)
{
  g_autofree char *url = worker_make_url (worker);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);

  soup_session_send_and_read_async (dou_test_http_get_session (worker->fixture->http), message,
                                    G_PRIORITY_DEFAULT, NULL, answered_cb, worker);
}

/* The ids of a list, as a set. */
static GHashTable *
get_list (Fixture *fixture, const char *path, const char *list, guint user)
{
  GHashTable *ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "GET", path, "token", fixture->tokens[user], NULL);
  JsonArray *elements = json_object_get_array_member (answer, list);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  for (guint i = 0; i < json_array_get_length (elements); i++)
    {
      gint64 id = json_object_get_int_member (json_array_get_object_element (elements, i), "id");

      g_assert_true (g_hash_table_add (ids, g_memdup2 (&id, sizeof id)));
    }

  return ids;
}

static void
check_user (Fixture *fixture, guint user)
{
  g_autoptr (GHashTable) liked
      = get_list (fixture, "/douyin/favorite/list/", "video_list", user);
  g_autoptr (GHashTable) follows
      = get_list (fixture, "/douyin/relation/follow/list/", "user_list", user);
  g_autoptr (GHashTable) followers
      = get_list (fixture, "/douyin/relation/follower/list/", "user_list", user);
  g_autoptr (GHashTable) friends
      = get_list (fixture, "/douyin/relation/friend/list/", "user_list", user);
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->http, "GET", "/douyin/user/", "token",
                                                      fixture->tokens[user], NULL);
  JsonObject *profile = json_object_get_object_member (answer, "user");
  guint n_likes = 0, n_follows = 0, n_followers = 0, n_friends = 0, n_favorited = 0;
  guint n_works = 0;

  for (guint video = 0; video < N_VIDEOS; video++)
    {
      n_works += fixture->authors[video] == user && !fixture->deleted[video];
      n_likes += fixture->likes[user][video];
      g_assert_cmpint (g_hash_table_contains (liked, &fixture->videos[video]), ==,
                       fixture->likes[user][video]);
      for (guint fan = 0; fan < N_USERS && fixture->authors[video] == user; fan++)
        n_favorited += fixture->likes[fan][video];
    }

  for (guint other = 0; other < N_USERS; other++)
    {
      gboolean follows_other = fixture->follows[user][other];
      gboolean is_followed = fixture->follows[other][user];

      n_follows += follows_other;
      n_followers += is_followed;
      n_friends += follows_other && is_followed;
      g_assert_cmpint (g_hash_table_contains (follows, &fixture->users[other]), ==, follows_other);
      g_assert_cmpint (g_hash_table_contains (followers, &fixture->users[other]), ==, is_followed);
    }

  g_assert_cmpuint (g_hash_table_size (liked), ==, n_likes);
  g_assert_cmpuint (g_hash_table_size (follows), ==, n_follows);
  g_assert_cmpuint (g_hash_table_size (followers), ==, n_followers);
  g_assert_cmpuint (g_hash_table_size (friends), ==, n_friends);
  g_assert_cmpint (json_object_get_int_member (profile, "favorite_count"), ==, n_likes);
  g_assert_cmpint (json_object_get_int_member (profile, "follow_count"), ==, n_follows);
  g_assert_cmpint (json_object_get_int_member (profile, "follower_count"), ==, n_followers);
  g_assert_cmpint (json_object_get_int_member (profile, "total_favorited"), ==, n_favorited);
  g_assert_cmpint (json_object_get_int_member (profile, "work_count"), ==, n_works);
}

static void
check_videos (Fixture *fixture)
{
  g_autoptr (JsonObject) feed = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  JsonArray *videos = json_object_get_array_member (feed, "video_list");
  guint n_left = json_array_get_length (videos);

  for (guint i = 0; i < N_VIDEOS; i++)
    {
      /* The feed has the newest first. */
      JsonObject *video
          = fixture->deleted[i] ? NULL : json_array_get_object_element (videos, --n_left);
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->videos[i]);
      g_autoptr (JsonObject) answer
          = dou_test_http_call (fixture->http, "GET", "/douyin/comment/list/", "video_id", id, NULL);
      guint n_likes = 0;

      if (video == NULL)
        {
          g_assert_cmpint (dou_test_http_get_status (answer), ==, 10010);
          continue;
        }

      for (guint user = 0; user < N_USERS; user++)
        n_likes += fixture->likes[user][i];
      g_assert_cmpint (json_object_get_int_member (video, "id"), ==, fixture->videos[i]);
      g_assert_cmpint (json_object_get_int_member (video, "favorite_count"), ==, n_likes);
      g_assert_cmpint (json_object_get_int_member (video, "comment_count"), ==,
                       fixture->n_comments[i]);
      g_assert_cmpuint (
          json_array_get_length (json_object_get_array_member (answer, "comment_list")), ==,
          fixture->n_comments[i]);
    }

  g_assert_cmpuint (n_left, ==, 0);
}

static void
check_conversation (Fixture *fixture, guint user, guint other)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->users[other]);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "GET", "/douyin/message/chat/", "token",
                            fixture->tokens[user], "to_user_id", id, NULL);
  JsonArray *messages = json_object_get_array_member (answer, "message_list");
  gint64 last = 0;

  g_assert_cmpuint (json_array_get_length (messages), ==,
                    fixture->n_messages[user][other] + fixture->n_messages[other][user]);
  for (guint i = 0; i < json_array_get_length (messages); i++)
    {
      JsonObject *message = json_array_get_object_element (messages, i);

      g_assert_cmpint (json_object_get_int_member (message, "create_time"), >, last);
      last = json_object_get_int_member (message, "create_time");
    }
}

static void
check (Fixture *fixture)
{
  for (guint user = 0; user < N_USERS; user++)
    {
      check_user (fixture, user);
      for (guint other = 0; other < user; other++)
        check_conversation (fixture, user, other);
    }
  check_videos (fixture);
  g_assert_cmpint (dou_test_daemon_recount (fixture->server), ==, 0);
}

/* What belonged to a video goes with it. */
static void
delete_video (Fixture *fixture, guint video)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->videos[video]);
  g_autofree char *url = dou_test_http_build_url (
      dou_test_daemon_get_url (fixture->server), "/douyin/publish/delete/", "token",
      fixture->tokens[fixture->authors[video]], "video_id", id, NULL);
  gint64 status = -1;

  for (guint i = 0; status != 0; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
      g_autoptr (GBytes) body = soup_session_send_and_read (
          dou_test_http_get_session (fixture->http), message, NULL, NULL);
      g_autoptr (JsonObject) answer = dou_test_http_parse (body);

      status = dou_test_http_get_status (answer);
      g_assert_cmpuint (i, <, MAX_REPEATS);
    }

  fixture->deleted[video] = TRUE;
  fixture->n_comments[video] = 0;
  for (guint user = 0; user < N_USERS; user++)
    fixture->likes[user][video] = FALSE;
}

/* Test that everything equals the model, also when videos are deleted, and again after a restart. */
static void
test_random (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixture->workers); i++)
    {
      fixture->workers[i] = (Worker){ .fixture = fixture,
                                      .user = i / N_SHARES,
                                      .share = i % N_SHARES,
                                      .comments = g_array_new (FALSE, FALSE, sizeof (gint64)),
                                      .videos = g_array_new (FALSE, FALSE, sizeof (guint)) };
      worker_next (&fixture->workers[i]);
    }
  while (fixture->n_finished < G_N_ELEMENTS (fixture->workers))
    g_main_context_iteration (NULL, TRUE);

  check (fixture);

  for (guint video = 0; video < N_VIDEOS; video += 3)
    {
      delete_video (fixture, video);
      kill_services (fixture);
    }
  check (fixture);

  dou_test_daemon_stop (fixture->server);
  dou_test_daemon_start (fixture->server);
  dou_test_http_free (fixture->http);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 4);
  check (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/model/random", Fixture, NULL, set_up, test_random, tear_down);

  return g_test_run ();
}
