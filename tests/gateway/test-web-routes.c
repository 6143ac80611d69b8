/* SPDX-License-Identifier: Apache-2.0 */

/* The files of the web client: that they are served, complete, and say everything in both languages.
 * What they do in a browser is seen in tests/browser. */

#include "config.h"

#include <string.h>

#include "gateway/dou-test-server.h"
#include "gateway/dou-web-routes.h"

typedef struct
{
  DouTestServer server;     /* (owned) */
  DouResourceRoutes *files; /* (owned) */
} Fixture;

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_server_set_up (&fixture->server, NULL);
  fixture->files = dou_web_routes_new (NULL);
  dou_resource_routes_add (fixture->files, fixture->server.router);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_server_tear_down (&fixture->server, NULL);
  g_assert_finalize_object (fixture->files);
}

static DouTestAnswer *
get (Fixture *fixture, const char *path)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (&fixture->server);
  g_autofree char *text = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: example.org\r\n\r\n", path);

  dou_test_client_send (client, text);
  return dou_test_client_receive (client);
}

/* Adds the paths of all files below a folder of data/web, each with a slash in front. */
static void
list_files (const char *below, GPtrArray *paths)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "data", "web", below, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) directory = g_dir_open (path, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *full = g_build_filename (path, name, NULL);
      char *relative = g_strconcat (below, "/", name, NULL);

      if (g_file_test (full, G_FILE_TEST_IS_DIR))
        list_files (relative, paths);
      else
        g_ptr_array_add (paths, g_strdup (relative));
      g_free (relative);
    }
}

static char *
read_file (const char *path)
{
  g_autofree char *full = g_test_build_filename (G_TEST_DIST, "..", "data", "web", path, NULL);
  char *text;

  g_assert_true (g_file_get_contents (full, &text, NULL, NULL));
  return text;
}

/* All that the first group of a pattern matches in a text. */
static GHashTable *
find_all (const char *pattern, const char *text)
{
  GHashTable *found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    g_hash_table_add (found, g_match_info_fetch (match, 1));

  return found;
}

/* Test that the page is at “/”, and what is not there an answer that programs can read. */
static void
test_page (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestAnswer) page = get (fixture, "/");
  g_autoptr (DouTestAnswer) missing = get (fixture, "/js/nothing.js");
  g_autofree char *type = dou_test_answer_get_header (page, "Content-Type");
  g_autofree char *policy = dou_test_answer_get_header (page, "Content-Security-Policy");

  g_assert_cmpuint (page->code, ==, 200);
  g_assert_cmpstr (type, ==, "text/html; charset=utf-8");
  g_assert_nonnull (policy);
  g_assert_true (g_str_has_prefix (policy, "default-src 'none'; "));
  g_assert_null (strstr (policy, "unsafe"));
  g_assert_null (strstr (policy, "http"));
  g_assert_null (strstr (policy, "*"));
  dou_test_assert_status (missing, 404, DOU_STATUS_NOT_FOUND);
}

/* Test that every file of data/web is served, and kept for those who open the page offline. */
static void
test_complete (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *worker = read_file ("service-worker.js");
  g_autoptr (GHashTable) kept = find_all ("'([a-z0-9/-]+\\.[a-z]+)'", worker);

  list_files ("", paths);
  g_assert_cmpuint (paths->len, >, 20);
  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = g_ptr_array_index (paths, i);
      gboolean is_page = g_str_equal (path, "/index.html");
      g_autoptr (DouTestAnswer) answer = get (fixture, is_page ? "/" : path);

      g_test_message ("%s", path);
      g_assert_cmpuint (answer->code, ==, 200);
      if (!is_page && !g_str_equal (path, "/service-worker.js")
          && !g_str_equal (path, "/icon-maskable.svg"))
        g_assert_true (g_hash_table_remove (kept, path + 1));
    }

  g_assert_cmpuint (g_hash_table_size (kept), ==, 0);
}

/* Test that nothing is loaded from elsewhere, and that no script reads markup from a string. */
static void
test_strict (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  const char *pattern = "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|DOMParser|setHTML"
                        "|\\beval\\b|new Function|//(?!www\\.w3\\.org/)[a-z0-9-]+\\.[a-z]";

  list_files ("", paths);
  for (guint i = 0; i < paths->len; i++)
    {
      g_autofree char *text = read_file (g_ptr_array_index (paths, i));

      g_test_message ("%s", (char *) g_ptr_array_index (paths, i));
      g_assert_false (g_regex_match_simple (pattern, text, 0, 0));
    }
}

