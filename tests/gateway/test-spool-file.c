/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/dou-spool-file.h"
#include "lib/dou-test-dir.h"

/* Of a child that could not do what it was for. */
#define EXIT_SKIPPED 77

typedef struct
{
  char *directory; /* (owned) */
  guint8 *content; /* (owned) */
  gsize size;      /* of the content: several blocks, not a multiple of one */
} Fixture;

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  fixture->directory = dou_test_dir_new ();
  fixture->size = 3 * 1024 * 1024 + 77;
  fixture->content = g_malloc (fixture->size);
  for (gsize i = 0; i < fixture->size; i++)
    fixture->content[i] = (guint8) g_rand_int (random);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) directory = g_dir_open (fixture->directory, 0, NULL);

  g_assert_null (g_dir_read_name (directory));
  g_free (fixture->content);
  dou_test_dir_remove (fixture->directory);
}

static DouSpoolFile *
open_file (Fixture *fixture, guint64 max_size)
{
  DouStatus status = DOU_STATUS_OK;
  DouSpoolFile *file = dou_spool_file_new (fixture->directory, max_size, &status);

  g_assert_cmpint (status, ==, DOU_STATUS_OK);
  g_assert_nonnull (file);
  return file;
}

static void
assert_content (Fixture *fixture, DouSpoolFile *file)
{
  gsize size = dou_spool_file_get_size (file);
  g_autofree guint8 *read_back = g_malloc (size + 1);

  g_assert_cmpint (pread (dou_spool_file_get_fd (file), read_back, size + 1, 0), ==, size);
  g_assert_cmpmem (read_back, size, fixture->content, size);
}

/* Test that a directory that is not there is an error, not a crash. */
static void
test_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "absent", NULL);
  DouStatus status = DOU_STATUS_OK;

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Cannot open a file for an upload: *");
  g_assert_null (dou_spool_file_new (path, 1, &status));
  g_test_assert_expected_messages ();
  g_assert_cmpint (status, ==, DOU_STATUS_INTERNAL);
}

/* Test that a file gets exactly as large as it may, and that what is too much leaves it as it was.
 * */
static void
test_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouSpoolFile) file = open_file (fixture, 1000);

  g_assert_cmpint (dou_spool_file_write (file, fixture->content, 999), ==, DOU_STATUS_OK);
  g_assert_cmpint (dou_spool_file_write (file, fixture->content + 999, 2), ==,
                   DOU_STATUS_TOO_LARGE);
  g_assert_cmpuint (dou_spool_file_get_size (file), ==, 999);
  g_assert_cmpint (dou_spool_file_write (file, fixture->content + 999, 1), ==, DOU_STATUS_OK);
  g_assert_cmpint (dou_spool_file_write (file, fixture->content, 1), ==, DOU_STATUS_TOO_LARGE);
  g_assert_cmpint (dou_spool_file_finish (file), ==, DOU_STATUS_OK);
  assert_content (fixture, file);
}

/* Writes all of the content, of which only some fits; returns what that ends in. */
static DouStatus
fill (Fixture *fixture)
{
  g_autoptr (DouSpoolFile) file = open_file (fixture, G_MAXUINT64);
  DouStatus status = DOU_STATUS_OK;

  for (gsize i = 0; i < fixture->size && status == DOU_STATUS_OK; i += 8192)
    status = dou_spool_file_write (file, fixture->content + i, MIN (8192, fixture->size - i));

  return status == DOU_STATUS_OK ? dou_spool_file_finish (file) : status;
}

/* Test that a limit on the size of files is reported as a full disk. */
static void
test_file_size_limit (Fixture *fixture, gconstpointer data)
{
  struct rlimit former, limit;
  DouStatus status;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_no_errno (getrlimit (RLIMIT_FSIZE, &former));
  limit = (struct rlimit){ 1024 * 1024, former.rlim_max };
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &limit));

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Cannot store an upload: *");
  status = fill (fixture);
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &former));
  g_test_assert_expected_messages ();

  g_assert_cmpint (status, ==, DOU_STATUS_DISK_FULL);
}

/* In a process of its own, so that nobody else sees the small disk. */
static int
fill_small_disk (Fixture *fixture)
{
  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || mount ("none", fixture->directory, "tmpfs", 0, "size=1m") != 0)
    return EXIT_SKIPPED;

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Cannot store an upload: *");
  if (fill (fixture) != DOU_STATUS_DISK_FULL)
    return EXIT_FAILURE;
  g_test_assert_expected_messages ();
  return EXIT_SUCCESS;
}

/* Test that a full disk is reported as such. */
static void
test_disk_full (Fixture *fixture, gconstpointer data)
{
  pid_t pid = fork ();
  int status;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    _exit (fill_small_disk (fixture));

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == EXIT_SKIPPED)
    g_test_skip ("only root may mount a small disk");
  else
    g_assert_cmpint (WEXITSTATUS (status), ==, EXIT_SUCCESS);
}

/* Test that the bytes are those that were written, whatever the size of the pieces. */
static void
test_content (Fixture *fixture, gconstpointer data)
{
  gsize sizes[] = { 1000, 8192, 65536, 256 * 1024, 1000000, fixture->size };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (DouSpoolFile) file = open_file (fixture, fixture->size);

      for (gsize at = 0; at < fixture->size; at += sizes[i])
        g_assert_cmpint (
            dou_spool_file_write (file, fixture->content + at, MIN (sizes[i], fixture->size - at)),
            ==, DOU_STATUS_OK);
      g_assert_cmpint (dou_spool_file_finish (file), ==, DOU_STATUS_OK);
      g_assert_cmpuint (dou_spool_file_get_size (file), ==, fixture->size);
      assert_content (fixture, file);
    }
}

/* Test that the file has no name while it exists, and belongs to this user alone. */
static void
test_unnamed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouSpoolFile) file = open_file (fixture, 1);
  g_autoptr (GDir) directory = g_dir_open (fixture->directory, 0, NULL);
  struct stat info;

  g_assert_null (g_dir_read_name (directory));
  g_assert_no_errno (fstat (dou_spool_file_get_fd (file), &info));
  g_assert_cmpuint (info.st_nlink, ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0600);
  g_assert_cmpint (dou_spool_file_finish (file), ==, DOU_STATUS_OK);
  g_assert_cmpuint (dou_spool_file_get_size (file), ==, 0);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/gateway/spool-file/" path, Fixture, NULL, fixture_set_up, function,                \
              fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("no-directory", test_no_directory);
  ADD ("limit", test_limit);
  ADD ("file-size-limit", test_file_size_limit);
  ADD ("disk-full", test_disk_full);
  ADD ("content", test_content);
  ADD ("unnamed", test_unnamed);

  return g_test_run ();
}
