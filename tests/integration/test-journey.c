/* SPDX-License-Identifier: Apache-2.0 */

/* What a user does, with the real programs: register, log in, publish, watch; and what must not work. */

#include "config.h"

#include <string.h>

#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-daemon.h"

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new (data);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 4);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

#define call(fixture, ...) dou_test_http_call ((fixture)->http, __VA_ARGS__, NULL)

static void
assert_status (JsonObject *answer, gint64 status)
{
  g_assert_cmpint (dou_test_http_get_status (answer), ==, status);
}

/* Registers, and returns the token. */
static char *
register_user (Fixture *fixture, const char *name, gint64 *id)
{
  g_autoptr (JsonObject) answer
      = call (fixture, "POST", "/douyin/user/register/", "username", name, "password", "p4ssw0rd");

  assert_status (answer, 0);
  if (id != NULL)
    *id = json_object_get_int_member (answer, "user_id");
  return g_strdup (json_object_get_string_member (answer, "token"));
}

static gint64
publish (Fixture *fixture, const char *token, const char *title, GBytes *file)
{
  g_autoptr (JsonObject) answer = dou_test_http_publish (fixture->http, token, title, file);

  return dou_test_http_get_status (answer);
}

static JsonArray *
get_videos (JsonObject *answer)
{
  assert_status (answer, 0);
  return json_object_get_array_member (answer, "video_list");
}

static void
assert_refused_login (JsonObject *answer, gint64 status)
{
  assert_status (answer, status);
  g_assert_cmpint (json_object_get_int_member (answer, "user_id"), ==, 0);
  g_assert_cmpstr (json_object_get_string_member (answer, "token"), ==, "");
}

/* Test that a name is taken once, whatever its case, and that bad names and passwords are refused with
 * both fields present. */
static void
test_accounts (Fixture *fixture, gconstpointer data)
{
  const char *bad[][2] = {
    { "", "p" },
    { "bob", "" },
    { "line\nbreak", "p" },
    { "123456789012345678901234567890123", "p" },
    { "bob", "123456789012345678901234567890123" },
  };
  g_autofree char *token = register_user (fixture, "Ålice", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonObject) answer = call (fixture, "POST", "/douyin/user/register", "username",
                                            bad[i][0], "password", bad[i][1]);

      assert_refused_login (answer, 10002);
    }

  for (const char *const *name = (const char *const[]){ "Ålice", "ÅLICE", " ålice ", NULL };
       *name != NULL; name++)
    {
      g_autoptr (JsonObject) answer = call (fixture, "POST", "/douyin/user/register/", "username",
                                            *name, "password", "another");

      assert_refused_login (answer, 10003);
    }
}

/* Test that an unknown name and a wrong password read the same, and the right one lets in. */
static void
test_login (Fixture *fixture, gconstpointer data)
{
  gint64 id;
  g_autofree char *token = register_user (fixture, "alice", &id);
  g_autoptr (JsonObject) wrong = call (fixture, "POST", "/douyin/user/login/", "username", "alice",
                                       "password", "wrong");
  g_autoptr (JsonObject) unknown = call (fixture, "POST", "/douyin/user/login/", "username", "nobody",
                                         "password", "p4ssw0rd");
  g_autoptr (JsonObject) right = call (fixture, "POST", "/douyin/user/login/", "username", "alice",
                                       "password", "p4ssw0rd");

  assert_refused_login (wrong, 10004);
  assert_refused_login (unknown, 10004);
  g_assert_cmpstr (json_object_get_string_member (wrong, "status_msg"), ==,
                   json_object_get_string_member (unknown, "status_msg"));
  assert_status (right, 0);
  g_assert_cmpint (json_object_get_int_member (right, "user_id"), ==, id);
  g_assert_cmpstr (json_object_get_string_member (right, "token"), !=, "");
}

