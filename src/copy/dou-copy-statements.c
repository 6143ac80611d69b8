/* SPDX-License-Identifier: Apache-2.0 */

/* SQL about a table of which only names and types are known. Rows are read as JSON arrays, in the order
 * of the primary key, so many at a time, and written as one JSON array of such arrays: both in the forms
 * that the stores use, too. Names come from the engine's own catalogue of what migrations have made. */

#include "config.h"

#include <string.h>

#include "copy/dou-copy-statements.h"

typedef struct
{
  const char *engine;
  const char *row_begin; /* of an expression that makes an array of columns */
  const char *row_end;
} Dialect;

static const Dialect dialects[] = {
  { "sqlite", "json_array(", ")" },
  { "postgresql", "CAST(json_build_array(", ") AS text)" },
  /* Else an array of nothing but numbers would be bytes. */
  { "mysql", "CONVERT(JSON_ARRAY(", ") USING utf8mb4)" },
};

static const Dialect *
get_dialect (DouTransaction *database)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dialects); i++)
    if (g_str_equal (dialects[i].engine, dou_transaction_get_engine_name (database)))
      return &dialects[i];

  g_assert_not_reached ();
}

static gboolean
is (const Dialect *dialect, const char *engine)
{
  return g_str_equal (dialect->engine, engine);
}

static char *
make_name (const char *what, const DouCopySide *side)
{
  return g_strconcat (what, " ", side->table->title, NULL);
}

static void
add (DouTransaction *database, const char *what, const DouCopySide *side, const char *sql)
{
  g_autofree char *name = make_name (what, side);

  dou_transaction_add_statement (database, name, sql);
}

static const DouCopyField *
get_field (const DouCopySide *side, guint index)
{
  return g_ptr_array_index (side->fields, index);
}

static gboolean
is_number (const DouCopyField *field)
{
  /* What is computed is a number. */
  return field->type == NULL || strstr (field->type, "int") != NULL;
}

/* Bytes: MariaDB would take them for text of any character set, and change what is none. */
static gboolean
is_bytes (const DouCopyField *field)
{
  return field->type != NULL && strstr (field->type, "binary") != NULL;
}

static const char *
get_key_name (const DouCopySide *side, guint place)
{
  return get_field (side, g_array_index (side->key, guint, place))->name;
}

static void
append_row (GString *sql, const Dialect *dialect, const DouCopySide *side)
{
  g_string_append (sql, dialect->row_begin);
  for (guint i = 0; i < side->fields->len; i++)
    {
      const DouCopyField *field = get_field (side, i);

      g_string_append (sql, i > 0 ? ", " : "");
      if (field->name == NULL)
        g_string_append (sql, field->expression);
      else
        g_string_append_printf (sql, is_bytes (field) ? "HEX(t.%s)" : "t.%s", field->name);
    }
  g_string_append (sql, dialect->row_end);
}

/* The value at @place of the parameter, which is a key. */
static void
append_bound (GString *sql, const Dialect *dialect, const DouCopySide *side, guint place)
{
  const DouCopyField *field = get_field (side, g_array_index (side->key, guint, place));

  if (is (dialect, "sqlite"))
    g_string_append_printf (sql, "(##json::string ->> %u)", place);
  else if (is (dialect, "postgresql"))
    g_string_append_printf (sql, "CAST(CAST(##json::string AS json) ->> %u AS %s)", place,
                            field->type);
  else
    g_string_append_printf (sql, "CAST(JSON_VALUE(##json::string, '$[%u]') AS %s)", place,
                            is_number (field) ? "SIGNED" : "CHAR");
}

