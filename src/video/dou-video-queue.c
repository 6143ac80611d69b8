/* SPDX-License-Identifier: Apache-2.0 */

/* A stream in Redis, and a consumer group of all nodes.
 *
 *   XADD        one entry for each video, by whoever has published it
 *   XAUTOCLAIM  what has been with a node that has not said for a while that it still wants it
 *   XREADGROUP  else what nobody has had
 *   XCLAIM      says so, for oneself
 *   XACK, XDEL  when it is done; what is in the stream is thus what is still to be done
 *
 * Redis may forget all of it at any time: what is in it counts for little here, and nothing in it is lost
 * (dou-video-jobs.c). An entry of a video that was tried in vain is simply not dropped; it comes again
 * when it was left alone for as long as one of a dead node. How often a video was tried is known to the
 * database; the number that Redis keeps for each entry is not used, since it would begin anew.
 *
 * XREADGROUP could wait for an entry, but nothing else could be said on that connection meanwhile. To ask
 * once a second costs Redis as much as the PING that tells whether it is there.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <string.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "video/dou-video-queue.h"

#define GROUP "nodes"
#define FIELD "video"
/* Entries: more are put in again when there is room. “~” lets Redis drop whole blocks of them. */
#define MAX_ENTRIES "10000"
/* Microseconds for which a Redis that refuses a command is left alone. */
#define REFUSAL_TIME (30 * G_TIME_SPAN_SECOND)

struct _DouVideoQueue
{
  GObject parent_instance;

  DouRedis *redis;      /* (owned) */
  char *key;            /* (owned) */
  char *consumer;       /* (owned) */
  char *lease;          /* (owned) milliseconds */
  gint64 refused_until; /* monotonic time */
  gboolean was_told;    /* that it refuses */
  gboolean has_group;   /* as far as is known */
  gboolean is_stocking;
};

G_DEFINE_FINAL_TYPE (DouVideoQueue, dou_video_queue, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Something is being taken: the data of its task. */
typedef struct
{
  char *cursor;          /* (owned) (nullable) where to look on for what others have left */
  gboolean has_begun;    /* the group was made for it */
  gint64 id;             /* what was found */
} Take;

static void
take_free (Take *take)
{
  g_free (take->cursor);
  g_free (take);
}

static void
dou_video_queue_dispose (GObject *object)
{
  DouVideoQueue *self = DOU_VIDEO_QUEUE (object);

  if (self->redis != NULL)
    g_signal_handlers_disconnect_by_data (self->redis, self);
  g_clear_object (&self->redis);

  G_OBJECT_CLASS (dou_video_queue_parent_class)->dispose (object);
}

static void
dou_video_queue_finalize (GObject *object)
{
  DouVideoQueue *self = DOU_VIDEO_QUEUE (object);

  g_free (self->key);
  g_free (self->consumer);
  g_free (self->lease);

  G_OBJECT_CLASS (dou_video_queue_parent_class)->finalize (object);
}

static void
dou_video_queue_class_init (DouVideoQueueClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_queue_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_video_queue_finalize;

  /**
   * DouVideoQueue::changed:
   *
   * It can be used again, or not any more, or has lost what was in it.
   */
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", DOU_TYPE_VIDEO_QUEUE, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_video_queue_init (DouVideoQueue *self)
{
}

static void
changed_cb (DouRedis *redis, gpointer user_data)
{
  DouVideoQueue *self = user_data;

  self->has_group = FALSE;
  self->refused_until = 0;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/**
 * dou_video_queue_new:
 * @redis: where it is
 * @key: its name there
 * @consumer: the name of this node; no two may have the same
 * @lease: milliseconds after which others get what is not kept
 *
 * Returns: (transfer full): a queue on the thread-default main context
 */
DouVideoQueue *
dou_video_queue_new (DouRedis *redis, const char *key, const char *consumer, gint64 lease)
{
  DouVideoQueue *self = g_object_new (DOU_TYPE_VIDEO_QUEUE, NULL);

  self->redis = g_object_ref (redis);
  self->key = g_strdup (key);
  self->consumer = g_strdup (consumer);
  self->lease = g_strdup_printf ("%" G_GINT64_FORMAT, lease);
  g_signal_connect (redis, "changed", G_CALLBACK (changed_cb), self);
  return self;
}

/**
 * dou_video_queue_is_up:
 * @self: a queue
 *
 * Returns: whether it can be used, as far as is known
 */
gboolean
dou_video_queue_is_up (DouVideoQueue *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_QUEUE (self), FALSE);

  return dou_redis_get_trouble (self->redis) == NULL
         && g_get_monotonic_time () >= self->refused_until;
}

/* What Redis refuses is a matter of configuration, and told once. */
static void
dou_video_queue_note (DouVideoQueue *self, const GError *error)
{
  if (error == NULL)
    {
      self->was_told = FALSE;
      return;
    }
  if (g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
    return;

  self->refused_until = g_get_monotonic_time () + REFUSAL_TIME;
  if (!self->was_told)
    g_warning ("Nodes cannot share what is to be transcoded by Redis, and look into the database: %s",
               error->message);
  self->was_told = TRUE;
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouVideoQueue) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = dou_redis_command_finish (DOU_REDIS (source), result, &error);

  /* Where there is no group there is nothing to be done about its entries. */
  if (reply == NULL && strstr (error->message, "NOGROUP") == NULL)
    dou_video_queue_note (self, error);
}

static void
dou_video_queue_say (DouVideoQueue *self, const char *const *words)
{
  dou_redis_command_async (self->redis, words, done_cb, g_object_ref (self));
}

/**
 * dou_video_queue_add:
 * @self: a queue
 * @id: of a video; may be there already
 */
void
dou_video_queue_add (DouVideoQueue *self, gint64 id)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, id);
  const char *const words[]
      = { "XADD", self->key, "MAXLEN", "~", MAX_ENTRIES, "*", FIELD, text, NULL };

  g_return_if_fail (DOU_IS_VIDEO_QUEUE (self));

  dou_video_queue_say (self, words);
}

