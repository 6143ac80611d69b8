/* SPDX-License-Identifier: Apache-2.0 */

/* The programs that a server is made of, those of others and our own. */

#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <glib/gi18n.h>

#include "common/dou-paths.h"
#include "common/dou-status.h"
#include "launcher/dou-process.h"
#include "launcher/dou-programs.h"

/* What is read of a program's output. */
#define MAX_OUTPUT_BYTES 65536

/**
 * dou_programs_check:
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: whether all programs are there that a server starts, now or later
 */
gboolean
dou_programs_check (GError **error)
{
  static const char *const others[] = { "dbus-daemon", "ffmpeg", "ffprobe" };
  static const char *const ours[]
      = { "doutok-user", "doutok-video", "doutok-sandbox", "doutok-gateway" };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *path = g_find_program_in_path (others[i]);

      if (path == NULL)
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                       _ ("%s is not installed: there is no such program in PATH"), others[i]);
          return FALSE;
        }
    }

  for (gsize i = 0; i < G_N_ELEMENTS (ours); i++)
    {
      g_autofree char *path = dou_paths_get_program (ours[i]);

      if (!g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                       _ ("DouTok is not completely installed: there is no %s"), path);
          return FALSE;
        }
    }

  return TRUE;
}

typedef struct
{
  gboolean exited;
  int wait_status;
  gboolean timed_out;
} Run;

static void
exited_cb (DouProcess *process, int wait_status, gpointer user_data)
{
  Run *run = user_data;

  run->exited = TRUE;
  run->wait_status = wait_status;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Run *run = user_data;

  run->timed_out = TRUE;
  return G_SOURCE_REMOVE;
}

static char *
read_output (int fd)
{
  g_autofree char *text = g_malloc0 (MAX_OUTPUT_BYTES + 1);

  if (pread (fd, text, MAX_OUTPUT_BYTES, 0) < 0)
    *text = '\0';

  return g_utf8_make_valid (text, -1);
}

/**
 * dou_programs_run:
 * @reaper: who hears of the end of processes
 * @argv: a program and its arguments
 * @timeout_ms: how long it may run, in milliseconds
 * @succeeded: (out): whether its exit status was 0
 * @error: return location for %DOU_STATUS_UNAVAILABLE or %DOU_STATUS_TIMEOUT
 *
 * Runs a program to its end; for commands that have nothing else to do meanwhile.
 *
 * Returns: (transfer full): what it wrote to standard output and error, or %NULL if it could not be
 *   started or did not end
 */
char *
dou_programs_run (DouReaper *reaper, const char *const *argv, guint timeout_ms, gboolean *succeeded,
                  GError **error)
{
  g_autoptr (DouProcess) process = NULL;
  g_autofree char *output = NULL;
  Run run = { 0 };
  guint timeout_id;
  int fd = memfd_create ("output", MFD_CLOEXEC);

  process = dou_process_spawn (reaper, argv, NULL, 0, fd, error);
  if (process == NULL)
    {
      g_close (fd, NULL);
      return NULL;
    }

  g_signal_connect (process, "exited", G_CALLBACK (exited_cb), &run);
  timeout_id = g_timeout_add (timeout_ms, timeout_cb, &run);
  while (!run.exited && !run.timed_out)
    g_main_context_iteration (NULL, TRUE);

  output = read_output (fd);
  g_close (fd, NULL);
  if (!run.exited)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_TIMEOUT, _ ("%s did not end within %u ms"), argv[0],
                   timeout_ms);
      return NULL;
    }

  if (!run.timed_out)
    g_source_remove (timeout_id);
  *succeeded = WIFEXITED (run.wait_status) && WEXITSTATUS (run.wait_status) == 0;
  return g_steal_pointer (&output);
}
