/* SPDX-License-Identifier: Apache-2.0 */

/* The real programs with their files in a real object store, from publishing to watching to deleting:
 * clients that are sent there, and clients that get everything passed on. */

#include "config.h"

#include <string.h>

#include "common/dou-status.h"
#include "lib/dou-test-daemon.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-object-store.h"

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *bucket;          /* (owned) */
  char *token;           /* (owned) */
} Fixture;

/* Shared, since it takes seconds to start; each test has a bucket of its own. */
static DouTestObjectStore *objects;
static guint n_buckets;

/* @data: how clients get what is there */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *config = NULL;

  fixture->bucket = g_strdup_printf ("bucket-%u", n_buckets++);
  dou_test_object_store_make_bucket (objects, fixture->bucket);
  config = g_strdup_printf ("[media]\nstore=s3\ns3-endpoint=http://%s\ns3-bucket=%s\n"
                            "s3-access-key=%s\ns3-secret-key=%s\ns3-redirect=%s\n",
                            objects->host, fixture->bucket, DOU_TEST_ACCESS_KEY,
                            DOU_TEST_SECRET_KEY, (const char *) data);
  fixture->server = dou_test_daemon_new (config);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  answer = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username", "alice",
                               "password", "p", NULL);
  fixture->token = g_strdup (json_object_get_string_member (answer, "token"));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
  g_free (fixture->bucket);
  g_free (fixture->token);
}

static JsonObject *
get_newest (Fixture *fixture)
{
  g_autoptr (JsonObject) feed = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  JsonArray *videos = json_object_get_array_member (feed, "video_list");

  return json_array_get_length (videos) > 0
             ? json_object_ref (json_array_get_object_element (videos, 0))
             : NULL;
}

static JsonObject *
publish (Fixture *fixture)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (JsonObject) answer
      = dou_test_http_publish (fixture->http, fixture->token, "title", file);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return get_newest (fixture);
}

static void
assert_no_objects (Fixture *fixture)
{
  g_autofree char *list = dou_test_object_store_list (objects, fixture->bucket, NULL);

  g_assert_null (strstr (list, "<Key>"));
}

/* Gets what is at @url, or where that leads to. */
static GBytes *
watch (const char *url, const char *range, guint expected, SoupMessage **message)
{
  g_autoptr (SoupSession) stranger = soup_session_new ();
  g_autoptr (GError) error = NULL;
  GBytes *body;

  *message = soup_message_new ("GET", url);
  if (range != NULL)
    soup_message_headers_append (soup_message_get_request_headers (*message), "Range", range);
  body = soup_session_send_and_read (stranger, *message, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (*message), ==, expected);
  return body;
}

static gboolean
is_from_store (SoupMessage *message)
{
  g_autofree char *url = g_uri_to_string (soup_message_get_uri (message));

  return strstr (url, objects->host) != NULL;
}

static void
delete_video (Fixture *fixture, gint64 id)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "POST", "/douyin/publish/delete/", "token",
                            fixture->token, "video_id", text, "action_type", "1", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
}

