/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-database-engine.h"

/**
 * dou_database_engine_find:
 * @name: of an engine that there is
 *
 * Returns: (transfer none): the engine
 */
const DouDatabaseEngine *
dou_database_engine_find (const char *name)
{
  static const DouDatabaseEngine *const engines[]
      = { &dou_database_engine_mysql, &dou_database_engine_postgresql, &dou_database_engine_sqlite };

  for (gsize i = 0; i < G_N_ELEMENTS (engines); i++)
    if (g_str_equal (engines[i]->name, name))
      return engines[i];

  g_error ("There is no database engine “%s”", name);
}

/**
 * dou_database_engine_write_place:
 * @string: (inout): a connection string, or the beginning of one
 * @key: what the library calls it
 * @value: (nullable): any text; nothing is written if it is %NULL
 */
void
dou_database_engine_write_place (GString *string, const char *key, const char *value)
{
  g_autofree char *quoted = value != NULL ? gda_rfc1738_encode (value) : NULL;

  if (quoted != NULL)
    g_string_append_printf (string, "%s%s=%s", string->len > 0 ? ";" : "", key, quoted);
}
