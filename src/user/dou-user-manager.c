/* SPDX-License-Identifier: Apache-2.0 */

/* Accounts: who may have which name, and who may come in.
 *
 * A call carries many accounts, each of which ends with a status of its own (dou-user-call.c).
 * Registering and logging in go the same way: check what can be checked without asking anybody,
 * find the names in the store, give passwords to the hasher all at once, and go on when the last of
 * them is back. What users change of their accounts later has files of its own.
 */

#include "config.h"

#include "common/dou-id-minter.h"
#include "user/dou-user-call.h"

struct _DouUserManager
{
  GObject parent_instance;

  DouUserStore *store;       /* (owned) */
  DouPasswordHasher *hasher; /* (owned) */
  glong max_password;        /* characters */
  gint64 user_count;
};

G_DEFINE_FINAL_TYPE (DouUserManager, dou_user_manager, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_GENERATIONS_CHANGED,
  SIGNAL_DELETED,
  N_SIGNALS
};

enum
{
  PROP_USER_COUNT = 1,
  N_PROPS
};

static guint signals[N_SIGNALS];
static GParamSpec *props[N_PROPS];

static void
dou_user_manager_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_USER_COUNT:
      g_value_set_int64 (value, DOU_USER_MANAGER (object)->user_count);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
dou_user_manager_dispose (GObject *object)
{
  DouUserManager *self = DOU_USER_MANAGER (object);

  g_clear_object (&self->store);
  g_clear_object (&self->hasher);

  G_OBJECT_CLASS (dou_user_manager_parent_class)->dispose (object);
}

static void
dou_user_manager_class_init (DouUserManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = dou_user_manager_get_property;
  object_class->dispose = dou_user_manager_dispose;

  /**
   * DouUserManager:user-count:
   *
   * Users in the store.
   */
  props[PROP_USER_COUNT]
      = g_param_spec_int64 ("user-count", NULL, NULL, 0, G_MAXINT64, 0,
                            G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * DouUserManager::changed:
   * @ids: (element-type gint64): users who are no longer what they were
   *
   * Emitted before the call that made the change returns.
   */
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", DOU_TYPE_USER_MANAGER, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ARRAY);

  /**
   * DouUserManager::generations-changed:
   * @generations: (element-type DouUserGeneration): users who have another password now
   *
   * Emitted before the call that made the change returns.
   */
  signals[SIGNAL_GENERATIONS_CHANGED]
      = g_signal_new ("generations-changed", DOU_TYPE_USER_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ARRAY);

  /**
   * DouUserManager::deleted:
   *
   * Emitted when users were deleted, of whom everything is to be removed now.
   */
  signals[SIGNAL_DELETED] = g_signal_new ("deleted", DOU_TYPE_USER_MANAGER, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_user_manager_init (DouUserManager *self)
{
}

/**
 * dou_user_manager_new:
 * @store: where users are kept
 * @hasher: what hashes passwords
 * @max_password: the longest password for a new account, in characters
 * @error: return location
 *
 * Waits for the database, which counts the users.
 *
 * Returns: (transfer full): a manager, or %NULL with the errors of dou_user_store_count()
 */
DouUserManager *
dou_user_manager_new (DouUserStore *store, DouPasswordHasher *hasher, glong max_password,
                      GError **error)
{
  DouUserManager *self;
  gint64 user_count;

  g_return_val_if_fail (DOU_IS_USER_STORE (store), NULL);
  g_return_val_if_fail (DOU_IS_PASSWORD_HASHER (hasher), NULL);

  user_count = dou_user_store_count (store, error);
  if (user_count < 0)
    return NULL;

  self = g_object_new (DOU_TYPE_USER_MANAGER, NULL);
  self->store = g_object_ref (store);
  self->hasher = g_object_ref (hasher);
  self->max_password = max_password;
  self->user_count = user_count;
  return self;
}

/**
 * dou_user_manager_get_store:
 * @self: a manager
 *
 * Returns: (transfer none): where its users are kept
 */
DouUserStore *
dou_user_manager_get_store (DouUserManager *self)
{
  g_return_val_if_fail (DOU_IS_USER_MANAGER (self), NULL);

  return self->store;
}

/**
 * dou_user_manager_get_hasher:
 * @self: a manager
 *
 * Returns: (transfer none): what hashes its passwords
 */
DouPasswordHasher *
dou_user_manager_get_hasher (DouUserManager *self)
{
  g_return_val_if_fail (DOU_IS_USER_MANAGER (self), NULL);

  return self->hasher;
}

/**
 * dou_user_manager_report_changed:
 * @self: a manager
 * @ids: (element-type gint64): users who are no longer what they were, if any
 *
 * Tells everybody, before the call itself returns.
 */
void
dou_user_manager_report_changed (DouUserManager *self, GArray *ids)
{
  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  if (ids->len > 0)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, ids);
}

/**
 * dou_user_manager_report_added:
 * @self: a manager
 * @ids: (element-type gint64): users who have their account now
 * @n_added: how many of them had none before
 *
 * Tells everybody, before the call itself returns.
 */
void
dou_user_manager_report_added (DouUserManager *self, GArray *ids, gint64 n_added)
{
  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  if (n_added > 0)
    {
      self->user_count += n_added;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_USER_COUNT]);
    }
  dou_user_manager_report_changed (self, ids);
}

/**
 * dou_user_manager_report_generations:
 * @self: a manager
 * @generations: (element-type DouUserGeneration): users who have another password now, if any
 *
 * Tells everybody, before the call itself returns.
 */
