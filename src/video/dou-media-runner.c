/* SPDX-License-Identifier: Apache-2.0 */

/* Runs ffprobe and ffmpeg in the sandbox, without a shell, and turns what becomes of them into a
 * status.
 *
 * Each run has limits of its own for processor time, memory and output size, which the kernel
 * keeps, and for wall-clock time, which is kept here. Whatever ends a run, its callback comes only
 * once the process is gone, so that the caller may remove the output directory. Processes are
 * started by the main thread, since the kernel's order to die with the parent means the thread that
 * forked.
 *
 * The exit status of ffmpeg says little: 1 for everything. What else there is to know is in its
 * messages, which are in English under the locale that the sandbox sets.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/dou-paths.h"
#include "common/dou-metrics.h"
#include "common/dou-status.h"
#include "video/dou-media-runner.h"

/* Standard output: a report of ffprobe has about 1 KiB; progress of the longest run 100 KiB. */
#define MAX_OUTPUT (1024 * 1024)
/* Standard error that is kept, for the log; more is read and dropped. */
#define MAX_MESSAGES 4096
#define CHUNK 16384
/* Where DOU_MEDIA_RUN_INPUT points. */
#define INPUT_FD 3
/* Exit statuses of doutok-sandbox: no sandbox, no program. */
#define EXIT_NO_SANDBOX 125
#define EXIT_NO_PROGRAM 127

/* Only what the sandbox may execute: PATH is not asked. */
static const char *const program_directories[] = { "/usr/local/bin", "/usr/bin", "/bin" };

enum
{
  PROGRAM_FFMPEG,
  PROGRAM_FFPROBE,
  N_PROGRAMS
};

static const char *const program_names[] = { "ffmpeg", "ffprobe" };

struct _DouMediaRunner
{
  GObject parent_instance;

  char *sandbox;              /* (owned) path */
  char *programs[N_PROGRAMS]; /* (owned) paths */
  gint64 memory;              /* bytes of address space a run */
};

G_DEFINE_FINAL_TYPE (DouMediaRunner, dou_media_runner, G_TYPE_OBJECT)

/* A run under way: the data of its task. */
typedef struct
{
  GSubprocess *process; /* (owned) */
  GByteArray *output;   /* (owned) (nullable) until it is returned */
  GByteArray *messages; /* (owned) */
  GSource *timeout;     /* (owned) (nullable) */
  GSource *cancelled;   /* (owned) (nullable) */
  const char *program;  /* (unowned) static */
  const char *fatal;    /* (unowned) (nullable) static */
  gint64 cpu;           /* seconds of processor time allowed; 0 = any */
  gint64 cpu_before;    /* microseconds that all children had used when it began */
  guint n_pending;      /* both pipes and the process */
  gboolean timed_out;
  gboolean overflowed;
  gint64 begun; /* monotonic time, in microseconds */
} Run;

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
run_free (Run *run)
{
  clear_source (&run->timeout);
  clear_source (&run->cancelled);
  g_clear_object (&run->process);
  g_clear_pointer (&run->output, g_byte_array_unref);
  g_byte_array_unref (run->messages);
  g_free (run);
}

static void
dou_media_runner_finalize (GObject *object)
{
  DouMediaRunner *self = DOU_MEDIA_RUNNER (object);

  g_free (self->sandbox);
  for (gsize i = 0; i < N_PROGRAMS; i++)
    g_free (self->programs[i]);

  G_OBJECT_CLASS (dou_media_runner_parent_class)->finalize (object);
}

static void
dou_media_runner_class_init (DouMediaRunnerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_media_runner_finalize;
}

static void
dou_media_runner_init (DouMediaRunner *self)
{
}

static char *
find_program (const char *name, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (program_directories); i++)
    {
      g_autofree char *path = g_build_filename (program_directories[i], name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer (&path);
    }

  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
               "%s is not installed in /usr/bin or /usr/local/bin", name);
  return NULL;
}

