/* SPDX-License-Identifier: Apache-2.0 */

/* PostgreSQL. The library drops the code of an error (SQLSTATE) on its way, and keeps a message that
 * is in the language of the server. So the client library is asked to put the code into the message:
 * “40P01: deadlock detected”. What it takes for that is in the provider's private data, which is
 * used only if it looks as it does in libgda 5.2; without it, errors of the engine all count as
 * bugs, and lost connections still as lost.
 *
 * The library also reads the code where there is none: an error that the client library finds by
 * itself, as that the server hung up, has no code, and libgda crashes. So the function that it asks is
 * replaced by one that always knows a code: the program exports it (meson.build), and what the program
 * exports goes before what libraries do.
 *
 * The client library is found at run time, where the provider has loaded it: linking it would make
 * everybody install it.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <dlfcn.h>
#include <string.h>

#include <libgda/libgda.h>
#include <libgda/gda-connection-private.h>

#include "common/dou-database-engine.h"

#define CLIENT_LIBRARY "libpq.so.5"

/* Of libpq-fe.h. */
#define ERRORS_VERBOSE 2
#define CONNECTION_OK 0
#define FIELD_SQLSTATE 'C'

/* “Connection failure”, which an error without a code is. */
#define STATE_WITHOUT_CODE "08006"

/* A connection that is not made after this time, in seconds, is given up. */
#define CONNECT_TIMEOUT "3"

#define STATE_LENGTH 5

/* How PostgresConnectionData of libgda's provider begins. */
typedef struct
{
  gpointer reuseable;
  GdaConnection *connection;
  gpointer client; /* a PGconn */
} ProviderData;

static gpointer
get_client (GdaConnection *connection)
{
  const ProviderData *data = (const ProviderData *)
      gda_connection_internal_get_provider_data_error (connection, NULL);

  return data != NULL && data->connection == connection ? data->client : NULL;
}

static gpointer
find_function (const char *name)
{
  gpointer library = dlopen (CLIENT_LIBRARY, RTLD_LAZY | RTLD_NOLOAD);
  gpointer function = library != NULL ? dlsym (library, name) : NULL;

  /* The provider goes on holding it. */
  if (library != NULL)
    dlclose (library);
  return function;
}

char *PQresultErrorField (gconstpointer result, int field);

/* In place of the client library's, for libgda. */
char *
PQresultErrorField (gconstpointer result, int field)
{
  static char state_without_code[] = STATE_WITHOUT_CODE;
  char *(*get_field) (gconstpointer, int) = find_function ("PQresultErrorField");
  char *value = get_field != NULL ? get_field (result, field) : NULL;

  return value == NULL && field == FIELD_SQLSTATE ? state_without_code : value;
}

/* Values are pasted between single quotes into a text for the client library, which takes a
 * backslash before quotes and backslashes in them. */
static char *
quote (const char *value)
{
  g_autoptr (GString) quoted = g_string_new (value);

  g_string_replace (quoted, "\\", "\\\\", 0);
  g_string_replace (quoted, "'", "\\'", 0);
  return g_string_free (g_steal_pointer (&quoted), FALSE);
}

static void
write_quoted (GString *string, const char *key, const char *value)
{
  g_autofree char *quoted = value != NULL ? quote (value) : NULL;

  dou_database_engine_write_place (string, key, quoted);
}

static void
write_places (const DouDatabaseAddress *address, GString *where, GString *secret)
{
  g_autofree char *port = g_strdup_printf ("%u", address->port);

  write_quoted (where, "HOST", address->host);
  dou_database_engine_write_place (where, "PORT", port);
  write_quoted (where, "DB_NAME", address->name);
  dou_database_engine_write_place (where, "CONNECT_TIMEOUT", CONNECT_TIMEOUT);
  write_quoted (secret, "USERNAME", address->user);
  write_quoted (secret, "PASSWORD", address->password);
}

static void
opened (GdaConnection *connection)
{
  int (*set_verbosity) (gpointer client, int verbosity) = find_function ("PQsetErrorVerbosity");
  gpointer client = get_client (connection);

  if (set_verbosity != NULL && client != NULL)
    set_verbosity (client, ERRORS_VERBOSE);
  else
    g_warning ("This version of libgda hides what PostgreSQL says of errors: deadlocks will not be "
               "retried");
}

static gboolean
is_lost (GdaConnection *connection)
{
  int (*get_status) (gpointer client) = find_function ("PQstatus");
  gpointer client = get_client (connection);

  return get_status != NULL && client != NULL && get_status (client) != CONNECTION_OK;
}

/* Finds “40P01” in “40P01: …”, or in “FATAL:  57P01: …”, whose first word may be in any language. */
static char *
find_state (const char *message)
{
  for (const char *word = message; word != NULL; word = strchr (word, ' '))
    {
      gsize length = 0;

      while (*word == ' ')
        word++;
      while (g_ascii_isdigit (word[length]) || g_ascii_isupper (word[length]))
        length++;
      if (length == STATE_LENGTH && word[length] == ':' && g_ascii_isdigit (word[STATE_LENGTH - 1]))
        return g_strndup (word, length);
    }

  return NULL;
}

static DouDatabaseTrouble
judge (GdaConnection *connection, const GError *cause, glong code)
{
  /* Classes, or whole states, as of appendix A of PostgreSQL's documentation. */
  static const struct
  {
    const char *prefix;
    DouDatabaseTrouble trouble;
  } states[] = {
    { "40", DOU_DATABASE_TROUBLE_CONFLICT }, /* serialization failure, deadlock */
    { "08", DOU_DATABASE_TROUBLE_LOST },     /* connection exception */
    { "57P", DOU_DATABASE_TROUBLE_LOST },    /* shut down, crashed, starting up */
    { "25P03", DOU_DATABASE_TROUBLE_LOST },  /* idle in a transaction for too long */
    { "57014", DOU_DATABASE_TROUBLE_UNAVAILABLE }, /* statement_timeout */
    { "55P03", DOU_DATABASE_TROUBLE_UNAVAILABLE }, /* lock_timeout */
    { "25006", DOU_DATABASE_TROUBLE_UNAVAILABLE }, /* read only: a standby */
    { "53", DOU_DATABASE_TROUBLE_UNAVAILABLE },    /* insufficient resources: disk full */
    { "58", DOU_DATABASE_TROUBLE_UNAVAILABLE },    /* system error */
  };
  g_autofree char *state = find_state (cause->message);

  if (is_lost (connection))
    return DOU_DATABASE_TROUBLE_LOST;

  for (gsize i = 0; state != NULL && i < G_N_ELEMENTS (states); i++)
    if (g_str_has_prefix (state, states[i].prefix))
      return states[i].trouble;

  return DOU_DATABASE_TROUBLE_BUG;
}

const DouDatabaseEngine dou_database_engine_postgresql = {
  .name = "postgresql",
  .provider = "PostgreSQL",
  .has_column_types = TRUE,
  .has_unknown_ends = TRUE,
  .write_places = write_places,
  .opened = opened,
  .judge = judge,
};
