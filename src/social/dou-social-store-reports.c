/* SPDX-License-Identifier: Apache-2.0 */

/* Reports. One of somebody about something is there once, however often it is sent; what the first one said
 * stays, since the administration may have read it. That it is resolved, and who has done that, is written in
 * one transaction (common/dou-audit.c). */

#include "config.h"

#include "social/dou-social-operation.h"
#include "social/dou-social-store-reports.h"

static void
report_clear (gpointer data)
{
  DouSocialReport *report = data;

  g_clear_pointer (&report->reason, g_free);
}

/**
 * dou_social_reports_new:
 * @n_reports: how many are to be expected
 *
 * Returns: (transfer full) (element-type DouSocialReport): an empty array
 */
GArray *
dou_social_reports_new (guint n_reports)
{
  GArray *reports = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialReport), n_reports);

  g_array_set_clear_func (reports, report_clear);
  return reports;
}

static void
resolution_clear (gpointer data)
{
  DouSocialResolution *resolution = data;

  g_clear_pointer (&resolution->why, g_free);
}

/**
 * dou_social_resolutions_new:
 * @n_resolutions: how many are to be expected
 *
 * Returns: (transfer full) (element-type DouSocialResolution): an empty array
 */
GArray *
dou_social_resolutions_new (guint n_resolutions)
{
  GArray *resolutions
      = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialResolution), n_resolutions);

  g_array_set_clear_func (resolutions, resolution_clear);
  return resolutions;
}

/* Of comments it is this domain that knows whether they are there, and whose they are. */
static gboolean
judge_comments (DouTransaction *transaction, DouSocialOperation *operation, GError **error)
{
  GArray *reports = operation->items;
  GArray *statuses = dou_social_operation_reset_results (operation, sizeof (gint32), reports->len);
  g_autoptr (GArray) ids = g_array_sized_new (FALSE, FALSE, sizeof (gint64), reports->len);
  g_autoptr (GArray) places = g_array_sized_new (FALSE, FALSE, sizeof (guint), reports->len);
  g_autofree char *json = NULL;
  g_autoptr (DouRows) rows = NULL;

  for (guint i = 0; i < reports->len; i++)
    {
      const DouSocialReport *report = &g_array_index (reports, DouSocialReport, i);

      if (report->kind != DOU_SOCIAL_REPORT_COMMENT)
        continue;

      g_array_index (statuses, gint32, i) = DOU_STATUS_COMMENT_NOT_FOUND;
      g_array_append_val (ids, report->target);
      g_array_append_val (places, i);
    }
  if (ids->len == 0)
    return TRUE;

  json = dou_social_operation_get_ids_json (ids);
  rows = dou_transaction_query (transaction, "find-comments", "xxxx", json, error);
  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      guint place = g_array_index (places, guint, dou_rows_get_int64 (rows, i, 0));
      gboolean is_there = dou_rows_get_int64 (rows, i, 3) == 0;
      gboolean is_own = dou_rows_get_int64 (rows, i, 1)
                        == g_array_index (reports, DouSocialReport, place).reporter;

      if (is_there)
        g_array_index (statuses, gint32, place)
            = is_own ? DOU_STATUS_REPORT_REFUSED : DOU_STATUS_OK;
    }

  return TRUE;
}

static gboolean
add_reports_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  g_auto (DouJsonWriter) writer = { 0 };

  if (!judge_comments (transaction, operation, error))
    return FALSE;

  dou_social_operation_begin_json (&writer, operation->items->len);
  for (guint i = 0; i < operation->items->len; i++)
    {
      const DouSocialReport *report = &g_array_index (operation->items, DouSocialReport, i);

      if (g_array_index (operation->results, gint32, i) != DOU_STATUS_OK)
        continue;

      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, report->reporter);
      dou_json_writer_int64 (&writer, report->kind);
      dou_json_writer_int64 (&writer, report->target);
      dou_json_writer_string (&writer, report->reason);
      dou_json_writer_int64 (&writer, operation->now);
      dou_json_writer_end_array (&writer);
    }

  return dou_social_operation_execute_rows (transaction, "add-reports", &writer, error);
}

/**
 * dou_social_store_add_reports_async:
 * @self: a store
 * @reports: (element-type DouSocialReport): what is reported
 * @now: the time, in milliseconds since 1970
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Adds what the reporter has not reported before.
 */
void
dou_social_store_add_reports_async (DouSocialStore *self, GArray *reports, gint64 now,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_add_reports_async, add_reports_func,
                                   reports, cancellable, callback, user_data);
  ((DouSocialOperation *) g_task_get_task_data (task))->now = now;
  dou_social_operation_write (task);
}

/**
 * dou_social_store_add_reports_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, CommentNotFound, ReportRefused
 *   (the reporter's own comment); or %NULL
 */
GArray *
dou_social_store_add_reports_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_add_reports_async,
                                              error);
}

