/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "backup/dou-snapshot.h"

G_BEGIN_DECLS

/**
 * DouAuditFunc:
 * @problem: what is wrong, in a sentence
 * @user_data: of the caller
 */
typedef void (*DouAuditFunc) (const char *problem, gpointer user_data);

/**
 * DouAudit:
 * @directory: where the databases are
 * @media: the media directory
 * @is_copy: nobody writes to them: they are those of a backup
 * @is_elsewhere: files that are not there are in an object store, which is not looked at
 * @problem: told of each problem
 * @progress: told from time to time
 * @user_data: for both
 *
 * What is to be looked at.
 */
typedef struct
{
  const char *directory;
  const char *media;
  gboolean is_copy;
  gboolean is_elsewhere;
  DouAuditFunc problem;
  DouBackupProgress progress;
  gpointer user_data;
} DouAudit;

gboolean dou_audit_databases (const DouAudit *self);
gboolean dou_audit_media (const DouAudit *self, guint64 *n_files, GError **error);

G_END_DECLS
