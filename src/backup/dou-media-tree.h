/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouMediaFunc:
 * @name: of a file, below the media directory, as `video/3f/63.mp4`
 * @size: bytes
 * @error: return location
 * @user_data: of the caller
 *
 * Returns: %FALSE to stop, with @error
 */
typedef gboolean (*DouMediaFunc) (const char *name, guint64 size, GError **error,
                                  gpointer user_data);

gboolean dou_media_tree_walk (const char *root, DouMediaFunc func, gpointer user_data,
                              GError **error);
gboolean dou_media_tree_is_name (const char *name);
gint64 dou_media_tree_get_id (const char *name);
gboolean dou_media_tree_make_directories (const char *root, const char *name, GError **error);

G_END_DECLS
