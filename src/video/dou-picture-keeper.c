/* SPDX-License-Identifier: Apache-2.0 */

/* Removes the pictures that nobody's profile names.
 *
 * Files and profiles belong to two domains, so that no transaction can hold both: a picture is
 * taken in here, and afterwards the gateway puts its name into the profile, in the user domain.
 * Whoever dies in between leaves a file that nobody names; and one that was replaced is not named
 * any more, either. That the gateway tells which may go was rejected, since it dies as well.
 *
 * Instead each picture is looked at some time after it was taken in. The owner's profile is asked
 * for then (by whoever listens to “due”: this file knows no bus), and of all pictures of that owner
 * those go which the profile does not name. Those that are younger stay in any case: perhaps they
 * are just about to be named. A picture that a profile was seen to name is looked at again only
 * when its owner sends another.
 *
 * The row is there before the file, and the row goes after the file: so there is no file without a
 * row, and a start finds all that is to be looked at among the rows. Every step may be done again.
 *
 * A picture whose file is on its way to its place is held: its row must not go meanwhile, neither
 * for its own sake nor when another picture of its owner is due.
 *
 * What another node has taken in is on its mind only. Such a picture has its age from its id, and is left
 * to that node as long as it is young, by the clock of this one.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-id-minter.h"
#include "video/dou-picture-keeper.h"

/* Pictures that are looked at together. */
#define MAX_BATCH 256

struct _DouPictureKeeper
{
  GObject parent_instance;

  DouVideoStore *store; /* (owned) */
  DouMediaStore *media; /* (owned) */
  gint64 delay;         /* microseconds */
  guint timer_id;
  gboolean recovering;

  GQueue waiting;    /* (element-type Watched) (owned) in the order they are due in */
  GHashTable *young; /* (owned) (element-type gint64 Watched) those of them, by id */
  GHashTable *held;  /* (owned) (element-type gint64) (set) ids of what is being taken in */

  /* What is being looked at. */
  GArray *batch;     /* (owned) (element-type DouPicture) (nullable) */
  GHashTable *named; /* (owned) (element-type utf8) (nullable) */
  GArray *unnamed;   /* (owned) (element-type gint64) */
  GArray *settled;   /* (owned) (element-type gint64) */
};

G_DEFINE_FINAL_TYPE (DouPictureKeeper, dou_picture_keeper, G_TYPE_OBJECT)

enum
{
  SIGNAL_DUE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  DouPicture picture;
  gint64 due; /* monotonic time */
} Watched;

