/* SPDX-License-Identifier: Apache-2.0 */

/* The only SQL of the user domain, with the files beside it that serve one topic each. Whatever the
 * number of users, a call is one statement with one JSON parameter, or two (adding: insert what is
 * new, then read who has each name now), and so one message to a thread of the database.
 *
 * That a name is taken is no error of the database: inserting skips what is there, and reading back
 * tells the owner of each name. So the same registration may come twice, and of two with one name
 * exactly one finds itself the owner. */

#include "config.h"

#include "common/dou-json-writer.h"
#include "dou-user-sql.h"
#include "user/dou-user-operation.h"

struct _DouUserStore
{
  GObject parent_instance;

  DouDatabase *database; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouUserStore, dou_user_store, G_TYPE_OBJECT)

static void
dou_user_store_dispose (GObject *object)
{
  DouUserStore *self = DOU_USER_STORE (object);

  g_clear_object (&self->database);

  G_OBJECT_CLASS (dou_user_store_parent_class)->dispose (object);
}

static void
dou_user_store_class_init (DouUserStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_user_store_dispose;
}

static void
dou_user_store_init (DouUserStore *self)
{
}

/**
 * dou_user_store_open:
 * @address: where its tables are
 * @error: return location
 *
 * Waits for the disk or the server.
 *
 * Returns: (transfer full): the store, or %NULL with the errors of dou_database_open()
 */
DouUserStore *
dou_user_store_open (const DouDatabaseAddress *address, GError **error)
{
  g_autoptr (DouUserStore) self = g_object_new (DOU_TYPE_USER_STORE, NULL);

  /* Naming the resource keeps the linker from dropping it. */
  (void) dou_user_sql_get_resource ();

  self->database = dou_database_open ("user", address, error);
  if (self->database == NULL)
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * dou_user_store_close:
 * @self: a store
 *
 * Finishes what is queued. Calls afterwards fail.
 */
void
dou_user_store_close (DouUserStore *self)
{
  g_return_if_fail (DOU_IS_USER_STORE (self));

  dou_database_close (self->database);
}

/**
 * dou_user_store_get_engine:
 * @self: a store
 *
 * Returns: (transfer none): the database engine and its version
 */
const char *
dou_user_store_get_engine (DouUserStore *self)
{
  g_return_val_if_fail (DOU_IS_USER_STORE (self), NULL);

  return dou_database_get_engine (self->database);
}

/**
 * dou_user_store_get_schema_version:
 * @self: a store
 *
 * Returns: the number of the newest migration
 */
guint
dou_user_store_get_schema_version (DouUserStore *self)
{
  g_return_val_if_fail (DOU_IS_USER_STORE (self), 0);

  return dou_database_get_schema_version (self->database);
}

/**
 * dou_user_store_get_database:
 * @self: a store
 *
 * Returns: (transfer none): where its tables are
 */
DouDatabase *
dou_user_store_get_database (DouUserStore *self)
{
  g_return_val_if_fail (DOU_IS_USER_STORE (self), NULL);

  return self->database;
}

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/**
 * dou_user_store_count:
 * @self: a store
 * @error: return location
 *
 * Waits for the database, and for nothing else: for use before the main loop runs.
 *
 * Returns: the number of users, or -1 with the errors of dou_database_read_finish()
 */
gint64
dou_user_store_count (DouUserStore *self, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  GTask *task;
  DouUserOperation *operation;

  g_return_val_if_fail (DOU_IS_USER_STORE (self), -1);

  g_main_context_push_thread_default (context);
  task = dou_user_operation_new (self, dou_user_store_count, NULL, counted_cb, &result);
  operation = g_task_get_task_data (task);
  operation->query = "count-users";
  operation->columns = "x";
  dou_user_operation_read (task);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  operation = dou_user_operation_finish (self, result, dou_user_store_count, error);
  return operation != NULL ? dou_rows_get_int64 (operation->rows, 0, 0) : -1;
}

static char *
make_keys_json (const char *const *keys, guint n_keys)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_keys * DOU_USER_ROW_SIZE / 4);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_keys; i++)
    dou_json_writer_string (&writer, keys[i]);
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_find_async:
 * @self: a store
 * @keys: (array length=n_keys): forms of names under which they are unique; the same may come twice
 * @n_keys: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_find_async (DouUserStore *self, const char *const *keys, guint n_keys,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_find_async, cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->query = "find-users";
  operation->query_json = make_keys_json (keys, n_keys);
  operation->columns = "xsxx";
  dou_user_operation_read (task);
}

