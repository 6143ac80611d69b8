/* SPDX-License-Identifier: Apache-2.0 */

/* Which layers of the sandbox work here. Each is tried in a child that enters it and then does what
 * it forbids: what a kernel claims to have and what a container lets through are two things, so
 * only what was seen to hold is called working.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "video/dou-sandbox-landlock.h"
#include "video/dou-sandbox-probe.h"
#include "video/dou-sandbox-seccomp.h"

/* What a child tells with its exit status. */
enum
{
  HELD = 0,
  LEAKED = 1,
  REFUSED = 2,
};

/* There on every system, and of no use to ffmpeg. */
#define FORBIDDEN_FILE "/proc/self/status"

static gboolean
give_up_privileges (void)
{
  const struct rlimit no_core = { 0, 0 };

  return setrlimit (RLIMIT_CORE, &no_core) == 0 && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static int
try_landlock (void)
{
  if (!give_up_privileges () || !dou_sandbox_landlock_enter (-1, NULL, NULL))
    return REFUSED;

  return open (FORBIDDEN_FILE, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? HELD : LEAKED;
}

static int
try_seccomp (void)
{
  if (!give_up_privileges () || !dou_sandbox_seccomp_enter (NULL))
    return REFUSED;

  /* Does not return if the layer holds. */
  (void) socket (AF_INET, SOCK_STREAM, 0);
  return LEAKED;
}

/* A child killed by SIGSYS was stopped by the filter. */
static int
run (int (*layer) (void))
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (layer ());

  if (pid < 0 || waitpid (pid, &status, 0) != pid)
    return REFUSED;

  if (WIFSIGNALED (status))
    return WTERMSIG (status) == SIGSYS ? HELD : REFUSED;

  return WEXITSTATUS (status);
}

static gboolean
report (const char *name, gboolean exists, int (*layer) (void))
{
  const char *const words[] = { [HELD] = "ok", [LEAKED] = "ineffective", [REFUSED] = "refused" };
  int outcome;

  if (!exists)
    {
      g_print ("%s absent\n", name);
      return FALSE;
    }

  outcome = run (layer);
  g_print ("%s %s\n", name, words[CLAMP (outcome, HELD, REFUSED)]);
  return outcome == HELD;
}

/**
 * dou_sandbox_probe:
 *
 * Prints a line a layer: its name and `ok`; `absent` if this kernel does not have it, in which case
 * media is converted without it; `refused` or `ineffective` if it should be there but cannot be
 * entered or does not hold, in which case no media is converted.
 *
 * Returns: the exit status: success if all layers work
 */
int
dou_sandbox_probe (void)
{
  int abi = dou_sandbox_landlock_get_abi (NULL);
  gboolean landlock = report ("landlock", abi != DOU_SANDBOX_ABSENT, try_landlock);
  gboolean seccomp = report ("seccomp", dou_sandbox_seccomp_exists (), try_seccomp);

  return landlock && seccomp ? EXIT_SUCCESS : EXIT_FAILURE;
}
