/* SPDX-License-Identifier: Apache-2.0 */

/* Videos that are deleted by their authors, as everybody sees it: in every list, counter and file, also
 * when the services are killed in the middle of it. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include <glib/gstdio.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"

/* Until objects are gone that the deletion has not waited for. */
#define OBJECTS_TIMEOUT (60 * G_TIME_SPAN_SECOND)
/* Videos of which each is deleted while a service is killed; with --long, twice as many. */
#define N_VIDEOS 6
#define N_VIDEOS_LONG 12
/* Times that a request which was told to try again is repeated. */
#define MAX_REPEATS 50

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *author;          /* (owned) token */
  char *fan;             /* (owned) token */
  gint64 author_id;
} Fixture;

static char *
register_user (Fixture *fixture, const char *name, gint64 *id)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  if (id != NULL)
    *id = json_object_get_int_member (answer, "user_id");
  return g_strdup (json_object_get_string_member (answer, "token"));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 2);
  fixture->author = register_user (fixture, "author", &fixture->author_id);
  fixture->fan = register_user (fixture, "fan", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->author);
  g_free (fixture->fan);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static void
restart (Fixture *fixture)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_stop (fixture->server);
  dou_test_daemon_start (fixture->server);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 2);
}

/* Whatever its status is. */
static gint64
act (Fixture *fixture, const char *token, const char *path, gint64 video)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, video);
  g_autofree char *url
      = dou_test_http_build_url (dou_test_daemon_get_url (fixture->server), path, "token", token,
                                 "video_id", id, "action_type", "1", "comment_text", "text", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = soup_session_send_and_read (dou_test_http_get_session (fixture->http),
                                                        message, NULL, &error);
  g_autoptr (JsonObject) answer = NULL;

  g_assert_no_error (error);
  answer = dou_test_http_parse (body);
  return dou_test_http_get_status (answer);
}

static gint64
delete_video (Fixture *fixture, const char *token, gint64 video)
{
  return act (fixture, token, "/douyin/publish/delete/", video);
}

/* Publishes a video that a fan likes and comments on; returns its answer in the feed. */
static JsonObject *
publish (Fixture *fixture, DouTestMedia media)
{
  g_autoptr (GBytes) file = dou_test_media_make (media);
  g_autoptr (JsonObject) answer
      = dou_test_http_publish (fixture->http, fixture->author, "title", file);
  g_autoptr (JsonObject) feed = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  JsonObject *video = json_array_get_object_element (
      json_object_get_array_member (feed, "video_list"), 0);
  gint64 id = json_object_get_int_member (video, "id");

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  g_assert_cmpint (act (fixture, fixture->fan, "/douyin/favorite/action/", id), ==, 0);
  g_assert_cmpint (act (fixture, fixture->fan, "/douyin/comment/action/", id), ==, 0);
  return json_object_ref (video);
}

static void
assert_list (Fixture *fixture, const char *path, const char *token, guint expected)
{
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "GET", path, "token", token, NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (answer, "video_list")), ==,
                    expected);
}

static void
assert_count (Fixture *fixture, const char *token, const char *name, gint64 expected)
{
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "GET", "/douyin/user/", "token", token, NULL);

  g_assert_cmpint (
      json_object_get_int_member (json_object_get_object_member (answer, "user"), name), ==,
      expected);
}

/* Files are gone when the deletion is answered; nobody waits for long for an object store, which goes on. */
static void
assert_n_files (Fixture *fixture, guint expected)
{
  gint64 deadline = g_get_monotonic_time () + OBJECTS_TIMEOUT;
  g_autoptr (GPtrArray) media = dou_test_daemon_list_media (fixture->server);

  while (g_getenv ("DOUTOK_TEST_SURROUNDINGS") != NULL && media->len > expected
         && g_get_monotonic_time () < deadline)
    {
      g_usleep (10000);
      g_ptr_array_unref (media);
      media = dou_test_daemon_list_media (fixture->server);
    }
  g_assert_cmpuint (media->len, ==, expected);
}

