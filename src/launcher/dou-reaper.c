/* SPDX-License-Identifier: Apache-2.0 */

/* The end of processes.
 *
 * The services are children of dbus-daemon, which activates them, and an ffmpeg is a child of a
 * service. Whoever is orphaned by the death of its parent comes to `doutok serve`, which makes itself
 * the subreaper of all that it started. So "nothing is left" has one exact meaning, that wait(2) knows
 * no child any more, and dou_reaper_drain_async() waits for just that.
 *
 * SIGCHLD is blocked and read from a signalfd, and every child is collected here, also those that
 * nobody watches. g_child_watch_add() and GSubprocess were rejected for that reason: they collect only
 * what they started, and would fight with this over the rest. They must not be used in a process that
 * has a reaper.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-reaper.h"

/* How long killed processes may take to be gone: the kernel's work, unless one hangs in the disk. */
#define KILL_TIMEOUT_MS 2000

typedef struct
{
  DouReaperFunc func;
  gpointer user_data; /* (unowned) */
} Watch;

struct _DouReaper
{
  GObject parent_instance;

  int fd;              /* signalfd, or -1 */
  guint source_id;     /* of its GSource, or 0 */
  sigset_t former;     /* the signal mask to put back */
  GHashTable *watches; /* (owned) (element-type int Watch) by process id */
  GTask *drain;        /* (owned) (nullable) who waits until no child is left */
  guint drain_id;      /* of its timeout, or 0 */
  gboolean killing;    /* whoever is left, or comes to us, is killed */
};

G_DEFINE_FINAL_TYPE (DouReaper, dou_reaper, G_TYPE_OBJECT)

static void
dou_reaper_dispose (GObject *object)
{
  DouReaper *self = DOU_REAPER (object);

  g_clear_handle_id (&self->source_id, g_source_remove);
  g_clear_handle_id (&self->drain_id, g_source_remove);
  g_clear_pointer (&self->watches, g_hash_table_unref);
  if (self->fd >= 0)
    {
      g_close (self->fd, NULL);
      self->fd = -1;
      prctl (PR_SET_CHILD_SUBREAPER, 0);
      pthread_sigmask (SIG_SETMASK, &self->former, NULL);
    }

  G_OBJECT_CLASS (dou_reaper_parent_class)->dispose (object);
}

static void
dou_reaper_class_init (DouReaperClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_reaper_dispose;
}

static void
dou_reaper_init (DouReaper *self)
{
  self->fd = -1;
  self->watches = g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

static void
dou_reaper_complete_drain (DouReaper *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->drain);

  g_clear_handle_id (&self->drain_id, g_source_remove);
  self->killing = FALSE;
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* A child that nobody watches has come to us from the bus: a service, which is started again on the next
 * call. An operator wants to know, and nobody else tells. The name is there until it is collected. */
static void
dou_reaper_report (DouReaper *self, const siginfo_t *info)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", info->si_pid);
  g_autofree char *name = NULL;

  if (self->killing || self->drain != NULL || info->si_code == CLD_EXITED
      || !g_file_get_contents (path, &name, NULL, NULL))
    return;

  g_message ("%s (process %d) was ended by signal %d (%s)", g_strchomp (name), info->si_pid,
             info->si_status, g_strsignal (info->si_status));
}

/* Collects who has ended. Returns whether there are children left. */
static gboolean
dou_reaper_collect (DouReaper *self)
{
  for (;;)
    {
      siginfo_t info = { 0 };
      int wait_status;
      gpointer watch;

      if (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
        {
          if (errno == EINTR)
            continue;
          return FALSE;
        }
      if (info.si_pid == 0)
        return TRUE;

      if (!g_hash_table_contains (self->watches, GINT_TO_POINTER (info.si_pid)))
        dou_reaper_report (self, &info);
      waitpid (info.si_pid, &wait_status, 0);

      if (g_hash_table_steal_extended (self->watches, GINT_TO_POINTER (info.si_pid), NULL, &watch))
        {
          g_autofree Watch *owned = watch;

          owned->func (info.si_pid, wait_status, owned->user_data);
        }
    }
}

/* Sends SIGKILL to every child there is now. Their own children then become ours. */
static void
dou_reaper_kill_children (DouReaper *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", getpid ());
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    {
      /* A kernel without CONFIG_PROC_CHILDREN: those that are watched, at least. */
      GHashTableIter iter;
      gpointer pid;

      g_hash_table_iter_init (&iter, self->watches);
      while (g_hash_table_iter_next (&iter, &pid, NULL))
        kill (GPOINTER_TO_INT (pid), SIGKILL);
      return;
    }

  pids = g_strsplit (text, " ", -1);
  for (gsize i = 0; pids[i] != NULL; i++)
    {
      gint64 pid = g_ascii_strtoll (pids[i], NULL, 10);

      if (pid > 1)
        kill ((pid_t) pid, SIGKILL);
    }
}

static gboolean
child_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (DouReaper) self = g_object_ref (user_data);
  struct signalfd_siginfo info;

  /* One signal may stand for many children; what matters is only that there was one. */
  while (read (fd, &info, sizeof info) == sizeof info)
    ;

  if (!dou_reaper_collect (self))
    {
      self->killing = FALSE;
      if (self->drain != NULL)
        dou_reaper_complete_drain (self, NULL);
    }
  else if (self->killing)
    {
      /* The death of a parent has made new children of its children. */
      dou_reaper_kill_children (self);
    }

  return G_SOURCE_CONTINUE;
}

