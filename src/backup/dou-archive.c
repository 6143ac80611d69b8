/* SPDX-License-Identifier: Apache-2.0 */

/* A backup in one file: a tar of what dou-backup.c keeps in a directory, so that tar(1) can make the one
 * of the other. libarchive writes it. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-archive.h"
#include "backup/dou-file-copy.h"
#include "common/dou-status.h"

#define CHUNK_SIZE (1024 * 1024)

struct _DouArchive
{
  char *path;             /* (owned) */
  char *part;             /* (owned) what it is called until it is complete */
  int fd;                 /* (owned) of @part, locked */
  struct archive *writer; /* (owned) */
  gboolean finished;
};

static const struct
{
  const char *suffix;
  int (*add_filter) (struct archive *writer);
} kinds[] = {
  { ".tar", archive_write_add_filter_none },
  { ".tar.gz", archive_write_add_filter_gzip },
  { ".tgz", archive_write_add_filter_gzip },
  { ".tar.zst", archive_write_add_filter_zstd },
};

/* Returns: an index of @kinds, or -1 */
static int
find_kind (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_suffix (path, kinds[i].suffix))
      return (int) i;

  return -1;
}

/**
 * dou_archive_is_name:
 * @path: where a backup is to be
 *
 * Returns: whether it names a file rather than a directory
 */
gboolean
dou_archive_is_name (const char *path)
{
  return find_kind (path) >= 0 && !g_file_test (path, G_FILE_TEST_IS_DIR);
}

static gboolean
set_error (GError **error, DouArchive *self)
{
  int number = archive_errno (self->writer);

  g_set_error (error, DOU_ERROR, number == ENOSPC ? DOU_STATUS_DISK_FULL : DOU_STATUS_UNAVAILABLE,
               "%s: %s", self->path, archive_error_string (self->writer));
  return FALSE;
}

static gboolean
is_at (int fd, const char *path)
{
  struct stat opened, named;

  return fstat (fd, &opened) == 0 && g_stat (path, &named) == 0 && opened.st_dev == named.st_dev
         && opened.st_ino == named.st_ino;
}

static gboolean
dou_archive_open_part (DouArchive *self, GError **error)
{
  self->fd = g_open (self->part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fd < 0)
    return dou_file_set_error (error, self->part);

  if (flock (self->fd, LOCK_EX | LOCK_NB) != 0 || !is_at (self->fd, self->part))
    {
      /* It is another run's, whether that goes on or has just given it its name. */
      g_close (self->fd, NULL);
      self->fd = -1;
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("Another backup into %s is under way"), self->path);
      return FALSE;
    }

  return ftruncate (self->fd, 0) == 0 || dou_file_set_error (error, self->part);
}

/**
 * dou_archive_create:
 * @path: for which dou_archive_is_name() holds; what is there stays until dou_archive_finish()
 * @error: return location for %DOU_STATUS_DISK_FULL, %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full) (nullable): an archive that nobody else writes
 */
DouArchive *
dou_archive_create (const char *path, GError **error)
{
  g_autoptr (DouArchive) self = g_new0 (DouArchive, 1);

  self->path = g_strdup (path);
  self->part = g_strconcat (path, ".part", NULL);
  self->writer = archive_write_new ();
  if (!dou_archive_open_part (self, error))
    return NULL;

  if (archive_write_set_format_pax_restricted (self->writer) != ARCHIVE_OK
      || kinds[find_kind (path)].add_filter (self->writer) != ARCHIVE_OK
      || archive_write_open_fd (self->writer, self->fd) != ARCHIVE_OK)
    {
      set_error (error, self);
      return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * dou_archive_free:
 * @self: an archive; what is not finished goes
 */
void
dou_archive_free (DouArchive *self)
{
  archive_write_free (self->writer);
  if (self->fd >= 0)
    {
      if (!self->finished)
        g_unlink (self->part);
      g_close (self->fd, NULL);
    }
  g_free (self->part);
  g_free (self->path);
  g_free (self);
}

static gboolean
write_header (DouArchive *self, const char *name, const struct stat *status, GError **error)
{
  struct archive_entry *entry = archive_entry_new ();
  int written;

  archive_entry_set_pathname (entry, name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0600);
  archive_entry_set_size (entry, status->st_size);
  archive_entry_set_mtime (entry, status->st_mtime, 0);
  written = archive_write_header (self->writer, entry);
  archive_entry_free (entry);
  return written == ARCHIVE_OK || set_error (error, self);
}

/* The header has promised @size bytes. */
static gboolean
write_content (DouArchive *self, int fd, const char *path, guint64 size, GChecksum *checksum,
               GError **error)
{
  g_autofree guint8 *chunk = g_malloc (CHUNK_SIZE);
  gssize n;

  while (size > 0)
    {
      n = read (fd, chunk, MIN (size, CHUNK_SIZE));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return dou_file_set_error (error, path);
      if (n == 0)
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("%s became shorter meanwhile"),
                       path);
          return FALSE;
        }

      g_checksum_update (checksum, chunk, n);
      if (archive_write_data (self->writer, chunk, (size_t) n) != n)
        return set_error (error, self);
      size -= (guint64) n;
    }

  return TRUE;
}

/**
 * dou_archive_add:
 * @self: an archive
 * @from: a file
 * @name: of it in the archive
 * @sha256: (out): checksum of its content, in hexadecimal digits
 * @size: (out): bytes
 * @error: return location for %DOU_STATUS_DISK_FULL, %DOU_STATUS_UNAVAILABLE; if there was no such file,
 *   the archive is as it was
 *
 * Returns: whether it is in the archive
 */
gboolean
dou_archive_add (DouArchive *self, const char *from, const char *name, char **sha256, guint64 *size,
                 GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  int fd = g_open (from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  struct stat status;
  gboolean done;

  if (fd < 0 || fstat (fd, &status) != 0)
    {
      dou_file_set_error (error, from);
      if (fd >= 0)
        g_close (fd, NULL);
      return FALSE;
    }

  *size = (guint64) status.st_size;
  done = write_header (self, name, &status, error)
         && write_content (self, fd, from, *size, checksum, error);
  g_close (fd, NULL);
  if (done)
    *sha256 = g_strdup (g_checksum_get_string (checksum));

  return done;
}

/**
 * dou_archive_finish:
 * @self: an archive
 * @error: return location
 *
 * Returns: whether it has its name, in place of a former one, and stays there
 */
gboolean
dou_archive_finish (DouArchive *self, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (self->path);

  if (archive_write_close (self->writer) != ARCHIVE_OK)
    return set_error (error, self);
  if (fsync (self->fd) != 0 || g_rename (self->part, self->path) != 0)
    return dou_file_set_error (error, self->path);

  self->finished = TRUE;
  return dou_file_flush (directory, error);
}
