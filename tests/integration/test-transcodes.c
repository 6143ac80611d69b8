/* SPDX-License-Identifier: Apache-2.0 */

/* Two nodes that share a database, a Redis and an object store, and what they have to transcode. One is
 * killed in the middle of it. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "common/dou-redis.h"
#include "lib/dou-test-daemon.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-object-store.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-wait.h"

#define N_NODES 2
#define N_VIDEOS 6
#define BUCKET "bucket"
#define STREAM "doutok@0:transcodes"

typedef struct
{
  DouTestRedis *redis;           /* (owned) */
  DouTestObjectStore *objects;   /* (owned) */
  DouDatabaseAddress *database;  /* (owned) */
  char *directories[N_NODES];    /* (owned) */
  DouTestDaemon *servers[N_NODES]; /* (owned) */
  DouTestHttp *https[N_NODES];   /* (owned) */
  DouRedis *stream;              /* (owned) */
  char *token;                   /* (owned) */
} Fixture;

static gboolean
is_there (gpointer data)
{
  return dou_redis_get_trouble (data) == NULL;
}

/* @remote: whether its media go into the object store */
static void
open_node (Fixture *fixture, guint node, gboolean remote)
{
  g_autofree char *url = dou_test_redis_get_url (fixture->redis);
  g_autofree char *media = g_strdup_printf (
      "store=s3\ns3-endpoint=http://%s\ns3-bucket=" BUCKET "\ns3-access-key=%s\ns3-secret-key=%s\n"
      "s3-redirect=proxy\n",
      fixture->objects->host, DOU_TEST_ACCESS_KEY, DOU_TEST_SECRET_KEY);
  g_autofree char *config = g_strdup_printf (
      "[limits]\nrate-limits=off\n[node]\nid=%u\n[redis]\nurl=%s\n[video]\ntranscode-lease=3s\n"
      "[media]\n%s",
      node, url, remote ? media : "");

  fixture->servers[node]
      = dou_test_daemon_new_in (fixture->directories[node], fixture->database, config);
  dou_test_daemon_start (fixture->servers[node]);
  fixture->https[node] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[node]), 1);
}

static void
set_up (Fixture *fixture)
{
  g_autofree char *url = NULL;
  g_autoptr (DouRedisAddress) address = NULL;
  g_autoptr (JsonObject) answer = NULL;

  fixture->objects = dou_test_object_store_new ();
  dou_test_object_store_make_bucket (fixture->objects, BUCKET);
  fixture->redis = dou_test_redis_new (NULL);
  url = dou_test_redis_get_url (fixture->redis);
  fixture->database = dou_test_engine_create (NULL, "all");
  for (guint i = 0; i < N_NODES; i++)
    {
      fixture->directories[i] = dou_test_dir_new ();
      open_node (fixture, i, TRUE);
    }

  address = dou_redis_address_parse (url);
  fixture->stream = dou_redis_new (address, NULL);
  dou_test_wait_until (is_there, fixture->stream);
  answer = dou_test_http_call (fixture->https[0], "POST", "/douyin/user/register/", "username",
                               "alice", "password", "p", NULL);
  fixture->token = g_strdup (json_object_get_string_member (answer, "token"));
}

static void
close_node (Fixture *fixture, guint node)
{
  g_clear_pointer (&fixture->https[node], dou_test_http_free);
  g_clear_pointer (&fixture->servers[node], dou_test_daemon_free);
}

static void
tear_down (Fixture *fixture)
{
  for (guint i = N_NODES; i-- > 0;)
    {
      close_node (fixture, i);
      dou_test_dir_remove (fixture->directories[i]);
    }
  g_assert_finalize_object (fixture->stream);
  dou_test_engine_remove (fixture->database);
  dou_test_redis_free (fixture->redis);
  dou_test_object_store_free (fixture->objects);
  g_free (fixture->token);
}

