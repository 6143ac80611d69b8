/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "launcher/dou-test-tree.h"

/* How soon a start that cannot succeed must say so. */
#define REFUSAL_SECONDS 2

/* A sanitizer and a busy machine make everything slower. */
#if defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 5
#else
#define SLOWNESS 1
#endif

static void
set_up (DouTestTree **tree, gconstpointer data)
{
  *tree = dou_test_tree_new ();
}

static void
tear_down (DouTestTree **tree, gconstpointer data)
{
  dou_test_tree_free (*tree);
}

static DouTestRun *
serve (DouTestTree *tree, const char *stand_in, const char *listen)
{
  return dou_test_run_new (tree, stand_in, "serve", "--listen", listen, "--workers=2",
                           "--state-dir", tree->state_dir, "--runtime-dir", tree->runtime_dir,
                           NULL);
}

/* Returns the URL that the server says it is ready on. */
static char *
wait_until_ready (DouTestRun *run)
{
  g_autofree char *line = dou_test_run_read_line (run);

  g_assert_true (g_str_has_prefix (line, "doutok: ready on http://127.0.0.1:"));
  return g_strdup (strstr (line, "http://"));
}

static DouTestRun *
serve_until_ready (DouTestTree *tree)
{
  DouTestRun *run = serve (tree, NULL, "127.0.0.1:0");
  g_autofree char *url = wait_until_ready (run);

  return run;
}

static void
terminate (DouTestRun *run)
{
  g_subprocess_send_signal (run->process, SIGTERM);
  g_assert_cmpint (dou_test_run_wait (run, NULL, NULL), ==, EXIT_SUCCESS);
}

static void
assert_no_processes (DouTestTree *tree)
{
  g_autoptr (GArray) processes = dou_test_tree_open_processes (tree);

  g_assert_cmpuint (processes->len, ==, 0);
}

static void
assert_empty (const char *path)
{
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

/* Ends in failure, soon, with one line that names @named, and with nothing left. */
static void
assert_refused (DouTestTree *tree, DouTestRun *run, const char *named)
{
  const gint64 before = g_get_monotonic_time ();
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  int exit_status = dou_test_run_wait (run, &output, &errors);

  g_assert_cmpint (g_get_monotonic_time () - before, <,
                   SLOWNESS * REFUSAL_SECONDS * G_TIME_SPAN_SECOND);
  g_assert_cmpint (exit_status, ==, EXIT_FAILURE);
  g_assert_cmpstr (output, ==, "");
  g_assert_true (g_str_has_prefix (errors, "doutok: "));
  g_assert_true (strchr (errors, '\n') == errors + strlen (errors) - 1);
  g_assert_nonnull (strstr (errors, named));
}

static void
assert_bad_listen (DouTestTree *tree, const char *listen)
{
  g_autoptr (DouTestRun) run = serve (tree, NULL, listen);

  assert_refused (tree, run, listen);
  assert_no_processes (tree);
}

/* Test that a bad address and a taken port are refused. */
static void
test_listen (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *taken = g_strdup_printf ("127.0.0.1:%u", port);

  assert_bad_listen (*tree, "127.0.0.1");
  assert_bad_listen (*tree, "127.0.0.1:http");
  assert_bad_listen (*tree, "no-such-host.invalid:80");
  assert_bad_listen (*tree, taken);
  assert_empty ((*tree)->runtime_dir);
  g_socket_listener_close (listener);
}

/* Test that a state directory in which nothing can be written is refused. */
static void
test_state_dir (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (DouTestRun) run = NULL;

  g_assert_cmpint (g_mkdir ((*tree)->state_dir, 0500), ==, 0);
  run = serve (*tree, NULL, "127.0.0.1:0");
  assert_refused (*tree, run, (*tree)->state_dir);
}

/* Test that a runtime directory whose path is too long for a socket is refused. */
static void
test_runtime_dir (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *name = g_strnfill (100, 'x');
  g_autofree char *deep = g_build_filename ((*tree)->path, name, NULL);
  g_autoptr (DouTestRun) run
      = dou_test_run_new (*tree, NULL, "serve", "--listen=127.0.0.1:0", "--state-dir",
                          (*tree)->state_dir, "--runtime-dir", deep, NULL);

  assert_refused (*tree, run, deep);
  assert_empty (deep);
}

/* Test that a second server on the same state or runtime directory is refused, and that the first one
 * does not notice. */
static void
test_second (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (DouTestRun) first = serve_until_ready (*tree);
  g_autoptr (DouTestRun) same_state
      = dou_test_run_new (*tree, NULL, "serve", "--listen=127.0.0.1:0", "--state-dir",
                          (*tree)->state_dir, NULL);
  g_autoptr (DouTestRun) same_runtime
      = dou_test_run_new (*tree, NULL, "serve", "--listen=127.0.0.1:0", "--state-dir",
                          (*tree)->path, "--runtime-dir", (*tree)->runtime_dir, NULL);

  assert_refused (*tree, same_state, "Another doutok");
  assert_refused (*tree, same_runtime, "Another doutok");
  terminate (first);
}

/* Test that each program which is not in PATH is missed by name. */
static void
test_absent_programs (DouTestTree **tree, gconstpointer data)
{
  static const char *const programs[] = { "dbus-daemon", "ffmpeg", "ffprobe" };
  g_autofree char *path = g_build_filename ((*tree)->path, "bin", NULL);
  g_autofree char *former = g_strdup (g_getenv ("PATH"));

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *link = g_build_filename (path, programs[i], NULL);
      g_autofree char *target = g_find_program_in_path (programs[i]);
      g_autoptr (DouTestRun) run = NULL;

      g_setenv ("PATH", path, TRUE);
      run = serve (*tree, NULL, "127.0.0.1:0");
      g_setenv ("PATH", former, TRUE);
      assert_refused (*tree, run, programs[i]);
      g_assert_cmpint (symlink (target, link), ==, 0);
    }

  assert_empty ((*tree)->runtime_dir);
}

