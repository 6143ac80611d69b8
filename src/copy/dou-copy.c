/* SPDX-License-Identifier: Apache-2.0 */

/* A copy of all that a server keeps, from one place to another: whatever engines they are on.
 *
 * A copy that is under way has marks, in the state directory of the target and in its databases, by
 * which no server starts on a half of it, and the same copy goes on where it was interrupted. They go
 * when both ends were read once more, and are equal. The mark of the directory is set first and goes last,
 * so that where there are several databases a crash between two of them is no riddle.
 *
 * The source stands still: nobody else may use it. A copy beside a running server, which would follow its
 * changes, was rejected: it would need a log of changes on every engine, for something that is done once. */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-file-copy.h"
#include "common/dou-status.h"
#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-keys.h"
#include "copy/dou-copy-mark.h"
#include "copy/dou-copy-media.h"
#include "copy/dou-copy-sequence.h"
#include "copy/dou-copy-table.h"

/* Rows of one statement and commit: past this a row costs no less, and a batch is below a megabyte as
 * long as its rows are of the usual length. */
#define N_ROWS 2000

typedef struct
{
  const DouCopyRequest *request; /* (unowned) */
  DouCopyPlan *plan;             /* (owned) (nullable) */
  DouCopyEnd *from;              /* (owned) (nullable) */
  DouCopyEnd *to;                /* (owned) (nullable) */
  GHashTable *progress;          /* (owned) (element-type utf8 DouCopyProgress) */
  gboolean has_own_files;        /* whether the ends have different state directories */
  gboolean is_resumed;           /* whether the target's directory says so */
  char *source;                  /* (owned) (nullable) what the marks say */
  DouCopyTables tables;
} Copy;

static void
copy_clear (Copy *self)
{
  g_clear_pointer (&self->from, dou_copy_end_free);
  g_clear_pointer (&self->to, dou_copy_end_free);
  g_clear_pointer (&self->plan, dou_copy_plan_free);
  g_clear_pointer (&self->progress, g_hash_table_unref);
  g_free (self->source);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Copy, copy_clear)

static void
line_free (DouCopyLine *line)
{
  g_free (line->title);
  g_free (line->checksum);
  g_free (line);
}

static char *
get_mark_path (DouCopyEnd *end)
{
  return g_build_filename (end->state_dir, DOU_COPY_MARK, NULL);
}

/* They have no name in common if one is a directory and the other a database on a server. */
static gboolean
check_different (Copy *self, GError **error)
{
  self->has_own_files = !g_str_equal (self->from->state_dir, self->to->state_dir);
  if (!g_str_equal (self->from->name, self->to->name)
      || dou_copy_end_is_server (self->from) != dou_copy_end_is_server (self->to))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
               _ ("Both configurations lead to %s: there is nothing to copy"), self->from->name);
  return FALSE;
}

static gboolean
is_in_object_store (DouConfig *config)
{
  return g_str_equal (dou_config_get_string (config, DOU_CONFIG_MEDIA_STORE), "s3");
}

/* Whether both ends have the same bucket, in which media stay. */
static gboolean
have_same_bucket (DouConfig *from, DouConfig *to)
{
  static const DouConfigKey keys[] = { DOU_CONFIG_S3_ENDPOINT, DOU_CONFIG_S3_BUCKET };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!g_str_equal (dou_config_get_string (from, keys[i]), dou_config_get_string (to, keys[i])))
      return FALSE;

  return is_in_object_store (from) && is_in_object_store (to);
}

/* A server with a bucket serves from its state directory what is not there; so files always have a place
 * to go, and objects stay where they are. */
static gboolean
check_media (Copy *self, GError **error)
{
  if (!is_in_object_store (self->request->from)
      || have_same_bucket (self->request->from, self->request->to))
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                       _ ("Videos and pictures in an object store are not copied: let both "
                          "configurations name the same bucket"));
  return FALSE;
}

/* Half of a copy is nothing to copy. */
static gboolean
check_source (Copy *self, GError **error)
{
  for (guint i = 0; i < self->from->databases->len; i++)
    {
      guint version;

      if (!dou_copy_catalog_get_version (g_ptr_array_index (self->from->databases, i), "copy",
                                         &version, error))
        return FALSE;
      if (version == 0)
        continue;

      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("A copy into %s is not finished"),
                   self->from->name);
      return FALSE;
    }

  return TRUE;
}