/**
 * dou_media_runner_new:
 * @memory: bytes of address space that each run may use
 * @error: return location for %DOU_STATUS_UNAVAILABLE if ffmpeg is not installed
 *
 * Returns: (transfer full) (nullable): a runner
 */
DouMediaRunner *
dou_media_runner_new (gint64 memory, GError **error)
{
  g_autoptr (DouMediaRunner) self = g_object_new (DOU_TYPE_MEDIA_RUNNER, NULL);

  self->memory = memory;
  self->sandbox = dou_paths_get_program ("doutok-sandbox");
  for (gsize i = 0; i < N_PROGRAMS; i++)
    {
      self->programs[i] = find_program (program_names[i], error);
      if (self->programs[i] == NULL)
        return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * dou_media_runner_warn_about_sandbox:
 * @self: a runner
 *
 * Writes a warning for each layer of the sandbox that does not work here. Takes a few milliseconds;
 * to be called once, when the service starts.
 */
void
dou_media_runner_warn_about_sandbox (DouMediaRunner *self)
{
  const char *const argv[] = { self->sandbox, "--probe", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *report = NULL;
  g_auto (GStrv) lines = NULL;

  g_return_if_fail (DOU_IS_MEDIA_RUNNER (self));

  process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  if (process == NULL
      || !g_subprocess_communicate_utf8 (process, NULL, NULL, &report, NULL, &error))
    {
      g_warning ("The sandbox cannot be run, and without it no video: %s", error->message);
      return;
    }

  lines = g_strsplit (report, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_suffix (*line, " absent"))
      g_warning ("Sandbox: %s in this kernel; videos are converted without it", *line);
    else if (**line != '\0' && !g_str_has_suffix (*line, " ok"))
      g_warning ("Sandbox: %s on this system; no video can be published", *line);
}

/* Microseconds of processor time of all children that have ended. */
static gint64
get_children_cpu (void)
{
  struct rusage usage = { 0 };

  getrusage (RUSAGE_CHILDREN, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec
         + usage.ru_stime.tv_usec;
}

/* The kernel kills a run for its processor time. So does somebody who stops the machine's programs, or
 * needs its memory, but then it is not the file's fault, and there has been time left: what this run
 * and all that ended meanwhile have used is less than what this one might. The kernel counts in ticks
 * for the limit and exactly for the report, which differ on a busy machine; hence half of it. */
static gboolean
has_time_left (const Run *run)
{
  return run->cpu <= 0
         || get_children_cpu () - run->cpu_before < run->cpu * (G_USEC_PER_SEC / 2);
}

static DouStatus
judge_signal (const Run *run, int number)
{
  switch (number)
    {
    case SIGKILL:
      return has_time_left (run) ? DOU_STATUS_UNAVAILABLE : DOU_STATUS_MEDIA_TOO_BIG;
    case SIGXCPU:
    case SIGXFSZ:
      return DOU_STATUS_MEDIA_TOO_BIG;
    case SIGSYS:
      g_warning ("%s made a system call that the sandbox forbids", run->program);
      return DOU_STATUS_MEDIA_DAMAGED;
    default:
      return DOU_STATUS_MEDIA_DAMAGED;
    }
}

/* “Cannot allocate memory” is also what ffmpeg says of too many streams. */
static DouStatus
judge_messages (const char *messages)
{
  if (strstr (messages, "No space left on device") != NULL
      || strstr (messages, "Disk quota exceeded") != NULL)
    return DOU_STATUS_DISK_FULL;

  if (strstr (messages, "Cannot allocate memory") != NULL
      || strstr (messages, "not on whitelist") != NULL
      || strstr (messages, DOU_MEDIA_PICTURE_SIZE) != NULL)
    return DOU_STATUS_MEDIA_TOO_BIG;

  return DOU_STATUS_MEDIA_DAMAGED;
}

static DouStatus
judge_exit (int status)
{
  return status == EXIT_NO_SANDBOX || status == EXIT_NO_PROGRAM ? DOU_STATUS_INTERNAL
                                                                : DOU_STATUS_OK;
}

/* (transfer full) (nullable): why the run is no success. */
static GError *
judge (Run *run, GCancellable *cancellable)
{
  GSubprocess *process = run->process;
  GError *error = NULL;
  const char *messages;
  DouStatus status;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    return error;
  if (run->timed_out)
    return g_error_new (DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s took too long", run->program);
  if (run->overflowed)
    return g_error_new (DOU_ERROR, DOU_STATUS_MEDIA_TOO_BIG, "%s wrote too much", run->program);

  g_byte_array_append (run->messages, (const guint8 *) "", 1);
  messages = g_strchomp ((char *) run->messages->data);

  if (g_subprocess_get_successful (process)
      && (run->fatal == NULL || strstr (messages, run->fatal) == NULL))
    return NULL;

  if (g_subprocess_get_if_signaled (process))
    return g_error_new (DOU_ERROR, judge_signal (run, g_subprocess_get_term_sig (process)),
                        "%s was killed by signal %d: %s", run->program,
                        g_subprocess_get_term_sig (process), messages);

  status = judge_exit (g_subprocess_get_exit_status (process));
  return g_error_new (DOU_ERROR, status != DOU_STATUS_OK ? status : judge_messages (messages),
                      "%s failed: %s", run->program, messages);
}

static void
count_run (Run *run, const GError *error)
{
  const char *outcome = error == NULL                                                  ? "success"
                        : g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? "cancelled"
                        : run->timed_out                                             ? "timeout"
                                                                                     : "failure";
  g_autofree char *labels = g_strdup_printf ("program=\"%s\"", run->program);
  g_autofree char *with_outcome = g_strdup_printf ("%s,outcome=\"%s\"", labels, outcome);

  dou_metric_add (dou_metrics_get ("doutok_media_runs_total", with_outcome), 1);
  dou_metric_observe (dou_metrics_get ("doutok_media_run_duration_seconds", labels),
                      g_get_monotonic_time () - run->begun);
}

/* One of the two pipes has ended, or the process; after the last, the run has. */
static void
settle (GTask *task)
{
  Run *run = g_task_get_task_data (task);
  GError *error;

  if (--run->n_pending > 0)
    return;

  clear_source (&run->timeout);
  clear_source (&run->cancelled);
  error = judge (run, g_task_get_cancellable (task));
  count_run (run, error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_byte_array_free_to_bytes (g_steal_pointer (&run->output)),
                           (GDestroyNotify) g_bytes_unref);
}

static void read_cb (GObject *source, GAsyncResult *result, gpointer user_data);

static void
read_more (GTask *task, GInputStream *stream)
{
  g_input_stream_read_bytes_async (stream, CHUNK, G_PRIORITY_DEFAULT, NULL, read_cb,
                                   g_object_ref (task));
}

static void
keep (Run *run, gboolean is_output, GBytes *bytes)
{
  GByteArray *buffer = is_output ? run->output : run->messages;
  gsize room = (is_output ? MAX_OUTPUT : MAX_MESSAGES) - buffer->len;
  gsize length;
  gconstpointer data = g_bytes_get_data (bytes, &length);

  g_byte_array_append (buffer, data, (guint) MIN (length, room));
  if (is_output && length > room)
    {
      run->overflowed = TRUE;
      g_subprocess_force_exit (run->process);
    }
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Run *run = g_task_get_task_data (task);
  GInputStream *stream = G_INPUT_STREAM (source);
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (stream, result, NULL);

  /* An error of a pipe can only mean that it is of no use any more. */
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      settle (task);
      return;
    }

  keep (run, stream == g_subprocess_get_stdout_pipe (run->process), bytes);
  read_more (task, stream);
}

static void
wait_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  /* Fails only if cancelled, which it cannot be. */
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  settle (task);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Run *run = g_task_get_task_data (user_data);

  run->timed_out = TRUE;
  g_subprocess_force_exit (run->process);
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  Run *run = g_task_get_task_data (user_data);

  g_subprocess_force_exit (run->process);
  return G_SOURCE_REMOVE;
}

static void
watch (GTask *task, guint wall)
{
  Run *run = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  run->timeout = g_timeout_source_new_seconds (wall);
  g_task_attach_source (task, run->timeout, timeout_cb);
  if (cancellable != NULL)
    {
      run->cancelled = g_cancellable_source_new (cancellable);
      g_task_attach_source (task, run->cancelled, G_SOURCE_FUNC (cancelled_cb));
    }

  run->n_pending = 3;
  read_more (task, g_subprocess_get_stdout_pipe (run->process));
  read_more (task, g_subprocess_get_stderr_pipe (run->process));
  g_subprocess_wait_async (run->process, NULL, wait_cb, g_object_ref (task));
}

static void
add_number (GStrvBuilder *argv, const char *option, gint64 value)
{
  g_autofree char *argument = g_strdup_printf ("%s=%" G_GINT64_FORMAT, option, value);

  g_strv_builder_add (argv, argument);
}

static char **
build_argv (DouMediaRunner *self, const DouMediaRun *run)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  gboolean is_ffmpeg = g_str_equal (run->program, program_names[PROGRAM_FFMPEG]);

  g_strv_builder_add (argv, self->sandbox);
  add_number (argv, "--parent", getpid ());
  add_number (argv, "--input-fd", INPUT_FD);
  add_number (argv, "--memory", self->memory);
  add_number (argv, "--cpu", run->cpu);
  add_number (argv, "--file-size", run->file_size);
  add_number (argv, "--nice", run->niceness);
  if (run->output != NULL)
    g_strv_builder_add_many (argv, "--output", run->output, NULL);

  g_strv_builder_add_many (argv, "--",
                           self->programs[is_ffmpeg ? PROGRAM_FFMPEG : PROGRAM_FFPROBE], NULL);
  g_strv_builder_addv (argv, (const char **) run->arguments);
  return g_strv_builder_end (argv);
}

static GSubprocess *
spawn (DouMediaRunner *self, const DouMediaRun *run, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_auto (GStrv) argv = build_argv (self, run);
  int fd = fcntl (run->input_fd, F_DUPFD_CLOEXEC, INPUT_FD);

  if (fd < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "Too many open files");
      return NULL;
    }

  g_subprocess_launcher_take_fd (launcher, fd, INPUT_FD);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, error);
}

