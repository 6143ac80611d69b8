/* SPDX-License-Identifier: Apache-2.0 */

/* The files of a backup that are read back, possibly after somebody else had a hand in them. */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "backup/dou-file-copy.h"
#include "backup/dou-manifest.h"
#include "backup/dou-media-list.h"
#include "backup/dou-media-tree.h"
#include "common/dou-status.h"
#include "lib/dou-test-dir.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct
{
  char *directory; /* (owned) */
  char *path;      /* (owned) of a file in it */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, data != NULL ? data : "file", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->path);
}

static void
write_file (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (fixture->path, text, -1, &error);
  g_assert_no_error (error);
}

/* Test that only names of media files are taken, and none that leads elsewhere. */
static void
test_names (void)
{
  static const char *const good[]
      = { "video/3f/63.mp4", "video/00/9007199254740991-12.webm", "cover/ab/1.jpg",
          "avatar/00/5.jpg", "background/ff/5.jpg" };
  static const char *const bad[]
      = { "", "video/3f/", "video/3f/63", "video/3f/063.mp4", "video/3f/0.mp4", "video/3F/63.mp4",
          "video/../63.mp4", "../video/3f/63.mp4", "/video/3f/63.mp4", "video/3f/63.mp4\n",
          "video/3f/63.mp4/x", "video/3f/.upload-1", "work/3f/63.mp4", "video/3f/63.mp4.part",
          "video/3f/12345678901234567.mp4" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (dou_media_tree_is_name (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("“%s”", bad[i]);
      g_assert_false (dou_media_tree_is_name (bad[i]));
    }
  g_assert_cmpint (dou_media_tree_get_id ("video/3f/63-1.mp4"), ==, 63);
}

/* Test that a list is the same after it was written, and in the form of sha256sum. */
static void
test_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) list = dou_media_list_new ();
  g_autoptr (GHashTable) read = dou_media_list_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_hash_table_insert (list, g_strdup ("video/3f/63.mp4"), g_strdup (HASH));
  g_hash_table_insert (list, g_strdup ("cover/3f/63.jpg"), g_strdup (HASH));
  g_assert_true (dou_media_list_save (list, fixture->path, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, HASH "  cover/3f/63.jpg\n" HASH "  video/3f/63.mp4\n");

  g_assert_true (dou_media_list_load (read, fixture->path, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (read), ==, 2);
  g_assert_cmpstr (g_hash_table_lookup (read, "video/3f/63.mp4"), ==, HASH);
}

/* Test that lines which are no such thing are refused. */
static void
test_bad_list (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[]
      = { "\n", "x", HASH, HASH "  ", HASH " video/3f/63.mp4\n", HASH "  ../../etc/passwd\n",
          "E" HASH "  video/3f/63.mp4\n", HASH "  video/3f/63.mp4\n\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GHashTable) list = dou_media_list_new ();
      g_autoptr (GError) error = NULL;

      write_file (fixture, texts[i]);
      g_test_message ("“%s”", texts[i]);
      g_assert_false (dou_media_list_load (list, fixture->path, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
    }
}

/* Test that a manifest is the same after it was written. */
static void
test_manifest (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouManifest) manifest = dou_manifest_new ();
  g_autoptr (DouManifest) read = NULL;
  g_autoptr (GError) error = NULL;

  manifest->snapshot = g_strdup ("20261128T064815.132205Z");
  manifest->created = g_strdup ("2026-11-28T06:48:15.132205Z");
  manifest->program = g_strdup ("doutok");
  manifest->n_media = 3;
  manifest->media_size = G_GUINT64_CONSTANT (1) << 40;
  dou_manifest_add (manifest, "user.db", 7, HASH);
  g_assert_true (dou_manifest_save (manifest, fixture->directory, &error));
  g_assert_no_error (error);

  read = dou_manifest_load (fixture->directory, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (read->snapshot, ==, manifest->snapshot);
  g_assert_cmpstr (read->created, ==, manifest->created);
  g_assert_cmpuint (read->n_media, ==, 3);
  g_assert_cmpuint (read->media_size, ==, manifest->media_size);
  g_assert_cmpuint (dou_manifest_find (read, "user.db")->size, ==, 7);
  g_assert_null (dou_manifest_find (read, "chat.db"));
}

/* Test that what is no manifest, or leads out of the backup, is refused. */
static void
test_bad_manifest (Fixture *fixture, gconstpointer data)
{
#define REST "\"media_files\":0,\"media_size\":0,\"files\":"
  static const char *const texts[] = {
    "",
    "[]",
    "{",
    "{}",
    "{\"format\":2,\"snapshot\":\"a\"," REST "[]}",
    "{\"format\":1,\"snapshot\":\"../a\"," REST "[]}",
    "{\"format\":1,\"snapshot\":5," REST "[]}",
    "{\"format\":1,\"snapshot\":\"a\"," REST "{}}",
    "{\"format\":1,\"snapshot\":\"a\"," REST "[1]}",
    "{\"format\":1,\"snapshot\":\"a\"," REST
    "[{\"name\":\"../../x\",\"size\":1,\"sha256\":\"" HASH "\"}]}",
    "{\"format\":1,\"snapshot\":\"a\"," REST "[{\"name\":\"x\",\"size\":1}]}",
  };
#undef REST

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      write_file (fixture, texts[i]);
      g_test_message ("%s", texts[i]);
      g_assert_null (dou_manifest_load (fixture->directory, &error));
      g_assert_nonnull (error);
    }
}

/* Test that a copy is whole, for its owner alone, and takes the place of what was there; and that one
 * that fails leaves nothing. */
static void
test_copy (Fixture *fixture, gconstpointer data)
{
  g_autofree char *to = g_build_filename (fixture->directory, "copy", NULL);
  g_autofree char *part = g_strconcat (to, ".part", NULL);
  g_autofree char *sha256 = NULL;
  g_autofree char *again = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;
  guint64 size;

  write_file (fixture, "");
  g_assert_true (dou_file_copy (fixture->path, to, &sha256, &size, &error));
  g_assert_cmpstr (sha256, ==, HASH);
  g_assert_cmpuint (size, ==, 0);

  write_file (fixture, "more");
  g_clear_pointer (&sha256, g_free);
  g_assert_true (dou_file_copy (fixture->path, to, &sha256, &size, &error));
  g_assert_true (g_file_get_contents (to, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "more");
  again = dou_file_hash (to, &size, &error);
  g_assert_cmpstr (again, ==, sha256);
  g_assert_cmpint (g_stat (to, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);

  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_clear_pointer (&sha256, g_free);
  g_assert_false (dou_file_copy (fixture->path, to, &sha256, &size, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_false (g_file_test (part, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (to, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backup/files/names", test_names);
#define ADD(name, file, func)                                                                      \
  g_test_add ("/backup/files/" name, Fixture, file, set_up, func, tear_down)
  ADD ("list", NULL, test_list);
  ADD ("bad-list", NULL, test_bad_list);
  ADD ("manifest", NULL, test_manifest);
  ADD ("bad-manifest", DOU_MANIFEST_FILE, test_bad_manifest);
  ADD ("copy", NULL, test_copy);
#undef ADD

  return g_test_run ();
}
