/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "lib/dou-test-media.h"
#include "lib/dou-test-picture.h"

/* An Exif of one entry, the orientation, and of a text behind it that must not get about. */
static GByteArray *
make_exif (guint orientation)
{
  const guint8 head[] = { 'M', 'M', 0, 42, 0, 0, 0, 8,  0, 1, 0x01, 0x12, 0, 3,
                          0,   0,   0, 1,  0, 0, 0, 0,  0, 0, 0,    0 };
  GByteArray *exif = g_byte_array_new ();

  g_byte_array_append (exif, head, sizeof head);
  exif->data[19] = (guint8) orientation;
  g_byte_array_append (exif, (const guint8 *) DOU_TEST_PICTURE_SECRET,
                       sizeof DOU_TEST_PICTURE_SECRET);
  return exif;
}

static void
append_big (GByteArray *array, guint32 value)
{
  guint32 big = GUINT32_TO_BE (value);

  g_byte_array_append (array, (const guint8 *) &big, sizeof big);
}

/* PNG, annex D. */
static guint32
get_crc (const guint8 *data, gsize length)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < length; i++)
    {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = crc & 1 ? 0xedb88320 ^ crc >> 1 : crc >> 1;
    }

  return ~crc;
}

static void
append_chunk (GByteArray *png, const char *name, const guint8 *data, gsize length)
{
  guint start = png->len + 4;

  append_big (png, (guint32) length);
  g_byte_array_append (png, (const guint8 *) name, 4);
  g_byte_array_append (png, data, (guint) length);
  append_big (png, get_crc (png->data + start, length + 4));
}

/**
 * dou_test_picture_make:
 * @format: `mjpeg`, `png`, `libwebp` or whatever else ffmpeg encodes
 * @width: pixels
 * @height: pixels
 *
 * Returns: (transfer full): a picture that is white in its upper left quarter, light grey in the
 *   upper right, dark grey in the lower left and black in the lower right
 */
GBytes *
dou_test_picture_make (const char *format, guint width, guint height)
{
  g_autofree char *arguments = g_strdup_printf (
      "-f lavfi -i color=s=2x2,format=gray,"
      "geq=lum='if(X\\,if(Y\\,16\\,168)\\,if(Y\\,88\\,235))',scale=%u:%u:flags=neighbor "
      "-pix_fmt %s -frames:v 1 -q:v 2 -c:v %s -f image2 -update 1",
      width, height,
      g_str_equal (format, "mjpeg") ? "yuvj420p" : g_str_equal (format, "libwebp") ? "yuv420p"
                                                                                  : "rgb24",
      format);
  GBytes *bytes = dou_test_media_ffmpeg (arguments);

  g_assert_nonnull (bytes);
  return bytes;
}

/**
 * dou_test_picture_add_exif:
 * @picture: JPEG, PNG or WebP
 * @orientation: 1 to 8
 *
 * Returns: (transfer full): the same with an Exif, where each format has it
 */
GBytes *
dou_test_picture_add_exif (GBytes *picture, guint orientation)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (picture, &length);
  g_autoptr (GByteArray) exif = make_exif (orientation);
  GByteArray *result = g_byte_array_new ();

  if (bytes[0] == 0xff)
    {
      const guint8 segment[] = { 0xff, 0xe1, 0, (guint8) (exif->len + 8), 'E', 'x', 'i', 'f', 0, 0 };

      g_byte_array_append (result, bytes, 2);
      g_byte_array_append (result, segment, sizeof segment);
      g_byte_array_append (result, exif->data, exif->len);
      g_byte_array_append (result, bytes + 2, (guint) length - 2);
    }
  else if (bytes[0] == 0x89)
    {
      /* Before the last chunk, which has 12 bytes. */
      g_byte_array_append (result, bytes, (guint) length - 12);
      append_chunk (result, "eXIf", exif->data, exif->len);
      append_chunk (result, "IEND", NULL, 0);
    }
  else
    {
      guint8 chunk[8] = "EXIF";
      guint32 size;

      if (exif->len % 2 != 0)
        g_byte_array_append (exif, (const guint8 *) "", 1);
      chunk[4] = (guint8) exif->len;
      g_byte_array_append (result, bytes, (guint) length);
      g_byte_array_append (result, chunk, sizeof chunk);
      g_byte_array_append (result, exif->data, exif->len);
      size = GUINT32_TO_LE (result->len - 8);
      memcpy (result->data + 4, &size, sizeof size);
    }

  return g_byte_array_free_to_bytes (result);
}

/**
 * dou_test_picture_make_bomb:
 * @width: pixels
 * @height: pixels
 *
 * Returns: (transfer full): a PNG of some hundred bytes that says it is that large
 */
GBytes *
dou_test_picture_make_bomb (guint width, guint height)
{
  g_autoptr (GBytes) png = dou_test_picture_make ("png", 16, 16);
  gsize length;
  const guint8 *bytes = g_bytes_get_data (png, &length);
  GByteArray *result = g_byte_array_new ();
  guint8 header[13];
  guint32 sides[] = { GUINT32_TO_BE (width), GUINT32_TO_BE (height) };

  /* Signature, length and name come before the header, its checksum after it. */
  memcpy (header, bytes + 16, sizeof header);
  memcpy (header, sides, sizeof sides);
  g_byte_array_append (result, bytes, 8);
  append_chunk (result, "IHDR", header, sizeof header);
  g_byte_array_append (result, bytes + 33, (guint) length - 33);
  return g_byte_array_free_to_bytes (result);
}

/**
 * dou_test_picture_measure:
 * @path: of a picture
 *
 * Returns: (transfer full): four bytes, the brightness of its quarters: upper left, upper right,
 *   lower left, lower right
 */
GBytes *
dou_test_picture_measure (const char *path)
{
  g_autofree char *arguments = g_strdup_printf (
      "-i %s -vf scale=2:2:flags=area,format=gray -frames:v 1 -f rawvideo", path);
  GBytes *quarters = dou_test_media_ffmpeg (arguments);

  g_assert_nonnull (quarters);
  g_assert_cmpuint (g_bytes_get_size (quarters), ==, 4);
  return quarters;
}
