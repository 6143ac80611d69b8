/* SPDX-License-Identifier: Apache-2.0 */

/* The store: what the administration does to videos, and the lists that only it sees. Each action is
 * written into the audit log in the same transaction.
 *
 * A hidden video keeps its row, with a mark that the pages and counts of everybody pass over. To move
 * the row to another table was rejected: transcoding, the files' recovery after a crash and the backup
 * all look for a video's row, and would take the files of a hidden one for left-overs. */

#include "config.h"

#include "video/dou-video-store-private.h"

/* Bytes of JSON for a hiding with a short reason. */
#define HIDING_SIZE 128

static char *
make_hidings_json (const DouVideoHiding *hidings, guint n_hidings, const DouCaller *caller)
{
  g_auto (DouJsonWriter) writer = { 0 };
  gint64 now = g_get_real_time () / 1000;

  dou_json_writer_init (&writer, n_hidings * HIDING_SIZE + 2);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_hidings; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, hidings[i].id);
      dou_json_writer_int64 (&writer, hidings[i].hide ? 1 : 0);
      dou_audit_write (&writer, now, caller, hidings[i].why);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

static gboolean
hide_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouVideoOperation *operation = data;
  const char *json = operation->audit_json;
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-hide-changes", "xxxx", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      DouVideoHidden *hidden = &g_array_index (operation->results, DouVideoHidden, i);

      hidden->place.id = dou_rows_get_int64 (rows, i, 0);
      hidden->author = dou_rows_get_int64 (rows, i, 1);
      hidden->place.publish_time = dou_rows_get_int64 (rows, i, 2);
      hidden->changed = dou_rows_get_int64 (rows, i, 3) != 0;
    }

  return dou_transaction_execute (transaction, "audit-hides", json, NULL, error)
         && dou_transaction_execute (transaction, "set-hidden", json, NULL, error);
}

/**
 * dou_video_store_set_hidden_async:
 * @self: a store
 * @hidings: (array length=n_hidings): what to hide or not, each video once
 * @n_hidings: how many
 * @caller: who does it
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_set_hidden_async (DouVideoStore *self, const DouVideoHiding *hidings,
                                  guint n_hidings, const DouCaller *caller,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GArray) results = g_array_new (FALSE, TRUE, sizeof (DouVideoHidden));

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  g_array_set_size (results, n_hidings);
  for (guint i = 0; i < n_hidings; i++)
    g_array_index (results, DouVideoHidden, i).hidden = hidings[i].hide;
  dou_video_store_run (
      self,
      (DouVideoOperation){ .func = hide_func,
                           .results = g_steal_pointer (&results),
                           .audit_json = make_hidings_json (hidings, n_hidings, caller) },
      dou_video_store_set_hidden_async, callback, user_data);
}

/**
 * dou_video_store_set_hidden_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouVideoHidden): what each did; or %NULL with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_video_store_set_hidden_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_set_hidden_async, error);

  return operation != NULL ? g_array_ref (operation->results) : NULL;
}

/* Pages of the list of all videos; the data of the call's task. */
typedef struct
{
  DouVideoListPage *pages; /* (owned) (array length=n_pages) */
  guint n_pages;
  GVariant *videos; /* (owned) (nullable) the answer */
} List;

static void
list_free (List *list)
{
  g_clear_pointer (&list->videos, g_variant_unref);
  g_free (list->pages);
  g_free (list);
}

static gboolean
add_page (DouTransaction *transaction, const DouVideoListPage *page, GVariantBuilder *builder,
          GError **error)
{
  g_autofree char *json = dou_audit_make_before_json (page->before);
  g_autoptr (DouRows) rows = dou_transaction_query (
      transaction, page->only_hidden ? "list-hidden" : "list-videos", "xxsxx", json, error);

  if (rows == NULL)
    return FALSE;

  g_variant_builder_open (builder, G_VARIANT_TYPE ("a(xxsxx)"));
  for (guint i = 0; i < MIN (dou_rows_get_n_rows (rows), page->count); i++)
    g_variant_builder_add (builder, "(xxsxx)", dou_rows_get_int64 (rows, i, 0),
                           dou_rows_get_int64 (rows, i, 1), dou_rows_get_text (rows, i, 2),
                           dou_rows_get_int64 (rows, i, 3), dou_rows_get_int64 (rows, i, 4));
  g_variant_builder_close (builder);
  return TRUE;
}

static gboolean
list_func (DouTransaction *transaction, gpointer data, GError **error)
{
  List *list = data;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa(xxsxx)"));

  g_clear_pointer (&list->videos, g_variant_unref);
  for (guint i = 0; i < list->n_pages; i++)
    if (!add_page (transaction, &list->pages[i], &builder, error))
      return FALSE;

  list->videos = g_variant_ref_sink (g_variant_builder_end (&builder));
  return TRUE;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  List *list = g_task_get_task_data (task);
  GError *error = NULL;

  if (dou_database_read_finish (DOU_DATABASE (source), result, &error))
    g_task_return_pointer (task, g_steal_pointer (&list->videos),
                           (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_video_store_list_videos_async:
 * @self: a store
 * @pages: (array length=n_pages): what to list
 * @n_pages: how many, at most %DOU_VIDEO_LISTS_MAX
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_list_videos_async (DouVideoStore *self, const DouVideoListPage *pages,
                                   guint n_pages, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task;
  List *list;

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  list = g_new0 (List, 1);
  list->pages = g_memdup2 (pages, n_pages * sizeof *pages);
  list->n_pages = n_pages;
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_video_store_list_videos_async);
  g_task_set_task_data (task, list, (GDestroyNotify) list_free);
  dou_database_read_async (dou_video_store_get_database (self), list_func, list, NULL, NULL,
                           listed_cb, task);
}

/**
 * dou_video_store_list_videos_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): `aa(xxsxx)`, for each page its videos, the newest first: id, author, title,
 *   publish time, since when hidden; or %NULL with the errors of dou_database_read_finish()
 */
GVariant *
dou_video_store_list_videos_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_store_list_videos_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dou_video_store_list_videos_of_async:
 * @self: a store
 * @pages: `a(xxu)`, see dou_record_list_async()
 * @callback: called with the result
 * @user_data: for @callback
 *
 * Videos of authors: id, title, file, cover, publish time, since when hidden.
 */
void
dou_video_store_list_videos_of_async (DouVideoStore *self, GVariant *pages,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_record_list_async (dou_video_store_get_database (self), "list-videos-of", "(xsssxx)", pages,
                         callback, user_data);
}

static void
listed_audit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GVariant *entries = dou_audit_list_finish (DOU_DATABASE (source), result, &error);

  if (entries != NULL)
    g_task_return_pointer (task, entries, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_video_store_list_audit_async:
 * @self: a store
 * @pages: (array length=n_pages): what to list
 * @n_pages: how many, at most %DOU_AUDIT_PAGES_MAX
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_video_store_list_audit_async (DouVideoStore *self, const DouAuditPage *pages, guint n_pages,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_video_store_list_audit_async);
  dou_audit_list_async (dou_video_store_get_database (self), pages, n_pages, NULL,
                        listed_audit_cb, task);
}

/**
 * dou_video_store_list_audit_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): see dou_audit_list_finish()
 */
GVariant *
dou_video_store_list_audit_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_store_list_audit_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
