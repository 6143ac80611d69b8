/* SPDX-License-Identifier: Apache-2.0 */

/* Leaks of libgda 5.2.10 that DouTok cannot mend, kept from LeakSanitizer while every other one is told.
 *
 * To suppress them by the names of functions needs whole stacks, which in libraries without frame pointers
 * only an unwinder finds that makes programs ten times slower. So, in programs that are built with the
 * sanitizer, these functions stand before the library's, and what a thread allocates while it is in one of
 * them is no leak. None of them calls back into DouTok, so what DouTok forgets is told as ever, though not the
 * library's own statements and connections, as with suppressions. See test-library-leaks.c. */

#include "config.h"

#include <dlfcn.h>

#include <libgda/libgda.h>
#include <libgda/gda-connection-private.h>
#include <libgda/sql-parser/gda-sql-parser.h>
#include <sanitizer/lsan_interface.h>

#define POSTGRESQL_LIBRARY "libpq.so.5"

/* Once, when its first connection is made. */
void
gda_init (void)
{
  void (*next) (void) = dlsym (RTLD_NEXT, "gda_init");

  __lsan_disable ();
  next ();
  __lsan_enable ();
}

/* Once, when a provider is loaded. */
GdaServerProvider *
gda_config_get_provider (const gchar *name, GError **error)
{
  GdaServerProvider *(*next) (const gchar *, GError **) = dlsym (RTLD_NEXT, "gda_config_get_provider");
  GdaServerProvider *provider;

  __lsan_disable ();
  provider = next (name, error);
  __lsan_enable ();
  return provider;
}

/* A connection that could not be opened is not closed. */
gboolean
gda_connection_open (GdaConnection *connection, GError **error)
{
  gboolean (*next) (GdaConnection *, GError **) = dlsym (RTLD_NEXT, "gda_connection_open");
  gboolean is_open;

  __lsan_disable ();
  is_open = next (connection, error);
  __lsan_enable ();
  return is_open;
}

/* Some 24 bytes for each statement; SQL is parsed once a connection, never for a request. */
GdaStatement *
gda_sql_parser_parse_string (GdaSqlParser *parser, const gchar *sql, const gchar **rest, GError **error)
{
  GdaStatement *(*next) (GdaSqlParser *, const gchar *, const gchar **, GError **)
      = dlsym (RTLD_NEXT, "gda_sql_parser_parse_string");
  GdaStatement *statement;

  __lsan_disable ();
  statement = next (parser, sql, rest, error);
  __lsan_enable ();
  return statement;
}

/* Some 16 bytes for each statement of a connection. */
void
gda_connection_add_prepared_statement (GdaConnection *connection, GdaStatement *statement, GdaPStmt *prepared)
{
  void (*next) (GdaConnection *, GdaStatement *, GdaPStmt *)
      = dlsym (RTLD_NEXT, "gda_connection_add_prepared_statement");

  __lsan_disable ();
  next (connection, statement, prepared);
  __lsan_enable ();
}

/* The provider loads the library for itself, where RTLD_NEXT does not look. */
static gpointer
find_postgresql (const char *name)
{
  gpointer library = dlopen (POSTGRESQL_LIBRARY, RTLD_LAZY | RTLD_NOLOAD);
  gpointer function = dlsym (library, name);

  dlclose (library);
  return function;
}

gpointer PQgetResult (gpointer connection);

/* What PostgreSQL says of a statement that fails, some two kilobytes each. The library's own functions
 * call this one, too. */
gpointer
PQgetResult (gpointer connection)
{
  gpointer (*next) (gpointer) = find_postgresql ("PQgetResult");
  gpointer result;

  __lsan_disable ();
  result = next (connection);
  __lsan_enable ();
  return result;
}
