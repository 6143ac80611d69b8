/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * DouDirectories:
 *
 * The state and the runtime directory of one running server, locked against a second one.
 */
#define DOU_TYPE_DIRECTORIES (dou_directories_get_type ())
G_DECLARE_FINAL_TYPE (DouDirectories, dou_directories, DOU, DIRECTORIES, GObject)

DouDirectories *dou_directories_open (const char *state_dir, const char *runtime_dir,
                                      GError **error);

const char *dou_directories_get_state_dir (DouDirectories *self);
const char *dou_directories_get_runtime_dir (DouDirectories *self);

gboolean dou_directories_publish_bus (DouDirectories *self, const char *address, GError **error);
char *dou_directories_read_bus (const char *state_dir, GError **error);

gboolean dou_directories_check_writable (const char *path, GError **error);

G_END_DECLS
