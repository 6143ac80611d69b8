/* SPDX-License-Identifier: Apache-2.0 */

/* Where the columns of a plan are in a database. Engines differ in three ways by rule: on a server, where
 * all domains share a database, a domain may put its name before that of a table (`totals`); a column
 * may end in `_id` where its name is a word of the engine's (`user`); and a table of one row may number
 * it. What differs otherwise stands in `differences`. A column that is found by none of these, here or
 * there, is an error: better no copy than half of one. */

#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-side.h"

/* What the one row is numbered by. */
#define NUMBER "id"

/* Columns that an engine keeps elsewhere, and how they are read and written there. In the statement the
 * columns of the plan are c0, c1, … */
static const struct
{
  const char *engine;
  const char *title;
  const char *column;
  const char *table; /* where it is */
  const char *expression;
  const char *extra;
} differences[] = {
  { "mysql", "social.follows", "mutual", "friends",
    "EXISTS (SELECT 1 FROM friends AS r WHERE r.sequence = t.sequence)",
    "INSERT INTO friends (sequence, user_id, whom) SELECT j.c0, j.c1, j.c2 FROM JSON_TABLE("
    "##json::string, '$[*]' COLUMNS (c0 BIGINT PATH '$[0]' ERROR ON ERROR, "
    "c1 BIGINT PATH '$[1]' ERROR ON ERROR, c2 BIGINT PATH '$[2]' ERROR ON ERROR, "
    "c3 BIGINT PATH '$[3]' ERROR ON ERROR)) AS j WHERE j.c3 = 1" },
};

static void
field_free (DouCopyField *field)
{
  g_free (field->name);
  g_free (field->type);
  g_free (field);
}

/**
 * dou_copy_side_free:
 * @self: (transfer full): a side
 */
void
dou_copy_side_free (DouCopySide *self)
{
  g_free (self->name);
  g_ptr_array_unref (self->fields);
  g_array_unref (self->key);
  g_free (self);
}

static gboolean
has_table (GPtrArray *columns, const char *name)
{
  for (guint i = 0; i < columns->len; i++)
    if (g_str_equal (((DouCopyColumn *) g_ptr_array_index (columns, i))->table, name))
      return TRUE;

  return FALSE;
}

/* Returns: (transfer full) (nullable) */
static char *
find_table (const DouCopyTable *table, GPtrArray *columns)
{
  g_autofree char *prefixed
      = g_strconcat (dou_copy_domains[table->domain], "_", table->name, NULL);

  if (has_table (columns, prefixed))
    return g_steal_pointer (&prefixed);

  return has_table (columns, table->name) ? g_strdup (table->name) : NULL;
}

static const DouCopyColumn *
find_named (GPtrArray *columns, const char *table, const char *name)
{
  for (guint i = 0; i < columns->len; i++)
    {
      const DouCopyColumn *column = g_ptr_array_index (columns, i);

      if (g_str_equal (column->table, table) && g_str_equal (column->name, name))
        return column;
    }

  return NULL;
}

static const DouCopyColumn *
find_column (GPtrArray *columns, const char *table, const char *name)
{
  const DouCopyColumn *column = find_named (columns, table, name);
  g_autofree char *longer = g_strconcat (name, "_id", NULL);

  return column != NULL ? column : find_named (columns, table, longer);
}

/* Fills @field, if it is one of the differences. */
static gboolean
find_elsewhere (DouCopySide *self, const char *engine, const char *name, DouCopyField *field)
{
  for (gsize i = 0; i < G_N_ELEMENTS (differences); i++)
    if (g_str_equal (differences[i].engine, engine)
        && g_str_equal (differences[i].title, self->table->title)
        && g_str_equal (differences[i].column, name))
      {
        field->expression = differences[i].expression;
        self->extra = differences[i].extra;
        return TRUE;
      }

  return FALSE;
}

