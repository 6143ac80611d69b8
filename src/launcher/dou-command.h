/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Exit status for a command line that makes no sense. */
#define DOU_COMMAND_EXIT_USAGE 2

/**
 * DouCommand:
 * @name: as it is typed
 * @summary: one line for `doutok --help`, to be translated
 * @run: takes the arguments from @name on; returns the exit status
 */
typedef struct
{
  const char *name;
  const char *summary;
  int (*run) (int argc, char **argv);
} DouCommand;

gboolean dou_command_parse (const char *command, const char *summary, const GOptionEntry *entries,
                            int *argc, char ***argv);
int dou_command_refuse (const char *command, const char *format, ...) G_GNUC_PRINTF (2, 3);

int dou_serve_command (int argc, char **argv);
int dou_demo_command (int argc, char **argv);
int dou_check_command (int argc, char **argv);
int dou_backup_command (int argc, char **argv);
int dou_restore_command (int argc, char **argv);
int dou_verify_command (int argc, char **argv);
int dou_copy_command (int argc, char **argv);
int dou_status_command (int argc, char **argv);
int dou_log_command (int argc, char **argv);
int dou_reload_command (int argc, char **argv);
int dou_bus_command (int argc, char **argv);

G_END_DECLS
