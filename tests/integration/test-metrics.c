/* SPDX-License-Identifier: Apache-2.0 */

/* What an operator sees of a running server: as text, to promtool, and to a real Prometheus. */

#include "config.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-http.h"

/* Milliseconds between two looks at what Prometheus has scraped, and how often at most. */
#define LOOK_INTERVAL 100
#define MAX_LOOKS 600

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  /* Hits are counted, however long that takes: on a server others might write, too. */
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n[cache]\nlife=1d\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 8);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static char *
get_metrics (Fixture *fixture)
{
  g_autofree char *url = g_strconcat (dou_test_daemon_get_url (fixture->server), "/metrics", NULL);
  g_autoptr (GBytes) body = dou_test_http_fetch (fixture->http, "GET", url, NULL, 200, NULL);

  return g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
}

/* Returns: what a sample says; fails if there is none */
static double
get_sample (const char *text, const char *name)
{
  g_autofree char *start = g_strconcat ("\n", name, " ", NULL);
  const char *found = strstr (text, start);

  if (found == NULL)
    g_error ("%s is not in:\n%s", name, text);
  return g_ascii_strtod (found + strlen (start), NULL);
}

static void
work (Fixture *fixture)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("user %u", i);
      g_autoptr (JsonObject) registered
          = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username", name,
                                "password", "secret", NULL);
      g_autoptr (JsonObject) feed
          = dou_test_http_call (fixture->http, "GET", "/douyin/feed/", NULL);
      g_autoptr (JsonObject) refused
          = dou_test_http_call (fixture->http, "POST", "/douyin/user/login/", "username", name,
                                "password", "wrong", NULL);
      g_autoptr (JsonObject) missing = dou_test_http_call_expecting (
          fixture->http, 404, "GET", i % 2 == 0 ? "/nothing" : "/nowhere", NULL);

      g_assert_cmpint (dou_test_http_get_status (registered), ==, 0);
      g_assert_cmpint (dou_test_http_get_status (feed), ==, 0);
      g_assert_cmpint (dou_test_http_get_status (refused), ==, 10004);
      g_assert_cmpint (dou_test_http_get_status (missing), ==, 10010);
    }
}

/* Test that what was done on all gateways and in all services is counted, whichever gateway is asked, and
 * goes on being counted when processes are killed. */
static void
test_counts (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autofree char *later = NULL;
  GPid pid;

  work (fixture);
  text = get_metrics (fixture);
  g_assert_cmpfloat (get_sample (text, "doutok_http_requests_total{endpoint=\"/douyin/user/register\","
                                       "code=\"200\",status=\"0\"}"),
                     ==, 20);
  g_assert_cmpfloat (get_sample (text, "doutok_http_requests_total{endpoint=\"/douyin/user/login\","
                                       "code=\"200\",status=\"10004\"}"),
                     ==, 20);
  g_assert_cmpfloat (
      get_sample (text, "doutok_http_requests_total{endpoint=\"none\",code=\"404\",status=\"10010\"}"),
      ==, 20);
  g_assert_cmpfloat (
      get_sample (text, "doutok_http_request_duration_seconds_count{endpoint=\"/douyin/feed\"}"), ==,
      20);
  g_assert_cmpfloat (get_sample (text, "doutok_cache_hits_total{cache=\"feed\"}"), >, 0);
  g_assert_cmpfloat (get_sample (text, "doutok_cache_hits_total{cache=\"feed\"}")
                         + get_sample (text, "doutok_cache_misses_total{cache=\"feed\"}"),
                     ==, 20);
  g_assert_cmpfloat (get_sample (text, "doutok_database_transactions_total{database=\"user\","
                                       "kind=\"write\",outcome=\"success\"}"),
                     >, 0);
  g_assert_cmpfloat (get_sample (text, "doutok_bus_batch_items_count{method=\"User1.Register\"}"), >, 0);
  g_assert_cmpfloat (
      get_sample (text, "doutok_process_resident_memory_bytes{process=\"doutok-user\",index=\"0\"}"), >,
      1000000);
  get_sample (text, "doutok_process_cpu_seconds_total{process=\"doutok-gateway\",index=\"1\"}");

  pid = dou_test_daemon_get_service_pid (fixture->server, "org.doutok.User");
  kill (pid, SIGKILL);
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *name = g_strdup_printf ("another user %u", i);
      g_autoptr (JsonObject) registered
          = dou_test_http_call (fixture->http, "POST", "/douyin/user/register/", "username", name,
                                "password", "secret", NULL);

      g_assert_cmpint (dou_test_http_get_status (registered), ==, 0);
    }
  later = get_metrics (fixture);
  g_assert_cmpfloat (get_sample (later, "doutok_database_transactions_total{database=\"user\","
                                        "kind=\"write\",outcome=\"success\"}"),
                     >, get_sample (text, "doutok_database_transactions_total{database=\"user\","
                                          "kind=\"write\",outcome=\"success\"}"));
}

