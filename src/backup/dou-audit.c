/* SPDX-License-Identifier: Apache-2.0 */

/* Whether databases are whole, every row has its file, and every file its row; beside a running server
 * or of a backup. What a server is just doing looks like a fault for a moment, so what seems wrong is
 * looked at once more, and what is young is left alone. */

#include "config.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-audit.h"
#include "backup/dou-media-tree.h"
#include "backup/dou-sqlite.h"
#include "common/dou-id-minter.h"

/* Rows that are looked at in one transaction. */
#define BATCH 1000
/* Seconds after which a file without a row is no upload that is under way. */
#define MIN_AGE 3600
/* As the video service spreads files over directories. */
#define N_DIRECTORIES 256

/* The databases, and what is asked of them again and again. */
typedef struct
{
  const DouAudit *audit;
  sqlite3 *database;     /* (owned) */
  sqlite3_stmt *is_file; /* (owned) */
  gint64 now;            /* seconds since 1970 */
  guint64 n_files;
  guint64 n_rows;
} Media;

static void G_GNUC_PRINTF (2, 3) report (const DouAudit *self, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  self->problem (text, self->user_data);
}

/**
 * dou_audit_databases:
 * @self: what is looked at
 *
 * Reads every page of all databases.
 *
 * Returns: whether they are whole
 */
gboolean
dou_audit_databases (const DouAudit *self)
{
  gboolean is_whole = TRUE;

  for (guint i = 0; i < DOU_N_DATABASES; i++)
    {
      g_autofree char *name = g_strconcat (dou_database_names[i], ".db", NULL);
      g_autofree char *path = g_build_filename (self->directory, name, NULL);
      g_autoptr (GError) error = NULL;
      sqlite3 *database = dou_sqlite_open (path, self->is_copy, &error);

      self->progress (dou_database_names[i], i, DOU_N_DATABASES, self->user_data);
      if (database == NULL || !dou_sqlite_check (database, path, "PRAGMA integrity_check(1)", &error))
        {
          report (self, "%s", error->message);
          is_whole = FALSE;
        }
      sqlite3_close (database);
    }

  return is_whole;
}

static gboolean
has_row (Media *media, const char *name)
{
  gboolean found;

  sqlite3_bind_int64 (media->is_file, 1, dou_media_tree_get_id (name));
  sqlite3_bind_text (media->is_file, 2, name, -1, SQLITE_STATIC);
  found = sqlite3_step (media->is_file) == SQLITE_ROW;
  sqlite3_reset (media->is_file);
  return found;
}

/* A row that went meanwhile, and its file with it, is none. */
static void
check_file (Media *media, const char *name)
{
  g_autofree char *path = g_build_filename (media->audit->media, name, NULL);
  struct stat status;

  if (g_lstat (path, &status) != 0)
    {
      if (!media->audit->is_elsewhere && has_row (media, name))
        report (media->audit, _ ("a row names %s, and there is no such file"), name);
    }
  else if (!S_ISREG (status.st_mode) || status.st_size == 0)
    report (media->audit, _ ("%s is no file or empty"), name);
}

/* A statement that gives id and up to two names, of rows after an id. */
static gboolean
check_rows (Media *media, const char *sql, GError **error)
{
  gint64 last = 0;
  guint n = BATCH;

  while (n == BATCH)
    {
      g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
      sqlite3_stmt *statement = NULL;

      n = 0;
      if (sqlite3_prepare_v2 (media->database, sql, -1, &statement, NULL) == SQLITE_OK)
        {
          sqlite3_bind_int64 (statement, 1, last);
          sqlite3_bind_int (statement, 2, BATCH);
          for (; sqlite3_step (statement) == SQLITE_ROW; n++)
            {
              last = sqlite3_column_int64 (statement, 0);
              for (int i = 1; i < sqlite3_column_count (statement); i++)
                g_ptr_array_add (names, g_strdup ((const char *) sqlite3_column_text (statement, i)));
            }
        }
      if (sqlite3_finalize (statement) != SQLITE_OK)
        {
          dou_sqlite_set_error (error, media->database, "video.db");
          return FALSE;
        }

      media->n_rows += n;
      media->audit->progress ("video.db", media->n_rows, media->n_rows, media->audit->user_data);
      for (guint i = 0; i < names->len; i++)
        check_file (media, g_ptr_array_index (names, i));
    }

  return TRUE;
}

/* Of pictures the row has no name, since it follows from the id; one that no profile was seen to name
 * may be on its way in or out. */
static void
picture_name (sqlite3_context *context, int n_values, sqlite3_value **values)
{
  gint64 id = sqlite3_value_int64 (values[0]);
  g_autofree char *name = g_strdup_printf (
      "%s/%02x/%" G_GINT64_FORMAT ".jpg", sqlite3_value_int (values[1]) == 0 ? "avatar" : "background",
      (guint) (dou_id_get_time (id) % N_DIRECTORIES), id);

  sqlite3_result_text (context, name, -1, SQLITE_TRANSIENT);
}

static gboolean
found_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  Media *media = user_data;
  g_autofree char *path = g_build_filename (media->audit->media, name, NULL);
  struct stat status;

  if (++media->n_files % BATCH == 0)
    media->audit->progress ("media", media->n_files, media->n_files, media->audit->user_data);
  if (!has_row (media, name) && g_lstat (path, &status) == 0
      && media->now - status.st_mtim.tv_sec > MIN_AGE && !has_row (media, name))
    report (media->audit, _ ("nothing names the file %s"), name);
  return TRUE;
}

static gboolean
media_open (Media *media, const DouAudit *audit, GError **error)
{
  g_autofree char *path = g_build_filename (audit->directory, "video.db", NULL);

  *media = (Media){ .audit = audit, .now = g_get_real_time () / G_USEC_PER_SEC };
  media->database = dou_sqlite_open (path, audit->is_copy, error);
  if (media->database == NULL)
    return FALSE;

  if (sqlite3_create_function (media->database, "picture_name", 2, SQLITE_UTF8, NULL, picture_name,
                               NULL, NULL)
          == SQLITE_OK
      /* What is being deleted has no row any more, and may have files yet. */
      && sqlite3_prepare_v2 (media->database,
                             "SELECT 1 FROM videos WHERE id = ?1 AND ?2 IN (file, cover) "
                             "UNION ALL "
                             "SELECT 1 FROM pictures WHERE id = ?1 AND picture_name(id, kind) = ?2 "
                             "UNION ALL "
                             "SELECT 1 FROM deleted_videos WHERE id = ?1 AND pending = 1",
                             -1, &media->is_file, NULL)
             == SQLITE_OK)
    return TRUE;

  dou_sqlite_set_error (error, media->database, path);
  return FALSE;
}

/**
 * dou_audit_media:
 * @self: what is looked at
 * @n_files: (out): how many there are
 * @error: return location
 *
 * Returns: whether all could be looked at, whatever was found
 */
gboolean
dou_audit_media (const DouAudit *self, guint64 *n_files, GError **error)
{
  Media media;
  gboolean done
      = media_open (&media, self, error)
        && check_rows (&media,
                       "SELECT id, file, cover FROM videos WHERE id > ?1 ORDER BY id LIMIT ?2",
                       error)
        && check_rows (&media,
                       "SELECT id, picture_name(id, kind) FROM pictures "
                       "WHERE id > ?1 AND settled = 1 ORDER BY id LIMIT ?2",
                       error)
        && dou_media_tree_walk (self->media, found_cb, &media, error);

  sqlite3_finalize (media.is_file);
  sqlite3_close (media.database);
  *n_files = media.n_files;
  return done;
}
