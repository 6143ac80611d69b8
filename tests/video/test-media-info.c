/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-status.h"
#include "video/dou-media-info.h"

#define VIDEO                                                                                      \
  "{\"codec_name\":\"h264\",\"codec_type\":\"video\",\"width\":320,\"height\":240,"                \
  "\"pix_fmt\":\"yuv420p\",\"disposition\":{\"attached_pic\":0}}"
#define AUDIO "{\"codec_name\":\"aac\",\"codec_type\":\"audio\"}"
#define PICTURE                                                                                    \
  "{\"codec_name\":\"png\",\"codec_type\":\"video\",\"disposition\":{\"attached_pic\":1}}"
#define REPORT(streams)                                                                            \
  "{\"streams\":[" streams "],\"format\":{\"format_name\":\"mov,mp4,m4a,3gp,3g2,mj2\","            \
  "\"duration\":\"2.020000\"}}"

static gboolean
parse (DouMediaInfo *info, const char *json, GError **error)
{
  info->container = DOU_MEDIA_CONTAINER_MOV;
  return dou_media_info_parse (info, json, strlen (json), error);
}

static void
assert_refused (const char *json, DouStatus status)
{
  DouMediaInfo info = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (parse (&info, json, &error));
  g_assert_error (error, DOU_ERROR, (int) status);
}

/* Test that what is no report is refused, however deep it is. */
static void
test_no_report (void)
{
  const char *bad[] = { "", " ", "{", "[]", "1", "null", "\"x\"", "{\"streams\":[]", "{}x",
                        "{}", "{\"streams\":{},\"format\":[]}", "\xff", "{\"a\":\"\xc3\"}" };
  g_autofree char *deep = g_strnfill (1000000, '[');
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i], DOU_STATUS_MEDIA_DAMAGED);

  assert_refused (deep, DOU_STATUS_MEDIA_DAMAGED);
  for (guint i = 0; i < 100000; i++)
    g_string_append (text, "{\"a\":");
  assert_refused (text->str, DOU_STATUS_MEDIA_DAMAGED);
}

/* Test that a report that does not fit the container, or lacks what it must have, is refused. */
static void
test_contradiction (void)
{
  assert_refused (REPORT (""), DOU_STATUS_MEDIA_DAMAGED);
  assert_refused ("{\"streams\":[" VIDEO "],\"format\":{\"format_name\":\"matroska,webm\"}}",
                  DOU_STATUS_MEDIA_DAMAGED);
  assert_refused ("{\"streams\":[" VIDEO "],\"format\":{\"format_name\":7}}",
                  DOU_STATUS_MEDIA_DAMAGED);
  assert_refused ("{\"streams\":[" VIDEO "]}", DOU_STATUS_MEDIA_DAMAGED);
  assert_refused (REPORT ("1,null,[],\"x\""), DOU_STATUS_MEDIA_NO_VIDEO);
  assert_refused (REPORT (AUDIO), DOU_STATUS_MEDIA_NO_VIDEO);
  assert_refused (REPORT (AUDIO "," PICTURE), DOU_STATUS_MEDIA_NO_VIDEO);
}

/* Test that too many streams, foreign codecs and impossible pictures are refused. */
static void
test_too_big (void)
{
  const char *sizes[][2] = {
    { "0", "0" },         { "320", "0" },     { "-320", "240" },  { "15", "240" },
    { "8193", "16" },     { "8192", "4096" }, { "4097", "4096" }, { "320.5", "240" },
    { "\"320\"", "240" }, { "1e9", "1e9" },   { "null", "240" },  { "513", "16" },
    { "16", "513" },      { "99999999999999999999", "16" },
  };

  assert_refused (REPORT (VIDEO "," VIDEO), DOU_STATUS_MEDIA_TOO_BIG);
  assert_refused (REPORT (VIDEO ",{},{},{},{},{},{},{},{}"), DOU_STATUS_MEDIA_TOO_BIG);
  assert_refused (REPORT (VIDEO ",{\"codec_type\":\"audio\",\"codec_name\":\"ac3\"}"),
                  DOU_STATUS_MEDIA_TOO_BIG);
  assert_refused (REPORT (VIDEO ",{\"codec_type\":\"audio\"}"), DOU_STATUS_MEDIA_TOO_BIG);
  assert_refused (REPORT ("{\"codec_type\":\"video\",\"codec_name\":\"png\","
                          "\"width\":320,\"height\":240}"),
                  DOU_STATUS_MEDIA_TOO_BIG);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *json = g_strdup_printf (
          REPORT ("{\"codec_type\":\"video\",\"codec_name\":\"h264\",\"width\":%s,\"height\":%s}"),
          sizes[i][0], sizes[i][1]);

      assert_refused (json, DOU_STATUS_MEDIA_TOO_BIG);
    }
}