static void
assert_user (JsonObject *user, gint64 id, const char *name, gint64 work_count)
{
  const char *const numbers[]
      = { "follow_count", "follower_count", "total_favorited", "favorite_count", NULL };

  g_assert_cmpint (json_object_get_int_member (user, "id"), ==, id);
  g_assert_cmpstr (json_object_get_string_member (user, "name"), ==, name);
  g_assert_cmpint (json_object_get_int_member (user, "work_count"), ==, work_count);
  for (const char *const *number = numbers; *number != NULL; number++)
    g_assert_cmpint (json_object_get_int_member (user, *number), ==, 0);
  g_assert_true (json_object_has_member (user, "is_follow"));
  g_assert_true (json_object_has_member (user, "signature"));
  g_assert_true (g_str_has_prefix (json_object_get_string_member (user, "avatar"), "http://"));
  g_assert_true (
      g_str_has_prefix (json_object_get_string_member (user, "background_image"), "http://"));
}

/* Test who a user is: by id, by token, by both, and by an id in exponent form; and that the pictures of
 * one who chose none are there. */
static void
test_user (Fixture *fixture, gconstpointer data)
{
  gint64 id;
  g_autofree char *token = register_user (fixture, "alice", &id);
  g_autofree char *id_text = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  g_autofree char *exponent
      = g_strdup_printf ("%c.%se+%zu", id_text[0], id_text + 1, strlen (id_text) - 1);
  g_autofree char *forged = g_strconcat (token, "x", NULL);
  g_autoptr (JsonObject) by_id = call (fixture, "GET", "/douyin/user/", "user_id", id_text);
  g_autoptr (JsonObject) by_token = call (fixture, "GET", "/douyin/user", "token", token);
  g_autoptr (JsonObject) by_exponent = call (fixture, "GET", "//douyin//user//", "user_id", exponent);
  g_autoptr (JsonObject) neither = call (fixture, "GET", "/douyin/user/", "token", "null");
  g_autoptr (JsonObject) bad_token
      = call (fixture, "GET", "/douyin/user/", "user_id", id_text, "token", forged);
  g_autoptr (JsonObject) bad_id = call (fixture, "GET", "/douyin/user/", "user_id", "1.5");
  g_autoptr (JsonObject) unknown = call (fixture, "GET", "/douyin/user/", "user_id", "12345");
  JsonObject *user;

  assert_status (by_id, 0);
  user = json_object_get_object_member (by_id, "user");
  assert_user (user, id, "alice", 0);
  g_assert_false (json_object_get_boolean_member (user, "is_follow"));
  assert_user (json_object_get_object_member (by_token, "user"), id, "alice", 0);
  assert_user (json_object_get_object_member (by_exponent, "user"), id, "alice", 0);
  assert_status (neither, 10004);
  assert_status (bad_token, 10004);
  assert_status (bad_id, 10002);
  assert_status (unknown, 10010);

  for (const char *const *name = (const char *const[]){ "avatar", "background_image", NULL };
       *name != NULL; name++)
    {
      g_autoptr (SoupMessageHeaders) headers = NULL;
      g_autoptr (GBytes) picture
          = dou_test_http_fetch (fixture->http, "GET", json_object_get_string_member (user, *name),
                                 NULL, 200, &headers);

      g_assert_cmpstr (soup_message_headers_get_one (headers, "Content-Type"), ==, "image/png");
      g_assert_cmpmem (g_bytes_get_data (picture, NULL), 4, "\x89PNG", 4);
    }
}

