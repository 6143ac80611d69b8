/* SPDX-License-Identifier: Apache-2.0 */

/* Connections for a copy, and what a database says of itself. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-database-schema.h"
#include "common/dou-json-writer.h"
#include "common/dou-status.h"
#include "copy/dou-copy-catalog.h"
#include "dou-copy-sql-chat.h"
#include "dou-copy-sql-social.h"
#include "dou-copy-sql-token.h"
#include "dou-copy-sql-user.h"
#include "dou-copy-sql-video.h"
#include "dou-copy-sql.h"

/* Naming them keeps the linker from dropping them. */
static void
name_resources (void)
{
  (void) dou_copy_sql_get_resource ();
  (void) dou_copy_sql_chat_get_resource ();
  (void) dou_copy_sql_social_get_resource ();
  (void) dou_copy_sql_token_get_resource ();
  (void) dou_copy_sql_user_get_resource ();
  (void) dou_copy_sql_video_get_resource ();
}

static void
column_free (DouCopyColumn *column)
{
  g_free (column->table);
  g_free (column->name);
  g_free (column->type);
  g_free (column);
}

/* What root makes belongs to whom the directory belongs; the engine's other files take over owner and
 * mode of this one. */
static gboolean
make_file (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = g_open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done = fd >= 0;
  struct stat status;

  if (fd < 0 && errno == EEXIST)
    return TRUE;
  if (done && geteuid () == 0)
    done = stat (directory, &status) == 0 && fchown (fd, status.st_uid, status.st_gid) == 0;
  if (!done)
    g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, "%s: %s", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return done;
}

/**
 * dou_copy_catalog_connect:
 * @address: a database; of SQLite, a file that is made if it is not there
 * @error: return location
 *
 * Returns: (transfer full): a connection, with the statements of the catalog, or %NULL with
 *   %DOU_STATUS_UNAVAILABLE
 */
DouTransaction *
dou_copy_catalog_connect (const DouDatabaseAddress *address, GError **error)
{
  g_autofree char *description = dou_database_address_describe (address);
  g_autoptr (DouTransaction) database = NULL;

  name_resources ();

  if (dou_database_address_is_file (address) && !make_file (address->path, error))
    return NULL;

  database = dou_database_schema_connect (address, FALSE, error);
  if (database == NULL || !dou_database_schema_load (database, "catalog", error))
    {
      g_prefix_error (error, "%s: ", description);
      return NULL;
    }

  return g_steal_pointer (&database);
}

/**
 * dou_copy_catalog_list_columns:
 * @database: a database
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouCopyColumn): the columns of all its tables
 */
GPtrArray *
dou_copy_catalog_list_columns (DouTransaction *database, GError **error)
{
  g_autoptr (GPtrArray) columns = g_ptr_array_new_with_free_func ((GDestroyNotify) column_free);
  g_autoptr (DouRows) rows = dou_transaction_query (database, "list-columns", "sssx", NULL, error);

  if (rows == NULL)
    return NULL;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      DouCopyColumn *column = g_new0 (DouCopyColumn, 1);

      column->table = g_strdup (dou_rows_get_text (rows, i, 0));
      column->name = g_strdup (dou_rows_get_text (rows, i, 1));
      column->type = g_strdup (dou_rows_get_text (rows, i, 2));
      column->key = (guint) dou_rows_get_int64 (rows, i, 3);
      g_ptr_array_add (columns, column);
    }

  return g_steal_pointer (&columns);
}

/**
 * dou_copy_catalog_get_version:
 * @database: a database that has the table of versions
 * @domain: whose tables
 * @version: (out): the number of their newest migration, 0 if there is none
 * @error: return location
 *
 * Returns: whether it is known
 */
gboolean
dou_copy_catalog_get_version (DouTransaction *database, const char *domain, guint *version,
                              GError **error)
{
  g_auto (DouJsonWriter) writer = { 0 };
  g_autofree char *json = NULL;
  g_autoptr (DouRows) rows = NULL;

  dou_json_writer_init (&writer, 0);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_string (&writer, domain);
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);

  rows = dou_transaction_query (database, "database-get-version", "x", json, error);
  if (rows == NULL)
    return FALSE;

  *version = dou_rows_get_n_rows (rows) == 0 ? 0 : (guint) dou_rows_get_int64 (rows, 0, 0);
  return TRUE;
}

/**
 * dou_copy_catalog_get_number:
 * @database: a database
 * @name: of the statement; used for this one only
 * @sql: what returns one number
 * @number: (out): the number
 * @error: return location
 *
 * Returns: whether it is known
 */
gboolean
dou_copy_catalog_get_number (DouTransaction *database, const char *name, const char *sql,
                             gint64 *number, GError **error)
{
  g_autoptr (DouRows) rows = NULL;

  if (!dou_transaction_has_statement (database, name))
    dou_transaction_add_statement (database, name, sql);
  rows = dou_transaction_query (database, name, "x", NULL, error);
  if (rows == NULL)
    return FALSE;

  *number = dou_rows_get_n_rows (rows) == 0 ? 0 : dou_rows_get_int64 (rows, 0, 0);
  return TRUE;
}
