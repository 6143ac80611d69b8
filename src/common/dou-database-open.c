/* SPDX-License-Identifier: Apache-2.0 */

/* How a connection comes and goes. Connections are opened and closed one by one in the whole process: libgda's
 * provider keeps a table that all of them share and none locks. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-database-transaction-private.h"
#include "common/dou-status.h"

/* Guards opening and closing of all connections of the process. */
static GMutex connections_mutex;

static void
error_cb (GdaConnection *connection, GdaConnectionEvent *event, gpointer user_data)
{
  DouTransaction *self = user_data;

  self->code = gda_connection_event_get_code (event);
}

/* The library would keep a configuration in the home directory, and make the directory for it. */
static void
initialize_library (void)
{
  static gsize initialized = 0;

  if (g_once_init_enter (&initialized))
    {
      gda_init ();
      /* The first one made is the one in use, for the rest of the process. */
      g_object_new (GDA_TYPE_CONFIG, "user-filename", NULL, "system-filename", NULL, NULL);
      g_once_init_leave (&initialized, 1);
    }
}

static gboolean
dou_transaction_connect (DouTransaction *self, const DouDatabaseAddress *address, GError **error)
{
  g_autoptr (GString) where = g_string_new (NULL);
  g_autoptr (GString) secret = g_string_new (NULL);
  g_autoptr (GError) cause = NULL;
  gboolean overdue;

  self->engine->write_places (address, where, secret);

  g_mutex_lock (&connections_mutex);
  dou_database_guard_begin_opening (self->guard, DOU_TRANSACTION_OPEN_TIMEOUT);
  self->connection = gda_connection_open_from_string (
      self->engine->provider, where->str, secret->str, GDA_CONNECTION_OPTIONS_NONE, &cause);
  overdue = dou_database_guard_end_opening (self->guard);
  g_mutex_unlock (&connections_mutex);

  if (self->connection == NULL || overdue)
    {
      g_autofree char *line
          = overdue ? g_strdup ("the server does not answer")
                    : g_strndup (cause->message, strcspn (cause->message, "\n"));

      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, line);
      return FALSE;
    }

  return TRUE;
}

/**
 * dou_transaction_open:
 * @address: where to; of an SQLite file, the file exists
 * @error: return location
 *
 * Returns: (transfer full): a connection that was not told anything yet, or %NULL
 */
DouTransaction *
dou_transaction_open (const DouDatabaseAddress *address, GError **error)
{
  g_autoptr (DouTransaction) self = g_new0 (DouTransaction, 1);

  initialize_library ();

  self->engine = dou_database_engine_find (address->engine);
  self->timeout = DOU_TRANSACTION_ANSWER_TIMEOUT;
  self->guard = dou_database_guard_new (address);
  self->statements
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dou_database_statement_free);
  if (!dou_transaction_connect (self, address, error))
    return NULL;

  g_signal_connect (self->connection, "error", G_CALLBACK (error_cb), self);
  if (self->engine->opened != NULL)
    self->engine->opened (self->connection);
  self->parser = gda_connection_create_parser (self->connection);
  return g_steal_pointer (&self);
}

/**
 * dou_transaction_close:
 * @self: (transfer full): a connection
 */
void
dou_transaction_close (DouTransaction *self)
{
  g_clear_pointer (&self->statements, g_hash_table_unref);
  g_clear_object (&self->parser);
  if (self->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      g_mutex_lock (&connections_mutex);
      dou_database_guard_begin (self->guard, DOU_TRANSACTION_OPEN_TIMEOUT);
      gda_connection_close_no_warning (self->connection);
      g_clear_object (&self->connection);
      dou_database_guard_end (self->guard);
      g_mutex_unlock (&connections_mutex);
    }
  g_clear_pointer (&self->guard, dou_database_guard_free);
  g_free (self);
}
