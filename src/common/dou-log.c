/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of a line that a process logs.
 *
 * All of DouTok logs with GLib's own functions; this is the writer behind them. Under systemd the fields go
 * to the journal as they are, and DOUTOK_PART with them; otherwise each line is one write() to standard
 * error, so that lines of many processes do not mix, as text or as JSON. A field whose name begins with
 * DOUTOK_ is part of the line, as in request=….
 *
 * The level is one number that any thread may read, so that it can change while the server runs.
 *
 * Rejected: GLib's default writer, which writes information to standard output, which belongs to what a
 * command is asked for, and knows only on and off.
 */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/dou-json-writer.h"
#include "common/dou-log.h"

/* Bytes of one value that are written: a message that quotes a file must not become one. */
#define MAX_VALUE 4096

#define FIELD_PREFIX "DOUTOK_"

static const char *const level_names[]
    = { [DOU_LOG_DEBUG] = "debug", [DOU_LOG_INFO] = "info", [DOU_LOG_WARNING] = "warning" };

static const char *const part_names[] = { "launcher", "gateway", "user", "video", "social", "chat" };

static char *current_part; /* (owned) (nullable) until the log is open */
static DouLogFormat current_format;
/* (unowned) (nullable) what this thread works for; see dou_log_name_requests() */
static _Thread_local const char *current_requests;
static gint current_level = DOU_LOG_INFO; /* (atomic) */

/**
 * dou_log_level_parse:
 * @text: a name
 * @level: (out): what it means
 *
 * Returns: whether there is such a level
 */
gboolean
dou_log_level_parse (const char *text, DouLogLevel *level)
{
  for (gsize i = 0; i < G_N_ELEMENTS (level_names); i++)
    if (g_str_equal (text, level_names[i]))
      {
        *level = (DouLogLevel) i;
        return TRUE;
      }

  return FALSE;
}

const char *
dou_log_level_get_name (DouLogLevel level)
{
  return level_names[level];
}

static gboolean
is_part (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (part_names); i++)
    if (g_str_equal (name, part_names[i]))
      return TRUE;

  return FALSE;
}

/**
 * dou_log_levels_parse:
 * @text: levels, separated by commas: one for all parts, or PART=LEVEL
 * @part: (nullable): of which the level is wanted; %NULL for that of all parts
 * @level: (out): that level; information unless it is said
 *
 * Returns: whether all of @text makes sense
 */
gboolean
dou_log_levels_parse (const char *text, const char *part, DouLogLevel *level)
{
  g_auto (GStrv) items = g_strsplit_set (text, ",;", -1);
  gboolean is_named = FALSE;

  *level = DOU_LOG_INFO;
  for (char **item = items; *item != NULL; item++)
    {
      char *equals = strchr (*item, '=');
      DouLogLevel parsed;

      if (equals != NULL)
        *equals = '\0';
      if (!dou_log_level_parse (g_strstrip (equals != NULL ? equals + 1 : *item), &parsed))
        return FALSE;
      if (equals != NULL && !is_part (g_strstrip (*item)))
        return FALSE;

      /* What is said of one part holds, wherever it stands. */
      if (equals == NULL && !is_named)
        *level = parsed;
      if (equals != NULL && g_strcmp0 (*item, part) == 0)
        {
          *level = parsed;
          is_named = TRUE;
        }
    }

  return items[0] != NULL;
}

static const char *
get_flags_name (GLogLevelFlags flags)
{
  if ((flags & G_LOG_LEVEL_ERROR) != 0)
    return "error";
  if ((flags & G_LOG_LEVEL_CRITICAL) != 0)
    return "critical";
  if ((flags & G_LOG_LEVEL_WARNING) != 0)
    return "warning";
  return (flags & G_LOG_LEVEL_DEBUG) != 0 ? "debug" : "info";
}

