/* SPDX-License-Identifier: Apache-2.0 */

/* The files below media/: KIND/XX/ID.EXT or KIND/XX/ID-N.EXT. Whatever has another name (work in
 * progress, unfinished uploads) belongs to the running server and is none of ours. */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "backup/dou-file-copy.h"
#include "backup/dou-media-tree.h"
#include "common/dou-status.h"

static const char *const kinds[] = { "video", "cover", "avatar", "background" };

/**
 * dou_media_tree_is_name:
 * @name: a path, possibly from a file that somebody else wrote
 *
 * Returns: whether it is the name of a file below the media directory, and leads nowhere else
 */
gboolean
dou_media_tree_is_name (const char *name)
{
  return g_regex_match_simple (
      "\\A(video|cover|avatar|background)/[0-9a-f]{2}/[1-9][0-9]{0,15}(-[1-9][0-9]{0,2})?"
      "\\.[a-z0-9]{1,4}\\z",
      name, G_REGEX_OPTIMIZE, 0);
}

/**
 * dou_media_tree_get_id:
 * @name: of a file
 *
 * Returns: the video or picture that it belongs to
 */
gint64
dou_media_tree_get_id (const char *name)
{
  return g_ascii_strtoll (strrchr (name, '/') + 1, NULL, 10);
}

static gboolean
walk_directory (const char *root, const char *below, DouMediaFunc func, gpointer user_data,
                GError **error)
{
  g_autofree char *path = g_build_filename (root, below, NULL);
  g_autoptr (GDir) directory = NULL;
  const char *entry;

  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;

  directory = g_dir_open (path, 0, error);
  if (directory == NULL)
    return FALSE;

  while ((entry = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *name = g_build_filename (below, entry, NULL);
      g_autofree char *full = g_build_filename (root, name, NULL);
      struct stat status;

      /* What goes away meanwhile was deleted by the server. */
      if (g_lstat (full, &status) != 0)
        continue;
      if (S_ISDIR (status.st_mode) && strchr (below, '/') == NULL)
        {
          if (!walk_directory (root, name, func, user_data, error))
            return FALSE;
        }
      else if (S_ISREG (status.st_mode) && dou_media_tree_is_name (name)
               && !func (name, (guint64) status.st_size, error, user_data))
        return FALSE;
    }

  return TRUE;
}

/**
 * dou_media_tree_walk:
 * @root: a media directory, which need not exist
 * @func: called for each file
 * @user_data: for @func
 * @error: return location
 *
 * Returns: whether all were seen
 */
gboolean
dou_media_tree_walk (const char *root, DouMediaFunc func, gpointer user_data, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (!walk_directory (root, kinds[i], func, user_data, error))
      return FALSE;

  return TRUE;
}

/**
 * dou_media_tree_make_directories:
 * @root: a media directory that exists
 * @name: of a file that is to be there
 * @error: return location
 *
 * Returns: whether there is a directory for it
 */
gboolean
dou_media_tree_make_directories (const char *root, const char *name, GError **error)
{
  const char *slash = strchr (name, '/');

  while (slash != NULL)
    {
      g_autofree char *below = g_strndup (name, (gsize) (slash - name));
      g_autofree char *path = g_build_filename (root, below, NULL);

      if (!dou_file_make_directory (path, error))
        return FALSE;
      slash = strchr (slash + 1, '/');
    }

  return TRUE;
}
