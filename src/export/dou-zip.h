/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouZip:
 *
 * A zip archive that is written from its beginning to its end, one entry after the other.
 */
typedef struct _DouZip DouZip;

DouZip *dou_zip_new (int fd, GError **error);
void dou_zip_free (DouZip *self);

gboolean dou_zip_begin_text (DouZip *self, const char *name, GError **error);
gboolean dou_zip_begin_media (DouZip *self, const char *name, guint64 size, gint64 mtime,
                              GError **error);
gboolean dou_zip_write (DouZip *self, gconstpointer data, gsize length, GError **error);
gboolean dou_zip_finish (DouZip *self, GError **error);
guint64 dou_zip_get_size (DouZip *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouZip, dou_zip_free)

G_END_DECLS
