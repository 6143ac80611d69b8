/* SPDX-License-Identifier: Apache-2.0 */

/* A backup is a directory:
 *
 *     manifest.json      what it consists of; written last, in one step
 *     SNAPSHOT/          named by its time: databases, token keys, configuration, media.sha256
 *     media/             the files, under the names they have in the state directory
 *     copied.sha256      what an unfinished run has copied
 *
 * Files below media/ never change, so the next run copies only new ones, by name. The former snapshot
 * stays until the new one is complete: at each moment the directory holds one whole backup, once it
 * has held one.
 *
 * Files are copied before the snapshot and once more after it: before, because one that is deleted
 * while others are copied would be missing for a row of the snapshot; after, because one that came
 * meanwhile would. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-backup.h"
#include "backup/dou-file-copy.h"
#include "backup/dou-manifest.h"
#include "backup/dou-media-list.h"
#include "backup/dou-media-tree.h"
#include "common/dou-status.h"

#define COPIED_LIST "copied.sha256"

/* What an interrupted run has to copy again at most. */
#define MAX_PENDING_FILES 1000
#define MAX_PENDING_BYTES (256 * 1024 * 1024)

/* One run. */
typedef struct
{
  const DouBackupRequest *request;
  DouBackupResult *result;
  int lock;                /* (owned) */
  char *source;            /* (owned) the media directory of the server */
  char *media;             /* (owned) that of the backup */
  char *snapshot;          /* (owned) (nullable) path of the new snapshot */
  DouManifest *manifest;   /* (owned) of the new backup */
  GHashTable *known;       /* (owned) files that are in the backup, and their checksums */
  GHashTable *seen;        /* (owned) those of them that the new backup has */
  GString *pending;        /* (owned) lines of what was copied since the last flush */
  guint n_pending;
  guint64 pending_bytes;
  guint64 done, total; /* bytes of files */
} Run;

static void
run_clear (Run *run)
{
  if (run->lock >= 0)
    g_close (run->lock, NULL);
  g_free (run->source);
  g_free (run->media);
  g_free (run->snapshot);
  g_clear_pointer (&run->manifest, dou_manifest_free);
  g_clear_pointer (&run->known, g_hash_table_unref);
  g_clear_pointer (&run->seen, g_hash_table_unref);
  if (run->pending != NULL)
    g_string_free (run->pending, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static char *
run_get_path (Run *run, const char *name)
{
  return g_build_filename (run->request->directory, name, NULL);
}

static gboolean
is_snapshot_name (const char *name)
{
  return g_regex_match_simple ("\\A" DOU_BACKUP_SNAPSHOT_PATTERN "\\z", name, 0, 0);
}

static gboolean
is_own_name (const char *name)
{
  return g_str_equal (name, DOU_MANIFEST_FILE) || g_str_equal (name, DOU_BACKUP_MEDIA)
         || g_str_equal (name, COPIED_LIST)
         || is_snapshot_name (name);
}

/* Nobody's other directory is to be written into, for the sake of a slip of the fingers. */
static gboolean
check_directory (const char *path, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, error);
  const char *name;

  if (directory == NULL)
    return FALSE;

  while ((name = g_dir_read_name (directory)) != NULL)
    if (!is_own_name (name) && !g_str_has_prefix (name, DOU_MANIFEST_FILE)
        && !g_str_has_prefix (name, "lost+found"))
      {
        g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                     _ ("%s is not empty and holds no backup: there is “%s” in it"), path, name);
        return FALSE;
      }

  return TRUE;
}

/**
 * dou_backup_check_place:
 * @request: what is to be backed up, and where
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: whether the backup is outside of what it is of, for inside it would hold itself
 */
gboolean
dou_backup_check_place (const DouBackupRequest *request, GError **error)
{
  g_autofree char *state = g_canonicalize_filename (request->state_dir, NULL);
  g_autofree char *prefix = g_strconcat (state, "/", NULL);

  if (!g_str_equal (request->directory, state) && !g_str_has_prefix (request->directory, prefix))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
               _ ("The backup cannot be inside the state directory %s"), state);
  return FALSE;
}

static gboolean
run_lock (Run *run, GError **error)
{
  const char *path = run->request->directory;

  if (g_mkdir_with_parents (path, 0700) != 0
      || (run->lock = g_open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)) < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }

  if (flock (run->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Another backup into %s is under way"),
               path);
  return FALSE;
}

