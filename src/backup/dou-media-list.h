/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The checksums of files below media/, by name: a #GHashTable of strings. */

GHashTable *dou_media_list_new (void);
gboolean dou_media_list_load (GHashTable *list, const char *path, GError **error);
gboolean dou_media_list_save (GHashTable *list, const char *path, GError **error);

G_END_DECLS