/**
 * dou_social_store_list_reports_async:
 * @self: a store
 * @pages: `a(xbu)`: what to list, with the mark also what is resolved, see dou_record_list_some_async(); at
 *   most %DOU_SOCIAL_REPORT_PAGES_MAX
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Reports, with dou_record_list_finish(): id, reporter, kind, target, reason, when it was made, when it was
 * resolved (0: it is open); and of a comment that is still there its writer, its video and its text.
 */
void
dou_social_store_list_reports_async (DouSocialStore *self, GVariant *pages,
                                     GAsyncReadyCallback callback, gpointer user_data)
{
  static const char *const statements[] = { "list-open-reports", "list-reports" };

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_record_list_some_async (dou_social_store_get_database (self), statements, "(xxixsxxxxs)", pages,
                              callback, user_data);
}

static char *
make_resolutions_json (DouSocialOperation *operation)
{
  g_auto (DouJsonWriter) writer = { 0 };
  const DouCaller *caller = operation->detail;

  dou_social_operation_begin_json (&writer, operation->items->len);
  for (guint i = 0; i < operation->items->len; i++)
    {
      const DouSocialResolution *resolution
          = &g_array_index (operation->items, DouSocialResolution, i);

      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, resolution->id);
      dou_audit_write (&writer, operation->now, caller, resolution->why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

static gboolean
resolve_reports_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouSocialOperation *operation = data;
  g_autofree char *json = make_resolutions_json (operation);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-reports", "x", json, error);
  GArray *statuses;

  if (rows == NULL)
    return FALSE;

  statuses = dou_social_operation_reset_results (operation, sizeof (gint32), operation->items->len);
  for (guint i = 0; i < statuses->len; i++)
    g_array_index (statuses, gint32, i) = DOU_STATUS_REPORT_NOT_FOUND;
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (statuses, gint32, dou_rows_get_int64 (rows, i, 0)) = DOU_STATUS_OK;

  return dou_transaction_execute (transaction, "audit-reports", json, NULL, error)
         && dou_transaction_execute (transaction, "resolve-reports", json, NULL, error);
}

/**
 * dou_social_store_resolve_reports_async:
 * @self: a store
 * @resolutions: (element-type DouSocialResolution): what is resolved, no report twice
 * @now: the time, in milliseconds since 1970
 * @caller: who resolves them; must not change until the callback
 * @cancellable: (nullable): see dou_database_write_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_resolve_reports_async (DouSocialStore *self, GArray *resolutions, gint64 now,
                                        const DouCaller *caller, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data)
{
  DouSocialOperation *operation;
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  task = dou_social_operation_new (self, dou_social_store_resolve_reports_async,
                                   resolve_reports_func, resolutions, cancellable, callback,
                                   user_data);
  operation = g_task_get_task_data (task);
  operation->now = now;
  operation->detail = caller;
  dou_social_operation_write (task);
}

/**
 * dou_social_store_resolve_reports_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0 (also if it was resolved before),
 *   ReportNotFound; or %NULL
 */
GArray *
dou_social_store_resolve_reports_finish (DouSocialStore *self, GAsyncResult *result, GError **error)
{
  return dou_social_operation_finish_results (self, result, dou_social_store_resolve_reports_async,
                                              error);
}

/**
 * dou_social_store_list_audit_async:
 * @self: a store
 * @pages: see dou_audit_list_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_social_store_list_audit_async (DouSocialStore *self, GVariant *pages,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_audit_list_async (dou_social_store_get_database (self), pages, callback, user_data);
}

/**
 * dou_social_store_list_comments_of_async:
 * @self: a store
 * @pages: `a(xxu)`, see dou_record_list_of_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Comments of users: id, video, text, time, likes, dislikes.
 */
void
dou_social_store_list_comments_of_async (DouSocialStore *self, GVariant *pages,
                                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_record_list_of_async (dou_social_store_get_database (self), "list-comments-of", "(xxsxxx)",
                            pages, callback, user_data);
}

/**
 * dou_social_store_list_feelings_of_async:
 * @self: a store
 * @pages: `a(xxu)`, see dou_record_list_of_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * What users feel about comments: comment, feeling.
 */
void
dou_social_store_list_feelings_of_async (DouSocialStore *self, GVariant *pages,
                                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_record_list_of_async (dou_social_store_get_database (self), "list-feelings-of", "(xi)",
                            pages, callback, user_data);
}

/**
 * dou_social_store_list_reports_of_async:
 * @self: a store
 * @pages: `a(xxu)`, see dou_record_list_of_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Reports of users: id, kind, target, reason, when it was made, when it was resolved.
 */
void
dou_social_store_list_reports_of_async (DouSocialStore *self, GVariant *pages,
                                        GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_SOCIAL_STORE (self));

  dou_record_list_of_async (dou_social_store_get_database (self), "list-reports-of", "(xixsxx)",
                            pages, callback, user_data);
}
