/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "gateway/dou-media.h"
#include "lib/dou-test-dir.h"

typedef struct
{
  char *directory; /* (owned) */
  DouMedia *media; /* (owned) */
} Fixture;

static char *
path_of (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->directory, name, NULL);
}

/* Gives @name its content as the video service does: complete. */
static void
add_file (Fixture *fixture, const char *name, const char *content)
{
  g_autofree char *path = path_of (fixture, name);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

static void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = dou_test_dir_new ();

  fixture->directory = g_build_filename (root, "media", NULL);
  fixture->media = dou_media_new (fixture->directory, &error);
  g_assert_no_error (error);
}

static void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->media);
  dou_test_dir_remove (g_path_get_dirname (fixture->directory));
  g_free (fixture->directory);
}

static void
assert_refused (Fixture *fixture, const char *name)
{
  DouStatus status = DOU_STATUS_OK;

  g_test_message ("“%s”", name);
  g_assert_null (dou_media_open (fixture->media, name, &status));
  g_assert_cmpint (status, ==, DOU_STATUS_NOT_FOUND);
}

static DouMediaFile *
assert_found (Fixture *fixture, const char *name, const char *content)
{
  DouStatus status = DOU_STATUS_OK;
  DouMediaFile *file = dou_media_open (fixture->media, name, &status);

  g_assert_nonnull (file);
  g_assert_cmpmem (g_bytes_get_data (file->bytes, NULL), file->size, content, strlen (content));
  return file;
}

static void
assert_kept (Fixture *fixture, guint n_files)
{
  g_assert_cmpuint (dou_media_get_n_files (fixture->media), ==, n_files);
}

/* Test that a name of any other shape opens nothing, even where a file lies. */
static void
test_names_refused (Fixture *fixture, gconstpointer data)
{
  const char *names[] = {
    "",
    "video",
    "video/",
    "video/3f",
    "video/3f/",
    "video/3f/.mp4",
    "video/3f/1",
    "video/3f/1.",
    "video/3f/1.mp4/",
    "video/3f/1.MP4",
    "video/3f/1.mp4.mp4",
    "video/3f/1.jpg",
    "video/3f/1.txt",
    "video/3f/0.mp4",
    "video/3f/01.mp4",
    "video/3f/-1.mp4",
    "video/3f/1-.mp4",
    "video/3f/1-0.mp4",
    "video/3f/1-1000.mp4",
    "video/3f/1-1-1.mp4",
    "video/3f/12345678901234567.mp4",
    "video/3f/1a.mp4",
    "video/3f/1 .mp4",
    "video/3F/1.mp4",
    "video/f/1.mp4",
    "video/3ff/1.mp4",
    "video/../1.mp4",
    "video/3f/../3f/1.mp4",
    "video//3f/1.mp4",
    "video/3f//1.mp4",
    "/video/3f/1.mp4",
    "./video/3f/1.mp4",
    "../media/video/3f/1.mp4",
    "cover/3f/1.mp4",
    "cover/3f/1-1.jpg",
    "cover/3f/1.jpeg",
    "work/1.mp4",
    "work/3f/1.mp4",
    ".upload-abcdef",
    "avatar/3f/1.png",
    "background/3f/1-1.jpg",
    "background_image/3f/1.jpg",
  };

  add_file (fixture, "video/3f/1.mp4", "x");
  add_file (fixture, "video/3f/1.txt", "x");
  add_file (fixture, "video/3f/1.MP4", "x");
  add_file (fixture, "work/1.mp4", "x");
  add_file (fixture, "work/3f/1.mp4", "x");

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    assert_refused (fixture, names[i]);
  assert_kept (fixture, 0);
}