/* Test that 0 < duration ≤ maximum is asked for, and that no text passes for a duration. */
static void
test_duration (void)
{
  const char *bad[] = { "\"\"", "\"N/A\"", "\"-1.0\"", "\"nan\"", "\"0.000000\"", "\"2x\"", "2.0",
                        "{}", "\"0x\"" };
  DouMediaInfo info = { 0 };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *json = g_strdup_printf (
          "{\"streams\":[" VIDEO "],\"format\":{\"format_name\":\"mov,mp4\",\"duration\":%s}}",
          bad[i]);

      g_assert_true (parse (&info, json, NULL));
      g_assert_cmpint (info.duration, ==, 0);
    }

  g_assert_true (parse (&info,
                        "{\"streams\":[" VIDEO "],\"format\":{\"format_name\":\"mov,mp4\","
                        "\"duration\":\"1e300\"}}",
                        NULL));
  g_assert_cmpint (info.duration, >, G_GINT64_CONSTANT (365) * 86400 * 1000);

  g_assert_false (dou_media_info_check_duration (0, 1000, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_MEDIA_DAMAGED);
  g_clear_error (&error);
  g_assert_false (dou_media_info_check_duration (1001, 1000, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_MEDIA_TOO_LONG);
  g_assert_true (dou_media_info_check_duration (1000, 1000, NULL));
}

/* Test that a good report is read, and a cover picture passed over. */
static void
test_good (void)
{
  DouMediaInfo info = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (parse (&info, REPORT (PICTURE "," AUDIO "," VIDEO "," AUDIO), &error));
  g_assert_no_error (error);
  g_assert_cmpint (info.duration, ==, 2020);
  g_assert_cmpint (info.width, ==, 320);
  g_assert_cmpint (info.height, ==, 240);
  g_assert_cmpint (info.video_index, ==, 2);
  g_assert_cmpint (info.audio_index, ==, 1);
  g_assert_true (info.plays_video);
  g_assert_true (info.plays_audio);
}

/* Test that only what plays everywhere is called so. */
static void
test_plays (void)
{
  const struct
  {
    const char *codec;
    const char *format;
    gboolean plays;
  } cases[] = {
    { "h264", "yuv420p", TRUE },
    { "h264", "yuvj420p", TRUE },
    { "h264", "yuv420p10le", FALSE },
    { "h264", "yuv444p", FALSE },
    { "h264", "", FALSE },
    { "hevc", "yuv420p", FALSE },
    { "vp9", "yuv420p", FALSE },
  };
  DouMediaInfo info = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *json = g_strdup_printf (
          REPORT ("{\"codec_type\":\"video\",\"codec_name\":\"%s\",\"pix_fmt\":\"%s\","
                  "\"width\":4096,\"height\":4096}"),
          cases[i].codec, cases[i].format);

      g_assert_true (parse (&info, json, NULL));
      g_assert_cmpint (info.plays_video, ==, cases[i].plays);
      g_assert_true (info.plays_audio);
      g_assert_cmpint (info.audio_index, ==, -1);
    }

  g_assert_true (
      parse (&info, REPORT (VIDEO ",{\"codec_type\":\"audio\",\"codec_name\":\"opus\"}"), NULL));
  g_assert_false (info.plays_audio);
}

/* Test that the container is told by the first bytes alone, and what is short of them is none. */
static void
test_sniff (void)
{
  const struct
  {
    const char *bytes;
    gsize length;
    const char *extension;
  } cases[] = {
    { "", 0, NULL },
    { "\0\0\0\x20" "ftyp", 8, NULL },
    { "#EXTM3U\n#EXT", 12, NULL },
    { "\0\0\0\x20moov\0\0\0\0", 12, NULL },
    { "\x1a\x45\xdf\xa3", 4, NULL },
    { "\0\0\0\x20" "ftypisom", 12, "mp4" },
    { "\0\0\0\x14" "ftypqt  ", 12, "mov" },
    { "\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm\0\0", 14, "webm" },
    { "\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", 16, "mkv" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree guint8 *bytes = g_memdup2 (cases[i].bytes, cases[i].length);
      DouMediaInfo info = { 0 };
      gboolean known = dou_media_info_sniff (&info, bytes, cases[i].length);

      g_assert_cmpint (known, ==, cases[i].extension != NULL);
      g_assert_cmpstr (info.extension, ==, cases[i].extension);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add_func ("/video/media-info/" name, func)
  ADD ("no-report", test_no_report);
  ADD ("contradiction", test_contradiction);
  ADD ("too-big", test_too_big);
  ADD ("duration", test_duration);
  ADD ("good", test_good);
  ADD ("plays", test_plays);
  ADD ("sniff", test_sniff);
#undef ADD

  return g_test_run ();
}