static DouLogLevel
get_level (GLogLevelFlags flags)
{
  if ((flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
    return DOU_LOG_WARNING;
  return (flags & G_LOG_LEVEL_DEBUG) != 0 ? DOU_LOG_DEBUG : DOU_LOG_INFO;
}

/* Valid UTF-8, and no longer than a line may be. */
static char *
get_value (const GLogField *field)
{
  gsize length = field->length < 0 ? strlen (field->value) : (gsize) field->length;

  return g_utf8_make_valid (field->value, (gssize) MIN (length, MAX_VALUE));
}

static char *
get_name (const GLogField *field)
{
  return g_ascii_strdown (field->key + strlen (FIELD_PREFIX), -1);
}

/* Nobody who chooses what is logged can make a line of it, or move the cursor of who reads it. */
static void
append_plain (GString *line, const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      g_string_append_printf (line, "\\x%02x", (guint) g_utf8_get_char (p));
    else
      g_string_append_len (line, p, g_utf8_next_char (p) - p);
}

static char *
format_time (gint64 time, gboolean is_local)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = g_date_time_to_local (utc);
  g_autofree char *seconds = g_date_time_format (is_local ? local : utc, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%03d%s", seconds, (int) (time / 1000 % 1000), is_local ? "" : "Z");
}

static char *
format_text (const char *part, const char *time, GLogLevelFlags flags, const GLogField *fields,
             gsize n_fields)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_printf (line, "%s %s[%d] %s:", time, part, (int) getpid (), get_flags_name (flags));
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      {
        g_autofree char *value = get_value (&fields[i]);

        g_string_append_c (line, ' ');
        append_plain (line, value);
      }
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_has_prefix (fields[i].key, FIELD_PREFIX))
      {
        g_autofree char *name = get_name (&fields[i]);
        g_autofree char *value = get_value (&fields[i]);

        g_string_append_printf (line, " %s=", name);
        append_plain (line, value);
      }

  g_string_append_c (line, '\n');
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static void
add_member (DouJsonWriter *writer, const char *name, const char *value)
{
  dou_json_writer_name (writer, name);
  dou_json_writer_string (writer, value);
}

static char *
format_json (const char *part, const char *time, GLogLevelFlags flags, const GLogField *fields,
             gsize n_fields)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, 256);
  dou_json_writer_begin_object (&writer);
  add_member (&writer, "time", time);
  add_member (&writer, "level", get_flags_name (flags));
  add_member (&writer, "part", part);
  dou_json_writer_name (&writer, "pid");
  dou_json_writer_int64 (&writer, getpid ());
  for (gsize i = 0; i < n_fields; i++)
    {
      g_autofree char *value = NULL;
      g_autofree char *name = NULL;

      if (g_str_equal (fields[i].key, "MESSAGE"))
        name = g_strdup ("message");
      else if (g_str_has_prefix (fields[i].key, FIELD_PREFIX))
        name = get_name (&fields[i]);
      else
        continue;

      value = get_value (&fields[i]);
      add_member (&writer, name, value);
    }

  dou_json_writer_end_object (&writer);
  g_string_append_c (writer.buffer, '\n');
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_log_format_line:
 * @format: text or JSON
 * @part: of which process
 * @time: in microseconds since 1970
 * @flags: how important
 * @fields: (array length=n_fields): what is to be said
 * @n_fields: how many
 *
 * Returns: (transfer full): one line, with its end
 */
char *
dou_log_format_line (DouLogFormat format, const char *part, gint64 time, GLogLevelFlags flags,
                     const GLogField *fields, gsize n_fields)
{
  g_autofree char *written = format_time (time, format != DOU_LOG_FORMAT_JSON);

  return format == DOU_LOG_FORMAT_JSON ? format_json (part, written, flags, fields, n_fields)
                                       : format_text (part, written, flags, fields, n_fields);
}

static GLogWriterOutput
write_to_journal (GLogLevelFlags flags, const GLogField *fields, gsize n_fields)
{
  g_autofree GLogField *all = g_new (GLogField, n_fields + 1);

  memcpy (all, fields, n_fields * sizeof *fields);
  all[n_fields++] = (GLogField){ "DOUTOK_PART", current_part, -1 };
  return g_log_writer_journald (flags, all, n_fields, NULL);
}

static GLogWriterOutput
write_fields (GLogLevelFlags flags, const GLogField *fields, gsize n_fields)
{
  g_autofree char *line = NULL;

  if (current_format == DOU_LOG_FORMAT_AUTO
      && write_to_journal (flags, fields, n_fields) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;

  line = dou_log_format_line (current_format, current_part, g_get_real_time (), flags, fields,
                              n_fields);
  return write (STDERR_FILENO, line, strlen (line)) < 0 ? G_LOG_WRITER_UNHANDLED
                                                        : G_LOG_WRITER_HANDLED;
}

static GLogWriterOutput
writer_cb (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_autofree GLogField *all = NULL;

  if (get_level (flags) < dou_log_get_level ())
    return G_LOG_WRITER_HANDLED;
  if (current_requests == NULL)
    return write_fields (flags, fields, n_fields);

  all = g_new (GLogField, n_fields + 1);
  memcpy (all, fields, n_fields * sizeof *fields);
  all[n_fields] = (GLogField){ FIELD_PREFIX "REQUEST", current_requests, -1 };
  return write_fields (flags, all, n_fields + 1);
}

/**
 * dou_log_name_requests:
 * @requests: (nullable): an id, or several separated by commas; stays until the next call
 *
 * Says what this thread works for from now on: lines that it logs name it, as request=….
 *
 * Returns: (transfer none) (nullable): what it was working for, to go back to
 */
const char *
dou_log_name_requests (const char *requests)
{
  const char *former = current_requests;

  current_requests = requests;
  return former;
}

const char *
dou_log_get_requests (void)
{
  return current_requests;
}

/**
 * dou_log_open:
 * @part: of this process: launcher, gateway, user, video, social or chat
 * @format: how lines are written
 * @level: which are
 *
 * From now on all that this process logs is written so. GLib takes one writer for the life of a process: a
 * second call changes the level alone.
 */
void
dou_log_open (const char *part, DouLogFormat format, DouLogLevel level)
{
  dou_log_set_level (level);
  if (current_part != NULL)
    return;

  current_part = g_strdup (part);
  current_format = format;
  if (format == DOU_LOG_FORMAT_AUTO && !g_log_writer_is_journald (STDERR_FILENO))
    current_format = DOU_LOG_FORMAT_TEXT;
  g_log_set_writer_func (writer_cb, NULL, NULL);
}

const char *
dou_log_get_part (void)
{
  return current_part != NULL ? current_part : "";
}

DouLogLevel
dou_log_get_level (void)
{
  return (DouLogLevel) g_atomic_int_get (&current_level);
}

void
dou_log_set_level (DouLogLevel level)
{
  g_atomic_int_set (&current_level, (gint) level);
}
