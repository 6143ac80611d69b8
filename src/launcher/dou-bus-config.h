/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *dou_bus_config_get_address (const char *runtime_dir, GError **error);
gboolean dou_bus_config_write (const char *runtime_dir, GError **error);
gboolean dou_bus_config_write_service (const char *runtime_dir, const char *bus_name,
                                       const char *const *argv, GError **error);
void dou_bus_config_remove (const char *runtime_dir);
char *dou_bus_config_get_path (const char *runtime_dir);

G_END_DECLS
