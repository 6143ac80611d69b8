/* SPDX-License-Identifier: Apache-2.0 */

/* The real program, on a bus of its own. */

#include "config.h"

#include <signal.h>

#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"

#define NAME "org.doutok.Social"
#define PATH "/org/doutok/Social"
#define INTERFACE "org.doutok.Social1"

/* Of calls, in ms. */
#define TIMEOUT 20000

/* Fewer than a bus lets wait at one time. */
#define N_CALLS 100
#define N_LINKS 16

typedef struct
{
  char *directory;       /* (owned) also the state directory */
  char *config;          /* (owned) */
  DouTestBus *bus;       /* (owned) */
  GDBusConnection *peer; /* (owned) */
  GSubprocess *program;  /* (owned) (nullable) */
} Fixture;

static void
start (Fixture *fixture)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_BUILT, "..", "src", "social", "doutok-social", NULL);
  g_autoptr (GError) error = NULL;

  fixture->program
      = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, path, "--bus-address",
                          dou_test_bus_get_address (fixture->bus), "--config", fixture->config,
                          NULL);
  g_assert_no_error (error);
  dou_test_service_await (fixture->peer, NAME);
}

/* Ends the program with @signal_number, and sees that it ends as it should. */
static void
stop (Fixture *fixture, int signal_number)
{
  g_subprocess_send_signal (fixture->program, signal_number);
  g_assert_true (g_subprocess_wait (fixture->program, NULL, NULL));
  if (signal_number == SIGKILL)
    g_assert_true (g_subprocess_get_if_signaled (fixture->program));
  else
    g_assert_true (g_subprocess_get_successful (fixture->program));
  g_clear_object (&fixture->program);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->config = g_build_filename (fixture->directory, "doutok.conf", NULL);
  text = g_strdup_printf ("[server]\nstate-dir=%s\n", fixture->directory);
  g_assert_true (g_file_set_contents (fixture->config, text, -1, NULL));
  fixture->bus = dou_test_bus_new ();
  fixture->peer = dou_test_bus_connect (fixture->bus);
  start (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stop (fixture, SIGTERM);
  dou_test_bus_disconnect (fixture->peer);
  dou_test_bus_free (fixture->bus);
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->config);
}

static void
start_call (Fixture *fixture, const char *method, GVariant *arguments, GAsyncResult **waited)
{
  g_dbus_connection_call (fixture->peer, NAME, PATH, INTERFACE, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, TIMEOUT, NULL, dou_test_wait_result_cb,
                          waited);
}

/* Returns: (nullable): the reply, or NULL if the program died before it */
static GVariant *
finish_call (Fixture *fixture, GAsyncResult **waited)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (waited);

  return g_dbus_connection_call_finish (fixture->peer, result, NULL);
}

static void
assert_reply (Fixture *fixture, const char *method, const char *arguments, const char *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *text = NULL;

  start_call (fixture, method, g_variant_new_parsed (arguments), &waited);
  reply = finish_call (fixture, &waited);
  g_assert_nonnull (reply);
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

/* Sixteen users like one video each time. */
static GVariant *
make_likes (guint call)
{
  GVariantBuilder items = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxb)"));

  for (gint64 user = 1; user <= N_LINKS; user++)
    g_variant_builder_add (&items, "(xxxb)", user, (gint64) call + 1, (gint64) 99, TRUE);
  return g_variant_new ("(a(xxxb))", &items);
}

/* Sends all calls again that are not answered. Returns how many are answered. */
static guint
send_likes (Fixture *fixture, gboolean *answered, guint kill_after)
{
  g_autofree GAsyncResult **waited = g_new0 (GAsyncResult *, N_CALLS);
  guint n_answered = 0;

  for (guint i = 0; i < N_CALLS; i++)
    if (!answered[i])
      start_call (fixture, "SetFavorites", make_likes (i), &waited[i]);

  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autoptr (GVariant) reply = NULL;

      if (!answered[i])
        {
          reply = finish_call (fixture, &waited[i]);
          answered[i] = reply != NULL;
        }
      n_answered += answered[i];
      if (i == kill_after)
        stop (fixture, SIGKILL);
    }

  return n_answered;
}

/* Test that a program which is killed in the middle has what it answered, that what it did not
 * answer can be sent again, and that nothing is counted twice. */
static void
test_kill (Fixture *fixture, gconstpointer data)
{
  g_autofree gboolean *answered = g_new0 (gboolean, N_CALLS);
  guint n_answered = send_likes (fixture, answered, 10);
  g_autofree char *counts = NULL;

  g_assert_cmpuint (n_answered, >, 10);
  start (fixture);
  for (guint i = 0; i < N_CALLS; i++)
    if (answered[i])
      {
        g_autofree char *argument = g_strdup_printf ("([int64 %u],)", i + 1);

        assert_reply (fixture, "GetVideoCounts", argument, "([(16, 0)],)");
      }
  assert_reply (fixture, "Recount", "()", "(0,)");

  g_assert_cmpuint (send_likes (fixture, answered, G_MAXUINT), ==, N_CALLS);
  counts = g_strdup_printf ("([(0, 0, %u, 0), (0, 0, 0, %u)],)", N_CALLS * N_LINKS, N_CALLS);
  assert_reply (fixture, "GetUserCounts", "([int64 99, 1],)", counts);
  assert_reply (fixture, "Recount", "()", "(0,)");
}

/* Test that what was written is there after an orderly end. */
static void
test_restart (Fixture *fixture, gconstpointer data)
{
  assert_reply (fixture, "SetFollows", "([(int64 1, int64 2, true), (2, 1, true)],)", "([0, 0],)");
  stop (fixture, SIGTERM);
  start (fixture);
  assert_reply (fixture, "GetFriends", "([(int64 1, int64 0, uint32 9)],)", "([(0, [2])],)");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/social/program/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("kill", test_kill);
  ADD ("restart", test_restart);
#undef ADD

  return g_test_run ();
}