/* (a, b) > (x, y), and on MariaDB, which would look at every row for that, a > x OR a = x AND b > y. */
static void
append_after (GString *sql, const Dialect *dialect, const DouCopySide *side)
{
  gboolean is_spelled_out = is (dialect, "mysql");

  if (!is_spelled_out)
    {
      g_string_append (sql, "(");
      for (guint i = 0; i < side->key->len; i++)
        g_string_append_printf (sql, "%st.%s", i > 0 ? ", " : "", get_key_name (side, i));
      g_string_append (sql, ") > (");
      for (guint i = 0; i < side->key->len; i++)
        {
          g_string_append (sql, i > 0 ? ", " : "");
          append_bound (sql, dialect, side, i);
        }
      g_string_append (sql, ")");
      return;
    }

  for (guint i = 0; i < side->key->len; i++)
    {
      g_string_append (sql, i > 0 ? " OR (" : "(");
      for (guint j = 0; j <= i; j++)
        {
          g_string_append_printf (sql, "%st.%s %s ", j > 0 ? " AND " : "", get_key_name (side, j),
                                  j == i ? ">" : "=");
          append_bound (sql, dialect, side, j);
        }
      g_string_append (sql, ")");
    }
}

static void
add_read (DouTransaction *database, const DouCopySide *side, guint n_rows, gboolean is_first)
{
  const Dialect *dialect = get_dialect (database);
  g_autoptr (GString) sql = g_string_new ("SELECT ");

  append_row (sql, dialect, side);
  g_string_append_printf (sql, " FROM %s AS t", side->name);
  if (!is_first)
    {
      g_string_append (sql, " WHERE ");
      append_after (sql, dialect, side);
    }
  for (guint i = 0; i < side->key->len; i++)
    g_string_append_printf (sql, "%st.%s", i > 0 ? ", " : " ORDER BY ", get_key_name (side, i));
  g_string_append_printf (sql, " LIMIT %u", n_rows);
  add (database, is_first ? "first" : "next", side, sql->str);
}

/**
 * dou_copy_statements_add_reads:
 * @database: where the table is
 * @side: a table
 * @n_rows: the most to read at a time
 *
 * Makes ready what the other functions need, but to write.
 */
void
dou_copy_statements_add_reads (DouTransaction *database, const DouCopySide *side, guint n_rows)
{
  g_autofree char *count = g_strconcat ("SELECT count(*) FROM ", side->name, NULL);
  g_autofree char *any
      = g_strdup_printf ("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT 1) AS t", side->name);

  add (database, "count", side, count);
  add (database, "any", side, any);
  add_read (database, side, n_rows, TRUE);
  if (side->key->len > 0)
    add_read (database, side, n_rows, FALSE);
}

/* The columns that are written: those that the table has. */
static void
append_names (GString *sql, const DouCopySide *side)
{
  const char *separator = "";

  for (guint i = 0; i < side->fields->len; i++)
    if (get_field (side, i)->name != NULL)
      {
        g_string_append_printf (sql, "%s%s", separator, get_field (side, i)->name);
        separator = ", ";
      }
  if (side->has_number)
    g_string_append (sql, ", id");
}

static void
append_value (GString *sql, const Dialect *dialect, const DouCopyField *field, guint index)
{
  if (is (dialect, "sqlite"))
    g_string_append_printf (sql, "j.value ->> %u", index);
  else if (is (dialect, "postgresql"))
    g_string_append_printf (sql, "CAST(j ->> %u AS %s)", index, field->type);
  else
    g_string_append_printf (sql, "j.c%u", index);
}

static void
append_values (GString *sql, const Dialect *dialect, const DouCopySide *side)
{
  const char *separator = "";

  for (guint i = 0; i < side->fields->len; i++)
    if (get_field (side, i)->name != NULL)
      {
        g_string_append (sql, separator);
        append_value (sql, dialect, get_field (side, i), i);
        separator = ", ";
      }
  if (side->has_number)
    g_string_append (sql, ", 1");
}

static void
append_rows (GString *sql, const Dialect *dialect, const DouCopySide *side)
{
  if (is (dialect, "sqlite"))
    {
      g_string_append (sql, "json_each(##json::string) AS j");
      return;
    }
  if (is (dialect, "postgresql"))
    {
      g_string_append (sql, "json_array_elements(CAST(##json::string AS json)) AS j");
      return;
    }

  g_string_append (sql, "JSON_TABLE(##json::string, '$[*]' COLUMNS (");
  for (guint i = 0; i < side->fields->len; i++)
    g_string_append_printf (sql, "%sc%u %s PATH '$[%u]' ERROR ON ERROR", i > 0 ? ", " : "", i,
                            is_number (get_field (side, i)) ? "BIGINT" : "LONGTEXT CHARSET utf8mb4",
                            i);
  g_string_append (sql, ")) AS j");
}