/* What is left when @n_videos are, each with one like and one comment of the fan. */
static void
assert_left (Fixture *fixture, guint n_videos)
{
  assert_list (fixture, "/douyin/feed/", fixture->fan, n_videos);
  assert_list (fixture, "/douyin/publish/list/", fixture->author, n_videos);
  assert_list (fixture, "/douyin/favorite/list/", fixture->fan, n_videos);
  assert_count (fixture, fixture->author, "work_count", n_videos);
  assert_count (fixture, fixture->author, "total_favorited", n_videos);
  assert_count (fixture, fixture->fan, "favorite_count", n_videos);
  assert_n_files (fixture, 2 * n_videos);
}

static void
assert_gone (Fixture *fixture, JsonObject *video)
{
  gint64 id = json_object_get_int_member (video, "id");
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  g_autoptr (JsonObject) comments = dou_test_http_call (
      fixture->http, "GET", "/douyin/comment/list/", "video_id", text, NULL);

  g_assert_cmpint (dou_test_http_get_status (comments), ==, 10010);
  g_assert_cmpint (act (fixture, fixture->fan, "/douyin/favorite/action/", id), ==, 10010);
  g_assert_cmpint (act (fixture, fixture->fan, "/douyin/comment/action/", id), ==, 10010);
}

/* Links begin with the address of the server, which is another one after a restart. */
static void
assert_media (Fixture *fixture, const char *link, guint expected)
{
  g_autofree char *url
      = g_strconcat (dou_test_daemon_get_url (fixture->server), strstr (link, "/media/"), NULL);

  g_bytes_unref (dou_test_http_fetch (fixture->http, "GET", url, NULL, expected, NULL));
}

static gint64
recount (Fixture *fixture, const char *domain)
{
  g_autoptr (GDBusConnection) connection = dou_test_daemon_connect_bus (fixture->server);
  g_autofree char *name = g_strconcat ("org.doutok.", domain, NULL);
  g_autofree char *path = g_strconcat ("/org/doutok/", domain, NULL);
  g_autofree char *interface = g_strconcat (name, "1", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_sync (connection, name, path, interface, "Recount", NULL,
                                     G_VARIANT_TYPE ("(x)"), G_DBUS_CALL_FLAGS_NONE, 30000, NULL,
                                     &error);
  gint64 n_wrong;

  g_assert_no_error (error);
  g_variant_get (reply, "(x)", &n_wrong);
  g_dbus_connection_close_sync (connection, NULL, NULL);
  return n_wrong;
}

/* Test that only the author deletes a video, and that it is gone everywhere then, and stays so after a
 * restart, while another one is left alone. */
static void
test_everywhere (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) first = publish (fixture, DOU_TEST_MEDIA_SILENT);
  g_autoptr (JsonObject) second = publish (fixture, DOU_TEST_MEDIA_SILENT);
  gint64 id = json_object_get_int_member (first, "id");
  const char *play = json_object_get_string_member (first, "play_url");
  const char *cover = json_object_get_string_member (first, "cover_url");

  assert_media (fixture, play, 200);
  assert_media (fixture, cover, 200);
  g_assert_cmpint (delete_video (fixture, fixture->fan, id), ==, 10011);
  g_assert_cmpint (delete_video (fixture, "", id), ==, 10004);
  g_assert_cmpint (delete_video (fixture, fixture->author, 12345), ==, 10010);
  g_assert_cmpint (delete_video (fixture, fixture->author, 0), ==, 10002);
  assert_left (fixture, 2);

  g_assert_cmpint (delete_video (fixture, fixture->author, id), ==, 0);
  for (guint i = 0; i < 2; i++)
    {
      assert_gone (fixture, first);
      assert_media (fixture, play, 404);
      assert_media (fixture, cover, 404);
      assert_media (fixture, json_object_get_string_member (second, "play_url"), 200);
      assert_left (fixture, 1);
      g_assert_cmpint (delete_video (fixture, fixture->author, id), ==, 0);
      g_assert_cmpint (delete_video (fixture, fixture->fan, id), ==, 10010);
      restart (fixture);
    }

  g_assert_cmpint (recount (fixture, "Video"), ==, 0);
  g_assert_cmpint (recount (fixture, "Social"), ==, 0);
}

