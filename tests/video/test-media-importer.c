/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/dou-status.h"
#include "lib/dou-test-wait.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-probe.h"
#include "video/media-fixture.h"

#define ID G_GINT64_CONSTANT (1000)

/* What is to become of a file. */
typedef struct
{
  const char *name;
  DouTestMedia media;
  const char *extension;
  gboolean transcode;
  const char *streams; /* codec of each */
} Case;

static const Case cases[] = {
  { "h264", DOU_TEST_MEDIA_H264, "mp4", FALSE, "h264\naac" },
  { "silent", DOU_TEST_MEDIA_SILENT, "mp4", FALSE, "h264" },
  { "single", DOU_TEST_MEDIA_SINGLE, "mp4", FALSE, "h264" },
  { "black", DOU_TEST_MEDIA_BLACK, "mp4", FALSE, "h264" },
  { "covered", DOU_TEST_MEDIA_COVERED, "mp4", FALSE, "h264\naac" },
  { "quicktime", DOU_TEST_MEDIA_QUICKTIME, "mp4", FALSE, "h264\naac" },
  { "webm", DOU_TEST_MEDIA_WEBM, "webm", TRUE, "vp9\nopus" },
  { "live", DOU_TEST_MEDIA_LIVE, "webm", TRUE, "vp9\nopus" },
  { "matroska", DOU_TEST_MEDIA_MATROSKA, "mkv", TRUE, "h264\nopus" },
  { "hevc", DOU_TEST_MEDIA_HEVC, "mp4", TRUE, "hevc\naac" },
};

static DouMediaImport *
import (MediaFixture *fixture, DouTestMedia media, GBytes **bytes)
{
  g_autoptr (GError) error = NULL;
  DouMediaImport *result;

  *bytes = dou_test_media_make (media);
  if (*bytes == NULL)
    {
      g_test_skip ("This ffmpeg cannot make such a file");
      return NULL;
    }

  result = media_fixture_import (fixture, ID, *bytes, &error);
  g_assert_no_error (error);
  return result;
}

static char *
describe (MediaFixture *fixture, const char *name, const char *entries)
{
  g_autofree char *path = dou_media_store_get_path (fixture->store, name);

  return dou_test_media_describe (path, entries);
}

/* Test what becomes of each kind of file, and that what is kept as it came has not changed. */
static void
test_kind (MediaFixture *fixture, gconstpointer data)
{
  const Case *expected = data;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DouMediaImport) result = import (fixture, expected->media, &bytes);
  g_autofree char *video = dou_media_store_name_video (ID, expected->extension);
  g_autofree char *streams = NULL;
  g_autofree char *cover = NULL;

  if (result == NULL)
    return;

  g_assert_cmpstr (result->video, ==, video);
  g_assert_cmpstr (result->cover, ==, "cover/00/1000.jpg");
  g_assert_cmpint (result->transcode, ==, expected->transcode);
  streams = describe (fixture, result->video, "stream=codec_name");
  g_assert_cmpstr (streams, ==, expected->streams);
  cover = describe (fixture, result->cover, "stream=codec_name,width,height");
  g_assert_cmpstr (cover, ==, "mjpeg\n320\n240");

  if (expected->transcode)
    {
      g_autofree char *path = dou_media_store_get_path (fixture->store, result->video);
      g_autofree char *content = NULL;
      gsize length;

      g_assert_true (g_file_get_contents (path, &content, &length, NULL));
      g_assert_cmpmem (content, length, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    }

  /* The two, and the mark that the caller has not yet committed. */
  g_assert_cmpuint (media_fixture_count_files (fixture), ==, 3);
}

/* Test that an MP4 has its index in front, so that it plays while it loads. */
static void
test_index_in_front (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DouMediaImport) result = import (fixture, DOU_TEST_MEDIA_H264, &bytes);
  g_autofree char *path = dou_media_store_get_path (fixture->store, result->video);
  g_autofree char *content = NULL;
  gsize length;
  gsize before = g_bytes_get_size (bytes);
  const char *original = g_bytes_get_data (bytes, NULL);

  g_assert_true (memmem (original, before, "moov", 4) > memmem (original, before, "mdat", 4));
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_true (memmem (content, length, "moov", 4) < memmem (content, length, "mdat", 4));
}

