/* SPDX-License-Identifier: Apache-2.0 */

/* Thousands of random operations by many users at once, beside a simple model of what they must come to; in
 * the middle all services are killed. At the end every list and every counter equals the model; and once
 * more when some of the videos are deleted, with the services killed between them.
 *
 * Each of a user's connections has its own share of the videos and users that it deals with. So what
 * happens to one pair happens in order, whatever the connections do among each other, and the model needs
 * no more than sets. An operation that got no answer, or was told to try again, is repeated: it must count
 * once.
 *
 * On an engine that is a server the same is done once more by two nodes at once, with a Redis between them that
 * goes and comes meanwhile: what one connection does falls to one node and to the other in turn. What a node shows
 * in the meantime may be old; in the end both show what is in the model. */

#include "config.h"

#include <signal.h>

#include "integration/dou-test-model.h"
#include "lib/dou-test-daemon.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-redis.h"

#define N_USERS DOU_TEST_N_USERS
#define N_VIDEOS DOU_TEST_N_VIDEOS
/* Connections of one user. */
#define N_SHARES 4
/* Of each connection; with --long, twice as many. */
#define N_OPERATIONS 30
#define N_OPERATIONS_LONG 60
#define MAX_NODES 2
/* What a node that was killed could not tell is missed by the others within 12 seconds; a machine that does many
 * things at once may need more. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)
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
  guint n_nodes;
  DouTestRedis *redis;               /* (owned) (nullable) between several nodes */
  DouTestDaemon *servers[MAX_NODES]; /* (owned) */
  DouTestHttp *https[MAX_NODES];     /* (owned) */
  DouTestModel model;
  Worker workers[N_USERS * N_SHARES];
  guint n_finished;
  guint n_operations;
  GRand *random; /* (owned) */
};

static guint
get_n_operations (void)
{
  return g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0 ? N_OPERATIONS_LONG : N_OPERATIONS;
}

/* The connections of a server that has just been started. */
static void
connect_to (Fixture *fixture, guint node)
{
  g_clear_pointer (&fixture->https[node], dou_test_http_free);
  fixture->https[node]
      = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[node]), N_USERS * N_SHARES);
}

static void
start_nodes (Fixture *fixture)
{
  g_autofree char *url = NULL;

  if (fixture->n_nodes > 1)
    {
      /* The servers warn of what is done to Redis. */
      g_setenv ("G_DEBUG", "fatal-criticals", TRUE);
      fixture->redis = dou_test_redis_new (NULL);
      url = dou_test_redis_get_url (fixture->redis);
    }
  for (guint node = 0; node < fixture->n_nodes; node++)
    {
      g_autofree char *group
          = url != NULL ? g_strdup_printf ("[node]\nid=%u\n[redis]\nurl=%s\n", node, url) : NULL;
      g_autofree char *config = g_strconcat ("[limits]\nrate-limits=off\n", group, NULL);

      fixture->servers[node] = node == 0
                                   ? dou_test_daemon_new (config)
                                   : dou_test_daemon_new_beside (fixture->servers[0], config);
      connect_to (fixture, node);
    }
}

static void
register_user (Fixture *fixture, guint user)
{
  g_autofree char *name = g_strdup_printf ("user-%u", user);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->https[user % fixture->n_nodes], "POST", "/douyin/user/register/",
                            "username", name, "password", "p", NULL);

  fixture->model.users[user] = json_object_get_int_member (answer, "user_id");
  fixture->model.tokens[user] = g_strdup (json_object_get_string_member (answer, "token"));
}

static void
publish (Fixture *fixture, guint video, GBytes *file)
{
  DouTestHttp *http = fixture->https[video % fixture->n_nodes];
  guint author = video % N_USERS;
  g_autoptr (JsonObject) answer
      = dou_test_http_publish (http, fixture->model.tokens[author], "title", file);
  g_autoptr (JsonObject) feed = dou_test_http_call (http, "GET", "/douyin/feed/", NULL);
  JsonArray *newest = json_object_get_array_member (feed, "video_list");

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  fixture->model.videos[video]
      = json_object_get_int_member (json_array_get_object_element (newest, 0), "id");
  fixture->model.authors[video] = author;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  guint32 seed = (guint32) g_test_rand_int ();

  g_test_message ("seed %u", seed);
  fixture->random = g_rand_new_with_seed (seed);
  fixture->n_nodes = GPOINTER_TO_UINT (data);
  start_nodes (fixture);
  for (guint i = 0; i < N_USERS; i++)
    register_user (fixture, i);
  for (guint i = 0; i < N_VIDEOS; i++)
    publish (fixture, i, file);
}