/**
 * dou_copy_statements_add_writes:
 * @database: where the table is
 * @side: a table
 *
 * Makes ready what dou_copy_statements_delete() and dou_copy_statements_insert() need.
 */
void
dou_copy_statements_add_writes (DouTransaction *database, const DouCopySide *side)
{
  const Dialect *dialect = get_dialect (database);
  g_autoptr (GString) sql = g_string_new (NULL);

  g_string_append_printf (sql, "DELETE FROM %s", side->name);
  add (database, "delete", side, sql->str);

  /* Numbers that count upwards come from the source, also where they come by themselves otherwise. */
  g_string_printf (sql, "INSERT INTO %s (", side->name);
  append_names (sql, side);
  g_string_append (sql, is (dialect, "postgresql") ? ") OVERRIDING SYSTEM VALUE SELECT " : ") SELECT ");
  append_values (sql, dialect, side);
  g_string_append (sql, " FROM ");
  append_rows (sql, dialect, side);
  add (database, "insert", side, sql->str);
  if (side->extra != NULL)
    add (database, "extra", side, side->extra);
}

/**
 * dou_copy_statements_new_row:
 * @database: where the table is
 * @side: a table
 *
 * Returns: (transfer full): what understands its rows
 */
DouCopyRow *
dou_copy_statements_new_row (DouTransaction *database, const DouCopySide *side)
{
  DouCopyRow *row = dou_copy_row_new (side->fields->len);

  for (guint i = 0; i < side->fields->len; i++)
    if (is_bytes (get_field (side, i)))
      dou_copy_row_set_hexadecimal (row, i);
  return row;
}

/**
 * dou_copy_statements_read:
 * @database: where the table is
 * @side: a table
 * @key: (nullable): a JSON array, the key after which to go on; %NULL for the first rows
 * @error: return location
 *
 * Returns: (transfer full): rows of one text each, for dou_copy_row_parse(); or %NULL
 */
DouRows *
dou_copy_statements_read (DouTransaction *database, const DouCopySide *side, const char *key,
                          GError **error)
{
  g_autofree char *name = make_name (key == NULL ? "first" : "next", side);

  return dou_transaction_query (database, name, "s", key, error);
}

static gboolean
get_number (DouTransaction *database, const char *what, const DouCopySide *side, gint64 *number,
            GError **error)
{
  g_autofree char *name = make_name (what, side);
  g_autoptr (DouRows) rows = dou_transaction_query (database, name, "x", NULL, error);

  if (rows != NULL)
    *number = dou_rows_get_int64 (rows, 0, 0);
  return rows != NULL;
}

gboolean
dou_copy_statements_count (DouTransaction *database, const DouCopySide *side, gint64 *n_rows,
                           GError **error)
{
  return get_number (database, "count", side, n_rows, error);
}

gboolean
dou_copy_statements_is_empty (DouTransaction *database, const DouCopySide *side, gboolean *is_empty,
                              GError **error)
{
  gint64 any;

  if (!get_number (database, "any", side, &any, error))
    return FALSE;

  *is_empty = any == 0;
  return TRUE;
}

gboolean
dou_copy_statements_delete (DouTransaction *database, const DouCopySide *side, GError **error)
{
  g_autofree char *name = make_name ("delete", side);

  return dou_transaction_execute (database, name, NULL, NULL, error);
}

/**
 * dou_copy_statements_insert:
 * @database: where the table is
 * @side: a table
 * @json: a JSON array of rows, each an array of the columns of the plan
 * @error: return location
 *
 * Returns: whether they are in
 */
gboolean
dou_copy_statements_insert (DouTransaction *database, const DouCopySide *side, const char *json,
                            GError **error)
{
  g_autofree char *insert = make_name ("insert", side);
  g_autofree char *extra = make_name ("extra", side);

  return dou_transaction_execute (database, insert, json, NULL, error)
         && (side->extra == NULL || dou_transaction_execute (database, extra, json, NULL, error));
}
