/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "backup/dou-snapshot.h"

G_BEGIN_DECLS

/**
 * DouBackupRequest:
 * @state_dir: of the server
 * @config_path: (nullable): the configuration file, which is kept beside it
 * @directory: where the backup is, or is to be; an absolute path; of a file for
 *   dou_backup_make_file()
 * @has_databases: whether the databases are files of @state_dir
 * @progress: told from time to time
 * @user_data: for @progress
 *
 * What is to be backed up.
 */
typedef struct
{
  const char *state_dir;
  const char *config_path;
  const char *directory;
  gboolean has_databases;
  DouBackupProgress progress;
  gpointer user_data;
} DouBackupRequest;

/**
 * DouBackupResult:
 * @n_copied: files below media/ that were copied now
 * @n_media: those that the backup has
 * @media_size: their bytes
 *
 * What came of it.
 */
typedef struct
{
  guint64 n_copied;
  guint64 n_media;
  guint64 media_size;
} DouBackupResult;

gboolean dou_backup_check_place (const DouBackupRequest *request, GError **error);
gboolean dou_backup_make (const DouBackupRequest *request, DouBackupResult *result,
                          GError **error);
gboolean dou_backup_make_file (const DouBackupRequest *request, DouBackupResult *result,
                               GError **error);

G_END_DECLS
