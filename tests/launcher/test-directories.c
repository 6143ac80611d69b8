/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <sys/stat.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "launcher/dou-directories.h"
#include "launcher/dou-token-keys.h"
#include "lib/dou-test-dir.h"

typedef struct
{
  char *root;        /* (owned) */
  char *state_dir;   /* (owned) not made */
  char *runtime_dir; /* (owned) not made */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->root = dou_test_dir_new ();
  fixture->state_dir = g_build_filename (fixture->root, "deep", "state", NULL);
  fixture->runtime_dir = g_build_filename (fixture->root, "run", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->state_dir);
  g_free (fixture->runtime_dir);
  dou_test_dir_remove (fixture->root);
}

static DouDirectories *
open_both (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  DouDirectories *directories
      = dou_directories_open (fixture->state_dir, fixture->runtime_dir, &error);

  g_assert_no_error (error);
  return directories;
}

static void
assert_refused (const char *state_dir, const char *runtime_dir, DouStatus status, const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_directories_open (state_dir, runtime_dir, &error));
  g_assert_error (error, DOU_ERROR, (gint) status);
  g_assert_nonnull (strstr (error->message, named));
}

/* Test that what cannot be written is refused, also for root. */
static void
test_not_writable (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->root, "file", NULL);
  g_autofree char *below = g_build_filename (file, "state", NULL);

  g_assert_true (g_file_set_contents (file, "", -1, NULL));
  assert_refused (file, "", DOU_STATUS_NOT_PERMITTED, file);
  assert_refused (below, "", DOU_STATUS_NOT_PERMITTED, below);
  assert_refused ("/proc/doutok", "", DOU_STATUS_NOT_PERMITTED, "/proc/doutok");

  g_assert_cmpint (g_mkdir (fixture->runtime_dir, 0500), ==, 0);
  assert_refused (fixture->runtime_dir, "", DOU_STATUS_NOT_PERMITTED, fixture->runtime_dir);
}

/* Test that a path which would be garbled on its way to the children is refused. */
static void
test_bad_path (Fixture *fixture, gconstpointer data)
{
  g_autofree char *line = g_build_filename (fixture->root, "two\nlines", NULL);
  g_autofree char *space = g_build_filename (fixture->root, "space ", NULL);
  g_autofree char *bytes = g_build_filename (fixture->root, "\xff", NULL);

  assert_refused (line, "", DOU_STATUS_BAD_PARAMETER, "cannot be used");
  assert_refused (space, "", DOU_STATUS_BAD_PARAMETER, "cannot be used");
  assert_refused (bytes, "", DOU_STATUS_BAD_PARAMETER, "cannot be used");
}

/* Test that a runtime directory in which others may write is refused, and left as it is. */
static void
test_open_to_others (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (fixture->runtime_dir, 0700), ==, 0);
  g_assert_cmpint (g_chmod (fixture->runtime_dir, 0777), ==, 0);
  assert_refused (fixture->state_dir, fixture->runtime_dir, DOU_STATUS_NOT_PERMITTED,
                  fixture->runtime_dir);
}

/* Test that neither directory can be shared, and that both are free again afterwards. */
static void
test_second (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouDirectories) directories = open_both (fixture);
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL);
  g_autofree char *holder = g_strdup_printf ("(process %d)", getpid ());

  assert_refused (fixture->state_dir, "", DOU_STATUS_UNAVAILABLE, "Another doutok");
  assert_refused (fixture->state_dir, "", DOU_STATUS_UNAVAILABLE, holder);
  assert_refused (other, fixture->runtime_dir, DOU_STATUS_UNAVAILABLE, fixture->runtime_dir);

  g_clear_object (&directories);
  directories = open_both (fixture);
}

/* Test that directories are made for this user alone. */
static void
test_made (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouDirectories) directories = open_both (fixture);
  struct stat status;

  g_assert_cmpstr (dou_directories_get_state_dir (directories), ==, fixture->state_dir);
  g_assert_cmpstr (dou_directories_get_runtime_dir (directories), ==, fixture->runtime_dir);
  g_assert_cmpint (stat (fixture->state_dir, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0700);
  g_assert_cmpint (stat (fixture->runtime_dir, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0700);
}

/* Test that a temporary runtime directory is made and removed. */
static void
test_temporary (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DouDirectories *directories = dou_directories_open (fixture->state_dir, "", &error);
  g_autofree char *path = NULL;

  g_assert_no_error (error);
  path = g_strdup (dou_directories_get_runtime_dir (directories));
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  g_assert_finalize_object (directories);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* Test that the address of the bus can be read while the directories are held. */
static void
test_bus_address (Fixture *fixture, gconstpointer data)
{
  DouDirectories *directories = open_both (fixture);
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_directories_read_bus (fixture->state_dir, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_clear_error (&error);

  g_assert_true (dou_directories_publish_bus (directories, "unix:path=/x", &error));
  address = dou_directories_read_bus (fixture->state_dir, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (address, ==, "unix:path=/x");

  g_assert_finalize_object (directories);
  g_assert_null (dou_directories_read_bus (fixture->state_dir, NULL));
}

/* Test that a file of token keys which others can read is refused. */
static void
test_open_keys (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->root, "token-keys", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "k s\n", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  g_assert_false (dou_token_keys_ensure (fixture->root, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED);
}

/* Test that the first start makes a key, private and random, and that the next one keeps it. */
static void
test_keys (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->root, "token-keys", NULL);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *other = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;

  g_assert_true (dou_token_keys_ensure (fixture->root, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &first, NULL, NULL));
  g_assert_true (g_regex_match_simple ("^[0-9a-f]{8} [A-Za-z0-9_-]{43}\n$", first, 0, 0));

  g_assert_true (dou_token_keys_ensure (fixture->root, &error));
  g_assert_true (g_file_get_contents (path, &second, NULL, NULL));
  g_assert_cmpstr (second, ==, first);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (dou_token_keys_ensure (fixture->root, &error));
  g_assert_true (g_file_get_contents (path, &other, NULL, NULL));
  g_assert_cmpstr (other, !=, first);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/directories/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("not-writable", test_not_writable);
  ADD ("bad-path", test_bad_path);
  ADD ("open-to-others", test_open_to_others);
  ADD ("second", test_second);
  ADD ("made", test_made);
  ADD ("temporary", test_temporary);
  ADD ("bus-address", test_bus_address);
  ADD ("open-keys", test_open_keys);
  ADD ("keys", test_keys);
#undef ADD

  return g_test_run ();
}
