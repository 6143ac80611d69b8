/* SPDX-License-Identifier: Apache-2.0 */

/* The keys of login tokens, where several nodes share a database.
 *
 * A token that one node has signed must be good on all of them. So the text of the file token-keys is
 * kept in the database, where the node that comes first puts that of its own, and every other node
 * takes it from there, before its gateways read the file: the launcher starts them when the services
 * answer. The database is the one thing that nodes must be told of anyway, and whoever can read it can
 * read what the tokens give access to. A file that has to be copied to each node was rejected: a node
 * without it would serve, and quietly log everybody out.
 *
 * On SQLite there is one node, and the file is all there is.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-database.h"
#include "common/dou-json-writer.h"
#include "common/dou-status.h"
#include "dou-token-sql.h"
#include "user/dou-token-store.h"

/* Four keys of the greatest length, and what somebody may write around them. */
#define MAX_FILE 16384

typedef struct
{
  char *json; /* (owned) the text of this node's file */
  char *text; /* (owned) (nullable) that of all nodes, when it is known */
} Share;

static void
share_clear (Share *self)
{
  g_free (self->json);
  g_free (self->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Share, share_clear)

static gboolean
share_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Share *self = data;
  g_autoptr (DouRows) rows = NULL;

  g_clear_pointer (&self->text, g_free);
  if (!dou_transaction_execute (transaction, "insert-keys", self->json, NULL, error))
    return FALSE;

  rows = dou_transaction_query (transaction, "get-keys", "s", NULL, error);
  if (rows == NULL)
    return FALSE;

  self->text = g_strdup (dou_rows_get_text (rows, 0, 0));
  return TRUE;
}

static void
shared_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
share_run (Share *self, const DouDatabaseAddress *address, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (DouDatabase) database = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  gboolean shared;

  /* Naming the resource keeps the linker from dropping it. */
  (void) dou_token_sql_get_resource ();

  database = dou_database_open ("token", address, error);
  if (database == NULL)
    return FALSE;

  g_main_context_push_thread_default (context);
  dou_database_write_async (database, share_func, self, NULL, NULL, shared_cb, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  shared = dou_database_write_finish (database, result, error);
  dou_database_close (database);
  return shared;
}

static char *
make_json (const char *text)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, MAX_FILE);
  dou_json_writer_begin_array (&writer);
  dou_json_writer_string (&writer, text);
  dou_json_writer_end_array (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/* Whether it means what it should is the gateways' to judge. */
static gboolean
check_text (const char *path, const char *text, gsize length, GError **error)
{
  if (length > 0 && length <= MAX_FILE && g_utf8_validate_len (text, length, NULL))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, "%s: this is not a file of token keys", path);
  return FALSE;
}

/**
 * dou_token_store_share:
 * @address: where the nodes have their tables
 * @path: this node's file of token keys
 * @error: return location
 *
 * Makes @path hold the keys of all nodes: those that it holds already, if this node is the first. Waits
 * for the database. Without the file, which the launcher makes, nothing is done.
 *
 * Returns: whether it does; if not, the errors of dou_database_open() and dou_database_write_finish(),
 *   %DOU_STATUS_INTERNAL for a file that no node could use, and %DOU_STATUS_NOT_PERMITTED for one that
 *   cannot be read or written
 */
gboolean
dou_token_store_share (const DouDatabaseAddress *address, const char *path, GError **error)
{
  g_auto (Share) share = { 0 };
  g_autofree char *text = NULL;
  g_autoptr (GError) local_error = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &local_error))
    {
      if (g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, local_error->message);
      return FALSE;
    }
  if (!check_text (path, text, length, error))
    return FALSE;

  share.json = make_json (text);
  if (!share_run (&share, address, error))
    return FALSE;
  if (g_str_equal (share.text, text))
    return TRUE;

  g_message ("Login tokens are signed with the keys of the other nodes on this database");
  if (g_file_set_contents_full (path, share.text, -1,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &local_error))
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, local_error->message);
  return FALSE;
}