/* Fetches a video and its cover, whole and in parts, and asserts that all of it agrees. */
static void
assert_plays (Fixture *fixture, JsonObject *video, const char *content_type)
{
  const char *play_url = json_object_get_string_member (video, "play_url");
  g_autoptr (SoupMessageHeaders) headers = NULL;
  g_autoptr (SoupMessageHeaders) cover_headers = NULL;
  g_autoptr (GBytes) whole
      = dou_test_http_fetch (fixture->http, "GET", play_url, NULL, 200, &headers);
  g_autoptr (GBytes) cover = dou_test_http_fetch (
      fixture->http, "GET", json_object_get_string_member (video, "cover_url"), NULL, 200,
      &cover_headers);
  const guint8 *bytes = g_bytes_get_data (whole, NULL);
  gsize size = g_bytes_get_size (whole);
  g_autofree char *beyond = g_strdup_printf ("bytes=%zu-", size);
  const struct
  {
    const char *range;
    gsize first;
    gsize length;
  } ranges[] = {
    { "bytes=0-0", 0, 1 },
    { "bytes=100-299", 100, 200 },
    { "bytes=-50", size - 50, 50 },
    { "bytes=1000-", 1000, size - 1000 },
    { "bytes=0-999999999", 0, size },
  };

  g_assert_cmpstr (soup_message_headers_get_one (headers, "Content-Type"), ==, content_type);
  g_assert_cmpstr (soup_message_headers_get_one (headers, "Accept-Ranges"), ==, "bytes");
  g_assert_cmpstr (soup_message_headers_get_one (headers, "Cache-Control"), ==,
                   "public, max-age=31536000, immutable");
  g_assert_cmpstr (soup_message_headers_get_one (cover_headers, "Content-Type"), ==, "image/jpeg");
  g_assert_cmpmem (g_bytes_get_data (cover, NULL), 2, "\xff\xd8", 2);

  for (gsize i = 0; i < G_N_ELEMENTS (ranges); i++)
    {
      g_autoptr (GBytes) part = dou_test_http_fetch (fixture->http, "GET", play_url, ranges[i].range,
                                                     206, NULL);

      g_assert_cmpmem (g_bytes_get_data (part, NULL), g_bytes_get_size (part),
                       bytes + ranges[i].first, ranges[i].length);
    }

  g_bytes_unref (dou_test_http_fetch (fixture->http, "GET", play_url, beyond, 416, NULL));

  {
    g_autoptr (SoupMessageHeaders) head = NULL;
    g_autoptr (GBytes) nothing
        = dou_test_http_fetch (fixture->http, "HEAD", play_url, NULL, 200, &head);

    g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
    g_assert_cmpint (soup_message_headers_get_content_length (head), ==, (goffset) size);
    g_assert_cmpstr (soup_message_headers_get_one (head, "ETag"), ==,
                     soup_message_headers_get_one (headers, "ETag"));
  }
}

static void
assert_video (JsonObject *video, const char *title, gint64 author, gint64 work_count,
              gboolean is_own)
{
  JsonObject *user = json_object_get_object_member (video, "author");

  g_assert_cmpstr (json_object_get_string_member (video, "title"), ==, title);
  g_assert_cmpint (json_object_get_int_member (video, "favorite_count"), ==, 0);
  g_assert_cmpint (json_object_get_int_member (video, "comment_count"), ==, 0);
  g_assert_false (json_object_get_boolean_member (video, "is_favorite"));
  assert_user (user, author, "alice", work_count);
  g_assert_cmpint (json_object_get_boolean_member (user, "is_follow"), ==, is_own);
}

/* Whether the newest video of the feed is H.264 in MP4 by now. */
static gboolean
is_transcoded (Fixture *fixture)
{
  g_autoptr (JsonObject) feed = call (fixture, "GET", "/douyin/feed/");
  JsonObject *video = json_array_get_object_element (get_videos (feed), 0);

  return g_str_has_suffix (json_object_get_string_member (video, "play_url"), ".mp4");
}

static void
assert_feed (Fixture *fixture, const char *token, gint64 author)
{
  g_autoptr (JsonObject) list = call (fixture, "GET", "/douyin/publish/list/", "token", token);
  g_autoptr (JsonObject) guest_feed = call (fixture, "GET", "/douyin/feed");
  g_autoptr (JsonObject) own_feed = call (fixture, "GET", "/douyin/feed/", "token", token);
  JsonObject *answers[] = { list, guest_feed, own_feed };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      JsonArray *videos = get_videos (answers[i]);

      g_assert_cmpuint (json_array_get_length (videos), ==, 2);
      assert_video (json_array_get_object_element (videos, 0), "second", author, 2, i != 1);
      assert_video (json_array_get_object_element (videos, 1), "第一个 😀", author, 2, i != 1);
    }

  assert_plays (fixture, json_array_get_object_element (get_videos (guest_feed), 0), "video/mp4");
  assert_plays (fixture, json_array_get_object_element (get_videos (guest_feed), 1), "video/mp4");
}