/**
 * dou_media_runner_run_async:
 * @self: a runner
 * @run: what to run; not needed after the call
 * @cancellable: (nullable): ends the run
 * @callback: called once the process is gone
 * @user_data: for @callback
 *
 * How many runs there are at once is the caller's business.
 */
void
dou_media_runner_run_async (DouMediaRunner *self, const DouMediaRun *run,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  Run *data;

  g_return_if_fail (DOU_IS_MEDIA_RUNNER (self));

  g_task_set_source_tag (task, dou_media_runner_run_async);
  /* A cancelled run is over when its process is, not before. */
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;

  data = g_new0 (Run, 1);
  data->output = g_byte_array_new ();
  data->messages = g_byte_array_new ();
  data->program = run->program;
  data->begun = g_get_monotonic_time ();
  data->fatal = run->fatal;
  data->cpu = run->cpu;
  data->cpu_before = get_children_cpu ();
  g_task_set_task_data (task, data, (GDestroyNotify) run_free);

  data->process = spawn (self, run, &error);
  if (data->process == NULL)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_INTERNAL, "Cannot run %s: %s",
                             run->program, error->message);
  else
    watch (task, run->wall);
}

/**
 * dou_media_runner_run_finish:
 * @self: a runner
 * @result: from the callback
 * @error: return location for a status of media, %DOU_STATUS_DISK_FULL, %DOU_STATUS_UNAVAILABLE (it
 *   took too long, or somebody killed it), %DOU_STATUS_INTERNAL (no sandbox), or %G_IO_ERROR_CANCELLED
 *
 * Returns: (transfer full) (nullable): what the program wrote to its standard output
 */
GBytes *
dou_media_runner_run_finish (DouMediaRunner *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_runner_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
