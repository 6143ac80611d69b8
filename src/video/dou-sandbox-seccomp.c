/* SPDX-License-Identifier: Apache-2.0 */

/* Which system calls a sandboxed program can make: a list of what is allowed, since a list of what
 * is forbidden is out of date with the next kernel. Any other call kills the process.
 *
 * The list was taken from traces of ffprobe and ffmpeg (probe, remux, cover, transcode; H.264,
 * HEVC, VP8, VP9, AV1, AAC, Opus, Vorbis) and completed with the relatives that another
 * architecture or C library uses in their place. It goes by names, which libseccomp resolves; a
 * name that the machine does not have is skipped.
 */

#include "config.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "video/dou-sandbox-seccomp.h"

static const char *const allowed[] = {
  /* files: Landlock says which */
  "read", "pread64", "readv", "preadv", "write", "pwrite64", "writev", "pwritev", "lseek",
  "_llseek", "open", "openat", "close", "close_range", "dup", "dup2", "dup3", "pipe", "pipe2",
  "eventfd2", "stat", "stat64", "fstat", "fstat64", "lstat", "lstat64", "newfstatat", "fstatat64",
  "statx", "statfs", "statfs64", "fstatfs", "fstatfs64", "access", "faccessat", "faccessat2",
  "readlink", "readlinkat", "getdents", "getdents64", "getcwd", "umask", "unlink", "unlinkat",
  "ftruncate", "ftruncate64", "fallocate", "fadvise64", "fadvise64_64", "arm_fadvise64_64",
  "fsync", "fdatasync",
  /* waiting */
  "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
  "nanosleep", "clock_nanosleep", "clock_nanosleep_time64",
  /* memory */
  "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "mlock", "munlock",
  "membarrier", "mbind", "get_mempolicy", "set_mempolicy",
  /* threads */
  "futex", "futex_time64", "set_robust_list", "get_robust_list", "rseq", "set_tid_address",
  "set_thread_area", "set_tls", "arch_prctl", "cacheflush", "riscv_flush_icache", "getcpu",
  "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler",
  "sched_get_priority_min", "sched_get_priority_max",
  /* oneself */
  "execve", "exit", "exit_group", "restart_syscall", "rt_sigaction", "rt_sigprocmask",
  "rt_sigreturn", "sigreturn", "sigaltstack", "getpid", "getppid", "gettid", "getuid", "getuid32",
  "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32", "getpgrp", "getrusage",
  "getrlimit", "ugetrlimit", "times", "uname", "sysinfo", "getrandom",
  /* clocks */
  "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday",
  "time",
};

/* What isatty() and its like ask; TCGETS2 is glibc's way to ask it from 2.42 on. */
static const unsigned int allowed_ioctls[] = { TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD };
/* Not F_SETOWN, which can make the kernel send a signal to another process. */
static const unsigned int allowed_fcntls[]
    = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC };
/* Not PR_SET_PDEATHSIG, which would let the program outlive the service. */
static const unsigned int allowed_prctls[] = { PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ };

static gboolean
fail (const char *what, int code, GError **error)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "seccomp: %s: %s", what,
               g_strerror (code));
  return FALSE;
}

static gboolean
add (scmp_filter_ctx filter, guint32 action, const char *name, guint n_arguments,
     const struct scmp_arg_cmp *arguments, GError **error)
{
  int number = seccomp_syscall_resolve_name (name);
  int result;

  if (number == __NR_SCMP_ERROR)
    return TRUE;

  result = seccomp_rule_add_array (filter, action, number, n_arguments, arguments);
  return result == 0 || fail (name, -result, error);
}

static gboolean
allow_if (scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp condition, GError **error)
{
  return add (filter, SCMP_ACT_ALLOW, name, 1, &condition, error);
}

/* Calls that are allowed in one meaning and not in another. */
static gboolean
add_conditions (scmp_filter_ctx filter, GError **error)
{
  /* Threads, but no processes. clone3 takes its flags in memory, where a filter cannot look; told
   * that there is no such call, glibc falls back to clone. */
  if (!allow_if (filter, "clone", SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD), error)
      || !add (filter, SCMP_ACT_ERRNO (ENOSYS), "clone3", 0, NULL, error))
    return FALSE;

  /* abort() and pthread_cancel(), with this process only: exec does not change its number. */
  if (!allow_if (filter, "tgkill", SCMP_A0 (SCMP_CMP_EQ, (guint64) getpid ()), error))
    return FALSE;

  /* Its own limits, which can only fall; never those of another process. */
  if (!allow_if (filter, "prlimit64", SCMP_A0 (SCMP_CMP_EQ, 0), error)
      || !add (filter, SCMP_ACT_ERRNO (EPERM), "prlimit64", 1,
               &SCMP_A0 (SCMP_CMP_NE, 0), error))
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (allowed_ioctls); i++)
    if (!allow_if (filter, "ioctl", SCMP_A1 (SCMP_CMP_EQ, allowed_ioctls[i]), error))
      return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (allowed_fcntls); i++)
    if (!allow_if (filter, "fcntl", SCMP_A1 (SCMP_CMP_EQ, allowed_fcntls[i]), error)
        || !allow_if (filter, "fcntl64", SCMP_A1 (SCMP_CMP_EQ, allowed_fcntls[i]), error))
      return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (allowed_prctls); i++)
    if (!allow_if (filter, "prctl", SCMP_A0 (SCMP_CMP_EQ, allowed_prctls[i]), error))
      return FALSE;

  return TRUE;
}

static gboolean
fill (scmp_filter_ctx filter, GError **error)
{
  int result = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

  if (result != 0)
    return fail ("seccomp_attr_set", -result, error);

  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (!add (filter, SCMP_ACT_ALLOW, allowed[i], 0, NULL, error))
      return FALSE;

  return add_conditions (filter, error);
}

/**
 * dou_sandbox_seccomp_exists:
 *
 * Returns: whether this kernel can filter system calls
 */
gboolean
dou_sandbox_seccomp_exists (void)
{
  return prctl (PR_GET_SECCOMP) >= 0 || errno != EINVAL;
}

/**
 * dou_sandbox_seccomp_enter:
 * @error: return location for a #GFileError
 *
 * The process must have given up new privileges before.
 *
 * Returns: %FALSE if the kernel has seccomp and the filter could not be put in force
 */
gboolean
dou_sandbox_seccomp_enter (GError **error)
{
  scmp_filter_ctx filter;
  gboolean entered;
  int result;

  if (!dou_sandbox_seccomp_exists ())
    return TRUE;

  filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
  if (filter == NULL)
    return fail ("seccomp_init", ENOMEM, error);

  entered = fill (filter, error);
  if (entered)
    {
      result = seccomp_load (filter);
      entered = result == 0 || fail ("seccomp_load", -result, error);
    }

  seccomp_release (filter);
  return entered;
}
