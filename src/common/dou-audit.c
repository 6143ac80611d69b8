/* SPDX-License-Identifier: Apache-2.0 */

/* The audit log of a domain: what its statements about DOMAIN_audit have in common. An entry is written
 * by a statement of the domain in the transaction of what it tells about, and only if that changes
 * something, so there is neither an action without an entry nor an entry without an action, and a call
 * that is sent again leaves none. That entries stay as they are, triggers see to. */

#include "config.h"

#include "common/dou-audit.h"
#include "common/dou-text.h"

#define ENTRY_TYPE "(xxxssxs)"

/* What is asked for; the data of the call's task. */
typedef struct
{
  DouAuditPage *pages; /* (owned) (array length=n_pages) */
  guint n_pages;
  GVariant *entries; /* (owned) (nullable) the answer */
} Call;

static void
call_free (Call *call)
{
  g_clear_pointer (&call->entries, g_variant_unref);
  g_free (call->pages);
  g_free (call);
}

/**
 * dou_audit_is_why:
 * @why: why somebody does something
 *
 * Returns: whether it can be written down: at most 500 characters in one line; it may be empty
 */
gboolean
dou_audit_is_why (const char *why)
{
  return *why == '\0' || dou_text_is_valid (why, DOU_TEXT_SINGLE_LINE, DOU_AUDIT_WHY_MAX);
}

/**
 * dou_audit_write:
 * @writer: takes four elements
 * @time: of the action, in milliseconds since 1970
 * @caller: who acts
 * @why: a reason, of dou_audit_is_why()
 */
void
dou_audit_write (DouJsonWriter *writer, gint64 time, const DouCaller *caller, const char *why)
{
  dou_json_writer_int64 (writer, time);
  dou_json_writer_int64 (writer, caller->uid);
  dou_json_writer_string (writer, caller->login);
  dou_json_writer_string (writer, why);
}

/**
 * dou_audit_make_before_json:
 * @before: the id that a page begins below; 0 for the newest
 *
 * Returns: (transfer full): the parameter of a statement that answers with such a page
 */
char *
dou_audit_make_before_json (gint64 before)
{
  return g_strdup_printf ("[%" G_GINT64_FORMAT "]", before > 0 ? before : G_MAXINT64);
}

static gboolean
add_page (DouTransaction *transaction, const DouAuditPage *page, GVariantBuilder *builder,
          GError **error)
{
  g_autofree char *json = dou_audit_make_before_json (page->before);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "get-audit", "xxxssxs", json, error);

  if (rows == NULL)
    return FALSE;

  g_variant_builder_open (builder, G_VARIANT_TYPE ("a" ENTRY_TYPE));
  for (guint i = 0; i < MIN (dou_rows_get_n_rows (rows), page->count); i++)
    {
      const char *why = dou_rows_get_text (rows, i, 6);

      g_variant_builder_add (builder, ENTRY_TYPE, dou_rows_get_int64 (rows, i, 0),
                             dou_rows_get_int64 (rows, i, 1), dou_rows_get_int64 (rows, i, 2),
                             dou_rows_get_text (rows, i, 3), dou_rows_get_text (rows, i, 4),
                             dou_rows_get_int64 (rows, i, 5), why != NULL ? why : "");
    }
  g_variant_builder_close (builder);
  return TRUE;
}

static gboolean
list_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Call *call = data;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa" ENTRY_TYPE));

  g_clear_pointer (&call->entries, g_variant_unref);
  for (guint i = 0; i < call->n_pages; i++)
    if (!add_page (transaction, &call->pages[i], &builder, error))
      return FALSE;

  call->entries = g_variant_ref_sink (g_variant_builder_end (&builder));
  return TRUE;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (dou_database_read_finish (DOU_DATABASE (source), result, &error))
    g_task_return_pointer (task, g_steal_pointer (&call->entries),
                           (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_audit_list_async:
 * @database: of a domain that has a statement get-audit
 * @pages: (array length=n_pages): what to list
 * @n_pages: how many, at most %DOU_AUDIT_PAGES_MAX
 * @cancellable: (nullable): see dou_database_read_async()
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_audit_list_async (DouDatabase *database, const DouAuditPage *pages, guint n_pages,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (database, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->pages = g_memdup2 (pages, n_pages * sizeof *pages);
  call->n_pages = n_pages;
  g_task_set_source_tag (task, dou_audit_list_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  dou_database_read_async (database, list_func, call, NULL, cancellable, listed_cb, task);
}

/**
 * dou_audit_list_finish:
 * @database: of the call
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): `aa(xxxssxs)`, for each page its entries, the newest first: number, time,
 *   user id and login of who acted, action, what it was done to, why; or %NULL
 */
GVariant *
dou_audit_list_finish (DouDatabase *database, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, database), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_audit_list_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