/* Test the whole way of a video: published as MP4 and as WebM, in the list and the feed at once, playing,
 * transcoded in the background, and all of it there after a restart. */
static void
test_publish (Fixture *fixture, gconstpointer data)
{
  gint64 id;
  g_autofree char *token = register_user (fixture, "alice", &id);
  g_autoptr (GBytes) mp4 = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (GBytes) webm = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  gint64 deadline = g_get_monotonic_time () + 120 * G_TIME_SPAN_SECOND;

  g_assert_cmpint (publish (fixture, token, "第一个 😀", mp4), ==, 0);
  g_assert_cmpint (publish (fixture, token, "second", webm), ==, 0);

  while (!is_transcoded (fixture))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (100000);
    }
  assert_feed (fixture, token, id);

  dou_test_daemon_stop (fixture->server);
  dou_test_daemon_start (fixture->server);
  g_clear_pointer (&fixture->http, dou_test_http_free);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 4);
  assert_feed (fixture, token, id);
}

/* Test that a title may come again, and that each time is a video. */
static void
test_same_title (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = register_user (fixture, "alice", NULL);
  g_autoptr (GBytes) mp4 = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (JsonObject) list = NULL;
  JsonArray *videos;

  g_assert_cmpint (publish (fixture, token, "title", mp4), ==, 0);
  g_assert_cmpint (publish (fixture, token, "title", mp4), ==, 0);
  list = call (fixture, "GET", "/douyin/publish/list/", "token", token);
  videos = get_videos (list);
  g_assert_cmpuint (json_array_get_length (videos), ==, 2);
  g_assert_cmpstr (
      json_object_get_string_member (json_array_get_object_element (videos, 0), "play_url"), !=,
      json_object_get_string_member (json_array_get_object_element (videos, 1), "play_url"));
}

/* What is sent as a video and is none. The file named in the playlists is real and readable: only the
 * pinned demuxer keeps ffmpeg from opening it. */
static GPtrArray *
make_hostile_files (const char *victim)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GBytes) index_behind = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (GBytes) index_in_front = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (GBytes) webm = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autofree char *hls = g_strdup_printf ("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://%s\n"
                                          "#EXT-X-ENDLIST\n",
                                          victim);
  g_autofree char *concat = g_strdup_printf ("ffconcat version 1.0\nfile %s\n", victim);
  const char *texts[] = {
    "just some text, not a video\n",
    "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'><rect width='9' height='9'/></svg>",
    hls,
    concat,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_ptr_array_add (files, g_bytes_new (texts[i], strlen (texts[i])));
  g_ptr_array_add (files,
                   g_bytes_new_from_bytes (index_behind, 0, g_bytes_get_size (index_behind) / 2));
  g_ptr_array_add (files,
                   g_bytes_new_from_bytes (index_in_front, 0, g_bytes_get_size (index_in_front) / 2));
  g_ptr_array_add (files, g_bytes_new_from_bytes (webm, 0, g_bytes_get_size (webm) / 2));
  g_ptr_array_add (files, dou_test_media_make (DOU_TEST_MEDIA_AUDIO));
  return files;
}

/* Test that what is no video, or has no author or title, is refused with a text that says why, and
 * leaves neither a row nor a file. */
