/* SPDX-License-Identifier: Apache-2.0 */

/* The SQL of a domain, as it lies in the program: /org/doutok/sql/DOMAIN/ENGINE/…
 *
 * Files are split here, by lines that are comments to every tool, rather than by a parser: the
 * library's own cuts a trigger at the first inner END. Statements are named by `-- name: NAME`, the
 * steps of a migration are separated by `-- next`; other lines that begin with `--` are dropped.
 *
 * Migrations are numbered without gaps from 0001 and never changed once released. Each runs in one
 * transaction together with the new version number, so that a crash or an error in the middle of it
 * leaves the version before it. (MariaDB commits each step by itself, so that every step there may be
 * run again.) A database whose version is above the newest migration was written
 * by a newer program, which may have given its tables another meaning: it is refused, untouched.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-database-schema.h"
#include "common/dou-status.h"
#include "dou-database-sql.h"

#define NAME_MARK "-- name: "
#define NEXT_MARK "-- next"

/* The domain whose tables there are as long as a copy into the database is under way. */
#define COPY "copy"

static char *
get_resource_path (DouTransaction *transaction, const char *domain, const char *file)
{
  return g_strdup_printf ("/org/doutok/sql/%s/%s/%s", domain,
                          dou_transaction_get_engine_name (transaction), file);
}

/* A file that is not there is a fault of the build, as is one that does not parse. */
static char **
load_lines (DouTransaction *transaction, const char *domain, const char *file)
{
  g_autofree char *path = get_resource_path (transaction, domain, file);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, 0, &error);
  g_autofree char *text = NULL;
  gsize length;
  const char *data;

  if (bytes == NULL)
    g_error ("%s", error->message);

  data = g_bytes_get_data (bytes, &length);
  text = g_strndup (data, length);
  return g_strsplit (text, "\n", -1);
}

/* Statements of @file, each with its name if it has one; keeps their order. */
static void
load_statements (DouTransaction *transaction, const char *domain, const char *file, GPtrArray *names,
                 GPtrArray *statements)
{
  g_auto (GStrv) lines = load_lines (transaction, domain, file);
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autofree char *name = NULL;

  for (char **line = lines;; line++)
    {
      gboolean starts_name = *line != NULL && g_str_has_prefix (*line, NAME_MARK);

      if (*line == NULL || starts_name || g_str_equal (*line, NEXT_MARK))
        {
          if (*g_strstrip (sql->str) != '\0')
            {
              g_ptr_array_add (names, g_steal_pointer (&name));
              g_ptr_array_add (statements, g_strdup (sql->str));
            }
          g_string_truncate (sql, 0);
        }

      if (*line == NULL)
        break;

      if (starts_name)
        {
          g_free (name);
          name = g_strstrip (g_strdup (*line + strlen (NAME_MARK)));
        }
      else if (!g_str_has_prefix (*line, "--"))
        {
          g_string_append (sql, *line);
          g_string_append_c (sql, '\n');
        }
    }
}

static gboolean
run_script (DouTransaction *transaction, const char *domain, const char *file, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) statements = g_ptr_array_new_with_free_func (g_free);

  load_statements (transaction, domain, file, names, statements);
  for (guint i = 0; i < statements->len; i++)
    if (!dou_transaction_run_sql (transaction, g_ptr_array_index (statements, i), error))
      {
        g_prefix_error (error, "%s: ", file);
        return FALSE;
      }

  return TRUE;
}

/* Returns their names. */
static GPtrArray *
add_statements (DouTransaction *transaction, const char *domain)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) statements = g_ptr_array_new_with_free_func (g_free);

  load_statements (transaction, domain, "statements.sql", names, statements);
  for (guint i = 0; i < statements->len; i++)
    {
      if (g_ptr_array_index (names, i) == NULL)
        g_error ("A statement of %s has no name", domain);
      dou_transaction_add_statement (transaction, g_ptr_array_index (names, i),
                                     g_ptr_array_index (statements, i));
    }

  return g_steal_pointer (&names);
}

/**
 * dou_database_schema_connect:
 * @address: where to
 * @read_only: whether writes are to be refused
 * @error: return location
 *
 * Returns: (transfer full): a connection with its settings and the statements of the database class
 *   itself, or %NULL
 */
DouTransaction *
dou_database_schema_connect (const DouDatabaseAddress *address, gboolean read_only,
                             GError **error)
{
  g_autoptr (DouTransaction) transaction = NULL;

  /* Naming the resource also keeps the linker from dropping it. */
  (void) dou_database_sql_get_resource ();

  transaction = dou_transaction_open (address, error);
  if (transaction == NULL || !run_script (transaction, "database", "connect.sql", error)
      || (read_only && !run_script (transaction, "database", "connect-reader.sql", error)))
    return NULL;

  g_ptr_array_unref (add_statements (transaction, "database"));
  return g_steal_pointer (&transaction);
}