/* What the former backup has, and what a run that was interrupted had copied. */
static gboolean
run_load_known (Run *run, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (DouManifest) former = dou_manifest_load (run->request->directory, &local_error);
  g_autofree char *copied = run_get_path (run, COPIED_LIST);

  if (former == NULL && !g_error_matches (local_error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  if (former != NULL)
    {
      g_autofree char *list
          = g_build_filename (run->request->directory, former->snapshot, DOU_BACKUP_MEDIA_LIST,
                              NULL);

      if (!dou_media_list_load (run->known, list, error))
        return FALSE;
    }

  return !g_file_test (copied, G_FILE_TEST_EXISTS)
         || dou_media_list_load (run->known, copied, error);
}

/* What is listed as copied is on the disk. */
static gboolean
run_flush (Run *run, GError **error)
{
  g_autofree char *path = run_get_path (run, COPIED_LIST);
  FILE *file;
  gboolean written;

  if (run->n_pending == 0)
    return TRUE;
  if (!dou_file_flush (run->media, error))
    return FALSE;

  file = g_fopen (path, "ae");
  written = file != NULL && fwrite (run->pending->str, 1, run->pending->len, file) == run->pending->len;
  if (file != NULL && fclose (file) != 0)
    written = FALSE;
  if (!written)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }

  g_string_truncate (run->pending, 0);
  run->n_pending = 0;
  run->pending_bytes = 0;
  return TRUE;
}

static gboolean
has_size (const char *path, guint64 size)
{
  struct stat status;

  return g_lstat (path, &status) == 0 && S_ISREG (status.st_mode)
         && (guint64) status.st_size == size;
}

static gboolean
run_copy (Run *run, const char *name, GError **error)
{
  g_autofree char *from = g_build_filename (run->source, name, NULL);
  g_autofree char *to = g_build_filename (run->media, name, NULL);
  g_autofree char *sha256 = NULL;
  g_autoptr (GError) local_error = NULL;
  guint64 size;

  if (!dou_media_tree_make_directories (run->media, name, error))
    return FALSE;
  if (!dou_file_copy (from, to, &sha256, &size, &local_error))
    {
      /* Deleted since it was seen. */
      if (!g_file_test (from, G_FILE_TEST_EXISTS))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  g_string_append_printf (run->pending, "%s  %s\n", sha256, name);
  run->n_pending++;
  run->pending_bytes += size;
  run->result->n_copied++;
  g_hash_table_insert (run->known, g_strdup (name), g_strdup (sha256));
  g_hash_table_insert (run->seen, g_strdup (name), g_steal_pointer (&sha256));
  run->result->media_size += size;
  return (run->n_pending < MAX_PENDING_FILES && run->pending_bytes < MAX_PENDING_BYTES)
         || run_flush (run, error);
}

static gboolean
copy_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  Run *run = user_data;
  g_autofree char *to = g_build_filename (run->media, name, NULL);
  const char *sha256 = g_hash_table_lookup (run->known, name);

  if (g_hash_table_contains (run->seen, name))
    return TRUE;

  run->request->progress (DOU_BACKUP_MEDIA, run->done, MAX (run->total, run->done),
                          run->request->user_data);
  run->done += size;
  if (sha256 == NULL || !has_size (to, size))
    return run_copy (run, name, error);

  g_hash_table_insert (run->seen, g_strdup (name), g_strdup (sha256));
  run->result->media_size += size;
  return TRUE;
}

static gboolean
measure_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  *(guint64 *) user_data += size;
  return TRUE;
}

static gboolean
run_copy_media (Run *run, GError **error)
{
  return dou_media_tree_walk (run->source, copy_cb, run, error);
}

/* @source: (nullable): what is copied; %NULL if the file is there already */
static gboolean
run_add (Run *run, const char *name, const char *source, GError **error)
{
  g_autofree char *path = g_build_filename (run->snapshot, name, NULL);
  g_autofree char *sha256 = NULL;
  guint64 size;

  if (source != NULL)
    {
      if (!dou_file_copy (source, path, &sha256, &size, error))
        return FALSE;
    }
  else if ((sha256 = dou_file_hash (path, &size, error)) == NULL)
    return FALSE;

  dou_manifest_add (run->manifest, name, size, sha256);
  return TRUE;
}

