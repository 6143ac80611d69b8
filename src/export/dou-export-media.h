/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-object-address.h"
#include "export/dou-zip.h"

G_BEGIN_DECLS

/**
 * DouExportMedia:
 *
 * Where videos and pictures are: the media directory, and an object store if there is one. For one thread,
 * which may wait.
 */
typedef struct _DouExportMedia DouExportMedia;

DouExportMedia *dou_export_media_new (const char *directory, const DouObjectAddress *objects,
                                      GCancellable *cancellable, GError **error);
void dou_export_media_free (DouExportMedia *self);

gboolean dou_export_media_add (DouExportMedia *self, const char *name, DouZip *zip,
                               guint64 max_size, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouExportMedia, dou_export_media_free)

G_END_DECLS
