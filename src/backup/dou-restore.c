/* SPDX-License-Identifier: Apache-2.0 */

/* Puts a backup into a state directory that is empty. Every file is compared with its checksum on the
 * way. As long as it is under way the state directory has a mark: no server starts on a half of it, and
 * the same restoration may go on after an interruption. */

#include "config.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-archive.h"
#include "backup/dou-file-copy.h"
#include "backup/dou-media-list.h"
#include "backup/dou-media-tree.h"
#include "backup/dou-restore.h"
#include "common/dou-status.h"

/* Below the state directory: an archive while it is restored. */
#define UNPACKED "unpacked"

/* One restoration. */
typedef struct
{
  const char *directory; /* of the backup */
  const char *state_dir;
  gboolean is_ours; /* files may be moved out of @directory */
  DouBackupProgress progress;
  gpointer user_data;
} Restore;

static gboolean
set_damaged_error (GError **error, const char *path)
{
  g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL,
               _ ("%s is damaged: it is not what was backed up"), path);
  return FALSE;
}

static gboolean
move_file (const char *from, const char *to, char **sha256, GError **error)
{
  guint64 size;

  *sha256 = dou_file_hash (from, &size, error);
  return *sha256 != NULL && (g_rename (from, to) == 0 || dou_file_set_error (error, to));
}

/* Brings @from there unless the same is there already. */
static gboolean
restore_file (const Restore *self, const char *from, const char *to, const char *expected,
              GError **error)
{
  g_autofree char *sha256 = NULL;
  guint64 size;

  if (g_file_test (to, G_FILE_TEST_EXISTS)
      && (sha256 = dou_file_hash (to, &size, NULL)) != NULL && g_str_equal (sha256, expected))
    return TRUE;

  g_clear_pointer (&sha256, g_free);
  if (self->is_ours ? !move_file (from, to, &sha256, error)
                    : !dou_file_copy (from, to, &sha256, &size, error))
    return FALSE;
  if (g_str_equal (sha256, expected))
    return TRUE;

  g_unlink (to);
  return set_damaged_error (error, from);
}

static gboolean
find_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, "media/%s", name);
  return FALSE;
}

static gboolean
check_empty (const char *state_dir, GError **error)
{
  static const char *const names[] = { "user.db", "video.db", "social.db", "chat.db", "token-keys" };
  g_autofree char *media = g_build_filename (state_dir, DOU_BACKUP_MEDIA, NULL);
  g_autofree char *found = NULL;
  g_autoptr (GError) local_error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (names) && found == NULL; i++)
    {
      g_autofree char *path = g_build_filename (state_dir, names[i], NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        found = g_strdup (names[i]);
    }
  if (found == NULL && !dou_media_tree_walk (media, find_cb, NULL, &local_error))
    found = g_strdup (local_error->message);
  if (found == NULL)
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
               _ ("%s is not empty, it has %s: a backup is restored into an empty state directory "
                  "only; move what is there away"),
               state_dir, found);
  return FALSE;
}

/* Either nothing is there, or a part of the same backup. */
static gboolean
begin (const char *state_dir, const char *mark, DouManifest *manifest, GError **error)
{
  g_autofree char *unfinished = NULL;

  if (g_file_get_contents (mark, &unfinished, NULL, NULL))
    {
      if (g_str_equal (unfinished, manifest->snapshot))
        return TRUE;

      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("In %s another backup was being restored, of %s: go on with that one, or "
                      "empty the directory"),
                   state_dir, unfinished);
      return FALSE;
    }

  return check_empty (state_dir, error)
         && g_file_set_contents_full (mark, manifest->snapshot, -1,
                                      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                      0600, error);
}

static gboolean
restore_media (const Restore *self, const char *list_path, GError **error)
{
  g_autofree char *media = g_build_filename (self->state_dir, DOU_BACKUP_MEDIA, NULL);
  g_autoptr (GHashTable) list = dou_media_list_new ();
  GHashTableIter iter;
  gpointer name, sha256;
  guint64 n_done = 0;

  if (!dou_media_list_load (list, list_path, error) || !dou_file_make_directory (media, error))
    return FALSE;

  g_hash_table_iter_init (&iter, list);
  while (g_hash_table_iter_next (&iter, &name, &sha256))
    {
      g_autofree char *from = g_build_filename (self->directory, DOU_BACKUP_MEDIA, name, NULL);
      g_autofree char *to = g_build_filename (media, name, NULL);

      self->progress (DOU_BACKUP_MEDIA, n_done++, g_hash_table_size (list), self->user_data);
      if (!dou_media_tree_make_directories (media, name, error)
          || !restore_file (self, from, to, sha256, error))
        return FALSE;
    }

  return TRUE;
}