static gboolean
open_ends (Copy *self, GError **error)
{
  guint n_rows = self->request->n_rows != 0 ? self->request->n_rows : N_ROWS;

  self->plan = dou_copy_plan_new (error);
  if (self->plan == NULL)
    return FALSE;

  self->from = dou_copy_end_open (self->request->from, TRUE, error);
  if (self->from == NULL || !dou_copy_end_check_unused (self->from, error)
      || !dou_copy_end_check_versions (self->from, self->plan, error)
      || !check_source (self, error))
    return FALSE;

  self->to = dou_copy_end_open (self->request->to, FALSE, error);
  if (self->to == NULL || !check_different (self, error) || !check_media (self, error)
      || !dou_copy_end_check_unused (self->to, error)
      || !dou_copy_end_migrate (self->to, self->plan, error))
    return FALSE;

  self->source = g_strdup_printf (
      "%s (%s)", self->from->name,
      dou_transaction_get_engine_name (dou_copy_end_get_database (self->from, 0)));
  self->tables = (DouCopyTables){
    .from = self->from,
    .to = self->to,
    .progress = self->progress,
    .n_rows = n_rows,
    .request = self->request,
  };
  return dou_copy_end_find_tables (self->from, self->plan, n_rows, error)
         && dou_copy_end_find_tables (self->to, self->plan, n_rows, error)
         && dou_copy_tables_count (&self->tables, error);
}

static gboolean
set_directory_mark (Copy *self, GError **error)
{
  g_autofree char *path = get_mark_path (self->to);
  g_autoptr (GError) cause = NULL;

  if (g_file_set_contents_full (path, self->source, -1,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &cause))
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, cause->message);
  return FALSE;
}

/* Databases that are marked have been empty before. */
static gboolean
check_databases_empty (Copy *self, GError **error)
{
  for (guint i = 0; i < self->to->databases->len; i++)
    {
      DouTransaction *database = g_ptr_array_index (self->to->databases, i);
      gboolean is_marked;

      if (!dou_copy_mark_is_set (database, &is_marked, error)
          || (!is_marked && !dou_copy_end_check_empty (self->to, database, error)))
        return FALSE;
    }

  return TRUE;
}

/* Either nothing is there, or a part of the same copy. */
static gboolean
begin_directory (Copy *self, GError **error)
{
  g_autofree char *path = get_mark_path (self->to);
  g_autofree char *unfinished = NULL;

  self->is_resumed = g_file_get_contents (path, &unfinished, NULL, NULL);
  if (!self->is_resumed)
    return check_databases_empty (self, error)
           && dou_copy_keys_check_empty (self->to, self->has_own_files, error)
           && (!self->has_own_files || dou_copy_media_check_empty (self->to->state_dir, error))
           && set_directory_mark (self, error);

  if (g_str_equal (unfinished, self->source))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
               _ ("A copy from %s into %s was under way: go on with that one, or empty what it has "
                  "filled and remove %s"),
               unfinished, self->to->name, path);
  return FALSE;
}

/* One that has rows and no mark was finished before the crash. */
static gboolean
begin_database (Copy *self, DouTransaction *database, GError **error)
{
  gboolean is_marked;

  if (!dou_copy_mark_is_set (database, &is_marked, error))
    return FALSE;
  if (is_marked)
    return dou_copy_mark_resume (database, self->source, self->progress, error);
  if (self->is_resumed && !dou_copy_end_check_empty (self->to, database, NULL))
    return TRUE;

  return dou_copy_mark_begin (database, self->source, error);
}