/**
 * dou_video_queue_keep:
 * @self: a queue
 * @entry: what was taken, and is nobody else's
 */
void
dou_video_queue_keep (DouVideoQueue *self, const char *entry)
{
  const char *const words[]
      = { "XCLAIM", self->key, GROUP, self->consumer, "0", entry, "JUSTID", NULL };

  g_return_if_fail (DOU_IS_VIDEO_QUEUE (self));

  dou_video_queue_say (self, words);
}

/**
 * dou_video_queue_drop:
 * @self: a queue
 * @entry: what was taken, and is done
 */
void
dou_video_queue_drop (DouVideoQueue *self, const char *entry)
{
  const char *const acknowledge[] = { "XACK", self->key, GROUP, entry, NULL };
  const char *const delete[] = { "XDEL", self->key, entry, NULL };

  g_return_if_fail (DOU_IS_VIDEO_QUEUE (self));

  dou_video_queue_say (self, acknowledge);
  dou_video_queue_say (self, delete);
}

/* Returns: (transfer full) (nullable): what is in that place of an answer */
static GVariant *
get_child (GVariant *value, gsize place)
{
  g_autoptr (GVariant) boxed = NULL;

  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE ("av"))
      || place >= g_variant_n_children (value))
    return NULL;

  boxed = g_variant_get_child_value (value, place);
  return g_variant_get_variant (boxed);
}

/* Returns: (transfer full) (nullable) */
static char *
get_text (GVariant *value, gsize place)
{
  g_autoptr (GVariant) child = get_child (value, place);

  return child != NULL && g_variant_is_of_type (child, G_VARIANT_TYPE_STRING)
             ? g_variant_dup_string (child, NULL)
             : NULL;
}

