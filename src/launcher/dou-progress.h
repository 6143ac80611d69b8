/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouProgress:
 *
 * How far a long command is: a bar that is drawn over itself on a terminal, a line a step elsewhere.
 */
typedef struct
{
  guint total;
  guint done;
  gboolean on_terminal;
  gint64 shown;     /* monotonic time at which the bar was drawn last */
  const char *what; /* (unowned) (nullable) the step that was told last, elsewhere */
} DouProgress;

void dou_progress_init (DouProgress *self, guint total);
void dou_progress_step (DouProgress *self, const char *what);
void dou_progress_show (DouProgress *self, const char *what, guint64 done, guint64 total);
void dou_progress_show_cb (const char *what, guint64 done, guint64 total, gpointer progress);
void dou_progress_end (DouProgress *self);

G_END_DECLS
