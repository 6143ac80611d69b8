/* SPDX-License-Identifier: Apache-2.0 */

/* MariaDB, through the library's provider for MySQL. Its errors come with the server's number. */

#include "config.h"

#include "common/dou-database-engine.h"

/* Of the server (errmsg-utf8.txt) and of the client library (errmsg.h). Not included from there: they
 * would be all that is needed of the client's headers. */
enum
{
  CONNECTION_COUNT_ERROR = 1040,
  SERVER_SHUTDOWN = 1053,
  RECORD_FILE_FULL = 1114,
  DISK_FULL = 1021,
  GOT_ERRNO = 1030,
  OUT_OF_MEMORY = 1037,
  RECORD_CHANGED = 1020,
  LOCK_WAIT_TIMEOUT = 1205,
  LOCK_DEADLOCK = 1213,
  OPTION_PREVENTS_STATEMENT = 1290,
  QUERY_INTERRUPTED = 1317,
  CONNECTION_KILLED = 1927,
  STATEMENT_TIMEOUT = 1969,
  CLIENT_ERRORS_BEGIN = 2000,
  CLIENT_ERRORS_END = 2100,
  CLIENT_COMMANDS_OUT_OF_SYNC = 2014,
};

static void
write_places (const DouDatabaseAddress *address, GString *where, GString *secret)
{
  if (g_path_is_absolute (address->host))
    {
      dou_database_engine_write_place (where, "UNIX_SOCKET", address->host);
    }
  else
    {
      g_autofree char *port = g_strdup_printf ("%u", address->port);

      dou_database_engine_write_place (where, "HOST", address->host);
      dou_database_engine_write_place (where, "PORT", port);
    }

  dou_database_engine_write_place (where, "DB_NAME", address->name);
  dou_database_engine_write_place (secret, "USERNAME", address->user);
  dou_database_engine_write_place (secret, "PASSWORD", address->password);
}

static DouDatabaseTrouble
judge (GdaConnection *connection, const GError *cause, glong code)
{
  switch (code)
    {
    case LOCK_DEADLOCK:
    case RECORD_CHANGED:
      return DOU_DATABASE_TROUBLE_CONFLICT;
    case SERVER_SHUTDOWN:
    case CONNECTION_KILLED:
      return DOU_DATABASE_TROUBLE_LOST;
    case CONNECTION_COUNT_ERROR:
    case RECORD_FILE_FULL:
    case DISK_FULL:
    case GOT_ERRNO:
    case OUT_OF_MEMORY:
    case LOCK_WAIT_TIMEOUT:
    case OPTION_PREVENTS_STATEMENT:
    case QUERY_INTERRUPTED:
    case STATEMENT_TIMEOUT:
      return DOU_DATABASE_TROUBLE_UNAVAILABLE;
    default:
      return code >= CLIENT_ERRORS_BEGIN && code < CLIENT_ERRORS_END
                     && code != CLIENT_COMMANDS_OUT_OF_SYNC
                 ? DOU_DATABASE_TROUBLE_LOST
                 : DOU_DATABASE_TROUBLE_BUG;
    }
}

const DouDatabaseEngine dou_database_engine_mysql = {
  .name = "mysql",
  .provider = "MySQL",
  /* With types asked for, the provider reads numbers into buffers of the wrong size. */
  .has_column_types = FALSE,
  .has_unknown_ends = TRUE,
  .write_places = write_places,
  .judge = judge,
};
