/* SPDX-License-Identifier: Apache-2.0 */

/* Lists, page by page, the newest first: what somebody gets who wants all of it, and what the administration
 * sees. Such a statement takes what a page begins below, beside its owner if there is one (`[owner, before]`
 * or `[before]`), and answers with at most so many rows as a page may have, whose columns are those of the
 * record on the bus. */

#include "config.h"

#include <string.h>

#include "common/dou-record-list.h"

/* One page. */
typedef struct
{
  const char *statement; /* (unowned) static */
  char *json;            /* (owned) */
  guint32 count;
} Page;

/* What is asked for; the data of the call's task. */
typedef struct
{
  const char *row_type; /* (unowned) static */
  Page *pages;          /* (owned) (array length=n_pages) */
  gsize n_pages;
  GVariant *records; /* (owned) (nullable) the answer */
} List;

static void
list_free (List *list)
{
  for (gsize i = 0; i < list->n_pages; i++)
    g_free (list->pages[i].json);

  g_clear_pointer (&list->records, g_variant_unref);
  g_free (list->pages);
  g_free (list);
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
add_page (List *list, DouTransaction *transaction, const Page *page, GVariantBuilder *builder,
          GError **error)
{
  g_autofree char *columns = make_columns (list->row_type);
  g_autofree char *type = g_strconcat ("a", list->row_type, NULL);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, page->statement, columns, page->json, error);

  if (rows == NULL)
    return FALSE;

  g_variant_builder_open (builder, G_VARIANT_TYPE (type));
  for (guint i = 0; i < MIN (dou_rows_get_n_rows (rows), page->count); i++)
    add_record (rows, i, list->row_type, builder);
  g_variant_builder_close (builder);
  return TRUE;
}

static gboolean
list_func (DouTransaction *transaction, gpointer data, GError **error)
{
  List *list = data;
  g_autofree char *type = g_strconcat ("aa", list->row_type, NULL);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE (type));

  g_clear_pointer (&list->records, g_variant_unref);
  for (gsize i = 0; i < list->n_pages; i++)
    if (!add_page (list, transaction, &list->pages[i], &builder, error))
      return FALSE;

  list->records = g_variant_ref_sink (g_variant_builder_end (&builder));
  return TRUE;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  List *list = g_task_get_task_data (task);
  GError *error = NULL;

  if (dou_database_read_finish (DOU_DATABASE (source), result, &error))
    g_task_return_pointer (task, g_steal_pointer (&list->records),
                           (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

static List *
list_new (const char *row_type, GVariant *pages)
{
  List *list = g_new0 (List, 1);

  list->row_type = row_type;
  list->n_pages = g_variant_n_children (pages);
  list->pages = g_new0 (Page, list->n_pages);
  return list;
}

/* @list: (transfer full) */
static void
list_run (List *list, DouDatabase *database, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (database, NULL, callback, user_data);

  g_task_set_source_tag (task, list_run);
  g_task_set_task_data (task, list, (GDestroyNotify) list_free);
  dou_database_read_async (database, list_func, list, NULL, NULL, listed_cb, task);
}

static gint64
get_bound (gint64 before)
{
  return before > 0 ? before : G_MAXINT64;
}

/**
 * dou_record_list_of_async:
 * @database: of a domain
 * @statement: a static string: which of its statements
 * @row_type: a static string: a tuple of x, i and s, of what the statement answers with
 * @pages: `a(xxu)`: owner, what to begin below (0 for the newest), the most; at most
 *   %DOU_RECORD_PAGES_MAX
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Lists what belongs to one user each.
 */
void
dou_record_list_of_async (DouDatabase *database, const char *statement, const char *row_type,
                          GVariant *pages, GAsyncReadyCallback callback, gpointer user_data)
{
  List *list = list_new (row_type, pages);

  for (gsize i = 0; i < list->n_pages; i++)
    {
      Page *page = &list->pages[i];
      gint64 owner, before;

      g_variant_get_child (pages, i, "(xxu)", &owner, &before, &page->count);
      page->statement = statement;
      page->json = g_strdup_printf ("[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]", owner,
                                    get_bound (before));
    }

  list_run (list, database, callback, user_data);
}

/**
 * dou_record_list_some_async:
 * @database: of a domain
 * @statements: two static strings: which of its statements lists a page without and with the mark
 * @row_type: a static string: a tuple of x, i and s, of what both answer with
 * @pages: `a(xbu)`: what to begin below (0 for the newest), the mark, the most
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Lists what there is of all users, all of it or some.
 */
void
dou_record_list_some_async (DouDatabase *database, const char *const statements[2],
                            const char *row_type, GVariant *pages, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  List *list = list_new (row_type, pages);

  for (gsize i = 0; i < list->n_pages; i++)
    {
      Page *page = &list->pages[i];
      gint64 before;
      gboolean marked;

      g_variant_get_child (pages, i, "(xbu)", &before, &marked, &page->count);
      page->statement = statements[marked ? 1 : 0];
      page->json = g_strdup_printf ("[%" G_GINT64_FORMAT "]", get_bound (before));
    }

  list_run (list, database, callback, user_data);
}

/**
 * dou_record_list_all_async:
 * @database: of a domain
 * @statement: a static string: which of its statements
 * @row_type: a static string: a tuple of x, i and s, of what the statement answers with
 * @pages: `a(xu)`: what to begin below (0 for the newest), the most
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Lists all that there is.
 */
void
dou_record_list_all_async (DouDatabase *database, const char *statement, const char *row_type,
                           GVariant *pages, GAsyncReadyCallback callback, gpointer user_data)
{
  List *list = list_new (row_type, pages);

  for (gsize i = 0; i < list->n_pages; i++)
    {
      Page *page = &list->pages[i];
      gint64 before;

      g_variant_get_child (pages, i, "(xu)", &before, &page->count);
      page->statement = statement;
      page->json = g_strdup_printf ("[%" G_GINT64_FORMAT "]", get_bound (before));
    }

  list_run (list, database, callback, user_data);
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
  g_return_val_if_fail (g_async_result_is_tagged (result, list_run), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
