/* SPDX-License-Identifier: Apache-2.0 */

/* What is unpacked for a look may be as large as all media, and should not stay when the one who looks is
 * interrupted, or killed. A child waits for that: it has nothing but one end of a pipe, whose other end closes
 * with this process, and a session of its own, so that no Ctrl-C reaches it. It also does what there is to do
 * in the good case, so that there is one way only.
 *
 * Rejected: handlers of signals, which SIGKILL has none of; to remove at the next time what earlier ones have
 * left, since there may be no next time. Whoever kills the child as well, as a container does that ends, has the
 * directory left.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>

#include "backup/dou-file-copy.h"
#include "backup/dou-scratch.h"

struct _DouScratch
{
  char *path; /* (owned) */
  int pipe;   /* (owned) that the child waits for */
  pid_t child;
};

/* The child. It was made while there may have been other threads, but none is here. */
static void
wait_and_remove (const char *path, int pipe)
{
  char byte;

  setsid ();
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  /* Whoever reads what this process prints waits for its end, not for that of the child. */
  dup2 (pipe, STDIN_FILENO);
  close_range (STDIN_FILENO + 1, ~0U, 0);
  while (read (STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
    ;
  dou_file_remove_tree (path);
  _exit (0);
}

/**
 * dou_scratch_new:
 * @template: its name, with six X at the end
 * @error: return location for those of g_dir_make_tmp() and g_unix_open_pipe()
 *
 * Returns: (transfer full) (nullable): a new and empty directory, for this user only
 */
DouScratch *
dou_scratch_new (const char *template, GError **error)
{
  g_autoptr (DouScratch) self = g_new0 (DouScratch, 1);
  int pipe[2];

  self->pipe = -1;
  self->path = g_dir_make_tmp (template, error);
  if (self->path == NULL || !g_unix_open_pipe (pipe, FD_CLOEXEC, error))
    return NULL;

  self->pipe = pipe[1];
  self->child = fork ();
  if (self->child == 0)
    wait_and_remove (self->path, pipe[0]);
  if (self->child < 0)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  g_close (pipe[0], NULL);
  return self->child > 0 ? g_steal_pointer (&self) : NULL;
}

/**
 * dou_scratch_free:
 * @self: (transfer full): a directory
 *
 * Returns when it is gone.
 */
void
dou_scratch_free (DouScratch *self)
{
  if (self->pipe >= 0)
    g_close (self->pipe, NULL);
  if (self->child > 0)
    while (waitpid (self->child, NULL, 0) < 0 && errno == EINTR)
      ;
  else if (self->path != NULL)
    dou_file_remove_tree (self->path);
  g_free (self->path);
  g_free (self);
}

/**
 * dou_scratch_get_path:
 * @self: a directory
 *
 * Returns: (transfer none): where it is
 */
const char *
dou_scratch_get_path (DouScratch *self)
{
  return self->path;
}
