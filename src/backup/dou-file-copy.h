/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean dou_file_set_error (GError **error, const char *path);
int dou_file_create (const char *path, GError **error);
gboolean dou_file_copy (const char *from, const char *to, char **sha256, guint64 *size,
                        GError **error);
char *dou_file_hash (const char *path, guint64 *size, GError **error);
gboolean dou_file_make_directory (const char *path, GError **error);
void dou_file_remove_tree (const char *path);
gboolean dou_file_flush (const char *directory, GError **error);

G_END_DECLS
