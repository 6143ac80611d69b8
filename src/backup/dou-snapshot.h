/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The databases of a state directory. */
#define DOU_N_DATABASES 4
extern const char *const dou_database_names[DOU_N_DATABASES];

/**
 * DouBackupProgress:
 * @what: is being done
 * @done: of @total
 * @total: bytes, pages or files
 * @user_data: of the caller
 */
typedef void (*DouBackupProgress) (const char *what, guint64 done, guint64 total,
                                   gpointer user_data);

/**
 * DouSnapshot:
 *
 * The SQLite databases of a state directory as they were at one moment, while others write on.
 */
typedef struct _DouSnapshot DouSnapshot;

DouSnapshot *dou_snapshot_take (const char *state_dir, GError **error);
void dou_snapshot_free (DouSnapshot *self);
gboolean dou_snapshot_save (DouSnapshot *self, guint database, const char *path,
                            DouBackupProgress progress, gpointer user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouSnapshot, dou_snapshot_free)

G_END_DECLS
