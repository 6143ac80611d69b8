/* SPDX-License-Identifier: Apache-2.0 */

/* Two nodes behind Debian's nginx and HAProxy, with the very configurations in data/balancer: only addresses,
 * ports and, for nginx, what stands around it are those of the test. */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-websocket.h"

#define N_NODES 2

/* A machine that does many things at once may need this. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* Ports that are tried: a free one may be taken by somebody else before the balancer has it. */
#define MAX_PORTS 10

/* More than nginx takes by itself. */
#define FILM_SIZE (3 * 1024 * 1024)

/* Enough that some go to each node. */
#define N_QUESTIONS 20

/* How often an address may register; each node has counted less than that when the others have told it. */
#define N_REGISTRATIONS 4
#define CONFIG \
  "[server]\ntrusted-proxies=127.0.0.1\n[limits]\nrate-register=4/d\n[node]\nid=%u\n[redis]\nurl=%s\n"

/* What Debian's nginx.conf has around it. */
#define NGINX_FRAME \
  "daemon off;\n%sworker_processes 1;\npid %s/pid;\nevents { worker_connections 256; }\n" \
  "http {\n access_log off;\n client_body_temp_path %s/body;\n proxy_temp_path %s/proxy;\n" \
  " fastcgi_temp_path %s/fastcgi;\n uwsgi_temp_path %s/uwsgi;\n scgi_temp_path %s/scgi;\n" \
  " include %s/doutok.conf;\n}\n"

static const char *const balancers[] = { "nginx", "haproxy" };

typedef struct
{
  const char *balancer;
  DouTestRedis *redis;             /* (owned) */
  DouTestDaemon *servers[N_NODES]; /* (owned) */
  char *directory;                 /* (owned) */
  GSubprocess *process;            /* (owned) */
  char *url;                       /* (owned) of the balancer */
  DouTestHttp *http;               /* (owned) */
} Fixture;

static guint
find_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) found = NULL;
  g_autoptr (GError) error = NULL;

  g_socket_listener_add_address (listener, wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                 &found, &error);
  g_assert_no_error (error);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (found));
}

/* Each stands there once, or the test would be about another file. */
static void
replace (GString *text, const char *what, const char *with)
{
  g_assert_cmpuint (g_string_replace (text, what, with, 0), ==, 1);
}

static void
write_file (Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (fixture->directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/* The delivered configuration, with the places of this test. */
static void
write_config (Fixture *fixture, guint port)
{
  gboolean is_nginx = g_str_equal (fixture->balancer, "nginx");
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "..", "data", "balancer",
                               is_nginx ? "nginx.conf" : "haproxy.cfg", NULL);
  g_autofree char *delivered = NULL;
  g_autofree char *listen = g_strdup_printf (is_nginx ? "\n  listen 127.0.0.1:%u;" : "\n  bind 127.0.0.1:%u\n", port);
  g_autoptr (GString) text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &delivered, NULL, &error);
  g_assert_no_error (error);
  text = g_string_new (delivered);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *what = g_strdup_printf ("10.0.0.1%u:8080", i + 1);

      replace (text, what, strstr (dou_test_daemon_get_url (fixture->servers[i]), "//") + 2);
    }
  replace (text, is_nginx ? "\n  listen 80;" : "\n  bind :80\n", listen);
  write_file (fixture, "doutok.conf", text->str);

  if (is_nginx)
    {
      const char *dir = fixture->directory;
      g_autofree char *frame = g_strdup_printf (
          NGINX_FRAME, geteuid () == 0 ? "user root;\n" : "", dir, dir, dir, dir, dir, dir, dir);

      write_file (fixture, "nginx.conf", frame);
    }
}

/* Runs in the child. A test that fails aborts, and must not leave it behind. */
static void
become_balancer (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static void
spawn (Fixture *fixture)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *nginx = g_build_filename (fixture->directory, "nginx.conf", NULL);
  g_autofree char *haproxy = g_build_filename (fixture->directory, "doutok.conf", NULL);
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, become_balancer, NULL, NULL);
  if (g_str_equal (fixture->balancer, "nginx"))
    fixture->process = g_subprocess_launcher_spawn (launcher, &error, "/usr/sbin/nginx", "-p",
                                                    fixture->directory, "-c", nginx, "-e", "stderr",
                                                    NULL);
  else
    fixture->process = g_subprocess_launcher_spawn (launcher, &error, "/usr/sbin/haproxy", "-db", "-q",
                                                    "-f", haproxy, NULL);
  g_assert_no_error (error);
}

