/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

#include "gateway/dou-media-file.h"

G_BEGIN_DECLS

/* Files that are kept open: a feed page of thirty videos and covers, several times over. */
#define DOU_MEDIA_CACHE_MAX_FILES 256
/* Bytes that are kept mapped. They cost no memory but page tables: 2 MiB a GiB. */
#define DOU_MEDIA_CACHE_MAX_BYTES (G_GUINT64_CONSTANT (4) << 30)

/**
 * DouMediaCache:
 *
 * The files of one media directory that were read lately, kept open and mapped. Bounded in number
 * and in bytes; what was not used for a while is let go, so that a file which was replaced gives
 * its disk space back.
 */
#define DOU_TYPE_MEDIA_CACHE (dou_media_cache_get_type ())
G_DECLARE_FINAL_TYPE (DouMediaCache, dou_media_cache, DOU, MEDIA_CACHE, GObject)

DouMediaCache *dou_media_cache_new (const char *directory,
                                    guint max_files,
                                    guint64 max_bytes,
                                    GError **error);

DouMediaFile *dou_media_cache_lookup (DouMediaCache *self, const char *name, DouStatus *status);
void dou_media_cache_sweep (DouMediaCache *self);

guint dou_media_cache_get_n_files (DouMediaCache *self);
guint64 dou_media_cache_get_n_bytes (DouMediaCache *self);

G_END_DECLS
