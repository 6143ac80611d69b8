/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libgda/libgda.h>
#include <sql-parser/gda-sql-parser.h>

G_BEGIN_DECLS

/**
 * DouDatabaseStatement:
 * @statement: (owned): the SQL, parsed
 * @parameters: (owned) (nullable): its one parameter, if it has one
 * @is_followed: whether something that began with it had more to ask
 *
 * A statement of a connection.
 */
typedef struct
{
  GdaStatement *statement;
  GdaSet *parameters;
  gboolean is_followed;
} DouDatabaseStatement;

DouDatabaseStatement *dou_database_statement_new (GdaSqlParser *parser, const char *sql);
void dou_database_statement_free (DouDatabaseStatement *self);

void dou_database_statement_bind (DouDatabaseStatement *self, const char *name, const char *json);
void dou_database_statement_unbind (DouDatabaseStatement *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouDatabaseStatement, dou_database_statement_free)

G_END_DECLS
