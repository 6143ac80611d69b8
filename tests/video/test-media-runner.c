/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok-test"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"
#include "video/dou-media-runner.h"

#define MEMORY (1024 * 1024 * 1024)
/* A picture that never ends. */
#define ENDLESS "-v error -nostdin -f lavfi -i testsrc=size=320x240 "

typedef struct
{
  char *directory;        /* (owned) */
  DouMediaRunner *runner; /* (owned) */
  GAsyncResult *result;   /* (owned) (nullable) */
  int fd;                 /* (owned) an empty file */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->fd = g_open ("/dev/null", O_RDONLY | O_CLOEXEC);
  fixture->runner = dou_media_runner_new (MEMORY, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->runner);
  close (fixture->fd);
  dou_test_dir_remove (fixture->directory);
}

static void
start (Fixture *fixture, DouMediaRun run, const char *line, GCancellable *cancellable)
{
  g_auto (GStrv) arguments = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &arguments, NULL));
  run.program = run.program != NULL ? run.program : "ffmpeg";
  run.arguments = (const char *const *) arguments;
  run.input_fd = fixture->fd;
  run.wall = run.wall > 0 ? run.wall : 30;
  dou_media_runner_run_async (fixture->runner, &run, cancellable, dou_test_wait_result_cb,
                              &fixture->result);
}

static GBytes *
finish (Fixture *fixture, GError **error)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (&fixture->result);

  return dou_media_runner_run_finish (fixture->runner, result, error);
}

static void
assert_status (Fixture *fixture, DouStatus status)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (finish (fixture, &error));
  g_assert_error (error, DOU_ERROR, (int) status);
}

/* Test that a failure is a damaged file, and tells what ffmpeg said. */
static void
test_failure (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  start (fixture, (DouMediaRun){ 0 }, "-v error -nostdin -f mov -i " DOU_MEDIA_RUN_INPUT, NULL);
  g_assert_null (finish (fixture, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_MEDIA_DAMAGED);
  g_assert_nonnull (strstr (error->message, "Invalid data found"));
}

/* Test that nothing runs without its sandbox. */
static void
test_no_sandbox (Fixture *fixture, gconstpointer data)
{
  start (fixture, (DouMediaRun){ .output = "/absent" }, "-version", NULL);
  assert_status (fixture, DOU_STATUS_INTERNAL);
}

/* Test that time, processor time, output and file size end a run, and with which status. */
static void
test_limits (Fixture *fixture, gconstpointer data)
{
  start (fixture, (DouMediaRun){ .wall = 1 }, ENDLESS "-vf realtime -f null -", NULL);
  assert_status (fixture, DOU_STATUS_UNAVAILABLE);

  start (fixture, (DouMediaRun){ .cpu = 1 }, ENDLESS "-f null -", NULL);
  assert_status (fixture, DOU_STATUS_MEDIA_TOO_BIG);

  start (fixture, (DouMediaRun){ 0 }, ENDLESS "-f rawvideo pipe:1", NULL);
  assert_status (fixture, DOU_STATUS_MEDIA_TOO_BIG);

  start (fixture, (DouMediaRun){ .output = fixture->directory, .file_size = 1000000 },
         ENDLESS "-y -f rawvideo file:large", NULL);
  assert_status (fixture, DOU_STATUS_MEDIA_TOO_BIG);
}

/* The only child. */
static pid_t
get_child (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", getpid ());
  g_autofree char *children = NULL;

  g_assert_true (g_file_get_contents (path, &children, NULL, NULL));
  return (pid_t) g_ascii_strtoll (children, NULL, 10);
}

/* Test that the file is not blamed if somebody kills the run. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  start (fixture, (DouMediaRun){ .cpu = 20 }, ENDLESS "-vf realtime -f null -", NULL);
  g_assert_cmpint (kill (get_child (), SIGKILL), ==, 0);
  assert_status (fixture, DOU_STATUS_UNAVAILABLE);
}

/* Test that a program that reaches for the network is killed, and that an operator hears of it. */
static void
test_network (Fixture *fixture, gconstpointer data)
{
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "*system call*forbids*");
  start (fixture, (DouMediaRun){ 0 }, "-v error -nostdin -i tcp://127.0.0.1:9 -f null -", NULL);
  assert_status (fixture, DOU_STATUS_MEDIA_DAMAGED);
  g_test_assert_expected_messages ();
}

/* Test that a run ends when it is cancelled, before and in the middle. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  start (fixture, (DouMediaRun){ 0 }, ENDLESS "-vf realtime -f null -", cancellable);
  g_cancellable_cancel (cancellable);
  g_assert_null (finish (fixture, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  start (fixture, (DouMediaRun){ 0 }, ENDLESS "-f null -", cancellable);
  g_assert_null (finish (fixture, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Test that what a program says is returned, and what it complains of beyond measure dropped. */
static void
test_output (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) output = NULL;

  start (fixture, (DouMediaRun){ .program = "ffprobe" }, "-v error -show_program_version", NULL);
  output = finish (fixture, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (g_bytes_get_data (output, NULL), "[PROGRAM_VERSION]"));

  g_clear_pointer (&output, g_bytes_unref);
  start (fixture, (DouMediaRun){ 0 }, "-v trace -nostdin -f lavfi -i testsrc -t 5 -f null -", NULL);
  output = finish (fixture, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (output), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/media-runner/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("failure", test_failure);
  ADD ("no-sandbox", test_no_sandbox);
  ADD ("limits", test_limits);
  ADD ("killed", test_killed);
  ADD ("network", test_network);
  ADD ("cancelled", test_cancelled);
  ADD ("output", test_output);
#undef ADD

  return g_test_run ();
}
