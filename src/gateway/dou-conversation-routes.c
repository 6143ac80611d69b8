/* SPDX-License-Identifier: Apache-2.0 */

/* With whom the caller has exchanged messages, friends or not: one call to the chat domain, then the
 * users. A page ends with the id of its last message, and one more than the page is asked for, which
 * tells whether there is a next one. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-action.h"
#include "gateway/dou-conversation-routes.h"
#include "gateway/dou-message-json.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-window.h"

/* Conversations of one answer. */
#define MAX_CONVERSATIONS 100
/* Bytes of a user with a message, as a guess at the length of an answer. */
#define CONVERSATION_SIZE 768

/* A request that waits for its page. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  gint64 viewer;
  DouWindow window;
  GVariant *page;    /* (owned) (nullable) a(xxxsxu), one more than the window may be in it */
  DouUserSet *users; /* (owned) (nullable) the others, one for each conversation */
} List;

static void
list_free (List *list)
{
  g_clear_pointer (&list->page, g_variant_unref);
  g_clear_pointer (&list->users, dou_user_set_free);
  g_object_unref (list->request);
  g_free (list);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (List, list_free)

static gsize
list_get_length (List *list)
{
  return MIN (g_variant_n_children (list->page), list->window.count);
}

static void
write_conversation (List *list, gsize index, const char *origin, DouJsonWriter *writer)
{
  gint64 id, sender, receiver, time;
  const char *text;
  guint32 n_unread;

  g_variant_get_child (list->page, index, "(xxx&sxu)", &id, &sender, &receiver, &text, &time,
                       &n_unread);
  dou_json_writer_begin_object (writer);
  dou_json_writer_name (writer, "user");
  dou_user_set_write (list->users, index, origin, writer);
  dou_json_writer_name (writer, "message");
  dou_message_json_write (writer, id, sender, receiver, text, time);
  dou_json_writer_name (writer, "unread_count");
  dou_json_writer_int64 (writer, n_unread);
  dou_json_writer_end_object (writer);
}

static void
list_reply (List *list)
{
  g_autofree char *origin = dou_context_get_origin (list->request);
  g_auto (DouJsonWriter) writer = { NULL };
  gsize length = list_get_length (list);
  gint64 next = 0;

  dou_request_begin_large_reply (list->request, DOU_STATUS_OK, (length + 1) * CONVERSATION_SIZE,
                                 &writer);
  dou_json_writer_name (&writer, "conversation_list");
  dou_json_writer_begin_array (&writer);
  for (gsize i = 0; i < length; i++)
    if (dou_user_set_exists (list->users, i))
      write_conversation (list, i, origin, &writer);
  dou_json_writer_end_array (&writer);
  if (g_variant_n_children (list->page) > length)
    g_variant_get_child (list->page, length - 1, "(xxx&sxu)", &next, NULL, NULL, NULL, NULL, NULL);
  dou_window_write_next (next, &writer);
  dou_request_end_reply (list->request, DOU_STATUS_OK, &writer);
}

static void
users_loaded_cb (const GError *error, gpointer user_data)
{
  g_autoptr (List) list = user_data;

  if (error != NULL)
    dou_request_reply_status (list->request, dou_status_from_error (error));
  else
    list_reply (list);
}

/* @list: (transfer full) */
static void
list_load_users (List *owned)
{
  g_autoptr (List) list = owned;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gsize i = 0; i < list_get_length (list); i++)
    {
      gint64 sender, receiver;

      g_variant_get_child (list->page, i, "(xxx&sxu)", NULL, &sender, &receiver, NULL, NULL, NULL);
      g_array_append_vals (ids, sender == list->viewer ? &receiver : &sender, 1);
    }

  list->users = dou_user_set_new (list->context, list->viewer,
                                  (const gint64 *) (gpointer) ids->data, ids->len);
  dou_user_set_hide_from (list->users, list->viewer);
  if (dou_user_set_load (list->users, users_loaded_cb, list))
    list_reply (list);
  else
    g_steal_pointer (&list);
}

static void
conversations_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (List) list = user_data;
  g_autoptr (GVariant) answer = NULL;
  DouStatus status = dou_action_receive (DOU_BATCHER (source), result, &answer);

  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (list->request, status);
      return;
    }

  list->page = g_variant_get_child_value (answer, 1);
  list_load_users (g_steal_pointer (&list));
}

static void
conversation_list_handler (DouRequest *request, gpointer user_data)
{
  g_autoptr (List) list = g_new0 (List, 1);
  DouContext *context = user_data;
  DouStatus status;
  GVariant *item;

  list->context = context;
  list->request = g_object_ref (request);
  status = dou_authenticator_require (context->authenticator, request, &list->viewer);
  if (status == DOU_STATUS_OK)
    status = dou_window_read (&list->window, request);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  list->window.count = MIN (list->window.count, MAX_CONVERSATIONS);
  item = g_variant_new ("(xxu)", list->viewer, list->window.cursor, list->window.count + 1);
  dou_batcher_submit_async (
      dou_backend_get_batcher (context->backend, DOU_BACKEND_GET_CONVERSATIONS), &item, 1,
      dou_request_get_cancellable (request), conversations_cb, g_steal_pointer (&list));
}

static const DouRoute routes[] = {
  { "/douyin/message/conversations", DOU_METHOD_GET, conversation_list_handler },
};

/**
 * dou_conversation_routes_add:
 * @router: takes the route of the conversations
 * @context: what the handler works with; outlives @router
 */
void
dou_conversation_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
