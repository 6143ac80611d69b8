/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "launcher/dou-progress.h"

#define BAR_WIDTH 24

/* Back to the first column, and nothing to the right of it. */
#define CLEAR_LINE "\r\033[K"

/**
 * dou_progress_init:
 * @self: to be initialised
 * @total: number of steps
 */
void
dou_progress_init (DouProgress *self, guint total)
{
  self->total = total;
  self->done = 0;
  self->on_terminal = isatty (STDOUT_FILENO);
}

/**
 * dou_progress_step:
 * @self: the progress
 * @what: what is being done now; what was being done before is finished
 */
void
dou_progress_step (DouProgress *self, const char *what)
{
  if (self->on_terminal)
    {
      const guint filled = BAR_WIDTH * self->done / self->total;
      g_autofree char *full = g_strnfill (filled, '#');
      g_autofree char *empty = g_strnfill (BAR_WIDTH - filled, '.');

      g_print (CLEAR_LINE "[%s%s] %u/%u %s", full, empty, self->done + 1, self->total, what);
    }
  else
    {
      g_print ("%u/%u %s\n", self->done + 1, self->total, what);
    }

  fflush (stdout);
  self->done++;
}

/**
 * dou_progress_end:
 * @self: the progress, finished or given up
 *
 * Makes room for other output.
 */
void
dou_progress_end (DouProgress *self)
{
  if (self->on_terminal)
    g_print (CLEAR_LINE);
}