static void
dou_picture_keeper_dispose (GObject *object)
{
  DouPictureKeeper *self = DOU_PICTURE_KEEPER (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_object (&self->store);
  g_clear_object (&self->media);

  G_OBJECT_CLASS (dou_picture_keeper_parent_class)->dispose (object);
}

static void
dou_picture_keeper_finalize (GObject *object)
{
  DouPictureKeeper *self = DOU_PICTURE_KEEPER (object);

  g_hash_table_unref (self->young);
  g_hash_table_unref (self->held);
  g_queue_clear_full (&self->waiting, g_free);
  g_clear_pointer (&self->batch, g_array_unref);
  g_clear_pointer (&self->named, g_hash_table_unref);
  g_array_unref (self->unnamed);
  g_array_unref (self->settled);

  G_OBJECT_CLASS (dou_picture_keeper_parent_class)->finalize (object);
}

static void
dou_picture_keeper_class_init (DouPictureKeeperClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_picture_keeper_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_picture_keeper_finalize;

  /**
   * DouPictureKeeper::due:
   * @owners: (element-type gint64): ids of users
   *
   * It is time to know which pictures these users' profiles name. Is answered once by
   * dou_picture_keeper_answer(), then or later.
   */
  signals[SIGNAL_DUE] = g_signal_new ("due", DOU_TYPE_PICTURE_KEEPER, G_SIGNAL_RUN_LAST, 0, NULL,
                                      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ARRAY);
}

static void
dou_picture_keeper_init (DouPictureKeeper *self)
{
  g_queue_init (&self->waiting);
  self->young = g_hash_table_new (g_int64_hash, g_int64_equal);
  self->held = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->unnamed = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->settled = g_array_new (FALSE, FALSE, sizeof (gint64));
}

/**
 * dou_picture_keeper_new:
 * @store: the rows
 * @media: the files
 * @delay: milliseconds from taking a picture in to looking at it
 *
 * Returns: (transfer full): a keeper
 */
DouPictureKeeper *
dou_picture_keeper_new (DouVideoStore *store, DouMediaStore *media, guint delay)
{
  DouPictureKeeper *self = g_object_new (DOU_TYPE_PICTURE_KEEPER, NULL);

  self->store = g_object_ref (store);
  self->media = g_object_ref (media);
  self->delay = (gint64) delay * 1000;
  return self;
}

/* Owners of what is being looked at; some may be there twice. */
static GArray *
dou_picture_keeper_list_owners (DouPictureKeeper *self)
{
  GArray *owners = g_array_sized_new (FALSE, FALSE, sizeof (gint64), self->batch->len);

  for (guint i = 0; i < self->batch->len; i++)
    g_array_append_val (owners, g_array_index (self->batch, DouPicture, i).owner);
  return owners;
}

static gboolean due_cb (gpointer user_data);

/* For the one that is due next, unless some are being looked at. */
static void
dou_picture_keeper_arm (DouPictureKeeper *self)
{
  const Watched *next = g_queue_peek_head (&self->waiting);
  gint64 left;

  if (next == NULL || self->batch != NULL || self->timer_id != 0)
    return;

  left = MAX (next->due - g_get_monotonic_time (), 0);
  self->timer_id = g_timeout_add ((guint) (left / 1000 + 1), due_cb, self);
}

static gboolean
due_cb (gpointer user_data)
{
  g_autoptr (DouPictureKeeper) self = g_object_ref (DOU_PICTURE_KEEPER (user_data));
  g_autoptr (GArray) owners = NULL;
  gint64 now = g_get_monotonic_time ();
  Watched *next;

  self->timer_id = 0;
  self->batch = g_array_new (FALSE, FALSE, sizeof (DouPicture));
  while (self->batch->len < MAX_BATCH && (next = g_queue_peek_head (&self->waiting)) != NULL
         && next->due <= now)
    {
      g_queue_pop_head (&self->waiting);
      g_hash_table_remove (self->young, &next->picture.id);
      g_array_append_val (self->batch, next->picture);
      g_free (next);
    }

  if (self->batch->len == 0)
    {
      g_clear_pointer (&self->batch, g_array_unref);
      dou_picture_keeper_arm (self);
      return G_SOURCE_REMOVE;
    }

  owners = dou_picture_keeper_list_owners (self);
  g_signal_emit (self, signals[SIGNAL_DUE], 0, owners);
  return G_SOURCE_REMOVE;
}

static gboolean
contains (GArray *ids, gint64 id)
{
  for (guint i = 0; i < ids->len; i++)
    if (g_array_index (ids, gint64, i) == id)
      return TRUE;

  return FALSE;
}

/**
 * dou_picture_keeper_hold:
 * @self: a keeper
 * @id: of a picture that gets a row and a file, or gets them again
 *
 * Until dou_picture_keeper_watch() it stays, whatever profiles name.
 *
 * Returns: %FALSE if it cannot be held because it is just being removed
 */
gboolean
dou_picture_keeper_hold (DouPictureKeeper *self, gint64 id)
{
  g_return_val_if_fail (DOU_IS_PICTURE_KEEPER (self), FALSE);

  if (contains (self->unnamed, id))
    return FALSE;

  g_hash_table_add (self->held, g_memdup2 (&id, sizeof id));
  return TRUE;
}

/**
 * dou_picture_keeper_is_held:
 * @self: a keeper
 * @id: of a picture
 *
 * Returns: whether it is just being taken in, so that neither its file nor its row may go
 */
gboolean
dou_picture_keeper_is_held (DouPictureKeeper *self, gint64 id)
{
  g_return_val_if_fail (DOU_IS_PICTURE_KEEPER (self), FALSE);

  return g_hash_table_contains (self->held, &id);
}

/* Looks at it after the delay. */
static void
dou_picture_keeper_enqueue (DouPictureKeeper *self, const DouPicture *picture)
{
  Watched *watched = g_new (Watched, 1);

  *watched = (Watched){ *picture, g_get_monotonic_time () + self->delay };
  g_queue_push_tail (&self->waiting, watched);
  g_hash_table_insert (self->young, &watched->picture.id, watched);
  dou_picture_keeper_arm (self);
}

/**
 * dou_picture_keeper_watch:
 * @self: a keeper
 * @picture: one that has a row, or may have one; it is no longer held
 *
 * Its profile will be looked at after the delay, which begins anew if it had begun.
 */
void
dou_picture_keeper_watch (DouPictureKeeper *self, const DouPicture *picture)
{
  Watched *watched;

  g_return_if_fail (DOU_IS_PICTURE_KEEPER (self));

  g_hash_table_remove (self->held, &picture->id);
  watched = g_hash_table_lookup (self->young, &picture->id);
  if (watched != NULL)
    {
      g_hash_table_remove (self->young, &picture->id);
      g_queue_remove (&self->waiting, watched);
      g_free (watched);
    }

  dou_picture_keeper_enqueue (self, picture);
}

static gboolean
dou_picture_keeper_is_kept (DouPictureKeeper *self, gint64 id)
{
  return g_hash_table_contains (self->young, &id) || g_hash_table_contains (self->held, &id);
}

/* Whether it is not due here, and so recent that another node may be about to have it named. */
static gboolean
dou_picture_keeper_is_anothers (DouPictureKeeper *self, gint64 id)
{
  gint64 age = g_get_real_time () - dou_id_get_time (id) * 1000;

  for (guint i = 0; i < self->batch->len; i++)
    if (g_array_index (self->batch, DouPicture, i).id == id)
      return FALSE;

  return age < self->delay;
}

/* @pictures: rows that are to be looked at; of some it may be known already */
static void
dou_picture_keeper_enqueue_all (DouPictureKeeper *self, GArray *pictures)
{
  for (guint i = 0; i < pictures->len; i++)
    {
      const DouPicture *picture = &g_array_index (pictures, DouPicture, i);

      if (!dou_picture_keeper_is_kept (self, picture->id))
        dou_picture_keeper_enqueue (self, picture);
    }
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouPictureKeeper) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pictures
      = dou_video_store_get_pictures_finish (DOU_VIDEO_STORE (source), result, &error);

  self->recovering = FALSE;
  if (pictures == NULL)
    g_warning ("Pictures that nobody names stay until the next start: %s", error->message);
  else
    dou_picture_keeper_enqueue_all (self, pictures);
}

