/* SPDX-License-Identifier: Apache-2.0 */

/* Requests of one user end up in any of the gateways. As with WebSockets (dou-websocket-slots.c), what they
 * share is a file in which nothing is ever written: its first bytes are places to work in, the one at a
 * user's id, after these, is that user's, and who has something locks it. What a gateway that is killed had
 * is free at once, and nothing needs to be cleaned up. Here each lock has opened the file for itself, so those of
 * one gateway stand in each other's way, too. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "gateway/dou-export-lock.h"

struct _DouExportLock
{
  int fd; /* (owned) */
  guint slot;
  gboolean is_working;
};

static gboolean
set_lock (int fd, gint64 place, short type)
{
  struct flock lock = {
    .l_type = type,
    .l_whence = SEEK_SET,
    .l_start = (off_t) place,
    .l_len = 1,
  };

  return fcntl (fd, F_OFD_SETLK, &lock) == 0;
}

static gboolean
find_slot (DouExportLock *self)
{
  for (self->slot = 0; self->slot < DOU_EXPORT_LOCK_SLOTS; self->slot++)
    if (set_lock (self->fd, self->slot, F_WRLCK))
      return TRUE;

  return FALSE;
}

/**
 * dou_export_lock_take:
 * @path: a file that all gateways of this machine share; made if absent
 * @user: an id
 * @status: (out): why there is none: %DOU_STATUS_RATE_LIMITED if @user has one, %DOU_STATUS_UNAVAILABLE if too
 *   many others have
 *
 * Returns: (transfer full) (nullable): the right to export @user
 */
DouExportLock *
dou_export_lock_take (const char *path, gint64 user, DouStatus *status)
{
  g_autoptr (DouExportLock) self = g_new0 (DouExportLock, 1);

  self->fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  *status = DOU_STATUS_UNAVAILABLE;
  if (self->fd < 0)
    {
      g_warning ("Cannot open “%s”: %s", path, g_strerror (errno));
      return NULL;
    }
  if (!set_lock (self->fd, DOU_EXPORT_LOCK_SLOTS + user, F_WRLCK))
    {
      *status = DOU_STATUS_RATE_LIMITED;
      return NULL;
    }

  self->is_working = find_slot (self);
  return self->is_working ? g_steal_pointer (&self) : NULL;
}

/**
 * dou_export_lock_end_work:
 * @self: a lock
 *
 * Lets somebody else work; the user may still have no other.
 */
void
dou_export_lock_end_work (DouExportLock *self)
{
  if (self->is_working)
    set_lock (self->fd, self->slot, F_UNLCK);
  self->is_working = FALSE;
}

void
dou_export_lock_free (DouExportLock *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}
