/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "launcher/dou-directories.h"
#include "launcher/dou-reaper.h"

G_BEGIN_DECLS

/**
 * DouLauncher:
 *
 * Everything that `doutok serve` starts, from the sockets to the gateways, and its orderly end.
 */
#define DOU_TYPE_LAUNCHER (dou_launcher_get_type ())
G_DECLARE_FINAL_TYPE (DouLauncher, dou_launcher, DOU, LAUNCHER, GObject)

DouLauncher *dou_launcher_new (DouReaper *reaper, DouConfig *config, DouDirectories *directories);

void dou_launcher_start_async (DouLauncher *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_launcher_start_finish (DouLauncher *self, GAsyncResult *result, GError **error);
void dou_launcher_stop_async (DouLauncher *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_launcher_stop_finish (DouLauncher *self, GAsyncResult *result, GError **error);
void dou_launcher_kill (DouLauncher *self);

GPtrArray *dou_launcher_get_sockets (DouLauncher *self);

G_END_DECLS
