/* SPDX-License-Identifier: Apache-2.0 */

/* Users who are no more. They are marked first, so that nothing is sent to them or by them any more, and
 * their conversations go a piece at a time: some of them, and in these up to about a thousand messages. A
 * conversation goes when it has no messages left, with the marks of both; so whatever is interrupted is
 * found again.
 *
 * What the other one wrote goes, too. A conversation is one thing, of which half makes no sense; it could
 * not be shown, since nobody is there to be shown it with; and who deletes an account expects that what
 * was said to it in confidence is not kept by the server any more. */

#include "config.h"

#include "chat/dou-chat-store-remove.h"
#include "common/dou-json-writer.h"

/* Bytes of JSON for two ids of 16 digits. */
#define PAIR_SIZE 40

/**
 * dou_chat_removal_new:
 * @users: (array length=n_users): ids
 * @n_users: how many
 *
 * Returns: (transfer full): the data of a job
 */
DouChatRemoval *
dou_chat_removal_new (const gint64 *users, guint n_users)
{
  DouChatRemoval *self = g_new0 (DouChatRemoval, 1);
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_users * PAIR_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_users; i++)
    dou_json_writer_int64 (&writer, users[i]);
  dou_json_writer_end_array (&writer);
  self->users_json = dou_json_writer_steal (&writer, NULL);
  return self;
}

void
dou_chat_removal_free (DouChatRemoval *self)
{
  g_free (self->users_json);
  g_free (self);
}

static void
write_pair (DouJsonWriter *writer, gint64 first, gint64 second)
{
  dou_json_writer_begin_array (writer);
  dou_json_writer_int64 (writer, first);
  dou_json_writer_int64 (writer, second);
  dou_json_writer_end_array (writer);
}

/* Returns: (transfer full): each conversation in both directions, in JSON */
static char *
make_pairs_json (DouRows *conversations)
{
  guint n_rows = dou_rows_get_n_rows (conversations);
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_rows * PAIR_SIZE * 2);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_rows; i++)
    {
      gint64 reader = dou_rows_get_int64 (conversations, i, 0);
      gint64 other = dou_rows_get_int64 (conversations, i, 1);

      write_pair (&writer, reader, other);
      write_pair (&writer, other, reader);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/* @n_found: (out): how many were among the piece, perhaps one twice */
static gboolean
remove_messages (DouTransaction *transaction, DouChatRemoval *self, const char *pairs,
                 guint *n_found, GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-messages-to-remove", "x", pairs, error);
  g_auto (DouJsonWriter) writer = { 0 };
  g_autofree char *ids = NULL;

  if (rows == NULL)
    return FALSE;

  *n_found = dou_rows_get_n_rows (rows);
  if (*n_found == 0)
    return TRUE;

  dou_json_writer_init (&writer, *n_found * PAIR_SIZE / 2);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < *n_found; i++)
    dou_json_writer_int64 (&writer, dou_rows_get_int64 (rows, i, 0));
  dou_json_writer_end_array (&writer);
  ids = dou_json_writer_steal (&writer, NULL);
  return dou_transaction_execute (transaction, "remove-messages", ids, &self->n_messages, error);
}

/**
 * dou_chat_removal_func:
 * @transaction: that may write
 * @data: a #DouChatRemoval
 * @error: return location
 *
 * A #DouDatabaseFunc.
 *
 * Returns: whether it could be done
 */
gboolean
dou_chat_removal_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouChatRemoval *self = data;
  g_autoptr (DouRows) conversations = NULL;
  g_autofree char *pairs = NULL;
  guint n_found;

  self->n_messages = 0;
  self->done = FALSE;
  if (!dou_transaction_execute (transaction, "mark-removed-users", self->users_json, NULL, error))
    return FALSE;

  conversations = dou_transaction_query (transaction, "find-conversations-of-removed", "xx",
                                         self->users_json, error);
  if (conversations == NULL)
    return FALSE;

  self->done = dou_rows_get_n_rows (conversations) == 0;
  if (self->done)
    return TRUE;

  pairs = make_pairs_json (conversations);
  if (!remove_messages (transaction, self, pairs, &n_found, error))
    return FALSE;

  return n_found > 0
         || (dou_transaction_execute (transaction, "remove-conversations", pairs, NULL, error)
             && dou_transaction_execute (transaction, "remove-marks", pairs, NULL, error));
}