static void
kill_service (Fixture *fixture, const char *name)
{
  GPid pid = dou_test_daemon_get_service_pid (fixture->server, name);

  if (pid > 0)
    kill (pid, SIGKILL);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GBytes) body
      = soup_session_send_and_read_finish (SOUP_SESSION (source), result, NULL);

  if (body != NULL)
    *(JsonObject **) user_data = dou_test_http_parse (body);
}

/* Sends a deletion, and kills a service some time later: @delay is in milliseconds. */
static void
delete_and_kill (Fixture *fixture, gint64 video, const char *service, guint delay)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, video);
  g_autofree char *url = dou_test_http_build_url (dou_test_daemon_get_url (fixture->server),
                                                  "/douyin/publish/delete/", "token",
                                                  fixture->author, "video_id", id, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (JsonObject) answer = NULL;
  gint64 until = g_get_monotonic_time () + delay * G_TIME_SPAN_MILLISECOND;

  soup_session_send_and_read_async (dou_test_http_get_session (fixture->http), message,
                                    G_PRIORITY_DEFAULT, NULL, answered_cb, &answer);
  while (g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, FALSE);
  kill_service (fixture, service);
  while (answer == NULL)
    g_main_context_iteration (NULL, TRUE);

  if (dou_test_http_get_status (answer) == 0)
    return;

  /* It was told to try again, and does so. */
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 10015);
  for (guint i = 0; delete_video (fixture, fixture->author, video) != 0; i++)
    g_assert_cmpuint (i, <, MAX_REPEATS);
}

/* Test that nothing is left when a service is killed in the middle of deletions: at once, or up to twelve
 * milliseconds later. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  guint n_videos = g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0 ? N_VIDEOS_LONG : N_VIDEOS;
  gint64 ids[N_VIDEOS_LONG];

  for (guint i = 0; i < n_videos; i++)
    {
      g_autoptr (JsonObject) video = publish (fixture, DOU_TEST_MEDIA_SILENT);

      ids[i] = json_object_get_int_member (video, "id");
    }

  for (guint i = 0; i < n_videos; i++)
    {
      delete_and_kill (fixture, ids[i], data, i * N_VIDEOS_LONG / n_videos);
      assert_left (fixture, n_videos - 1 - i);
    }

  restart (fixture);
  assert_left (fixture, 0);
  g_assert_cmpint (recount (fixture, "Video"), ==, 0);
  g_assert_cmpint (recount (fixture, "Social"), ==, 0);
}

/* Test that a video is gone when it is deleted while it is being transcoded, and stays so. */
static void
test_transcoding (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) video = publish (fixture, DOU_TEST_MEDIA_WEBM);

  g_assert_cmpint (
      delete_video (fixture, fixture->author, json_object_get_int_member (video, "id")), ==, 0);
  assert_media (fixture, json_object_get_string_member (video, "play_url"), 404);
  assert_left (fixture, 0);
  restart (fixture);
  assert_left (fixture, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/deletion/everywhere", Fixture, NULL, set_up, test_everywhere, tear_down);
  g_test_add ("/integration/deletion/video-killed", Fixture, "org.doutok.Video", set_up,
              test_killed, tear_down);
  g_test_add ("/integration/deletion/social-killed", Fixture, "org.doutok.Social", set_up,
              test_killed, tear_down);
  g_test_add ("/integration/deletion/transcoding", Fixture, NULL, set_up, test_transcoding,
              tear_down);

  return g_test_run ();
}