/* Test that a good name opens nothing but a regular file that really lies there. */
static void
test_kinds_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fifo = path_of (fixture, "video/3f/2.mp4");
  g_autofree char *directory = path_of (fixture, "video/3f/3.mp4");
  g_autofree char *link = path_of (fixture, "video/3f/4.mp4");
  g_autofree char *linked_directory = path_of (fixture, "video/40");

  add_file (fixture, "video/3f/1.mp4", "x");
  g_assert_no_errno (mkfifo (fifo, 0600));
  g_assert_no_errno (g_mkdir (directory, 0700));
  g_assert_no_errno (symlink ("1.mp4", link));
  g_assert_no_errno (symlink ("3f", linked_directory));

  assert_refused (fixture, "video/3f/2.mp4");
  assert_refused (fixture, "video/3f/3.mp4");
  assert_refused (fixture, "video/3f/4.mp4");
  assert_refused (fixture, "video/40/1.mp4");
  assert_refused (fixture, "video/3f/5.mp4");
  assert_refused (fixture, "cover/3f/1.jpg");
  assert_kept (fixture, 0);
}

/* Test that a directory which cannot be made is said at the start. */
static void
test_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "video/3f/1.mp4");
  g_autoptr (GError) error = NULL;

  add_file (fixture, "video/3f/1.mp4", "x");
  g_assert_null (dou_media_new (path, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
}

/* Test the type of each extension, an empty file, and a further version of a video. */
static void
test_content_types (Fixture *fixture, gconstpointer data)
{
  const char *types[][2] = {
    { "video/00/9007199254740991.mp4", "video/mp4" },
    { "video/3f/1-999.mp4", "video/mp4" },
    { "video/3f/1.webm", "video/webm" },
    { "video/3f/1.mkv", "video/x-matroska" },
    { "video/3f/1.mov", "video/quicktime" },
    { "cover/ff/1.jpg", "image/jpeg" },
    { "avatar/ff/1.jpg", "image/jpeg" },
    { "background/ff/1.jpg", "image/jpeg" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (DouMediaFile) file = NULL;

      add_file (fixture, types[i][0], "");
      file = assert_found (fixture, types[i][0], "");
      g_assert_cmpstr (file->content_type, ==, types[i][1]);
    }
}

/* Test that versions of a file differ in their tag, and that a tag is the same when it is opened
 * again. */
static void
test_validators (Fixture *fixture, gconstpointer data)
{
  const struct timespec times[2] = { { 1685620800, 5 }, { 1685620800, 5 } };
  g_autofree char *path = path_of (fixture, "video/3f/1.mp4");
  g_autoptr (DouMediaFile) first = NULL;
  g_autoptr (DouMediaFile) again = NULL;
  g_autoptr (DouMediaFile) changed = NULL;

  add_file (fixture, "video/3f/1.mp4", "one");
  g_assert_no_errno (utimensat (AT_FDCWD, path, times, 0));
  first = assert_found (fixture, "video/3f/1.mp4", "one");
  g_assert_cmpstr (first->last_modified, ==, "Thu, 01 Jun 2023 12:00:00 GMT");
  g_assert_cmpint (first->mtime, ==, 1685620800);
  g_assert_cmpint (first->etag[0], ==, '"');

  dou_media_sweep (fixture->media);
  dou_media_sweep (fixture->media);
  assert_kept (fixture, 0);
  again = assert_found (fixture, "video/3f/1.mp4", "one");
  g_assert_true (again != first);
  g_assert_cmpstr (again->etag, ==, first->etag);

  add_file (fixture, "video/3f/1.mp4", "two");
  changed = assert_found (fixture, "video/3f/1.mp4", "two");
  g_assert_cmpstr (changed->etag, !=, first->etag);
  g_assert_cmpmem (g_bytes_get_data (first->bytes, NULL), first->size, "one", 3);
}

/* Test that a file is opened once while it is in use, and not given out once its name is gone. */
static void
test_shared (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "video/3f/1.webm");
  g_autoptr (DouMediaFile) first = NULL;
  g_autoptr (DouMediaFile) second = NULL;

  add_file (fixture, "video/3f/1.webm", "one");
  first = assert_found (fixture, "video/3f/1.webm", "one");
  second = assert_found (fixture, "video/3f/1.webm", "one");
  g_assert_true (first == second);
  assert_kept (fixture, 1);

  g_assert_no_errno (g_unlink (path));
  assert_refused (fixture, "video/3f/1.webm");
  assert_kept (fixture, 0);
  g_assert_cmpmem (g_bytes_get_data (first->bytes, NULL), first->size, "one", 3);
}

static char *
get_video_name (guint i)
{
  return g_strdup_printf ("video/3f/%u.mp4", i + 1);
}

/* Test that the number of files is bounded, and that the one unused for longest goes first. */
static void
test_max_files (Fixture *fixture, gconstpointer data)
{
  DouMediaFile *files[DOU_MEDIA_MAX_FILES + 1];

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *name = get_video_name (i);

      add_file (fixture, name, "x");
      files[i] = assert_found (fixture, name, "x");
      dou_media_file_unref (assert_found (fixture, "video/3f/1.mp4", "x"));
    }

  /* The second was put out. */
  assert_kept (fixture, DOU_MEDIA_MAX_FILES);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *name = get_video_name (i == 1 ? 0 : i);
      g_autoptr (DouMediaFile) again = assert_found (fixture, name, "x");

      g_assert_true (again == files[i == 1 ? 0 : i]);
      dou_media_file_unref (files[i]);
    }
}

