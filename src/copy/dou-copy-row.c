/* SPDX-License-Identifier: Apache-2.0 */

/* Rows between two engines, and their checksum.
 *
 * An engine makes a JSON array of a row. How it writes one differs (blanks, escapes, true or 1), so it
 * is read here into numbers and texts, of which both the JSON for the other engine and the checksum are
 * made. A checksum by the engines themselves was rejected for that reason, and since then each would
 * vouch for itself.
 *
 * The checksum of a table is the sum of those of its rows, 128 bits of each one's SHA-256: it does not
 * depend on the order, which is another one where texts are keys. It is there to find mistakes and
 * damage, not forgers.
 *
 * A text with a zero byte is refused: not every engine can keep one, and no request can make one.
 */

#include "config.h"

#include <string.h>

#include "common/dou-status.h"
#include "copy/dou-copy-row.h"

/* Of a SHA-256. */
#define DIGEST_SIZE 32

/* Digits of an unpaired half of a character above U+FFFF. */
#define HIGH_SURROGATE 0xd800
#define LOW_SURROGATE 0xdc00
#define SURROGATES_END 0xe000

typedef enum
{
  CELL_NULL,
  CELL_NUMBER,
  CELL_TEXT,
} CellKind;

typedef struct
{
  CellKind kind;
  gint64 number;
  char *text; /* (unowned) of the row's buffer */
} Cell;

struct _DouCopyRow
{
  guint n_columns;
  Cell *cells;           /* (owned) */
  gboolean *hexadecimal; /* (owned) columns whose texts come as digits */
  char *buffer;          /* (owned) (nullable) texts, one after the other, each with a zero byte */
  gsize size;            /* of the buffer */
  char *end;             /* (unowned) of what is used of it */
  GChecksum *checksum;   /* (owned) */
};

/**
 * dou_copy_row_new:
 * @n_columns: how many a row has
 *
 * Returns: (transfer full): a row, for one after the other
 */
DouCopyRow *
dou_copy_row_new (guint n_columns)
{
  DouCopyRow *self = g_new0 (DouCopyRow, 1);

  self->n_columns = n_columns;
  self->cells = g_new0 (Cell, n_columns);
  self->hexadecimal = g_new0 (gboolean, n_columns);
  self->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  return self;
}

/**
 * dou_copy_row_free:
 * @self: (transfer full): a row
 */
void
dou_copy_row_free (DouCopyRow *self)
{
  g_checksum_free (self->checksum);
  g_free (self->buffer);
  g_free (self->hexadecimal);
  g_free (self->cells);
  g_free (self);
}

/**
 * dou_copy_row_set_hexadecimal:
 * @self: a row
 * @column: index of a column whose texts come as the hexadecimal digits of their bytes
 */
void
dou_copy_row_set_hexadecimal (DouCopyRow *self, guint column)
{
  self->hexadecimal[column] = TRUE;
}

static void
skip_blanks (const char **json)
{
  while (g_ascii_isspace (**json))
    (*json)++;
}

static gboolean
skip (const char **json, const char *what)
{
  if (!g_str_has_prefix (*json, what))
    return FALSE;

  *json += strlen (what);
  return TRUE;
}

static gboolean
parse_digits (const char **json, gunichar *character)
{
  *character = 0;
  for (guint i = 0; i < 4; i++, (*json)++)
    {
      if (!g_ascii_isxdigit (**json))
        return FALSE;
      *character = *character << 4 | (gunichar) g_ascii_xdigit_value (**json);
    }

  return TRUE;
}

/* After “\u”. */
static gboolean
parse_character (DouCopyRow *self, const char **json)
{
  gunichar character, low;

  if (!parse_digits (json, &character))
    return FALSE;
  if (character >= HIGH_SURROGATE && character < LOW_SURROGATE)
    {
      if (!skip (json, "\\u") || !parse_digits (json, &low) || low < LOW_SURROGATE
          || low >= SURROGATES_END)
        return FALSE;
      character = 0x10000 + ((character - HIGH_SURROGATE) << 10) + (low - LOW_SURROGATE);
    }
  if (character == 0 || !g_unichar_validate (character))
    return FALSE;

  self->end += g_unichar_to_utf8 (character, self->end);
  return TRUE;
}

static gboolean
parse_escape (DouCopyRow *self, const char **json)
{
  static const char letters[] = "bfnrt\"\\/";
  static const char meanings[] = "\b\f\n\r\t\"\\/";
  const char *letter;

  if (skip (json, "u"))
    return parse_character (self, json);

  letter = **json != '\0' ? strchr (letters, **json) : NULL;
  if (letter == NULL)
    return FALSE;

  *self->end++ = meanings[letter - letters];
  (*json)++;
  return TRUE;
}

/* After the first quotation mark. */
static gboolean
parse_text (DouCopyRow *self, Cell *cell, const char **json)
{
  cell->kind = CELL_TEXT;
  cell->text = self->end;
  while (**json != '"')
    {
      if (**json == '\0')
        return FALSE;
      if (!skip (json, "\\"))
        *self->end++ = *(*json)++;
      else if (!parse_escape (self, json))
        return FALSE;
    }

  (*json)++;
  *self->end++ = '\0';
  return TRUE;
}

static gboolean
parse_number (Cell *cell, const char **json)
{
  g_autofree char *digits = g_strndup (*json, strcspn (*json, ",] \t\n\r"));

  cell->kind = CELL_NUMBER;
  *json += strlen (digits);
  return g_ascii_string_to_signed (digits, 10, G_MININT64, G_MAXINT64, &cell->number, NULL);
}

