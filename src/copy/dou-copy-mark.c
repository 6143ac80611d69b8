/* SPDX-License-Identifier: Apache-2.0 */

/* What a database says of a copy into it that is under way: that there is one, from where, and how far.
 *
 * How far is written in the transaction of the rows, so that after a crash no row is missing and none
 * comes twice. The triggers that count rows and derive others rest meanwhile, since what they would make
 * is copied, too: they are kept here as text, and come back at the end. On MariaDB they come and go
 * outside of transactions; everything here may be done again.
 *
 * That there is a copy is told by the version of the schema “copy”. The database class refuses to open a
 * database that has one (dou-database-schema.c). */

#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-database-schema.h"
#include "common/dou-json-writer.h"
#include "common/dou-status.h"
#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-mark.h"

#define DOMAIN "copy"

static void
progress_free (DouCopyProgress *progress)
{
  g_free (progress->key);
  g_free (progress);
}

/**
 * dou_copy_mark_new_progress:
 *
 * Returns: (transfer full) (element-type utf8 DouCopyProgress): that of no table, by the titles of
 *   tables
 */
GHashTable *
dou_copy_mark_new_progress (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) progress_free);
}

/**
 * dou_copy_mark_is_set:
 * @database: a database
 * @is_set: (out): whether a copy into it is under way
 * @error: return location
 *
 * Returns: whether that is known
 */
gboolean
dou_copy_mark_is_set (DouTransaction *database, gboolean *is_set, GError **error)
{
  guint version;

  if (!dou_transaction_execute (database, "database-create-versions", NULL, NULL, error)
      || !dou_copy_catalog_get_version (database, DOMAIN, &version, error))
    return FALSE;

  *is_set = version > 0;
  return TRUE;
}

static char *
make_triggers_json (DouRows *rows)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, 0);
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      dou_json_writer_begin_array (&writer);
      dou_json_writer_int64 (&writer, i);
      dou_json_writer_string (&writer, dou_rows_get_text (rows, i, 0));
      dou_json_writer_string (&writer, dou_rows_get_text (rows, i, 1));
      dou_json_writer_end_array (&writer);
    }
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

static gboolean
save_triggers (DouTransaction *database, GError **error)
{
  g_autoptr (DouRows) rows = dou_transaction_query (database, "list-triggers", "ss", NULL, error);
  g_autofree char *json = rows != NULL ? make_triggers_json (rows) : NULL;

  return rows != NULL && dou_transaction_execute (database, "copy-add-triggers", json, NULL, error);
}

static gboolean
save_source (DouTransaction *database, const char *source, GError **error)
{
  g_auto (DouJsonWriter) writer = { 0 };
  g_autofree char *json = NULL;

  dou_json_writer_init (&writer, 0);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_string (&writer, source);
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);
  return dou_transaction_execute (database, "copy-set-source", json, NULL, error);
}

static gboolean
save (DouTransaction *database, const char *source, GError **error)
{
  gboolean done = dou_transaction_begin (database, TRUE, error)
                  && dou_transaction_execute (database, "copy-forget-source", NULL, NULL, error)
                  && dou_transaction_execute (database, "copy-forget-triggers", NULL, NULL, error)
                  && dou_transaction_execute (database, "copy-forget-progress", NULL, NULL, error)
                  && save_triggers (database, error) && save_source (database, source, error)
                  && dou_transaction_commit (database, error);

  if (!done)
    dou_transaction_rollback (database);
  return done;
}

/* @column: 0 to take the triggers away, 1 to bring them back */
static gboolean
run_triggers (DouTransaction *database, guint column, GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (database, "copy-get-triggers", "ss", NULL, error);

  for (guint i = 0; rows != NULL && i < dou_rows_get_n_rows (rows); i++)
    if (!dou_transaction_run_sql (database, dou_rows_get_text (rows, i, column), error))
      return FALSE;

  return rows != NULL;
}

/**
 * dou_copy_mark_begin:
 * @database: that has its tables, and nothing in them
 * @source: where the rows will come from
 * @error: return location
 *
 * Returns: whether it is marked, and rows may be written
 */
gboolean
dou_copy_mark_begin (DouTransaction *database, const char *source, GError **error)
{
  guint version;

  return dou_database_schema_migrate (database, DOMAIN, &version, error)
         && (dou_transaction_has_statement (database, "copy-get-source")
             || dou_database_schema_load (database, DOMAIN, error))
         && save (database, source, error) && run_triggers (database, 0, error);
}