void
dou_user_manager_report_generations (DouUserManager *self, GArray *generations)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  for (guint i = 0; i < generations->len; i++)
    g_array_append_val (ids, g_array_index (generations, DouUserGeneration, i).id);

  dou_user_manager_report_changed (self, ids);
  if (generations->len > 0)
    g_signal_emit (self, signals[SIGNAL_GENERATIONS_CHANGED], 0, generations);
}

/**
 * dou_user_manager_report_deleted:
 * @self: a manager
 * @ended: (element-type DouUserGeneration): users who are no more, if any
 * @n_deleted: how many of them this call has deleted
 *
 * Tells everybody, before the call itself returns.
 */
void
dou_user_manager_report_deleted (DouUserManager *self, GArray *ended, gint64 n_deleted)
{
  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  if (n_deleted > 0)
    {
      self->user_count = MAX (self->user_count - n_deleted, 0);
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_USER_COUNT]);
    }
  dou_user_manager_report_generations (self, ended);
  if (ended->len > 0)
    g_signal_emit (self, signals[SIGNAL_DELETED], 0);
}

/**
 * dou_user_manager_get_user_count:
 * @self: a manager
 *
 * Returns: users in the store
 */
gint64
dou_user_manager_get_user_count (DouUserManager *self)
{
  g_return_val_if_fail (DOU_IS_USER_MANAGER (self), 0);

  return self->user_count;
}

/**
 * dou_user_manager_accepts_password:
 * @self: a manager
 * @password: what somebody wants as a password
 *
 * Returns: whether it is valid UTF-8 and as long as is allowed; anything else is the user's
 * business
 */
gboolean
dou_user_manager_accepts_password (DouUserManager *self, const char *password)
{
  glong length;

  if (!g_utf8_validate (password, -1, NULL))
    return FALSE;

  length = g_utf8_strlen (password, -1);
  return length > 0 && length <= self->max_password;
}

/**
 * dou_user_manager_register_async:
 * @self: a manager
 * @accounts: (array length=n_accounts): who wants to register
 * @n_accounts: how many
 * @cancellable: (nullable): stops before the next step
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Makes accounts. Of those with one name, in this call and all others, exactly one succeeds.
 */
void
dou_user_manager_register_async (DouUserManager *self, const DouUserAccount *accounts,
                                 guint n_accounts, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  DouUserCall *call;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = dou_user_call_new (self, dou_user_manager_register_async, accounts, n_accounts,
                            cancellable, callback, user_data);
  call = g_task_get_task_data (task);
  for (guint i = 0; i < n_accounts; i++)
    {
      DouUserItem *item = &call->items[i];

      if (item->id <= 0 || item->id > DOU_ID_MAX)
        dou_user_call_settle (item, DOU_STATUS_BAD_PARAMETER);
      else if (item->name == NULL)
        dou_user_call_settle (item, DOU_STATUS_BAD_USER_NAME);
      else if (!dou_user_manager_accepts_password (self, item->password))
        dou_user_call_settle (item, DOU_STATUS_BAD_PASSWORD);
    }

  dou_user_register_start (task);
}

/**
 * dou_user_manager_register_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUserOutcome): what became of each; or %NULL if nothing
 *   was done, with the errors of dou_database_write_finish()
 */
GArray *
dou_user_manager_register_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_register_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dou_user_manager_login_async:
 * @self: a manager
 * @accounts: (array length=n_accounts): names and passwords
 * @n_accounts: how many
 * @cancellable: (nullable): stops before the next step
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Checks passwords.
 */
void
dou_user_manager_login_async (DouUserManager *self, const DouUserAccount *accounts,
                              guint n_accounts, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = dou_user_call_new (self, dou_user_manager_login_async, accounts, n_accounts, cancellable,
                            callback, user_data);
  dou_user_login_start (task);
}

/**
 * dou_user_manager_login_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUserOutcome): what became of each; or %NULL, with the
 *   errors of dou_database_read_finish()
 */
GArray *
dou_user_manager_login_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_login_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
got_users_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GPtrArray *users = dou_user_store_get_finish (DOU_USER_STORE (source), result, &error);

  if (users != NULL)
    g_task_return_pointer (task, users, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_user_manager_get_users_async:
 * @self: a manager
 * @ids: (array length=n_ids): ids, of users or not
 * @n_ids: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_manager_get_users_async (DouUserManager *self, const gint64 *ids, guint n_ids,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_user_manager_get_users_async);
  dou_user_store_get_async (self->store, ids, n_ids, cancellable, got_users_cb, task);
}

/**
 * dou_user_manager_get_users_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUser): for each id its user, or %NULL if there is none;
 *   or %NULL, with the errors of dou_database_read_finish()
 */
GPtrArray *
dou_user_manager_get_users_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_get_users_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
got_generations_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GArray *generations
      = dou_user_store_get_generations_finish (DOU_USER_STORE (source), result, &error);

  if (generations != NULL)
    g_task_return_pointer (task, generations, (GDestroyNotify) g_array_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_user_manager_get_generations_async:
 * @self: a manager
 * @ids: (array length=n_ids): ids, of users or not
 * @n_ids: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_manager_get_generations_async (DouUserManager *self, const gint64 *ids, guint n_ids,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_USER_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_user_manager_get_generations_async);
  dou_user_store_get_generations_async (self->store, ids, n_ids, cancellable, got_generations_cb,
                                        task);
}

/**
 * dou_user_manager_get_generations_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each id how often its user's password was
 *   changed, -1 if there is none; or %NULL, with the errors of dou_database_read_finish()
 */
GArray *
dou_user_manager_get_generations_finish (DouUserManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_user_manager_get_generations_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
