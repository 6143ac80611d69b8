/* SPDX-License-Identifier: Apache-2.0 */

/* SQL comes from the program itself: what cannot be parsed, or gets another parameter than it takes, is a bug,
 * and ends the program. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-database-statement.h"

/**
 * dou_database_statement_new:
 * @parser: of the connection
 * @sql: one statement, with at most one parameter, `##json::string`
 *
 * Returns: (transfer full): the statement
 */
DouDatabaseStatement *
dou_database_statement_new (GdaSqlParser *parser, const char *sql)
{
  g_autoptr (DouDatabaseStatement) self = g_new0 (DouDatabaseStatement, 1);
  g_autoptr (GError) cause = NULL;
  const char *rest = NULL;

  self->statement = gda_sql_parser_parse_string (parser, sql, &rest, &cause);
  if (self->statement == NULL || rest != NULL)
    g_error ("Cannot parse “%s”: %s", sql, cause != NULL ? cause->message : rest);
  if (!gda_statement_get_parameters (self->statement, &self->parameters, &cause))
    g_error ("Cannot find the parameter of “%s”: %s", sql, cause->message);

  return g_steal_pointer (&self);
}

/**
 * dou_database_statement_free:
 * @self: (transfer full): a statement
 */
void
dou_database_statement_free (DouDatabaseStatement *self)
{
  g_clear_object (&self->parameters);
  g_clear_object (&self->statement);
  g_free (self);
}

/**
 * dou_database_statement_bind:
 * @self: a statement
 * @name: what it is called
 * @json: (nullable): its parameter, or %NULL if it takes none
 */
void
dou_database_statement_bind (DouDatabaseStatement *self, const char *name, const char *json)
{
  g_autoptr (GError) cause = NULL;

  if ((self->parameters != NULL) != (json != NULL))
    g_error ("Statement “%s” takes %s", name, json != NULL ? "no parameter" : "a parameter");
  if (json != NULL && !gda_set_set_holder_value (self->parameters, &cause, "json", json))
    g_error ("Statement “%s”: %s", name, cause->message);
}

/**
 * dou_database_statement_unbind:
 * @self: a statement that was executed
 *
 * Lets go of the parameter: a batch may be megabytes, and would be kept until the next one.
 */
void
dou_database_statement_unbind (DouDatabaseStatement *self)
{
  if (self->parameters != NULL)
    gda_set_set_holder_value (self->parameters, NULL, "json", "");
}
