/* SPDX-License-Identifier: Apache-2.0 */

/* Lists of users.
 *
 * The social domain orders them by when somebody was followed, and its cursors go by that. One's own
 * friends stand in the order of the conversations with them, which only the chat domain knows. So of
 * them as many as an answer may have are looked at, whatever is asked for, and brought into that order;
 * a page is cut out of it. Its cursor tells these friends, and the last one that was on the page: the time
 * of the latest message, then the user. Who has more friends than fit an answer gets the next ones in
 * the same way behind them. */

#include "config.h"

#include "gateway/dou-gather.h"
#include "gateway/dou-owned-list.h"
#include "gateway/dou-user-cursor.h"
#include "gateway/dou-user-page.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-window.h"

/* What the app calls the direction of a friend's latest message. */
#define RECEIVED 0
#define SENT 1
/* Bytes of a user, as a guess at the length of an answer. */
#define USER_SIZE 512

/* Friends that are brought into order at a time: as many as an answer may have. */
#define MAX_ORDERED 1000

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
  guint count;      /* most users to answer */
  DouUserCursor place; /* of one's own friends */
  char *next_place; /* (owned) (nullable) where the next page begins, if these friends go on */
  gint64 next;      /* where the next page begins otherwise; 0 = nowhere */
  GArray *entries;  /* (owned) (element-type Entry) */
  DouGather *chats; /* (owned) (nullable) the latest messages, one for each entry */
  DouUserSet *users; /* (owned) (nullable) one for each entry */
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
  g_clear_pointer (&page->users, dou_user_set_free);
  g_object_unref (page->request);
  g_free (page->next_place);
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
page_reply (Page *page)
{
  g_autofree char *origin = dou_context_get_origin (page->request);
  g_auto (DouJsonWriter) writer = { NULL };

  dou_request_begin_large_reply (page->request, DOU_STATUS_OK,
                                 (page->entries->len + 1) * USER_SIZE, &writer);
  dou_json_writer_name (&writer, "user_list");
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < page->entries->len; i++)
    {
      if (!dou_user_set_exists (page->users, i))
        continue;

      dou_json_writer_begin_object (&writer);
      dou_user_set_write_members (page->users, i, origin, &writer);
      if (page->kind == DOU_USER_PAGE_FRIENDS)
        write_message (page, &g_array_index (page->entries, Entry, i), &writer);
      dou_json_writer_end_object (&writer);
    }
  dou_json_writer_end_array (&writer);
  if (page->next_place != NULL)
    {
      dou_json_writer_name (&writer, "next_cursor");
      dou_json_writer_string (&writer, page->next_place);
    }
  else
    dou_window_write_next (page->next, &writer);
  dou_request_end_reply (page->request, DOU_STATUS_OK, &writer);
}

static void
users_loaded_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Page) page = user_data;

  if (error != NULL)
    dou_request_reply_status (page->request, dou_status_from_error (error));
  else
    page_reply (page);
}

/* @page: (transfer full) */
static void
page_load_users (Page *page)
{
  g_autoptr (Page) owned = page;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < page->entries->len; i++)
    g_array_append_val (ids, g_array_index (page->entries, Entry, i).id);

  page->users = dou_user_set_new (page->context, page->viewer,
                                  (const gint64 *) (gpointer) ids->data, ids->len);
  if (page->kind != DOU_USER_PAGE_BLOCKS)
    dou_user_set_hide_from (page->users, page->viewer);
  if (dou_user_set_load (page->users, users_loaded_cb, page))
    page_reply (page);
  else
    g_steal_pointer (&owned);
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

/* The first entry that comes after the place. If its friend is not where he was, because there was a
 * message since then, those with older ones are what is left. */
static guint
page_find_first (Page *page)
{
  const GArray *entries = page->entries;
  guint first = 0;

  if (page->place.id == 0)
    return 0;

  while (first < entries->len && g_array_index (entries, Entry, first).time > page->place.time)
    first++;
  for (guint i = first;
       i < entries->len && g_array_index (entries, Entry, i).time == page->place.time; i++)
    if (g_array_index (entries, Entry, i).id == page->place.id)
      return i + 1;

  return first;
}

/* Leaves what is to be answered of friends that are in order. */
static void
page_cut (Page *page)
{
  guint first = page_find_first (page);
  guint end = (guint) MIN ((guint64) first + page->count, page->entries->len);

  if (end < page->entries->len)
    {
      const Entry *last = &g_array_index (page->entries, Entry, end - 1);
      const DouUserCursor next = { page->place.cursor, last->time, last->id };

      page->next_place = dou_user_cursor_print (&next);
    }
  g_array_set_size (page->entries, end);
  g_array_remove_range (page->entries, 0, first);
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
  page_cut (page);
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

static gboolean
page_is_ordered (Page *page)
{
  return page->kind == DOU_USER_PAGE_FRIENDS && page->subject == page->viewer;
}

static void
listed_cb (const gint64 *ids, gsize n_ids, gint64 next, const GError *error, gpointer user_data)
{
  g_autoptr (Page) page = user_data;

  if (error != NULL)
    {
      dou_request_reply_status (page->request, dou_status_from_error (error));
      return;
    }

  page->next = next;
  for (gsize i = 0; i < n_ids; i++)
    {
      const Entry entry = { .id = ids[i] };

      g_array_append_val (page->entries, entry);
    }

  if (page_is_ordered (page))
    page_load_chats (g_steal_pointer (&page));
  else
    page_load_users (g_steal_pointer (&page));
}

/* @window: (out): what to ask the social domain for */
static DouStatus
page_read_window (Page *page, DouWindow *window)
{
  const char *cursor = dou_request_get_parameter (page->request, "cursor");
  DouStatus status;

  if (!page_is_ordered (page))
    return dou_window_read (window, page->request);

  status = dou_window_read_count (window, page->request);
  if (status != DOU_STATUS_OK)
    return status;
  if (!dou_user_cursor_parse (&page->place, cursor != NULL ? cursor : ""))
    return DOU_STATUS_BAD_PARAMETER;

  page->count = window->count;
  window->count = MAX_ORDERED;
  window->cursor = page->place.cursor;
  return DOU_STATUS_OK;
}

/* Finds out whose list it is. Whom somebody blocks is told to nobody else. */
static DouStatus
page_read_subject (Page *page)
{
  DouStatus status;

  if (page->kind != DOU_USER_PAGE_BLOCKS)
    return dou_context_get_subject (page->context, page->request, &page->viewer, &page->subject);

  status = dou_authenticator_require (page->context->authenticator, page->request, &page->viewer);
  page->subject = page->viewer;
  return status;
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
  g_autoptr (Page) page = g_new0 (Page, 1);
  DouWindow window;
  DouStatus status;

  page->context = context;
  page->request = g_object_ref (request);
  page->kind = kind;
  page->entries = g_array_new (FALSE, TRUE, sizeof (Entry));
  g_array_set_clear_func (page->entries, (GDestroyNotify) entry_clear);

  status = page_read_subject (page);
  if (status == DOU_STATUS_OK)
    status = page_read_window (page, &window);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  dou_owned_list_load (context, request, page->viewer, page->subject, method,
                       g_variant_new ("(xxu)", page->subject, window.cursor, window.count), listed_cb, page);
  g_steal_pointer (&page);
}
