/* SPDX-License-Identifier: Apache-2.0 */

/* One connection, which is the part of DouTok that speaks libgda. What the library needs of its users:
 *
 *  - A connection belongs to one thread at a time; see dou-database-open.c.
 *  - A statement is parsed once a connection and kept. One that is thrown away after use leaves
 *    several kilobytes behind for as long as the connection lives.
 *  - Begin, commit and rollback are statements too. The library's own functions cannot ask for a
 *    write lock from the start, which SQLite needs.
 *  - Columns get explicit types where the provider takes them, or SQLite's are guessed from the first
 *    row.
 *  - After an error only a rollback follows, never a commit: what some engines keep, and PostgreSQL
 *    calls a success, is not what the caller meant.
 *  - What only asks one thing needs neither, since a statement sees one state of the database by itself, and on a
 *    server each of them is a round trip: see dou_transaction_begin_late().
 *  - Errors carry no code that can be trusted; see #DouDatabaseEngine.
 *  - Nothing in it has a time limit; see dou-database-guard.c. A connection that was lost stays lost:
 *    its statements, and what it knows of transactions, are of no use to a new one.
 *
 * Text that goes in as JSON must be valid UTF-8 without NUL; see dou_text_normalize() and
 * dou_text_is_valid().
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include <libgda/libgda.h>
#include <libgda/gda-connection-private.h>

#include "common/dou-database-complaints.h"
#include "common/dou-database-model.h"
#include "common/dou-database-transaction-private.h"
#include "common/dou-status.h"
#include "common/dou-trace.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GdaDataModel, g_object_unref)

/* The most columns of a query: twice as many as any has. */
#define MAX_COLUMNS 16

/* How often a transaction is begun that finds the database locked. Each try waits for busy_timeout
 * (connect.sql), unless the engine sees that waiting is in vain. */
#define LOCK_TRIES 3

#define LOCKED "database is locked"

/* What the span of a statement says; the log says more. */
#define FAILED "the statement failed"

/* The server is going to be asked something. */
static void
dou_transaction_ask (DouTransaction *self)
{
  self->code = 0;
  dou_database_guard_begin (self->guard, self->timeout);
}

/* Returns: (transfer full) (nullable): the span of a statement, if it runs for a request that is to be
 * seen */
static DouSpan *
dou_transaction_begin_span (DouTransaction *self, const char *name)
{
  const DouTraceContext *trace = dou_trace_get_current ();
  DouSpan *span = trace != NULL ? dou_trace_begin (trace, DOU_SPAN_CLIENT, name) : NULL;

  if (span == NULL)
    return NULL;

  dou_span_add_text (span, "db.system.name", self->engine->name);
  dou_span_add_text (span, "db.query.summary", name);
  dou_span_add_number (span, "doutok.batch.items", trace->n_items);
  return span;
}

/* What the server says after the first line may show data. */
static void
dou_transaction_fail (DouTransaction *self, const char *statement, const GError *cause,
                      gboolean overdue, GError **error)
{
  g_autofree char *line = g_strndup (cause->message, strcspn (cause->message, "\n"));

  if (overdue)
    self->trouble = DOU_DATABASE_TROUBLE_UNAVAILABLE;
  else if (cause->domain == GDA_CONNECTION_ERROR)
    self->trouble = DOU_DATABASE_TROUBLE_LOST;
  else
    self->trouble = self->engine->judge (self->connection, cause, self->code);
  self->broken = self->broken || overdue || self->trouble == DOU_DATABASE_TROUBLE_LOST;
  if (self->trouble == DOU_DATABASE_TROUBLE_UNAVAILABLE && !overdue)
    dou_database_complain (statement, line);

  g_set_error (error, DOU_ERROR,
               self->trouble == DOU_DATABASE_TROUBLE_BUG ? DOU_STATUS_INTERNAL
                                                         : DOU_STATUS_UNAVAILABLE,
               "%s: %s", statement, overdue ? "the database does not answer" : line);
}

/**
 * dou_transaction_get_engine_name:
 * @self: a connection
 *
 * Returns: (transfer none): of the folder with its SQL
 */
const char *
dou_transaction_get_engine_name (DouTransaction *self)
{
  return self->engine->name;
}

/**
 * dou_transaction_get_trouble:
 * @self: a transaction, open or just ended
 *
 * Returns: with what it failed, if it did
 */
DouDatabaseTrouble
dou_transaction_get_trouble (DouTransaction *self)
{
  return self->trouble;
}

/**
 * dou_transaction_add_statement:
 * @self: a connection
 * @name: its name, of which there must not be a statement yet
 * @sql: one statement, with at most one parameter, `##json::string`
 */
