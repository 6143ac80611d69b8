/* SPDX-License-Identifier: Apache-2.0 */

/* Files that are no videos, or not what they say: each is refused with a status that tells why, and
 * leaves nothing behind. */

#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "lib/dou-test-wait.h"
#include "video/media-fixture.h"

#define ID G_GINT64_CONSTANT (1000)

static void
assert_bytes_refused (MediaFixture *fixture, GBytes *bytes, DouStatus status)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouMediaImport) import = media_fixture_import (fixture, ID, bytes, &error);

  g_assert_null (import);
  g_assert_error (error, DOU_ERROR, (int) status);
  g_assert_cmpuint (media_fixture_count_files (fixture), ==, 0);
}

static void
assert_text_refused (MediaFixture *fixture, const char *text, DouStatus status)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  assert_bytes_refused (fixture, bytes, status);
}

static void
assert_media_refused (MediaFixture *fixture, DouTestMedia media, DouStatus status)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (media);

  g_assert_nonnull (bytes);
  assert_bytes_refused (fixture, bytes, status);
}

/* Test that what is no file that can be read is refused. */
static void
test_no_file (MediaFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "write-only", NULL);
  int fds[] = { g_open ("/dev/zero", O_RDONLY | O_CLOEXEC),
                g_open (fixture->directory, O_RDONLY | O_CLOEXEC),
                g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
                g_open (path, O_PATH | O_CLOEXEC), -1 };

  assert_bytes_refused (fixture, NULL, DOU_STATUS_NO_FILE);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      GAsyncResult *pending = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      dou_media_importer_import_async (fixture->importer, ID, fds[i], NULL,
                                       dou_test_wait_result_cb, &pending);
      result = dou_test_wait_result (&pending);
      g_assert_null (dou_media_importer_import_finish (fixture->importer, result, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
      if (fds[i] >= 0)
        close (fds[i]);
    }
}

/* Test that a file over the limit is refused without being looked at. */
static void
test_too_large (MediaFixture *fixture, gconstpointer data)
{
  int fd = dou_test_media_upload (fixture->directory, NULL);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (ftruncate (fd, MEDIA_MAX_SIZE + 1), ==, 0);
  dou_media_importer_import_async (fixture->importer, ID, fd, NULL, dou_test_wait_result_cb,
                                   &pending);
  close (fd);
  result = dou_test_wait_result (&pending);
  g_assert_null (dou_media_importer_import_finish (fixture->importer, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_TOO_LARGE);
}

static gboolean
incoming_cb (GSocketService *service, GSocketConnection *connection, GObject *source,
             gpointer user_data)
{
  g_error ("A connection was made");
  return TRUE;
}

/* Test that no file in disguise makes ffmpeg open another file, or connect to anywhere. */
static void
test_disguise (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketService) service = g_socket_service_new ();
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);
  g_autoptr (GBytes) other = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autofree char *secret = g_build_filename (fixture->directory, "secret.mp4", NULL);
  g_autofree char *hls_file = g_strdup_printf (
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://%s\n#EXT-X-ENDLIST\n", secret);
  g_autofree char *hls_net
      = g_strdup_printf ("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n"
                         "http://127.0.0.1:%u/segment.ts\n#EXT-X-ENDLIST\n",
                         port);
  g_autofree char *concat = g_strdup_printf ("ffconcat version 1.0\nfile '%s'\n", secret);
  g_autofree char *concat_net
      = g_strdup_printf ("ffconcat version 1.0\nfile 'http://127.0.0.1:%u/x.mp4'\n", port);
  g_autofree char *svg
      = g_strdup_printf ("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='64' "
                         "height='64'><image href='http://127.0.0.1:%u/x.png'/></svg>",
                         port);
  g_autofree char *sdp = g_strdup_printf ("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
                                          "t=0 0\nm=video %u RTP/AVP 96\n",
                                          port);
  /* Each also behind the first bytes of an MP4 and of a Matroska file. */
  const char *const prefixes[] = { "", "\x20\x20\x20\x20" "ftypisom", "\x1a\x45\xdf\xa3" };
  const char *const texts[] = { hls_file, hls_net, concat, concat_net, svg, sdp,
                                "A text of some length, without any picture in it." };

  g_assert_cmpuint (port, !=, 0);
  g_signal_connect (service, "incoming", G_CALLBACK (incoming_cb), NULL);
  g_assert_true (g_file_set_contents (secret, g_bytes_get_data (other, NULL),
                                      (gssize) g_bytes_get_size (other), NULL));

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (texts); j++)
      {
        g_autofree char *text = g_strconcat (prefixes[i], texts[j], NULL);

        assert_text_refused (fixture, text,
                             i == 0 ? DOU_STATUS_UNSUPPORTED_MEDIA : DOU_STATUS_MEDIA_DAMAGED);
      }

  /* Whatever had been made would have arrived by now. */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
}