static GVariant *
command (Fixture *fixture, const char *const *words)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  GVariant *answer;

  dou_redis_command_async (fixture->stream, words, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  answer = dou_redis_command_finish (fixture->stream, result, NULL);
  g_assert_nonnull (answer);
  return answer;
}

/* Returns: how many videos the node has taken and not done */
static gsize
count_taken (Fixture *fixture, guint node)
{
  g_autofree char *name = g_strdup_printf ("node-%u", node);
  const char *const words[] = { "XPENDING", STREAM, "nodes", "-", "+", "100", name, NULL };
  g_autoptr (GVariant) entries = command (fixture, words);

  return g_variant_n_children (entries);
}

static gint64
count_entries (Fixture *fixture)
{
  const char *const words[] = { "XLEN", STREAM, NULL };
  g_autoptr (GVariant) length = command (fixture, words);

  return g_variant_get_int64 (length);
}

/* A store that is too slow on a machine that does many things at once is said to be unavailable; then nothing
 * is published, and the same is sent again. */
static void
publish (Fixture *fixture, guint node, DouTestMedia kind)
{
  const char *url = dou_test_daemon_get_url (fixture->servers[node]);
  SoupSession *session = dou_test_http_get_session (fixture->https[node]);
  g_autoptr (GBytes) file = dou_test_media_make (kind);
  guint code = SOUP_STATUS_SERVICE_UNAVAILABLE;

  while (code == SOUP_STATUS_SERVICE_UNAVAILABLE)
    {
      g_autoptr (SoupMessage) upload
          = dou_test_http_make_upload (url, fixture->token, "title", file);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) body = soup_session_send_and_read (session, upload, NULL, &error);
      g_autoptr (JsonObject) answer = NULL;

      g_assert_no_error (error);
      answer = dou_test_http_parse (body);
      code = soup_message_get_status (upload);
      g_assert_true (code == SOUP_STATUS_SERVICE_UNAVAILABLE
                     || dou_test_http_get_status (answer) == 0);
    }
  g_assert_cmpuint (code, ==, SOUP_STATUS_OK);
}

/* Returns: (transfer full): the newest videos, as the node shows them */
static JsonArray *
get_feed (Fixture *fixture, guint node)
{
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->https[node], "GET", "/douyin/feed/", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return json_array_ref (json_object_get_array_member (answer, "video_list"));
}

static const char *
get_url (JsonArray *feed, guint i)
{
  return json_object_get_string_member (json_array_get_object_element (feed, i), "play_url");
}

static gint64
get_id (JsonArray *feed, guint i)
{
  return json_object_get_int_member (json_array_get_object_element (feed, i), "id");
}

static gboolean
is_done (Fixture *fixture, guint node, guint n_videos)
{
  g_autoptr (JsonArray) feed = get_feed (fixture, node);

  if (json_array_get_length (feed) != n_videos)
    return FALSE;
  for (guint i = 0; i < n_videos; i++)
    if (!g_str_has_suffix (get_url (feed, i), "-1.mp4"))
      return FALSE;
  return TRUE;
}

static guint
count_objects (Fixture *fixture)
{
  g_autofree char *list = dou_test_object_store_list (fixture->objects, BUCKET, NULL);
  g_auto (GStrv) parts = g_strsplit (list, "<Key>", -1);

  return g_strv_length (parts) - 1;
}

/* Whether the node has nothing left that it works on. */
static gboolean
is_clean (Fixture *fixture, guint node)
{
  g_autofree char *path = g_build_filename (dou_test_daemon_get_state_dir (fixture->servers[node]),
                                            "media", "work", NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);

  g_assert_nonnull (directory);
  return g_dir_read_name (directory) == NULL;
}