/* Test that who comes through a proxy that nobody has declared is not taken for local. */
static void
test_strangers (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = g_strconcat (dou_test_daemon_get_url (fixture->server), "/metrics", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;

  soup_message_headers_append (soup_message_get_request_headers (message), "X-Forwarded-For",
                               "192.0.2.1");
  body = soup_session_send_and_read (dou_test_http_get_session (fixture->http), message, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, 404);
}

/* Test that promtool finds nothing to say against names, types and texts. */
static void
test_promtool (Fixture *fixture, gconstpointer data)
{
  g_autofree char *promtool = g_find_program_in_path ("promtool");
  g_autofree char *text = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  if (promtool == NULL)
    {
      g_test_skip ("promtool is not installed");
      return;
    }

  work (fixture);
  text = get_metrics (fixture);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                  | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                              &error, promtool, "check", "metrics", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, text, NULL, &output, &errors, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (output, ==, "");
  g_assert_cmpstr (errors, ==, "");
  g_assert_true (g_subprocess_get_successful (process));
}

/* Test that the operator's screen says what runs and what it has done, with nothing but the state
 * directory to go by; and that without a server there is none. */
static void
test_status (Fixture *fixture, gconstpointer data)
{
  g_autofree char *program = dou_test_daemon_get_program ();
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GSubprocess) status = NULL;
  g_autoptr (GSubprocess) without = NULL;
  g_autoptr (GError) error = NULL;

  work (fixture);
  status = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, "status", "--state-dir",
                             dou_test_daemon_get_state_dir (fixture->server), NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (status, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (status));
  g_assert_nonnull (strstr (output, "doutok-gateway 0"));
  g_assert_nonnull (strstr (output, "doutok-gateway 1"));
  g_assert_nonnull (strstr (output, "doutok-chat"));
  g_assert_nonnull (strstr (output, ", 80 since the start"));
  g_assert_nonnull (strstr (output, "UserCount 20"));
  /* The newest page of the feed is in the memory of its service. */
  g_assert_nonnull (strstr (output, "PendingTranscodes 0, 100.0 % hits\n"));
  g_assert_nonnull (strstr (output, "\nstore        "));
  g_assert_nonnull (strstr (output, dou_test_engine_is_server () ? "\nstore        database "
                                                                 : "iB of databases on this disk, "));
  if (dou_test_engine_is_server ())
    g_assert_nonnull (strstr (output, "iB are free on this disk\n"));

  dou_test_daemon_stop (fixture->server);
  without = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, program, "status", "--state-dir",
                              dou_test_daemon_get_state_dir (fixture->server), NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (without, NULL, NULL, NULL, &errors, &error);
  g_assert_no_error (error);
  g_assert_false (g_subprocess_get_successful (without));
  g_assert_nonnull (strstr (errors, "No doutok is running"));
  dou_test_daemon_start (fixture->server);
}

/* Test that a check of a server that does not run, and whose runtime directory is gone, finds nothing
 * wrong. */