static gboolean
add_field (DouCopySide *self, const char *engine, GPtrArray *columns, const char *name,
           GError **error)
{
  const DouCopyColumn *column = find_column (columns, self->name, name);
  DouCopyField *field = g_new0 (DouCopyField, 1);

  g_ptr_array_add (self->fields, field);
  if (column != NULL)
    {
      field->name = g_strdup (column->name);
      field->type = g_strdup (column->type);
      return TRUE;
    }
  if (find_elsewhere (self, engine, name, field))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("There is no column “%s” in the table %s"),
               name, self->name);
  return FALSE;
}

static int
find_field (DouCopySide *self, const char *name)
{
  for (guint i = 0; i < self->fields->len; i++)
    {
      const DouCopyField *field = g_ptr_array_index (self->fields, i);

      if (field->name != NULL && g_str_equal (field->name, name))
        return (int) i;
    }

  return -1;
}

/* The columns of the key, in its order. */
static void
find_key (DouCopySide *self, GPtrArray *columns)
{
  for (guint place = 1;; place++)
    {
      gboolean found = FALSE;

      for (guint i = 0; i < columns->len && !found; i++)
        {
          const DouCopyColumn *column = g_ptr_array_index (columns, i);
          int index = -1;

          if (column->key == place && g_str_equal (column->table, self->name))
            index = find_field (self, column->name);
          if (index < 0)
            continue;

          g_array_append_val (self->key, index);
          found = TRUE;
        }
      if (!found)
        return;
    }
}

static gboolean
check_columns (DouCopySide *self, GPtrArray *columns, GError **error)
{
  for (guint i = 0; i < columns->len; i++)
    {
      const DouCopyColumn *column = g_ptr_array_index (columns, i);

      if (!g_str_equal (column->table, self->name) || find_field (self, column->name) >= 0)
        continue;
      if (self->table->is_seeded && g_str_equal (column->name, NUMBER))
        {
          self->has_number = TRUE;
          continue;
        }

      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL,
                   _ ("The column “%s” of the table %s is one that other engines do not have"),
                   column->name, self->name);
      return FALSE;
    }

  return TRUE;
}

/**
 * dou_copy_side_new:
 * @table: a table of the plan
 * @engine: of the database
 * @columns: (element-type DouCopyColumn): that the database has
 * @error: return location for %DOU_STATUS_INTERNAL
 *
 * Returns: (transfer full): where it is there, or %NULL
 */
DouCopySide *
dou_copy_side_new (const DouCopyTable *table, const char *engine, GPtrArray *columns,
                   GError **error)
{
  g_autoptr (DouCopySide) self = g_new0 (DouCopySide, 1);

  self->table = table;
  self->name = find_table (table, columns);
  self->fields = g_ptr_array_new_with_free_func ((GDestroyNotify) field_free);
  self->key = g_array_new (FALSE, FALSE, sizeof (guint));
  if (self->name == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("There is no table %s"), table->title);
      return NULL;
    }

  for (guint i = 0; i < table->columns->len; i++)
    if (!add_field (self, engine, columns, g_ptr_array_index (table->columns, i), error))
      return NULL;
  if (!check_columns (self, columns, error))
    return NULL;

  find_key (self, columns);
  if (self->key->len == 0 && !table->is_seeded)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("The table %s has no primary key"),
                   self->name);
      return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * dou_copy_side_is_known:
 * @engine: of a database
 * @sides: (element-type DouCopySide): of it, of all tables of the plan
 * @table: one of its tables
 * @column: a column of it
 *
 * Returns: whether what is in the column is copied
 */
gboolean
dou_copy_side_is_known (const char *engine, GPtrArray *sides, const char *table, const char *column)
{
  for (gsize i = 0; i < G_N_ELEMENTS (differences); i++)
    if (g_str_equal (differences[i].engine, engine) && g_str_equal (differences[i].table, table))
      return TRUE;

  for (guint i = 0; i < sides->len; i++)
    {
      DouCopySide *side = g_ptr_array_index (sides, i);

      if (g_str_equal (side->name, table) && (find_field (side, column) >= 0 || side->has_number))
        return TRUE;
    }

  return FALSE;
}