/**
 * dou_picture_keeper_recover:
 * @self: a new keeper
 *
 * Begins to watch the pictures of which it is not known whether a profile names them.
 */
void
dou_picture_keeper_recover (DouPictureKeeper *self)
{
  g_return_if_fail (DOU_IS_PICTURE_KEEPER (self));

  self->recovering = TRUE;
  dou_video_store_get_unsettled_async (self->store, loaded_cb, g_object_ref (self));
}

/* All has been done, or @error: then later again. */
static void
dou_picture_keeper_finish (DouPictureKeeper *self, const GError *error)
{
  g_autoptr (GArray) batch = g_steal_pointer (&self->batch);

  g_clear_pointer (&self->named, g_hash_table_unref);
  g_array_set_size (self->unnamed, 0);
  g_array_set_size (self->settled, 0);

  if (error != NULL)
    {
      g_warning ("Pictures that nobody names are left for now: %s", error->message);
      dou_picture_keeper_enqueue_all (self, batch);
    }
  dou_picture_keeper_arm (self);
}

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouPictureKeeper) self = user_data;
  g_autoptr (GError) error = NULL;

  dou_video_store_change_pictures_finish (DOU_VIDEO_STORE (source), result, &error);
  dou_picture_keeper_finish (self, error);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouPictureKeeper) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_video_store_change_pictures_finish (DOU_VIDEO_STORE (source), result, &error))
    {
      dou_picture_keeper_finish (self, error);
      return;
    }

  dou_video_store_settle_pictures_async (self->store, (const gint64 *) self->settled->data,
                                         self->settled->len, settled_cb, g_object_ref (self));
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouPictureKeeper) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_media_store_remove_finish (DOU_MEDIA_STORE (source), result, &error))
    {
      dou_picture_keeper_finish (self, error);
      return;
    }

  dou_video_store_delete_pictures_async (self->store, (const gint64 *) self->unnamed->data,
                                         self->unnamed->len, deleted_cb, g_object_ref (self));
}