/* Whether it answers for a node; nobody else does on that port, unless the balancer has not got it. */
static gboolean
is_ready (Fixture *fixture)
{
  g_autofree char *url = g_strconcat (fixture->url, "/douyin/feed/", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GBytes) body = soup_session_send_and_read (
      dou_test_http_get_session (fixture->http), message, NULL, NULL);

  return body != NULL && soup_message_get_status (message) == SOUP_STATUS_OK;
}

static void
start_balancer (Fixture *fixture)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  guint n_ports = 0;

  do
    {
      if (fixture->process == NULL || g_subprocess_get_identifier (fixture->process) == NULL)
        {
          guint port = find_port ();

          g_assert_cmpuint (n_ports++, <, MAX_PORTS);
          g_clear_object (&fixture->process);
          g_clear_pointer (&fixture->http, dou_test_http_free);
          g_free (fixture->url);
          fixture->url = g_strdup_printf ("http://127.0.0.1:%u", port);
          fixture->http = dou_test_http_new (fixture->url, 4);
          write_config (fixture, port);
          spawn (fixture);
        }
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (10000);
    }
  while (!is_ready (fixture));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *redis = NULL;

  fixture->balancer = data;
  fixture->directory = dou_test_dir_new ();
  fixture->redis = dou_test_redis_new (NULL);
  redis = dou_test_redis_get_url (fixture->redis);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *config = g_strdup_printf (CONFIG, i, redis);

      fixture->servers[i] = i == 0 ? dou_test_daemon_new (config)
                                   : dou_test_daemon_new_beside (fixture->servers[0], config);
    }
  start_balancer (fixture);
}

/* The first node goes last: the database is its. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_subprocess_send_signal (fixture->process, SIGTERM);
  g_subprocess_wait (fixture->process, NULL, NULL);
  g_object_unref (fixture->process);
  dou_test_http_free (fixture->http);
  for (guint i = N_NODES; i-- > 0;)
    dou_test_daemon_free (fixture->servers[i]);
  dou_test_redis_free (fixture->redis);
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->url);
}

/* Returns: (transfer full) (nullable): the answer, unless that is to wait */
static JsonObject *
register_user (Fixture *fixture, const char *name, const char *claimed)
{
  g_autofree char *url = dou_test_http_build_url (fixture->url, "/douyin/user/register/", "username",
                                                  name, "password", "p", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;

  soup_message_headers_append (soup_message_get_request_headers (message), "X-Forwarded-For", claimed);
  body = soup_session_send_and_read (dou_test_http_get_session (fixture->http), message, NULL, &error);
  g_assert_no_error (error);
  if (soup_message_get_status (message) == 429)
    return NULL;

  g_assert_cmpuint (soup_message_get_status (message), ==, SOUP_STATUS_OK);
  return dou_test_http_parse (body);
}

/* A film with some nothing at its end. */
static GBytes *
make_film (void)
{
  g_autoptr (GBytes) media = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  const guint32 size = GUINT32_TO_BE (FILM_SIZE);
  GByteArray *bytes = g_bytes_unref_to_array (g_steal_pointer (&media));
  guint length = bytes->len;

  g_byte_array_append (bytes, (const guint8 *) &size, sizeof size);
  g_byte_array_append (bytes, (const guint8 *) "free", 4);
  g_byte_array_set_size (bytes, length + FILM_SIZE);
  memset (bytes->data + length + 8, 0, FILM_SIZE - 8);
  return g_byte_array_free_to_bytes (bytes);
}

static DouTestWebsocket *
open_websocket (Fixture *fixture, const char *token)
{
  g_autofree char *url
      = dou_test_http_build_url (fixture->url, "/douyin/message/ws", "token", token, NULL);

  return dou_test_websocket_new (url);
}

/* The nodes count for the address of the client, and not for what that claims. */
static void
register_until_refused (Fixture *fixture)
{
  gboolean is_refused = FALSE;

  for (guint i = 0; i <= N_NODES * N_REGISTRATIONS && !is_refused; i++)
    {
      g_autofree char *name = g_strdup_printf ("user %u", i);
      g_autofree char *claimed = g_strdup_printf ("192.0.2.%u", 10 + i);
      g_autoptr (JsonObject) answer = register_user (fixture, name, claimed);

      is_refused = answer == NULL;
    }
  g_assert_true (is_refused);
}

static void
assert_hidden (Fixture *fixture, const char *path)
{
  g_autofree char *url = g_strconcat (fixture->url, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GBytes) body = soup_session_send_and_read (
      dou_test_http_get_session (fixture->http), message, NULL, NULL);

  g_assert_nonnull (body);
  g_assert_cmpuint (soup_message_get_status (message), ==, SOUP_STATUS_NOT_FOUND);
}

static void
ask (Fixture *fixture, guint n_questions)
{
  for (guint i = 0; i < n_questions; i++)
    {
      g_autoptr (JsonObject) answer = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
    }
}

/* Both nodes show the film soon, under the address that clients know. */
static void
assert_shown (Fixture *fixture)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  guint n_shown = 0;

  while (n_shown < N_QUESTIONS)
    {
      g_autoptr (JsonObject) feed
          = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
      JsonArray *videos = json_object_get_array_member (feed, "video_list");
      const char *play_url;

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (json_array_get_length (videos) == 0)
        continue;

      play_url = json_object_get_string_member (json_array_get_object_element (videos, 0), "play_url");
      g_assert_true (g_str_has_prefix (play_url, fixture->url));
      n_shown++;
    }
}

