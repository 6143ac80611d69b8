/* SPDX-License-Identifier: Apache-2.0 */

/* Reads what dou-archive.c writes, or what tar(1) has made of a backup's directory. Only what a backup
 * consists of is unpacked; whatever else is in the file makes it none. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-archive.h"
#include "backup/dou-file-copy.h"
#include "backup/dou-manifest.h"
#include "backup/dou-media-tree.h"
#include "common/dou-status.h"

#define CHUNK_SIZE (1024 * 1024)

static void
archive_reader_free (struct archive *reader)
{
  archive_read_free (reader);
}

typedef struct archive ArchiveReader;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ArchiveReader, archive_reader_free)

static gboolean
set_archive_error (GError **error, const char *path, ArchiveReader *reader)
{
  if (archive_errno (reader) == ENOSPC)
    g_set_error (error, DOU_ERROR, DOU_STATUS_DISK_FULL, "%s: %s", path, g_strerror (ENOSPC));
  else
    g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, _ ("%s is no whole backup: %s"), path,
                 archive_error_string (reader));
  return FALSE;
}

/* Names that a backup has, none of which leads elsewhere. */
static gboolean
is_own_name (const char *name)
{
  if (g_str_has_prefix (name, DOU_BACKUP_MEDIA "/"))
    return dou_media_tree_is_name (name + strlen (DOU_BACKUP_MEDIA "/"));

  return g_str_equal (name, DOU_MANIFEST_FILE)
         || g_regex_match_simple ("\\A" DOU_BACKUP_SNAPSHOT_PATTERN "/[a-z][a-z0-9.-]{0,63}\\z", name,
                                  0, 0);
}

static gboolean
unpack_entry (ArchiveReader *reader, const char *path, const char *directory, const char *name,
              GError **error)
{
  g_autofree char *to = g_build_filename (directory, name, NULL);
  int fd;
  gboolean done;

  if (!dou_media_tree_make_directories (directory, name, error))
    return FALSE;
  fd = dou_file_create (to, error);
  if (fd < 0)
    return FALSE;

  done = archive_read_data_into_fd (reader, fd) == ARCHIVE_OK
         || set_archive_error (error, path, reader);
  g_close (fd, NULL);
  return done;
}

static gboolean
unpack_all (ArchiveReader *reader, const char *path, const char *directory,
            DouBackupProgress progress, gpointer user_data, GError **error)
{
  struct archive_entry *entry;
  struct stat status = { 0 };
  int n;

  g_stat (path, &status);
  while ((n = archive_read_next_header (reader, &entry)) == ARCHIVE_OK)
    {
      const char *name = archive_entry_pathname (entry);

      progress (_ ("unpacking"), (guint64) archive_filter_bytes (reader, -1),
                (guint64) status.st_size, user_data);
      if (name != NULL && g_str_has_prefix (name, "./"))
        name += 2;
      if (archive_entry_filetype (entry) == AE_IFDIR)
        continue;
      if (name == NULL || archive_entry_filetype (entry) != AE_IFREG
          || archive_entry_hardlink (entry) != NULL || !is_own_name (name))
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                       _ ("%s is no backup: there is “%s” in it"), path, name != NULL ? name : "?");
          return FALSE;
        }
      if (!unpack_entry (reader, path, directory, name, error))
        return FALSE;
    }

  return n == ARCHIVE_EOF || set_archive_error (error, path, reader);
}

/**
 * dou_archive_unpack:
 * @path: of an archive
 * @directory: an empty one that exists
 * @progress: told from time to time
 * @user_data: for @progress
 * @error: return location for %DOU_STATUS_BAD_PARAMETER (it is none, or damaged), and those of
 *   dou_file_copy()
 *
 * Checksums are not looked at: dou_restore() and dou_backup_check() do that.
 *
 * Returns: whether @directory is the backup now
 */
gboolean
dou_archive_unpack (const char *path, const char *directory, DouBackupProgress progress,
                    gpointer user_data, GError **error)
{
  g_autoptr (ArchiveReader) reader = archive_read_new ();
  g_autofree char *manifest = g_build_filename (directory, DOU_MANIFEST_FILE, NULL);

  archive_read_support_format_tar (reader);
  archive_read_support_filter_all (reader);
  if (archive_read_open_filename (reader, path, CHUNK_SIZE) != ARCHIVE_OK)
    return set_archive_error (error, path, reader);
  if (!unpack_all (reader, path, directory, progress, user_data, error))
    return FALSE;
  if (g_file_test (manifest, G_FILE_TEST_EXISTS))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, _ ("%s is no whole backup: %s"), path,
               _ ("its end is missing"));
  return FALSE;
}