static void
test_check (Fixture *fixture, gconstpointer data)
{
  g_autofree char *program = dou_test_daemon_get_program ();
  g_autofree char *user
      = g_strconcat ("ok   user database: ", dou_test_engine_get_title (), NULL);
  g_autofree char *chat
      = g_strconcat ("ok   chat database: ", dou_test_engine_get_title (), NULL);
  g_autofree char *output = NULL;
  g_autoptr (GSubprocess) check = NULL;
  g_autoptr (GError) error = NULL;

  dou_test_daemon_stop (fixture->server);
  check = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, program, "check", "--config",
                            dou_test_daemon_get_config (fixture->server), "--state-dir",
                            dou_test_daemon_get_state_dir (fixture->server), "--runtime-dir",
                            "/tmp/doutok-that-is-not-there", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (check, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (output, user));
  g_assert_nonnull (strstr (output, chat));
  g_assert_true (g_subprocess_get_successful (check));
  dou_test_daemon_start (fixture->server);
}

static guint16
find_port (void)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, length));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &length));
  close (fd);
  return ntohs (address.sin_port);
}

static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *
start_prometheus (Fixture *fixture, const char *program, const char *directory, guint16 port)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autofree char *config = g_build_filename (directory, "prometheus.yml", NULL);
  g_autofree char *text = g_strdup_printf (
      "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: doutok\n    static_configs:\n"
      "      - targets: ['%s']\n",
      dou_test_daemon_get_url (fixture->server) + strlen ("http://"));
  g_autofree char *config_option = g_strconcat ("--config.file=", config, NULL);
  g_autofree char *storage = g_strdup_printf ("--storage.tsdb.path=%s/data", directory);
  g_autofree char *listen = g_strdup_printf ("--web.listen-address=127.0.0.1:%u", port);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_assert_true (g_file_set_contents (config, text, -1, NULL));
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawn (launcher, &error, program, config_option, storage, listen,
                                         NULL);
  g_assert_no_error (error);
  return process;
}

static gboolean
set_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Returns: whether Prometheus has scraped what was registered */
static gboolean
has_scraped (SoupSession *session, const char *url)
{
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  g_autoptr (GBytes) body = soup_session_send_and_read (session, message, NULL, NULL);

  return body != NULL && soup_message_get_status (message) == 200
         && memmem (g_bytes_get_data (body, NULL), g_bytes_get_size (body), "\"20\"", 4) != NULL;
}

/* Test that a real Prometheus can scrape the server and answer questions about it. */
static void
test_prometheus (Fixture *fixture, gconstpointer data)
{
  g_autofree char *program = g_find_program_in_path ("prometheus");
  g_autofree char *directory = NULL;
  g_autofree char *url = NULL;
  g_autoptr (GSubprocess) prometheus = NULL;
  g_autoptr (SoupSession) session = soup_session_new ();
  gboolean is_there = FALSE;
  guint16 port = find_port ();

  if (program == NULL)
    {
      g_test_skip ("prometheus is not installed");
      return;
    }

  work (fixture);
  directory = dou_test_dir_new ();
  prometheus = start_prometheus (fixture, program, directory, port);
  url = g_strdup_printf ("http://127.0.0.1:%u/api/v1/query?query="
                         "sum(doutok_http_requests_total%%7Bendpoint%%3D%%22%%2Fdouyin%%2Ffeed%%22%%7D)",
                         port);
  for (guint i = 0; i < MAX_LOOKS && !is_there; i++)
    {
      gboolean is_time = FALSE;

      is_there = has_scraped (session, url);
      g_timeout_add (LOOK_INTERVAL, set_cb, &is_time);
      while (!is_time)
        g_main_context_iteration (NULL, TRUE);
    }

  g_assert_true (is_there);
  g_subprocess_send_signal (prometheus, SIGTERM);
  g_subprocess_wait (prometheus, NULL, NULL);
  dou_test_dir_remove (g_steal_pointer (&directory));
}

#define ADD(path, func) g_test_add ("/integration/metrics/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("counts", test_counts);
  ADD ("strangers", test_strangers);
  ADD ("status", test_status);
  ADD ("check", test_check);
  ADD ("promtool", test_promtool);
  ADD ("prometheus", test_prometheus);

  return g_test_run ();
}