static void
assert_fails (DouTestTree *tree, const char *stand_in, const char *named)
{
  g_autoptr (DouTestRun) run = serve (tree, stand_in, "127.0.0.1:0");
  g_autofree char *errors = NULL;

  g_assert_cmpint (dou_test_run_wait (run, NULL, &errors), ==, EXIT_FAILURE);
  g_assert_nonnull (strstr (errors, named));
  assert_no_processes (tree);
  assert_empty (tree->runtime_dir);
}

/* Test that a service or a gateway which cannot start ends everything. */
static void
test_failing_parts (DouTestTree **tree, gconstpointer data)
{
  assert_fails (*tree, "doutok-user=fail", "doutok: doutok-user: ");
  assert_fails (*tree, "doutok-video=fail", "doutok: doutok-video: ");
  assert_fails (*tree, "doutok-gateway=fail", "doutok: doutok-gateway ");
}

/* Test what a running server is made of, and that SIGTERM leaves none of it. */
static void
test_life (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (DouTestRun) run = serve_until_ready (*tree);
  g_autoptr (DouTestRun) bus = NULL;
  g_autoptr (GArray) processes = NULL;
  g_autofree char *config = g_build_filename ((*tree)->runtime_dir, "doutok.conf", NULL);
  g_autofree char *keys = g_build_filename ((*tree)->state_dir, "token-keys", NULL);
  g_autofree char *address_file = g_build_filename ((*tree)->state_dir, "bus-address", NULL);
  g_autofree char *address = NULL;
  g_autofree char *text = NULL;
  struct stat status;

  /* doutok, dbus-daemon, four services, two gateways. */
  processes = dou_test_tree_open_processes (*tree);
  g_assert_cmpuint (processes->len, ==, 8);
  g_assert_cmpint (g_stat (keys, &status), ==, 0);
  g_assert_true (g_file_get_contents (config, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, (*tree)->state_dir));

  bus = dou_test_run_new (*tree, NULL, "bus", "address", "--state-dir", (*tree)->state_dir, NULL);
  g_assert_cmpint (dou_test_run_wait (bus, &address, NULL), ==, EXIT_SUCCESS);
  g_assert_true (g_str_has_prefix (address, "unix:path="));
  g_assert_true (g_dbus_is_supported_address (g_strchomp (address), NULL));

  terminate (run);
  dou_test_tree_wait_for_processes (processes);
  assert_empty ((*tree)->runtime_dir);
  g_assert_false (g_file_test (address_file, G_FILE_TEST_EXISTS));
}