/* [entry, [“video”, id]]: Returns: (transfer full) (nullable): its name, with 0 for an id that is none */
static char *
parse_entry (GVariant *value, gint64 *id)
{
  g_autoptr (GVariant) fields = get_child (value, 1);
  g_autofree char *field = get_text (fields, 0);
  g_autofree char *text = get_text (fields, 1);

  *id = 0;
  if (text == NULL || g_strcmp0 (field, FIELD) != 0
      || !g_ascii_string_to_signed (text, 10, 1, DOU_ID_MAX, id, NULL))
    *id = 0;
  return get_text (value, 0);
}

/* Returns: whether @entries, [[entry, fields], …], have one, that is given to who waits */
static gboolean
return_first (DouVideoQueue *self, GTask *task, GVariant *entries)
{
  gsize n_entries = entries != NULL && g_variant_is_of_type (entries, G_VARIANT_TYPE ("av"))
                        ? g_variant_n_children (entries)
                        : 0;

  for (gsize i = 0; i < n_entries; i++)
    {
      g_autoptr (GVariant) value = get_child (entries, i);
      Take *take = g_task_get_task_data (task);
      g_autofree char *entry = parse_entry (value, &take->id);

      if (entry == NULL)
        continue;
      if (take->id != 0)
        {
          g_task_return_pointer (task, g_steal_pointer (&entry), g_free);
          return TRUE;
        }

      g_debug ("What is in the queue as %s is none of ours", entry);
      dou_video_queue_drop (self, entry);
    }

  return FALSE;
}

static void take_group (GTask *task);

/* @error: (transfer full) */
static void
take_fail (GTask *task, GError *error)
{
  DouVideoQueue *self = g_task_get_source_object (task);
  Take *take = g_task_get_task_data (task);

  /* Somebody has emptied Redis, or it has started without what was in it. */
  if (strstr (error->message, "NOGROUP") != NULL && !take->has_begun)
    {
      g_error_free (error);
      self->has_group = FALSE;
      take_group (task);
      g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
      return;
    }

  dou_video_queue_note (self, error);
  g_task_return_error (task, error);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoQueue *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (GVariant) reply = dou_redis_command_finish (DOU_REDIS (source), result, &error);
  g_autoptr (GVariant) stream = get_child (reply, 0);
  g_autoptr (GVariant) entries = get_child (stream, 1);

  if (reply == NULL)
    {
      take_fail (task, error);
      return;
    }

  dou_video_queue_note (self, NULL);
  if (!return_first (self, task, entries))
    g_task_return_pointer (task, NULL, NULL);
}

static void
take_new (GTask *task)
{
  DouVideoQueue *self = g_task_get_source_object (task);
  const char *const words[] = { "XREADGROUP", "GROUP", GROUP, self->consumer, "COUNT", "1",
                                "STREAMS", self->key, ">", NULL };

  dou_redis_command_async (self->redis, words, read_cb, g_object_ref (task));
}

static void take_left (GTask *task);

/* [cursor, entries, …]: a call looks at some of what others have only, and says where to go on. */
static void
claimed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoQueue *self = g_task_get_source_object (task);
  Take *take = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) reply = dou_redis_command_finish (DOU_REDIS (source), result, &error);
  g_autoptr (GVariant) entries = get_child (reply, 1);

  if (reply == NULL)
    {
      take_fail (task, error);
      return;
    }
  if (return_first (self, task, entries))
    return;

  g_free (take->cursor);
  take->cursor = get_text (reply, 0);
  if (take->cursor == NULL || g_str_equal (take->cursor, "0-0"))
    take_new (task);
  else
    take_left (task);
}

static void
take_left (GTask *task)
{
  DouVideoQueue *self = g_task_get_source_object (task);
  Take *take = g_task_get_task_data (task);
  const char *const words[]
      = { "XAUTOCLAIM", self->key, GROUP, self->consumer, self->lease,
          take->cursor != NULL ? take->cursor : "0-0", "COUNT", "1", NULL };

  dou_redis_command_async (self->redis, words, claimed_cb, g_object_ref (task));
}

static void
grouped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoQueue *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (GVariant) reply = dou_redis_command_finish (DOU_REDIS (source), result, &error);

  /* Usually another node has made it. */
  if (reply == NULL && strstr (error->message, "BUSYGROUP") == NULL)
    {
      take_fail (task, error);
      return;
    }

  g_clear_error (&error);
  self->has_group = TRUE;
  take_left (task);
}

