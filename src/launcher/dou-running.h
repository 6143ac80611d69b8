/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "launcher/dou-settings.h"

G_BEGIN_DECLS

char *dou_running_find (DouSettings *settings, GError **error);
GDBusConnection *
dou_running_connect (DouSettings *settings, char **runtime_dir, GError **error);

G_END_DECLS
