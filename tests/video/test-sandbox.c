/* SPDX-License-Identifier: Apache-2.0 */

/* What a sandboxed program can do, tried by one that wants to get out. It is written in Perl, which
 * every Debian has and which can call anything. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "common/dou-paths.h"
#include "lib/dou-test-dir.h"

#define PERL "/usr/bin/perl"
#define INPUT_FD 7
#define EXIT_NO_SANDBOX 125

typedef struct
{
  char *directory; /* (owned) */
  char *output;    /* (owned) a directory in it */
  char *secret;    /* (owned) a file in it */
  char *program;   /* (owned) the sandbox */
  char *errors;    /* (owned) (nullable) what the last run complained of */
  char *text;      /* (owned) (nullable) what it said */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->output = g_build_filename (fixture->directory, "output", NULL);
  fixture->secret = g_build_filename (fixture->directory, "secret", NULL);
  fixture->program = dou_paths_get_program ("doutok-sandbox");
  g_assert_cmpint (g_mkdir (fixture->output, 0700), ==, 0);
  g_assert_true (g_file_set_contents (fixture->secret, "secret", -1, NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->text);
  g_free (fixture->errors);
  g_free (fixture->program);
  g_free (fixture->secret);
  g_free (fixture->output);
  dou_test_dir_remove (fixture->directory);
}

/* Whether this kernel has the layer. */
static gboolean
has_layer (Fixture *fixture, const char *name)
{
  const char *argv[] = { fixture->program, "--probe", NULL };
  g_autofree char *report = NULL;
  g_autofree char *line = g_strdup_printf ("%s absent\n", name);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &report,
                               NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (strstr (report, "refused"));
  g_assert_null (strstr (report, "ineffective"));
  return strstr (report, line) == NULL;
}

/* Runs the sandbox with the options (up to NULL) and returns how it ended, as of waitpid(). */
static int
run (Fixture *fixture, const char *script, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  const char *option;
  va_list options;
  int status;

  g_ptr_array_add (argv, fixture->program);
  va_start (options, script);
  while ((option = va_arg (options, const char *)) != NULL)
    g_ptr_array_add (argv, (gpointer) option);
  va_end (options);
  g_ptr_array_add (argv, (gpointer) "--");
  g_ptr_array_add (argv, (gpointer) PERL);
  g_ptr_array_add (argv, (gpointer) "-e");
  g_ptr_array_add (argv, (gpointer) script);
  g_ptr_array_add (argv, NULL);

  g_clear_pointer (&fixture->text, g_free);
  g_clear_pointer (&fixture->errors, g_free);
  g_assert_true (g_spawn_sync (NULL, (char **) argv->pdata, NULL,
                               G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
                               &fixture->text, &fixture->errors, &status, &error));
  g_assert_no_error (error);
  return status;
}

static void
assert_exit (int status, int expected)
{
  g_assert_cmphex (status, ==, W_EXITCODE (expected, 0));
}

static int
wait_for (GPid pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}

static void
assert_signal (int status, int expected)
{
  g_assert_cmphex (status & ~WCOREFLAG, ==, W_EXITCODE (0, expected));
}

/* Test that nothing is run if the sandbox cannot be what it was asked to be. */
static void
test_fails_closed (Fixture *fixture, gconstpointer data)
{
  const char *bad[] = { "--input-fd=99", "--output=/absent", "--parent=1", "--memory=x", "--what" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      if (i == 0 && !has_layer (fixture, "landlock"))
        continue;

      assert_exit (run (fixture, "print 'ran'", bad[i], NULL), EXIT_NO_SANDBOX);
      g_assert_cmpstr (fixture->text, ==, "");
      g_assert_true (g_str_has_prefix (fixture->errors, "doutok-sandbox: "));
    }
}

/* Makes the kernel of the child answer @data to all calls of Landlock. */
static void
hide_landlock_cb (gpointer data)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);

  g_assert_nonnull (filter);
  g_assert_cmpint (seccomp_rule_add (filter, SCMP_ACT_ERRNO (GPOINTER_TO_UINT (data)),
                                     SCMP_SYS (landlock_create_ruleset), 0), ==, 0);
  g_assert_cmpint (seccomp_load (filter), ==, 0);
  seccomp_release (filter);
}

static int
run_without_landlock (Fixture *fixture, int code, const char *argument, char **text)
{
  const char *argv[] = { fixture->program, argument, PERL, "-e", "print 'ran'", NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL,
                               hide_landlock_cb, GINT_TO_POINTER (code), text, NULL, &status,
                               &error));
  g_assert_no_error (error);
  return status;
}

/* Test that a layer that something forbids is not taken for one that the kernel does not have. */
static void
test_forbidden_layer (Fixture *fixture, gconstpointer data)
{
  g_autofree char *report = NULL;
  g_autofree char *text = NULL;

  if (!has_layer (fixture, "seccomp"))
    {
      g_test_skip ("Nothing to forbid it with");
      return;
    }

  assert_exit (run_without_landlock (fixture, EPERM, "--probe", &report), EXIT_FAILURE);
  g_assert_nonnull (strstr (report, "landlock refused\n"));
  assert_exit (run_without_landlock (fixture, EPERM, "--", &text), EXIT_NO_SANDBOX);
  g_assert_cmpstr (text, ==, "");
}

