/* SPDX-License-Identifier: Apache-2.0 */

/* The walls between the folders of src/: which part may include what. A line of `walls` says that only
 * the files that match `allowed` may include what matches `header`. */

#include "config.h"

#include <glib.h>

typedef struct
{
  const char *header;  /* regular expression on what is included */
  const char *allowed; /* regular expression on the path of the file, from src/ */
  const char *reason;
} Wall;

static const Wall walls[] = {
  { "^(libgda|sql-parser)/", "^common/dou-database[a-z-]*\\.[ch]$|/dou-[a-z]+-store[a-z-]*\\.[ch]$",
    "SQL is written in the stores and spoken by the database alone" },
  { "^sqlite3\\.h$", "^backup/", "copies of databases are the one thing that libgda cannot do" },
  { "^libsoup/", "^gateway/|^launcher/dou-demo-client\\.c$|^common/dou-object-client\\.[ch]$",
    "HTTP is the gateway's, and an object store's" },
  { "^jwt\\.h$", "^gateway/dou-token\\.c$", "tokens have one file" },
  { "^systemd/sd-bus\\.h$", "^gateway/dou-watch\\.c$", "calls go through GDBus" },
  { "^hiredis/", "^common/dou-redis[a-z-]*\\.[ch]$", "Redis has one file" },
  { "^user/", "^user/", "parts meet in data/dbus" },
  { "^video/", "^video/", "parts meet in data/dbus" },
  { "^social/", "^social/", "parts meet in data/dbus" },
  { "^chat/", "^chat/", "parts meet in data/dbus" },
  { "^gateway/", "^gateway/", "parts meet in data/dbus" },
  { "^backup/", "^(backup|copy|launcher)/", "only commands look at files from outside" },
  { "^copy/", "^(copy|launcher)/", "only commands look at tables from outside" },
  { "^export/", "^(export|gateway|launcher)/", "who asks for an export gathers it over the bus" },
  { "^archive(_entry)?\\.h$", "^(backup|export)/", "archives have two folders" },
  { "^launcher/", "^launcher/", "parts meet in data/dbus" },
  { "^dou-dbus-", "^(?!.*/dou-[a-z]+-(manager|store)\\.[ch]$)",
    "managers and stores know no bus" },
};

/* Returns the number of walls that @text, the contents of src/@path, goes through. */
static guint
count_breaches (const char *path, const char *text)
{
  g_autoptr (GRegex) include
      = g_regex_new ("^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+)", G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint n_breaches = 0;

  for (g_regex_match (include, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      g_autofree char *header = g_match_info_fetch (match, 1);

      for (gsize i = 0; i < G_N_ELEMENTS (walls); i++)
        if (g_regex_match_simple (walls[i].header, header, 0, 0)
            && !g_regex_match_simple (walls[i].allowed, path, 0, 0))
          {
            g_test_message ("src/%s includes %s: %s", path, header, walls[i].reason);
            n_breaches++;
          }
    }

  return n_breaches;
}

static void
count_in_directory (const char *root, const char *below, guint *n_files, guint *n_breaches)
{
  g_autofree char *path = g_build_filename (root, below, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) directory = g_dir_open (path, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *relative = *below != '\0' ? g_build_filename (below, name, NULL)
                                                 : g_strdup (name);
      g_autofree char *file = g_build_filename (root, relative, NULL);
      g_autofree char *text = NULL;

      if (g_file_test (file, G_FILE_TEST_IS_DIR))
        {
          count_in_directory (root, relative, n_files, n_breaches);
        }
      else if (g_str_has_suffix (name, ".c") || g_str_has_suffix (name, ".h"))
        {
          g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
          *n_breaches += count_breaches (relative, text);
          (*n_files)++;
        }
    }
}

/* Test that a breach of each kind is found, in any spelling. */
static void
test_planted (void)
{
  static const struct
  {
    const char *path;
    const char *text;
  } breaches[] = {
    { "user/dou-user-manager.c", "#include <libgda/libgda.h>\n" },
    { "user/dou-user-impl.c", "int i;\n  #  include <sql-parser/gda-sql-parser.h>\n" },
    { "video/dou-video-impl.c", "#include \"libsoup/soup.h\"\n" },
    { "common/dou-service.c", "#include <libsoup/soup.h>\n" },
    { "launcher/dou-demo.c", "#include <libsoup/soup.h>\n" },
    { "gateway/dou-router.c", "#include <jwt.h>\n" },
    { "gateway/dou-router.c", "#include <hiredis/hiredis.h>\n" },
    { "gateway/dou-cache.c", "#include <systemd/sd-bus.h>\n" },
    { "video/dou-video-manager.h", "#include \"user/dou-user-manager.h\"\n" },
    { "user/dou-user-impl.c", "#include \"video/dou-video-store.h\"\n" },
    { "gateway/dou-user-routes.c", "#include \"user/dou-user-manager.h\"\n" },
    { "common/dou-service.c", "#include \"gateway/dou-server.h\"\n" },
    { "launcher/dou-check.c", "#include <sqlite3.h>\n" },
    { "video/dou-video-store.c", "#include \"backup/dou-snapshot.h\"\n" },
    { "backup/dou-backup.c", "#include \"copy/dou-copy.h\"\n" },
    { "copy/dou-copy-end.c", "#include <libgda/libgda.h>\n" },
    { "user/dou-user-impl.c", "#include \"export/dou-export.h\"\n" },
    { "gateway/dou-server.c", "#include <archive.h>\n" },
    { "user/main.c", "#include \"launcher/dou-process.h\"\n" },
    { "user/dou-user-manager.c", "#include \"dou-dbus-user.h\"\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (breaches); i++)
    g_assert_cmpuint (count_breaches (breaches[i].path, breaches[i].text), ==, 1);
}

/* Test that what is allowed is not taken for a breach. */
static void
test_allowed (void)
{
  g_assert_cmpuint (count_breaches ("user/dou-user-store.c",
                                    "#include <libgda/libgda.h>\n#include \"user/dou-user.h\"\n"),
                    ==, 0);
  g_assert_cmpuint (count_breaches ("common/dou-database.c", "#include <libgda/libgda.h>\n"), ==, 0);
  g_assert_cmpuint (count_breaches ("gateway/dou-server.c", "#include <libsoup/soup.h>\n"), ==, 0);
  g_assert_cmpuint (count_breaches ("common/dou-object-client.h", "#include <libsoup/soup.h>\n"), ==,
                    0);
  g_assert_cmpuint (count_breaches ("user/dou-user-impl.c", "#include \"dou-dbus-user.h\"\n"), ==, 0);
  g_assert_cmpuint (count_breaches ("user/main.c", "/* the video/ folder */\n"), ==, 0);
}

/* Test that the source keeps to its walls. */
static void
test_source (void)
{
  g_autofree char *root = g_test_build_filename (G_TEST_DIST, "..", "src", NULL);
  guint n_files = 0;
  guint n_breaches = 0;

  count_in_directory (root, "", &n_files, &n_breaches);
  g_assert_cmpuint (n_files, >, 50);
  g_assert_cmpuint (n_breaches, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/layout/walls/planted", test_planted);
  g_test_add_func ("/layout/walls/allowed", test_allowed);
  g_test_add_func ("/layout/walls/source", test_source);

  return g_test_run ();
}
