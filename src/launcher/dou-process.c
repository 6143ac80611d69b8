/* SPDX-License-Identifier: Apache-2.0 */

/* One child process.
 *
 * It is killed by the kernel when the launcher dies, however that happens (PR_SET_PDEATHSIG, which is
 * tied to the thread that forked: always the main one here). It inherits the descriptors that were
 * named and no other, none of the variables by which systemd talks to the launcher alone, and writes
 * to standard error only: standard output belongs to the line that says “ready”. It has a session of its
 * own, so that Ctrl-C reaches the launcher alone: the bus would end at once, in the midst of requests.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-process.h"

/* From SIGTERM to SIGKILL: a little more than a service takes to drain (dou-service.c). */
#define STOP_TIMEOUT_MS 5000

struct _DouProcess
{
  GObject parent_instance;

  DouReaper *reaper; /* (owned) */
  GPid pid;          /* 0 once it has ended */
  guint kill_id;     /* timeout from SIGTERM to SIGKILL, or 0 */
};

G_DEFINE_FINAL_TYPE (DouProcess, dou_process, G_TYPE_OBJECT)

enum
{
  SIGNAL_EXITED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_process_dispose (GObject *object)
{
  DouProcess *self = DOU_PROCESS (object);

  g_clear_handle_id (&self->kill_id, g_source_remove);
  if (self->pid != 0)
    {
      kill (self->pid, SIGKILL);
      dou_reaper_unwatch (self->reaper, self->pid);
      self->pid = 0;
    }
  g_clear_object (&self->reaper);

  G_OBJECT_CLASS (dou_process_parent_class)->dispose (object);
}

static void
dou_process_class_init (DouProcessClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_process_dispose;

  /**
   * DouProcess::exited:
   * @self: the process
   * @wait_status: how it ended, as of waitpid(2)
   */
  signals[SIGNAL_EXITED] = g_signal_new ("exited", DOU_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
dou_process_init (DouProcess *self)
{
}

static void
exited_cb (GPid pid, int wait_status, gpointer user_data)
{
  g_autoptr (DouProcess) self = g_object_ref (user_data);

  self->pid = 0;
  g_clear_handle_id (&self->kill_id, g_source_remove);
  g_signal_emit (self, signals[SIGNAL_EXITED], 0, wait_status);
}

/* Runs in the child, between fork and exec: only calls that are safe after a fork. */
static void
child_setup_cb (gpointer user_data)
{
  pid_t launcher = GPOINTER_TO_INT (user_data);
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setsid ();

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != launcher)
    _exit (127); /* it died before it could be tied to us */
}

static char **
make_environment (void)
{
  static const char *const private[] = { "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
                                         "LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES" };
  char **environment = g_get_environ ();

  for (gsize i = 0; i < G_N_ELEMENTS (private); i++)
    environment = g_environ_unsetenv (environment, private[i]);

  /* GLib's own allocator of small pieces is slower than mimalloc and gives nothing back (it is gone since
   * GLib 2.76). A process reads this before its main() begins, so it can be set only by its parent. */
  if (DOU_HAVE_MIMALLOC)
    environment = g_environ_setenv (environment, "G_SLICE", "always-malloc", FALSE);

  return environment;
}

/**
 * dou_process_spawn:
 * @reaper: who hears of its end
 * @argv: the program, absolute or to be found in PATH, and its arguments
 * @fds: (array length=n_fds): descriptors to pass on, as %DOU_PROCESS_FIRST_FD and following
 * @n_fds: their number
 * @log_fd: where its standard output and error go; -1 for our own standard error
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * To be called in the main thread.
 *
 * Returns: (transfer full): the running process, killed when it is finalized; or %NULL
 */
DouProcess *
dou_process_spawn (DouReaper *reaper, const char *const *argv, const int *fds, gsize n_fds,
                   int log_fd, GError **error)
{
  g_autoptr (DouProcess) self = g_object_new (DOU_TYPE_PROCESS, NULL);
  g_auto (GStrv) environment = make_environment ();
  g_autofree int *target_fds = g_new (int, n_fds + 1);
  g_autoptr (GError) local_error = NULL;
  gboolean spawned;
  int output_fd;

  g_return_val_if_fail (DOU_IS_REAPER (reaper), NULL);

  for (gsize i = 0; i < n_fds; i++)
    target_fds[i] = DOU_PROCESS_FIRST_FD + (int) i;

  /* A copy: GLib closes in the child what it has made standard output of, and were that number 2,
   * nothing would be left to be standard error. */
  output_fd = fcntl (log_fd < 0 ? STDERR_FILENO : log_fd, F_DUPFD_CLOEXEC, DOU_PROCESS_FIRST_FD);
  spawned = g_spawn_async_with_pipes_and_fds (
      NULL, argv, (const char *const *) environment,
      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, child_setup_cb, GINT_TO_POINTER (getpid ()),
      -1, output_fd, output_fd, fds, target_fds, n_fds, &self->pid, NULL, NULL, NULL, &local_error);
  if (output_fd >= 0)
    close (output_fd);
  if (!spawned)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot start %s: %s"), argv[0],
                   local_error->message);
      return NULL;
    }

  self->reaper = g_object_ref (reaper);
  dou_reaper_watch (reaper, self->pid, exited_cb, self);
  return g_steal_pointer (&self);
}

/**
 * dou_process_get_pid:
 * @self: a process
 *
 * Returns: its id, 0 once it has ended
 */
GPid
dou_process_get_pid (DouProcess *self)
{
  g_return_val_if_fail (DOU_IS_PROCESS (self), 0);

  return self->pid;
}

gboolean
dou_process_is_running (DouProcess *self)
{
  g_return_val_if_fail (DOU_IS_PROCESS (self), FALSE);

  return self->pid != 0;
}

static gboolean
kill_cb (gpointer user_data)
{
  DouProcess *self = user_data;

  self->kill_id = 0;
  g_message ("Process %d does not end: killing it", self->pid);
  dou_process_kill (self);
  return G_SOURCE_REMOVE;
}

/**
 * dou_process_stop:
 * @self: a process
 *
 * Sends SIGTERM, and SIGKILL if it has not ended 5 seconds later. #DouProcess::exited follows.
 */
void
dou_process_stop (DouProcess *self)
{
  g_return_if_fail (DOU_IS_PROCESS (self));

  if (self->pid == 0 || self->kill_id != 0)
    return;

  kill (self->pid, SIGTERM);
  self->kill_id = g_timeout_add (STOP_TIMEOUT_MS, kill_cb, self);
}

void
dou_process_kill (DouProcess *self)
{
  g_return_if_fail (DOU_IS_PROCESS (self));

  if (self->pid != 0)
    kill (self->pid, SIGKILL);
}

/**
 * dou_process_describe_status:
 * @wait_status: as of waitpid(2)
 *
 * Returns: (transfer full): “exit status 1”, “signal 9 (Killed)”
 */
char *
dou_process_describe_status (int wait_status)
{
  if (WIFSIGNALED (wait_status))
    return g_strdup_printf ("signal %d (%s)", WTERMSIG (wait_status),
                            g_strsignal (WTERMSIG (wait_status)));

  return g_strdup_printf ("exit status %d", WEXITSTATUS (wait_status));
}
