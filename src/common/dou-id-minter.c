/* SPDX-License-Identifier: Apache-2.0 */

/* Identifiers: 53 bits, time-ordered, made without asking anyone.
 *
 *     41 bits  milliseconds since 2023-01-01 (until 2092)
 *      4 bits  node, from the configuration
 *      4 bits  gateway process
 *      4 bits  sequence within the millisecond
 *
 * They are minted where a request arrives, so that a write can be sent to its service twice and
 * still happens once. When a millisecond's sixteen ids are used up, the next is borrowed; when the
 * clock steps back, minting goes on from where it was. So that this also holds over a restart, the
 * minter reserves time ahead in a small file: no id above the reservation is ever handed out, and a
 * new process starts at the reservation of the old one. A process that ends in order gives back what
 * it did not use, so that ids jump ahead only after a crash, and by RESERVATION at most.
 *
 * Rejected: random ids (not ordered, so every index insert is a page miss), a counter in the database
 * (a round trip before the write, and no retries without it).
 */

#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"

#define SEQUENCE_BITS 4
#define PROCESS_BITS 4
#define NODE_BITS 4
#define TIME_SHIFT (SEQUENCE_BITS + PROCESS_BITS + NODE_BITS)
#define MAX_SEQUENCE ((1u << SEQUENCE_BITS) - 1)

/* Milliseconds reserved by one write of the file. Long enough that the fsync (about a millisecond)
 * is a rarity, short enough that ids after a crash are not oddly far in the future. */
#define RESERVATION 5000

struct _DouIdMinter
{
  GObject parent_instance;

  DouClock *clock; /* (owned) */
  gint64 origin;   /* node and process, shifted into place */
  gint64 time;     /* milliseconds since DOU_ID_EPOCH of the newest id */
  guint sequence;  /* the next one within that millisecond */
  gint64 reserved; /* no id at or above this time may be handed out */
  int fd;          /* (owned) the reservation file */
};

G_DEFINE_FINAL_TYPE (DouIdMinter, dou_id_minter, G_TYPE_OBJECT)

static gboolean
dou_id_minter_reserve (DouIdMinter *self, gint64 until, GError **error)
{
  char text[32];
  int length = g_snprintf (text, sizeof text, "%020" G_GINT64_FORMAT "\n", until);

  if (pwrite (self->fd, text, length, 0) != length || fdatasync (self->fd) != 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("Cannot reserve identifiers: %s"), g_strerror (errno));
      return FALSE;
    }

  self->reserved = until;
  return TRUE;
}

static void
dou_id_minter_finalize (GObject *object)
{
  DouIdMinter *self = DOU_ID_MINTER (object);

  if (self->fd >= 0)
    {
      /* Give back what was not used. A failure only costs a jump of RESERVATION at the next start. */
      if (self->time + 1 < self->reserved)
        dou_id_minter_reserve (self, self->time + 1, NULL);
      close (self->fd);
    }
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (dou_id_minter_parent_class)->finalize (object);
}

static void
dou_id_minter_class_init (DouIdMinterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_id_minter_finalize;
}

static void
dou_id_minter_init (DouIdMinter *self)
{
  self->fd = -1;
}

/* An empty file is a new one; anything else but a number is damage, and damage must not end in ids
 * that were handed out before. */
static gboolean
dou_id_minter_load (DouIdMinter *self, const char *path, GError **error)
{
  char text[32] = "";
  guint64 reserved;
  gssize length = pread (self->fd, text, sizeof text - 1, 0);

  if (length == 0)
    return TRUE;

  if (length > 0)
    g_strchomp (text);
  if (length < 0
      || !g_ascii_string_to_unsigned (text, 10, 0, DOU_ID_MAX >> TIME_SHIFT, &reserved, NULL))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL,
                   _ ("“%s” is not a reservation of identifiers"), path);
      return FALSE;
    }

  self->reserved = (gint64) reserved;
  return TRUE;
}

/**
 * dou_id_minter_new:
 * @clock: the time of day
 * @node: number of this node, 0 to %DOU_ID_MAX_NODE
 * @process: number of this process on the node, 0 to %DOU_ID_MAX_PROCESS
 * @path: the reservation file, which no other process uses; made if absent
 * @error: return location
 *
 * Returns: (transfer full): a minter, or %NULL if the file cannot be read or made
 */
DouIdMinter *
dou_id_minter_new (DouClock *clock, guint node, guint process, const char *path, GError **error)
{
  g_autoptr (DouIdMinter) self = NULL;

  g_return_val_if_fail (DOU_IS_CLOCK (clock), NULL);
  g_return_val_if_fail (node <= DOU_ID_MAX_NODE && process <= DOU_ID_MAX_PROCESS, NULL);

  self = g_object_new (DOU_TYPE_ID_MINTER, NULL);
  self->clock = g_object_ref (clock);
  self->origin = ((gint64) node << (PROCESS_BITS + SEQUENCE_BITS)) | (process << SEQUENCE_BITS);
  self->fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot open “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }

  if (!dou_id_minter_load (self, path, error))
    return NULL;

  /* Everything below the old reservation may have been handed out. */
  self->time = self->reserved - 1;
  self->sequence = MAX_SEQUENCE + 1;
  return g_steal_pointer (&self);
}

/**
 * dou_id_minter_mint:
 * @self: a minter
 * @error: return location
 *
 * Returns: a new id, above every one that this minter or its predecessors on the same file made;
 *   -1 with %DOU_STATUS_UNAVAILABLE if the reservation could not be written
 */
gint64
dou_id_minter_mint (DouIdMinter *self, GError **error)
{
  gint64 now, time;
  guint sequence;

  g_return_val_if_fail (DOU_IS_ID_MINTER (self), -1);

  now = dou_clock_get_real_time (self->clock) - DOU_ID_EPOCH;
  time = self->time;
  sequence = self->sequence;

  if (now > time)
    {
      time = now;
      sequence = 0;
    }
  else if (sequence > MAX_SEQUENCE)
    {
      time++;
      sequence = 0;
    }

  if (time >= self->reserved && !dou_id_minter_reserve (self, time + RESERVATION, error))
    return -1;

  self->time = time;
  self->sequence = sequence + 1;
  return (time << TIME_SHIFT) | self->origin | sequence;
}

/**
 * dou_id_get_time:
 * @id: an id
 *
 * Returns: the Unix time in milliseconds at which @id was made
 */
gint64
dou_id_get_time (gint64 id)
{
  return (id >> TIME_SHIFT) + DOU_ID_EPOCH;
}

/**
 * dou_id_get_node:
 * @id: an id
 *
 * Returns: the number of the node on which @id was made
 */
guint
dou_id_get_node (gint64 id)
{
  return (guint) (id >> (PROCESS_BITS + SEQUENCE_BITS)) & DOU_ID_MAX_NODE;
}
