/* SPDX-License-Identifier: Apache-2.0 */

/* What users change about themselves, with the real programs: who sees it, what is refused, and what
 * a restart keeps. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-picture.h"

#define PATH "/douyin/user/update/"
/* Connections enough that each gateway process gets some. */
#define N_CONNECTIONS 16
#define MAX_PICTURE (5 * 1024 * 1024)

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *token;           /* (owned) alice's */
  gint64 id;             /* alice's */
} Fixture;

#define call(fixture, ...) dou_test_http_call ((fixture)->http, __VA_ARGS__, NULL)

static void
assert_status (JsonObject *answer, gint64 status)
{
  g_assert_cmpint (dou_test_http_get_status (answer), ==, status);
}

/* Returns: (transfer full): the token */
static char *
register_user (Fixture *fixture, const char *name, gint64 *id)
{
  g_autoptr (JsonObject) answer
      = call (fixture, "POST", "/douyin/user/register/", "username", name, "password", "p4ssw0rd");

  assert_status (answer, 0);
  *id = json_object_get_int_member (answer, "user_id");
  return g_strdup (json_object_get_string_member (answer, "token"));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new (data);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 4);
  fixture->token = register_user (fixture, "alice", &fixture->id);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
  g_free (fixture->token);
}

/* A form with alice's token, and a file unless @field is NULL. */
static SoupMultipart *
make_form (Fixture *fixture, const char *field, GBytes *file)
{
  SoupMultipart *form = soup_multipart_new (SOUP_FORM_MIME_TYPE_MULTIPART);

  soup_multipart_append_form_string (form, "token", fixture->token);
  if (field != NULL)
    soup_multipart_append_form_file (form, field, "a.png", "image/png", file);
  return form;
}

static JsonObject *
send_file (Fixture *fixture, const char *field, GBytes *file)
{
  return dou_test_http_send_form (fixture->http, 200, PATH, make_form (fixture, field, file));
}

static JsonObject *
get_user (Fixture *fixture)
{
  g_autoptr (JsonObject) answer = call (fixture, "GET", "/douyin/user/", "token", fixture->token);

  assert_status (answer, 0);
  return json_object_ref (json_object_get_object_member (answer, "user"));
}

static const char *
get_avatar (JsonObject *user)
{
  return json_object_get_string_member (user, "avatar");
}

static void
assert_unchanged (Fixture *fixture)
{
  g_autoptr (JsonObject) user = get_user (fixture);

  g_assert_nonnull (strstr (get_avatar (user), "/media/avatar/default/"));
  g_assert_nonnull (strstr (json_object_get_string_member (user, "background_image"), "/default/"));
  g_assert_cmpstr (json_object_get_string_member (user, "signature"), ==, "");
}

/* Test that what makes no sense is refused, and changes nothing. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *too_long = g_strnfill (201, 's');
  const char *const bad[][5] = {
    { NULL },
    { "signature", " \n " },
    { "signature", too_long },
    { "signature", "bell\a" },
    { "avatar", "http://example.org/a.png" },
    { "old_password", "p4ssw0rd" },
    { "new_password", "another" },
    { "old_password", "p4ssw0rd", "new_password", "" },
    { "old_password", "", "new_password", "" },
    { "old_password", "p4ssw0rd", "new_password", "123456789012345678901234567890123" },
  };
  g_autoptr (JsonObject) guest = call (fixture, "POST", PATH, "signature", "hi");
  g_autoptr (JsonObject) wrong
      = call (fixture, "POST", PATH, "token", fixture->token, "signature", "hi", "old_password",
              "wrong", "new_password", "another");
  g_autoptr (JsonObject) method = dou_test_http_call_expecting (
      fixture->http, 405, "GET", PATH, "token", fixture->token, "signature", "hi", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonObject) answer
          = call (fixture, "POST", PATH, "token", fixture->token, bad[i][0], bad[i][1], bad[i][2],
                  bad[i][3]);

      assert_status (answer, 10002);
    }

  assert_status (guest, 10004);
  assert_status (wrong, 10004);
  assert_status (method, 10005);
  assert_unchanged (fixture);
}

/* Test that files that are no pictures, too large or damaged are refused with a status that tells
 * why, also if there is a good one beside them. */