/* Test that an older kernel, or one without Landlock, is reported and does without. */
static void
test_absent_layer (Fixture *fixture, gconstpointer data)
{
  const int codes[] = { ENOSYS, EOPNOTSUPP };

  if (!has_layer (fixture, "seccomp"))
    {
      g_test_skip ("Nothing to hide it with");
      return;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autofree char *report = NULL;
      g_autofree char *text = NULL;

      assert_exit (run_without_landlock (fixture, codes[i], "--probe", &report), EXIT_FAILURE);
      g_assert_nonnull (strstr (report, "landlock absent\n"));
      assert_exit (run_without_landlock (fixture, codes[i], "--", &text), 0);
      g_assert_cmpstr (text, ==, "ran");
    }
}

/* Test that a program is named by its absolute path, since PATH may be anybody's. */
static void
test_relative_program (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { fixture->program, "--", "perl", "-e", "print 'ran'", NULL };
  g_autofree char *text = NULL;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                               &text, NULL, &status, NULL));
  assert_exit (status, EXIT_NO_SANDBOX);
  g_assert_cmpstr (text, ==, "");
}

static void
assert_unreadable (Fixture *fixture, const char *path)
{
  g_autofree char *script = g_strdup_printf (
      "open (F, '<', '%s') and exit 3; $! =~ /Permission denied/ or exit 4", path);

  assert_exit (run (fixture, script, NULL), 0);
}

/* Test that files that do not belong to the job cannot be read, listed or written. */
static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_strdup_printf (
      "opendir (D, '%s') and exit 3; open (F, '>', '%s/new') and exit 4;"
      "open (F, '>>', '%s') and exit 5; unlink ('%s') and exit 6; exit 0",
      fixture->directory, fixture->directory, fixture->secret, fixture->secret);

  if (!has_layer (fixture, "landlock"))
    {
      g_test_skip ("This kernel has no Landlock");
      return;
    }

  assert_unreadable (fixture, "/etc/passwd");
  assert_unreadable (fixture, "/proc/self/status");
  assert_unreadable (fixture, "/dev/zero");
  assert_unreadable (fixture, fixture->secret);
  assert_exit (run (fixture, script, "--output", fixture->output, NULL), 0);
  g_assert_true (g_file_test (fixture->secret, G_FILE_TEST_EXISTS));
}