static void
got_pictures_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouPictureKeeper) self = user_data;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pictures
      = dou_video_store_get_pictures_finish (DOU_VIDEO_STORE (source), result, &error);

  if (pictures == NULL)
    {
      dou_picture_keeper_finish (self, error);
      return;
    }

  for (guint i = 0; i < pictures->len; i++)
    {
      const DouPicture *picture = &g_array_index (pictures, DouPicture, i);
      g_autofree char *name = dou_picture_get_name (picture);

      if (dou_picture_keeper_is_kept (self, picture->id)
          || dou_picture_keeper_is_anothers (self, picture->id))
        continue;
      if (g_hash_table_contains (self->named, name))
        g_array_append_val (self->settled, picture->id);
      else
        {
          g_array_append_val (self->unnamed, picture->id);
          g_ptr_array_add (names, g_steal_pointer (&name));
        }
    }

  g_ptr_array_add (names, NULL);
  dou_media_store_remove_async (self->media, (const char *const *) names->pdata, removed_cb,
                                g_object_ref (self));
}

/**
 * dou_picture_keeper_answer:
 * @self: a keeper whose signal “due” is not answered yet
 * @named: (nullable) (element-type utf8): names below media/ of all pictures that the profiles of
 *   these owners name; %NULL if that could not be known
 *
 * Removes what is not named and not too young; without an answer it asks again after the delay.
 */
void
dou_picture_keeper_answer (DouPictureKeeper *self, GHashTable *named)
{
  g_autoptr (GArray) owners = NULL;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (DOU_IS_PICTURE_KEEPER (self));
  g_return_if_fail (self->batch != NULL && self->named == NULL);

  if (named == NULL)
    {
      g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED, "the profiles are not known");
      dou_picture_keeper_finish (self, error);
      return;
    }

  self->named = g_hash_table_ref (named);
  owners = dou_picture_keeper_list_owners (self);
  dou_video_store_get_pictures_of_async (self->store, (const gint64 *) owners->data, owners->len,
                                         got_pictures_cb, g_object_ref (self));
}

/**
 * dou_picture_keeper_get_n_watched:
 * @self: a keeper
 *
 * Returns: how many pictures are still to be looked at, or are being; at least 1 as long as that is
 *   not known
 */
guint
dou_picture_keeper_get_n_watched (DouPictureKeeper *self)
{
  g_return_val_if_fail (DOU_IS_PICTURE_KEEPER (self), 0);

  return g_queue_get_length (&self->waiting) + (self->batch != NULL ? self->batch->len : 0)
         + (self->recovering ? 1 : 0);
}
