/* SPDX-License-Identifier: Apache-2.0 */

/* How much each user and each address may do, counted over all gateways of the machine: a client's
 * connections end up in any of them.
 *
 * A token bucket is usually two numbers, what is left and when that was, which must change
 * together. The generic cell rate algorithm (ITU-T I.371) says the same with one: the time at which
 * the bucket will be full again. Taking a token moves that time one interval further into the
 * future; whoever would move it further than the bucket is deep must wait. One number can be
 * changed by compare-and-swap, so the gateways share a file mapped into memory and need neither
 * locks nor messages, and one that is killed leaves nothing half done.
 *
 * The table never grows: a key has eight places where it may stand, which are one or two cache
 * lines. A bucket that is full again says nothing and is given to the next who needs one; if none
 * is, the one that is fullest goes. Then somebody may do more than allowed, so the table is large
 * enough for all who are busy within one period. Whose key it is cannot be chosen from outside,
 * since keys are hashed with a secret made with the file, or given by who makes it.
 *
 * Where other nodes are to be told, what is taken is also noted: a number for each bucket, and a bit for
 * each group in which there is one, so that who collects looks at 1 KiB if there is nothing. A note may be lost,
 * or go to another key, when its bucket is given away in the same moment.
 *
 * Rejected: a bucket in each gateway (a limit that depends on the number of processes), a service
 * to ask (a call for each request), locks in shared memory (which a killed process keeps). */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/dou-status.h"
#include "gateway/dou-rate-table.h"

/* A power of two; with PLACES each 8,192 × 8 buckets, in 1.25 MiB. */
#define N_GROUPS 8192
#define PLACES 8

/* Bits of a key that say what is counted; and groups for which one word has a bit each. */
#define KIND_BITS 8
#define WORD_BITS 64
#define N_WORDS (N_GROUPS / WORD_BITS)

/* A key of 0 was never used. */
typedef struct
{
  _Atomic guint64 key;
  _Atomic gint64 full; /* when the bucket is full again; monotonic time, in microseconds */
} Bucket;

typedef struct
{
  guint8 secret[crypto_shorthash_KEYBYTES];
  guint8 padding[112]; /* so that groups begin where cache lines do */
  Bucket groups[N_GROUPS][PLACES];
  _Atomic gint32 taken[N_GROUPS][PLACES]; /* from each bucket, and not collected */
  _Atomic guint64 noted[N_WORDS];         /* a bit for each group with such a bucket */
} Table;

G_STATIC_ASSERT (crypto_shorthash_KEYBYTES == 16);
G_STATIC_ASSERT (crypto_shorthash_BYTES == sizeof (guint64));
G_STATIC_ASSERT (sizeof (Bucket) == 16);

struct _DouRateTable
{
  GObject parent_instance;

  Table *table;    /* (owned) mapped */
  gboolean notes;  /* what is taken */
  guint next_word; /* where it is collected first */
};

G_DEFINE_FINAL_TYPE (DouRateTable, dou_rate_table, G_TYPE_OBJECT)

static void
dou_rate_table_finalize (GObject *object)
{
  DouRateTable *self = DOU_RATE_TABLE (object);

  if (self->table != NULL)
    munmap (self->table, sizeof (Table));

  G_OBJECT_CLASS (dou_rate_table_parent_class)->finalize (object);
}

static void
dou_rate_table_class_init (DouRateTableClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_rate_table_finalize;
}

static void
dou_rate_table_init (DouRateTable *self)
{
}

/* Whoever comes first makes the file; the others wait for it. The secret is written last. One that is given
 * replaces what is there: all who have the file mapped go on with it. */
static gboolean
prepare_file (int fd, const guint8 *given)
{
  guint8 secret[crypto_shorthash_KEYBYTES];
  struct stat info;

  if (given != NULL)
    memcpy (secret, given, sizeof secret);
  else
    randombytes_buf (secret, sizeof secret);

  if (flock (fd, LOCK_EX) < 0 || fstat (fd, &info) < 0)
    return FALSE;
  if (info.st_size == sizeof (Table))
    return (given == NULL || pwrite (fd, secret, sizeof secret, 0) == sizeof secret)
           && flock (fd, LOCK_UN) == 0;

  return ftruncate (fd, 0) == 0 && pwrite (fd, secret, sizeof secret, 0) == sizeof secret
         && ftruncate (fd, sizeof (Table)) == 0 && flock (fd, LOCK_UN) == 0;
}

