/* SPDX-License-Identifier: Apache-2.0 */

/* A server that speaks HTTPS: everything that works in the clear works there. */

#include "config.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-wait.h"

typedef struct
{
  char *directory;        /* (owned) of certificate and key */
  char *certificate;      /* (owned) */
  char *key;              /* (owned) */
  DouTestDaemon *server;  /* (owned) */
  DouTestHttp *http;      /* (owned) knows the certificate */
  GTlsDatabase *database; /* (owned) */
} Fixture;

static void
make_certificate (Fixture *fixture)
{
  const char *argv[] = { "openssl", "req",
                         "-x509",   "-newkey",
                         "ec",      "-pkeyopt",
                         "ec_paramgen_curve:prime256v1", "-nodes",
                         "-days",   "2",
                         "-subj",   "/CN=127.0.0.1",
                         "-addext", "subjectAltName=IP:127.0.0.1",
                         "-keyout", fixture->key,
                         "-out",    fixture->certificate,
                         NULL };
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

static DouTestHttp *
make_client (Fixture *fixture)
{
  DouTestHttp *http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 8);

  soup_session_set_tls_database (dou_test_http_get_session (http), fixture->database);
  return http;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *config = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->certificate = g_build_filename (fixture->directory, "certificate.pem", NULL);
  fixture->key = g_build_filename (fixture->directory, "key.pem", NULL);
  make_certificate (fixture);
  fixture->database = g_tls_file_database_new (fixture->certificate, &error);
  g_assert_no_error (error);

  config = g_strdup_printf ("[server]\ntls-certificate=%s\ntls-key=%s\n"
                            "[limits]\nrate-limits=off\nrequest-timeout=2s\nidle-timeout=2s\n",
                            fixture->certificate, fixture->key);
  fixture->server = dou_test_daemon_new (config);
  fixture->http = make_client (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
  g_object_unref (fixture->database);
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->certificate);
  g_free (fixture->key);
}

static char *
register_user (Fixture *fixture, const char *name)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "secret", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return g_strdup (json_object_get_string_member (answer, "token"));
}

/* A large upload, links that say https, and media by parts. */
static void
test_journey (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) video
      = dou_test_media_ffmpeg ("-f lavfi -i testsrc2=s=640x480:d=4 -c:v libx264 -preset ultrafast "
                               "-qp 0 -pix_fmt yuv420p -f mp4");
  g_autofree char *token = register_user (fixture, "alice");
  g_autoptr (JsonObject) published
      = dou_test_http_publish (fixture->http, token, "by TLS", video);
  g_autoptr (JsonObject) feed = NULL;
  g_autoptr (GBytes) whole = NULL;
  g_autoptr (GBytes) part = NULL;
  JsonObject *entry;
  const char *url;

  g_assert_cmpuint (g_bytes_get_size (video), >, 1024 * 1024);
  g_assert_cmpint (dou_test_http_get_status (published), ==, 0);

  feed = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
  entry = json_array_get_object_element (json_object_get_array_member (feed, "video_list"), 0);
  url = json_object_get_string_member (entry, "play_url");
  g_assert_true (g_str_has_prefix (url, "https://127.0.0.1:"));
  g_assert_true (g_str_has_prefix (url, dou_test_daemon_get_url (fixture->server)));

  whole = dou_test_http_fetch (fixture->http, "GET", url, NULL, 200, NULL);
  g_assert_cmpuint (g_bytes_get_size (whole), >, 1024 * 1024);
  part = dou_test_http_fetch (fixture->http, "GET", url, "bytes=1000000-1000099", 206, NULL);
  g_assert_cmpmem (g_bytes_get_data (part, NULL), g_bytes_get_size (part),
                   (const char *) g_bytes_get_data (whole, NULL) + 1000000, 100);
}

static int
connect_to (Fixture *fixture)
{
  const char *url = dou_test_daemon_get_url (fixture->server);
  const struct timeval patience = { .tv_sec = 60 };
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                 .sin_port = htons ((guint16) atoi (strrchr (url, ':') + 1)) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
  g_assert_no_errno (connect (fd, (struct sockaddr *) &address, sizeof address));
  return fd;
}

/* Reads until the end, and tells whether an answer in the clear came. */
static gboolean
is_answered (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    g_string_append_len (text, buffer, n);
  g_assert_true (n == 0 || errno == ECONNRESET);
  close (fd);
  return strstr (text->str, "HTTP/1.1") != NULL;
}

/* Test that who speaks plainly is cut off, as well as who says nothing, and that neither stands in the way
 * of others. */
static void
test_strangers (Fixture *fixture, gconstpointer data)
{
  static const char plain[] = "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n";
  g_autoptr (JsonObject) answer = NULL;
  int silent = connect_to (fixture);
  int speaking = connect_to (fixture);

  g_assert_cmpint (send (speaking, plain, strlen (plain), MSG_NOSIGNAL), ==, strlen (plain));
  answer = dou_test_http_call (fixture->http, "GET", "/ping", NULL);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  g_assert_false (is_answered (speaking));
  g_assert_false (is_answered (silent));
}

static guint
count_descriptors (Fixture *fixture)
{
  g_autoptr (GArray) pids = dou_test_daemon_get_child_pids (fixture->server, "doutok-gateway");
  guint n = 0;

  for (guint i = 0; i < pids->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/fd", g_array_index (pids, GPid, i));
      g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);

      while (g_dir_read_name (directory) != NULL)
        n++;
    }

  return n;
}