static void
test_bad_pictures (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) good = dou_test_picture_make ("png", 64, 64);
  g_autoptr (GBytes) text = g_bytes_new_static ("text", 4);
  g_autoptr (GBytes) empty = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) cut = g_bytes_new_from_bytes (good, 0, g_bytes_get_size (good) / 2);
  g_autoptr (GBytes) bomb = dou_test_picture_make_bomb (30000, 30000);
  g_autoptr (GBytes) huge = g_bytes_new_take (g_malloc0 (MAX_PICTURE + 1), MAX_PICTURE + 1);
  GBytes *const refused[] = { text, cut, bomb };
  g_autoptr (JsonObject) nothing = send_file (fixture, "avatar", empty);
  g_autoptr (JsonObject) stranger = NULL;
  g_autoptr (JsonObject) large = NULL;
  SoupMultipart *form;

  assert_status (nothing, 10002);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (JsonObject) answer = NULL;

      form = make_form (fixture, "avatar", refused[i]);
      soup_multipart_append_form_file (form, "background_image", "b", "image/png", good);
      soup_multipart_append_form_string (form, "signature", "hi");
      soup_multipart_append_form_string (form, "old_password", "p4ssw0rd");
      soup_multipart_append_form_string (form, "new_password", "another");
      answer = dou_test_http_send_form (fixture->http, 200, PATH, form);
      assert_status (answer, 10013);
    }

  stranger = dou_test_http_send_form (fixture->http, 400, PATH, make_form (fixture, "data", good));
  assert_status (stranger, 10005);
  large = dou_test_http_send_form (fixture->http, 413, PATH, make_form (fixture, "avatar", huge));
  assert_status (large, 10012);
  assert_unchanged (fixture);
}

/* Test that a signature may come in the query, in a form and in a multipart form, with and without
 * the slash, and that an empty one clears it. */
static void
test_signature (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strconcat (dou_test_daemon_get_url (fixture->server),
                                      "/douyin/user/update", NULL);
  g_autofree char *body = soup_form_encode ("token", fixture->token, "signature", "form", NULL);
  g_autoptr (SoupMessage) message = soup_message_new_from_encoded_form ("POST", url, g_strdup (body));
  g_autoptr (JsonObject) query = call (fixture, "POST", PATH, "token", fixture->token, "signature",
                                       "你好 😀\nשלום");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonObject) encoded = NULL;
  g_autoptr (JsonObject) multipart = NULL;
  g_autoptr (JsonObject) cleared = NULL;
  SoupMultipart *form = make_form (fixture, NULL, NULL);

  assert_status (query, 0);
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (query, "user"),
                                                  "signature"),
                   ==, "你好 😀\nשלום");
  g_assert_false (json_object_has_member (query, "token"));

  bytes = soup_session_send_and_read (dou_test_http_get_session (fixture->http), message, NULL,
                                      NULL);
  encoded = dou_test_http_parse (bytes);
  assert_status (encoded, 0);
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (encoded, "user"),
                                                  "signature"),
                   ==, "form");

  soup_multipart_append_form_string (form, "signature", "multipart");
  multipart = dou_test_http_send_form (fixture->http, 200, PATH, form);
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (multipart, "user"),
                                                  "signature"),
                   ==, "multipart");

  cleared = call (fixture, "POST", PATH, "token", fixture->token, "signature", "");
  assert_status (cleared, 0);
  assert_unchanged (fixture);
}

static void
assert_picture (Fixture *fixture, const char *url, const char *expected_size)
{
  g_autoptr (SoupMessageHeaders) headers = NULL;
  g_autoptr (GBytes) picture
      = dou_test_http_fetch (fixture->http, "GET", url, NULL, 200, &headers);
  g_autofree char *path = g_build_filename (dou_test_daemon_get_runtime_dir (fixture->server),
                                            "fetched.jpg", NULL);
  g_autofree char *size = NULL;

  g_assert_cmpstr (soup_message_headers_get_one (headers, "Content-Type"), ==, "image/jpeg");
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (picture, NULL),
                                      (gssize) g_bytes_get_size (picture), NULL));
  size = dou_test_media_describe (path, "stream=width,height");
  g_assert_cmpstr (size, ==, expected_size);
}

