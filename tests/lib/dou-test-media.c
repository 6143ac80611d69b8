/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "lib/dou-test-media.h"

/* Two inputs, a picture that moves and a sound, as in most of the recipes. */
#define INPUT                                                                                      \
  "-f lavfi -i testsrc=size=320x240:rate=10:duration=2 "                                           \
  "-f lavfi -i sine=frequency=440:duration=2 "
#define COLOR(name, seconds) "-f lavfi -i color=" name ":size=320x240:rate=10:duration=" seconds " "
#define H264 "-c:v libx264 -preset ultrafast -pix_fmt yuv420p "
#define VP9 "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p "
#define AAC "-c:a aac "

/* Arguments of ffmpeg, without the output file. */
static const char *const recipes[] = {
  [DOU_TEST_MEDIA_H264] = INPUT H264 AAC "-f mp4",
  [DOU_TEST_MEDIA_SILENT] = INPUT "-map 0 " H264 "-movflags +faststart -f mp4",
  [DOU_TEST_MEDIA_SINGLE] = "-f lavfi -i color=c=blue:s=320x240:d=0.2:r=5 " H264 "-f mp4",
  [DOU_TEST_MEDIA_ROTATED] = "-c copy -metadata:s:v rotate=90 -metadata location=+31.2+121.5/ "
                             "-metadata title=secret -metadata:s:a handler_name=secret -f mp4",
  [DOU_TEST_MEDIA_BLACK_LEAD] = COLOR ("black", "1") COLOR ("white", "1")
      "-filter_complex concat " H264 "-f mp4",
  [DOU_TEST_MEDIA_BLACK] = COLOR ("black", "1") H264 "-f mp4",
  [DOU_TEST_MEDIA_COVERED] = INPUT COLOR ("red", "0.1") "-map 0 -map 1 -map 2 " AAC
      "-c:v:0 libx264 -pix_fmt:v:0 yuv420p -c:v:1 png -disposition:v:1 attached_pic -f mp4",
  [DOU_TEST_MEDIA_QUICKTIME] = INPUT H264 AAC "-timecode 01:02:03:04 -f mov",
  [DOU_TEST_MEDIA_WEBM] = INPUT VP9 "-c:a libopus -f webm",
  [DOU_TEST_MEDIA_LIVE] = INPUT VP9 "-c:a libopus -live 1 -f webm",
  [DOU_TEST_MEDIA_MATROSKA] = INPUT H264 "-c:a libopus -f matroska",
  [DOU_TEST_MEDIA_HEVC] = INPUT "-c:v libx265 -preset ultrafast -x265-params log-level=none "
                                "-pix_fmt yuv420p10le -tag:v hvc1 " AAC "-f mp4",
  [DOU_TEST_MEDIA_AUDIO] = INPUT "-map 1 " AAC "-f mp4",
  [DOU_TEST_MEDIA_SUBTITLES] = INPUT "-f srt -i data:text/plain;base64,"
      "MQowMDowMDowMCwwMDAgLS0+IDAwOjAwOjAxLDAwMApoaQo= -map 0 -map 2 " H264 "-c:s srt -f matroska",
  [DOU_TEST_MEDIA_MANY_STREAMS] = INPUT "-map 0 -map 1 -map 1 -map 1 -map 1 -map 1 -map 1 -map 1 "
                                        "-map 1 " H264 AAC "-f mp4",
  [DOU_TEST_MEDIA_TWO_VIDEOS] = INPUT "-map 0 -map 0 " H264 "-f mp4",
  [DOU_TEST_MEDIA_PNG] = COLOR ("red", "1") "-c:v png -f mov",
  [DOU_TEST_MEDIA_YEAR] = COLOR ("red", "0.2") "-vf setpts=PTS*316224000 -vsync vfr " H264
      "-video_track_timescale 10 -f mp4",
  [DOU_TEST_MEDIA_GAPS] = COLOR ("red", "0.3") "-vf setpts=PTS*720000 -vsync vfr " VP9 "-f webm",
};

static GBytes *
run (const char *arguments, const char *output)
{
  g_autofree char *line
      = g_strdup_printf ("ffmpeg -v error -nostdin -y %s %s", arguments, output);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  gsize length;
  int status;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                               &status, &error));
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, NULL)
      || !g_file_get_contents (output, &text, &length, NULL) || length == 0)
    {
      g_free (text);
      return NULL;
    }

  return g_bytes_new_take (text, length);
}

/**
 * dou_test_media_ffmpeg:
 * @arguments: as on a command line, without the output file
 *
 * Returns: (transfer full) (nullable): what ffmpeg made; %NULL if it could not, as when the encoder
 *   was left out when it was built
 */
GBytes *
dou_test_media_ffmpeg (const char *arguments)
{
  g_autofree char *directory = g_dir_make_tmp ("doutok-media-XXXXXX", NULL);
  g_autofree char *output = g_build_filename (directory, "output", NULL);
  GBytes *bytes = run (arguments, output);

  g_unlink (output);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  return bytes;
}

/**
 * dou_test_media_change:
 * @bytes: a file
 * @arguments: as on a command line, after the input file and without the output file
 *
 * Returns: (transfer full) (nullable): what ffmpeg made of it
 */
GBytes *
dou_test_media_change (GBytes *bytes, const char *arguments)
{
  g_autofree char *directory = g_dir_make_tmp ("doutok-media-XXXXXX", NULL);
  g_autofree char *input = g_build_filename (directory, "input", NULL);
  g_autofree char *line = g_strdup_printf ("-i %s %s", input, arguments);
  GBytes *changed;

  g_assert_true (g_file_set_contents (input, g_bytes_get_data (bytes, NULL),
                                      (gssize) g_bytes_get_size (bytes), NULL));
  changed = dou_test_media_ffmpeg (line);
  g_unlink (input);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  return changed;
}

