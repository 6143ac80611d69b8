/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-user-set.h"

struct _DouUserSet
{
  GObject parent_instance;

  GArray *ids;           /* (owned) (element-type gint64) without repetition */
  GHashTable *positions; /* (owned) (element-type gint64 guint) of an id in `ids`, plus one */

  /* One result for each id, in their order. */
  DouBatchResults *profiles;    /* (owned) (ixssss) */
  DouBatchResults *work_counts; /* (owned) x */

  guint n_pending; /* calls that are not answered yet */
  GError *error;   /* (owned) (nullable) of the first one that failed */
};

G_DEFINE_FINAL_TYPE (DouUserSet, dou_user_set, G_TYPE_OBJECT)

static void
dou_user_set_finalize (GObject *object)
{
  DouUserSet *self = DOU_USER_SET (object);

  g_clear_pointer (&self->profiles, dou_batch_results_free);
  g_clear_pointer (&self->work_counts, dou_batch_results_free);
  g_hash_table_unref (self->positions);
  g_array_unref (self->ids);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (dou_user_set_parent_class)->finalize (object);
}

static void
dou_user_set_class_init (DouUserSetClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_user_set_finalize;
}

static void
dou_user_set_init (DouUserSet *self)
{
  self->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->positions = g_hash_table_new (g_int64_hash, g_int64_equal);
}

/* The table's keys point into the array, which therefore must not grow afterwards. */
static void
dou_user_set_take_ids (DouUserSet *self, const gint64 *ids, gsize n_ids)
{
  g_array_set_size (self->ids, (guint) n_ids);
  g_array_set_size (self->ids, 0);

  for (gsize i = 0; i < n_ids; i++)
    if (!g_hash_table_contains (self->positions, &ids[i]))
      {
        g_array_append_val (self->ids, ids[i]);
        g_hash_table_insert (self->positions,
                             &g_array_index (self->ids, gint64, self->ids->len - 1),
                             GUINT_TO_POINTER (self->ids->len));
      }
}

/* Returns the task once the last of its parts has come in. */
static void
dou_user_set_part_done (GTask *task)
{
  DouUserSet *self = g_task_get_task_data (task);

  if (--self->n_pending > 0)
    return;

  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_pointer (task, g_object_ref (self), g_object_unref);
}

static void
dou_user_set_called (GTask *task, GAsyncResult *result, GObject *batcher, DouBatchResults **slot)
{
  DouUserSet *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  *slot = dou_batcher_submit_finish (DOU_BATCHER (batcher), result, &error);
  if (*slot == NULL && self->error == NULL)
    self->error = g_steal_pointer (&error);

  dou_user_set_part_done (task);
}

static void
profiles_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserSet *self = g_task_get_task_data (task);

  dou_user_set_called (task, result, source, &self->profiles);
}

static void
work_counts_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouUserSet *self = g_task_get_task_data (task);

  dou_user_set_called (task, result, source, &self->work_counts);
}

static void
dou_user_set_call (DouUserSet *self, DouBackend *backend, DouBackendMethod method, GTask *task,
                   GAsyncReadyCallback callback)
{
  g_autofree GVariant **items = g_new (GVariant *, self->ids->len);

  for (guint i = 0; i < self->ids->len; i++)
    items[i] = g_variant_new_int64 (g_array_index (self->ids, gint64, i));

  self->n_pending++;
  dou_batcher_submit_async (dou_backend_get_batcher (backend, method), items, self->ids->len,
                            g_task_get_cancellable (task), callback, g_object_ref (task));
}

/**
 * dou_user_set_load_async:
 * @backend: the services
 * @ids: (array length=n_ids): whom to load; may repeat, and need not exist
 * @n_ids: how many
 * @cancellable: (nullable): gives up
 * @callback: called with the set
 * @user_data: for @callback
 */