/* The texts of a language: key → text. */
static GHashTable *
read_texts (const char *path)
{
  GHashTable *texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *table = read_file (path);
  g_autoptr (GRegex) regex
      = g_regex_new ("^  '([^']+)': '((?:[^'\\\\]|\\\\.)*)',$", G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  for (g_regex_match (regex, table, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    g_assert_true (g_hash_table_insert (texts, g_match_info_fetch (match, 1),
                                        g_match_info_fetch (match, 2)));

  return texts;
}

/* Test that both languages have the same texts, with the same names in braces. */
static void
test_languages (void)
{
  g_autoptr (GHashTable) english = read_texts ("js/lang/en.js");
  g_autoptr (GHashTable) chinese = read_texts ("js/lang/zh-cn.js");
  GHashTableIter iter;
  const char *key, *text;

  g_assert_cmpuint (g_hash_table_size (english), >, 50);
  g_assert_cmpuint (g_hash_table_size (english), ==, g_hash_table_size (chinese));

  g_hash_table_iter_init (&iter, english);
  while (g_hash_table_iter_next (&iter, (gpointer *) &key, (gpointer *) &text))
    {
      const char *translation = g_hash_table_lookup (chinese, key);
      g_autoptr (GHashTable) names = find_all ("\\{(\\w+)\\}", text);
      GHashTableIter name_iter;
      const char *name;

      g_test_message ("%s", key);
      g_assert_nonnull (translation);
      g_assert_cmpstr (translation, !=, "");
      g_hash_table_iter_init (&name_iter, names);
      while (g_hash_table_iter_next (&name_iter, (gpointer *) &name, NULL))
        {
          g_autofree char *wanted = g_strdup_printf ("{%s}", name);

          g_assert_nonnull (strstr (translation, wanted));
        }
    }
}

/* Test that there is a text for all that is shown, and that all texts are shown. */
static void
test_texts_used (void)
{
  g_autoptr (GHashTable) texts = read_texts ("js/lang/en.js");
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) source = g_string_new (NULL);
  g_autoptr (GHashTable) asked = NULL;
  GHashTableIter iter;
  const char *key;

  list_files ("", paths);
  for (guint i = 0; i < paths->len; i++)
    {
      g_autofree char *text = read_file (g_ptr_array_index (paths, i));

      if (!g_str_has_prefix (g_ptr_array_index (paths, i), "/js/lang/"))
        g_string_append (source, text);
    }

  asked = find_all ("\\bt\\('([^']+)'|data-t(?:-label)?=\"([^\"]+)\"", source->str);
  g_hash_table_iter_init (&iter, asked);
  while (g_hash_table_iter_next (&iter, (gpointer *) &key, NULL))
    {
      g_test_message ("%s", key);
      g_assert_true (*key == '\0' || g_hash_table_contains (texts, key));
    }

  g_hash_table_iter_init (&iter, texts);
  while (g_hash_table_iter_next (&iter, (gpointer *) &key, NULL))
    {
      g_autofree char *quoted = g_strdup_printf ("'%s'", key);
      g_autofree char *in_page = g_strdup_printf ("\"%s\"", key);
      /* Those of settings and of the login are put together from a name. */
      const char *dot = strrchr (key, '.');
      g_autofree char *stem = dot != NULL ? g_strndup (key, (gsize) (dot - key)) : g_strdup (key);
      g_autofree char *made = g_strdup_printf ("`%s.${name}`", stem);

      g_test_message ("%s", key);
      g_assert_true (strstr (source->str, quoted) != NULL || strstr (source->str, in_page) != NULL
                     || strstr (source->str, made) != NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, test) \
  g_test_add ("/gateway/web-routes/" name, Fixture, NULL, fixture_set_up, test, fixture_tear_down)
  ADD ("page", test_page);
  ADD ("complete", test_complete);
  ADD ("strict", test_strict);
#undef ADD
  g_test_add_func ("/gateway/web-routes/languages", test_languages);
  g_test_add_func ("/gateway/web-routes/texts-used", test_texts_used);

  return g_test_run ();
}
