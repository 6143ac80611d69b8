/* SPDX-License-Identifier: Apache-2.0 */

/* What a picture says about itself, read here and not by ffmpeg, for three things that ffmpeg 5.1
 * does not do: to tell the format from the first bytes alone, so that its demuxer can be pinned; to
 * refuse a picture of 30,000 × 30,000 pixels before any process is started; and to find the
 * orientation, which it knows from no more than some of the JPEGs, and from no PNG or WebP.
 *
 * Nothing here proves that the picture is whole: that is for the decoder to say.
 */

#include "config.h"

#include <string.h>

#include "video/dou-picture-info.h"

/* Exif: the tag “Orientation”, and its type, a 16-bit number. */
#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3
#define ENTRY_LENGTH 12

static const guint8 jpeg_magic[] = { 0xff, 0xd8, 0xff };
static const guint8 png_magic[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
static const guint8 exif_magic[] = { 'E', 'x', 'i', 'f', 0, 0 };

/* Some bytes of the file. */
typedef struct
{
  const guint8 *data;
  gsize length;
} Bytes;

/* @length bytes at @offset; none if not all of them are there. */
static Bytes
take (Bytes bytes, gsize offset, gsize length)
{
  if (offset > bytes.length || length > bytes.length - offset)
    return (Bytes){ NULL, 0 };

  return (Bytes){ bytes.data + offset, length };
}

static gboolean
begins_with (Bytes bytes, const void *magic, gsize length)
{
  return bytes.length >= length && memcmp (bytes.data, magic, length) == 0;
}

/* A number of @n bytes, at most 4; 0 if they are not there. */
static guint32
get_big (Bytes bytes, gsize offset, gsize n)
{
  Bytes number = take (bytes, offset, n);
  guint32 value = 0;

  for (gsize i = 0; i < number.length; i++)
    value = value << 8 | number.data[i];
  return value;
}

static guint32
get_little (Bytes bytes, gsize offset, gsize n)
{
  Bytes number = take (bytes, offset, n);
  guint32 value = 0;

  for (gsize i = number.length; i > 0; i--)
    value = value << 8 | number.data[i - 1];
  return value;
}

/* Exif is a TIFF file of which only the first directory matters. */
static void
read_exif (DouPictureInfo *self, Bytes exif)
{
  guint32 (*get) (Bytes, gsize, gsize);
  guint32 directory, n_entries;

  if (begins_with (exif, exif_magic, sizeof exif_magic))
    exif = take (exif, sizeof exif_magic, exif.length - sizeof exif_magic);

  if (begins_with (exif, "MM", 2))
    get = get_big;
  else if (begins_with (exif, "II", 2))
    get = get_little;
  else
    return;

  directory = get (exif, 4, 4);
  n_entries = get (exif, directory, 2);
  for (guint32 i = 0; i < n_entries; i++)
    {
      Bytes entry = take (exif, (gsize) directory + 2 + (gsize) i * ENTRY_LENGTH, ENTRY_LENGTH);
      guint32 value = get (entry, 8, 2);

      if (entry.length == 0)
        return;
      if (get (entry, 0, 2) == TAG_ORIENTATION && get (entry, 2, 2) == TYPE_SHORT && value >= 1
          && value <= 8)
        {
          self->orientation = value;
          return;
        }
    }
}

/* The segments up to the first scan. A frame header is one of SOF0 to SOF15, among which three
 * numbers mean something else. */
static DouStatus
read_jpeg (DouPictureInfo *self, Bytes file)
{
  gsize offset = 2;

  while (offset + 4 <= file.length)
    {
      guint8 marker = file.data[offset + 1];
      guint32 length = get_big (file, offset + 2, 2);
      Bytes segment;

      if (file.data[offset] != 0xff)
        return DOU_STATUS_PICTURE_DAMAGED;
      if (marker == 0xff)
        {
          offset++;
          continue;
        }
      if (marker == 0xda)
        break;

      segment = take (file, offset + 2, length);
      if (length < 2 || segment.length == 0)
        return DOU_STATUS_PICTURE_DAMAGED;

      if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
        {
          self->height = get_big (segment, 3, 2);
          self->width = get_big (segment, 5, 2);
        }
      else if (marker == 0xe1 && begins_with (take (segment, 2, length - 2), exif_magic,
                                              sizeof exif_magic))
        read_exif (self, take (segment, 2, length - 2));

      offset += 2 + length;
    }

  return DOU_STATUS_OK;
}

/* Chunks of length, name, data and checksum. Exif may be behind the picture. */
static DouStatus
read_png (DouPictureInfo *self, Bytes file)
{
  gsize offset = sizeof png_magic;

  while (offset + 12 <= file.length)
    {
      guint32 length = get_big (file, offset, 4);
      Bytes name = take (file, offset + 4, 4);
      Bytes data = take (file, offset + 8, length);

      if (data.length != length)
        return DOU_STATUS_PICTURE_DAMAGED;

      if (begins_with (name, "IHDR", 4))
        {
          self->width = get_big (data, 0, 4);
          self->height = get_big (data, 4, 4);
        }
      else if (begins_with (name, "eXIf", 4))
        read_exif (self, data);
      else if (begins_with (name, "IEND", 4))
        break;

      offset += 12 + (gsize) length;
    }

  return DOU_STATUS_OK;
}

/* The three kinds of chunks that have a size. The larger one counts. */
static void
read_webp_size (DouPictureInfo *self, Bytes name, Bytes data)
{
  guint width = 0, height = 0;

  if (begins_with (name, "VP8X", 4))
    {
      width = get_little (data, 4, 3) + 1;
      height = get_little (data, 7, 3) + 1;
    }
  else if (begins_with (name, "VP8L", 4))
    {
      guint32 sizes = get_little (data, 1, 4);

      width = (sizes & 0x3fff) + 1;
      height = (sizes >> 14 & 0x3fff) + 1;
    }
  else if (begins_with (name, "VP8 ", 4))
    {
      width = get_little (data, 6, 2) & 0x3fff;
      height = get_little (data, 8, 2) & 0x3fff;
    }

  self->width = MAX (self->width, width);
  self->height = MAX (self->height, height);
}

/* Chunks of name, length and data, of even length, as far as the first length says: behind that may
 * be anything. One that moves is refused: ffmpeg cannot decode it. */
static DouStatus
read_webp (DouPictureInfo *self, Bytes file)
{
  gsize offset = 12;

  file = take (file, 0, (gsize) get_little (file, 4, 4) + 8);
  if (file.length == 0)
    return DOU_STATUS_PICTURE_DAMAGED;

  while (offset + 8 <= file.length)
    {
      Bytes name = take (file, offset, 4);
      guint32 length = get_little (file, offset + 4, 4);
      Bytes data = take (file, offset + 8, length);

      if (begins_with (name, "ANIM", 4) || begins_with (name, "ANMF", 4))
        return DOU_STATUS_NO_PICTURE;
      if (data.length != length)
        return DOU_STATUS_PICTURE_DAMAGED;

      read_webp_size (self, name, data);
      if (begins_with (name, "EXIF", 4))
        read_exif (self, data);

      offset += 8 + (gsize) length + (length & 1);
    }

  return DOU_STATUS_OK;
}

/**
 * dou_picture_info_parse:
 * @self: information to fill
 * @bytes: a whole file
 * @length: of @bytes
 *
 * Returns: %DOU_STATUS_OK; %DOU_STATUS_NO_PICTURE if it is of no accepted format, or moves;
 *   %DOU_STATUS_PICTURE_DAMAGED; or %DOU_STATUS_PICTURE_TOO_BIG if it has more than
 *   %DOU_PICTURE_MAX_PIXELS pixels, or more than %DOU_PICTURE_MAX_SIDE on one side
 */
DouStatus
dou_picture_info_parse (DouPictureInfo *self, const guint8 *bytes, gsize length)
{
  Bytes file = { bytes, length };
  DouStatus status = DOU_STATUS_NO_PICTURE;

  *self = (DouPictureInfo){ .orientation = 1 };
  if (begins_with (file, jpeg_magic, sizeof jpeg_magic))
    {
      self->format = DOU_PICTURE_JPEG;
      status = read_jpeg (self, file);
    }
  else if (begins_with (file, png_magic, sizeof png_magic))
    {
      self->format = DOU_PICTURE_PNG;
      status = read_png (self, file);
    }
  else if (begins_with (file, "RIFF", 4) && begins_with (take (file, 8, 4), "WEBP", 4))
    {
      self->format = DOU_PICTURE_WEBP;
      status = read_webp (self, file);
    }

  if (status != DOU_STATUS_OK)
    return status;
  if (self->width == 0 || self->height == 0)
    return DOU_STATUS_PICTURE_DAMAGED;
  if (self->width > DOU_PICTURE_MAX_SIDE || self->height > DOU_PICTURE_MAX_SIDE
      || (guint64) self->width * self->height > DOU_PICTURE_MAX_PIXELS)
    return DOU_STATUS_PICTURE_TOO_BIG;

  return DOU_STATUS_OK;
}
