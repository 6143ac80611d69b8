/* SPDX-License-Identifier: Apache-2.0 */

/* What happens when a part of a running server is killed, or everything is: no request is lost but those
 * on the connections of a dead gateway, nothing happens twice, and nothing is forgotten. */

#include "config.h"

#include <signal.h>

#include "lib/dou-test-http.h"
#include "lib/dou-test-daemon.h"

/* And with --long. */
#define N_REQUESTS 400
#define N_REQUESTS_LONG 1000
#define N_CONNECTIONS 64
/* The victim is killed after this part of them: in the middle. */
#define KILL_AFTER(n_requests) ((n_requests) * 2 / 5)

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  guint n_sent;
  guint n_answered; /* with the envelope */
  guint n_succeeded;
  guint n_failed; /* without any answer */
  guint n_wanted;
  const char *method;
  char *(*make_url) (DouTestDaemon *server, guint number);
  const char *victim; /* bus name of a service, or name of a program */
} Fixture;

static guint
get_n_requests (void)
{
  return g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0 ? N_REQUESTS_LONG : N_REQUESTS;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), N_CONNECTIONS);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

static void send_next (Fixture *fixture);

static void
kill_victim (Fixture *fixture)
{
  if (g_str_has_prefix (fixture->victim, "org."))
    {
      GPid pid = dou_test_daemon_get_service_pid (fixture->server, fixture->victim);

      g_assert_cmpint (pid, >, 0);
      kill (pid, SIGKILL);
    }
  else
    {
      g_autoptr (GArray) pids = dou_test_daemon_get_child_pids (fixture->server, fixture->victim);

      g_assert_cmpuint (pids->len, ==, 2);
      kill (g_array_index (pids, GPid, 0), SIGKILL);
    }
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body
      = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);

  if (body == NULL || g_bytes_get_size (body) == 0)
    {
      g_test_message ("no answer: %s", error != NULL ? error->message : "empty");
      fixture->n_failed++;
    }
  else
    {
      g_autoptr (JsonObject) answer = dou_test_http_parse (body);

      fixture->n_answered++;
      if (dou_test_http_get_status (answer) == 0)
        fixture->n_succeeded++;
      else
        g_test_message ("refused: %.*s", (int) g_bytes_get_size (body),
                        (const char *) g_bytes_get_data (body, NULL));
    }

  if (fixture->n_answered + fixture->n_failed == KILL_AFTER (fixture->n_wanted) && fixture->victim != NULL)
    kill_victim (fixture);
  send_next (fixture);
}

static void
send_next (Fixture *fixture)
{
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *url = NULL;

  if (fixture->n_sent == fixture->n_wanted)
    return;

  url = fixture->make_url (fixture->server, fixture->n_sent++);
  message = soup_message_new (fixture->method, url);
  soup_session_send_and_read_async (dou_test_http_get_session (fixture->http), message,
                                    G_PRIORITY_DEFAULT, NULL, answered_cb, fixture);
}

static void
run (Fixture *fixture, const char *method, char *(*make_url) (DouTestDaemon *, guint), guint n_wanted,
     const char *victim)
{
  fixture->n_sent = fixture->n_answered = fixture->n_succeeded = fixture->n_failed = 0;
  fixture->method = method;
  fixture->make_url = make_url;
  fixture->n_wanted = n_wanted;
  fixture->victim = victim;

  for (guint i = 0; i < N_CONNECTIONS; i++)
    send_next (fixture);
  while (fixture->n_answered + fixture->n_failed < n_wanted)
    g_main_context_iteration (NULL, TRUE);
}

static char *
make_feed_url (DouTestDaemon *server, guint number)
{
  return dou_test_http_build_url (dou_test_daemon_get_url (server), "/douyin/feed/", NULL);
}

static char *
make_user_url (DouTestDaemon *server, guint number)
{
  g_autofree char *id = g_strdup_printf ("%u", number + 1);

  return dou_test_http_build_url (dou_test_daemon_get_url (server), "/douyin/user/", "user_id", id,
                                  NULL);
}

static char *
make_register_url (DouTestDaemon *server, guint number)
{
  g_autofree char *name = g_strdup_printf ("user-%u", number);

  return dou_test_http_build_url (dou_test_daemon_get_url (server), "/douyin/user/register/",
                                  "username", name, "password", "p", NULL);
}

