/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean dou_media_file_make_directory (const char *path, GError **error);
gboolean dou_media_file_sync (const char *path, GError **error);
gboolean dou_media_file_place (int fd, const char *path, GError **error);
gboolean dou_media_file_rename (const char *from, const char *to, GError **error);
gboolean dou_media_file_remove (const char *path, gboolean *removed, GError **error);
gboolean dou_media_file_remove_directory (const char *path, GError **error);

G_END_DECLS
