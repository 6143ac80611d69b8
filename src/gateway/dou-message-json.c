/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-message-json.h"

static void
write_integer (DouJsonWriter *writer, const char *name, gint64 value)
{
  dou_json_writer_name (writer, name);
  dou_json_writer_int64 (writer, value);
}

/**
 * dou_message_json_write:
 * @writer: where the object goes
 * @id: of the message
 * @sender: who wrote it
 * @receiver: to whom
 * @content: its text
 * @time: when, in milliseconds since 1970-01-01 UTC
 *
 * Writes a message as clients know it.
 */
void
dou_message_json_write (DouJsonWriter *writer, gint64 id, gint64 sender, gint64 receiver,
                        const char *content, gint64 time)
{
  dou_json_writer_begin_object (writer);
  write_integer (writer, "id", id);
  write_integer (writer, "to_user_id", receiver);
  write_integer (writer, "from_user_id", sender);
  dou_json_writer_name (writer, "content");
  dou_json_writer_string (writer, content);
  write_integer (writer, "create_time", time);
  dou_json_writer_end_object (writer);
}