/**
 * dou_database_schema_load:
 * @transaction: a connection
 * @domain: whose statements to make ready; its tables are up to date
 * @error: return location
 *
 * Returns: whether the engine accepts all of them
 */
gboolean
dou_database_schema_load (DouTransaction *transaction, const char *domain, GError **error)
{
  g_autoptr (GPtrArray) names = add_statements (transaction, domain);

  for (guint i = 0; i < names->len; i++)
    if (!dou_transaction_prepare (transaction, g_ptr_array_index (names, i), error))
      return FALSE;

  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Files named NNNN-…, in order; the number of each is its place. */
static GPtrArray *
list_migrations (DouTransaction *transaction, const char *domain)
{
  g_autofree char *path = get_resource_path (transaction, domain, "");
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) children = g_resources_enumerate_children (path, 0, &error);
  g_autoptr (GPtrArray) migrations = g_ptr_array_new_with_free_func (g_free);

  if (children == NULL)
    g_error ("%s", error->message);

  for (char **child = children; *child != NULL; child++)
    if (g_ascii_isdigit (**child))
      g_ptr_array_add (migrations, g_strdup (*child));

  g_ptr_array_sort (migrations, compare_names);
  for (guint i = 0; i < migrations->len; i++)
    if (g_ascii_strtoull (g_ptr_array_index (migrations, i), NULL, 10) != i + 1)
      g_error ("Migration %s of %s is not number %u", (char *) g_ptr_array_index (migrations, i),
               domain, i + 1);

  return g_steal_pointer (&migrations);
}

static gboolean
get_version (DouTransaction *transaction, const char *domain, guint *version, GError **error)
{
  g_autofree char *json = g_strdup_printf ("[\"%s\"]", domain);
  g_autoptr (DouRows) rows = NULL;

  if (!dou_transaction_execute (transaction, "database-create-versions", NULL, NULL, error))
    return FALSE;

  rows = dou_transaction_query (transaction, "database-get-version", "x", json, error);
  if (rows == NULL)
    return FALSE;

  *version = dou_rows_get_n_rows (rows) == 0 ? 0 : (guint) dou_rows_get_int64 (rows, 0, 0);
  return TRUE;
}

/* Half of somebody else's rows is nothing to work on. */
static gboolean
check_no_copy (DouTransaction *transaction, const char *domain, GError **error)
{
  guint version;

  if (g_str_equal (domain, COPY))
    return TRUE;
  if (!get_version (transaction, COPY, &version, error))
    return FALSE;
  if (version == 0)
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                       _ ("a copy into it is not finished: let “doutok copy” go on first"));
  return FALSE;
}

/* One step: whatever of @migrations comes after the version that the database has. Another process
 * may be doing the same at this moment; a lock makes one wait for the other. */
static gboolean
migrate_once (DouTransaction *transaction, const char *domain, GPtrArray *migrations,
              guint *version, GError **error)
{
  g_autofree char *json = NULL;

  if (!check_no_copy (transaction, domain, error)
      || !get_version (transaction, domain, version, error))
    return FALSE;
  if (*version > migrations->len)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("it was written by a newer program: its %s tables have version %u, and this "
                      "program knows versions up to %u"),
                   domain, *version, migrations->len);
      return FALSE;
    }
  if (*version == migrations->len)
    return TRUE;

  if (!run_script (transaction, domain, g_ptr_array_index (migrations, *version), error))
    return FALSE;

  json = g_strdup_printf ("[[\"%s\",%u]]", domain, *version + 1);
  if (!dou_transaction_execute (transaction, "database-set-version", json, NULL, error))
    return FALSE;

  *version += 1;
  return TRUE;
}

/**
 * dou_database_schema_migrate:
 * @transaction: a connection that may write
 * @domain: whose tables to bring up to date
 * @version: (out): the number of the newest migration, which the database has now
 * @error: return location
 *
 * Returns: whether the tables are up to date; if not, they are as the last good migration left them
 */
gboolean
dou_database_schema_migrate (DouTransaction *transaction, const char *domain, guint *version,
                             GError **error)
{
  g_autoptr (GPtrArray) migrations = list_migrations (transaction, domain);

  do
    {
      gboolean done = dou_transaction_begin (transaction, TRUE, error)
                      && dou_transaction_lock_migrations (transaction, error)
                      && migrate_once (transaction, domain, migrations, version, error)
                      && dou_transaction_commit (transaction, error);

      if (!done)
        dou_transaction_rollback (transaction);
      dou_transaction_unlock_migrations (transaction);
      if (!done)
        return FALSE;
    }
  while (*version < migrations->len);

  return TRUE;
}