static const char *
get_listed_avatar (JsonObject *answer, const char *list, const char *member)
{
  JsonArray *array;
  JsonObject *first;

  assert_status (answer, 0);
  array = json_object_get_array_member (answer, list);
  g_assert_cmpuint (json_array_get_length (array), ==, 1);
  first = json_array_get_object_element (array, 0);
  return get_avatar (member != NULL ? json_object_get_object_member (first, member) : first);
}

/* Asserts that another user and a guest see @avatar wherever alice is seen. */
static void
assert_seen (Fixture *fixture, const char *bob, const char *video, const char *avatar)
{
  g_autofree char *alice = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->id);
  g_autoptr (JsonObject) user
      = call (fixture, "GET", "/douyin/user/", "user_id", alice, "token", bob);
  g_autoptr (JsonObject) feed = call (fixture, "GET", "/douyin/feed/");
  g_autoptr (JsonObject) works = call (fixture, "GET", "/douyin/publish/list/", "user_id", alice);
  g_autoptr (JsonObject) comments
      = call (fixture, "GET", "/douyin/comment/list/", "video_id", video, "token", bob);
  g_autoptr (JsonObject) follows
      = call (fixture, "GET", "/douyin/relation/follow/list/", "token", bob);

  g_assert_cmpstr (get_avatar (json_object_get_object_member (user, "user")), ==, avatar);
  g_assert_cmpstr (get_listed_avatar (feed, "video_list", "author"), ==, avatar);
  g_assert_cmpstr (get_listed_avatar (works, "video_list", "author"), ==, avatar);
  g_assert_cmpstr (get_listed_avatar (comments, "comment_list", "user"), ==, avatar);
  g_assert_cmpstr (get_listed_avatar (follows, "user_list", NULL), ==, avatar);
}

/* Test that new pictures are seen by everybody everywhere at once, are what they should be, may be
 * replaced, and outlive a restart. */
static void
test_pictures (Fixture *fixture, gconstpointer data)
{
  gint64 bob_id;
  g_autofree char *bob = register_user (fixture, "bob", &bob_id);
  g_autofree char *alice = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->id);
  g_autofree char *video = NULL;
  g_autoptr (GBytes) clip = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (GBytes) plain = dou_test_picture_make ("mjpeg", 1600, 1000);
  g_autoptr (GBytes) turned = dou_test_picture_add_exif (plain, 6);
  g_autoptr (GBytes) webp = dou_test_picture_make ("libwebp", 100, 80);
  g_autoptr (JsonObject) published
      = dou_test_http_publish (fixture->http, fixture->token, "clip", clip);
  g_autoptr (JsonObject) feed = call (fixture, "GET", "/douyin/feed/");
  g_autoptr (JsonObject) followed = call (fixture, "POST", "/douyin/relation/action/", "token", bob,
                                          "to_user_id", alice, "action_type", "1");
  g_autoptr (JsonObject) commented = NULL;
  g_autoptr (JsonObject) both = NULL;
  g_autoptr (JsonObject) again = NULL;
  g_autoptr (JsonObject) kept = NULL;
  const char *first, *second;
  SoupMultipart *form = make_form (fixture, "avatar", turned);
  JsonObject *user;

  assert_status (published, 0);
  video = g_strdup_printf (
      "%" G_GINT64_FORMAT,
      json_object_get_int_member (
          json_array_get_object_element (json_object_get_array_member (feed, "video_list"), 0),
          "id"));
  commented = call (fixture, "POST", "/douyin/comment/action/", "token", fixture->token, "video_id",
                    video, "action_type", "1", "comment_text", "first");
  assert_status (commented, 0);

  soup_multipart_append_form_file (form, "background_image", "b", "image/jpeg", turned);
  soup_multipart_append_form_string (form, "signature", "hi");
  both = dou_test_http_send_form (fixture->http, 200, PATH, form);
  assert_status (both, 0);
  user = json_object_get_object_member (both, "user");
  first = get_avatar (user);
  g_assert_cmpstr (json_object_get_string_member (user, "signature"), ==, "hi");
  assert_seen (fixture, bob, video, first);
  assert_picture (fixture, first, "512\n512");
  assert_picture (fixture, json_object_get_string_member (user, "background_image"), "800\n1280");

  again = send_file (fixture, "avatar", webp);
  assert_status (again, 0);
  second = get_avatar (json_object_get_object_member (again, "user"));
  g_assert_cmpstr (second, !=, first);
  assert_seen (fixture, bob, video, second);
  assert_picture (fixture, second, "80\n80");
  /* Whoever was told of the old one may still fetch it, for some minutes. */
  assert_picture (fixture, first, "512\n512");

  dou_test_daemon_stop (fixture->server);
  dou_test_daemon_start (fixture->server);
  dou_test_http_free (fixture->http);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 4);
  kept = get_user (fixture);
  g_assert_cmpstr (json_object_get_string_member (kept, "signature"), ==, "hi");
  g_assert_cmpstr (strstr (get_avatar (kept), "/media/"), ==, strstr (second, "/media/"));
  assert_picture (fixture, get_avatar (kept), "80\n80");
}

