/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libgda/libgda.h>

#include "common/dou-database-address.h"

G_BEGIN_DECLS

/**
 * DouDatabaseTrouble:
 *
 * What an error of an engine means for whoever runs the statement.
 */
typedef enum
{
  DOU_DATABASE_TROUBLE_NONE,
  DOU_DATABASE_TROUBLE_BUG,         /* the statement is wrong, or its data: again is no better */
  DOU_DATABASE_TROUBLE_UNAVAILABLE, /* disk full, locked, too slow: may pass */
  DOU_DATABASE_TROUBLE_CONFLICT,    /* another transaction was in the way: the same again will do */
  DOU_DATABASE_TROUBLE_LOST,        /* the connection is gone */
  DOU_DATABASE_TROUBLE_BEGIN,       /* it was no transaction, but has to be one */
} DouDatabaseTrouble;

/**
 * DouDatabaseEngine:
 * @name: in the configuration, and of the folders with its SQL
 * @provider: what libgda calls it
 * @has_column_types: whether queries ask for the types of their columns
 * @has_unknown_ends: whether transactions end in a form that the library does not know
 * @write_places: appends to the library's connection string and, apart from it, to what must not be
 *   shown
 * @opened: (nullable): prepares a new connection
 * @judge: judges an error. The code is the engine's own, if the library passed one on, else 0.
 *
 * What differs between engines, SQL apart. Errors are told apart here since the library hands on
 * neither code nor state that could be relied on: what each engine leaves of them differs.
 */
typedef struct
{
  const char *name;
  const char *provider;
  gboolean has_column_types;
  gboolean has_unknown_ends;
  void (*write_places) (const DouDatabaseAddress *address, GString *where, GString *secret);
  void (*opened) (GdaConnection *connection);
  DouDatabaseTrouble (*judge) (GdaConnection *connection, const GError *cause, glong code);
} DouDatabaseEngine;

extern const DouDatabaseEngine dou_database_engine_mysql;
extern const DouDatabaseEngine dou_database_engine_postgresql;
extern const DouDatabaseEngine dou_database_engine_sqlite;

const DouDatabaseEngine *dou_database_engine_find (const char *name);
void dou_database_engine_write_place (GString *string, const char *key, const char *value);

G_END_DECLS