/* Test that a video held upright stays so, its cover too, and tells nobody where it was made. */
static void
test_rotated (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DouMediaImport) result = import (fixture, DOU_TEST_MEDIA_ROTATED, &bytes);
  g_autofree char *path = dou_media_store_get_path (fixture->store, result->video);
  g_autofree char *rotation = describe (fixture, result->video, "stream_side_data=rotation");
  g_autofree char *cover = describe (fixture, result->cover, "stream=width,height");
  g_autofree char *content = NULL;
  gsize before = g_bytes_get_size (bytes);
  gsize length;

  g_assert_cmpint (ABS (g_ascii_strtoll (rotation, NULL, 10)), ==, 90);
  g_assert_cmpstr (cover, ==, "240\n320");

  g_assert_nonnull (memmem (g_bytes_get_data (bytes, NULL), before, "secret", 6));
  g_assert_nonnull (memmem (g_bytes_get_data (bytes, NULL), before, "loci", 4));
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  g_assert_null (memmem (content, length, "secret", 6));
  g_assert_null (memmem (content, length, "loci", 4));
}

/* Test that the cover is the first picture that is not black, and at most 720 pixels either way. */
static void
test_cover (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DouMediaImport) result = import (fixture, DOU_TEST_MEDIA_BLACK_LEAD, &bytes);
  g_autofree char *video = dou_media_store_get_path (fixture->store, result->video);
  g_autofree char *cover = dou_media_store_get_path (fixture->store, result->cover);
  g_autoptr (GBytes) wide = dou_test_media_ffmpeg (
      "-f lavfi -i testsrc=size=1920x1080:rate=5:duration=1 -c:v libx264 -preset ultrafast -f mp4");
  g_autoptr (DouMediaImport) second = media_fixture_import (fixture, ID + 1, wide, NULL);
  g_autofree char *size = describe (fixture, second->cover, "stream=width,height");

  g_assert_cmpuint (dou_test_media_get_brightness (video), <, 32);
  g_assert_cmpuint (dou_test_media_get_brightness (cover), >, 200);
  g_assert_cmpstr (size, ==, "720\n404");
}

/* Transcodes the file that was imported, as is done in the background. */
static char *
transcode (MediaFixture *fixture, DouMediaImport *imported)
{
  g_autofree char *source = dou_media_store_get_path (fixture->store, imported->video);
  g_autofree char *directory = dou_media_store_get_work_directory (fixture->store, ID);
  int fd = open (source, O_RDONLY | O_CLOEXEC);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) probed = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree DouMediaInfo *info = NULL;
  g_autoptr (GError) error = NULL;

  dou_media_probe_async (fixture->runner, fd, MEDIA_MAX_DURATION, NULL, dou_test_wait_result_cb,
                         &pending);
  probed = dou_test_wait_result (&pending);
  info = dou_media_probe_finish (probed, &error);
  g_assert_no_error (error);

  dou_media_transcode_async (fixture->runner,
                             &(DouMediaJob){ .info = info,
                                             .fd = fd,
                                             .directory = directory,
                                             .max_duration = MEDIA_MAX_DURATION },
                             NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (dou_media_transcode_finish (result, &error));
  g_assert_no_error (error);
  close (fd);
  return g_build_filename (directory, DOU_MEDIA_VIDEO_FILE, NULL);
}

/* Test that a video of one picture is one, as it came and transcoded, also at odd sizes. */
static void
test_one_picture (MediaFixture *fixture, gconstpointer data)
{
  const char *const recipes[] = {
    "-f lavfi -i color=red:size=17x33:rate=10:duration=0.1 -c:v libvpx-vp9 -f webm",
    "-f lavfi -i color=red:size=8000x250:rate=10:duration=0.1 -c:v libvpx-vp9 -f matroska",
    "-f lavfi -i color=red:size=64x64:rate=1:duration=1 -pix_fmt yuv420p -f mp4",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (recipes); i++)
    {
      g_autoptr (GBytes) bytes = dou_test_media_ffmpeg (recipes[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (DouMediaImport) imported = media_fixture_import (fixture, ID, bytes, &error);

      g_assert_no_error (error);
      if (imported->transcode)
        g_free (transcode (fixture, imported));
    }
}

/* Test that files belong to the service alone, and that the caller's descriptor is as it was. */
static void
test_descriptor (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_H264);
  int fd = dou_test_media_upload (fixture->directory, bytes);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DouMediaImport) imported = NULL;
  g_autofree char *path = NULL;
  struct stat status;

  g_assert_cmpint (lseek (fd, 5, SEEK_SET), ==, 5);
  dou_media_importer_import_async (fixture->importer, ID, fd, NULL, dou_test_wait_result_cb,
                                   &pending);
  result = dou_test_wait_result (&pending);
  imported = dou_media_importer_import_finish (fixture->importer, result, NULL);
  g_assert_nonnull (imported);
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, 5);
  g_assert_cmpint (close (fd), ==, 0);

  path = dou_media_store_get_path (fixture->store, imported->video);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
}

