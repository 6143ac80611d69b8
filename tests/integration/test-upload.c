/* SPDX-License-Identifier: Apache-2.0 */

/* Large uploads: they stream to disk, whatever the order of the form's parts, and a client that goes away
 * leaves nothing. */

#include "config.h"

#include <string.h>

#include "lib/dou-test-http.h"
#include "lib/dou-test-daemon.h"

#define BOUNDARY "----boundary"
#define MIB (G_GUINT64_CONSTANT (1) << 20)
/* What gateway and video service may grow by together. */
#define MAX_GROWTH_KIB (32 * 1024)

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  char *token;           /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) answer = NULL;

  fixture->server = dou_test_daemon_new (data);
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
  g_free (fixture->token);
}

static guint64
get_rss_kib (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *status = NULL;
  const char *line;

  if (!g_file_get_contents (path, &status, NULL, NULL))
    return 0;

  line = strstr (status, "VmRSS:");
  return line != NULL ? g_ascii_strtoull (line + strlen ("VmRSS:"), NULL, 10) : 0;
}

static guint64
get_total_rss_kib (Fixture *fixture)
{
  const char *const programs[] = { "doutok-gateway", "doutok-video" };
  guint64 total = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autoptr (GArray) pids = dou_test_daemon_get_child_pids (fixture->server, programs[i]);

      for (guint j = 0; j < pids->len; j++)
        total += get_rss_kib (g_array_index (pids, GPid, j));
    }

  g_assert_cmpuint (total, >, 0);
  return total;
}

static GSocketConnection *
connect_to (Fixture *fixture)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_timeout (client, 60);
  connection = g_socket_client_connect_to_uri (client, dou_test_daemon_get_url (fixture->server), 80,
                                               NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static gboolean
send_text (GSocketConnection *connection, const char *text, gsize length)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), text,
                                    length, NULL, NULL, NULL);
}

/* Reads to the end of the answer's one JSON object. */
static JsonObject *
read_answer (GSocketConnection *connection, const char *http_line)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GBytes) body = NULL;
  const char *head_end = NULL;
  char buffer[4096];
  gssize n;

  while ((head_end == NULL || text->str[text->len - 1] != '}')
         && (n = g_input_stream_read (input, buffer, sizeof buffer, NULL, NULL)) > 0)
    {
      g_string_append_len (text, buffer, n);
      head_end = strstr (text->str, "\r\n\r\n");
    }

  g_assert_nonnull (head_end);
  g_assert_true (g_str_has_prefix (text->str, http_line));
  body = g_bytes_new (head_end + 4, strlen (head_end + 4));
  return dou_test_http_parse (body);
}

/* The head of a request whose file has @size bytes, the file part first, token and title behind. */
static char *
make_head (guint64 size, const char *tail)
{
  const char *part = "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"data\"; "
                     "filename=\"a.mp4\"\r\nContent-Type: video/mp4\r\n\r\n";

  return g_strdup_printf ("POST /douyin/publish/action/ HTTP/1.1\r\nHost: localhost\r\n"
                          "Content-Type: multipart/form-data; boundary=" BOUNDARY "\r\n"
                          "Content-Length: %" G_GUINT64_FORMAT "\r\n\r\n%s",
                          strlen (part) + size + strlen (tail), part);
}

static char *
make_tail (const char *token)
{
  return g_strdup_printf (
      "\r\n--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n%s\r\n--" BOUNDARY
      "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nbig\r\n--" BOUNDARY "--\r\n",
      token);
}

/* Test that a file above the limit is refused by its Content-Length, before any of it is sent. */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketConnection) connection = connect_to (fixture);
  g_autofree char *head = make_head (100 * MIB, "");
  g_autoptr (JsonObject) answer = NULL;

  g_assert_true (send_text (connection, head, strlen (head)));
  answer = read_answer (connection, "HTTP/1.1 413 ");
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 10012);
}

static guint
count_upload_descriptors (Fixture *fixture)
{
  g_autoptr (GArray) pids = dou_test_daemon_get_child_pids (fixture->server, "doutok-gateway");
  guint n = 0;

  for (guint i = 0; i < pids->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/fd", g_array_index (pids, GPid, i));
      g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
      const char *name;

      while ((name = g_dir_read_name (directory)) != NULL)
        {
          g_autofree char *link = g_build_filename (path, name, NULL);
          g_autofree char *target = g_file_read_link (link, NULL);

          n += target != NULL && strstr (target, "(deleted)") != NULL
               && strstr (target, "/media/") != NULL;
        }
    }

  return n;
}

/* Test that the file of a client that goes away in the middle is gone as well. */
static void
test_abandoned (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketConnection) connection = connect_to (fixture);
  g_autofree char *head = make_head (8 * MIB, "");
  g_autofree char *zeros = g_malloc0 (MIB);
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  g_assert_true (send_text (connection, head, strlen (head)));
  for (guint i = 0; i < 4; i++)
    g_assert_true (send_text (connection, zeros, MIB));
  while (count_upload_descriptors (fixture) != 1)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);

  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  while (count_upload_descriptors (fixture) != 0)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
}

/* Test that memory stays flat while a large file streams in, and that token and title may come last. The
 * file begins like a video and holds nothing: refusing it is the whole way through the service. */
static void
test_memory (Fixture *fixture, gconstpointer data)
{
  static const guint8 file_type[] = { 0, 0, 0, 16, 'f', 't', 'y', 'p', 'i', 's', 'o', 'm', 0, 0, 2, 0 };
  guint64 n_blocks = g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0 ? 1023 : 192;
  g_autoptr (GSocketConnection) connection = connect_to (fixture);
  g_autofree char *tail = make_tail (fixture->token);
  g_autofree char *head = make_head (n_blocks * MIB, tail);
  g_autofree char *block = g_malloc0 (MIB);
  g_autoptr (JsonObject) answer = NULL;
  guint64 before = get_total_rss_kib (fixture);
  guint64 peak = before;

  g_assert_true (send_text (connection, head, strlen (head)));
  memcpy (block, file_type, sizeof file_type);
  for (guint64 i = 0; i < n_blocks; i++)
    {
      g_assert_true (send_text (connection, block, MIB));
      memset (block, 0, sizeof file_type);
      if (i % 16 == 0)
        peak = MAX (peak, get_total_rss_kib (fixture));
    }
  g_assert_true (send_text (connection, tail, strlen (tail)));
  answer = read_answer (connection, "HTTP/1.1 200 ");
  peak = MAX (peak, get_total_rss_kib (fixture));

  g_test_message ("%" G_GUINT64_FORMAT " KiB before, %" G_GUINT64_FORMAT " KiB at most", before, peak);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 10013);
#if !defined(__SANITIZE_ADDRESS__)
  g_assert_cmpuint (peak - before, <, MAX_GROWTH_KIB);
#endif
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, config, func) \
  g_test_add ("/integration/upload/" name, Fixture, config, set_up, func, tear_down)
  ADD ("too-large", "[limits]\nmax-upload=50MiB\n", test_too_large);
  ADD ("abandoned", NULL, test_abandoned);
  ADD ("memory", NULL, test_memory);
#undef ADD

  return g_test_run ();
}