/**
 * dou_user_store_find_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUserSecret): for each key who has it, or %NULL
 */
GArray *
dou_user_store_find_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_find_async, error);

  return operation != NULL ? dou_user_operation_get_secrets (operation) : NULL;
}

static char *
make_rows_json (const DouUserRow *rows, guint n_rows)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_rows * DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_rows; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, rows[i].id);
      dou_json_writer_string (&writer, rows[i].name);
      dou_json_writer_string (&writer, rows[i].key);
      dou_json_writer_string (&writer, rows[i].password_hash);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_add_async:
 * @self: a store
 * @rows: (array length=n_rows): users; those whose id or name is taken, also by one before them,
 *   are skipped
 * @n_rows: how many
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_add_async (DouUserStore *self, const DouUserRow *rows, guint n_rows,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autofree const char **keys = g_new (const char *, n_rows);
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  for (guint i = 0; i < n_rows; i++)
    keys[i] = rows[i].key;

  task = dou_user_operation_new (self, dou_user_store_add_async, cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->change = "insert-users";
  operation->change_json = make_rows_json (rows, n_rows);
  operation->query = "find-owners";
  operation->query_json = make_keys_json (keys, n_rows);
  operation->columns = "x";
  dou_user_operation_write (task);
}

/**
 * dou_user_store_add_finish:
 * @self: a store
 * @result: of the callback
 * @n_added: (out): how many were not skipped
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each row the id of the user who has its name
 *   now (0 if nobody has: its id belongs to another name; negative if that user is being deleted); or %NULL
 */
GArray *
dou_user_store_add_finish (DouUserStore *self, GAsyncResult *result, gint64 *n_added,
                           GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_add_async, error);

  if (operation == NULL)
    return NULL;

  *n_added = operation->n_changed;
  return dou_user_operation_get_numbers (operation);
}

/**
 * dou_user_store_get_async:
 * @self: a store
 * @ids: (array length=n_ids): ids of users
 * @n_ids: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_get_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_get_async, cancellable, callback, user_data);
  operation = g_task_get_task_data (task);
  operation->query = "get-users";
  operation->query_json = dou_user_operation_make_ids_json (ids, n_ids);
  operation->columns = "xssssx";
  dou_user_operation_read (task);
}

/**
 * dou_user_store_get_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUser): for each id its user, %NULL if there is none; or
 *   %NULL
 */
GPtrArray *
dou_user_store_get_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_get_async, error);
  GPtrArray *users;
  guint n_rows;

  if (operation == NULL)
    return NULL;

  n_rows = dou_rows_get_n_rows (operation->rows);
  users = g_ptr_array_new_full (n_rows, (GDestroyNotify) dou_user_free);
  for (guint i = 0; i < n_rows; i++)
    {
      DouUser *user = NULL;

      if (dou_rows_get_text (operation->rows, i, 1) != NULL)
        {
          user = g_new0 (DouUser, 1);
          user->id = dou_rows_get_int64 (operation->rows, i, 0);
          user->name = g_strdup (dou_rows_get_text (operation->rows, i, 1));
          user->avatar = g_strdup (dou_rows_get_text (operation->rows, i, 2));
          user->background_image = g_strdup (dou_rows_get_text (operation->rows, i, 3));
          user->signature = g_strdup (dou_rows_get_text (operation->rows, i, 4));
          user->banned = dou_rows_get_int64 (operation->rows, i, 5);
        }
      g_ptr_array_add (users, user);
    }

  return users;
}
