/* SPDX-License-Identifier: Apache-2.0 */

/* Copies that are whole or not there: a file is written under another name and gets its own when it is
 * complete. What root makes belongs to whom the directory belongs, so that the server can read it. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-file-copy.h"
#include "common/dou-status.h"

#define CHUNK_SIZE (1024 * 1024)

/**
 * dou_file_set_error:
 * @error: return location
 * @path: of the file that a system call was for
 *
 * Tells what errno says: %DOU_STATUS_DISK_FULL or %DOU_STATUS_UNAVAILABLE.
 *
 * Returns: %FALSE
 */
gboolean
dou_file_set_error (GError **error, const char *path)
{
  int saved_errno = errno;

  g_set_error (error, DOU_ERROR,
               saved_errno == ENOSPC ? DOU_STATUS_DISK_FULL : DOU_STATUS_UNAVAILABLE, "%s: %s",
               path, g_strerror (saved_errno));
  return FALSE;
}

static gboolean
write_all (int fd, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      gssize n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      length -= (gsize) n;
    }

  return TRUE;
}

/* Reads @from to its end. @to: -1 to only look at it */
static gboolean
pump (int from, int to, const char *from_path, const char *to_path, char **sha256, guint64 *size,
      GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8 *chunk = g_malloc (CHUNK_SIZE);
  gssize n;

  *size = 0;
  while ((n = read (from, chunk, CHUNK_SIZE)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          dou_file_set_error (error, from_path);
          return FALSE;
        }

      g_checksum_update (checksum, chunk, n);
      *size += (guint64) n;
      if (to >= 0 && !write_all (to, chunk, (gsize) n))
        {
          dou_file_set_error (error, to_path);
          return FALSE;
        }
    }

  *sha256 = g_strdup (g_checksum_get_string (checksum));
  return TRUE;
}

/* Root's files go to the owner of the directory they are in. */
static gboolean
hand_over (int fd, const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  struct stat status;

  if (geteuid () != 0)
    return TRUE;

  if (stat (directory, &status) == 0 && fchown (fd, status.st_uid, status.st_gid) == 0)
    return TRUE;

  dou_file_set_error (error, path);
  return FALSE;
}

/**
 * dou_file_create:
 * @path: in a directory that exists; what is there is emptied
 * @error: return location
 *
 * Returns: a descriptor for writing to a file that is its owner's alone; or -1
 */
int
dou_file_create (const char *path, GError **error)
{
  int fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    dou_file_set_error (error, path);
  else if (!hand_over (fd, path, error))
    {
      g_close (fd, NULL);
      fd = -1;
    }

  return fd;
}

/**
 * dou_file_copy:
 * @from: a file
 * @to: where its copy is to be, in a directory that exists; what is there is replaced
 * @sha256: (out): checksum of its content, in hexadecimal digits
 * @size: (out): bytes
 * @error: return location for %DOU_STATUS_DISK_FULL, %DOU_STATUS_UNAVAILABLE
 *
 * Whether the copy survives a power cut is settled by dou_file_flush().
 *
 * Returns: whether it is there, for its owner alone
 */
gboolean
dou_file_copy (const char *from, const char *to, char **sha256, guint64 *size, GError **error)
{
  g_autofree char *part = g_strconcat (to, ".part", NULL);
  g_autofree char *hash = NULL;
  int source = g_open (from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  int target;
  gboolean done;

  if (source < 0)
    {
      dou_file_set_error (error, from);
      return FALSE;
    }

  target = dou_file_create (part, error);
  done = target >= 0 && pump (source, target, from, part, &hash, size, error);

  g_close (source, NULL);
  if (target >= 0)
    g_close (target, NULL);
  if (done && g_rename (part, to) != 0)
    {
      dou_file_set_error (error, to);
      done = FALSE;
    }
  if (!done)
    g_unlink (part);
  else
    *sha256 = g_steal_pointer (&hash);

  return done;
}

/**
 * dou_file_hash:
 * @path: a file
 * @size: (out): bytes
 * @error: return location
 *
 * Returns: (transfer full): checksum of its content, as of dou_file_copy(); or %NULL
 */
char *
dou_file_hash (const char *path, guint64 *size, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  char *sha256 = NULL;

  if (fd < 0)
    {
      dou_file_set_error (error, path);
      return NULL;
    }

  pump (fd, -1, path, NULL, &sha256, size, error);
  g_close (fd, NULL);
  return sha256;
}

/**
 * dou_file_make_directory:
 * @path: in a directory that exists
 * @error: return location
 *
 * Returns: whether it is there, made for its owner alone if it was not
 */
gboolean
dou_file_make_directory (const char *path, GError **error)
{
  int fd;
  gboolean done;

  if (g_mkdir (path, 0700) != 0)
    {
      if (errno == EEXIST && g_file_test (path, G_FILE_TEST_IS_DIR))
        return TRUE;
      dou_file_set_error (error, path);
      return FALSE;
    }

  fd = g_open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0)
    {
      dou_file_set_error (error, path);
      return FALSE;
    }

  done = hand_over (fd, path, error);
  g_close (fd, NULL);
  return done;
}

static int
remove_cb (const char *path, const struct stat *status, int type, struct FTW *place)
{
  return remove (path);
}

/**
 * dou_file_remove_tree:
 * @path: a directory of ours that nobody else uses, which need not exist
 *
 * Removes it with all that is in it, as far as that can be done.
 */
void
dou_file_remove_tree (const char *path)
{
  nftw (path, remove_cb, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/**
 * dou_file_flush:
 * @directory: any on the file system that is meant
 * @error: return location
 *
 * Returns: whether all that was written there survives a power cut
 */
gboolean
dou_file_flush (const char *directory, GError **error)
{
  int fd = g_open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  gboolean done = fd >= 0 && syncfs (fd) == 0;

  if (!done)
    dou_file_set_error (error, directory);
  if (fd >= 0)
    g_close (fd, NULL);

  return done;
}