/**
 * dou_test_media_make:
 * @media: which
 *
 * Returns: (transfer full) (nullable): the file; %NULL if this ffmpeg cannot make it
 */
GBytes *
dou_test_media_make (DouTestMedia media)
{
  /* (owned) (nullable): each is made once, at a tenth of a second. */
  static GBytes *made[G_N_ELEMENTS (recipes)];

  if (made[media] == NULL && media == DOU_TEST_MEDIA_ROTATED)
    {
      g_autoptr (GBytes) upright = dou_test_media_make (DOU_TEST_MEDIA_H264);

      /* The rotation is something that only copying can add. */
      made[media] = dou_test_media_change (upright, recipes[media]);
    }
  else if (made[media] == NULL)
    made[media] = dou_test_media_ffmpeg (recipes[media]);

  return made[media] != NULL ? g_bytes_ref (made[media]) : NULL;
}

typedef struct
{
  guint8 bytes[32];
  guint n_bits;
} BitWriter;

static void
put_bits (BitWriter *writer, guint value, guint n_bits)
{
  while (n_bits-- > 0)
    {
      if (value & (1u << n_bits))
        writer->bytes[writer->n_bits / 8] |= (guint8) (0x80 >> writer->n_bits % 8);
      writer->n_bits++;
    }
}

/* An Exp-Golomb code, H.264 section 9.1. */
static void
put_golomb (BitWriter *writer, guint value)
{
  guint n_bits = g_bit_storage (value + 1);

  put_bits (writer, 0, n_bits - 1);
  put_bits (writer, value + 1, n_bits);
}

/**
 * dou_test_media_make_huge:
 * @width: pixels, a multiple of 16
 * @height: pixels, a multiple of 16
 *
 * Returns: (transfer full): an MP4 whose H.264 stream says that its pictures are @width by @height
 */
GBytes *
dou_test_media_make_huge (guint width, guint height)
{
  g_autoptr (GBytes) plain = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  gsize length;
  guint8 *bytes = g_bytes_unref_to_data (g_steal_pointer (&plain), &length);
  guint8 *box = memmem (bytes, length, "avcC", 4);
  /* After the name: five bytes, the number of parameter sets, the length of the first. */
  guint8 *set = box + 12;
  BitWriter writer = { { 0 } };

  g_assert_nonnull (box);
  put_bits (&writer, 0x6742c033, 32); /* a parameter set; baseline profile, level 5.1 */
  put_golomb (&writer, 0);            /* its number */
  put_golomb (&writer, 0);            /* bits of a frame number, less 4 */
  put_golomb (&writer, 2);            /* pictures come in the order of their numbers */
  put_golomb (&writer, 1);            /* reference frames */
  put_bits (&writer, 0, 1);
  put_golomb (&writer, width / 16 - 1);
  put_golomb (&writer, height / 16 - 1);
  put_bits (&writer, 0xd, 4); /* whole frames, no direct 8×8, no cropping … */
  put_bits (&writer, 1, 1);
  g_assert_cmpuint (writer.n_bits / 8 + 1, <=, (guint) (box[10] << 8 | box[11]));
  memset (set, 0, (gsize) (box[10] << 8 | box[11]));
  memcpy (set, writer.bytes, writer.n_bits / 8 + 1);
  return g_bytes_new_take (bytes, length);
}

/**
 * dou_test_media_upload:
 * @directory: where the file is to be, without a name
 * @bytes: (nullable): its content
 *
 * Returns: a descriptor as a gateway passes it
 */
int
dou_test_media_upload (const char *directory, GBytes *bytes)
{
  int fd = g_open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  gsize length = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  if (fd < 0)
    {
      g_autofree char *path = g_build_filename (directory, "upload-XXXXXX", NULL);

      fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
      g_unlink (path);
    }

  g_assert_cmpint (fd, >=, 0);
  while (length > 0)
    {
      gssize n = write (fd, data, length);

      g_assert_cmpint (n, >, 0);
      data += n;
      length -= (gsize) n;
    }

  return fd;
}

static char *
capture (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text,
                               NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  return text;
}

/**
 * dou_test_media_describe:
 * @path: of a video or picture
 * @entries: as for -show_entries of ffprobe
 *
 * Returns: (transfer full): the values, one a line
 */
char *
dou_test_media_describe (const char *path, const char *entries)
{
  const char *argv[] = { "ffprobe", "-v", "error", "-show_entries", entries, "-of",
                         "default=noprint_wrappers=1:nokey=1", path, NULL };

  return g_strchomp (capture (argv));
}

/**
 * dou_test_media_get_brightness:
 * @path: of a video or picture
 *
 * Returns: the mean of its first picture, 0 (black) to 255 (white)
 */
guint
dou_test_media_get_brightness (const char *path)
{
  g_autofree char *filter = g_strdup ("scale=1:1:flags=area,format=gray,signalstats,"
                                      "metadata=print:key=lavfi.signalstats.YAVG:file=-");
  const char *argv[] = { "ffmpeg", "-v", "error", "-nostdin", "-i", path, "-vf", filter,
                         "-frames:v", "1", "-f", "null", "-", NULL };
  g_autofree char *text = capture (argv);
  const char *value = strstr (text, "YAVG=");

  g_assert_nonnull (value);
  return (guint) g_ascii_strtod (value + strlen ("YAVG="), NULL);
}
