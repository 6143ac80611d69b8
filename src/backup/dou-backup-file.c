/* SPDX-License-Identifier: Apache-2.0 */

/* A backup in one file. It is made in the order in which dou-backup.c makes one in a directory: the media
 * files, a snapshot of the databases, the media files that came meanwhile, and last the manifest. The
 * databases need room beside the file for as long as it takes; the media files do not. */

#include "config.h"

#include <glib/gi18n.h>

#include "backup/dou-archive.h"
#include "backup/dou-backup.h"
#include "backup/dou-file-copy.h"
#include "backup/dou-manifest.h"
#include "backup/dou-media-list.h"
#include "backup/dou-media-tree.h"

/* One run. */
typedef struct
{
  const DouBackupRequest *request;
  DouBackupResult *result;
  char *source;          /* (owned) the media directory of the server */
  char *stage;           /* (owned) where files are made that go into the archive */
  DouArchive *archive;   /* (owned) */
  DouManifest *manifest; /* (owned) */
  GHashTable *seen;      /* (owned) checksums of the media files that are in the archive */
  guint64 done, total;   /* bytes of media files */
} Run;

static void
run_clear (Run *run)
{
  /* Whoever has the archive has the directory beside it. */
  if (run->archive != NULL)
    dou_file_remove_tree (run->stage);
  g_clear_pointer (&run->archive, dou_archive_free);
  g_clear_pointer (&run->manifest, dou_manifest_free);
  g_clear_pointer (&run->seen, g_hash_table_unref);
  g_free (run->source);
  g_free (run->stage);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static gboolean
measure_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  *(guint64 *) user_data += size;
  return TRUE;
}

static gboolean
add_media_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  Run *run = user_data;
  g_autofree char *from = g_build_filename (run->source, name, NULL);
  g_autofree char *to = g_build_filename (DOU_BACKUP_MEDIA, name, NULL);
  g_autofree char *sha256 = NULL;
  g_autoptr (GError) local_error = NULL;

  if (g_hash_table_contains (run->seen, name))
    return TRUE;

  run->request->progress (DOU_BACKUP_MEDIA, run->done, MAX (run->total, run->done),
                          run->request->user_data);
  run->done += size;
  if (!dou_archive_add (run->archive, from, to, &sha256, &size, &local_error))
    {
      /* Deleted since it was seen. */
      if (!g_file_test (from, G_FILE_TEST_EXISTS))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  g_hash_table_insert (run->seen, g_strdup (name), g_steal_pointer (&sha256));
  run->result->media_size += size;
  return TRUE;
}

static gboolean
run_add_media (Run *run, GError **error)
{
  return dou_media_tree_walk (run->source, add_media_cb, run, error);
}

static gboolean
run_add (Run *run, const char *name, const char *from, GError **error)
{
  g_autofree char *to = g_build_filename (run->manifest->snapshot, name, NULL);
  g_autofree char *sha256 = NULL;
  guint64 size;

  if (!dou_archive_add (run->archive, from, to, &sha256, &size, error))
    return FALSE;

  dou_manifest_add (run->manifest, name, size, sha256);
  return TRUE;
}

static gboolean
run_add_databases (Run *run, GError **error)
{
  const DouBackupRequest *request = run->request;
  g_autoptr (DouSnapshot) snapshot = dou_snapshot_take (request->state_dir, error);

  if (snapshot == NULL)
    return FALSE;

  for (guint i = 0; i < DOU_N_DATABASES; i++)
    {
      g_autofree char *name = g_strconcat (dou_database_names[i], ".db", NULL);
      g_autofree char *path = g_build_filename (run->stage, name, NULL);

      if (!dou_snapshot_save (snapshot, i, path, request->progress, request->user_data, error)
          || !run_add (run, name, path, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
run_add_files (Run *run, GError **error)
{
  g_autofree char *keys
      = g_build_filename (run->request->state_dir, DOU_BACKUP_TOKEN_KEYS, NULL);

  return (!g_file_test (keys, G_FILE_TEST_EXISTS)
          || run_add (run, DOU_BACKUP_TOKEN_KEYS, keys, error))
         && (run->request->config_path == NULL
             || run_add (run, DOU_BACKUP_CONFIG, run->request->config_path, error));
}

static gboolean
run_finish (Run *run, GError **error)
{
  g_autofree char *list = g_build_filename (run->stage, DOU_BACKUP_MEDIA_LIST, NULL);
  g_autofree char *manifest = g_build_filename (run->stage, DOU_MANIFEST_FILE, NULL);
  g_autofree char *sha256 = NULL;
  guint64 size;

  run->result->n_media = run->result->n_copied = g_hash_table_size (run->seen);
  run->manifest->n_media = run->result->n_media;
  run->manifest->media_size = run->result->media_size;
  return dou_media_list_save (run->seen, list, error)
         && run_add (run, DOU_BACKUP_MEDIA_LIST, list, error)
         && dou_manifest_save (run->manifest, run->stage, error)
         && dou_archive_add (run->archive, manifest, DOU_MANIFEST_FILE, &sha256, &size, error)
         && dou_archive_finish (run->archive, error);
}

/**
 * dou_backup_make_file:
 * @request: what is to be backed up, into a file that dou_archive_is_name() knows; the server may be
 *   running
 * @result: (out): what came of it
 * @error: return location
 *
 * A failure leaves a former backup of that name as it was.
 *
 * Returns: whether there is a whole backup
 */
gboolean
dou_backup_make_file (const DouBackupRequest *request, DouBackupResult *result, GError **error)
{
  g_auto (Run) run = { .request = request, .result = result };

  *result = (DouBackupResult){ 0 };
  if (!dou_backup_check_place (request, error))
    return FALSE;

  run.source = g_build_filename (request->state_dir, DOU_BACKUP_MEDIA, NULL);
  run.stage = g_strconcat (request->directory, ".snapshot", NULL);
  run.seen = dou_media_list_new ();
  run.manifest = dou_manifest_begin ();
  run.archive = dou_archive_create (request->directory, error);
  if (run.archive == NULL)
    return FALSE;

  /* What a killed run has left. */
  dou_file_remove_tree (run.stage);
  return dou_file_make_directory (run.stage, error)
         && dou_media_tree_walk (run.source, measure_cb, &run.total, error)
         && run_add_media (&run, error) && run_add_files (&run, error)
         && (!request->has_databases || run_add_databases (&run, error))
         && run_add_media (&run, error) && run_finish (&run, error);
}