/* Test that the input can be read, the output directory written, and that nothing else is open. */
static void
test_allowed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_strdup_printf (
      "open (F, '<', '/proc/self/fd/%d') or exit 3; <F> eq 'secret' or exit 4;"
      "open (O, '>', '%s/new') or exit 5; print O 'made'; close O;"
      "open (D, '<&=', %d) and exit 6; print join ' ', map {\"$_=$ENV{$_}\"} sort keys %%ENV",
      INPUT_FD, fixture->output, INPUT_FD + 1);
  g_autofree char *made = g_build_filename (fixture->output, "new", NULL);
  g_autofree char *content = NULL;
  GStatBuf status;
  int fd = g_open (fixture->secret, O_RDONLY | O_CLOEXEC);
  int leaked = g_open (fixture->secret, O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (dup2 (fd, INPUT_FD), ==, INPUT_FD);
  g_assert_cmpint (dup2 (leaked, INPUT_FD + 1), ==, INPUT_FD + 1);
  assert_exit (run (fixture, script, "--input-fd=7", "--output", fixture->output, NULL), 0);
  g_assert_cmpstr (fixture->text, ==,
                   "LC_ALL=C.UTF-8 OPENBLAS_NUM_THREADS=1 PATH=/usr/local/bin:/usr/bin:/bin");

  g_assert_true (g_file_get_contents (made, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "made");
  g_assert_cmpint (g_stat (made, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);

  close (fd);
  close (leaked);
  close (INPUT_FD);
  close (INPUT_FD + 1);
}

/* Test that a socket, a process, another's signal or limits end the program at once. */
static void
test_system_calls (Fixture *fixture, gconstpointer data)
{
  g_autofree char *kill_parent = g_strdup_printf ("kill 15, %d", getpid ());
  const char *scripts[] = {
    "use Socket; socket (S, AF_INET, SOCK_STREAM, 0)",
    "use Socket; socket (S, AF_UNIX, SOCK_STREAM, 0)",
    "fork",
    "mkdir 'x'",
    "rename 'x', 'y'",
    "chmod 0777, 'x'",
    "symlink '/etc/passwd', 'x'",
    kill_parent,
  };

  if (!has_layer (fixture, "seccomp"))
    {
      g_test_skip ("This kernel has no seccomp");
      return;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      g_autofree char *script = g_strdup_printf ("%s; print 'alive'", scripts[i]);

      assert_signal (run (fixture, script, "--output", fixture->output, NULL), SIGSYS);
      g_assert_cmpstr (fixture->text, ==, "");
    }
}

/* Test that a program that is not the system's cannot be started. */
static void
test_foreign_program (Fixture *fixture, gconstpointer data)
{
  g_autofree char *copy = g_build_filename (fixture->output, "copy", NULL);
  g_autofree char *script = g_strdup_printf ("exec { '%s' } 'echo', 'ran'; exit 5", copy);
  g_autofree char *bytes = NULL;
  gsize length;

  if (!has_layer (fixture, "landlock"))
    {
      g_test_skip ("This kernel has no Landlock");
      return;
    }

  g_assert_true (g_file_get_contents ("/bin/echo", &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (copy, bytes, (gssize) length, NULL));
  g_assert_cmpint (g_chmod (copy, 0700), ==, 0);
  assert_exit (run (fixture, script, "--output", fixture->output, NULL), 5);
}

/* Test that processor time, memory and file size end where they were told to. */
static void
test_limits (Fixture *fixture, gconstpointer data)
{
  assert_signal (run (fixture, "1 while 1", "--cpu=1", NULL), SIGKILL);
  assert_exit (run (fixture, "$x = 'x' x 300_000_000; exit 0", NULL), 0);
  assert_exit (run (fixture, "$x = 'x' x 300_000_000; exit 0", "--memory=268435456", NULL), ENOMEM);
  g_assert_nonnull (strstr (fixture->errors, "Out of memory"));
  assert_signal (run (fixture, "open (F, '>', 'new'); print F 'x' x 2000; close F", "--output",
                      fixture->output, "--file-size=1000", NULL),
                 SIGXFSZ);
}

typedef struct
{
  GPid pid;
  int output; /* read end: ends with the program */
  int input;  /* write end */
} Running;

/* Starts a program that says so and then does what @script says. */
static void
start (Fixture *fixture, Running *running, const char *script)
{
  g_autofree char *whole = g_strconcat ("$| = 1; print 'r'; ", script, NULL);
  const char *argv[] = { fixture->program, "--nice=7", "--", PERL, "-e", whole, NULL };
  g_autoptr (GError) error = NULL;
  char ready;

  g_assert_true (g_spawn_async_with_pipes (
      NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
      &running->pid, &running->input, &running->output, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (read (running->output, &ready, 1), ==, 1);
}

/* Test that the program holds no capability, can gain none, is filtered, and has been told to wait.
 * */
static void
test_powers (Fixture *fixture, gconstpointer data)
{
  Running running;
  g_autofree char *path = NULL;
  g_autofree char *status = NULL;

  start (fixture, &running, "read STDIN, $x, 1");
  path = g_strdup_printf ("/proc/%d/status", running.pid);
  g_assert_true (g_file_get_contents (path, &status, NULL, NULL));
  g_assert_nonnull (strstr (status, "CapPrm:\t0000000000000000"));
  g_assert_nonnull (strstr (status, "CapEff:\t0000000000000000"));
  g_assert_nonnull (strstr (status, "NoNewPrivs:\t1"));
  if (has_layer (fixture, "seccomp"))
    g_assert_nonnull (strstr (status, "Seccomp:\t2"));
  g_assert_cmpint (getpriority (PRIO_PROCESS, (id_t) running.pid), ==, 7);
  g_assert_cmpint (getsid (running.pid), ==, running.pid);

  close (running.input);
  assert_exit (wait_for (running.pid), 0);
  close (running.output);
}

/* Test that the program does not outlive whoever started it, however that ended. */
static void
test_dies_with_parent (Fixture *fixture, gconstpointer data)
{
  int ready[2];
  char byte;
  pid_t parent;

  g_assert_true (g_unix_open_pipe (ready, FD_CLOEXEC, NULL));
  parent = fork ();
  if (parent == 0)
    {
      Running running;

      start (fixture, &running, "1 while sleep 1000");
      dup2 (ready[1], STDERR_FILENO);
      g_assert_cmpint (write (STDERR_FILENO, &running.pid, sizeof running.pid), >, 0);
      for (;;)
        pause ();
    }

  {
    GPid program;

    g_assert_cmpint (read (ready[0], &program, sizeof program), ==, sizeof program);
    /* Its parent will be us, so that we can wait for it. */
    g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 1), ==, 0);
    g_assert_cmpint (kill (parent, SIGKILL), ==, 0);
    assert_signal (wait_for (parent), SIGKILL);
    assert_signal (wait_for (program), SIGKILL);
    g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 0), ==, 0);
  }

  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 0);
  close (ready[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/video/sandbox/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("fails-closed", test_fails_closed);
  ADD ("forbidden-layer", test_forbidden_layer);
  ADD ("absent-layer", test_absent_layer);
  ADD ("relative-program", test_relative_program);
  ADD ("files", test_files);
  ADD ("allowed", test_allowed);
  ADD ("system-calls", test_system_calls);
  ADD ("foreign-program", test_foreign_program);
  ADD ("limits", test_limits);
  ADD ("powers", test_powers);
  ADD ("dies-with-parent", test_dies_with_parent);
#undef ADD

  return g_test_run ();
}
