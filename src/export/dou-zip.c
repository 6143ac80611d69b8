/* SPDX-License-Identifier: Apache-2.0 */

/* What people can open everywhere: a zip. libarchive writes it, as it does the backups. Text is deflated as
 * it comes, so that its length need not be known beforehand; videos and pictures are compressed already,
 * and are stored as they are. */

#include "config.h"

#include <errno.h>

#include <archive.h>
#include <archive_entry.h>

#include "common/dou-status.h"
#include "export/dou-zip.h"

struct _DouZip
{
  struct archive *writer; /* (owned) */
  guint64 missing;        /* bytes that an entry of known size still needs */
};

static gboolean
set_error (DouZip *self, GError **error)
{
  int number = archive_errno (self->writer);
  const char *text = archive_error_string (self->writer);
  gboolean is_full = number == ENOSPC || number == EDQUOT || number == EFBIG;

  g_set_error (error, DOU_ERROR, is_full ? DOU_STATUS_DISK_FULL : DOU_STATUS_INTERNAL,
               "Cannot write the archive: %s", text != NULL ? text : g_strerror (number));
  return FALSE;
}

/**
 * dou_zip_new:
 * @fd: an empty file, open for writing, which outlives the archive
 * @error: return location
 *
 * Returns: (transfer full) (nullable): an archive without entries
 */
DouZip *
dou_zip_new (int fd, GError **error)
{
  g_autoptr (DouZip) self = g_new0 (DouZip, 1);

  self->writer = archive_write_new ();
  /* No padding after its end, whatever kind of file that is. */
  if (archive_write_set_format_zip (self->writer) != ARCHIVE_OK
      || archive_write_set_bytes_in_last_block (self->writer, 1) != ARCHIVE_OK
      || archive_write_open_fd (self->writer, fd) != ARCHIVE_OK)
    {
      set_error (self, error);
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
dou_zip_free (DouZip *self)
{
  archive_write_free (self->writer);
  g_free (self);
}

/* An entry that is shorter than was said would be one that cannot be read. */
static gboolean
is_whole (DouZip *self, GError **error)
{
  if (self->missing == 0)
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_INTERNAL, "A file became shorter meanwhile");
  return FALSE;
}

/* @entry: (transfer full) */
static gboolean
begin (DouZip *self, struct archive_entry *entry, const char *name, gint64 mtime, GError **error)
{
  int written;

  archive_entry_set_pathname (entry, name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0600);
  archive_entry_set_mtime (entry, (time_t) mtime, 0);
  written = archive_write_header (self->writer, entry);
  archive_entry_free (entry);
  return written == ARCHIVE_OK || set_error (self, error);
}

/**
 * dou_zip_begin_text:
 * @self: an archive
 * @name: of an entry
 * @error: return location
 *
 * Begins an entry of any length, to be compressed.
 *
 * Returns: whether it may be written
 */
gboolean
dou_zip_begin_text (DouZip *self, const char *name, GError **error)
{
  if (!is_whole (self, error))
    return FALSE;
  if (archive_write_zip_set_compression_deflate (self->writer) != ARCHIVE_OK)
    return set_error (self, error);

  return begin (self, archive_entry_new (), name, g_get_real_time () / G_USEC_PER_SEC, error);
}

/**
 * dou_zip_begin_media:
 * @self: an archive
 * @name: of an entry
 * @size: its bytes, of which none may be missing
 * @mtime: when it was made, in seconds since 1970
 * @error: return location
 *
 * Begins an entry that is stored as it is.
 *
 * Returns: whether it may be written
 */
gboolean
dou_zip_begin_media (DouZip *self, const char *name, guint64 size, gint64 mtime, GError **error)
{
  struct archive_entry *entry;

  if (!is_whole (self, error))
    return FALSE;
  if (archive_write_zip_set_compression_store (self->writer) != ARCHIVE_OK)
    return set_error (self, error);

  entry = archive_entry_new ();
  archive_entry_set_size (entry, (la_int64_t) size);
  self->missing = size;
  return begin (self, entry, name, mtime, error);
}

/**
 * dou_zip_write:
 * @self: an archive with an entry that was begun
 * @data: what comes next of it
 * @length: bytes
 * @error: return location for %DOU_STATUS_DISK_FULL
 *
 * Returns: whether it is in the archive
 */
gboolean
dou_zip_write (DouZip *self, gconstpointer data, gsize length, GError **error)
{
  const guint8 *rest = data;

  self->missing -= MIN (self->missing, length);
  while (length > 0)
    {
      la_ssize_t n = archive_write_data (self->writer, rest, length);

      if (n <= 0)
        return set_error (self, error);
      rest += n;
      length -= (gsize) n;
    }

  return TRUE;
}

/**
 * dou_zip_finish:
 * @self: an archive to which nothing comes any more
 * @error: return location
 *
 * Returns: whether all of it is in the file
 */
gboolean
dou_zip_finish (DouZip *self, GError **error)
{
  return is_whole (self, error)
         && (archive_write_close (self->writer) == ARCHIVE_OK || set_error (self, error));
}

/**
 * dou_zip_get_size:
 * @self: an archive
 *
 * Returns: bytes that it has so far
 */
guint64
dou_zip_get_size (DouZip *self)
{
  return (guint64) archive_filter_bytes (self->writer, -1);
}