/* Test that a temporary runtime directory is used if there is no other, and removed. */
static void
test_temporary_runtime_dir (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *temporary = g_build_filename ((*tree)->path, "temporary", NULL);
  g_autoptr (DouTestRun) run = NULL;
  g_autofree char *url = NULL;
  g_autofree char *former = g_strdup (g_get_tmp_dir ());

  g_assert_cmpint (g_mkdir (temporary, 0700), ==, 0);
  g_setenv ("TMPDIR", temporary, TRUE);
  run = dou_test_run_new (*tree, NULL, "serve", "--listen=127.0.0.1:0", "--state-dir",
                          (*tree)->state_dir, NULL);
  g_setenv ("TMPDIR", former, TRUE);
  url = wait_until_ready (run);
  g_assert_cmpint (g_rmdir (temporary), ==, -1);
  terminate (run);
  assert_empty (temporary);
}

/* Test that every address which was asked for is answered and said. */
static void
test_addresses (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (DouTestRun) run = serve (*tree, NULL, "127.0.0.1:0;127.0.0.1:0");
  g_autofree char *first = wait_until_ready (run);
  g_autofree char *second = wait_until_ready (run);
  const char *urls[] = { first, second };

  g_assert_cmpstr (first, !=, second);
  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GSocketConnection) connection = dou_test_connect (urls[i]);
      GInputStream *answer;
      char byte;

      g_assert_nonnull (connection);
      answer = g_io_stream_get_input_stream (G_IO_STREAM (connection));
      g_assert_cmpint (g_input_stream_read (answer, &byte, 1, NULL, NULL), ==, 1);
    }

  terminate (run);
}

/* Test that SIGINT during the start ends it in order. */
static void
test_interrupted_start (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (DouTestRun) run = serve (*tree, "doutok-gateway=mute", "127.0.0.1:0");
  g_autofree char *address = g_build_filename ((*tree)->state_dir, "bus-address", NULL);
  g_autoptr (GArray) processes = NULL;

  /* The gateways are there when the address of the bus is; they never become ready. */
  while (!g_file_test (address, G_FILE_TEST_EXISTS))
    g_thread_yield ();
  processes = dou_test_tree_open_processes (*tree);
  g_subprocess_send_signal (run->process, SIGINT);
  g_assert_cmpint (dou_test_run_wait (run, NULL, NULL), ==, EXIT_SUCCESS);
  dou_test_tree_wait_for_processes (processes);
  assert_empty ((*tree)->runtime_dir);
}

/* Test that a second signal does not wait for who does not want to end. */
static void
test_second_signal (DouTestTree **tree, gconstpointer data)
{
  const gint64 before = g_get_monotonic_time ();
  g_autoptr (DouTestRun) run
      = serve (*tree, "doutok-gateway=stubborn doutok-user=stubborn", "127.0.0.1:0");
  g_autofree char *url = wait_until_ready (run);

  g_subprocess_send_signal (run->process, SIGTERM);
  /* One signal more would be enough; the same signal twice may be taken as once. */
  g_subprocess_send_signal (run->process, SIGINT);
  g_assert_cmpint (dou_test_run_wait (run, NULL, NULL), ==, EXIT_SUCCESS);
  g_assert_cmpint (g_get_monotonic_time () - before, <, SLOWNESS * 4 * G_TIME_SPAN_SECOND);
  assert_no_processes (*tree);
  assert_empty ((*tree)->runtime_dir);
}

