/* SPDX-License-Identifier: Apache-2.0 */

/* Videos and pictures of one state directory in another one. Files never change, and are known by name:
 * what is there with its whole size needs no second copy. On the same file system a file gets a second
 * name and takes no room; what one server deletes later, the other one keeps. */

#include "config.h"

#include <errno.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "backup/dou-file-copy.h"
#include "backup/dou-media-tree.h"
#include "common/dou-status.h"
#include "copy/dou-copy-media.h"

#define MEDIA "media"

typedef struct
{
  char *from; /* (owned) media directory */
  char *to;   /* (owned) */
  guint64 n_done;
  guint64 n_files;
  DouCopyProgressFunc progress;
  gpointer user_data;
} Run;

static void
run_clear (Run *run)
{
  g_free (run->from);
  g_free (run->to);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static gboolean
find_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
               _ ("%s is not empty, it has %s: copies go into what is empty"),
               (const char *) user_data, name);
  return FALSE;
}

/**
 * dou_copy_media_check_empty:
 * @state_dir: where to copy to
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: whether it has no videos and no pictures
 */
gboolean
dou_copy_media_check_empty (const char *state_dir, GError **error)
{
  g_autofree char *media = g_build_filename (state_dir, MEDIA, NULL);

  return dou_media_tree_walk (media, find_cb, media, error);
}

static gboolean
count_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  DouCopyMedia *media = user_data;

  media->n_files++;
  media->size += size;
  return TRUE;
}

/**
 * dou_copy_media_count:
 * @state_dir: where to look
 * @media: (out): what is there
 * @error: return location
 *
 * Returns: whether it could be seen
 */
gboolean
dou_copy_media_count (const char *state_dir, DouCopyMedia *media, GError **error)
{
  g_autofree char *path = g_build_filename (state_dir, MEDIA, NULL);

  *media = (DouCopyMedia){ 0 };
  return dou_media_tree_walk (path, count_cb, media, error);
}

static gboolean
is_there (const char *path, guint64 size)
{
  GStatBuf status;

  return g_lstat (path, &status) == 0 && S_ISREG (status.st_mode)
         && (guint64) status.st_size == size;
}

/* Compared with what was read, since that may have been damaged on its way to the disk. */
static gboolean
copy_and_compare (const char *from, const char *to, GError **error)
{
  g_autofree char *read_sha256 = NULL;
  g_autofree char *written_sha256 = NULL;
  guint64 size;

  if (!dou_file_copy (from, to, &read_sha256, &size, error))
    return FALSE;

  written_sha256 = dou_file_hash (to, &size, error);
  if (written_sha256 == NULL || g_str_equal (read_sha256, written_sha256))
    return written_sha256 != NULL;

  g_unlink (to);
  g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("%s is not what %s is"), to, from);
  return FALSE;
}

static gboolean
copy_cb (const char *name, guint64 size, GError **error, gpointer user_data)
{
  Run *run = user_data;
  g_autofree char *from = g_build_filename (run->from, name, NULL);
  g_autofree char *to = g_build_filename (run->to, name, NULL);

  run->progress (MEDIA, run->n_done++, run->n_files, run->user_data);
  if (is_there (to, size))
    return TRUE;
  if (!dou_media_tree_make_directories (run->to, name, error))
    return FALSE;

  /* A copy that a power cut left without its content has this name already. */
  if (g_unlink (to) != 0 && errno != ENOENT)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "%s: %s", to, g_strerror (errno));
      return FALSE;
    }
  return link (from, to) == 0 || copy_and_compare (from, to, error);
}

/**
 * dou_copy_media:
 * @from_dir: a state directory
 * @to_dir: another one
 * @progress: told of each file
 * @user_data: for @progress
 * @error: return location
 *
 * Returns: whether all that is in the one is in the other, also after a power cut
 */
gboolean
dou_copy_media (const char *from_dir, const char *to_dir, DouCopyProgressFunc progress,
                gpointer user_data, GError **error)
{
  g_auto (Run) run = { .progress = progress, .user_data = user_data };
  DouCopyMedia media;

  if (!dou_copy_media_count (from_dir, &media, error))
    return FALSE;

  run.from = g_build_filename (from_dir, MEDIA, NULL);
  run.to = g_build_filename (to_dir, MEDIA, NULL);
  run.n_files = media.n_files;
  return dou_file_make_directory (run.to, error)
         && dou_media_tree_walk (run.from, copy_cb, &run, error)
         && dou_file_flush (to_dir, error);
}