void
dou_user_set_load_async (DouBackend *backend, const gint64 *ids, gsize n_ids,
                         GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  DouUserSet *self = g_object_new (DOU_TYPE_USER_SET, NULL);

  g_task_set_source_tag (task, dou_user_set_load_async);
  g_task_set_task_data (task, self, g_object_unref);
  dou_user_set_take_ids (self, ids, n_ids);

  if (self->ids->len == 0)
    {
      g_task_return_pointer (task, g_object_ref (self), g_object_unref);
      return;
    }

  /* Making the calls counts as a part, so that one that fails at once does not end the task early. */
  self->n_pending = 1;
  dou_user_set_call (self, backend, DOU_BACKEND_GET_USERS, task, profiles_cb);
  dou_user_set_call (self, backend, DOU_BACKEND_GET_WORK_COUNTS, task, work_counts_cb);
  dou_user_set_part_done (task);
}

/**
 * dou_user_set_load_finish:
 * @result: of dou_user_set_load_async()
 * @error: return location
 *
 * Returns: (transfer full): the users that exist, or %NULL
 */
DouUserSet *
dou_user_set_load_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_set_load_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static guint
dou_user_set_find (DouUserSet *self, gint64 id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->positions, &id));
}

/**
 * dou_user_set_contains:
 * @self: a set
 * @id: one of those that were asked for
 *
 * Returns: whether the user exists
 */
gboolean
dou_user_set_contains (DouUserSet *self, gint64 id)
{
  guint position = dou_user_set_find (self, id);
  g_autoptr (GVariant) profile = NULL;
  gint32 status;

  if (position == 0)
    return FALSE;

  profile = dou_batch_results_get (self->profiles, position - 1);
  g_variant_get_child (profile, 0, "i", &status);
  return status == DOU_STATUS_OK;
}

/* A picture that the user chose, else the one that is drawn from the id. */
static void
write_picture (DouJsonWriter *writer, const char *name, const char *origin, const char *chosen,
               const char *kind, gint64 id)
{
  g_autofree char *url = NULL;

  if (*chosen != '\0')
    url = g_strconcat (origin, "/media/", chosen, NULL);
  else
    url = g_strdup_printf ("%s/media/%s/default/%" G_GINT64_FORMAT ".png", origin, kind, id);

  dou_json_writer_name (writer, name);
  dou_json_writer_string (writer, url);
}

static void
write_number (DouJsonWriter *writer, const char *name, gint64 value)
{
  dou_json_writer_name (writer, name);
  dou_json_writer_int64 (writer, value);
}

/**
 * dou_user_set_write:
 * @self: a set
 * @id: a user that it contains
 * @role: where the user stands
 * @viewer: who reads it; 0 for a guest
 * @origin: scheme, host and port that links begin with
 * @writer: takes one User object
 */
void
dou_user_set_write (DouUserSet *self, gint64 id, DouUserRole role, gint64 viewer,
                    const char *origin, DouJsonWriter *writer)
{
  guint position = dou_user_set_find (self, id);
  g_autoptr (GVariant) profile = NULL;
  g_autoptr (GVariant) work_count = NULL;
  const char *name, *avatar, *background, *signature;

  g_return_if_fail (position > 0);

  profile = dou_batch_results_get (self->profiles, position - 1);
  work_count = dou_batch_results_get (self->work_counts, position - 1);
  g_variant_get (profile, "(ix&s&s&s&s)", NULL, NULL, &name, &avatar, &background, &signature);

  dou_json_writer_begin_object (writer);
  write_number (writer, "id", id);
  dou_json_writer_name (writer, "name");
  dou_json_writer_string (writer, name);
  write_number (writer, "follow_count", 0);
  write_number (writer, "follower_count", 0);
  dou_json_writer_name (writer, "is_follow");
  dou_json_writer_boolean (writer, role == DOU_USER_AUTHOR && id == viewer);
  write_picture (writer, "avatar", origin, avatar, "avatar", id);
  write_picture (writer, "background_image", origin, background, "background", id);
  dou_json_writer_name (writer, "signature");
  dou_json_writer_string (writer, signature);
  write_number (writer, "total_favorited", 0);
  write_number (writer, "work_count", g_variant_get_int64 (work_count));
  write_number (writer, "favorite_count", 0);
  dou_json_writer_end_object (writer);
}
