/* SPDX-License-Identifier: Apache-2.0 */

/* Marking as read. As with sending, one statement finds what there is, which marks go forward is
 * settled here, and one statement stores them; it is seldom needed, since clients mark again what
 * they have marked. A mark is the time of a message that the reader received, so one that was read
 * twice, or an answer of the reader's own, moves nothing and is told to nobody. */

#include "config.h"

#include "chat/dou-chat-store-mark.h"
#include "common/dou-json-writer.h"

/* Bytes of JSON for one mark: two ids of 16 digits and a time. */
#define ROW_SIZE 64

/**
 * dou_chat_set_marks_new:
 * @marks: (array length=n_marks): what was read
 * @n_marks: how many
 *
 * Returns: (transfer full): the data of a job
 */
DouChatSetMarks *
dou_chat_set_marks_new (const DouChatMark *marks, guint n_marks)
{
  DouChatSetMarks *self = g_new0 (DouChatSetMarks, 1);

  self->marks = g_memdup2 (marks, n_marks * sizeof (DouChatMark));
  self->n_marks = n_marks;
  return self;
}

void
dou_chat_set_marks_free (DouChatSetMarks *self)
{
  g_clear_pointer (&self->moved, g_array_unref);
  g_free (self->marks);
  g_free (self);
}

static char *
make_marks_json (const DouChatMark *marks, guint n_marks)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, n_marks * ROW_SIZE);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_marks; i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, marks[i].reader);
      dou_json_writer_int64 (&writer, marks[i].other);
      dou_json_writer_int64 (&writer, marks[i].time);
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

static guint
hash_mark (gconstpointer key)
{
  const DouChatMark *mark = key;

  return g_int64_hash (&mark->reader) * 31 + g_int64_hash (&mark->other);
}

static gboolean
equal_marks (gconstpointer a, gconstpointer b)
{
  const DouChatMark *left = a;
  const DouChatMark *right = b;

  return left->reader == right->reader && left->other == right->other;
}

/* @found is of find-marks. Each two come once, with their last mark. */
static void
dou_chat_set_marks_settle (DouChatSetMarks *self, DouRows *found)
{
  g_autoptr (GHashTable) places = g_hash_table_new (hash_mark, equal_marks);

  for (guint i = 0; i < self->n_marks; i++)
    {
      DouChatMark mark = self->marks[i];
      guint place = GPOINTER_TO_UINT (g_hash_table_lookup (places, &mark));
      gint64 old_time = dou_rows_get_int64 (found, i, 1);

      mark.time = dou_rows_get_int64 (found, i, 0);
      if (place != 0)
        {
          DouChatMark *moved = &g_array_index (self->moved, DouChatMark, place - 1);

          moved->time = MAX (moved->time, mark.time);
        }
      else if (mark.time > old_time)
        {
          g_array_append_val (self->moved, mark);
          g_hash_table_insert (places, &self->marks[i], GUINT_TO_POINTER (self->moved->len));
        }
    }
}

/**
 * dou_chat_set_marks_func:
 * @transaction: that may write
 * @data: a #DouChatSetMarks
 * @error: return location
 *
 * A #DouDatabaseFunc.
 *
 * Returns: whether all are stored that had to be
 */
gboolean
dou_chat_set_marks_func (DouTransaction *transaction, gpointer data, GError **error)
{
  DouChatSetMarks *self = data;
  g_autofree char *find_json = make_marks_json (self->marks, self->n_marks);
  g_autofree char *set_json = NULL;
  g_autoptr (DouRows) found = NULL;

  found = dou_transaction_query (transaction, "find-marks", "xx", find_json, error);
  if (found == NULL)
    return FALSE;

  g_clear_pointer (&self->moved, g_array_unref);
  self->moved = g_array_new (FALSE, FALSE, sizeof (DouChatMark));
  dou_chat_set_marks_settle (self, found);
  if (self->moved->len == 0)
    return TRUE;

  set_json = make_marks_json ((const DouChatMark *) self->moved->data, self->moved->len);
  return dou_transaction_execute (transaction, "set-marks", set_json, NULL, error);
}
