/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-gather.h"
#include "gateway/dou-user-set.h"

struct _DouUserSet
{
  GObject parent_instance;

  gint64 viewer;         /* who reads it; 0 for a guest */
  GArray *ids;           /* (owned) (element-type gint64) without repetition */
  GHashTable *positions; /* (owned) (element-type gint64 guint) of an id in `ids`, plus one */

  /* One result for each id, in their order. */
  DouGather *gather; /* (owned) */
  guint profiles;    /* part: (ixssss) */
  guint work_counts; /* part: x */
  guint counts;      /* part: (xxxx) */
  guint follows;     /* part: b; only if there is a viewer */
};

G_DEFINE_FINAL_TYPE (DouUserSet, dou_user_set, G_TYPE_OBJECT)

static void
dou_user_set_finalize (GObject *object)
{
  DouUserSet *self = DOU_USER_SET (object);

  g_clear_object (&self->gather);
  g_hash_table_unref (self->positions);
  g_array_unref (self->ids);

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

static guint
dou_user_set_add_part (DouUserSet *self, DouBackendMethod method)
{
  g_autofree GVariant **items = g_new (GVariant *, self->ids->len);

  for (guint i = 0; i < self->ids->len; i++)
    {
      gint64 id = g_array_index (self->ids, gint64, i);

      items[i] = method == DOU_BACKEND_ARE_FOLLOWS ? g_variant_new ("(xx)", self->viewer, id)
                                                   : g_variant_new_int64 (id);
    }

  return dou_gather_add (self->gather, method, items, self->ids->len);
}

static void
gathered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (!dou_gather_run_finish (DOU_GATHER (source), result, &error))
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_object_ref (g_task_get_task_data (task)), g_object_unref);
}

/**
 * dou_user_set_load_async:
 * @backend: the services
 * @viewer: who reads it; 0 for a guest
 * @ids: (array length=n_ids): whom to load; may repeat, and need not exist
 * @n_ids: how many
 * @cancellable: (nullable): gives up
 * @callback: called with the set
 * @user_data: for @callback
 */
void
dou_user_set_load_async (DouBackend *backend, gint64 viewer, const gint64 *ids, gsize n_ids,
                         GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  DouUserSet *self = g_object_new (DOU_TYPE_USER_SET, NULL);

  g_task_set_source_tag (task, dou_user_set_load_async);
  g_task_set_task_data (task, self, g_object_unref);

  self->viewer = viewer;
  dou_user_set_take_ids (self, ids, n_ids);
  self->gather = dou_gather_new (backend);
  self->profiles = dou_user_set_add_part (self, DOU_BACKEND_GET_USERS);
  self->work_counts = dou_user_set_add_part (self, DOU_BACKEND_GET_WORK_COUNTS);
  self->counts = dou_user_set_add_part (self, DOU_BACKEND_GET_USER_COUNTS);
  if (viewer != 0)
    self->follows = dou_user_set_add_part (self, DOU_BACKEND_ARE_FOLLOWS);
  dou_gather_run_async (self->gather, cancellable, gathered_cb, g_steal_pointer (&task));
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

  profile = dou_gather_get (self->gather, self->profiles, position - 1);
  g_variant_get_child (profile, 0, "i", &status);
  return status == DOU_STATUS_OK;
}

/* Oneself is never followed and never counted; as the author of a video one counts as followed. */
static gboolean
dou_user_set_is_follow (DouUserSet *self, gint64 id, guint position, DouUserRole role)
{
  g_autoptr (GVariant) follows = NULL;

  if (self->viewer == 0)
    return FALSE;
  if (id == self->viewer)
    return role == DOU_USER_AUTHOR;

  follows = dou_gather_get (self->gather, self->follows, position - 1);
  return g_variant_get_boolean (follows);
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
 * dou_user_set_write_members:
 * @self: a set
 * @id: a user that it contains
 * @role: where the user stands
 * @origin: scheme, host and port that links begin with
 * @writer: inside an object; takes the members of a User
 */
void
dou_user_set_write_members (DouUserSet *self, gint64 id, DouUserRole role, const char *origin,
                            DouJsonWriter *writer)
{
  guint position = dou_user_set_find (self, id);
  g_autoptr (GVariant) profile = NULL;
  g_autoptr (GVariant) work_count = NULL;
  g_autoptr (GVariant) counts = NULL;
  const char *name, *avatar, *background, *signature;
  gint64 n_follows, n_followers, n_favorited, n_favorites;

  g_return_if_fail (position > 0);

  profile = dou_gather_get (self->gather, self->profiles, position - 1);
  work_count = dou_gather_get (self->gather, self->work_counts, position - 1);
  counts = dou_gather_get (self->gather, self->counts, position - 1);
  g_variant_get (profile, "(ix&s&s&s&s)", NULL, NULL, &name, &avatar, &background, &signature);
  g_variant_get (counts, "(xxxx)", &n_follows, &n_followers, &n_favorited, &n_favorites);

  write_number (writer, "id", id);
  dou_json_writer_name (writer, "name");
  dou_json_writer_string (writer, name);
  write_number (writer, "follow_count", n_follows);
  write_number (writer, "follower_count", n_followers);
  dou_json_writer_name (writer, "is_follow");
  dou_json_writer_boolean (writer, dou_user_set_is_follow (self, id, position, role));
  write_picture (writer, "avatar", origin, avatar, "avatar", id);
  write_picture (writer, "background_image", origin, background, "background", id);
  dou_json_writer_name (writer, "signature");
  dou_json_writer_string (writer, signature);
  write_number (writer, "total_favorited", n_favorited);
  write_number (writer, "work_count", g_variant_get_int64 (work_count));
  write_number (writer, "favorite_count", n_favorites);
}

/**
 * dou_user_set_write:
 * @self: a set
 * @id: a user that it contains
 * @role: where the user stands
 * @origin: scheme, host and port that links begin with
 * @writer: takes one User object
 */
void
dou_user_set_write (DouUserSet *self, gint64 id, DouUserRole role, const char *origin,
                    DouJsonWriter *writer)
{
  dou_json_writer_begin_object (writer);
  dou_user_set_write_members (self, id, role, origin, writer);
  dou_json_writer_end_object (writer);
}
