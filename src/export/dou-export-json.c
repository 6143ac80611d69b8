/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-json-writer.h"
#include "export/dou-export-json.h"

#define INDENTATION 2
/* Bytes after which what there is goes into the archive. */
#define FLUSH_SIZE (256 * 1024)

/**
 * dou_export_json_init:
 * @self: to be initialised
 * @zip: an archive with an entry that was begun
 */
void
dou_export_json_init (DouExportJson *self, DouZip *zip)
{
  *self = (DouExportJson){ .zip = zip, .buffer = g_string_new (NULL), .is_first = TRUE };
}

void
dou_export_json_clear (DouExportJson *self)
{
  if (self->buffer != NULL)
    g_string_free (g_steal_pointer (&self->buffer), TRUE);
}

static void
add_line (DouExportJson *self)
{
  g_string_append_printf (self->buffer, "\n%*s", (int) (self->depth * INDENTATION), "");
}

static void
add_text (DouExportJson *self, const char *text)
{
  DouJsonWriter writer = { self->buffer, FALSE };

  dou_json_writer_string (&writer, text);
}

/* What stands before any value. */
static void
add_name (DouExportJson *self, const char *name)
{
  if (!self->is_first)
    g_string_append_c (self->buffer, ',');
  if (self->depth > 0)
    add_line (self);
  self->is_first = FALSE;
  if (name != NULL)
    {
      add_text (self, name);
      g_string_append (self->buffer, ": ");
    }
}

/**
 * dou_export_json_begin:
 * @self: JSON
 * @name: (nullable): of a member
 * @bracket: `{` or `[`
 */
void
dou_export_json_begin (DouExportJson *self, const char *name, char bracket)
{
  add_name (self, name);
  g_string_append_c (self->buffer, bracket);
  self->depth++;
  self->is_first = TRUE;
}

/**
 * dou_export_json_end:
 * @self: JSON
 * @bracket: `}` or `]`
 */
void
dou_export_json_end (DouExportJson *self, char bracket)
{
  self->depth--;
  if (!self->is_first)
    add_line (self);
  g_string_append_c (self->buffer, bracket);
  self->is_first = FALSE;
}

void
dou_export_json_number (DouExportJson *self, const char *name, gint64 value)
{
  add_name (self, name);
  g_string_append_printf (self->buffer, "%" G_GINT64_FORMAT, value);
}

/**
 * dou_export_json_string:
 * @self: JSON
 * @name: (nullable): of a member
 * @value: (nullable): a text; %NULL is written as null
 */
void
dou_export_json_string (DouExportJson *self, const char *name, const char *value)
{
  add_name (self, name);
  if (value != NULL)
    add_text (self, value);
  else
    g_string_append (self->buffer, "null");
}

/**
 * dou_export_json_time:
 * @self: JSON
 * @name: (nullable): of a member
 * @milliseconds: since 1970; 0, which is written as null, if that has not been
 *
 * As ISO 8601 and RFC 3339 have it, in UTC, with all three digits of the milliseconds.
 */
void
dou_export_json_time (DouExportJson *self, const char *name, gint64 milliseconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (milliseconds / 1000);
  g_autofree char *seconds
      = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S") : NULL;
  g_autofree char *text
      = seconds != NULL ? g_strdup_printf ("%s.%03dZ", seconds, (int) (milliseconds % 1000)) : NULL;

  dou_export_json_string (self, name, milliseconds > 0 ? text : NULL);
}

static gboolean
write_buffer (DouExportJson *self, GError **error)
{
  gboolean done = dou_zip_write (self->zip, self->buffer->str, self->buffer->len, error);

  g_string_truncate (self->buffer, 0);
  return done;
}

/**
 * dou_export_json_flush:
 * @self: JSON
 * @error: return location
 *
 * To be called between pages, so that not all of a long list is in memory.
 *
 * Returns: whether it may go on
 */
gboolean
dou_export_json_flush (DouExportJson *self, GError **error)
{
  return self->buffer->len < FLUSH_SIZE || write_buffer (self, error);
}

/**
 * dou_export_json_finish:
 * @self: JSON
 * @error: return location
 *
 * Returns: whether all of it is in the archive
 */
gboolean
dou_export_json_finish (DouExportJson *self, GError **error)
{
  g_assert (self->depth == 0);

  g_string_append_c (self->buffer, '\n');
  return write_buffer (self, error);
}
