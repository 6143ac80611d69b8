/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-json-writer.h"

/**
 * dou_json_writer_init:
 * @self: an uninitialised writer
 * @reserved: bytes to reserve; a good guess saves copies
 */
void
dou_json_writer_init (DouJsonWriter *self, gsize reserved)
{
  self->buffer = g_string_sized_new (reserved);
  self->need_comma = FALSE;
}

void
dou_json_writer_clear (DouJsonWriter *self)
{
  if (self->buffer != NULL)
    g_string_free (g_steal_pointer (&self->buffer), TRUE);
}

/**
 * dou_json_writer_steal:
 * @self: a writer, which is cleared
 * @length: (out) (optional): bytes, without the final NUL
 *
 * Returns: (transfer full): the text
 */
char *
dou_json_writer_steal (DouJsonWriter *self, gsize *length)
{
  if (length != NULL)
    *length = self->buffer->len;

  return g_string_free (g_steal_pointer (&self->buffer), FALSE);
}

static void
separate (DouJsonWriter *self)
{
  if (self->need_comma)
    g_string_append_c (self->buffer, ',');
  self->need_comma = TRUE;
}

void
dou_json_writer_begin_object (DouJsonWriter *self)
{
  separate (self);
  g_string_append_c (self->buffer, '{');
  self->need_comma = FALSE;
}

void
dou_json_writer_end_object (DouJsonWriter *self)
{
  g_string_append_c (self->buffer, '}');
  self->need_comma = TRUE;
}

void
dou_json_writer_begin_array (DouJsonWriter *self)
{
  separate (self);
  g_string_append_c (self->buffer, '[');
  self->need_comma = FALSE;
}

void
dou_json_writer_end_array (DouJsonWriter *self)
{
  g_string_append_c (self->buffer, ']');
  self->need_comma = TRUE;
}

/**
 * dou_json_writer_name:
 * @self: a writer inside an object
 * @name: a member's name that needs no escaping; its value is to follow
 */
void
dou_json_writer_name (DouJsonWriter *self, const char *name)
{
  separate (self);
  g_string_append_c (self->buffer, '"');
  g_string_append (self->buffer, name);
  g_string_append_len (self->buffer, "\":", 2);
  self->need_comma = FALSE;
}

void
dou_json_writer_int64 (DouJsonWriter *self, gint64 value)
{
  /* 19 digits and a sign; printf costs four times as much here. */
  char digits[20];
  char *p = digits + sizeof digits;
  guint64 rest = value < 0 ? -(guint64) value : (guint64) value;

  separate (self);

  do
    *--p = (char) ('0' + rest % 10);
  while ((rest /= 10) != 0);
  if (value < 0)
    *--p = '-';

  g_string_append_len (self->buffer, p, digits + sizeof digits - p);
}

void
dou_json_writer_boolean (DouJsonWriter *self, gboolean value)
{
  separate (self);
  g_string_append (self->buffer, value ? "true" : "false");
}

/**
 * dou_json_writer_string:
 * @self: a writer
 * @value: valid UTF-8; escaped as RFC 8259 demands, and no further, except that `<` is escaped too, so
 *   that the text is harmless should anyone paste it into a page
 */
void
dou_json_writer_string (DouJsonWriter *self, const char *value)
{
  GString *buffer = self->buffer;
  const char *plain = value;
  const char *p;

  separate (self);
  g_string_append_c (buffer, '"');

  for (p = value; *p != '\0'; p++)
    {
      guchar c = (guchar) *p;

      if (G_LIKELY (c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != 0x7f))
        continue;

      g_string_append_len (buffer, plain, p - plain);
      plain = p + 1;

      if (c == '"' || c == '\\')
        {
          g_string_append_c (buffer, '\\');
          g_string_append_c (buffer, (char) c);
        }
      else if (c == '\n')
        g_string_append_len (buffer, "\\n", 2);
      else
        g_string_append_printf (buffer, "\\u%04x", c);
    }

  g_string_append_len (buffer, plain, p - plain);
  g_string_append_c (buffer, '"');
}

/**
 * dou_json_writer_raw:
 * @self: a writer
 * @json: one complete JSON value, taken as it is
 * @length: its bytes, or -1 if it ends in NUL
 */
void
dou_json_writer_raw (DouJsonWriter *self, const char *json, gssize length)
{
  separate (self);
  g_string_append_len (self->buffer, json, length);
}
