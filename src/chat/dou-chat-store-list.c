/* SPDX-License-Identifier: Apache-2.0 */

/* Lists of conversations. As in dou-chat-store-get.c, what a job may bring home is bounded in bytes:
 * a statement is about some requests at a time, and those whose turn does not come get NULL. A call
 * of everyday size is one statement. */

#include "config.h"

#include <string.h>

#include "chat/dou-chat-store-get.h"
#include "chat/dou-chat-store-list.h"
#include "common/dou-json-writer.h"

/* Bytes after which nobody gets a turn any more. A group may add 6 MB, were all its texts as long as
 * texts may be: together below the 16 MiB of one message on the private bus. */
#define SIZE_MAX_TOTAL (8 * 1024 * 1024)

/* Lists that are read by one statement. */
#define GROUP_SIZE 16

/* What a conversation costs beside its text, here and on the bus: six numbers and padding. */
#define CONVERSATION_SIZE 72

/* Bytes of JSON for one query: a user and a message of 16 digits, and two numbers. */
#define ROW_SIZE 64

static void
conversation_clear (gpointer data)
{
  DouChatConversation *conversation = data;

  g_clear_pointer (&conversation->latest, dou_message_unref);
}

static void
page_free (gpointer data)
{
  if (data != NULL)
    g_array_unref (data);
}

/**
 * dou_chat_list_new:
 * @queries: (array length=n_queries): what is wanted
 * @n_queries: how many
 *
 * Returns: (transfer full): the data of a job
 */
DouChatList *
dou_chat_list_new (const DouChatListQuery *queries, guint n_queries)
{
  DouChatList *self = g_new0 (DouChatList, 1);

  self->queries = g_memdup2 (queries, n_queries * sizeof (DouChatListQuery));
  self->n_queries = n_queries;
  return self;
}

void
dou_chat_list_free (DouChatList *self)
{
  g_clear_pointer (&self->pages, g_ptr_array_unref);
  g_free (self->queries);
  g_free (self);
}

/* All are read up to the highest limit. */
static char *
make_json (DouChatList *self, guint first, guint end)
{
  g_auto (DouJsonWriter) writer = { 0 };
  guint limit = 1;

  for (guint i = first; i < end; i++)
    limit = MAX (limit, self->queries[i].limit);

  dou_json_writer_init (&writer, (end - first) * ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = first; i < end; i++)
    {
      const DouChatListQuery *query = &self->queries[i];

      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, query->reader);
      dou_json_writer_int64 (&writer, query->below != 0 ? query->below : G_MAXINT64);
      dou_json_writer_int64 (&writer, limit);
      dou_json_writer_int64 (&writer, DOU_CHAT_UNREAD_MAX);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/* @row: of list-conversations */
static void
add_conversation (DouChatList *self, guint place, DouRows *rows, guint row)
{
  GArray *page = g_ptr_array_index (self->pages, place);
  DouChatConversation conversation = { NULL, (guint) dou_rows_get_int64 (rows, row, 6) };

  if (page->len >= self->queries[place].limit)
    return;

  conversation.latest = dou_chat_get_message (rows, row, 1);
  g_array_append_val (page, conversation);
  self->size += CONVERSATION_SIZE + strlen (conversation.latest->text);
}

static gboolean
read_group (DouChatList *self, DouTransaction *transaction, guint first, guint end, GError **error)
{
  g_autofree char *json = make_json (self, first, end);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "list-conversations", "xxxxxsx", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = first; i < end; i++)
    {
      GArray *page = g_array_new (FALSE, FALSE, sizeof (DouChatConversation));

      g_array_set_clear_func (page, conversation_clear);
      g_ptr_array_index (self->pages, i) = page;
    }
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    add_conversation (self, first + (guint) dou_rows_get_int64 (rows, i, 0), rows, i);

  return TRUE;
}

/**
 * dou_chat_list_func:
 * @transaction: that may read
 * @data: a #DouChatList
 * @error: return location
 *
 * A #DouDatabaseFunc.
 *
 * Returns: whether all was read, or as much as may be
 */
gboolean
dou_chat_list_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouChatList *self = data;

  g_clear_pointer (&self->pages, g_ptr_array_unref);
  self->pages = g_ptr_array_new_full (self->n_queries, page_free);
  g_ptr_array_set_size (self->pages, (gint) self->n_queries);
  self->size = 0;

  for (guint i = 0; i < self->n_queries && self->size < SIZE_MAX_TOTAL; i += GROUP_SIZE)
    if (!read_group (self, transaction, i, MIN (i + GROUP_SIZE, self->n_queries), error))
      return FALSE;

  return TRUE;
}
