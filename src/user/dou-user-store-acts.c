/* SPDX-License-Identifier: Apache-2.0 */

/* The store: what the administration does to users, and what it sees of them. Each action is written
 * into the audit log in the same transaction. */

#include "config.h"

#include "common/dou-json-writer.h"
#include "common/dou-status.h"
#include "user/dou-user-operation.h"

static void
begin_item (DouJsonWriter *writer, gint64 id)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, id);
}

static char *
make_bans_json (const DouUserBan *bans, guint n_bans, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_bans * DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_bans; i++)
    {
      begin_item (&writer, bans[i].id);
      dou_json_writer_int64 (&writer, bans[i].ban ? 1 : 0);
      dou_audit_write (&writer, now, caller, bans[i].why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_set_bans_async:
 * @self: a store
 * @bans: (array length=n_bans): whom to ban or not, each user once
 * @n_bans: how many
 * @caller: who does it
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * That makes the next generation, so that all logins end.
 */
void
dou_user_store_set_bans_async (DouUserStore *self, const DouUserBan *bans, guint n_bans,
                               const DouCaller *caller, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_set_bans_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->asks_first = TRUE;
  operation->query = "find-ban-changes";
  operation->query_json = make_bans_json (bans, n_bans, caller);
  operation->columns = "xxx";
  operation->audit = "audit-bans";
  operation->change = "set-bans";
  operation->change_json = g_strdup (operation->query_json);
  dou_user_operation_write (task);
}

/**
 * dou_user_store_set_bans_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouUserBanEffect): what each did; or %NULL
 */
GArray *
dou_user_store_set_bans_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_set_bans_async, error);
  GArray *effects;
  guint n_rows;

  if (operation == NULL)
    return NULL;

  n_rows = dou_rows_get_n_rows (operation->rows);
  effects = g_array_sized_new (FALSE, FALSE, sizeof (DouUserBanEffect), n_rows);
  for (guint i = 0; i < n_rows; i++)
    {
      const DouUserBanEffect effect = { dou_rows_get_int64 (operation->rows, i, 0) != 0,
                                        dou_rows_get_int64 (operation->rows, i, 1) != 0,
                                        dou_rows_get_int64 (operation->rows, i, 2) };

      g_array_append_val (effects, effect);
    }

  return effects;
}

static char *
make_resets_json (const DouUserReset *resets, guint n_resets, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_resets * DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_resets; i++)
    {
      begin_item (&writer, resets[i].id);
      dou_json_writer_string (&writer, resets[i].password);
      dou_audit_write (&writer, now, caller, resets[i].why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_reset_passwords_async:
 * @self: a store
 * @resets: (array length=n_resets): who gets which hash, each user once
 * @n_resets: how many
 * @caller: who does it
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_reset_passwords_async (DouUserStore *self, const DouUserReset *resets,
                                      guint n_resets, const DouCaller *caller,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_reset_passwords_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->asks_first = TRUE;
  operation->query = "find-resets";
  operation->query_json = make_resets_json (resets, n_resets, caller);
  operation->columns = "xx";
  operation->audit = "audit-resets";
  operation->change = "reset-passwords";
  operation->change_json = g_strdup (operation->query_json);
  dou_user_operation_write (task);
}

/**
 * dou_user_store_reset_passwords_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint64): for each the generation that it led to, with
 *   %DOU_GENERATION_BANNED if that is so; -1 if there is no such user; or %NULL
 */
GArray *
dou_user_store_reset_passwords_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_reset_passwords_async, error);

  return operation != NULL ? dou_user_operation_get_generations (operation) : NULL;
}

static const char *
get_text (DouRows *rows, guint row, guint column)
{
  const char *text = dou_rows_get_text (rows, row, column);

  return text != NULL ? text : "";
}

