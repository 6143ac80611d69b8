/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gi18n.h>

#include "backup/dou-backup-check.h"
#include "backup/dou-file-copy.h"
#include "backup/dou-media-list.h"

static void
check (const char *path, const char *expected, DouAuditFunc problem, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint64 size;
  g_autofree char *sha256 = dou_file_hash (path, &size, &error);
  g_autofree char *text = NULL;

  if (sha256 != NULL && g_str_equal (sha256, expected))
    return;

  text = error != NULL ? g_strdup (error->message)
                       : g_strdup_printf (_ ("%s is damaged: it is not what was backed up"), path);
  problem (text, user_data);
}

/**
 * dou_backup_check:
 * @directory: of a backup
 * @manifest: what it consists of
 * @problem: told of each file that is missing or damaged
 * @progress: told from time to time
 * @user_data: for both
 * @error: return location
 *
 * Returns: whether all could be looked at, whatever was found
 */
gboolean
dou_backup_check (const char *directory, DouManifest *manifest, DouAuditFunc problem,
                  DouBackupProgress progress, gpointer user_data, GError **error)
{
  g_autofree char *list_path = g_build_filename (directory, manifest->snapshot, DOU_BACKUP_MEDIA_LIST, NULL);
  g_autoptr (GHashTable) list = dou_media_list_new ();
  GHashTableIter iter;
  gpointer name, sha256;
  guint64 n_done = 0;

  for (guint i = 0; i < manifest->files->len; i++)
    {
      const DouManifestFile *file = g_ptr_array_index (manifest->files, i);
      g_autofree char *path
          = g_build_filename (directory, manifest->snapshot, file->name, NULL);

      check (path, file->sha256, problem, user_data);
    }

  if (!dou_media_list_load (list, list_path, error))
    return FALSE;

  g_hash_table_iter_init (&iter, list);
  while (g_hash_table_iter_next (&iter, &name, &sha256))
    {
      g_autofree char *path = g_build_filename (directory, DOU_BACKUP_MEDIA, name, NULL);

      progress (DOU_BACKUP_MEDIA, n_done++, g_hash_table_size (list), user_data);
      check (path, sha256, problem, user_data);
    }

  return TRUE;
}