/* Returns: how often the video was begun */
static guint
count_attempts (Fixture *fixture, gint64 id)
{
  g_autoptr (GDBusConnection) bus = dou_test_daemon_connect_bus (fixture->servers[0]);
  GVariant *ids = g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &id, 1, sizeof id);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.doutok.Video", "/org/doutok/Video", "org.doutok.Video1.Admin", "GetTranscodes",
      g_variant_new_tuple (&ids, 1), G_VARIANT_TYPE ("(a(iuus))"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
      &error);
  g_autoptr (GVariant) items = NULL;
  guint32 state, n_attempts;
  gint32 status;

  g_assert_no_error (error);
  items = g_variant_get_child_value (reply, 0);
  g_variant_get_child (items, 0, "(iuu&s)", &status, &state, &n_attempts, NULL);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpuint (state, ==, 0);
  return n_attempts;
}

/* Has the second node killed in the middle of its work; of which the first one is kept. */
static void
kill_at_work (Fixture *fixture)
{
  GPid pid = dou_test_daemon_get_service_pid (fixture->servers[0], "org.doutok.Video");

  kill (pid, SIGSTOP);
  publish (fixture, 1, DOU_TEST_MEDIA_WEBM);
  while (count_taken (fixture, 1) == 0)
    g_usleep (1000);
  while (is_clean (fixture, 1) && count_taken (fixture, 1) > 0)
    g_usleep (1000);
  dou_test_daemon_kill (fixture->servers[1]);
  kill (pid, SIGCONT);
}

/* Test that of many videos that are published on two nodes every one is transcoded in the end, by one of
 * them, though one is killed meanwhile; that nothing is left of what it had begun; and that each node shows
 * what the other one was sent. */
static void
test_killed (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  guint n_videos = 0;
  guint n_begun = 0;
  guint n_attempts;
  g_autoptr (JsonArray) feed = NULL;

  for (; n_videos < N_VIDEOS; n_videos++)
    publish (fixture, n_videos % N_NODES, DOU_TEST_MEDIA_WEBM);
  while (!is_done (fixture, 0, n_videos) || count_entries (fixture) > 0)
    g_usleep (10000);

  /* It may have been quicker than the one who kills. */
  do
    {
      g_autoptr (JsonArray) newest = NULL;

      kill_at_work (fixture);
      n_videos++;
      while (!is_done (fixture, 0, n_videos) || count_entries (fixture) > 0)
        g_usleep (10000);
      dou_test_daemon_start (fixture->servers[1]);
      g_clear_pointer (&fixture->https[1], dou_test_http_free);
      fixture->https[1] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[1]), 1);
      newest = get_feed (fixture, 0);
      n_attempts = count_attempts (fixture, get_id (newest, 0));
    }
  while (n_attempts == 1 && n_videos < 2 * N_VIDEOS);
  g_assert_cmpuint (n_attempts, ==, 2);

  while (!is_done (fixture, 1, n_videos) || !is_clean (fixture, 0) || !is_clean (fixture, 1))
    g_usleep (10000);
  g_assert_cmpuint (count_objects (fixture), ==, 2 * n_videos);
  feed = get_feed (fixture, 1);
  for (guint i = 0; i < n_videos; i++)
    {
      g_autoptr (JsonArray) other = get_feed (fixture, 0);
      g_autoptr (GBytes) film = NULL;

      n_begun += count_attempts (fixture, get_id (feed, i));
      g_assert_cmpint (get_id (other, i), ==, get_id (feed, i));
      film = dou_test_http_fetch (fixture->https[i % N_NODES], "GET",
                                  get_url (i % N_NODES == 1 ? feed : other, i), NULL, 200,
                                  NULL);
      g_assert_cmpmem ((const char *) g_bytes_get_data (film, NULL) + 4, 4, "ftyp", 4);
    }
  /* Each once, and the one that was being worked on once more; also another one if a node was as good as dead
   * for some time. */
  g_test_message ("%u attempts at %u videos", n_begun, n_videos);
  g_assert_cmpuint (n_begun, >, n_videos);
}