/* Runs `doutok` with the server's configuration. */
static void
run_command (Fixture *fixture, const char *command, const char *argument)
{
  g_autofree char *program = dou_test_daemon_get_program ();
  const char *state_dir = dou_test_daemon_get_state_dir (fixture->server);
  g_autofree char *parent = g_path_get_dirname (state_dir);
  g_autofree char *config = g_build_filename (parent, "doutok.conf", NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, program, command, "--config",
                              config, "--state-dir", state_dir, argument, NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

/* Test that a file in the store is not missed by those who look for files here. */
static void
test_verify (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) video = publish (fixture);
  const char *state_dir = dou_test_daemon_get_state_dir (fixture->server);
  g_autofree char *parent = g_path_get_dirname (state_dir);
  g_autofree char *backup = g_build_filename (parent, "backup", NULL);
  g_autofree char *program = dou_test_daemon_get_program ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  run_command (fixture, "verify", NULL);
  run_command (fixture, "backup", backup);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, program, "verify", backup,
                              NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

/* Returns: what a metric says, of the whole server */
static double
get_metric (Fixture *fixture, const char *name)
{
  g_autofree char *url = g_strconcat (dou_test_daemon_get_url (fixture->server), "/metrics", NULL);
  g_autoptr (GBytes) body = dou_test_http_fetch (fixture->http, "GET", url, NULL, 200, NULL);
  g_autofree char *text = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  g_autofree char *line = g_strconcat ("\n", name, " ", NULL);
  const char *found = strstr (text, line);

  if (found == NULL)
    g_error ("%s is not in:\n%s", name, text);
  return g_ascii_strtod (found + strlen (line), NULL);
}

#define REQUESTS(kind, outcome) "doutok_object_requests_total{kind=\"" kind "\",outcome=\"" outcome "\"}"

/* Test that what goes to the store and comes from there is counted, each request once, and so are bytes. */
static void
test_metrics (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) video = publish (fixture);
  double n_put = get_metric (fixture, REQUESTS ("put", "success"));
  double sent = get_metric (fixture, "doutok_object_bytes_total{direction=\"sent\"}");
  double received = get_metric (fixture, "doutok_object_bytes_total{direction=\"received\"}");
  g_autoptr (SoupMessage) play = NULL;
  g_autoptr (SoupMessage) gone = NULL;
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (GBytes) film = watch (json_object_get_string_member (video, "play_url"), NULL, SOUP_STATUS_OK,
                                   &play);

  /* The film and its cover. */
  g_assert_cmpfloat (n_put, ==, 2);
  g_assert_cmpfloat (get_metric (fixture, "doutok_object_request_duration_seconds_count{kind=\"put\"}"), ==, 2);
  g_assert_cmpfloat (sent, >, (double) g_bytes_get_size (film));
  g_assert_cmpfloat (sent, <, 2.0 * (double) g_bytes_get_size (film));
  while (get_metric (fixture, "doutok_object_bytes_total{direction=\"received\"}")
         < received + (double) g_bytes_get_size (film))
    g_usleep (1000);
  g_assert_cmpfloat (get_metric (fixture, REQUESTS ("get", "success")), >, 0);

  delete_video (fixture, json_object_get_int_member (video, "id"));
  g_assert_cmpfloat (get_metric (fixture, REQUESTS ("delete", "success")), >=, 2);
  nothing = watch (json_object_get_string_member (video, "play_url"), NULL, SOUP_STATUS_NOT_FOUND, &gone);
  g_assert_cmpfloat (get_metric (fixture, REQUESTS ("put", "failure")), ==, 0);
  g_assert_cmpfloat (get_metric (fixture, REQUESTS ("put", "success")), ==, n_put);
}

/* Test that what is published is watched, in whole and in part, its cover seen, and all of it gone from the
 * store when it is deleted. */
static void
test_watch (Fixture *fixture, gconstpointer data)
{
  gboolean is_signed = g_str_equal (data, "signed");
  g_autoptr (JsonObject) video = publish (fixture);
  const char *url = json_object_get_string_member (video, "play_url");
  g_autoptr (SoupMessage) play = NULL;
  g_autoptr (SoupMessage) part = NULL;
  g_autoptr (SoupMessage) cover = NULL;
  g_autoptr (SoupMessage) gone = NULL;
  g_autoptr (GBytes) film = watch (url, NULL, SOUP_STATUS_OK, &play);
  g_autoptr (GBytes) piece = watch (url, "bytes=4-7", SOUP_STATUS_PARTIAL_CONTENT, &part);
  g_autoptr (GBytes) picture = watch (json_object_get_string_member (video, "cover_url"), NULL,
                                      SOUP_STATUS_OK, &cover);
  g_autoptr (GBytes) nothing = NULL;

  g_assert_true (is_from_store (play) == is_signed);
  g_assert_cmpuint (g_bytes_get_size (film), >, 1000);
  g_assert_cmpmem (g_bytes_get_data (piece, NULL), g_bytes_get_size (piece), "ftyp", 4);
  g_assert_cmpmem ((const char *) g_bytes_get_data (film, NULL) + 4, 4, "ftyp", 4);
  g_assert_cmpstr (soup_message_headers_get_content_type (
                       soup_message_get_response_headers (play), NULL),
                   ==, "video/mp4");
  g_assert_cmpmem (g_bytes_get_data (picture, NULL), 2, "\xff\xd8", 2);

  delete_video (fixture, json_object_get_int_member (video, "id"));
  assert_no_objects (fixture);
  nothing = watch (url, NULL, SOUP_STATUS_NOT_FOUND, &gone);
}

/* The answer to the user, who wants everything. */
static GBytes *
export_user (Fixture *fixture, guint expected)
{
  g_autofree char *url
      = g_strconcat (dou_test_daemon_get_url (fixture->server), "/douyin/user/export/", NULL);
  g_autofree char *form
      = soup_form_encode ("token", fixture->token, "password", "p", NULL);
  g_autoptr (SoupMessage) message
      = soup_message_new_from_encoded_form ("POST", url, g_steal_pointer (&form));
  g_autoptr (GError) error = NULL;
  GBytes *body
      = soup_session_send_and_read (dou_test_http_get_session (fixture->http), message, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, expected);
  return body;
}

/* Files are in an archive as they are. */
static void
assert_within (GBytes *archive, GBytes *file)
{
  g_assert_nonnull (memmem (g_bytes_get_data (archive, NULL), g_bytes_get_size (archive),
                            g_bytes_get_data (file, NULL), g_bytes_get_size (file)));
}

/* Test that what a user takes along has the files that are in the store, whoever asks for it. */
static void
test_export (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) video = publish (fixture);
  g_autoptr (SoupMessage) play = NULL;
  g_autoptr (SoupMessage) cover = NULL;
  g_autoptr (GBytes) film = watch (json_object_get_string_member (video, "play_url"), NULL,
                                   SOUP_STATUS_OK, &play);
  g_autoptr (GBytes) picture = watch (json_object_get_string_member (video, "cover_url"), NULL,
                                      SOUP_STATUS_OK, &cover);
  g_autoptr (GBytes) answer = export_user (fixture, SOUP_STATUS_OK);
  g_autofree char *path
      = g_build_filename (dou_test_daemon_get_runtime_dir (fixture->server), "alice.zip", NULL);
  g_autofree char *program = dou_test_daemon_get_program ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GBytes) archive = NULL;
  g_autoptr (GError) error = NULL;

  assert_within (answer, film);
  assert_within (answer, picture);
  process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, program, "user", "export", "alice", path,
      "--runtime-dir", dou_test_daemon_get_runtime_dir (fixture->server), NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
  file = g_mapped_file_new (path, FALSE, NULL);
  archive = g_mapped_file_get_bytes (file);
  assert_within (archive, film);
  assert_within (archive, picture);
}