static void
open_sparse_file (Fixture *fixture, const char *name, goffset size)
{
  g_autofree char *path = path_of (fixture, name);
  DouStatus status = DOU_STATUS_OK;
  g_autoptr (DouMediaFile) file = NULL;

  add_file (fixture, name, "");
  g_assert_no_errno (truncate (path, size));
  file = dou_media_open (fixture->media, name, &status);
  g_assert_nonnull (file);
  g_assert_cmpint ((goffset) file->size, ==, size);
}

/* Test that the bytes are bounded, and that a file above the bound puts none of the others out. */
static void
test_max_bytes (Fixture *fixture, gconstpointer data)
{
  open_sparse_file (fixture, "video/3f/1.mp4", DOU_MEDIA_MAX_BYTES / 2);
  open_sparse_file (fixture, "video/3f/2.mp4", DOU_MEDIA_MAX_BYTES / 2);
  assert_kept (fixture, 2);
  open_sparse_file (fixture, "video/3f/3.mp4", (goffset) DOU_MEDIA_MAX_BYTES + 1);
  assert_kept (fixture, 2);
  open_sparse_file (fixture, "video/3f/4.mp4", 1);
  assert_kept (fixture, 2);
}

/* Test that what is not used any more is let go, and nothing else. */
static void
test_sweep (Fixture *fixture, gconstpointer data)
{
  add_file (fixture, "video/3f/1.mp4", "1");
  add_file (fixture, "video/3f/2.mp4", "22");
  dou_media_file_unref (assert_found (fixture, "video/3f/1.mp4", "1"));
  dou_media_file_unref (assert_found (fixture, "video/3f/2.mp4", "22"));

  dou_media_sweep (fixture->media);
  assert_kept (fixture, 2);
  dou_media_file_unref (assert_found (fixture, "video/3f/2.mp4", "22"));
  dou_media_sweep (fixture->media);
  assert_kept (fixture, 1);
  dou_media_sweep (fixture->media);
  assert_kept (fixture, 0);
}

/* Test where a video is looked for whose name is gone. */
static void
test_successor (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = dou_media_file_get_successor ("video/3f/12-3.webm", 0);
  g_autofree char *second = dou_media_file_get_successor ("video/3f/12.mkv", 1);

  g_assert_null (dou_media_file_get_successor ("video/3f/12.mkv", 2));
  g_assert_null (dou_media_file_get_successor ("video/../12.mkv", 0));
  g_assert_null (dou_media_file_get_successor ("cover/3f/12.jpg", 0));
  g_assert_cmpstr (first, ==, "video/3f/12.mp4");
  g_assert_cmpstr (second, ==, "video/3f/12-1.mp4");
}

#define ADD(path, function)                                                                        \
  g_test_add ("/gateway/media/" path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("names-refused", test_names_refused);
  ADD ("kinds-refused", test_kinds_refused);
  ADD ("no-directory", test_no_directory);
  ADD ("content-types", test_content_types);
  ADD ("validators", test_validators);
  ADD ("shared", test_shared);
  ADD ("max-files", test_max_files);
  ADD ("max-bytes", test_max_bytes);
  ADD ("sweep", test_sweep);
  ADD ("successor", test_successor);

  return g_test_run ();
}
