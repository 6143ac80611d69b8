/* SPDX-License-Identifier: Apache-2.0 */

/* SQLite. Its errors come without a code, but their texts are English whatever the locale. Ends of
 * the messages differ, hence the prefixes. */

#include "config.h"

#include <string.h>

#include "common/dou-database-engine.h"

/* The library adds the ending by itself. */
#define ENDING ".db"

static void
write_places (const DouDatabaseAddress *address, GString *where, GString *secret)
{
  g_autofree char *directory = g_path_get_dirname (address->path);
  g_autofree char *name = g_path_get_basename (address->path);

  g_return_if_fail (g_str_has_suffix (name, ENDING));

  name[strlen (name) - strlen (ENDING)] = '\0';
  dou_database_engine_write_place (where, "DB_DIR", directory);
  dou_database_engine_write_place (where, "DB_NAME", name);
  dou_database_engine_write_place (where, "EXTRA_FUNCTIONS", "FALSE");
  dou_database_engine_write_place (where, "REGEXP", "FALSE");
  dou_database_engine_write_place (where, "EXTRA_COLLATIONS", "FALSE");
}

static DouDatabaseTrouble
judge (GdaConnection *connection, const GError *cause, glong code)
{
  static const char *const transient[] = {
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "database disk image is malformed",
    "file is not a database",
    "out of memory",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (transient); i++)
    if (g_str_has_prefix (cause->message, transient[i]))
      return DOU_DATABASE_TROUBLE_UNAVAILABLE;

  return DOU_DATABASE_TROUBLE_BUG;
}

const DouDatabaseEngine dou_database_engine_sqlite = {
  .name = "sqlite",
  .provider = "SQLite",
  .has_column_types = TRUE,
  .write_places = write_places,
  .judge = judge,
};
