/* SPDX-License-Identifier: Apache-2.0 */

/* Puts a backup into a state directory that is empty. Every file is compared with its checksum on the
 * way. As long as it is under way the state directory has a mark: no server starts on a half of it, and
 * the same restoration may go on after an interruption. */

#include "config.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-file-copy.h"
#include "backup/dou-media-list.h"
#include "backup/dou-media-tree.h"
#include "backup/dou-restore.h"
#include "common/dou-status.h"

#define MEDIA "media"
#define MEDIA_LIST "media.sha256"
#define CONFIG "doutok.conf"

static gboolean
set_damaged_error (GError **error, const char *path)
{
  g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL,
               _ ("%s is damaged: it is not what was backed up"), path);
  return FALSE;
}

/* Copies @from unless the same is there already. */
static gboolean
restore_file (const char *from, const char *to, const char *expected, GError **error)
{
  g_autofree char *sha256 = NULL;
  guint64 size;

  if (g_file_test (to, G_FILE_TEST_EXISTS)
      && (sha256 = dou_file_hash (to, &size, NULL)) != NULL && g_str_equal (sha256, expected))
    return TRUE;

  g_clear_pointer (&sha256, g_free);
  if (!dou_file_copy (from, to, &sha256, &size, error))
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
  g_autofree char *media = g_build_filename (state_dir, MEDIA, NULL);
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
restore_media (const char *directory, const char *snapshot, const char *state_dir,
               DouBackupProgress progress, gpointer user_data, GError **error)
{
  g_autofree char *list_path = g_build_filename (snapshot, MEDIA_LIST, NULL);
  g_autofree char *media = g_build_filename (state_dir, MEDIA, NULL);
  g_autoptr (GHashTable) list = dou_media_list_new ();
  GHashTableIter iter;
  gpointer name, sha256;
  guint64 n_done = 0;

  if (!dou_media_list_load (list, list_path, error) || !dou_file_make_directory (media, error))
    return FALSE;

  g_hash_table_iter_init (&iter, list);
  while (g_hash_table_iter_next (&iter, &name, &sha256))
    {
      g_autofree char *from = g_build_filename (directory, MEDIA, name, NULL);
      g_autofree char *to = g_build_filename (media, name, NULL);

      progress (MEDIA, n_done++, g_hash_table_size (list), user_data);
      if (!dou_media_tree_make_directories (media, name, error)
          || !restore_file (from, to, sha256, error))
        return FALSE;
    }

  return TRUE;
}

/* The configuration and the list of media stay in the backup. */
static gboolean
restore_snapshot (const char *snapshot, DouManifest *manifest, const char *state_dir,
                  DouBackupProgress progress, gpointer user_data, GError **error)
{
  for (guint i = 0; i < manifest->files->len; i++)
    {
      const DouManifestFile *file = g_ptr_array_index (manifest->files, i);
      g_autofree char *from = g_build_filename (snapshot, file->name, NULL);
      g_autofree char *to = g_build_filename (state_dir, file->name, NULL);

      if (g_str_equal (file->name, MEDIA_LIST) || g_str_equal (file->name, CONFIG))
        continue;
      progress (file->name, i, manifest->files->len, user_data);
      if (!restore_file (from, to, file->sha256, error))
        return FALSE;
    }

  return TRUE;
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
  g_autofree char *snapshot = g_build_filename (directory, manifest->snapshot, NULL);
  g_autofree char *list = g_build_filename (snapshot, MEDIA_LIST, NULL);
  g_autofree char *mark = g_build_filename (state_dir, DOU_RESTORE_MARK, NULL);
  const DouManifestFile *listed = dou_manifest_find (manifest, MEDIA_LIST);
  g_autofree char *sha256 = NULL;
  guint64 size;

  if (!begin (state_dir, mark, manifest, error))
    return FALSE;

  sha256 = dou_file_hash (list, &size, error);
  if (sha256 == NULL)
    return FALSE;
  if (listed == NULL || !g_str_equal (sha256, listed->sha256))
    return set_damaged_error (error, list);

  if (!restore_media (directory, snapshot, state_dir, progress, user_data, error)
      || !restore_snapshot (snapshot, manifest, state_dir, progress, user_data, error)
      || !dou_file_flush (state_dir, error))
    return FALSE;

  if (g_unlink (mark) != 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s: %s", mark, g_strerror (errno));
      return FALSE;
    }
  return dou_file_flush (state_dir, error);
}

gboolean
dou_restore_is_unfinished (const char *state_dir)
{
  g_autofree char *mark = g_build_filename (state_dir, DOU_RESTORE_MARK, NULL);

  return g_file_test (mark, G_FILE_TEST_EXISTS);
}