/* Test that a file that was cut short is refused, wherever its index is. */
static void
test_truncated (MediaFixture *fixture, gconstpointer data)
{
  const DouTestMedia media[] = { DOU_TEST_MEDIA_H264, DOU_TEST_MEDIA_SILENT, DOU_TEST_MEDIA_WEBM };
  const guint percents[] = { 5, 50, 90, 99 };

  for (gsize i = 0; i < G_N_ELEMENTS (media); i++)
    {
      g_autoptr (GBytes) whole = dou_test_media_make (media[i]);

      for (gsize j = 0; j < G_N_ELEMENTS (percents); j++)
        {
          g_autoptr (GBytes) part
              = g_bytes_new_from_bytes (whole, 0, g_bytes_get_size (whole) * percents[j] / 100);

          assert_bytes_refused (fixture, part, DOU_STATUS_MEDIA_DAMAGED);
        }
    }
}

/* Test that what is no video, or has more or other streams than are accepted, is refused. */
static void
test_streams (MediaFixture *fixture, gconstpointer data)
{
  assert_media_refused (fixture, DOU_TEST_MEDIA_AUDIO, DOU_STATUS_MEDIA_NO_VIDEO);
  assert_media_refused (fixture, DOU_TEST_MEDIA_TWO_VIDEOS, DOU_STATUS_MEDIA_TOO_BIG);
  assert_media_refused (fixture, DOU_TEST_MEDIA_MANY_STREAMS, DOU_STATUS_MEDIA_TOO_BIG);
  assert_media_refused (fixture, DOU_TEST_MEDIA_SUBTITLES, DOU_STATUS_MEDIA_TOO_BIG);
  assert_media_refused (fixture, DOU_TEST_MEDIA_PNG, DOU_STATUS_MEDIA_TOO_BIG);
}

/* Test that 902 streams, which cost ffmpeg 1.6 GB, are refused in no time. */
static void
test_902_streams (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GString) arguments = g_string_new (NULL);
  g_autoptr (GBytes) one
      = dou_test_media_ffmpeg ("-f lavfi -i color=red:size=64x64:rate=1:duration=1 -f mp4");
  g_autoptr (GBytes) many = NULL;

  for (guint i = 0; i < 902; i++)
    g_string_append (arguments, " -map 0");
  g_string_append (arguments, " -c copy -f mp4");
  many = dou_test_media_change (one, arguments->str);
  g_assert_nonnull (many);
  assert_bytes_refused (fixture, many, DOU_STATUS_MEDIA_TOO_BIG);
}

/* Test that pictures of absurd size, which cost ffmpeg 6 GB, are refused. */
static void
test_pictures (MediaFixture *fixture, gconstpointer data)
{
  const guint sides[] = { 30000, 14992, 4112 };

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      g_autoptr (GBytes) bytes = dou_test_media_make_huge (sides[i], sides[i]);

      assert_bytes_refused (fixture, bytes, DOU_STATUS_MEDIA_TOO_BIG);
    }
}