static GIOStream *
shake_hands (Fixture *fixture)
{
  const int small = 2048;
  int fd = connect_to (fixture);
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) base = g_socket_connection_factory_create_connection (socket);
  g_autoptr (GSocketConnectable) identity = g_network_address_new ("127.0.0.1", 0);
  g_autoptr (GError) error = NULL;
  GIOStream *client = g_tls_client_connection_new (G_IO_STREAM (base), identity, &error);

  g_assert_no_error (error);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  g_tls_connection_set_database (G_TLS_CONNECTION (client), fixture->database);
  g_tls_connection_handshake (G_TLS_CONNECTION (client), NULL, &error);
  g_assert_no_error (error);
  return client;
}

/* Test that nothing is kept for long of who asks for much and reads nothing, after the gateway has given up. */
static void
test_unread (Fixture *fixture, gconstpointer data)
{
  static const char request[] = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
  GIOStream *clients[4];
  guint before = count_descriptors (fixture);

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = shake_hands (fixture);
      for (guint n = 0; n < 60; n++)
        g_output_stream_write_all (g_io_stream_get_output_stream (clients[i]), request, strlen (request), NULL, NULL,
                                   NULL);
    }
  g_assert_cmpuint (count_descriptors (fixture), >, before);

  for (gint64 end = g_get_monotonic_time () + 40 * G_TIME_SPAN_SECOND;
       count_descriptors (fixture) > before && g_get_monotonic_time () < end;)
    g_usleep (100 * 1000);
  g_assert_cmpuint (count_descriptors (fixture), <=, before);

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    g_object_unref (clients[i]);
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SoupWebsocketConnection **connection = user_data;
  g_autoptr (GError) error = NULL;

  *connection = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);
  g_assert_no_error (error);
}

static void
message_cb (SoupWebsocketConnection *connection,
            SoupWebsocketDataType type,
            GBytes *message,
            gpointer user_data)
{
  g_string_append_len (user_data, g_bytes_get_data (message, NULL),
                       (gssize) g_bytes_get_size (message));
}

/* Test that a WebSocket is one behind TLS, too. */
static void
test_websocket (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = register_user (fixture, "alice");
  g_autofree char *url = g_strdup_printf ("wss%s/douyin/message/ws?token=%s",
                                          dou_test_daemon_get_url (fixture->server) + strlen ("https"),
                                          token);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (SoupWebsocketConnection) connection = NULL;
  g_autoptr (GString) heard = g_string_new (NULL);

  soup_session_websocket_connect_async (dou_test_http_get_session (fixture->http), message, NULL, NULL,
                                        G_PRIORITY_DEFAULT, NULL, connected_cb, &connection);
  while (connection == NULL)
    g_main_context_iteration (NULL, TRUE);

  g_signal_connect (connection, "message", G_CALLBACK (message_cb), heard);
  soup_websocket_connection_send_text (connection,
                                       "{\"type\":\"send\",\"ref\":1,\"to_user_id\":1,\"content\":\"x\"}");
  while (heard->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (heard->str, "status_code"));

  soup_websocket_connection_close (connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  while (soup_websocket_connection_get_state (connection) != SOUP_WEBSOCKET_STATE_CLOSED)
    g_main_context_iteration (NULL, TRUE);
}

/* Test that many connections, each for one request, leave nothing behind that would keep the server from
 * ending. */
static void
test_end (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 50; i++)
    {
      g_autoptr (JsonObject) answer = NULL;

      dou_test_http_free (fixture->http);
      fixture->http = make_client (fixture);
      answer = dou_test_http_call (fixture->http, "GET", "/ping", NULL);
      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
    }

  dou_test_daemon_stop (fixture->server);
  dou_test_daemon_start (fixture->server);
}

static char *
fail_to_serve (Fixture *fixture, const char *settings)
{
  g_autofree char *program = dou_test_daemon_get_program ();
  g_autofree char *config = g_build_filename (fixture->directory, "doutok.conf", NULL);
  g_autofree char *state_dir = g_build_filename (fixture->directory, "state", NULL);
  g_autofree char *runtime_dir = g_build_filename (fixture->directory, "run", NULL);
  g_autofree char *text = g_strconcat ("[server]\n", settings, NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *errors = NULL;

  g_assert_true (g_file_set_contents (config, text, -1, NULL));
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
                              &error, program, "serve", "--config", config, "--listen",
                              "127.0.0.1:0", "--state-dir", state_dir, "--runtime-dir", runtime_dir,
                              NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &errors, &error);
  g_assert_no_error (error);
  g_assert_false (g_subprocess_get_successful (process));
  return errors;
}

/* Test that a certificate that cannot be used is told at the start. */
static void
test_bad_certificate (Fixture *fixture, gconstpointer data)
{
  g_autofree char *lone_text = g_strdup_printf ("tls-certificate=%s\n", fixture->certificate);
  g_autofree char *absent_text
      = g_strdup_printf ("tls-certificate=%s\ntls-key=/nonexistent/key\n", fixture->certificate);
  g_autofree char *lone = fail_to_serve (fixture, lone_text);
  g_autofree char *absent = fail_to_serve (fixture, absent_text);

  g_assert_nonnull (strstr (lone, "one without the other"));
  g_assert_nonnull (strstr (absent, "/nonexistent/key"));
}

#define ADD(path, func) g_test_add ("/integration/tls/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("bad-certificate", test_bad_certificate);
  ADD ("strangers", test_strangers);
  ADD ("unread", test_unread);
  ADD ("journey", test_journey);
  ADD ("websocket", test_websocket);
  ADD ("end", test_end);

  return g_test_run ();
}