static char *
make_same_register_url (DouTestDaemon *server, guint number)
{
  return dou_test_http_build_url (dou_test_daemon_get_url (server), "/douyin/user/register/",
                                  "username", number % 2 ? "Same" : "sAME", "password", "p", NULL);
}

static gint64
get_user_count (Fixture *fixture)
{
  g_autoptr (GDBusConnection) connection = dou_test_daemon_connect_bus (fixture->server);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, "org.doutok.User", "/org/doutok/User", "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", "org.doutok.User1", "UserCount"), G_VARIANT_TYPE ("(v)"),
      G_DBUS_CALL_FLAGS_NONE, 10000, NULL, &error);
  g_autoptr (GVariant) value = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &value);
  g_dbus_connection_close_sync (connection, NULL, NULL);
  return g_variant_get_int64 (value);
}

/* Test that of 64 registrations of one name at once exactly one wins. */
static void
test_same_name (Fixture *fixture, gconstpointer data)
{
  run (fixture, "POST", make_same_register_url, 64, NULL);
  g_assert_cmpuint (fixture->n_answered, ==, 64);
  g_assert_cmpuint (fixture->n_succeeded, ==, 1);
  g_assert_cmpint (get_user_count (fixture), ==, 1);
}

/* Test that a user service killed amid lookups costs nobody an answer. */
static void
test_user_service (Fixture *fixture, gconstpointer data)
{
  run (fixture, "GET", make_user_url, get_n_requests (), "org.doutok.User");
  g_assert_cmpuint (fixture->n_answered, ==, get_n_requests ());
}

/* Test that a user service killed amid registrations loses none and doubles none. */
static void
test_registrations (Fixture *fixture, gconstpointer data)
{
  run (fixture, "POST", make_register_url, get_n_requests (), "org.doutok.User");
  g_assert_cmpuint (fixture->n_answered, ==, get_n_requests ());
  g_assert_cmpuint (fixture->n_succeeded, ==, get_n_requests ());
  g_assert_cmpint (get_user_count (fixture), ==, get_n_requests ());
}

/* Test that a video service killed amid feeds costs nobody the feed. */
static void
test_video_service (Fixture *fixture, gconstpointer data)
{
  run (fixture, "GET", make_feed_url, get_n_requests (), "org.doutok.Video");
  g_assert_cmpuint (fixture->n_succeeded, ==, get_n_requests ());
}

/* Test that a killed gateway takes no more with it than the requests on its own connections, and comes
 * back. */
static void
test_gateway (Fixture *fixture, gconstpointer data)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  guint n_gateways = 0;

  run (fixture, "GET", make_feed_url, get_n_requests (), "doutok-gateway");
  g_assert_cmpuint (fixture->n_failed, <=, N_CONNECTIONS);
  g_assert_cmpuint (fixture->n_succeeded, ==, get_n_requests () - fixture->n_failed);

  while (n_gateways != 2)
    {
      g_autoptr (GArray) pids
          = dou_test_daemon_get_child_pids (fixture->server, "doutok-gateway");

      n_gateways = pids->len;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }

  run (fixture, "GET", make_feed_url, N_CONNECTIONS, NULL);
  g_assert_cmpuint (fixture->n_succeeded, ==, N_CONNECTIONS);
}

/* Test that SIGKILL for the launcher ends everything, and that what was acknowledged is there when the
 * server starts again on the same state. */
static void
test_launcher (Fixture *fixture, gconstpointer data)
{
  run (fixture, "POST", make_register_url, 20, NULL);
  g_assert_cmpuint (fixture->n_succeeded, ==, 20);

  dou_test_daemon_kill (fixture->server);
  dou_test_daemon_start (fixture->server);
  g_assert_cmpint (get_user_count (fixture), ==, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/integration/resilience/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("same-name", test_same_name);
  ADD ("user-service", test_user_service);
  ADD ("registrations", test_registrations);
  ADD ("video-service", test_video_service);
  ADD ("gateway", test_gateway);
  ADD ("launcher", test_launcher);
#undef ADD

  return g_test_run ();
}