static gboolean
load_progress (DouTransaction *database, GHashTable *progress, GError **error)
{
  g_autoptr (DouRows) rows
      = dou_transaction_query (database, "copy-get-progress", "ssx", NULL, error);

  for (guint i = 0; rows != NULL && i < dou_rows_get_n_rows (rows); i++)
    {
      DouCopyProgress *table = g_new0 (DouCopyProgress, 1);

      table->key = g_strdup (dou_rows_get_text (rows, i, 1));
      table->n_rows = dou_rows_get_int64 (rows, i, 2);
      g_hash_table_insert (progress, g_strdup (dou_rows_get_text (rows, i, 0)), table);
    }

  return rows != NULL;
}

/**
 * dou_copy_mark_resume:
 * @database: that is marked
 * @source: where the rows come from
 * @progress: (inout) (element-type utf8 DouCopyProgress): to which that of its tables is added
 * @error: return location for %DOU_STATUS_BAD_PARAMETER, if they come from elsewhere
 *
 * Returns: whether to go on
 */
gboolean
dou_copy_mark_resume (DouTransaction *database, const char *source, GHashTable *progress,
                      GError **error)
{
  g_autoptr (DouRows) rows = NULL;

  if (!dou_database_schema_load (database, DOMAIN, error))
    return FALSE;

  rows = dou_transaction_query (database, "copy-get-source", "s", NULL, error);
  if (rows == NULL)
    return FALSE;
  /* The beginning itself was interrupted. */
  if (dou_rows_get_n_rows (rows) == 0)
    return dou_copy_mark_begin (database, source, error);

  if (!g_str_equal (dou_rows_get_text (rows, 0, 0), source))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("A copy from %s was under way: go on with that one, or begin with what is empty"),
                   dou_rows_get_text (rows, 0, 0));
      return FALSE;
    }

  return load_progress (database, progress, error) && run_triggers (database, 0, error);
}

/**
 * dou_copy_mark_set_progress:
 * @database: that is marked, with an open transaction
 * @progress: (inout) (element-type utf8 DouCopyProgress): of all tables
 * @table: title of the table that got further
 * @key: (nullable): of its last row
 * @n_rows: that it has now
 * @error: return location
 *
 * Returns: whether that is true as soon as the transaction is committed
 */
gboolean
dou_copy_mark_set_progress (DouTransaction *database, GHashTable *progress, const char *table,
                            const char *key, gint64 n_rows, GError **error)
{
  g_auto (DouJsonWriter) writer = { 0 };
  DouCopyProgress *now = g_new0 (DouCopyProgress, 1);
  g_autofree char *json = NULL;

  now->key = g_strdup (key);
  now->n_rows = n_rows;
  g_hash_table_insert (progress, g_strdup (table), now);

  dou_json_writer_init (&writer, 0);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_string (&writer, table);
  if (key != NULL)
    dou_json_writer_string (&writer, key);
  else
    dou_json_writer_raw (&writer, "null", -1);
  dou_json_writer_int64 (&writer, n_rows);
  dou_json_writer_end_array (&writer);
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);
  return dou_transaction_execute (database, "copy-set-progress", json, NULL, error);
}

/**
 * dou_copy_mark_finish:
 * @database: that has all its rows, and is marked or was
 * @error: return location
 *
 * Returns: whether it is as if its server had always been there
 */
gboolean
dou_copy_mark_finish (DouTransaction *database, GError **error)
{
  /* Where tables come and go outside of transactions, the mark goes first: what is left after a crash
   * is in nobody's way. */
  static const char *const steps[] = {
    "DELETE FROM schema_version WHERE domain = 'copy'",
    "DROP TABLE IF EXISTS copy_progress",
    "DROP TABLE IF EXISTS copy_triggers",
    "DROP TABLE IF EXISTS copy_source",
  };
  gboolean is_set;
  gboolean done;

  /* One that was finished before a crash has its triggers, and perhaps tables of ours. */
  if (!dou_copy_mark_is_set (database, &is_set, error))
    return FALSE;

  done = dou_transaction_begin (database, TRUE, error)
         && (!is_set || run_triggers (database, 1, error));
  for (gsize i = 0; i < G_N_ELEMENTS (steps) && done; i++)
    done = dou_transaction_run_sql (database, steps[i], error);

  done = done && dou_transaction_commit (database, error);
  if (!done)
    dou_transaction_rollback (database);
  return done;
}
