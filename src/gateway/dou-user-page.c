/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-gather.h"
#include "gateway/dou-user-page.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-window.h"

/* What the app calls the direction of a friend's latest message. */
#define RECEIVED 0
#define SENT 1

/* A user of the page, and the latest message between that user and the viewer. */
typedef struct
{
  gint64 id;
  GVariant *message; /* (owned) (nullable) (xxxsx), if there is one */
  gint64 time;       /* of the message; 0 without one */
} Entry;

/* A request that waits for its page. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  DouUserPageKind kind;
  gint64 viewer;    /* 0 for a guest */
  gint64 subject;   /* whose list it is */
  gint64 next;      /* where the next page begins; 0 = nowhere */
  GArray *entries;  /* (owned) (element-type Entry) */
  DouGather *chats; /* (owned) (nullable) the latest messages, one for each entry */
} Page;

static void
entry_clear (Entry *entry)
{
  g_clear_pointer (&entry->message, g_variant_unref);
}

static void
page_free (Page *page)
{
  g_array_unref (page->entries);
  g_clear_object (&page->chats);
  g_object_unref (page->request);
  g_free (page);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

static void
write_message (Page *page, const Entry *entry, DouJsonWriter *writer)
{
  const char *text = "";
  gint64 sender = 0;

  if (entry->message != NULL)
    g_variant_get (entry->message, "(xxx&sx)", NULL, &sender, NULL, &text, NULL);

  dou_json_writer_name (writer, "message");
  dou_json_writer_string (writer, text);
  dou_json_writer_name (writer, "msgType");
  dou_json_writer_int64 (writer, sender != 0 && sender == page->viewer ? SENT : RECEIVED);
}

static void
users_loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Page) page = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouUserSet) users = dou_user_set_load_finish (result, &error);
  g_auto (DouJsonWriter) writer = { NULL };

  if (users == NULL)
    {
      dou_request_reply_status (page->request, dou_status_from_error (error));
      return;
    }

  dou_request_begin_reply (page->request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "user_list");
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < page->entries->len; i++)
    {
      const Entry *entry = &g_array_index (page->entries, Entry, i);

      if (!dou_user_set_contains (users, entry->id))
        continue;

      dou_json_writer_begin_object (&writer);
      dou_user_set_write_members (users, entry->id, DOU_USER_PROFILE,
                                  dou_request_get_origin (page->request), &writer);
      if (page->kind == DOU_USER_PAGE_FRIENDS)
        write_message (page, entry, &writer);
      dou_json_writer_end_object (&writer);
    }
  dou_json_writer_end_array (&writer);
  dou_window_write_next (page->next, &writer);
  dou_request_end_reply (page->request, DOU_STATUS_OK, &writer);
}

static void
page_load_users (Page *page)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < page->entries->len; i++)
    g_array_append_val (ids, g_array_index (page->entries, Entry, i).id);

  dou_user_set_load_async (page->context->backend, page->viewer,
                           (const gint64 *) (gpointer) ids->data, ids->len,
                           dou_request_get_cancellable (page->request), users_loaded_cb, page);
}

/* The most recent conversation first; those without one keep their order behind, since GLib's sort of
 * arrays is stable. */
static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  gint64 time_a = ((const Entry *) a)->time;
  gint64 time_b = ((const Entry *) b)->time;

  return (time_a < time_b) - (time_a > time_b);
}

static void
chats_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Page) page = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_gather_run_finish (page->chats, result, &error))
    {
      dou_request_reply_status (page->request, dou_status_from_error (error));
      return;
    }

  for (guint i = 0; i < page->entries->len; i++)
    {
      Entry *entry = &g_array_index (page->entries, Entry, i);
      g_autoptr (GVariant) message = dou_gather_get (page->chats, 0, i);
      gint64 id;

      g_variant_get (message, "(xxx&sx)", &id, NULL, NULL, NULL, &entry->time);
      if (id != 0)
        entry->message = g_steal_pointer (&message);
      else
        entry->time = 0;
    }

  g_array_sort (page->entries, compare_entries);
  page_load_users (g_steal_pointer (&page));
}

static void
page_load_chats (Page *page)
{
  g_autofree GVariant **pairs = g_new (GVariant *, page->entries->len);

  for (guint i = 0; i < page->entries->len; i++)
    pairs[i] = g_variant_new ("(xx)", page->viewer, g_array_index (page->entries, Entry, i).id);

  page->chats = dou_gather_new (page->context->backend);
  dou_gather_add (page->chats, DOU_BACKEND_GET_LATEST_MESSAGES, pairs, page->entries->len);
  dou_gather_run_async (page->chats, dou_request_get_cancellable (page->request), chats_cb, page);
}

static void
ids_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Page) page = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) ids = NULL;
  const gint64 *elements;
  gsize n_elements;

  if (results == NULL)
    {
      dou_request_reply_status (page->request, dou_status_from_error (error));
      return;
    }

  answer = dou_batch_results_get (results, 0);
  g_variant_get (answer, "(x@ax)", &page->next, &ids);
  elements = g_variant_get_fixed_array (ids, &n_elements, sizeof (gint64));
  for (gsize i = 0; i < n_elements; i++)
    {
      const Entry entry = { .id = elements[i] };

      g_array_append_val (page->entries, entry);
    }

  if (page->kind == DOU_USER_PAGE_FRIENDS && page->subject == page->viewer)
    page_load_chats (g_steal_pointer (&page));
  else
    page_load_users (g_steal_pointer (&page));
}

/**
 * dou_user_page_reply:
 * @context: what the handlers work with
 * @request: a request for a list of users, which is answered
 * @kind: what stands beside each user
 * @method: takes user, cursor and count, and gives where the next page begins, and ids of users
 */
void
dou_user_page_reply (DouContext *context, DouRequest *request, DouUserPageKind kind,
                     DouBackendMethod method)
{
  gint64 viewer, subject;
  DouWindow window;
  DouStatus status;
  GVariant *item;
  Page *page;

  status = dou_context_get_subject (context, request, &viewer, &subject);
  if (status == DOU_STATUS_OK)
    status = dou_window_read (&window, request);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  page = g_new0 (Page, 1);
  page->context = context;
  page->request = g_object_ref (request);
  page->kind = kind;
  page->viewer = viewer;
  page->subject = subject;
  page->entries = g_array_new (FALSE, TRUE, sizeof (Entry));
  g_array_set_clear_func (page->entries, (GDestroyNotify) entry_clear);

  item = g_variant_new ("(xxu)", subject, window.cursor, window.count);
  dou_batcher_submit_async (dou_backend_get_batcher (context->backend, method), &item, 1,
                            dou_request_get_cancellable (request), ids_cb, page);
}