/* The group is to have all that is in the stream, also what was added before it. */
static void
take_group (GTask *task)
{
  DouVideoQueue *self = g_task_get_source_object (task);
  Take *take = g_task_get_task_data (task);
  const char *const words[] = { "XGROUP", "CREATE", self->key, GROUP, "0", "MKSTREAM", NULL };

  take->has_begun = TRUE;
  dou_redis_command_async (self->redis, words, grouped_cb, g_object_ref (task));
}

/**
 * dou_video_queue_take_async:
 * @self: a queue
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_queue_take_async (DouVideoQueue *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_return_if_fail (DOU_IS_VIDEO_QUEUE (self));

  g_task_set_source_tag (task, dou_video_queue_take_async);
  g_task_set_task_data (task, g_new0 (Take, 1), (GDestroyNotify) take_free);
  if (self->has_group)
    take_left (task);
  else
    take_group (task);
}

/**
 * dou_video_queue_take_finish:
 * @self: a queue
 * @result: of the callback
 * @id: (out): of the video
 * @error: return location: as for dou_redis_command_finish()
 *
 * Returns: (transfer full) (nullable): what is this node's now, as long as it keeps it; %NULL if there is
 *   nothing, or with an error
 */
char *
dou_video_queue_take_finish (DouVideoQueue *self, GAsyncResult *result, gint64 *id, GError **error)
{
  Take *take;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_queue_take_async), NULL);

  take = g_task_get_task_data (G_TASK (result));
  *id = take->id;
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Something is looked for in the stream. */
typedef struct
{
  DouVideoQueue *queue; /* (owned) */
  GArray *ids;          /* (owned) (element-type gint64) */
} Stock;

static void
stock_free (Stock *stock)
{
  g_object_unref (stock->queue);
  g_array_unref (stock->ids);
  g_free (stock);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stock, stock_free)

/* Returns: (transfer full) (element-type gint64): all videos that there are in @entries */
static GHashTable *
parse_ids (GVariant *entries)
{
  GHashTable *ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) value = get_child (entries, i);
      gint64 id;
      g_autofree char *entry = parse_entry (value, &id);

      g_hash_table_add (ids, g_memdup2 (&id, sizeof id));
    }

  return ids;
}

static void
ranged_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Stock) stock = user_data;
  DouVideoQueue *self = stock->queue;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = dou_redis_command_finish (DOU_REDIS (source), result, &error);
  g_autoptr (GHashTable) known = NULL;
  guint n_added = 0;

  self->is_stocking = FALSE;
  if (reply == NULL)
    {
      dou_video_queue_note (self, error);
      return;
    }
  if (!g_variant_is_of_type (reply, G_VARIANT_TYPE ("av")))
    return;

  known = parse_ids (reply);
  for (guint i = 0; i < stock->ids->len; i++)
    {
      gint64 id = g_array_index (stock->ids, gint64, i);

      if (g_hash_table_contains (known, &id))
        continue;
      dou_video_queue_add (self, id);
      n_added++;
    }
  if (n_added > 0)
    g_info ("Put %u videos into the queue that were missing there", n_added);
}

/**
 * dou_video_queue_restock:
 * @self: a queue
 * @ids: (element-type gint64): of videos, not to be changed any more
 *
 * Adds those that are not there.
 */
void
dou_video_queue_restock (DouVideoQueue *self, GArray *ids)
{
  const char *const words[] = { "XRANGE", self->key, "-", "+", "COUNT", MAX_ENTRIES, NULL };
  Stock *stock;

  g_return_if_fail (DOU_IS_VIDEO_QUEUE (self));

  if (self->is_stocking)
    return;

  self->is_stocking = TRUE;
  stock = g_new0 (Stock, 1);
  stock->queue = g_object_ref (self);
  stock->ids = g_array_ref (ids);
  dou_redis_command_async (self->redis, words, ranged_cb, stock);
}