void
dou_transaction_add_statement (DouTransaction *self, const char *name, const char *sql)
{
  if (!g_hash_table_insert (self->statements, g_strdup (name), dou_database_statement_new (self->parser, sql)))
    g_error ("There are two statements named “%s”", name);
}

static DouDatabaseStatement *
dou_transaction_get_statement (DouTransaction *self, const char *name)
{
  DouDatabaseStatement *statement = g_hash_table_lookup (self->statements, name);

  if (statement == NULL)
    g_error ("There is no statement named “%s”", name);

  return statement;
}

/**
 * dou_transaction_prepare:
 * @self: a connection
 * @name: a statement
 * @error: return location
 *
 * Lets the engine read the statement, so that one that does not fit the tables is found at start
 * rather than at first use.
 *
 * Returns: whether the engine accepts it
 */
gboolean
dou_transaction_prepare (DouTransaction *self, const char *name, GError **error)
{
  DouDatabaseStatement *statement = dou_transaction_get_statement (self, name);
  g_autoptr (GError) cause = NULL;
  gboolean prepared;
  gboolean overdue;

  dou_transaction_ask (self);
  prepared = gda_connection_statement_prepare (self->connection, statement->statement, &cause);
  overdue = dou_database_guard_end (self->guard);
  if (!prepared)
    {
      dou_transaction_fail (self, name, cause, overdue, error);
      return FALSE;
    }

  return TRUE;
}

static gboolean dou_transaction_begin_now (DouTransaction *self, gboolean write, GError **error);

/* Sees to it that @statement may run: in a transaction, or as the first, and perhaps the last, thing that is asked. */
static gboolean
dou_transaction_admit (DouTransaction *self, DouDatabaseStatement *statement, gboolean asks, GError **error)
{
  gboolean alone = asks && !statement->is_followed;

  if (!self->begins_late)
    return TRUE;

  if (self->first == NULL)
    {
      self->first = statement;
      statement->is_followed = FALSE;
      return alone || dou_transaction_begin_now (self, FALSE, error);
    }

  self->first->is_followed = TRUE;
  if (self->is_open)
    return TRUE;

  self->trouble = DOU_DATABASE_TROUBLE_BEGIN;
  g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, "Nothing was begun before the first statement");
  return FALSE;
}

/**
 * dou_transaction_query:
 * @self: a transaction
 * @name: a statement of the domain that returns rows
 * @columns: a letter for each of its columns, `x` for a 64-bit integer or `s` for text
 * @json: (nullable): its parameter, or %NULL if it takes none
 * @error: return location
 *
 * Returns: (transfer full): all rows, or %NULL with %DOU_STATUS_UNAVAILABLE or %DOU_STATUS_INTERNAL
 */
DouRows *
dou_transaction_query (DouTransaction *self, const char *name, const char *columns,
                       const char *json, GError **error)
{
  DouDatabaseStatement *statement = dou_transaction_get_statement (self, name);
  g_autoptr (GdaDataModel) model = NULL;
  g_autoptr (DouRows) rows = NULL;
  g_autoptr (GError) cause = NULL;
  GType types[MAX_COLUMNS + 1];
  gsize n_columns = strlen (columns);
  DouSpan *span;
  gboolean overdue;

  g_assert (n_columns > 0 && n_columns <= MAX_COLUMNS);
  if (!dou_transaction_admit (self, statement, TRUE, error))
    return NULL;

  span = dou_transaction_begin_span (self, name);
  for (gsize i = 0; i < n_columns; i++)
    types[i] = columns[i] == 'x' ? G_TYPE_INT64 : G_TYPE_STRING;
  types[n_columns] = G_TYPE_NONE;

  dou_database_statement_bind (statement, name, json);
  dou_transaction_ask (self);
  model = gda_connection_statement_execute_select_full (
      self->connection, statement->statement, statement->parameters,
      GDA_STATEMENT_MODEL_RANDOM_ACCESS, self->engine->has_column_types ? types : NULL, &cause);
  if (model != NULL)
    rows = dou_database_model_copy (model, name, columns, &cause);
  overdue = dou_database_guard_end (self->guard);
  dou_database_statement_unbind (statement);

  if (rows == NULL)
    {
      dou_transaction_fail (self, name, cause, overdue, error);
      dou_span_fail (span, FAILED);
    }
  else
    dou_span_add_number (span, "db.response.returned_rows", dou_rows_get_n_rows (rows));
  dou_trace_end (span);
  return g_steal_pointer (&rows);
}

