/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-wait.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-store.h"

/* 0x1ff: its files are in directory ff. */
#define ID G_GINT64_CONSTANT (511)

typedef struct
{
  char *directory;      /* (owned) */
  DouMediaStore *store; /* (owned) */
  GAsyncResult *result; /* (owned) (nullable) */
} Fixture;

static void
open_store (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = dou_media_store_new (fixture->directory, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  open_store (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  /* A thread that has just ended its step may still hold it. */
  g_clear_object (&fixture->store);
  dou_test_dir_remove (fixture->directory);
}

static char *
get_path (Fixture *fixture, const char *name)
{
  return dou_media_store_get_path (fixture->store, name);
}

static void
assert_content (Fixture *fixture, const char *name, const char *expected)
{
  g_autofree char *path = get_path (fixture, name);
  g_autofree char *content = NULL;

  g_file_get_contents (path, &content, NULL, NULL);
  g_assert_cmpstr (content, ==, expected);
}

static void
write_file (Fixture *fixture, const char *name, const char *content)
{
  g_autofree char *path = get_path (fixture, name);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

static void
begin (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_media_store_begin_async (fixture->store, ID, dou_test_wait_result_cb, &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  g_assert_true (dou_media_store_begin_finish (fixture->store, result, &error));
  g_assert_no_error (error);
}

static gboolean
place (Fixture *fixture, int fd, const char *video, const char *cover, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_store_place_async (fixture->store, ID, fd, video, cover, NULL, dou_test_wait_result_cb,
                               &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  return dou_media_store_place_finish (fixture->store, result, error);
}

static void
settle (Fixture *fixture, const char *video, const char *cover)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_media_store_settle_async (fixture->store, ID, video, cover, dou_test_wait_result_cb,
                                &fixture->result);
  result = dou_test_wait_result (&fixture->result);
  g_assert_true (dou_media_store_settle_finish (fixture->store, result, &error));
  g_assert_no_error (error);
}

static guint
count_work (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids = dou_media_store_list_work (fixture->store, &error);

  g_assert_no_error (error);
  if (ids->len > 0)
    g_assert_cmpint (g_array_index (ids, gint64, 0), ==, ID);
  return ids->len;
}

/* Test that a state directory which cannot be written is refused. */
static void
test_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "absent", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_media_store_new (path, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
}

/* Test that a video whose file is not there cannot be placed, and that nothing is left of it. */
static void
test_nothing_to_place (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin (fixture);
  g_assert_false (place (fixture, -1, "video/00/511.mp4", "cover/00/511.jpg", &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  settle (fixture, NULL, NULL);
  g_assert_cmpuint (count_work (fixture), ==, 0);
}

/* Test the names, which the database and the bus carry. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *video = dou_media_store_name_video (ID, "webm");
  g_autofree char *transcoded = dou_media_store_name_transcoded (ID);
  g_autofree char *cover = dou_media_store_name_cover (20495);

  g_assert_cmpstr (video, ==, "video/00/511.webm");
  g_assert_cmpstr (transcoded, ==, "video/00/511-1.mp4");
  g_assert_cmpstr (cover, ==, "cover/05/20495.jpg");
}

/* Test the whole way of an upload that was copied into a new file. */
static void
test_converted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin (fixture);
  g_assert_cmpuint (count_work (fixture), ==, 1);
  write_file (fixture, "work/511/" DOU_MEDIA_VIDEO_FILE, "video");
  write_file (fixture, "work/511/" DOU_MEDIA_COVER_FILE, "cover");
  write_file (fixture, "work/511/temporary", "temporary");
  g_assert_true (place (fixture, -1, "video/00/511.mp4", "cover/00/511.jpg", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_work (fixture), ==, 1);

  settle (fixture, "video/00/511.mp4", "cover/00/511.jpg");
  g_assert_cmpuint (count_work (fixture), ==, 0);
  assert_content (fixture, "video/00/511.mp4", "video");
  assert_content (fixture, "cover/00/511.jpg", "cover");
}

/* Test that an unnamed file becomes the video itself, and that its offset is left alone. */
static void
test_as_it_came (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("video", 5);
  int fd = dou_test_media_upload (fixture->directory, bytes);
  g_autofree char *path = get_path (fixture, "video/00/511.webm");
  g_autoptr (GError) error = NULL;
  struct stat before;
  struct stat after;

  g_assert_cmpint (lseek (fd, 3, SEEK_SET), ==, 3);
  begin (fixture);
  g_assert_true (place (fixture, fd, "video/00/511.webm", NULL, &error));
  g_assert_no_error (error);
  assert_content (fixture, "video/00/511.webm", "video");
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, 3);
  g_assert_cmpint (fstat (fd, &before), ==, 0);
  g_assert_cmpint (stat (path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
  settle (fixture, "video/00/511.webm", NULL);
  close (fd);
}

/* Test that a file with a name, with none left, and of another file system, is copied. */
static void
test_copied (Fixture *fixture, gconstpointer data)
{
  g_autofree char *named = g_build_filename (fixture->directory, "named", NULL);
  g_autofree char *lost = g_build_filename (fixture->directory, "lost", NULL);
  int fds[3];

  g_assert_true (g_file_set_contents (named, "content", -1, NULL));
  g_assert_true (g_file_set_contents (lost, "content", -1, NULL));
  fds[0] = g_open (named, O_RDONLY | O_CLOEXEC);
  fds[1] = g_open (lost, O_RDONLY | O_CLOEXEC);
  g_unlink (lost);
  fds[2] = memfd_create ("other", MFD_CLOEXEC);
  g_assert_cmpint (write (fds[2], "content", 7), ==, 7);

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autofree char *path = get_path (fixture, "video/00/511.mkv");
      g_autoptr (GError) error = NULL;
      struct stat status;

      begin (fixture);
      g_assert_true (place (fixture, fds[i], "video/00/511.mkv", NULL, &error));
      g_assert_no_error (error);
      assert_content (fixture, "video/00/511.mkv", "content");
      g_assert_cmpint (stat (path, &status), ==, 0);
      g_assert_cmpuint (status.st_nlink, ==, 1);
      settle (fixture, NULL, NULL);
      assert_content (fixture, "video/00/511.mkv", NULL);
      close (fds[i]);
    }
}

/* Test that what an attempt has left is gone when the next begins. */
static void
test_begin_again (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = get_path (fixture, "work/511/" DOU_MEDIA_VIDEO_FILE);

  begin (fixture);
  write_file (fixture, "work/511/" DOU_MEDIA_VIDEO_FILE, "half");
  begin (fixture);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* What a crash leaves behind at each step, and what the row says by then. */
typedef struct
{
  const char *name;
  const char *files[5];
  const char *video; /* that the row names */
  const char *left;  /* that is to be left, beside the cover */
} Crash;

static const Crash crashes[] = {
  { "begun", { NULL }, NULL, NULL },
  { "converting", { "work/511/video", "work/511/cover" }, NULL, NULL },
  { "one-placed", { "video/00/511.mp4", "work/511/cover" }, NULL, NULL },
  { "placed", { "video/00/511.mp4", "cover/00/511.jpg" }, NULL, NULL },
  { "committed",
    { "video/00/511.mp4", "cover/00/511.jpg" },
    "video/00/511.mp4",
    "video/00/511.mp4" },
  { "transcoding",
    { "video/00/511.webm", "cover/00/511.jpg", "work/511/video" },
    "video/00/511.webm",
    "video/00/511.webm" },
  { "transcoded",
    { "video/00/511.webm", "cover/00/511.jpg", "video/00/511-1.mp4" },
    "video/00/511.webm",
    "video/00/511.webm" },
  { "transcoded-committed",
    { "video/00/511.webm", "cover/00/511.jpg", "video/00/511-1.mp4" },
    "video/00/511-1.mp4",
    "video/00/511-1.mp4" },
};

static void
count_files_below (const char *path, guint *count)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        count_files_below (child, count);
      else
        (*count)++;
    }
}

/* Test that a start after a crash finds what is unsettled, and leaves what the row names. */
static void
test_crash (Fixture *fixture, gconstpointer data)
{
  const Crash *crash = data;
  g_autofree char *media = get_path (fixture, "");
  guint count = 0;

  begin (fixture);
  write_file (fixture, "video/00/767.mp4", "another's");
  for (gsize i = 0; i < G_N_ELEMENTS (crash->files) && crash->files[i] != NULL; i++)
    write_file (fixture, crash->files[i], crash->files[i]);

  g_clear_object (&fixture->store);
  open_store (fixture);
  g_assert_cmpuint (count_work (fixture), ==, 1);
  settle (fixture, crash->video, crash->video != NULL ? "cover/00/511.jpg" : NULL);

  g_assert_cmpuint (count_work (fixture), ==, 0);
  assert_content (fixture, "video/00/767.mp4", "another's");
  count_files_below (media, &count);
  g_assert_cmpuint (count, ==, crash->left != NULL ? 3 : 1);
  if (crash->left != NULL)
    {
      assert_content (fixture, crash->left, crash->left);
      assert_content (fixture, "cover/00/511.jpg", "cover/00/511.jpg");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/media-store/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("no-directory", test_no_directory);
  ADD ("nothing-to-place", test_nothing_to_place);
  ADD ("names", test_names);
  ADD ("converted", test_converted);
  ADD ("as-it-came", test_as_it_came);
  ADD ("copied", test_copied);
  ADD ("begin-again", test_begin_again);
#undef ADD

  for (gsize i = 0; i < G_N_ELEMENTS (crashes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/video/media-store/crash/%s", crashes[i].name);

      g_test_add (path, Fixture, &crashes[i], set_up, test_crash, tear_down);
    }

  return g_test_run ();
}
