/* SPDX-License-Identifier: Apache-2.0 */

/* Pictures of users: what becomes of good ones, and of files that are none, or not what they say. */

#include "config.h"

#include <string.h>

#include "common/dou-status.h"
#include "lib/dou-test-picture.h"
#include "video/dou-picture-convert.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
#define AVATAR ((DouPicture){ ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR })
#define BACKGROUND ((DouPicture){ ID + 1, VIDEO_AUTHOR, DOU_PICTURE_BACKGROUND })

static void
set_up (VideoFixture *fixture, gconstpointer data)
{
  video_fixture_set_up (fixture, data);
  video_fixture_open (fixture);
}

static void
assert_refused (VideoFixture *fixture, GBytes *bytes, DouStatus expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (video_fixture_import (fixture, &AVATAR, bytes, &error));
  g_assert_error (error, DOU_ERROR, (int) expected);
  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 0);
  g_assert_cmpuint (dou_picture_keeper_get_n_watched (fixture->keeper), ==, 0);
}

static void
assert_recipe_refused (VideoFixture *fixture, const char *arguments, DouStatus expected)
{
  g_autoptr (GBytes) bytes = dou_test_media_ffmpeg (arguments);

  g_assert_nonnull (bytes);
  assert_refused (fixture, bytes, expected);
}

/* Test that other files than still pictures of the three formats are refused. */
static void
test_other_formats (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("not a picture at all", 20);
  g_autoptr (GBytes) svg = g_bytes_new_static ("<svg xmlns='http://www.w3.org/2000/svg'/>", 41);
  g_autoptr (GBytes) video = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);

  assert_refused (fixture, NULL, DOU_STATUS_NO_PICTURE);
  assert_refused (fixture, text, DOU_STATUS_NO_PICTURE);
  assert_refused (fixture, svg, DOU_STATUS_NO_PICTURE);
  assert_refused (fixture, video, DOU_STATUS_NO_PICTURE);
  assert_recipe_refused (fixture, "-f lavfi -i testsrc=s=64x64 -frames:v 1 -f gif",
                         DOU_STATUS_NO_PICTURE);
  assert_recipe_refused (fixture, "-f lavfi -i testsrc=s=64x64 -frames:v 1 -c:v bmp -f image2",
                         DOU_STATUS_NO_PICTURE);
  assert_recipe_refused (
      fixture, "-f lavfi -i testsrc=s=64x64:d=0.5:r=10 -c:v libwebp_anim -f webp",
      DOU_STATUS_NO_PICTURE);
}

/* Test that a byte over the limit is too much. */
static void
test_too_large (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) small = dou_test_picture_make ("mjpeg", 64, 64);
  g_autoptr (GByteArray) array = g_bytes_unref_to_array (g_steal_pointer (&small));
  g_autoptr (GBytes) bytes = NULL;

  g_byte_array_set_size (array, DOU_PICTURE_MAX_SIZE + 1);
  bytes = g_bytes_new (array->data, array->len);
  assert_refused (fixture, bytes, DOU_STATUS_TOO_LARGE);
}

/* Test that a picture with too many pixels is refused, and so is one whose data are of another size
 * than it says. */
static void
test_bomb (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bomb = dou_test_picture_make_bomb (30000, 30000);
  g_autoptr (GBytes) liar = dou_test_picture_make_bomb (5000, 5000);

  assert_refused (fixture, bomb, DOU_STATUS_PICTURE_TOO_BIG);
  assert_refused (fixture, liar, DOU_STATUS_PICTURE_DAMAGED);
}

/* Test that a picture that was cut short is refused, wherever that was. */
static void
test_truncated (VideoFixture *fixture, gconstpointer data)
{
  static const char *const formats[] = { "mjpeg", "png", "libwebp" };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *arguments = g_strdup_printf (
          "-f lavfi -i testsrc2=s=400x300 -frames:v 1 -c:v %s -f image2 -update 1", formats[i]);
      g_autoptr (GBytes) whole = dou_test_media_ffmpeg (arguments);

      for (gsize part = 1; part < 4; part++)
        {
          g_autoptr (GBytes) bytes
              = g_bytes_new_from_bytes (whole, 0, g_bytes_get_size (whole) * part / 4);

          assert_refused (fixture, bytes, DOU_STATUS_PICTURE_DAMAGED);
        }
    }
}

/* Returns: (transfer full): the path of what became of it */
static char *
assert_imported (VideoFixture *fixture, const DouPicture *picture, GBytes *bytes,
                 const char *expected_name, const char *expected_size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = video_fixture_import (fixture, picture, bytes, &error);
  g_autofree char *expected = g_strdup_printf ("mjpeg\n%s\nyuvj420p", expected_size);
  g_autofree char *path = NULL;
  g_autofree char *found = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, expected_name);
  path = dou_media_store_get_path (fixture->media, name);
  found = dou_test_media_describe (path, "stream=codec_name,width,height,pix_fmt");
  g_assert_cmpstr (found, ==, expected);
  return g_steal_pointer (&path);
}

/* Test that an avatar becomes a square, a background keeps its proportions, neither is blown up,
 * and no side vanishes. */
static void
test_sizes (VideoFixture *fixture, gconstpointer data)
{
  static const struct
  {
    guint width, height;
    const char *avatar, *background;
  } sizes[] = {
    { 1600, 1200, "512\n512", "1280\n960" }, { 600, 2400, "512\n512", "320\n1280" },
    { 300, 201, "201\n201", "300\n201" },    { 4000, 2, "2\n2", "1280\n1" },
    { 1, 1, "1\n1", "1\n1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) bytes = dou_test_picture_make ("png", sizes[i].width, sizes[i].height);
      g_autofree char *avatar = assert_imported (fixture, &AVATAR, bytes, "avatar/00/1000.jpg",
                                                 sizes[i].avatar);
      g_autofree char *background = assert_imported (
          fixture, &BACKGROUND, bytes, "background/00/1001.jpg", sizes[i].background);
    }

  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 2);
}