static gboolean
begin (Copy *self, GError **error)
{
  if (!begin_directory (self, error))
    return FALSE;

  for (guint i = 0; i < self->to->databases->len; i++)
    {
      self->request->progress ("preparation", i, self->to->databases->len,
                               self->request->user_data);
      if (!begin_database (self, g_ptr_array_index (self->to->databases, i), error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
copy_table (Copy *self, guint index, GError **error)
{
  const DouCopyTable *table = g_ptr_array_index (self->plan->tables, index);
  gboolean is_marked;
  gint64 next;

  if (!dou_copy_mark_is_set (dou_copy_end_get_database (self->to, table->domain), &is_marked, error))
    return FALSE;

  return !is_marked
         || (dou_copy_tables_copy (&self->tables, index, error)
             && (!table->is_sequenced
                 || (dou_copy_sequence_get (self->from, index, &next, error)
                     && dou_copy_sequence_set (self->to, index, next, error))));
}

static gboolean
copy_all (Copy *self, GError **error)
{
  for (guint i = 0; i < self->plan->tables->len; i++)
    if (!copy_table (self, i, error))
      return FALSE;

  return dou_copy_keys (self->from, self->to, error)
         && (!self->has_own_files
             || dou_copy_media (self->from->state_dir, self->to->state_dir, self->request->progress,
                                self->request->user_data, error));
}

static void
add_line (GPtrArray *lines, const char *title, guint64 n_rows, char *checksum, gboolean is_equal)
{
  DouCopyLine *line = g_new0 (DouCopyLine, 1);

  line->title = g_strdup (title);
  line->n_rows = n_rows;
  line->checksum = checksum;
  line->is_equal = is_equal;
  g_ptr_array_add (lines, line);
}

static gboolean
compare_table (Copy *self, guint index, GPtrArray *lines, GError **error)
{
  const DouCopyTable *table = g_ptr_array_index (self->plan->tables, index);
  gint64 next[2] = { 0, 0 };
  DouCopySum from, to;

  if (!dou_copy_tables_sum (&self->tables, self->from, index, &from, error)
      || !dou_copy_tables_sum (&self->tables, self->to, index, &to, error)
      || (table->is_sequenced
          && (!dou_copy_sequence_get (self->from, index, &next[0], error)
              || !dou_copy_sequence_get (self->to, index, &next[1], error))))
    return FALSE;

  add_line (lines, table->title, from.n_rows, dou_copy_sum_to_string (&from),
            dou_copy_sum_equal (&from, &to) && next[0] <= next[1]);
  return TRUE;
}

static gboolean
compare_media (Copy *self, GPtrArray *lines, GError **error)
{
  DouCopyMedia from, to;

  if (!dou_copy_media_count (self->from->state_dir, &from, error)
      || !dou_copy_media_count (self->to->state_dir, &to, error))
    return FALSE;

  add_line (lines, "media", from.n_files, g_strdup_printf ("%" G_GUINT64_FORMAT " B", from.size),
            from.n_files == to.n_files && from.size == to.size);
  return TRUE;
}

/* Returns: (transfer full) (nullable) (element-type DouCopyLine) */
static GPtrArray *
compare_all (Copy *self, GError **error)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) line_free);

  self->tables.n_done = 0;
  for (guint i = 0; i < self->plan->tables->len; i++)
    if (!compare_table (self, i, lines, error))
      return NULL;

  return compare_media (self, lines, error) ? g_steal_pointer (&lines) : NULL;
}

static gboolean
are_all_equal (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++)
    if (!((DouCopyLine *) g_ptr_array_index (lines, i))->is_equal)
      return FALSE;

  return TRUE;
}

static gboolean
finish (Copy *self, GError **error)
{
  g_autofree char *path = get_mark_path (self->to);

  for (guint i = 0; i < self->to->databases->len; i++)
    {
      self->request->progress ("completion", i, self->to->databases->len, self->request->user_data);
      if (!dou_copy_mark_finish (g_ptr_array_index (self->to->databases, i), error))
        return FALSE;
    }

  self->request->progress ("completion", 1, 1, self->request->user_data);
  if (!dou_file_flush (self->to->state_dir, error))
    return FALSE;
  if (g_unlink (path) != 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  return dou_file_flush (self->to->state_dir, error);
}

/**
 * dou_copy:
 * @request: from where to where
 * @error: return location for %DOU_STATUS_UNAVAILABLE, %DOU_STATUS_BAD_PARAMETER (the target is not
 *   empty), %DOU_STATUS_NOT_PERMITTED, %DOU_STATUS_DISK_FULL or %DOU_STATUS_INTERNAL
 *
 * Copies everything, or goes on with it. If the result has a line that is not equal, the copy is not
 * finished: the marks are left.
 *
 * Returns: (transfer full) (element-type DouCopyLine): what both ends have now, or %NULL
 */
GPtrArray *
dou_copy (const DouCopyRequest *request, GError **error)
{
  g_auto (Copy) self = { .request = request };
  g_autoptr (GPtrArray) lines = NULL;

  self.progress = dou_copy_mark_new_progress ();
  if (!open_ends (&self, error) || !begin (&self, error) || !copy_all (&self, error))
    return NULL;

  lines = compare_all (&self, error);
  if (lines == NULL || (are_all_equal (lines) && !finish (&self, error)))
    return NULL;

  return g_steal_pointer (&lines);
}

/**
 * dou_copy_is_unfinished:
 * @state_dir: a state directory
 *
 * Returns: whether a copy into it was begun, and is not finished
 */
gboolean
dou_copy_is_unfinished (const char *state_dir)
{
  g_autofree char *mark = g_build_filename (state_dir, DOU_COPY_MARK, NULL);

  return g_file_test (mark, G_FILE_TEST_EXISTS);
}
