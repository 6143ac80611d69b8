/* SPDX-License-Identifier: Apache-2.0 */

/* The only SQL of the video domain. However many requests a call carries, it is one statement with
 * one JSON parameter.
 *
 * Publishing is the exception, with a statement for each video: two in one statement would not see
 * the times that each other takes. It costs nothing, since a video takes ffmpeg tenths of a second,
 * and the database commits what waits together anyway.
 *
 * The publish time is given in the transaction that publishes, not before: as long as the clock
 * goes forward, no video appears below one that somebody has already seen, so that paging misses
 * none.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <string.h>

#include "dou-video-sql.h"
#include "common/dou-audit.h"
#include "common/dou-store-task.h"
#include "video/dou-video-store-private.h"

struct _DouVideoStore
{
  GObject parent_instance;

  DouDatabase *database; /* (owned) */
  DouClock *clock;       /* (owned) asked by the writer's thread */
};

G_DEFINE_FINAL_TYPE (DouVideoStore, dou_video_store, G_TYPE_OBJECT)

static void
operation_free (DouVideoOperation *operation)
{
  g_clear_pointer (&operation->ids, g_array_unref);
  g_clear_pointer (&operation->results, g_array_unref);
  g_free (operation->change_json);
  g_free (operation->audit_json);
  g_clear_object (&operation->clock);
  g_free (operation->query_json);
  g_clear_pointer (&operation->rows, dou_rows_free);
  g_free (operation);
}

static gboolean
operation_change (DouVideoOperation *operation, DouTransaction *transaction, GError **error)
{
  g_autofree char *json = NULL;

  if (operation->clock == NULL)
    return dou_transaction_execute (transaction, operation->change, operation->change_json, NULL,
                                    error);

  json = g_strdup_printf ("%s,%" G_GINT64_FORMAT "]", operation->change_json,
                          dou_clock_get_real_time (operation->clock));
  return dou_transaction_execute (transaction, operation->change, json, NULL, error);
}

static gboolean
operation_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;

  g_clear_pointer (&operation->rows, dou_rows_free);
  if (operation->change != NULL && !operation_change (operation, transaction, error))
    return FALSE;

  if (operation->query == NULL)
    return TRUE;

  operation->rows = dou_transaction_query (transaction, operation->query, operation->columns,
                                           operation->query_json, error);
  return operation->rows != NULL;
}

static void
dou_video_store_dispose (GObject *object)
{
  DouVideoStore *self = DOU_VIDEO_STORE (object);

  g_clear_object (&self->database);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (dou_video_store_parent_class)->dispose (object);
}

static void
dou_video_store_class_init (DouVideoStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_store_dispose;
}

static void
dou_video_store_init (DouVideoStore *self)
{
}

/**
 * dou_video_store_open:
 * @address: where its tables are
 * @clock: gives the publish times; asked by another thread
 * @error: return location
 *
 * Waits for the disk or the server.
 *
 * Returns: (transfer full): the store, or %NULL with the errors of dou_database_open()
 */
DouVideoStore *
dou_video_store_open (const DouDatabaseAddress *address, DouClock *clock, GError **error)
{
  g_autoptr (DouVideoStore) self = g_object_new (DOU_TYPE_VIDEO_STORE, NULL);

  g_return_val_if_fail (DOU_IS_CLOCK (clock), NULL);

  /* Naming the resource keeps the linker from dropping it. */
  (void) dou_video_sql_get_resource ();

  self->clock = g_object_ref (clock);
  self->database = dou_database_open ("video", address, error);
  if (self->database == NULL)
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * dou_video_store_close:
 * @self: a store
 *
 * Takes no more calls, and waits for those under way.
 */
void
dou_video_store_close (DouVideoStore *self)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_database_close (self->database);
}

/**
 * dou_video_store_start_retention:
 * @self: a store
 * @clock: tells what is old
 *
 * Who deleted which video is forgotten also when nobody deletes another; old entries of the audit log
 * only here.
 *
 * Returns: (transfer full): what does that until it is freed
 */
DouRetention *
dou_video_store_start_retention (DouVideoStore *self, DouClock *clock)
{
  static const DouRetentionRule rules[] = {
    { "deleted-videos", "forget-deleted", DOU_VIDEO_MEMORY },
    { "audit", "forget-audit", DOU_AUDIT_MEMORY },
  };

  return dou_retention_new (self->database, clock, rules,
                            G_N_ELEMENTS (rules));
}

/**
 * dou_video_store_get_engine:
 * @self: a store
 *
 * Returns: (transfer none): the database engine and its version
 */
const char *
dou_video_store_get_engine (DouVideoStore *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_STORE (self), NULL);

  return dou_database_get_engine (self->database);
}

