/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouSandbox:
 * @input_fd: the one file that may be read beside the programs, or -1
 * @output: (nullable): the one directory that may be written
 * @memory: bytes of address space, or 0 for no limit
 * @cpu: seconds of processor time, or 0
 * @file_size: bytes that a file may grow to, or 0
 * @niceness: 0 to 19
 * @parent: the process that must still be there, or 0
 *
 * What a program that reads a stranger's file may touch and use up.
 */
typedef struct
{
  int input_fd;
  const char *output; /* (unowned) */
  gint64 memory;
  gint64 cpu;
  gint64 file_size;
  int niceness;
  int parent;
} DouSandbox;

gboolean dou_sandbox_enter (const DouSandbox *self, GError **error);

G_END_DECLS
