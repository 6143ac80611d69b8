/* SPDX-License-Identifier: Apache-2.0 */

/* A server moves from SQLite to the engine under test, and back, by `doutok copy`, which is killed on the
 * way. */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"

#define CONFIG "[limits]\nrate-limits=off\n"
#define N_USERS 3
#define N_VIDEOS 2

/* Copies that are killed before one is left to its end, and the longest that they may run, in
 * microseconds. */
#define N_KILLS 6
#define KILL_AFTER 400000

#define TEXT "“😀” \\ ' -- %s"

typedef struct
{
  char *directory;              /* (owned) */
  DouDatabaseAddress *database; /* (owned) of the second server */
  DouTestDaemon *servers[3];    /* (owned) SQLite, the engine under test, SQLite */
  DouTestHttp *http;            /* (owned) (nullable) to the one that runs */
  const char *url;              /* (unowned) (nullable) of it */
  char *tokens[N_USERS];        /* (owned) */
  gint64 users[N_USERS];
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->database = dou_test_engine_create (fixture->directory, "all");
  for (guint i = 0; i < G_N_ELEMENTS (fixture->servers); i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *directory = g_build_filename (fixture->directory, name, NULL);

      fixture->servers[i]
          = dou_test_daemon_new_in (directory, i == 1 ? fixture->database : NULL, CONFIG);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixture->servers); i++)
    dou_test_daemon_free (fixture->servers[i]);
  for (guint i = 0; i < N_USERS; i++)
    g_free (fixture->tokens[i]);
  dou_test_engine_remove (fixture->database);
  dou_test_dir_remove (fixture->directory);
}

static void
start (Fixture *fixture, guint index)
{
  dou_test_daemon_start (fixture->servers[index]);
  fixture->url = dou_test_daemon_get_url (fixture->servers[index]);
  fixture->http = dou_test_http_new (fixture->url, 2);
}

static void
stop (Fixture *fixture, guint index)
{
  g_clear_pointer (&fixture->http, dou_test_http_free);
  dou_test_daemon_stop (fixture->servers[index]);
}

static char *
number (gint64 value)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, value);
}

/* As @user, with one parameter that is an id, and perhaps another one. */
static void
act (Fixture *fixture, guint user, const char *path, const char *name, gint64 id, const char *other,
     const char *value)
{
  g_autofree char *text = number (id);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "POST", path, "token", fixture->tokens[user], "action_type",
                            "1", name, text, other, value, NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
}

static gint64
get_video (Fixture *fixture)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  JsonArray *videos = json_object_get_array_member (answer, "video_list");

  g_assert_cmpuint (json_array_get_length (videos), ==, N_VIDEOS);
  return json_object_get_int_member (json_array_get_object_element (videos, 0), "id");
}

static void
register_users (Fixture *fixture)
{
  for (guint i = 0; i < N_USERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("用户 %u", i);
      g_autoptr (JsonObject) answer
          = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username", name,
                                "password", "secret", NULL);

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
      fixture->users[i] = json_object_get_int_member (answer, "user_id");
      fixture->tokens[i] = g_strdup (json_object_get_string_member (answer, "token"));
    }
}

static void
fill (Fixture *fixture)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_H264);
  gint64 video;

  register_users (fixture);
  for (guint i = 0; i < N_VIDEOS; i++)
    {
      g_autoptr (JsonObject) answer
          = dou_test_http_publish (fixture->http, fixture->tokens[i], TEXT, file);

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
    }

  video = get_video (fixture);
  for (guint i = 0; i < N_USERS; i++)
    {
      gint64 other = fixture->users[(i + 1) % N_USERS];

      act (fixture, i, "/douyin/favorite/action/", "video_id", video, NULL, NULL);
      act (fixture, i, "/douyin/comment/action/", "video_id", video, "comment_text", TEXT);
      act (fixture, i, "/douyin/relation/action/", "to_user_id", other, NULL, NULL);
      act (fixture, i, "/douyin/message/action/", "to_user_id", other, "content", TEXT);
    }
  act (fixture, 1, "/douyin/relation/action/", "to_user_id", fixture->users[0], NULL, NULL);
  act (fixture, 1, "/douyin/message/action/", "to_user_id", fixture->users[0], "content", "x");
}

static void
append_answer (Fixture *fixture, GString *all, const char *path, const char *name, gint64 id,
               const char *token)
{
  g_autofree char *text = number (id);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "GET", path, name, text, "token", token, NULL);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *json = NULL;

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  json_node_set_object (node, answer);
  json = json_to_string (node, FALSE);
  g_string_append_printf (all, "%s %s\n", path, json);
}

