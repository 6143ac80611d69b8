/* SPDX-License-Identifier: Apache-2.0 */

/* Sending. One statement finds what of the batch was stored before, and when each two last wrote;
 * one statement stores the rest. Between them, which messages are new and what time each gets is
 * settled here, message after message, as if they had come one by one.
 *
 * This runs in the transaction of the only writer: no other message can get between the last time
 * of a conversation, as it is read, and the next. A message's time is that of the clock, or else
 * one millisecond above the last of its conversation, wherever that came from: this batch, a faster
 * clock before it was set back, or the process before this one. As commits follow each other too,
 * messages become visible in the order of their times, on which polling relies.
 *
 * One statement with ON CONFLICT DO NOTHING and row_number() would do without the step in between.
 * But it cannot tell which rows were new, and those alone may be announced.
 */

#include "config.h"

#include "chat/dou-chat-store-add.h"
#include "common/dou-json-writer.h"

/* Bytes of JSON for one message beside its texts: three ids of 16 digits and a time. */
#define ROW_SIZE 80

/* What was new in the batch so far. Each table leads from a message to the place (plus 1) of the
 * one that was stored before and has the same id, the same name among those of its sender, or the
 * same two users. */
typedef struct
{
  GHashTable *by_id;      /* (owned) */
  GHashTable *by_request; /* (owned) */
  GHashTable *by_pair;    /* (owned) */
} Batch;

static guint
hash_id (gconstpointer key)
{
  return g_int64_hash (&((const DouMessage *) key)->id);
}

static gboolean
equal_ids (gconstpointer a, gconstpointer b)
{
  return ((const DouMessage *) a)->id == ((const DouMessage *) b)->id;
}

static guint
hash_request (gconstpointer key)
{
  const DouMessage *message = key;

  return g_int64_hash (&message->sender) ^ g_str_hash (message->request_id);
}

static gboolean
equal_requests (gconstpointer a, gconstpointer b)
{
  const DouMessage *left = a;
  const DouMessage *right = b;

  return left->sender == right->sender && g_str_equal (left->request_id, right->request_id);
}

/* The same for both directions of a conversation. */
static guint
hash_pair (gconstpointer key)
{
  const DouMessage *message = key;

  return g_int64_hash (&message->sender) + g_int64_hash (&message->receiver);
}

static gboolean
equal_pairs (gconstpointer a, gconstpointer b)
{
  const DouMessage *left = a;
  const DouMessage *right = b;

  return (left->sender == right->sender && left->receiver == right->receiver)
         || (left->sender == right->receiver && left->receiver == right->sender);
}

static void
batch_init (Batch *self)
{
  self->by_id = g_hash_table_new (hash_id, equal_ids);
  self->by_request = g_hash_table_new (hash_request, equal_requests);
  self->by_pair = g_hash_table_new (hash_pair, equal_pairs);
}

static void
batch_clear (Batch *self)
{
  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->by_request);
  g_hash_table_unref (self->by_pair);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Batch, batch_clear)

/* Returns the place, plus 1, of the message of which @message is a repetition, or 0. */
static guint
batch_find (Batch *self, const DouMessage *message)
{
  guint place = 0;

  if (message->request_id != NULL)
    place = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_request, message));
  if (place == 0)
    place = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_id, message));

  return place;
}

static void
batch_add (Batch *self, DouMessage *message, guint i)
{
  gpointer place = GUINT_TO_POINTER (i + 1);

  g_hash_table_insert (self->by_id, message, place);
  g_hash_table_replace (self->by_pair, message, place);
  if (message->request_id != NULL)
    g_hash_table_insert (self->by_request, message, place);
}

static void
write_text_or_null (DouJsonWriter *writer, const char *text)
{
  if (text != NULL)
    dou_json_writer_string (writer, text);
  else
    dou_json_writer_raw (writer, "null", -1);
}

static char *
make_keys_json (GPtrArray *messages)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, messages->len * ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < messages->len; i++)
    {
      const DouMessage *message = g_ptr_array_index (messages, i);

      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, message->id);
      dou_json_writer_int64 (&writer, message->sender);
      dou_json_writer_int64 (&writer, message->receiver);
      write_text_or_null (&writer, message->request_id);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_chat_add_new:
 * @messages: (element-type DouMessage): valid messages, whose times are not looked at
 * @now: milliseconds since 1970-01-01 UTC
 *
 * Returns: (transfer full): the data of a job
 */
DouChatAdd *
dou_chat_add_new (GPtrArray *messages, gint64 now)
{
  DouChatAdd *self = g_new0 (DouChatAdd, 1);

  self->messages = g_ptr_array_ref (messages);
  self->now = now;
  self->keys_json = make_keys_json (messages);
  return self;
}

