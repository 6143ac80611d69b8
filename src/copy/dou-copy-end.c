/* SPDX-License-Identifier: Apache-2.0 */

/* One end of a copy: a file for each domain, or a database on a server for all of them. */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-database-schema.h"
#include "common/dou-status.h"
#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-end.h"
#include "copy/dou-copy-mark.h"
#include "copy/dou-copy-statements.h"

#define VERSIONS "schema_version"

/* The nodes of a server share the keys of login tokens through its database. */
#define TOKEN_DOMAIN "token"

/* How long connections may take to go whose owners have gone already, and how often to look. */
#define OTHERS_TIMEOUT (10 * G_TIME_SPAN_SECOND)
#define OTHERS_PAUSE (100 * G_TIME_SPAN_MILLISECOND)

/**
 * dou_copy_end_free:
 * @self: (transfer full): an end
 */
void
dou_copy_end_free (DouCopyEnd *self)
{
  g_ptr_array_unref (self->databases);
  g_ptr_array_unref (self->sides);
  g_free (self->name);
  g_free (self->state_dir);
  g_free (self);
}

static gboolean
check_exists (const DouDatabaseAddress *address, GError **error)
{
  if (!dou_database_address_is_file (address) || g_file_test (address->path, G_FILE_TEST_EXISTS))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("There is no database %s"),
               address->path);
  return FALSE;
}

static gboolean
add_database (DouCopyEnd *self, DouConfig *config, guint domain, gboolean must_exist,
              GError **error)
{
  g_autoptr (DouDatabaseAddress) address
      = dou_database_address_new_from_config (config, dou_copy_domains[domain], error);
  DouTransaction *database = NULL;

  if (address != NULL && (!must_exist || check_exists (address, error)))
    database = dou_copy_catalog_connect (address, error);
  if (database == NULL)
    return FALSE;

  g_ptr_array_add (self->databases, database);
  g_free (self->name);
  self->name = dou_database_address_is_file (address)
                   ? g_strdup (self->state_dir)
                   : dou_database_address_describe (address);
  return TRUE;
}

/**
 * dou_copy_end_open:
 * @config: with the state directory that is in use, and locked by this process
 * @must_exist: whether files of databases must be there already
 * @error: return location
 *
 * Returns: (transfer full): what it leads to, or %NULL with %DOU_STATUS_UNAVAILABLE
 */
DouCopyEnd *
dou_copy_end_open (DouConfig *config, gboolean must_exist, GError **error)
{
  const char *engine = dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE);
  guint n_databases = g_str_equal (engine, "sqlite") ? DOU_COPY_N_DOMAINS : 1;
  g_autoptr (DouCopyEnd) self = g_new0 (DouCopyEnd, 1);

  self->databases = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_transaction_close);
  self->sides = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_copy_side_free);
  self->state_dir = g_strdup (dou_config_get_string (config, DOU_CONFIG_STATE_DIR));
  for (guint i = 0; i < n_databases; i++)
    if (!add_database (self, config, i, must_exist, error))
      return NULL;

  return g_steal_pointer (&self);
}

gboolean
dou_copy_end_is_server (DouCopyEnd *self)
{
  return self->databases->len == 1;
}

/**
 * dou_copy_end_get_database:
 * @self: an end
 * @domain: index of a domain
 *
 * Returns: (transfer none): where its tables are
 */
DouTransaction *
dou_copy_end_get_database (DouCopyEnd *self, guint domain)
{
  return g_ptr_array_index (self->databases, dou_copy_end_is_server (self) ? 0 : domain);
}

static gboolean
count_others (DouTransaction *database, gint64 *n_others, GError **error)
{
  g_autoptr (DouRows) rows = dou_transaction_query (database, "count-others", "x", NULL, error);

  if (rows != NULL)
    *n_others = dou_rows_get_int64 (rows, 0, 0);
  return rows != NULL;
}

/**
 * dou_copy_end_check_unused:
 * @self: an end
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: whether no other connection uses the database; of files, the lock of their directory tells
 */
gboolean
dou_copy_end_check_unused (DouCopyEnd *self, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + OTHERS_TIMEOUT;
  gint64 n_others;

  for (;;)
    {
      if (!count_others (g_ptr_array_index (self->databases, 0), &n_others, error))
        return FALSE;
      if (n_others == 0)
        return TRUE;
      if (g_get_monotonic_time () >= deadline)
        break;
      g_usleep (OTHERS_PAUSE);
    }

  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
               _ ("The database %s is in use, connections of others: %d. Stop all nodes first"),
               self->name, (int) n_others);
  return FALSE;
}

static gboolean
has_versions (GPtrArray *columns)
{
  for (guint i = 0; i < columns->len; i++)
    if (g_str_equal (((DouCopyColumn *) g_ptr_array_index (columns, i))->table, VERSIONS))
      return TRUE;

  return FALSE;
}