/* Test that kill -9 leaves no orphan, and nothing that prevents the next start. */
static void
test_killed (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (DouTestRun) killed = serve_until_ready (*tree);
  g_autoptr (DouTestRun) next = NULL;
  g_autoptr (DouTestRun) bus = NULL;
  g_autoptr (GArray) processes = dou_test_tree_open_processes (*tree);

  g_assert_cmpuint (processes->len, ==, 8);
  g_subprocess_send_signal (killed->process, SIGKILL);
  g_assert_cmpint (dou_test_run_wait (killed, NULL, NULL), ==, -SIGKILL);
  dou_test_tree_wait_for_processes (processes);

  bus = dou_test_run_new (*tree, NULL, "bus", "address", "--state-dir", (*tree)->state_dir, NULL);
  g_assert_cmpint (dou_test_run_wait (bus, NULL, NULL), ==, EXIT_FAILURE);

  next = serve_until_ready (*tree);
  terminate (next);
  assert_empty ((*tree)->runtime_dir);
}

/* Test that the death of the bus ends everything, and not as if all were well. */
static void
test_bus_death (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (DouTestRun) run = serve_until_ready (*tree);
  g_autofree char *path = g_build_filename ((*tree)->runtime_dir, "bus", NULL);
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  struct ucred peer;
  socklen_t length = sizeof peer;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *errors = NULL;

  g_strlcpy (name.sun_path, path, sizeof name.sun_path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &name, sizeof name), ==, 0);
  g_assert_cmpint (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length), ==, 0);
  g_assert_cmpint (kill (peer.pid, SIGKILL), ==, 0);
  g_close (fd, NULL);

  g_assert_cmpint (dou_test_run_wait (run, NULL, &errors), ==, EXIT_FAILURE);
  g_assert_nonnull (strstr (errors, "doutok: The private bus has ended (signal 9"));
  g_assert_null (strstr (errors, "Lost the name"));
  assert_no_processes (*tree);
  assert_empty ((*tree)->runtime_dir);
}

/* Test what systemd hears, and that it hears it from nobody else. */
static void
test_notify (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *path = g_build_filename ((*tree)->path, "notify", NULL);
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_autoptr (DouTestRun) run = NULL;
  g_autofree char *url = NULL;
  char message[64] = "";

  g_strlcpy (name.sun_path, path, sizeof name.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &name, sizeof name), ==, 0);
  g_setenv ("NOTIFY_SOCKET", path, TRUE);
  g_setenv ("WATCHDOG_USEC", "200000", TRUE);
  run = serve (*tree, NULL, "127.0.0.1:0");
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("WATCHDOG_USEC");

  url = wait_until_ready (run);
  g_assert_cmpint (read (fd, message, sizeof message - 1), >, 0);
  g_assert_cmpstr (message, ==, "READY=1");
  for (guint i = 0; i < 2; i++)
    {
      memset (message, 0, sizeof message);
      g_assert_cmpint (read (fd, message, sizeof message - 1), >, 0);
      g_assert_cmpstr (message, ==, "WATCHDOG=1");
    }

  terminate (run);
  do
    {
      memset (message, 0, sizeof message);
      g_assert_cmpint (read (fd, message, sizeof message - 1), >, 0);
    }
  while (g_str_equal (message, "WATCHDOG=1"));
  g_assert_cmpstr (message, ==, "STOPPING=1");
  g_assert_cmpint (recv (fd, message, sizeof message, MSG_DONTWAIT), ==, -1);
  g_close (fd, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/serve/" name, DouTestTree *, NULL, set_up, func, tear_down)
  ADD ("listen", test_listen);
  ADD ("state-dir", test_state_dir);
  ADD ("runtime-dir", test_runtime_dir);
  ADD ("second", test_second);
  ADD ("absent-programs", test_absent_programs);
  ADD ("failing-parts", test_failing_parts);
  ADD ("life", test_life);
  ADD ("temporary-runtime-dir", test_temporary_runtime_dir);
  ADD ("addresses", test_addresses);
  ADD ("interrupted-start", test_interrupted_start);
  ADD ("second-signal", test_second_signal);
  ADD ("killed", test_killed);
  ADD ("bus-death", test_bus_death);
  ADD ("notify", test_notify);
#undef ADD

  return g_test_run ();
}