/* Asks over connections of which each gateway has some. */
static void
assert_token (Fixture *fixture, const char *token, gint64 status)
{
  for (guint i = 0; i < N_CONNECTIONS; i++)
    {
      g_autoptr (DouTestHttp) http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
      g_autoptr (JsonObject) answer
          = dou_test_http_call (http, "GET", "/douyin/user/", "token", token, NULL);

      assert_status (answer, status);
    }
}

static void
assert_login (Fixture *fixture, const char *password, gint64 status)
{
  g_autoptr (JsonObject) answer = call (fixture, "POST", "/douyin/user/login/", "username", "alice",
                                        "password", password);

  assert_status (answer, status);
}

/* Test that a new password ends the tokens of the old one on every gateway, that the answer has one
 * that works, and that a restart changes nothing of that. */
static void
test_password (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *token = NULL;

  assert_token (fixture, fixture->token, 0);
  answer = call (fixture, "POST", PATH, "token", fixture->token, "old_password", "p4ssw0rd",
                 "new_password", "another", "signature", "hi");
  assert_status (answer, 0);
  token = g_strdup (json_object_get_string_member (answer, "token"));
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (answer, "user"),
                                                  "signature"),
                   ==, "hi");

  assert_token (fixture, fixture->token, 10004);
  assert_token (fixture, token, 0);
  assert_login (fixture, "p4ssw0rd", 10004);
  assert_login (fixture, "another", 0);

  dou_test_daemon_stop (fixture->server);
  dou_test_daemon_start (fixture->server);
  assert_token (fixture, fixture->token, 10004);
  assert_token (fixture, token, 0);
}

/* Test that guesses at the old password are limited like those at a login. */
static void
test_guesses (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (JsonObject) answer
          = call (fixture, "POST", PATH, "token", fixture->token, "old_password", "wrong",
                  "new_password", "another");

      assert_status (answer, 10004);
    }

  {
    g_autoptr (JsonObject) answer = dou_test_http_call_expecting (
        fixture->http, 429, "POST", PATH, "token", fixture->token, "old_password", "p4ssw0rd",
        "new_password", "another", NULL);

    assert_status (answer, 10014);
  }
}

/* Test that services that are killed between two requests do not make one fail. */
static void
test_killed_services (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) picture = dou_test_picture_make ("png", 64, 64);
  g_autoptr (JsonObject) answer = NULL;
  SoupMultipart *form = make_form (fixture, "avatar", picture);

  kill (dou_test_daemon_get_service_pid (fixture->server, "org.doutok.User"), SIGKILL);
  soup_multipart_append_form_string (form, "signature", "alive");
  answer = dou_test_http_send_form (fixture->http, 200, PATH, form);
  assert_status (answer, 0);
  assert_picture (fixture, get_avatar (json_object_get_object_member (answer, "user")), "64\n64");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, config, func)                                                                    \
  g_test_add ("/integration/profile/" name, Fixture, config, set_up, func, tear_down)
  ADD ("refused", NULL, test_refused);
  ADD ("bad-pictures", NULL, test_bad_pictures);
  ADD ("signature", NULL, test_signature);
  ADD ("pictures", NULL, test_pictures);
  ADD ("password", NULL, test_password);
  ADD ("guesses", "[limits]\nrate-failed-login=1/min burst 3\n", test_guesses);
  ADD ("killed-services", NULL, test_killed_services);
#undef ADD

  return g_test_run ();
}