/* Returns: what a command says to the operator of the node; @argument: (nullable) */
static char *
run (Fixture *fixture, guint node, const char *command, const char *verb, const char *argument)
{
  g_autofree char *program = dou_test_daemon_get_program ();
  const char *runtime_dir = dou_test_daemon_get_runtime_dir (fixture->servers[node]);
  const char *const argv[] = { program, command, "--config", dou_test_daemon_get_config (fixture->servers[node]),
                               "--runtime-dir", runtime_dir, verb, argument, NULL };
  const char *const with_verb[] = { program, command, verb, "--config",
                                    dou_test_daemon_get_config (fixture->servers[node]), "--runtime-dir",
                                    runtime_dir, argument, NULL };
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  process = g_subprocess_newv (verb != NULL ? with_verb : argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  return output;
}

/* Returns: what the node tells of the video */
static char *
show (Fixture *fixture, guint node, gint64 id)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, id);

  return run (fixture, node, "video", "show", text);
}

/* Test that a video that has ended three services that were at it is not tried once more by any, though
 * nobody has told the queue of it; that it stays as it came; and that each node says why. */
static void
test_given_up (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  g_autoptr (JsonArray) before = NULL;
  g_autoptr (JsonArray) after = NULL;
  g_autofree char *statement = NULL;
  guint n_objects;

  publish (fixture, 0, DOU_TEST_MEDIA_SILENT);
  before = get_feed (fixture, 0);
  n_objects = count_objects (fixture);
  statement = g_strdup_printf ("UPDATE videos SET transcode = 1, attempts = 3 WHERE id = %" G_GINT64_FORMAT,
                               get_id (before, 0));
  dou_test_engine_run (fixture->database, statement);

  for (guint node = 0; node < N_NODES; node++)
    while (TRUE)
      {
        g_autofree char *text = show (fixture, node, get_id (before, 0));

        if (strstr (text, "transcoding  given up after 3 attempts\n") != NULL)
          {
            g_assert_nonnull (strstr (text, "failed       each attempt ended with the service\n"));
            break;
          }
        g_assert_nonnull (strstr (text, "transcoding  to be done"));
        g_usleep (10000);
      }
  while (count_entries (fixture) > 0 || !is_clean (fixture, 0) || !is_clean (fixture, 1))
    g_usleep (10000);
  after = get_feed (fixture, 0);
  g_assert_cmpstr (get_url (after, 0), ==, get_url (before, 0));
  g_assert_cmpuint (count_objects (fixture), ==, n_objects);
}

/* How many were given up, as the node counts: its own, and what it reads when there may be others. */
static gboolean
counts_failed (Fixture *fixture, guint node, const char *expected)
{
  g_autofree char *status = run (fixture, node, "status", NULL, NULL);

  return strstr (status, "PendingTranscodes 0") != NULL
         && (*expected != '\0' ? strstr (status, expected) != NULL
                              : strstr (status, "FailedTranscodes") == NULL);
}

/* Test that what was given up before is counted, listed with the reason, and done when the operator of either node
 * has it tried again. */
static void
test_retry (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  g_autoptr (JsonArray) feed = get_feed (fixture, 0);
  gint64 id = get_id (feed, 0);
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  g_autofree char *listed = run (fixture, 1, "video", "list", "--failed");
  g_autofree char *said = NULL;

  g_assert_true (g_str_has_prefix (listed, text));
  g_assert_true (g_str_has_suffix (listed, " title: each attempt ended with the service\n"));
  g_assert_true (counts_failed (fixture, 0, "FailedTranscodes 1")
                 || counts_failed (fixture, 1, "FailedTranscodes 1"));
  close_node (fixture, 1);
  open_node (fixture, 1, TRUE);
  g_assert_true (counts_failed (fixture, 1, "FailedTranscodes 1"));

  said = run (fixture, 1, "video", "retry", text);
  g_assert_true (g_str_has_suffix (said, ": not given up\n"));
  while (TRUE)
    {
      g_autoptr (JsonArray) newest = get_feed (fixture, 0);

      g_assert_cmpint (get_id (newest, 0), ==, id);
      if (g_str_has_suffix (get_url (newest, 0), "-1.mp4"))
        break;
      g_usleep (10000);
    }
  while (!counts_failed (fixture, 1, ""))
    g_usleep (10000);
  g_assert_cmpuint (count_attempts (fixture, id), ==, 1);
}