/* The configuration and the list of media stay in the backup. */
static gboolean
restore_snapshot (const Restore *self, const char *snapshot, DouManifest *manifest, GError **error)
{
  for (guint i = 0; i < manifest->files->len; i++)
    {
      const DouManifestFile *file = g_ptr_array_index (manifest->files, i);
      g_autofree char *from = g_build_filename (snapshot, file->name, NULL);
      g_autofree char *to = g_build_filename (self->state_dir, file->name, NULL);

      if (g_str_equal (file->name, DOU_BACKUP_MEDIA_LIST) || g_str_equal (file->name, DOU_BACKUP_CONFIG))
        continue;
      self->progress (file->name, i, manifest->files->len, self->user_data);
      if (!restore_file (self, from, to, file->sha256, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
restore (const Restore *self, DouManifest *manifest, GError **error)
{
  g_autofree char *snapshot = g_build_filename (self->directory, manifest->snapshot, NULL);
  g_autofree char *list = g_build_filename (snapshot, DOU_BACKUP_MEDIA_LIST, NULL);
  g_autofree char *mark = g_build_filename (self->state_dir, DOU_RESTORE_MARK, NULL);
  const DouManifestFile *listed = dou_manifest_find (manifest, DOU_BACKUP_MEDIA_LIST);
  g_autofree char *sha256 = NULL;
  guint64 size;

  if (!begin (self->state_dir, mark, manifest, error))
    return FALSE;

  sha256 = dou_file_hash (list, &size, error);
  if (sha256 == NULL)
    return FALSE;
  if (listed == NULL || !g_str_equal (sha256, listed->sha256))
    return set_damaged_error (error, list);

  if (!restore_media (self, list, error) || !restore_snapshot (self, snapshot, manifest, error)
      || !dou_file_flush (self->state_dir, error))
    return FALSE;

  return (g_unlink (mark) == 0 || dou_file_set_error (error, mark))
         && dou_file_flush (self->state_dir, error);
}

/**
 * dou_restore:
 * @directory: of a backup
 * @manifest: what it consists of
 * @state_dir: locked by this process, so that no server runs on it
 * @progress: told from time to time
 * @user_data: for @progress
 * @error: return location
 *
 * Returns: whether all of it is in @state_dir, and stays there
 */
gboolean
dou_restore (const char *directory, DouManifest *manifest, const char *state_dir,
             DouBackupProgress progress, gpointer user_data, GError **error)
{
  const Restore self = { directory, state_dir, FALSE, progress, user_data };

  return restore (&self, manifest, error);
}

/* Room is needed once: what is unpacked is on the file system that it is for. */
static DouManifest *
restore_unpacked (const Restore *self, const char *archive, GError **error)
{
  g_autoptr (DouManifest) manifest = NULL;

  if (!dou_restore_is_unfinished (self->state_dir) && !check_empty (self->state_dir, error))
    return NULL;
  if (!dou_file_make_directory (self->directory, error)
      || !dou_archive_unpack (archive, self->directory, self->progress, self->user_data, error))
    return NULL;

  manifest = dou_manifest_load (self->directory, error);
  if (manifest == NULL || !restore (self, manifest, error))
    return NULL;

  return g_steal_pointer (&manifest);
}

/**
 * dou_restore_archive:
 * @archive: a backup in one file
 * @state_dir: as for dou_restore()
 * @progress: told from time to time
 * @user_data: for @progress
 * @error: return location
 *
 * Returns: (transfer full) (nullable): what the backup consists of, if all of it is in @state_dir and
 *   stays there
 */
DouManifest *
dou_restore_archive (const char *archive, const char *state_dir, DouBackupProgress progress,
                     gpointer user_data, GError **error)
{
  g_autofree char *unpacked = g_build_filename (state_dir, UNPACKED, NULL);
  const Restore self = { unpacked, state_dir, TRUE, progress, user_data };
  DouManifest *manifest;

  /* What an interrupted run has left. */
  dou_file_remove_tree (unpacked);
  manifest = restore_unpacked (&self, archive, error);
  dou_file_remove_tree (unpacked);
  return manifest;
}

gboolean
dou_restore_is_unfinished (const char *state_dir)
{
  g_autofree char *mark = g_build_filename (state_dir, DOU_RESTORE_MARK, NULL);

  return g_file_test (mark, G_FILE_TEST_EXISTS);
}