/* Test that nothing is published while the store is away, that this is said, and that what is there of a
 * video that was published before is asked for in vain; the last test, since it ends the store. */
static void
test_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (JsonObject) video = publish (fixture);
  g_autofree char *before
      = g_strdup (json_object_get_string_member (video, "play_url"));
  g_autoptr (SoupMessage) upload = dou_test_http_make_upload (
      dou_test_daemon_get_url (fixture->server), fixture->token, "another", file);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (JsonObject) newest = NULL;
  g_autoptr (SoupMessage) play = NULL;
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (GBytes) archive = NULL;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&objects, dou_test_object_store_free);
  body = soup_session_send_and_read (dou_test_http_get_session (fixture->http), upload, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (upload), ==, SOUP_STATUS_SERVICE_UNAVAILABLE);
  answer = dou_test_http_parse (body);
  g_assert_cmpint (dou_test_http_get_status (answer), ==,
                   dou_status_get_info (DOU_STATUS_UNAVAILABLE)->status_code);

  archive = export_user (fixture, SOUP_STATUS_SERVICE_UNAVAILABLE);
  newest = get_newest (fixture);
  g_assert_cmpstr (json_object_get_string_member (newest, "play_url"), ==, before);
  nothing = watch (before, NULL, SOUP_STATUS_SERVICE_UNAVAILABLE, &play);
  g_assert_cmpfloat (get_metric (fixture, REQUESTS ("put", "failure")), >, 0);
  g_assert_cmpfloat (get_metric (fixture, "doutok_object_retries_total{kind=\"put\"}"), >,
                     get_metric (fixture, REQUESTS ("put", "failure")));
}

/* Test that the page may show what is in the store, if and only if clients are sent there. */
static void
test_policy (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url
      = g_strconcat (dou_test_daemon_get_url (fixture->server), "/", NULL);
  g_autoptr (SoupMessage) page = NULL;
  g_autoptr (GBytes) body = watch (url, NULL, SOUP_STATUS_OK, &page);
  const char *policy = soup_message_headers_get_one (soup_message_get_response_headers (page),
                                                     "Content-Security-Policy");
  const char *space = g_str_equal (data, "signed") ? " http://" : "";
  const char *host = g_str_equal (data, "signed") ? objects->host : "";
  g_autofree char *expected
      = g_strdup_printf ("img-src 'self' blob:%s%s; media-src 'self' blob:%s%s;", space, host, space,
                         host);

  g_assert_nonnull (strstr (policy, expected));
}

int
main (int argc, char **argv)
{
  int status;

  /* That the store is away is a warning. */
  g_setenv ("G_DEBUG", "fatal-criticals", TRUE);
  g_test_init (&argc, &argv, NULL);
  objects = dou_test_object_store_new ();

  g_test_add ("/integration/objects/signed/watch", Fixture, "signed", set_up, test_watch, tear_down);
  g_test_add ("/integration/objects/signed/policy", Fixture, "signed", set_up, test_policy,
              tear_down);
  /* A database on a server is verified and backed up by tools of the server. */
  if (!dou_test_engine_is_server ())
    g_test_add ("/integration/objects/signed/verify", Fixture, "signed", set_up, test_verify, tear_down);
  g_test_add ("/integration/objects/signed/export", Fixture, "signed", set_up, test_export,
              tear_down);
  g_test_add ("/integration/objects/proxy/watch", Fixture, "proxy", set_up, test_watch, tear_down);
  g_test_add ("/integration/objects/proxy/metrics", Fixture, "proxy", set_up, test_metrics, tear_down);
  g_test_add ("/integration/objects/proxy/policy", Fixture, "proxy", set_up, test_policy, tear_down);
  g_test_add ("/integration/objects-down/proxy", Fixture, "proxy", set_up, test_down, tear_down);

  status = g_test_run ();
  g_clear_pointer (&objects, dou_test_object_store_free);

  return status;
}
