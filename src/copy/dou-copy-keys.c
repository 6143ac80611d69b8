/* SPDX-License-Identifier: Apache-2.0 */

/* The keys that login tokens are signed with, so that nobody has to log in again. A node has them in a
 * file of its state directory; nodes that share a server, in its database as well, where they count. */

#include "config.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "common/dou-json-writer.h"
#include "common/dou-status.h"
#include "copy/dou-copy-keys.h"

#define KEYS "token-keys"

#define GET "copy-keys-get"
#define SET "copy-keys-set"

static char *
get_path (DouCopyEnd *end)
{
  return g_build_filename (end->state_dir, KEYS, NULL);
}

/* @text: (out) (transfer full) (nullable): %NULL if there are none */
static gboolean
read_database (DouCopyEnd *end, char **text, GError **error)
{
  DouTransaction *database = dou_copy_end_get_database (end, 0);
  g_autoptr (DouRows) rows = NULL;

  *text = NULL;
  if (!dou_copy_end_is_server (end))
    return TRUE;
  if (!dou_transaction_has_statement (database, GET))
    dou_transaction_add_statement (database, GET, "SELECT content FROM token_keys WHERE id = 1");

  rows = dou_transaction_query (database, GET, "s", NULL, error);
  if (rows != NULL && dou_rows_get_n_rows (rows) > 0)
    *text = g_strdup (dou_rows_get_text (rows, 0, 0));
  return rows != NULL;
}

/* @text: (out) (transfer full) (nullable): %NULL if there are none */
static gboolean
read_file (DouCopyEnd *end, char **text, GError **error)
{
  g_autofree char *path = get_path (end);
  g_autoptr (GError) cause = NULL;

  *text = NULL;
  if (g_file_get_contents (path, text, NULL, &cause)
      || g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, cause->message);
  return FALSE;
}

static gboolean
write_database (DouCopyEnd *end, const char *text, GError **error)
{
  static const struct
  {
    const char *engine;
    const char *sql;
  } inserts[] = {
    { "postgresql",
      "INSERT INTO token_keys (id, content) "
      "SELECT 1, j FROM json_array_elements_text(CAST(##json::string AS json)) AS j" },
    { "mysql",
      "INSERT INTO token_keys (id, content) SELECT 1, j.content FROM JSON_TABLE("
      "##json::string, '$[*]' COLUMNS (content MEDIUMTEXT CHARSET utf8mb4 PATH '$' ERROR ON ERROR)"
      ") AS j" },
  };
  DouTransaction *database = dou_copy_end_get_database (end, 0);
  g_auto (DouJsonWriter) writer = { 0 };
  g_autofree char *json = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (inserts); i++)
    if (!dou_transaction_has_statement (database, SET)
        && g_str_equal (inserts[i].engine, dou_transaction_get_engine_name (database)))
      dou_transaction_add_statement (database, SET, inserts[i].sql);

  dou_json_writer_init (&writer, 0);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_string (&writer, text);
  dou_json_writer_end_array (&writer);
  json = dou_json_writer_steal (&writer, NULL);
  return dou_transaction_execute (database, SET, json, NULL, error);
}

/* What root makes belongs to whom the directory belongs. */
static gboolean
write_file (DouCopyEnd *end, const char *text, GError **error)
{
  g_autofree char *path = get_path (end);
  g_autoptr (GError) cause = NULL;
  struct stat status;

  if (!g_file_set_contents_full (path, text, -1,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &cause))
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, cause->message);
      return FALSE;
    }

  if (geteuid () == 0
      && (stat (end->state_dir, &status) != 0 || chown (path, status.st_uid, status.st_gid) != 0))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

/**
 * dou_copy_keys_check_empty:
 * @to: where to copy to
 * @has_own_files: whether its state directory is not that of the source
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: whether there are no keys yet
 */
gboolean
dou_copy_keys_check_empty (DouCopyEnd *to, gboolean has_own_files, GError **error)
{
  g_autofree char *shared = NULL;
  g_autofree char *own = NULL;

  if (!read_database (to, &shared, error) || (has_own_files && !read_file (to, &own, error)))
    return FALSE;
  if (shared == NULL && own == NULL)
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
               _ ("%s is not empty, it has %s: copies go into what is empty"),
               shared != NULL ? to->name : to->state_dir, shared != NULL ? "token_keys" : KEYS);
  return FALSE;
}

/**
 * dou_copy_keys:
 * @from: where to copy from
 * @to: where to copy to
 * @error: return location
 *
 * Returns: whether tokens of before will be good there; without keys there were none
 */
gboolean
dou_copy_keys (DouCopyEnd *from, DouCopyEnd *to, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *own = NULL;
  g_autofree char *shared = NULL;

  if (!read_database (from, &text, error) || (text == NULL && !read_file (from, &text, error))
      || !read_file (to, &own, error) || !read_database (to, &shared, error))
    return FALSE;
  if (text == NULL)
    return TRUE;

  return (g_strcmp0 (text, own) == 0 || write_file (to, text, error))
         && (!dou_copy_end_is_server (to) || shared != NULL || write_database (to, text, error));
}