/* The first node goes last: the database is its. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fixture->workers); i++)
    {
      g_clear_pointer (&fixture->workers[i].comments, g_array_unref);
      g_clear_pointer (&fixture->workers[i].videos, g_array_unref);
    }
  for (guint i = 0; i < N_USERS; i++)
    g_free (fixture->model.tokens[i]);
  g_rand_free (fixture->random);
  for (guint node = fixture->n_nodes; node-- > 0;)
    {
      dou_test_http_free (fixture->https[node]);
      dou_test_daemon_free (fixture->servers[node]);
    }
  g_clear_pointer (&fixture->redis, dou_test_redis_free);
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
      fixture->model.likes[worker->user][worker->target] = worker->kind == LIKE;
      break;
    case FOLLOW:
    case UNFOLLOW:
      fixture->model.follows[worker->user][worker->target] = worker->kind == FOLLOW;
      break;
    case COMMENT:
      {
        gint64 id = json_object_get_int_member (json_object_get_object_member (answer, "comment"), "id");

        g_array_append_val (worker->comments, id);
        g_array_append_val (worker->videos, worker->target);
        fixture->model.n_comments[worker->target]++;
        break;
      }
    case DELETE_COMMENT:
      g_array_set_size (worker->comments, worker->comments->len - 1);
      g_array_set_size (worker->videos, worker->videos->len - 1);
      fixture->model.n_comments[worker->target]--;
      break;
    case MESSAGE:
      fixture->model.n_messages[worker->user][worker->target]++;
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

  for (guint node = 0; node < fixture->n_nodes; node++)
    for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
      {
        GPid pid = dou_test_daemon_get_service_pid (fixture->servers[node], names[i]);

        if (pid > 0)
          kill (pid, SIGKILL);
      }
}

/* Half way all services are killed; for the second and third quarter there is no Redis. */
static void
disturb (Fixture *fixture)
{
  const guint quarter = N_USERS * N_SHARES * get_n_operations () / 4;

  if (fixture->n_operations == 2 * quarter)
    kill_services (fixture);
  if (fixture->redis != NULL && fixture->n_operations == quarter)
    dou_test_redis_kill (fixture->redis);
  if (fixture->redis != NULL && fixture->n_operations == 3 * quarter)
    dou_test_redis_start (fixture->redis);
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
      if (++worker->n_repeats == MAX_REPEATS)
        g_error ("Operation %d on %u is refused with status %" G_GINT64_FORMAT, worker->kind,
                 worker->target, answer != NULL ? dou_test_http_get_status (answer) : -1);
      worker_send (worker);
      return;
    }

  worker_account (worker, answer);
  worker->n_done++;
  fixture->n_operations++;
  disturb (fixture);
  worker_next (worker);
}

/* What follows on an operation goes to another node; what repeats it, to the same. */
static guint
worker_get_node (Worker *worker)
{
  return (worker->share + worker->n_done) % worker->fixture->n_nodes;
}

static char *
worker_make_url (Worker *worker)
{
  Fixture *fixture = worker->fixture;
  const char *base = dou_test_daemon_get_url (fixture->servers[worker_get_node (worker)]);
  const char *token = fixture->model.tokens[worker->user];
  gboolean is_about_user
      = worker->kind == FOLLOW || worker->kind == UNFOLLOW || worker->kind == MESSAGE;
  g_autofree char *target = g_strdup_printf (
      "%" G_GINT64_FORMAT,
      is_about_user ? fixture->model.users[worker->target] : fixture->model.videos[worker->target]);
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

  soup_session_send_and_read_async (
      dou_test_http_get_session (worker->fixture->https[worker_get_node (worker)]), message,
      G_PRIORITY_DEFAULT, NULL, answered_cb, worker);
}

/* Asserts that all nodes show what is in the model: a single one at once, several when they have told each other. */
static void
check (Fixture *fixture)
{
  gint64 deadline = g_get_monotonic_time () + (fixture->n_nodes > 1 ? PATIENCE : 0);

  for (guint node = 0; node < fixture->n_nodes; node++)
    {
      g_autofree char *difference
          = dou_test_model_compare (&fixture->model, fixture->https[node]);

      while (difference != NULL)
        {
          if (g_get_monotonic_time () >= deadline)
            g_error ("Node %u: %s", node, difference);
          g_free (difference);
          difference = dou_test_model_compare (&fixture->model, fixture->https[node]);
        }
    }
  for (guint node = 0; node < fixture->n_nodes; node++)
    g_assert_cmpint (dou_test_daemon_recount (fixture->servers[node]), ==, 0);
}

static void
delete_video (Fixture *fixture, guint node, guint video)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->model.videos[video]);
  g_autofree char *url = dou_test_http_build_url (
      dou_test_daemon_get_url (fixture->servers[node]), "/douyin/publish/delete/", "token",
      fixture->model.tokens[fixture->model.authors[video]], "video_id", id, NULL);
  gint64 status = -1;

  for (guint i = 0; status != 0; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
      g_autoptr (GBytes) body = soup_session_send_and_read (
          dou_test_http_get_session (fixture->https[node]), message, NULL, NULL);
      g_autoptr (JsonObject) answer = dou_test_http_parse (body);

      status = dou_test_http_get_status (answer);
      g_assert_cmpuint (i, <, MAX_REPEATS);
    }

  dou_test_model_delete_video (&fixture->model, video);
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
      delete_video (fixture, video % fixture->n_nodes, video);
      kill_services (fixture);
    }
  check (fixture);

  for (guint node = 0; node < fixture->n_nodes; node++)
    {
      dou_test_daemon_stop (fixture->servers[node]);
      dou_test_daemon_start (fixture->servers[node]);
      connect_to (fixture, node);
    }
  check (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/model/random", Fixture, GUINT_TO_POINTER (1), set_up, test_random,
              tear_down);
  /* Several nodes have one database only where that is a server; they bring a Redis of their own. */
  if (dou_test_engine_is_server () && g_getenv ("DOUTOK_TEST_SURROUNDINGS") == NULL)
    g_test_add ("/integration/model/nodes", Fixture, GUINT_TO_POINTER (MAX_NODES), set_up, test_random,
                tear_down);

  return g_test_run ();
}
