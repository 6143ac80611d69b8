/* SPDX-License-Identifier: Apache-2.0 */

/* Steps on disk that are durable when they return: the media store puts them in order. All may wait
 * for the disk, so they belong in its threads.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "common/dou-status.h"
#include "video/dou-media-file.h"

/* What is copied at once where the kernel cannot copy by itself. */
#define CHUNK (256 * 1024)
/* And where it can, so that a signal is answered in time. */
#define KERNEL_CHUNK (64 * 1024 * 1024)

static gboolean
fail (const char *what, const char *path, GError **error)
{
  int code = errno;

  g_set_error (error, DOU_ERROR,
               code == ENOSPC || code == EDQUOT ? DOU_STATUS_DISK_FULL : DOU_STATUS_INTERNAL,
               "Cannot %s %s: %s", what, path, g_strerror (code));
  return FALSE;
}

/**
 * dou_media_file_sync:
 * @path: a file or directory
 * @error: return location
 *
 * Returns: whether @path, as it is now, survives a power cut
 */
gboolean
dou_media_file_sync (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean synced;

  if (fd < 0)
    return fail ("open", path, error);

  synced = fsync (fd) == 0 || fail ("write to disk", path, error);
  close (fd);
  return synced;
}

static gboolean
sync_parent (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);

  return dou_media_file_sync (parent, error);
}

/**
 * dou_media_file_make_directory:
 * @path: a directory, whose parent exists
 * @error: return location
 *
 * Returns: whether it is there, made by this call or before
 */
gboolean
dou_media_file_make_directory (const char *path, GError **error)
{
  if (mkdir (path, 0700) != 0)
    return errno == EEXIST || fail ("make", path, error);

  return sync_parent (path, error);
}

/* Where the kernel does not copy from one of these file systems to the other. */
static gboolean
copy_by_hand (int from, int to, off_t offset, const char *path, GError **error)
{
  g_autofree char *buffer = g_malloc (CHUNK);
  gssize length;

  while ((length = pread (from, buffer, CHUNK, offset)) > 0)
    for (gssize done = 0; done < length;)
      {
        gssize n = pwrite (to, buffer + done, (gsize) (length - done), offset);

        if (n < 0)
          return fail ("write", path, error);
        done += n;
        offset += n;
      }

  return length == 0 || fail ("read what becomes", path, error);
}

/* By offsets of its own: the caller's must stay, since the file may be sent again. */
static gboolean
copy (int from, int to, const char *path, GError **error)
{
  off_t in = 0;
  off_t out = 0;
  gssize length;

  while ((length = copy_file_range (from, &in, to, &out, KERNEL_CHUNK, 0)) > 0)
    continue;

  if (length == 0 && out > 0)
    return TRUE;
  if (length < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
    return fail ("write", path, error);

  return copy_by_hand (from, to, out, path, error);
}

/**
 * dou_media_file_place:
 * @fd: a file
 * @path: its new name
 * @error: return location
 *
 * Gives an unnamed file a name, which costs nothing. A file that has a name already, is on another
 * file system, or lost its name, is copied.
 *
 * Returns: whether the file is there; its content is not yet synced
 */
gboolean
dou_media_file_place (int fd, const char *path, GError **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat status;
  gboolean copied;
  int to;

  if (fstat (fd, &status) != 0)
    return fail ("examine what becomes", path, error);

  /* A file with another name would stay in the hands of who knows that. */
  if (status.st_nlink == 0 && linkat (AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
    return TRUE;

  to = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (to < 0)
    return fail ("make", path, error);

  copied = copy (fd, to, path, error);
  if (close (to) != 0 && copied)
    copied = fail ("write", path, error);
  return copied;
}

/**
 * dou_media_file_rename:
 * @from: a file that is complete
 * @to: its final name
 * @error: return location
 *
 * Returns: whether the file is there under its final name, and survives a power cut
 */
gboolean
dou_media_file_rename (const char *from, const char *to, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (to);

  if (!dou_media_file_sync (from, error) || !dou_media_file_make_directory (parent, error))
    return FALSE;

  if (rename (from, to) != 0)
    return fail ("rename a file to", to, error);

  return dou_media_file_sync (parent, error);
}

/**
 * dou_media_file_remove:
 * @path: a file
 * @removed: (out): whether there was one
 * @error: return location
 *
 * Returns: whether it is gone, and stays so
 */
gboolean
dou_media_file_remove (const char *path, gboolean *removed, GError **error)
{
  *removed = unlink (path) == 0;
  if (!*removed)
    return errno == ENOENT || fail ("remove", path, error);

  return sync_parent (path, error);
}

/**
 * dou_media_file_remove_directory:
 * @path: a directory that holds no other
 * @error: return location
 *
 * Returns: whether it and all files in it are gone
 */
gboolean
dou_media_file_remove_directory (const char *path, GError **error)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (unlink (file) != 0 && errno != ENOENT)
        return fail ("remove", file, error);
    }

  return rmdir (path) == 0 || errno == ENOENT || fail ("remove", path, error);
}
