/* SPDX-License-Identifier: Apache-2.0 */

/* Which tables and columns there are. The migrations say that: they are run on empty SQLite files, which
 * are then looked at. So no list has to be kept beside them, and no migration can be forgotten. SQLite
 * is the one that is asked since there each domain has its own file, so that it is clear whose a table
 * is. */

#include "config.h"

#include <glib/gstdio.h>

#include "common/dou-database-schema.h"
#include "common/dou-status.h"
#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-plan.h"

const char *const dou_copy_domains[DOU_COPY_N_DOMAINS] = { "user", "video", "social", "chat" };

/* Where versions are kept: each database has its own. */
#define VERSIONS "schema_version"

static void
table_free (DouCopyTable *table)
{
  g_free (table->name);
  g_free (table->title);
  g_ptr_array_unref (table->columns);
  g_free (table);
}

/**
 * dou_copy_plan_free:
 * @self: (transfer full): a plan
 */
void
dou_copy_plan_free (DouCopyPlan *self)
{
  g_ptr_array_unref (self->tables);
  g_free (self);
}

static DouCopyTable *
add_table (DouCopyPlan *self, guint domain, const char *name)
{
  DouCopyTable *table = g_new0 (DouCopyTable, 1);

  table->domain = domain;
  table->name = g_strdup (name);
  table->title = g_strconcat (dou_copy_domains[domain], ".", name, NULL);
  table->columns = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->tables, table);
  return table;
}

static gboolean
add_tables (DouCopyPlan *self, guint domain, DouTransaction *database, GError **error)
{
  g_autoptr (GPtrArray) columns = dou_copy_catalog_list_columns (database, error);
  DouCopyTable *table = NULL;

  if (columns == NULL)
    return FALSE;

  for (guint i = 0; i < columns->len; i++)
    {
      const DouCopyColumn *column = g_ptr_array_index (columns, i);

      if (g_str_equal (column->table, VERSIONS))
        continue;
      if (table == NULL || !g_str_equal (table->name, column->table))
        table = add_table (self, domain, column->table);
      g_ptr_array_add (table->columns, g_strdup (column->name));
    }

  return TRUE;
}

static gboolean
find_seeds (DouCopyPlan *self, guint domain, DouTransaction *database, GError **error)
{
  for (guint i = 0; i < self->tables->len; i++)
    {
      DouCopyTable *table = g_ptr_array_index (self->tables, i);
      g_autofree char *sql = g_strconcat ("SELECT count(*) FROM ", table->name, NULL);
      gint64 n_rows = 0;

      if (table->domain != domain)
        continue;
      if (!dou_copy_catalog_get_number (database, table->title, sql, &n_rows, error))
        return FALSE;
      table->is_seeded = n_rows > 0;
    }

  return TRUE;
}

static gboolean
find_sequences (DouCopyPlan *self, guint domain, DouTransaction *database, GError **error)
{
  g_autoptr (DouRows) rows = dou_transaction_query (database, "list-sequences", "ss", NULL, error);

  for (guint i = 0; rows != NULL && i < dou_rows_get_n_rows (rows); i++)
    for (guint j = 0; j < self->tables->len; j++)
      {
        DouCopyTable *table = g_ptr_array_index (self->tables, j);

        if (table->domain == domain && g_str_equal (table->name, dou_rows_get_text (rows, i, 0)))
          table->is_sequenced = TRUE;
      }

  return rows != NULL;
}

static gboolean
add_domain (DouCopyPlan *self, guint domain, const char *directory, GError **error)
{
  g_autoptr (DouDatabaseAddress) address
      = dou_database_address_new_in (directory, dou_copy_domains[domain]);
  g_autoptr (DouTransaction) database = dou_copy_catalog_connect (address, error);

  /* It is thrown away at once. */
  return database != NULL && dou_transaction_run_sql (database, "PRAGMA synchronous = OFF", error)
         && dou_database_schema_migrate (database, dou_copy_domains[domain], &self->versions[domain],
                                         error)
         && add_tables (self, domain, database, error) && find_seeds (self, domain, database, error)
         && find_sequences (self, domain, database, error);
}

static void
remove_files (const char *directory)
{
  static const char *const endings[] = { ".db", ".db-wal", ".db-shm" };

  for (guint i = 0; i < DOU_COPY_N_DOMAINS; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (endings); j++)
      {
        g_autofree char *name = g_strconcat (dou_copy_domains[i], endings[j], NULL);
        g_autofree char *path = g_build_filename (directory, name, NULL);

        g_unlink (path);
      }
  g_rmdir (directory);
}

/**
 * dou_copy_plan_new:
 * @error: return location
 *
 * Returns: (transfer full): what this program keeps in databases, or %NULL
 */
DouCopyPlan *
dou_copy_plan_new (GError **error)
{
  g_autoptr (DouCopyPlan) self = g_new0 (DouCopyPlan, 1);
  g_autoptr (GError) cause = NULL;
  g_autofree char *directory = g_dir_make_tmp ("doutok-XXXXXX", &cause);
  gboolean done = TRUE;

  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) table_free);
  if (directory == NULL)
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, cause->message);
      return NULL;
    }

  for (guint i = 0; i < DOU_COPY_N_DOMAINS && done; i++)
    done = add_domain (self, i, directory, error);
  remove_files (directory);
  return done ? g_steal_pointer (&self) : NULL;
}
