/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launcher/dou-reaper.h"

G_BEGIN_DECLS

/**
 * DouProcess:
 *
 * A running child of the launcher, which dies with it.
 */
#define DOU_TYPE_PROCESS (dou_process_get_type ())
G_DECLARE_FINAL_TYPE (DouProcess, dou_process, DOU, PROCESS, GObject)

/* The number that the first passed descriptor has in the child; the others follow. */
#define DOU_PROCESS_FIRST_FD 3

DouProcess *dou_process_spawn (DouReaper *reaper, const char *const *argv, const int *fds,
                               gsize n_fds, int log_fd, GError **error);

GPid dou_process_get_pid (DouProcess *self);
gboolean dou_process_is_running (DouProcess *self);
void dou_process_stop (DouProcess *self);
void dou_process_kill (DouProcess *self);

char *dou_process_describe_status (int wait_status);

G_END_DECLS
