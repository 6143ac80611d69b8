/* SPDX-License-Identifier: Apache-2.0 */

/* The file of an upload while it arrives.
 *
 * It has no name (O_TMPFILE), so it is gone with its last descriptor, whoever dies first. It lies
 * on the file system of the finished files: the video service can give it a name without copying.
 *
 * The body comes from libsoup in pieces of 8 KiB; they are gathered and written in blocks. After
 * every WRITE_BACK bytes the kernel is told to begin writing them to the disk. Without that, dirty
 * pages pile up until the service's fsync has to wait for all of them, or until the kernel stops
 * this process, with all its connections, while it writes some. Measured for 1 GiB on ext4: 1 GiB
 * of dirty pages and 0.35 s of fsync without; less than 0.2 GiB and 0.00 s with; no single call
 * above 15 ms. Taking the pages out of the cache too was rejected: the service reads the file as
 * soon as it is complete.
 *
 * The writes are made on the main loop. A thread would need a queue, which must be bounded, which
 * must then hold up the connection, and the disk is no faster for it. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "gateway/dou-spool-file.h"

/* Bytes a write: beyond this a write gets no cheaper. */
#define BLOCK_SIZE (256 * 1024)
/* Bytes between two calls for write-back: 1 MiB costs more calls, 32 MiB gains nothing. */
#define WRITE_BACK (8 * 1024 * 1024)

struct _DouSpoolFile
{
  int fd;           /* (owned) */
  guint64 max_size; /* bytes */
  guint64 written;  /* bytes in the file */
  guint64 flushed;  /* bytes of these that the kernel was told to write */
  gsize length;     /* bytes in the block */
  guint8 block[BLOCK_SIZE];
};

/* Some file systems (overlayfs before Linux 6.1, NFS) know no unnamed files. */
static int
open_named (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, ".upload-XXXXXX", NULL);
  int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);

  if (fd >= 0)
    g_unlink (path);

  return fd;
}

static int
open_unnamed (const char *directory)
{
  int fd = open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  /* EISDIR is what a kernel says that does not know the flag. */
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
    fd = open_named (directory);

  return fd;
}

static DouStatus
fail (const char *what)
{
  int saved_errno = errno;

  g_warning ("Cannot %s: %s", what, g_strerror (saved_errno));

  switch (saved_errno)
    {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return DOU_STATUS_DISK_FULL;
    case EMFILE:
    case ENFILE:
      return DOU_STATUS_UNAVAILABLE;
    default:
      return DOU_STATUS_INTERNAL;
    }
}

/**
 * dou_spool_file_new:
 * @directory: where the file is to lie
 * @max_size: the most bytes it may get
 * @status: (out): why there is none
 *
 * Returns: (transfer full) (nullable): an empty file, or %NULL
 */
DouSpoolFile *
dou_spool_file_new (const char *directory, guint64 max_size, DouStatus *status)
{
  DouSpoolFile *self;
  int fd = open_unnamed (directory);

  if (fd < 0)
    {
      *status = fail ("open a file for an upload");
      return NULL;
    }

  self = g_new (DouSpoolFile, 1);
  self->fd = fd;
  self->max_size = max_size;
  self->written = 0;
  self->flushed = 0;
  self->length = 0;
  return self;
}

static DouStatus
dou_spool_file_write_block (DouSpoolFile *self)
{
  gsize done = 0;

  while (done < self->length)
    {
      gssize n = write (self->fd, self->block + done, self->length - done);

      if (n < 0 && errno != EINTR)
        return fail ("store an upload");
      if (n > 0)
        done += n;
    }
  self->written += self->length;
  self->length = 0;

  if (self->written - self->flushed >= WRITE_BACK)
    {
      /* Advice: where it is not understood, the service's fsync does it all. */
      sync_file_range (self->fd, self->flushed, self->written - self->flushed,
                       SYNC_FILE_RANGE_WRITE);
      self->flushed = self->written;
    }

  return DOU_STATUS_OK;
}

/**
 * dou_spool_file_write:
 * @self: a file
 * @data: what comes next
 * @length: its bytes
 *
 * Blocks for as long as the write of a block takes.
 *
 * Returns: %DOU_STATUS_OK; %DOU_STATUS_TOO_LARGE, with nothing of @data stored;
 *   %DOU_STATUS_DISK_FULL; or %DOU_STATUS_INTERNAL if the disk fails
 */
DouStatus
dou_spool_file_write (DouSpoolFile *self, const guint8 *data, gsize length)
{
  if (length > self->max_size - dou_spool_file_get_size (self))
    return DOU_STATUS_TOO_LARGE;

  while (length > 0)
    {
      gsize n = MIN (length, sizeof self->block - self->length);

      memcpy (self->block + self->length, data, n);
      self->length += n;
      data += n;
      length -= n;

      if (self->length == sizeof self->block)
        {
          DouStatus status = dou_spool_file_write_block (self);

          if (status != DOU_STATUS_OK)
            return status;
        }
    }

  return DOU_STATUS_OK;
}

/**
 * dou_spool_file_finish:
 * @self: a file to which no more comes
 *
 * Returns: as dou_spool_file_write(); if %DOU_STATUS_OK, all of it can be read by its descriptor
 */
DouStatus
dou_spool_file_finish (DouSpoolFile *self)
{
  return dou_spool_file_write_block (self);
}

/**
 * dou_spool_file_get_fd:
 * @self: a file
 *
 * Returns: its descriptor, which @self owns; its offset is at the end
 */
int
dou_spool_file_get_fd (DouSpoolFile *self)
{
  return self->fd;
}

/**
 * dou_spool_file_get_size:
 * @self: a file
 *
 * Returns: bytes that were written so far
 */
guint64
dou_spool_file_get_size (DouSpoolFile *self)
{
  return self->written + self->length;
}

void
dou_spool_file_free (DouSpoolFile *self)
{
  close (self->fd);
  g_free (self);
}