static gboolean
check_version (DouCopyEnd *self, const DouCopyPlan *plan, guint domain, GError **error)
{
  DouTransaction *database = dou_copy_end_get_database (self, domain);
  g_autoptr (GPtrArray) columns = dou_copy_catalog_list_columns (database, error);
  guint version = 0;

  if (columns == NULL
      || (has_versions (columns)
          && !dou_copy_catalog_get_version (database, dou_copy_domains[domain], &version, error)))
    return FALSE;
  if (version == plan->versions[domain])
    return TRUE;

  if (version == 0)
    g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("%s has no %s tables"), self->name,
                 dou_copy_domains[domain]);
  else
    g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                 _ ("In %s the %s tables have version %u, and this program knows version %u: start "
                    "the server of this version there once, or copy with that of the other"),
                 self->name, dou_copy_domains[domain], version, plan->versions[domain]);
  return FALSE;
}

/**
 * dou_copy_end_check_versions:
 * @self: an end
 * @plan: what there is to copy
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: whether the tables are those of the plan
 */
gboolean
dou_copy_end_check_versions (DouCopyEnd *self, const DouCopyPlan *plan, GError **error)
{
  for (guint i = 0; i < DOU_COPY_N_DOMAINS; i++)
    if (!check_version (self, plan, i, error))
      return FALSE;

  return TRUE;
}

static gboolean
migrate (DouCopyEnd *self, DouTransaction *database, const char *domain, GError **error)
{
  guint version;

  if (dou_database_schema_migrate (database, domain, &version, error))
    return TRUE;

  g_prefix_error (error, "%s: ", self->name);
  return FALSE;
}

/* A database into which a copy is under way has its tables already, and they stay as they are. */
static gboolean
migrate_domain (DouCopyEnd *self, guint domain, GError **error)
{
  DouTransaction *database = dou_copy_end_get_database (self, domain);
  gboolean is_marked;

  return dou_copy_mark_is_set (database, &is_marked, error)
         && (is_marked || migrate (self, database, dou_copy_domains[domain], error));
}

/**
 * dou_copy_end_migrate:
 * @self: where to copy to
 * @plan: what there is to copy
 * @error: return location
 *
 * Returns: whether the tables are there, and are those of the plan
 */
gboolean
dou_copy_end_migrate (DouCopyEnd *self, const DouCopyPlan *plan, GError **error)
{
  DouTransaction *first = g_ptr_array_index (self->databases, 0);
  gboolean is_marked;

  for (guint i = 0; i < DOU_COPY_N_DOMAINS; i++)
    if (!migrate_domain (self, i, error))
      return FALSE;

  if (dou_copy_end_is_server (self)
      && (!dou_copy_mark_is_set (first, &is_marked, error)
          || (!is_marked && !migrate (self, first, TOKEN_DOMAIN, error))))
    return FALSE;

  return dou_copy_end_check_versions (self, plan, error);
}

static gboolean
find_tables_of (DouCopyEnd *self, const DouCopyPlan *plan, guint domain, guint n_rows,
                GError **error)
{
  DouTransaction *database = dou_copy_end_get_database (self, domain);
  const char *engine = dou_transaction_get_engine_name (database);
  g_autoptr (GPtrArray) columns = dou_copy_catalog_list_columns (database, error);

  for (guint i = 0; columns != NULL && i < plan->tables->len; i++)
    {
      const DouCopyTable *table = g_ptr_array_index (plan->tables, i);
      DouCopySide *side;

      if (table->domain != domain)
        continue;
      side = dou_copy_side_new (table, engine, columns, error);
      if (side == NULL)
        {
          g_prefix_error (error, "%s: ", self->name);
          return FALSE;
        }
      g_ptr_array_add (self->sides, side);
      dou_copy_statements_add_reads (database, side, n_rows);
      dou_copy_statements_add_writes (database, side);
    }

  return columns != NULL;
}

/**
 * dou_copy_end_find_tables:
 * @self: an end whose tables are those of the plan
 * @plan: what there is to copy
 * @n_rows: the most to read at a time
 * @error: return location
 *
 * Returns: whether all tables were found
 */
gboolean
dou_copy_end_find_tables (DouCopyEnd *self, const DouCopyPlan *plan, guint n_rows, GError **error)
{
  /* The plan has the tables of one domain after those of the other, and so has this. */
  for (guint i = 0; i < DOU_COPY_N_DOMAINS; i++)
    if (!find_tables_of (self, plan, i, n_rows, error))
      return FALSE;

  g_assert (self->sides->len == plan->tables->len);
  return TRUE;
}

/**
 * dou_copy_end_check_empty:
 * @self: an end whose tables are known
 * @database: one of its databases
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: whether there is nothing in it that did not come with its tables
 */
gboolean
dou_copy_end_check_empty (DouCopyEnd *self, DouTransaction *database, GError **error)
{
  for (guint i = 0; i < self->sides->len; i++)
    {
      const DouCopySide *side = g_ptr_array_index (self->sides, i);
      gboolean is_empty;

      if (dou_copy_end_get_database (self, side->table->domain) != database
          || side->table->is_seeded)
        continue;
      if (!dou_copy_statements_is_empty (database, side, &is_empty, error))
        return FALSE;
      if (is_empty)
        continue;

      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("%s is not empty, it has rows in %s: copies go into what is empty"),
                   self->name, side->table->title);
      return FALSE;
    }

  return TRUE;
}