void
dou_chat_add_free (DouChatAdd *self)
{
  g_ptr_array_unref (self->messages);
  g_clear_pointer (&self->receipts, g_array_unref);
  g_free (self->keys_json);
  g_free (self);
}

static void
write_row (DouJsonWriter *writer, const DouMessage *message, gint64 time)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, message->receiver);
  dou_json_writer_int64 (writer, message->sender);
  dou_json_writer_int64 (writer, time);
  dou_json_writer_int64 (writer, message->id);
  write_text_or_null (writer, message->request_id);
  dou_json_writer_string (writer, message->text);
  dou_json_writer_end_array (writer);
}

static void
write_conversation (DouJsonWriter *writer, gint64 reader, gint64 other, gint64 message)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, reader);
  dou_json_writer_int64 (writer, other);
  dou_json_writer_int64 (writer, message);
  dou_json_writer_end_array (writer);
}

/* Each conversation in which something is new, as either of the two has it. */
static char *
make_conversations_json (Batch *batch)
{
  g_auto (DouJsonWriter) writer = { 0 };
  GHashTableIter iter;
  gpointer message;

  dou_json_writer_init (&writer, g_hash_table_size (batch->by_pair) * ROW_SIZE * 2);
  dou_json_writer_begin_array (&writer);
  g_hash_table_iter_init (&iter, batch->by_pair);
  while (g_hash_table_iter_next (&iter, &message, NULL))
    {
      const DouMessage *latest = message;

      write_conversation (&writer, latest->receiver, latest->sender, latest->id);
      write_conversation (&writer, latest->sender, latest->receiver, latest->id);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/* Fills the receipts, and leaves the rows to be stored in @writer. @found is of find-sent. Returns
 * how many rows these are. */
static guint
dou_chat_add_settle (DouChatAdd *self, Batch *batch, DouRows *found, DouJsonWriter *writer)
{
  DouChatReceipt *receipts = (DouChatReceipt *) self->receipts->data;
  guint n_new = 0;

  for (guint i = 0; i < self->messages->len; i++)
    {
      DouMessage *message = g_ptr_array_index (self->messages, i);
      guint first = batch_find (batch, message);
      gint64 last_time = MAX (dou_rows_get_int64 (found, i, 3), dou_rows_get_int64 (found, i, 4));
      guint previous;

      receipts[i]
          = (DouChatReceipt){ dou_rows_get_int64 (found, i, 0), dou_rows_get_int64 (found, i, 1),
                              dou_rows_get_int64 (found, i, 2), FALSE, FALSE };

      /* What was found under another id was found under the request id, which goes first. */
      if (first != 0 && (receipts[i].id == 0 || receipts[i].id == message->id))
        {
          receipts[i] = receipts[first - 1];
          receipts[i].is_new = FALSE;
        }
      if (receipts[i].id != 0)
        continue;

      receipts[i].refused = dou_rows_get_int64 (found, i, 5) != 0;
      if (receipts[i].refused)
        continue;

      previous = GPOINTER_TO_UINT (g_hash_table_lookup (batch->by_pair, message));
      if (previous != 0)
        last_time = receipts[previous - 1].time;

      receipts[i]
          = (DouChatReceipt){ message->id, message->sender, MAX (self->now, last_time + 1), TRUE,
                              FALSE };
      batch_add (batch, message, i);
      write_row (writer, message, receipts[i].time);
      n_new++;
    }

  return n_new;
}

/**
 * dou_chat_add_func:
 * @transaction: that may write
 * @data: a #DouChatAdd
 * @error: return location
 *
 * A #DouDatabaseFunc.
 *
 * Returns: whether all are stored
 */
gboolean
dou_chat_add_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouChatAdd *self = data;
  g_autoptr (DouRows) found = NULL;
  g_auto (DouJsonWriter) writer = { 0 };
  g_auto (Batch) batch = { 0 };
  g_autofree char *json = NULL;
  g_autofree char *conversations = NULL;
  guint n_new;

  found = dou_transaction_query (transaction, "find-sent", "xxxxxx", self->keys_json, error);
  if (found == NULL)
    return FALSE;

  g_clear_pointer (&self->receipts, g_array_unref);
  self->receipts = g_array_sized_new (FALSE, TRUE, sizeof (DouChatReceipt), self->messages->len);
  g_array_set_size (self->receipts, self->messages->len);

  batch_init (&batch);
  dou_json_writer_init (&writer, self->messages->len * ROW_SIZE * 2);
  dou_json_writer_begin_array (&writer);
  n_new = dou_chat_add_settle (self, &batch, found, &writer);
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);

  if (n_new == 0)
    return TRUE;

  conversations = make_conversations_json (&batch);
  return dou_transaction_execute (transaction, "insert-messages", json, NULL, error)
         && dou_transaction_execute (transaction, "set-conversations", conversations, NULL, error);
}
