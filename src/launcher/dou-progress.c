/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "launcher/dou-progress.h"

#define BAR_WIDTH 24

/* Back to the first column, and nothing to the right of it. */
#define CLEAR_LINE "\r\033[K"

/* Microseconds between two drawings of what changes all the time. */
#define DRAWING_INTERVAL 100000

/**
 * dou_progress_init:
 * @self: to be initialised
 * @total: number of steps
 */
void
dou_progress_init (DouProgress *self, guint total)
{
  *self = (DouProgress){ .total = total };
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
 * dou_progress_show:
 * @self: the progress
 * @what: a static string: what is being done
 * @done: of @total
 * @total: how much there is to do of it
 *
 * For what goes on continuously. Elsewhere than on a terminal only the beginning of each @what is told.
 */
void
dou_progress_show (DouProgress *self, const char *what, guint64 done, guint64 total)
{
  gint64 now = g_get_monotonic_time ();
  guint percent = total > 0 ? (guint) (100.0 * (double) done / (double) total) : 100;
  g_autofree char *full = NULL;
  g_autofree char *empty = NULL;

  if (!self->on_terminal)
    {
      if (g_strcmp0 (self->what, what) != 0)
        g_print ("%s\n", what);
      self->what = what;
      return;
    }
  if (now - self->shown < DRAWING_INTERVAL)
    return;

  full = g_strnfill (BAR_WIDTH * percent / 100, '#');
  empty = g_strnfill (BAR_WIDTH - BAR_WIDTH * percent / 100, '.');
  g_print (CLEAR_LINE "[%s%s] %3u %% %s", full, empty, percent, what);
  fflush (stdout);
  self->shown = now;
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

/**
 * dou_progress_show_cb:
 * @what: a static string: what is being done
 * @done: of @total
 * @total: how much there is to do of it
 * @progress: the progress
 *
 * dou_progress_show(), for those who call back.
 */
void
dou_progress_show_cb (const char *what, guint64 done, guint64 total, gpointer progress)
{
  dou_progress_show (progress, what, done, total);
}