static DouRateTable *
rate_table_new (const char *path, const guint8 *secret, GError **error)
{
  g_autoptr (DouRateTable) self = g_object_new (DOU_TYPE_RATE_TABLE, NULL);
  int fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void *table = MAP_FAILED;

  if (fd >= 0 && sodium_init () >= 0 && prepare_file (fd, secret))
    table = mmap (NULL, sizeof (Table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (table == MAP_FAILED)
    g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot use “%s”: %s"), path,
                 g_strerror (errno));
  else
    self->table = table;

  if (fd >= 0)
    close (fd);
  self->notes = secret != NULL;
  return self->table != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * dou_rate_table_new:
 * @path: a file that all gateways of this machine share; made if absent. It must not outlive the
 *   system, whose monotonic time is in it
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): the table, or %NULL
 */
DouRateTable *
dou_rate_table_new (const char *path, GError **error)
{
  return rate_table_new (path, NULL, error);
}

/**
 * dou_rate_table_new_shared:
 * @path: as for dou_rate_table_new()
 * @secret: (array fixed-size=16): with it the same is counted under the same key on other machines
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): a table that notes what is taken, for dou_rate_table_collect(); or %NULL
 */
DouRateTable *
dou_rate_table_new_shared (const char *path, const guint8 *secret, GError **error)
{
  g_return_val_if_fail (secret != NULL, NULL);

  return rate_table_new (path, secret, error);
}

/**
 * dou_rate_table_get_key:
 * @self: a table
 * @kind: what is counted; below 256
 * @subject: (array length=length): of whom
 * @length: bytes of @subject; of more than 256 the first ones count
 *
 * Returns: what stands for the two
 */
guint64
dou_rate_table_get_key (DouRateTable *self, guint kind, gconstpointer subject, gsize length)
{
  guint8 bytes[257];
  guint64 key;

  g_return_val_if_fail (DOU_IS_RATE_TABLE (self), 0);

  length = MIN (length, sizeof bytes - 1);
  bytes[0] = (guint8) kind;
  memcpy (bytes + 1, subject, length);
  crypto_shorthash ((guint8 *) &key, bytes, length + 1, self->table->secret);
  key = key >> KIND_BITS << KIND_BITS | kind;
  return key != 0 ? key : 1 << KIND_BITS;
}

/**
 * dou_rate_table_get_kind:
 * @key: of dou_rate_table_get_key(), of this or another machine
 *
 * Returns: what is counted
 */
guint
dou_rate_table_get_kind (guint64 key)
{
  return key & ((1 << KIND_BITS) - 1);
}

static guint
get_group (guint64 key)
{
  return key >> KIND_BITS & (N_GROUPS - 1);
}

/* Returns: (nullable): the bucket of @key */
static Bucket *
dou_rate_table_find (DouRateTable *self, guint64 key)
{
  Bucket *group = self->table->groups[get_group (key)];

  for (guint i = 0; i < PLACES; i++)
    if (atomic_load (&group[i].key) == key)
      return &group[i];

  return NULL;
}

/* When several processes need a bucket for the same key at the very same time, each may take one token
 * from one of its own before they agree.
 *
 * Returns: (nullable): the bucket of @key, made if absent; NULL if it was lost to somebody else */
static Bucket *
dou_rate_table_claim (DouRateTable *self, guint64 key, gint64 now)
{
  Bucket *group = self->table->groups[get_group (key)];
  Bucket *fullest = &group[0];
  gint64 full;
  guint64 owner;

  for (guint i = 1; i < PLACES; i++)
    if (atomic_load (&group[i].full) < atomic_load (&fullest->full))
      fullest = &group[i];

  full = atomic_load (&fullest->full);
  owner = atomic_load (&fullest->key);
  if (!atomic_compare_exchange_strong (&fullest->key, &owner, key))
    return NULL;

  atomic_store (&self->table->taken[get_group (key)][fullest - group], 0);
  if (full > now)
    atomic_compare_exchange_strong (&fullest->full, &full, now);

  /* Another process may have made one for the same key meanwhile: the first of them counts. */
  return dou_rate_table_find (self, key);
}

static void
dou_rate_table_note (DouRateTable *self, guint64 key, const Bucket *bucket, gint32 n)
{
  guint group = get_group (key);
  _Atomic guint64 *word = &self->table->noted[group / WORD_BITS];
  guint64 bit = G_GUINT64_CONSTANT (1) << group % WORD_BITS;

  if (!self->notes)
    return;

  atomic_fetch_add (&self->table->taken[group][bucket - self->table->groups[group]], n);
  if ((atomic_load (word) & bit) == 0)
    atomic_fetch_or (word, bit);
}

/* Until there is a token again. */
static gint64
get_wait (gint64 full, const DouRate *rate, gint64 now)
{
  return MAX (MAX (full, now) + rate->interval - now - rate->interval * rate->burst, 0);
}

/**
 * dou_rate_table_take:
 * @self: a table
 * @key: of a bucket
 * @rate: how fast it fills, and how deep it is
 * @now: monotonic time, in microseconds
 *
 * Returns: 0 if a token was taken, else microseconds until there is one
 */
gint64
dou_rate_table_take (DouRateTable *self, guint64 key, const DouRate *rate, gint64 now)
{
  Bucket *bucket;
  gint64 full, wait;

  g_return_val_if_fail (DOU_IS_RATE_TABLE (self), 0);

  if (rate->interval == 0)
    return 0;

  bucket = dou_rate_table_find (self, key);
  if (bucket == NULL)
    bucket = dou_rate_table_claim (self, key, now);
  if (bucket == NULL)
    return 0;

  full = atomic_load (&bucket->full);
  do
    {
      wait = get_wait (full, rate, now);
      if (wait > 0)
        return wait;
    }
  while (!atomic_compare_exchange_weak (&bucket->full, &full, MAX (full, now) + rate->interval));

  dou_rate_table_note (self, key, bucket, 1);
  return 0;
}

/**
 * dou_rate_table_give_back:
 * @self: a table
 * @key: of a bucket that a token was taken from
 * @rate: the same as when it was taken
 *
 * Puts the token back.
 */
void
dou_rate_table_give_back (DouRateTable *self, guint64 key, const DouRate *rate)
{
  Bucket *bucket;

  g_return_if_fail (DOU_IS_RATE_TABLE (self));

  bucket = rate->interval != 0 ? dou_rate_table_find (self, key) : NULL;
  if (bucket == NULL)
    return;

  atomic_fetch_sub (&bucket->full, rate->interval);
  dou_rate_table_note (self, key, bucket, -1);
}

/* Returns: how many of @charges were filled in, from the buckets of @group; there is room for all */
static guint
dou_rate_table_collect_group (DouRateTable *self, guint group, DouRateCharge *charges)
{
  guint n_charges = 0;

  for (guint i = 0; i < PLACES; i++)
    {
      DouRateCharge charge = { .n = atomic_exchange (&self->table->taken[group][i], 0) };

      charge.key = atomic_load (&self->table->groups[group][i].key);
      if (charge.n != 0)
        charges[n_charges++] = charge;
    }

  return n_charges;
}

/**
 * dou_rate_table_collect:
 * @self: a table of dou_rate_table_new_shared()
 * @charges: (out caller-allocates) (array length=max_charges): what was taken and given back, by any
 *   process, since that was collected; what there is no room for is kept
 * @max_charges: eight or more
 *
 * Returns: how many there are
 */
guint
dou_rate_table_collect (DouRateTable *self, DouRateCharge *charges, guint max_charges)
{
  guint n_charges = 0;

  g_return_val_if_fail (DOU_IS_RATE_TABLE (self), 0);

  for (guint i = 0; i < N_WORDS; i++)
    {
      guint index = (self->next_word + i) % N_WORDS;
      guint64 word = atomic_load (&self->table->noted[index]);

      while (word != 0)
        {
          guint bit = (guint) __builtin_ctzll (word);

          if (n_charges + PLACES > max_charges)
            {
              self->next_word = index;
              return n_charges;
            }

          /* First the bit: what is noted afterwards sets it again. */
          atomic_fetch_and (&self->table->noted[index], ~(G_GUINT64_CONSTANT (1) << bit));
          n_charges += dou_rate_table_collect_group (self, index * WORD_BITS + bit, charges + n_charges);
          word &= word - 1;
        }
    }

  return n_charges;
}

/**
 * dou_rate_table_charge:
 * @self: a table
 * @charge: what was counted elsewhere
 * @rate: as for dou_rate_table_take()
 * @now: monotonic time, in microseconds
 *
 * Counts it here, too, also if there was less in the bucket: the rest is owed, but no more than as much again as
 * the bucket holds.
 */
void
dou_rate_table_charge (DouRateTable *self, const DouRateCharge *charge, const DouRate *rate, gint64 now)
{
  Bucket *bucket;
  gint64 depth, most, moved, full;

  g_return_if_fail (DOU_IS_RATE_TABLE (self));

  if (rate->interval == 0 || charge->key == 0)
    return;

  bucket = dou_rate_table_find (self, charge->key);
  if (bucket == NULL && charge->n > 0)
    bucket = dou_rate_table_claim (self, charge->key, now);
  if (bucket == NULL)
    return;

  depth = rate->interval * rate->burst;
  most = now + 2 * depth;
  full = atomic_load (&bucket->full);
  do
    {
      moved = MAX (full, now) + rate->interval * CLAMP (charge->n, -2 * rate->burst, 2 * rate->burst);
      if (charge->n > 0)
        moved = MAX (full, MIN (moved, most));
    }
  while (!atomic_compare_exchange_weak (&bucket->full, &full, moved));
}
