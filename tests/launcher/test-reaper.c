/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "launcher/dou-process.h"
#include "lib/dou-test-wait.h"

/* Longer than anything here takes. */
#define LONG_MS 20000

typedef struct
{
  DouReaper *reaper; /* (owned) */
  gboolean exited;
  int wait_status;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->reaper = dou_reaper_new (&error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->reaper);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
}

static void
exited_cb (DouProcess *process, int wait_status, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->exited = TRUE;
  fixture->wait_status = wait_status;
}

static gboolean
has_exited (gpointer data)
{
  return ((Fixture *) data)->exited;
}

static DouProcess *
spawn (Fixture *fixture, const char *script, const int *fds, gsize n_fds)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  g_autoptr (GError) error = NULL;
  DouProcess *process = dou_process_spawn (fixture->reaper, argv, fds, n_fds, -1, &error);

  g_assert_no_error (error);
  g_signal_connect (process, "exited", G_CALLBACK (exited_cb), fixture);
  return process;
}

static gboolean
drain (Fixture *fixture, guint timeout_ms, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *kept = NULL;

  dou_reaper_drain_async (fixture->reaper, timeout_ms, dou_test_wait_result_cb, &kept);
  result = dou_test_wait_result (&kept);
  return dou_reaper_drain_finish (fixture->reaper, result, error);
}

/* Test that a program which is not there is an error, and that no child is left of the attempt. */
static void
test_absent (Fixture *fixture, gconstpointer data)
{
  const char *const argv[] = { "/nonexistent/program", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_process_spawn (fixture->reaper, argv, NULL, 0, -1, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "/nonexistent/program"));
}

/* Test that a process tells how it ended. */
static void
test_exited (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouProcess) process = spawn (fixture, "exit 7", NULL, 0);
  g_autofree char *how = NULL;

  g_assert_true (dou_process_is_running (process));
  dou_test_wait_until (has_exited, fixture);
  how = dou_process_describe_status (fixture->wait_status);
  g_assert_cmpstr (how, ==, "exit status 7");
  g_assert_false (dou_process_is_running (process));
  g_assert_cmpint (dou_process_get_pid (process), ==, 0);
}

/* Test that a process which is asked to stop gets SIGTERM, and nothing else if that is enough. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouProcess) process = spawn (fixture, "exec sleep 60", NULL, 0);

  dou_process_stop (process);
  dou_process_stop (process);
  dou_test_wait_until (has_exited, fixture);
  g_assert_true (WIFSIGNALED (fixture->wait_status));
  g_assert_cmpint (WTERMSIG (fixture->wait_status), ==, SIGTERM);
}

/* Test that descriptors arrive under their numbers, that no other does, and that what is systemd's and
 * the launcher's alone stays here. */
static void
test_inherited (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouProcess) process = NULL;
  char text[128] = "";
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_setenv ("NOTIFY_SOCKET", "/nowhere", TRUE);
  g_setenv ("LISTEN_FDS", "1", TRUE);
  g_setenv ("DOU_TEST", "kept", TRUE);
  process = spawn (fixture,
                   "echo $NOTIFY_SOCKET$LISTEN_FDS$DOU_TEST $(ls /proc/self/fd) >&3",
                   &fds[1], 1);
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("LISTEN_FDS");
  g_close (fds[1], NULL);

  dou_test_wait_until (has_exited, fixture);
  g_assert_cmpint (read (fds[0], text, sizeof text - 1), >, 0);
  g_close (fds[0], NULL);
  /* 4 is the directory that ls reads. */
  g_assert_cmpstr (text, ==, "kept 0 1 2 3 4\n");
}

/* Test that a process is out of reach of the terminal, where Ctrl-C goes to all at once. */
static void
test_session (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouProcess) process = spawn (fixture, "kill -STOP $$", NULL, 0);
  const GPid pid = dou_process_get_pid (process);
  siginfo_t info;

  g_assert_cmpint (waitid (P_PID, (id_t) pid, &info, WSTOPPED), ==, 0);
  g_assert_cmpint (getsid (pid), ==, pid);
  dou_process_kill (process);
  dou_test_wait_until (has_exited, fixture);
}

/* Test that an orphan is waited for although nobody has started it here. */
static void
test_orphan (Fixture *fixture, gconstpointer data)
{
  int fds[2];
  g_autoptr (DouProcess) process = NULL;
  g_autoptr (GError) error = NULL;

  /* The shell ends; its child lives until the pipe is closed. */
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  process = spawn (fixture, "cat <&3 & exit 0", fds, 1);
  dou_test_wait_until (has_exited, fixture);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, 0);

  g_close (fds[0], NULL);
  g_close (fds[1], NULL);
  g_assert_true (drain (fixture, LONG_MS, &error));
  g_assert_no_error (error);
}

/* Test that who does not end is killed, and the children that this makes ours, too. */
static void
test_kill (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouProcess) process
      = spawn (fixture, "trap '' TERM; (trap '' TERM; sleep 60; true) & sleep 60; true", NULL, 0);
  g_autoptr (GError) error = NULL;

  g_assert_true (drain (fixture, 0, &error));
  g_assert_no_error (error);
  g_assert_true (fixture->exited);
  g_assert_cmpint (WTERMSIG (fixture->wait_status), ==, SIGKILL);
}

/* Test that a process goes with its last reference. */
static void
test_finalized (Fixture *fixture, gconstpointer data)
{
  DouProcess *process = spawn (fixture, "exec sleep 60", NULL, 0);
  g_autoptr (GError) error = NULL;

  g_assert_finalize_object (process);
  g_assert_true (drain (fixture, LONG_MS, &error));
  g_assert_no_error (error);
  g_assert_false (fixture->exited);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/reaper/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("absent", test_absent);
  ADD ("exited", test_exited);
  ADD ("stop", test_stop);
  ADD ("inherited", test_inherited);
  ADD ("session", test_session);
  ADD ("orphan", test_orphan);
  ADD ("kill", test_kill);
  ADD ("finalized", test_finalized);
#undef ADD

  return g_test_run ();
}
