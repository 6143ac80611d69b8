/* SPDX-License-Identifier: Apache-2.0 */

/* Reading conversations. Nearly all of it is polling, and nearly all polls find nothing: so one
 * statement asks for all of a call whether there is anything, which is a search in an index for
 * each. Only those for whom there is something are read then, some at a time.
 *
 * A message has up to 4 kB, a page up to 500 messages, and a call thousands of requests. What a job
 * may bring home is therefore bounded in bytes. Those whose turn does not come get NULL, and may
 * ask again; giving everybody a shorter page instead would make what a client reads depend on who
 * else reads.
 */

#include "config.h"

#include <string.h>

#include "chat/dou-chat-store-get.h"
#include "common/dou-json-writer.h"

/* Bytes of messages after which nobody gets a turn any more. A page that was begun is taken whole,
 * which may add 2 MB: together well below the 16 MiB of one message on the private bus. */
#define SIZE_MAX_TOTAL (8 * 1024 * 1024)

/* Conversations that are read by one statement. */
#define GROUP_SIZE 8

/* What a message costs beside its text, here and on the bus: four numbers and padding. */
#define MESSAGE_SIZE 64

/* Bytes of JSON for one query: two ids of 16 digits and a time. */
#define ROW_SIZE 64

/* Columns of a message, in the order that dou_chat_get_message() knows, after the place of its
 * query. */
#define COLUMNS "xxxxxs"

/**
 * dou_chat_get_new:
 * @queries: (array length=n_queries): what is wanted
 * @n_queries: how many
 *
 * Returns: (transfer full): the data of a job
 */
DouChatGet *
dou_chat_get_new (const DouChatQuery *queries, guint n_queries)
{
  DouChatGet *self = g_new0 (DouChatGet, 1);

  self->queries = g_memdup2 (queries, n_queries * sizeof (DouChatQuery));
  self->n_queries = n_queries;
  return self;
}

void
dou_chat_get_free (DouChatGet *self)
{
  g_clear_pointer (&self->pages, g_ptr_array_unref);
  g_free (self->queries);
  g_free (self);
}

/**
 * dou_chat_get_message:
 * @rows: with columns for id, receiver, sender, time and text
 * @row: which row
 * @column: where these columns begin
 *
 * Returns: (transfer full): the message
 */
DouMessage *
dou_chat_get_message (DouRows *rows, guint row, guint column)
{
  DouMessage *message = dou_message_new (
      dou_rows_get_int64 (rows, row, column), dou_rows_get_int64 (rows, row, column + 2),
      dou_rows_get_int64 (rows, row, column + 1), dou_rows_get_text (rows, row, column + 4));

  message->time = dou_rows_get_int64 (rows, row, column + 3);
  return message;
}

static void
page_free (gpointer data)
{
  if (data != NULL)
    g_ptr_array_unref (data);
}

static GPtrArray *
page_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) dou_message_unref);
}

static gboolean
wants_newest (const DouChatQuery *query)
{
  return query->after == 0;
}

static char *
make_news_json (DouChatGet *self)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, self->n_queries * ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < self->n_queries; i++)
    {
      const DouChatQuery *query = &self->queries[i];

      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, query->reader);
      dou_json_writer_int64 (&writer, query->other);
      dou_json_writer_int64 (&writer, query->after);
      dou_json_writer_boolean (&writer, query->both || wants_newest (query));
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

static void
write_range (DouJsonWriter *writer, guint place, gint64 receiver, gint64 sender, gint64 after)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, place);
  dou_json_writer_int64 (writer, receiver);
  dou_json_writer_int64 (writer, sender);
  dou_json_writer_int64 (writer, after);
  dou_json_writer_end_array (writer);
}