/**
 * dou_reaper_new:
 * @error: return location
 *
 * Makes this process the subreaper of its descendants. To be called before any thread is started, since
 * threads inherit the blocked SIGCHLD, and once at a time.
 *
 * Returns: (transfer full): the reaper, or %NULL
 */
DouReaper *
dou_reaper_new (GError **error)
{
  g_autoptr (DouReaper) self = g_object_new (DOU_TYPE_REAPER, NULL);
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  self->fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self->fd < 0 || pthread_sigmask (SIG_BLOCK, &set, &self->former) != 0
      || prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("Cannot watch processes: %s"),
                   g_strerror (errno));
      return NULL;
    }

  self->source_id = g_unix_fd_add (self->fd, G_IO_IN, child_cb, self);
  return g_steal_pointer (&self);
}

/**
 * dou_reaper_watch:
 * @self: a reaper
 * @pid: a child
 * @func: called once, when it has ended
 * @user_data: (unowned): for @func
 */
void
dou_reaper_watch (DouReaper *self, GPid pid, DouReaperFunc func, gpointer user_data)
{
  Watch *watch = g_new (Watch, 1);

  g_return_if_fail (DOU_IS_REAPER (self));

  watch->func = func;
  watch->user_data = user_data;
  g_hash_table_replace (self->watches, GINT_TO_POINTER (pid), watch);
}

/**
 * dou_reaper_unwatch:
 * @self: a reaper
 * @pid: a child whose end is nobody's business any more; it is still collected
 */
void
dou_reaper_unwatch (DouReaper *self, GPid pid)
{
  g_return_if_fail (DOU_IS_REAPER (self));

  if (self->watches != NULL)
    g_hash_table_remove (self->watches, GINT_TO_POINTER (pid));
}

static gboolean
drain_timeout_cb (gpointer user_data)
{
  g_autoptr (DouReaper) self = g_object_ref (user_data);

  self->drain_id = 0;
  if (self->killing)
    {
      dou_reaper_complete_drain (self, g_error_new (DOU_ERROR, DOU_STATUS_TIMEOUT,
                                                    "Processes are left that cannot be killed"));
      return G_SOURCE_REMOVE;
    }

  self->killing = TRUE;
  self->drain_id = g_timeout_add (KILL_TIMEOUT_MS, drain_timeout_cb, self);
  dou_reaper_kill_children (self);
  return G_SOURCE_REMOVE;
}

/**
 * dou_reaper_kill_all:
 * @self: a reaper
 *
 * Kills every child, and, as they become ours, the children of these; until no child is left.
 */
void
dou_reaper_kill_all (DouReaper *self)
{
  g_return_if_fail (DOU_IS_REAPER (self));

  self->killing = TRUE;
  dou_reaper_kill_children (self);
}

/**
 * dou_reaper_drain_async:
 * @self: a reaper
 * @timeout_ms: how long to wait until what is left is killed, in milliseconds
 * @callback: called when no child is left
 * @user_data: for @callback
 *
 * Waits for the end of all children, watched or not. One at a time.
 */
void
dou_reaper_drain_async (DouReaper *self, guint timeout_ms, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_return_if_fail (DOU_IS_REAPER (self));
  g_return_if_fail (self->drain == NULL);

  self->drain = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->drain, dou_reaper_drain_async);

  if (!dou_reaper_collect (self))
    dou_reaper_complete_drain (self, NULL);
  else
    self->drain_id = g_timeout_add (timeout_ms, drain_timeout_cb, self);
}

/**
 * dou_reaper_drain_finish:
 * @self: a reaper
 * @result: of dou_reaper_drain_async()
 * @error: return location for %DOU_STATUS_TIMEOUT
 *
 * Returns: whether all children are gone
 */
gboolean
dou_reaper_drain_finish (DouReaper *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_reaper_drain_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