/**
 * dou_transaction_execute:
 * @self: a transaction
 * @name: a statement of the domain that returns no rows
 * @json: (nullable): its parameter, or %NULL if it takes none
 * @n_changed: (out) (optional): rows that it inserted, updated or deleted, triggers not counted
 * @error: return location
 *
 * Returns: whether it was executed; if not, %DOU_STATUS_UNAVAILABLE or %DOU_STATUS_INTERNAL, and
 *   the transaction can only be rolled back
 */
gboolean
dou_transaction_execute (DouTransaction *self, const char *name, const char *json,
                         gint64 *n_changed, GError **error)
{
  DouDatabaseStatement *statement = dou_transaction_get_statement (self, name);
  DouSpan *span;
  g_autoptr (GError) cause = NULL;
  gboolean overdue;
  int n_rows;

  if (!dou_transaction_admit (self, statement, FALSE, error))
    return FALSE;

  span = dou_transaction_begin_span (self, name);
  dou_database_statement_bind (statement, name, json);
  dou_transaction_ask (self);
  n_rows = gda_connection_statement_execute_non_select (self->connection, statement->statement,
                                                        statement->parameters, NULL, &cause);
  overdue = dou_database_guard_end (self->guard);
  dou_database_statement_unbind (statement);

  if (cause != NULL)
    {
      dou_transaction_fail (self, name, cause, overdue, error);
      dou_span_fail (span, FAILED);
      dou_trace_end (span);
      return FALSE;
    }

  dou_span_add_number (span, "doutok.changed_rows", MAX (n_rows, 0));
  dou_trace_end (span);
  /* Negative: the statement is not of a kind that counts. */
  if (n_changed != NULL)
    *n_changed = MAX (n_rows, 0);
  return TRUE;
}

/**
 * dou_transaction_run_sql:
 * @self: a connection
 * @sql: one statement without parameter, whose rows, if any, do not matter
 * @error: return location
 *
 * For what runs once a connection or once ever: settings and migrations.
 *
 * Returns: whether it was executed
 */
gboolean
dou_transaction_run_sql (DouTransaction *self, const char *sql, GError **error)
{
  g_autoptr (DouDatabaseStatement) statement = dou_database_statement_new (self->parser, sql);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GObject) result = NULL;
  gboolean overdue;

  dou_transaction_ask (self);
  result = gda_connection_statement_execute (self->connection, statement->statement, NULL,
                                             GDA_STATEMENT_MODEL_RANDOM_ACCESS, NULL, &cause);
  overdue = dou_database_guard_end (self->guard);
  if (result == NULL)
    {
      dou_transaction_fail (self, sql, cause, overdue, error);
      return FALSE;
    }

  return TRUE;
}

/**
 * dou_transaction_has_statement:
 * @self: a connection
 * @name: of a statement that only some engines or domains have
 *
 * Returns: whether there is one of this name
 */
gboolean
dou_transaction_has_statement (DouTransaction *self, const char *name)
{
  return g_hash_table_contains (self->statements, name);
}

/* Runs a statement that returns one number, which does not matter, if there is one of this name. */
static gboolean
dou_transaction_run_optional (DouTransaction *self, const char *name, GError **error)
{
  g_autoptr (DouRows) rows = NULL;

  if (!dou_transaction_has_statement (self, name))
    return TRUE;

  rows = dou_transaction_query (self, name, "x", NULL, error);
  return rows != NULL;
}

/* What the library takes for the beginning of a transaction, but not for its end, it would keep as one more inside
 * the one before, with all statements since, and go through at each statement. */
static void
dou_transaction_forget_begin (DouTransaction *self)
{
  if (self->engine->has_unknown_ends)
    gda_connection_internal_reset_transaction_status (self->connection);
}

static void
dou_transaction_reset (DouTransaction *self)
{
  self->trouble = DOU_DATABASE_TROUBLE_NONE;
  self->timeout = DOU_TRANSACTION_ANSWER_TIMEOUT;
  self->is_open = FALSE;
  self->begins_late = FALSE;
  self->first = NULL;
}