/* Each direction of a conversation is a range of its own. All are read up to the highest limit. */
static char *
make_ranges_json (DouChatGet *self, const guint *places, guint n_places)
{
  g_auto (DouJsonWriter) writer = { 0 };
  guint limit = 1;

  dou_json_writer_init (&writer, 2 * n_places * ROW_SIZE);
  dou_json_writer_begin_object (&writer);
  dou_json_writer_name (&writer, "ranges");
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_places; i++)
    {
      const DouChatQuery *query = &self->queries[places[i]];

      write_range (&writer, places[i], query->reader, query->other, query->after);
      if (query->both || wants_newest (query))
        write_range (&writer, places[i], query->other, query->reader, query->after);
      limit = MAX (limit, query->limit);
    }
  dou_json_writer_end_array (&writer);
  dou_json_writer_name (&writer, "skip");
  dou_json_writer_int64 (&writer, limit - 1);
  dou_json_writer_end_object (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/* Takes the rows of one query, from @first to before @end, as far as its limit allows. Everybody
 * who is read for has some. */
static void
dou_chat_get_fill_page (DouChatGet *self, guint place, DouRows *rows, guint first, guint end)
{
  const DouChatQuery *query = &self->queries[place];
  GPtrArray *page = page_new ();

  if (end - first > query->limit)
    {
      if (wants_newest (query))
        first = end - query->limit;
      else
        end = first + query->limit;
    }

  for (guint row = first; row < end; row++)
    {
      DouMessage *message = dou_chat_get_message (rows, row, 1);

      self->size += strlen (message->text) + MESSAGE_SIZE;
      g_ptr_array_add (page, message);
    }

  g_ptr_array_index (self->pages, place) = page;
}

static gboolean
dou_chat_get_read_group (DouChatGet *self, DouTransaction *transaction, const char *statement,
                         const guint *places, guint n_places, GError **error)
{
  g_autofree char *json = make_ranges_json (self, places, n_places);
  g_autoptr (DouRows) rows = NULL;
  guint n_rows;

  rows = dou_transaction_query (transaction, statement, COLUMNS, json, error);
  if (rows == NULL)
    return FALSE;

  n_rows = dou_rows_get_n_rows (rows);
  for (guint first = 0, end; first < n_rows && self->size < SIZE_MAX_TOTAL; first = end)
    {
      gint64 place = dou_rows_get_int64 (rows, first, 0);

      for (end = first + 1; end < n_rows && dou_rows_get_int64 (rows, end, 0) == place; end++)
        ;
      dou_chat_get_fill_page (self, (guint) place, rows, first, end);
    }

  return TRUE;
}

/* @places: (element-type guint): of queries of one kind */
static gboolean
dou_chat_get_read (DouChatGet *self, DouTransaction *transaction, const char *statement,
                   GArray *places, GError **error)
{
  for (guint i = 0; i < places->len && self->size < SIZE_MAX_TOTAL; i += GROUP_SIZE)
    if (!dou_chat_get_read_group (self, transaction, statement, &g_array_index (places, guint, i),
                                  MIN (GROUP_SIZE, places->len - i), error))
      return FALSE;

  return TRUE;
}

/**
 * dou_chat_get_func:
 * @transaction: that may read
 * @data: a #DouChatGet
 * @error: return location
 *
 * A #DouDatabaseFunc.
 *
 * Returns: whether everything could be read, or as much as may be brought home
 */
gboolean
dou_chat_get_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouChatGet *self = data;
  g_autofree char *json = make_news_json (self);
  g_autoptr (DouRows) news = NULL;
  g_autoptr (GArray) newest = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) after = g_array_new (FALSE, FALSE, sizeof (guint));
  guint next = 0;

  news = dou_transaction_query (transaction, "find-news", "x", json, error);
  if (news == NULL)
    return FALSE;

  self->size = 0;
  g_clear_pointer (&self->pages, g_ptr_array_unref);
  self->pages = g_ptr_array_new_full (self->n_queries, page_free);
  for (guint i = 0; i < self->n_queries; i++)
    {
      if (next == dou_rows_get_n_rows (news) || dou_rows_get_int64 (news, next, 0) != i)
        {
          g_ptr_array_add (self->pages, page_new ());
          continue;
        }

      g_ptr_array_add (self->pages, NULL);
      g_array_append_val (wants_newest (&self->queries[i]) ? newest : after, i);
      next++;
    }

  /* What is new goes before what is old. */
  return dou_chat_get_read (self, transaction, "get-after", after, error)
         && dou_chat_get_read (self, transaction, "get-newest", newest, error);
}