/**
 * dou_video_store_get_schema_version:
 * @self: a store
 *
 * Returns: the number of the newest migration
 */
guint
dou_video_store_get_schema_version (DouVideoStore *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_STORE (self), 0);

  return dou_database_get_schema_version (self->database);
}

/**
 * dou_video_store_knows_commits:
 * @self: a store
 *
 * Returns: whether what failed has surely not been written; else it may have been, or still be
 */
gboolean
dou_video_store_knows_commits (DouVideoStore *self)
{
  g_return_val_if_fail (DOU_IS_VIDEO_STORE (self), FALSE);

  return dou_database_is_file (self->database);
}

DouDatabase *
dou_video_store_get_database (DouVideoStore *self)
{
  return self->database;
}

/* @operation: (transfer full): a change, or a function, makes it a write */
void
dou_video_store_run (DouVideoStore *self, DouVideoOperation operation, gpointer source_tag,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  DouVideoOperation *data = g_memdup2 (&operation, sizeof operation);

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, data, (GDestroyNotify) operation_free);
  if (operation.func != NULL)
    {
      data->now = dou_clock_get_real_time (self->clock);
      dou_store_task_write (task, self->database, operation.func);
    }
  else if (operation.change != NULL)
    dou_store_task_write (task, self->database, operation_func);
  else
    dou_store_task_read (task, self->database, operation_func);
}

/* Returns: (transfer none) (nullable): what was done, or NULL with an error */
DouVideoOperation *
dou_video_store_finish (DouVideoStore *self, GAsyncResult *result, gpointer source_tag,
                        GError **error)
{
  return dou_store_task_finish (self, result, source_tag, error);
}

/* Writes an array. */
void
dou_video_store_write_numbers (DouJsonWriter *writer, const gint64 *numbers, guint n_numbers)
{
  dou_json_writer_begin_array (writer);
  for (guint i = 0; i < n_numbers; i++)
    dou_json_writer_int64 (writer, numbers[i]);
  dou_json_writer_end_array (writer);
}

char *
dou_video_store_make_numbers (const gint64 *numbers, guint n_numbers)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_numbers * DOU_VIDEO_NUMBER_SIZE + 2);
  dou_video_store_write_numbers (&writer, numbers, n_numbers);
  return dou_json_writer_steal (&writer, NULL);
}

/* All of the array but its last element, the time, and its end. */
static char *
make_video_json (const DouVideo *video, DouVideoTranscode transcode)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, strlen (video->title) + 256);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_int64 (&writer, video->id);
  dou_json_writer_int64 (&writer, video->author);
  dou_json_writer_string (&writer, video->title);
  dou_json_writer_string (&writer, video->file);
  dou_json_writer_string (&writer, video->cover);
  dou_json_writer_int64 (&writer, transcode);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_video_store_publish_async:
 * @self: a store
 * @video: what to publish, its time not yet known; texts are valid UTF-8
 * @transcode: whether it is to be transcoded
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_publish_async (DouVideoStore *self, const DouVideo *video,
                               DouVideoTranscode transcode, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self,
                       (DouVideoOperation){ .change = "insert-video",
                                    .change_json = make_video_json (video, transcode),
                                    .clock = g_object_ref (self->clock),
                                    .query = "get-videos",
                                    .query_json = dou_video_store_make_numbers (&video->id, 1),
                                    .columns = "xxsssxx" },
                       dou_video_store_publish_async, callback, user_data);
}

/**
 * dou_video_store_publish_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: the publish time, or 0 with the errors of dou_database_write_finish(). If there was a
 *   video of that id, it stays as it was, and the time is its; if it was deleted, it stays so, and
 *   the time is 0
 */
gint64
dou_video_store_publish_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_publish_async, error);

  return operation != NULL ? dou_rows_get_int64 (operation->rows, 0, 5) : 0;
}

/**
 * dou_video_store_count_async:
 * @self: a store
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_count_async (DouVideoStore *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self, (DouVideoOperation){ .query = "count-videos", .columns = "xxx" },
                       dou_video_store_count_async, callback, user_data);
}

/**
 * dou_video_store_count_finish:
 * @self: a store
 * @result: of the callback
 * @counts: (out): how many there are
 * @error: return location
 *
 * Returns: whether they could be counted
 */
gboolean
dou_video_store_count_finish (DouVideoStore *self, GAsyncResult *result, DouVideoCounts *counts,
                              GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_count_async, error);

  if (operation == NULL)
    return FALSE;

  counts->videos = dou_rows_get_int64 (operation->rows, 0, 0);
  counts->pending = dou_rows_get_int64 (operation->rows, 0, 1);
  counts->failed = dou_rows_get_int64 (operation->rows, 0, 2);
  return TRUE;
}
