/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok check --recount` on the counters of a real server, running and stopped. */

#include "config.h"

#include <string.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *token;           /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (JsonObject) user = NULL;
  g_autoptr (JsonObject) published = NULL;
  g_autoptr (JsonObject) feed = NULL;
  g_autoptr (JsonObject) liked = NULL;
  g_autofree char *id = NULL;

  fixture->server = dou_test_daemon_new (NULL);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  user = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username", "user",
                             "password", "p", NULL);
  fixture->token = g_strdup (json_object_get_string_member (user, "token"));
  published = dou_test_http_publish (fixture->http, fixture->token, "title", file);
  g_assert_cmpint (dou_test_http_get_status (published), ==, 0);
  feed = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  id = g_strdup_printf ("%" G_GINT64_FORMAT,
                        json_object_get_int_member (
                            json_array_get_object_element (
                                json_object_get_array_member (feed, "video_list"), 0),
                            "id"));
  liked = dou_test_http_call (fixture->http, "POST", "/douyin/favorite/action/", "token",
                              fixture->token, "video_id", id, "action_type", "1", NULL);
  g_assert_cmpint (dou_test_http_get_status (liked), ==, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->token);
  g_clear_pointer (&fixture->http, dou_test_http_free);
  dou_test_daemon_free (fixture->server);
}

static void
break_counters (Fixture *fixture)
{
  dou_test_daemon_run_sql (fixture->server, "video", "UPDATE authors SET work_count = 7");
  dou_test_daemon_run_sql (fixture->server, "social",
                           "UPDATE user_counts SET total_favorited = 3, favorites = 4");
  dou_test_daemon_run_sql (fixture->server, "social", "UPDATE video_counts SET comments = 5");
}

static char *
check (Fixture *fixture, gboolean recount)
{
  g_autofree char *program = dou_test_daemon_get_program ();
  const char *argv[] = { program, "check", "--config",
                         dou_test_daemon_get_config (fixture->server), "--state-dir",
                         dou_test_daemon_get_state_dir (fixture->server), "--runtime-dir",
                         dou_test_daemon_get_runtime_dir (fixture->server),
                         recount ? "--recount" : NULL, NULL };
  char *output;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output,
                               NULL, &status, NULL));
  g_test_message ("%s", output);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  return output;
}

static void
assert_recount (Fixture *fixture, const char *video, const char *social)
{
  g_autofree char *output = check (fixture, TRUE);
  g_autofree char *video_line = g_strdup_printf ("\n%s\n", video);
  g_autofree char *social_line = g_strdup_printf ("\n%s\n", social);

  g_assert_nonnull (strstr (output, video_line));
  g_assert_nonnull (strstr (output, social_line));
}

static void
assert_right (Fixture *fixture)
{
  assert_recount (fixture, "ok   video counters: recounted, 0 were wrong",
                  "ok   social counters: recounted, 0 were wrong");
}

static void
assert_repaired (Fixture *fixture)
{
  break_counters (fixture);
  assert_recount (fixture,
                  "warn video counters: recounted, 1 were wrong and have been set right",
                  "warn social counters: recounted, 3 were wrong and have been set right");
  assert_right (fixture);
}

static void
assert_count (Fixture *fixture, const char *name, gint64 expected)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->http, "GET", "/douyin/user/", "token",
                                                      fixture->token, NULL);

  g_assert_cmpint (
      json_object_get_int_member (json_object_get_object_member (answer, "user"), name), ==,
      expected);
}

/* Test that wrong counters are found and set right beside a running server, which tells the right ones
 * then, and that nothing is counted unless that is wanted. */
static void
test_running (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output = check (fixture, FALSE);

  g_assert_null (strstr (output, "counters"));
  assert_right (fixture);
  assert_repaired (fixture);
  assert_count (fixture, "work_count", 1);
  assert_count (fixture, "total_favorited", 1);
  assert_count (fixture, "favorite_count", 1);
}

/* Test the same without a server. */
static void
test_stopped (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->http, dou_test_http_free);
  dou_test_daemon_stop (fixture->server);
  assert_right (fixture);
  assert_repaired (fixture);
  dou_test_daemon_start (fixture->server);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  assert_count (fixture, "work_count", 1);
  assert_count (fixture, "total_favorited", 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/recount/running", Fixture, NULL, set_up, test_running, tear_down);
  g_test_add ("/integration/recount/stopped", Fixture, NULL, set_up, test_stopped, tear_down);

  return g_test_run ();
}