static gboolean
dou_transaction_begin_now (DouTransaction *self, gboolean write, GError **error)
{
  const char *name = write ? "database-begin-write" : "database-begin-read";
  gboolean begins_late = self->begins_late;
  g_autoptr (GError) local_error = NULL;

  if (gda_connection_get_transaction_status (self->connection) != NULL)
    g_critical ("The library believes that the last transaction has not ended");

  self->begins_late = FALSE;
  for (guint i = 0; i < LOCK_TRIES; i++)
    {
      self->trouble = DOU_DATABASE_TROUBLE_NONE;
      g_clear_error (&local_error);
      self->is_open = dou_transaction_execute (self, name, NULL, NULL, &local_error);
      if (self->is_open || strstr (local_error->message, LOCKED) == NULL)
        break;
    }

  if (!self->is_open)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  dou_transaction_forget_begin (self);
  self->begins_late = begins_late;
  if (!write || dou_transaction_run_optional (self, "lock-writes", error))
    return TRUE;

  dou_transaction_rollback (self);
  return FALSE;
}

/**
 * dou_transaction_begin:
 * @self: a connection without an open transaction
 * @write: whether to take the write lock at once
 * @error: return location
 *
 * On servers a domain that writes only what is not so already has a statement `lock-writes`: with it
 * one node waits here for the transaction of another, as on SQLite one process for another's. A
 * domain whose tables have a row of totals loses nothing by it: every write ends in that row.
 *
 * Returns: whether the transaction is open
 */
gboolean
dou_transaction_begin (DouTransaction *self, gboolean write, GError **error)
{
  dou_transaction_reset (self);
  return dou_transaction_begin_now (self, write, error);
}

/**
 * dou_transaction_begin_late:
 * @self: a connection without an open transaction
 *
 * Begins something that reads, and asks one thing or more. The first statement runs without a transaction. If there
 * is a second one, it fails with %DOU_DATABASE_TROUBLE_BEGIN, since the two would see different states of the
 * database. All of it is to be begun again then, and the connection expects of the first statement, until it is
 * wrong in that, that it needs a transaction. One that returns no rows has one always, which refuses it if it writes.
 */
void
dou_transaction_begin_late (DouTransaction *self)
{
  dou_transaction_reset (self);
  self->begins_late = TRUE;
}

/**
 * dou_transaction_allow_time:
 * @self: an open transaction
 * @error: return location
 *
 * Until its end, statements may take minutes.
 *
 * Returns: whether the server agrees
 */
gboolean
dou_transaction_allow_time (DouTransaction *self, GError **error)
{
  self->timeout = DOU_TRANSACTION_LONG_TIMEOUT;
  return dou_transaction_run_optional (self, "database-allow-time", error);
}

/**
 * dou_transaction_lock_migrations:
 * @self: an open transaction
 * @error: return location
 *
 * Waits for others that change tables at this moment. On SQLite it is enough that the transaction
 * writes.
 *
 * Returns: whether nobody else does until dou_transaction_unlock_migrations()
 */
gboolean
dou_transaction_lock_migrations (DouTransaction *self, GError **error)
{
  return dou_transaction_allow_time (self, error)
         && dou_transaction_run_optional (self, "database-lock-migrations", error);
}

void
dou_transaction_unlock_migrations (DouTransaction *self)
{
  dou_transaction_run_optional (self, "database-unlock-migrations", NULL);
}

/**
 * dou_transaction_commit:
 * @self: an open transaction
 * @error: return location
 *
 * Of what was begun late and has asked one thing there is nothing to commit.
 *
 * Returns: whether everything done in it is on disk; if not, it is still to be rolled back
 */
gboolean
dou_transaction_commit (DouTransaction *self, GError **error)
{
  if (self->trouble != DOU_DATABASE_TROUBLE_NONE)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL,
                   "A function went on after one of its statements had failed");
      return FALSE;
    }
  if (!self->is_open)
    return TRUE;

  self->begins_late = FALSE;
  self->is_open = !dou_transaction_execute (self, "database-commit", NULL, NULL, error);
  return !self->is_open;
}

/**
 * dou_transaction_rollback:
 * @self: an open transaction
 *
 * Returns: whether the connection can go on. It cannot if it is lost, or if the engine had already
 *   rolled back by itself (a disk error does that to SQLite): the library still believes in the
 *   transaction then, for ever
 */
gboolean
dou_transaction_rollback (DouTransaction *self)
{
  DouDatabaseTrouble trouble = self->trouble;

  self->begins_late = FALSE;
  if (!self->broken && self->is_open)
    self->broken = !dou_transaction_execute (self, "database-rollback", NULL, NULL, NULL);
  self->is_open = FALSE;
  /* What came first is what matters. */
  if (trouble != DOU_DATABASE_TROUBLE_NONE)
    self->trouble = trouble;
  return !self->broken;
}

/**
 * dou_transaction_is_broken:
 * @self: a connection
 *
 * Returns: whether it is lost, so that nothing but closing it makes sense
 */
gboolean
dou_transaction_is_broken (DouTransaction *self)
{
  return self->broken;
}
