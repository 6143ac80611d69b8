/* SPDX-License-Identifier: Apache-2.0 */

/* No file is longer than what can be read at a sitting: past that it holds two ideas, and the second one is looked
 * for elsewhere. And no line of C is wider than half a screen. */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "lib/dou-test-dir.h"

#define MAX_LINES 600
#define MAX_COLUMNS 120

static guint
count_lines (const char *text)
{
  guint n_lines = 0;

  for (const char *end = strchr (text, '\n'); end != NULL; end = strchr (end + 1, '\n'))
    n_lines++;
  return n_lines;
}

static gboolean
is_written (const char *name)
{
  return g_str_has_suffix (name, ".c") || g_str_has_suffix (name, ".h") || g_str_has_suffix (name, ".py");
}

/* Returns: the number of a line that is too wide, or 0 */
static guint
find_wide_line (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (g_utf8_strlen (lines[i], -1) > MAX_COLUMNS)
      return i + 1;
  return 0;
}

/* Counts files at or below @path, and those that are too long or too wide. */
static void
count_files (const char *path, guint *n_files, guint *n_long)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  g_autofree char *text = NULL;
  const char *name;
  guint wide;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *below = g_build_filename (path, name, NULL);

      count_files (below, n_files, n_long);
    }
  if (directory != NULL || !is_written (path))
    return;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  (*n_files)++;
  wide = g_str_has_suffix (path, ".py") ? 0 : find_wide_line (text);
  if (count_lines (text) <= MAX_LINES && wide == 0)
    return;

  (*n_long)++;
  if (wide != 0)
    g_test_message ("%s:%u is too wide", path, wide);
  else
    g_test_message ("%s has %u lines", path, count_lines (text));
}

/* Test that one line more than is allowed is noticed, in a directory below, and none less. */
static void
test_planted (void)
{
  g_autofree char *root = g_dir_make_tmp ("doutok-test-XXXXXX", NULL);
  g_autofree char *below = g_build_filename (root, "below", NULL);
  g_autofree char *longest = g_build_filename (root, "longest.c", NULL);
  g_autofree char *longer = g_build_filename (below, "longer.c", NULL);
  g_autofree char *data = g_build_filename (root, "data.txt", NULL);
  g_autofree char *wide = g_build_filename (root, "wide.h", NULL);
  g_autofree char *lines = g_strnfill (MAX_LINES + 1, '\n');
  g_autofree char *columns = g_strnfill (MAX_COLUMNS + 1, '-');
  guint n_files = 0;
  guint n_long = 0;

  g_assert_no_errno (g_mkdir (below, 0700));
  g_assert_true (g_file_set_contents (longest, lines, MAX_LINES, NULL));
  g_assert_true (g_file_set_contents (data, lines, -1, NULL));
  count_files (root, &n_files, &n_long);
  g_assert_cmpuint (n_files, ==, 1);
  g_assert_cmpuint (n_long, ==, 0);

  g_assert_true (g_file_set_contents (longer, lines, -1, NULL));
  count_files (root, &n_files, &n_long);
  g_assert_cmpuint (n_files, ==, 3);
  g_assert_cmpuint (n_long, ==, 1);

  g_assert_true (g_file_set_contents (wide, columns, MAX_COLUMNS, NULL));
  count_files (root, &n_files, &n_long);
  g_assert_cmpuint (n_long, ==, 2);
  g_assert_true (g_file_set_contents (wide, columns, -1, NULL));
  count_files (root, &n_files, &n_long);
  g_assert_cmpuint (n_long, ==, 4);
  dou_test_dir_remove (g_steal_pointer (&root));
}

/* Test that no file of the part is too long. */
static void
test_part (gconstpointer data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", data, NULL);
  guint n_files = 0;
  guint n_long = 0;

  count_files (path, &n_files, &n_long);
  g_assert_cmpuint (n_files, >, 50);
  g_assert_cmpuint (n_long, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/layout/sizes/planted", test_planted);
  g_test_add_data_func ("/layout/sizes/src", "src", test_part);
  g_test_add_data_func ("/layout/sizes/tests", "tests", test_part);

  return g_test_run ();
}