static gboolean
run_save_databases (Run *run, GError **error)
{
  const DouBackupRequest *request = run->request;
  g_autoptr (DouSnapshot) snapshot = dou_snapshot_take (request->state_dir, error);

  if (snapshot == NULL)
    return FALSE;

  for (guint i = 0; i < DOU_N_DATABASES; i++)
    {
      g_autofree char *name = g_strconcat (dou_database_names[i], ".db", NULL);
      g_autofree char *path = g_build_filename (run->snapshot, name, NULL);

      if (!dou_snapshot_save (snapshot, i, path, request->progress, request->user_data, error)
          || !run_add (run, name, NULL, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
run_save_files (Run *run, GError **error)
{
  g_autofree char *keys = g_build_filename (run->request->state_dir, DOU_BACKUP_TOKEN_KEYS, NULL);

  return (!g_file_test (keys, G_FILE_TEST_EXISTS)
          || run_add (run, DOU_BACKUP_TOKEN_KEYS, keys, error))
         && (run->request->config_path == NULL
             || run_add (run, DOU_BACKUP_CONFIG, run->request->config_path, error));
}

static gboolean
run_begin_snapshot (Run *run, GError **error)
{
  run->manifest = dou_manifest_begin ();
  run->snapshot = run_get_path (run, run->manifest->snapshot);
  return dou_file_make_directory (run->snapshot, error);
}

static gboolean
run_end_snapshot (Run *run, GError **error)
{
  g_autofree char *list = g_build_filename (run->snapshot, DOU_BACKUP_MEDIA_LIST, NULL);

  run->manifest->n_media = run->result->n_media = g_hash_table_size (run->seen);
  run->manifest->media_size = run->result->media_size;
  return dou_media_list_save (run->seen, list, error)
         && run_add (run, DOU_BACKUP_MEDIA_LIST, NULL, error)
         && dou_file_flush (run->request->directory, error)
         && dou_manifest_save (run->manifest, run->request->directory, error);
}

static void
remove_snapshot (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_unlink (file);
    }
  g_rmdir (path);
}

/* Former snapshots, and what interrupted runs left: theirs, and manifests that did not get their name. */
static void
run_remove_leftovers (Run *run)
{
  g_autoptr (GDir) directory = g_dir_open (run->request->directory, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = run_get_path (run, name);

      if (is_snapshot_name (name)
          && !g_str_equal (name, run->manifest->snapshot))
        remove_snapshot (path);
      else if (g_str_equal (name, COPIED_LIST) || g_str_has_prefix (name, DOU_MANIFEST_FILE "."))
        g_unlink (path);
    }
}

static gboolean
prune_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  Run *run = user_data;

  if (!g_hash_table_contains (run->seen, name))
    {
      g_autofree char *path = g_build_filename (run->media, name, NULL);

      g_unlink (path);
    }

  return TRUE;
}

/* The new backup is complete; what is left of the former one takes room only. */
static void
run_tidy (Run *run)
{
  run_remove_leftovers (run);
  dou_media_tree_walk (run->media, prune_cb, run, NULL);
}

static gboolean
run_prepare (Run *run, GError **error)
{
  if (!run_lock (run, error) || !check_directory (run->request->directory, error)
      || !dou_file_make_directory (run->media, error) || !run_load_known (run, error))
    return FALSE;

  return dou_media_tree_walk (run->source, measure_cb, &run->total, error);
}

/**
 * dou_backup_make:
 * @request: what is to be backed up; the server may be running
 * @result: (out): what came of it
 * @error: return location
 *
 * A failure leaves the former backup as it was; what was copied so far need not be copied again.
 *
 * Returns: whether there is a whole backup
 */
gboolean
dou_backup_make (const DouBackupRequest *request, DouBackupResult *result, GError **error)
{
  g_auto (Run) run = { .request = request, .result = result, .lock = -1 };

  *result = (DouBackupResult){ 0 };
  if (!dou_backup_check_place (request, error))
    return FALSE;

  run.source = g_build_filename (request->state_dir, DOU_BACKUP_MEDIA, NULL);
  run.media = run_get_path (&run, DOU_BACKUP_MEDIA);
  run.known = dou_media_list_new ();
  run.seen = dou_media_list_new ();
  run.pending = g_string_new (NULL);
  if (!run_prepare (&run, error) || !run_copy_media (&run, error) || !run_flush (&run, error)
      || !run_begin_snapshot (&run, error) || !run_save_files (&run, error)
      || (request->has_databases && !run_save_databases (&run, error))
      || !run_copy_media (&run, error) || !run_flush (&run, error)
      || !run_end_snapshot (&run, error))
    {
      if (run.snapshot != NULL)
        remove_snapshot (run.snapshot);
      return FALSE;
    }

  run_tidy (&run);
  return TRUE;
}
