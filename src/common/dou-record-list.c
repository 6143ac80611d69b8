/* SPDX-License-Identifier: Apache-2.0 */

/* Lists of what belongs to one user, page by page, the newest first: what somebody gets who wants all of
 * it. Such a statement takes `[owner, before]` and answers with at most DOU_RECORD_PAGE_MAX rows, whose
 * columns are those of the record on the bus. */

#include "config.h"

#include <string.h>

#include "common/dou-record-list.h"

/* What is asked for; the data of the call's task. */
typedef struct
{
  const char *statement; /* (unowned) static */
  const char *row_type;  /* (unowned) static */
  GArray *pages;         /* (owned) (element-type DouRecordPage) */
  GVariant *records;     /* (owned) (nullable) the answer */
} Call;

static void
call_free (Call *call)
{
  g_clear_pointer (&call->records, g_variant_unref);
  g_array_unref (call->pages);
  g_free (call);
}

/* Returns: (transfer full): the columns of a row of this type: numbers are all of one kind */
static char *
make_columns (const char *row_type)
{
  char *columns = g_strndup (row_type + 1, strlen (row_type) - 2);

  return g_strdelimit (columns, "i", 'x');
}

static GVariant *
make_cell (DouRows *rows, guint row, guint column, char type)
{
  const char *text;

  switch (type)
    {
    case 'x':
      return g_variant_new_int64 (dou_rows_get_int64 (rows, row, column));
    case 'i':
      return g_variant_new_int32 ((gint32) dou_rows_get_int64 (rows, row, column));
    case 's':
      text = dou_rows_get_text (rows, row, column);
      return g_variant_new_string (text != NULL ? text : "");
    default:
      g_assert_not_reached ();
    }
}

static void
add_record (DouRows *rows, guint row, const char *row_type, GVariantBuilder *builder)
{
  g_variant_builder_open (builder, G_VARIANT_TYPE (row_type));
  for (guint i = 0; row_type[i + 1] != ')'; i++)
    g_variant_builder_add_value (builder, make_cell (rows, row, i, row_type[i + 1]));
  g_variant_builder_close (builder);
}

static gboolean
add_page (Call *call, DouTransaction *transaction, const DouRecordPage *page,
          GVariantBuilder *builder, GError **error)
{
  g_autofree char *json
      = g_strdup_printf ("[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", page->owner,
                         page->before > 0 ? page->before : G_MAXINT64);
  g_autofree char *columns = make_columns (call->row_type);
  g_autofree char *type = g_strconcat ("a", call->row_type, NULL);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, call->statement, columns, json, error);

  if (rows == NULL)
    return FALSE;

  g_variant_builder_open (builder, G_VARIANT_TYPE (type));
  for (guint i = 0; i < MIN (dou_rows_get_n_rows (rows), page->count); i++)
    add_record (rows, i, call->row_type, builder);
  g_variant_builder_close (builder);
  return TRUE;
}

static gboolean
list_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Call *call = data;
  g_autofree char *type = g_strconcat ("aa", call->row_type, NULL);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE (type));

  g_clear_pointer (&call->records, g_variant_unref);
  for (guint i = 0; i < call->pages->len; i++)
    if (!add_page (call, transaction, &g_array_index (call->pages, DouRecordPage, i), &builder,
                   error))
      return FALSE;

  call->records = g_variant_ref_sink (g_variant_builder_end (&builder));
  return TRUE;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (dou_database_read_finish (DOU_DATABASE (source), result, &error))
    g_task_return_pointer (task, g_steal_pointer (&call->records),
                           (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_record_list_async:
 * @database: of a domain
 * @statement: a static string: which of its statements
 * @row_type: a static string: a tuple of x, i and s, of what the statement answers with
 * @pages: `a(xxu)`: owner, what to begin below, the most; at most %DOU_RECORD_PAGES_MAX
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_record_list_async (DouDatabase *database, const char *statement, const char *row_type,
                       GVariant *pages, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (database, NULL, callback, user_data);
  Call *call = g_new0 (Call, 1);
  DouRecordPage page;
  GVariantIter iter;

  call->statement = statement;
  call->row_type = row_type;
  call->pages = g_array_new (FALSE, FALSE, sizeof (DouRecordPage));
  g_variant_iter_init (&iter, pages);
  while (g_variant_iter_next (&iter, "(xxu)", &page.owner, &page.before, &page.count))
    g_array_append_val (call->pages, page);
  g_task_set_source_tag (task, dou_record_list_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  dou_database_read_async (database, list_func, call, NULL, NULL, listed_cb, task);
}

/**
 * dou_record_list_finish:
 * @database: of the call
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): for each page its records, the newest first; or %NULL, with the errors of
 *   dou_database_read_finish()
 */
GVariant *
dou_record_list_finish (DouDatabase *database, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, database), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_record_list_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
