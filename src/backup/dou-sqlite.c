/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <sqlite3.h>

#include <glib/gi18n.h>

#include "backup/dou-sqlite.h"
#include "common/dou-status.h"

/* Milliseconds that a server's checkpoint may take. */
#define BUSY_TIMEOUT 10000

/**
 * dou_sqlite_set_error:
 * @error: return location
 * @database: (nullable): where something went wrong
 * @path: its file
 */
void
dou_sqlite_set_error (GError **error, sqlite3 *database, const char *path)
{
  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s: %s", path,
               database != NULL ? sqlite3_errmsg (database) : g_strerror (ENOMEM));
}

static sqlite3 *
open_database (const char *path, const char *parameters, int flags, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (path, "/", FALSE);
  g_autofree char *uri = g_strconcat ("file:", escaped, parameters, NULL);
  sqlite3 *database = NULL;

  if (sqlite3_open_v2 (uri, &database, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW, NULL)
      != SQLITE_OK)
    {
      dou_sqlite_set_error (error, database, path);
      sqlite3_close (database);
      return NULL;
    }

  sqlite3_busy_timeout (database, BUSY_TIMEOUT);
  return database;
}

/**
 * dou_sqlite_open:
 * @path: of a database that exists
 * @is_copy: nobody writes to it: nothing is made beside it
 * @error: return location
 *
 * Returns: (transfer full): the database
 */
sqlite3 *
dou_sqlite_open (const char *path, gboolean is_copy, GError **error)
{
  /* Beside a writer its shared memory is needed, which a reader alone cannot set up. */
  return is_copy ? open_database (path, "?immutable=1", SQLITE_OPEN_READONLY, error)
                 : open_database (path, "", SQLITE_OPEN_READWRITE, error);
}

/**
 * dou_sqlite_create:
 * @path: of a database that does not exist
 * @error: return location
 *
 * Returns: (transfer full): the database
 */
sqlite3 *
dou_sqlite_create (const char *path, GError **error)
{
  return open_database (path, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
}

/**
 * dou_sqlite_execute:
 * @database: a database
 * @statement: what is to be done; what it answers is not looked at
 * @error: return location
 *
 * Returns: whether it was done
 */
gboolean
dou_sqlite_execute (sqlite3 *database, const char *statement, GError **error)
{
  if (sqlite3_exec (database, statement, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;

  dou_sqlite_set_error (error, database, sqlite3_db_filename (database, "main"));
  return FALSE;
}

/**
 * dou_sqlite_check:
 * @database: a database
 * @path: its file
 * @pragma: a check of SQLite's own
 * @error: return location for what it found
 *
 * Returns: whether the database is whole
 */
gboolean
dou_sqlite_check (sqlite3 *database, const char *path, const char *pragma, GError **error)
{
  sqlite3_stmt *statement = NULL;
  const char *answer = NULL;
  gboolean is_whole;

  if (sqlite3_prepare_v2 (database, pragma, -1, &statement, NULL) == SQLITE_OK
      && sqlite3_step (statement) == SQLITE_ROW)
    answer = (const char *) sqlite3_column_text (statement, 0);

  is_whole = g_strcmp0 (answer, "ok") == 0;
  if (!is_whole)
    g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("%s is damaged: %s"), path,
                 answer != NULL ? answer : sqlite3_errmsg (database));
  sqlite3_finalize (statement);
  return is_whole;
}
