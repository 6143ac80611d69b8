/* SPDX-License-Identifier: Apache-2.0 */

/* Calls that are one statement, which answers with a row for each thing that is asked: what a job brings
 * home is known beforehand, and needs none of the bounds of dou-chat-store-get.c. A conversation is asked
 * for as its two directions, in each of which an index leads to the latest message; the later one of the
 * two is picked here. */

#include "config.h"

#include "chat/dou-chat-store-get.h"
#include "chat/dou-chat-store-lookup.h"
#include "common/dou-json-writer.h"

/* Bytes of JSON for one pair: two ids of 16 digits. */
#define PAIR_SIZE 40

static DouChatLookup *
lookup_new (const char *statement, const char *columns, char *json)
{
  DouChatLookup *self = g_new0 (DouChatLookup, 1);

  self->statement = statement;
  self->columns = columns;
  self->json = json;
  return self;
}

static void
write_pair (DouJsonWriter *writer, gint64 user, gint64 other)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, user);
  dou_json_writer_int64 (writer, other);
  dou_json_writer_end_array (writer);
}

/* @both: whether each pair is followed by itself the other way round */
static char *
make_pairs_json (const DouChatPair *pairs, guint n_pairs, gboolean both)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_pairs * 2 * PAIR_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_pairs; i++)
    {
      write_pair (&writer, pairs[i].user, pairs[i].other);
      if (both)
        write_pair (&writer, pairs[i].other, pairs[i].user);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_chat_lookup_new_count:
 *
 * Returns: (transfer full): the data of a job that counts the messages
 */
DouChatLookup *
dou_chat_lookup_new_count (void)
{
  return lookup_new ("count-messages", "x", NULL);
}

/**
 * dou_chat_lookup_new_latest:
 * @pairs: (array length=n_pairs): whose conversations
 * @n_pairs: how many
 *
 * Returns: (transfer full): the data of a job, for dou_chat_lookup_make_messages()
 */
DouChatLookup *
dou_chat_lookup_new_latest (const DouChatPair *pairs, guint n_pairs)
{
  return lookup_new ("get-latest", "xxxxs", make_pairs_json (pairs, n_pairs, TRUE));
}

/**
 * dou_chat_lookup_new_marks:
 * @pairs: (array length=n_pairs): who reads, and the other one
 * @n_pairs: how many
 *
 * Returns: (transfer full): the data of a job, for dou_chat_lookup_make_times()
 */
DouChatLookup *
dou_chat_lookup_new_marks (const DouChatPair *pairs, guint n_pairs)
{
  return lookup_new ("get-marks", "x", make_pairs_json (pairs, n_pairs, FALSE));
}

void
dou_chat_lookup_free (DouChatLookup *self)
{
  g_clear_pointer (&self->rows, dou_rows_free);
  g_free (self->json);
  g_free (self);
}

/**
 * dou_chat_lookup_func:
 * @transaction: a read transaction
 * @data: a #DouChatLookup
 * @error: return location
 *
 * Returns: whether the statement was run
 */
gboolean
dou_chat_lookup_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouChatLookup *self = data;

  g_clear_pointer (&self->rows, dou_rows_free);
  self->rows
      = dou_transaction_query (transaction, self->statement, self->columns, self->json, error);
  return self->rows != NULL;
}

static DouMessage *
get_latest (DouRows *rows, guint row)
{
  return dou_rows_get_int64 (rows, row, 0) != 0 ? dou_chat_get_message (rows, row, 0) : NULL;
}

/**
 * dou_chat_lookup_make_messages:
 * @self: of dou_chat_lookup_new_latest(), done
 *
 * Returns: (transfer full) (element-type DouMessage): for each pair the latest message of the two,
 *   in either direction, %NULL if there is none
 */
GPtrArray *
dou_chat_lookup_make_messages (DouChatLookup *self)
{
  guint n_pairs = dou_rows_get_n_rows (self->rows) / 2;
  GPtrArray *messages = g_ptr_array_new_full (n_pairs, (GDestroyNotify) dou_message_unref);

  for (guint i = 0; i < n_pairs; i++)
    {
      DouMessage *received = get_latest (self->rows, 2 * i);
      DouMessage *sent = get_latest (self->rows, 2 * i + 1);
      gboolean is_received = received != NULL && (sent == NULL || received->time > sent->time);

      g_ptr_array_add (messages, is_received ? received : sent);
      dou_message_unref (is_received ? sent : received);
    }

  return messages;
}

/**
 * dou_chat_lookup_make_times:
 * @self: of dou_chat_lookup_new_marks(), done
 *
 * Returns: (transfer full) (element-type gint64): for each pair up to when the first has read, 0 if
 *   nothing
 */
GArray *
dou_chat_lookup_make_times (DouChatLookup *self)
{
  guint n_rows = dou_rows_get_n_rows (self->rows);
  GArray *times = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      gint64 time = dou_rows_get_int64 (self->rows, i, 0);

      g_array_append_val (times, time);
    }

  return times;
}
