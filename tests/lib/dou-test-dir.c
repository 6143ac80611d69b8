/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <ftw.h>
#include <stdio.h>

#include "lib/dou-test-dir.h"

/* Descriptors that the walk may hold open; it goes on slower in deeper trees. */
#define MAX_OPEN 16

/**
 * dou_test_dir_new:
 *
 * Returns: (transfer full): the path of a new empty directory of this test alone
 */
char *
dou_test_dir_new (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("doutok-test-XXXXXX", &error);

  g_assert_no_error (error);
  return path;
}

static int
remove_cb (const char *path, const struct stat *info, int type, struct FTW *place)
{
  return remove (path);
}

/**
 * dou_test_dir_remove:
 * @path: (transfer full): a directory of dou_test_dir_new()
 *
 * Removes it with all that it contains, links not followed.
 */
void
dou_test_dir_remove (char *path)
{
  g_assert_cmpint (nftw (path, remove_cb, MAX_OPEN, FTW_DEPTH | FTW_PHYS), ==, 0);
  g_free (path);
}

/**
 * dou_test_dir_count_files:
 * @path: a directory, or what is not there
 *
 * Returns: the number of files of any kind below it
 */
guint
dou_test_dir_count_files (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;
  guint n_files = 0;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      n_files += g_file_test (child, G_FILE_TEST_IS_DIR) ? dou_test_dir_count_files (child) : 1;
    }

  return n_files;
}