static char *
make_exports_json (const DouUserExport *exports, guint n_exports, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_exports * DOU_USER_ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_exports; i++)
    {
      begin_item (&writer, exports[i].id);
      dou_audit_write (&writer, now, caller, exports[i].why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_user_store_export_async:
 * @self: a store
 * @exports: (array length=n_exports): who is exported, each user once
 * @n_exports: how many
 * @caller: who does it
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Only the audit log changes.
 */
void
dou_user_store_export_async (DouUserStore *self, const DouUserExport *exports, guint n_exports,
                             const DouCaller *caller, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_export_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->query = "get-exports";
  operation->query_json = make_exports_json (exports, n_exports, caller);
  operation->columns = "xssssx";
  operation->audit = "audit-exports";
  operation->change_json = g_strdup (operation->query_json);
  dou_user_operation_write (task);
}

/**
 * dou_user_store_export_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): `a(ixssssx)`, for each a status, the id (0 if there is no such user), name,
 *   avatar, background image, signature, since when banned; or %NULL
 */
GVariant *
dou_user_store_export_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_export_async, error);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixssssx)"));

  if (operation == NULL)
    return NULL;

  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    {
      gint64 id = dou_rows_get_int64 (operation->rows, i, 0);

      g_variant_builder_add (&builder, "(ixssssx)",
                             (gint32) (id != 0 ? DOU_STATUS_OK : DOU_STATUS_USER_NOT_FOUND), id,
                             get_text (operation->rows, i, 1), get_text (operation->rows, i, 2),
                             get_text (operation->rows, i, 3), get_text (operation->rows, i, 4),
                             dou_rows_get_int64 (operation->rows, i, 5));
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/**
 * dou_user_store_get_accounts_async:
 * @self: a store
 * @ids: (array length=n_ids): ids, of users or not
 * @n_ids: how many
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_get_accounts_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task;
  DouUserOperation *operation;

  g_return_if_fail (DOU_IS_USER_STORE (self));

  task = dou_user_operation_new (self, dou_user_store_get_accounts_async, cancellable, callback,
                                 user_data);
  operation = g_task_get_task_data (task);
  operation->query = "get-accounts";
  operation->query_json = dou_user_operation_make_ids_json (ids, n_ids);
  operation->columns = "xssxx";
  dou_user_operation_read (task);
}

/**
 * dou_user_store_get_accounts_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): `a(ixssxx)`, for each id a status, the id (0 if there is no such user),
 *   name, signature, generation, since when banned; or %NULL
 */
GVariant *
dou_user_store_get_accounts_finish (DouUserStore *self, GAsyncResult *result, GError **error)
{
  DouUserOperation *operation
      = dou_user_operation_finish (self, result, dou_user_store_get_accounts_async, error);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixssxx)"));

  if (operation == NULL)
    return NULL;

  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    {
      gint64 id = dou_rows_get_int64 (operation->rows, i, 0);

      g_variant_builder_add (&builder, "(ixssxx)",
                             (gint32) (id != 0 ? DOU_STATUS_OK : DOU_STATUS_USER_NOT_FOUND), id,
                             get_text (operation->rows, i, 1), get_text (operation->rows, i, 2),
                             dou_rows_get_int64 (operation->rows, i, 3),
                             dou_rows_get_int64 (operation->rows, i, 4));
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/**
 * dou_user_store_list_accounts_async:
 * @self: a store
 * @pages: `a(xbu)`: what to list, with the mark only who is banned, see dou_record_list_some_async(); at
 *   most %DOU_USER_ACCOUNT_PAGES_MAX
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Users, with dou_record_list_finish(): id, name, since when banned.
 */
void
dou_user_store_list_accounts_async (DouUserStore *self, GVariant *pages,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  static const char *const statements[] = { "list-accounts", "list-banned" };

  g_return_if_fail (DOU_IS_USER_STORE (self));

  dou_record_list_some_async (dou_user_store_get_database (self), statements, "(xsx)", pages,
                              callback, user_data);
}

/**
 * dou_user_store_list_audit_async:
 * @self: a store
 * @pages: see dou_audit_list_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_user_store_list_audit_async (DouUserStore *self, GVariant *pages, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (DOU_IS_USER_STORE (self));

  dou_audit_list_async (dou_user_store_get_database (self), pages, callback, user_data);
}

/**
 * dou_user_store_start_retention:
 * @self: a store
 * @clock: tells what is old
 *
 * The audit log forgets what is older than DOU_AUDIT_MEMORY.
 *
 * Returns: (transfer full): what does that until it is freed
 */
DouRetention *
dou_user_store_start_retention (DouUserStore *self, DouClock *clock)
{
  static const DouRetentionRule rules[] = {
    { "audit", "forget-audit", DOU_AUDIT_MEMORY },
  };

  return dou_retention_new (dou_user_store_get_database (self), clock, rules,
                            G_N_ELEMENTS (rules));
}
