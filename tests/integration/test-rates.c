/* SPDX-License-Identifier: Apache-2.0 */

/* Two nodes that share a database and a Redis. What somebody has done on one of them counts on the other. */

#include "config.h"

#include <signal.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-redis.h"

#define N_NODES 2

/* What is to be seen is asked for until it is; a machine that does many things at once may need this. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* Wrong passwords for one name; an address has ten times as many. None of it comes back while the test runs. */
#define N_GUESSES 5
#define N_ADDRESS_GUESSES (10 * N_GUESSES)
#define N_COMMENTS 3
#define N_NAMES 5

#define CONFIG \
  "[server]\nworkers=2\n[limits]\nrate-login=off\nrate-failed-login=1/d burst 5\n" \
  "rate-comment=1/d burst 3\nrate-publish=1/d burst 1\n[node]\nid=%u\n[redis]\nurl=%s\n"

#define BAD_CREDENTIALS 10004
#define RATE_LIMITED 10014

typedef struct
{
  DouTestRedis *redis;             /* (owned) */
  DouTestDaemon *servers[N_NODES]; /* (owned) */
  DouTestHttp *https[N_NODES];     /* (owned) */
  char *token;                     /* (owned) */
} Fixture;

/* Whatever the code of HTTP is. */
static JsonObject *
post (Fixture *fixture, guint node, SoupMessage *message)
{
  SoupSession *session = dou_test_http_get_session (fixture->https[node]);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = soup_session_send_and_read (session, message, NULL, &error);

  g_assert_no_error (error);
  return dou_test_http_parse (body);
}

static gint64
log_in (Fixture *fixture, guint node, const char *name, const char *password)
{
  g_autofree char *url
      = dou_test_http_build_url (dou_test_daemon_get_url (fixture->servers[node]),
                                 "/douyin/user/login/", "username", name, "password", password, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (JsonObject) answer = post (fixture, node, message);

  return dou_test_http_get_status (answer);
}

static gint64
comment (Fixture *fixture, guint node, const char *video)
{
  g_autofree char *url = dou_test_http_build_url (
      dou_test_daemon_get_url (fixture->servers[node]), "/douyin/comment/action/", "token",
      fixture->token, "video_id", video, "action_type", "1", "comment_text", "hello", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (JsonObject) answer = post (fixture, node, message);

  return dou_test_http_get_status (answer);
}

static gint64
publish (Fixture *fixture, guint node, GBytes *media)
{
  g_autoptr (SoupMessage) message = dou_test_http_make_upload (
      dou_test_daemon_get_url (fixture->servers[node]), fixture->token, "a film", media);
  g_autoptr (JsonObject) answer = post (fixture, node, message);

  return dou_test_http_get_status (answer);
}

static char *
register_user (Fixture *fixture, const char *name)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->https[0], "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return g_strdup (json_object_get_string_member (answer, "token"));
}

/* Uses up all guesses for @name on the first node, and waits until the second one does not even look at the
 * right password, which would cost nothing. What was counted before on the first node is known then, too. */
static void
guess_and_wait (Fixture *fixture, const char *name)
{
  gint64 begun;
  gint64 status;

  for (guint i = 0; i < N_GUESSES; i++)
    g_assert_cmpint (log_in (fixture, 0, name, "wrong"), ==, BAD_CREDENTIALS);
  g_assert_cmpint (log_in (fixture, 0, name, "wrong"), ==, RATE_LIMITED);

  begun = g_get_monotonic_time ();
  while ((status = log_in (fixture, 1, name, "p")) == 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, begun + PATIENCE);
      g_usleep (1000);
    }
  g_assert_cmpint (status, ==, RATE_LIMITED);
  g_test_message ("%s is refused after %.1f ms", name,
                  (double) (g_get_monotonic_time () - begun) / 1000);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;

  fixture->redis = dou_test_redis_new (NULL);
  url = dou_test_redis_get_url (fixture->redis);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *config = g_strdup_printf (CONFIG, i, url);

      fixture->servers[i] = i == 0 ? dou_test_daemon_new (config)
                                   : dou_test_daemon_new_beside (fixture->servers[0], config);
      fixture->https[i] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[i]), 1);
    }
  fixture->token = register_user (fixture, "ann");
}

