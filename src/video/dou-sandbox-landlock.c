/* SPDX-License-Identifier: Apache-2.0 */

/* Which files a sandboxed program can open. Rules hang on the files themselves, not on names: a
 * rule for /usr/lib covers /lib/x too where /lib is a link to it, and on a system where it is not,
 * the rule for /lib does. Nothing else can be opened, /proc, /etc and the media of others included.
 *
 * Debian 12's header knows the first two versions of the interface, so the constants of the later
 * ones stand here; a kernel is asked which it has, and is given only what it knows.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "video/dou-sandbox-landlock.h"

/* Version 3, 4, 5 and 6 of the interface. */
#define ACCESS_FS_TRUNCATE (G_GUINT64_CONSTANT (1) << 14)
#define ACCESS_FS_IOCTL_DEV (G_GUINT64_CONSTANT (1) << 15)
#define ACCESS_NET_BIND_TCP (G_GUINT64_CONSTANT (1) << 0)
#define ACCESS_NET_CONNECT_TCP (G_GUINT64_CONSTANT (1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (G_GUINT64_CONSTANT (1) << 0)
#define SCOPE_SIGNAL (G_GUINT64_CONSTANT (1) << 1)

/* struct landlock_ruleset_attr as of version 6. An older kernel takes the longer structure as long
 * as what it does not know is zero. */
typedef struct
{
  guint64 handled_access_fs;
  guint64 handled_access_net;
  guint64 scoped;
} RulesetAttributes;

#define READ_ACCESS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define PROGRAM_ACCESS (READ_ACCESS | LANDLOCK_ACCESS_FS_EXECUTE)
#define OUTPUT_ACCESS                                                                             \
  (READ_ACCESS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG                      \
   | LANDLOCK_ACCESS_FS_REMOVE_FILE | ACCESS_FS_TRUNCATE)

typedef struct
{
  const char *path;
  guint64 access;
} Rule;

/* What an ordinary program needs to start; what is not there is left out. */
static const Rule rules[] = {
  { "/usr", PROGRAM_ACCESS },
  { "/bin", PROGRAM_ACCESS },
  { "/lib", PROGRAM_ACCESS },
  { "/lib32", PROGRAM_ACCESS },
  { "/lib64", PROGRAM_ACCESS },
  { "/etc/ld.so.cache", LANDLOCK_ACCESS_FS_READ_FILE },
  { "/etc/alternatives", READ_ACCESS },
  { "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE },
};

static gboolean
fail (const char *what, GError **error)
{
  int code = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "Landlock: %s: %s", what,
               g_strerror (code));
  return FALSE;
}

/* Everything that version @abi can forbid. */
static RulesetAttributes
get_handled (int abi)
{
  /* Version 1 has all bits below this one. */
  RulesetAttributes handled = { .handled_access_fs = LANDLOCK_ACCESS_FS_REFER - 1 };

  if (abi >= 2)
    handled.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3)
    handled.handled_access_fs |= ACCESS_FS_TRUNCATE;
  if (abi >= 4)
    handled.handled_access_net = ACCESS_NET_BIND_TCP | ACCESS_NET_CONNECT_TCP;
  if (abi >= 5)
    handled.handled_access_fs |= ACCESS_FS_IOCTL_DEV;
  if (abi >= 6)
    handled.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;

  return handled;
}

static gboolean
allow (int ruleset, int fd, guint64 access, const char *what, GError **error)
{
  const struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };

  if (syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return fail (what, error);

  return TRUE;
}

static gboolean
allow_path (int ruleset, const char *path, guint64 access, gboolean required, GError **error)
{
  int fd = open (path, O_PATH | O_CLOEXEC);
  gboolean allowed;

  if (fd < 0)
    return (errno == ENOENT && !required) || fail (path, error);

  allowed = allow (ruleset, fd, access, path, error);
  close (fd);
  return allowed;
}

static gboolean
fill (int ruleset, guint64 handled, int input_fd, const char *output, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (!allow_path (ruleset, rules[i].path, rules[i].access & handled, FALSE, error))
      return FALSE;

  if (input_fd >= 0
      && !allow (ruleset, input_fd, LANDLOCK_ACCESS_FS_READ_FILE, "the input", error))
    return FALSE;

  return output == NULL || allow_path (ruleset, output, OUTPUT_ACCESS & handled, TRUE, error);
}

/**
 * dou_sandbox_landlock_get_abi:
 * @error: return location for a #GFileError
 *
 * Returns: the version that the kernel has, %DOU_SANDBOX_ABSENT, or -1 with @error set if the
 *   kernel does not let us ask: a filter of system calls forbids it, and must be told to allow it
 *   by name
 */
int
dou_sandbox_landlock_get_abi (GError **error)
{
  int abi = (int) syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  if (abi > 0)
    return abi;

  /* Not built in; built in, but not switched on when the machine started. */
  if (errno == ENOSYS || errno == EOPNOTSUPP)
    return DOU_SANDBOX_ABSENT;

  fail ("landlock_create_ruleset", error);
  return -1;
}

/**
 * dou_sandbox_landlock_enter:
 * @input_fd: a file that may be read, or -1
 * @output: (nullable): a directory in which files may be made, written and removed
 * @error: return location for a #GFileError
 *
 * The process must have given up new privileges before.
 *
 * Returns: %FALSE if the kernel has Landlock and the rules could not be put in force
 */
gboolean
dou_sandbox_landlock_enter (int input_fd, const char *output, GError **error)
{
  int abi = dou_sandbox_landlock_get_abi (error);
  RulesetAttributes handled = get_handled (abi);
  gboolean entered;
  int ruleset;

  if (abi == DOU_SANDBOX_ABSENT)
    return TRUE;
  if (abi < 0)
    return FALSE;

  ruleset = (int) syscall (SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (ruleset < 0)
    return fail ("landlock_create_ruleset", error);

  entered = fill (ruleset, handled.handled_access_fs, input_fd, output, error)
            && (syscall (SYS_landlock_restrict_self, ruleset, 0) == 0
                || fail ("landlock_restrict_self", error));
  close (ruleset);
  return entered;
}
