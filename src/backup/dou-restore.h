/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "backup/dou-manifest.h"
#include "backup/dou-snapshot.h"

G_BEGIN_DECLS

/* In a state directory: a restoration into it is not finished. */
#define DOU_RESTORE_MARK "restoring"

gboolean dou_restore (const char *directory, DouManifest *manifest, const char *state_dir,
                      DouBackupProgress progress, gpointer user_data, GError **error);
DouManifest *dou_restore_archive (const char *archive, const char *state_dir,
                                  DouBackupProgress progress, gpointer user_data, GError **error);
gboolean dou_restore_is_unfinished (const char *state_dir);

G_END_DECLS
