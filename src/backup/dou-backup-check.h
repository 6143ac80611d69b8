/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "backup/dou-audit.h"
#include "backup/dou-manifest.h"

G_BEGIN_DECLS

gboolean dou_backup_check (const char *directory, DouManifest *manifest, DouAuditFunc problem,
                           DouBackupProgress progress, gpointer user_data, GError **error);

G_END_DECLS