/* Test that a video that lasts too long, or says so, is refused. */
static void
test_duration (MediaFixture *fixture, gconstpointer data)
{
  assert_media_refused (fixture, DOU_TEST_MEDIA_YEAR, DOU_STATUS_MEDIA_TOO_LONG);
  assert_media_refused (fixture, DOU_TEST_MEDIA_GAPS, DOU_STATUS_MEDIA_TOO_LONG);
}

/* Test that a WebM that hides how long it is, is measured. */
static void
test_hidden_duration (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_ffmpeg (
      "-f lavfi -i color=red:size=64x64:rate=1:duration=70 -c:v libvpx-vp9 -deadline realtime "
      "-cpu-used 8 -live 1 -f webm");

  assert_bytes_refused (fixture, bytes, DOU_STATUS_MEDIA_TOO_LONG);
}

/* Test that random bytes, and random bytes behind a good beginning, are refused. */
static void
test_random (MediaFixture *fixture, gconstpointer data)
{
  const char *const prefixes[] = { "", "\x20\x20\x20\x20" "ftypisom", "\x1a\x45\xdf\xa3" };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autoptr (GByteArray) array = g_byte_array_new ();
      g_autoptr (GBytes) bytes = NULL;

      g_byte_array_append (array, (const guint8 *) prefixes[i], (guint) strlen (prefixes[i]));
      while (array->len < 100000)
        {
          guint8 byte = (guint8) g_test_rand_int_range (0, 256);

          g_byte_array_append (array, &byte, 1);
        }

      bytes = g_byte_array_free_to_bytes (g_steal_pointer (&array));
      assert_bytes_refused (fixture, bytes,
                            i == 0 ? DOU_STATUS_UNSUPPORTED_MEDIA : DOU_STATUS_MEDIA_DAMAGED);
    }
}

/* Test that files with flipped bits are taken or refused, but never a bug, and that what is refused
 * leaves nothing. */
static void
test_flipped (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) mp4 = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (GBytes) webm = dou_test_media_make (DOU_TEST_MEDIA_WEBM);

  for (guint i = 0; i < 12; i++)
    {
      GBytes *whole = i % 2 == 0 ? mp4 : webm;
      gsize length = g_bytes_get_size (whole);
      guint8 *bytes = g_memdup2 (g_bytes_get_data (whole, NULL), length);
      g_autoptr (GBytes) flipped = NULL;
      g_autoptr (DouMediaImport) import = NULL;
      g_autoptr (GError) error = NULL;

      for (guint j = 0; j < 20; j++)
        bytes[g_test_rand_int_range (0, (gint32) length)] ^= 1 << g_test_rand_int_range (0, 8);

      flipped = g_bytes_new_take (bytes, length);
      import = media_fixture_import (fixture, ID + i, flipped, &error);
      g_assert_true ((import == NULL) == (error != NULL));
      if (error != NULL)
        {
          g_assert_true (error->domain == DOU_ERROR);
          g_assert_cmpint (error->code, !=, DOU_STATUS_INTERNAL);
          g_assert_cmpuint (media_fixture_count_files (fixture) % 3, ==, 0);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/media-hostile/" name, MediaFixture, NULL, media_fixture_set_up, func,        \
              media_fixture_tear_down)
  ADD ("no-file", test_no_file);
  ADD ("too-large", test_too_large);
  ADD ("disguise", test_disguise);
  ADD ("truncated", test_truncated);
  ADD ("streams", test_streams);
  ADD ("902-streams", test_902_streams);
  ADD ("pictures", test_pictures);
  ADD ("duration", test_duration);
  ADD ("hidden-duration", test_hidden_duration);
  ADD ("random", test_random);
  ADD ("flipped", test_flipped);
#undef ADD

  return g_test_run ();
}
