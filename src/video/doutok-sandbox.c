/* SPDX-License-Identifier: Apache-2.0 */

/* doutok-sandbox: runs one program on one stranger's file.
 *
 *     doutok-sandbox [--input-fd N] [--output DIR] [limits] -- PROGRAM ARGUMENT…
 *     doutok-sandbox --probe
 *
 * Exit status: that of PROGRAM; 125 if the sandbox could not be entered, and PROGRAM was not run;
 * 127 if it could not be run.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "video/dou-sandbox-probe.h"
#include "video/dou-sandbox.h"

#define EXIT_NO_SANDBOX 125
#define EXIT_NO_PROGRAM 127

static gboolean
parse (DouSandbox *sandbox, char **output, gboolean *probe, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "probe", 0, 0, G_OPTION_ARG_NONE, probe, "Tell which layers work here", NULL },
    { "input-fd", 0, 0, G_OPTION_ARG_INT, &sandbox->input_fd, "The open file to read", "N" },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, output, "The directory to write to", "DIR" },
    { "memory", 0, 0, G_OPTION_ARG_INT64, &sandbox->memory, "Limit of address space", "BYTES" },
    { "cpu", 0, 0, G_OPTION_ARG_INT64, &sandbox->cpu, "Limit of processor time", "SECONDS" },
    { "file-size", 0, 0, G_OPTION_ARG_INT64, &sandbox->file_size, "Limit of a file", "BYTES" },
    { "nice", 0, 0, G_OPTION_ARG_INT, &sandbox->niceness, "Lower the priority", "0…19" },
    { "parent", 0, 0, G_OPTION_ARG_INT, &sandbox->parent, "The process to die with", "PID" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("-- PROGRAM ARGUMENT…");

  g_option_context_set_summary (context, "Part of DouTok: runs ffmpeg on files of strangers.");
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;

  if (*argc > 1 && strcmp ((*argv)[1], "--") == 0)
    {
      (*argc)--;
      (*argv)++;
    }

  if (!*probe && (*argc < 2 || !g_path_is_absolute ((*argv)[1])))
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "Give the absolute path of a program after --");
      return FALSE;
    }

  return TRUE;
}

int
main (int argc, char **argv)
{
  /* The openBLAS that some ffmpeg links would else start a thread, and reserve memory, per core. */
  char *const environment[]
      = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "OPENBLAS_NUM_THREADS=1", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  DouSandbox sandbox = { .input_fd = -1 };
  gboolean probe = FALSE;

  if (!parse (&sandbox, &output, &probe, &argc, &argv, &error))
    {
      g_printerr ("doutok-sandbox: %s\n", error->message);
      return EXIT_NO_SANDBOX;
    }

  if (probe)
    return dou_sandbox_probe ();

  sandbox.output = output;
  if (!dou_sandbox_enter (&sandbox, &error))
    {
      g_printerr ("doutok-sandbox: %s\n", error->message);
      _exit (EXIT_NO_SANDBOX);
    }

  execve (argv[1], argv + 1, environment);
  dprintf (STDERR_FILENO, "doutok-sandbox: %s: %s\n", argv[1], g_strerror (errno));
  _exit (EXIT_NO_PROGRAM);
}
