/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of a video whose row could not be committed, or was, without an answer.
 *
 * A database server, or the way to it, may die between a commit and its answer. Nobody knows then whether
 * there is a row, and the author has been told that there is none. To remove the files at once would leave
 * a video for ever that does not play; to ask again whether there is a row is not enough either, since the
 * server may still be about to commit it.
 *
 * So the row is deleted, by a write, which waits for the one that had no answer, as writes of a domain come one
 * after the other (lock-writes); as long as the server is away, later again. Only then the files go. Should the
 * process end meanwhile, the marker in work/ is there, and the next start looks at row and files.
 *
 * A file of SQLite knows whether it has committed, and what could not be written there, mostly since the disk is
 * full, makes room at once.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "video/dou-video-manager-private.h"

/* Seconds until it is tried again: at first, and at most. */
#define FIRST_PAUSE 1
#define MAX_PAUSE 60

typedef struct
{
  DouVideoManager *manager; /* (unowned) which ends it; held while something is under way */
  gint64 id;
  guint pause;
  guint timer_id;
} Withdrawal;

static void withdrawal_try (Withdrawal *self);

static void
withdrawal_free (gpointer data)
{
  Withdrawal *self = data;

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_free (self);
}

/* Returns: (transfer full): the manager, which was held for what has just ended */
static DouVideoManager *
withdrawal_advance (Withdrawal *self)
{
  self->manager->n_settling--;
  return self->manager;
}

static void
settled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Withdrawal *self = user_data;
  g_autoptr (DouVideoManager) manager = withdrawal_advance (self);
  g_autoptr (GError) error = NULL;

  /* The media store, or the next start, tries again. */
  if (!dou_media_store_settle_finish (DOU_MEDIA_STORE (source), result, &error))
    g_warning ("Files of a video that is not published are left: %s", error->message);

  g_hash_table_remove (manager->withdrawals, &self->id);
  dou_video_manager_update_busy (manager);
}

static gboolean
try_cb (gpointer user_data)
{
  Withdrawal *self = user_data;

  self->timer_id = 0;
  withdrawal_try (self);
  return G_SOURCE_REMOVE;
}

static void
withdrawal_postpone (Withdrawal *self, DouVideoManager *manager)
{
  if (manager->stopping)
    {
      g_hash_table_remove (manager->withdrawals, &self->id);
      return;
    }

  self->timer_id = g_timeout_add_seconds (self->pause, try_cb, self);
  self->pause = MIN (self->pause * 2, MAX_PAUSE);
}

/* Nobody has heard of it before; what is counted here has to be the same as before. */
static void
report (DouVideoManager *manager, GArray *deleted)
{
  for (guint i = 0; i < deleted->len; i++)
    {
      const DouVideoDeleted *video = &g_array_index (deleted, DouVideoDeleted, i);
      const DouVideo published = {
        .id = video->place.id,
        .author = video->author,
        .publish_time = video->place.publish_time,
      };

      g_info ("Video %" G_GINT64_FORMAT " had been committed, and is withdrawn", video->place.id);
      dou_video_manager_report_published (manager, &published,
                                          video->transcode == DOU_VIDEO_TRANSCODE_WANTED);
    }
  dou_video_manager_report_deleted (manager, deleted);
}

static void
cleaned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Withdrawal *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_video_cleaner_clean_finish (DOU_VIDEO_CLEANER (source), result, &error))
    g_info ("What belongs to a video that is withdrawn is left for now: %s", error->message);

  dou_media_store_settle_async (self->manager->media, self->id, NULL, NULL, settled_cb, self);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Withdrawal *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) deleted
      = dou_video_store_delete_finish (DOU_VIDEO_STORE (source), result, &error);
  g_autoptr (GArray) ids = NULL;

  if (deleted == NULL)
    {
      g_autoptr (DouVideoManager) manager = withdrawal_advance (self);

      g_info ("Whether video %" G_GINT64_FORMAT " has a row is not known yet: %s", self->id, error->message);
      withdrawal_postpone (self, manager);
      dou_video_manager_update_busy (manager);
      return;
    }

  if (deleted->len == 0)
    {
      dou_media_store_settle_async (self->manager->media, self->id, NULL, NULL, settled_cb, self);
      return;
    }

  report (self->manager, deleted);
  ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (ids, self->id);
  dou_video_cleaner_clean_async (self->manager->cleaner, ids, cleaned_cb, self);
}

static void
withdrawal_try (Withdrawal *self)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_array_append_val (ids, self->id);
  g_object_ref (self->manager);
  self->manager->n_settling++;
  dou_video_store_delete_async (self->manager->store, ids, deleted_cb, self);
  dou_video_manager_update_busy (self->manager);
}

/* Sees to it that there is neither a row nor a file of @id, whose author has been told so. */
void
dou_video_manager_withdraw (DouVideoManager *self, gint64 id)
{
  Withdrawal *withdrawal = g_new (Withdrawal, 1);

  *withdrawal = (Withdrawal){ self, id, FIRST_PAUSE, 0 };
  g_hash_table_replace (self->withdrawals, &withdrawal->id, withdrawal);
  withdrawal_try (withdrawal);
}

GHashTable *
dou_video_manager_new_withdrawals (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, withdrawal_free);
}

/* Those that wait for their next try do so at the next start. */
void
dou_video_manager_stop_withdrawals (DouVideoManager *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->withdrawals);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Withdrawal *) value)->timer_id != 0)
      g_hash_table_iter_remove (&iter);
}
