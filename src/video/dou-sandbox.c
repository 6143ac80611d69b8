/* SPDX-License-Identifier: Apache-2.0 */

/* The way into the sandbox, one layer after another, each without a way back. Every layer holds by
 * itself, so that a hole in one is not a hole in the sandbox:
 *
 *   session and parent  no terminal to type into; the kernel ends the program when its parent dies
 *   descriptors         closed, except standard streams and the input
 *   capabilities        none, so that a service run by root does not hand root's powers on
 *   Landlock            files: the system's programs and libraries, the input, the output directory
 *   seccomp             system calls: those that converting media needs; no socket, no new process
 *   limits              memory, processor time, file size, descriptors, no core dump
 *
 * It is a program of its own, exec'ed between the service and ffmpeg, and not a child-setup
 * function: between fork and exec of a program with threads hardly any function may be called,
 * libseccomp's least of all. bubblewrap was rejected: it needs namespaces, which a hardened unit
 * forbids.
 *
 * A layer that this kernel does not have at all is left out (the service says so when it starts). A
 * layer that it has and that cannot be entered is an error, and nothing is run.
 */

#include "config.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "video/dou-sandbox.h"
#include "video/dou-sandbox-landlock.h"
#include "video/dou-sandbox-seccomp.h"

/* ffmpeg holds about ten descriptors in any job of ours. */
#define MAX_DESCRIPTORS 64

static gboolean
fail (const char *what, GError **error)
{
  int code = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", what,
               g_strerror (code));
  return FALSE;
}

/* The order to die with the parent comes too late if the parent died before it was given. */
static gboolean
bind_to_parent (const DouSandbox *self, GError **error)
{
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0)
    return fail ("Cannot be bound to the parent process", error);

  if (self->parent != 0 && getppid () != self->parent)
    {
      errno = ESRCH;
      return fail ("The parent process is gone", error);
    }

  /* A process that leads a group already has a session of its own to be killed by. */
  setsid ();
  return TRUE;
}

static void
close_descriptors (int input_fd)
{
  for (int fd = STDERR_FILENO + 1; fd < input_fd; fd++)
    close (fd);

  closefrom (MAX (input_fd, STDERR_FILENO) + 1);
}

/* A hardened unit (doutok.service) forbids capset(2) itself, and leaves nothing to be dropped. */
static gboolean
has_no_capabilities (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  guint32 held = 0;

  if (syscall (SYS_capget, &header, data) != 0)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (data); i++)
    held |= data[i].permitted | data[i].effective | data[i].inheritable;

  return held == 0;
}

static gboolean
drop_capabilities (GError **error)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail ("Cannot give up new privileges", error);

  /* Together with the line above this also empties what exec would give to root. */
  prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (syscall (SYS_capset, &header, data) != 0 && !has_no_capabilities ())
    return fail ("Cannot drop the capabilities", error);

  return TRUE;
}

static gboolean
set_limit (int resource, gint64 limit, const char *what, GError **error)
{
  struct rlimit both;

  /* Who started the service may have set a lower one, which cannot be raised and need not be. */
  if (getrlimit ((__rlimit_resource_t) resource, &both) != 0)
    return fail (what, error);

  both.rlim_max = MIN (both.rlim_max, (rlim_t) limit);
  both.rlim_cur = both.rlim_max;
  return setrlimit ((__rlimit_resource_t) resource, &both) == 0 || fail (what, error);
}

/* Last of all, since from RLIMIT_AS on this program itself could run out of memory. */
static gboolean
set_limits (const DouSandbox *self, GError **error)
{
  if (!set_limit (RLIMIT_CORE, 0, "Cannot forbid core dumps", error)
      || !set_limit (RLIMIT_NOFILE, MAX_DESCRIPTORS, "Cannot limit descriptors", error))
    return FALSE;

  if (self->cpu > 0 && !set_limit (RLIMIT_CPU, self->cpu, "Cannot limit processor time", error))
    return FALSE;

  if (self->file_size > 0
      && !set_limit (RLIMIT_FSIZE, self->file_size, "Cannot limit file sizes", error))
    return FALSE;

  return self->memory <= 0 || set_limit (RLIMIT_AS, self->memory, "Cannot limit memory", error);
}

/**
 * dou_sandbox_enter:
 * @self: what to allow
 * @error: return location for a #GFileError
 *
 * Locks the calling process up, for good. All that is left to do afterwards is to exec; if that
 * fails, to write a line to standard error and _exit().
 *
 * Returns: whether every layer that the kernel has could be entered
 */
gboolean
dou_sandbox_enter (const DouSandbox *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (!bind_to_parent (self, error))
    return FALSE;

  close_descriptors (self->input_fd);
  umask (0077);
  /* An ignored signal stays ignored across exec; the file size limit ends a program by this one. */
  signal (SIGXFSZ, SIG_DFL);
  if (chdir (self->output != NULL ? self->output : "/") != 0)
    return fail (self->output, error);
  if (self->niceness > 0 && setpriority (PRIO_PROCESS, 0, self->niceness) != 0)
    return fail ("Cannot lower the priority", error);

  return drop_capabilities (error)
         && dou_sandbox_landlock_enter (self->input_fd, self->output, error)
         && dou_sandbox_seccomp_enter (error)
         && set_limits (self, error);
}
