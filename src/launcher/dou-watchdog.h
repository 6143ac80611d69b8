/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouWatchdog:
 *
 * Tells systemd again and again that the server lives, for as long as its bus answers.
 */
#define DOU_TYPE_WATCHDOG (dou_watchdog_get_type ())
G_DECLARE_FINAL_TYPE (DouWatchdog, dou_watchdog, DOU, WATCHDOG, GObject)

DouWatchdog *dou_watchdog_new (GDBusConnection *connection);

G_END_DECLS
