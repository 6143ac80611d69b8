/* SPDX-License-Identifier: Apache-2.0 */

/* A user's connections end up in any of the gateways, so none of them can count them alone. What
 * all of them share is a file in which nothing is ever written: each user has eight bytes in it, at
 * eight times the id, and each connection locks one of these. A gateway that is killed has its
 * locks taken away by the kernel, so nothing needs to be cleaned up, and nobody has to ask anybody.
 *
 * Locks belong to the open file (F_OFD_SETLK), not to the process: closing another descriptor of
 * the file would not drop them. One gateway's own locks never stand in its own way, so each
 * remembers which it has. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "gateway/dou-websocket-slots.h"

struct _DouWebsocketSlots
{
  GObject parent_instance;

  int fd;            /* (owned) */
  GHashTable *taken; /* (owned) (element-type gint64 guint) the slots that each user has here, a bit
                      * for each */
};

G_DEFINE_FINAL_TYPE (DouWebsocketSlots, dou_websocket_slots, G_TYPE_OBJECT)

static void
dou_websocket_slots_finalize (GObject *object)
{
  DouWebsocketSlots *self = DOU_WEBSOCKET_SLOTS (object);

  if (self->fd >= 0)
    close (self->fd);
  g_hash_table_unref (self->taken);

  G_OBJECT_CLASS (dou_websocket_slots_parent_class)->finalize (object);
}

static void
dou_websocket_slots_class_init (DouWebsocketSlotsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_websocket_slots_finalize;
}

static void
dou_websocket_slots_init (DouWebsocketSlots *self)
{
  self->fd = -1;
  self->taken = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/**
 * dou_websocket_slots_new:
 * @path: a file that all gateways of this machine share; made if absent
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): slots of which this process has none, or %NULL
 */
DouWebsocketSlots *
dou_websocket_slots_new (const char *path, GError **error)
{
  g_autoptr (DouWebsocketSlots) self = g_object_new (DOU_TYPE_WEBSOCKET_SLOTS, NULL);

  self->fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "Cannot open “%s”: %s", path,
                   g_strerror (errno));
      return NULL;
    }

  return g_steal_pointer (&self);
}

static gboolean
dou_websocket_slots_lock (DouWebsocketSlots *self, gint64 user, guint slot, short type)
{
  struct flock lock = {
    .l_type = type,
    .l_whence = SEEK_SET,
    .l_start = (off_t) (user * DOU_WEBSOCKET_SLOTS_MAX + slot),
    .l_len = 1,
  };

  return fcntl (self->fd, F_OFD_SETLK, &lock) == 0;
}

static guint
dou_websocket_slots_get_taken (DouWebsocketSlots *self, gint64 user)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->taken, &user));
}

static void
dou_websocket_slots_set_taken (DouWebsocketSlots *self, gint64 user, guint taken)
{
  if (taken == 0)
    g_hash_table_remove (self->taken, &user);
  else
    g_hash_table_replace (self->taken, g_memdup2 (&user, sizeof user), GUINT_TO_POINTER (taken));
}

/**
 * dou_websocket_slots_take:
 * @self: slots
 * @user: an id
 * @slot: (out): the number to give back
 *
 * Returns: whether @user may have one more connection
 */
gboolean
dou_websocket_slots_take (DouWebsocketSlots *self, gint64 user, guint *slot)
{
  guint taken;

  g_return_val_if_fail (DOU_IS_WEBSOCKET_SLOTS (self), FALSE);

  taken = dou_websocket_slots_get_taken (self, user);
  for (guint i = 0; i < DOU_WEBSOCKET_SLOTS_MAX; i++)
    if ((taken & 1u << i) == 0 && dou_websocket_slots_lock (self, user, i, F_WRLCK))
      {
        dou_websocket_slots_set_taken (self, user, taken | 1u << i);
        *slot = i;
        return TRUE;
      }

  return FALSE;
}

/**
 * dou_websocket_slots_give_back:
 * @self: slots
 * @user: an id
 * @slot: one that @user has taken
 */
void
dou_websocket_slots_give_back (DouWebsocketSlots *self, gint64 user, guint slot)
{
  guint taken;

  g_return_if_fail (DOU_IS_WEBSOCKET_SLOTS (self));

  taken = dou_websocket_slots_get_taken (self, user);
  g_return_if_fail ((taken & 1u << slot) != 0);

  dou_websocket_slots_lock (self, user, slot, F_UNLCK);
  dou_websocket_slots_set_taken (self, user, taken & ~(1u << slot));
}