/* Whether the node itself says that it was asked for the feed. */
static gboolean
was_asked (DouTestDaemon *server)
{
  static const char name[] = "\ndoutok_http_request_duration_seconds_count{endpoint=\"/douyin/feed\"} ";
  g_autoptr (DouTestHttp) http = dou_test_http_new (dou_test_daemon_get_url (server), 1);
  g_autofree char *url = g_strconcat (dou_test_daemon_get_url (server), "/metrics", NULL);
  g_autoptr (GBytes) body = dou_test_http_fetch (http, "GET", url, NULL, 200, NULL);
  g_autofree char *text
      = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  const char *line = strstr (text, name);

  return line != NULL && g_ascii_strtoll (line + strlen (name), NULL, 10) > 0;
}

/* Test that the balancer passes on a large upload, its own name, WebSockets, and who asks, whatever that
 * says of itself; that it keeps what is not for everybody; and that with one node gone all goes on. */
static void
test_behind (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) ann = register_user (fixture, "ann", "192.0.2.1");
  g_autoptr (JsonObject) bob = register_user (fixture, "bob", "192.0.2.2");
  g_autoptr (JsonObject) published = NULL;
  g_autoptr (JsonObject) sent = NULL;
  g_autoptr (GBytes) film = make_film ();
  const char *token = json_object_get_string_member (ann, "token");
  g_autofree char *bob_id
      = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (bob, "user_id"));
  g_autoptr (DouTestWebsocket) socket
      = open_websocket (fixture, json_object_get_string_member (bob, "token"));
  gint64 deadline;

  published = dou_test_http_publish (fixture->http, token, "a film", film);
  g_assert_cmpint (dou_test_http_get_status (published), ==, 0);
  assert_shown (fixture);

  sent = dou_test_http_call (fixture->http, "POST", "/douyin/message/action/", "token", token,
                             "to_user_id", bob_id, "action_type", "1", "content", "hello", NULL);
  g_assert_cmpint (dou_test_http_get_status (sent), ==, 0);
  while (TRUE)
    {
      g_autoptr (JsonObject) event = dou_test_websocket_hear (socket);

      if (g_str_equal (json_object_get_string_member (event, "type"), "message"))
        break;
    }

  register_until_refused (fixture);
  assert_hidden (fixture, "/readyz");
  assert_hidden (fixture, "/metrics");

  /* The node that has a WebSocket may have got nothing else until now. */
  g_clear_pointer (&socket, dou_test_websocket_free);
  deadline = g_get_monotonic_time () + PATIENCE;
  while (!was_asked (fixture->servers[0]) || !was_asked (fixture->servers[1]))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      ask (fixture, 1);
    }

  dou_test_daemon_kill (fixture->servers[1]);
  ask (fixture, N_QUESTIONS);
  dou_test_daemon_start (fixture->servers[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* The programs warn of a node that is away, as they should, and are to live on. */
  g_unsetenv ("G_DEBUG");

  for (gsize i = 0; i < G_N_ELEMENTS (balancers); i++)
    {
      g_autofree char *path = g_strconcat ("/integration/balancer/", balancers[i], NULL);

      g_test_add (path, Fixture, balancers[i], set_up, test_behind, tear_down);
    }
  return g_test_run ();
}
