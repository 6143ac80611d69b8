/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouReaperFunc:
 * @pid: the process that has ended
 * @wait_status: how, as of waitpid(2)
 * @user_data: of dou_reaper_watch()
 */
typedef void (*DouReaperFunc) (GPid pid, int wait_status, gpointer user_data);

/**
 * DouReaper:
 *
 * Hears of every child of this process that ends, the adopted ones among them.
 */
#define DOU_TYPE_REAPER (dou_reaper_get_type ())
G_DECLARE_FINAL_TYPE (DouReaper, dou_reaper, DOU, REAPER, GObject)

DouReaper *dou_reaper_new (GError **error);

void dou_reaper_watch (DouReaper *self, GPid pid, DouReaperFunc func, gpointer user_data);
void dou_reaper_unwatch (DouReaper *self, GPid pid);

void dou_reaper_kill_all (DouReaper *self);
void dou_reaper_drain_async (DouReaper *self, guint timeout_ms, GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean dou_reaper_drain_finish (DouReaper *self, GAsyncResult *result, GError **error);

G_END_DECLS
