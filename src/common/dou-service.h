/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouService:
 *
 * The life of a process on the private bus, the same for every domain and for the gateways: options,
 * configuration, bus connection, signals, orderly end.
 */
#define DOU_TYPE_SERVICE (dou_service_get_type ())
G_DECLARE_FINAL_TYPE (DouService, dou_service, DOU, SERVICE, GObject)

DouService *dou_service_new (const char *program, int *argc, char ***argv,
                             const GOptionEntry *entries, GError **error);

DouConfig *dou_service_get_config (DouService *self);
const char *dou_service_get_state_dir (DouService *self);
GDBusConnection *dou_service_get_connection (DouService *self);
const char *dou_service_get_bus_address (DouService *self);

gboolean dou_service_add_interface (DouService *self, GDBusInterfaceSkeleton *skeleton,
                                    const char *object_path, GError **error);
gboolean dou_service_export (DouService *self, GDBusInterfaceSkeleton *skeleton,
                             const char *object_path, const char *bus_name, GError **error);

void dou_service_add_name (DouService *self, const char *bus_name);

gboolean dou_service_measure (DouService *self, guint slot, GError **error);

void dou_service_hold (DouService *self);
void dou_service_release (DouService *self);

int dou_service_run (DouService *self);
void dou_service_quit (DouService *self, int exit_status);

int dou_service_fail (const char *program, GError *error);

G_END_DECLS
