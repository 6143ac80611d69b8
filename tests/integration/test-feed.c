/* SPDX-License-Identifier: Apache-2.0 */

/* Scrolling through a feed that is longer than a page: one of more than two pages, with --long of more than
 * three. */

#include "config.h"

#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-daemon.h"

/* Neither ends with a page. Published over several connections at once, so that times tie. */
#define N_VIDEOS 64
#define N_VIDEOS_LONG 100
/* Works that are asked for at once: fewer than there are. */
#define N_WORKS 50
#define N_CONNECTIONS 6
#define PAGE 30

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *token;           /* (owned) */
  GBytes *file;          /* (owned) */
  guint n_videos;
  guint n_sent;
  guint n_published;
} Fixture;

static void publish_next (Fixture *fixture);

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (JsonObject) answer = dou_test_http_receive (SOUP_SESSION (source), result);

  fixture->n_published++;
  publish_next (fixture);
}

static void
publish_next (Fixture *fixture)
{
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *title = NULL;

  if (fixture->n_sent == fixture->n_videos)
    return;

  title = g_strdup_printf ("video %u", fixture->n_sent++);
  message = dou_test_http_make_upload (dou_test_daemon_get_url (fixture->server), fixture->token,
                                       title, fixture->file);
  soup_session_send_and_read_async (dou_test_http_get_session (fixture->http), message,
                                    G_PRIORITY_DEFAULT, NULL, published_cb, fixture);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) answer = NULL;

  fixture->n_videos = g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0 ? N_VIDEOS_LONG : N_VIDEOS;
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), N_CONNECTIONS);
  fixture->file = dou_test_media_ffmpeg (
      "-f lavfi -i color=c=blue:s=64x64:d=1:r=5 -c:v libx264 -preset ultrafast -pix_fmt yuv420p "
      "-f mp4");
  answer = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username", "alice",
                               "password", "p", NULL);
  fixture->token = g_strdup (json_object_get_string_member (answer, "token"));

  for (guint i = 0; i < N_CONNECTIONS; i++)
    publish_next (fixture);
  while (fixture->n_published < fixture->n_videos)
    g_main_context_iteration (NULL, TRUE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
  g_bytes_unref (fixture->file);
  g_free (fixture->token);
}

/* One page; appends its ids and returns next_time. */
static gint64
get_page (Fixture *fixture, gint64 latest_time, GArray *ids)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, latest_time);
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->http, "GET", "/douyin/feed/",
                                                      "latest_time", text, NULL);
  JsonArray *videos = json_object_get_array_member (answer, "video_list");

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  g_assert_cmpuint (json_array_get_length (videos), ==, PAGE);
  for (guint i = 0; i < PAGE; i++)
    {
      gint64 id = json_object_get_int_member (json_array_get_object_element (videos, i), "id");

      g_array_append_val (ids, id);
    }

  return json_object_get_int_member (answer, "next_time");
}

/* Test that scrolling down shows every video exactly once before the newest come again, and that it goes
 * on for ever. */
static void
test_scrolling (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  gint64 next = 0;

  while (ids->len < 2 * fixture->n_videos)
    next = get_page (fixture, next, ids);

  for (guint i = 0; i < fixture->n_videos; i++)
    g_assert_true (g_hash_table_add (seen, &g_array_index (ids, gint64, i)));
  for (guint i = fixture->n_videos; i < ids->len; i++)
    g_assert_cmpint (g_array_index (ids, gint64, i), ==,
                     g_array_index (ids, gint64, i - fixture->n_videos));
}