/* Test that uploads beyond the queue are refused at once, and that all others get their turn. */
static void
test_queue (MediaFixture *fixture, gconstpointer data)
{
  enum
  {
    N = 70
  };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\0\0\0\0ftypisom", 12);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *pending[N] = { NULL };
  guint n_refused = 0;

  for (guint i = 0; i < N; i++)
    {
      int fd = dou_test_media_upload (fixture->directory, bytes);

      dou_media_importer_import_async (fixture->importer, ID + i, fd, cancellable,
                                       dou_test_wait_result_cb, &pending[i]);
      close (fd);
    }

  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < N; i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&pending[i]);
      g_autoptr (GError) error = NULL;

      g_assert_null (dou_media_importer_import_finish (fixture->importer, result, &error));
      if (g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
        n_refused++;
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }

  /* Two are being worked on and 64 wait. */
  g_assert_cmpuint (n_refused, ==, N - 66);
}

/* Test that an import that is cancelled at any time leaves nothing. */
static void
test_cancelled (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_H264);

  for (guint n_iterations = 0; n_iterations < 40; n_iterations += 4)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      int fd = dou_test_media_upload (fixture->directory, bytes);
      GAsyncResult *pending = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (DouMediaImport) imported = NULL;
      g_autoptr (GError) error = NULL;

      dou_media_importer_import_async (fixture->importer, ID, fd, cancellable,
                                       dou_test_wait_result_cb, &pending);
      close (fd);
      for (guint i = 0; i < n_iterations && pending == NULL; i++)
        g_main_context_iteration (NULL, TRUE);

      g_cancellable_cancel (cancellable);
      result = dou_test_wait_result (&pending);
      imported = dou_media_importer_import_finish (fixture->importer, result, &error);
      if (imported != NULL)
        break;

      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (media_fixture_count_files (fixture), ==, 0);
    }
}

/* Test that what does not play everywhere does so afterwards, with all of its length. */
static void
test_transcode (MediaFixture *fixture, gconstpointer data)
{
  const Case *expected = data;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (DouMediaImport) imported = import (fixture, expected->media, &bytes);
  g_autofree char *path = NULL;
  g_autofree char *streams = NULL;
  g_autofree char *duration = NULL;

  if (imported == NULL)
    return;

  path = transcode (fixture, imported);
  streams = dou_test_media_describe (path, "stream=codec_name,pix_fmt");
  g_assert_cmpstr (streams, ==, "h264\nyuv420p\naac");
  duration = dou_test_media_describe (path, "format=duration");
  g_assert_cmpfloat_with_epsilon (g_ascii_strtod (duration, NULL), 2.0, 0.2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, data, func)                                                                      \
  g_test_add (name, MediaFixture, data, media_fixture_set_up, func, media_fixture_tear_down)
  ADD ("/video/media-importer/queue", NULL, test_queue);
  ADD ("/video/media-importer/cancelled", NULL, test_cancelled);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *kind = g_strdup_printf ("/video/media-importer/kind/%s", cases[i].name);
      g_autofree char *later
          = g_strdup_printf ("/video/media-importer/transcode/%s", cases[i].name);

      ADD (kind, &cases[i], test_kind);
      if (cases[i].transcode)
        ADD (later, &cases[i], test_transcode);
    }
  ADD ("/video/media-importer/index-in-front", NULL, test_index_in_front);
  ADD ("/video/media-importer/rotated", NULL, test_rotated);
  ADD ("/video/media-importer/cover", NULL, test_cover);
  ADD ("/video/media-importer/one-picture", NULL, test_one_picture);
  ADD ("/video/media-importer/descriptor", NULL, test_descriptor);
#undef ADD

  return g_test_run ();
}