/* The first node goes last: the database is its. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = N_NODES; i-- > 0;)
    {
      dou_test_http_free (fixture->https[i]);
      dou_test_daemon_free (fixture->servers[i]);
    }
  dou_test_redis_free (fixture->redis);
  g_free (fixture->token);
}

static char *
get_newest (Fixture *fixture)
{
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->https[0], "GET", "/douyin/feed/", NULL);
  JsonArray *videos = json_object_get_array_member (answer, "video_list");

  g_assert_cmpuint (json_array_get_length (videos), ==, 1);
  return g_strdup_printf ("%" G_GINT64_FORMAT,
                          json_object_get_int_member (json_array_get_object_element (videos, 0), "id"));
}

static void
kill_oldest_gateway (Fixture *fixture, guint node)
{
  g_autoptr (GArray) pids = dou_test_daemon_get_child_pids (fixture->servers[node], "doutok-gateway");

  g_assert_cmpuint (pids->len, ==, 2);
  kill (g_array_index (pids, GPid, 0), SIGKILL);
  while (kill (g_array_index (pids, GPid, 0), 0) == 0)
    g_usleep (1000);
  dou_test_http_free (fixture->https[node]);
  fixture->https[node] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[node]), 1);
}

/* Some guesses are not told to the other node before both have found Redis again: others are made then. */
static void
assert_together_again (Fixture *fixture)
{
  gboolean is_refused = FALSE;

  for (guint i = 0; i < N_NAMES && !is_refused; i++)
    {
      g_autofree char *name = g_strdup_printf ("dora %u", i);
      g_autofree char *token = register_user (fixture, name);
      gint64 begun = g_get_monotonic_time ();

      for (guint j = 0; j < N_GUESSES; j++)
        g_assert_cmpint (log_in (fixture, 0, name, "wrong"), ==, BAD_CREDENTIALS);
      while (!is_refused && g_get_monotonic_time () < begun + PATIENCE / N_NAMES)
        is_refused = log_in (fixture, 1, name, "p") == RATE_LIMITED;
    }
  g_assert_true (is_refused);
}

/* Names of which nobody exists, until the address has no guess left. Returns: how many it had */
static guint
use_up_address (Fixture *fixture, guint node)
{
  gint64 status = BAD_CREDENTIALS;
  guint n = 0;

  while (status == BAD_CREDENTIALS)
    {
      g_autofree char *name = g_strdup_printf ("nobody %u", n);

      status = log_in (fixture, node, name, "wrong");
      n += status == BAD_CREDENTIALS;
    }
  g_assert_cmpint (status, ==, RATE_LIMITED);
  return n;
}

/* Test that what a user does on one node, and guesses at a name's password, count on the other; that what one
 * gateway has counted is told when it is killed; that nodes count for themselves without Redis, and together
 * again when it is back; and that guesses of an address count, too. */
static void
test_shared (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) media = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autofree char *bob = register_user (fixture, "bob");
  g_autofree char *carl = register_user (fixture, "carl");
  g_autofree char *eve = register_user (fixture, "eve");
  g_autofree char *fred = register_user (fixture, "fred");
  g_autofree char *video = NULL;

  g_assert_cmpint (publish (fixture, 0, media), ==, 0);
  video = get_newest (fixture);
  for (guint i = 0; i < N_COMMENTS - 1; i++)
    g_assert_cmpint (comment (fixture, 0, video), ==, 0);
  guess_and_wait (fixture, "bob");
  g_assert_cmpint (publish (fixture, 1, media), ==, RATE_LIMITED);
  g_assert_cmpint (comment (fixture, 1, video), ==, 0);
  g_assert_cmpint (comment (fixture, 1, video), ==, RATE_LIMITED);
  g_assert_cmpint (log_in (fixture, 1, "ann", "p"), ==, 0);

  /* One of the two is the one that tells. */
  kill_oldest_gateway (fixture, 0);
  guess_and_wait (fixture, "carl");
  kill_oldest_gateway (fixture, 0);
  guess_and_wait (fixture, "eve");

  dou_test_redis_kill (fixture->redis);
  for (guint i = 0; i < N_GUESSES; i++)
    g_assert_cmpint (log_in (fixture, 0, "fred", "wrong"), ==, BAD_CREDENTIALS);
  g_assert_cmpint (log_in (fixture, 0, "fred", "p"), ==, RATE_LIMITED);
  g_assert_cmpint (log_in (fixture, 1, "fred", "p"), ==, 0);
  dou_test_redis_start (fixture->redis);
  assert_together_again (fixture);

  /* At least what was guessed for bob, carl and eve is known. */
  g_assert_cmpuint (use_up_address (fixture, 1), <=, N_ADDRESS_GUESSES - 3 * N_GUESSES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* The programs warn of a Redis that is away, as they should, and are to live on. */
  g_unsetenv ("G_DEBUG");

  g_test_add ("/integration/rates/shared", Fixture, NULL, set_up, test_shared, tear_down);
  return g_test_run ();
}
