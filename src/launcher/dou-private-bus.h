/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launcher/dou-reaper.h"

G_BEGIN_DECLS

/**
 * DouPrivateBus:
 *
 * A real dbus-daemon in the runtime directory, and our connection to it.
 */
#define DOU_TYPE_PRIVATE_BUS (dou_private_bus_get_type ())
G_DECLARE_FINAL_TYPE (DouPrivateBus, dou_private_bus, DOU, PRIVATE_BUS, GObject)

DouPrivateBus *dou_private_bus_new (DouReaper *reaper, const char *runtime_dir, GError **error);
gboolean dou_private_bus_add_service (DouPrivateBus *self, const char *bus_name,
                                      const char *const *argv, GError **error);

void dou_private_bus_start_async (DouPrivateBus *self, int log_fd, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_private_bus_start_finish (DouPrivateBus *self, GAsyncResult *result, GError **error);

const char *dou_private_bus_get_address (DouPrivateBus *self);
GDBusConnection *dou_private_bus_get_connection (DouPrivateBus *self);

void dou_private_bus_stop_async (DouPrivateBus *self, GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean dou_private_bus_stop_finish (DouPrivateBus *self, GAsyncResult *result, GError **error);

G_END_DECLS
