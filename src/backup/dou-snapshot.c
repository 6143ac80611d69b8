/* SPDX-License-Identifier: Apache-2.0 */

/* A transaction that reads is begun on each database, one right after the other, before the first page
 * is copied; then each is copied as that transaction sees it, however long that takes. So the four are
 * of the same moment to within what four such beginnings take, a millisecond or so, and nobody waits:
 * writers of a WAL database go on beside readers. What a client was told before the first beginning is
 * in all of them.
 *
 * In that millisecond one domain may have heard of something that another has not yet: a like of a
 * video that is not there. The program lives with that after every crash: lists leave out what is not
 * there, and a deletion goes on where it was interrupted.
 *
 * SQLite's own library is used, since its online backup cannot be reached through libgda. A plain copy
 * of the files was rejected (database and log would be of different moments), and so was VACUUM INTO,
 * which cannot run in a transaction that was begun before. */

#include "config.h"

#include <sqlite3.h>

#include <glib/gi18n.h>

#include "backup/dou-snapshot.h"
#include "backup/dou-sqlite.h"
#include "common/dou-status.h"

/* Pages that are copied between two looks at the progress: 4 MiB. */
#define PAGES_A_STEP 1024

const char *const dou_database_names[DOU_N_DATABASES] = { "social", "chat", "video", "user" };

struct _DouSnapshot
{
  sqlite3 *databases[DOU_N_DATABASES]; /* (owned) (nullable) */
};

/**
 * dou_snapshot_take:
 * @state_dir: of a server, which may be running
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): the databases as they are now, or %NULL if one is not there
 */
DouSnapshot *
dou_snapshot_take (const char *state_dir, GError **error)
{
  g_autoptr (DouSnapshot) self = g_new0 (DouSnapshot, 1);

  for (guint i = 0; i < DOU_N_DATABASES; i++)
    {
      g_autofree char *name = g_strconcat (dou_database_names[i], ".db", NULL);
      g_autofree char *path = g_build_filename (state_dir, name, NULL);

      self->databases[i] = dou_sqlite_open (path, FALSE, error);
      if (self->databases[i] == NULL)
        return NULL;
    }

  /* The first statement that reads is what fixes the moment. */
  for (guint i = 0; i < DOU_N_DATABASES; i++)
    if (!dou_sqlite_execute (self->databases[i], "BEGIN; SELECT 1 FROM sqlite_schema", error))
      return NULL;

  return g_steal_pointer (&self);
}

void
dou_snapshot_free (DouSnapshot *self)
{
  for (guint i = 0; i < DOU_N_DATABASES; i++)
    sqlite3_close (self->databases[i]);
  g_free (self);
}

static gboolean
copy (sqlite3_backup *backup, const char *what, DouBackupProgress progress, gpointer user_data)
{
  int result;

  do
    {
      result = sqlite3_backup_step (backup, PAGES_A_STEP);
      progress (what,
                (guint64) (sqlite3_backup_pagecount (backup) - sqlite3_backup_remaining (backup)),
                (guint64) sqlite3_backup_pagecount (backup), user_data);
    }
  while (result == SQLITE_OK);

  return result == SQLITE_DONE;
}

/**
 * dou_snapshot_save:
 * @self: a snapshot
 * @database: 0 to %DOU_N_DATABASES - 1
 * @path: of a file that does not exist
 * @progress: told from time to time
 * @user_data: for @progress
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: whether the database is there and was found to be whole
 */
gboolean
dou_snapshot_save (DouSnapshot *self, guint database, const char *path, DouBackupProgress progress,
                   gpointer user_data, GError **error)
{
  sqlite3 *target = dou_sqlite_create (path, error);
  sqlite3_backup *backup;
  gboolean done;

  if (target == NULL)
    return FALSE;

  backup = sqlite3_backup_init (target, "main", self->databases[database], "main");
  done = backup != NULL && copy (backup, dou_database_names[database], progress, user_data);
  if (backup != NULL && sqlite3_backup_finish (backup) != SQLITE_OK)
    done = FALSE;
  if (!done)
    dou_sqlite_set_error (error, target, path);

  /* A copy of a damaged database is of no use, and should not take the place of an older one. */
  done = done && dou_sqlite_check (target, path, "PRAGMA quick_check(1)", error);
  /* One file, which needs no other beside it. */
  done = done && dou_sqlite_execute (target, "PRAGMA journal_mode = DELETE", error);
  sqlite3_close (target);
  return done;
}