/* Returns: (transfer full): what the server that runs answers to all that can be read, to each user */
static char *
read_all (Fixture *fixture)
{
  static const char *const of_user[]
      = { "/douyin/user/", "/douyin/publish/list/", "/douyin/favorite/list/",
          "/douyin/relation/follow/list/", "/douyin/relation/follower/list/",
          "/douyin/relation/friend/list/" };
  g_autoptr (GString) all = g_string_new (NULL);
  gint64 video = get_video (fixture);

  for (guint i = 0; i < N_USERS; i++)
    {
      const char *token = fixture->tokens[i];

      append_answer (fixture, all, "/douyin/feed/", "latest_time", 0, token);
      append_answer (fixture, all, "/douyin/comment/list/", "video_id", video, token);
      append_answer (fixture, all, "/douyin/message/conversations/", "count", 30, token);
      for (guint j = 0; j < N_USERS; j++)
        {
          for (gsize k = 0; k < G_N_ELEMENTS (of_user); k++)
            append_answer (fixture, all, of_user[k], "user_id", fixture->users[j], token);
          if (j != i)
            append_answer (fixture, all, "/douyin/message/chat/", "to_user_id", fixture->users[j],
                           token);
        }
    }

  g_string_replace (all, fixture->url, "URL", 0);
  return g_string_free (g_steal_pointer (&all), FALSE);
}

static void
assert_plays (Fixture *fixture)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  JsonArray *videos = json_object_get_array_member (answer, "video_list");

  for (guint i = 0; i < N_VIDEOS; i++)
    {
      JsonObject *video = json_array_get_object_element (videos, i);
      g_autoptr (GBytes) file = dou_test_http_fetch (
          fixture->http, "GET", json_object_get_string_member (video, "play_url"), NULL, 200, NULL);

      g_assert_cmpuint (g_bytes_get_size (file), >, 1000);
    }
}

/* A test that fails aborts, and must not leave the copy behind. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *
spawn_copy (Fixture *fixture, guint from, guint to)
{
  g_autofree char *program = dou_test_daemon_get_program ();
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawn (
      launcher, &error, program, "copy", "--from",
      dou_test_daemon_get_config (fixture->servers[from]), "--to",
      dou_test_daemon_get_config (fixture->servers[to]), NULL);
  g_assert_no_error (error);
  return process;
}

/* Runs a copy to its end. Returns its exit status; @text: (out): all that it said */
static int
run_copy (Fixture *fixture, guint from, guint to, char **text)
{
  g_autoptr (GSubprocess) process = spawn_copy (fixture, from, to);
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *complaint = NULL;

  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, &complaint, &error);
  g_assert_no_error (error);
  *text = g_strconcat (output, complaint, NULL);
  g_test_message ("%s", *text);
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}

/* Runs a copy to its end, and asserts what it says there. */
static void
copy (Fixture *fixture, guint from, guint to, int expected, const char *message)
{
  g_autofree char *text = NULL;

  g_assert_cmpint (run_copy (fixture, from, to, &text), ==, expected);
  g_assert_nonnull (strstr (text, message));
}

/* Returns whether it came to its end before. */
static gboolean
kill_copy (Fixture *fixture, guint from, guint to)
{
  g_autoptr (GSubprocess) process = spawn_copy (fixture, from, to);

  g_usleep ((gulong) g_test_rand_int_range (0, KILL_AFTER));
  g_subprocess_send_signal (process, SIGKILL);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  return g_subprocess_get_if_exited (process);
}

static void
copy_with_kills (Fixture *fixture, guint from, guint to)
{
  g_autofree char *text = NULL;
  gboolean has_ended = FALSE;

  for (guint i = 0; i < N_KILLS && !has_ended; i++)
    has_ended = kill_copy (fixture, from, to);

  /* One that was killed may have come to its end just before; the next is refused then, as by one that has exited. */
  if (run_copy (fixture, from, to, &text) == 0)
    {
      g_assert_false (has_ended);
      g_assert_nonnull (strstr (text, "Both ends are equal."));
    }
  else
    g_assert_nonnull (strstr (text, "is not empty"));
}

/* Test that the server in its new place answers as the old one, knows who has logged in, and goes on; and
 * so back again. */
static void
test_move (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *later = NULL;
  g_autofree char *third = NULL;

  start (fixture, 0);
  fill (fixture);
  first = read_all (fixture);
  copy (fixture, 0, 1, 1, "is running");
  stop (fixture, 0);

  copy_with_kills (fixture, 0, 1);
  start (fixture, 1);
  second = read_all (fixture);
  g_assert_cmpstr (second, ==, first);
  assert_plays (fixture);
  act (fixture, 0, "/douyin/comment/action/", "video_id", get_video (fixture), "comment_text", "new");
  act (fixture, 2, "/douyin/relation/action/", "to_user_id", fixture->users[1], NULL, NULL);
  later = read_all (fixture);
  g_assert_cmpstr (later, !=, second);
  g_assert_cmpint (dou_test_daemon_recount (fixture->servers[1]), ==, 0);
  copy (fixture, 1, 2, 1, "is running");
  stop (fixture, 1);

  copy_with_kills (fixture, 1, 2);
  start (fixture, 2);
  third = read_all (fixture);
  g_assert_cmpstr (third, ==, later);
  assert_plays (fixture);
  g_assert_cmpint (dou_test_daemon_recount (fixture->servers[2]), ==, 0);
  stop (fixture, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/copy/move", Fixture, NULL, set_up, test_move, tear_down);

  return g_test_run ();
}