/* Test that the largest picture that is accepted can be decoded within the limits of a run. */
static void
test_largest (VideoFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = dou_test_media_ffmpeg (
      "-f lavfi -i color=red@0.5:s=7000x7000,format=rgba64be -frames:v 1 -c:v png "
      "-compression_level 1 -f image2");
  g_autofree char *path = assert_imported (fixture, &BACKGROUND, bytes, "background/00/1001.jpg",
                                           "1280\n1280");
}

static void
assert_near (guint8 value, guint expected)
{
  g_assert_cmpint (ABS ((int) value - (int) expected), <, 16);
}

/* Test that a picture stands upright however the camera was held, in each format. */
static void
test_orientation (VideoFixture *fixture, gconstpointer data)
{
  static const guint quarters[] = { 235, 168, 88, 16 };
  /* Which quarter is seen where: upper left, upper right, lower left, lower right. */
  static const guint seen[][4] = { { 0, 1, 2, 3 }, { 1, 0, 3, 2 }, { 3, 2, 1, 0 }, { 2, 3, 0, 1 },
                                   { 0, 2, 1, 3 }, { 2, 0, 3, 1 }, { 3, 1, 2, 0 }, { 1, 3, 0, 2 } };
  g_autoptr (GBytes) plain = dou_test_picture_make (data, 128, 64);

  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    {
      g_autoptr (GBytes) bytes = dou_test_picture_add_exif (plain, i + 1);
      g_autofree char *path = assert_imported (fixture, &BACKGROUND, bytes,
                                               "background/00/1001.jpg",
                                               i < 4 ? "128\n64" : "64\n128");
      g_autoptr (GBytes) measured = dou_test_picture_measure (path);
      const guint8 *values = g_bytes_get_data (measured, NULL);

      for (guint place = 0; place < 4; place++)
        assert_near (values[place], quarters[seen[i][place]]);
    }
}

/* Test that nothing of what else was in the file is in ours: place, camera, colour profile,
 * comment, or what was attached behind the picture. */
static void
test_metadata (VideoFixture *fixture, gconstpointer data)
{
  static const char *const words[] = { DOU_TEST_PICTURE_SECRET, "Exif", "ICC_PROFILE", "Lavc",
                                       "attached", "comment" };
  g_autoptr (GBytes) plain = dou_test_picture_make (data, 128, 64);
  g_autoptr (GBytes) exif = dou_test_picture_add_exif (plain, 1);
  g_autoptr (GByteArray) array = g_bytes_unref_to_array (g_steal_pointer (&exif));
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *path = NULL;
  g_autofree char *content = NULL;
  gsize length;

  g_byte_array_append (array, (const guint8 *) "attached: a video", 17);
  bytes = g_bytes_new (array->data, array->len);
  path = assert_imported (fixture, &AVATAR, bytes, "avatar/00/1000.jpg", "64\n64");
  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    g_assert_null (memmem (content, length, words[i], strlen (words[i])));
}

/* Test that what is transparent becomes white. */
static void
test_transparent (VideoFixture *fixture, gconstpointer data)
{
  g_autofree char *arguments = g_strdup_printf (
      "-f lavfi -i color=black@0:s=64x64,format=rgba -frames:v 1 -c:v %s -f image2 -update 1",
      (const char *) data);
  g_autoptr (GBytes) bytes = dou_test_media_ffmpeg (arguments);
  g_autofree char *path
      = assert_imported (fixture, &AVATAR, bytes, "avatar/00/1000.jpg", "64\n64");
  g_autoptr (GBytes) measured = dou_test_picture_measure (path);

  assert_near (*(const guint8 *) g_bytes_get_data (measured, NULL), 255);
}

/* Test that the same picture may come again, but not another one under its id. */
static void
test_again (VideoFixture *fixture, gconstpointer data)
{
  const DouPicture strangers[] = { { ID, VIDEO_AUTHOR + 1, DOU_PICTURE_AVATAR },
                                   { ID, VIDEO_AUTHOR, DOU_PICTURE_BACKGROUND } };
  g_autoptr (GBytes) bytes = dou_test_picture_make ("png", 64, 64);

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *path
          = assert_imported (fixture, &AVATAR, bytes, "avatar/00/1000.jpg", "64\n64");
    }

  for (gsize i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (video_fixture_import (fixture, &strangers[i], bytes, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
    }

  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 1);
  g_assert_cmpuint (dou_picture_keeper_get_n_watched (fixture->keeper), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, data, func)                                                                      \
  g_test_add ("/video/picture-importer/" name, VideoFixture, data, set_up, func,                   \
              video_fixture_tear_down)
  ADD ("other-formats", NULL, test_other_formats);
  ADD ("too-large", NULL, test_too_large);
  ADD ("bomb", NULL, test_bomb);
  ADD ("truncated", NULL, test_truncated);
  ADD ("sizes", NULL, test_sizes);
  ADD ("largest", NULL, test_largest);
  ADD ("orientation/jpeg", "mjpeg", test_orientation);
  ADD ("orientation/png", "png", test_orientation);
  ADD ("orientation/webp", "libwebp", test_orientation);
  ADD ("metadata/jpeg", "mjpeg", test_metadata);
  ADD ("metadata/png", "png", test_metadata);
  ADD ("metadata/webp", "libwebp", test_metadata);
  ADD ("transparent/png", "png", test_transparent);
  ADD ("transparent/webp", "libwebp", test_transparent);
  ADD ("again", NULL, test_again);
#undef ADD

  return g_test_run ();
}
