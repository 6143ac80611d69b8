/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

#include "gateway/dou-media-file.h"
#include "gateway/dou-media-remote.h"

G_BEGIN_DECLS

/* Files that are kept open: a feed page of thirty videos and covers, several times over. */
#define DOU_MEDIA_MAX_FILES 256
/* Bytes that are kept mapped. They cost no memory but page tables: 2 MiB a GiB. */
#define DOU_MEDIA_MAX_BYTES ((gsize) 2 << 30)

/**
 * DouMedia:
 *
 * The media directory. Files that were read lately are kept open and mapped, bounded in number and
 * in bytes; what was not used for a while is let go, so that a file which was replaced gives its
 * disk space back.
 */
#define DOU_TYPE_MEDIA (dou_media_get_type ())
G_DECLARE_FINAL_TYPE (DouMedia, dou_media, DOU, MEDIA, GObject)

DouMedia *dou_media_new (const char *directory, GError **error);

void dou_media_set_remote (DouMedia *self, DouMediaRemote *remote);
DouMediaRemote *dou_media_get_remote (DouMedia *self);
DouMediaFile *dou_media_open (DouMedia *self, const char *name, DouStatus *status);
void dou_media_sweep (DouMedia *self);
guint dou_media_get_n_files (DouMedia *self);

G_END_DECLS
