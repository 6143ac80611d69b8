/* SPDX-License-Identifier: Apache-2.0 */

/* Every domain has the same migrations and statements for every database engine. */

#include "config.h"

#include <string.h>

#include <glib.h>

#define NAME_MARK "\n-- name: "

static const char *const domains[] = { "user", "token", "video", "social", "chat", "catalog", "copy" };
static const char *const servers[] = { "postgresql", "mysql" };

static char *
get_directory (const char *domain, const char *engine)
{
  return g_test_build_filename (G_TEST_DIST, "..", "data", "sql", domain, engine, NULL);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Sorts and joins. */
static char *
describe (GPtrArray *names)
{
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (char **) names->pdata);
}

static char *
list_files (const char *domain, const char *engine)
{
  g_autofree char *path = get_directory (domain, engine);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  return describe (names);
}

/* Where nodes share a server, a writer may have to lock; on SQLite it always does. */
static char *
list_statements (const char *domain, const char *engine)
{
  g_autofree char *directory = get_directory (domain, engine);
  g_autofree char *path = g_build_filename (directory, "statements.sql", NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  parts = g_strsplit (text, NAME_MARK, -1);
  for (gsize i = 1; parts[i] != NULL; i++)
    {
      g_autofree char *name = g_strndup (parts[i], strcspn (parts[i], "\n"));

      if (!g_str_equal (name, "lock-writes"))
        g_ptr_array_add (names, g_steal_pointer (&name));
    }
  return describe (names);
}

static void
test_migrations (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (domains); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (servers); j++)
      {
        g_autofree char *expected = list_files (domains[i], "sqlite");
        g_autofree char *files = list_files (domains[i], servers[j]);

        g_assert_cmpstr (files, ==, expected);
      }
}

static void
test_statements (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (domains); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (servers); j++)
      {
        g_autofree char *expected = list_statements (domains[i], "sqlite");
        g_autofree char *statements = list_statements (domains[i], servers[j]);

        g_assert_cmpstr (statements, ==, expected);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/layout/engines/migrations", test_migrations);
  g_test_add_func ("/layout/engines/statements", test_statements);

  return g_test_run ();
}