/* Test that seconds, nothing, garbage and a far future are understood as the contract says. */
static void
test_units (Fixture *fixture, gconstpointer data)
{
  const char *newest[] = { "0", "-5", "garbage", "99999999999999", "1e300", "" };
  g_autoptr (GArray) first = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 next = get_page (fixture, 0, first);

  g_assert_cmpint (next, >, G_GINT64_CONSTANT (1000000000000));
  for (gsize i = 0; i < G_N_ELEMENTS (newest); i++)
    {
      g_autoptr (JsonObject) answer = dou_test_http_call (fixture->http, "GET", "/douyin/feed",
                                                          "latest_time", newest[i], NULL);
      JsonArray *videos = json_object_get_array_member (answer, "video_list");

      g_assert_cmpint (
          json_object_get_int_member (json_array_get_object_element (videos, 0), "id"), ==,
          g_array_index (first, gint64, 0));
    }
}

/* Test that a list of works is read in pages, each video once. */
static void
test_works (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autofree char *cursor = NULL;

  do
    {
      g_autoptr (JsonObject) answer
          = dou_test_http_call (fixture->http, "GET", "/douyin/publish/list/", "token",
                                fixture->token, "count", G_STRINGIFY (N_WORKS), cursor != NULL ? "cursor" : NULL,
                                cursor, NULL);
      JsonArray *videos = json_object_get_array_member (answer, "video_list");

      g_assert_cmpuint (json_array_get_length (videos), <=, N_WORKS);
      for (guint i = 0; i < json_array_get_length (videos); i++)
        {
          gint64 id = json_object_get_int_member (json_array_get_object_element (videos, i), "id");

          g_assert_true (g_hash_table_add (seen, g_memdup2 (&id, sizeof id)));
        }

      g_free (cursor);
      cursor = json_object_has_member (answer, "next_cursor")
                   ? g_strdup (json_object_get_string_member (answer, "next_cursor"))
                   : NULL;
    }
  while (cursor != NULL);

  g_assert_cmpuint (g_hash_table_size (seen), ==, fixture->n_videos);
}

static void
ban (Fixture *fixture, gint64 user)
{
  GDBusConnection *bus = dou_test_daemon_connect_bus (fixture->server);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.doutok.User", "/org/doutok/User", "org.doutok.User1.Admin", "SetBans",
      g_variant_new_parsed ("([(%x, true, 'spam')],)", user), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
      &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, "([0],)");
  g_dbus_connection_close_sync (bus, NULL, NULL);
  g_object_unref (bus);
}

/* Test that where pages and pages are of a user who was banned, they are skipped: whoever scrolls comes
 * to what others have published. */
static void
test_banned (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) account = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", "bob", "password", "p", NULL);
  g_autoptr (JsonObject) user
      = dou_test_http_call (fixture->http, "GET", "/douyin/user/", "token", fixture->token, NULL);
  g_autofree char *next = g_strdup ("0");

  g_free (fixture->token);
  fixture->token = g_strdup (json_object_get_string_member (account, "token"));
  fixture->n_sent = fixture->n_videos - 1;
  publish_next (fixture);
  while (fixture->n_published < fixture->n_videos + 1)
    g_main_context_iteration (NULL, TRUE);
  ban (fixture, json_object_get_int_member (json_object_get_object_member (user, "user"), "id"));

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (JsonObject) page = dou_test_http_call (fixture->http, "GET", "/douyin/feed/",
                                                        "latest_time", next, NULL);
      JsonArray *videos = json_object_get_array_member (page, "video_list");
      JsonObject *author
          = json_object_get_object_member (json_array_get_object_element (videos, 0), "author");

      g_assert_cmpuint (json_array_get_length (videos), ==, 1);
      g_assert_cmpint (json_object_get_int_member (author, "id"), ==,
                       json_object_get_int_member (account, "user_id"));
      g_free (next);
      next = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (page, "next_time"));
    }
}

static void
test_all (Fixture *fixture, gconstpointer data)
{
  test_scrolling (fixture, data);
  test_units (fixture, data);
  test_works (fixture, data);
  test_banned (fixture, data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* One fixture for all four: publishing takes longer than everything else. */
  g_test_add ("/integration/feed/all", Fixture, NULL, set_up, test_all, tear_down);

  return g_test_run ();
}