static gboolean
decode_hexadecimal (Cell *cell)
{
  gsize length = strlen (cell->text);

  for (gsize i = 0; i < length; i += 2)
    {
      if (!g_ascii_isxdigit (cell->text[i]) || !g_ascii_isxdigit (cell->text[i + 1]))
        return FALSE;
      cell->text[i / 2] = (char) (g_ascii_xdigit_value (cell->text[i]) << 4
                                  | g_ascii_xdigit_value (cell->text[i + 1]));
      if (cell->text[i / 2] == '\0')
        return FALSE;
    }

  cell->text[length / 2] = '\0';
  return TRUE;
}

static gboolean
parse_cell (DouCopyRow *self, guint column, const char **json)
{
  Cell *cell = &self->cells[column];

  *cell = (Cell){ .kind = CELL_NUMBER };
  if (skip (json, "null"))
    cell->kind = CELL_NULL;
  else if (skip (json, "true"))
    cell->number = 1;
  else if (skip (json, "\""))
    return parse_text (self, cell, json)
           && (!self->hexadecimal[column] || decode_hexadecimal (cell))
           && g_utf8_validate (cell->text, -1, NULL);
  else if (!skip (json, "false"))
    return parse_number (cell, json);

  return TRUE;
}

static gboolean
parse_cells (DouCopyRow *self, const char *json)
{
  skip_blanks (&json);
  if (!skip (&json, "["))
    return FALSE;

  for (guint i = 0; i < self->n_columns; i++)
    {
      skip_blanks (&json);
      if (!parse_cell (self, i, &json))
        return FALSE;
      skip_blanks (&json);
      if (!skip (&json, i + 1 < self->n_columns ? "," : "]"))
        return FALSE;
    }

  return *json == '\0';
}

/**
 * dou_copy_row_parse:
 * @self: a row
 * @json: a JSON array of its columns, as an engine writes it
 * @error: return location for %DOU_STATUS_INTERNAL
 *
 * Returns: whether all of it can be copied
 */
gboolean
dou_copy_row_parse (DouCopyRow *self, const char *json, GError **error)
{
  /* Nothing is longer than its escape. */
  gsize needed = strlen (json) + 1;

  if (self->size < needed)
    {
      g_free (self->buffer);
      self->buffer = g_malloc (needed);
      self->size = needed;
    }

  self->end = self->buffer;
  if (parse_cells (self, json))
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_INTERNAL,
                       "a row has a text with a zero byte or that is no UTF-8, or a number that is "
                       "no integer of 64 bits");
  return FALSE;
}

static void
write_cell (const Cell *cell, DouJsonWriter *writer)
{
  if (cell->kind == CELL_NULL)
    dou_json_writer_raw (writer, "null", -1);
  else if (cell->kind == CELL_NUMBER)
    dou_json_writer_int64 (writer, cell->number);
  else
    dou_json_writer_string (writer, cell->text);
}

/**
 * dou_copy_row_write:
 * @self: a row that was parsed
 * @writer: (inout): where a JSON array of its columns goes
 */
void
dou_copy_row_write (DouCopyRow *self, DouJsonWriter *writer)
{
  dou_json_writer_begin_array (writer);
  for (guint i = 0; i < self->n_columns; i++)
    write_cell (&self->cells[i], writer);
  dou_json_writer_end_array (writer);
}

/**
 * dou_copy_row_write_columns:
 * @self: a row that was parsed
 * @columns: (array length=n_columns): indices of columns
 * @n_columns: how many
 * @writer: (inout): where a JSON array of these goes
 */
void
dou_copy_row_write_columns (DouCopyRow *self, const guint *columns, guint n_columns,
                            DouJsonWriter *writer)
{
  dou_json_writer_begin_array (writer);
  for (guint i = 0; i < n_columns; i++)
    write_cell (&self->cells[columns[i]], writer);
  dou_json_writer_end_array (writer);
}

static void
update_checksum (GChecksum *checksum, const Cell *cell)
{
  guint8 kind = (guint8) cell->kind;
  gint64 number = GINT64_TO_LE (cell->number);

  g_checksum_update (checksum, &kind, sizeof kind);
  if (cell->kind == CELL_NUMBER)
    g_checksum_update (checksum, (const guint8 *) &number, sizeof number);
  else if (cell->kind == CELL_TEXT) /* with the zero byte that ends it */
    g_checksum_update (checksum, (const guint8 *) cell->text, (gssize) strlen (cell->text) + 1);
}

/**
 * dou_copy_row_add_to_sum:
 * @self: a row that was parsed
 * @sum: (inout): of its table
 */
void
dou_copy_row_add_to_sum (DouCopyRow *self, DouCopySum *sum)
{
  guint64 digest[DIGEST_SIZE / sizeof (guint64)];
  gsize length = sizeof digest;

  g_checksum_reset (self->checksum);
  for (guint i = 0; i < self->n_columns; i++)
    update_checksum (self->checksum, &self->cells[i]);
  g_checksum_get_digest (self->checksum, (guint8 *) digest, &length);

  sum->n_rows++;
  for (gsize i = 0; i < G_N_ELEMENTS (sum->parts); i++)
    sum->parts[i] += GUINT64_FROM_LE (digest[i]);
}

gboolean
dou_copy_sum_equal (const DouCopySum *a, const DouCopySum *b)
{
  return a->n_rows == b->n_rows && a->parts[0] == b->parts[0] && a->parts[1] == b->parts[1];
}

/**
 * dou_copy_sum_to_string:
 * @self: a sum
 *
 * Returns: (transfer full): its checksum, for people to compare
 */
char *
dou_copy_sum_to_string (const DouCopySum *self)
{
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", self->parts[0],
                          self->parts[1]);
}
