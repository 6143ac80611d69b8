/* SPDX-License-Identifier: Apache-2.0 */

/* Reports: what users may tell the administration, and what that says when it is done with one. */

#include "config.h"

#include "common/dou-text.h"
#include "social/dou-social-manager-reports.h"
#include "social/dou-social-store-reports.h"

/* Many items that came together; the data of the call's task. */
typedef struct
{
  GArray *statuses; /* (owned) (element-type gint32) of each as it came */
  GArray *wanted;   /* (owned) for the store */
  GArray *places;   /* (owned) (element-type guint) where each of wanted came */
  DouCaller caller; /* (owned) who resolves */
} ReportCall;

static void
report_call_free (ReportCall *self)
{
  g_array_unref (self->statuses);
  g_array_unref (self->wanted);
  g_array_unref (self->places);
  g_free (self->caller.login);
  g_free (self);
}

/* @wanted: (transfer full) */
static GTask *
report_call_new (DouSocialManager *manager, gpointer source_tag, guint n_items, GArray *wanted,
                 GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (manager, cancellable, callback, user_data);
  ReportCall *self = g_new0 (ReportCall, 1);

  self->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), n_items);
  g_array_set_size (self->statuses, n_items);
  self->wanted = wanted;
  self->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_items);
  g_task_set_source_tag (task, source_tag);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, self, (GDestroyNotify) report_call_free);
  return task;
}

/* @task: (transfer full)
 * @statuses: (transfer full) (nullable): of what the store was asked for */
static void
report_call_complete (GTask *task, GArray *statuses, GError *error)
{
  ReportCall *self = g_task_get_task_data (task);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    {
      for (guint i = 0; i < self->places->len; i++)
        g_array_index (self->statuses, gint32, g_array_index (self->places, guint, i))
            = g_array_index (statuses, gint32, i);
      g_task_return_pointer (task, g_array_ref (self->statuses), (GDestroyNotify) g_array_unref);
    }

  g_clear_pointer (&statuses, g_array_unref);
  g_object_unref (task);
}

static GArray *
report_call_finish (DouSocialManager *manager, GAsyncResult *result, gpointer source_tag,
                    GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, manager), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static DouStatus
check_report (const DouSocialReport *report)
{
  if (!dou_social_id_is_valid (report->reporter) || !dou_social_id_is_valid (report->target)
      || report->kind < DOU_SOCIAL_REPORT_VIDEO || report->kind > DOU_SOCIAL_REPORT_USER)
    return DOU_STATUS_BAD_PARAMETER;
  if (report->kind == DOU_SOCIAL_REPORT_USER && report->target == report->reporter)
    return DOU_STATUS_REPORT_REFUSED;
  if (!dou_text_is_valid (report->reason, DOU_TEXT_MULTI_LINE, DOU_SOCIAL_TEXT_MAX))
    return DOU_STATUS_BAD_TEXT;

  return DOU_STATUS_OK;
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  GArray *statuses
      = dou_social_store_add_reports_finish (DOU_SOCIAL_STORE (source), result, &error);

  report_call_complete (user_data, statuses, error);
}

/**
 * dou_social_manager_add_reports_async:
 * @self: a manager
 * @reports: (element-type DouSocialReport): what is reported
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * That videos and users exist, and that a video is not the reporter's own, the caller has asked before.
 */
void
dou_social_manager_add_reports_async (DouSocialManager *self, GArray *reports,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GArray *wanted;
  ReportCall *call;
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  wanted = dou_social_reports_new (reports->len);
  task = report_call_new (self, dou_social_manager_add_reports_async, reports->len, wanted,
                          cancellable, callback, user_data);
  call = g_task_get_task_data (task);
  for (guint i = 0; i < reports->len; i++)
    {
      DouSocialReport report = g_array_index (reports, DouSocialReport, i);
      DouStatus status = check_report (&report);

      g_array_index (call->statuses, gint32, i) = (gint32) status;
      if (status != DOU_STATUS_OK)
        continue;

      report.reason = g_strdup (report.reason);
      g_array_append_val (wanted, report);
      g_array_append_val (call->places, i);
    }

  if (wanted->len > 0)
    dou_social_store_add_reports_async (dou_social_manager_get_store (self), wanted,
                                        dou_clock_get_real_time (dou_social_manager_get_clock (self)),
                                        cancellable, added_cb, task);
  else
    report_call_complete (task, NULL, NULL);
}

/**
 * dou_social_manager_add_reports_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0 (also if it was there before),
 *   BadParameter, BadText, CommentNotFound, ReportRefused (oneself, or a comment of one's own); or %NULL if
 *   nothing was done, with the errors of dou_database_write_finish()
 */
GArray *
dou_social_manager_add_reports_finish (DouSocialManager *self, GAsyncResult *result, GError **error)
{
  return report_call_finish (self, result, dou_social_manager_add_reports_async, error);
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  GArray *statuses
      = dou_social_store_resolve_reports_finish (DOU_SOCIAL_STORE (source), result, &error);

  report_call_complete (user_data, statuses, error);
}

/**
 * dou_social_manager_resolve_reports_async:
 * @self: a manager
 * @resolutions: (element-type DouSocialResolution): with what the administration is done
 * @caller: who says so
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * What is resolved already stays as it was, and is not written down again.
 */
void
dou_social_manager_resolve_reports_async (DouSocialManager *self, GArray *resolutions,
                                          const DouCaller *caller, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  GArray *wanted;
  ReportCall *call;
  GTask *task;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  wanted = dou_social_resolutions_new (resolutions->len);
  task = report_call_new (self, dou_social_manager_resolve_reports_async, resolutions->len, wanted,
                          cancellable, callback, user_data);
  call = g_task_get_task_data (task);
  call->caller = (DouCaller){ caller->uid, g_strdup (caller->login) };
  for (guint i = 0; i < resolutions->len; i++)
    {
      DouSocialResolution *resolution = &g_array_index (resolutions, DouSocialResolution, i);
      DouSocialResolution copy = { resolution->id, NULL };

      if (!dou_audit_may_act (seen, &resolution->id, resolution->why))
        {
          g_array_index (call->statuses, gint32, i) = DOU_STATUS_BAD_PARAMETER;
          continue;
        }

      copy.why = g_strdup (resolution->why);
      g_array_append_val (wanted, copy);
      g_array_append_val (call->places, i);
    }

  if (wanted->len > 0)
    dou_social_store_resolve_reports_async (
        dou_social_manager_get_store (self), wanted,
        dou_clock_get_real_time (dou_social_manager_get_clock (self)), &call->caller, cancellable,
        resolved_cb, task);
  else
    report_call_complete (task, NULL, NULL);
}

/**
 * dou_social_manager_resolve_reports_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0, ReportNotFound, BadParameter (the
 *   reason, or the report was named before); or %NULL if nothing was done, with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_social_manager_resolve_reports_finish (DouSocialManager *self, GAsyncResult *result,
                                           GError **error)
{
  return report_call_finish (self, result, dou_social_manager_resolve_reports_async, error);
}
