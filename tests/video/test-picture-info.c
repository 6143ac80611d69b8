/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "lib/dou-test-media.h"
#include "lib/dou-test-picture.h"
#include "video/dou-picture-info.h"

static DouStatus
parse (DouPictureInfo *info, GBytes *bytes)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  return dou_picture_info_parse (info, data, length);
}

static void
assert_refused (const void *bytes, gsize length, DouStatus expected)
{
  DouPictureInfo info;

  g_assert_cmpint (dou_picture_info_parse (&info, bytes, length), ==, expected);
}

/* Test that what is no picture is refused, whatever it is called. */
static void
test_no_picture (void)
{
  const char *const texts[] = {
    "", "\xff", "\xff\xd8", "GIF89a\x01", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "BM",
    "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "RIFF\x10\x10\x10\x10" "AVI ", "II*\x01",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], strlen (texts[i]), DOU_STATUS_NO_PICTURE);
}

/* Test that headers that end early, or point behind the end, are damage. */
static void
test_damaged (void)
{
  static const char png[] = "\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR0123456789";
  static const char webp[] = "RIFF\x20\0\0\0WEBPVP8 \xff\xff\xff\xff" "0123456789";
  static const char no_marker[] = "\xff\xd8\xff\xe0\0\x04" "ab" "0123456789";
  static const char short_length[] = "\xff\xd8\xff\xe0\0\x01" "ab" "0123456789";
  static const char no_frame[] = "\xff\xd8\xff\xda\0\x02";

  assert_refused (png, sizeof png - 1, DOU_STATUS_PICTURE_DAMAGED);
  assert_refused (png, 8, DOU_STATUS_PICTURE_DAMAGED);
  assert_refused (webp, sizeof webp - 1, DOU_STATUS_PICTURE_DAMAGED);
  assert_refused (no_marker, sizeof no_marker - 1, DOU_STATUS_PICTURE_DAMAGED);
  assert_refused (short_length, sizeof short_length - 1, DOU_STATUS_PICTURE_DAMAGED);
  assert_refused (no_frame, sizeof no_frame - 1, DOU_STATUS_PICTURE_DAMAGED);
}

/* Test that more pixels than are accepted are refused by the header alone. */
static void
test_too_big (void)
{
  const guint sizes[][2] = { { 30000, 30000 }, { DOU_PICTURE_MAX_SIDE + 1, 1 },
                             { 1, DOU_PICTURE_MAX_SIDE + 1 }, { 5001, 10000 },
                             { 0x7fffffff, 0x7fffffff } };
  g_autoptr (GBytes) largest = dou_test_picture_make_bomb (5000, 10000);
  g_autoptr (GBytes) none = dou_test_picture_make_bomb (0, 10);
  DouPictureInfo info;

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) bomb = dou_test_picture_make_bomb (sizes[i][0], sizes[i][1]);

      g_assert_cmpint (parse (&info, bomb), ==, DOU_STATUS_PICTURE_TOO_BIG);
    }

  g_assert_cmpint (parse (&info, largest), ==, DOU_STATUS_OK);
  g_assert_cmpint (parse (&info, none), ==, DOU_STATUS_PICTURE_DAMAGED);
}

static void
assert_info (GBytes *bytes, DouPictureFormat format, guint orientation)
{
  DouPictureInfo info;

  g_assert_cmpint (parse (&info, bytes), ==, DOU_STATUS_OK);
  g_assert_cmpint (info.format, ==, format);
  g_assert_cmpuint (info.width, ==, 300);
  g_assert_cmpuint (info.height, ==, 200);
  g_assert_cmpuint (info.orientation, ==, orientation);
}

/* Test that size and orientation are found in each format, and one out of range is none. */
static void
test_formats (void)
{
  static const struct
  {
    const char *codec;
    DouPictureFormat format;
  } formats[] = {
    { "mjpeg", DOU_PICTURE_JPEG },
    { "png", DOU_PICTURE_PNG },
    { "libwebp", DOU_PICTURE_WEBP },
    { "libwebp -lossless 1", DOU_PICTURE_WEBP },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (GBytes) plain = dou_test_picture_make (formats[i].codec, 300, 200);
      g_autoptr (GBytes) turned = dou_test_picture_add_exif (plain, 6);
      g_autoptr (GBytes) nonsense = dou_test_picture_add_exif (plain, 9);

      assert_info (plain, formats[i].format, 1);
      assert_info (turned, formats[i].format, 6);
      assert_info (nonsense, formats[i].format, 1);
    }
}

/* Test that a WebP that moves is refused, and one with transparency is not. */
static void
test_extended_webp (void)
{
  g_autoptr (GBytes) moving = dou_test_media_ffmpeg (
      "-f lavfi -i testsrc=s=64x64:d=0.5:r=10 -c:v libwebp_anim -f webp");
  g_autoptr (GBytes) transparent = dou_test_media_ffmpeg (
      "-f lavfi -i color=red@0.5:s=300x200,format=rgba -frames:v 1 -c:v libwebp -f webp");
  DouPictureInfo info;

  g_assert_cmpint (parse (&info, moving), ==, DOU_STATUS_NO_PICTURE);
  assert_info (transparent, DOU_PICTURE_WEBP, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/video/picture-info/no-picture", test_no_picture);
  g_test_add_func ("/video/picture-info/damaged", test_damaged);
  g_test_add_func ("/video/picture-info/too-big", test_too_big);
  g_test_add_func ("/video/picture-info/formats", test_formats);
  g_test_add_func ("/video/picture-info/extended-webp", test_extended_webp);

  return g_test_run ();
}