static void
test_refused_uploads (Fixture *fixture, gconstpointer data)
{
  const char *state_dir = dou_test_daemon_get_state_dir (fixture->server);
  g_autofree char *token = register_user (fixture, "alice", NULL);
  g_autofree char *victim = g_build_filename (state_dir, "victim.mp4", NULL);
  g_autofree char *long_title = g_strnfill (201, 't');
  g_autoptr (GBytes) mp4 = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GPtrArray) hostile = make_hostile_files (victim);
  g_autoptr (JsonObject) feed = NULL;
  g_autoptr (GPtrArray) files = NULL;

  g_assert_true (g_file_set_contents (victim, g_bytes_get_data (mp4, NULL),
                                      (gssize) g_bytes_get_size (mp4), NULL));
  g_assert_cmpint (publish (fixture, NULL, "title", mp4), ==, 10004);
  g_assert_cmpint (publish (fixture, "forged", "title", mp4), ==, 10004);
  g_assert_cmpint (publish (fixture, token, NULL, mp4), ==, 10002);
  g_assert_cmpint (publish (fixture, token, "", mp4), ==, 10002);
  g_assert_cmpint (publish (fixture, token, long_title, mp4), ==, 10002);
  g_assert_cmpint (publish (fixture, token, "title", NULL), ==, 10002);
  g_assert_cmpint (publish (fixture, token, "title", empty), ==, 10002);

  for (guint i = 0; i < hostile->len; i++)
    {
      g_test_message ("hostile file %u", i);
      g_assert_cmpint (publish (fixture, token, "title", g_ptr_array_index (hostile, i)), ==, 10013);
    }

  feed = call (fixture, "GET", "/douyin/feed/");
  g_assert_cmpuint (json_array_get_length (get_videos (feed)), ==, 0);
  g_assert_cmpint (json_object_get_int_member (feed, "next_time"), >, 0);
  files = dou_test_daemon_list_media (fixture->server);
  g_assert_cmpuint (files->len, ==, 0);
}

/* Test that a video longer than the limit is refused, as is a file that is larger. */
static void
test_limits (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = register_user (fixture, "alice", NULL);
  g_autoptr (GBytes) mp4 = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (GBytes) big = g_bytes_new_take (g_malloc0 (3 << 20), 3 << 20);
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (JsonObject) answer = NULL;

  g_assert_cmpint (publish (fixture, token, "title", mp4), ==, 10013);

  message = dou_test_http_make_upload (dou_test_daemon_get_url (fixture->server), token, "t", big);
  body = soup_session_send_and_read (dou_test_http_get_session (fixture->http), message, NULL,
                                     &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, 413);
  answer = dou_test_http_parse (body);
  assert_status (answer, 10012);
}

/* Test the transport's own answers, and that they too are the envelope. */
static void
test_transport (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) unknown
      = dou_test_http_call_expecting (fixture->http, 404, "GET", "/douyin/nothing", NULL);
  g_autoptr (JsonObject) method
      = dou_test_http_call_expecting (fixture->http, 405, "GET", "/douyin/user/login/", NULL);
  g_autoptr (JsonObject) outside = dou_test_http_call_expecting (
      fixture->http, 404, "GET", "/media/video/../../user.db", NULL);
  g_autoptr (JsonObject) ping = call (fixture, "GET", "/ping");
  g_autoptr (JsonObject) healthy = call (fixture, "GET", "/healthz");
  g_autoptr (JsonObject) ready = call (fixture, "GET", "/readyz");

  assert_status (unknown, 10010);
  assert_status (method, 10005);
  assert_status (outside, 10010);
  assert_status (ping, 0);
  assert_status (healthy, 0);
  assert_status (ready, 0);
}

int
main (int argc, char **argv)
{
  static const char narrow[] = "[limits]\nmax-upload=1MiB\n[video]\nmax-duration=1s\n";

  g_test_init (&argc, &argv, NULL);

#define ADD(name, config, func) \
  g_test_add ("/integration/journey/" name, Fixture, config, set_up, func, tear_down)
  ADD ("accounts", NULL, test_accounts);
  ADD ("login", NULL, test_login);
  ADD ("user", NULL, test_user);
  ADD ("transport", NULL, test_transport);
  ADD ("refused-uploads", NULL, test_refused_uploads);
  ADD ("limits", narrow, test_limits);
  ADD ("same-title", NULL, test_same_title);
  ADD ("publish", NULL, test_publish);
#undef ADD

  return g_test_run ();
}
