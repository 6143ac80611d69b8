/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "backup/dou-snapshot.h"

G_BEGIN_DECLS

/**
 * DouArchive:
 *
 * A tar file that is being written. It gets its name when it is complete.
 */
typedef struct _DouArchive DouArchive;

gboolean dou_archive_is_name (const char *path);

DouArchive *dou_archive_create (const char *path, GError **error);
void dou_archive_free (DouArchive *self);
gboolean dou_archive_add (DouArchive *self, const char *from, const char *name, char **sha256,
                          guint64 *size, GError **error);
gboolean dou_archive_finish (DouArchive *self, GError **error);

gboolean dou_archive_unpack (const char *path, const char *directory, DouBackupProgress progress,
                             gpointer user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouArchive, dou_archive_free)

G_END_DECLS