/* Test that a video that was not transcoded yet when its node moved to the object store is not given up by the others,
 * which cannot read it, though they try; and that its node does it, and has it in the object store then. */
static void
test_moved (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  g_autoptr (JsonArray) feed = NULL;
  g_autofree char *statement = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *url = NULL;
  g_autoptr (GBytes) film = NULL;
  guint n_objects = count_objects (fixture);
  gint64 id;

  close_node (fixture, 0);
  open_node (fixture, 0, FALSE);
  publish (fixture, 0, DOU_TEST_MEDIA_SILENT);
  feed = get_feed (fixture, 0);
  id = get_id (feed, 0);
  close_node (fixture, 0);
  g_assert_cmpuint (count_objects (fixture), ==, n_objects);
  statement = g_strdup_printf ("UPDATE videos SET transcode = 1 WHERE id = %" G_GINT64_FORMAT, id);
  dou_test_engine_run (fixture->database, statement);

  do
    {
      g_clear_pointer (&shown, g_free);
      g_usleep (10000);
      shown = show (fixture, 1, id);
    }
  while (strstr (shown, "failed       The object store, GET ") == NULL);
  g_assert_nonnull (strstr (shown, "to be done, begun 0 times\n"));

  open_node (fixture, 0, TRUE);
  while (TRUE)
    {
      g_autoptr (JsonArray) newest = get_feed (fixture, 1);

      g_assert_cmpint (get_id (newest, 0), ==, id);
      if (g_str_has_suffix (get_url (newest, 0), "-1.mp4"))
        {
          url = g_strdup (get_url (newest, 0));
          break;
        }
      g_usleep (10000);
    }
  film = dou_test_http_fetch (fixture->https[1], "GET", url, NULL, 200, NULL);
  g_assert_cmpmem ((const char *) g_bytes_get_data (film, NULL) + 4, 4, "ftyp", 4);
  g_assert_cmpuint (count_objects (fixture), ==, n_objects + 1);
}

/* Test that without an object store a video that is deleted on one node goes from the disk of the other. */
static void
test_local (gconstpointer data)
{
  Fixture *fixture = (Fixture *) data;
  g_autoptr (JsonArray) feed = NULL;
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *id = NULL;
  g_autofree char *file = NULL;
  const char *name;

  for (guint i = 0; i < N_NODES; i++)
    {
      close_node (fixture, i);
      open_node (fixture, i, FALSE);
    }
  publish (fixture, 0, DOU_TEST_MEDIA_H264);
  feed = get_feed (fixture, 0);
  name = strstr (get_url (feed, 0), "/media/");
  g_assert_nonnull (name);
  file = g_build_filename (dou_test_daemon_get_state_dir (fixture->servers[0]), name, NULL);
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));

  id = g_strdup_printf ("%" G_GINT64_FORMAT, get_id (feed, 0));
  answer = dou_test_http_call (fixture->https[1], "POST", "/douyin/publish/delete/", "token", fixture->token,
                               "video_id", id, "action_type", "1", NULL);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  while (g_file_test (file, G_FILE_TEST_EXISTS))
    g_usleep (10000);
}

int
main (int argc, char **argv)
{
  Fixture fixture = { NULL };
  int status;

  g_test_init (&argc, &argv, NULL);

  /* A node that is killed may be missed with a warning. */
  g_setenv ("G_DEBUG", "fatal-criticals", TRUE);
  set_up (&fixture);

#define ADD(name, func) g_test_add_data_func ("/integration/transcodes/" name, &fixture, func)
  ADD ("killed", test_killed);
  ADD ("given-up", test_given_up);
  ADD ("retry", test_retry);
  ADD ("moved", test_moved);
  ADD ("local", test_local);
#undef ADD

  status = g_test_run ();
  tear_down (&fixture);
  return status;
}
